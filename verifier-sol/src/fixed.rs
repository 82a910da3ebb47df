//! The fixed verifier: one runtime for every key, compiled once and checked in, with the key appended.
//!
//! ```text
//! length of verifyProof's calldata 4 | selector of verifyProof 4 |
//! −δ₂ 128 | α₁ 64 | −β₂ 128 | IC₀ 64 | IC₁ 64 | … | ICₙ 64 | −γ₂ 128 | selector of verifyBatch 4
//! ```
//!
//! The mirror of this layout is `contracts/src/FixedVerifier.yul`, which reads it; tests/contracts/verifier.rs
//! runs the two together. Points as in [`crate::calldata`], β, γ and δ negated so that
//! `e(A, B) · e(C, −δ) · e(α, −β) · e(L, −γ) = 1` needs no subtraction. The second selector stands last,
//! where `verifyProof` need not step over it.
//!
//! Cost: 1,523 bytes of runtime + 524 + 64·n bytes of key; gas in the Yul file. A machine that has only cargo can deploy and
//! run it; [`crate::solidity`] writes the same verifier for readers.

use crate::calldata::{
    PROOF_WORDS, g1_words, g2_words, verify_batch_signature, verify_proof_signature,
};
use crate::key::{KeyError, check};
use crate::{abi, artefact};
use ark_bn254::Bn254;
use ark_groth16::VerifyingKey;

/// Runtime code of the verifier of `vk`: what stands at its address.
///
/// # Errors
///
/// [`KeyError`] for a key that must not be deployed.
pub fn runtime_code(vk: &VerifyingKey<Bn254>) -> Result<Vec<u8>, KeyError> {
    with_key(fixed_runtime(), vk)
}

/// Creation code of the verifier of `vk`: the data of the transaction that deploys it. It takes no
/// constructor arguments.
///
/// # Errors
///
/// [`KeyError`] for a key that must not be deployed.
pub fn creation_code(vk: &VerifyingKey<Bn254>) -> Result<Vec<u8>, KeyError> {
    with_key(
        artefact(include_str!("../contracts/bin/FixedVerifier.hex")),
        vk,
    )
}

/// The runtime without a key, the same bytes in every deployment.
pub fn fixed_runtime() -> Vec<u8> {
    artefact(include_str!("../contracts/bin/FixedVerifier.runtime.hex"))
}

/// Keccak-256 of the key's points as they stand behind the runtime: one name for a key in both
/// forms of the verifier, and what binds the coefficients of a batch to it.
///
/// # Errors
///
/// [`KeyError`] for a key that must not be deployed.
pub fn key_hash(vk: &VerifyingKey<Bn254>) -> Result<abi::Word, KeyError> {
    check(vk)?;
    Ok(abi::keccak256(&key_bytes(vk)))
}

fn with_key(mut code: Vec<u8>, vk: &VerifyingKey<Bn254>) -> Result<Vec<u8>, KeyError> {
    check(vk)?;
    let inputs = vk.gamma_abc_g1.len() - 1;
    let calldata_length = (4 + 32 * (PROOF_WORDS + inputs)) as u32;
    code.extend(calldata_length.to_be_bytes());
    code.extend(abi::selector(&verify_proof_signature(inputs)));
    code.extend(key_bytes(vk));
    code.extend(abi::selector(&verify_batch_signature(inputs)));
    Ok(code)
}

fn key_bytes(vk: &VerifyingKey<Bn254>) -> Vec<u8> {
    let mut words = Vec::new();
    words.extend(g2_words(&-vk.delta_g2));
    words.extend(g1_words(&vk.alpha_g1));
    words.extend(g2_words(&-vk.beta_g2));
    words.extend(vk.gamma_abc_g1.iter().flat_map(g1_words));
    words.extend(g2_words(&-vk.gamma_g2));
    words.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_creation_code_ends_with_the_runtime() {
        let creation = artefact(include_str!("../contracts/bin/FixedVerifier.hex"));
        assert!(creation.ends_with(&fixed_runtime()));
    }

    #[test]
    fn the_runtime_has_the_bytes_that_the_documentation_says() {
        assert_eq!(fixed_runtime().len(), 1523);
    }
}
