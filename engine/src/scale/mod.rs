//! Multiples of many points, and which points are in their group.
//!
//! | function | what |
//! |---|---|
//! | [`multiply_all`] | `k·Pᵢ`: every point times the same scalar |
//! | [`multiply_each`] | `kᵢ·Pᵢ`: every point times its own |
//! | [`first_outside_g1`], [`first_outside_g2`] | the first point that is not in its group |
//!
//! Where a multi-scalar multiplication wants one sum, these want every product: what a contribution to a
//! setup does to a key, and what a key from outside has to be tested for.
//!
//! 1. A scalar is written with short components, `k = Σ_j k_j·λ^j`
//!    ([`Endomorphism::decompose`]), and each of them with odd signed digits of which
//!    any `w` neighbours have at most one that is not 0: `k_j = Σ_t d_(j,t)·2^t` (`schedule`).
//! 2. The odd multiples `P, 3·P, …, (2^(w−1) − 1)·P` of every point of a block are made by additions, and
//!    their images under the endomorphism by a product or two.
//! 3. From the highest digits to the lowest, all points of the block are doubled, and to those with a
//!    digit here the multiple that it names is added (`ladder`). Both are batches of affine additions
//!    that share an inversion ([`CurveLayer`]).
//!
//! Step 3 takes whole slices: points are ordered by the length of their scalars, so that those whose digits
//! have begun are in front. A scalar 1 or −1 has one digit and costs one addition; a small number of
//! either sign costs what its bits cost.
//!
//! Sources: signed digits as in Solinas, *Efficient arithmetic on Koblitz curves*, 2000, §4; components and
//! endomorphisms in [`endomorphism`](crate::endomorphism); the test for G2 in `membership`.
//!
//! **Cost** for a random scalar, in doublings, additions and images of a point, and the least time of their
//! field multiplications in the lanes of AVX-512 IFMA (2.1 ns in Fq, 6.9 ns in Fq2; 7 for a doubling, 6 for
//! an addition, 2 for an image):
//!
//! | | doublings | additions | images | multiplications | least |
//! |---|---|---|---|---|---|
//! | `k·P` in G1, w = 5 | 125 | 50 | 8 | 1,191 | 2.5 µs |
//! | `k·P` in G2, w = 4 | 63 | 55 | 12 | 795 | 5.5 µs |
//! | test of a point of G2, w = 4 | 63 | 22 | 3 | 579 | 4.0 µs |
//!
//! What a layer takes for an addition with all that is not multiplication is its
//! [`ADD_NS`](CurveLayer::ADD_NS); a doubling takes little more.
//!
//! Points are taken to be on their curve, and those of a multiplication to be of order r: of a point of the
//! twist outside G2 the product is some other point. Nothing panics over either, and the tests look at the
//! curve equation first.
//!
//! Not constant-time: the steps depend on the scalar, and with them time and addresses; nor are its digits
//! wiped from memory. A secret scalar is as safe as the machine is from others who watch it.

mod ladder;
mod membership;
mod schedule;

#[cfg(test)]
mod tests;

pub use membership::{Outside, Reason, first_outside_g1, first_outside_g2};

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup};

use crate::curve::CurveLayer;
use crate::endomorphism::{Components, Endomorphism, MAX_DEGREE};
use crate::msm::AffineOf;
use crate::parallel;
use ladder::Ladder;
use schedule::Schedule;

/// The least number of points of a block when there are fewer than [`full_block`] for each thread.
const MIN_BLOCK: usize = 1 << 7;

/// Points that one task takes through a ladder together: enough to share an inversion, few enough for their
/// tables to lie in the second-level cache besides.
///
/// A Zen 3 with 512 KiB of it and other work on it, portable arithmetic, minimum of three interleaved runs:
/// [`multiply_all`] took 28, 28, 27 and 28 µs a point in G1 in blocks of 256, 512, 1024 and 2048, and 58, 58,
/// 70 and 62 µs in G2.
const fn full_block<L: CurveLayer>() -> usize {
    L::PREFERRED_PAIRS / 2
}

/// Points of a block for `n` points.
fn block_size<L: CurveLayer>(n: usize) -> usize {
    n.div_ceil(parallel::num_threads())
        .max(MIN_BLOCK)
        .min(full_block::<L>())
}

/// The components of a scalar for points of a layer's group.
fn decompose<L: CurveLayer>(scalar: &Fr) -> Components {
    <<L::Group as CurveGroup>::Config as Endomorphism>::decompose(scalar)
}

/// The number of components of a scalar for points of a layer's group.
fn degree<L: CurveLayer>() -> usize {
    <<L::Group as CurveGroup>::Config as Endomorphism>::DEGREE
}

/// `points[i] ← scalar·points[i]`.
///
/// Points are of order r, and may be at infinity.
pub fn multiply_all<L: CurveLayer>(layer: L, points: &mut [AffineOf<L>], scalar: &Fr) {
    let components = decompose::<L>(scalar);
    let schedule = |n: usize| Schedule::new(degree::<L>(), &vec![components; n]);
    let size = block_size::<L>(points.len()).min(points.len().max(1));
    // One schedule serves all blocks without points at infinity but the last.
    let shared = schedule(size);
    parallel::for_each_chunk_mut(points, size, |_, points| {
        let finite = finite_points(points);
        let own;
        let schedule = if finite.len() == size {
            &shared
        } else {
            own = schedule(finite.len());
            &own
        };
        let listed: Vec<_> = finite.iter().map(|i| points[*i]).collect();
        // Scalars of one length are in the order in which they were given.
        let ladder = Ladder::run(layer, schedule, &listed);
        for (product, i) in ladder.sums.iter().zip(&finite) {
            points[*i] = layer.export(product);
        }
    });
}

/// `scalars[i]·points[i]` for every i.
///
/// Points are of order r, and may be at infinity.
///
/// # Panics
/// If there are not as many scalars as points.
#[must_use]
pub fn multiply_each<L: CurveLayer>(
    layer: L,
    points: &[AffineOf<L>],
    scalars: &[Fr],
) -> Vec<AffineOf<L>> {
    assert_eq!(
        points.len(),
        scalars.len(),
        "expected as many scalars as points"
    );
    let mut out = vec![AffineOf::<L>::zero(); points.len()];
    let size = block_size::<L>(points.len());
    parallel::for_each_chunk_mut(&mut out, size, |block, out| {
        let start = block * size;
        let points = &points[start..start + out.len()];
        let scalars = &scalars[start..start + out.len()];
        let components: Vec<Components> = points
            .iter()
            .zip(scalars)
            .map(|(point, scalar)| {
                if point.is_zero() {
                    [0; MAX_DEGREE]
                } else {
                    decompose::<L>(scalar)
                }
            })
            .collect();
        let schedule = Schedule::new(degree::<L>(), &components);
        let listed: Vec<_> = schedule
            .order()
            .iter()
            .map(|i| points[*i as usize])
            .collect();
        let ladder = Ladder::run(layer, &schedule, &listed);
        for (product, i) in ladder.sums.iter().zip(schedule.order()) {
            out[*i as usize] = layer.export(product);
        }
    });
    out
}

/// The indices of the points that are not at infinity.
fn finite_points<P: AffineRepr>(points: &[P]) -> Vec<usize> {
    (0..points.len())
        .filter(|i| !points[*i].is_zero())
        .collect()
}
