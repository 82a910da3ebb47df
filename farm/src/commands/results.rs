//! `zkroll farm results`.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use futures::StreamExt;
use serde::Serialize;
use zkroll::ProvenBatch;
use zkroll_farm::{FarmError, JobId};

use super::{KeyArg, Place, report};

/// Arguments of `zkroll farm results`.
#[derive(Args, Debug)]
pub struct ResultsArgs {
    #[command(flatten)]
    key: KeyArg,
    /// Jobs, as `submit` printed them.
    #[arg(value_name = "JOB", required = true)]
    jobs: Vec<JobId>,
    /// The folder for the proven batches, JOB.json each.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// How long to wait for all of them, in seconds; for ever if absent.
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

/// The proofs that are there.
#[derive(Debug, Serialize)]
pub struct ResultsReport {
    results: Vec<Fetched>,
}

#[derive(Debug, Serialize)]
struct Fetched {
    job: JobId,
    batch_number: u64,
    file: PathBuf,
}

impl ResultsArgs {
    /// Waits for the proofs and writes each as soon as it and those before it are there.
    pub async fn run(&self, place: &Place, json: bool) -> Result<(), FarmError> {
        let client = place.client(&self.key.key).await?;
        std::fs::create_dir_all(&self.out).map_err(|source| io(&self.out, source))?;
        let mut fetched = Vec::with_capacity(self.jobs.len());
        let all = async {
            let results = client.results(self.jobs.clone());
            let mut results = std::pin::pin!(results.zip(futures::stream::iter(&self.jobs)));
            while let Some((proven, &job)) = results.next().await {
                let proven = proven?;
                let file = self.out.join(format!("{job}.json"));
                write(&file, &proven)?;
                fetched.push(Fetched {
                    job,
                    batch_number: proven.header.batch_number,
                    file,
                });
            }
            Ok(())
        };
        let outcome = match self.timeout {
            None => all.await,
            Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), all)
                .await
                .unwrap_or(Err(FarmError::TimedOut { seconds })),
        };
        // What is there is told, whatever became of the rest.
        report::print(&ResultsReport { results: fetched }, json)?;
        outcome
    }
}

/// Writes a file whole or not at all.
fn write(path: &Path, proven: &ProvenBatch) -> Result<(), FarmError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(&mut file, proven)?;
        file.write_all(b"\n")?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> FarmError {
    FarmError::Io {
        path: path.to_owned(),
        source,
    }
}

impl fmt::Display for ResultsReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Fetched {
            batch_number, file, ..
        } in &self.results
        {
            writeln!(f, "batch {batch_number}  {}", file.display())?;
        }
        Ok(())
    }
}
