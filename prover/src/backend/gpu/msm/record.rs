//! The commands of a multiplication.

use zkroll_shaders::params::{
    AccumulateParams, CombineParams, DigitsParams, ReduceParams, ScanAddParams, ScanBlocksParams,
    ScatterParams,
};
use zkroll_shaders::{Curve, Kernel, SCAN_BLOCK};

use super::super::error::GpuError;
use super::super::recording::{Executor, Limits, Recording, View};
use super::bases::{Bases, Segment};
use super::finish::Pending;
use super::plan::{
    ADD_PRODUCTS, COMBINE_LEN, LOG_FOLD, MADD_PRODUCTS, Plan, products_of_coordinate,
};

/// Scalars that one thread of `digits` or `scatter` handles are worth so many products.
const DIGITS_WORK: u64 = 16;

/// One list of points to be multiplied with the scalars.
#[derive(Debug)]
pub struct Job<'a, B> {
    /// The points.
    pub bases: &'a Bases<B>,
    /// The scalar that belongs to the first point; those before have none.
    pub first: usize,
}

impl<B> Clone for Job<'_, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<B> Copy for Job<'_, B> {}

/// Records `Σ_i scalars[first + i]·bases[i]` for each job: digits and sort once for all of them, and for
/// each a read, in order, of what [`Pending::finish`] makes the sum of.
///
/// `scalars` are `count` > 0 scalars in arkworks' form.
///
/// # Errors
/// If the adapter's limits leave no room.
pub fn record<E: Executor>(
    executor: &E,
    recording: &mut Recording<'_, E::Buffer>,
    scalars: &View<E::Buffer>,
    count: usize,
    jobs: &[Job<'_, E::Buffer>],
) -> Result<Vec<Pending>, GpuError> {
    let limits = executor.limits();
    let curves: Vec<_> = jobs.iter().map(|job| job.bases.curve).collect();
    let plan = Plan::choose(count, &curves, limits).ok_or_else(|| GpuError::TooLarge {
        what: "the buckets of a multiplication",
        bytes: Plan::LEAST_BINDING_BYTES,
        limit: 4 * limits.binding_words,
    })?;
    let sorter = Sorter::new(recording, &plan);
    let partials = [(); 2].map(|()| Partials::new(recording, &plan, &curves));
    let buckets: Vec<_> = curves
        .iter()
        .map(|curve| {
            let words = u64::from(plan.buckets()) * curve.xyzz_words() as u64;
            let buckets = recording.temporary("buckets", words);
            recording.clear(&buckets);
            buckets
        })
        .collect();

    let mut work = vec![0; jobs.len()];
    let mut since = recording.work();
    let mut spent = |recording: &Recording<'_, E::Buffer>| {
        let before = std::mem::replace(&mut since, recording.work());
        since - before
    };
    for start in (0..count).step_by(plan.chunk as usize) {
        let len = (plan.chunk as usize).min(count - start);
        let chunk = Chunk { start, len };
        let scalars = scalars.part(8 * start as u64, 8 * len as u64);
        sorter.record(recording, &scalars, len as u32);
        let sorting = spent(recording) / jobs.len().max(1) as u64;
        for ((job, buckets), work) in jobs.iter().zip(&buckets).zip(&mut work) {
            for segment in &job.bases.segments {
                let recorder = Accumulation {
                    limits,
                    plan: &plan,
                    sorter: &sorter,
                    curve: job.bases.curve,
                    buckets,
                    partials: &partials,
                };
                recorder.record(recording, chunk, segment, job.first);
            }
            *work += sorting + spent(recording);
        }
    }
    let layout = executor.layout();
    let lists = curves.iter().zip(&buckets).zip(work);
    let pending = lists.map(|((&curve, buckets), work)| {
        record_reduction(recording, limits, &plan, curve, buckets);
        Pending {
            plan,
            layout,
            curve,
            work: work + spent(recording),
        }
    });
    Ok(pending.collect())
}

/// Scalars `start .. start + len`.
#[derive(Clone, Copy)]
struct Chunk {
    start: usize,
    len: usize,
}

