//! The arithmetic of BN254 for any processor: backend `cpu`.
//!
//! `field` holds the two prime fields, `fq2` the quadratic extension over the base field and
//! [`curve`] the batch-affine additions of the multi-scalar multiplication.
//!
//! Values lie in memory as arkworks keeps them (four 64-bit limbs, Montgomery radix 2^256), but
//! lazily reduced, below 2p. The multiplication comes in two forms behind `Multiplier`: `Plain`
//! Rust, and x86-64 assembly with MULX (`Mulx`), which only a processor that was
//! asked can have. [`Arithmetic`] holds the choice; code dispatches on it once for a batch.

pub mod curve;
pub(crate) mod field;
pub(crate) mod fq2;
mod limbs;
#[cfg(target_arch = "x86_64")]
mod limbs_x86_64;
pub(crate) mod modulus;
mod multiplier;
#[cfg(target_arch = "x86_64")]
mod multiplier_mulx;

pub use curve::{PortableG1, PortableG2};
pub(crate) use multiplier::{Multiplier, Plain};
#[cfg(target_arch = "x86_64")]
pub(crate) use multiplier_mulx::Mulx;

/// The multiplication that this processor runs best.
#[derive(Clone, Copy, Debug)]
pub struct Arithmetic(Choice);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Choice {
    Plain(Plain),
    #[cfg(target_arch = "x86_64")]
    Mulx(Mulx),
}

impl Arithmetic {
    /// Plain Rust, on any processor.
    pub const PLAIN: Self = Self(Choice::Plain(Plain));

    /// Asks the processor.
    #[must_use]
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(mulx) = Mulx::detect() {
            return Self(Choice::Mulx(mulx));
        }
        Self::PLAIN
    }

    /// What the processor was found to have: `"mulx"` or `"plain"`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Choice::Plain(_) => "plain",
            #[cfg(target_arch = "x86_64")]
            Choice::Mulx(_) => "mulx",
        }
    }

    /// The choice, to match on.
    pub(crate) fn choice(self) -> Choice {
        self.0
    }
}

/// Evaluates an expression with the chosen multiplier under the given name.
macro_rules! with_multiplier {
    ($arithmetic:expr, $name:ident => $body:expr) => {
        match $arithmetic.choice() {
            $crate::portable::Choice::Plain($name) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::portable::Choice::Mulx($name) => $body,
        }
    };
}
pub(crate) use with_multiplier;
