//! Twin of `wgsl/accumulate.wgsl`.

use super::curve::{Affine, Coordinate, Xyzz};
use crate::Layout;
use crate::params::AccumulateParams;

/// The bucket of a partial sum that is none.
pub const NONE: u32 = u32::MAX;

/// The storage buffers.
#[derive(Debug)]
pub struct Buffers<'a> {
    /// (bucket, scalar << 1 | sign), in order of buckets.
    pub sorted: &'a [u32],
    /// First entry of each bucket; the number of entries at `total`.
    pub offsets: &'a [u32],
    /// Affine points.
    pub points: &'a [u32],
    /// Sums of whole buckets.
    pub buckets: &'a mut [u32],
    /// Two for each slice.
    pub partial_buckets: &'a mut [u32],
    /// Two for each slice.
    pub partials: &'a mut [u32],
}

/// Sums of runs in equal slices of the sorted entries.
pub fn accumulate<F: Coordinate>(
    layout: Layout,
    params: &AccumulateParams,
    invocations: u32,
    buffers: &mut Buffers<'_>,
) {
    let total = buffers.offsets[params.total as usize];
    for slice in params.base..params.slices.min(params.base + invocations) {
        let partial = 2 * slice as usize;
        let begin = slice * params.slice_len;
        if begin >= total {
            buffers.partial_buckets[partial..partial + 2].fill(NONE);
            continue;
        }
        let end = total.min(begin + params.slice_len);
        let entry = |i: u32| {
            (
                buffers.sorted[2 * i as usize],
                buffers.sorted[2 * i as usize + 1],
            )
        };
        let (mut bucket, _) = entry(begin);
        let mut sum = Xyzz::<F>::INFINITY;
        if begin == 0 || entry(begin - 1).0 != bucket {
            sum = Xyzz::load(layout, buffers.buckets, bucket as usize);
        }
        let mut is_first_run = true;
        for i in begin..end {
            let (of, scalar) = entry(i);
            if of != bucket {
                if is_first_run {
                    is_first_run = false;
                    buffers.partial_buckets[partial] = bucket;
                    sum.store(layout, buffers.partials, partial);
                } else {
                    sum.store(layout, buffers.buckets, bucket as usize);
                }
                bucket = of;
                sum = Xyzz::load(layout, buffers.buckets, bucket as usize);
            }
            let (scalar, negative) = (scalar >> 1, scalar & 1 == 1);
            if (params.first..params.end).contains(&scalar) {
                let index = scalar.wrapping_add(params.shift) as usize;
                if let Some(mut point) = Affine::<F>::load(layout, buffers.points, index) {
                    if negative {
                        point.y = -point.y;
                    }
                    sum = sum.madd(point);
                }
            }
        }
        if is_first_run {
            buffers.partial_buckets[partial] = bucket;
            sum.store(layout, buffers.partials, partial);
            sum = Xyzz::INFINITY;
        }
        buffers.partial_buckets[partial + 1] = bucket;
        sum.store(layout, buffers.partials, partial + 1);
    }
}
