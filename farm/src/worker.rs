//! The side of a machine: takes a job, proves it, stores the proof, says so.
//!
//! What may happen meanwhile, and what comes of it:
//!
//! | a worker | then |
//! |---|---|
//! | dies while it proves | its lease runs out, another starts the batch |
//! | dies between storing and saying so | another finds the proof in the store and says so |
//! | is frozen beyond its lease and wakes | its proof is stored if none is; what it says of the job is not heard |
//! | does not reach the store, or has no prover any more | puts the job back, and leaves the jobs to others for a while |
//! | does not reach the database | goes on proving, and says so when the database is back |
//! | is told to stop | ends what it has, beating all the while, and takes nothing more |

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tracing::Instrument;

use crate::artifacts::Artifacts;
use crate::error::FarmError;
use crate::farm::{self, Farm};
use crate::http::Health;
use crate::job::{Class, QueueName};
use crate::metrics::{self, Metrics};
use crate::prover::{Prove, ProveError, Proved};
use crate::queue::{Outcome, Registration, Taken, unix_time};

/// How a worker works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerOptions {
    /// Its name for people. With one, the worker takes back at its start what processes of the same name have left
    /// behind, and no two may run at once; without, it is told apart from others by its process alone.
    pub label: Option<String>,
    /// The machines that it is one of.
    pub class: Class,
    /// How often it says that it lives; at most half the farm's lease.
    pub heartbeat: Duration,
    /// Jobs that ended longer ago are removed, if this says so.
    pub retain: Option<Duration>,
}

/// How often a worker says that it lives if nothing is configured.
pub const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(5);

impl Default for WorkerOptions {
    fn default() -> Self {
        Self {
            label: None,
            class: Class::Standard,
            heartbeat: DEFAULT_HEARTBEAT,
            retain: None,
        }
    }
}

/// How long a refusing database or store is left alone.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a store that refuses is asked.
const STORE_ATTEMPTS: u32 = 30;
/// How often jobs that ended long ago are looked for.
const RETENTION_INTERVAL: Duration = Duration::from_secs(60);

/// How long a worker that cannot prove, or does not reach the store, leaves the jobs to others.
const PUT_BACK_PAUSE: Duration = Duration::from_secs(10);

/// What a worker has done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerReport {
    /// Its name.
    pub worker: String,
    /// Its queue.
    pub queue: String,
    /// Jobs that are done, also those whose proof was there.
    pub done: u64,
    /// Jobs that were given up.
    pub failed: u64,
    /// Starts that failed, of jobs that are started again.
    pub retried: u64,
    /// Jobs that were handed to bigger machines.
    pub moved: u64,
    /// Jobs that were put back, because prover or store could not be reached.
    pub put_back: u64,
    /// Jobs that had become another's.
    pub lease_lost: u64,
}

impl WorkerReport {
    fn new(worker: &Registration) -> Self {
        Self {
            worker: worker.name.clone(),
            queue: worker.queue.to_string(),
            ..Self::default()
        }
    }

    fn count(&mut self, outcome: metrics::Outcome) {
        *match outcome {
            metrics::Outcome::Done => &mut self.done,
            metrics::Outcome::Failed => &mut self.failed,
            metrics::Outcome::Retried => &mut self.retried,
            metrics::Outcome::Moved => &mut self.moved,
            metrics::Outcome::PutBack => &mut self.put_back,
            metrics::Outcome::LeaseLost => &mut self.lease_lost,
        } += 1;
    }
}

/// A worker of a farm, with a prover. It has one job at a time.
pub struct Worker {
    farm: Farm,
    prover: Arc<dyn Prove>,
    registration: Registration,
    options: WorkerOptions,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

impl Worker {
    /// A worker for the queue of the prover's key.
    ///
    /// # Errors
    /// If the label is not of letters, digits, `.`, `_` and `-`, or the lease is shorter than two heartbeats.
    pub fn new(
        farm: Farm,
        prover: Arc<dyn Prove>,
        options: WorkerOptions,
    ) -> Result<Self, FarmError> {
        let label = options.label.as_deref().unwrap_or("worker");
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if label.is_empty() || !label.chars().all(is_plain) {
            return Err(FarmError::Worker {
                reason: format!(
                    "expected a name of letters, digits, '.', '_' and '-', got {label:?}"
                ),
            });
        }
        // The databases count whole seconds.
        if farm.lease() < 2 * options.heartbeat || farm.lease() < Duration::from_secs(1) {
            return Err(FarmError::Worker {
                reason: format!(
                    "expected a lease of at least two heartbeats, {:?}, and a second, got {:?}",
                    2 * options.heartbeat,
                    farm.lease()
                ),
            });
        }
        let registration = Registration {
            queue: QueueName {
                verifying_key: prover.verifying_key(),
                class: options.class,
            },
            // Unique: a restarted process must not pass for the one before, whose lease it would renew.
            name: format!("{label}/{}", ulid::Ulid::generate()),
            prover: prover.description(),
            lease: farm.lease(),
        };
        Ok(Self {
            farm,
            prover,
            registration,
            options,
            metrics: Arc::default(),
            health: Arc::default(),
        })
    }

