//! A farm: its queue and its store, connected.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::artifacts::Artifacts;
use crate::error::FarmError;
use crate::http::Source;
use crate::job::{Payload, QueueName};
use crate::prover::ProofReport;
use crate::queue::{Queue, Row, connect, unix_time};
use crate::snapshot::{JobStatus, Snapshot};

/// Where a farm is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarmConfig {
    /// The queue: `sqlite:FILE` for the processes of one machine, `postgres://..` for those of many.
    pub database: String,
    /// Batches and proofs: a folder or `s3://BUCKET/PREFIX`, the same for all.
    pub store: String,
    /// A worker that has not been heard of for so long is dead, and its job another's.
    pub lease: Duration,
}

/// The queue's file if nothing is configured, relative to the working directory.
pub const DEFAULT_DATABASE: &str = "sqlite:zkroll-farm/queue.sqlite";
/// The store's folder if nothing is configured, relative to the working directory.
pub const DEFAULT_STORE: &str = "zkroll-farm/store";
/// The lease if nothing is configured.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(30);

impl Default for FarmConfig {
    /// A file and a folder in the working directory.
    fn default() -> Self {
        Self {
            database: DEFAULT_DATABASE.to_owned(),
            store: DEFAULT_STORE.to_owned(),
            lease: DEFAULT_LEASE,
        }
    }
}

/// A farm's queue and store.
#[derive(Clone)]
pub struct Farm {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) artifacts: Artifacts,
    database: &'static str,
    lease: Duration,
}

/// How far back workers and throughput go in a snapshot, in seconds.
const SNAPSHOT_SECONDS: u64 = 3600;
/// Jobs that ended, in a snapshot.
const SNAPSHOT_JOBS: u32 = 50;
/// Jobs that are removed at once.
const PRUNE_JOBS: u32 = 1000;

impl Farm {
    /// Connects, and makes tables and folders that are not there.
    ///
    /// # Errors
    /// If an address is of another kind, or database or store refuse.
    pub async fn connect(config: &FarmConfig) -> Result<Self, FarmError> {
        let artifacts = Artifacts::open(&config.store)?;
        Self::with_store(&config.database, artifacts, config.lease).await
    }

    /// As [`Farm::connect`], with any store.
    ///
    /// # Errors
    /// As [`Farm::connect`].
    pub async fn with_store(
        database: &str,
        artifacts: Artifacts,
        lease: Duration,
    ) -> Result<Self, FarmError> {
        let connected = connect(database).await?;
        Ok(Self {
            queue: connected.queue,
            artifacts,
            database: connected.kind,
            lease,
        })
    }

    /// The database's name.
    #[must_use]
    pub const fn database(&self) -> &'static str {
        self.database
    }

    /// A worker that has not been heard of for so long is dead.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        self.lease
    }

    /// What the farm does now: one transaction of reads for each part.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn snapshot(&self) -> Result<Snapshot, FarmError> {
        let time = unix_time();
        let since = time.saturating_sub(SNAPSHOT_SECONDS);
        let jobs = self.queue.jobs(SNAPSHOT_JOBS).await?;
        Ok(Snapshot {
            time,
            queues: self.queue.queues(time).await?,
            workers: self.queue.workers(since).await?,
            jobs: jobs.into_iter().map(status).collect::<Result<_, _>>()?,
            throughput: self.queue.throughput(since).await?,
        })
    }

    /// Removes jobs that ended longer ago than `age`, with their batches and proofs, and returns how many. Who needs
    /// a proof for longer keeps it elsewhere.
    ///
    /// # Errors
    /// If database or store refuse. What was removed until then is removed.
    pub async fn prune(&self, age: Duration) -> Result<u64, FarmError> {
        let before = unix_time().saturating_sub(age.as_secs());
        let mut removed = 0;
        loop {
            let rows = self.queue.prune(before, PRUNE_JOBS).await?;
            removed += rows.len() as u64;
            let mut uris = BTreeSet::new();
            for row in &rows {
                let payload = payload(&row.payload)?;
                let key = row.queue.parse::<QueueName>()?.verifying_key;
                uris.insert(Artifacts::result_uri(&key, &payload.hash));
                uris.insert(payload.uri);
            }
            for uri in uris {
                self.artifacts.remove(&uri).await?;
            }
            if rows.len() < PRUNE_JOBS as usize {
                return Ok(removed);
            }
        }
    }
}

#[async_trait]
impl Source for Farm {
    async fn snapshot(&self) -> Result<Snapshot, FarmError> {
        self.snapshot().await
    }

    fn lease(&self) -> Duration {
        self.lease
    }
}

/// What the database has of a job.
pub(crate) fn payload(bytes: &[u8]) -> Result<Payload, FarmError> {
    serde_json::from_slice(bytes).map_err(|error| FarmError::Payload {
        reason: error.to_string(),
    })
}

/// What people see of a row.
pub(crate) fn status(row: Row) -> Result<JobStatus, FarmError> {
    let batch_number = payload(&row.payload)?.batch_number;
    let result: Option<Result<Option<ProofReport>, String>> = row
        .result
        .as_deref()
        .map(serde_json::from_str)
        .transpose()
        .map_err(|error| FarmError::Payload {
            reason: error.to_string(),
        })?;
    let (report, error) = match result {
        None => (None, None),
        Some(Ok(report)) => (report, None),
        Some(Err(error)) => (None, Some(error)),
    };
    Ok(JobStatus {
        job: row.id,
        queue: row.queue,
        state: row.state,
        batch_number,
        attempts: row.attempts,
        max_attempts: row.max_attempts,
        submitted_at: row.submitted_at,
        started_at: row.started_at,
        finished_at: row.finished_at,
        worker: row.worker,
        report,
        error,
    })
}
