// One level of the weighted sums Σ j·B_j of each window's buckets.
//
// With j = K·i + k:  Σ j·B_j = Σ_i Σ_k k·B_(K·i + k)  +  K·Σ_i i·(Σ_k B_(K·i + k)).
// An invocation takes K = 2^log_fold neighbours of one array in one window. Of array 0, whose sum is
// weighted, it makes Σ B, for array 0 of the next level, and Σ k·B, for a new last array. The other arrays
// hold such sums of levels before and are only added up. In the end every array has one point a window.
//
// Arrays lie one after the other, each window by window. Cost: 2(K − 1) additions for array 0, else K − 1.
struct Params { base: u32, arrays: u32, windows: u32, log_width: u32, log_fold: u32 }

@group(0) @binding(0) var<storage, read> in_points: array<XyzzWords>;
@group(0) @binding(1) var<storage, read_write> out_points: array<XyzzWords>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(64)
fn reduce(@builtin(global_invocation_id) id: vec3<u32>) {
  let group = params.base + id.x;                                    // over arrays, windows, i
  let groups = params.windows << (params.log_width - params.log_fold); // of an array
  if (group >= params.arrays * groups) { return; }
  let weighted = group < groups;
  let fold = 1u << params.log_fold;
  var sum = xyzz_load(in_points[group * fold + fold - 1u]);
  var weighted_sum = sum;
  // From k = K − 2 down to 0: sum += B_k, then weighted_sum += sum unless k = 0; one addition a step.
  var steps = fold - 1u;
  if (weighted) { steps = 2u * steps; }
  for (var step = 1u; step < steps + 1u; step++) {
    var left = sum;
    var right = sum;
    let adds_bucket = !weighted || (step & 1u) == 1u;
    if (adds_bucket) {
      var down = step;
      if (weighted) { down = (step + 1u) / 2u; }
      right = xyzz_load(in_points[group * fold + fold - 1u - down]);
    } else {
      if (step == steps) { break; }
      left = weighted_sum;
    }
    let result = xyzz_add(left, right);
    if (adds_bucket) { sum = result; } else { weighted_sum = result; }
  }
  out_points[group] = xyzz_store(sum);
  if (weighted) {
    out_points[params.arrays * groups + group] = xyzz_store(weighted_sum);
  }
}
