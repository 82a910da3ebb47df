//! A key, read once, and batch after batch proved with it.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::rngs::OsRng;
use zkroll::circuits::{batch::BatchCircuit, protocol::public_data::DataForm};
use zkroll::prover::{
    self, AnyBackend, Backend, PreparedKey, ProvingKey, StageTimes, backend::Selection, key_file,
    key_file::StreamedKey,
};
use zkroll::{BatchError, LoadedBatchProver, SharedBlob};

use super::{ProofReport, ProveError, Proved, StageTime};
use crate::error::FarmError;
use crate::job::Batch;

/// What a prover is made of.
#[derive(Clone, Debug)]
pub struct KeyProverOptions {
    /// A key file.
    pub key: PathBuf,
    /// What computes.
    pub backend: Selection,
    /// Threads; those of the machine if `None`.
    pub threads: Option<NonZeroUsize>,
    /// Leave the key in its file and read it a chunk at a time: less memory, a little slower.
    pub stream: bool,
}

/// A key and a backend, on threads of their own.
///
/// Which circuit the key is for the first batch says: a batch has its shape, and the key the digest of the circuit of
/// that shape. Batches of other shapes are refused.
pub struct KeyProver {
    key: Key,
    prepared: PreparedKey,
    backend: AnyBackend,
    threads: rayon::ThreadPool,
    load_time: Duration,
}

enum Key {
    InMemory(Box<ProvingKey>),
    Streamed(Box<StreamedKey>),
}

/// Where batches come from, and where their proofs go.
pub(super) trait Requests: Send {
    /// The next batch; `None` if no more will come.
    fn next(&mut self) -> Option<Bytes>;

    /// What became of the batch before.
    fn answer(&mut self, proved: Result<Proved, ProveError>);
}

impl KeyProver {
    /// Opens the backend and reads the key.
    ///
    /// # Errors
    /// If the key is refused or the backend is not available.
    pub fn open(options: &KeyProverOptions) -> Result<Self, FarmError> {
        let start = Instant::now();
        let key = match options.stream {
            true => StreamedKey::open(&options.key, None).map(|key| Key::Streamed(Box::new(key))),
            false => key_file::read(&options.key, None).map(|key| Key::InMemory(Box::new(key))),
        };
        let key = key.map_err(|error| refuse(format!("{}: {error}", options.key.display())))?;
        let load_time = start.elapsed();
        if key.is_unsafe() {
            tracing::warn!("UNSAFE: a development key, with which its maker can prove anything");
        }
        let threads = options.threads.map_or(0, NonZeroUsize::get);
        let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        Ok(Self {
            prepared: PreparedKey::new(key.verifying_key()).map_err(refuse)?,
            backend: options.backend.open().map_err(refuse)?,
            threads: threads.map_err(refuse)?,
            key,
            load_time,
        })
    }

    /// The hash of the verifying key.
    #[must_use]
    pub fn verifying_key(&self) -> [u8; 32] {
        prover::verifying_key_hash(self.key.verifying_key())
    }

    /// The backend and its threads.
    #[must_use]
    pub fn description(&self) -> String {
        let threads = self.threads.current_num_threads();
        let plural = if threads == 1 { "" } else { "s" };
        format!("{}, {threads} thread{plural}", self.backend.name())
    }

    /// How long it took to read the key.
    #[must_use]
    pub const fn load_time(&self) -> Duration {
        self.load_time
    }

    /// Proves until no more batches come.
    ///
    /// # Errors
    /// If the backend cannot hold the key.
    pub(super) fn run(&self, requests: &mut impl Requests) -> Result<(), FarmError> {
        self.threads.install(|| {
            while let Some(batch) = requests.next() {
                match self.circuit(&batch) {
                    Ok(circuit) => return self.run_circuit(&circuit, batch, requests),
                    Err(error) => requests.answer(Err(error)),
                }
            }
            Ok(())
        })
    }

    /// The circuit of a batch, if the key is for it.
    fn circuit(&self, batch: &Bytes) -> Result<BatchCircuit, ProveError> {
        let shape = parse(batch)?.trace.header.shape;
        let circuit = BatchCircuit::new(shape).map_err(refused)?;
        let (expected, got) = (self.key.circuit_digest(), circuit.digest());
        if expected == got {
            Ok(circuit)
        } else {
            Err(ProveError::Refused(format!(
                "expected a batch of the circuit {}, got one of {}",
                hex::encode(expected),
                hex::encode(got)
            )))
        }
    }

