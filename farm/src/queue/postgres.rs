//! The queue in PostgreSQL, for the processes of many machines.

use std::collections::HashSet;

use apalis_core::worker::context::WorkerContext;
use apalis_postgres::{Config, PostgresStorage, queries};
use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Connection, PgConnection, PgPool};

use super::bell::Bell;
use super::statements::{self, POSTGRES, impl_queue, queues_of};
use super::{
    LabelHold, NewJob, Outcome, Queue, Registration, Row, Taken, acknowledgement, failure,
    new_tasks, taken, unix_time,
};
use crate::error::FarmError;
use crate::job::{JobId, QueueName};
use crate::snapshot::{QueueStatus, Throughput, WorkerStatus};

/// What apalis' trigger notifies of.
const CHANNEL: &str = "apalis::job::insert";

/// A database on a server.
pub(crate) struct PostgresQueue {
    pool: PgPool,
    options: PgConnectOptions,
}

impl PostgresQueue {
    /// Connects, and makes the tables if they are not there.
    pub async fn open(options: PgConnectOptions) -> Result<Self, FarmError> {
        let pool = PgPoolOptions::new()
            .max_connections(4)
            .acquire_timeout(std::time::Duration::from_secs(10))
            .connect_with(options.clone())
            .await?;
        PostgresStorage::migrations().run(&pool).await?;
        let mut transaction = pool.begin().await?;
        // Two that make an index at once are refused, even if it may be there.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('zkroll farm tables', 0))")
            .execute(&mut *transaction)
            .await?;
        for index in POSTGRES.indexes() {
            sqlx::query(index).execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(Self { pool, options })
    }

    fn config(worker: &Registration) -> Config {
        Config::default()
            .queue(worker.queue.to_string())
            .batch_size(1)
    }

    async fn try_push(
        &self,
        queue: &QueueName,
        jobs: Vec<NewJob>,
    ) -> Result<HashSet<JobId>, FarmError> {
        let [standard, large] = queues_of(&queue.verifying_key);
        let names: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
        let mut transaction = self.pool.begin().await?;
        let known: Vec<String> = sqlx::query_scalar(
            "SELECT idempotency_key FROM apalis.jobs WHERE job_type IN ($1, $2) \
             AND idempotency_key = ANY($3)",
        )
        .bind(standard)
        .bind(large)
        .bind(names)
        .fetch_all(&mut *transaction)
        .await?;
        let (new, tasks) = new_tasks(jobs, &known);
        queries::push_tasks(&mut *transaction, &queue.to_string(), tasks)
            .await
            .map_err(engine)?;
        transaction.commit().await?;
        Ok(new)
    }

    async fn push(
        &self,
        queue: &QueueName,
        jobs: Vec<NewJob>,
    ) -> Result<HashSet<JobId>, FarmError> {
        loop {
            match self.try_push(queue, jobs.clone()).await {
                // Somebody else put one of them in after we looked: it is known now.
                Err(FarmError::Database(sqlx::Error::Database(error)))
                    if error.is_unique_violation() => {}
                other => return other,
            }
        }
    }

    async fn register(&self, worker: &Registration) -> Result<(), FarmError> {
        // apalis wants the time from its caller; the server's own clock is what beats are measured with.
        sqlx::query(
            "INSERT INTO apalis.workers (id, worker_type, storage_name, layers, last_seen, started_at) \
             VALUES ($1, $2, $3, '', now(), now()) ON CONFLICT (id) DO UPDATE SET last_seen = now()",
        )
        .bind(&worker.name)
        .bind(worker.queue.to_string())
        .bind(&worker.prover)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn beat(&self, worker: &Registration) -> Result<(), FarmError> {
        let context = WorkerContext::new(&worker.name);
        let queue = worker.queue.to_string();
        let mut transaction = self.pool.begin().await?;
        queries::keep_alive(&mut *transaction, &queue, &context)
            .await
            .map_err(engine)?;
        queries::reenqueue_orphaned(&mut *transaction, &queue, worker.lease.as_secs())
            .await
            .map_err(engine)?;
        Ok(transaction.commit().await?)
    }

    async fn take(&self, worker: &Registration) -> Result<Option<Taken>, FarmError> {
        let context = WorkerContext::new(&worker.name);
        let mut transaction = self.pool.begin().await?;
        let tasks = queries::fetch_next(&mut *transaction, &Self::config(worker), &context).await;
        let Some(task) = tasks.map_err(engine)?.into_iter().next() else {
            return Ok(None);
        };
        let taken = taken(&task)?;
        let row = [taken.task.to_string()];
        queries::lock_tasks(&mut *transaction, &row, &worker.name).await?;
        transaction.commit().await?;
        Ok(Some(taken))
    }

    async fn acknowledge(
        &self,
        worker: &Registration,
        result: &queries::ResultPayload,
    ) -> Result<bool, FarmError> {
        let mut connection = self.pool.acquire().await?;
        let recorded = queries::handle_results(&mut *connection, &[result], &worker.name)
            .await
            .map_err(engine)?;
        Ok(recorded > 0)
    }

    async fn hold_label(&self, label: &str) -> Result<LabelHold, FarmError> {
        // A connection of its own: the server lets go when it ends, as it does with the process.
        let mut connection = PgConnection::connect_with(&self.options).await?;
        let held: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(format!("zkroll farm worker {label}"))
            .fetch_one(&mut connection)
            .await?;
        if held {
            Ok(LabelHold::new(std::sync::Mutex::new(connection)))
        } else {
            Err(FarmError::WorkerRuns {
                label: label.to_owned(),
            })
        }
    }

    async fn bell(&self) -> Result<Bell, FarmError> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        Ok(Bell::Listener(Box::new(listener)))
    }

    /// The trigger has done it.
    async fn ring(&self) {}
}

impl_queue!(PostgresQueue, POSTGRES);

fn engine(error: apalis_postgres::Error) -> FarmError {
    match error {
        apalis_postgres::Error::Database(error) => error.into(),
        other => FarmError::Database(sqlx::Error::Protocol(other.to_string())),
    }
}
