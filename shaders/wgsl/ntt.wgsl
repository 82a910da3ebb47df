// One pass of a number-theoretic transform, v_k ← Σ_j v_j·ω_n^(jk), with ω_n or its inverse.
//
// Equation. n = 2^(t_0 + … + t_(P−1)). Pass p finds 2^log_blocks blocks of m = n/2^log_blocks values, each a
// matrix of 2^t rows and m' = m/2^t columns in row order. With j = c + m'·q and k = k' + 2^t·k'',
//   Σ_j v_j·ω_m^(jk) = Σ_c ω_m'^(c·k'') · [ω_m^(c·k') · Σ_q ω_(2^t)^(q·k')·v_(c + m'·q)],
// so the pass transforms every column and multiplies result k' by ω_m^(c·k'); row k' is then a block of the
// next pass (Gentleman and Sande, "Fast Fourier transforms: for fun and profit", 1966). The last pass has
// one column a block; there block k_0·2^(t_1 + …) + k_1·2^(t_2 + …) + … holds the results
// k_0 + 2^t_0·k_1 + … + 2^log_blocks·k, and that is where they go: the values end in natural order, and no
// pass only permutes.
//
// A workgroup takes a tile: a few neighbouring columns (in the last pass: blocks whose results are
// neighbours), so that memory is read and written in runs. An invocation holds four values in registers
// and makes two of the t radix-2 steps between two barriers; the last of an odd t is made alone.
//
// Representation. Values keep their form, whatever it is; roots and factors are in the layout's form
// (times R). Between steps values are below 2p and packed into eight words, in two arrays of vectors whose
// index is permuted so that eight neighbouring invocations meet eight different groups of four banks.
// Out of place: a pass that writes natural order overwrites what others have still to read.
//
// Cost, multiplications a value: 1 for each two steps, but 13/16 for the last two but two (a quarter of the
// subgroups has roots of one) and 1/4 for the last two (only ω_4 is left): 3.06 for t = 8, 2.06 for
// t = 6; and 1 (factor read) or 2 (factor a product of two) between passes. 2^20 = 8·6·6: 10.2; 2^22 =
// 8·8·6: 11.2; 2^24 = 8·8·8: 12.2. Radix 2 without multiplications by one makes n/2·log n − n + 1: 9.0,
// 10.0 and 11.0 a value; the rest is the products of two factors after the first pass.
// Memory: 64 bytes a value and pass, and 32 of cached roots. An H200 does 63·10^9 multiplications and moves
// 4.8·10^12 bytes a second, so a pass of 3 multiplications takes 48 ps a value in one and 13 ps in the
// other: tiles of 2^10 would save passes that cost little and take half of the workgroups off a
// processor.
struct Params {
  base: u32,
  log_n: u32,
  log_radix: u32,
  log_blocks: u32,
  digits: u32,
  inverse: u32,
  factors: u32,
  log_low: u32,
  log_order: u32,
}

@group(0) @binding(0) var<storage, read> in_values: array<Words>;
@group(0) @binding(1) var<storage, read_write> out_values: array<Words>;
@group(0) @binding(2) var<storage, read> tile_roots: array<Words>;      // ω_512^i
@group(0) @binding(3) var<storage, read> low_factors: array<Words>;
@group(0) @binding(4) var<storage, read> high_factors: array<Words>;
@group(0) @binding(5) var<uniform> params: Params;

const TILE_LOG = 9u;
const TILE = 1u << TILE_LOG;
const QUARTER_LOG = TILE_LOG - 2u;

// NttFactors of the host.
const FACTOR_NONE = 0u;
const FACTOR_ROOT = 1u;
const FACTOR_POWER = 3u;

var<workgroup> tile_lo: array<vec4<u32>, TILE>;
var<workgroup> tile_hi: array<vec4<u32>, TILE>;

// A permutation of the tile, linear over GF(2): it adds (2, 5, 6)·b to the lowest three bits for bits b of
// x/8 and of x/64. The three lowest bits by which invocations differ are, in each step of each t with
// 2^(9−t) columns, then three independent combinations, so that eight of them meet all groups of banks.
fn place(x: u32) -> u32 {
  let bits = ((x >> 3u) ^ (x >> 6u)) & 7u;
  return x ^ ((0x13467520u >> (4u * bits)) & 7u);
}

fn tile_load(x: u32) -> Fr {
  let i = place(x);
  return fr_load(Words(tile_lo[i], tile_hi[i]));
}

fn tile_store(x: u32, value: Fr) {                              // below 2p
  let i = place(x);
  let words = fr_pack(value);
  tile_lo[i] = words.lo;
  tile_hi[i] = words.hi;
}

// log₂ m', the columns of a block.
fn log_columns() -> u32 {
  return params.log_n - params.log_blocks - params.log_radix;
}

// log₂ of the columns of a tile, which are its lowest bits; rows come next. Two bits above are an
// invocation's own.
fn log_tile_columns() -> u32 {
  let most = TILE_LOG - max(params.log_radix, 2u);
  let last = log_columns() == 0u;
  return min(most, select(log_columns(), params.log_blocks, last));
}

