//! Which keys are refused.
//!
//! A verifying key decides what a proof means, so a bad one is worse than none. Refused are
//!
//! * α, β, γ, δ at infinity, off the curve or outside the subgroup of order r: the pairing loses the
//!   term, or is not bilinear;
//! * δ₂ = ±γ₂: the C of a proof and the public inputs fall into one term, and whoever likes moves
//!   one into the other;
//! * δ₂ = ±g₂, δ₁ = ±g₁: nobody contributed to the second phase, so δ is known;
//! * α₁ = ±g₁, β₂ = ±g₂: nobody contributed to the first phase;
//! * no point for the constant 1, or not one for each public input;
//! * in a full key, `e(β₁, g₂) ≠ e(g₁, β₂)` or `e(δ₁, g₂) ≠ e(g₁, δ₂)`: the halves are of two keys.
//!
//! γ₂ = g₂ is normal and accepted: every snarkjs key has it, and γ needs no secrecy.
//!
//! Cost: a verifying key a few scalar multiplications in G2; the proving key's constants four
//! pairings; [`validate_proving_key`] in full the curve equation per G1 point (G1 has cofactor 1), less than
//! 0.1 µs, and a subgroup test per G2 point ([`Backend::first_outside_g2`]: per point, because random sums are
//! not sound against small cofactor factors), on the engines a multiplication by 63 bits.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr, pairing::Pairing};
use ark_ff::Zero;
use ark_groth16::VerifyingKey;

use crate::backend::{Ark, Backend, Outside, Reason, fastest_cpu};
use crate::domain::{Domain, DomainTooLarge};
use crate::key::{HBasis, KeyConstants, KeyShape, ProvingKey};

/// Why a key is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The point at infinity where a secret must stand.
    #[error("expected {element} other than infinity, got infinity")]
    Infinity {
        /// Field of the key.
        element: &'static str,
    },
    /// Coordinates that are no point.
    #[error("expected {element} on the curve, got a point off it")]
    OffCurve {
        /// Field of the key.
        element: &'static str,
    },
    /// A point of the twist outside G2.
    #[error("expected {element} in the subgroup of order r, got a point outside")]
    OutOfSubgroup {
        /// Field of the key.
        element: &'static str,
    },
    /// δ₂ = ±γ₂.
    #[error("expected delta_g2 different from ±gamma_g2, got an equal one")]
    DeltaEqualsGamma,
    /// α, β or δ equals ±1: phase without contribution.
    #[error("expected {element} different from ± the generator, got an uncontributed one")]
    Uncontributed {
        /// Field of the key.
        element: &'static str,
    },
    /// The number of public inputs is not the key's.
    #[error("expected {expected} points in gamma_abc_g1 (public inputs + 1), got {got}")]
    InputPoints {
        /// Public inputs + 1.
        expected: usize,
        /// Points in the key.
        got: usize,
    },
    /// No point for the constant 1.
    #[error("expected at least one point in gamma_abc_g1, got 0")]
    NoInputPoints,
    /// A public input, or the constant 1, that the verification does not see: any value passes.
    #[error("expected point {index} of gamma_abc_g1 other than infinity, got infinity")]
    InputUnbound {
        /// 0 for the constant 1, i for public input i.
        index: usize,
    },
    /// β₁ and β₂ have different exponents.
    #[error("expected e(beta_g1, g2) = e(g1, beta_g2), got different values")]
    BetaMismatch,
    /// δ₁ and δ₂ have different exponents.
    #[error("expected e(delta_g1, g2) = e(g1, delta_g2), got different values")]
    DeltaMismatch,
    /// The lists of a proving key do not fit together.
    #[error("expected {expected} points in {list}, got {got}")]
    QueryLength {
        /// Field of the key.
        list: &'static str,
        /// Length that the other lists ask for.
        expected: usize,
        /// Actual length.
        got: usize,
    },
    /// `h_query` is for a larger domain than the largest one of its basis.
    #[error("h_query: {0}")]
    DomainTooLarge(#[from] DomainTooLarge),
    /// A point of a list is off the curve.
    #[error("expected point {index} of {list} on the curve, got a point off it")]
    PointOffCurve {
        /// Field of the key.
        list: &'static str,
        /// Index in the list.
        index: usize,
    },
    /// A point of a list is outside the subgroup.
    #[error("expected point {index} of {list} in the subgroup of order r, got a point outside")]
    PointOutOfSubgroup {
        /// Field of the key.
        list: &'static str,
        /// Index in the list.
        index: usize,
    },
}

