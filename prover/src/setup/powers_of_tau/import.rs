//! Taking a public ceremony's powers of τ.

use std::path::Path;

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_poly::domain::DomainCoeff;
use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
use rand::{CryptoRng, RngCore};

use super::super::observer::{SetupObserver, SetupStep};
use super::super::phase2::Limits;
use super::check::check;
use super::verify::Chain;
use super::{ContributionSummary, PowersOfTauError};
use crate::backend::Backend;
use crate::formats::FormatError;
use crate::formats::ptau::{self, Ptau, section};
use crate::formats::sections::SectionWriter;
use crate::key_file::{RawPoint, StreamedPoints};

/// Sections of a prepared file.
const NUM_SECTIONS: u32 = 11;

/// Points copied at once.
const PIECE: usize = 1 << 16;

/// Verifies who contributed to a file ([`verify_contributions`](super::verify_contributions), within the
/// default [`Limits`]), checks its lists ([`check`](super::check())) and writes what circuits of up to
/// 2^`power` rows use of it, prepared for a second phase. Returns the contributions.
///
/// All powers of the file are hashed if it was not cut down, however few are asked for. Lagrange points that
/// the file has are copied; those that it lacks are made, which takes two multiplications by a scalar for
/// each point and level, minutes from 2^14 on.
///
/// # Errors
/// If the file is malformed or wrong, says UNSAFE, has fewer powers, or the observer cancels. Nothing is
/// written then.
#[tracing::instrument(skip_all, fields(out = %out.display(), power))]
pub fn import<B: Backend, G: RngCore + CryptoRng>(
    powers: &Ptau,
    power: u32,
    out: &Path,
    rng: &mut G,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<Vec<ContributionSummary>, PowersOfTauError> {
    if powers.is_unsafe() {
        return Err(PowersOfTauError::Unsafe);
    }
    if power == 0 {
        return Err(PowersOfTauError::Power { got: power });
    }
    let chain = Chain::verify(powers, &Limits::default(), observer)?;
    check(powers, power, 0..=power, rng, backend, observer)?;
    chain.check_hashes(powers, observer)?;
    let n = 1usize << power;
    let (tau_g1, tau_g2) = (
        powers.tau_g1().slice(0..2 * n - 1),
        powers.tau_g2().slice(0..n),
    );
    let alpha_g1 = powers.alpha_tau_g1().slice(0..n);
    let beta_g1 = powers.beta_tau_g1().slice(0..n);
    let mut file = File {
        writer: ptau::create(out, power, powers.ceremony_power(), NUM_SECTIONS)?,
        observer,
        done: 0,
        total: 15 * n as u64,
    };
    file.list(section::TAU_G1, [tau_g1])?;
    file.list(section::TAU_G2, [tau_g2])?;
    file.list(section::ALPHA_TAU_G1, [alpha_g1])?;
    file.list(section::BETA_TAU_G1, [beta_g1])?;
    file.list(section::BETA_G2, [powers.beta_g2()])?;
    file.writer
        .copy(powers.sections(), powers.contributions_section())?;

    let levels: Option<Vec<_>> = (0..=power).map(|level| powers.lagrange(level)).collect();
    match levels {
        Some(levels) => {
            let doubled = levels.last().map(|level| level.double_g1);
            let in_g1 = levels.iter().map(|level| level.g1).chain(doubled);
            file.list(section::LAGRANGE_G1, in_g1)?;
            file.list(section::LAGRANGE_G2, levels.iter().map(|level| level.g2))?;
            file.list(
                section::ALPHA_LAGRANGE_G1,
                levels.iter().map(|level| level.alpha_g1),
            )?;
            file.list(
                section::BETA_LAGRANGE_G1,
                levels.iter().map(|level| level.beta_g1),
            )?;
        }
        None => {
            file.prepare::<G1Affine>(section::LAGRANGE_G1, &tau_g1, power + 1)?;
            file.prepare::<G2Affine>(section::LAGRANGE_G2, &tau_g2, power)?;
            file.prepare::<G1Affine>(section::ALPHA_LAGRANGE_G1, &alpha_g1, power)?;
            file.prepare::<G1Affine>(section::BETA_LAGRANGE_G1, &beta_g1, power)?;
        }
    }
    file.writer.finish()?;
    Ok(chain.summaries)
}

/// The file as far as it is written.
struct File<'o> {
    writer: SectionWriter,
    observer: &'o mut dyn SetupObserver,
    done: u64,
    total: u64,
}

impl File<'_> {
    /// A section of points of another file.
    fn list<'f, P: RawPoint>(
        &mut self,
        section: (u32, &'static str),
        lists: impl IntoIterator<Item = StreamedPoints<'f, P>>,
    ) -> Result<(), PowersOfTauError> {
        self.writer.section(section)?;
        for points in lists {
            for start in (0..points.len()).step_by(PIECE) {
                let mut piece = vec![P::INFINITY; PIECE.min(points.len() - start)];
                points.read(start, &mut piece).map_err(FormatError::from)?;
                self.writer.points(&piece)?;
                self.advance(SetupStep::Copy, piece.len())?;
            }
        }
        Ok(())
    }

    /// A section of the Lagrange points of the domains of 1, 2, …, 2^`power` elements. Powers that are
    /// missing at the end count as nothing.
    fn prepare<P: RawPoint + AffineRepr<ScalarField = Fr>>(
        &mut self,
        section: (u32, &'static str),
        powers: &StreamedPoints<'_, P>,
        power: u32,
    ) -> Result<(), PowersOfTauError>
    where
        P::Group: DomainCoeff<Fr>,
    {
        self.writer.section(section)?;
        let powers = powers.read_all().map_err(FormatError::from)?;
        for level in 0..=power {
            let size = 1usize << level;
            let domain = GeneralEvaluationDomain::<Fr>::new(size)
                .expect("no larger than the field's largest domain");
            let powers = &powers[..size.min(powers.len())];
            // L_i(τ) = n⁻¹·Σ_j ω^(−ij)·τ^j is the inverse transform of the powers.
            let mut points: Vec<P::Group> = powers.iter().map(|point| point.into_group()).collect();
            domain.ifft_in_place(&mut points);
            for piece in points.chunks(PIECE) {
                self.writer.points(&P::Group::normalize_batch(piece))?;
            }
            self.advance(SetupStep::Lagrange, size)?;
        }
        Ok(())
    }

    fn advance(&mut self, step: SetupStep, points: usize) -> Result<(), PowersOfTauError> {
        self.done = self.total.min(self.done + points as u64);
        self.observer.progress(step, self.done, self.total);
        if self.observer.cancellation().is_cancelled() {
            return Err(PowersOfTauError::Cancelled);
        }
        Ok(())
    }
}
