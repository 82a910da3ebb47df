//! What Prometheus reads: what this process did, and how the farm stands.
//!
//! Times are in seconds. Every process that serves metrics says the same of the farm, which it reads from the database
//! when it is asked, so a query takes the `max` of these gauges, never their `sum`; counters and histograms are the
//! process's own and add up.
//!
//! | metric | of | is |
//! |---|---|---|
//! | `zkroll_farm_jobs{queue,state}` | the farm | jobs in each state |
//! | `zkroll_farm_oldest_waiting_seconds{queue}` | the farm | age of the oldest waiting job, 0 if none waits |
//! | `zkroll_farm_workers{queue}` | the farm | workers heard of within the lease |
//! | `zkroll_farm_starts_total{queue}` | the process | batches whose proof was begun |
//! | `zkroll_farm_outcomes_total{queue,outcome}` | the process | how starts ended, see [`Outcome`] |
//! | `zkroll_farm_attempts` | the process | starts that a proved batch took |
//! | `zkroll_farm_queue_seconds` | the process | from a batch's submission to a start |
//! | `zkroll_farm_proof_seconds{backend}` | the process | a proof without its witness |
//! | `zkroll_farm_stage_seconds{backend,stage}` | the process | the witness, and each stage of a proof |
//! | `zkroll_farm_key_load_seconds` | the process | how long the key took to load; absent without one |
//! | `zkroll_farm_database_errors_total` | the process | calls that the database refused or did not answer |

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets, linear_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::prover::ProofReport;
use crate::snapshot::Snapshot;

/// The form of [`Metrics::encode`], as HTTP names it.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How a start of a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Its proof is stored.
    Done,
    /// The job was given up.
    Failed,
    /// It failed, and may be started again.
    Retried,
    /// The memory did not suffice: the job went to the queue of bigger machines.
    Moved,
    /// It waits again: prover or store could not be reached.
    PutBack,
    /// The job is no longer this worker's: the lease ran out, or somebody cancelled it.
    LeaseLost,
}

impl Outcome {
    /// Its label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Retried => "retried",
            Self::Moved => "moved",
            Self::PutBack => "put_back",
            Self::LeaseLost => "lease_lost",
        }
    }
}

/// What a process counts, from its start on.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    starts: Family<QueueLabels, Counter>,
    outcomes: Family<OutcomeLabels, Counter>,
    attempts: Histogram,
    queue: Histogram,
    proof: Family<BackendLabels, Histogram, fn() -> Histogram>,
    stage: Family<StageLabels, Histogram, fn() -> Histogram>,
    /// A family of one, which is not there before the key is.
    key_load: Family<[(&'static str, &'static str); 0], Gauge<f64, AtomicU64>>,
    database_errors: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct QueueLabels {
    queue: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    queue: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    queue: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BackendLabels {
    backend: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    backend: String,
    stage: String,
}

/// What the names of all metrics begin with.
const PREFIX: &str = "zkroll_farm";

/// From a quarter of a second, a small batch on a GPU, to half an hour.
fn proof_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.25, 2.0, 14))
}

/// From 4 ms to 17 minutes.
fn stage_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.004, 4.0, 10))
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            starts: Family::default(),
            outcomes: Family::default(),
            attempts: Histogram::new(linear_buckets(1.0, 1.0, 5)),
            // From a second to four and a half hours: a batch that waits for that long needs more workers.
            queue: Histogram::new(exponential_buckets(1.0, 4.0, 8)),
            proof: Family::new_with_constructor(proof_histogram),
            stage: Family::new_with_constructor(stage_histogram),
            key_load: Family::default(),
            database_errors: Counter::default(),
        };
        metrics.registered()
    }
}

impl Metrics {
    /// Gives the metrics their names.
    fn registered(mut self) -> Self {
        let registry = &mut self.registry;
        registry.register(
            "starts",
            "Batches whose proof was begun",
            self.starts.clone(),
        );
        registry.register("outcomes", "How starts ended", self.outcomes.clone());
        registry.register(
            "attempts",
            "Starts that a proved batch took",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "queue",
            "From a batch's submission to a start",
            Unit::Seconds,
            self.queue.clone(),
        );
        registry.register_with_unit(
            "proof",
            "A proof without its witness",
            Unit::Seconds,
            self.proof.clone(),
        );
        registry.register_with_unit(
            "stage",
            "The witness and each stage of a proof",
            Unit::Seconds,
            self.stage.clone(),
        );
        registry.register_with_unit(
            "key_load",
            "How long the key took to load",
            Unit::Seconds,
            self.key_load.clone(),
        );
        registry.register(
            "database_errors",
            "Calls that the database refused or did not answer",
            self.database_errors.clone(),
        );
        self
    }

