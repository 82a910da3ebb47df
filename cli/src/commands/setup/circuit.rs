//! Which circuit a ceremony is for.

use std::path::PathBuf;

use clap::Args;
use zkroll::ProgramRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::exit::ExitCircuit;
use zkroll::prover::Matrices;
use zkroll::prover::formats::{r1cs, zkey::circuit_digest};

use crate::args::{ExitArg, ShapeArgs};
use crate::error::CliError;
use crate::files::format_error;

/// A circuit: any, as constraints, the exit circuit of a depth, or the batch circuit of a shape.
#[derive(Args, Debug)]
pub struct CircuitArgs {
    /// The circuit's constraints; without it, the circuit is that of batches of a shape.
    #[arg(long, value_name = "R1CS", conflicts_with_all = ["depth", "transfers", "fee_slots", "l1_slots", "withdrawals", "creations", "blob", "exit"])]
    r1cs: Option<PathBuf>,
    #[command(flatten)]
    exit: ExitArg,
    #[command(flatten)]
    shape: ShapeArgs,
}

/// The circuit's constraints and its digest in a key file.
pub struct Circuit {
    /// Its constraints.
    pub matrices: Matrices,
    /// Its digest.
    pub digest: [u8; 32],
}

impl CircuitArgs {
    /// Reads or makes the circuit.
    ///
    /// # Errors
    /// If the file is refused or no circuit has the shape.
    pub fn circuit(&self) -> Result<Circuit, CliError> {
        match &self.r1cs {
            Some(path) => {
                let matrices = r1cs::read(path).map_err(|source| format_error(path, source))?;
                let digest = circuit_digest(&matrices);
                Ok(Circuit { matrices, digest })
            }
            None if self.exit.exit => {
                let circuit = ExitCircuit::new(self.shape.depth)?;
                Ok(Circuit {
                    matrices: Matrices::from_r1cs(&ProgramRelation(circuit.program()))?,
                    digest: circuit.digest(),
                })
            }
            None => {
                let circuit = BatchCircuit::new(self.shape.into())?;
                Ok(Circuit {
                    matrices: Matrices::from_r1cs(&ProgramRelation(circuit.program()))?,
                    digest: circuit.digest(),
                })
            }
        }
    }
}
