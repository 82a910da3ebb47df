//! `zkroll groth16 verify`: a proof in snarkjs' files.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;
use zkroll::prover::formats::json;
use zkroll::prover::{PreparedKey, verify};

use crate::error::CliError;
use crate::files::{json_error, read_text};
use crate::report::line;

/// Arguments of `zkroll groth16 verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// verification_key.json.
    #[arg(long, value_name = "VK")]
    vk: PathBuf,
    /// proof.json.
    #[arg(long, value_name = "PROOF")]
    proof: PathBuf,
    /// public.json.
    #[arg(long, value_name = "PUBLIC")]
    public: PathBuf,
}

/// A proof that was accepted.
#[derive(Debug, Serialize)]
pub struct VerifyReport {
    valid: bool,
    public_inputs: Vec<String>,
}

/// Verifies a proof.
///
/// # Errors
/// If a file or the key is refused, or the proof is not valid.
pub fn run(args: &VerifyArgs) -> Result<VerifyReport, CliError> {
    let vk = json::verifying_key_from_json(&read_text(&args.vk, json::MAX_BYTES)?)
        .map_err(|source| json_error(&args.vk, source))?;
    let proof = json::proof_from_json(&read_text(&args.proof, json::MAX_BYTES)?)
        .map_err(|source| json_error(&args.proof, source))?;
    let public_inputs = json::public_inputs_from_json(&read_text(&args.public, json::MAX_BYTES)?)
        .map_err(|source| json_error(&args.public, source))?;
    verify(&PreparedKey::new(&vk)?, &public_inputs, &proof)?;
    Ok(VerifyReport {
        valid: true,
        public_inputs: public_inputs.iter().map(ToString::to_string).collect(),
    })
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "valid", "yes")?;
        for (i, input) in self.public_inputs.iter().enumerate() {
            line(f, &format!("public input {}", i + 1), input)?;
        }
        Ok(())
    }
}
