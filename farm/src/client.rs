//! The side of a node: batches go in, proofs come out.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};
use zkroll::ProvenBatch;
use zkroll::prover::{Bn254, PreparedKey, VerifyingKey, verifying_key_hash};

use crate::artifacts::Artifacts;
use crate::error::FarmError;
use crate::farm::{self, Farm};
use crate::job::{Batch, JobId, QueueName, State};
use crate::queue::{NewJob, Row};
use crate::snapshot::JobStatus;

/// How often a batch may be started if nothing is configured.
pub const DEFAULT_MAX_ATTEMPTS: u32 = 5;
/// Jobs that may wait if nothing is configured.
pub const DEFAULT_CAPACITY: u64 = 100_000;
/// How often the head of a line of results is looked for.
const POLL: Duration = Duration::from_millis(200);
/// Jobs of one transaction.
const CHUNK: usize = 1000;
/// Batches that are written to the store at once.
const UPLOADS: usize = 16;

/// A node's access to a farm, for batches of one key.
#[derive(Clone)]
pub struct FarmClient {
    farm: Farm,
    verifying_key: [u8; 32],
    prepared: PreparedKey,
    max_attempts: u32,
    capacity: u64,
}

/// A batch that is in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// Its job.
    pub job: JobId,
    /// Whether it was put in now. It was there before otherwise, whatever has become of it.
    pub new: bool,
}

impl FarmClient {
    /// The client for batches that are proved under `key`.
    ///
    /// # Errors
    /// If the key is refused.
    pub fn new(farm: Farm, key: &VerifyingKey<Bn254>) -> Result<Self, FarmError> {
        let prepared = PreparedKey::new(key).map_err(|error| FarmError::Prover {
            reason: error.to_string(),
        })?;
        Ok(Self {
            farm,
            verifying_key: verifying_key_hash(key),
            prepared,
            max_attempts: DEFAULT_MAX_ATTEMPTS,
            capacity: DEFAULT_CAPACITY,
        })
    }

    /// How often a batch may be started before it is given up.
    #[must_use]
    pub const fn with_max_attempts(mut self, max_attempts: u32) -> Self {
        self.max_attempts = if max_attempts == 0 { 1 } else { max_attempts };
        self
    }

    /// How many jobs may wait.
    #[must_use]
    pub const fn with_capacity(mut self, capacity: u64) -> Self {
        self.capacity = capacity;
        self
    }

    /// The farm.
    #[must_use]
    pub const fn farm(&self) -> &Farm {
        &self.farm
    }

    /// The queue that batches are put into.
    #[must_use]
    pub const fn queue(&self) -> QueueName {
        QueueName::standard(self.verifying_key)
    }

    /// Puts a batch in. The same batch again is the same job.
    ///
    /// # Errors
    /// If as many jobs wait as may, or database or store refuse.
    pub async fn submit(&self, batch: impl Into<Batch>) -> Result<Submission, FarmError> {
        let mut submissions = self.submit_all(vec![batch.into()]).await?;
        Ok(submissions.remove(0))
    }

    /// Puts batches in, in the order given.
    ///
    /// # Errors
    /// As [`FarmClient::submit`]; those before the first that was refused are in, in groups of a thousand.
    pub async fn submit_all(&self, batches: Vec<Batch>) -> Result<Vec<Submission>, FarmError> {
        let mut submissions = Vec::with_capacity(batches.len());
        let mut batches = batches.into_iter().peekable();
        while batches.peek().is_some() {
            let group = batches.by_ref().take(CHUNK).collect();
            submissions.extend(self.submit_group(group).await?);
        }
        Ok(submissions)
    }

    /// Puts a batch in, and waits while the queue is full.
    ///
    /// # Errors
    /// If database or store refuse.
    pub async fn submit_when_room(&self, batch: impl Into<Batch>) -> Result<Submission, FarmError> {
        let batch = batch.into();
        loop {
            match self.submit(batch.clone()).await {
                Err(FarmError::Full { .. }) => tokio::time::sleep(POLL).await,
                other => return other,
            }
        }
    }

    async fn submit_group(&self, batches: Vec<Batch>) -> Result<Vec<Submission>, FarmError> {
        let queue = self.queue();
        let waiting = self.farm.queue.waiting(&queue).await?;
        if waiting + batches.len() as u64 > self.capacity {
            return Err(FarmError::Full {
                waiting,
                capacity: self.capacity,
            });
        }
        // The batch first: no worker may find a job whose batch is not there.
        let jobs: Vec<Result<NewJob, FarmError>> = stream::iter(batches)
            .map(|batch| self.upload(batch))
            .buffered(UPLOADS)
            .collect()
            .await;
        let jobs: Vec<NewJob> = jobs.into_iter().collect::<Result<_, _>>()?;
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
        let mut new = self.farm.queue.push(&queue, jobs).await?;
        if !new.is_empty() {
            self.farm.queue.ring().await;
        }
        let ids = ids.into_iter();
        Ok(ids
            .map(|job| Submission {
                job,
                new: new.remove(&job),
            })
            .collect())
    }

