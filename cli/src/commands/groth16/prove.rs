//! `zkroll groth16 prove`: a proof for any circuit, from its key and witness as snarkjs has them.
//!
//! The key's lists stay in the file and are read a chunk at a time. C is not in a `.zkey`, so whether the
//! witness satisfies the circuit shows at the end: the finished proof is verified, and only one that
//! verifies is written.

use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use zkroll::prover::formats::{json, wtns, zkey::Zkey};
use zkroll::prover::{Backend, StageTimes, ZkeyProver};

use crate::args::BackendArg;
use crate::error::CliError;
use crate::files::{Staged, format_error};
use crate::progress::{Progress, Watched};
use crate::report::{StageTime, line, milliseconds, peak_memory_mib};

/// Arguments of `zkroll groth16 prove`.
#[derive(Args, Debug)]
pub struct ProveArgs {
    /// The key.
    #[arg(long, value_name = "ZKEY")]
    zkey: PathBuf,
    /// The witness.
    #[arg(long, value_name = "WTNS")]
    wtns: PathBuf,
    /// Where proof.json goes.
    #[arg(long, value_name = "PROOF")]
    proof: PathBuf,
    /// Where public.json goes.
    #[arg(long, value_name = "PUBLIC")]
    public: PathBuf,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was proven, and how long it took.
#[derive(Debug, Serialize)]
pub struct ProveReport {
    proof: PathBuf,
    public: PathBuf,
    columns: usize,
    public_inputs: usize,
    domain_log2: u32,
    backend: &'static str,
    /// What the GPU said when it failed and the CPU took over; `None` if all went well.
    fell_back: Option<String>,
    load_key_ms: f64,
    load_witness_ms: f64,
    prove_ms: f64,
    stages: Vec<StageTime>,
    /// The most memory that this process ever had in use, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    peak_memory_mib: Option<f64>,
}

/// Proves a witness.
///
/// # Errors
/// If a file is refused, they are of different circuits, the witness does not satisfy the circuit, or
/// the backend is not available. Nothing is written then.
pub fn run(args: &ProveArgs) -> Result<ProveReport, CliError> {
    let backend = args.backend.open()?;
    let progress = Progress::start("opening the key");
    let start = Instant::now();
    let zkey = Zkey::open(&args.zkey).map_err(|source| format_error(&args.zkey, source))?;
    let prover = ZkeyProver::new(&zkey, &backend)?;
    let load_key_ms = milliseconds(start.elapsed());

    progress.say("reading the witness");
    let start = Instant::now();
    let witness = wtns::read(&args.wtns).map_err(|source| format_error(&args.wtns, source))?;
    let load_witness_ms = milliseconds(start.elapsed());

    let mut observer = Watched::new(&progress, StageTimes::default());
    let proof = prover.prove(&witness, &mut OsRng, &mut observer)?;
    let Watched {
        fell_back,
        inner: times,
        ..
    } = observer;

    progress.say("writing");
    let public_inputs = &witness[1..=zkey.num_public_inputs()];
    let staged = [
        Staged::bytes(&args.proof, json::proof_to_json(&proof).as_bytes())?,
        Staged::bytes(
            &args.public,
            json::public_inputs_to_json(public_inputs).as_bytes(),
        )?,
    ];
    staged.into_iter().try_for_each(Staged::commit)?;
    drop(progress);

    Ok(ProveReport {
        proof: args.proof.clone(),
        public: args.public.clone(),
        columns: zkey.num_columns(),
        public_inputs: zkey.num_public_inputs(),
        domain_log2: zkey.domain().log_size(),
        backend: backend.name(),
        fell_back,
        load_key_ms,
        load_witness_ms,
        prove_ms: milliseconds(times.total()),
        stages: StageTime::list(&times),
        peak_memory_mib: peak_memory_mib(),
    })
}

impl fmt::Display for ProveReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "proof", self.proof.display())?;
        line(f, "public inputs", self.public.display())?;
        line(f, "columns", self.columns)?;
        line(f, "domain", format_args!("2^{}", self.domain_log2))?;
        line(f, "backend", self.backend)?;
        if let Some(error) = &self.fell_back {
            line(f, "taken over by the CPU, because", error)?;
        }
        line(f, "key opened", format_args!("{:.1} ms", self.load_key_ms))?;
        line(
            f,
            "witness read",
            format_args!("{:.1} ms", self.load_witness_ms),
        )?;
        line(f, "proof", format_args!("{:.1} ms", self.prove_ms))?;
        StageTime::lines(&self.stages, f)?;
        if let Some(mib) = self.peak_memory_mib {
            line(f, "peak memory", format_args!("{mib:.0} MiB"))?;
        }
        Ok(())
    }
}
