//! Twin of `wgsl/convert_points.wgsl`.

use ark_bn254::Fq;

use super::field;
use crate::params::ConvertPointsParams;
use crate::{Curve, Layout};

/// Coordinates from x·2^256 to x·R, in place.
pub fn convert_points(
    layout: Layout,
    curve: Curve,
    params: &ConvertPointsParams,
    invocations: u32,
    points: &mut [u32],
) {
    let factor: Fq = field::power_of_two::<Fq>(layout.radix_bits() - 256);
    let end = params.count.min(params.base.saturating_add(invocations));
    for i in params.base..end {
        let words = curve.affine_words();
        let point = &mut points[i as usize * words..(i as usize + 1) * words];
        for words in point.chunks_mut(8) {
            words.copy_from_slice(&field::words(field::integer::<Fq>(words) * factor));
        }
    }
}
