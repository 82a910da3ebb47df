//! Fixed-size byte encodings of proofs, verifying keys and public inputs.
//!
//! Points are in `ark-serialize` form: x (and y, uncompressed) little-endian, canonical, with the
//! sign and infinity flags in the two top bits. A proof is A ‖ B ‖ C: 128 bytes compressed, 256
//! uncompressed. (The big-endian order of EIP-197, which contracts read, is the Solidity crate's.)
//! A public input is 32 big-endian bytes.
//!
//! Decoding accepts exactly what encoding produces: every point on its curve and in its subgroup,
//! every coordinate below the modulus, one encoding for each value, no trailing bytes.

use ark_bn254::{Bn254, Fr};
use ark_ff::{BigInt, BigInteger, PrimeField};
use ark_groth16::{Proof, VerifyingKey};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Validate};

use crate::validate::{KeyError, validate_verifying_key};

/// Bytes of a compressed proof.
pub const PROOF_COMPRESSED_BYTES: usize = 128;
/// Bytes of an uncompressed proof.
pub const PROOF_UNCOMPRESSED_BYTES: usize = 256;
/// Bytes of a compressed verifying key without its input points: α, β, γ, δ and their number.
const VERIFYING_KEY_FIXED_BYTES: usize = 32 + 3 * 64 + 8;
/// Bytes of one compressed input point.
const INPUT_POINT_BYTES: usize = 32;

/// Why bytes are no proof, key or public input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Not the fixed size.
    #[error("expected {expected} bytes of {what}, got {got}")]
    Length {
        /// What was decoded.
        what: &'static str,
        /// Its size.
        expected: usize,
        /// Number of bytes given.
        got: usize,
    },
    /// A coordinate is not below the modulus, or a point is not in its group.
    #[error("expected points of G1 and G2 in {what}, got an invalid point")]
    InvalidPoint {
        /// What was decoded.
        what: &'static str,
    },
    /// The bytes decode, but are not what encoding produces.
    #[error("expected the canonical encoding of {what}, got another one")]
    NotCanonical {
        /// What was decoded.
        what: &'static str,
    },
    /// A public input of r or more.
    #[error("expected a public input below the scalar field's modulus, got 0x{got}")]
    ScalarTooLarge {
        /// The value in hexadecimal.
        got: String,
    },
    /// The key was decoded and then refused.
    #[error("the verifying key is refused: {0}")]
    Key(#[from] KeyError),
}

fn encode<T: CanonicalSerialize, const N: usize>(value: &T, compress: Compress) -> [u8; N] {
    let mut bytes = [0u8; N];
    value
        .serialize_with_mode(&mut bytes[..], compress)
        .expect("the array has the size of the encoding");
    bytes
}

/// Decodes, validates and demands that encoding gives the same bytes.
fn decode<T: CanonicalDeserialize + CanonicalSerialize>(
    what: &'static str,
    bytes: &[u8],
    compress: Compress,
) -> Result<T, EncodingError> {
    let value = T::deserialize_with_mode(bytes, compress, Validate::Yes)
        .map_err(|_| EncodingError::InvalidPoint { what })?;
    let mut again = Vec::with_capacity(bytes.len());
    value
        .serialize_with_mode(&mut again, compress)
        .map_err(|_| EncodingError::InvalidPoint { what })?;
    if again == bytes {
        Ok(value)
    } else {
        Err(EncodingError::NotCanonical { what })
    }
}

/// The compressed proof.
#[must_use]
pub fn proof_to_bytes(proof: &Proof<Bn254>) -> [u8; PROOF_COMPRESSED_BYTES] {
    encode(proof, Compress::Yes)
}

/// The uncompressed proof.
#[must_use]
pub fn proof_to_bytes_uncompressed(proof: &Proof<Bn254>) -> [u8; PROOF_UNCOMPRESSED_BYTES] {
    encode(proof, Compress::No)
}

/// Decodes a proof; its form is told by the number of bytes, 128 or 256.
///
/// # Errors
/// If the size is neither, a point is not in its group, or the encoding is not the canonical one.
pub fn proof_from_bytes(bytes: &[u8]) -> Result<Proof<Bn254>, EncodingError> {
    let compress = match bytes.len() {
        PROOF_COMPRESSED_BYTES => Compress::Yes,
        PROOF_UNCOMPRESSED_BYTES => Compress::No,
        got => {
            let expected = PROOF_COMPRESSED_BYTES;
            return Err(EncodingError::Length {
                what: "a proof",
                expected,
                got,
            });
        }
    };
    decode("a proof", bytes, compress)
}

/// The compressed verifying key.
#[must_use]
pub fn verifying_key_to_bytes(vk: &VerifyingKey<Bn254>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(vk.compressed_size());
    vk.serialize_compressed(&mut bytes)
        .expect("a vector accepts every write");
    bytes
}

/// Decodes a compressed verifying key and applies the refusal rules.
///
/// # Errors
/// If the size does not fit the number of input points, a point is invalid, or the key is refused.
pub fn verifying_key_from_bytes(bytes: &[u8]) -> Result<VerifyingKey<Bn254>, EncodingError> {
    let what = "a verifying key";
    let wrong_length = |expected| EncodingError::Length {
        what,
        expected,
        got: bytes.len(),
    };
    let count = bytes
        .get(VERIFYING_KEY_FIXED_BYTES - 8..VERIFYING_KEY_FIXED_BYTES)
        .and_then(|count| count.try_into().ok())
        .map(u64::from_le_bytes)
        .ok_or_else(|| wrong_length(VERIFYING_KEY_FIXED_BYTES))?;
    let expected = usize::try_from(count)
        .unwrap_or(usize::MAX)
        .saturating_mul(INPUT_POINT_BYTES)
        .saturating_add(VERIFYING_KEY_FIXED_BYTES);
    if bytes.len() != expected {
        return Err(wrong_length(expected));
    }
    let vk = decode(what, bytes, Compress::Yes)?;
    validate_verifying_key(&vk)?;
    Ok(vk)
}

/// A public input as 32 big-endian bytes.
#[must_use]
pub fn public_input_to_be_bytes(input: &Fr) -> [u8; 32] {
    let bytes = input.into_bigint().to_bytes_be();
    bytes.try_into().expect("four limbs are 32 bytes")
}

/// A public input from 32 big-endian bytes.
///
/// # Errors
/// If there are not 32 bytes, or the number is the modulus or more: `x` and `x + r` would be two
/// encodings of one statement.
pub fn public_input_from_be_bytes(bytes: &[u8]) -> Result<Fr, EncodingError> {
    let bytes: &[u8; 32] = bytes.try_into().map_err(|_| EncodingError::Length {
        what: "a public input",
        expected: 32,
        got: bytes.len(),
    })?;
    from_be_bytes(bytes).ok_or_else(|| EncodingError::ScalarTooLarge {
        got: hex::encode(bytes),
    })
}

/// The element that 32 big-endian bytes stand for, or none if that is the modulus or more.
pub(crate) fn from_be_bytes<F: PrimeField<BigInt = BigInt<4>>>(bytes: &[u8; 32]) -> Option<F> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = u64::from_be_bytes(chunk.try_into().expect("chunks of eight bytes"));
    }
    F::from_bigint(BigInt::new(limbs))
}
