//! Which verifying keys get a contract.
//!
//! A contract is deployed once and then trusted, so a key that cannot be honest is refused before it is
//! written down. With `α₁, β₂, γ₂, δ₂, IC` of Groth 2016, section 3.2:
//!
//! * a point at infinity, off the curve or outside the subgroup of order r;
//! * `δ₂ = ±γ₂`: then `C` can absorb any public input, and every statement has a proof;
//! * `δ₂ = ±g₂`: no phase-2 contribution, so the initial δ = 1 is known to everyone;
//! * `α₁ = ±g₁` or `β₂ = ±g₂`: no phase-1 contribution;
//! * a number of `IC` points other than public inputs + 1. An `ICᵢ` at infinity would take input i
//!   out of the statement.
//!
//! `γ₂ = g₂` is normal: every snarkjs key has it. The pairing checks that need the proving key are not
//! made here. Cost: one subgroup check for each of three G2 points.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_groth16::VerifyingKey;

/// Why a verifying key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A point is the neutral element.
    #[error("expected {point} of the verifying key to be finite, got the point at infinity")]
    Infinity {
        /// Name of the point.
        point: String,
    },
    /// A point does not satisfy the curve equation.
    #[error("expected {point} of the verifying key on its curve, got a point off it")]
    NotOnCurve {
        /// Name of the point.
        point: String,
    },
    /// A point is on the curve but its order is not r.
    #[error(
        "expected {point} of the verifying key in the subgroup of order r, got a point outside it"
    )]
    NotInSubgroup {
        /// Name of the point.
        point: String,
    },
    /// `δ₂ = ±γ₂`.
    #[error(
        "expected delta_g2 independent of gamma_g2, got delta_g2 = ±gamma_g2: any statement has a proof"
    )]
    DeltaIsGamma,
    /// A point that a ceremony has to move is still a generator.
    #[error(
        "expected {point} moved by a ceremony, got ± the generator: its discrete logarithm is known"
    )]
    Uncontributed {
        /// Name of the point.
        point: &'static str,
    },
    /// There is not even `IC₀`.
    #[error("expected at least one gamma_abc_g1 point in the verifying key, got none")]
    NoInputPoints,
    /// The number of `IC` points does not fit the number of public inputs.
    #[error("expected {expected} gamma_abc_g1 points (public inputs + 1), got {got}")]
    InputCount {
        /// Public inputs + 1.
        expected: usize,
        /// Points in the key.
        got: usize,
    },
}

/// Accepts a key whose points are valid and whose trapdoor is not evidently known.
///
/// # Errors
///
/// [`KeyError`], the first reason in the order of the module's list.
pub fn check(vk: &VerifyingKey<Bn254>) -> Result<(), KeyError> {
    check_point(&vk.alpha_g1, || "alpha_g1".into())?;
    check_point(&vk.beta_g2, || "beta_g2".into())?;
    check_point(&vk.gamma_g2, || "gamma_g2".into())?;
    check_point(&vk.delta_g2, || "delta_g2".into())?;
    for (i, point) in vk.gamma_abc_g1.iter().enumerate() {
        check_point(point, || format!("gamma_abc_g1[{i}]"))?;
    }
    if equal_up_to_sign(vk.delta_g2, vk.gamma_g2) {
        return Err(KeyError::DeltaIsGamma);
    }
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    for (point, is_generator) in [
        ("delta_g2", equal_up_to_sign(vk.delta_g2, g2)),
        ("alpha_g1", equal_up_to_sign(vk.alpha_g1, g1)),
        ("beta_g2", equal_up_to_sign(vk.beta_g2, g2)),
    ] {
        if is_generator {
            return Err(KeyError::Uncontributed { point });
        }
    }
    if vk.gamma_abc_g1.is_empty() {
        return Err(KeyError::NoInputPoints);
    }
    Ok(())
}

/// [`check`], and that the key takes exactly `public_inputs` inputs (the constant 1 not counted).
///
/// # Errors
///
/// [`KeyError`].
pub fn check_for_inputs(vk: &VerifyingKey<Bn254>, public_inputs: usize) -> Result<(), KeyError> {
    check(vk)?;
    let (expected, got) = (public_inputs + 1, vk.gamma_abc_g1.len());
    if got != expected {
        return Err(KeyError::InputCount { expected, got });
    }
    Ok(())
}

fn check_point<P: SWCurveConfig>(
    point: &Affine<P>,
    name: impl Fn() -> String,
) -> Result<(), KeyError> {
    if point.is_zero() {
        Err(KeyError::Infinity { point: name() })
    } else if !point.is_on_curve() {
        Err(KeyError::NotOnCurve { point: name() })
    } else if !point.is_in_correct_subgroup_assuming_on_curve() {
        Err(KeyError::NotInSubgroup { point: name() })
    } else {
        Ok(())
    }
}

fn equal_up_to_sign<P: SWCurveConfig>(p: Affine<P>, q: Affine<P>) -> bool {
    p == q || p == -q
}
