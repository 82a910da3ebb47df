//! How a field element stands in a shader's registers.
//!
//! In buffers an element is always eight 32-bit words, little-endian, below the modulus. In registers
//! it is one of three layouts, each a Montgomery form of its own:
//!
//! | layout | limbs | radix R | products | needs |
//! |---|---|---|---|---|
//! | `8x32` | 8 of 32 bits | 2^256, arkworks' own | `u64`, carried at each step | `SHADER_INT64` |
//! | `9x29` | 9 of 29 bits | 2^261 | `u64`, columns added up without carries | `SHADER_INT64` |
//! | `20x13` | 20 of 13 bits | 2^260 | `u32`, columns added up without carries | nothing |
//!
//! An element that is multiplied by another of its layout's form keeps its form whatever that is:
//! `(v·2^256)·(w·R)/R = v·w·2^256`. So transforms take arkworks' values as they are and only their
//! twiddle factors are in form R; points are converted once, when they are loaded.

use std::fmt;
use std::str::FromStr;

/// A layout of field elements in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Layout {
    /// Eight limbs of 32 bits, 64-bit products.
    Limbs8x32,
    /// Nine limbs of 29 bits, 64-bit columns.
    Limbs9x29,
    /// Twenty limbs of 13 bits, 32-bit columns.
    Limbs20x13,
}

impl Layout {
    /// All layouts.
    pub const ALL: [Self; 3] = [Self::Limbs8x32, Self::Limbs9x29, Self::Limbs20x13];

    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limbs8x32 => "8x32",
            Self::Limbs9x29 => "9x29",
            Self::Limbs20x13 => "20x13",
        }
    }

    /// Number of limbs.
    #[must_use]
    pub const fn limbs(self) -> usize {
        match self {
            Self::Limbs8x32 => 8,
            Self::Limbs9x29 => 9,
            Self::Limbs20x13 => 20,
        }
    }

    /// Bits of a limb.
    #[must_use]
    pub const fn limb_bits(self) -> u32 {
        match self {
            Self::Limbs8x32 => 32,
            Self::Limbs9x29 => 29,
            Self::Limbs20x13 => 13,
        }
    }

    /// log₂ R.
    #[must_use]
    pub const fn radix_bits(self) -> u32 {
        self.limbs() as u32 * self.limb_bits()
    }

    /// Whether its shaders use 64-bit integers.
    #[must_use]
    pub const fn needs_int64(self) -> bool {
        !matches!(self, Self::Limbs20x13)
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// No layout has this name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLayout {
    /// The name given.
    pub got: String,
}

impl fmt::Display for UnknownLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected a limb layout of 8x32, 9x29, 20x13, got {:?}",
            self.got
        )
    }
}

impl std::error::Error for UnknownLayout {}

impl FromStr for Layout {
    type Err = UnknownLayout;

    fn from_str(name: &str) -> Result<Self, UnknownLayout> {
        Self::ALL
            .into_iter()
            .find(|layout| layout.as_str() == name)
            .ok_or_else(|| UnknownLayout {
                got: name.to_owned(),
            })
    }
}
