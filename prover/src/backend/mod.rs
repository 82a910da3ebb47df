//! The heavy arithmetic of a proof, behind one trait.
//!
//! A Groth16 proof spends its time in two operations over BN254:
//!
//! * multi-scalar multiplication `Σ kᵢ·Pᵢ` in G1 and G2 over points that stay the same from proof
//!   to proof ([`Backend::load_g1`], [`Backend::msm_g1`] and their G2 twins),
//! * the number-theoretic transform over the scalar field ([`Backend::ntt`]), from which the
//!   inverse, the coset transforms and the quotient follow.
//!
//! A setup and the test of a key from outside want a point for every point instead of a sum
//! ([`Backend::multiply_all_g1`], [`Backend::first_outside_g2`] and the others); by default arkworks does that.
//!
//! An implementation supplies the first two and may override what follows from them, for example to keep
//! the data resident on a device. Every implementation computes the same group and field elements,
//! so a proof does not depend on the backend, bit for bit.
//!
//! | name | what | where |
//! |---|---|---|
//! | `naive` | double-and-add and the transform's defining sum: the reference | always |
//! | `ark` | arkworks' own Pippenger and FFT: the yardstick | always |
//! | `cpu` | the engine's scheduler on portable arithmetic | always |
//! | `ifma` | the same on AVX-512 IFMA | on processors that have it |
//! | `gpu` | compute shaders on Vulkan, Metal or DX12 through wgpu | with feature `gpu` and an adapter |
//!
//! [`detect`] is the only place that chooses; [`list`] says what could be chosen and why not.

mod any;
mod ark;
mod engine;
#[cfg(feature = "gpu")]
pub mod gpu;
mod naive;
mod queries;
mod select;
#[cfg(feature = "gpu")]
mod side_by_side;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{AdditiveGroup, FftField, Field, Zero};

pub use any::{AnyBackend, AnyG1Bases, AnyG2Bases};
pub use ark::Ark;
#[cfg(target_arch = "x86_64")]
pub use engine::Ifma;
pub use engine::{Cpu, Engine, EngineBases, Isa};
#[cfg(feature = "gpu")]
pub use gpu::Gpu;
pub use naive::Naive;
pub use queries::{ProductFactors, Queries, QueryScalars, QuerySums};
pub(crate) use select::fastest_cpu;
pub use select::{Availability, BackendName, ENV_VAR, Selection, detect, list};
#[cfg(feature = "gpu")]
pub use side_by_side::{BothBases, SideBySide};
pub use zkroll_engine::scale::{Outside, Reason};

use crate::domain::{Domain, DomainTooLarge, MAX_LOG_SIZE, scale_by_powers};
use crate::key::HBasis;
use crate::key_file::{KeyFileError, StreamedPoints};
use crate::observer::{Cancellation, Cancelled, Observer, Stage, observe};
use crate::parallel;

/// Why a backend was not opened or an operation not performed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BackendError {
    /// As many scalars as points are needed.
    #[error("expected one scalar for each of {bases} bases, got {scalars}")]
    UnequalLengths {
        /// Number of points.
        bases: usize,
        /// Number of scalars.
        scalars: usize,
    },
    /// A transform has 1, 2, 4, …, 2^28 values.
    #[error("expected a power of two of at most 2^{MAX_LOG_SIZE} values, got {got}")]
    TransformSize {
        /// Number of values.
        got: usize,
    },
    /// The two factors of the quotient have different lengths.
    #[error("expected {a} values of B as of A, got {b}")]
    FactorLengths {
        /// Number of values of A.
        a: usize,
        /// Number of values of B.
        b: usize,
    },
    /// The bases were loaded by another backend.
    #[error("expected bases loaded by backend {expected}, got bases of another backend")]
    ForeignBases {
        /// The backend in use.
        expected: &'static str,
    },
    /// No backend has this name.
    #[error(
        "expected a backend of {names}, got {got:?}",
        names = "auto, naive, ark, cpu, ifma, gpu"
    )]
    UnknownName {
        /// The name given.
        got: String,
    },
    /// The backend exists but not here.
    #[error("backend {name} is not available: {reason}")]
    Unavailable {
        /// The backend asked for.
        name: BackendName,
        /// Why it cannot be used.
        reason: String,
    },
    /// Points could not be read from the key's file.
    #[error("reading the key's points: {message}")]
    Stream {
        /// What [`KeyFileError`] says.
        message: String,
    },
    /// The GPU failed.
    #[cfg(feature = "gpu")]
    #[error(transparent)]
    Gpu(gpu::GpuError),
    /// The caller raised the flag.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<KeyFileError> for BackendError {
    fn from(error: KeyFileError) -> Self {
        Self::Stream {
            message: error.to_string(),
        }
    }
}

