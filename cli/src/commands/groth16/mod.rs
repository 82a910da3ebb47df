//! `zkroll groth16`: any circuit of circom, in snarkjs' files.

mod convert;
mod info;
mod prove;
mod verify;

use clap::Subcommand;

use crate::error::CliError;
use crate::report::print;

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Groth16Command {
    /// Proves a witness (.wtns) with a key (.zkey): writes proof.json and public.json.
    Prove(prove::ProveArgs),
    /// Verifies proof.json and public.json with verification_key.json.
    Verify(verify::VerifyArgs),
    /// Writes a key or a proof in another form, and checks all of it meanwhile.
    #[command(subcommand)]
    Convert(convert::ConvertCommand),
    /// Says what a .zkey, .wtns, .r1cs or .ptau file holds.
    Info(info::InfoArgs),
}

impl Groth16Command {
    /// Runs the command and prints its report.
    ///
    /// # Errors
    /// Whatever the command refuses.
    pub fn run(&self, json: bool) -> Result<(), CliError> {
        match self {
            Self::Prove(args) => print(&prove::run(args)?, json),
            Self::Verify(args) => print(&verify::run(args)?, json),
            Self::Convert(command) => print(&convert::run(command)?, json),
            Self::Info(args) => print(&info::run(args)?, json),
        }
    }
}
