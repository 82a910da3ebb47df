//! Which points are in their group.
//!
//! G1 is the whole curve over Fq: its order is the prime r. The twist E′ over Fq2 has h·r points, with
//! h = 2q − r = 10069 · 5864401 · …, so that a point on it need not be in G2.
//!
//! **Test.** On a point P of the twist, with the parameter x and ψ of [`endomorphism`](crate::endomorphism):
//! ```text
//! [x + 1]P + ψ([x]P) + ψ²([x]P) = ψ³([2x]P),   in short f(ψ)P = 0 with f(X) = (x + 1) + x·X + x·X² − 2x·X³.
//! ```
//! One multiplication by 63 bits. *Complete*: on G2 ψ is the multiplication by 6x², and r divides f(6x²).
//! *Sound*: on all of E′(Fq2) Frobenius' equation χ(ψ) = ψ² − t·ψ + q = 0 holds, with the trace t = 6x² + 1.
//! The resultant ϱ of f and χ is u·f + v·χ for some u, v in ℤ\[X\], so that [ϱ]P = u(ψ)f(ψ)P + v(ψ)χ(ψ)P = 0
//! for a point that passes; and [h·r]P = 0. Therefore the order of P divides gcd(ϱ, h·r), which is r: a
//! test computes it. And there are no other points of order r than G2, as r does not divide h.
//!
//! Each point is tested by itself: a random sum of points lets components in the small factors of h
//! pass with a probability of 1/10069 and more.
//!
//! Sources: Scott, *A note on group membership tests for G1, G2 and GT on BLS pairing-friendly curves*,
//! eprint 2021/1130; El Housni, Guillevic, Piellard, *Co-factor clearing and subgroup membership testing on
//! pairing-friendly curves*, eprint 2022/352, §4, for the condition on the gcd; Dai, Lin, Zhao, Zhou, *Fast
//! subgroup membership testings for G1, G2 and GT on pairing-friendly curves*, eprint 2022/348, for this f.

use ark_bn254::{G1Affine, G2Affine, G2Projective};

use super::ladder::Ladder;
use super::schedule::Schedule;
use super::{block_size, finite_points};
use crate::curve::CurveLayer;
use crate::endomorphism::{Components, X};
use crate::parallel;

/// x as the only component of a scalar: outside G2 ψ is no multiplication.
const PARAMETER: Components = [X as i128, 0, 0, 0];

/// Points of G1 that one task tests.
const G1_BLOCK: usize = 1 << 10;

/// A point that is not in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outside {
    /// Which one.
    pub index: usize,
    /// Why not.
    pub reason: Reason,
}

/// Why a point is not in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is not on the curve.
    OffCurve,
    /// It is on the twist, but its order does not divide r.
    OutOfSubgroup,
}

/// The first of the points that is not in G1. Infinity is in it.
#[must_use]
pub fn first_outside_g1(points: &[G1Affine]) -> Option<Outside> {
    parallel::find_map_first(points.len().div_ceil(G1_BLOCK), |block| {
        let start = block * G1_BLOCK;
        let mut block = points[start..].iter().take(G1_BLOCK);
        let offset = block.position(|point| !point.is_on_curve())?;
        Some(Outside {
            index: start + offset,
            reason: Reason::OffCurve,
        })
    })
}

/// The first of the points that is not in G2. Infinity is in it.
#[must_use]
pub fn first_outside_g2<L: CurveLayer<Group = G2Projective>>(
    layer: L,
    points: &[G2Affine],
) -> Option<Outside> {
    let size = block_size::<L>(points.len());
    parallel::find_map_first(points.len().div_ceil(size), |block| {
        let start = block * size;
        let block = &points[start..points.len().min(start + size)];
        let off_curve = block.iter().position(|point| !point.is_on_curve());
        // The ladder's results mean something on the curve only.
        let on_curve = &block[..off_curve.unwrap_or(block.len())];
        let out_of_subgroup = first_out_of_subgroup(layer, on_curve);
        let outside = |reason| {
            move |offset| Outside {
                index: start + offset,
                reason,
            }
        };
        out_of_subgroup
            .map(outside(Reason::OutOfSubgroup))
            .or(off_curve.map(outside(Reason::OffCurve)))
    })
}

/// The first of some points of the twist that is not in G2.
fn first_out_of_subgroup<L: CurveLayer<Group = G2Projective>>(
    layer: L,
    points: &[G2Affine],
) -> Option<usize> {
    let finite = finite_points(points);
    if finite.is_empty() {
        return None;
    }
    let listed: Vec<G2Affine> = finite.iter().map(|i| points[*i]).collect();
    let schedule = Schedule::new(1, &vec![PARAMETER; finite.len()]);
    let Ladder {
        table: mut last,
        sums: x_p,
        mut adder,
        ..
    } = Ladder::run(layer, &schedule, &listed);
    // Of the table only the points themselves.
    last.truncate(x_p.len());

    let image = |power: usize| {
        let mut image = vec![L::INFINITY; x_p.len()];
        layer.map_all(power, &x_p, &mut image);
        image
    };
    let [psi_1, psi_2, mut psi_3] = [1, 2, 3].map(image);
    for point in &mut psi_3 {
        *point = layer.negate(point);
    }
    let mut sum = vec![L::INFINITY; x_p.len()];
    for term in [&x_p, &psi_1, &psi_2, &psi_3, &psi_3] {
        adder.add(&last, term, &mut sum);
        std::mem::swap(&mut last, &mut sum);
    }
    let rank = last.iter().position(|point| !layer.is_infinity(point))?;
    // Scalars of one length keep their order.
    Some(finite[rank])
}
