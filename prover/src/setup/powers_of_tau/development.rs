//! **UNSAFE.** Prepared powers of τ from a known trapdoor.
//!
//! Whoever knows τ proves any statement of any circuit whose key starts from the file. It says so in a
//! section of its own, and keys that come of it are development keys. It serves tests: a real first
//! phase of this size is a download, and preparing one takes hours.
//!
//! The trapdoor is derived from a 32-byte seed with BLAKE3, as that of
//! [`setup::development`](crate::setup::development) is. The lists are those of
//! [`ptau`](crate::formats::ptau), every exponent computed in the field: for 2^p, about 12·2^p
//! multiplications of the generator of G1 and 3·2^p of that of G2.

use std::path::Path;

use ark_bn254::{Fr, g1, g2};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{Field, One, Zero};
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::super::observer::{SetupObserver, SetupStep};
use super::super::trapdoor::{SecretElements, is_degenerate};
use super::PowersOfTauError;
use crate::domain::{Domain, scale_by_powers};
use crate::fixed_base::FixedBase;
use crate::formats::FormatError;
use crate::formats::ptau::{self, MAX_POWER, section};
use crate::formats::sections::SectionWriter;
use crate::key_file::RawPoint;
use crate::parallel;

/// Points made at once.
const PIECE: usize = 1 << 16;

/// What the section of its own says.
const MARK: &[u8] = b"UNSAFE: powers of tau from a known trapdoor, made by zkroll for development";

const NUM_SECTIONS: u32 = 12;

/// The secrets. Not printable, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Trapdoor {
    tau: Fr,
    alpha: Fr,
    beta: Fr,
}

impl Trapdoor {
    /// Derives secrets that are neither 0 nor ±1, with τ outside the largest domain.
    fn derive(seed: &[u8; 32], largest: Domain) -> Self {
        let context = "zkroll 2026 groth16 bn254 UNSAFE development powers of tau v1";
        let mut elements = SecretElements::new(context, seed);
        loop {
            let this = Self {
                tau: elements.next(),
                alpha: elements.next(),
                beta: elements.next(),
            };
            let degenerate = [this.tau, this.alpha, this.beta].map(is_degenerate);
            let degenerate = degenerate.contains(&true) || largest.vanishing(this.tau).is_zero();
            if !degenerate {
                return this;
            }
        }
    }
}

/// **UNSAFE.** Writes prepared powers of τ for up to 2^`power` rows; equal seeds give equal files.
///
/// # Errors
/// If the power is not 1 to [`MAX_POWER`], the file cannot be written, or the observer cancels.
#[tracing::instrument(skip_all, fields(path = %path.display(), power))]
pub fn development(
    path: &Path,
    power: u32,
    seed: &[u8; 32],
    observer: &mut dyn SetupObserver,
) -> Result<(), PowersOfTauError> {
    let doubled = match (1..=MAX_POWER).contains(&power) {
        true => Domain::new(2 << power).map_err(FormatError::from)?,
        false => return Err(PowersOfTauError::Power { got: power }),
    };
    let n = 1usize << power;
    let trapdoor = Trapdoor::derive(seed, doubled);
    let mut file = File {
        writer: ptau::create(path, power, power, NUM_SECTIONS)?,
        in_g1: FixedBase::new(12 * n),
        in_g2: FixedBase::new(3 * n),
        observer,
        done: 0,
        total: 15 * n as u64,
    };
    let Trapdoor { tau, alpha, beta } = &trapdoor;

    let powers = |scale: Fr, len: usize| {
        let mut exponents = Zeroizing::new(vec![scale; len]);
        scale_by_powers(&mut exponents, *tau);
        exponents
    };
    file.writer.section(section::TAU_G1)?;
    file.g1(&powers(Fr::one(), 2 * n - 1))?;
    file.writer.section(section::TAU_G2)?;
    file.g2(&powers(Fr::one(), n))?;
    file.writer.section(section::ALPHA_TAU_G1)?;
    file.g1(&powers(*alpha, n))?;
    file.writer.section(section::BETA_TAU_G1)?;
    file.g1(&powers(*beta, n))?;
    file.writer.section(section::BETA_G2)?;
    file.g2(&[*beta])?;
    file.writer.section(section::CONTRIBUTIONS)?;
    file.writer.write(&0u32.to_le_bytes())?;

    let lagrange = |power: u32, scale: Fr| {
        let domain = Domain::new(1 << power).expect("no larger than the largest");
        let mut exponents = domain.lagrange_at(*tau);
        parallel::for_each_mut(&mut exponents, |_, exponent| *exponent *= scale);
        exponents
    };
    file.writer.section(section::LAGRANGE_G1)?;
    for level in 0..=power {
        file.g1(&lagrange(level, Fr::one()))?;
    }
    file.g1(&truncated_lagrange(doubled, *tau))?;
    file.writer.section(section::LAGRANGE_G2)?;
    for level in 0..=power {
        file.g2(&lagrange(level, Fr::one()))?;
    }
    for (section, scale) in [
        (section::ALPHA_LAGRANGE_G1, *alpha),
        (section::BETA_LAGRANGE_G1, *beta),
    ] {
        file.writer.section(section)?;
        for level in 0..=power {
            file.g1(&lagrange(level, scale))?;
        }
    }
    file.writer.section(section::UNSAFE)?;
    file.writer.write(MARK)?;
    Ok(file.writer.finish()?)
}

