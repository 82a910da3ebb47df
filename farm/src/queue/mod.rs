//! The queue: apalis' tables in a database, and what a farm does with them.
//!
//! [`Queue`] is what the client and the worker see; `sqlite` and `postgres` say how. What a worker does to a row
//! (register, beat, take, acknowledge, put back what the dead had) are apalis' own queries; what apalis has no query
//! for is in `statements`, once for both.

mod bell;
mod connect;
mod postgres;
mod sqlite;
mod statements;

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;

pub(crate) use bell::Bell;
pub(crate) use connect::connect;

use crate::error::FarmError;
use crate::job::{JobId, QueueName, State};
use crate::snapshot::{QueueStatus, Throughput, WorkerStatus};

/// A job to be put in.
#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub id: JobId,
    /// Lower numbers first.
    pub batch_number: u64,
    pub max_attempts: u32,
    /// JSON of a [`Payload`](crate::job::Payload).
    pub payload: Vec<u8>,
}

/// A job that a worker was given.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    /// apalis' name of the row.
    pub task: apalis_core::task::task_id::TaskId,
    pub id: JobId,
    pub payload: Vec<u8>,
    /// Starts before this one.
    pub attempts: u64,
    pub max_attempts: u64,
    pub submitted_at: u64,
}

/// What a worker says of a job that it had.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// JSON of a [`ProofReport`](crate::prover::ProofReport).
    Done(serde_json::Value),
    /// It may be tried again.
    Failed(String),
    /// It is given up.
    GivenUp(String),
    /// It waits again, and the start does not count: nothing was wrong with the job.
    PutBack(String),
    /// Another class of machines is to try it, with all its attempts, for the reason given.
    Moved(QueueName, String),
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub id: JobId,
    pub queue: String,
    pub state: State,
    pub payload: Vec<u8>,
    pub attempts: u64,
    pub max_attempts: u64,
    pub submitted_at: u64,
    pub started_at: Option<u64>,
    pub finished_at: Option<u64>,
    pub worker: Option<String>,
    /// `{"Ok": ..}` or `{"Err": "..."}`, as apalis writes it.
    pub result: Option<String>,
}

/// How a worker is known.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub queue: QueueName,
    /// Unique to the process.
    pub name: String,
    /// What it proves with.
    pub prover: String,
    /// A worker that has not been seen for so long is dead.
    pub lease: Duration,
}

/// A queue in a database. Every method is one transaction at most.
#[async_trait]
pub(crate) trait Queue: Send + Sync {
    /// Puts jobs in, and returns those that were not there.
    async fn push(&self, queue: &QueueName, jobs: Vec<NewJob>)
    -> Result<HashSet<JobId>, FarmError>;

    /// A job of a verifying key, whichever class of machines it is with.
    async fn find(&self, verifying_key: &[u8; 32], id: &JobId) -> Result<Option<Row>, FarmError>;

    /// Makes a job that has not ended cancelled; false if there is none.
    async fn cancel(&self, verifying_key: &[u8; 32], id: &JobId) -> Result<bool, FarmError>;

    /// Makes a job that ended, with a proof or without, wait anew with all its attempts; false if there is none.
    async fn retry(&self, verifying_key: &[u8; 32], id: &JobId) -> Result<bool, FarmError>;

    /// Jobs that wait in a queue.
    async fn waiting(&self, queue: &QueueName) -> Result<u64, FarmError>;

    /// Every queue of this crate. `now` is Unix time in seconds.
    async fn queues(&self, now: u64) -> Result<Vec<QueueStatus>, FarmError>;

    /// Workers that were seen after `since`.
    async fn workers(&self, since: u64) -> Result<Vec<WorkerStatus>, FarmError>;

    /// Jobs that run, and the `limit` that ended last.
    async fn jobs(&self, limit: u32) -> Result<Vec<Row>, FarmError>;

    /// Jobs that ended after `since`, by minutes.
    async fn throughput(&self, since: u64) -> Result<Vec<Throughput>, FarmError>;

    /// Removes jobs that ended before `before`, at most `limit`, and returns them; workers that nobody remembers go
    /// too.
    async fn prune(&self, before: u64, limit: u32) -> Result<Vec<Row>, FarmError>;

    /// Makes a worker known.
    async fn register(&self, worker: &Registration) -> Result<(), FarmError>;

    /// Says that a worker lives, and puts back the jobs of those that do not.
    async fn beat(&self, worker: &Registration) -> Result<(), FarmError>;

    /// Gives a worker the next job.
    async fn take(&self, worker: &Registration) -> Result<Option<Taken>, FarmError>;

