//! Multi-scalar multiplication and number-theoretic transforms over BN254 on CPUs.
#![deny(missing_docs)]
#![allow(dead_code)]

pub mod curve;
#[cfg(target_arch = "x86_64")]
pub mod ifma;
pub mod msm;
mod inverse;
pub mod ntt;
mod parallel;
pub mod portable;
