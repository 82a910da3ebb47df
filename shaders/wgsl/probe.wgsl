// A chain of multiplications, x ← x·y, to be timed.
struct Params { count: u32, rounds: u32 }

@group(0) @binding(0) var<storage, read_write> values: array<Words>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn probe(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= params.count) { return; }
  let y = fq_load(values[id.x]);
  var x = y;
  for (var i = 0u; i < params.rounds; i++) {
    x = fq_mul(x, y);
  }
  values[id.x] = fq_store(x);
}
