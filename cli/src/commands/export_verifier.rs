//! `zkroll export-verifier`: the contracts for one verifying key.
//!
//! | file | content |
//! |---|---|
//! | `Groth16Verifier.sol` | the verifier as readable Solidity, the key as constants |
//! | `Groth16Verifier.creation.hex` | creation code of the same verifier: the fixed runtime and the key |
//! | `verifying_key.json` | the key's coordinates in decimal, c0 before c1, and where it comes from |
//!
//! `Rollup.sol` needs no key: it takes the address of the deployed verifier.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::Field;
use clap::Args;
use serde::Serialize;
use zkroll::prover::key_file;
use zkroll::verifier_sol::fixed;
use zkroll::verifier_sol::solidity::{Options, SolidityError, solidity_source};

use crate::error::CliError;
use crate::files::{Staged, io_error, key_file_error, warn_unsafe};
use crate::report::line;

const SOLIDITY: &str = "Groth16Verifier.sol";
const CREATION_CODE: &str = "Groth16Verifier.creation.hex";
const VERIFYING_KEY: &str = "verifying_key.json";

/// Arguments of `zkroll export-verifier`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// The key file; only its verifying key is read.
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
    /// The directory for the files, made if absent.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Exports an UNSAFE development key too; the Solidity says so.
    #[arg(long)]
    allow_unsafe_dev_key: bool,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct ExportReport {
    r#unsafe: bool,
    circuit_digest: String,
    verifying_key_hash: String,
    /// Keccak-256 of the key as the contract holds it.
    contract_key_hash: String,
    public_inputs: u64,
    files: Vec<PathBuf>,
}

/// `verifying_key.json`.
#[derive(Serialize)]
struct VerifyingKeyFile {
    protocol: &'static str,
    curve: &'static str,
    r#unsafe: bool,
    provenance: String,
    circuit_digest: String,
    verifying_key_hash: String,
    alpha_g1: Vec<String>,
    beta_g2: Vec<String>,
    gamma_g2: Vec<String>,
    delta_g2: Vec<String>,
    gamma_abc_g1: Vec<Vec<String>>,
}

/// x and y, each with its real part first.
fn coordinates<P: SWCurveConfig>(point: &Affine<P>) -> Vec<String> {
    let parts = |value: &P::BaseField| {
        value
            .to_base_prime_field_elements()
            .map(|part| part.to_string())
            .collect::<Vec<_>>()
    };
    [parts(&point.x), parts(&point.y)].concat()
}

/// Writes the contracts.
///
/// # Errors
/// If the key is refused, or is a development key and that was not asked for.
pub fn run(args: &ExportArgs) -> Result<ExportReport, CliError> {
    let (header, vk) = key_file::read_verifying_key(&args.key)
        .map_err(|source| key_file_error(&args.key, source))?;
    let r#unsafe = header.provenance.is_unsafe();
    if r#unsafe && !args.allow_unsafe_dev_key {
        return Err(CliError::DevelopmentKey {
            path: args.key.clone(),
        });
    }
    if r#unsafe {
        warn_unsafe(&args.key);
    }
    let options = Options {
        unsafe_development: r#unsafe,
        ..Options::default()
    };
    let solidity = solidity_source(&vk, &options)?;
    let creation_code = fixed::creation_code(&vk).map_err(SolidityError::from)?;
    let contract_key_hash = fixed::key_hash(&vk).map_err(SolidityError::from)?;
    let key_file = VerifyingKeyFile {
        protocol: "groth16",
        curve: "bn254",
        r#unsafe,
        provenance: header.provenance.to_string(),
        circuit_digest: hex::encode(header.circuit_digest),
        verifying_key_hash: hex::encode(header.verifying_key_hash),
        alpha_g1: coordinates(&vk.alpha_g1),
        beta_g2: coordinates(&vk.beta_g2),
        gamma_g2: coordinates(&vk.gamma_g2),
        delta_g2: coordinates(&vk.delta_g2),
        gamma_abc_g1: vk.gamma_abc_g1.iter().map(coordinates).collect(),
    };

    fs::create_dir_all(&args.out)
        .map_err(|source| io_error("create directory", &args.out, source))?;
    let files: Vec<PathBuf> = [SOLIDITY, CREATION_CODE, VERIFYING_KEY]
        .map(|name| args.out.join(name))
        .into();
    let creation_code = hex::encode(creation_code) + "\n";
    let staged = [
        Staged::bytes(&files[0], solidity.as_bytes())?,
        Staged::bytes(&files[1], creation_code.as_bytes())?,
        Staged::json(&files[2], &key_file)?,
    ];
    staged.into_iter().try_for_each(Staged::commit)?;
    Ok(ExportReport {
        r#unsafe,
        circuit_digest: key_file.circuit_digest,
        verifying_key_hash: key_file.verifying_key_hash,
        contract_key_hash: hex::encode(contract_key_hash),
        public_inputs: header.num_public_inputs,
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
        line(f, "key hash in the contract", &self.contract_key_hash)?;
        line(f, "public inputs", self.public_inputs)?;
        for file in &self.files {
            line(f, "written", file.display())?;
        }
        Ok(())
    }
}
