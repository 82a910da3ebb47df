//! Amounts and fees as decimal floating point numbers.
//!
//! ```text
//! value = mantissa · 10^exponent
//! ```
//!
//! [`Amount`]: 40 bits, exponent 5 | mantissa 35. [`Fee`]: 16 bits, exponent 5 | mantissa 11.
//! Source: `docs/protocol.md` §4.
//!
//! Representation: a value *is* its encoding, because the signature covers the encoding and
//! several encodings may have the same value. `from_value` gives the one with the smallest
//! exponent. serde writes the encoding, as a number, but in a transfer, which people and wallets
//! read: there [`text`] writes the value.
//!
//! Not here: rounding. A value without an encoding is refused; the error names the nearest one
//! below.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::uint::{OutOfRange, bounded_integer};

/// Bits of an exponent.
const EXPONENT_BITS: u32 = 5;

bounded_integer! {
    /// The encoding of a transferred amount: exponent 5 | mantissa 35.
    Amount, 40, encoding, "an amount's encoding"
}

bounded_integer! {
    /// The encoding of a fee: exponent 5 | mantissa 11.
    Fee, 16, encoding, "a fee's encoding"
}

/// An amount's encoding stands for 2¹²⁸ or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected an amount below 2^128, got {mantissa}·10^{exponent}")]
pub struct AmountTooLarge {
    /// Mantissa of the encoding.
    pub mantissa: u64,
    /// Exponent of the encoding.
    pub exponent: u32,
}

/// A value has no encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected a value m·10^e with m < 2^{mantissa_bits} and e < 32, got {value}; \
     the nearest below is {nearest_below}"
)]
pub struct Unrepresentable {
    /// The value.
    pub value: u128,
    /// Bits of the mantissa: 35 for an amount, 11 for a fee.
    pub mantissa_bits: u32,
    /// The largest value below it that has an encoding.
    pub nearest_below: u128,
}

/// What both encodings have in common.
macro_rules! decimal_float {
    ($name:ident) => {
        impl $name {
            /// Bits of the mantissa.
            pub const MANTISSA_BITS: u32 = Self::BITS - EXPONENT_BITS;

            /// The encoding of `value` with the smallest exponent.
            ///
            /// # Errors
            /// If no encoding has this value.
            pub fn from_value(value: u128) -> Result<Self, Unrepresentable> {
                encode(value, Self::MANTISSA_BITS).map(Self)
            }

            /// m of m·10^e.
            pub fn mantissa(self) -> u64 {
                self.0 & ((1 << Self::MANTISSA_BITS) - 1)
            }

            /// e of m·10^e.
            pub fn exponent(self) -> u32 {
                (self.0 >> Self::MANTISSA_BITS) as u32
            }
        }
    };
}

decimal_float!(Amount);
decimal_float!(Fee);

impl Amount {
    /// m·10^e.
    ///
    /// # Errors
    /// If it is 2¹²⁸ or more.
    pub fn value(self) -> Result<u128, AmountTooLarge> {
        let (mantissa, exponent) = (self.mantissa(), self.exponent());
        u128::from(mantissa)
            .checked_mul(10u128.pow(exponent))
            .ok_or(AmountTooLarge { mantissa, exponent })
    }
}

impl Fee {
    /// m·10^e, at most 2047·10³¹ < 2¹¹⁴.
    pub fn value(self) -> u128 {
        u128::from(self.mantissa()) * 10u128.pow(self.exponent())
    }
}

/// `exponent | mantissa` of `value`, with the smallest exponent.
fn encode(value: u128, mantissa_bits: u32) -> Result<u64, Unrepresentable> {
    let largest = (1u128 << mantissa_bits) - 1;
    let mut nearest_below = 0;
    for exponent in 0..1 << EXPONENT_BITS {
        let unit = 10u128.pow(exponent);
        let mantissa = (value / unit).min(largest);
        // mantissa·unit ≤ value: no overflow.
        let below = mantissa * unit;
        if below == value {
            return Ok(u64::from(exponent) << mantissa_bits | mantissa as u64);
        }
        nearest_below = nearest_below.max(below);
    }
    Err(Unrepresentable {
        value,
        mantissa_bits,
        nearest_below,
    })
}

/// An [`Amount`] or a [`Fee`].
pub trait Float: Copy + PartialEq + TryFrom<u64, Error = OutOfRange> {
    /// The encoding.
    fn encoding(self) -> u64;
    /// The value, if it is below 2¹²⁸.
    fn exact_value(self) -> Option<u128>;
    /// The encoding of a value with the smallest exponent.
    ///
    /// # Errors
    /// If no encoding has this value.
    fn of_value(value: u128) -> Result<Self, Unrepresentable>;
}

impl Float for Amount {
    fn encoding(self) -> u64 {
        self.encoding()
    }

    fn exact_value(self) -> Option<u128> {
        self.value().ok()
    }

    fn of_value(value: u128) -> Result<Self, Unrepresentable> {
        Self::from_value(value)
    }
}

impl Float for Fee {
    fn encoding(self) -> u64 {
        self.encoding()
    }

    fn exact_value(self) -> Option<u128> {
        Some(self.value())
    }

    fn of_value(value: u128) -> Result<Self, Unrepresentable> {
        Self::from_value(value)
    }
}

/// serde of amounts and fees as wallets write them: in human-readable formats the value as a decimal
/// string, which stands for its encoding with the smallest exponent; any other encoding, and the
/// encodings in binary formats, as a number.
pub mod text {
    use super::{Deserialize, Deserializer, Float, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Written {
        Value(String),
        Encoding(u64),
    }

    /// Writes the value, or the encoding where the value does not determine it.
    ///
    /// # Errors
    /// Those of the format.
    pub fn serialize<T: Float, S: Serializer>(float: &T, serializer: S) -> Result<S::Ok, S::Error> {
        let canonical = |value: &u128| T::of_value(*value).is_ok_and(|other| other == *float);
        match float.exact_value().filter(canonical) {
            Some(value) if serializer.is_human_readable() => {
                Written::Value(value.to_string()).serialize(serializer)
            }
            _ => float.encoding().serialize(serializer),
        }
    }

    /// The inverse.
    ///
    /// # Errors
    /// If a string is not the decimal value of an encoding, or a number no encoding.
    pub fn deserialize<'de, T: Float, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        if !deserializer.is_human_readable() {
            return T::try_from(u64::deserialize(deserializer)?).map_err(de::Error::custom);
        }
        match Written::deserialize(deserializer)? {
            Written::Encoding(encoding) => T::try_from(encoding).map_err(de::Error::custom),
            Written::Value(digits) => {
                let value = digits.parse::<u128>().map_err(|error| {
                    de::Error::custom(format!("expected a decimal value, got {digits:?}: {error}"))
                })?;
                T::of_value(value).map_err(de::Error::custom)
            }
        }
    }
}
