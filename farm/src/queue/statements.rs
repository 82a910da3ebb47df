//! The statements for which apalis has no query, once for both databases.
//!
//! The databases differ in the names of the tables, in how they keep times, and in the type of the column with the
//! result. [`Dialect`] has these; the text of a statement and the reading of its rows are the same.

use sqlx::{AssertSqlSafe, ColumnIndex, Decode, Type};

use super::{Row, failure};
use crate::error::FarmError;
use crate::job::{QueueName, State};
use crate::snapshot::{QueueStatus, Throughput, WorkerStatus};

/// What differs.
pub(super) struct Dialect {
    pub jobs: &'static str,
    pub workers: &'static str,
    /// Unix seconds of the column in the braces, rounded down.
    epoch: &'static str,
    /// A time out of the Unix seconds in the braces.
    time: &'static str,
    /// JSON out of the text in the braces.
    json: &'static str,
}

pub(super) const SQLITE: Dialect = Dialect {
    jobs: "Jobs",
    workers: "Workers",
    epoch: "CAST({} AS INTEGER)",
    time: "{}",
    json: "{}",
};

pub(super) const POSTGRES: Dialect = Dialect {
    jobs: "apalis.jobs",
    workers: "apalis.workers",
    epoch: "CAST(FLOOR(EXTRACT(EPOCH FROM {})) AS BIGINT)",
    time: "to_timestamp({})",
    json: "CAST({} AS JSONB)",
};

/// The queues of this crate.
const OURS: &str = "LIKE 'zkroll/%'";
/// A job that a worker has.
const ACTIVE: &str = "status IN ('Queued', 'Running')";
/// A job whose latest start ended.
const STOPPED: &str = "status IN ('Done', 'Failed', 'Killed') AND done_at IS NOT NULL";
/// A failed job that waits.
const TO_RETRY: &str = "status = 'Failed' AND attempts < max_attempts";
/// A job of which nothing more is to come by itself.
const ENDED: &str =
    "(status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))";

impl Dialect {
    fn epoch(&self, column: &str) -> String {
        self.epoch.replace("{}", column)
    }

    fn time(&self, seconds: &str) -> String {
        self.time.replace("{}", seconds)
    }

    fn json(&self, text: &str) -> String {
        self.json.replace("{}", text)
    }

    /// The columns that [`row`] reads.
    fn columns(&self) -> String {
        format!(
            "idempotency_key, job_type, status, CAST(attempts AS BIGINT), CAST(max_attempts AS BIGINT), job, \
             CAST(last_result AS TEXT), lock_by, {}, {}, {}",
            self.epoch("run_at"),
            self.epoch("lock_at"),
            self.epoch("done_at"),
        )
    }

    /// $1: name, $2 and $3: queues.
    pub fn find(&self) -> Statement {
        let (jobs, columns) = (self.jobs, self.columns());
        statement(format!(
            "SELECT {columns} FROM {jobs} WHERE idempotency_key = $1 AND job_type IN ($2, $3)"
        ))
    }

    /// $1: name, $2 and $3: queues, $4: now.
    pub fn cancel(&self) -> Statement {
        let (jobs, now) = (self.jobs, self.time("$4"));
        let reason = self.json(&format!("'{}'", failure("cancelled")));
        // Without a holder: what the worker that had it says of it is not heard.
        statement(format!(
            "UPDATE {jobs} SET status = 'Killed', lock_by = NULL, done_at = {now}, last_result = {reason} \
             WHERE idempotency_key = $1 AND job_type IN ($2, $3) AND NOT {ENDED}"
        ))
    }

    /// $1: name, $2 and $3: queues.
    pub fn retry(&self) -> Statement {
        let jobs = self.jobs;
        statement(format!(
            "UPDATE {jobs} SET status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, done_at = NULL \
             WHERE idempotency_key = $1 AND job_type IN ($2, $3) AND {ENDED}"
        ))
    }

    /// $1: queue. Twice, so that each part has an index.
    pub fn waiting(&self) -> Statement {
        let jobs = self.jobs;
        statement(format!(
            "SELECT (SELECT COUNT(*) FROM {jobs} WHERE job_type = $1 AND status = 'Pending') + \
             (SELECT COUNT(*) FROM {jobs} WHERE job_type = $1 AND {TO_RETRY})"
        ))
    }

