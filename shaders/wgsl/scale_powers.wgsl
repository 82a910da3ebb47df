// v_i ← v_i·g^i, with g^i = low_powers[i mod 2^log_low]·high_powers[i >> log_low], both in the layout's
// form. Two multiplications and 64 bytes a value.
struct Params { base: u32, count: u32, log_low: u32 }

@group(0) @binding(0) var<storage, read_write> values: array<Words>;
@group(0) @binding(1) var<storage, read> low_powers: array<Words>;
@group(0) @binding(2) var<storage, read> high_powers: array<Words>;
@group(0) @binding(3) var<uniform> params: Params;

@compute @workgroup_size(64)
fn scale_powers(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = params.base + id.x;
  if (i >= params.count) { return; }
  let low = fr_load(low_powers[i & ((1u << params.log_low) - 1u)]);
  let power = fr_mul(low, fr_load(high_powers[i >> params.log_low]));   // < 2p
  values[i] = fr_store(fr_mul(fr_load(values[i]), power));              // < 2p
}
