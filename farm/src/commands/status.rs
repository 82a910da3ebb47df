//! `zkroll farm status`, `cancel`, `retry` and `prune`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use zkroll_farm::{FarmClient, FarmError, JobId, JobStatus, Snapshot};

use super::{KeyArg, Place};

/// Arguments of `zkroll farm status`.
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// The key of the jobs.
    #[arg(long, value_name = "KEY", requires = "jobs")]
    key: Option<PathBuf>,
    /// Jobs, as `submit` printed them; the whole farm if there are none.
    #[arg(value_name = "JOB", requires = "key")]
    jobs: Vec<JobId>,
}

/// Arguments of `zkroll farm cancel` and `retry`.
#[derive(Args, Debug)]
pub struct JobsArgs {
    #[command(flatten)]
    key: KeyArg,
    /// Jobs, as `submit` printed them.
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<JobId>,
}

/// Arguments of `zkroll farm prune`.
#[derive(Args, Debug)]
pub struct PruneArgs {
    /// How long ago they ended at least, in hours.
    #[arg(long, value_name = "HOURS")]
    older_than: u64,
}

/// The farm or some jobs.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum StatusReport {
    /// The whole.
    Farm(Snapshot),
    /// Some jobs.
    Jobs(Vec<JobStatus>),
}

/// What became of jobs.
#[derive(Debug, Serialize)]
pub struct JobsReport {
    jobs: Vec<Changed>,
}

#[derive(Debug, Serialize)]
struct Changed {
    /// Whether it is otherwise than before.
    changed: bool,
    #[serde(flatten)]
    status: JobStatus,
}

/// What was removed.
#[derive(Debug, Serialize)]
pub struct PruneReport {
    removed: u64,
}

impl StatusArgs {
    /// Looks.
    pub async fn run(&self, place: &Place) -> Result<StatusReport, FarmError> {
        let Some(key) = &self.key else {
            return Ok(StatusReport::Farm(place.connect().await?.snapshot().await?));
        };
        let client = place.client(key).await?;
        let mut jobs = Vec::with_capacity(self.jobs.len());
        for &job in &self.jobs {
            jobs.push(client.status(job).await?);
        }
        Ok(StatusReport::Jobs(jobs))
    }
}

impl JobsArgs {
    /// Cancels.
    pub async fn cancel(&self, place: &Place) -> Result<JobsReport, FarmError> {
        self.each(place, async |client, job| client.cancel(job).await)
            .await
    }

    /// Has them done anew.
    pub async fn retry(&self, place: &Place) -> Result<JobsReport, FarmError> {
        self.each(place, async |client, job| client.retry(job).await)
            .await
    }

    async fn each(
        &self,
        place: &Place,
        change: impl AsyncFn(&FarmClient, JobId) -> Result<bool, FarmError>,
    ) -> Result<JobsReport, FarmError> {
        let client = place.client(&self.key.key).await?;
        let mut jobs = Vec::with_capacity(self.jobs.len());
        for &job in &self.jobs {
            let changed = change(&client, job).await?;
            let status = client.status(job).await?;
            jobs.push(Changed { changed, status });
        }
        Ok(JobsReport { jobs })
    }
}

impl PruneArgs {
    /// Removes.
    pub async fn run(&self, place: &Place) -> Result<PruneReport, FarmError> {
        let age = Duration::from_secs(3600 * self.older_than);
        let removed = place.connect().await?.prune(age).await?;
        Ok(PruneReport { removed })
    }
}

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = match self {
            Self::Farm(snapshot) => snapshot,
            Self::Jobs(jobs) => return jobs.iter().try_for_each(|job| line(f, job)),
        };
        for queue in &snapshot.queues {
            writeln!(
                f,
                "key {}.. for {} machines: {} waiting, {} running, {} done, {} failed, {} cancelled",
                &queue.verifying_key[..16],
                queue.class,
                queue.waiting,
                queue.running,
                queue.done,
                queue.failed,
                queue.cancelled
            )?;
            if let Some(seconds) = queue.oldest_waiting_seconds {
                writeln!(f, "  the oldest has waited for {seconds} s")?;
            }
        }
        for worker in &snapshot.workers {
            let seen = snapshot.time.saturating_sub(worker.last_seen);
            write!(f, "{}  {}, seen {seen} s ago", worker.name, worker.prover)?;
            match worker.job {
                Some(job) => writeln!(f, ", has {job}")?,
                None => writeln!(f)?,
            }
        }
        snapshot.jobs.iter().try_for_each(|job| line(f, job))
    }
}

impl fmt::Display for JobsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.jobs.iter().try_for_each(|job| line(f, &job.status))
    }
}

impl fmt::Display for PruneReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} jobs removed", self.removed)
    }
}

fn line(f: &mut fmt::Formatter<'_>, job: &JobStatus) -> fmt::Result {
    let JobStatus {
        job: id,
        state,
        batch_number,
        attempts,
        max_attempts,
        ..
    } = job;
    write!(
        f,
        "{id}  batch {batch_number}  {state}, {attempts} of {max_attempts} attempts"
    )?;
    match (&job.report, &job.error) {
        (Some(report), _) => writeln!(f, ", {:.0} ms on {}", report.prove_ms, report.backend),
        (None, Some(error)) => writeln!(f, ": {error}"),
        (None, None) => writeln!(f),
    }
}
