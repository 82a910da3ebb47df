// v_i ← v_i − w_i. 96 bytes a value.
struct Params { base: u32, count: u32 }

@group(0) @binding(0) var<storage, read_write> values: array<Words>;
@group(0) @binding(1) var<storage, read> others: array<Words>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn subtract(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = params.base + id.x;
  if (i >= params.count) { return; }
  let difference = fr_sub(fr_load(values[i]), fr_load(others[i]));   // < 3p, as both are below p
  values[i] = fr_store(fr_reduce(difference));                       // < 2p
}
