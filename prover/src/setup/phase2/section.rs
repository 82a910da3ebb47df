//! The list's bytes, as section 10 of a snarkjs `.zkey` file holds them.
//!
//! | size | content |
//! |---|---|
//! | 64 | circuit hash |
//! | 4 | number of contributions, little-endian as all integers |
//!
//! and for each contribution
//!
//! | size | content |
//! |---|---|
//! | 3 · 64 | `delta_after`, `delta_g1_s`, `delta_g1_sx`: x ‖ y, little-endian Montgomery (R = 2²⁵⁶) |
//! | 128 | `delta_g2_spx`: x.c₀ ‖ x.c₁ ‖ y.c₀ ‖ y.c₁, likewise |
//! | 64 | transcript hash |
//! | 4 | kind: 0 a person, 1 a beacon |
//! | 4 | bytes of the parameters |
//! | | parameters, each a tag byte and its content, tags ascending |
//!
//! Parameters: 1, a length byte and a name in UTF-8, at will; 2, a byte, the exponent of the iterations,
//! and 3, a length byte and the value, both for beacons and for them alone.
//!
//! Reading accepts exactly what writing produces, and every list that snarkjs writes. (snarkjs itself
//! reads more: names that are no UTF-8, beacons of persons, kinds that it does not know.) Nothing is
//! allocated for a number that the bytes merely claim: a contribution takes at least 392 bytes, and its
//! parameters are at most 516.

use std::io::{self, Read, Write};

use super::beacon::{Beacon, BeaconError};
use super::transcript::{Contribution, ContributionKind, ContributionList};
use super::verify::check_points;
use crate::key_file::RawPoint;
use crate::validate::KeyError;

const NAME: u8 = 1;
const ITERATIONS_EXP: u8 = 2;
const BEACON: u8 = 3;

/// A name and a beacon, each of 255 bytes, and the exponent.
pub(in crate::setup) const MAX_PARAMETER_BYTES: u32 = (2 + 255) + 2 + (2 + 255);

/// Where in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPart {
    /// Circuit hash and number of contributions.
    Header,
    /// A contribution; indices count from 0.
    Contribution(usize),
}

impl std::fmt::Display for ListPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Header => f.write_str("the header"),
            Self::Contribution(index) => write!(f, "contribution {index}"),
        }
    }
}

/// What is wrong with a contribution's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterError {
    /// More bytes than all parameters together can have.
    #[error("expected at most {MAX_PARAMETER_BYTES} bytes of parameters, got {got}")]
    TooLong {
        /// Number of bytes.
        got: u32,
    },
    /// The bytes end within a parameter.
    #[error("expected more bytes of parameter {tag}, got the end of the parameters")]
    CutOff {
        /// The parameter.
        tag: u8,
    },
    /// Not in ascending order, or twice the same.
    #[error("expected a parameter after {previous}, got {got}")]
    Order {
        /// The parameter before, 0 for none.
        previous: u8,
        /// The parameter.
        got: u8,
    },
    /// A parameter that is not defined.
    #[error("expected parameter 1, 2 or 3, got {got}")]
    Unknown {
        /// The parameter.
        got: u8,
    },
    /// The name is no text.
    #[error("expected a name in UTF-8, got other bytes")]
    NameNotUtf8,
    /// A beacon lacks its value or its exponent.
    #[error("expected parameter {tag} of a beacon, got none")]
    Missing {
        /// The parameter.
        tag: u8,
    },
    /// A person has a beacon's value or exponent.
    #[error("expected no parameter {tag} of a person, got one")]
    NotForPerson {
        /// The parameter.
        tag: u8,
    },
    /// The beacon is out of range.
    #[error(transparent)]
    Beacon(#[from] BeaconError),
}

