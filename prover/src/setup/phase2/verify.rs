//! Verification of a list of contributions.
//!
//! For each contribution, in this order: its points are in their groups and not infinity; t_i is the hash
//! of what came before; s_i ↦ x_i·s_i and r_i ↦ x_i·r_i have the same factor, so that the contributor knew
//! it; the factor is not ±1; δ_{i−1} ↦ δ_i has that factor; a beacon's x_i and s_i are those of its value.
//! Exchanged, repeated, removed and altered contributions fail at the hash, except that the last ones
//! may be missing.
//!
//! Two points in G1 and two in G2 have the same factor, `sx = x·s` and `rx = x·r`, exactly if
//! `e(s, rx) = e(sx, r)`.
//!
//! Cost: four pairings, a point of G2 drawn and a subgroup check for each contribution, some milliseconds;
//! for a beacon its hashes.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Zero;
use blake2::{Blake2b512, Digest};

use super::beacon::{BeaconError, BeaconObserver};
use super::draw::hash_to_g2;
use super::transcript::{Contribution, ContributionKind, ContributionList, transcript_after};
use crate::validate::{KeyError, check_element, equal_up_to_sign};

/// Why a contribution is refused. Indices count from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContributionError {
    /// A point is not in its group, or is infinity.
    #[error("contribution {index}: {source}")]
    Point {
        /// Which contribution.
        index: usize,
        /// The point and what is wrong with it.
        source: KeyError,
    },
    /// The contribution does not follow those before it.
    #[error(
        "contribution {index}: expected the hash of the contributions before it as transcript, \
         got another one"
    )]
    Transcript {
        /// Which contribution.
        index: usize,
    },
    /// The contributor did not show that they know the factor.
    #[error("contribution {index}: expected e(s, spx) = e(sx, sp), got different values")]
    Knowledge {
        /// Which contribution.
        index: usize,
    },
    /// The factor is 1 or −1.
    #[error("contribution {index}: expected delta_after different from ± the delta before it")]
    Unchanged {
        /// Which contribution.
        index: usize,
    },
    /// δ was changed by another factor.
    #[error(
        "contribution {index}: expected e(delta before, spx) = e(delta_after, sp), \
         got different values"
    )]
    Delta {
        /// Which contribution.
        index: usize,
    },
    /// The secret or the random point are not those of the beacon.
    #[error("contribution {index}: expected the {element} of its beacon, got another point")]
    NotOfBeacon {
        /// Which contribution.
        index: usize,
        /// `delta_g1_s` or `delta_g1_sx`.
        element: &'static str,
    },
    /// The beacon was not computed.
    #[error("contribution {index}: {source}")]
    Beacon {
        /// Which contribution.
        index: usize,
        /// The reason.
        source: BeaconError,
    },
    /// Nobody who could have forgotten a secret contributed.
    #[error("expected at least one contribution by a person, got {beacons} of beacons alone")]
    NoPerson {
        /// Number of beacons.
        beacons: usize,
    },
    /// The observer's cancellation was raised.
    #[error("the verification was cancelled at contribution {index}")]
    Cancelled {
        /// The contribution that was next.
        index: usize,
    },
}

/// How much work a list may ask of its verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most hashes for all beacons of the list together.
    pub beacon_iterations: u64,
}

impl Default for Limits {
    /// 2³² hashes: seven minutes at ten million a second.
    fn default() -> Self {
        Self {
            beacon_iterations: 1 << 32,
        }
    }
}

/// A verified contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionSummary {
    /// The hash that its contributor wrote down.
    pub hash: [u8; 64],
    /// Who it is by, by its own account.
    pub kind: ContributionKind,
}

/// A list of contributions that passed [`ContributionList::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedContributions {
    circuit_hash: [u8; 64],
    contributions: Vec<ContributionSummary>,
    delta_g1: G1Affine,
}

impl VerifiedContributions {
    /// The circuit that the contributions are for.
    #[must_use]
    pub fn circuit_hash(&self) -> &[u8; 64] {
        &self.circuit_hash
    }

    /// The contributions, first one first.
    #[must_use]
    pub fn contributions(&self) -> &[ContributionSummary] {
        &self.contributions
    }

    /// `[δ]₁` after the last contribution. A key belongs to the list only if it has this one.
    pub fn delta_g1(&self) -> G1Affine {
        self.delta_g1
    }

    /// Whether anyone contributed who is not a beacon: otherwise δ is known to everybody.
    #[must_use]
    pub fn has_person(&self) -> bool {
        self.contributions
            .iter()
            .any(|contribution| matches!(contribution.kind, ContributionKind::Person { .. }))
    }

