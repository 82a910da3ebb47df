//! Whether the lists of a file are powers of τ.
//!
//! With random ρ_i of 128 bits, for a list P that should grow by the factor τ,
//!
//! ```text
//! e(Σ ρ_i·P_(i+1), [1]₂) = e(Σ ρ_i·P_i, [τ]₂)
//! ```
//!
//! holds for points of the group that do not with probability 2⁻¹²⁸; likewise in G2. Lagrange points are
//! compared through `Σ_i r_i·[L_i(τ)] = Σ_j ρ_j·[τ^j]`, r the transform of ρ. In the domain of twice the
//! size ρ lacks its last element: `[τ^(2n−1)]₁` need not be in the file, and whether the Lagrange points
//! contain it makes no difference to polynomials of degree up to 2n − 2. That points are in their groups
//! is checked one by one.
//!
//! Who made the powers, this does not say: that is what the file's contributions are for
//! ([`verify_contributions`](super::verify_contributions)).
//!
//! Cost for 2^p rows: a check of 7·2^p points of G1 and 2·2^p of G2, multiplications of some 20·2^p points
//! in all.

use std::ops::RangeInclusive;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Zero;
use rand::{CryptoRng, Rng, RngCore};

use super::super::observer::{SetupObserver, SetupStep};
use super::PowersOfTauError;
use crate::backend::{Backend, BackendError, Outside};
use crate::formats::FormatError;
use crate::formats::ptau::Ptau;
use crate::key_file::{RawPoint, StreamedPoints};
use crate::validate::{check_element, check_piece, equal_up_to_sign};

/// Points whose membership is checked at once.
const PIECE: usize = 1 << 16;

/// Checks what circuits of up to 2^`power` rows use of a file: the powers, and the Lagrange points of the
/// domains of 2^p elements for the p in `levels`.
///
/// A file that says UNSAFE passes; ask [`Ptau::is_unsafe`].
///
/// # Errors
/// The first thing that is wrong.
#[tracing::instrument(skip_all, fields(power))]
pub fn check<B: Backend, G: RngCore + CryptoRng>(
    ptau: &Ptau,
    power: u32,
    levels: RangeInclusive<u32>,
    rng: &mut G,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<(), PowersOfTauError> {
    let (got, available) = (power, ptau.power());
    if power > available {
        return Err(PowersOfTauError::PowerBeyondFile { available, got });
    }
    let n = 1 << power;
    let lists = [
        ("tau_g1", ptau.tau_g1().slice(0..2 * n - 1)),
        ("alpha_tau_g1", ptau.alpha_tau_g1().slice(0..n)),
        ("beta_tau_g1", ptau.beta_tau_g1().slice(0..n)),
    ];
    let tau_g2 = ptau.tau_g2().slice(0..n);
    let lagrange: Vec<_> = levels
        .filter_map(|level| Some((level, ptau.lagrange(level)?)))
        .collect();
    let points = |level: u32| 6 << level;
    let mut check = Check {
        rng,
        backend,
        observer,
        done: 0,
        total: 5 * n as u64
            + lagrange
                .iter()
                .map(|(level, _)| points(*level))
                .sum::<u64>(),
    };

    let [tau_g1, alpha_g1, beta_g1] = [
        element(&lists[0].1, 1)?,
        element(&lists[1].1, 0)?,
        element(&lists[2].1, 0)?,
    ];
    let [one_g1, one_g2] = [
        element(&lists[0].1, 0)?.is_generator(),
        element(&tau_g2, 0)?.is_generator(),
    ];
    for (list, is_generator) in [("tau_g1", one_g1), ("tau_g2", one_g2)] {
        if !is_generator {
            return Err(PowersOfTauError::NotGenerator { list });
        }
    }
    let second_g2: G2Affine = element(&tau_g2, 1)?;
    let beta_g2: G2Affine = element(&ptau.beta_g2(), 0)?;
    check_element("tau_g1", &tau_g1)?;
    check_element("tau_g2", &second_g2)?;
    check_element("alpha_g1", &alpha_g1)?;
    check_element("beta_g1", &beta_g1)?;
    check_element("beta_g2", &beta_g2)?;
    for (element, point) in [("tau", tau_g1), ("alpha", alpha_g1), ("beta", beta_g1)] {
        if equal_up_to_sign(point, G1Affine::generator()) {
            return Err(PowersOfTauError::Uncontributed { element });
        }
    }
    for (element, in_g1, in_g2) in [("tau", tau_g1, second_g2), ("beta", beta_g1, beta_g2)] {
        if !same_exponent(in_g1, in_g2) {
            return Err(PowersOfTauError::Halves { element });
        }
    }

    for (list, points) in &lists {
        check.members(list, points, |backend, piece| {
            backend.first_outside_g1(piece)
        })?;
        let (low, high) = check.neighbours(points, |backend, points, scalars| {
            backend.msm_g1(&backend.stream_g1(points)?, scalars)
        })?;
        let pairing = Bn254::multi_pairing(
            [high.into_affine(), -low.into_affine()],
            [G2Affine::generator(), second_g2],
        );
        if !pairing.is_zero() {
            return Err(PowersOfTauError::NotPowers { list });
        }
    }
    check.members("tau_g2", &tau_g2, |backend, piece| {
        backend.first_outside_g2(piece)
    })?;
    let (low, high) = check.neighbours(&tau_g2, |backend, points, scalars| {
        backend.msm_g2(&backend.stream_g2(points)?, scalars)
    })?;
    let pairing = Bn254::multi_pairing(
        [G1Affine::generator(), -tau_g1],
        [high.into_affine(), low.into_affine()],
    );
    if !pairing.is_zero() {
        return Err(PowersOfTauError::NotPowers { list: "tau_g2" });
    }

    for (level, lists) in lagrange {
        let m = 1 << level;
        let in_g1 = [
            ("lagrange_g1", lists.g1, ptau.tau_g1(), m),
            ("alpha_lagrange_g1", lists.alpha_g1, ptau.alpha_tau_g1(), m),
            ("beta_lagrange_g1", lists.beta_g1, ptau.beta_tau_g1(), m),
            // Without the highest power, which the file does not have.
            ("lagrange_g1", lists.double_g1, ptau.tau_g1(), 2 * m - 1),
        ];
        for (list, points, powers, len) in in_g1 {
            check.members(list, &points, |backend, piece| {
                backend.first_outside_g1(piece)
            })?;
            let powers = powers.slice(0..len);
            let equal = check.transformed(&points, &powers, |backend, points, scalars| {
                backend.msm_g1(&backend.stream_g1(points)?, scalars)
            })?;
            if !equal {
                let power = points.len().trailing_zeros();
                return Err(PowersOfTauError::NotLagrange { list, power });
            }
        }
        let list = "lagrange_g2";
        check.members(list, &lists.g2, |backend, piece| {
            backend.first_outside_g2(piece)
        })?;
        let powers = ptau.tau_g2().slice(0..m);
        let equal = check.transformed(&lists.g2, &powers, |backend, points, scalars| {
            backend.msm_g2(&backend.stream_g2(points)?, scalars)
        })?;
        if !equal {
            return Err(PowersOfTauError::NotLagrange { list, power: level });
        }
    }
    Ok(())
}

/// A point of a list.
pub(super) fn element<P: RawPoint>(
    points: &StreamedPoints<'_, P>,
    index: usize,
) -> Result<P, FormatError> {
    let mut point = [P::INFINITY];
    points.read(index, &mut point)?;
    Ok(point[0])
}

/// Whether a point is its group's generator.
trait IsGenerator {
    fn is_generator(&self) -> bool;
}

impl<P: AffineRepr> IsGenerator for P {
    fn is_generator(&self) -> bool {
        *self == P::generator()
    }
}

fn same_exponent(in_g1: G1Affine, in_g2: G2Affine) -> bool {
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    Bn254::multi_pairing([in_g1, -g1], [g2, in_g2]).is_zero()
}

/// What stays the same while lists are checked.
struct Check<'c, B, G> {
    rng: &'c mut G,
    backend: &'c B,
    observer: &'c mut dyn SetupObserver,
    done: u64,
    total: u64,
}