    /// Has the worker count into `metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Arc<Metrics>) -> Self {
        self.metrics = metrics;
        self
    }

    /// Has the worker tell `health` how it is.
    #[must_use]
    pub fn with_health(mut self, health: Arc<Health>) -> Self {
        self.health = health;
        self
    }

    /// Its name, unique to the process.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.registration.name
    }

    /// The queue that it works for.
    #[must_use]
    pub const fn queue(&self) -> QueueName {
        self.registration.queue
    }

    /// Works until `stop` is ready, and returns when the job that it has then is ended.
    ///
    /// # Errors
    /// If the database refuses at the start, or a worker of the same label runs already. Later it waits until the
    /// database is back.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<WorkerReport, FarmError> {
        let queue = &self.farm.queue;
        let _label = match &self.options.label {
            Some(label) => Some(queue.hold_label(label).await?),
            None => None,
        };
        queue.register(&self.registration).await?;
        if let Some(label) = &self.options.label {
            let reclaimed = queue.reclaim(&self.registration, label).await?;
            if reclaimed > 0 {
                tracing::info!(reclaimed, "put back what a worker of this name had");
            }
        }
        let mut bell = queue.bell().await?;
        self.metrics.key_loaded(self.prover.load_time());
        self.health.set_ready();
        tracing::info!(
            worker = self.name(),
            queue = %self.registration.queue,
            prover = self.registration.prover,
            database = self.farm.database(),
            "working"
        );

        let (stopping, stopped) = (AtomicBool::new(false), Notify::new());
        let stop = async {
            stop.await;
            tracing::info!("told to stop: no more jobs are taken");
            stopping.store(true, Ordering::Relaxed);
            self.health.set_draining();
            stopped.notify_one();
            // Whoever waits for it hears it from `stopped`.
            std::future::pending::<()>().await;
        };
        let mut report = WorkerReport::new(&self.registration);
        let work = async {
            while !stopping.load(Ordering::Relaxed) {
                match queue.take(&self.registration).await {
                    Ok(Some(job)) => {
                        let outcome = self.work(job).await;
                        report.count(outcome);
                        if matches!(outcome, metrics::Outcome::PutBack) {
                            // What this machine lacks another may have: it is let go first.
                            tokio::select! {
                                () = sleep(PUT_BACK_PAUSE) => {}
                                () = stopped.notified() => {}
                            }
                        }
                    }
                    Ok(None) => {
                        tokio::select! {
                            () = bell.wait() => {}
                            () = stopped.notified() => {}
                        }
                    }
                    Err(error) => {
                        self.database_error(&error);
                        tokio::select! {
                            () = sleep(PAUSE) => {}
                            () = stopped.notified() => {}
                        }
                    }
                }
            }
        };
        tokio::select! {
            () = work => {}
            () = self.beat() => {}
            () = self.retain() => {}
            () = stop => {}
        }
        tracing::info!(worker = self.name(), "ended");
        Ok(report)
    }

    /// Says that the worker lives, for ever: beside the jobs, so that the last one keeps its lease while the worker
    /// drains.
    async fn beat(&self) {
        let mut ticks = interval(self.options.heartbeat);
        // After a pause one beat is enough.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if let Some(reason) = self.prover.broken() {
                self.health.set_failed(reason);
            }
            while let Err(error) = self.farm.queue.beat(&self.registration).await {
                self.database_error(&error);
                sleep(PAUSE).await;
                // Somebody may have removed it.
                let _ = self.farm.queue.register(&self.registration).await;
            }
        }
    }

    /// Removes what ended long ago, for ever.
    async fn retain(&self) {
        let Some(age) = self.options.retain else {
            return std::future::pending().await;
        };
        let mut ticks = interval(RETENTION_INTERVAL);
        loop {
            ticks.tick().await;
            match self.farm.prune(age).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed jobs that ended long ago"),
                Err(error) => tracing::warn!(%error, "could not remove jobs that ended long ago"),
            }
        }
    }

    async fn work(&self, job: Taken) -> metrics::Outcome {
        let span = tracing::info_span!("job", job = %job.id, start = job.attempts + 1);
        async {
            let start = Instant::now();
            let outcome = self.outcome(&job).await;
            let counted = match &outcome {
                Outcome::Done(_) => metrics::Outcome::Done,
                Outcome::Failed(_) if job.attempts + 1 < job.max_attempts => {
                    metrics::Outcome::Retried
                }
                Outcome::Failed(_) | Outcome::GivenUp(_) => metrics::Outcome::Failed,
                Outcome::Moved(..) => metrics::Outcome::Moved,
                Outcome::PutBack(_) => metrics::Outcome::PutBack,
            };
            let recorded = self.finish(&job, outcome).await;
            let counted = match recorded {
                true => counted,
                false => metrics::Outcome::LeaseLost,
            };
            self.metrics
                .ended(&self.registration.queue.to_string(), counted);
            tracing::info!(outcome = ?counted, seconds = start.elapsed().as_secs_f64(), "ended");
            counted
        }
        .instrument(span)
        .await
    }

    /// What becomes of a job.
    async fn outcome(&self, job: &Taken) -> Outcome {
        // apalis puts back what the dead had however often that was.
        if job.attempts >= job.max_attempts {
            return Outcome::GivenUp(format!(
                "started {} times and never to an end, at most {} are allowed",
                job.attempts, job.max_attempts
            ));
        }
        let payload = match farm::payload(&job.payload) {
            Ok(payload) => payload,
            Err(error) => return Outcome::GivenUp(error.to_string()),
        };
        let key = &self.registration.queue.verifying_key;
        let uri = Artifacts::result_uri(key, &payload.hash);
        let store = &self.farm.artifacts;
        match patiently(|| store.has_result(&uri)).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!("the proof is in the store already");
                return Outcome::Done(serde_json::Value::Null);
            }
            Err(error) => return Outcome::PutBack(error.to_string()),
        }
        let fetch = patiently(|| store.batch(&payload));
        let batch = match fetch.instrument(tracing::info_span!("fetch")).await {
            Ok(batch) => batch,
            Err(error @ FarmError::Artifact { .. }) => return Outcome::GivenUp(error.to_string()),
            Err(error @ FarmError::Store(object_store::Error::NotFound { .. })) => {
                return Outcome::GivenUp(error.to_string());
            }
            Err(error) => return Outcome::PutBack(error.to_string()),
        };

        let queue = self.registration.queue.to_string();
        let waited = unix_time().saturating_sub(job.submitted_at);
        self.metrics.started(&queue, Duration::from_secs(waited));
        let Proved { proven, report } = match self
            .prove(batch)
            .instrument(tracing::info_span!("prove"))
            .await
        {
            Ok(proved) => proved,
            Err(ProveError::OutOfMemory(reason)) if self.options.class == Class::Standard => {
                tracing::warn!(reason, "out of memory: offered to bigger machines");
                return Outcome::Moved(self.registration.queue.large(), reason);
            }
            Err(error @ ProveError::Refused(_)) => {
                tracing::warn!(%error, "given up");
                return Outcome::GivenUp(error.to_string());
            }
            Err(error @ ProveError::Unavailable(_)) => {
                tracing::error!(%error, "the batch is left to others");
                return Outcome::PutBack(error.to_string());
            }
            Err(error) => {
                tracing::warn!(%error, "failed");
                return Outcome::Failed(error.to_string());
            }
        };
        self.metrics.proved(&report, job.attempts + 1);
        let put = patiently(|| store.put_result(&uri, proven.clone()));
        match put.instrument(tracing::info_span!("store")).await {
            Ok(stored) => tracing::info!(?stored, prove_ms = report.prove_ms, "proved"),
            Err(error) => return Outcome::PutBack(error.to_string()),
        }
        match serde_json::to_value(&report) {
            Ok(report) => Outcome::Done(report),
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Proves in a task of its own: a prover that holds its thread does not hold the heart.
    async fn prove(&self, batch: Bytes) -> Result<Proved, ProveError> {
        let prover = Arc::clone(&self.prover);
        // Dropped with this future, it ends the task.
        let mut task = JoinSet::new();
        task.spawn(async move { prover.prove(batch).await }.in_current_span());
        match task.join_next().await {
            Some(Ok(proved)) => proved,
            Some(Err(error)) => Err(ProveError::Failed(format!("the prover: {error}"))),
            None => Err(ProveError::Failed("the prover did not start".to_owned())),
        }
    }

    /// Says how a job ended, as soon as the database hears it.
    async fn finish(&self, job: &Taken, outcome: Outcome) -> bool {
        let span = tracing::info_span!("acknowledge");
        async {
            loop {
                let finish = self
                    .farm
                    .queue
                    .finish(&self.registration, job, outcome.clone());
                match finish.await {
                    Ok(recorded) => return recorded,
                    Err(error) => self.database_error(&error),
                }
                sleep(PAUSE).await;
            }
        }
        .instrument(span)
        .await
    }

    fn database_error(&self, error: &FarmError) {
        self.metrics.database_error();
        tracing::warn!(%error, "the database does not answer");
    }
}

/// Asks a store that refuses again, for half a minute; what is not of the store's refusals is answered at once.
async fn patiently<T, F>(mut ask: impl FnMut() -> F) -> Result<T, FarmError>
where
    F: Future<Output = Result<T, FarmError>>,
{
    let mut attempts = 0;
    loop {
        match ask().await {
            Err(FarmError::Store(error)) if attempts < STORE_ATTEMPTS && may_pass(&error) => {
                attempts += 1;
                tracing::warn!(%error, "the store does not answer");
                sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

/// Whether a store may say something else later.
fn may_pass(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::Generic { .. })
}
