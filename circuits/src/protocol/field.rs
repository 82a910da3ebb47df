//! Text, bytes and serde of field elements and large integers.
//!
//! * Human-readable formats: a decimal string. Decimal digits and `0x` hexadecimal are accepted
//!   (no sign, space or separator), and for a field element only a value below r: there is no
//!   reduction.
//! * Binary formats: 32 big-endian bytes.
//!
//! The modules of this one are for `#[serde(with = "…")]`: [`element`], [`pair`] and [`octets`]
//! for field elements, [`integer`] for 256-bit integers that may exceed the field, [`decimal`] for
//! the integers that JSON's numbers cannot hold (above 2⁵³).

use std::fmt;

use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A 256-bit integer.
pub type U256 = BigInt<4>;

/// Why a text or bytes are not a field element or an integer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ParseFieldError {
    /// No digits.
    #[error("expected a decimal or 0x-hexadecimal integer, got no digits")]
    Empty,
    /// Not a digit of the base.
    #[error("expected a digit of base {base} at position {position}, got {character:?}")]
    Digit {
        /// 10 or 16.
        base: u32,
        /// Position after the prefix.
        position: usize,
        /// What stands there.
        character: char,
    },
    /// 2²⁵⁶ or more.
    #[error("expected an integer below 2^256")]
    Overflow,
    /// r or more.
    #[error("expected a field element below r, got {value}")]
    NotBelowModulus {
        /// The integer.
        value: U256,
    },
}

/// The field element that a text denotes.
///
/// # Errors
/// If it is no integer below r.
pub fn parse(text: &str) -> Result<Fr, ParseFieldError> {
    from_integer(parse_integer(text)?)
}

/// The 256-bit integer that a text denotes.
///
/// # Errors
/// If it is no integer below 2²⁵⁶.
pub fn parse_integer(text: &str) -> Result<U256, ParseFieldError> {
    let (digits, base) = match text.strip_prefix("0x") {
        Some(digits) => (digits, 16),
        None => (text, 10),
    };
    if digits.is_empty() {
        return Err(ParseFieldError::Empty);
    }
    let mut limbs = [0u64; 4];
    for (position, character) in digits.chars().enumerate() {
        let digit = character.to_digit(base).ok_or(ParseFieldError::Digit {
            base,
            position,
            character,
        })?;
        let mut carry = u128::from(digit);
        for limb in &mut limbs {
            carry += u128::from(*limb) * u128::from(base);
            *limb = carry as u64;
            carry >>= 64;
        }
        if carry != 0 {
            return Err(ParseFieldError::Overflow);
        }
    }
    Ok(U256::new(limbs))
}

/// The field element equal to `value`.
///
/// # Errors
/// [`ParseFieldError::NotBelowModulus`].
pub fn from_integer(value: U256) -> Result<Fr, ParseFieldError> {
    Fr::from_bigint(value).ok_or(ParseFieldError::NotBelowModulus { value })
}

/// The 32 big-endian bytes of the canonical integer.
pub fn to_be_bytes(element: &Fr) -> [u8; 32] {
    integer_to_be_bytes(&element.into_bigint())
}

/// The field element with these 32 big-endian bytes.
///
/// # Errors
/// [`ParseFieldError::NotBelowModulus`].
pub fn from_be_bytes(bytes: &[u8; 32]) -> Result<Fr, ParseFieldError> {
    from_integer(integer_from_be_bytes(bytes))
}

/// `fields[0] | fields[1] | …`, each a value and its number of bits, at most 253 bits together.
pub(super) fn pack(fields: &[(u128, u32)]) -> Fr {
    let mut word = U256::zero();
    for &(value, bits) in fields {
        debug_assert!(
            bits == 128 || value >> bits == 0,
            "expected {bits} bits, got {value}"
        );
        word <<= bits;
        word.0[0] |= value as u64;
        word.0[1] |= (value >> 64) as u64;
    }
    Fr::from(word)
}

pub(super) fn integer_to_be_bytes(value: &U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.rchunks_exact_mut(8).zip(value.0) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    bytes
}

pub(super) fn integer_from_be_bytes(bytes: &[u8; 32]) -> U256 {
    let mut limbs = [0; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.rchunks_exact(8)) {
        *limb = chunk
            .iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte));
    }
    U256::new(limbs)
}