    /// What keeps the statements below from looking at every job that waits. apalis' own indexes are for taking jobs.
    pub fn indexes(&self) -> [Statement; 3] {
        let jobs = self.jobs;
        [
            format!("active ON {jobs} (lock_at) WHERE {ACTIVE}"),
            format!("ended ON {jobs} (done_at DESC, id DESC) WHERE {STOPPED}"),
            format!("to_retry ON {jobs} (job_type) WHERE {TO_RETRY}"),
        ]
        .map(|index| statement(format!("CREATE INDEX IF NOT EXISTS zkroll_farm_{index}")))
    }

    /// Rows of queue, status, number, the earliest `run_at`: one scan, of an index where there is one.
    pub fn counts(&self) -> Statement {
        let (jobs, run_at) = (self.jobs, self.epoch("MIN(run_at)"));
        statement(format!(
            "SELECT job_type, status, COUNT(*), {run_at} FROM {jobs} WHERE job_type {OURS} GROUP BY job_type, status"
        ))
    }

    /// Rows of queue, number: those among the failed that wait.
    pub fn counts_to_retry(&self) -> Statement {
        let jobs = self.jobs;
        statement(format!(
            "SELECT job_type, COUNT(*) FROM {jobs} WHERE job_type {OURS} AND {TO_RETRY} GROUP BY job_type"
        ))
    }

    /// Rows of the queues that have workers.
    pub fn worker_queues(&self) -> Statement {
        let workers = self.workers;
        statement(format!(
            "SELECT DISTINCT worker_type FROM {workers} WHERE worker_type {OURS}"
        ))
    }

    /// $1: since when. Rows of what [`worker`] reads.
    pub fn workers(&self) -> Statement {
        let Self { jobs, workers, .. } = self;
        let (started, seen) = (
            self.epoch("COALESCE(started_at, last_seen)"),
            self.epoch("last_seen"),
        );
        let since = self.time("$1");
        statement(format!(
            "SELECT id, worker_type, storage_name, {started}, {seen}, (SELECT MIN(idempotency_key) FROM {jobs} \
             WHERE lock_by = {workers}.id AND status IN ('Queued', 'Running')) \
             FROM {workers} WHERE worker_type {OURS} AND last_seen > {since} ORDER BY last_seen DESC, id"
        ))
    }

    /// The jobs that run.
    pub fn running(&self) -> Statement {
        let (jobs, columns) = (self.jobs, self.columns());
        statement(format!(
            "SELECT {columns} FROM {jobs} WHERE job_type {OURS} AND {ACTIVE} ORDER BY lock_at"
        ))
    }

    /// $1: how many. The jobs that ended last, whatever else is to come of them.
    pub fn ended(&self) -> Statement {
        let (jobs, columns) = (self.jobs, self.columns());
        statement(format!(
            "SELECT {columns} FROM {jobs} WHERE job_type {OURS} AND {STOPPED} \
             ORDER BY done_at DESC, id DESC LIMIT $1"
        ))
    }

    /// $1: since when. Rows of minute, status, number.
    pub fn throughput(&self) -> Statement {
        let (jobs, done, since) = (self.jobs, self.epoch("done_at"), self.time("$1"));
        statement(format!(
            "SELECT {done} / 60, status, COUNT(*) FROM {jobs} WHERE job_type {OURS} AND {STOPPED} \
             AND done_at > {since} AND {ENDED} GROUP BY 1, 2 ORDER BY 1"
        ))
    }

    /// $1: before when, $2: how many at most.
    pub fn prune(&self) -> Statement {
        let (jobs, columns, before) = (self.jobs, self.columns(), self.time("$1"));
        statement(format!(
            "DELETE FROM {jobs} WHERE id IN (SELECT id FROM {jobs} WHERE job_type {OURS} AND {STOPPED} \
             AND {ENDED} AND done_at < {before} LIMIT $2) RETURNING {columns}"
        ))
    }

    /// $1: before when.
    pub fn prune_workers(&self) -> Statement {
        let Self { jobs, workers, .. } = self;
        let before = self.time("$1");
        statement(format!(
            "DELETE FROM {workers} WHERE worker_type {OURS} AND last_seen < {before} \
             AND NOT EXISTS (SELECT 1 FROM {jobs} WHERE lock_by = {workers}.id)"
        ))
    }

