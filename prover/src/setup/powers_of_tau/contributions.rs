//! The contributions that a `.ptau` file records: section 7.
//!
//! | size | content |
//! |---|---|
//! | 4 | number of contributions, little-endian as all integers |
//!
//! and for each contribution
//!
//! | size | content |
//! |---|---|
//! | 64, 128, 64, 64, 128 | `[τ]₁, [τ]₂, [α]₁, [β]₁, [β]₂` after it |
//! | 6 · 64 | s and x·s of the factors of τ, of α, of β |
//! | 3 · 128 | x·r of the factors of τ, α, β, where r is a hash to G2 |
//! | 216 | state of BLAKE2b after the response without its public key |
//! | 64 | next challenge |
//! | 4 | type: 0 a person, 1 a beacon |
//! | 4 | bytes of the parameters |
//! | | parameters, those of the [second phase](crate::setup::phase2) |
//!
//! Points are x ‖ y in Montgomery form. The state is 128 bytes of buffer, of which the first `filled`
//! count, eight words of chaining value, the bytes before the buffer as u64, `filled` as u64, and eight
//! bytes that mean nothing.
//!
//! Contributions are read one at a time, each of at least 1504 and at most 2020 bytes.

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;

use super::super::phase2::{
    BeaconError, ContributionKind, MAX_PARAMETER_BYTES, ParameterError, g1_to_be_bytes,
    g2_to_be_bytes, kind_of,
};
use super::PowersOfTauError;
use super::blake2b::{BLOCK, Blake2b};
use crate::formats::SectionReader;
use crate::formats::ptau::Ptau;
use crate::key_file::RawPoint;
use crate::validate::{KeyError, check_element};

const STATE_BYTES: usize = 216;

/// What is wrong with a contribution to the first phase.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContributionError {
    /// A coordinate is not below the field's modulus.
    #[error("expected coordinates of {element} below the modulus, got others")]
    Coordinate {
        /// The point.
        element: &'static str,
    },
    /// A point is not in its group, or is infinity.
    #[error(transparent)]
    Point(#[from] KeyError),
    /// A type that is not defined.
    #[error("expected type 0 (person) or 1 (beacon), got {got}")]
    Kind {
        /// The type.
        got: u32,
    },
    /// The parameters are wrong.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The state of the response's hash is not that after a response of the ceremony's size.
    #[error("expected the state of a hash after {expected} bytes, got one after {got}")]
    HashedBytes {
        /// Bytes of the response without its public key.
        expected: u64,
        /// Bytes that the state stands for.
        got: u64,
    },
    /// The contributor did not show, for this challenge, that they know a factor.
    #[error("expected e(s, spx) = e(sx, sp) in the key of {element}, got different values")]
    Knowledge {
        /// `tau`, `alpha` or `beta`.
        element: &'static str,
    },
    /// A factor is 1 or −1.
    #[error("expected a factor of {element} other than 1 and -1, got one of them")]
    Unchanged {
        /// `tau`, `alpha` or `beta`.
        element: &'static str,
    },
    /// A point is not the one before times the contribution's factor.
    #[error(
        "expected {element} to be the one before times the contribution's factor, got another point"
    )]
    NotNext {
        /// The point.
        element: &'static str,
    },
    /// A factor or a random point is not that of the beacon.
    #[error("expected the {element} of its beacon, got another point")]
    NotOfBeacon {
        /// The point.
        element: &'static str,
    },
    /// The beacon was not computed.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
    /// The last contribution led to other powers.
    #[error(
        "expected the last contribution's {element} to be that of the lists, got another point"
    )]
    NotOfLists {
        /// The point.
        element: &'static str,
    },
    /// The last contribution's response is not the file's.
    #[error("expected the hash of the file's lists as response, got another one")]
    Response,
    /// The last contribution's next challenge is not the file's.
    #[error(
        "expected the hash of the response and the file's lists as next challenge, got another one"
    )]
    NextChallenge,
}

/// What contributions lead to, and what they start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constants {
    pub tau_g1: G1Affine,
    pub tau_g2: G2Affine,
    pub alpha_g1: G1Affine,
    pub beta_g1: G1Affine,
    pub beta_g2: G2Affine,
}

impl Constants {
    /// Before any contribution.
    pub(super) fn generators() -> Self {
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        Self {
            tau_g1: g1,
            tau_g2: g2,
            alpha_g1: g1,
            beta_g1: g1,
            beta_g2: g2,
        }
    }
}

/// That a contributor knows a factor x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FactorKey {
    pub element: &'static str,
    /// The names of the three points.
    pub names: [&'static str; 3],
    /// A random point.
    pub s: G1Affine,
    /// x·s.
    pub sx: G1Affine,
    /// x·r, where r is a hash to G2.
    pub spx: G2Affine,
}

impl FactorKey {
    /// The keys of τ, α, β, whose points are still to come.
    fn blank() -> [Self; 3] {
        [
            ("tau", ["tau_g1_s", "tau_g1_sx", "tau_g2_spx"]),
            ("alpha", ["alpha_g1_s", "alpha_g1_sx", "alpha_g2_spx"]),
            ("beta", ["beta_g1_s", "beta_g1_sx", "beta_g2_spx"]),
        ]
        .map(|(element, names)| Self {
            element,
            names,
            s: G1Affine::zero(),
            sx: G1Affine::zero(),
            spx: G2Affine::zero(),
        })
    }
}

/// What one contributor published, as far as the file keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contribution {
    pub after: Constants,
    /// Of τ, of α, of β.
    pub keys: [FactorKey; 3],
    pub next_challenge: [u8; 64],
    pub kind: ContributionKind,
    state: [u8; STATE_BYTES],
}

