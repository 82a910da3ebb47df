//! Twin of `wgsl/combine.wgsl`.

use super::accumulate::NONE;
use super::curve::{Coordinate, Xyzz};
use crate::Layout;
use crate::params::CombineParams;

/// The storage buffers.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// Buckets of the partial sums given, in order, NONE last.
    pub in_buckets: &'a [u32],
    /// The partial sums given.
    pub in_partials: &'a [u32],
    /// Sums of whole buckets.
    pub buckets: &'a mut [u32],
    /// Two for each invocation.
    pub out_buckets: &'a mut [u32],
    /// Two for each invocation.
    pub out_partials: &'a mut [u32],
}

/// Sums of runs of partial sums.
pub fn combine<F: Coordinate>(
    layout: Layout,
    params: &CombineParams,
    invocations: u32,
    buffers: &mut Buffers<'_>,
) {
    for slice in params.base..params.base + invocations {
        let begin = slice * params.slice_len;
        if begin >= params.count {
            break;
        }
        let end = params.count.min(begin + params.slice_len);
        let partial = 2 * slice as usize;
        let mut bucket = buffers.in_buckets[begin as usize];
        if bucket == NONE {
            buffers.out_buckets[partial..partial + 2].fill(NONE);
            continue;
        }
        let mut sum = Xyzz::<F>::load(layout, buffers.in_partials, begin as usize);
        let mut to_partial = params.last == 0;
        for i in begin as usize + 1..end as usize {
            let next = buffers.in_buckets[i];
            if next == NONE {
                break;
            }
            let point = Xyzz::load(layout, buffers.in_partials, i);
            if next == bucket {
                sum = sum.plus(point);
                continue;
            }
            if to_partial {
                to_partial = false;
                buffers.out_buckets[partial] = bucket;
                sum.store(layout, buffers.out_partials, partial);
            } else {
                sum.store(layout, buffers.buckets, bucket as usize);
            }
            bucket = next;
            sum = point;
        }
        if params.last == 1 {
            sum.store(layout, buffers.buckets, bucket as usize);
            continue;
        }
        if to_partial {
            buffers.out_buckets[partial] = bucket;
            sum.store(layout, buffers.out_partials, partial);
            sum = Xyzz::INFINITY;
        }
        buffers.out_buckets[partial + 1] = bucket;
        sum.store(layout, buffers.out_partials, partial + 1);
    }
}
