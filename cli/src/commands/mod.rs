//! The commands, one module each.

pub mod bench;
mod export_verifier;
mod info;
mod prove;
mod setup;
mod verify;

use clap::Subcommand;

use crate::error::CliError;
use crate::report::print;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the figures of a batch shape's circuit and what can prove it here.
    Info(info::InfoArgs),
    /// Makes and checks proving keys.
    #[command(subcommand)]
    Setup(SetupCommand),
    /// Proves a batch: a recorded one, or transfers that a ledger is still to apply.
    Prove(prove::ProveArgs),
    /// Verifies proven batches as the contract would.
    Verify(verify::VerifyArgs),
    /// Writes the contracts that verify a key's proofs.
    ExportVerifier(export_verifier::ExportArgs),
    /// Measures operations on several backends side by side.
    Bench(bench::BenchArgs),
}

/// What to do with a key.
#[derive(Debug, Subcommand)]
pub enum SetupCommand {
    /// Makes an UNSAFE development key: whoever has the seed can prove false statements.
    Dev(setup::DevArgs),
    /// Checks every byte and every point of a key file.
    Verify(setup::VerifyArgs),
}

impl Command {
    /// Runs the command and prints its report.
    ///
    /// # Errors
    /// Whatever the command refuses.
    pub fn run(&self, json: bool) -> Result<(), CliError> {
        match self {
            Self::Info(args) => print(&info::run(args)?, json),
            Self::Setup(SetupCommand::Dev(args)) => print(&setup::dev(args)?, json),
            Self::Setup(SetupCommand::Verify(args)) => print(&setup::verify(args)?, json),
            Self::Prove(args) => print(&prove::run(args)?, json),
            Self::Verify(args) => print(&verify::run(args)?, json),
            Self::ExportVerifier(args) => print(&export_verifier::run(args)?, json),
            Self::Bench(args) => print(&bench::run(args)?, json),
        }
    }
}
