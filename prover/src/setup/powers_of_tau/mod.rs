//! The first phase: powers of τ, for any circuit of up to 2^p rows.
//!
//! zkroll takes them from a public ceremony's `.ptau` file. [`check()`] says whether a file's lists are
//! what they claim to be, [`verify_contributions`] whether its τ, α and β come of the contributions that
//! it records; [`import()`] does both once and writes the part that is needed, prepared for a second phase.
//! [`development()`] makes a file from a known trapdoor (**UNSAFE**).

mod blake2b;
mod check;
mod contributions;
mod development;
mod error;
mod first_challenge;
mod import;
mod verify;

pub use check::check;
pub use contributions::ContributionError;
pub use development::{development, development_with_rng};
pub use error::PowersOfTauError;
pub use import::import;
pub use verify::{ContributionSummary, verify_contributions};
