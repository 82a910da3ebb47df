//! `zkroll setup export`: the key for production, out of a ceremony that holds.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use zkroll::prover::formats::{DevelopmentKeys, json, r1cs};
use zkroll::prover::setup::phase2;

use super::circuit::CircuitArgs;
use super::contribution::ContributionReport;
use super::verify::{Checked, check, reports};
use crate::args::BackendArg;
use crate::error::CliError;
use crate::files::{Staged, format_error, json_error, warn_unsafe, write_key};
use crate::progress::Progress;
use crate::report::line;

/// Arguments of `zkroll setup export`.
#[derive(Args, Debug)]
#[group(id = "outputs", required = true, multiple = true, args = ["key", "vk"])]
pub struct ExportArgs {
    /// The key at the end of a ceremony.
    #[arg(long, value_name = "ZKEY")]
    zkey: PathBuf,
    /// The powers of tau that the ceremony started from.
    #[arg(long, value_name = "PTAU")]
    ptau: PathBuf,
    #[command(flatten)]
    circuit: CircuitArgs,
    /// Where zkroll's key file goes.
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
    /// Where verification_key.json goes.
    #[arg(long, value_name = "VK")]
    vk: Option<PathBuf>,
    /// Where the circuit's constraints go, for whoever wants to check the ceremony with other tools.
    #[arg(long, value_name = "R1CS")]
    r1cs_out: Option<PathBuf>,
    /// Exports a key from UNSAFE powers of tau too, as a development key.
    #[arg(long)]
    allow_unsafe_dev_key: bool,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct ExportReport {
    r#unsafe: bool,
    circuit_digest: String,
    verifying_key_hash: String,
    circuit_hash: String,
    contributions: Vec<ContributionReport>,
    files: Vec<PathBuf>,
}

/// Checks a ceremony and writes its key.
///
/// # Errors
/// The first thing that is wrong, above all if no person has contributed or the powers of τ are UNSAFE.
pub fn run(args: &ExportArgs) -> Result<ExportReport, CliError> {
    let circuit = args.circuit.circuit()?;
    let Checked {
        zkey,
        contributions,
        is_unsafe,
    } = check(&args.zkey, &args.ptau, &circuit, args.backend)?;
    if is_unsafe && !args.allow_unsafe_dev_key {
        return Err(CliError::DevelopmentKey {
            path: args.ptau.clone(),
        });
    }
    let progress = Progress::start("reading the key");
    let key = phase2::export(&zkey, &contributions, is_unsafe, circuit.digest)?;
    let mut files = Vec::new();
    if let Some(path) = &args.key {
        progress.say("writing the key");
        write_key(path, &key)?;
        files.push(path.clone());
    }
    if let Some(path) = &args.vk {
        let development_keys = if args.allow_unsafe_dev_key {
            DevelopmentKeys::AllowUnsafe
        } else {
            DevelopmentKeys::Refuse
        };
        let text = json::verifying_key_to_json(&key.vk, &key.provenance, development_keys)
            .map_err(|source| json_error(&args.zkey, source))?;
        Staged::bytes(path, text.as_bytes())?.commit()?;
        files.push(path.clone());
    }
    if let Some(path) = &args.r1cs_out {
        r1cs::write(path, &circuit.matrices).map_err(|source| format_error(path, source))?;
        files.push(path.clone());
    }
    drop(progress);
    if key.provenance.is_unsafe() {
        files.iter().for_each(|path| warn_unsafe(path));
    }
    Ok(ExportReport {
        r#unsafe: key.provenance.is_unsafe(),
        circuit_digest: hex::encode(key.circuit_digest),
        verifying_key_hash: hex::encode(zkroll::prover::verifying_key_hash(&key.vk)),
        circuit_hash: hex::encode(contributions.circuit_hash()),
        contributions: reports(&contributions),
        files,
    })
}

impl fmt::Display for ExportReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.r#unsafe {
            line(f, "key", "UNSAFE development key")?;
        }
        line(f, "circuit digest", &self.circuit_digest)?;
        line(f, "verifying key hash", &self.verifying_key_hash)?;
        line(f, "circuit hash", &self.circuit_hash)?;
        ContributionReport::lines(&self.contributions, f)?;
        for file in &self.files {
            line(f, "written", file.display())?;
        }
        Ok(())
    }
}
