//! `zkroll prove`: a batch becomes a proven batch.
//!
//! The batch is either recorded, as a node stores it, or made here out of a ledger and the transfers
//! that it is still to apply. In the second case the ledger after the batch is written too, and only
//! once the proof is in its place: a ledger is never ahead of its proofs.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::protocol::{
    ledger::{BatchTrace, Ledger},
    public_data::{BatchShape, DataForm, FeeSlot},
    queue::Entry,
    transfer::SignedTransfer,
};
use zkroll::prover::key_file::StreamedKey;
use zkroll::prover::{Backend, ProvingKey, StageTimes};
use zkroll::{BatchError, LoadedBatchProver, SharedBlob};

use crate::args::{
    BackendArg, DEFAULT_FEE_SLOTS, DEFAULT_L1_SLOTS, DEFAULT_TRANSFERS, parse_fee_slot,
};
use crate::error::CliError;
use crate::files::{Staged, open_key, read_json, read_key};
use crate::progress::{Progress, Watched};
use crate::report::{StageTime, line, milliseconds, peak_memory_mib};

/// Arguments of `zkroll prove`.
#[derive(Args, Debug)]
pub struct ProveArgs {
    /// A key file for the batch's shape.
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// A recorded batch (`BatchTrace`) as JSON.
    #[arg(
        long,
        value_name = "BATCH",
        required_unless_present = "ledger",
        conflicts_with = "ledger"
    )]
    batch: Option<PathBuf>,
    /// A ledger as JSON, to apply transfers to.
    #[arg(
        long,
        value_name = "LEDGER",
        requires_all = ["transfers_file", "timestamp", "ledger_out"]
    )]
    ledger: Option<PathBuf>,
    /// Signed transfers as a JSON array.
    #[arg(long, value_name = "TRANSFERS", requires = "ledger")]
    transfers_file: Option<PathBuf>,
    /// The next entries of the L1 queue as a JSON array; none if absent.
    #[arg(long, value_name = "ENTRIES", requires = "ledger")]
    entries_file: Option<PathBuf>,
    /// The batch's Unix time in seconds.
    #[arg(long, value_name = "T", requires = "ledger")]
    timestamp: Option<u64>,
    /// The account that gets a token's fees; once for each token.
    #[arg(long, value_name = "TOKEN:ACCOUNT", requires = "ledger", value_parser = parse_fee_slot)]
    fee_slot: Vec<FeeSlot>,
    /// Where the ledger after the batch goes.
    #[arg(long, value_name = "FILE", requires = "ledger")]
    ledger_out: Option<PathBuf>,
    /// Where the proven batch goes.
    #[arg(long, value_name = "PROVEN")]
    out: PathBuf,
    /// Levels of the account tree; the ledger's or the batch's if absent.
    #[arg(long, value_name = "D")]
    depth: Option<u32>,
    /// Transfer slots; the batch's if absent, 8 with a ledger.
    #[arg(long, value_name = "N")]
    transfers: Option<u32>,
    /// Fee slots; the batch's if absent, 2 with a ledger.
    #[arg(long, value_name = "F")]
    fee_slots: Option<u32>,
    /// L1 slots; the batch's if absent, 1 with a ledger.
    #[arg(long, value_name = "L")]
    l1_slots: Option<u32>,
    /// Withdrawal slots; the batch's if absent, 0 with a ledger.
    #[arg(long, value_name = "W")]
    withdrawals: Option<u32>,
    /// Creation slots; the batch's if absent, 0 with a ledger.
    #[arg(long, value_name = "E")]
    creations: Option<u32>,
    /// The batch publishes its operations in a blob of its own, instead of calldata.
    #[arg(long, requires = "ledger")]
    blob: bool,
    /// Where the blob goes, 131072 bytes, if the batch has one.
    #[arg(long, value_name = "FILE")]
    blob_out: Option<PathBuf>,
    /// Leave the key in its file and read it a chunk at a time: less memory, a little slower.
    #[arg(long)]
    stream: bool,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was proven, and how long it took.