/// A constant of the key: in the group and not its neutral element.
pub(crate) fn check_element<P: SWCurveConfig>(
    element: &'static str,
    point: &Affine<P>,
) -> Result<(), KeyError> {
    if point.is_zero() {
        Err(KeyError::Infinity { element })
    } else if !point.is_on_curve() {
        Err(KeyError::OffCurve { element })
    } else if !point.is_in_correct_subgroup_assuming_on_curve() {
        Err(KeyError::OutOfSubgroup { element })
    } else {
        Ok(())
    }
}

/// P = ±Q, which for points other than infinity means equal abscissas.
pub(crate) fn equal_up_to_sign<P: AffineRepr>(left: P, right: P) -> bool {
    left == right || left.into_group() == -right.into_group()
}

fn check_contributed<P: AffineRepr>(element: &'static str, point: P) -> Result<(), KeyError> {
    if equal_up_to_sign(point, P::generator()) {
        Err(KeyError::Uncontributed { element })
    } else {
        Ok(())
    }
}

/// Applies the rules of this module that concern a verifying key by itself.
///
/// # Errors
/// The first rule that the key breaks.
pub fn validate_verifying_key(vk: &VerifyingKey<Bn254>) -> Result<(), KeyError> {
    check_element("alpha_g1", &vk.alpha_g1)?;
    check_element("beta_g2", &vk.beta_g2)?;
    check_element("gamma_g2", &vk.gamma_g2)?;
    check_element("delta_g2", &vk.delta_g2)?;
    if equal_up_to_sign(vk.delta_g2, vk.gamma_g2) {
        return Err(KeyError::DeltaEqualsGamma);
    }
    check_contributed("delta_g2", vk.delta_g2)?;
    check_contributed("alpha_g1", vk.alpha_g1)?;
    check_contributed("beta_g2", vk.beta_g2)?;
    if vk.gamma_abc_g1.is_empty() {
        return Err(KeyError::NoInputPoints);
    }
    check_list("gamma_abc_g1", Ark.first_outside_g1(&vk.gamma_abc_g1))?;
    match vk.gamma_abc_g1.iter().position(AffineRepr::is_zero) {
        Some(index) => Err(KeyError::InputUnbound { index }),
        None => Ok(()),
    }
}

/// Demands `num_public_inputs + 1` points for the public inputs.
///
/// # Errors
/// [`KeyError::InputPoints`].
pub fn check_public_inputs(
    vk: &VerifyingKey<Bn254>,
    num_public_inputs: usize,
) -> Result<(), KeyError> {
    let (expected, got) = (num_public_inputs.saturating_add(1), vk.gamma_abc_g1.len());
    if got == expected {
        Ok(())
    } else {
        Err(KeyError::InputPoints { expected, got })
    }
}

/// Applies every rule to a proving key except those that look at each point of the long lists.
pub(crate) fn validate_constants(key: &KeyConstants) -> Result<(), KeyError> {
    validate_verifying_key(&key.vk)?;
    check_element("beta_g1", &key.beta_g1)?;
    check_element("delta_g1", &key.delta_g1)?;
    check_contributed("delta_g1", key.delta_g1)?;
    check_shape(&key.shape, key.h_basis)?;
    let g1 = G1Affine::generator();
    let g2 = G2Affine::generator();
    let same_exponent = |in_g1: G1Affine, in_g2: G2Affine| {
        Bn254::multi_pairing([in_g1, -g1], [g2, in_g2]).is_zero()
    };
    if !same_exponent(key.beta_g1, key.vk.beta_g2) {
        return Err(KeyError::BetaMismatch);
    }
    if !same_exponent(key.delta_g1, key.vk.delta_g2) {
        return Err(KeyError::DeltaMismatch);
    }
    Ok(())
}

