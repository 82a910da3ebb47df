//! The transcript: contributions, what is hashed of them, and how one is added.
//!
//! Hashed are points in uncompressed form, big-endian and canonical: x ‖ y in G1 (64 bytes);
//! x.c₁ ‖ x.c₀ ‖ y.c₁ ‖ y.c₀ in G2 (128 bytes); infinity is all zero. The running hash begins with the
//! circuit's and takes each contribution's public key ([`Contribution::hash`] is that of one alone).
//! Names and kinds are not hashed.

use std::fmt::Write as _;

use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{BigInteger, PrimeField, UniformRand};
use blake2::{Blake2b512, Digest};
use rand::{CryptoRng, RngCore};

use super::beacon::{Beacon, BeaconError, BeaconObserver};
use super::draw::hash_to_g2;
use super::entropy::Secret;

/// The longest name that a new contribution may have, in UTF-16 code units: snarkjs cuts off the rest
/// when it writes the list again.
pub const MAX_NAME_UTF16: usize = 64;

/// Why nothing was contributed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContributeError {
    /// A name that snarkjs would not keep.
    #[error("expected a name of at most {MAX_NAME_UTF16} UTF-16 code units, got {got}")]
    NameTooLong {
        /// Code units.
        got: usize,
    },
    /// The beacon was not computed.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
}

/// Who contributed, by their own account: neither this nor the names are in any hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContributionKind {
    /// A person, whose secret is theirs.
    Person {
        /// At most 255 bytes.
        name: Option<String>,
    },
    /// A public value; the secret follows from it.
    Beacon {
        /// At most 255 bytes.
        name: Option<String>,
        /// The value and its iterations.
        beacon: Beacon,
    },
}

impl ContributionKind {
    /// The name, which is any text: escape it before it reaches a terminal.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Person { name } | Self::Beacon { name, .. } => name.as_deref(),
        }
    }
}

/// What one contributor published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// `[δ_i]₁`: δ with this contribution.
    pub delta_after: G1Affine,
    /// s_i, a random point.
    pub delta_g1_s: G1Affine,
    /// x_i·s_i.
    pub delta_g1_sx: G1Affine,
    /// x_i·r_i, where r_i is the transcript hash as a point.
    pub delta_g2_spx: G2Affine,
    /// t_i, the hash of all before it and of s_i and x_i·s_i.
    pub transcript: [u8; 64],
    /// Who it is by.
    pub kind: ContributionKind,
}

impl Contribution {
    /// The hash that identifies the contribution, which its contributor writes down: BLAKE2b-512 of
    /// `[δ_i]₁ ‖ s_i ‖ x_i·s_i ‖ x_i·r_i ‖ t_i`.
    #[must_use]
    pub fn hash(&self) -> [u8; 64] {
        let mut hasher = Blake2b512::new();
        self.absorb_into(&mut hasher);
        hasher.finalize().into()
    }

    /// Hashes the public key.
    pub(super) fn absorb_into(&self, hasher: &mut Blake2b512) {
        hasher.update(g1_to_be_bytes(&self.delta_after));
        hasher.update(g1_to_be_bytes(&self.delta_g1_s));
        hasher.update(g1_to_be_bytes(&self.delta_g1_sx));
        hasher.update(g2_to_be_bytes(&self.delta_g2_spx));
        hasher.update(self.transcript);
    }
}

/// The contributions to one circuit's key, first one first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionList {
    /// Identifies the circuit and the first phase: BLAKE2b-512 of the key before any contribution.
    pub circuit_hash: [u8; 64],
    /// What was contributed.
    pub contributions: Vec<Contribution>,
}

impl ContributionList {
    /// A list without contributions.
    #[must_use]
    pub fn new(circuit_hash: [u8; 64]) -> Self {
        Self {
            circuit_hash,
            contributions: Vec::new(),
        }
    }

    /// `[δ]₁` after all contributions: what the key has. The generator before the first one.
    pub fn delta_g1(&self) -> G1Affine {
        self.contributions
            .last()
            .map_or_else(G1Affine::generator, |last| last.delta_after)
    }

    /// The transcript hash of a next contribution with these points.
    #[must_use]
    pub fn next_transcript(&self, s: &G1Affine, sx: &G1Affine) -> [u8; 64] {
        let mut hasher = Blake2b512::new_with_prefix(self.circuit_hash);
        for contribution in &self.contributions {
            contribution.absorb_into(&mut hasher);
        }
        transcript_after(&hasher, s, sx)
    }

    /// Adds a person's contribution. The key's own δ and lists are the caller's to change, by the same
    /// secret.
    ///
    /// An empty name counts as none. The list is not verified; a contribution to a list that is wrong is
    /// wrong.
    ///
    /// # Errors
    /// [`ContributeError::NameTooLong`].
    pub fn contribute<G: RngCore + CryptoRng>(
        &mut self,
        secret: &Secret,
        name: Option<&str>,
        rng: &mut G,
    ) -> Result<&Contribution, ContributeError> {
        let name = checked_name(name)?;
        let s = G1Projective::rand(rng).into_affine();
        Ok(self.push(secret, s, ContributionKind::Person { name }))
    }

