//! The sum of every bucket, by batches of affine additions.
//!
//! A bucket is summed as a binary tree: its points are paired, then the sums of the pairs, and so
//! on. One *round* adds a batch of pairs of many buckets at once, so that they share one inversion:
//! first all pairs of the buckets that are under way, then pairs of fresh buckets until the batch is
//! full. A bucket that does not fit stays *open* and goes on in the next round, so that every batch
//! is exactly full whatever the sizes of buckets, until nothing is left.
//!
//! The sums of a round are written one after the other into one of three regions of a ring, bucket
//! by bucket. A bucket under way ([`Segment`]) is therefore a range of the last region, and at most one
//! reference besides it, left over from an odd number: no list of references is kept. A left-over
//! reference is the first to be used in the next round, so that it is read no later than two rounds
//! after it was written, and three regions are enough.
//!
//! Buckets persist: a bucket that has a value takes part in its own sum as one more point.
//!
//! Cost beside the additions: 2 ns an addition (Sapphire Rapids, 32 points a bucket).

use crate::buffer::Buffer;
use crate::curve::{CurveLayer, NUM_SOURCES, Ref, Sources};

use super::cancel::{Cancel, Cancelled};
use super::sort::{self, Sorted};

/// The source of the points that are summed.
pub(crate) const BASES: usize = 0;
/// The source of the buckets' values.
const BUCKETS: usize = 1;
/// The first of three sources of sums of pairs.
const RING: usize = 2;
/// Regions of the ring.
const REGIONS: usize = 3;

/// No reference; no source is that long.
const NONE: Ref = Ref(u32::MAX);

/// References copied at once. Copies have a number of such steps that is the same for all buckets of
/// ordinary size of a window, so that the processor predicts where they end.
const STEP: usize = 8;

/// The longest list that is copied in a fixed number of steps.
const MAX_COPY: usize = sort::SLACK;

/// References beyond a batch for which there is room: a few because of the two roundings in
/// [`Session::feed`], and what a copy writes too much.
const SLACK: usize = MAX_COPY + 64;

/// Copies of single points that are collected, so that their cache misses overlap.
const MAX_SINGLES: usize = 32;

/// A bucket under way: the sum of `count` points of the last region from `start` on, and of
/// `left_over`.
#[derive(Clone, Copy)]
struct Segment {
    bucket: u32,
    start: u32,
    count: u32,
    left_over: Ref,
}

const NO_SEGMENT: Segment = Segment {
    bucket: 0,
    start: 0,
    count: 0,
    left_over: NONE,
};

/// The batch that is being put together.
struct Batch {
    /// References, pair by pair.
    pairs: Box<[Ref]>,
    /// How many there are, an even number. The sum of a pair is written to half its position.
    filled: usize,
    /// The buckets that go on in the next round.
    next: Box<[Segment]>,
    num_next: usize,
    /// Buckets that are complete with this round, and where their sum is written.
    done: Box<[(u32, u32)]>,
    num_done: usize,
}

impl Batch {
    fn new(region: usize) -> Self {
        Self {
            pairs: vec![NONE; 2 * region].into(),
            filled: 0,
            next: vec![NO_SEGMENT; region].into(),
            num_next: 0,
            done: vec![(0, 0); region].into(),
            num_done: 0,
        }
    }

    fn clear(&mut self) {
        self.filled = 0;
        self.num_next = 0;
        self.num_done = 0;
    }

    /// The segment of a bucket that has `total` references behind the `filled` ones.
    #[inline(always)]
    fn segment(&self, bucket: u32, total: usize) -> Segment {
        let last = self.pairs[self.filled + total - 1];
        Segment {
            bucket,
            start: (self.filled / 2) as u32,
            count: (total / 2) as u32,
            left_over: if total % 2 == 1 { last } else { NONE },
        }
    }

    /// Takes the `total ≥ 2` references behind the `filled` ones as all that is left of a bucket.
    #[inline(always)]
    fn close(&mut self, bucket: u32, total: usize) {
        self.next[self.num_next] = self.segment(bucket, total);
        self.num_next += usize::from(total > 2);
        self.done[self.num_done] = (bucket, (self.filled / 2) as u32);
        self.num_done += usize::from(total == 2);
        self.filled += total & !1;
    }

    /// Writes the references of a segment behind the `filled` ones and returns how many. `region` is
    /// the reference to the first point of the region that its sums are in.
    #[inline(always)]
    fn expand(&mut self, segment: &Segment, region: Ref) -> usize {
        let single = usize::from(segment.left_over != NONE);
        let count = segment.count as usize;
        let first = region.0 + segment.start;
        self.pairs[self.filled] = segment.left_over;
        let out = &mut self.pairs[self.filled + single..];
        write_run::<STEP>(first, out);
        if count > STEP {
            for step in (STEP..count).step_by(3 * STEP) {
                write_run::<{ 3 * STEP }>(first + step as u32, &mut out[step..]);
            }
        }
        single + count
    }

