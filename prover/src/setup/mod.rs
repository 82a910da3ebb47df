//! Where proving keys come from.
//!
//! * [`development`] makes a key from a trapdoor that this process knows. **UNSAFE**: for tests, benches
//!   and local chains.
#![cfg_attr(
    feature = "snarkjs",
    doc = "* [`phase2`] is a ceremony's second phase, in which many people take part and one honest one is"
)]
#![cfg_attr(
    feature = "snarkjs",
    doc = "  enough; its transcript is read and written as snarkjs 0.7 does."
)]

mod development;
mod observer;
#[cfg(feature = "snarkjs")]
pub mod phase2;
#[cfg(feature = "snarkjs")]
pub mod powers_of_tau;
mod trapdoor;

use crate::domain::DomainTooLarge;

pub use development::{development, development_in, development_with_rng};
pub use observer::{SetupObserver, SetupStep};

/// Why no key can be made for a circuit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// More rows than the largest domain.
    #[error(transparent)]
    DomainTooLarge(#[from] DomainTooLarge),
    /// The constant 1 is an instance column.
    #[error("expected at least one instance column, got 0")]
    NoInstance,
}