    /// Records how a job ended; false if the worker does not have it any more, and then nothing is recorded.
    async fn finish(
        &self,
        worker: &Registration,
        job: &Taken,
        outcome: Outcome,
    ) -> Result<bool, FarmError>;

    /// Puts back all that workers named `label/..` have, this one excepted, as if they were dead.
    async fn reclaim(&self, worker: &Registration, label: &str) -> Result<u64, FarmError>;

    /// Holds a worker's label for as long as the returned value lives.
    async fn hold_label(&self, label: &str) -> Result<LabelHold, FarmError>;

    /// What rings when jobs are put in.
    async fn bell(&self) -> Result<Bell, FarmError>;

    /// Rings it.
    async fn ring(&self);
}

/// A worker's label, held: whatever ends the process lets go of it.
pub(crate) struct LabelHold {
    _held: Box<dyn Send + Sync>,
}

impl LabelHold {
    fn new(held: impl Send + Sync + 'static) -> Self {
        Self {
            _held: Box::new(held),
        }
    }
}

/// How much the clocks of the machines may differ: so long before its submission a job may run, because the
/// database would make it wait for its own clock otherwise.
const CLOCK_SKEW: u64 = 60;

/// apalis orders by priority, the highest first; batches are to be proved by number, the lowest first.
fn priority(batch_number: u64) -> usize {
    (i32::MAX as u64 - batch_number.min(i32::MAX as u64)) as usize
}

/// Those of the jobs that are not known, each once, as apalis wants them.
fn new_tasks(
    jobs: Vec<NewJob>,
    known: &[String],
) -> (HashSet<JobId>, Vec<apalis_core::task::Task<Vec<u8>>>) {
    let now = unix_time();
    let known: HashSet<JobId> = known.iter().filter_map(|name| name.parse().ok()).collect();
    let mut new = HashSet::new();
    let jobs = jobs.into_iter();
    let tasks = jobs
        .filter(|job| !known.contains(&job.id) && new.insert(job.id))
        .map(|job| task(job, now))
        .collect();
    (new, tasks)
}

/// A new job as apalis wants it.
fn task(job: NewJob, now: u64) -> apalis_core::task::Task<Vec<u8>> {
    apalis_core::task::builder::TaskBuilder::new(job.payload)
        .task_id(apalis_core::task::task_id::TaskId::from_ulid(
            ulid::Ulid::generate(),
        ))
        .idempotency_key(job.id.to_string())
        .max_attempts(job.max_attempts as usize)
        .priority(priority(job.batch_number))
        .run_at_timestamp(now.saturating_sub(CLOCK_SKEW))
        .build()
}

/// A job as apalis hands it out.
fn taken(task: &apalis_core::task::Task<Vec<u8>>) -> Result<Taken, FarmError> {
    let malformed = |reason: &str| FarmError::Payload {
        reason: reason.to_owned(),
    };
    let key = task
        .idempotency_key()
        .ok_or_else(|| malformed("expected a job's name, got none"))?;
    Ok(Taken {
        task: task
            .task_id()
            .cloned()
            .ok_or_else(|| malformed("expected a row's name, got none"))?,
        id: key.parse().map_err(|reason: String| malformed(&reason))?,
        payload: task.args.clone(),
        attempts: task.attempt() as u64,
        max_attempts: task.max_attempts().unwrap_or(1) as u64,
        submitted_at: task.run_at().unwrap_or_default() + CLOCK_SKEW,
    })
}

/// What apalis writes when a worker has ended a job in its queue.
fn acknowledgement(
    job: &Taken,
    result: Result<serde_json::Value, String>,
    give_up: bool,
) -> apalis_core::backend::TaskResult<serde_json::Value> {
    use apalis_core::task::status::Status;

    let starts = job.attempts + 1;
    let (status, attempt) = match &result {
        Ok(_) => (Status::Done, starts),
        // apalis starts a failed job again while it has attempts left: whoever gives up uses up all of them.
        Err(_) if give_up => (Status::Failed, job.attempts.max(job.max_attempts)),
        Err(_) => (Status::Failed, starts),
    };
    apalis_core::backend::TaskResult {
        task_id: job.task.clone(),
        attempt: attempt as usize,
        status,
        result,
    }
}

/// How apalis writes that a job failed, for the rows that it has no query to write.
fn failure(reason: &str) -> String {
    serde_json::json!({ "Err": reason }).to_string()
}

/// Unix time in seconds.
pub(crate) fn unix_time() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |time| time.as_secs())
}
