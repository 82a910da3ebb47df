//! zkroll turns a batch of signed transfers into one Groth16 proof over BN254 that Ethereum accepts.
//!
//! This crate joins three that know nothing of one another:
//!
//! * [`circuits`]: the protocol (accounts, transfers, the
//!   [`Ledger`](circuits::protocol::ledger::Ledger)) and the batch circuit;
//! * [`prover`]: Groth16 for any rank-1 constraint system, on a choice of backends;
//! * [`verifier_sol`]: the contracts, their calldata and, with the feature `evm`, an EVM to try them.
//!
//! With the feature `store`, `store` keeps a ledger in a file.
//!
//! [`BatchProver`] holds a circuit and its key, and makes [`ProvenBatch`]es. [`batches_call`] settles several of
//! them at once, `SharedBlob` (feature `kzg`) puts their operations into a blob. A [`Replica`] rebuilds the state from
//! what a contract emitted.

#![forbid(unsafe_code)]

pub use zkroll_circuits as circuits;
pub use zkroll_prover as prover;
#[cfg(feature = "store")]
pub use zkroll_store as store;
pub use zkroll_verifier_sol as verifier_sol;

mod batch;
#[cfg(feature = "kzg")]
mod blob;
pub mod prelude;
mod relation;
mod replica;
mod settlement;

pub use batch::{
    BatchError, BatchProver, BlobSlice, LoadedBatchProver, ProvenBatch, ProvenBatchError,
};
#[cfg(feature = "kzg")]
pub use blob::{SharedBlob, SharedBlobError};
pub use relation::ProgramRelation;
pub use replica::{Replica, ReplicaError};
pub use settlement::{SettlementError, batches_call};

/// The README's example, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The example of docs/circom.md, compiled.
#[cfg(all(doctest, feature = "snarkjs"))]
#[doc = include_str!("../docs/circom.md")]
struct Circom;
