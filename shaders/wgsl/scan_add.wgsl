// Adds to the prefix sums inside each block of 1024 the sum of the blocks before it.
struct Params { count: u32 }

@group(0) @binding(0) var<storage, read_write> offsets: array<u32>;
@group(0) @binding(1) var<storage, read> block_offsets: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(256)
fn scan_add(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.count) { return; }
  offsets[id.x] += block_offsets[id.x / 1024u];
}