/// A text or 32 bytes, as the format demands.
struct Integer(U256);

impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(&self.0)
        } else {
            integer_to_be_bytes(&self.0).serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = U256;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string with a decimal or 0x-hexadecimal integer")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<U256, E> {
                parse_integer(text).map_err(E::custom)
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Text).map(Self)
        } else {
            <[u8; 32]>::deserialize(deserializer).map(|bytes| Self(integer_from_be_bytes(&bytes)))
        }
    }
}

/// A field element as a text or 32 bytes.
pub(super) struct Element(pub(super) Fr);

impl Serialize for Element {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Integer(self.0.into_bigint()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Element {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Integer(value) = Integer::deserialize(deserializer)?;
        from_integer(value).map(Self).map_err(de::Error::custom)
    }
}

/// `Fr`.
pub mod element {
    use super::*;

    /// A decimal string or 32 bytes.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &Fr, serializer: S) -> Result<S::Ok, S::Error> {
        Element(*value).serialize(serializer)
    }

    /// Strictly below r.
    ///
    /// # Errors
    /// The deserializer's, or one that names what is wrong with the integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fr, D::Error> {
        Element::deserialize(deserializer).map(|element| element.0)
    }
}

/// `(Fr, Fr)`.
pub mod pair {
    use super::*;

    /// A sequence of two elements.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &(Fr, Fr), serializer: S) -> Result<S::Ok, S::Error> {
        (Element(value.0), Element(value.1)).serialize(serializer)
    }

    /// Two elements, each strictly below r.
    ///
    /// # Errors
    /// The deserializer's, or one that names what is wrong with an integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(Fr, Fr), D::Error> {
        let (first, second) = <(Element, Element)>::deserialize(deserializer)?;
        Ok((first.0, second.0))
    }
}

/// `Vec<[Fr; 8]>`.
pub mod octets {
    use super::*;

    /// A sequence of sequences of eight elements.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(values: &[[Fr; 8]], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|octet| octet.map(Element)))
    }

    /// Sequences of eight elements, each element strictly below r.
    ///
    /// # Errors
    /// The deserializer's, or one that names what is wrong with an integer.
    pub fn deserialize<'de, D>(deserializer: D) -> Result<Vec<[Fr; 8]>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let octets = Vec::<[Element; 8]>::deserialize(deserializer)?;
        let octets = octets.into_iter();
        Ok(octets.map(|octet| octet.map(|element| element.0)).collect())
    }
}

/// [`U256`].
pub mod integer {
    use super::*;

    /// A decimal string or 32 bytes.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &U256, serializer: S) -> Result<S::Ok, S::Error> {
        Integer(*value).serialize(serializer)
    }

    /// Below 2²⁵⁶.
    ///
    /// # Errors
    /// The deserializer's, or one that names what is wrong with the integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
        Integer::deserialize(deserializer).map(|integer| integer.0)
    }
}

/// `u64` and `u128`, as decimal strings in human-readable formats.
pub mod decimal {
    use super::*;

    /// A decimal string, or the integer itself in a binary format.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize + fmt::Display,
        S: Serializer,
    {
        if serializer.is_human_readable() {
            serializer.collect_str(value)
        } else {
            value.serialize(serializer)
        }
    }

    /// The inverse; hexadecimal is accepted too.
    ///
    /// # Errors
    /// The deserializer's, or one that names what is wrong with the integer.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: Deserialize<'de> + TryFrom<u128>,
        D: Deserializer<'de>,
    {
        if !deserializer.is_human_readable() {
            return T::deserialize(deserializer);
        }
        let Integer(value) = Integer::deserialize(deserializer)?;
        let [l0, l1, l2, l3] = value.0;
        let narrow = u128::from(l0) | u128::from(l1) << 64;
        (l2 == 0 && l3 == 0)
            .then_some(narrow)
            .and_then(|narrow| T::try_from(narrow).ok())
            .ok_or_else(|| {
                let bits = 8 * size_of::<T>();
                de::Error::custom(format_args!(
                    "expected an integer below 2^{bits}, got {value}"
                ))
            })
    }
}
