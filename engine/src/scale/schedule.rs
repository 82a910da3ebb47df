//! Which digit of which scalar is added when.
//!
//! A schedule is made for a block of scalars and knows no points. It orders the block by the length of the
//! scalars, longest first; place k of that order is the *rank* of a point. All that a step does, it does to
//! the first ranks or to a list of them:
//!
//! * table row e holds `(2e + 1)·P` for the first [`Schedule::row`] ranks,
//! * image j of the table holds the rows under `e^j` for the first [`Schedule::image`] ranks,
//! * step t doubles the first [`Schedule::begun`] ranks and then adds, component by component,
//!   [`Schedule::additions`].
//!
//! **Width.** A scalar of L bits in all its components has L/(w + 1) digits of width w on average, and makes
//! use of 2^(w−2) rows, which cost a doubling and an addition each after the first. Every scalar has the
//! width that is least in sum, so that short ones need no table.

use std::cmp::Reverse;

use crate::curve::Ref;
use crate::endomorphism::{Components, MAX_DEGREE};

/// The source of the points that grow.
pub(super) const SUMS: usize = 0;

/// The source of the table: row e of image j of rank k is at `(j·num_rows + e)·len + k`.
pub(super) const TABLE: usize = 1;

/// Points of a table for each point of a block: 1 MiB for a block in G1 as in G2.
const MAX_TABLE: usize = 16;

/// The additions and doublings of a block of scalars.
pub(super) struct Schedule {
    degree: usize,
    /// The points by rank.
    order: Vec<u32>,
    /// `begun[t]`: ranks with a digit above position t.
    begun: Vec<u32>,
    /// `rows[e]`: ranks up to the last one with a digit of 2e + 1 or more.
    rows: Vec<usize>,
    /// `images[j]`: ranks up to the last one with a component j.
    images: [usize; MAX_DEGREE],
    /// Pairs of a sum and a multiple, by position and component.
    pairs: Vec<Ref>,
    /// Where the pairs of component j at position t begin: at `starts[t·degree + j]`.
    starts: Vec<u32>,
}

/// An odd digit of a component.
#[derive(Clone, Copy)]
struct Digit {
    point: u32,
    position: u8,
    component: u8,
    value: i8,
}

impl Schedule {
    /// For scalars with `degree` components each, below 2^127 in magnitude.
    pub(super) fn new(degree: usize, scalars: &[Components]) -> Self {
        let mut digits = Vec::new();
        let mut lengths = vec![0; scalars.len()];
        for (point, components) in (0..).zip(scalars) {
            let width = width(degree, components);
            for (component, value) in (0..).zip(&components[..degree]) {
                recode(*value, width, |position, value| {
                    digits.push(Digit {
                        point,
                        position,
                        component,
                        value,
                    });
                    let length = &mut lengths[point as usize];
                    *length = (position + 1).max(*length);
                });
            }
        }
        Self::from_digits(degree, &digits, &lengths)
    }

    /// For digits of points whose highest position is one below their length.
    fn from_digits(degree: usize, digits: &[Digit], lengths: &[u8]) -> Self {
        let n = lengths.len();
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_by_key(|point| Reverse(lengths[*point as usize]));
        let mut ranks = vec![0u32; n];
        for (rank, point) in (0..).zip(&order) {
            ranks[*point as usize] = rank;
        }
        let steps = lengths.iter().copied().max().unwrap_or(0);
        let longer =
            |position: u8| order.partition_point(|point| lengths[*point as usize] > position + 1);
        let begun = (0..steps).map(|position| longer(position) as u32).collect();

        let row = |digit: &Digit| usize::from(digit.value.unsigned_abs() / 2);
        let num_rows = digits.iter().map(row).max().map_or(1, |last| last + 1);
        let mut rows = vec![0; num_rows];
        let mut images = [0; MAX_DEGREE];
        let slot =
            |digit: &Digit| usize::from(digit.position) * degree + usize::from(digit.component);
        let mut starts = vec![0u32; usize::from(steps) * degree + 1];
        for digit in digits {
            let end = ranks[digit.point as usize] as usize + 1;
            for covered in [
                &mut rows[row(digit)],
                &mut images[usize::from(digit.component)],
            ] {
                *covered = end.max(*covered);
            }
            starts[slot(digit) + 1] += 1;
        }
        // A higher row is made of the one below.
        for e in (1..num_rows).rev() {
            rows[e - 1] = rows[e - 1].max(rows[e]);
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }

        // Points in the order of their ranks within a slot: the accesses are then nearly sequential.
        let mut next = starts.clone();
        let mut pairs = vec![Ref(0); 2 * digits.len()];
        let mut first = vec![0; n + 1];
        for digit in digits {
            first[digit.point as usize + 1] += 1;
        }
        for i in 0..n {
            first[i + 1] += first[i];
        }
        for (rank, point) in order.iter().enumerate() {
            let point = *point as usize;
            for digit in &digits[first[point]..first[point + 1]] {
                let entry = usize::from(digit.component) * num_rows + row(digit);
                let multiple = Ref::new(TABLE, entry * n + rank);
                let sign = if digit.value < 0 { Ref::NEGATIVE } else { 0 };
                let place = &mut next[slot(digit)];
                let at = 2 * *place as usize;
                pairs[at] = Ref::new(SUMS, rank);
                pairs[at + 1] = Ref(multiple.0 | sign);
                *place += 1;
            }
        }
        Self {
            degree,
            order,
            begun,
            rows,
            images,
            pairs,
            starts,
        }
    }

    /// The number of points.
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// The points by rank.
    pub(super) fn order(&self) -> &[u32] {
        &self.order
    }