/// The buffers of digits, counts and sorted entries.
struct Sorter<B> {
    plan: Plan,
    digit_list: View<B>,
    sorted: View<B>,
    /// Counts of the buckets and a zero, then the blocks' totals of each level of the scan.
    counts: Vec<View<B>>,
    /// Their prefix sums, level by level; the last total needs none.
    offsets: Vec<View<B>>,
}

impl<B: Clone> Sorter<B> {
    fn new(recording: &mut Recording<'_, B>, plan: &Plan) -> Self {
        let entries = 2 * u64::from(plan.chunk) * u64::from(plan.windows);
        let digit_list = recording.temporary("digits", entries);
        let sorted = recording.temporary("sorted entries", entries);
        let (mut counts, mut offsets) = (Vec::new(), Vec::new());
        // The zero behind the last bucket has the number of entries as its offset.
        let mut len = u64::from(plan.buckets()) + 1;
        loop {
            counts.push(recording.temporary("counts", len));
            if len == 1 {
                break;
            }
            offsets.push(recording.temporary("offsets", len));
            len = len.div_ceil(u64::from(SCAN_BLOCK));
        }
        Self {
            plan: *plan,
            digit_list,
            sorted,
            counts,
            offsets,
        }
    }

    fn record(&self, recording: &mut Recording<'_, B>, scalars: &View<B>, count: u32) {
        let plan = &self.plan;
        recording.clear(&self.counts[0]);
        let offset = digits_offset(plan);
        let params = DigitsParams {
            offset_low: std::array::from_fn(|i| offset[i]),
            offset_high: std::array::from_fn(|i| offset[4 + i]),
            count,
            window_bits: plan.window_bits,
            windows: plan.windows,
            stride: plan.chunk,
        };
        let work = DIGITS_WORK * u64::from(count);
        recording.dispatch(
            Kernel::Digits,
            params.words(),
            vec![
                scalars.clone(),
                self.counts[0].clone(),
                self.digit_list.clone(),
            ],
            count,
            work,
        );
        self.record_scan(recording);
        let params = ScatterParams {
            count,
            windows: plan.windows,
            stride: plan.chunk,
        };
        recording.dispatch(
            Kernel::Scatter,
            params.words(),
            vec![
                self.digit_list.clone(),
                self.offsets[0].clone(),
                self.sorted.clone(),
            ],
            count,
            work,
        );
    }

    /// Prefix sums: inside blocks, of the blocks' totals, and so on; then back.
    fn record_scan(&self, recording: &mut Recording<'_, B>) {
        let levels = self.offsets.len();
        for level in 0..levels {
            let count = self.counts[level].words as u32;
            let views = vec![
                self.counts[level].clone(),
                self.offsets[level].clone(),
                self.counts[level + 1].clone(),
            ];
            let params = ScanBlocksParams { count };
            let invocations = count.div_ceil(4);
            recording.dispatch(
                Kernel::ScanBlocks,
                params.words(),
                views,
                invocations,
                u64::from(count),
            );
        }
        for level in (1..levels).rev() {
            let count = self.counts[level - 1].words as u32;
            let views = vec![self.offsets[level - 1].clone(), self.offsets[level].clone()];
            let params = ScanAddParams { count };
            recording.dispatch(
                Kernel::ScanAdd,
                params.words(),
                views,
                count,
                u64::from(count),
            );
        }
    }
}

/// `Σ 2^(c−1)·2^(c·w)` over all windows w but the last.
fn digits_offset(plan: &Plan) -> [u32; 8] {
    let mut words = [0; 8];
    for w in 0..plan.windows - 1 {
        let bit = plan.window_bits * w + plan.window_bits - 1;
        words[bit as usize / 32] |= 1 << (bit % 32);
    }
    words
}

/// Partial sums with their buckets.
struct Partials<B> {
    buckets: View<B>,
    points: View<B>,
}

impl<B: Clone> Partials<B> {
    fn new(recording: &mut Recording<'_, B>, plan: &Plan, curves: &[Curve]) -> Self {
        let count = 2 * u64::from(plan.slices());
        let widest = curves.iter().map(|curve| curve.xyzz_words()).max();
        let words = count * widest.unwrap_or_default() as u64;
        Self {
            buckets: recording.temporary("buckets of partial sums", count),
            points: recording.temporary("partial sums", words),
        }
    }
}

