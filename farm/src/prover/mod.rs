//! What proves a worker's jobs: a thread of this process, or a process of its own.
//!
//! | prover | a batch that crashes it | memory that runs out |
//! |---|---|---|
//! | [`ThreadProver`] | a panic is an error; an abort ends the worker | ends the worker |
//! | [`ChildProver`] | an error, and the prover is started anew | is seen as such, and the worker lives |
//!
//! Neither proves on the threads of the async runtime: these keep the worker's lease alive.

mod child;
mod key;
mod thread;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use child::{ChildProver, ChildProverOptions, serve_child};
pub use key::{KeyProver, KeyProverOptions};
pub use thread::ThreadProver;

/// What a worker proves with.
#[async_trait]
pub trait Prove: Send + Sync + 'static {
    /// The hash of the verifying key under which it proves.
    fn verifying_key(&self) -> [u8; 32];

    /// What people see: a backend and its threads.
    fn description(&self) -> String;

    /// How long it took to read the key.
    fn load_time(&self) -> Duration {
        Duration::ZERO
    }

    /// Proves a batch: JSON of a [`Batch`](crate::Batch). Called for one batch at a time.
    ///
    /// # Errors
    /// See [`ProveError`].
    async fn prove(&self, batch: Bytes) -> Result<Proved, ProveError>;

    /// Why it will prove nothing more, if that is so.
    fn broken(&self) -> Option<String> {
        None
    }
}

/// A proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Proved {
    /// JSON of a [`ProvenBatch`](zkroll::ProvenBatch).
    pub proven: Bytes,
    /// How it went.
    pub report: ProofReport,
}

/// How a proof went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProofReport {
    /// The backend.
    pub backend: String,
    /// Its threads.
    pub threads: usize,
    /// Milliseconds for the witness.
    pub witness_ms: f64,
    /// Milliseconds for the proof.
    pub prove_ms: f64,
    /// The proof's stages, in order.
    pub stages: Vec<StageTime>,
}

/// How long a stage of a proof took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Its name.
    pub stage: String,
    /// Milliseconds.
    pub ms: f64,
}

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum ProveError {
    /// This batch cannot be proved with this key, whoever tries.
    #[error("refused: {0}")]
    Refused(String),
    /// The memory did not suffice; more of it may.
    #[error("out of memory: {0}")]
    OutOfMemory(String),
    /// Another attempt may succeed.
    #[error("failed: {0}")]
    Failed(String),
    /// The prover could not be asked: it does not start. Nothing is known of the batch.
    #[error("not available: {0}")]
    Unavailable(String),
}
