//! Which digits of a set meet which points of a list.
//!
//! Several multiplications share the digits of one vector of scalars, but not the scalars: one
//! leaves out a prefix, another has no point for most of them. A [`Selection`] pairs positions of the
//! digits' blocks with points once per multiplication, so that a window costs nothing for a scalar
//! without a point.

use std::ops::Range;

use super::digits::{BLOCK, Digits};

/// The pairing of one list of points with digits, block by block.
pub(crate) struct Selection<'d> {
    digits: &'d Digits<'d>,
    blocks: Vec<Selected>,
    /// Every point is below it.
    num_points: usize,
}

/// The pairing within one block.
pub(crate) struct Selected {
    /// Block of the digits.
    block: usize,
    points: Points,
    point_range: Range<usize>,
}

enum Points {
    /// The points `first, first + 1, …` belong to these positions, whatever the window.
    Consecutive {
        positions: Range<usize>,
        first: usize,
    },
    /// `points[i]` belongs to `positions[i]`; the first `counts[w]` of them concern window w.
    Listed {
        positions: Box<[u16]>,
        points: Box<[u32]>,
        counts: Box<[u16]>,
    },
}

/// The digits of one window and one block, and their points.
pub(crate) enum Run<'a> {
    /// The points are `first, first + 1, …`.
    Consecutive {
        /// Biased digits.
        digits: &'a [u16],
        /// Point of the first digit.
        first: usize,
    },
    /// The points are listed.
    Listed {
        /// Biased digits of the whole block.
        digits: &'a [u16],
        /// Where to find the digits in question.
        positions: &'a [u16],
        /// Their points.
        points: &'a [u32],
    },
}

impl<'d> Selection<'d> {
    /// Pairs the scalars of `range` with points: scalar `range.start + i` with point i, or, where
    /// `present` lists the indices i that have a point in ascending order, with the rank of i there.
    pub(crate) fn new(
        digits: &'d Digits<'d>,
        range: Range<usize>,
        present: Option<&[u32]>,
    ) -> Self {
        assert!(range.start <= range.end && range.end <= digits.scalars().len());
        let num_points = present.map_or(range.len(), <[u32]>::len);
        let blocks = if range.is_empty() {
            Vec::new()
        } else {
            let first_block = range.start / BLOCK;
            crate::parallel::map(range.end.div_ceil(BLOCK) - first_block, |i| {
                Selected::new(digits, first_block + i, &range, present)
            })
        };
        Self {
            digits,
            blocks,
            num_points,
        }
    }

    /// The blocks.
    pub(crate) fn blocks(&self) -> &[Selected] {
        &self.blocks
    }

    /// The digits.
    pub(crate) const fn digits(&self) -> &'d Digits<'d> {
        self.digits
    }

    /// A bound that every point is below.
    pub(crate) const fn num_points(&self) -> usize {
        self.num_points
    }

    /// The number of digits of window `w`, zeros among them included.
    pub(crate) fn count(&self, w: usize) -> usize {
        self.blocks.iter().map(|block| block.count(w)).sum()
    }

    /// The digits of window `w` in one of the blocks, and their points.
    pub(crate) fn run<'a>(&'a self, selected: &'a Selected, w: usize) -> Run<'a> {
        let digits = self.digits.of(selected.block, w);
        match &selected.points {
            Points::Consecutive { positions, first } => Run::Consecutive {
                digits: &digits[positions.clone()],
                first: *first,
            },
            Points::Listed {
                positions,
                points,
                counts,
            } => {
                let count = usize::from(counts[w]);
                Run::Listed {
                    digits,
                    positions: &positions[..count],
                    points: &points[..count],
                }
            }
        }
    }
}

