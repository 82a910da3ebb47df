// Affine points from arkworks' Montgomery form, x·2^256, to the layout's, x·R, in place.
// Infinity, all zeros, stays what it is.
struct Params { base: u32, count: u32 }
struct AffineWords { x: FWords, y: FWords }

@group(0) @binding(0) var<storage, read_write> points: array<AffineWords>;
@group(0) @binding(1) var<uniform> params: Params;

@compute @workgroup_size(64)
fn convert_points(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = params.base + id.x;
  if (i >= params.count) { return; }
  let p = points[i];
  points[i] = AffineWords(f_from_ark(p.x), f_from_ark(p.y));
}
