//! A contributor's secret.
//!
//! `x = BLAKE2b-512(domain ‖ 64 bytes of the operating system ‖ the person's text) mod r`: it is uniform
//! up to 2⁻²⁵⁸ if either the operating system's bytes or the text are unknown to everyone else. snarkjs
//! draws its secrets otherwise; only what is published need agree, and nothing published tells how x was
//! drawn.
//!
//! x = 0 would destroy the key, x = 1 changes nothing and x = −1 is seen by everyone; they are drawn
//! again.
//!
//! The secret and every buffer of this module are wiped when they are dropped. What the hash function
//! keeps on the stack, and copies that the compiler or the allocator made, are beyond reach, and the
//! multiplications of points take a time that depends on x: contribute on a machine that runs nothing
//! else, and turn it off afterwards.

use ark_bn254::Fr;
use ark_ff::{Field, One, PrimeField, Zero};
use blake2::digest::generic_array::GenericArray;
use blake2::{Blake2b512, Digest};
use rand::RngCore;
use rand::rngs::OsRng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Separates this hash from every other one.
const DOMAIN: &[u8] = b"zkroll phase 2 contribution secret v1";

/// Why no secret was drawn.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntropyError {
    /// The operating system's generator failed.
    #[error("expected randomness of the operating system, got an error: {0}")]
    System(#[source] rand::Error),
}

/// The factor x of one contribution: neither 0 nor ±1. Wiped when dropped; neither printable nor
/// copyable.
///
/// ```compile_fail
/// let secret = zkroll_prover::setup::phase2::Secret::draw(String::new()).unwrap();
/// let copy = secret.clone();
/// ```
///
/// ```compile_fail
/// let secret = zkroll_prover::setup::phase2::Secret::draw(String::new()).unwrap();
/// println!("{secret:?}");
/// ```
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Secret(Fr);

impl Secret {
    /// A secret from the operating system's randomness and a text that a person typed, which may be
    /// empty. The text is wiped.
    ///
    /// # Errors
    /// If the operating system gives no randomness.
    pub fn draw(text: String) -> Result<Self, EntropyError> {
        let text = Zeroizing::new(text);
        loop {
            let mut system = Zeroizing::new([0u8; 64]);
            OsRng
                .try_fill_bytes(&mut *system)
                .map_err(EntropyError::System)?;
            if let Some(secret) = Self::derive(&system, &text) {
                return Ok(secret);
            }
        }
    }

    fn derive(system: &[u8; 64], text: &str) -> Option<Self> {
        let hasher = Blake2b512::new()
            .chain_update(DOMAIN)
            .chain_update(system)
            .chain_update(text);
        let mut wide = Zeroizing::new([0u8; 64]);
        hasher.finalize_into(GenericArray::from_mut_slice(&mut *wide));
        Self::new(Fr::from_le_bytes_mod_order(&*wide))
    }

    /// `None` for 0 and ±1.
    pub(in crate::setup) fn new(x: Fr) -> Option<Self> {
        (!x.is_zero() && !x.square().is_one()).then_some(Self(x))
    }

    /// x, for multiplications.
    pub(crate) fn scalar(&self) -> &Fr {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derived(system: &[u8; 64], text: &str) -> Fr {
        *Secret::derive(system, text).unwrap().scalar()
    }

    #[test]
    fn zero_and_plus_minus_one_are_refused() {
        for x in [Fr::zero(), Fr::one(), -Fr::one()] {
            assert!(Secret::new(x).is_none(), "{x}");
        }
        assert!(Secret::new(Fr::from(2u64)).is_some());
    }

    /// Origin: Python's hashlib.blake2b over domain ‖ bytes 0..64 ‖ UTF-8 of the text, the digest read
    /// as a little-endian number, modulo r.
    #[test]
    fn known_answer() {
        let system = std::array::from_fn(|i| i as u8);
        assert_eq!(
            derived(&system, "dice: 4 2 6 ✓").to_string(),
            "6831844844114672997861045341356712078218370382257981298863626142256680146811"
        );
    }

    #[test]
    fn every_part_matters() {
        let system = [0u8; 64];
        let base = derived(&system, "");
        assert_eq!(base, derived(&system, ""));
        assert_ne!(base, derived(&system, "\0"));
        for i in 0..64 {
            let mut other = system;
            other[i] ^= 0x80;
            assert_ne!(base, derived(&other, ""), "byte {i}");
        }
    }

    #[test]
    fn the_operating_system_is_asked_each_time() {
        let draw = || Secret::draw("the same text".to_owned()).unwrap();
        let (first, second) = (draw(), draw());
        assert_ne!(first.scalar(), second.scalar());
    }

    #[test]
    fn secrets_can_be_wiped() {
        let mut secret = Secret::new(Fr::from(7u64)).unwrap();
        secret.zeroize();
        assert!(secret.scalar().is_zero());
    }
}
