//! Why a command failed.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use thiserror::Error;
use zkroll::circuits::batch::ShapeError;
use zkroll::circuits::protocol::ledger;
use zkroll::prover::domain::DomainTooLarge;
use zkroll::prover::formats::{FormatError, json::JsonError};
use zkroll::prover::key_file::KeyFileError;
use zkroll::prover::setup::phase2::{EntropyError, Phase2Error};
use zkroll::prover::setup::powers_of_tau::PowersOfTauError;
use zkroll::prover::{BackendError, KeyError, MatricesError, ProveError, SetupError, VerifyError};
use zkroll::verifier_sol::solidity::SolidityError;
use zkroll::{BatchError, ProvenBatchError, SharedBlobError};

use crate::commands::bench::BenchError;

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CliError {
    /// The operating system refused.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Standard output is gone.
    #[error("write to standard output: {0}")]
    Stdout(io::Error),
    /// The farm's program does not start.
    #[error(
        "zkroll-farm, beside this program or on the path: {source} (cargo build --release -p zkroll-farm)"
    )]
    Farm {
        /// The reason.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("expected {what} in {path}: {source}", path = path.display())]
    Json {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// A key file is refused.
    #[error("key {path}: {source}", path = path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyFileError,
    },
    /// A file of circom or snarkjs is refused.
    #[error("{path}: {source}", path = path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// A JSON file of snarkjs is refused or not written.
    #[error("{path}: {source}", path = path.display())]
    SnarkjsJson {
        /// The file.
        path: PathBuf,
        /// Why.
        source: JsonError,
    },
    /// A step of a ceremony failed.
    #[error(transparent)]
    Phase2(#[from] Phase2Error),
    /// Powers of τ are refused.
    #[error(transparent)]
    PowersOfTau(#[from] PowersOfTauError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The constraints are not those of a circuit.
    #[error(transparent)]
    Matrices(#[from] MatricesError),
    /// The batch has not the shape of the command line.
    #[error("expected a batch with {argument} {expected}, got {got}")]
    Shape {
        /// The argument.
        argument: &'static str,
        /// Its value.
        expected: u32,
        /// The batch's.
        got: u32,
    },
    /// A proven batch is for another circuit than the key.
    #[error(
        "{path}: expected a batch of the key's circuit {expected}, got one of {got}",
        path = path.display(),
        expected = hex::encode(.expected),
        got = hex::encode(.got)
    )]
    OtherCircuit {
        /// The file of the proven batch.
        path: PathBuf,
        /// Digest in the key.
        expected: [u8; 32],
        /// Digest of the circuit of the batch's shape.
        got: [u8; 32],
    },
    /// A proven batch is not accepted.
    #[error("{path}: {source}", path = path.display())]
    ProvenBatch {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ProvenBatchError,
    },
    /// A verifier of a development key was not asked for.
    #[error(
        "expected a key of unknown trapdoor, got the UNSAFE development key {path}: anyone who has \
         its seed can steal from the contract; --allow-unsafe-dev-key exports it all the same",
        path = path.display()
    )]
    DevelopmentKey {
        /// The key file.
        path: PathBuf,
    },
    /// No circuit has this shape.
    #[error(transparent)]
    NoCircuit(#[from] ShapeError),
    /// The circuit is too large for the field.
    #[error(transparent)]
    DomainTooLarge(#[from] DomainTooLarge),
    /// The backend is not available or failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The ledger refuses the batch.
    #[error("the ledger refuses the batch: {0}")]
    Ledger(#[from] ledger::BatchError),
    /// The batch is not proven.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A file for a blob, of a batch in calldata.
    #[error("expected a batch whose operations are in a blob for --blob-out, got one in calldata")]
    NoBlob,
    /// The batch's operations make no blob.
    #[error(transparent)]
    Blob(#[from] SharedBlobError),
    /// The circuit is not proven.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The proofs do not verify together.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// No key is made.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The verifying key is refused.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No contract is written.
    #[error(transparent)]
    Solidity(#[from] SolidityError),
    /// A measurement is refused.
    #[error(transparent)]
    Bench(#[from] BenchError),
}

/// The error and its sources in one line; a source that the text before it quotes is not repeated.
pub fn one_line(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        source = error.source();
    }
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Error)]
    #[error("outer\nlayer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn sources_are_told_once_and_in_one_line() {
        assert_eq!(
            one_line(&Outer(io::Error::other("inner"))),
            "outer layer: inner"
        );
        let quoting = CliError::Io {
            action: "open",
            path: "a/b".into(),
            source: io::Error::other("no such thing"),
        };
        assert_eq!(one_line(&quoting), "open a/b: no such thing");
    }
}