    /// Adds the contribution of a beacon and returns its secret, which is public, for the key's own δ
    /// and lists.
    ///
    /// # Errors
    /// [`ContributeError::NameTooLong`], or if the observer cancels.
    pub fn contribute_beacon(
        &mut self,
        beacon: &Beacon,
        name: Option<&str>,
        observer: &mut dyn BeaconObserver,
    ) -> Result<Secret, ContributeError> {
        let name = checked_name(name)?;
        let (secret, s) = beacon.draw(observer)?;
        let beacon = beacon.clone();
        self.push(&secret, s, ContributionKind::Beacon { name, beacon });
        Ok(secret)
    }

    fn push(&mut self, secret: &Secret, s: G1Affine, kind: ContributionKind) -> &Contribution {
        let x: &Fr = secret.scalar();
        let delta_g1_sx = (s * x).into_affine();
        let transcript = self.next_transcript(&s, &delta_g1_sx);
        let contribution = Contribution {
            delta_after: (self.delta_g1() * x).into_affine(),
            delta_g1_s: s,
            delta_g1_sx,
            delta_g2_spx: (hash_to_g2(&transcript) * x).into_affine(),
            transcript,
            kind,
        };
        let index = self.contributions.len();
        self.contributions.push(contribution);
        &self.contributions[index]
    }
}

fn checked_name(name: Option<&str>) -> Result<Option<String>, ContributeError> {
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let got = name.encode_utf16().count();
    if got > MAX_NAME_UTF16 {
        return Err(ContributeError::NameTooLong { got });
    }
    Ok(Some(name.to_owned()))
}

/// t_i, from the running hash of all contributions before it.
pub(super) fn transcript_after(running: &Blake2b512, s: &G1Affine, sx: &G1Affine) -> [u8; 64] {
    let hasher = running.clone();
    hasher
        .chain_update(g1_to_be_bytes(s))
        .chain_update(g1_to_be_bytes(sx))
        .finalize()
        .into()
}

/// A hash as snarkjs prints it: four lines of four words of eight hexadecimal digits, each line indented
/// by two tabs, no newline at the end.
#[must_use]
pub fn format_hash(hash: &[u8; 64]) -> String {
    let mut text = String::with_capacity(4 * (2 + 4 * 9));
    for (line, words) in hash.chunks_exact(16).enumerate() {
        text.push_str(if line == 0 { "\t\t" } else { "\n\t\t" });
        for (column, word) in words.chunks_exact(4).enumerate() {
            if column > 0 {
                text.push(' ');
            }
            for byte in word {
                write!(text, "{byte:02x}").expect("a string accepts every write");
            }
        }
    }
    text
}

/// Canonical big-endian coordinates, one after another.
fn be_bytes<const N: usize>(coordinates: &[&Fq]) -> [u8; N] {
    let mut bytes = [0u8; N];
    for (chunk, coordinate) in bytes.chunks_exact_mut(32).zip(coordinates) {
        chunk.copy_from_slice(&coordinate.into_bigint().to_bytes_be());
    }
    bytes
}

/// x ‖ y. arkworks' point at infinity has both coordinates 0.
pub(in crate::setup) fn g1_to_be_bytes(point: &G1Affine) -> [u8; 64] {
    be_bytes(&[&point.x, &point.y])
}

/// x.c₁ ‖ x.c₀ ‖ y.c₁ ‖ y.c₀. arkworks' point at infinity has all coordinates 0.
pub(in crate::setup) fn g2_to_be_bytes(point: &G2Affine) -> [u8; 128] {
    be_bytes(&[&point.x.c1, &point.x.c0, &point.y.c1, &point.y.c0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../tests/vectors/phase2.json")).unwrap()
    }

    #[test]
    fn infinity_is_hashed_as_snarkjs_hashes_it() {
        let vector = &vectors()["infinity"];
        let (g1, g2) = (G1Affine::zero(), G2Affine::zero());
        assert_eq!(hex::encode(g1_to_be_bytes(&g1)), vector["g1"]);
        assert_eq!(hex::encode(g2_to_be_bytes(&g2)), vector["g2"]);
    }

    #[test]
    fn hashes_are_printed_as_snarkjs_prints_them() {
        for vector in vectors()["format_hash"].as_array().unwrap() {
            let hash = hex::decode(vector["hash"].as_str().unwrap()).unwrap();
            assert_eq!(format_hash(&hash.try_into().unwrap()), vector["text"]);
        }
    }

    #[test]
    fn names_are_bounded_as_snarkjs_bounds_them() {
        assert_eq!(checked_name(None), Ok(None));
        assert_eq!(checked_name(Some("")), Ok(None));
        let longest = "a".repeat(62) + "🎲";
        assert_eq!(checked_name(Some(&longest)), Ok(Some(longest.clone())));
        let got = 65;
        assert_eq!(
            checked_name(Some(&(longest + "a"))),
            Err(ContributeError::NameTooLong { got })
        );
    }
}