/// **UNSAFE.** As [`development`], from a seed that `rng` draws and that is then forgotten.
///
/// The file is still marked: that the seed was forgotten cannot be shown.
///
/// # Errors
/// As [`development`].
pub fn development_with_rng<G: RngCore + CryptoRng>(
    path: &Path,
    power: u32,
    rng: &mut G,
    observer: &mut dyn SetupObserver,
) -> Result<(), PowersOfTauError> {
    let mut seed = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(&mut *seed);
    development(path, power, &seed, observer)
}

/// `L_i(τ)` for a domain of N elements without the term of degree N − 1, which is `ω^i·τ^(N−1)/N`.
fn truncated_lagrange(domain: Domain, tau: Fr) -> Zeroizing<Vec<Fr>> {
    let size = Fr::from(domain.size() as u64);
    let top = tau.pow([domain.size() as u64 - 1]) * size.inverse().expect("a power of two below r");
    let mut terms = Zeroizing::new(vec![top; domain.size()]);
    scale_by_powers(&mut terms, domain.root());
    let mut exponents = domain.lagrange_at(tau);
    parallel::for_each_mut(&mut exponents, |i, exponent| *exponent -= terms[i]);
    exponents
}

/// The file as far as it is written.
struct File<'o> {
    writer: SectionWriter,
    in_g1: FixedBase<g1::Config>,
    in_g2: FixedBase<g2::Config>,
    observer: &'o mut dyn SetupObserver,
    done: u64,
    total: u64,
}

impl File<'_> {
    fn g1(&mut self, exponents: &[Fr]) -> Result<(), PowersOfTauError> {
        multiples(&self.in_g1, exponents, &mut self.writer)?;
        self.advance(exponents.len())
    }

    fn g2(&mut self, exponents: &[Fr]) -> Result<(), PowersOfTauError> {
        multiples(&self.in_g2, exponents, &mut self.writer)?;
        self.advance(exponents.len())
    }

    fn advance(&mut self, points: usize) -> Result<(), PowersOfTauError> {
        self.done = self.total.min(self.done + points as u64);
        self.observer
            .progress(SetupStep::MakePowersOfTau, self.done, self.total);
        if self.observer.cancellation().is_cancelled() {
            return Err(PowersOfTauError::Cancelled);
        }
        Ok(())
    }
}

/// Appends `[exponents[i]]`.
fn multiples<P: SWCurveConfig<ScalarField = Fr>>(
    base: &FixedBase<P>,
    exponents: &[Fr],
    writer: &mut SectionWriter,
) -> Result<(), FormatError>
where
    Affine<P>: RawPoint,
{
    for piece in exponents.chunks(PIECE) {
        writer.points(&base.multiply(piece))?;
    }
    Ok(())
}
