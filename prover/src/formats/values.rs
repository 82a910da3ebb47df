//! Field elements as these files have them.

use ark_bn254::{Fq, Fr};
use ark_ff::{BigInt, PrimeField};

use super::FormatError;
use super::sections::SectionReader;

/// Bytes of an element of either field.
pub(super) const ELEMENT_BYTES: usize = 32;

/// 32 little-endian bytes as four words.
pub(super) fn words(bytes: &[u8; ELEMENT_BYTES]) -> BigInt<4> {
    let (limbs, _) = bytes.as_chunks::<8>();
    BigInt::new(std::array::from_fn(|i| u64::from_le_bytes(limbs[i])))
}

/// The canonical value in 32 little-endian bytes, if it is below the modulus.
pub(super) fn canonical(bytes: &[u8; ELEMENT_BYTES]) -> Option<Fr> {
    Fr::from_bigint(words(bytes))
}

/// Appends the canonical value.
pub(super) fn write_canonical(value: &Fr, out: &mut Vec<u8>) {
    write_words(&value.into_bigint(), out);
}

/// Appends four words.
pub(super) fn write_words(words: &BigInt<4>, out: &mut Vec<u8>) {
    for limb in words.0 {
        out.extend_from_slice(&limb.to_le_bytes());
    }
}

/// Which modulus a header names.
#[derive(Clone, Copy)]
pub(super) enum Modulus {
    Coordinates,
    Scalars,
}

impl Modulus {
    const fn value(self) -> BigInt<4> {
        match self {
            Self::Coordinates => Fq::MODULUS,
            Self::Scalars => Fr::MODULUS,
        }
    }

    /// Reads the size and the modulus and demands BN254's.
    pub fn read(
        self,
        reader: &mut SectionReader<'_>,
        section: &'static str,
    ) -> Result<(), FormatError> {
        let size = reader.u32()?;
        if size as usize == ELEMENT_BYTES && words(&reader.array()?) == self.value() {
            return Ok(());
        }
        let field = match self {
            Self::Coordinates => "coordinate field",
            Self::Scalars => "scalar field",
        };
        Err(FormatError::Prime { field, section })
    }

    /// Appends the size and the modulus.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(ELEMENT_BYTES as u32).to_le_bytes());
        write_words(&self.value(), out);
    }
}
