//! Why a step of the second phase failed.

use super::{BeaconError, ContributeError, ContributionError, ContributionListError};
use crate::backend::BackendError;
use crate::formats::FormatError;
use crate::provenance::CeremonyError;

/// Why a key was not made, contributed to or accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Phase2Error {
    /// A file cannot be read or written or is malformed, or a key is refused.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The list of contributions is malformed.
    #[error(transparent)]
    List(#[from] ContributionListError),
    /// A contribution is wrong.
    #[error(transparent)]
    Contribution(#[from] ContributionError),
    /// Nothing was contributed.
    #[error(transparent)]
    Contribute(#[from] ContributeError),
    /// Nobody took part but beacons.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// The first phase has too few powers of τ. From a domain of 2^15 on it takes one power more than the
    /// domain's, for the circuit hash.
    #[error("expected powers of tau up to 2^{expected} for this circuit, got 2^{got}")]
    PowersOfTauTooFew {
        /// log₂ of the circuit's domain.
        expected: u32,
        /// Power of the file.
        got: u32,
    },
    /// The first phase lacks the sections that a second one starts from.
    #[error("expected prepared powers of tau, got a file without Lagrange points")]
    NotPrepared,
    /// The circuit has other sizes than the key.
    #[error("expected {expected} points in {list} for this circuit, got {got}")]
    Shape {
        /// List of the key.
        list: &'static str,
        /// Points that the circuit asks for.
        expected: usize,
        /// Points in the key.
        got: usize,
    },
    /// A constant is not the first phase's.
    #[error("expected the {element} of the first phase, got another point")]
    Constant {
        /// Field of the key.
        element: &'static str,
    },
    /// δ does not follow from the contributions.
    #[error("expected the {element} that the contributions lead to, got another point")]
    Delta {
        /// `delta_g1` or `delta_g2`.
        element: &'static str,
    },
    /// The matrices in the key are not the circuit's.
    #[error("expected coefficient {index} of the circuit in the key, got another")]
    Coefficient {
        /// Place in the section.
        index: usize,
    },
    /// A point is not that of the circuit and the first phase.
    #[error("expected the circuit's point {index} in {list}, got another")]
    Point {
        /// List of the key.
        list: &'static str,
        /// Place in the list.
        index: usize,
    },
    /// A list was not divided by δ.
    #[error("expected the points of {list} to be the circuit's divided by delta, got others")]
    Ratio {
        /// List of the key.
        list: &'static str,
    },
    /// The contributions are for another circuit or first phase.
    #[error("expected contributions for this circuit and first phase, got those for others")]
    CircuitHash,
    /// The backend failed.
    #[error(transparent)]
    Backend(BackendError),
    /// The observer's cancellation was raised.
    #[error("the setup was cancelled")]
    Cancelled,
}

impl From<BackendError> for Phase2Error {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Cancelled(_) => Self::Cancelled,
            other => Self::Backend(other),
        }
    }
}

impl From<BeaconError> for Phase2Error {
    fn from(error: BeaconError) -> Self {
        Self::Contribute(error.into())
    }
}