impl<B: Backend, G: RngCore + CryptoRng> Check<'_, B, G> {
    /// Every point in its group.
    fn members<P: RawPoint>(
        &mut self,
        list: &'static str,
        points: &StreamedPoints<'_, P>,
        first_outside: impl Fn(&B, &[P]) -> Option<Outside>,
    ) -> Result<(), PowersOfTauError> {
        for start in (0..points.len()).step_by(PIECE) {
            if self.observer.cancellation().is_cancelled() {
                return Err(PowersOfTauError::Cancelled);
            }
            let mut piece = vec![P::INFINITY; PIECE.min(points.len() - start)];
            points.read(start, &mut piece).map_err(FormatError::from)?;
            check_piece(list, start, first_outside(self.backend, &piece))?;
            self.done += piece.len() as u64;
            self.observer.progress(
                SetupStep::PowersOfTau,
                self.done.min(self.total),
                self.total,
            );
        }
        Ok(())
    }

    fn scalars(&mut self, len: usize) -> Vec<Fr> {
        (0..len)
            .map(|_| Fr::from(self.rng.r#gen::<u128>()))
            .collect()
    }

    /// `(Σ ρ_i·P_i, Σ ρ_i·P_(i+1))`.
    fn neighbours<P: RawPoint, S>(
        &mut self,
        points: &StreamedPoints<'_, P>,
        sum: impl Fn(&B, StreamedPoints<'_, P>, &[Fr]) -> Result<S, BackendError>,
    ) -> Result<(S, S), PowersOfTauError> {
        let last = points.len() - 1;
        let scalars = self.scalars(last);
        Ok((
            sum(self.backend, points.slice(0..last), &scalars)?,
            sum(self.backend, points.slice(1..last + 1), &scalars)?,
        ))
    }

    /// Whether the points are the Lagrange points of the powers, as far as there are powers.
    fn transformed<P: RawPoint, S: PartialEq>(
        &mut self,
        points: &StreamedPoints<'_, P>,
        powers: &StreamedPoints<'_, P>,
        sum: impl Fn(&B, StreamedPoints<'_, P>, &[Fr]) -> Result<S, BackendError>,
    ) -> Result<bool, PowersOfTauError> {
        let mut scalars = self.scalars(powers.len());
        let expected = sum(self.backend, *powers, &scalars)?;
        scalars.resize(points.len(), Fr::zero());
        self.backend.ntt(&mut scalars)?;
        Ok(expected == sum(self.backend, *points, &scalars)?)
    }
}