    /// $1: the row, $2: the worker that has it, $3: the other queue, $4: why.
    pub fn transfer(&self) -> Statement {
        let (jobs, reason) = (self.jobs, self.json("$4"));
        statement(format!(
            "UPDATE {jobs} SET job_type = $3, status = 'Pending', attempts = 0, lock_by = NULL, lock_at = NULL, \
             last_result = {reason} WHERE id = $1 AND lock_by = $2"
        ))
    }

    /// $1: the row, $2: the worker that has it, $3: why.
    pub fn put_back(&self) -> Statement {
        let (jobs, reason) = (self.jobs, self.json("$3"));
        statement(format!(
            "UPDATE {jobs} SET status = 'Pending', lock_by = NULL, lock_at = NULL, last_result = {reason} \
             WHERE id = $1 AND lock_by = $2"
        ))
    }

    /// $1: queue, $2: what the names of the dead start with, $3: who is not dead.
    pub fn reclaim(&self) -> Statement {
        let jobs = self.jobs;
        let reason = self.json(&format!("'{}'", failure("its worker was started anew")));
        statement(format!(
            "UPDATE {jobs} SET status = 'Pending', attempts = attempts + 1, lock_by = NULL, lock_at = NULL, \
             last_result = {reason} WHERE job_type = $1 AND status IN ('Queued', 'Running') \
             AND SUBSTR(lock_by, 1, LENGTH($2)) = $2 AND lock_by <> $3"
        ))
    }
}

/// A statement without anything of a caller in its text.
type Statement = AssertSqlSafe<String>;

fn statement(text: String) -> Statement {
    AssertSqlSafe(text)
}

/// How a row of apalis stands.
fn state(status: &str, attempts: u64, max_attempts: u64) -> Result<State, FarmError> {
    Ok(match status {
        "Pending" => State::Waiting,
        "Queued" | "Running" => State::Running,
        "Done" => State::Done,
        "Failed" if attempts < max_attempts => State::Waiting,
        "Failed" => State::Failed,
        "Killed" => State::Cancelled,
        _ => {
            return Err(FarmError::Payload {
                reason: format!("expected a status of apalis, got {status:?}"),
            });
        }
    })
}

/// Negative numbers, which nobody writes, are zero.
fn unsigned(number: i64) -> u64 {
    number.try_into().unwrap_or_default()
}

/// Reads the columns of [`Dialect::columns`].
pub(super) fn row<'r, R>(row: &'r R) -> Result<Row, FarmError>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let malformed = |reason| FarmError::Payload { reason };
    let id: String = row.try_get(0)?;
    let status: String = row.try_get(2)?;
    let attempts = unsigned(row.try_get(3)?);
    let max_attempts = unsigned(row.try_get(4)?);
    let time = |column: usize| -> Result<Option<u64>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(column)?.map(unsigned))
    };
    Ok(Row {
        id: id.parse().map_err(malformed)?,
        queue: row.try_get(1)?,
        state: state(&status, attempts, max_attempts)?,
        payload: row.try_get(5)?,
        attempts,
        max_attempts,
        result: row.try_get(6)?,
        worker: row.try_get(7)?,
        submitted_at: time(8)?.unwrap_or_default() + super::CLOCK_SKEW,
        started_at: time(9)?,
        finished_at: time(10)?,
    })
}

/// Reads the columns of [`Dialect::workers`].
pub(super) fn worker<'r, R>(row: &'r R) -> Result<WorkerStatus, FarmError>
where
    R: sqlx::Row,
    usize: ColumnIndex<R>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    let job: Option<String> = row.try_get(5)?;
    Ok(WorkerStatus {
        name: row.try_get(0)?,
        queue: row.try_get(1)?,
        prover: row.try_get(2)?,
        started_at: unsigned(row.try_get(3)?),
        last_seen: unsigned(row.try_get(4)?),
        job: job
            .map(|job| job.parse())
            .transpose()
            .map_err(|reason| FarmError::Payload { reason })?,
    })
}

