//! The second phase of a ceremony: people multiply δ by secrets of their own, one after another.
//!
//! A key's δ starts as 1. Contributor i draws x_i, publishes `[δ_i] = x_i·[δ_{i−1}]`, divides the lists
//! of the key that have δ in the denominator by x_i, and shows that they know x_i: with a random point
//! s_i and a point r_i that is a hash of all that was published before,
//!
//! ```text
//! t_i  = H(circuit ‖ pk_1 ‖ … ‖ pk_{i−1} ‖ s_i ‖ x_i·s_i)          H is BLAKE2b-512
//! r_i  = hash_to_g2(t_i)
//! pk_i = [δ_i]₁ ‖ s_i ‖ x_i·s_i ‖ x_i·r_i ‖ t_i
//! ```
//!
//! A verifier recomputes t_i and r_i and checks by pairing that s_i ↦ x_i·s_i, r_i ↦ x_i·r_i and
//! δ_{i−1} ↦ δ_i all have the same factor. The final δ is unknown to everyone if one contributor forgot
//! their x_i. A *beacon* is a contribution whose x_i and s_i are drawn, in public, from a value that
//! nobody could know before; it takes away the last contributor's choice and adds no secret.
//!
//! Source: Bowe, Gabizon, Miers, *Scalable Multi-party Computation for zk-SNARK Parameters in the Random
//! Beacon Model* (ePrint 2017/1050); bytes, hashes and draws are those of snarkjs 0.7, so that either
//! program continues and verifies what the other began.
//!
//! * [`ContributionList`] is the transcript, section 10 of a `.zkey` file:
//!   [`read`](ContributionList::read), [`write`](ContributionList::write),
//!   [`contribute`](ContributionList::contribute),
//!   [`contribute_beacon`](ContributionList::contribute_beacon),
//!   [`verify`](ContributionList::verify).
//! * [`Secret`] is a contributor's x: from the operating system and a text, wiped when dropped.
//! * [`Beacon`] is a public value and the number of hashes that stretch it.
//!
//! What a transcript does not show:
//!
//! * that the rest of a key was divided by the same x_i, and that its δ is the last δ_i
//!   ([`VerifiedContributions::delta_g1`]): whoever has the key compares both;
//! * that it is complete: the first contributions of a transcript are a transcript;
//! * who contributed. Names, and whether a contribution calls itself a person's or a beacon's, are in no
//!   hash, so anyone can change them later. A contributor compares the hash of their contribution
//!   ([`Contribution::hash`]) with the one that they wrote down.
//!
//! ```
//! use zkroll_prover::setup::phase2::{Beacon, ContributionList, Limits, Secret};
//!
//! let mut list = ContributionList::new([7; 64]);
//! let secret = Secret::draw("what a person typed".to_owned())?;
//! let hash = list.contribute(&secret, Some("Ada"), &mut rand::rngs::OsRng)?.hash();
//! list.contribute_beacon(&Beacon::new(*b"a lottery's result", 10)?, None, &mut ())?;
//!
//! let mut bytes = Vec::new();
//! list.write(&mut bytes)?;
//! let verified = ContributionList::read(&bytes[..])?.verify(&Limits::default(), &mut ())?;
//! verified.require_person()?;
//! assert_eq!(verified.contributions()[0].hash, hash);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod beacon;
mod check;
mod columns;
mod contribute;
mod draw;
mod entropy;
mod error;
mod export;
mod initial;
mod section;
#[cfg(test)]
mod tests;
mod transcript;
mod verify;

// What the first phase shares with the second.
pub(super) use draw::hash_to_g2;
pub(super) use section::{MAX_PARAMETER_BYTES, kind_of};
pub(super) use transcript::{g1_to_be_bytes, g2_to_be_bytes};
pub(super) use verify::same_factor;

use super::observer::{SetupObserver, SetupStep};
use crate::formats::FormatError;
use crate::formats::zkey::{ZkeyFile, section as zkey_section};
use crate::observer::Cancellation;

pub use beacon::{Beacon, BeaconError, BeaconObserver};
pub use check::verify;
pub use contribute::{contribute, contribute_beacon};
pub use entropy::{EntropyError, Secret};
pub use error::Phase2Error;
pub use export::export;
pub use initial::initialize;
pub use section::{ContributionListError, ListPart, ParameterError};
pub use transcript::{
    ContributeError, Contribution, ContributionKind, ContributionList, MAX_NAME_UTF16, format_hash,
};
pub use verify::{ContributionError, ContributionSummary, Limits, VerifiedContributions};

impl ContributionList {
    /// The list in a key's file; not verified.
    ///
    /// # Errors
    /// If the file has none, cannot be read, or the list is malformed.
    pub fn of_zkey(file: &ZkeyFile) -> Result<Self, Phase2Error> {
        let (id, name) = zkey_section::CONTRIBUTIONS;
        let bytes = file
            .contributions()?
            .ok_or(FormatError::SectionMissing { id, name })?;
        Ok(Self::read(&bytes[..])?)
    }

    /// Whether a contribution calls itself a person's.
    #[must_use]
    pub fn has_person(&self) -> bool {
        let mut contributions = self.contributions.iter();
        contributions.any(|one| matches!(one.kind, ContributionKind::Person { .. }))
    }

    /// The bytes of the list in a key's file.
    fn to_bytes(&self) -> Result<Vec<u8>, Phase2Error> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }
}

/// Passes on how far a beacon is.
pub(super) struct BeaconProgress<'o>(pub(super) &'o mut dyn SetupObserver);

impl BeaconObserver for BeaconProgress<'_> {
    fn advanced(&mut self, done: u64, total: u64) {
        self.0.progress(SetupStep::Beacon, done, total);
    }

    fn cancellation(&self) -> Cancellation {
        self.0.cancellation()
    }
}
