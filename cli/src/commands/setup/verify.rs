//! `zkroll setup verify`: a key file, or the whole ceremony of a `.zkey`.

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use zkroll::prover::formats::{ptau::Ptau, zkey::ZkeyFile};
use zkroll::prover::setup::{phase2, powers_of_tau};

use super::circuit::{Circuit, CircuitArgs};
use super::contribution::ContributionReport;
use super::key::{self, KeyReport};
use crate::args::BackendArg;
use crate::error::CliError;
use crate::files::format_error;
use crate::progress::{Bar, Progress};
use crate::report::line;

/// Arguments of `zkroll setup verify`.
#[derive(Args, Debug)]
pub struct VerifyArgs {
    /// A key file: every byte and every point is checked.
    #[arg(long, value_name = "KEY", required_unless_present = "zkey", conflicts_with_all = ["zkey", "ptau", "r1cs"])]
    key: Option<PathBuf>,
    /// A key of a ceremony, finished or not: everything that led to it is checked.
    #[arg(long, value_name = "ZKEY", requires = "ptau")]
    zkey: Option<PathBuf>,
    /// The powers of tau that the ceremony started from.
    #[arg(long, value_name = "PTAU", requires = "zkey")]
    ptau: Option<PathBuf>,
    #[command(flatten)]
    circuit: CircuitArgs,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was checked.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum VerifyReport {
    /// A key file.
    Key(KeyReport),
    /// A ceremony.
    Ceremony(CeremonyReport),
}

/// A ceremony that holds.
#[derive(Debug, Serialize)]
pub struct CeremonyReport {
    zkey: PathBuf,
    valid: bool,
    /// Whether the powers of τ say that their trapdoor is known.
    r#unsafe: bool,
    /// Whether a person contributed: without, nobody may use the key.
    fit_for_use: bool,
    circuit_hash: String,
    contributions: Vec<ContributionReport>,
}

/// Checks a key file or a ceremony.
///
/// # Errors
/// The first thing that is wrong.
pub fn run(args: &VerifyArgs) -> Result<VerifyReport, CliError> {
    if let Some(path) = &args.key {
        return key::verify(path).map(VerifyReport::Key);
    }
    let (Some(zkey), Some(ptau)) = (&args.zkey, &args.ptau) else {
        unreachable!("clap demands --key, or --zkey with --ptau");
    };
    let circuit = args.circuit.circuit()?;
    let Checked {
        contributions,
        is_unsafe,
        ..
    } = check(zkey, ptau, &circuit, args.backend)?;
    Ok(VerifyReport::Ceremony(CeremonyReport {
        zkey: zkey.clone(),
        valid: true,
        r#unsafe: is_unsafe,
        fit_for_use: contributions.has_person() && !is_unsafe,
        circuit_hash: hex::encode(contributions.circuit_hash()),
        contributions: reports(&contributions),
    }))
}

/// How the contributions are shown.
pub fn reports(contributions: &phase2::VerifiedContributions) -> Vec<ContributionReport> {
    let contributions = contributions.contributions().iter();
    contributions
        .map(|contribution| ContributionReport::new(contribution.hash, &contribution.kind))
        .collect()
}

/// A ceremony that holds.
pub struct Checked {
    /// Its key.
    pub zkey: ZkeyFile,
    /// Its contributions.
    pub contributions: phase2::VerifiedContributions,
    /// Whether the powers of τ say that their trapdoor is known.
    pub is_unsafe: bool,
}

/// Checks the powers of τ that a circuit uses, and the ceremony that started from them.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(
    zkey: &Path,
    ptau: &Path,
    circuit: &Circuit,
    backend: BackendArg,
) -> Result<Checked, CliError> {
    let backend = backend.open()?;
    let progress = Progress::start("opening the files");
    let key = ZkeyFile::open(zkey).map_err(|source| format_error(zkey, source))?;
    let powers = Ptau::open(ptau).map_err(|source| format_error(ptau, source))?;
    drop(progress);
    let mut bar = Bar::new();
    let power = key.domain().log_size();
    let limits = phase2::Limits::default();
    powers_of_tau::check(
        &powers,
        power,
        power..=power,
        &mut OsRng,
        &backend,
        &mut bar,
    )?;
    let contributions = phase2::verify(
        &key,
        &circuit.matrices,
        &powers,
        &limits,
        &mut OsRng,
        &backend,
        &mut bar,
    )?;
    Ok(Checked {
        zkey: key,
        contributions,
        is_unsafe: powers.is_unsafe(),
    })
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(report) => report.fmt(f),
            Self::Ceremony(report) => report.fmt(f),
        }
    }
}

impl fmt::Display for CeremonyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "valid", self.zkey.display())?;
        line(f, "circuit hash", &self.circuit_hash)?;
        ContributionReport::lines(&self.contributions, f)?;
        if self.r#unsafe {
            line(f, "UNSAFE", "the powers of tau are from a known trapdoor")?;
        } else if !self.fit_for_use {
            line(f, "UNSAFE", "no person has contributed yet")?;
        }
        Ok(())
    }
}
