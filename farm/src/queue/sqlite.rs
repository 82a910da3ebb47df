//! The queue in a SQLite file, for the processes of one machine.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use apalis_core::backend::WorkerFilter;
use apalis_core::worker::context::WorkerContext;
use apalis_sqlite::{Config, SqliteStorage, queries};
use async_trait::async_trait;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::bell::{self, Bell};
use super::statements::{self, SQLITE, impl_queue, queues_of};
use super::{
    LabelHold, NewJob, Outcome, Queue, Registration, Row, Taken, acknowledgement, failure,
    new_tasks, taken, unix_time,
};
use crate::error::FarmError;
use crate::job::{JobId, QueueName};
use crate::snapshot::{QueueStatus, Throughput, WorkerStatus};

/// How long a transaction waits for another to end.
const BUSY: Duration = Duration::from_secs(10);

/// A database file.
pub(crate) struct SqliteQueue {
    pool: SqlitePool,
    path: PathBuf,
}

impl SqliteQueue {
    /// Opens a file, which is made with its folder if it is not there.
    pub async fn open(options: SqliteConnectOptions) -> Result<Self, FarmError> {
        let path = options.get_filename().to_owned();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|source| FarmError::Io {
                path: folder.to_owned(),
                source,
            })?;
        }
        let options = options
            .create_if_missing(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            // A job that was taken in survives a power cut.
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        // Not `SqliteStorage::setup`, which turns `synchronous` off.
        SqliteStorage::migrations().run(&pool).await?;
        let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
        for index in SQLITE.indexes() {
            sqlx::query(index).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(Self { pool, path })
    }

    fn config(worker: &Registration) -> Config {
        Config::default()
            .queue(worker.queue.to_string())
            .batch_size(1)
    }

    fn label_lock(&self, label: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(format!("-worker-{label}"));
        name.into()
    }

    async fn push(
        &self,
        queue: &QueueName,
        jobs: Vec<NewJob>,
    ) -> Result<HashSet<JobId>, FarmError> {
        let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
        let names = serde_json::Value::from(names).to_string();
        // A transaction that reads first and then writes is refused if another wrote in between.
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let [standard, large] = queues_of(&queue.verifying_key);
        let known: Vec<String> = sqlx::query_scalar(
            "SELECT idempotency_key FROM Jobs WHERE job_type IN ($1, $2) \
             AND idempotency_key IN (SELECT value FROM json_each($3))",
        )
        .bind(standard)
        .bind(large)
        .bind(names)
        .fetch_all(&mut *transaction)
        .await?;
        let (new, tasks) = new_tasks(jobs, &known);
        queries::push_tasks(&mut *transaction, &queue.to_string(), &tasks)
            .await
            .map_err(engine)?;
        transaction.commit().await?;
        Ok(new)
    }

    async fn register(&self, worker: &Registration) -> Result<(), FarmError> {
        let context = WorkerContext::new(&worker.name);
        let config = Self::config(worker);
        Ok(queries::register_worker(&self.pool, &config, &context, &worker.prover).await?)
    }

    async fn beat(&self, worker: &Registration) -> Result<(), FarmError> {
        let context = WorkerContext::new(&worker.name);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        queries::keep_alive(&mut *transaction, &Self::config(worker), &context).await?;
        queries::reenqueue_orphaned(
            &mut *transaction,
            worker.lease.as_secs() as i64,
            &worker.queue.to_string(),
            &WorkerFilter::AllExcept(worker.name.clone()),
        )
        .await?;
        Ok(transaction.commit().await?)
    }

    async fn take(&self, worker: &Registration) -> Result<Option<Taken>, FarmError> {
        let context = WorkerContext::new(&worker.name);
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let tasks = queries::fetch_next(&mut *transaction, &Self::config(worker), &context).await;
        let Some(task) = tasks.map_err(engine)?.into_iter().next() else {
            return Ok(None);
        };
        let taken = taken(&task)?;
        queries::lock_tasks(&mut *transaction, &[taken.task.to_string()], &worker.name).await?;
        transaction.commit().await?;
        Ok(Some(taken))
    }

    async fn acknowledge(
        &self,
        worker: &Registration,
        result: &queries::AckPayload,
    ) -> Result<bool, FarmError> {
        let recorded = queries::ack_tasks(&self.pool, &[result], &worker.name).await?;
        Ok(recorded > 0)
    }

    async fn hold_label(&self, label: &str) -> Result<LabelHold, FarmError> {
        let path = self.label_lock(label);
        let io = |source| FarmError::Io {
            path: path.clone(),
            source,
        };
        let file = File::create(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(LabelHold::new(file)),
            Err(TryLockError::WouldBlock) => Err(FarmError::WorkerRuns {
                label: label.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }

    async fn bell(&self) -> Result<Bell, FarmError> {
        Bell::file(&bell::beside(&self.path))
    }

    async fn ring(&self) {
        if let Err(error) = bell::ring_file(&bell::beside(&self.path)) {
            tracing::warn!(%error, "workers will look for the jobs by themselves");
        }
    }
}

impl_queue!(SqliteQueue, SQLITE);

fn engine(error: apalis_sqlite::Error) -> FarmError {
    match error {
        apalis_sqlite::Error::Database(error) => error.into(),
        other => FarmError::Database(sqlx::Error::Protocol(other.to_string())),
    }
}

/// Whether an address is of a file.
pub(super) fn is_file(path: &Path) -> bool {
    !path.as_os_str().is_empty() && !path.to_string_lossy().contains(":memory:")
}
