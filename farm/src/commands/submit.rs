//! `zkroll farm submit`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use zkroll::circuits::protocol::ledger::BatchTrace;
use zkroll_farm::{Batch, DEFAULT_CAPACITY, DEFAULT_MAX_ATTEMPTS, FarmError, Submission};

use super::{KeyArg, Place, read};

/// Arguments of `zkroll farm submit`.
#[derive(Args, Debug)]
pub struct SubmitArgs {
    #[command(flatten)]
    key: KeyArg,
    /// Files with a recorded batch each, as `zkroll prove --batch` takes it.
    #[arg(value_name = "BATCH", required = true)]
    batches: Vec<PathBuf>,
    /// How often a batch may be started before it is given up.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_ATTEMPTS, value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: u32,
    /// Jobs that may wait; more are refused.
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CAPACITY)]
    capacity: u64,
}

/// What is in the queue now.
#[derive(Debug, Serialize)]
pub struct SubmitReport {
    queue: String,
    jobs: Vec<Job>,
}

#[derive(Debug, Serialize)]
struct Job {
    file: PathBuf,
    batch_number: u64,
    #[serde(flatten)]
    submission: Submission,
}

impl SubmitArgs {
    /// Puts the batches in, all of them or, if a file is refused, none.
    pub async fn run(&self, place: &Place) -> Result<SubmitReport, FarmError> {
        let client = place.client(&self.key.key).await?;
        let client = client
            .with_max_attempts(self.max_attempts)
            .with_capacity(self.capacity);
        let batches: Vec<Batch> = self
            .batches
            .iter()
            .map(|path| {
                let trace: BatchTrace =
                    serde_json::from_slice(&read(path)?).map_err(|error| FarmError::Artifact {
                        uri: path.display().to_string(),
                        reason: format!("expected a recorded batch: {error}"),
                    })?;
                Ok(trace.into())
            })
            .collect::<Result<_, FarmError>>()?;
        let numbers: Vec<u64> = batches
            .iter()
            .map(|batch| batch.trace.header.batch_number)
            .collect();
        let submissions = client.submit_all(batches).await?;
        let jobs = self.batches.iter().zip(numbers).zip(submissions);
        Ok(SubmitReport {
            queue: client.queue().to_string(),
            jobs: jobs
                .map(|((file, batch_number), submission)| Job {
                    file: file.clone(),
                    batch_number,
                    submission,
                })
                .collect(),
        })
    }
}

impl fmt::Display for SubmitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for job in &self.jobs {
            let known = match job.submission.new {
                true => "",
                false => ", already queued",
            };
            writeln!(
                f,
                "{}  batch {}{known}",
                job.submission.job, job.batch_number
            )?;
        }
        Ok(())
    }
}