/// Why a list was not read or written. Indices count from 0.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContributionListError {
    /// The operating system refused.
    #[error("{part} of the contributions: {source}")]
    Io {
        /// Where.
        part: ListPart,
        /// The reason.
        source: io::Error,
    },
    /// The bytes end too early.
    #[error("expected more bytes in {part} of the contributions, got their end")]
    CutOff {
        /// Where.
        part: ListPart,
    },
    /// There are bytes after the last contribution.
    #[error("expected the end after {count} contributions, got more bytes")]
    TrailingBytes {
        /// Contributions according to the header.
        count: u32,
    },
    /// A coordinate is not below the field's modulus.
    #[error("contribution {index}: expected coordinates of {element} below the modulus")]
    Coordinate {
        /// Which contribution.
        index: usize,
        /// The point.
        element: &'static str,
    },
    /// A point is not in its group, or is infinity.
    #[error("contribution {index}: {source}")]
    Point {
        /// Which contribution.
        index: usize,
        /// The point and what is wrong with it.
        source: KeyError,
    },
    /// A kind that is not defined.
    #[error("contribution {index}: expected kind 0 (person) or 1 (beacon), got {got}")]
    Kind {
        /// Which contribution.
        index: usize,
        /// The kind.
        got: u32,
    },
    /// The parameters are wrong.
    #[error("contribution {index}: {source}")]
    Parameters {
        /// Which contribution.
        index: usize,
        /// What is wrong.
        source: ParameterError,
    },
    /// A name that the format has no room for.
    #[error("contribution {index}: expected a name of at most 255 bytes, got {got}")]
    NameTooLong {
        /// Which contribution.
        index: usize,
        /// Bytes of the name.
        got: usize,
    },
    /// More contributions than the format can count.
    #[error("expected fewer than 2^32 contributions, got {got}")]
    TooMany {
        /// Number of contributions.
        got: usize,
    },
}

impl ContributionList {
    /// Reads a list to the end of `reader`, which holds nothing else. Points are checked; whether the
    /// contributions are right is left to [`verify`](Self::verify).
    ///
    /// # Errors
    /// If the bytes are not exactly those of a list, or reading fails.
    pub fn read<R: Read>(reader: R) -> Result<Self, ContributionListError> {
        let mut source = Source {
            reader,
            part: ListPart::Header,
        };
        let mut list = Self::new(source.array()?);
        let count = u32::from_le_bytes(source.array()?);
        for index in 0..count {
            source.part = ListPart::Contribution(index as usize);
            list.contributions
                .push(read_contribution(&mut source, index as usize)?);
        }
        if source.is_at_end()? {
            Ok(list)
        } else {
            Err(ContributionListError::TrailingBytes { count })
        }
    }

    /// Writes the list.
    ///
    /// # Errors
    /// If a name is longer than 255 bytes, there are 2³² contributions, or writing fails.
    pub fn write<W: Write>(&self, mut writer: W) -> Result<(), ContributionListError> {
        let got = self.contributions.len();
        let count = u32::try_from(got).map_err(|_| ContributionListError::TooMany { got })?;
        let mut bytes = self.circuit_hash.to_vec();
        bytes.extend_from_slice(&count.to_le_bytes());
        let mut put = |bytes: &mut Vec<u8>, part| {
            writer
                .write_all(bytes)
                .map_err(|source| ContributionListError::Io { part, source })?;
            bytes.clear();
            Ok(())
        };
        put(&mut bytes, ListPart::Header)?;
        for (index, contribution) in self.contributions.iter().enumerate() {
            let name = contribution.kind.name().unwrap_or_default();
            if name.len() > 255 {
                let got = name.len();
                return Err(ContributionListError::NameTooLong { index, got });
            }
            append_contribution(&mut bytes, contribution);
            put(&mut bytes, ListPart::Contribution(index))?;
        }
        Ok(())
    }
}

/// A reader that knows where in the list it is.
struct Source<R> {
    reader: R,
    part: ListPart,
}