    fn run_circuit(
        &self,
        circuit: &BatchCircuit,
        first: Bytes,
        requests: &mut impl Requests,
    ) -> Result<(), FarmError> {
        let loaded = match &self.key {
            Key::InMemory(key) => LoadedBatchProver::new(circuit, key, &self.backend),
            Key::Streamed(key) => LoadedBatchProver::streaming(circuit, key, &self.backend),
        };
        let loaded = loaded.map_err(|error| {
            requests.answer(Err(ProveError::Failed(error.to_string())));
            refuse(error)
        })?;
        let mut next = Some(first);
        while let Some(batch) = next {
            // Nothing that a proof has begun outlives it.
            let proved = catch_unwind(AssertUnwindSafe(|| self.prove(&loaded, &batch)));
            requests.answer(proved.unwrap_or_else(|panic| {
                let message = message(&*panic);
                Err(ProveError::Failed(format!(
                    "the prover panicked: {message}"
                )))
            }));
            next = requests.next();
        }
        Ok(())
    }

    fn prove(
        &self,
        loaded: &LoadedBatchProver<'_, AnyBackend>,
        batch: &Bytes,
    ) -> Result<Proved, ProveError> {
        let Batch { trace, blob_point } = parse(batch)?;
        let circuit = loaded.circuit();
        let start = Instant::now();
        let witness = match (trace.header.shape.form, blob_point) {
            (DataForm::Calldata, None) => circuit.assign(&trace),
            (DataForm::Calldata, Some(_)) => {
                return Err(refused(
                    "expected no blob point for a batch in calldata, got one",
                ));
            }
            (DataForm::Blob, Some(point)) => circuit.assign_with_blob(&trace, point.0),
            (DataForm::Blob, None) => {
                let blob = SharedBlob::new(&[&trace]).map_err(refused)?;
                circuit.assign_with_blob(&trace, blob.point())
            }
        };
        let witness = witness.map_err(refused)?;
        let witness_time = start.elapsed();
        let mut times = StageTimes::default();
        let proven = loaded
            .prove_witness(&trace, &witness, &mut OsRng, &mut times)
            .map_err(|error| match error {
                // A device may fail once; all else is the batch's.
                BatchError::Prove(prover::ProveError::Backend(error)) => {
                    ProveError::Failed(error.to_string())
                }
                error => refused(error),
            })?;
        // The first proof that is stored stays: one that does not verify must not be it.
        proven
            .verify(&self.prepared)
            .map_err(|error| ProveError::Failed(error.to_string()))?;
        let stages = times.as_slice().iter();
        Ok(Proved {
            proven: serde_json::to_vec(&proven).map_err(refused)?.into(),
            report: ProofReport {
                backend: self.backend.name().to_owned(),
                threads: self.threads.current_num_threads(),
                witness_ms: milliseconds(witness_time),
                prove_ms: milliseconds(times.total()),
                stages: stages
                    .map(|(stage, time)| StageTime {
                        stage: stage.as_str().to_owned(),
                        ms: milliseconds(*time),
                    })
                    .collect(),
            },
        })
    }
}

impl Key {
    fn is_unsafe(&self) -> bool {
        match self {
            Self::InMemory(key) => key.provenance.is_unsafe(),
            Self::Streamed(key) => key.header().provenance.is_unsafe(),
        }
    }

    fn verifying_key(&self) -> &prover::VerifyingKey<prover::Bn254> {
        match self {
            Self::InMemory(key) => &key.vk,
            Self::Streamed(key) => key.verifying_key(),
        }
    }

    fn circuit_digest(&self) -> [u8; 32] {
        match self {
            Self::InMemory(key) => key.circuit_digest,
            Self::Streamed(key) => key.header().circuit_digest,
        }
    }
}

fn parse(batch: &Bytes) -> Result<Batch, ProveError> {
    serde_json::from_slice(batch).map_err(refused)
}

fn refused(error: impl ToString) -> ProveError {
    ProveError::Refused(error.to_string())
}

fn refuse(reason: impl ToString) -> FarmError {
    FarmError::Prover {
        reason: reason.to_string(),
    }
}

/// What a panic says.
fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}
