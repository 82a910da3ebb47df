//! Multi-scalar multiplication `Σ kᵢ·Pᵢ` by Pippenger's method over any [`CurveLayer`].
//!
//! 1. Scalars are cut into signed digits of `c` bits, once for all multiplications that share them
//!    ([`Digits`]): `k = Σ_w d_w·2^(o_w)`, so that `Σ kᵢ·Pᵢ = Σ_w 2^(o_w)·Σᵢ d_(i,w)·Pᵢ`.
//! 2. For each window, the points are sorted by |d| into buckets (`sort`).
//! 3. The points of each bucket are added up, negated where d < 0, by batches of affine additions that
//!    share an inversion (`accumulate`): `B_j = Σ_(|d| = j) ±Pᵢ`.
//! 4. `Σ_j j·B_j` by the same additions (`reduce`).
//! 5. Horner's rule over the bits that are left.
//!
//! Source: Pippenger, *On the evaluation of powers and monomials*, 1980, in the form of Bernstein,
//! Doumen, Lange and Oosterwijk, *Faster batch forgery identification*, 2012, §4; signed digits halve
//! the number of buckets.
//!
//! Cost for n random scalars: `⌈254/c⌉·(n + 2^(c−1))` affine additions, `c` about `log₂ n − 3`.
//!
//! Points and scalars are public to whoever sees the running time: nothing here is constant-time.
//! Points are taken to be on the curve.

mod accumulate;
mod bases;
mod cancel;
mod chain;
mod digits;
mod plan;
mod pool;
mod reduce;
mod selection;
mod sort;
mod stream;
mod windows;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

pub use bases::{AffineOf, Bases};
pub use cancel::{Cancel, Cancelled};
pub use digits::Digits;
pub use plan::{Load, Profile, levels_within};
pub use pool::{Job, Msm, Sum, run};
pub use stream::{ChunkSource, StreamError, msm_streamed};
pub use windows::{LEVELS, Windows};

use ark_bn254::Fr;
use ark_ec::VariableBaseMSM;

use crate::curve::CurveLayer;

/// `Σ scalars[i]·bases[i]` on the threads of the current pool.
///
/// # Errors
/// [`Cancelled`] if the flag was raised before the end.
///
/// # Panics
/// If there are not as many scalars as bases.
pub fn msm<L: CurveLayer>(
    bases: &Bases<'_, L>,
    scalars: &[Fr],
    cancel: Cancel<'_>,
) -> Result<L::Group, Cancelled> {
    assert_eq!(
        bases.len(),
        scalars.len(),
        "expected as many scalars as bases"
    );
    let profile = Profile::sample(scalars);
    if profile.suits_arkworks(scalars.len()) {
        return Ok(L::Group::msm_unchecked(bases.source(), scalars));
    }
    let windows = Windows::choose(&profile, &[Load::of(bases)]);
    let digits = Digits::new(scalars, windows);
    let msm = Msm::new(bases, &digits, 0);
    run(&[&msm], cancel)?;
    Ok(msm.sum().expect("it ran to its end").value)
}
