//! What is queued: a reference to a batch, and the names by which it is found again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use zkroll::circuits::protocol::{blob::BlobScalar, ledger::BatchTrace};

use crate::error::FarmError;

/// What a worker proves: one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Batch {
    /// The batch, as the ledger recorded it.
    pub trace: BatchTrace,
    /// Of a batch whose operations share a blob with other batches: the point at which the blob is evaluated, 64
    /// hexadecimal digits, big-endian ([`SharedBlob`](zkroll::SharedBlob) draws it). Without it a batch of the blob
    /// form has a blob of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blob_point: Option<BlobPoint>,
}

impl From<BatchTrace> for Batch {
    fn from(trace: BatchTrace) -> Self {
        Self {
            trace,
            blob_point: None,
        }
    }
}

/// A point at which a blob is evaluated; 64 hexadecimal digits in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BlobPoint(pub BlobScalar);

impl From<BlobPoint> for String {
    fn from(point: BlobPoint) -> Self {
        hex::encode(zkroll::circuits::protocol::blob::scalar_to_word(&point.0))
    }
}

impl TryFrom<String> for BlobPoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut word = [0; 32];
        hex::decode_to_slice(&text, &mut word)
            .ok()
            .and_then(|()| zkroll::circuits::protocol::blob::scalar_from_word(&word))
            .map(Self)
            .ok_or_else(|| {
                format!("expected 64 hexadecimal digits of a scalar below q, got {text:?}")
            })
    }
}

/// The name of a job: the BLAKE3 hash of the verifying key's hash and the batch's hash, in key-derivation mode with the
/// context `zkroll 2026 farm job`. The same batch under the same key is the same job, whoever submits it and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId([u8; 32]);

impl JobId {
    /// The job of a batch with this hash under the verifying key with this hash.
    #[must_use]
    pub fn new(verifying_key: &[u8; 32], batch: &[u8; 32]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("zkroll 2026 farm job");
        hasher.update(verifying_key).update(batch);
        Self(*hasher.finalize().as_bytes())
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for JobId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map(|()| Self(bytes))
            .map_err(|_| format!("expected a job's name, 64 hexadecimal digits, got {text:?}"))
    }
}

impl From<JobId> for String {
    fn from(job: JobId) -> Self {
        job.to_string()
    }
}

impl TryFrom<String> for JobId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The machines that a queue is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[derive(clap::ValueEnum)]
pub enum Class {
    /// Where jobs are submitted to.
    #[default]
    Standard,
    /// Machines with more memory: they get the jobs for which another ran out of it.
    Large,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Large => "large",
        })
    }
}

/// The jobs of one verifying key for one class of machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName {
    /// The hash of the verifying key.
    pub verifying_key: [u8; 32],
    /// The machines.
    pub class: Class,
}

impl QueueName {
    /// What the names of all queues of this crate start with: an apalis database may have others.
    pub const PREFIX: &'static str = "zkroll/";

    /// The queue that jobs of a key are submitted to.
    #[must_use]
    pub const fn standard(verifying_key: [u8; 32]) -> Self {
        Self {
            verifying_key,
            class: Class::Standard,
        }
    }

    /// The queue of the same key for bigger machines.
    #[must_use]
    pub const fn large(self) -> Self {
        Self {
            class: Class::Large,
            ..self
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (prefix, key) = (Self::PREFIX, hex::encode(self.verifying_key));
        write!(f, "{prefix}{key}/{}", self.class)
    }
}

impl FromStr for QueueName {
    type Err = FarmError;

    fn from_str(name: &str) -> Result<Self, FarmError> {
        let unknown = || FarmError::QueueName {
            name: name.to_owned(),
        };
        let (key, class) = name
            .strip_prefix(Self::PREFIX)
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(unknown)?;
        let mut verifying_key = [0; 32];
        hex::decode_to_slice(key, &mut verifying_key).map_err(|_| unknown())?;
        let class = match class {
            "standard" => Class::Standard,
            "large" => Class::Large,
            _ => return Err(unknown()),
        };
        Ok(Self {
            verifying_key,
            class,
        })
    }
}

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It waits for a worker, for the first time or again.
    Waiting,
    /// A worker has it.
    Running,
    /// Its proof is stored.
    Done,
    /// It was given up: it cannot be proved, or it was started as often as it may be.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl State {
    /// Whether it stays so unless somebody asks for it anew.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What the database has of a job: where its batch is, never the batch itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Payload {
    /// The batch's place, relative to the farm's store.
    pub uri: String,
    /// BLAKE3 of what is there, 64 hexadecimal digits.
    pub hash: String,
    /// The batch's number, for people.
    pub batch_number: u64,
}

impl Payload {
    /// The batch's hash.
    pub fn hash(&self) -> Result<[u8; 32], FarmError> {
        let mut hash = [0; 32];
        hex::decode_to_slice(&self.hash, &mut hash).map_err(|_| FarmError::Payload {
            reason: format!("expected a hash, got {:?}", self.hash),
        })?;
        Ok(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_as_they_are_written() {
        let queue = QueueName::standard([0xa5; 32]).large();
        assert_eq!(queue.to_string().parse::<QueueName>().unwrap(), queue);
        assert!("zkroll/a5/large".parse::<QueueName>().is_err());
        assert!("other".parse::<QueueName>().is_err());
        let job = JobId::new(&[1; 32], &[2; 32]);
        assert_eq!(job.to_string().parse::<JobId>().unwrap(), job);
        assert_ne!(job, JobId::new(&[2; 32], &[1; 32]));
    }
}