/// The additions of one chunk to the buckets of one list.
struct Accumulation<'a, B> {
    limits: &'a Limits,
    plan: &'a Plan,
    sorter: &'a Sorter<B>,
    curve: Curve,
    buckets: &'a View<B>,
    partials: &'a [Partials<B>; 2],
}

impl<B: Clone> Accumulation<'_, B> {
    fn record(
        &self,
        recording: &mut Recording<'_, B>,
        chunk: Chunk,
        segment: &Segment<B>,
        first: usize,
    ) {
        // Scalars of the chunk, counted from its start, that have a point in the segment.
        let from = (segment.start + first).max(chunk.start) - chunk.start;
        let to = (segment.start + segment.len + first).saturating_sub(chunk.start);
        let to = to.min(chunk.len);
        if from >= to {
            return;
        }
        let slices = (chunk.len as u32 * self.plan.windows).div_ceil(self.plan.slice_len);
        let products = products_of_coordinate(self.curve);
        let shift = (chunk.start as u32)
            .wrapping_sub(first as u32)
            .wrapping_sub(segment.start as u32);
        let [partials, _] = self.partials;
        recording.dispatch_in_parts(
            self.limits,
            Kernel::Accumulate(self.curve),
            &[
                self.sorter.sorted.clone(),
                self.sorter.offsets[0].clone(),
                segment.view.clone(),
                self.buckets.clone(),
                partials.buckets.clone(),
                partials.points.clone(),
            ],
            (
                slices,
                MADD_PRODUCTS * products * u64::from(self.plan.slice_len),
            ),
            |base| {
                AccumulateParams {
                    base,
                    slices,
                    slice_len: self.plan.slice_len,
                    total: self.plan.buckets(),
                    first: from as u32,
                    end: to as u32,
                    shift,
                }
                .words()
            },
        );
        self.record_combination(recording, 2 * slices);
    }

    fn record_combination(&self, recording: &mut Recording<'_, B>, mut count: u32) {
        let work = ADD_PRODUCTS * products_of_coordinate(self.curve) * u64::from(COMBINE_LEN);
        let [mut input, mut output] = [&self.partials[0], &self.partials[1]];
        loop {
            let invocations = count.div_ceil(COMBINE_LEN);
            let last = u32::from(invocations == 1);
            recording.dispatch_in_parts(
                self.limits,
                Kernel::Combine(self.curve),
                &[
                    input.buckets.clone(),
                    input.points.clone(),
                    self.buckets.clone(),
                    output.buckets.clone(),
                    output.points.clone(),
                ],
                (invocations, work),
                |base| {
                    CombineParams {
                        base,
                        count,
                        slice_len: COMBINE_LEN,
                        last,
                    }
                    .words()
                },
            );
            if last == 1 {
                return;
            }
            count = 2 * invocations;
            (input, output) = (output, input);
        }
    }
}

/// The weighted sums of all windows of a list, and the read of what is left of them.
fn record_reduction<B: Clone>(
    recording: &mut Recording<'_, B>,
    limits: &Limits,
    plan: &Plan,
    curve: Curve,
    buckets: &View<B>,
) {
    let words = curve.xyzz_words() as u64;
    let mut points = buckets.clone();
    let mut log_width = plan.window_bits - 1;
    let mut arrays = 1;
    while log_width > 0 {
        let log_fold = LOG_FOLD.min(log_width);
        let groups = plan.windows << (log_width - log_fold);
        let out = recording.temporary("window sums", u64::from((arrays + 1) * groups) * words);
        let work = (2 * ADD_PRODUCTS * products_of_coordinate(curve)) << log_fold;
        recording.dispatch_in_parts(
            limits,
            Kernel::Reduce(curve),
            &[points, out.clone()],
            (arrays * groups, work),
            |base| {
                ReduceParams {
                    base,
                    arrays,
                    windows: plan.windows,
                    log_width,
                    log_fold,
                }
                .words()
            },
        );
        points = out;
        log_width -= log_fold;
        arrays += 1;
    }
    recording.read(&points);
}
