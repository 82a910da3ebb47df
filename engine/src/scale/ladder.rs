//! The doublings and additions of a block of points, as a [`Schedule`] has them.

use super::schedule::{SUMS, Schedule, TABLE};
use crate::curve::{CurveLayer, NUM_SOURCES, Ref, Sources};
use crate::msm::AffineOf;

/// A block of points on its way, and the memory for it.
pub(super) struct Ladder<'s, L: CurveLayer> {
    layer: L,
    schedule: &'s Schedule,
    /// Odd multiples and their images, laid out as [`TABLE`] says. The points themselves come first.
    pub(super) table: Vec<L::Point>,
    /// What each rank has so far; in the end its product.
    pub(super) sums: Vec<L::Point>,
    /// What it will have after the step. Ranks that have not begun are at infinity here too.
    next: Vec<L::Point>,
    /// Additions of up to as many points as the block has.
    pub(super) adder: Adder<L>,
}

impl<'s, L: CurveLayer> Ladder<'s, L> {
    /// The product of every point with its scalar. Points and products are in the order of the ranks.
    ///
    /// # Panics
    /// If there are not as many points as scalars.
    pub(super) fn run(layer: L, schedule: &'s Schedule, points: &[AffineOf<L>]) -> Self {
        let n = schedule.len();
        assert_eq!(points.len(), n, "expected as many points as scalars");
        let infinite = |len: usize| vec![L::INFINITY; len];
        let mut ladder = Self {
            layer,
            schedule,
            table: infinite(n * schedule.degree() * schedule.num_rows()),
            sums: infinite(n),
            next: infinite(n),
            adder: Adder::new(layer, n),
        };
        layer.import(points, &mut ladder.table[..n]);
        ladder.fill_table();
        for t in (0..schedule.steps()).rev() {
            ladder.double(schedule.begun(t));
            for j in 0..schedule.degree() {
                ladder.add(schedule.additions(t, j));
            }
        }
        ladder
    }

    fn fill_table(&mut self) {
        let (n, num_rows) = (self.schedule.len(), self.schedule.num_rows());
        if num_rows > 1 {
            let count = self.schedule.row(1);
            let double = &mut self.next[..count];
            self.adder.double(&self.table[..count], double);
            for e in 1..num_rows {
                let count = self.schedule.row(e);
                let (before, row) = self.table.split_at_mut(e * n);
                let last = &before[(e - 1) * n..][..count];
                self.adder.add(last, &double[..count], &mut row[..count]);
            }
            double.fill(L::INFINITY);
        }
        let (rows, images) = self.table.split_at_mut(n * num_rows);
        for (j, image) in (1..).zip(images.chunks_exact_mut((n * num_rows).max(1))) {
            for e in 0..num_rows {
                let count = self.schedule.row(e).min(self.schedule.image(j));
                let (row, image) = (&rows[e * n..][..count], &mut image[e * n..][..count]);
                self.layer.map_all(j, row, image);
            }
        }
    }

    /// Doubles the first ranks, behind which all sums are infinity.
    fn double(&mut self, count: usize) {
        self.adder
            .double(&self.sums[..count], &mut self.next[..count]);
        std::mem::swap(&mut self.sums, &mut self.next);
    }

    /// Adds a multiple to some of the sums.
    fn add(&mut self, pairs: &[Ref]) {
        let count = pairs.len() / 2;
        let mut sources: Sources<'_, L::Point> = [&[]; NUM_SOURCES];
        sources[SUMS] = &self.sums;
        sources[TABLE] = &self.table;
        let out = &mut self.adder.out[..count];
        // SAFETY: the pairs are those of the schedule, whose references are to ranks below its length and to
        // rows and images below its numbers of these, for which `run` made room; they are two for each
        // place of `out`, and nothing is upcoming.
        unsafe {
            let workspace = &mut self.adder.workspace;
            self.layer.add_pairs(workspace, &sources, pairs, out, &[]);
        }
        for (pair, sum) in pairs.chunks_exact(2).zip(&*out) {
            self.sums[pair[0].index()] = *sum;
        }
    }
}

/// Sums of two slices, point by point.
pub(super) struct Adder<L: CurveLayer> {
    layer: L,
    workspace: L::Workspace,
    /// Pair i is the points i of sources 0 and 1.
    pairs: Vec<Ref>,
    /// The sums of a step, before they go where they belong.
    out: Vec<L::Point>,
}

impl<L: CurveLayer> Adder<L> {
    /// For up to `n` points.
    fn new(layer: L, n: usize) -> Self {
        Self {
            layer,
            workspace: layer.workspace(n),
            pairs: (0..2 * n).map(|i| Ref::new(i % 2, i / 2)).collect(),
            out: vec![L::INFINITY; n],
        }
    }

    /// `out[i] = a[i] + b[i]`.
    ///
    /// # Panics
    /// If the lengths differ, or for more points than there is memory for.
    pub(super) fn add(&mut self, a: &[L::Point], b: &[L::Point], out: &mut [L::Point]) {
        let n = out.len();
        assert!(a.len() == n && b.len() == n, "slices of one length");
        let mut sources: Sources<'_, L::Point> = [&[]; NUM_SOURCES];
        (sources[0], sources[1]) = (a, b);
        let pairs = &self.pairs[..2 * n];
        // SAFETY: the references of the first 2·n pairs are below n, the length of both sources; nothing is
        // upcoming.
        unsafe {
            let workspace = &mut self.workspace;
            self.layer.add_pairs(workspace, &sources, pairs, out, &[]);
        }
    }

    /// `out[i] = 2·points[i]`.
    ///
    /// # Panics
    /// As [`Self::add`].
    pub(super) fn double(&mut self, points: &[L::Point], out: &mut [L::Point]) {
        self.layer.double_all(&mut self.workspace, points, out);
    }
}
