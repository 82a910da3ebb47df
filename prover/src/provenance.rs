//! Where a proving key comes from, as far as it says itself.

use std::fmt;
use std::sync::Arc;

/// Where a proving key comes from, as far as it says itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Made by [`setup::development`](crate::setup::development) from a known trapdoor, or by a ceremony
    /// over powers of τ from one. **UNSAFE**: whoever made it can prove false statements.
    Development,
    /// Not recorded, as in keys that come from elsewhere.
    Unknown,
    /// The outcome of a ceremony that was verified as a whole when the key was written.
    Ceremony(Arc<Ceremony>),
}

impl Provenance {
    /// Whether somebody is known to hold the trapdoor.
    #[must_use]
    pub const fn is_unsafe(&self) -> bool {
        matches!(self, Self::Development)
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Development => f.write_str("UNSAFE development key (its trapdoor is known)"),
            Self::Unknown => f.write_str("unknown provenance"),
            Self::Ceremony(ceremony) => {
                let (all, beacons) = (ceremony.contributions(), ceremony.num_beacons());
                let persons = all.len() - beacons;
                write!(
                    f,
                    "ceremony of {persons} contributions and {beacons} beacons"
                )
            }
        }
    }
}

/// Who took part in a ceremony's second phase.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ceremony {
    circuit_hash: [u8; 64],
    contributions: Vec<CeremonyContribution>,
}

/// One contribution.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CeremonyContribution {
    /// The hash that its contributor wrote down.
    pub hash: [u8; 64],
    /// By the contributor's own account; any text of at most 255 bytes.
    pub name: Option<String>,
    /// The public value of a beacon and log₂ of its hashes; `None` for a person.
    pub beacon: Option<(Vec<u8>, u8)>,
}

/// Why there is no such ceremony.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CeremonyError {
    /// The secrets of beacons are public.
    #[error("expected at least one contribution by a person, got {beacons} of beacons alone")]
    NoPerson {
        /// Number of beacons.
        beacons: usize,
    },
    /// A name or a beacon's value is too long.
    #[error("expected at most 255 bytes in {what} of contribution {index}, got {got}")]
    TooLong {
        /// `the name` or `the beacon`.
        what: &'static str,
        /// Counts from 0.
        index: usize,
        /// Its bytes.
        got: usize,
    },
    /// Bytes that record no ceremony.
    #[error("the record of the ceremony is malformed at byte {offset}")]
    Malformed {
        /// Where.
        offset: usize,
    },
}

impl Ceremony {
    /// Records contributions, first one first.
    ///
    /// # Errors
    /// If nobody contributed but beacons, or a text is too long.
    pub fn new(
        circuit_hash: [u8; 64],
        contributions: Vec<CeremonyContribution>,
    ) -> Result<Self, CeremonyError> {
        let too_long = |what, index, got| CeremonyError::TooLong { what, index, got };
        for (index, contribution) in contributions.iter().enumerate() {
            let name = contribution.name.as_deref().unwrap_or_default();
            if name.len() > 255 {
                return Err(too_long("the name", index, name.len()));
            }
            let beacon = contribution.beacon.as_ref();
            if let Some((value, _)) = beacon.filter(|(value, _)| value.len() > 255) {
                return Err(too_long("the beacon", index, value.len()));
            }
        }
        let this = Self {
            circuit_hash,
            contributions,
        };
        let beacons = this.num_beacons();
        if beacons == this.contributions.len() {
            return Err(CeremonyError::NoPerson { beacons });
        }
        Ok(this)
    }

    /// Identifies the circuit and the first phase.
    #[must_use]
    pub const fn circuit_hash(&self) -> &[u8; 64] {
        &self.circuit_hash
    }

    /// The contributions, first one first.
    #[must_use]
    pub fn contributions(&self) -> &[CeremonyContribution] {
        &self.contributions
    }

    fn num_beacons(&self) -> usize {
        let beacons = self.contributions.iter();
        beacons
            .filter(|contribution| contribution.beacon.is_some())
            .count()
    }

