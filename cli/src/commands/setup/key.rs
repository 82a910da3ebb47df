//! `zkroll setup dev`, and the check of any key file.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use zkroll::ProgramRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::exit::ExitCircuit;
use zkroll::circuits::template::Program;
use zkroll::prover::key_file::{self, KeyFileHeader};
use zkroll::prover::setup;

use crate::args::{ExitArg, Seed, ShapeArgs};
use crate::error::CliError;
use crate::files::{key_file_error, warn_unsafe, write_key};
use crate::progress::Progress;
use crate::report::line;

/// Arguments of `zkroll setup dev`.
#[derive(Args, Debug)]
pub struct DevArgs {
    /// Where the key file goes.
    #[arg(long, value_name = "KEY")]
    out: PathBuf,
    /// The trapdoor's seed in 64 hexadecimal digits; random and forgotten if absent.
    #[arg(long, value_name = "HEX32")]
    seed: Option<Seed>,
    #[command(flatten)]
    exit: ExitArg,
    #[command(flatten)]
    shape: ShapeArgs,
}

/// What a key file says of itself.
#[derive(Debug, Serialize)]
pub struct KeyReport {
    key: PathBuf,
    r#unsafe: bool,
    provenance: String,
    circuit_digest: String,
    verifying_key_hash: String,
    public_inputs: u64,
    columns: u64,
    domain_size: u64,
    h_basis: String,
    bytes: u64,
}

/// Makes an UNSAFE development key.
///
/// # Errors
/// If no circuit has the shape or the file cannot be written.
pub fn dev(args: &DevArgs) -> Result<KeyReport, CliError> {
    let seed = args.seed.unwrap_or_else(|| {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        Seed(seed)
    });
    match args.exit.exit {
        true => {
            let circuit = ExitCircuit::new(args.shape.depth)?;
            write(args, circuit.program(), circuit.digest(), &seed)?;
        }
        false => {
            let circuit = BatchCircuit::new(args.shape.into())?;
            write(args, circuit.program(), circuit.digest(), &seed)?;
        }
    }
    warn_unsafe(&args.out);
    let header =
        key_file::read_header(&args.out).map_err(|source| key_file_error(&args.out, source))?;
    Ok(KeyReport::new(&args.out, &header))
}

fn write(args: &DevArgs, program: &Program, digest: [u8; 32], seed: &Seed) -> Result<(), CliError> {
    let constraints = program.num_constraints();
    let progress = Progress::start(format!("making a key for {constraints} constraints"));
    let key = setup::development(&ProgramRelation(program), digest, &seed.0)?;
    progress.say("writing the key");
    write_key(&args.out, &key)
}

/// Checks every byte and every point of a key file.
///
/// # Errors
/// The first thing that is wrong.
pub fn verify(path: &Path) -> Result<KeyReport, CliError> {
    let file_error = |source| key_file_error(path, source);
    let header = key_file::read_header(path).map_err(file_error)?;
    {
        let _progress = Progress::start(format!("checking {} bytes", header.file_len));
        key_file::read_validated(path, None).map_err(file_error)?;
    }
    if header.provenance.is_unsafe() {
        warn_unsafe(path);
    }
    Ok(KeyReport::new(path, &header))
}

impl KeyReport {
    /// What the metadata of a file say.
    pub fn new(path: &Path, header: &KeyFileHeader) -> Self {
        Self {
            key: path.to_owned(),
            r#unsafe: header.provenance.is_unsafe(),
            provenance: header.provenance.to_string(),
            circuit_digest: hex::encode(header.circuit_digest),
            verifying_key_hash: hex::encode(header.verifying_key_hash),
            public_inputs: header.num_public_inputs,
            columns: header.num_columns,
            domain_size: header.domain_size,
            h_basis: header.h_basis.to_string(),
            bytes: header.file_len,
        }
    }
}

impl fmt::Display for KeyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "key", self.key.display())?;
        line(f, "provenance", &self.provenance)?;
        line(f, "circuit digest", &self.circuit_digest)?;
        line(f, "verifying key hash", &self.verifying_key_hash)?;
        line(f, "public inputs", self.public_inputs)?;
        line(f, "columns", self.columns)?;
        line(f, "domain", self.domain_size)?;
        line(f, "basis of h_query", &self.h_basis)?;
        line(f, "bytes", self.bytes)
    }
}
