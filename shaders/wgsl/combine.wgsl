// Sums of runs of partial sums, as `accumulate` makes them of entries: each invocation takes slice_len
// neighbouring partial sums; inner runs are whole buckets, the first and the last become its own two
// partial sums. Repeated until one invocation takes all (`last`), which has whole buckets only.
//
// The partial sums of a bucket hold what the bucket held before, so they replace it.
struct Params { base: u32, count: u32, slice_len: u32, last: u32 }

@group(0) @binding(0) var<storage, read> in_buckets: array<u32>;
@group(0) @binding(1) var<storage, read> in_partials: array<XyzzWords>;
@group(0) @binding(2) var<storage, read_write> buckets: array<XyzzWords>;
@group(0) @binding(3) var<storage, read_write> out_buckets: array<u32>;
@group(0) @binding(4) var<storage, read_write> out_partials: array<XyzzWords>;
@group(0) @binding(5) var<uniform> params: Params;

const NONE = 0xffffffffu;

@compute @workgroup_size(64)
fn combine(@builtin(global_invocation_id) id: vec3<u32>) {
  let slice = params.base + id.x;
  let begin = slice * params.slice_len;
  if (begin >= params.count) { return; }
  let end = min(begin + params.slice_len, params.count);
  var bucket = in_buckets[begin];
  if (bucket == NONE) {
    out_buckets[2u * slice] = NONE;
    out_buckets[2u * slice + 1u] = NONE;
    return;
  }
  var sum = xyzz_load(in_partials[begin]);
  var to_partial = params.last == 0u;
  for (var i = begin + 1u; i < end; i++) {
    let next = in_buckets[i];
    if (next == NONE) { break; }
    let point = xyzz_load(in_partials[i]);
    if (next == bucket) {
      sum = xyzz_add(sum, point);
    } else {
      if (to_partial) {
        to_partial = false;
        out_buckets[2u * slice] = bucket;
        out_partials[2u * slice] = xyzz_store(sum);
      } else {
        buckets[bucket] = xyzz_store(sum);
      }
      bucket = next;
      sum = point;
    }
  }
  if (params.last == 1u) {
    buckets[bucket] = xyzz_store(sum);
    return;
  }
  if (to_partial) {
    out_buckets[2u * slice] = bucket;
    out_partials[2u * slice] = xyzz_store(sum);
    sum = xyzz_infinity();
  }
  out_buckets[2u * slice + 1u] = bucket;
  out_partials[2u * slice + 1u] = xyzz_store(sum);
}
