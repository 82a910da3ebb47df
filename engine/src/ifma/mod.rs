//! AVX-512 IFMA.

mod addition;
mod curve;
mod exceptional;
pub(crate) mod field;
mod fq2;
pub(crate) mod limbs;
pub(crate) mod modulus;
mod operands;

pub use addition::Workspace;
pub use curve::{IfmaG1, IfmaG2, Point};

/// The proof that this processor has the instructions of this module: there is no other way to get
/// one than [`Ifma::detect`].
#[derive(Clone, Copy, Debug)]
pub struct Ifma(());

/// What a processor lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the processor has no {feature}")]
pub struct MissingFeature {
    /// Name of the instruction set, as in `/proc/cpuinfo`.
    pub feature: &'static str,
}

impl Ifma {
    /// Asks the processor.
    ///
    /// # Errors
    /// The first instruction set that it lacks.
    pub fn detect() -> Result<Self, MissingFeature> {
        macro_rules! demand {
            ($($feature:tt),*) => {
                $(if !std::arch::is_x86_feature_detected!($feature) {
                    return Err(MissingFeature { feature: $feature });
                })*
            };
        }
        demand!(
            "avx512f",
            "avx512ifma",
            "avx512dq",
            "avx512vl",
            "avx512bw",
            "avx512vbmi",
            "avx512vbmi2",
            "bmi2"
        );
        Ok(Self(()))
    }
}
