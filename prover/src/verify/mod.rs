//! Verification of one proof.
//!
//! With public inputs x and `V = IC₀ + Σ xᵢ·ICᵢ` (IC is `gamma_abc_g1`), a proof (A, B, C) is valid
//! iff
//!
//! ```text
//! e(A, B) = e(α, β) · e(V, γ) · e(C, δ)
//! ```
//!
//! Source: Groth16 §3.2, `Vfy`. A key is validated once, when it becomes a [`PreparedKey`], which
//! also keeps `e(α, β)` and the lines of −γ and −δ. The points of a proof are checked each time:
//! A and C on the curve, B on the curve and in the subgroup. Infinity is a point like any other.
//!
//! Cost: three Miller loops, one final exponentiation, one subgroup check, one small
//! multi-scalar multiplication.

mod batch;

use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM, pairing::Pairing};
use ark_groth16::{PreparedVerifyingKey, Proof, VerifyingKey, prepare_verifying_key};

use crate::validate::{KeyError, validate_verifying_key};

pub use batch::{find_invalid, verify_batch};

/// Why a proof was rejected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The key has another number of public inputs.
    #[error("expected {expected} public inputs, got {got}")]
    InputCount {
        /// Number of inputs of the key.
        expected: usize,
        /// Number of inputs given.
        got: usize,
    },
    /// A point of the proof is no point.
    #[error("expected proof point {element} on the curve, got a point off it")]
    OffCurve {
        /// `a`, `b` or `c`.
        element: &'static str,
    },
    /// B lies outside G2.
    #[error("expected proof point {element} in the subgroup of order r, got a point outside")]
    OutOfSubgroup {
        /// `b`.
        element: &'static str,
    },
    /// The pairing equation does not hold.
    #[error("the proof is invalid: the pairing equation does not hold")]
    Invalid,
    /// The combined pairing equation of a batch does not hold.
    #[error("the batch is invalid: at least one of {count} proofs does not verify")]
    BatchInvalid {
        /// Number of proofs in the batch.
        count: usize,
    },
    /// A member of a batch is malformed.
    #[error("proof {index} of the batch: {source}")]
    InBatch {
        /// Index of the proof.
        index: usize,
        /// What is wrong with it.
        source: Box<VerifyError>,
    },
}

/// A validated verifying key with the parts of the pairing that do not depend on the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedKey {
    inner: PreparedVerifyingKey<Bn254>,
}

impl PreparedKey {
    /// Validates and prepares a key.
    ///
    /// # Errors
    /// The first rule of [`validate_verifying_key`] that the key breaks.
    pub fn new(vk: &VerifyingKey<Bn254>) -> Result<Self, KeyError> {
        validate_verifying_key(vk)?;
        Ok(Self::new_unchecked(vk))
    }

    /// Prepares a key that was validated before.
    pub(crate) fn new_unchecked(vk: &VerifyingKey<Bn254>) -> Self {
        Self {
            inner: prepare_verifying_key(vk),
        }
    }

    /// The key.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.inner.vk
    }

    /// Number of public inputs.
    #[must_use]
    pub fn num_public_inputs(&self) -> usize {
        self.inner.vk.gamma_abc_g1.len() - 1
    }
}

impl TryFrom<&VerifyingKey<Bn254>> for PreparedKey {
    type Error = KeyError;

    fn try_from(vk: &VerifyingKey<Bn254>) -> Result<Self, KeyError> {
        Self::new(vk)
    }
}

/// The checks that come before any pairing.
fn check_form(
    key: &PreparedKey,
    public_inputs: &[Fr],
    proof: &Proof<Bn254>,
) -> Result<(), VerifyError> {
    let (expected, got) = (key.num_public_inputs(), public_inputs.len());
    if expected != got {
        return Err(VerifyError::InputCount { expected, got });
    }
    for (element, point) in [("a", &proof.a), ("c", &proof.c)] {
        if !point.is_on_curve() {
            return Err(VerifyError::OffCurve { element });
        }
    }
    if !proof.b.is_on_curve() {
        return Err(VerifyError::OffCurve { element: "b" });
    }
    if !proof.b.is_in_correct_subgroup_assuming_on_curve() {
        return Err(VerifyError::OutOfSubgroup { element: "b" });
    }
    Ok(())
}

/// Verifies one proof for the given public inputs (the constant 1 not included).
///
/// # Errors
/// If the number of inputs is wrong, a point is not in its group, or the equation does not hold.
#[tracing::instrument(skip_all)]
pub fn verify(
    key: &PreparedKey,
    public_inputs: &[Fr],
    proof: &Proof<Bn254>,
) -> Result<(), VerifyError> {
    check_form(key, public_inputs, proof)?;
    let key = &key.inner;
    let (constant, points) = key
        .vk
        .gamma_abc_g1
        .split_first()
        .expect("a prepared key has a point for the constant 1");
    let inputs = constant.into_group() + G1Projective::msm_unchecked(points, public_inputs);
    let product = Bn254::multi_miller_loop(
        [proof.a, inputs.into_affine(), proof.c],
        [
            proof.b.into(),
            key.gamma_g2_neg_pc.clone(),
            key.delta_g2_neg_pc.clone(),
        ],
    );
    match Bn254::final_exponentiation(product) {
        Some(value) if value.0 == key.alpha_g1_beta_g2 => Ok(()),
        _ => Err(VerifyError::Invalid),
    }
}
