// u_i ← v_i·w_i/R: the product in arkworks' form, but for a constant 2^256/R that a later factor takes
// along. One multiplication and 96 bytes a value.
struct Params { base: u32, count: u32 }

@group(0) @binding(0) var<storage, read> values: array<Words>;
@group(0) @binding(1) var<storage, read> others: array<Words>;
@group(0) @binding(2) var<storage, read_write> products: array<Words>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn multiply(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = params.base + id.x;
  if (i >= params.count) { return; }
  products[i] = fr_store(fr_mul(fr_load(values[i]), fr_load(others[i])));   // < 2p
}
