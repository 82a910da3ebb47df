//! The arithmetic of BN254 in eight lanes, with the 52-bit multiply-add of AVX-512 IFMA.
//!
//! | module | what |
//! |---|---|
//! | `limbs` | eight integers side by side: carries, packing, gather and scatter |
//! | `modulus` | the two primes in 52-bit limbs, every constant derived at compile time |
//! | `field` | lazily reduced elements, their bounds in the types |
//! | `fq2` | what the batch-affine addition needs of Fq and of Fq2, behind one trait |
//! | `addition`, `exceptional`, `operands` | many affine additions with one inversion, complete |
//! | `curve` | the two [`CurveLayer`](crate::curve::CurveLayer)s |
//!
//! The transforms have an IFMA kernel of their own, in `ntt`. Functions with these instructions are
//! safe to call from each other; from the outside every call stands on a value of [`Ifma`].

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
        match first_missing(&features()) {
            Some(feature) => Err(MissingFeature { feature }),
            None => Ok(Self(())),
        }
    }
}

/// The instruction sets of `limbs::simd!`, and whether the processor and the system have them.
fn features() -> [(&'static str, bool); 8] {
    macro_rules! ask {
        ($($feature:tt),*) => { [$(($feature, std::arch::is_x86_feature_detected!($feature))),*] };
    }
    ask!(
        "avx512f",
        "avx512ifma",
        "avx512dq",
        "avx512vl",
        "avx512bw",
        "avx512vbmi",
        "avx512vbmi2",
        "bmi2"
    )
}

fn first_missing(features: &[(&'static str, bool)]) -> Option<&'static str> {
    features
        .iter()
        .find(|(_, present)| !present)
        .map(|(feature, _)| *feature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_missing_instruction_set_is_enough_and_is_named() {
        let mut all = features().map(|(feature, _)| (feature, true));
        assert_eq!(first_missing(&all), None);
        for i in 0..all.len() {
            all[i].1 = false;
            assert_eq!(first_missing(&all), Some(all[i].0));
            all[i].1 = true;
        }
    }

    #[test]
    fn the_list_is_that_of_the_functions() {
        let listed = features().map(|(feature, _)| feature).join(",");
        let source = include_str!("limbs.rs");
        let enabled: Vec<&str> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("enable = \""))
            .filter_map(|line| line.strip_suffix('"'))
            .collect();
        assert!(!enabled.is_empty());
        assert!(
            enabled.iter().all(|enabled| *enabled == listed),
            "{enabled:?}"
        );
    }

    #[test]
    fn the_refusal_says_what_is_missing() {
        let missing = MissingFeature {
            feature: "avx512ifma",
        };
        assert_eq!(missing.to_string(), "the processor has no avx512ifma");
    }
}
