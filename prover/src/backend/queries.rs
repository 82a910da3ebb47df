//! The five sums of a proof, as one piece of work.
//!
//! They are independent of each other, and four of them have the same scalars. A backend that gets
//! them together can prepare those scalars once and share all its processors among all five; the
//! default in [`Backend::query_sums`](super::Backend::query_sums) does one after the other.

use ark_bn254::{Fr, G1Projective, G2Projective};

/// The lists of a proving key, loaded: G1 and G2 are a backend's types of bases.
#[derive(Debug)]
pub struct Queries<'a, G1, G2> {
    /// `a_query`.
    pub a: &'a G1,
    /// `b_g1_query`.
    pub b_g1: &'a G1,
    /// `b_g2_query`.
    pub b_g2: &'a G2,
    /// `h_query`.
    pub h: &'a G1,
    /// `l_query`.
    pub l: &'a G1,
}

/// What the lists are multiplied with.
#[derive(Clone, Copy, Debug)]
pub struct QueryScalars<'a> {
    /// One value for each column; for `a_query`, `b_g1_query` and `b_g2_query`.
    pub assignment: &'a [Fr],
    /// Number of instance columns; the values behind them are for `l_query`.
    pub num_instance: usize,
    /// The quotient's coefficients; for `h_query`.
    pub h: &'a [Fr],
}

impl<'a> QueryScalars<'a> {
    /// The values of the witness columns.
    #[must_use]
    pub fn witness(&self) -> &'a [Fr] {
        &self.assignment[self.num_instance..]
    }
}

/// `Σ scalars[i]·list[i]` for each list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuerySums {
    /// Over `a_query`.
    pub a: G1Projective,
    /// Over `b_g1_query`.
    pub b_g1: G1Projective,
    /// Over `b_g2_query`.
    pub b_g2: G2Projective,
    /// Over `h_query`.
    pub h: G1Projective,
    /// Over `l_query`.
    pub l: G1Projective,
}
