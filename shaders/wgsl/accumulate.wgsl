// Sums of runs. The sorted entries are cut into slices of equal length, one an invocation: however the
// scalars are distributed, no invocation has more additions than slice_len.
//
// A run is a stretch of entries of one bucket. Runs inside a slice are whole buckets and go to `buckets`;
// the first and the last run of a slice may go on in its neighbours and become the slice's two partial
// sums (bucket, point), in order, for `combine`; a slice of one run has an empty second one. Slices
// behind the last entry have partial sums of bucket NONE.
//
// Buckets keep their sums from chunk to chunk of points: a run that begins a bucket begins with what the
// bucket holds.
//
// Invocations first look for the next entry that has a point, then add, so that those with many infinite
// points do not wait for each other at every entry.
struct Params {
  base: u32,
  slices: u32,
  slice_len: u32,
  total: u32,
  first: u32,
  end: u32,
  shift: u32,
}

@group(0) @binding(0) var<storage, read> sorted: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read> points: array<AffineWords>;
@group(0) @binding(3) var<storage, read_write> buckets: array<XyzzWords>;
@group(0) @binding(4) var<storage, read_write> partial_buckets: array<u32>;
@group(0) @binding(5) var<storage, read_write> partials: array<XyzzWords>;
@group(0) @binding(6) var<uniform> params: Params;

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn accumulate(@builtin(global_invocation_id) id: vec3<u32>) {
  let slice = params.base + id.x;
  if (slice >= params.slices) { return; }
  let total = offsets[params.total];
  let begin = slice * params.slice_len;
  if (begin >= total) {
    partial_buckets[2u * slice] = NONE;
    partial_buckets[2u * slice + 1u] = NONE;
    return;
  }
  let end = min(begin + params.slice_len, total);
  var bucket = sorted[begin].x;
  var sum = xyzz_infinity();
  if (begin == 0u || sorted[max(begin, 1u) - 1u].x != bucket) {
    sum = xyzz_load(buckets[bucket]);
  }
  var is_first_run = true;
  var next = begin;
  loop {
    var found = false;
    var q: Affine;
    while (next < end && !found) {
      let entry = sorted[next];
      next++;
      if (entry.x != bucket) {
        if (is_first_run) {
          is_first_run = false;
          partial_buckets[2u * slice] = bucket;
          partials[2u * slice] = xyzz_store(sum);
        } else {
          buckets[bucket] = xyzz_store(sum);
        }
        bucket = entry.x;
        sum = xyzz_load(buckets[bucket]);
      }
      let scalar = entry.y >> 1u;
      if (scalar >= params.first && scalar < params.end) {
        let point = points[scalar + params.shift];
        if (!(f_words_are_zero(point.x) && f_words_are_zero(point.y))) {
          found = true;
          q = Affine(f_load(point.x), f_load(point.y));
          if ((entry.y & 1u) == 1u) { q.y = f_sub(f_zero(), q.y); }
        }
      }
    }
    if (!found) { break; }
    sum = xyzz_madd(sum, q);
  }
  if (is_first_run) {
    partial_buckets[2u * slice] = bucket;
    partials[2u * slice] = xyzz_store(sum);
    sum = xyzz_infinity();
  }
  partial_buckets[2u * slice + 1u] = bucket;
  partials[2u * slice + 1u] = xyzz_store(sum);
}
