//! A farm of provers: a node puts batches into a queue, worker processes on one machine or on many prove them.
//!
//! One batch is the unit of work. The queue is [apalis](https://docs.rs/apalis-core)' tables in a SQLite file or in
//! PostgreSQL; batches and proofs are in a folder or a bucket, and the queue only refers to them.
//!
//! ```no_run
//! use std::sync::Arc;
//! use zkroll::circuits::protocol::ledger::BatchTrace;
//! use zkroll::prover::{Bn254, VerifyingKey, backend::Selection};
//! use zkroll_farm::prover::{KeyProverOptions, ThreadProver};
//! use zkroll_farm::{Farm, FarmClient, FarmConfig, FarmError, Worker, WorkerOptions, WorkerReport};
//!
//! # async fn farm(batch: BatchTrace, key: &VerifyingKey<Bn254>) -> Result<(), FarmError> {
//! let farm = Farm::connect(&FarmConfig::default()).await?; // a file and a folder
//!
//! // On the machines that prove:
//! let prover = ThreadProver::start(KeyProverOptions {
//!     key: "batch.key".into(),
//!     backend: Selection::Auto,
//!     threads: None,
//!     stream: false,
//! })?;
//! let worker = Worker::new(farm.clone(), Arc::new(prover), WorkerOptions::default())?;
//! tokio::spawn(worker.run(std::future::pending()));
//!
//! // In the node:
//! let client = FarmClient::new(farm, key)?;
//! let submission = client.submit(batch).await?;
//! let proven = client.wait(submission.job).await?; // verified
//! # Ok(())
//! # }
//! ```
//!
//! What holds, whatever dies: a job that was taken in is proved or ends as failed with the reason; it is started at most
//! as often as its submitter allows; there is one proof of it in the store, and it is not replaced. ARCHITECTURE.md says
//! how, docs/farm.md how a farm is run.

#![forbid(unsafe_code)]

pub mod http;
pub mod metrics;
pub mod prover;

mod artifacts;
mod client;
mod error;
mod farm;
mod job;
mod queue;
mod snapshot;
mod worker;

pub use artifacts::Artifacts;
pub use client::{DEFAULT_CAPACITY, DEFAULT_MAX_ATTEMPTS, FarmClient, Submission};
pub use error::FarmError;
pub use farm::{DEFAULT_DATABASE, DEFAULT_LEASE, DEFAULT_STORE, Farm, FarmConfig};
pub use job::{Batch, BlobPoint, Class, JobId, QueueName, State};
pub use snapshot::{JobStatus, QueueStatus, Snapshot, Throughput, WorkerStatus};
pub use worker::{DEFAULT_HEARTBEAT, Worker, WorkerOptions, WorkerReport};