#[derive(Debug, Serialize)]
pub struct ProveReport {
    out: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_out: Option<PathBuf>,
    r#unsafe: bool,
    batch_number: u64,
    timestamp: u64,
    transfers: usize,
    shape: BatchShape,
    pre_root: String,
    post_root: String,
    public_inputs: Vec<String>,
    /// Of the blob that has the operations.
    #[serde(skip_serializing_if = "Option::is_none")]
    blob_versioned_hash: Option<String>,
    backend: &'static str,
    /// What the GPU said when it failed and the CPU took over; `None` if all went well.
    fell_back: Option<String>,
    witness_ms: f64,
    prove_ms: f64,
    stages: Vec<StageTime>,
    /// The most memory that this process ever had in use, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_mib: Option<f64>,
}

/// Proves a batch and writes it.
///
/// # Errors
/// If a file is refused, the key is for another shape, the ledger refuses the batch, or the backend
/// is not available. Nothing is written then.
pub fn run(args: &ProveArgs) -> Result<ProveReport, CliError> {
    let backend = args.backend.open()?;
    let progress = Progress::start("reading the batch");
    let (trace, ledger) = args.trace()?;
    let circuit = BatchCircuit::new(trace.header.shape)?;
    let blob = match trace.header.shape.form {
        DataForm::Blob => Some(SharedBlob::new(&[&trace])?),
        DataForm::Calldata if args.blob_out.is_some() => return Err(CliError::NoBlob),
        DataForm::Calldata => None,
    };
    progress.say("reading the key");
    let digest = circuit.digest();
    let key = if args.stream {
        Key::Streamed(Box::new(open_key(&args.key, &digest)?))
    } else {
        Key::InMemory(Box::new(read_key(&args.key, &digest)?))
    };
    let r#unsafe = key.is_unsafe();

    progress.say("computing the witness");
    let start = Instant::now();
    let witness = match &blob {
        None => circuit.assign(&trace),
        Some(blob) => circuit.assign_with_blob(&trace, blob.point()),
    };
    let witness = witness.map_err(BatchError::from)?;
    let witness_ms = milliseconds(start.elapsed());
    let mut observer = Watched::new(&progress, StageTimes::default());
    let prover = match &key {
        Key::Streamed(key) => LoadedBatchProver::streaming(&circuit, key, &backend)?,
        Key::InMemory(key) => LoadedBatchProver::new(&circuit, key, &backend)?,
    };
    let proven = prover.prove_witness(&trace, &witness, &mut OsRng, &mut observer)?;
    let Watched {
        fell_back,
        inner: times,
        ..
    } = observer;

    progress.say("writing");
    let staged_proof = Staged::json(&args.out, &proven)?;
    let staged_ledger = ledger
        .as_ref()
        .zip(args.ledger_out.as_ref())
        .map(|(ledger, path)| Staged::json(path, ledger))
        .transpose()?;
    let staged_blob = blob
        .as_ref()
        .zip(args.blob_out.as_ref())
        .map(|(blob, path)| Staged::bytes(path, blob.blob().bytes()))
        .transpose()?;
    staged_blob.map_or(Ok(()), Staged::commit)?;
    staged_proof.commit()?;
    staged_ledger.map_or(Ok(()), Staged::commit)?;
    drop(progress);

    let header = trace.header;
    Ok(ProveReport {
        out: args.out.clone(),
        ledger_out: args.ledger_out.clone(),
        r#unsafe,
        batch_number: header.batch_number,
        timestamp: header.timestamp.get(),
        transfers: trace.transfers.len(),
        shape: header.shape,
        pre_root: header.pre_root.to_string(),
        post_root: header.post_root.to_string(),
        public_inputs: proven
            .proof
            .public_inputs
            .iter()
            .map(ToString::to_string)
            .collect(),
        backend: backend.name(),
        blob_versioned_hash: blob.map(|blob| hex::encode(blob.blob().versioned_hash())),
        fell_back,
        witness_ms,
        prove_ms: milliseconds(times.total()),
        stages: StageTime::list(&times),
        peak_memory_mib: peak_memory_mib(),
    })
}

