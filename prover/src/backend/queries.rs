//! The five sums of a proof, as one piece of work.
//!
//! They are independent of each other, and four of them have the same scalars. A backend that gets
//! them together can prepare those scalars once and share all its processors among all five; the
//! default in [`Backend::query_sums`](super::Backend::query_sums) does one after the other.

use ark_bn254::{Fr, G1Projective, G2Projective};

use crate::key::HBasis;

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
    /// The basis of `h_query`.
    pub h_basis: HBasis,
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
    /// The quotient in the basis of `h_query`, as
    /// [`Backend::h_scalars`](super::Backend::h_scalars) gives it.
    pub h: &'a [Fr],
}

impl<'a> QueryScalars<'a> {
    /// The values of the witness columns.
    #[must_use]
    pub fn witness(&self) -> &'a [Fr] {
        &self.assignment[self.num_instance..]
    }
}

/// What the quotient and the five sums of a proof are made of.
#[derive(Clone, Debug)]
pub struct ProductFactors<'a> {
    /// One value for each column.
    pub assignment: &'a [Fr],
    /// Number of instance columns.
    pub num_instance: usize,
    /// The n values of A·z on the domain.
    pub a: Vec<Fr>,
    /// The n values of B·z on the domain.
    pub b: Vec<Fr>,
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

/// Which of the five sums.
#[cfg(feature = "gpu")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub a: bool,
    pub b_g1: bool,
    pub b_g2: bool,
    pub h: bool,
    pub l: bool,
}

#[cfg(feature = "gpu")]
impl Share {
    /// All of them.
    pub const ALL: Self = Self::from_bits(0b11111);

    /// The sums whose bits are set, in the order a, b_g1, b_g2, h, l.
    pub const fn from_bits(bits: u8) -> Self {
        Self {
            a: bits & 1 != 0,
            b_g1: bits & 2 != 0,
            b_g2: bits & 4 != 0,
            h: bits & 8 != 0,
            l: bits & 16 != 0,
        }
    }

    /// The others.
    pub const fn rest(self) -> Self {
        Self {
            a: !self.a,
            b_g1: !self.b_g1,
            b_g2: !self.b_g2,
            h: !self.h,
            l: !self.l,
        }
    }

    /// The sums of this share, and the other's for the rest.
    pub fn join(self, own: &QuerySums, other: &QuerySums) -> QuerySums {
        QuerySums {
            a: if self.a { own.a } else { other.a },
            b_g1: if self.b_g1 { own.b_g1 } else { other.b_g1 },
            b_g2: if self.b_g2 { own.b_g2 } else { other.b_g2 },
            h: if self.h { own.h } else { other.h },
            l: if self.l { own.l } else { other.l },
        }
    }
}