    /// Copies `len` references behind the `filled` and the `held` ones. Of lists up to `steps` steps
    /// long, whole steps are copied; what is too much is of no account.
    #[inline(always)]
    fn copy(&mut self, refs: &[Ref], len: usize, held: usize, steps: usize) {
        let out = &mut self.pairs[self.filled + held..];
        if len <= steps * STEP {
            let (from, to) = (&refs[..steps * STEP], &mut out[..steps * STEP]);
            for (to, from) in to.chunks_exact_mut(STEP).zip(from.chunks_exact(STEP)) {
                to.copy_from_slice(from);
            }
        } else {
            out[..len].copy_from_slice(&refs[..len]);
        }
    }
}

/// Writes N consecutive references.
#[inline(always)]
fn write_run<const N: usize>(first: u32, out: &mut [Ref]) {
    for (i, out) in out[..N].iter_mut().enumerate() {
        *out = Ref(first + i as u32);
    }
}

/// The memory of the rounds, reused from one sum to the next.
pub(crate) struct Accumulator<L: CurveLayer> {
    layer: L,
    workspace: L::Workspace,
    /// Pairs in a full batch.
    max_pairs: usize,
    ring: [Buffer<L::Point>; REGIONS],
    batch: Batch,
    /// The buckets that went on in the current round.
    active: Box<[Segment]>,
    singles: Vec<(u32, Ref)>,
}

impl<L: CurveLayer> Accumulator<L> {
    /// Memory for batches of up to `max_pairs` pairs, or of as many as the layer prefers.
    pub(crate) fn new(layer: L, max_pairs: usize) -> Self {
        let max_pairs = max_pairs.clamp(1, L::PREFERRED_PAIRS);
        let region = max_pairs + SLACK;
        Self {
            layer,
            workspace: layer.workspace(region),
            max_pairs,
            ring: std::array::from_fn(|_| Buffer::filled(region, L::INFINITY)),
            batch: Batch::new(region),
            active: vec![NO_SEGMENT; region].into(),
            singles: Vec::with_capacity(MAX_SINGLES),
        }
    }

    /// Pairs in a full batch.
    pub(crate) const fn max_pairs(&self) -> usize {
        self.max_pairs
    }

    /// Starts to sum points of `bases` into `buckets`.
    pub(crate) fn session<'s>(
        &'s mut self,
        bases: &'s [L::Point],
        buckets: &'s mut [L::Point],
        cancel: Cancel<'s>,
    ) -> Session<'s, L> {
        self.batch.clear();
        self.singles.clear();
        Session {
            memory: self,
            bases,
            buckets,
            cancel,
            turn: 0,
        }
    }
}

/// Sums under way into one array of buckets.
///
/// The sums are complete after [`Session::finish`].
pub(crate) struct Session<'s, L: CurveLayer> {
    memory: &'s mut Accumulator<L>,
    bases: &'s [L::Point],
    buckets: &'s mut [L::Point],
    cancel: Cancel<'s>,
    /// The region that the current round writes.
    turn: usize,
}