/// The key as the arguments ask for it.
enum Key {
    Streamed(Box<StreamedKey>),
    InMemory(Box<ProvingKey>),
}

impl Key {
    fn is_unsafe(&self) -> bool {
        match self {
            Self::Streamed(key) => key.header().provenance.is_unsafe(),
            Self::InMemory(key) => key.provenance.is_unsafe(),
        }
    }
}

impl ProveArgs {
    /// The batch, and the ledger after it if it was made here.
    fn trace(&self) -> Result<(BatchTrace, Option<Ledger>), CliError> {
        if let Some(batch) = &self.batch {
            let trace: BatchTrace = read_json(batch, "a recorded batch")?;
            self.check_shape(&trace.header.shape)?;
            return Ok((trace, None));
        }
        let (Some(ledger), Some(transfers), Some(timestamp)) =
            (&self.ledger, &self.transfers_file, self.timestamp)
        else {
            unreachable!("clap demands --batch, or --ledger with its companions");
        };
        let mut ledger: Ledger = read_json(ledger, "a ledger")?;
        let transfers: Vec<SignedTransfer> = read_json(transfers, "an array of signed transfers")?;
        let entries: Vec<Entry> = match &self.entries_file {
            Some(path) => read_json(path, "an array of entries of the L1 queue")?,
            None => Vec::new(),
        };
        let depth = ledger.depth() as u32;
        let shape = BatchShape {
            form: match self.blob {
                false => DataForm::Calldata,
                true => DataForm::Blob,
            },
            transfers: self.transfers.unwrap_or(DEFAULT_TRANSFERS),
            l1_slots: self.l1_slots.unwrap_or(DEFAULT_L1_SLOTS),
            fee_slots: self.fee_slots.unwrap_or(DEFAULT_FEE_SLOTS),
            withdrawals: self.withdrawals.unwrap_or_default(),
            creations: self.creations.unwrap_or_default(),
            depth,
        };
        self.check_shape(&shape)?;
        let trace = ledger.apply_batch(&shape, timestamp, &entries, &self.fee_slot, &transfers)?;
        Ok((trace, Some(ledger)))
    }

    /// What the command line says of the shape must be the batch's.
    fn check_shape(&self, shape: &BatchShape) -> Result<(), CliError> {
        for (argument, expected, got) in [
            ("--depth", self.depth, shape.depth),
            ("--transfers", self.transfers, shape.transfers),
            ("--fee-slots", self.fee_slots, shape.fee_slots),
            ("--l1-slots", self.l1_slots, shape.l1_slots),
            ("--withdrawals", self.withdrawals, shape.withdrawals),
            ("--creations", self.creations, shape.creations),
        ] {
            if let Some(expected) = expected
                && expected != got
            {
                return Err(CliError::Shape {
                    argument,
                    expected,
                    got,
                });
            }
        }
        Ok(())
    }
}

impl fmt::Display for ProveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "proven batch", self.out.display())?;
        if let Some(ledger) = &self.ledger_out {
            line(f, "ledger after it", ledger.display())?;
        }
        line(f, "batch number", self.batch_number)?;
        let slots = self.shape.transfers;
        line(
            f,
            "transfers",
            format_args!("{} in {slots} slots", self.transfers),
        )?;
        line(f, "state root before", &self.pre_root)?;
        line(f, "state root after", &self.post_root)?;
        if let Some(hash) = &self.blob_versioned_hash {
            line(f, "blob's versioned hash", hash)?;
        }
        line(f, "backend", self.backend)?;
        if let Some(error) = &self.fell_back {
            line(f, "taken over by the CPU, because", error)?;
        }
        line(f, "witness", format_args!("{:.1} ms", self.witness_ms))?;
        line(f, "proof", format_args!("{:.1} ms", self.prove_ms))?;
        StageTime::lines(&self.stages, f)?;
        if let Some(mib) = self.peak_memory_mib {
            line(f, "peak memory", format_args!("{mib:.0} MiB"))?;
        }
        Ok(())
    }
}
