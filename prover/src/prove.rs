//! The prover.
//!
//! For an assignment z that satisfies the constraints, blinding r, s and the quotient h:
//!
//! ```text
//! A = α + Σ zᵢ·u_i(τ) + r·δ
//! B = β + Σ zᵢ·v_i(τ) + s·δ
//! C = Σ_witness zᵢ·l_i + h(τ)·Z(τ)/δ + s·A + r·B − r·s·δ
//! ```
//!
//! with A and C in G1 and B in G2 (and in G1 for C). Source: Groth16 §3.2, `Prove`.
//!
//! No wrong proof leaves this module: lengths are compared first, the constraints are checked
//! before anything expensive starts, and the finished proof is verified with its own key, which
//! also catches a key of another circuit of the same shape and a faulty device (one pairing check,
//! about 2 ms).
//!
//! Cost: the six transforms of [`Backend::quotient`], one more for a key of another basis of `h_query`
//! than the monomial one ([`HBasis`](crate::HBasis)), and five multi-scalar multiplications.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{One, UniformRand, Zero};
use ark_groth16::Proof;
use rand::{CryptoRng, RngCore};

use crate::backend::{Backend, BackendError, ProductFactors, Queries, QuerySums};
use crate::domain::DomainTooLarge;
use crate::key::{KeyConstants, KeyShape, ProvingKey};
use crate::key_file::{StreamedKey, StreamedPoints};
use crate::observer::{Cancelled, Observer, Stage, observe};
use crate::r1cs::{Matrix, R1cs, Unsatisfied, check_products, product};
use crate::validate::{KeyError, validate_constants};
use crate::verify::{PreparedKey, VerifyError, verify};

#[cfg(feature = "gpu")]
mod resident;
#[cfg(feature = "snarkjs")]
mod zkey;

#[cfg(feature = "gpu")]
pub use resident::ResidentAssignment;
#[cfg(feature = "snarkjs")]
pub use zkey::ZkeyProver;

/// Why no proof was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The key breaks a rule of [`validate_proving_key`](crate::validate_proving_key).
    #[error("the proving key is refused: {0}")]
    Key(#[from] KeyError),
    /// The key's lists do not have the lengths that the circuit asks for.
    #[error("expected {expected} points in {list} for this circuit, got {got}")]
    KeyShape {
        /// Field of the key.
        list: &'static str,
        /// Length for this circuit.
        expected: usize,
        /// Length in the key.
        got: usize,
    },
    /// The circuit has more rows than the largest domain.
    #[error(transparent)]
    DomainTooLarge(#[from] DomainTooLarge),
    /// The assignment does not have one value for each column.
    #[error("expected an assignment of {expected} values, got {got}")]
    AssignmentLength {
        /// Number of columns.
        expected: usize,
        /// Number of values.
        got: usize,
    },
    /// Column 0 is the constant one.
    #[error("expected an assignment that starts with 1, got {got}")]
    ConstantNotOne {
        /// The first value.
        got: Fr,
    },
    /// The assignment breaks a constraint.
    #[error(transparent)]
    Unsatisfied(#[from] Unsatisfied),
    /// The backend failed.
    #[error(transparent)]
    Backend(BackendError),
    /// The caller raised the [`Cancellation`](crate::Cancellation).
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// The key's matrices could not be read.
    #[cfg(feature = "snarkjs")]
    #[error("reading the key's matrices: {message}")]
    Coefficients {
        /// What [`FormatError`](crate::formats::FormatError) says.
        message: String,
    },
    /// The finished proof was rejected by its own key.
    #[error(
        "the finished proof does not verify: the key belongs to another circuit, the assignment does \
         not satisfy it, or the backend computed wrongly"
    )]
    SelfCheck(#[source] VerifyError),
}

impl From<BackendError> for ProveError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            other => Self::Backend(other),
        }
    }
}

/// A proving key loaded into a backend, for many proofs.
pub struct Prover<'k, B: Backend + 'k> {
    key: KeyConstants,
    prepared: PreparedKey,
    backend: &'k B,
    a_query: B::G1Bases<'k>,
    b_g1_query: B::G1Bases<'k>,
    b_g2_query: B::G2Bases<'k>,
    h_query: B::G1Bases<'k>,
    l_query: B::G1Bases<'k>,
}

impl<'k, B: Backend> Prover<'k, B> {
    /// Checks the constants of the key and loads its lists.
    ///
    /// The points of the lists are taken to be valid: a key from outside has passed
    /// [`validate_proving_key`](crate::validate_proving_key) when it was imported.
    ///
    /// # Errors
    /// If the key is refused or the backend cannot hold it.
    pub fn new(key: &'k ProvingKey, backend: &'k B) -> Result<Self, ProveError> {
        Self::with_tables(key, backend, 0)
    }

