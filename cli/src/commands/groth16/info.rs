//! `zkroll groth16 info`: what a key file, or a file of circom or snarkjs, holds.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use serde::Serialize;
use zkroll::prover::formats::{FormatError, ptau::Ptau, r1cs, wtns, zkey::ZkeyFile};
use zkroll::prover::key_file::StreamedKey;
use zkroll::prover::setup::phase2::ContributionList;
use zkroll::prover::{Matrix, Provenance, R1cs, validate_verifying_key};

use crate::commands::setup::{ContributionReport, KeyReport};
use crate::error::CliError;
use crate::files::{format_error, io_error, key_file_error};
use crate::report::{line, milliseconds};

/// Arguments of `zkroll groth16 info`.
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// A .zkey, .wtns, .r1cs or .ptau file, or a key file.
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

/// What the file says. Nothing of it was checked but its form.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Info {
    /// zkroll's own proving key.
    Key {
        /// What it says of itself.
        #[serde(flatten)]
        key: Box<KeyReport>,
        /// The ceremony's contributions, if it comes from one; verified when the file was written.
        contributions: Vec<ContributionReport>,
        /// How long the file takes to open for proving.
        open_ms: f64,
    },
    /// A proving key.
    Zkey {
        /// Columns, the constant 1 included.
        columns: usize,
        /// Public inputs.
        public_inputs: usize,
        /// log₂ of the domain.
        domain_log2: u32,
        /// Entries of A and B.
        coefficients: usize,
        /// Why the key is refused for proving and verifying, if it is.
        refused: Option<String>,
        /// Circuit hash, if the file has a ceremony's section.
        circuit_hash: Option<String>,
        /// The ceremony's contributions, not verified.
        contributions: Vec<ContributionReport>,
    },
    /// A witness.
    Wtns {
        /// Values, the constant 1 included.
        values: usize,
    },
    /// Constraints.
    R1cs {
        /// Constraints.
        constraints: usize,
        /// Columns, the constant 1 included.
        columns: usize,
        /// Public inputs and outputs.
        public_inputs: usize,
        /// Entries of A, B and C.
        non_zero: [usize; 3],
    },
    /// Powers of τ.
    Ptau {
        /// Circuits of up to 2^power rows.
        power: u32,
        /// Power of the ceremony.
        ceremony_power: u32,
        /// Whether a second phase can start from it.
        prepared: bool,
        /// Whether it says that its trapdoor is known.
        r#unsafe: bool,
    },
}

/// Reads a file.
///
/// # Errors
/// If it cannot be read, is malformed or of no known kind.
pub fn run(args: &InfoArgs) -> Result<Info, CliError> {
    let path = &args.file;
    let refused = |source| format_error(path, source);
    match &magic(path)? {
        b"zkro" => key(path),
        b"zkey" => zkey(path),
        b"wtns" => Ok(Info::Wtns {
            values: wtns::read(path).map_err(refused)?.len(),
        }),
        b"r1cs" => {
            let matrices = r1cs::read(path).map_err(refused)?;
            Ok(Info::R1cs {
                constraints: matrices.num_constraints(),
                columns: matrices.num_columns(),
                public_inputs: matrices.num_instance() - 1,
                non_zero: Matrix::ALL.map(|matrix| matrices.num_non_zero(matrix)),
            })
        }
        b"ptau" => {
            let ptau = Ptau::open(path).map_err(refused)?;
            Ok(Info::Ptau {
                power: ptau.power(),
                ceremony_power: ptau.ceremony_power(),
                prepared: ptau.is_prepared(),
                r#unsafe: ptau.is_unsafe(),
            })
        }
        _ => Err(refused(FormatError::Magic {
            expected: "zkey, wtns, r1cs, ptau or zkrollpk",
        })),
    }
}

fn magic(path: &Path) -> Result<[u8; 4], CliError> {
    let mut magic = Vec::new();
    File::open(path)
        .map_err(|source| io_error("open", path, source))?
        .take(4)
        .read_to_end(&mut magic)
        .map_err(|source| io_error("read", path, source))?;
    Ok(magic.try_into().unwrap_or_default())
}

fn key(path: &Path) -> Result<Info, CliError> {
    let start = Instant::now();
    let key = StreamedKey::open(path, None).map_err(|source| key_file_error(path, source))?;
    let open_ms = milliseconds(start.elapsed());
    let header = key.header();
    let contributions = match &header.provenance {
        Provenance::Ceremony(ceremony) => ceremony.contributions(),
        _ => &[],
    };
    Ok(Info::Key {
        key: Box::new(KeyReport::new(path, header)),
        contributions: contributions
            .iter()
            .map(ContributionReport::recorded)
            .collect(),
        open_ms,
    })
}

fn zkey(path: &Path) -> Result<Info, CliError> {
    let zkey = ZkeyFile::open(path).map_err(|source| format_error(path, source))?;
    let ceremony = ContributionList::of_zkey(&zkey)?;
    let refused = validate_verifying_key(zkey.verifying_key()).err();
    Ok(Info::Zkey {
        columns: zkey.num_columns(),
        public_inputs: zkey.num_public_inputs(),
        domain_log2: zkey.domain().log_size(),
        coefficients: zkey.num_coefficients(),
        refused: refused.map(|error| error.to_string()),
        circuit_hash: Some(hex::encode(ceremony.circuit_hash)),
        contributions: ceremony
            .contributions
            .iter()
            .map(|contribution| ContributionReport::new(contribution.hash(), &contribution.kind))
            .collect(),
    })
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key {
                key,
                contributions,
                open_ms,
            } => {
                line(f, "kind", "proving key (key file)")?;
                key.fmt(f)?;
                line(f, "opened in", format_args!("{open_ms:.1} ms"))?;
                ContributionReport::lines(contributions, f)
            }
            Self::Zkey {
                columns,
                public_inputs,
                domain_log2,
                coefficients,
                refused,
                circuit_hash,
                contributions,
            } => {
                line(f, "kind", "proving key (.zkey)")?;
                line(f, "columns", columns)?;
                line(f, "public inputs", public_inputs)?;
                line(f, "domain", format_args!("2^{domain_log2}"))?;
                line(f, "entries of A and B", coefficients)?;
                match refused {
                    Some(reason) => line(f, "refused, because", reason)?,
                    None => line(f, "refused", "no")?,
                }
                if let Some(hash) = circuit_hash {
                    line(f, "circuit hash", hash)?;
                }
                ContributionReport::lines(contributions, f)
            }
            Self::Wtns { values } => {
                line(f, "kind", "witness (.wtns)")?;
                line(f, "values", values)
            }
            Self::R1cs {
                constraints,
                columns,
                public_inputs,
                non_zero: [a, b, c],
            } => {
                line(f, "kind", "constraints (.r1cs)")?;
                line(f, "constraints", constraints)?;
                line(f, "columns", columns)?;
                line(f, "public inputs", public_inputs)?;
                line(f, "entries of A, B, C", format_args!("{a}, {b}, {c}"))
            }
            Self::Ptau {
                power,
                ceremony_power,
                prepared,
                r#unsafe,
            } => {
                line(f, "kind", "powers of tau (.ptau)")?;
                line(f, "power", power)?;
                line(f, "power of the ceremony", ceremony_power)?;
                line(f, "prepared", if *prepared { "yes" } else { "no" })?;
                if *r#unsafe {
                    line(f, "UNSAFE", "its trapdoor is known")?;
                }
                Ok(())
            }
        }
    }
}
