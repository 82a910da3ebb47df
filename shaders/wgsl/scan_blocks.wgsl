// Exclusive prefix sums inside blocks of 1024 counts, and the blocks' totals.
// Four counts an invocation, then Hillis and Steele's scan over the 256 sums in workgroup memory.
struct Params { count: u32 }

@group(0) @binding(0) var<storage, read> counts: array<u32>;
@group(0) @binding(1) var<storage, read_write> offsets: array<u32>;
@group(0) @binding(2) var<storage, read_write> totals: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

const PER_INVOCATION = 4u;
var<workgroup> sums: array<u32, 256>;

fn count_at(i: u32) -> u32 {
  if (i < params.count) { return counts[i]; }
  return 0u;
}

@compute @workgroup_size(256)
fn scan_blocks(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(workgroup_id) block: vec3<u32>,
) {
  let first = id.x * PER_INVOCATION;
  let c0 = count_at(first);
  let c1 = count_at(first + 1u);
  let c2 = count_at(first + 2u);
  let c3 = count_at(first + 3u);
  let own = c0 + c1 + c2 + c3;
  var sum = own;
  sums[local.x] = sum;
  for (var reach = 1u; reach < 256u; reach *= 2u) {
    workgroupBarrier();
    if (local.x >= reach) { sum += sums[local.x - reach]; }
    workgroupBarrier();
    sums[local.x] = sum;
  }
  var offset = sum - own;
  if (first < params.count) { offsets[first] = offset; }
  offset += c0;
  if (first + 1u < params.count) { offsets[first + 1u] = offset; }
  offset += c1;
  if (first + 2u < params.count) { offsets[first + 2u] = offset; }
  offset += c2;
  if (first + 3u < params.count) { offsets[first + 3u] = offset; }
  if (local.x == 255u) { totals[block.x] = sum; }
}
