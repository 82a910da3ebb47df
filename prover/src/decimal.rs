//! Numbers and points as the JSON files write them: the one home of what a canonical number is.
//!
//! A number is a decimal string without sign or leading zeros, below its modulus. A point is affine;
//! this module does not say how a file spells infinity.

use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, PrimeField};

/// Longest decimal number below either modulus.
const MAX_DIGITS: usize = 77;

/// Characters of a file that an error repeats.
const MAX_SHOWN: usize = 100;

/// The beginning of a string, for an error: what a file holds may be long.
pub fn shown(got: &str) -> String {
    got.chars().take(MAX_SHOWN).collect()
}

/// The element that a string stands for, or none if it is no canonical number below the modulus.
///
/// Cost: bounded; a string of more than 77 digits is not looked into.
pub fn element<F: PrimeField<BigInt = BigInt<4>>>(digits: &str) -> Option<F> {
    let well_formed = (1..=MAX_DIGITS).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && (digits == "0" || !digits.starts_with('0'));
    if well_formed {
        digits.parse().ok().and_then(F::from_bigint)
    } else {
        None
    }
}

/// The element of the prime-order subgroup with these coordinates, or none.
///
/// (0, 0), which is on neither curve, is how arkworks holds infinity: it gives that.
pub fn group_element<P: SWCurveConfig>(x: P::BaseField, y: P::BaseField) -> Option<Affine<P>> {
    let point = Affine::new_unchecked(x, y);
    (point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
}