/// The size of a domain is that of its transforms.
impl From<DomainTooLarge> for BackendError {
    fn from(DomainTooLarge { got }: DomainTooLarge) -> Self {
        Self::TransformSize { got }
    }
}

/// Multi-scalar multiplication and transforms on some device.
///
/// Scalars and values are canonical elements in arkworks' Montgomery form; vectors are in natural
/// order. Points are on their curve and in the subgroup of order r, and may be at infinity.
pub trait Backend: Send + Sync {
    /// G1 points where the backend wants them, for as long as the key `'k` lives.
    type G1Bases<'k>: Send + Sync
    where
        Self: 'k;
    /// G2 points where the backend wants them, for as long as the key `'k` lives.
    type G2Bases<'k>: Send + Sync
    where
        Self: 'k;

    /// The name by which [`detect`] knows it.
    fn name(&self) -> &'static str;

    /// Prepares G1 points for many multiplications.
    ///
    /// # Errors
    /// If the device cannot hold them.
    fn load_g1<'k>(&'k self, bases: &'k [G1Affine]) -> Result<Self::G1Bases<'k>, BackendError>;

    /// Prepares G2 points for many multiplications.
    ///
    /// # Errors
    /// If the device cannot hold them.
    fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<Self::G2Bases<'k>, BackendError>;