    /// A batch of this queue is begun, `waited` after its submission.
    pub fn started(&self, queue: &str, waited: Duration) {
        let queue = queue.to_owned();
        self.starts
            .get_or_create_owned(&QueueLabels { queue })
            .inc();
        self.queue.observe(waited.as_secs_f64());
    }

    /// A batch was proved; `attempts` starts were needed, this one counted.
    pub fn proved(&self, report: &ProofReport, attempts: u64) {
        let backend = || report.backend.clone();
        let proof = BackendLabels { backend: backend() };
        self.proof
            .get_or_create_owned(&proof)
            .observe(report.prove_ms / 1000.0);
        let stages = report
            .stages
            .iter()
            .map(|stage| (stage.stage.as_str(), stage.ms));
        for (stage, ms) in std::iter::once(("witness", report.witness_ms)).chain(stages) {
            let labels = StageLabels {
                backend: backend(),
                stage: stage.to_owned(),
            };
            self.stage.get_or_create_owned(&labels).observe(ms / 1000.0);
        }
        // Exact up to 2^53 starts.
        self.attempts.observe(attempts as f64);
    }

    /// A start of a job of this queue ended.
    pub fn ended(&self, queue: &str, outcome: Outcome) {
        let labels = OutcomeLabels {
            queue: queue.to_owned(),
            outcome: outcome.as_str(),
        };
        self.outcomes.get_or_create_owned(&labels).inc();
    }

    /// The key was loaded, in this time.
    pub fn key_loaded(&self, time: Duration) {
        self.key_load
            .get_or_create_owned(&[])
            .set(time.as_secs_f64());
    }

    /// The database refused a call or did not answer it.
    pub fn database_error(&self) {
        self.database_errors.inc();
    }

    /// All metrics as OpenMetrics text ([`CONTENT_TYPE`]). Without a snapshot those of the farm are absent. Workers
    /// count while they were heard of within `lease`.
    #[must_use]
    pub fn encode(&self, snapshot: Option<&Snapshot>, lease: Duration) -> String {
        let farm = snapshot.map(|snapshot| farm_registry(snapshot, lease));
        let mut text = String::new();
        let written = std::iter::once(&self.registry)
            .chain(&farm)
            .try_for_each(|registry| encode_registry(&mut text, registry));
        // Writing into a string does not fail, and neither do labels that are strings.
        debug_assert!(written.is_ok());
        let _ = encode_eof(&mut text);
        text
    }
}

