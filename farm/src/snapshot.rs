//! What a farm does now, as the status page, `zkroll farm status --json` and the metrics show it.

use serde::{Deserialize, Serialize};

use crate::job::{Class, JobId, State};
use crate::prover::ProofReport;

/// A farm at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When it was taken, Unix time in seconds.
    pub time: u64,
    /// Every queue that a job was ever put into or a worker registered for.
    pub queues: Vec<QueueStatus>,
    /// Workers that were alive within the last hour, the latest first.
    pub workers: Vec<WorkerStatus>,
    /// The jobs that are running, then those that ended, the latest first.
    pub jobs: Vec<JobStatus>,
    /// Jobs that ended in each minute of the last hour that has one, in order.
    pub throughput: Vec<Throughput>,
}

/// A queue: the jobs of one verifying key for one class of machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueStatus {
    /// Its name in the database.
    pub queue: String,
    /// The hash of the verifying key, 64 hexadecimal digits.
    pub verifying_key: String,
    /// The machines that it is for.
    pub class: Class,
    /// Jobs that wait for a worker.
    pub waiting: u64,
    /// Jobs that a worker has.
    pub running: u64,
    /// Jobs whose proof is stored.
    pub done: u64,
    /// Jobs that were given up.
    pub failed: u64,
    /// Jobs that somebody cancelled.
    pub cancelled: u64,
    /// Seconds since the oldest waiting job was submitted; `None` if none waits.
    pub oldest_waiting_seconds: Option<u64>,
}

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Its name, unique to the process: `LABEL/ULID`.
    pub name: String,
    /// The queue that it works for.
    pub queue: String,
    /// What it proves with.
    pub prover: String,
    /// When it started, Unix time in seconds.
    pub started_at: u64,
    /// Its last heartbeat, Unix time in seconds.
    pub last_seen: u64,
    /// The job that it has.
    pub job: Option<JobId>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobStatus {
    /// Its name.
    pub job: JobId,
    /// The queue that it is in.
    pub queue: String,
    /// How it stands.
    pub state: State,
    /// The batch's number.
    pub batch_number: u64,
    /// Starts that ended, well or not; one that runs is not counted. All that it may have, if it was refused.
    pub attempts: u64,
    /// How often it may be started.
    pub max_attempts: u64,
    /// When it was submitted, Unix time in seconds.
    pub submitted_at: u64,
    /// When its latest start was, Unix time in seconds.
    pub started_at: Option<u64>,
    /// When it ended, Unix time in seconds.
    pub finished_at: Option<u64>,
    /// The worker that has it or had it last.
    pub worker: Option<String>,
    /// Of a job that is done: how the proof went.
    pub report: Option<ProofReport>,
    /// Why the latest start failed, or the job was given up.
    pub error: Option<String>,
}

/// The jobs that ended in a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throughput {
    /// The minute's start, Unix time in seconds.
    pub minute: u64,
    /// Proved.
    pub done: u64,
    /// Given up.
    pub failed: u64,
}