// Where column `column` of all begins. In the last pass it is the index that the block's first result
// has, k_0 + 2^t_0·k_1 + …, with its digits the other way round.
fn column_start(column: u32) -> u32 {
  let width = log_columns();
  if (width != 0u) {
    return ((column >> width) << (width + params.log_radix)) | (column & ((1u << width) - 1u));
  }
  var block = 0u;
  var rest = column;
  for (var digits = params.digits; digits != 0u; digits >>= 4u) {
    let bits = digits & 15u;
    block = (block << bits) | (rest & ((1u << bits) - 1u));
    rest >>= bits;
  }
  return block << params.log_radix;
}

// Element x of all tiles: which column of all, which row.
struct Element { column: u32, row: u32 }

fn element(x: u32) -> Element {
  let width = log_tile_columns();
  let column = x & ((1u << width) - 1u);
  let row = (x >> width) & ((1u << params.log_radix) - 1u);
  return Element(((x >> (width + params.log_radix)) << width) | column, row);
}

fn fetch(x: u32) -> Fr {
  if (x >> params.log_n != 0u) { return fr_zero(); }             // a tile larger than all values
  let at = element(x);
  return fr_load(in_values[column_start(at.column) + (at.row << log_columns())]);
}

// Entry e of the table of factors.
fn factor(e: u32) -> Fr {
  let high = fr_load(high_factors[e >> params.log_low]);
  if (params.factors == FACTOR_ROOT) { return high; }
  return fr_mul(fr_load(low_factors[e & ((1u << params.log_low) - 1u)]), high);
}

@compute @workgroup_size(128)
fn ntt(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let tile = (params.base >> QUARTER_LOG) + group.x;
  let start = tile << TILE_LOG;
  let width = log_tile_columns();
  let order_four = fr_load(tile_roots[select(TILE / 4u, 3u * TILE / 4u, params.inverse == 1u)]);

  // `left` of the t steps are to be made: the transforms of this round have 4·2^log_j rows in a column, of
  // which an invocation takes j, j + 2^log_j, j + 2·2^log_j, j + 3·2^log_j. Its number is, from the lowest
  // bit, column of the tile, transform, j: where log_j = 2, all of a subgroup have one j.
  for (var left = params.log_radix; ; left -= 2u) {
    let log_j = max(left, 2u) - 2u;
    let j = lane >> (QUARTER_LOG - log_j);
    let transform = (lane & ((1u << (QUARTER_LOG - log_j)) - 1u)) >> width;
    let first = (lane & ((1u << width) - 1u)) | (j << width) | (transform << (width + log_j + 2u));
    let stride = 1u << (width + log_j);

    var a: Fr; var b: Fr; var c: Fr; var d: Fr;                   // < 2p
    if (left == params.log_radix) {
      a = fetch(start + first);
      b = fetch(start + first + stride);
      c = fetch(start + first + 2u * stride);
      d = fetch(start + first + 3u * stride);
    } else {
      a = tile_load(first);
      b = tile_load(first + stride);
      c = tile_load(first + 2u * stride);
      d = tile_load(first + 3u * stride);
    }

    // The results but for the roots of order 4·2^log_j: w^0, w^2j, w^j, w^3j.
    if (left != 1u) {
      let sum_ac = fr_add(a, c);                                  // < 4p
      let sum_bd = fr_add(b, d);                                  // < 4p
      c = fr_sub(a, c);                                           // < 4p
      d = fr_mul(fr_sub(b, d), order_four);                       // (< 4p)·(< 2p) → < 2p
      a = sum_ac;
      b = sum_bd;
    }
    let x0 = fr_add(a, b);                                        // < 8p
    let x1 = fr_sub4(a, b);                                       // < 8p, as b < 4p
    let x2 = fr_add(c, d);                                        // < 6p
    let x3 = fr_sub(c, d);                                        // < 6p, as d < 2p

    // One multiplication in the text for all that follow a round.
    for (var s = 0u; s < 4u; s++) {
      let mine = first + s * stride;
      let x = element(start + mine);
      let k = reverseBits(x.row) >> (32u - params.log_radix);
      let column = column_start(x.column);
      var out = column + (k << log_columns());
      if (log_columns() == 0u) { out = x.column + (k << params.log_blocks); }

      var value = x0;                                             // < 8p
      if (s == 1u) { value = x1; }
      if (s == 2u) { value = x2; }
      if (s == 3u) { value = x3; }
      let inside = (start + mine) >> params.log_n == 0u;
      var scaled = s != 0u && (j != 0u || log_j > 2u);
      if (left <= 2u) { scaled = inside && params.factors != FACTOR_NONE; }
      var by = order_four;
      if (scaled && left > 2u) {
        var e = (j * ((s >> 1u) | ((s & 1u) << 1u))) << (QUARTER_LOG - log_j);   // j·(2, 1, 3)
        if (params.inverse == 1u) { e = (TILE - e) & (TILE - 1u); }
        by = fr_load(tile_roots[e]);
      } else if (scaled) {
        var e = out;
        if (params.factors != FACTOR_POWER) {
          let c = x.column & ((1u << log_columns()) - 1u);
          e = (c * k) << (params.log_order + params.log_blocks - params.log_n);
          if (params.inverse == 1u) { e = (0u - e) & ((1u << params.log_order) - 1u); }
        }
        by = factor(e);
      }
      if (scaled) {
        value = fr_mul(value, by);                                // (< 8p)·(< 2p) → < 2p
      } else {
        value = fr_reduce(value);                                 // < 2p
      }
      if (left > 2u) {
        tile_store(mine, value);
      } else if (inside) {
        out_values[out] = fr_store(value);
      }
    }
    if (left <= 2u) { break; }
    workgroupBarrier();
  }
}
