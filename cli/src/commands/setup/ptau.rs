//! `zkroll setup import-ptau` and `dev-ptau`.

use std::fmt;
use std::path::PathBuf;

use clap::Args;
use rand::{RngCore, rngs::OsRng};
use serde::Serialize;
use zkroll::prover::formats::ptau::Ptau;
use zkroll::prover::setup::phase2::ContributionKind;
use zkroll::prover::setup::powers_of_tau::{self, ContributionSummary};

use crate::args::{BackendArg, Seed};
use crate::error::CliError;
use crate::files::format_error;
use crate::progress::Bar;
use crate::report::line;

/// Arguments of `zkroll setup dev-ptau`.
#[derive(Args, Debug)]
pub struct DevPtauArgs {
    /// For circuits of up to 2^N rows.
    #[arg(long, value_name = "N")]
    power: u32,
    /// Where the file goes.
    #[arg(long, value_name = "PTAU")]
    out: PathBuf,
    /// The trapdoor's seed in 64 hexadecimal digits; random and forgotten if absent.
    #[arg(long, value_name = "HEX32")]
    seed: Option<Seed>,
}

/// Arguments of `zkroll setup import-ptau`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// A .ptau file of a public ceremony.
    #[arg(long, value_name = "PTAU")]
    ptau: PathBuf,
    /// For circuits of up to 2^N rows; all that the file has if absent.
    #[arg(long, value_name = "N")]
    power: Option<u32>,
    /// Where the checked and prepared file goes.
    #[arg(long, value_name = "PTAU")]
    out: PathBuf,
    #[command(flatten)]
    backend: BackendArg,
}

/// What was written.
#[derive(Debug, Serialize)]
pub struct PtauReport {
    ptau: PathBuf,
    power: u32,
    r#unsafe: bool,
    bytes: u64,
    contributions: Vec<PtauContribution>,
}

/// A contribution to the first phase.
#[derive(Debug, Serialize)]
struct PtauContribution {
    kind: &'static str,
    name: Option<String>,
    response_hash: String,
    next_challenge: String,
}

impl From<ContributionSummary> for PtauContribution {
    fn from(summary: ContributionSummary) -> Self {
        let kind = match summary.kind {
            ContributionKind::Beacon { .. } => "beacon",
            _ => "person",
        };
        Self {
            kind,
            name: summary.kind.name().map(str::to_owned),
            response_hash: hex::encode(summary.response_hash),
            next_challenge: hex::encode(summary.next_challenge),
        }
    }
}

/// Makes UNSAFE powers of τ.
///
/// # Errors
/// If the power is out of range or the file cannot be written.
pub fn dev(args: &DevPtauArgs) -> Result<PtauReport, CliError> {
    let seed = args.seed.unwrap_or_else(|| {
        let mut seed = [0; 32];
        OsRng.fill_bytes(&mut seed);
        Seed(seed)
    });
    let mut bar = Bar::new();
    powers_of_tau::development(&args.out, args.power, &seed.0, &mut bar)?;
    drop(bar);
    eprintln!(
        "warning: {} are UNSAFE powers of tau: whoever has their seed can prove false statements",
        args.out.display()
    );
    report(&args.out, Vec::new())
}

/// Takes the powers of τ of a public ceremony.
///
/// # Errors
/// If the file is refused, or another cannot be written.
pub fn import(args: &ImportArgs) -> Result<PtauReport, CliError> {
    let backend = args.backend.open()?;
    let ptau = Ptau::open(&args.ptau).map_err(|source| format_error(&args.ptau, source))?;
    let power = args.power.unwrap_or(ptau.power());
    let mut bar = Bar::new();
    let contributions =
        powers_of_tau::import(&ptau, power, &args.out, &mut OsRng, &backend, &mut bar)?;
    drop(bar);
    report(
        &args.out,
        contributions.into_iter().map(Into::into).collect(),
    )
}

fn report(path: &PathBuf, contributions: Vec<PtauContribution>) -> Result<PtauReport, CliError> {
    let ptau = Ptau::open(path).map_err(|source| format_error(path, source))?;
    let bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
    Ok(PtauReport {
        ptau: path.clone(),
        power: ptau.power(),
        r#unsafe: ptau.is_unsafe(),
        bytes,
        contributions,
    })
}

impl fmt::Display for PtauReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "powers of tau", self.ptau.display())?;
        line(f, "for rows", format_args!("up to 2^{}", self.power))?;
        if self.r#unsafe {
            line(f, "UNSAFE", "their trapdoor is known")?;
        }
        line(f, "bytes", self.bytes)?;
        for (i, contribution) in self.contributions.iter().enumerate() {
            // A name is whatever its author wrote.
            let name = contribution.name.as_deref().unwrap_or_default();
            line(
                f,
                &format!("contribution {}", i + 1),
                format_args!("{} {}", contribution.kind, name.escape_debug()),
            )?;
            line(f, "response hash", &contribution.response_hash)?;
        }
        Ok(())
    }
}
