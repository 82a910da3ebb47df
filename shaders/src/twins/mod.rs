//! The kernels in plain Rust: what each computes, without a thought for speed.
//!
//! A twin has its shader's name, stands in a file of that name and goes through the same steps in the
//! same order, on arkworks' field elements. A shader must write the very words that its twin writes,
//! except for the order of ranks in `digits`, which is the device's. [`run`] takes the place of a
//! dispatch.

pub mod accumulate;
pub mod combine;
pub mod convert_points;
pub mod curve;
pub mod digits;
pub mod field;
pub mod multiply;
pub mod ntt;
pub mod probe;
pub mod reduce;
pub mod scale_powers;
pub mod scan_add;
pub mod scan_blocks;
pub mod scatter;
pub mod subtract;

use ark_bn254::{Fq, Fq2};

use crate::params::{
    AccumulateParams, CombineParams, ConvertPointsParams, DigitsParams, NttParams, PointwiseParams,
    ProbeParams, ReduceParams, ScalePowersParams, ScanAddParams, ScanBlocksParams, ScatterParams,
};
use crate::{Curve, Kernel, Layout};

/// Runs a kernel's twin: `buffers` are what its bindings hold, in order, and are written to.
///
/// # Panics
/// If there are not as many buffers as bindings, or one is too short for what the parameters ask.
pub fn run(
    kernel: Kernel,
    layout: Layout,
    params: &[u32],
    invocations: u32,
    buffers: &mut [Vec<u32>],
) {
    match (kernel, buffers) {
        (Kernel::Probe, [values]) => {
            probe::probe(layout, &ProbeParams::from_words(params), values);
        }
        (Kernel::ConvertPoints(curve), [points]) => {
            let params = ConvertPointsParams::from_words(params);
            convert_points::convert_points(layout, curve, &params, invocations, points);
        }
        (Kernel::Digits, [scalars, counts, digit_list]) => {
            digits::digits(
                &DigitsParams::from_words(params),
                scalars,
                counts,
                digit_list,
            );
        }
        (Kernel::ScanBlocks, [counts, offsets, totals]) => {
            let params = ScanBlocksParams::from_words(params);
            scan_blocks::scan_blocks(&params, counts, offsets, totals);
        }
        (Kernel::ScanAdd, [offsets, block_offsets]) => {
            scan_add::scan_add(&ScanAddParams::from_words(params), offsets, block_offsets);
        }
        (Kernel::Scatter, [digit_list, offsets, sorted]) => {
            scatter::scatter(
                &ScatterParams::from_words(params),
                digit_list,
                offsets,
                sorted,
            );
        }
        (
            Kernel::Accumulate(curve),
            [sorted, offsets, points, buckets, partial_buckets, partials],
        ) => {
            let params = AccumulateParams::from_words(params);
            let mut buffers = accumulate::Buffers {
                sorted,
                offsets,
                points,
                buckets,
                partial_buckets,
                partials,
            };
            let twin = match curve {
                Curve::G1 => accumulate::accumulate::<Fq>,
                Curve::G2 => accumulate::accumulate::<Fq2>,
            };
            twin(layout, &params, invocations, &mut buffers);
        }
        (Kernel::Combine(curve), [in_buckets, in_partials, buckets, out_buckets, out_partials]) => {
            let params = CombineParams::from_words(params);
            let mut buffers = combine::Buffers {
                in_buckets,
                in_partials,
                buckets,
                out_buckets,
                out_partials,
            };
            let twin = match curve {
                Curve::G1 => combine::combine::<Fq>,
                Curve::G2 => combine::combine::<Fq2>,
            };
            twin(layout, &params, invocations, &mut buffers);
        }
        (Kernel::Reduce(curve), [in_points, out_points]) => {
            let params = ReduceParams::from_words(params);
            let twin = match curve {
                Curve::G1 => reduce::reduce::<Fq>,
                Curve::G2 => reduce::reduce::<Fq2>,
            };
            twin(layout, &params, invocations, in_points, out_points);
        }
        (Kernel::Ntt, [in_values, out_values, tile_roots, low_factors, high_factors]) => {
            let mut buffers = ntt::Buffers {
                in_values,
                out_values,
                tile_roots,
                low_factors,
                high_factors,
            };
            let params = NttParams::from_words(params);
            ntt::ntt(layout, &params, invocations, &mut buffers);
        }
        (Kernel::ScalePowers, [values, low_powers, high_powers]) => {
            let params = ScalePowersParams::from_words(params);
            scale_powers::scale_powers(
                layout,
                &params,
                invocations,
                values,
                low_powers,
                high_powers,
            );
        }
        (Kernel::Multiply, [values, others, products]) => {
            let params = PointwiseParams::from_words(params);
            multiply::multiply(layout, &params, invocations, values, others, products);
        }
        (Kernel::Subtract, [values, others]) => {
            let params = PointwiseParams::from_words(params);
            subtract::subtract(&params, invocations, values, others);
        }
        (kernel, buffers) => panic!(
            "expected {} buffers for {}, got {}",
            kernel.bindings().len(),
            kernel.name(),
            buffers.len()
        ),
    }
}
