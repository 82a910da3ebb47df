//! `zkroll setup`: keys, from a ceremony or for development.

mod circuit;
mod contribute;
mod contribution;
mod export;
mod init;
mod key;
mod ptau;
mod verify;

use clap::Subcommand;

pub use contribution::ContributionReport;
pub use key::KeyReport;

use crate::error::CliError;
use crate::report::print;

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub enum SetupCommand {
    /// Makes an UNSAFE development key: whoever has the seed can prove false statements.
    Dev(key::DevArgs),
    /// Makes UNSAFE powers of tau from a known trapdoor, for tests.
    DevPtau(ptau::DevPtauArgs),
    /// Checks the powers of tau of a public ceremony and takes what is needed of them.
    ImportPtau(ptau::ImportArgs),
    /// Starts a ceremony: the key of a circuit before any contribution (.zkey).
    Init(init::InitArgs),
    /// Contributes to a key.
    Contribute(contribute::ContributeArgs),
    /// Ends a ceremony with a public random value that nobody could know before.
    Beacon(contribute::BeaconArgs),
    /// Checks a key file, or the whole ceremony of a .zkey.
    Verify(verify::VerifyArgs),
    /// Checks the whole ceremony of a .zkey and writes the key for production.
    Export(export::ExportArgs),
}

impl SetupCommand {
    /// Runs the command and prints its report.
    ///
    /// # Errors
    /// Whatever the command refuses.
    pub fn run(&self, json: bool) -> Result<(), CliError> {
        match self {
            Self::Dev(args) => print(&key::dev(args)?, json),
            Self::DevPtau(args) => print(&ptau::dev(args)?, json),
            Self::ImportPtau(args) => print(&ptau::import(args)?, json),
            Self::Init(args) => print(&init::run(args)?, json),
            Self::Contribute(args) => print(&contribute::contribute(args)?, json),
            Self::Beacon(args) => print(&contribute::beacon(args)?, json),
            Self::Verify(args) => print(&verify::run(args)?, json),
            Self::Export(args) => print(&export::run(args)?, json),
        }
    }
}
