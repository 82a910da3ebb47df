//! Groth16 over BN254 for any rank-1 constraint system.
//!
//! A circuit reaches this crate as an [`R1cs`]: three sparse matrices A, B, C over the scalar field
//! and the number of instance columns. From there
//!
//! * [`setup::development`] makes a [`ProvingKey`] out of a known trapdoor (**UNSAFE**: whoever
//!   knows the trapdoor can prove anything; for tests, benches and local chains only),
//! * [`key_file`] stores it and reads it back with every byte checked,
//! * [`Prover`] or [`prove`] turns a satisfying assignment into a [`Proof`] on a chosen
//!   [`backend`],
//! * [`PreparedKey`] with [`verify`] and [`verify_batch`] checks proofs,
//! * [`ProofFile`] and [`encoding`] carry proofs as JSON and as fixed-size bytes; with the feature
//!   `snarkjs`, the module `formats` reads and writes the files of circom and snarkjs.
//!
//! Source: Groth, *On the Size of Pairing-based Non-interactive Arguments*, EUROCRYPT 2016, §3.2,
//! in the conventions of `ark-groth16` 0.6 (`LibsnarkReduction`): with the same key, matrices,
//! assignment and blinding `r, s`, every backend returns the very proof that `ark-groth16` returns.
//!
//! Names are arkworks': *instance* counts the constant 1, *public inputs* does not; `a_query`,
//! `b_g1_query`, `b_g2_query`, `h_query`, `l_query` are the lists of points of the proving key.
//!
//! ```
//! use zkroll_prover::{Fr, Matrices, PreparedKey, backend, prove, setup, verify};
//!
//! // One public input y and one witness x with x · x = y; columns are (1, y, x).
//! let one = Fr::from(1u64);
//! let square = Matrices::new(
//!     2,
//!     1,
//!     [vec![vec![(2, one)]], vec![vec![(2, one)]], vec![vec![(1, one)]]],
//! )?;
//! let key = setup::development(&square, [0; 32], &[7; 32])?;
//! let backend = backend::detect()?;
//! let assignment = [1u64, 49, 7].map(Fr::from);
//! let proof = prove(&key, &square, &assignment, &backend, &mut rand::rngs::OsRng)?;
//! verify(&PreparedKey::new(&key.vk)?, &[Fr::from(49u64)], &proof)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// With feature `gpu` one module has a few lines of it, `backend::gpu::pipelines`.
#![cfg_attr(not(feature = "gpu"), forbid(unsafe_code))]
#![cfg_attr(feature = "gpu", deny(unsafe_code))]
#![deny(missing_docs)]

pub mod backend;
pub mod domain;
pub mod encoding;
#[cfg(feature = "snarkjs")]
pub mod formats;
pub mod key_file;
pub mod setup;

mod decimal;
mod fixed_base;
mod key;
mod matrices;
mod new_file;
mod observer;
mod parallel;
mod proof_file;
mod prove;
mod provenance;
mod r1cs;
mod read_at;
mod validate;
mod verify;

pub use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
pub use ark_groth16::{Proof, VerifyingKey};

pub use backend::{AnyBackend, Backend, BackendError};
pub use key::{HBasis, NotMonomial, ProvingKey, verifying_key_hash};
pub use matrices::{Matrices, MatricesError};
pub use observer::{Cancellation, Cancelled, Observer, Stage, StageTimes};
pub use proof_file::{ProofFile, ProofFileError};
#[cfg(feature = "gpu")]
pub use prove::ResidentAssignment;
#[cfg(feature = "snarkjs")]
pub use prove::ZkeyProver;
pub use prove::{ProveError, Prover, prove, prove_with_blinding};
pub use provenance::{Ceremony, CeremonyContribution, CeremonyError, Provenance};
pub use r1cs::{Matrix, R1cs, Unsatisfied, check_satisfied};
pub use setup::SetupError;
pub use validate::{
    KeyError, check_public_inputs, validate_proving_key, validate_proving_key_on,
    validate_verifying_key,
};
pub use verify::{PreparedKey, VerifyError, find_invalid, verify, verify_batch};
