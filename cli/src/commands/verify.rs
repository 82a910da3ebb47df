//! `zkroll verify`: proven batches, checked as the contract checks them.
//!
//! Each batch must be one of the key's circuit, its C, ρ and y must be those of its data, and its
//! proof valid. The proofs of several files are checked in one combined equation; only if that fails
//! are they taken one by one, to name the bad one. Whether a batch continues another is not asked.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::protocol::public_data::BatchShape;
use zkroll::prover::{PreparedKey, find_invalid, key_file, verify_batch};
use zkroll::{ProvenBatch, ProvenBatchError};

use crate::error::CliError;
use crate::files::{key_file_error, read_json, warn_unsafe};
use crate::progress::Progress;
use crate::report::line;

/// Arguments of `zkroll verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// The key file; only its verifying key is read.
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// A proven batch as JSON; may come more than once.
    #[arg(long, value_name = "PROVEN", required = true)]
    proven: Vec<PathBuf>,
}

/// Batches that were accepted.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    valid: bool,
    r#unsafe: bool,
    verifying_key_hash: String,
    batches: Vec<BatchReport>,
}

#[derive(Debug, Serialize)]
struct BatchReport {
    file: PathBuf,
    batch_number: u64,
    timestamp: u64,
    pre_root: String,
    post_root: String,
}

/// Verifies proven batches.
///
/// # Errors
/// If one is not accepted, with its file's name, or the key is refused.
pub fn run(args: &VerifyArgs) -> Result<VerifyReport, CliError> {
    let progress = Progress::start("reading the key");
    let (header, vk) = key_file::read_verifying_key(&args.key)
        .map_err(|source| key_file_error(&args.key, source))?;
    let key = PreparedKey::new(&vk)?;

    progress.say("reading the batches");
    let mut circuits = Circuits::default();
    let mut batches = Vec::new();
    for path in &args.proven {
        let batch: ProvenBatch = read_json(path, "a proven batch")?;
        let got = circuits.digest(batch.header.shape)?;
        if got != header.circuit_digest {
            return Err(CliError::OtherCircuit {
                path: path.clone(),
                expected: header.circuit_digest,
                got,
            });
        }
        batch
            .check_public_inputs()
            .map_err(|source| not_accepted(path, source))?;
        batches.push(batch);
    }

    progress.say("checking the proofs");
    check(&key, &args.proven, &batches)?;
    drop(progress);
    if header.provenance.is_unsafe() {
        warn_unsafe(&args.key);
    }
    let reports = args
        .proven
        .iter()
        .zip(&batches)
        .map(|(path, batch)| BatchReport {
            file: path.clone(),
            batch_number: batch.header.batch_number,
            timestamp: batch.header.timestamp.get(),
            pre_root: batch.header.pre_root.to_string(),
            post_root: batch.header.post_root.to_string(),
        });
    Ok(VerifyReport {
        valid: true,
        r#unsafe: header.provenance.is_unsafe(),
        verifying_key_hash: hex::encode(header.verifying_key_hash),
        batches: reports.collect(),
    })
}

fn check(key: &PreparedKey, paths: &[PathBuf], batches: &[ProvenBatch]) -> Result<(), CliError> {
    if let ([path], [batch]) = (paths, batches) {
        return batch
            .verify(key)
            .map_err(|source| not_accepted(path, source));
    }
    let proofs: Vec<_> = batches
        .iter()
        .map(|batch| {
            (
                batch.proof.public_inputs.as_slice(),
                batch.proof.proof.clone(),
            )
        })
        .collect();
    verify_batch(key, &proofs, &mut OsRng).map_err(|error| {
        match find_invalid(key, &proofs).into_iter().next() {
            Some((index, reason)) => not_accepted(&paths[index], reason.into()),
            None => error.into(),
        }
    })
}

fn not_accepted(path: &Path, source: ProvenBatchError) -> CliError {
    CliError::ProvenBatch {
        path: path.to_owned(),
        source,
    }
}

/// Circuit digests by shape: synthesised once, however many batches have the shape.
#[derive(Default)]
struct Circuits(Vec<(BatchShape, [u8; 32])>);

impl Circuits {
    fn digest(&mut self, shape: BatchShape) -> Result<[u8; 32], CliError> {
        if let Some((_, digest)) = self.0.iter().find(|(known, _)| *known == shape) {
            return Ok(*digest);
        }
        let digest = BatchCircuit::new(shape)?.digest();
        self.0.push((shape, digest));
        Ok(digest)
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for batch in &self.batches {
            line(f, "valid", batch.file.display())?;
            line(f, "  batch number", batch.batch_number)?;
            line(f, "  state root before", &batch.pre_root)?;
            line(f, "  state root after", &batch.post_root)?;
        }
        line(f, "verifying key hash", &self.verifying_key_hash)
    }
}
