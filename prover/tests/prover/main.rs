//! Keys, proofs and files. One binary: each would compile the arithmetic again.

mod against_ark;
#[cfg(feature = "snarkjs")]
mod arbitrary_files;
mod arbitrary_msm;
#[cfg(feature = "snarkjs")]
mod ceremony;
#[path = "../common/mod.rs"]
mod common;
mod encodings;
#[cfg(feature = "snarkjs")]
#[path = "../files/mod.rs"]
mod files;
mod h_basis;
mod key_file;
mod key_validation;
mod matrices;
#[cfg(feature = "snarkjs")]
mod powers_of_tau;
mod proving;
#[cfg(feature = "snarkjs")]
mod snarkjs_json;
mod streamed_key;
mod verification;