    /// As [`Prover::new`], with multiples of the points kept in up to `table_bytes` of memory in all,
    /// each list having its share, where the backend has tables and they make proofs faster. Building
    /// them takes as long as several proofs.
    ///
    /// # Errors
    /// As [`Prover::new`].
    #[tracing::instrument(name = "load_key", skip_all, fields(backend = backend.name()))]
    pub fn with_tables(
        key: &'k ProvingKey,
        backend: &'k B,
        table_bytes: usize,
    ) -> Result<Self, ProveError> {
        let constants = key.constants();
        validate_constants(&constants)?;
        let g1_points = [&key.a_query, &key.b_g1_query, &key.h_query, &key.l_query]
            .map(Vec::len)
            .iter()
            .sum::<usize>();
        // A point of G2 is two of G1 in size.
        let all_points = (g1_points + 2 * key.b_g2_query.len()).max(1);
        let share =
            |points: usize| (table_bytes as u128 * points as u128 / all_points as u128) as usize;
        let g1 = |points: &'k [G1Affine]| backend.load_g1_with_table(points, share(points.len()));
        Ok(Self {
            prepared: PreparedKey::new_unchecked(&constants.vk),
            key: constants,
            backend,
            a_query: g1(&key.a_query)?,
            b_g1_query: g1(&key.b_g1_query)?,
            b_g2_query: backend
                .load_g2_with_table(&key.b_g2_query, share(2 * key.b_g2_query.len()))?,
            h_query: g1(&key.h_query)?,
            l_query: g1(&key.l_query)?,
        })
    }

    /// Proves with a key whose lists stay in their file and are read for each proof, a chunk at a
    /// time: slower by the reading, and no more memory than the circuit itself asks for. The
    /// backends `naive` and `ark` read the lists now and keep them.
    ///
    /// The points are trusted as [`Prover::new`] trusts them.
    ///
    /// # Errors
    /// If the file cannot be read or was changed.
    #[tracing::instrument(name = "open_key", skip_all, fields(backend = backend.name()))]
    pub fn streaming(key: &'k StreamedKey, backend: &'k B) -> Result<Self, ProveError> {
        let lists = StreamedLists {
            a: key.a_query(),
            b_g1: key.b_g1_query(),
            b_g2: key.b_g2_query(),
            h: key.h_query(),
            l: key.l_query(),
        };
        Self::from_lists(&key.constants, lists, backend)
    }

    /// The prover for a key with these constants and lists.
    fn from_lists(
        constants: &KeyConstants,
        lists: StreamedLists<'k>,
        backend: &'k B,
    ) -> Result<Self, ProveError> {
        Ok(Self {
            prepared: PreparedKey::new_unchecked(&constants.vk),
            key: constants.clone(),
            backend,
            a_query: backend.stream_g1(lists.a)?,
            b_g1_query: backend.stream_g1(lists.b_g1)?,
            b_g2_query: backend.stream_g2(lists.b_g2)?,
            h_query: backend.stream_g1(lists.h)?,
            l_query: backend.stream_g1(lists.l)?,
        })
    }

    /// The key's verifying key, ready for use.
    #[must_use]
    pub const fn prepared_key(&self) -> &PreparedKey {
        &self.prepared
    }

    /// Proves that `assignment` satisfies `r1cs`, with blinding from `rng`.
    ///
    /// `assignment` is the full vector of columns, starting with 1.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn prove<R: R1cs + ?Sized, G: RngCore + CryptoRng>(
        &self,
        r1cs: &R,
        assignment: &[Fr],
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<Proof<Bn254>, ProveError> {
        let (r, s) = (Fr::rand(rng), Fr::rand(rng));
        self.prove_with_blinding(r1cs, assignment, r, s, observer)
    }

