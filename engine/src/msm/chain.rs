//! The buckets of a group of windows, and the work that fills them.

use std::ops::Range;

use super::accumulate::Accumulator;
use super::cancel::{Cancel, Cancelled};
use super::reduce::{Part, Term, reduce};
use super::sort::{Chunk, Sorter};
use super::windows::Windows;
use crate::buffer::Buffer;
use crate::curve::CurveLayer;

/// What a worker needs for the windows of one layer, reused from task to task.
pub(crate) struct Scratch<L: CurveLayer> {
    sorter: Sorter,
    accumulator: Accumulator<L>,
}

impl<L: CurveLayer> Scratch<L> {
    /// Memory for batches of up to `max_pairs` additions.
    pub(crate) fn new(layer: L, max_pairs: usize) -> Self {
        Self {
            sorter: Sorter::new(),
            accumulator: Accumulator::new(layer, max_pairs),
        }
    }

    /// The most additions in a batch.
    pub(crate) const fn max_pairs(&self) -> usize {
        self.accumulator.max_pairs()
    }
}

/// The buckets of some windows of the lowest period.
pub(crate) struct Chain<L: CurveLayer> {
    windows: Range<usize>,
    /// Where the buckets of each window start.
    starts: Vec<usize>,
    buckets: Buffer<L::Point>,
    /// Whether a part of the points is in the buckets already.
    begun: bool,
}

impl<L: CurveLayer> Chain<L> {
    /// Empty buckets for `windows`.
    pub(crate) fn new(shape: &Windows, windows: Range<usize>) -> Self {
        let mut len = 0;
        let starts = windows
            .clone()
            .map(|w| {
                let start = len;
                len += shape.num_buckets(w);
                start
            })
            .collect();
        Self {
            windows,
            starts,
            buckets: Buffer::filled(len, L::INFINITY),
            begun: false,
        }
    }

    /// Adds some blocks of a selection to the buckets.
    ///
    /// The windows of `levels` periods share buckets: 1, or as many as the table of points and the
    /// windows have.
    pub(crate) fn absorb(
        &mut self,
        scratch: &mut Scratch<L>,
        points: &[L::Point],
        levels: usize,
        chunk: Chunk<'_>,
        cancel: Cancel<'_>,
    ) -> Result<(), Cancelled> {
        let shape = chunk.selection.digits().windows();
        let per_level = shape.num_windows() / levels;
        let mut session = scratch
            .accumulator
            .session(points, &mut self.buckets, cancel);
        let mut shared = Vec::with_capacity(levels);
        for (window, first_bucket) in self.windows.clone().zip(&self.starts) {
            shared.clear();
            shared.extend((0..levels).map(|level| window + level * per_level));
            let sorted = scratch.sorter.sort(chunk, &shared);
            session.feed(&sorted, *first_bucket, self.begun)?;
        }
        session.finish()?;
        self.begun = true;
        Ok(())
    }

    /// The sum over the windows, as terms.
    pub(crate) fn sum(
        &self,
        layer: L,
        scratch: &mut Scratch<L>,
        shape: &Windows,
        cancel: Cancel<'_>,
    ) -> Result<Vec<Term<L::Group>>, Cancelled> {
        let parts = self
            .windows
            .clone()
            .zip(&self.starts)
            .map(|(window, start)| Part {
                start: *start,
                bits: shape.width(window) - 1,
                bit: shape.offset(window),
                from_zero: false,
            })
            .collect();
        reduce(
            layer,
            &mut scratch.accumulator,
            &self.buckets,
            parts,
            cancel,
        )
    }
}
