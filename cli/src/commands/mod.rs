//! The commands, one module each.

pub mod bench;
mod export_verifier;
mod farm;
mod groth16;
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
    /// Makes and checks proving keys: ceremonies, and development keys.
    #[command(subcommand)]
    Setup(setup::SetupCommand),
    /// Proves and verifies any circuit of circom, in snarkjs' files.
    #[command(subcommand)]
    Groth16(groth16::Groth16Command),
    /// Proves a batch: a recorded one, or transfers that a ledger is still to apply.
    Prove(prove::ProveArgs),
    /// Verifies proven batches as the contract would.
    Verify(verify::VerifyArgs),
    /// Writes the contracts that verify a key's proofs.
    ExportVerifier(export_verifier::ExportArgs),
    /// Measures operations on several backends side by side.
    Bench(bench::BenchArgs),
    /// Has batches proved by many processes, on one machine or many.
    Farm(farm::FarmArgs),
}

impl Command {
    /// Runs the command and prints its report.
    ///
    /// # Errors
    /// Whatever the command refuses.
    pub fn run(&self, json: bool) -> Result<(), CliError> {
        match self {
            Self::Info(args) => print(&info::run(args)?, json),
            Self::Setup(command) => command.run(json),
            Self::Groth16(command) => command.run(json),
            Self::Prove(args) => print(&prove::run(args)?, json),
            Self::Verify(args) => print(&verify::run(args)?, json),
            Self::ExportVerifier(args) => print(&export_verifier::run(args)?, json),
            Self::Bench(args) => print(&bench::run(args)?, json),
            Self::Farm(args) => args.run(json),
        }
    }
}
