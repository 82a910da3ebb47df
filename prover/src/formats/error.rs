//! Why a file is refused.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::DomainTooLarge;
use crate::key_file::KeyFileError;
use crate::matrices::MatricesError;
use crate::setup::phase2::ContributionListError;
use crate::validate::KeyError;

/// Why a file of circom or snarkjs was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The operating system refused.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file of another kind.
    #[error("expected a file that starts with {expected:?}, got other bytes")]
    Magic {
        /// The kind that is read here.
        expected: &'static str,
    },
    /// A version that this build does not read.
    #[error("expected version {expected} of {kind}, got {got}")]
    Version {
        /// The kind of file.
        kind: &'static str,
        /// The versions that are read.
        expected: &'static str,
        /// The version in the file.
        got: u32,
    },
    /// The sections do not fill the file.
    #[error("expected {expected} bytes in all sections together, got {got} behind the header")]
    FileLength {
        /// Bytes that the sections claim.
        expected: u64,
        /// Bytes that there are.
        got: u64,
    },
    /// A section that must be there is not.
    #[error("expected a section {id} ({name}), got none")]
    SectionMissing {
        /// Its number.
        id: u32,
        /// What it holds.
        name: &'static str,
    },
    /// A section comes twice.
    #[error("expected one section {id} ({name}), got several")]
    SectionRepeated {
        /// Its number.
        id: u32,
        /// What it holds.
        name: &'static str,
    },
    /// A section is shorter or longer than its contents.
    #[error("expected {expected} bytes in section {name}, got {got}")]
    SectionLength {
        /// What it holds.
        name: &'static str,
        /// Bytes that its contents take.
        expected: u64,
        /// Bytes that it has.
        got: u64,
    },
    /// Another curve.
    #[error("expected the {field} of BN254 in section {section}, got another")]
    Prime {
        /// Which of the two.
        field: &'static str,
        /// Where.
        section: &'static str,
    },
    /// A `.zkey` for another protocol.
    #[error("expected protocol 1 (Groth16), got {got}")]
    Protocol {
        /// Its number in the file.
        got: u32,
    },
    /// A number that cannot be.
    #[error("expected {expected} for {what}, got {got}")]
    Number {
        /// The number.
        what: &'static str,
        /// What it may be.
        expected: String,
        /// What it is.
        got: u64,
    },
    /// A value that is not below the modulus.
    #[error("expected a value below the modulus as number {index} of {what}, got another")]
    Value {
        /// The list.
        what: &'static str,
        /// Place in the list.
        index: usize,
    },
    /// The first column of a witness.
    #[error("expected a witness that starts with 1, got another value")]
    ConstantNotOne,
    /// The constraints do not form a system.
    #[error(transparent)]
    Matrices(#[from] MatricesError),
    /// More constraints than the largest domain.
    #[error(transparent)]
    DomainTooLarge(#[from] DomainTooLarge),
    /// The points of a list could not be read.
    #[error(transparent)]
    Points(KeyFileError),
    /// The list of a ceremony's contributions is malformed.
    #[error("contributions: {0}")]
    Contributions(#[from] ContributionListError),
    /// Nobody contributed to the key but beacons, whose secrets are public.
    #[error(
        "the key is refused: expected at least one contribution by a person, got {beacons} of beacons alone"
    )]
    NoPerson {
        /// Number of beacons.
        beacons: usize,
    },
    /// The contributions do not lead to the key's δ.
    #[error("the key is refused: expected the delta_g1 of its contributions, got another point")]
    DeltaOfContributions,
    /// The key breaks a refusal rule.
    #[error("the key is refused: {0}")]
    Key(#[from] KeyError),
}

impl FormatError {
    /// An [`io::Error`] at a file.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }
}

impl From<KeyFileError> for FormatError {
    fn from(error: KeyFileError) -> Self {
        match error {
            KeyFileError::Io {
                action,
                path,
                source,
            } => Self::Io {
                action,
                path,
                source,
            },
            KeyFileError::Key(error) => Self::Key(error),
            other => Self::Points(other),
        }
    }
}
