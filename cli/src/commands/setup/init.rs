//! `zkroll setup init`: the key of a circuit before any contribution.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use zkroll::prover::formats::{ptau::Ptau, r1cs};
use zkroll::prover::setup::phase2::{format_hash, initialize};

use super::circuit::CircuitArgs;
use crate::args::BackendArg;
use crate::error::CliError;
use crate::files::format_error;
use crate::progress::{Bar, Progress};
use crate::report::line;

/// Arguments of `zkroll setup init`.
#[derive(Args, Debug)]
pub struct InitArgs {
    #[command(flatten)]
    circuit: CircuitArgs,
    /// Prepared powers of tau, checked by `import-ptau`.
    #[arg(long, value_name = "PTAU")]
    ptau: PathBuf,
    /// Where the key goes.
    #[arg(long, value_name = "ZKEY")]
    out: PathBuf,
    /// Where the circuit's constraints go, so that others can check the ceremony.
    #[arg(long, value_name = "R1CS")]
    r1cs_out: Option<PathBuf>,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct InitReport {
    zkey: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    r1cs: Option<PathBuf>,
    r#unsafe: bool,
    circuit_hash: String,
    #[serde(skip)]
    circuit_hash_bytes: Box<[u8; 64]>,
}

/// Starts a ceremony.
///
/// # Errors
/// If a file is refused or cannot be written.
pub fn run(args: &InitArgs) -> Result<InitReport, CliError> {
    let backend = args.backend.open()?;
    let progress = Progress::start("reading the circuit");
    let circuit = args.circuit.circuit()?;
    let ptau = Ptau::open(&args.ptau).map_err(|source| format_error(&args.ptau, source))?;
    if let Some(path) = &args.r1cs_out {
        progress.say("writing the constraints");
        r1cs::write(path, &circuit.matrices).map_err(|source| format_error(path, source))?;
    }
    drop(progress);
    let mut bar = Bar::new();
    let hash = initialize(&circuit.matrices, &ptau, &args.out, &backend, &mut bar)?;
    drop(bar);
    Ok(InitReport {
        zkey: args.out.clone(),
        r1cs: args.r1cs_out.clone(),
        r#unsafe: ptau.is_unsafe(),
        circuit_hash: hex::encode(hash),
        circuit_hash_bytes: Box::new(hash),
    })
}

impl fmt::Display for InitReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "key without contributions", self.zkey.display())?;
        if let Some(r1cs) = &self.r1cs {
            line(f, "constraints", r1cs.display())?;
        }
        if self.r#unsafe {
            line(f, "UNSAFE", "the powers of tau are from a known trapdoor")?;
        }
        line(f, "circuit hash", "")?;
        writeln!(f, "{}", format_hash(&self.circuit_hash_bytes))
    }
}
