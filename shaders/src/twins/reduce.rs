//! Twin of `wgsl/reduce.wgsl`.

use super::curve::{Coordinate, Xyzz};
use crate::Layout;
use crate::params::ReduceParams;

/// One level of the weighted sums of each window's buckets.
pub fn reduce<F: Coordinate>(
    layout: Layout,
    params: &ReduceParams,
    invocations: u32,
    in_points: &[u32],
    out_points: &mut [u32],
) {
    let groups = params.windows << (params.log_width - params.log_fold);
    let fold = 1usize << params.log_fold;
    let end = (params.arrays * groups).min(params.base + invocations);
    for group in params.base..end {
        let point = |k: usize| Xyzz::<F>::load(layout, in_points, group as usize * fold + k);
        let mut sum = point(fold - 1);
        let mut weighted_sum = sum;
        for k in (0..fold - 1).rev() {
            sum = sum.plus(point(k));
            if k > 0 {
                weighted_sum = weighted_sum.plus(sum);
            }
        }
        sum.store(layout, out_points, group as usize);
        if group < groups {
            let place = (params.arrays * groups + group) as usize;
            weighted_sum.store(layout, out_points, place);
        }
    }
}