    async fn upload(&self, batch: Batch) -> Result<NewJob, FarmError> {
        let batch_number = batch.trace.header.batch_number;
        let bytes = serde_json::to_vec(&batch).map_err(|error| FarmError::Payload {
            reason: error.to_string(),
        })?;
        let key = &self.verifying_key;
        let payload = self
            .farm
            .artifacts
            .put_batch(key, bytes.into(), batch_number)
            .await?;
        Ok(NewJob {
            id: JobId::new(key, &payload.hash()?),
            batch_number,
            max_attempts: self.max_attempts,
            payload: serde_json::to_vec(&payload).map_err(|error| FarmError::Payload {
                reason: error.to_string(),
            })?,
        })
    }

    /// How a job stands.
    ///
    /// # Errors
    /// If there is none of this name, or the database refuses.
    pub async fn status(&self, job: JobId) -> Result<JobStatus, FarmError> {
        farm::status(self.row(job).await?)
    }

    async fn row(&self, job: JobId) -> Result<Row, FarmError> {
        let row = self.farm.queue.find(&self.verifying_key, &job).await?;
        row.ok_or(FarmError::UnknownJob { job })
    }

    /// The proof of a job, if it is done; `None` while more is to come of it.
    ///
    /// # Errors
    /// If it ended without a proof, the proof was removed or is not valid for the key, there is no such job, or
    /// database or store refuse.
    pub async fn result(&self, job: JobId) -> Result<Option<ProvenBatch>, FarmError> {
        let row = self.row(job).await?;
        match row.state {
            State::Waiting | State::Running => Ok(None),
            state @ (State::Failed | State::Cancelled) => Err(FarmError::NotProved {
                job,
                state,
                reason: farm::status(row)?.error.unwrap_or_default(),
            }),
            State::Done => {
                let payload = farm::payload(&row.payload)?;
                let uri = Artifacts::result_uri(&self.verifying_key, &payload.hash);
                let proven = self.farm.artifacts.result(&uri).await?;
                let proven = proven.ok_or(FarmError::ResultMissing { job })?;
                self.verified(&uri, &proven).map(Some)
            }
        }
    }

    /// The store may be another's: what comes from it is checked as the contract does.
    fn verified(&self, uri: &str, proven: &Bytes) -> Result<ProvenBatch, FarmError> {
        let refuse = |reason: String| FarmError::Artifact {
            uri: uri.to_owned(),
            reason,
        };
        let proven: ProvenBatch =
            serde_json::from_slice(proven).map_err(|error| refuse(error.to_string()))?;
        proven
            .verify(&self.prepared)
            .map_err(|error| refuse(error.to_string()))?;
        Ok(proven)
    }

    /// Waits for the proof of a job.
    ///
    /// # Errors
    /// As [`FarmClient::result`].
    pub async fn wait(&self, job: JobId) -> Result<ProvenBatch, FarmError> {
        loop {
            match self.result(job).await? {
                Some(proven) => return Ok(proven),
                None => tokio::time::sleep(POLL).await,
            }
        }
    }

    /// The proofs of jobs in the order given, each as soon as it and those before it are there: as they must be
    /// settled. The stream ends after the first error.
    pub fn results(
        &self,
        jobs: impl IntoIterator<Item = JobId, IntoIter: Send>,
    ) -> impl Stream<Item = Result<ProvenBatch, FarmError>> + Send {
        stream::unfold(jobs.into_iter().fuse(), async |mut jobs| {
            let proven = self.wait(jobs.next()?).await;
            // After an error nothing more comes.
            if proven.is_err() {
                jobs.by_ref().for_each(drop);
            }
            Some((proven, jobs))
        })
    }

    /// Cancels a job that has not ended. A worker that has it is not interrupted; its proof is stored, but the job
    /// stays cancelled.
    ///
    /// # Errors
    /// If there is no such job or the database refuses.
    pub async fn cancel(&self, job: JobId) -> Result<bool, FarmError> {
        let cancelled = self.farm.queue.cancel(&self.verifying_key, &job).await?;
        if !cancelled {
            self.status(job).await?;
        }
        Ok(cancelled)
    }

    /// Has a job that ended done anew, with all its attempts; false if it has not ended. A proof that is in the
    /// store is taken from there.
    ///
    /// # Errors
    /// If there is no such job or the database refuses.
    pub async fn retry(&self, job: JobId) -> Result<bool, FarmError> {
        let again = self.farm.queue.retry(&self.verifying_key, &job).await?;
        if again {
            self.farm.queue.ring().await;
        } else {
            self.status(job).await?;
        }
        Ok(again)
    }
}
