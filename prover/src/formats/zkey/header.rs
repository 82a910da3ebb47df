//! Sections 1 and 2.

use ark_bn254::{G1Affine, G2Affine};

use super::super::FormatError;
use super::super::sections::{SectionFile, SectionReader};
use super::super::values::Modulus;
use super::section;
use crate::domain::Domain;
use crate::key::KeyConstants;
use crate::key_file::{KeyFileError, RawPoint};

/// Number of Groth16 among snarkjs' protocols.
const GROTH16: u32 = 1;

/// What the two sections say.
pub(super) struct Header {
    pub num_columns: usize,
    pub num_public: usize,
    pub domain: Domain,
    pub alpha_g1: G1Affine,
    pub beta_g1: G1Affine,
    pub beta_g2: G2Affine,
    pub gamma_g2: G2Affine,
    pub delta_g1: G1Affine,
    pub delta_g2: G2Affine,
}

impl Header {
    pub fn read(file: &SectionFile) -> Result<Self, FormatError> {
        let (id, name) = section::PROTOCOL;
        let protocol = file.section(id, name)?;
        protocol.demand_len(4)?;
        let got = file.reader(&protocol).u32()?;
        if got != GROTH16 {
            return Err(FormatError::Protocol { got });
        }
        let (id, name) = section::HEADER;
        let reader = &mut file.reader(&file.section(id, name)?);
        Modulus::Coordinates.read(reader, name)?;
        Modulus::Scalars.read(reader, name)?;
        let num_columns = reader.u32()?;
        let num_public = reader.u32()?;
        if num_public >= num_columns {
            return Err(FormatError::Number {
                what: "number of public inputs",
                expected: format!("less than the {num_columns} columns"),
                got: num_public.into(),
            });
        }
        let domain_size = reader.u32()?;
        let domain = Domain::new(domain_size as usize)
            .ok()
            .filter(|domain| domain.size() == domain_size as usize)
            .ok_or_else(|| FormatError::Number {
                what: "size of the domain",
                expected: "a power of two of at most 2^28".to_owned(),
                got: domain_size.into(),
            })?;
        let header = Self {
            num_columns: num_columns as usize,
            num_public: num_public as usize,
            domain,
            alpha_g1: point(reader, 0)?,
            beta_g1: point(reader, 1)?,
            beta_g2: point(reader, 2)?,
            gamma_g2: point(reader, 3)?,
            delta_g1: point(reader, 4)?,
            delta_g2: point(reader, 5)?,
        };
        reader.end()?;
        Ok(header)
    }
}

/// The bytes of section 1.
pub(super) fn protocol_bytes() -> [u8; 4] {
    GROTH16.to_le_bytes()
}

/// The bytes of section 2.
pub(super) fn header_bytes(
    constants: &KeyConstants,
    num_columns: u32,
    num_public: u32,
    domain_size: u32,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    Modulus::Coordinates.write(&mut bytes);
    Modulus::Scalars.write(&mut bytes);
    for number in [num_columns, num_public, domain_size] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    constants.vk.alpha_g1.write_raw(&mut bytes);
    constants.beta_g1.write_raw(&mut bytes);
    constants.vk.beta_g2.write_raw(&mut bytes);
    constants.vk.gamma_g2.write_raw(&mut bytes);
    constants.delta_g1.write_raw(&mut bytes);
    constants.vk.delta_g2.write_raw(&mut bytes);
    bytes
}

/// Point number `index` of the header.
fn point<P: RawPoint>(reader: &mut SectionReader<'_>, index: usize) -> Result<P, FormatError> {
    let (_, section) = section::HEADER;
    P::read_raw(reader.bytes(P::BYTES)?)
        .ok_or_else(|| KeyFileError::Coordinate { section, index }.into())
}