    /// Demands what a key for production must have.
    ///
    /// # Errors
    /// [`ContributionError::NoPerson`] unless [`has_person`](Self::has_person).
    pub fn require_person(&self) -> Result<(), ContributionError> {
        if self.has_person() {
            Ok(())
        } else {
            let beacons = self.contributions.len();
            Err(ContributionError::NoPerson { beacons })
        }
    }
}

impl ContributionList {
    /// Verifies every contribution. An empty list and one of beacons alone pass too: ask the result
    /// for a [person](VerifiedContributions::require_person).
    ///
    /// The observer hears of beacons; its cancellation is looked at before each contribution as well.
    ///
    /// # Errors
    /// The first thing that is wrong.
    #[tracing::instrument(skip_all, fields(contributions = self.contributions.len()))]
    pub fn verify(
        &self,
        limits: &Limits,
        observer: &mut dyn BeaconObserver,
    ) -> Result<VerifiedContributions, ContributionError> {
        let mut hasher = Blake2b512::new_with_prefix(self.circuit_hash);
        let mut delta = G1Affine::generator();
        let mut iterations_left = limits.beacon_iterations;
        let mut summaries = Vec::new();
        for (index, contribution) in self.contributions.iter().enumerate() {
            if observer.cancellation().is_cancelled() {
                return Err(ContributionError::Cancelled { index });
            }
            verify_public_key(index, contribution, &hasher, delta)?;
            if let ContributionKind::Beacon { beacon, .. } = &contribution.kind {
                let of_beacon = |source| ContributionError::Beacon { index, source };
                beacon.check_limit(iterations_left).map_err(of_beacon)?;
                iterations_left -= beacon.iterations();
                let (secret, s) = beacon.draw(observer).map_err(of_beacon)?;
                let sx = (s * secret.scalar()).into_affine();
                for (element, expected, got) in [
                    ("delta_g1_s", s, contribution.delta_g1_s),
                    ("delta_g1_sx", sx, contribution.delta_g1_sx),
                ] {
                    if expected != got {
                        return Err(ContributionError::NotOfBeacon { index, element });
                    }
                }
            }
            contribution.absorb_into(&mut hasher);
            delta = contribution.delta_after;
            summaries.push(ContributionSummary {
                hash: contribution.hash(),
                kind: contribution.kind.clone(),
            });
        }
        Ok(VerifiedContributions {
            circuit_hash: self.circuit_hash,
            contributions: summaries,
            delta_g1: delta,
        })
    }
}

/// The four points of a contribution are in their groups and not infinity.
pub(super) fn check_points(contribution: &Contribution) -> Result<(), KeyError> {
    check_element("delta_after", &contribution.delta_after)?;
    check_element("delta_g1_s", &contribution.delta_g1_s)?;
    check_element("delta_g1_sx", &contribution.delta_g1_sx)?;
    check_element("delta_g2_spx", &contribution.delta_g2_spx)
}

/// All that does not depend on the kind of the contribution.
fn verify_public_key(
    index: usize,
    contribution: &Contribution,
    running: &Blake2b512,
    delta_before: G1Affine,
) -> Result<(), ContributionError> {
    let Contribution {
        delta_after,
        delta_g1_s: s,
        delta_g1_sx: sx,
        delta_g2_spx: spx,
        transcript,
        ..
    } = contribution;
    check_points(contribution).map_err(|source| ContributionError::Point { index, source })?;
    if *transcript != transcript_after(running, s, sx) {
        return Err(ContributionError::Transcript { index });
    }
    let sp = hash_to_g2(transcript);
    if !same_factor((*s, *sx), (sp, *spx)) {
        return Err(ContributionError::Knowledge { index });
    }
    if equal_up_to_sign(delta_before, *delta_after) {
        return Err(ContributionError::Unchanged { index });
    }
    if !same_factor((delta_before, *delta_after), (sp, *spx)) {
        return Err(ContributionError::Delta { index });
    }
    Ok(())
}

/// Whether `x·in_g1.0 = in_g1.1` and `x·in_g2.0 = in_g2.1` for one x. None of the points is infinity but
/// possibly `in_g2.0`, a hash, and for that one no x fits.
pub(in crate::setup) fn same_factor(
    in_g1: (G1Affine, G1Affine),
    in_g2: (G2Affine, G2Affine),
) -> bool {
    Bn254::multi_pairing([in_g1.0, -in_g1.1], [in_g2.1, in_g2.0]).is_zero()
}
