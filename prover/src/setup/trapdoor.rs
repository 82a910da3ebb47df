//! The secrets of UNSAFE setups, which tests and local chains start from.

use ark_bn254::Fr;
use ark_ff::{Field, PrimeField, Zero};
use zeroize::Zeroizing;

/// Field elements out of a 32-byte seed: BLAKE3 in key-derivation mode, 512 bits reduced modulo r for each.
pub(super) struct SecretElements(blake3::OutputReader);

impl SecretElements {
    /// Each kind of secret has its own context.
    pub fn new(context: &'static str, seed: &[u8; 32]) -> Self {
        Self(
            blake3::Hasher::new_derive_key(context)
                .update(seed)
                .finalize_xof(),
        )
    }

    pub fn next(&mut self) -> Fr {
        let mut wide = Zeroizing::new([0u8; 64]);
        self.0.fill(&mut *wide);
        Fr::from_le_bytes_mod_order(&*wide)
    }
}

/// Whether a secret is 0 or ±1, with which a key would be refused.
pub(super) fn is_degenerate(secret: Fr) -> bool {
    secret.is_zero() || secret.square() == Fr::from(1u64)
}
