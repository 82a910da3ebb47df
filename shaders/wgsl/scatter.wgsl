// Entries to their places in bucket order: (bucket, scalar << 1 | sign).
struct Params { count: u32, windows: u32, stride: u32 }

@group(0) @binding(0) var<storage, read> digit_list: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> offsets: array<u32>;
@group(0) @binding(2) var<storage, read_write> sorted: array<vec2<u32>>;
@group(0) @binding(3) var<uniform> params: Params;

const NONE = 0x7fffffffu;

@compute @workgroup_size(256)
fn scatter(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = id.x;
  if (i >= params.count) { return; }
  for (var w = 0u; w < params.windows; w++) {
    let entry = digit_list[w * params.stride + i];
    let bucket = entry.x & NONE;
    if (bucket != NONE) {
      sorted[offsets[bucket] + entry.y] = vec2<u32>(bucket, (i << 1u) | (entry.x >> 31u));
    }
  }
}
