//! Multi-scalar multiplication and number-theoretic transforms over BN254 on CPUs.
//!
//! | module | what |
//! |---|---|
//! | [`msm`] | `Σ kᵢ·Pᵢ` in G1 and G2: one scheduler over any [`CurveLayer`](curve::CurveLayer) |
//! | [`scale`] | many points times one scalar, or each times its own; which points are in their group |
//! | [`ntt`] | transforms over the scalar field, and Groth16's quotient as one string of them |
//! | [`curve`] | the contract between the scheduler and the arithmetic |
//! | [`endomorphism`] | the maps that multiply by a known scalar, and scalars as short combinations of its powers |
//! | [`parallel`] | loops over the threads of the current pool, or without threads |
//! | [`portable`] | arithmetic for any processor, with MULX where an x86-64 one has it |
#![cfg_attr(
    target_arch = "x86_64",
    doc = "| [`ifma`] | arithmetic in eight lanes with AVX-512 IFMA |"
)]
//!
//! The instruction set is chosen at run time: a value of [`portable::Arithmetic`] or `ifma::Ifma` is
//! made by asking the processor, and everything else asks for such a value. Inputs and outputs are
//! arkworks' types; results do not depend on the arithmetic or on the number of threads.
//!
//! This is the home of the workspace's `unsafe` code: loads and stores of vectors, assembly,
//! memory in huge pages, and calls of functions that need an instruction set.
//!
//! Nothing here is constant-time.

#![deny(missing_docs)]

pub mod curve;
pub mod endomorphism;
#[cfg(target_arch = "x86_64")]
pub mod ifma;
pub mod msm;
pub mod ntt;
pub mod parallel;
pub mod portable;
pub mod scale;

mod buffer;
mod inverse;
