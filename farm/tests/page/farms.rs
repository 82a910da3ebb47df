//! Farms that do not exist.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use zkroll_farm::http::Source;
use zkroll_farm::prover::{ProofReport, StageTime};
use zkroll_farm::{
    Class, FarmError, JobId, JobStatus, QueueName, QueueStatus, Snapshot, State, Throughput,
    WorkerStatus,
};

/// The start of a minute, when all snapshots were taken.
pub const NOW: u64 = 1_800_000_000;
pub const LEASE: Duration = Duration::from_secs(30);

/// What a job's error may hold, and what the page must not make of it.
pub const HOSTILE: &str = "failed: <script>document.title = 'owned'</script>\
    <img src=x onerror=\"document.title = 'owned'\">\nand more";

/// What a database answers.
#[derive(Clone)]
pub enum Answer {
    Snapshot(Snapshot),
    Refusal,
    Silence,
}

/// A database that gives these answers one after the other, and the last one for ever.
pub struct Farm {
    answers: Vec<Answer>,
    asked: AtomicUsize,
}

impl Farm {
    pub fn new(answers: &[Answer]) -> Self {
        Self {
            answers: answers.to_vec(),
            asked: AtomicUsize::new(0),
        }
    }
}

#[async_trait]
impl Source for Farm {
    async fn snapshot(&self) -> Result<Snapshot, FarmError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        match &self.answers[asked.min(self.answers.len() - 1)] {
            Answer::Snapshot(snapshot) => Ok(snapshot.clone()),
            Answer::Refusal => Err(FarmError::Database(sqlx::Error::PoolTimedOut)),
            Answer::Silence => std::future::pending().await,
        }
    }

    fn lease(&self) -> Duration {
        LEASE
    }
}

/// The queue of a key for a class of machines.
fn queue(class: Class) -> QueueStatus {
    QueueStatus {
        queue: name(class),
        verifying_key: "a5".repeat(32),
        class,
        waiting: 0,
        running: 0,
        done: 0,
        failed: 0,
        cancelled: 0,
        oldest_waiting_seconds: None,
    }
}

fn name(class: Class) -> String {
    let verifying_key = [0xa5; 32];
    QueueName {
        verifying_key,
        class,
    }
    .to_string()
}

/// The name of job `n`.
pub fn id(n: u8) -> JobId {
    JobId::new(&[0xa5; 32], &[n; 32])
}

fn job(n: u8, state: State) -> JobStatus {
    JobStatus {
        job: id(n),
        queue: name(Class::Standard),
        state,
        batch_number: 4200 + u64::from(n),
        attempts: 0,
        max_attempts: 3,
        submitted_at: NOW - 600,
        started_at: Some(NOW - 90),
        finished_at: None,
        worker: Some("rack-1/01JD0Z9V8W6T5R4Q3P2N1M0K9A".to_owned()),
        report: None,
        error: None,
    }
}

pub const fn nothing() -> Snapshot {
    Snapshot {
        time: NOW,
        queues: Vec::new(),
        workers: Vec::new(),
        jobs: Vec::new(),
        throughput: Vec::new(),
    }
}

/// Two queues, two workers of which one is lost, a job in every state.
pub fn busy() -> Snapshot {
    let worker = |label: &str, last_seen, job| WorkerStatus {
        name: label.to_owned(),
        queue: name(Class::Standard),
        prover: "ifma, 8 threads".to_owned(),
        started_at: NOW - 3700,
        last_seen,
        job,
    };
    let stage = |stage: &str, ms| StageTime {
        stage: stage.to_owned(),
        ms,
    };
    Snapshot {
        queues: vec![
            QueueStatus {
                waiting: 1234,
                running: 1,
                done: 56789,
                failed: 3,
                cancelled: 2,
                oldest_waiting_seconds: Some(754),
                ..queue(Class::Standard)
            },
            QueueStatus {
                done: 12,
                ..queue(Class::Large)
            },
        ],
        workers: vec![
            // At the lease's very end, and beyond it.
            worker(
                "rack-1/01JD0Z9V8W6T5R4Q3P2N1M0K9A",
                NOW - LEASE.as_secs(),
                Some(id(5)),
            ),
            worker(
                "rack-2/01JD0Z9V8W6T5R4Q3P2N1M0K9B",
                NOW - LEASE.as_secs() - 1,
                None,
            ),
        ],
        jobs: vec![
            JobStatus {
                attempts: 1,
                ..job(5, State::Running)
            },
            JobStatus {
                attempts: 3,
                finished_at: Some(NOW - 60),
                error: Some(HOSTILE.to_owned()),
                ..job(4, State::Failed)
            },
            JobStatus {
                attempts: 1,
                error: Some("failed: device lost".to_owned()),
                ..job(3, State::Waiting)
            },
            JobStatus {
                started_at: None,
                worker: None,
                finished_at: Some(NOW - 70),
                ..job(2, State::Cancelled)
            },
            JobStatus {
                finished_at: Some(NOW - 80),
                report: Some(ProofReport {
                    backend: "ifma".to_owned(),
                    threads: 8,
                    witness_ms: 250.0,
                    prove_ms: 1500.0,
                    stages: vec![stage("quotient", 400.0), stage("msm_h", 1100.0)],
                }),
                ..job(1, State::Done)
            },
        ],
        throughput: vec![
            // Out of the page's hour.
            minute(60, 1000, 1000),
            minute(59, 4, 0),
            minute(10, 3, 1),
            minute(0, 0, 2),
        ],
        ..nothing()
    }
}

/// What ended in a minute so long ago.
fn minute(ago: u64, done: u64, failed: u64) -> Throughput {
    Throughput {
        minute: NOW - 60 * ago,
        done,
        failed,
    }
}
