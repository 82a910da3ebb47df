// Signed digits of scalars, and the size of every bucket.
//
// A scalar k is balanced: k' = min(k, r − k) with a sign, so that small values of either sign have few
// digits. Its digits d_w in −2^(c−1) .. 2^(c−1) − 1 come without carries from one window to the next:
// those of k' + Σ 2^(c−1)·2^(c·w) in base 2^c, less 2^(c−1) (all windows but the last, whose digit is in
// 0 .. 2^(c−1) as it stands: r/2 < 0.76·2^253 and c·W ≥ 254).
//
// An entry is (bucket | sign << 31, its rank among the bucket's entries); digit 0 has bucket NONE.
// Buckets of window w are w·2^(c−1) + |d| − 1. The order of ranks is the device's; sums do not
// depend on it.
struct Params {
  offset_low: vec4<u32>,
  offset_high: vec4<u32>,
  count: u32,
  window_bits: u32,
  windows: u32,
  stride: u32,
}

@group(0) @binding(0) var<storage, read> scalars: array<Words>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(2) var<storage, read_write> digit_list: array<vec2<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

const NONE = 0x7fffffffu;

// a − b and whether it is negative.
struct Difference { value: Words, negative: bool }

fn subtract(a: Words, b: Words) -> Difference {
  var d: array<u32, 8>;
  var x = array<u32, 8>(a.lo.x, a.lo.y, a.lo.z, a.lo.w, a.hi.x, a.hi.y, a.hi.z, a.hi.w);
  var y = array<u32, 8>(b.lo.x, b.lo.y, b.lo.z, b.lo.w, b.hi.x, b.hi.y, b.hi.z, b.hi.w);
  var borrow = 0u;
  for (var i = 0u; i < 8u; i++) {
    let t = x[i] - y[i];
    d[i] = t - borrow;
    borrow = u32(x[i] < y[i]) | u32(t < borrow);
  }
  return Difference(Words(vec4<u32>(d[0], d[1], d[2], d[3]), vec4<u32>(d[4], d[5], d[6], d[7])),
                    borrow == 1u);
}

fn add(a: Words, b: Words) -> Words {
  var d: array<u32, 8>;
  var x = array<u32, 8>(a.lo.x, a.lo.y, a.lo.z, a.lo.w, a.hi.x, a.hi.y, a.hi.z, a.hi.w);
  var y = array<u32, 8>(b.lo.x, b.lo.y, b.lo.z, b.lo.w, b.hi.x, b.hi.y, b.hi.z, b.hi.w);
  var carry = 0u;
  for (var i = 0u; i < 8u; i++) {
    let t = x[i] + y[i];
    d[i] = t + carry;
    carry = u32(t < x[i]) | u32(d[i] < t);
  }
  return Words(vec4<u32>(d[0], d[1], d[2], d[3]), vec4<u32>(d[4], d[5], d[6], d[7]));
}

// x >> bits, 0 < bits < 32.
fn shift_right(x: Words, bits: u32) -> Words {
  let up = 32u - bits;
  let above_lo = vec4<u32>(x.lo.yzw, x.hi.x);
  let above_hi = vec4<u32>(x.hi.yzw, 0u);
  return Words((x.lo >> vec4(bits)) | (above_lo << vec4(up)),
               (x.hi >> vec4(bits)) | (above_hi << vec4(up)));
}

@compute @workgroup_size(256)
fn digits(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= params.count) { return; }
  let k = fr_store(fr_mul(fr_load(scalars[i]), fr_ark_to_integer()));
  let negated = subtract(fr_modulus(), k).value;             // k = 0: r, larger
  let flip = subtract(negated, k).negative;                  // r − k < k
  var x = k;
  if (flip) { x = negated; }
  x = add(x, Words(params.offset_low, params.offset_high));
  let half = 1u << (params.window_bits - 1u);
  let mask = 2u * half - 1u;
  for (var w = 0u; w < params.windows; w++) {
    var d = i32(x.lo.x & mask);
    if (w + 1u < params.windows) { d -= i32(half); }
    x = shift_right(x, params.window_bits);
    var entry = vec2<u32>(NONE, 0u);
    if (d != 0) {
      let bucket = w * half + u32(abs(d)) - 1u;
      let sign = u32(d < 0) ^ u32(flip);
      entry = vec2<u32>(bucket | (sign << 31u), atomicAdd(&counts[bucket], 1u));
    }
    digit_list[w * params.stride + i] = entry;
  }
}