    /// As [`Backend::load_g1`], with multiples of the points kept in up to `table_bytes` of memory where
    /// that makes multiplications faster. A backend without such tables ignores the budget.
    ///
    /// # Errors
    /// If the device cannot hold them.
    fn load_g1_with_table<'k>(
        &'k self,
        bases: &'k [G1Affine],
        table_bytes: usize,
    ) -> Result<Self::G1Bases<'k>, BackendError> {
        let _ = table_bytes;
        self.load_g1(bases)
    }

    /// As [`Backend::load_g1_with_table`], for G2.
    ///
    /// # Errors
    /// If the device cannot hold them.
    fn load_g2_with_table<'k>(
        &'k self,
        bases: &'k [G2Affine],
        table_bytes: usize,
    ) -> Result<Self::G2Bases<'k>, BackendError> {
        let _ = table_bytes;
        self.load_g2(bases)
    }

    /// G1 points that stay in a key file. A backend that can holds one chunk at a time; the others
    /// read them all.
    ///
    /// # Errors
    /// If the file cannot be read or was changed, now or when the points are used.
    fn stream_g1<'k>(
        &'k self,
        points: StreamedPoints<'k, G1Affine>,
    ) -> Result<Self::G1Bases<'k>, BackendError>;

    /// G2 points that stay in a key file, as [`Backend::stream_g1`].
    ///
    /// # Errors
    /// As [`Backend::stream_g1`].
    fn stream_g2<'k>(
        &'k self,
        points: StreamedPoints<'k, G2Affine>,
    ) -> Result<Self::G2Bases<'k>, BackendError>;

    /// `Σ scalars[i]·bases[i]`; the point at infinity for no bases.
    ///
    /// # Errors
    /// [`BackendError::UnequalLengths`], or the device's failure.
    fn msm_g1(
        &self,
        bases: &Self::G1Bases<'_>,
        scalars: &[Fr],
    ) -> Result<G1Projective, BackendError>;

    /// `Σ scalars[i]·bases[i]`; the point at infinity for no bases.
    ///
    /// # Errors
    /// [`BackendError::UnequalLengths`], or the device's failure.
    fn msm_g2(
        &self,
        bases: &Self::G2Bases<'_>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError>;

    /// The five sums of a proof. `cancellation` stops them, `observer` hears of each.
    ///
    /// # Errors
    /// [`BackendError::UnequalLengths`], [`BackendError::Cancelled`], or the device's failure.
    fn query_sums(
        &self,
        queries: &Queries<'_, Self::G1Bases<'_>, Self::G2Bases<'_>>,
        scalars: QueryScalars<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let mut g1 = |stage, bases, scalars| {
            observe(observer, cancellation, stage, || {
                self.msm_g1(bases, scalars)
            })
        };
        Ok(QuerySums {
            h: g1(Stage::MsmH, queries.h, scalars.h)?,
            l: g1(Stage::MsmL, queries.l, scalars.witness())?,
            a: g1(Stage::MsmA, queries.a, scalars.assignment)?,
            b_g1: g1(Stage::MsmBG1, queries.b_g1, scalars.assignment)?,
            b_g2: observe(observer, cancellation, Stage::MsmBG2, || {
                self.msm_g2(queries.b_g2, scalars.assignment)
            })?,
        })
    }

    /// The quotient of a satisfied system in the basis of `h_query` and with it the five sums of a
    /// proof. A backend that computes elsewhere overrides this to leave the quotient where it is.
    ///
    /// # Errors
    /// As [`Backend::h_scalars`] and [`Backend::query_sums`].
    fn proof_sums(
        &self,
        queries: &Queries<'_, Self::G1Bases<'_>, Self::G2Bases<'_>>,
        factors: ProductFactors<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let ProductFactors {
            assignment,
            num_instance,
            a,
            b,
        } = factors;
        let h = observe(observer, cancellation, Stage::Quotient, || {
            self.h_scalars(queries.h_basis, a, b)
        })?;
        let scalars = QueryScalars {
            assignment,
            num_instance,
            h: &h,
        };
        self.query_sums(queries, scalars, cancellation, observer)
    }

    /// Values from coefficients: `v_k ← Σ_j v_j·ω^(jk)`, ω the root of the domain of that size.
    ///
    /// # Errors
    /// [`BackendError::TransformSize`], or the device's failure.
    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError>;

    /// Coefficients from values: `v_j ← n⁻¹·Σ_k v_k·ω^(−jk)`.
    ///
    /// By default the forward transform, whose output at −j is what is wanted at j, divided by n.
    ///
    /// # Errors
    /// As [`Backend::ntt`].
    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        self.ntt(values)?;
        values[1..].reverse();
        let n_inverse = Fr::from(values.len() as u64)
            .inverse()
            .expect("a transform has 1 ≤ n < r values");
        parallel::for_each_mut(values, |_, value| *value *= n_inverse);
        Ok(())
    }

    /// Values on the coset `shift·H` from coefficients: `v_k ← Σ_j v_j·(shift·ω^k)^j`.
    ///
    /// # Errors
    /// As [`Backend::ntt`].
    fn coset_ntt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        scale_by_powers(values, shift);
        self.ntt(values)
    }

    /// Coefficients from values on the coset `shift·H`, the inverse of [`Backend::coset_ntt`].
    ///
    /// # Errors
    /// As [`Backend::ntt`].
    ///
    /// # Panics
    /// If `shift` is zero.
    fn coset_intt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        self.intt(values)?;
        scale_by_powers(
            values,
            shift
                .inverse()
                .expect("expected a coset shift other than zero"),
        );
        Ok(())
    }

    /// The quotient `h = (A·B − C)/Z` of a satisfied system: its n − 1 coefficients, from the n
    /// values of A and of B on the domain.
    ///
    /// Write `A·B = L + X^n·U` with L, U of degree below n. On H, where `X^n = 1`, C has the values
    /// of A·B, so `C = L + U` and `A·B − C = (X^n − 1)·U`: h is U, the upper half of the product.
    /// Interpolating A·B over H gives `L + U`, over the coset gH `L + g^n·U`, and so
    /// `U = ((L + g^n·U) − (L + U)) / (g^n − 1)`. Six transforms of size n: A and B to coefficients,
    /// A and B to the coset, both products back.
    ///
    /// # Errors
    /// [`BackendError::FactorLengths`], or as [`Backend::ntt`].
    fn quotient(&self, mut a: Vec<Fr>, mut b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        let n = check_factors(&a, &b)?;
        let shift = Fr::GENERATOR;
        let mut on_domain = a.clone();
        parallel::for_each_mut(&mut on_domain, |i, value| *value *= b[i]);
        self.intt(&mut on_domain)?;

        for factor in [&mut a, &mut b] {
            self.intt(factor)?;
            self.coset_ntt(factor, shift)?;
        }
        parallel::for_each_mut(&mut a, |i, value| *value *= b[i]);
        drop(b);
        self.coset_intt(&mut a, shift)?;

        let scale = n
            .vanishing(shift)
            .inverse()
            .expect("the generator of the field is in no domain");
        parallel::for_each_mut(&mut a, |i, value| *value = (*value - on_domain[i]) * scale);
        let top = a.pop();
        debug_assert!(
            top.is_some_and(|top| top.is_zero()),
            "A·B has degree at most 2n − 2"
        );
        Ok(a)
    }

    /// What `h_query` in this basis is multiplied with, from the n values of A and of B on the domain:
    /// the n − 1 coefficients of [`Backend::quotient`], or its n values on the coset `ω_2n·H`, in
    /// natural order, times −2. The equations stand at [`HBasis`].
    ///
    /// # Errors
    /// As [`Backend::quotient`]; [`BackendError::TransformSize`] for [`HBasis::OddCoset`] and the
    /// largest domain, as there is no root of twice its size.
    fn h_scalars(&self, basis: HBasis, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        match basis {
            HBasis::Monomial => self.quotient(a, b),
            HBasis::OddCoset => {
                let shift = check_factors(&a, &b)?.odd_shift()?;
                let mut h = self.quotient(a, b)?;
                h.push(Fr::ZERO);
                self.coset_ntt(&mut h, shift)?;
                parallel::for_each_mut(&mut h, |_, value| *value = -value.double());
                Ok(h)
            }
        }
    }

    /// `points[i] ← scalar·points[i]`. The points are in G1.
    ///
    /// The time depends on the scalar.
    fn multiply_all_g1(&self, points: &mut [G1Affine], scalar: Fr) {
        multiply_all(points, scalar);
    }

    /// `scalars[i]·points[i]` for every i. The points are in G1.
    ///
    /// # Errors
    /// [`BackendError::UnequalLengths`].
    fn multiply_each_g1(
        &self,
        points: &[G1Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G1Affine>, BackendError> {
        multiply_each(points, scalars)
    }

    /// `scalars[i]·points[i]` for every i. The points are in G2.
    ///
    /// # Errors
    /// [`BackendError::UnequalLengths`].
    fn multiply_each_g2(
        &self,
        points: &[G2Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G2Affine>, BackendError> {
        multiply_each(points, scalars)
    }

    /// The first of the points that is not in G1, which is one that is off the curve. Infinity is in it.
    fn first_outside_g1(&self, points: &[G1Affine]) -> Option<Outside> {
        first_outside(points)
    }

    /// The first of the points that is not in G2: off the twist, or on it but of another order. Infinity is
    /// in it.
    ///
    /// Every point is tested by itself, as random sums are not sound against small factors of the cofactor.
    fn first_outside_g2(&self, points: &[G2Affine]) -> Option<Outside> {
        first_outside(points)
    }
}

/// Points that one thread multiplies and brings to affine form together.
const MULTIPLIED: usize = 1 << 8;

/// By arkworks: `points[i] ← scalar·points[i]`.
fn multiply_all<C: SWCurveConfig<ScalarField = Fr>>(points: &mut [Affine<C>], scalar: Fr) {
    parallel::for_each_chunk_mut(points, MULTIPLIED, |_, points| {
        let products: Vec<_> = points.iter().map(|point| *point * scalar).collect();
        points.copy_from_slice(&CurveGroup::normalize_batch(&products));
    });
}

/// By arkworks: `scalars[i]·points[i]` for every i.
fn multiply_each<C: SWCurveConfig<ScalarField = Fr>>(
    points: &[Affine<C>],
    scalars: &[Fr],
) -> Result<Vec<Affine<C>>, BackendError> {
    check_lengths(points.len(), scalars.len())?;
    let mut out = points.to_vec();
    parallel::for_each_chunk_mut(&mut out, MULTIPLIED, |chunk, out| {
        let scalars = &scalars[chunk * MULTIPLIED..];
        let products = out
            .iter()
            .zip(scalars)
            .map(|(point, scalar)| *point * scalar);
        let products: Vec<_> = products.collect();
        out.copy_from_slice(&CurveGroup::normalize_batch(&products));
    });
    Ok(out)
}

/// By arkworks: the first point that is off its curve or not of order r.
fn first_outside<C: SWCurveConfig>(points: &[Affine<C>]) -> Option<Outside> {
    let reason = |point: &Affine<C>| {
        if !point.is_on_curve() {
            Some(Reason::OffCurve)
        } else if !point.is_in_correct_subgroup_assuming_on_curve() {
            Some(Reason::OutOfSubgroup)
        } else {
            None
        }
    };
    let index = parallel::find_first(points.len(), |i| reason(&points[i]).is_some())?;
    reason(&points[index]).map(|reason| Outside { index, reason })
}

/// Demands as many values of B as of A, one for each element of a domain.
fn check_factors(a: &[Fr], b: &[Fr]) -> Result<Domain, BackendError> {
    if a.len() == b.len() {
        transform_domain(a.len())
    } else {
        Err(BackendError::FactorLengths {
            a: a.len(),
            b: b.len(),
        })
    }
}

/// The domain of a transform of `len` values.
fn transform_domain(len: usize) -> Result<Domain, BackendError> {
    match Domain::new(len) {
        Ok(domain) if domain.size() == len => Ok(domain),
        _ => Err(BackendError::TransformSize { got: len }),
    }
}

/// Demands as many scalars as bases.
fn check_lengths(bases: usize, scalars: usize) -> Result<(), BackendError> {
    if bases == scalars {
        Ok(())
    } else {
        Err(BackendError::UnequalLengths { bases, scalars })
    }
}