impl<L: CurveLayer> Session<'_, L> {
    /// Adds the points of list b to bucket `first_bucket + b`, for all lists. Unless `persistent`,
    /// these buckets hold infinity.
    pub(crate) fn feed(
        &mut self,
        lists: &Sorted<'_>,
        first_bucket: usize,
        persistent: bool,
    ) -> Result<(), Cancelled> {
        let num_lists = lists.starts().len() - 1;
        assert!(lists.limit() <= self.bases.len());
        assert!(first_bucket + num_lists <= self.buckets.len());
        let refs = lists.refs();
        let max_refs = 2 * self.memory.max_pairs;
        let steps = steps(refs.len() - sort::SLACK, num_lists);
        for (b, bounds) in lists.starts().windows(2).enumerate() {
            let (mut at, end) = (bounds[0] as usize, bounds[1] as usize);
            if at == end {
                continue;
            }
            let bucket = first_bucket + b;
            let value = persistent && !self.memory.layer.is_infinity(&self.buckets[bucket]);
            // References of this bucket that stand behind the `filled` ones already.
            let mut held = 0;
            loop {
                let batch = &mut self.memory.batch;
                let left = end - at;
                // One more than fits if a single sum is held: it must be used in this round.
                let room = max_refs
                    .saturating_sub(batch.filled + held)
                    .max(usize::from(held == 1));
                if left <= room {
                    batch.copy(&refs[at..], left, held, steps);
                    batch.pairs[batch.filled + held + left] = Ref::new(BUCKETS, bucket);
                    let total = held + left + usize::from(value);
                    if total > 1 {
                        batch.close(bucket as u32, total);
                    } else {
                        self.single(bucket, refs[at]);
                    }
                    break;
                }
                batch.copy(&refs[at..], room, held, steps);
                at += room;
                let open = batch.segment(bucket as u32, (held + room).max(1));
                let open = if held + room == 0 { NO_SEGMENT } else { open };
                batch.filled += 2 * open.count as usize;
                let upcoming = at..(at + self.memory.max_pairs).min(refs.len() - sort::SLACK);
                self.round(&refs[upcoming])?;
                held = self.memory.batch.expand(&open, self.last_region());
            }
        }
        Ok(())
    }

    /// The region that the last round wrote.
    const fn last_region(&self) -> Ref {
        Ref::new(RING + (self.turn + REGIONS - 1) % REGIONS, 0)
    }

    /// Adds the batch, stores the sums of buckets that are complete, and starts the next round with
    /// the pairs of all others.
    fn round(&mut self, upcoming: &[Ref]) -> Result<(), Cancelled> {
        self.cancel.check()?;
        let memory = &mut *self.memory;
        let [r0, r1, r2] = &mut memory.ring;
        let (out, others): (&mut [L::Point], [&[L::Point]; 2]) = match self.turn {
            0 => (r0, [r1, r2]),
            1 => (r1, [r2, r0]),
            _ => (r2, [r0, r1]),
        };
        let mut sources: Sources<'_, L::Point> = [&[]; NUM_SOURCES];
        sources[BASES] = self.bases;
        sources[BUCKETS] = self.buckets;
        sources[RING + (self.turn + 1) % REGIONS] = others[0];
        sources[RING + (self.turn + 2) % REGIONS] = others[1];
        let batch = &mut memory.batch;
        let pairs = &batch.pairs[..batch.filled];
        debug_assert!(
            pairs
                .iter()
                .chain(upcoming)
                .all(|r| r.index() < sources[r.source()].len())
        );
        // SAFETY: a reference to BASES comes from a `Sorted`, whose indices are below its limit, which
        // `feed` compared with the length of `bases`; one to BUCKETS is of the bucket being summed,
        // below `buckets.len()` by the check in `feed`; one to the ring is below half of what was
        // filled in one of the two rounds before, and so in a region that is not being written.
        // `upcoming` is part of a `Sorted`. `filled` is even.
        unsafe {
            memory.layer.add_pairs(
                &mut memory.workspace,
                &sources,
                pairs,
                &mut out[..batch.filled / 2],
                upcoming,
            );
        }
        for (bucket, sum) in &batch.done[..batch.num_done] {
            self.buckets[*bucket as usize] = out[*sum as usize];
        }
        self.turn = (self.turn + 1) % REGIONS;
        let region = self.last_region();
        let memory = &mut *self.memory;
        let num_active = memory.batch.num_next;
        std::mem::swap(&mut memory.active, &mut memory.batch.next);
        memory.batch.clear();
        for segment in &memory.active[..num_active] {
            let total = memory.batch.expand(segment, region);
            memory.batch.close(segment.bucket, total);
        }
        Ok(())
    }

    /// Takes a point that is alone in its bucket.
    fn single(&mut self, bucket: usize, reference: Ref) {
        self.memory.singles.push((bucket as u32, reference));
        if self.memory.singles.len() == MAX_SINGLES {
            self.copy_singles();
        }
    }

    /// Copies single points into their buckets.
    fn copy_singles(&mut self) {
        for (bucket, reference) in self.memory.singles.drain(..) {
            debug_assert_eq!(reference.source(), BASES);
            let point = &self.bases[reference.index()];
            self.buckets[bucket as usize] = if reference.is_negative() {
                self.memory.layer.negate(point)
            } else {
                *point
            };
        }
    }

    /// Completes all sums.
    pub(crate) fn finish(mut self) -> Result<(), Cancelled> {
        while self.memory.batch.filled > 0 {
            self.round(&[])?;
        }
        self.copy_singles();
        debug_assert!(self.memory.batch.num_next == 0);
        Ok(())
    }
}

/// The steps in which nearly all of `num_lists` lists of `num_refs` references are copied: two
/// standard deviations more than the mean.
fn steps(num_refs: usize, num_lists: usize) -> usize {
    let mean = num_refs.div_ceil(num_lists.max(1)).min(MAX_COPY);
    (mean + 2 * mean.isqrt()).clamp(1, MAX_COPY).div_ceil(STEP)
}