/// Adds up [`Dialect::counts`], [`Dialect::counts_to_retry`] and [`Dialect::worker_queues`].
pub(super) fn queues(
    now: u64,
    counts: Vec<(String, String, i64, i64)>,
    to_retry: Vec<(String, i64)>,
    with_workers: Vec<(String,)>,
) -> Result<Vec<QueueStatus>, FarmError> {
    let mut queues = std::collections::BTreeMap::new();
    let names = counts.iter().map(|(queue, ..)| queue);
    for name in names.chain(with_workers.iter().map(|(queue,)| queue)) {
        let queue: QueueName = name.parse()?;
        queues.entry(name.clone()).or_insert(QueueStatus {
            queue: name.clone(),
            verifying_key: hex::encode(queue.verifying_key),
            class: queue.class,
            waiting: 0,
            running: 0,
            done: 0,
            failed: 0,
            cancelled: 0,
            oldest_waiting_seconds: None,
        });
    }
    for (name, status, count, run_at) in counts {
        if let Some(queue) = queues.get_mut(&name) {
            let count = unsigned(count);
            match state(&status, 1, 1)? {
                State::Waiting => {
                    queue.waiting += count;
                    let submitted_at = unsigned(run_at) + super::CLOCK_SKEW;
                    queue.oldest_waiting_seconds = Some(now.saturating_sub(submitted_at));
                }
                State::Running => queue.running += count,
                State::Done => queue.done += count,
                State::Failed => queue.failed += count,
                State::Cancelled => queue.cancelled += count,
            }
        }
    }
    for (name, count) in to_retry {
        if let Some(queue) = queues.get_mut(&name) {
            let count = unsigned(count);
            queue.failed = queue.failed.saturating_sub(count);
            queue.waiting += count;
        }
    }
    Ok(queues.into_values().collect())
}

/// Adds up [`Dialect::throughput`].
pub(super) fn throughput(rows: Vec<(i64, String, i64)>) -> Vec<Throughput> {
    let mut minutes: Vec<Throughput> = Vec::new();
    for (minute, status, count) in rows {
        let minute = unsigned(minute) * 60;
        if minutes.last().is_none_or(|last| last.minute != minute) {
            minutes.push(Throughput {
                minute,
                done: 0,
                failed: 0,
            });
        }
        if let Some(last) = minutes.last_mut() {
            match status.as_str() {
                "Done" => last.done += unsigned(count),
                "Failed" => last.failed += unsigned(count),
                _ => {}
            }
        }
    }
    minutes
}