    /// The number of components.
    pub(super) fn degree(&self) -> usize {
        self.degree
    }

    /// Rows of the table.
    pub(super) fn num_rows(&self) -> usize {
        self.rows.len()
    }

    /// Ranks that need row e, which is not more than need the row before.
    pub(super) fn row(&self, e: usize) -> usize {
        self.rows[e]
    }

    /// Ranks that need image j.
    pub(super) fn image(&self, j: usize) -> usize {
        self.images[j]
    }

    /// Positions of digits.
    pub(super) fn steps(&self) -> usize {
        self.begun.len()
    }

    /// Ranks that are doubled at position t: those with a higher digit.
    pub(super) fn begun(&self, t: usize) -> usize {
        self.begun[t] as usize
    }

    /// What is added for component j at position t: pairs of a sum and a multiple, at most one for a rank.
    pub(super) fn additions(&self, t: usize, j: usize) -> &[Ref] {
        let slot = t * self.degree + j;
        &self.pairs[2 * self.starts[slot] as usize..2 * self.starts[slot + 1] as usize]
    }
}

/// The width of the digits that costs the fewest additions.
fn width(degree: usize, components: &Components) -> u32 {
    let bits: u32 = components
        .iter()
        .map(|value| u128::BITS - value.unsigned_abs().leading_zeros())
        .sum();
    let widest = 2 + (MAX_TABLE / degree).ilog2();
    let cost = |width: u32| {
        let rows = 1 << (width - 2);
        let table = if rows == 1 { 0 } else { rows };
        // In parts of an addition: there are widths of 2 to 6.
        const PARTS: u32 = 3 * 4 * 5 * 7;
        PARTS * table + PARTS * bits / (width + 1)
    };
    (2..=widest).min_by_key(|width| cost(*width)).unwrap_or(2)
}

/// The digits of a number below 2^127 in magnitude that are not 0, from the lowest position to the highest:
/// odd, below 2^(width−1) in magnitude, and any two at least `width` positions apart.
fn recode(value: i128, width: u32, mut emit: impl FnMut(u8, i8)) {
    let negative = value < 0;
    let mut rest = value.unsigned_abs();
    let mut position = 0;
    while rest != 0 {
        let zeros = rest.trailing_zeros();
        rest >>= zeros;
        position += zeros;
        let low = rest & ((1 << width) - 1);
        let mut digit = low as i8;
        if low >> (width - 1) == 0 {
            rest -= low;
        } else {
            // Below 2^127 + 2^width.
            rest += (1 << width) - low;
            digit -= 1 << width;
        }
        emit(position as u8, if negative { -digit } else { digit });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn digits_of(value: i128, width: u32) -> Vec<(u8, i8)> {
        let mut digits = Vec::new();
        recode(value, width, |position, digit| {
            digits.push((position, digit))
        });
        digits
    }

    #[test]
    fn digits_are_odd_sparse_and_make_up_the_number() {
        let mut rng = StdRng::seed_from_u64(1);
        let largest = (1i128 << 127).wrapping_sub(1);
        let mut values = vec![0, 1, 2, 3, largest, largest - 1, 1 << 126];
        values.extend((0..200).map(|_| rng.r#gen::<i128>() >> rng.gen_range(1..127)));
        for value in values.into_iter().flat_map(|value| [value, -value]) {
            for width in 2..=6 {
                let digits = digits_of(value, width);
                let term = |(position, digit): &(u8, i8)| match *position {
                    127 => i128::MIN.wrapping_mul((*digit).into()),
                    position => i128::from(*digit) << position,
                };
                let sum = digits.iter().map(term).fold(0, i128::wrapping_add);
                assert_eq!(sum, value, "{width}: {digits:?}");
                for (_, digit) in &digits {
                    assert!(digit % 2 != 0 && i32::from(*digit).abs() < 1 << (width - 1));
                }
                for pair in digits.windows(2) {
                    assert!(u32::from(pair[1].0 - pair[0].0) >= width, "{digits:?}");
                }
            }
        }
    }

    #[test]
    fn short_scalars_have_few_digits_and_no_table() {
        let schedule = |value: i128| Schedule::new(2, &[[value, 0, 0, 0]]);
        for value in [1, -1] {
            let schedule = schedule(value);
            assert_eq!((schedule.steps(), schedule.pairs.len()), (1, 2));
            assert_eq!((schedule.num_rows(), schedule.image(1)), (1, 0));
        }
        let zero = schedule(0);
        assert_eq!((zero.steps(), zero.pairs.len(), zero.row(0)), (0, 0, 0));
        assert_eq!(schedule(1000).num_rows(), 1);
        // A long one in front changes nothing for those behind.
        let mixed = Schedule::new(2, &[[1, 0, 0, 0], [1 << 126, -1 << 125, 0, 0], [0; 4]]);
        assert_eq!(mixed.order(), [1, 0, 2]);
        assert_eq!((mixed.row(0), mixed.image(0), mixed.image(1)), (2, 2, 1));
        assert_eq!((mixed.begun(0), mixed.begun(125)), (1, 1));
    }

    #[test]
    fn widths_are_those_of_the_cost() {
        let of = |degree, bits: u32| width(degree, &[(1i128 << bits) - 1, 0, 0, 0]);
        assert_eq!([of(2, 1), of(2, 20), of(2, 30), of(2, 50)], [2, 2, 3, 4]);
        let full = [(1i128 << 126) - 1, (1 << 126) - 1, 0, 0];
        assert_eq!(width(2, &full), 5);
        assert_eq!(width(4, &[(1 << 64) - 1; 4]), 4);
    }
}
