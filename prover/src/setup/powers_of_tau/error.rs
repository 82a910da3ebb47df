//! Why powers of τ are refused.

use super::ContributionError;
use crate::backend::BackendError;
use crate::formats::FormatError;
use crate::validate::KeyError;

/// Why powers of τ were not made, accepted or prepared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PowersOfTauError {
    /// A file cannot be read or written or is malformed.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// More or fewer powers than there can be.
    #[error("expected a power of 1 to {max}, got {got}", max = crate::formats::ptau::MAX_POWER)]
    Power {
        /// The power asked for.
        got: u32,
    },
    /// More powers than the file has.
    #[error("expected at most the power {available} of the file, got {got}")]
    PowerBeyondFile {
        /// Power of the file.
        available: u32,
        /// The power asked for.
        got: u32,
    },
    /// A point is not in its group, or is infinity.
    #[error(transparent)]
    Point(#[from] KeyError),
    /// The first point of a list is not what it must be.
    #[error("expected the generator as first point of {list}, got another point")]
    NotGenerator {
        /// The list.
        list: &'static str,
    },
    /// τ, α or β is ±1: nobody contributed.
    #[error("expected {element} different from ± the generator, got an uncontributed one")]
    Uncontributed {
        /// `tau`, `alpha` or `beta`.
        element: &'static str,
    },
    /// A list does not hold the powers of τ.
    #[error("expected the points of {list} to grow by the factor tau, got others")]
    NotPowers {
        /// The list.
        list: &'static str,
    },
    /// The halves of β or τ have different exponents.
    #[error("expected the same exponent of {element} in both groups, got different ones")]
    Halves {
        /// `tau` or `beta`.
        element: &'static str,
    },
    /// The Lagrange points are not those of the powers.
    #[error("expected the Lagrange points of the powers in {list} for 2^{power}, got others")]
    NotLagrange {
        /// The list.
        list: &'static str,
        /// log₂ of the domain.
        power: u32,
    },
    /// The trapdoor is known.
    #[error(
        "expected powers of tau of a ceremony, got a file that says UNSAFE: its trapdoor is known"
    )]
    Unsafe,
    /// No contribution is recorded.
    #[error("expected at least one contribution by a person, got {got} contributions without")]
    NoPerson {
        /// Contributions in the file.
        got: usize,
    },
    /// A contribution is wrong.
    #[error("contribution {index} to the powers of tau: {source}")]
    Contribution {
        /// Counts from 0.
        index: usize,
        /// What is wrong.
        source: ContributionError,
    },
    /// The backend failed.
    #[error(transparent)]
    Backend(BackendError),
    /// The observer's cancellation was raised.
    #[error("the setup was cancelled")]
    Cancelled,
}

impl From<BackendError> for PowersOfTauError {
    fn from(error: BackendError) -> Self {
        match error {
            BackendError::Cancelled(_) => Self::Cancelled,
            other => Self::Backend(other),
        }
    }
}