    /// The record in a key file: circuit hash, number of contributions as u32, and of each its hash, 0 for
    /// a person or 1 for a beacon, the name's length and bytes, and for a beacon log₂ of its hashes, its
    /// length and bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.circuit_hash.to_vec();
        bytes.extend_from_slice(&(self.contributions.len() as u32).to_le_bytes());
        for contribution in &self.contributions {
            bytes.extend_from_slice(&contribution.hash);
            bytes.push(contribution.beacon.is_some().into());
            let name = contribution.name.as_deref().unwrap_or_default();
            bytes.push(name.len() as u8);
            bytes.extend_from_slice(name.as_bytes());
            if let Some((value, iterations_exp)) = &contribution.beacon {
                bytes.extend_from_slice(&[*iterations_exp, value.len() as u8]);
                bytes.extend_from_slice(value);
            }
        }
        bytes
    }

    /// Reads exactly what [`Self::to_bytes`] writes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, CeremonyError> {
        let mut rest = bytes;
        let mut take = |len: usize| {
            let offset = bytes.len() - rest.len();
            let (head, tail) = rest
                .split_at_checked(len)
                .ok_or(CeremonyError::Malformed { offset })?;
            rest = tail;
            Ok::<_, CeremonyError>(head)
        };
        let circuit_hash = array(take(64)?);
        let count = u32::from_le_bytes(array(take(4)?));
        let mut contributions = Vec::new();
        for _ in 0..count {
            let hash = array(take(64)?);
            let [is_beacon, name_len] = array(take(2)?);
            let name = take(name_len.into())?;
            let malformed = CeremonyError::Malformed {
                offset: name.as_ptr() as usize - bytes.as_ptr() as usize,
            };
            let name = std::str::from_utf8(name).map_err(|_| malformed.clone())?;
            let beacon = match is_beacon {
                0 => None,
                1 => {
                    let [iterations_exp, len] = array(take(2)?);
                    Some((take(len.into())?.to_vec(), iterations_exp))
                }
                _ => return Err(malformed),
            };
            contributions.push(CeremonyContribution {
                hash,
                name: (!name.is_empty()).then(|| name.to_owned()),
                beacon,
            });
        }
        if !rest.is_empty() {
            let offset = bytes.len() - rest.len();
            return Err(CeremonyError::Malformed { offset });
        }
        Self::new(circuit_hash, contributions)
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as many bytes were taken")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceremony() -> Ceremony {
        let person = CeremonyContribution {
            hash: [1; 64],
            name: Some("Ada".to_owned()),
            beacon: None,
        };
        let nameless = CeremonyContribution {
            name: None,
            ..person.clone()
        };
        let beacon = CeremonyContribution {
            hash: [2; 64],
            name: Some("lottery".to_owned()),
            beacon: Some((vec![3; 32], 10)),
        };
        Ceremony::new([7; 64], vec![person, nameless, beacon]).unwrap()
    }

    #[test]
    fn records_round_trip() {
        let ceremony = ceremony();
        assert_eq!(Ceremony::from_bytes(&ceremony.to_bytes()), Ok(ceremony));
    }

    #[test]
    fn every_cut_and_every_excess_is_refused() {
        let bytes = ceremony().to_bytes();
        for len in 0..bytes.len() {
            assert!(Ceremony::from_bytes(&bytes[..len]).is_err(), "{len}");
        }
        let longer = [&bytes[..], &[0]].concat();
        let offset = bytes.len();
        assert_eq!(
            Ceremony::from_bytes(&longer),
            Err(CeremonyError::Malformed { offset })
        );
    }

    #[test]
    fn beacons_alone_are_no_ceremony() {
        let beacon = CeremonyContribution {
            hash: [2; 64],
            name: None,
            beacon: Some((vec![3; 32], 10)),
        };
        for beacons in 0..3 {
            let contributions = vec![beacon.clone(); beacons];
            assert_eq!(
                Ceremony::new([7; 64], contributions),
                Err(CeremonyError::NoPerson { beacons })
            );
        }
        let person = CeremonyContribution {
            name: Some("a".repeat(256)),
            beacon: None,
            ..beacon
        };
        assert!(matches!(
            Ceremony::new([7; 64], vec![person]),
            Err(CeremonyError::TooLong { got: 256, .. })
        ));
    }
}
