//! From buckets to the sum of a window: Σ_j j·B_j.
//!
//! Write the index `i = j − 1` of k bits as `2^h·a + b`, with row sums `R_a = Σ_b B_(a,b)` and column
//! sums `C_b = Σ_a B_(a,b)`:
//!
//! ```text
//! Σ_i i·B_i     = 2^h·Σ_a a·R_a + Σ_b b·C_b
//! Σ_i (i+1)·B_i = 2^h·Σ_a a·R_a + Σ_b (b+1)·C_b
//! ```
//!
//! Both are problems of the same two kinds with half as many bits. At the end an array of two points
//! counted from zero is its second point, one of a single point counted from one is that point: what
//! is left are points with powers of two as factors, a [`Term`] for every bit of the scalar and one for
//! every window.
//!
//! Cost: two affine additions a bucket in the rounds of [`accumulate`](super::accumulate), all windows
//! together. The running sums of the textbook take two projective additions a bucket, which are
//! about twice as dear, and depend on each other.

use ark_ec::CurveGroup;

use super::accumulate::Accumulator;
use super::cancel::{Cancel, Cancelled};
use super::sort::Lists;
use crate::buffer::Buffer;
use crate::curve::CurveLayer;

/// A point and the power of two that it is multiplied with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term<G: CurveGroup> {
    /// The power's exponent.
    pub(crate) bit: usize,
    /// The point.
    pub(crate) point: G::Affine,
}

/// An array of 2^`bits` points, counted from zero or from one, as part of a longer one.
#[derive(Clone, Copy)]
pub(crate) struct Part {
    /// Index of the first point.
    pub(crate) start: usize,
    /// Logarithm of the length.
    pub(crate) bits: usize,
    /// Exponent of the power of two that the sum is multiplied with.
    pub(crate) bit: usize,
    /// Whether the factors are 0, 1, … rather than 1, 2, …; the first point is then of no account.
    pub(crate) from_zero: bool,
}

/// The terms of `Σ 2^bit·Σ_i (i + 1)·points[start + i]` over all parts (`i·` for those that count from
/// zero).
pub(crate) fn reduce<L: CurveLayer>(
    layer: L,
    accumulator: &mut Accumulator<L>,
    points: &[L::Point],
    mut parts: Vec<Part>,
    cancel: Cancel<'_>,
) -> Result<Vec<Term<L::Group>>, Cancelled> {
    let mut terms = Vec::new();
    let mut owned: Buffer<L::Point>;
    let mut points = points;
    while !parts.is_empty() {
        let mut halves = Vec::with_capacity(2 * parts.len());
        let mut end = 0;
        parts.retain(|part| {
            let leaves = part.leaves();
            if let Some(leaves) = leaves {
                for (index, bit) in leaves.into_iter().flatten() {
                    let point = &points[part.start + index];
                    if !layer.is_infinity(point) {
                        terms.push(Term {
                            bit,
                            point: layer.export(point),
                        });
                    }
                }
                return false;
            }
            for half in part.halves() {
                halves.push(Part { start: end, ..half });
                end += 1 << half.bits;
            }
            true
        });
        let mut sums = Buffer::filled(end, L::INFINITY);
        let mut session = accumulator.session(points, &mut sums, cancel);
        let mut lists = Lists::new(points.len());
        for (part, halves) in parts.iter().zip(halves.chunks_exact(2)) {
            let low = part.bits / 2;
            lists.clear();
            part.list_rows(low, &mut lists, |index| !layer.is_infinity(&points[index]));
            session.feed(&lists.sorted(), halves[0].start, false)?;
            lists.clear();
            part.list_columns(low, &mut lists, |index| !layer.is_infinity(&points[index]));
            session.feed(&lists.sorted(), halves[1].start, false)?;
        }
        session.finish()?;
        parts = halves;
        owned = sums;
        points = &owned;
    }
    Ok(terms)
}

impl Part {
    /// If no additions are left: up to two indices with the exponents of their factors.
    fn leaves(&self) -> Option<[Option<(usize, usize)>; 2]> {
        match (self.bits, self.from_zero) {
            (0, false) => Some([Some((0, self.bit)), None]),
            (0, true) => Some([None, None]),
            (1, false) => Some([Some((0, self.bit)), Some((1, self.bit + 1))]),
            (1, true) => Some([Some((1, self.bit)), None]),
            _ => None,
        }
    }

    /// The row sums and the column sums, their start left open.
    fn halves(&self) -> [Self; 2] {
        let low = self.bits / 2;
        [
            Self {
                start: 0,
                bits: self.bits - low,
                bit: self.bit + low,
                from_zero: true,
            },
            Self {
                start: 0,
                bits: low,
                bit: self.bit,
                from_zero: self.from_zero,
            },
        ]
    }

    /// The rows of 2^`low` points; row 0 has no factor and is left empty.
    fn list_rows(&self, low: usize, lists: &mut Lists, present: impl Fn(usize) -> bool) {
        lists.end_list();
        for row in 1..1usize << (self.bits - low) {
            let start = self.start + (row << low);
            for index in start..start + (1 << low) {
                if present(index) {
                    lists.push(index);
                }
            }
            lists.end_list();
        }
    }

    /// The columns; if they count from zero, column 0 has no factor and is left empty.
    fn list_columns(&self, low: usize, lists: &mut Lists, present: impl Fn(usize) -> bool) {
        for column in 0..1usize << low {
            if !(self.from_zero && column == 0) {
                for row in 0..1usize << (self.bits - low) {
                    let index = self.start + (row << low) + column;
                    if present(index) {
                        lists.push(index);
                    }
                }
            }
            lists.end_list();
        }
    }
}

/// `Σ 2^bit·point` by Horner's rule.
pub(crate) fn sum_of_terms<G: CurveGroup>(mut terms: Vec<Term<G>>) -> G {
    terms.sort_unstable_by_key(|term| std::cmp::Reverse(term.bit));
    let mut sum = G::zero();
    let mut bit = terms.first().map_or(0, |term| term.bit);
    for term in terms {
        for _ in term.bit..bit {
            sum.double_in_place();
        }
        bit = term.bit;
        sum += term.point;
    }
    for _ in 0..bit {
        sum.double_in_place();
    }
    sum
}