/// Implements [`Queue`](super::Queue) for a type with a `pool`: what is the same statements on both databases here, the
/// rest by the type's own functions of the same names.
macro_rules! impl_queue {
    ($queue:ty, $dialect:expr) => {
        #[async_trait]
        impl Queue for $queue {
            async fn push(
                &self,
                queue: &QueueName,
                jobs: Vec<NewJob>,
            ) -> Result<HashSet<JobId>, FarmError> {
                <$queue>::push(self, queue, jobs).await
            }

            async fn register(&self, worker: &Registration) -> Result<(), FarmError> {
                <$queue>::register(self, worker).await
            }

            async fn beat(&self, worker: &Registration) -> Result<(), FarmError> {
                <$queue>::beat(self, worker).await
            }

            async fn take(&self, worker: &Registration) -> Result<Option<Taken>, FarmError> {
                <$queue>::take(self, worker).await
            }

            async fn hold_label(&self, label: &str) -> Result<LabelHold, FarmError> {
                <$queue>::hold_label(self, label).await
            }

            async fn bell(&self) -> Result<Bell, FarmError> {
                <$queue>::bell(self).await
            }

            async fn ring(&self) {
                <$queue>::ring(self).await;
            }

            async fn finish(
                &self,
                worker: &Registration,
                job: &Taken,
                outcome: Outcome,
            ) -> Result<bool, FarmError> {
                match outcome {
                    Outcome::Moved(queue, reason) => {
                        let done = sqlx::query($dialect.transfer())
                            .bind(job.task.to_string())
                            .bind(&worker.name)
                            .bind(queue.to_string())
                            .bind(failure(&reason))
                            .execute(&self.pool)
                            .await?;
                        Ok(done.rows_affected() > 0)
                    }
                    Outcome::PutBack(reason) => {
                        let done = sqlx::query($dialect.put_back())
                            .bind(job.task.to_string())
                            .bind(&worker.name)
                            .bind(failure(&reason))
                            .execute(&self.pool)
                            .await?;
                        Ok(done.rows_affected() > 0)
                    }
                    Outcome::Done(report) => {
                        let result = acknowledgement(job, Ok(report), false);
                        self.acknowledge(worker, &result).await
                    }
                    Outcome::Failed(reason) => {
                        let result = acknowledgement(job, Err(reason), false);
                        self.acknowledge(worker, &result).await
                    }
                    Outcome::GivenUp(reason) => {
                        let result = acknowledgement(job, Err(reason), true);
                        self.acknowledge(worker, &result).await
                    }
                }
            }

            async fn find(&self, key: &[u8; 32], id: &JobId) -> Result<Option<Row>, FarmError> {
                let [standard, large] = queues_of(key);
                let row = sqlx::query($dialect.find())
                    .bind(id.to_string())
                    .bind(standard)
                    .bind(large)
                    .fetch_optional(&self.pool)
                    .await?;
                row.as_ref().map(statements::row).transpose()
            }

            async fn cancel(&self, key: &[u8; 32], id: &JobId) -> Result<bool, FarmError> {
                let [standard, large] = queues_of(key);
                let done = sqlx::query($dialect.cancel())
                    .bind(id.to_string())
                    .bind(standard)
                    .bind(large)
                    .bind(unix_time() as i64)
                    .execute(&self.pool)
                    .await?;
                Ok(done.rows_affected() > 0)
            }

            async fn retry(&self, key: &[u8; 32], id: &JobId) -> Result<bool, FarmError> {
                let [standard, large] = queues_of(key);
                let done = sqlx::query($dialect.retry())
                    .bind(id.to_string())
                    .bind(standard)
                    .bind(large)
                    .execute(&self.pool)
                    .await?;
                Ok(done.rows_affected() > 0)
            }

            async fn waiting(&self, queue: &QueueName) -> Result<u64, FarmError> {
                let count: i64 = sqlx::query_scalar($dialect.waiting())
                    .bind(queue.to_string())
                    .fetch_one(&self.pool)
                    .await?;
                Ok(count.try_into().unwrap_or_default())
            }

            async fn queues(&self, now: u64) -> Result<Vec<QueueStatus>, FarmError> {
                let mut connection = self.pool.acquire().await?;
                let counts = sqlx::query_as($dialect.counts()).fetch_all(&mut *connection);
                let counts = counts.await?;
                let retry = sqlx::query_as($dialect.counts_to_retry()).fetch_all(&mut *connection);
                let retry = retry.await?;
                let workers = sqlx::query_as($dialect.worker_queues()).fetch_all(&mut *connection);
                statements::queues(now, counts, retry, workers.await?)
            }

            async fn workers(&self, since: u64) -> Result<Vec<WorkerStatus>, FarmError> {
                let rows = sqlx::query($dialect.workers())
                    .bind(since as i64)
                    .fetch_all(&self.pool)
                    .await?;
                rows.iter().map(statements::worker).collect()
            }

            async fn jobs(&self, limit: u32) -> Result<Vec<Row>, FarmError> {
                let mut rows = sqlx::query($dialect.running())
                    .fetch_all(&self.pool)
                    .await?;
                let ended = sqlx::query($dialect.ended())
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await?;
                rows.extend(ended);
                rows.iter().map(statements::row).collect()
            }

            async fn throughput(&self, since: u64) -> Result<Vec<Throughput>, FarmError> {
                let rows = sqlx::query_as($dialect.throughput())
                    .bind(since as i64)
                    .fetch_all(&self.pool)
                    .await?;
                Ok(statements::throughput(rows))
            }

            async fn prune(&self, before: u64, limit: u32) -> Result<Vec<Row>, FarmError> {
                let rows = sqlx::query($dialect.prune())
                    .bind(before as i64)
                    .bind(i64::from(limit))
                    .fetch_all(&self.pool)
                    .await?;
                sqlx::query($dialect.prune_workers())
                    .bind(before as i64)
                    .execute(&self.pool)
                    .await?;
                rows.iter().map(statements::row).collect()
            }

            async fn reclaim(&self, worker: &Registration, label: &str) -> Result<u64, FarmError> {
                let done = sqlx::query($dialect.reclaim())
                    .bind(worker.queue.to_string())
                    .bind(format!("{label}/"))
                    .bind(&worker.name)
                    .execute(&self.pool)
                    .await?;
                Ok(done.rows_affected())
            }
        }
    };
}

/// The names of a key's queues.
pub(super) fn queues_of(verifying_key: &[u8; 32]) -> [String; 2] {
    let standard = QueueName::standard(*verifying_key);
    [standard, standard.large()].map(|queue| queue.to_string())
}

pub(super) use impl_queue;
