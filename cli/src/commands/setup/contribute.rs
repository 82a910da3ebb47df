//! `zkroll setup contribute` and `beacon`.

use std::fmt;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::Args;
use rand::rngs::OsRng;
use serde::Serialize;
use zeroize::Zeroizing;
use zkroll::prover::setup::phase2::{self, Beacon, Secret, format_hash};

use crate::args::BackendArg;
use crate::error::CliError;
use crate::files::io_error;
use crate::progress::Bar;
use crate::report::line;

/// Arguments of `zkroll setup contribute`.
#[derive(Args, Debug)]
pub struct ContributeArgs {
    /// The key as the contributor before left it.
    #[arg(long, value_name = "ZKEY")]
    zkey: PathBuf,
    /// Where the key with this contribution goes.
    #[arg(long, value_name = "ZKEY")]
    out: PathBuf,
    /// A name for the transcript, at most 64 characters.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Use the operating system's randomness alone and do not ask for a text.
    #[arg(long)]
    no_text: bool,
    #[command(flatten)]
    backend: BackendArg,
}

/// Arguments of `zkroll setup beacon`.
#[derive(Args, Debug)]
pub struct BeaconArgs {
    /// The key as the last contributor left it.
    #[arg(long, value_name = "ZKEY")]
    zkey: PathBuf,
    /// Where the key with the beacon goes.
    #[arg(long, value_name = "ZKEY")]
    out: PathBuf,
    /// The public value in hexadecimal digits, 1 to 255 bytes.
    #[arg(long, value_name = "HEX", value_parser = parse_hex)]
    beacon: HexBytes,
    /// log2 of the number of hashes, 10 to 63.
    #[arg(long, value_name = "N", default_value_t = 10)]
    iterations_exp: u8,
    /// A name for the transcript.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    backend: BackendArg,
}

/// Bytes from the command line.
#[derive(Clone, Debug)]
struct HexBytes(Vec<u8>);

fn parse_hex(text: &str) -> Result<HexBytes, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    hex::decode(digits)
        .map(HexBytes)
        .map_err(|_| format!("expected hexadecimal digits, two for each byte, got {text:?}"))
}

/// What was contributed.
#[derive(Debug, Serialize)]
pub struct ContributeReport {
    zkey: PathBuf,
    contribution_hash: String,
    #[serde(skip)]
    hash: Box<[u8; 64]>,
}

impl ContributeReport {
    fn new(zkey: PathBuf, hash: [u8; 64]) -> Self {
        Self {
            zkey,
            contribution_hash: hex::encode(hash),
            hash: Box::new(hash),
        }
    }
}

/// Adds a person's contribution.
///
/// # Errors
/// If the key is refused or a file cannot be written.
pub fn contribute(args: &ContributeArgs) -> Result<ContributeReport, CliError> {
    let backend = args.backend.open()?;
    let mut text = Zeroizing::new(String::new());
    if !args.no_text {
        ask(&mut text)?;
    }
    let secret = Secret::draw(std::mem::take(&mut *text))?;
    let mut bar = Bar::new();
    let hash = phase2::contribute(
        &args.zkey,
        &args.out,
        &secret,
        args.name.as_deref(),
        &mut OsRng,
        &backend,
        &mut bar,
    )?;
    drop(bar);
    Ok(ContributeReport::new(args.out.clone(), hash))
}

/// Adds the contribution of a beacon.
///
/// # Errors
/// If the beacon or the key is refused, or a file cannot be written.
pub fn beacon(args: &BeaconArgs) -> Result<ContributeReport, CliError> {
    let backend = args.backend.open()?;
    let beacon = Beacon::new(args.beacon.0.clone(), args.iterations_exp)
        .map_err(phase2::Phase2Error::from)?;
    let mut bar = Bar::new();
    let name = args.name.as_deref();
    let hash = phase2::contribute_beacon(&args.zkey, &args.out, &beacon, name, &backend, &mut bar)?;
    drop(bar);
    Ok(ContributeReport::new(args.out.clone(), hash))
}

/// One line of standard input: what the person types, or what a script pipes in.
fn ask(text: &mut Zeroizing<String>) -> Result<(), CliError> {
    if io::stdin().is_terminal() {
        eprintln!(
            "Type anything that nobody can guess, then Enter (it is mixed with the system's randomness):"
        );
    }
    // Room for a long line, so that no half of it is left behind when the text moves.
    text.reserve(4096);
    io::stdin()
        .lock()
        .read_line(text)
        .map(drop)
        .map_err(|source| io_error("read", "standard input".as_ref(), source))
}

impl fmt::Display for ContributeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(f, "key with the contribution", self.zkey.display())?;
        line(f, "contribution hash, to be published", "")?;
        writeln!(f, "{}", format_hash(&self.hash))
    }
}
