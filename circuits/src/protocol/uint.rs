//! Integers of a fixed number of bits, as types.
//!
//! A packed word gives each of its fields a number of bits; a value that needs more would spill
//! into its neighbour. These types make a word's fields fit by construction: text, bytes and
//! larger integers become one of them through a check, and serde applies it too.

use thiserror::Error;

/// An integer needs more bits than its field has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected {what} below 2^{bits}, got {got}")]
pub struct OutOfRange {
    /// What the integer stands for.
    pub what: &'static str,
    /// Bits of the field.
    pub bits: u32,
    /// The integer.
    pub got: u64,
}

/// Defines an integer type of `$bits` ≤ 53 bits (a JSON number holds it) that reads as `$what` in
/// errors and whose value `$get` returns.
macro_rules! bounded_integer {
    ($(#[$doc:meta])* $name:ident, $bits:literal, $get:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(u64);

        impl $name {
            /// Bits of the field.
            pub const BITS: u32 = $bits;

            /// The largest value.
            pub const MAX: Self = Self((1 << $bits) - 1);

            /// The integer, below 2^[`BITS`](Self::BITS).
            pub const fn $get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = $crate::protocol::uint::OutOfRange;

            fn try_from(got: u64) -> Result<Self, Self::Error> {
                if got > Self::MAX.0 {
                    return Err($crate::protocol::uint::OutOfRange {
                        what: $what,
                        bits: $bits,
                        got,
                    });
                }
                Ok(Self(got))
            }
        }

        impl From<$name> for u64 {
            fn from(value: $name) -> u64 {
                value.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

pub(super) use bounded_integer;

bounded_integer! {
    /// Forty bits: a nonce, or a Unix time in seconds.
    U40, 40, get, "a nonce or time"
}

impl U40 {
    /// The next integer, if it fits.
    pub fn checked_add_one(self) -> Option<Self> {
        Self::try_from(self.0 + 1).ok()
    }
}
