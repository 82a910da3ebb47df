//! On-chain verification of Groth16 proofs over BN254, and the rollup contract that uses it.
//!
//! Checks, on Ethereum, `e(A, B) = e(α, β) · e(L, γ) · e(C, δ)` with `L = IC₀ + Σ xᵢ·ICᵢ`
//! (Groth 2016, section 3.2; precompiles EIP-196, EIP-197, prices EIP-1108): one proof with `verifyProof`, or
//! up to 256 under one key with `verifyBatch`, as the random linear combination of their equations.
//! With n inputs, m proofs together cost the fixed runtime about
//! 147,740 + 6,560·n + 46,940·m + 146·n·m + m²/3 gas: 57,857 a proof for 16 with three inputs, each of which costs
//! 200,913 alone.
//!
//! | module | |
//! |---|---|
//! | [`key`] | which verifying keys are refused |
//! | [`solidity`] | readable Solidity with the key as constants, for audit and explorers |
//! | [`fixed`] | one fixed, checked-in runtime with the key appended: deployable without a compiler |
//! | [`calldata`] | points, proofs, `verifyProof` and `verifyBatch` calls as bytes |
//! | [`rollup`] | `Rollup.sol`: creation code, calls, the queue's entries, events |
//! | [`revert`] | the contracts' custom errors |
//! | [`abi`] | Keccak-256, selectors, words, contract addresses |
//! | `kzg` | commitments to blobs and their openings (feature `kzg`) |
//! | `evm` | an embedded EVM with exact gas (feature `evm`) |
//!
//! The crate depends on no prover: it takes ark-groth16's [`VerifyingKey`](ark_groth16::VerifyingKey)
//! and [`Proof`](ark_groth16::Proof). The contracts stand in `contracts/` with their bytecode in
//! `contracts/bin/`; `contracts/compile.mjs --check` recompiles them and compares byte for byte.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod abi;
pub mod calldata;
#[cfg(feature = "evm")]
pub mod evm;
pub mod fixed;
pub mod key;
#[cfg(feature = "kzg")]
pub mod kzg;
pub mod revert;
pub mod rollup;
pub mod solidity;

/// Bytes of a checked-in hexadecimal artefact.
///
/// # Panics
///
/// If the artefact is not hexadecimal; every artefact is decoded by a unit test.
pub(crate) fn artefact(hexadecimal: &'static str) -> Vec<u8> {
    hex::decode(hexadecimal.trim_end()).expect("a checked-in artefact is hexadecimal")
}

/// Creation code of `contracts/src/mocks/Token.sol`, the smallest ERC-20, with a whole supply of
/// `supply` for its deployer. It exists to measure what a plain L1 transfer costs.
pub fn token_creation_code(supply: u128) -> Vec<u8> {
    let mut code = artefact(include_str!("../contracts/bin/Token.hex"));
    code.extend(abi::word_from_u128(supply));
    code
}