impl Contribution {
    /// A person's contribution without keys and hashes, for tests to fill in.
    #[cfg(test)]
    pub(super) fn unsigned(after: Constants) -> Self {
        Self {
            after,
            keys: FactorKey::blank(),
            next_challenge: [0; 64],
            kind: ContributionKind::Person { name: None },
            state: [0; STATE_BYTES],
        }
    }

    /// All points in their groups and not infinity.
    pub(super) fn check_points(&self) -> Result<(), KeyError> {
        let after = &self.after;
        check_element("tau_g1", &after.tau_g1)?;
        check_element("tau_g2", &after.tau_g2)?;
        check_element("alpha_g1", &after.alpha_g1)?;
        check_element("beta_g1", &after.beta_g1)?;
        check_element("beta_g2", &after.beta_g2)?;
        for key in &self.keys {
            let [s, sx, spx] = key.names;
            check_element(s, &key.s)?;
            check_element(sx, &key.sx)?;
            check_element(spx, &key.spx)?;
        }
        Ok(())
    }

    /// The hash that the contributor wrote down: of the challenge, of all points in compressed form and
    /// of the public key, by the state in the file.
    ///
    /// In a ceremony of power p the response has 192·2^p + 96 bytes before the public key: 64 of
    /// challenge, 32 for each of 2^(p+2) − 1 points of G1 and 64 for each of 2^p + 1 of G2. snarkjs writes
    /// only the low half of the number of bytes, which is the same up to 2^24; that number is taken from
    /// the ceremony's power, not from the file.
    pub(super) fn response_hash(&self, ceremony_power: u32) -> Result<[u8; 64], ContributionError> {
        let before = 192u64 << ceremony_power;
        let filled = 96;
        let (words, _) = self.state[BLOCK..].as_chunks::<8>();
        let word = |i: usize| u64::from_le_bytes(words[i]);
        let [got_before, got_filled] = [word(8), word(9)];
        let is_before = got_before == before || got_before == before & u64::from(u32::MAX);
        if !is_before || got_filled != filled {
            return Err(ContributionError::HashedBytes {
                expected: before + filled,
                got: got_before.saturating_add(got_filled),
            });
        }
        let tail = &self.state[..filled as usize];
        let mut hasher = Blake2b::resume(std::array::from_fn(word), before, tail);
        hasher.update(&self.key_bytes());
        Ok(hasher.finalize())
    }

    /// The public key as it is hashed: canonical and big-endian.
    pub(super) fn key_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for key in &self.keys {
            bytes.extend_from_slice(&g1_to_be_bytes(&key.s));
            bytes.extend_from_slice(&g1_to_be_bytes(&key.sx));
        }
        for key in &self.keys {
            bytes.extend_from_slice(&g2_to_be_bytes(&key.spx));
        }
        bytes
    }
}

/// Reads contributions one after the other.
pub(super) struct Contributions<'f> {
    reader: SectionReader<'f>,
    count: usize,
}

impl<'f> Contributions<'f> {
    pub(super) fn open(ptau: &'f Ptau) -> Result<Self, PowersOfTauError> {
        let mut reader = ptau.sections().reader(ptau.contributions_section());
        let count = reader.u32()? as usize;
        Ok(Self { reader, count })
    }

    /// How many there are, by the file's account.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// The next one, which is number `index`. Its points are not checked.
    pub(super) fn read(&mut self, index: usize) -> Result<Contribution, PowersOfTauError> {
        let after = Constants {
            tau_g1: self.g1(index, "tau_g1")?,
            tau_g2: self.g2(index, "tau_g2")?,
            alpha_g1: self.g1(index, "alpha_g1")?,
            beta_g1: self.g1(index, "beta_g1")?,
            beta_g2: self.g2(index, "beta_g2")?,
        };
        let mut keys = FactorKey::blank();
        for key in &mut keys {
            key.s = self.g1(index, key.names[0])?;
            key.sx = self.g1(index, key.names[1])?;
        }
        for key in &mut keys {
            key.spx = self.g2(index, key.names[2])?;
        }
        let state = self.reader.array()?;
        let next_challenge = self.reader.array()?;
        let refuse = |source| PowersOfTauError::Contribution { index, source };
        let is_beacon = match self.reader.u32()? {
            0 => false,
            1 => true,
            got => return Err(refuse(ContributionError::Kind { got })),
        };
        let got = self.reader.u32()?;
        if got > MAX_PARAMETER_BYTES {
            return Err(refuse(ParameterError::TooLong { got }.into()));
        }
        let parameters = self.reader.bytes(got as usize)?;
        let kind = kind_of(is_beacon, parameters).map_err(|source| refuse(source.into()))?;
        Ok(Contribution {
            after,
            keys,
            next_challenge,
            kind,
            state,
        })
    }

    /// Demands that nothing follows.
    pub(super) fn end(&self) -> Result<(), PowersOfTauError> {
        Ok(self.reader.end()?)
    }

    fn g1(&mut self, index: usize, element: &'static str) -> Result<G1Affine, PowersOfTauError> {
        self.point::<_, 64>(index, element)
    }

    fn g2(&mut self, index: usize, element: &'static str) -> Result<G2Affine, PowersOfTauError> {
        self.point::<_, 128>(index, element)
    }

    fn point<P: RawPoint, const N: usize>(
        &mut self,
        index: usize,
        element: &'static str,
    ) -> Result<P, PowersOfTauError> {
        const { assert!(N == P::BYTES) };
        P::read_raw(&self.reader.array::<N>()?).ok_or(PowersOfTauError::Contribution {
            index,
            source: ContributionError::Coordinate { element },
        })
    }
}