    /// As [`Prover::prove`] with given blinding: the same `r, s` give the same proof on every
    /// backend. A proof is zero-knowledge only if both are random and used once.
    ///
    /// # Errors
    /// See [`ProveError`].
    #[tracing::instrument(
        name = "prove",
        skip_all,
        fields(backend = self.backend.name(), constraints = r1cs.num_constraints())
    )]
    pub fn prove_with_blinding<R: R1cs + ?Sized>(
        &self,
        r1cs: &R,
        assignment: &[Fr],
        r: Fr,
        s: Fr,
        observer: &mut dyn Observer,
    ) -> Result<Proof<Bn254>, ProveError> {
        let factors = self.factors(r1cs, assignment, observer)?;
        self.prove_factors(factors, r, s, observer)
    }

    /// The proof for A·z and B·z on the domain.
    fn prove_factors(
        &self,
        factors: ProductFactors<'_>,
        r: Fr,
        s: Fr,
        observer: &mut dyn Observer,
    ) -> Result<Proof<Bn254>, ProveError> {
        let cancellation = &observer.cancellation();
        let public_inputs = &factors.assignment[1..factors.num_instance];
        let sums = self
            .backend
            .proof_sums(&self.queries(), factors, cancellation, observer)?;
        let proof = self.assemble(&sums, r, s);
        observe(observer, cancellation, Stage::Verification, || {
            self.check(&proof, public_inputs)
        })?;
        Ok(proof)
    }

    /// A·z and B·z on the domain, the constraints checked.
    fn factors<'z, R: R1cs + ?Sized>(
        &self,
        r1cs: &R,
        assignment: &'z [Fr],
        observer: &mut dyn Observer,
    ) -> Result<ProductFactors<'z>, ProveError> {
        let cancellation = &observer.cancellation();
        self.check_shape(r1cs)?;
        check_assignment(r1cs.num_columns(), assignment)?;
        let (num_instance, num_constraints) = (r1cs.num_instance(), r1cs.num_constraints());
        let n = self.key.h_basis.domain_size(self.key.shape.h_query);
        let (mut a, mut b) = observe(observer, cancellation, Stage::Products, || {
            let [a, b] = [Matrix::A, Matrix::B].map(|matrix| product(r1cs, matrix, assignment, n));
            Ok::<_, ProveError>((a, b))
        })?;
        observe(observer, cancellation, Stage::Satisfaction, || {
            check_products(r1cs, assignment, &a, &b).map_err(ProveError::from)
        })?;
        a.extend_from_slice(&assignment[..num_instance]);
        a.resize(n, Fr::zero());
        b.resize(n, Fr::zero());
        debug_assert!(num_constraints + num_instance <= n);
        Ok(ProductFactors {
            assignment,
            num_instance,
            a,
            b,
        })
    }

    /// The key's lists in the backend.
    const fn queries(&self) -> Queries<'_, B::G1Bases<'k>, B::G2Bases<'k>> {
        Queries {
            a: &self.a_query,
            b_g1: &self.b_g1_query,
            b_g2: &self.b_g2_query,
            h: &self.h_query,
            h_basis: self.key.h_basis,
            l: &self.l_query,
        }
    }

    /// The proof that the sums and the blinding give.
    fn assemble(&self, sums: &QuerySums, r: Fr, s: Fr) -> Proof<Bn254> {
        let (key, vk) = (&self.key, &self.key.vk);
        let delta_g1 = key.delta_g1.into_group();
        let a: G1Projective = sums.a + vk.alpha_g1 + delta_g1 * r;
        let b_g1: G1Projective = sums.b_g1 + key.beta_g1 + delta_g1 * s;
        let b_g2 = sums.b_g2 + vk.beta_g2 + vk.delta_g2.into_group() * s;
        let c = sums.l + sums.h + a * s + b_g1 * r - delta_g1 * (r * s);
        Proof {
            a: a.into_affine(),
            b: b_g2.into_affine(),
            c: c.into_affine(),
        }
    }

    /// Verifies a finished proof with its own key.
    fn check(&self, proof: &Proof<Bn254>, public_inputs: &[Fr]) -> Result<(), ProveError> {
        verify(&self.prepared, public_inputs, proof).map_err(ProveError::SelfCheck)
    }

    /// Compares the key's lists with what the circuit asks for.
    fn check_shape<R: R1cs + ?Sized>(&self, r1cs: &R) -> Result<(), ProveError> {
        let demanded = KeyShape::of_circuit(r1cs, self.key.h_basis)?.lengths();
        for ((list, expected), (_, got)) in demanded.into_iter().zip(self.key.shape.lengths()) {
            if expected != got {
                return Err(ProveError::KeyShape {
                    list,
                    expected,
                    got,
                });
            }
        }
        Ok(())
    }
}

/// The lists of a key in a file.
struct StreamedLists<'k> {
    a: StreamedPoints<'k, G1Affine>,
    b_g1: StreamedPoints<'k, G1Affine>,
    b_g2: StreamedPoints<'k, G2Affine>,
    h: StreamedPoints<'k, G1Affine>,
    l: StreamedPoints<'k, G1Affine>,
}

fn check_assignment(num_columns: usize, assignment: &[Fr]) -> Result<(), ProveError> {
    let (expected, got) = (num_columns, assignment.len());
    if expected != got {
        return Err(ProveError::AssignmentLength { expected, got });
    }
    match assignment.first() {
        Some(first) if first.is_one() => Ok(()),
        Some(first) => Err(ProveError::ConstantNotOne { got: *first }),
        None => Err(ProveError::AssignmentLength {
            expected: 1,
            got: 0,
        }),
    }
}

/// Makes one proof. For several with one key, keep a [`Prover`].
///
/// `assignment` is the full vector of columns, starting with 1.
///
/// # Errors
/// See [`ProveError`].
pub fn prove<R: R1cs + ?Sized, B: Backend, G: RngCore + CryptoRng>(
    key: &ProvingKey,
    r1cs: &R,
    assignment: &[Fr],
    backend: &B,
    rng: &mut G,
) -> Result<Proof<Bn254>, ProveError> {
    Prover::new(key, backend)?.prove(r1cs, assignment, rng, &mut ())
}

/// Makes one proof with given blinding.
///
/// # Errors
/// See [`ProveError`].
pub fn prove_with_blinding<R: R1cs + ?Sized, B: Backend>(
    key: &ProvingKey,
    r1cs: &R,
    assignment: &[Fr],
    backend: &B,
    r: Fr,
    s: Fr,
) -> Result<Proof<Bn254>, ProveError> {
    Prover::new(key, backend)?.prove_with_blinding(r1cs, assignment, r, s, &mut ())
}
