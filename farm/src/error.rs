//! What can go wrong between a node and its farm.

use std::path::PathBuf;

use thiserror::Error;

use crate::job::{JobId, State};

/// Why a farm did not do what it was asked for.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FarmError {
    /// The address of the queue is of no database that a farm runs on.
    #[error("expected a database address that starts with sqlite: or postgres:, got {url:?}")]
    DatabaseUrl {
        /// What was given, without a password.
        url: String,
    },
    /// The address of the store is of no object store that a farm runs on.
    #[error("expected a folder, file:// or s3:// as the store, got {url:?}: {reason}")]
    StoreUrl {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The database refused, or cannot be reached.
    #[error("the queue's database: {0}")]
    Database(#[from] sqlx::Error),
    /// The tables could not be made or brought up to date.
    #[error("the queue's tables: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The object store refused, or cannot be reached.
    #[error("the store of batches and proofs: {0}")]
    Store(#[from] object_store::Error),
    /// A file could not be read, written or watched.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// As many jobs wait as may; the batch was not queued.
    #[error("the queue is full: {waiting} jobs wait, {capacity} may")]
    Full {
        /// Jobs that wait.
        waiting: u64,
        /// Jobs that may wait.
        capacity: u64,
    },
    /// No job has this name.
    #[error("no job {job}")]
    UnknownJob {
        /// The name.
        job: JobId,
    },
    /// The job ended without a proof.
    #[error("job {job} is {state}: {reason}")]
    NotProved {
        /// The job.
        job: JobId,
        /// How it ended.
        state: State,
        /// Why.
        reason: String,
    },
    /// Not all proofs were there in time.
    #[error("not all proofs were there within {seconds} s")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// The job is done, but its proof is not in the store: it was removed, or the store lost it.
    #[error("the proof of job {job} is no longer in the store")]
    ResultMissing {
        /// The job.
        job: JobId,
    },
    /// What lies in the store at a batch's or a proof's place is something else.
    #[error("{uri}: {reason}")]
    Artifact {
        /// The place, relative to the store.
        uri: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The queue has a job that this version does not understand.
    #[error("a job of another kind in the queue: {reason}")]
    Payload {
        /// What is wrong with it.
        reason: String,
    },
    /// A queue that this version did not make.
    #[error("expected a queue named zkroll/KEY/CLASS, got {name:?}")]
    QueueName {
        /// Its name.
        name: String,
    },
    /// A worker of this name runs already; its jobs are not to be taken from it.
    #[error("a worker named {label:?} runs already")]
    WorkerRuns {
        /// The name.
        label: String,
    },
    /// A worker cannot be configured so.
    #[error("the worker: {reason}")]
    Worker {
        /// What is wrong.
        reason: String,
    },
    /// The prover did not start.
    #[error("the prover does not start: {reason}")]
    Prover {
        /// What it said.
        reason: String,
    },
}