/// The lists must fit together: as many B points as A points, one L point per witness column, as many
/// H points as a domain asks for in the key's basis.
fn check_shape(shape: &KeyShape, h_basis: HBasis) -> Result<(), KeyError> {
    let check = |list, expected, got| {
        if expected == got {
            Ok(())
        } else {
            Err(KeyError::QueryLength {
                list,
                expected,
                got,
            })
        }
    };
    let (num_columns, num_instance) = (shape.a_query, shape.gamma_abc_g1);
    if num_columns < num_instance {
        return Err(KeyError::InputPoints {
            expected: num_columns,
            got: num_instance,
        });
    }
    check("b_g1_query", num_columns, shape.b_g1_query)?;
    check("b_g2_query", num_columns, shape.b_g2_query)?;
    check("l_query", num_columns - num_instance, shape.l_query)?;
    let domain = Domain::new(h_basis.domain_size(shape.h_query))?;
    check("h_query", h_basis.num_points(domain)?, shape.h_query)
}

/// The refusal of a list in which a point is not in its group; infinity is allowed (a column that no row
/// mentions).
fn check_list(list: &'static str, outside: Option<Outside>) -> Result<(), KeyError> {
    check_piece(list, 0, outside)
}

/// As [`check_list`], for a piece of a list from index `start` on.
pub(crate) fn check_piece(
    list: &'static str,
    start: usize,
    outside: Option<Outside>,
) -> Result<(), KeyError> {
    let Some(Outside { index, reason }) = outside else {
        return Ok(());
    };
    let index = start + index;
    Err(match reason {
        Reason::OffCurve => KeyError::PointOffCurve { list, index },
        Reason::OutOfSubgroup => KeyError::PointOutOfSubgroup { list, index },
    })
}

/// Applies every rule of this module and checks every point of the key: what a key from outside
/// must pass once before it is used. The points are checked on the fastest CPU engine there is.
///
/// It does not show that the lists belong to a given circuit; only replaying the setup's transcript
/// does.
///
/// # Errors
/// The first rule that the key breaks.
pub fn validate_proving_key(key: &ProvingKey) -> Result<(), KeyError> {
    validate_proving_key_on(key, &fastest_cpu())
}

/// As [`validate_proving_key`], with the points checked by `backend`. The result is the same on every
/// backend.
///
/// # Errors
/// The first rule that the key breaks.
#[tracing::instrument(skip_all, fields(backend = backend.name()))]
pub fn validate_proving_key_on<B: Backend>(key: &ProvingKey, backend: &B) -> Result<(), KeyError> {
    validate_constants(&key.constants())?;
    check_list("a_query", backend.first_outside_g1(&key.a_query))?;
    check_list("b_g1_query", backend.first_outside_g1(&key.b_g1_query))?;
    check_list("b_g2_query", backend.first_outside_g2(&key.b_g2_query))?;
    check_list("h_query", backend.first_outside_g1(&key.h_query))?;
    check_list("l_query", backend.first_outside_g1(&key.l_query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MAX_LOG_SIZE;

    /// Longer lists than a test can have.
    #[test]
    fn lists_for_larger_domains_than_the_largest_are_refused() {
        let largest = 1usize << MAX_LOG_SIZE;
        let check = |h_basis, h_query| {
            let shape = KeyShape {
                gamma_abc_g1: 1,
                a_query: 1,
                b_g1_query: 1,
                b_g2_query: 1,
                h_query,
                l_query: 0,
            };
            check_shape(&shape, h_basis)
        };
        let too_large = |got| Err(KeyError::DomainTooLarge(DomainTooLarge { got }));
        assert_eq!(check(HBasis::Monomial, largest - 1), Ok(()));
        assert_eq!(check(HBasis::Monomial, largest), too_large(largest + 1));
        assert_eq!(check(HBasis::Monomial, usize::MAX), too_large(usize::MAX));
        assert_eq!(check(HBasis::OddCoset, largest / 2), Ok(()));
        assert_eq!(check(HBasis::OddCoset, largest), too_large(2 * largest));
        assert_eq!(check(HBasis::OddCoset, 2 * largest), too_large(2 * largest));
    }
}
