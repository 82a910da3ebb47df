//! `zkroll groth16 convert`: keys and proofs in another form.

use std::fmt;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;
use zkroll::ProvenBatch;
use zkroll::prover::formats::{DevelopmentKeys, json, zkey::Zkey};
use zkroll::prover::{Provenance, validate_proving_key};

use crate::error::CliError;
use crate::files::{Staged, format_error, json_error, read_json, read_text, write_key};
use crate::progress::Progress;
use crate::report::line;

/// What to convert.
#[derive(Debug, Subcommand)]
pub enum ConvertCommand {
    /// A .zkey into verification_key.json, zkroll's key file, or both.
    Key(KeyArgs),
    /// proof.json and public.json into the arguments of a contract's verifyProof.
    Calldata(CalldataArgs),
    /// A proven batch into proof.json and public.json.
    Batch(BatchArgs),
}

/// Arguments of `zkroll groth16 convert key`.
#[derive(Args, Debug)]
#[group(id = "outputs", required = true, multiple = true, args = ["vk", "key"])]
pub struct KeyArgs {
    /// The key.
    #[arg(long, value_name = "ZKEY")]
    zkey: PathBuf,
    /// Where verification_key.json goes.
    #[arg(long, value_name = "VK")]
    vk: Option<PathBuf>,
    /// Where the key file goes. Every point is checked first.
    #[arg(long, value_name = "KEY")]
    key: Option<PathBuf>,
}

/// Arguments of `zkroll groth16 convert calldata`.
#[derive(Args, Debug)]
pub struct CalldataArgs {
    /// proof.json.
    #[arg(long, value_name = "PROOF")]
    proof: PathBuf,
    /// public.json.
    #[arg(long, value_name = "PUBLIC")]
    public: PathBuf,
    /// Where the text goes.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `zkroll groth16 convert batch`.
#[derive(Args, Debug)]
pub struct BatchArgs {
    /// A proven batch as JSON.
    #[arg(long, value_name = "PROVEN")]
    proven: PathBuf,
    /// Where proof.json goes.
    #[arg(long, value_name = "PROOF")]
    proof: PathBuf,
    /// Where public.json goes.
    #[arg(long, value_name = "PUBLIC")]
    public: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct ConvertReport {
    files: Vec<PathBuf>,
}

/// Converts.
///
/// # Errors
/// If a file or a key is refused. Nothing is written then.
pub fn run(command: &ConvertCommand) -> Result<ConvertReport, CliError> {
    match command {
        ConvertCommand::Key(args) => key(args),
        ConvertCommand::Calldata(args) => calldata(args),
        ConvertCommand::Batch(args) => batch(args),
    }
}

fn key(args: &KeyArgs) -> Result<ConvertReport, CliError> {
    let refused = |source| format_error(&args.zkey, source);
    let zkey = Zkey::open(&args.zkey).map_err(refused)?;
    let mut files = Vec::new();
    // The key file first: it is what may still be refused.
    if let Some(path) = &args.key {
        let progress = Progress::start("reading the key");
        let key = zkey.read().map_err(refused)?;
        progress.say("checking every point");
        validate_proving_key(&key)?;
        progress.say("writing the key");
        write_key(path, &key)?;
        files.push(path.clone());
    }
    if let Some(path) = &args.vk {
        let vk = zkey.verifying_key();
        let text = json::verifying_key_to_json(vk, &Provenance::Unknown, DevelopmentKeys::Refuse)
            .map_err(|source| json_error(&args.zkey, source))?;
        Staged::bytes(path, text.as_bytes())?.commit()?;
        files.push(path.clone());
    }
    Ok(ConvertReport { files })
}

fn calldata(args: &CalldataArgs) -> Result<ConvertReport, CliError> {
    let proof = json::proof_from_json(&read_text(&args.proof, json::MAX_BYTES)?)
        .map_err(|source| json_error(&args.proof, source))?;
    let public_inputs = json::public_inputs_from_json(&read_text(&args.public, json::MAX_BYTES)?)
        .map_err(|source| json_error(&args.public, source))?;
    let text = json::calldata_to_text(&proof, &public_inputs) + "\n";
    Staged::bytes(&args.out, text.as_bytes())?.commit()?;
    Ok(ConvertReport {
        files: vec![args.out.clone()],
    })
}

fn batch(args: &BatchArgs) -> Result<ConvertReport, CliError> {
    let batch: ProvenBatch = read_json(&args.proven, "a proven batch")?;
    let proof = json::proof_to_json(&batch.proof.proof);
    let public_inputs = json::public_inputs_to_json(&batch.proof.public_inputs);
    let staged = [
        Staged::bytes(&args.proof, proof.as_bytes())?,
        Staged::bytes(&args.public, public_inputs.as_bytes())?,
    ];
    staged.into_iter().try_for_each(Staged::commit)?;
    Ok(ConvertReport {
        files: vec![args.proof.clone(), args.public.clone()],
    })
}

impl fmt::Display for ConvertReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.files
            .iter()
            .try_for_each(|file| line(f, "written", file.display()))
    }
}