impl Selected {
    fn new(
        digits: &Digits<'_>,
        block: usize,
        range: &Range<usize>,
        present: Option<&[u32]>,
    ) -> Self {
        let order = &digits.blocks()[block];
        let start = block * BLOCK;
        let scalars = range.start.max(start)..range.end.min(start + order.len());
        if order.order().is_none() && present.is_none() {
            return Self {
                block,
                point_range: scalars.start - range.start..scalars.end - range.start,
                points: Points::Consecutive {
                    positions: scalars.start - start..scalars.end - start,
                    first: scalars.start - range.start,
                },
            };
        }
        const ABSENT: u32 = u32::MAX;
        let mut point_of = [ABSENT; BLOCK];
        let point_range;
        if let Some(present) = present {
            let rank_of = |scalar: usize| {
                present.partition_point(|index| (*index as usize) < scalar - range.start)
            };
            point_range = rank_of(scalars.start)..rank_of(scalars.end);
            for rank in point_range.clone() {
                point_of[present[rank] as usize + range.start - start] = rank as u32;
            }
        } else {
            point_range = scalars.start - range.start..scalars.end - range.start;
            for scalar in scalars {
                point_of[scalar - start] = (scalar - range.start) as u32;
            }
        }
        let (mut positions, mut points) = (Vec::new(), Vec::new());
        let mut push = |position: usize, local: usize| {
            if point_of[local] != ABSENT {
                positions.push(position as u16);
                points.push(point_of[local]);
            }
        };
        if let Some(order) = order.order() {
            for (position, local) in order.iter().enumerate() {
                push(position, usize::from(*local));
            }
        } else {
            for position in 0..order.len() {
                push(position, position);
            }
        }
        let counts = (0..digits.windows().num_windows())
            .map(|w| positions.partition_point(|p| usize::from(*p) < order.count(w)) as u16)
            .collect();
        Self {
            block,
            point_range,
            points: Points::Listed {
                positions: positions.into(),
                points: points.into(),
                counts,
            },
        }
    }

    /// The number of digits of window `w`.
    fn count(&self, w: usize) -> usize {
        match &self.points {
            Points::Consecutive { positions, .. } => positions.len(),
            Points::Listed { counts, .. } => usize::from(counts[w]),
        }
    }

    /// A range that all points are in; that of the next block follows.
    pub(crate) fn point_range(&self) -> Range<usize> {
        self.point_range.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msm::windows::Windows;
    use ark_bn254::Fr;
    use ark_ff::{Field, UniformRand, Zero};
    use rand::{SeedableRng, rngs::StdRng};

    /// The scalar that each point meets, from the digits.
    fn scalars_of_points(selection: &Selection<'_>) -> Vec<Fr> {
        let windows = selection.digits().windows();
        let mut sums = vec![Fr::zero(); selection.num_points()];
        for w in 0..windows.num_windows() {
            let place = Fr::from(2u64).pow([windows.offset(w) as u64]);
            let mut add = |digit: u16, point: usize| {
                let digit = i64::from(digit) - windows.num_buckets(w) as i64;
                sums[point] += place * Fr::from(digit);
            };
            for selected in selection.blocks() {
                match selection.run(selected, w) {
                    Run::Consecutive { digits, first } => {
                        for (i, digit) in digits.iter().enumerate() {
                            add(*digit, first + i);
                        }
                    }
                    Run::Listed {
                        digits,
                        positions,
                        points,
                    } => {
                        for (position, point) in positions.iter().zip(points) {
                            add(digits[usize::from(*position)], *point as usize);
                        }
                    }
                }
            }
        }
        sums
    }

    #[test]
    fn every_point_meets_its_scalar() {
        let mut rng = StdRng::seed_from_u64(5);
        let n = 2 * BLOCK + 100;
        for short in [false, true] {
            let scalars: Vec<Fr> = (0..n)
                .map(|i| {
                    if short && i % 3 != 0 {
                        Fr::from(i as u64 % 5)
                    } else {
                        Fr::rand(&mut rng)
                    }
                })
                .collect();
            let digits = Digits::new(&scalars, Windows::new(18, 1));
            for range in [0..n, 3..n, BLOCK + 7..n - 9, 5..5, BLOCK..2 * BLOCK] {
                let all = Selection::new(&digits, range.clone(), None);
                assert_eq!(scalars_of_points(&all), scalars[range.clone()]);
                let present: Vec<u32> = (0..range.len() as u32).filter(|i| i % 7 == 2).collect();
                let some = Selection::new(&digits, range.clone(), Some(&present));
                let expected: Vec<Fr> = present
                    .iter()
                    .map(|i| scalars[range.start + *i as usize])
                    .collect();
                assert_eq!(scalars_of_points(&some), expected);
            }
        }
    }
}