/// The gauges of the farm.
fn farm_registry(snapshot: &Snapshot, lease: Duration) -> Registry {
    let jobs = Family::<StateLabels, Gauge<u64, AtomicU64>>::default();
    let oldest = Family::<QueueLabels, Gauge<u64, AtomicU64>>::default();
    let workers = Family::<QueueLabels, Gauge<u64, AtomicU64>>::default();

    let mut alive = BTreeMap::<&str, u64>::new();
    for worker in &snapshot.workers {
        if snapshot.time.saturating_sub(worker.last_seen) <= lease.as_secs() {
            *alive.entry(&worker.queue).or_default() += 1;
        }
    }
    for status in &snapshot.queues {
        let queue = || status.queue.clone();
        for (state, count) in [
            ("waiting", status.waiting),
            ("running", status.running),
            ("done", status.done),
            ("failed", status.failed),
            ("cancelled", status.cancelled),
        ] {
            let labels = StateLabels {
                queue: queue(),
                state,
            };
            jobs.get_or_create_owned(&labels).set(count);
        }
        let labels = QueueLabels { queue: queue() };
        oldest
            .get_or_create_owned(&labels)
            .set(status.oldest_waiting_seconds.unwrap_or(0));
        let alive = alive.get(status.queue.as_str()).copied();
        workers.get_or_create_owned(&labels).set(alive.unwrap_or(0));
    }

    let mut registry = Registry::with_prefix(PREFIX);
    registry.register("jobs", "Jobs in each state", jobs);
    registry.register_with_unit(
        "oldest_waiting",
        "Age of the oldest waiting job, 0 if none waits",
        Unit::Seconds,
        oldest,
    );
    registry.register("workers", "Workers heard of within the lease", workers);
    registry
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Class;
    use crate::prover::StageTime;
    use crate::snapshot::{QueueStatus, WorkerStatus};

    const LEASE: Duration = Duration::from_secs(30);

    /// Fails unless each line is one of the text's.
    fn assert_lines(text: &str, expected: &[&str]) {
        for line in expected {
            assert!(
                text.lines().any(|other| other == *line),
                "expected {line}, got:\n{text}"
            );
        }
    }

    #[test]
    fn what_the_process_did() {
        let metrics = Metrics::default();
        assert!(
            !metrics
                .encode(None, LEASE)
                .contains("zkroll_farm_key_load_seconds ")
        );
        metrics.key_loaded(Duration::from_millis(1500));
        metrics.started("q", Duration::from_secs(3));
        metrics.started("q", Duration::from_secs(5));
        let report = ProofReport {
            backend: "cpu".to_owned(),
            threads: 2,
            witness_ms: 500.0,
            prove_ms: 2000.0,
            stages: vec![StageTime {
                stage: "quotient".to_owned(),
                ms: 250.0,
            }],
        };
        metrics.proved(&report, 2);
        metrics.ended("q", Outcome::Done);
        metrics.ended("q", Outcome::LeaseLost);
        metrics.ended("q", Outcome::LeaseLost);
        metrics.database_error();
        let text = metrics.encode(None, LEASE);
        assert_lines(
            &text,
            &[
                "# TYPE zkroll_farm_starts counter",
                "zkroll_farm_starts_total{queue=\"q\"} 2",
                "zkroll_farm_outcomes_total{queue=\"q\",outcome=\"done\"} 1",
                "zkroll_farm_outcomes_total{queue=\"q\",outcome=\"lease_lost\"} 2",
                "zkroll_farm_attempts_sum 2.0",
                "zkroll_farm_attempts_bucket{le=\"1.0\"} 0",
                "zkroll_farm_attempts_bucket{le=\"2.0\"} 1",
                "# UNIT zkroll_farm_queue_seconds seconds",
                "zkroll_farm_queue_seconds_sum 8.0",
                "zkroll_farm_proof_seconds_sum{backend=\"cpu\"} 2.0",
                "zkroll_farm_stage_seconds_sum{backend=\"cpu\",stage=\"witness\"} 0.5",
                "zkroll_farm_stage_seconds_sum{backend=\"cpu\",stage=\"quotient\"} 0.25",
                "zkroll_farm_key_load_seconds 1.5",
                "zkroll_farm_database_errors_total 1",
            ],
        );
        assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
        assert!(
            !text.contains("zkroll_farm_jobs"),
            "nothing is known of the farm:\n{text}"
        );
    }

    #[test]
    fn how_the_farm_stands() {
        let queue = |queue: &str, oldest_waiting_seconds| QueueStatus {
            queue: queue.to_owned(),
            verifying_key: String::new(),
            class: Class::Standard,
            waiting: 4,
            running: 1,
            done: 7,
            failed: 2,
            cancelled: 3,
            oldest_waiting_seconds,
        };
        let worker = |last_seen| WorkerStatus {
            name: "w".to_owned(),
            queue: "a".to_owned(),
            prover: String::new(),
            started_at: 0,
            last_seen,
            job: None,
        };
        let snapshot = Snapshot {
            time: 1000,
            queues: vec![queue("a", Some(90)), queue("b\"\\", None)],
            // The last one's clock is ahead.
            workers: vec![worker(970), worker(969), worker(1001)],
            jobs: Vec::new(),
            throughput: Vec::new(),
        };
        let text = Metrics::default().encode(Some(&snapshot), LEASE);
        assert_lines(
            &text,
            &[
                "# TYPE zkroll_farm_jobs gauge",
                "zkroll_farm_jobs{queue=\"a\",state=\"waiting\"} 4",
                "zkroll_farm_jobs{queue=\"a\",state=\"running\"} 1",
                "zkroll_farm_jobs{queue=\"a\",state=\"done\"} 7",
                "zkroll_farm_jobs{queue=\"a\",state=\"failed\"} 2",
                "zkroll_farm_jobs{queue=\"b\\\"\\\\\",state=\"cancelled\"} 3",
                "zkroll_farm_oldest_waiting_seconds{queue=\"a\"} 90",
                "zkroll_farm_oldest_waiting_seconds{queue=\"b\\\"\\\\\"} 0",
                "zkroll_farm_workers{queue=\"a\"} 2",
                "zkroll_farm_workers{queue=\"b\\\"\\\\\"} 0",
                "# EOF",
            ],
        );
    }
}