impl<R: Read> Source<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ContributionListError> {
        let part = self.part;
        self.reader
            .read_exact(bytes)
            .map_err(|source| match source.kind() {
                io::ErrorKind::UnexpectedEof => ContributionListError::CutOff { part },
                _ => ContributionListError::Io { part, source },
            })
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ContributionListError> {
        let mut bytes = [0u8; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn is_at_end(&mut self) -> Result<bool, ContributionListError> {
        match self.array::<1>() {
            Ok(_) => Ok(false),
            Err(ContributionListError::CutOff { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn point<P: RawPoint, const N: usize>(
        &mut self,
        index: usize,
        element: &'static str,
    ) -> Result<P, ContributionListError> {
        const { assert!(N == P::BYTES) };
        P::read_raw(&self.array::<N>()?).ok_or(ContributionListError::Coordinate { index, element })
    }
}

fn read_contribution<R: Read>(
    source: &mut Source<R>,
    index: usize,
) -> Result<Contribution, ContributionListError> {
    let mut contribution = Contribution {
        delta_after: source.point::<_, 64>(index, "delta_after")?,
        delta_g1_s: source.point::<_, 64>(index, "delta_g1_s")?,
        delta_g1_sx: source.point::<_, 64>(index, "delta_g1_sx")?,
        delta_g2_spx: source.point::<_, 128>(index, "delta_g2_spx")?,
        transcript: source.array()?,
        kind: ContributionKind::Person { name: None },
    };
    check_points(&contribution).map_err(|source| ContributionListError::Point { index, source })?;
    let is_beacon = match u32::from_le_bytes(source.array()?) {
        0 => false,
        1 => true,
        got => return Err(ContributionListError::Kind { index, got }),
    };
    let refuse = |source| ContributionListError::Parameters { index, source };
    let got = u32::from_le_bytes(source.array()?);
    if got > MAX_PARAMETER_BYTES {
        return Err(refuse(ParameterError::TooLong { got }));
    }
    let mut parameters = [0u8; MAX_PARAMETER_BYTES as usize];
    let parameters = &mut parameters[..got as usize];
    source.fill(parameters)?;
    contribution.kind = kind_of(is_beacon, parameters).map_err(refuse)?;
    Ok(contribution)
}

/// Who a contribution with these parameters is by. The first phase's parameters are the same.
pub(in crate::setup) fn kind_of(
    is_beacon: bool,
    parameters: &[u8],
) -> Result<ContributionKind, ParameterError> {
    Parameters::parse(parameters)?.into_kind(is_beacon)
}

/// A contribution's parameters, each there or not.
#[derive(Default)]
struct Parameters {
    name: Option<String>,
    iterations_exp: Option<u8>,
    beacon: Option<Vec<u8>>,
}

impl Parameters {
    fn parse(mut bytes: &[u8]) -> Result<Self, ParameterError> {
        let mut parameters = Self::default();
        let mut previous = 0;
        while let Some((&tag, rest)) = bytes.split_first() {
            if tag <= previous {
                return Err(ParameterError::Order { previous, got: tag });
            }
            let cut_off = ParameterError::CutOff { tag };
            let (&first, rest) = match tag {
                NAME | ITERATIONS_EXP | BEACON => rest.split_first().ok_or(cut_off.clone())?,
                got => return Err(ParameterError::Unknown { got }),
            };
            if tag == ITERATIONS_EXP {
                parameters.iterations_exp = Some(first);
                bytes = rest;
            } else {
                let (content, rest) = rest.split_at_checked(first.into()).ok_or(cut_off)?;
                if tag == NAME {
                    let name =
                        std::str::from_utf8(content).map_err(|_| ParameterError::NameNotUtf8)?;
                    parameters.name = Some(name.to_owned());
                } else {
                    parameters.beacon = Some(content.to_vec());
                }
                bytes = rest;
            }
            previous = tag;
        }
        Ok(parameters)
    }

    fn into_kind(self, is_beacon: bool) -> Result<ContributionKind, ParameterError> {
        let Self {
            name,
            iterations_exp,
            beacon,
        } = self;
        match (is_beacon, iterations_exp, beacon) {
            (false, None, None) => Ok(ContributionKind::Person { name }),
            (true, Some(iterations_exp), Some(value)) => Ok(ContributionKind::Beacon {
                name,
                beacon: Beacon::new(value, iterations_exp)?,
            }),
            (false, Some(_), _) => Err(ParameterError::NotForPerson {
                tag: ITERATIONS_EXP,
            }),
            (false, None, Some(_)) => Err(ParameterError::NotForPerson { tag: BEACON }),
            (true, None, _) => Err(ParameterError::Missing {
                tag: ITERATIONS_EXP,
            }),
            (true, Some(_), None) => Err(ParameterError::Missing { tag: BEACON }),
        }
    }
}

/// Appends a contribution whose name has at most 255 bytes.
fn append_contribution(bytes: &mut Vec<u8>, contribution: &Contribution) {
    contribution.delta_after.write_raw(bytes);
    contribution.delta_g1_s.write_raw(bytes);
    contribution.delta_g1_sx.write_raw(bytes);
    contribution.delta_g2_spx.write_raw(bytes);
    bytes.extend_from_slice(&contribution.transcript);

    let mut parameters = Vec::new();
    let text = |parameters: &mut Vec<u8>, tag, content: &[u8]| {
        parameters.extend_from_slice(&[tag, content.len() as u8]);
        parameters.extend_from_slice(content);
    };
    if let Some(name) = contribution.kind.name() {
        text(&mut parameters, NAME, name.as_bytes());
    }
    let kind: u32 = match &contribution.kind {
        ContributionKind::Person { .. } => 0,
        ContributionKind::Beacon { beacon, .. } => {
            parameters.extend_from_slice(&[ITERATIONS_EXP, beacon.iterations_exp()]);
            text(&mut parameters, BEACON, beacon.value());
            1
        }
    };
    bytes.extend_from_slice(&kind.to_le_bytes());
    bytes.extend_from_slice(&(parameters.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&parameters);
}
