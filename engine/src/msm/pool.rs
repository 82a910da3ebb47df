//! Several multiplications as one pool of work.
//!
//! A multiplication is cut along windows into *chains*, each with buckets of its own, and along points
//! into *chunks*, which one chain absorbs one after the other. When there are more threads than windows,
//! points are also cut into *slices* with chains of their own. A worker takes the next chunk of the
//! chain that is furthest behind, of the costliest multiplication that has work to offer; who absorbs
//! the last chunk of a chain also reduces it, and who reduces the last chain adds up the terms. The
//! only serial parts are the last two, whose cost does not depend on the number of points.

use std::any::{Any, TypeId};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use ark_ec::VariableBaseMSM;

use super::bases::Bases;
use super::cancel::{Cancel, Cancelled};
use super::chain::{Chain, Scratch};
use super::digits::Digits;
use super::plan::{Profile, cost};
use super::reduce::{Term, sum_of_terms};
use super::selection::Selection;
use super::sort::{Chunk, MAX_POINTS};
use crate::curve::CurveLayer;
use crate::parallel;

/// Points in a chunk of a single thread. Larger chunks have longer buckets, so that less is scheduled for
/// an addition; points are prefetched anyway. Sapphire Rapids, 2^20 points of G1: 2^16 989 ms, 2^17 938,
/// 2^18 917, 2^20 893.
const CHUNK_POINTS: usize = 1 << 20;

/// Bounds of the points in a chunk of one of several threads, which are to end at about the same time:
/// half of all points, so that an odd number of windows leaves two threads half a window apart.
const SHARED_CHUNK_POINTS: Range<usize> = 1 << 16..1 << 18;

/// Nanoseconds of work that are worth a chain of their own. A chain adds about 14 short batches of
/// additions, those of its last rounds and of its reduction (counted at 2^16 points).
const CHAIN_NS: f64 = 1e6;

/// How a multiplication is cut.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// Points that a chain absorbs at a time.
    pub(crate) chunk_points: usize,
    /// Threads that are to be kept busy.
    pub(crate) threads: usize,
}

impl Cut {
    fn new(num_points: usize) -> Self {
        let threads = parallel::num_threads();
        Self {
            chunk_points: if threads == 1 {
                CHUNK_POINTS
            } else {
                let Range { start, end } = SHARED_CHUNK_POINTS;
                num_points.div_ceil(2).clamp(start, end)
            },
            threads,
        }
    }
}

/// A finished multiplication.
#[derive(Clone, Copy, Debug)]
pub struct Sum<G> {
    /// `Σ kᵢ·Pᵢ`.
    pub value: G,
    /// Time that workers spent on it, all together.
    pub busy: Duration,
}

/// One multiplication `Σ kᵢ·Pᵢ`, to be run by [`run`].
pub struct Msm<'a, L: CurveLayer> {
    bases: &'a Bases<'a, L>,
    selection: Selection<'a>,
    /// As many as the bases have, or 1 if the digits do not fit their table.
    levels: usize,
    cost: f64,
    max_pairs: usize,
    links: Vec<Link>,
    progress: Mutex<Vec<Progress>>,
    chains: Vec<Mutex<Option<Chain<L>>>>,
    unfinished: AtomicUsize,
    terms: Mutex<Vec<Term<L::Group>>>,
    busy: AtomicU64,
    sum: OnceLock<L::Group>,
    /// Set if arkworks' own multiplication of this range of scalars is faster.
    direct: Option<Range<usize>>,
}

/// What a chain consists of.
struct Link {
    windows: Range<usize>,
    /// Ranges of blocks.
    chunks: Vec<Range<usize>>,
}

/// How far a chain is.
#[derive(Clone, Copy, Default)]
struct Progress {
    next: usize,
    taken: bool,
}

impl<'a, L: CurveLayer> Msm<'a, L> {
    /// The multiplication of all bases with as many scalars from scalar `first` on.
    ///
    /// # Panics
    /// If there are fewer scalars.
    #[must_use]
    pub fn new(bases: &'a Bases<'a, L>, digits: &'a Digits<'a>, first: usize) -> Self {
        Self::with_cut(bases, digits, first, Cut::new(bases.num_present()))
    }

    pub(crate) fn with_cut(
        bases: &'a Bases<'a, L>,
        digits: &'a Digits<'a>,
        first: usize,
        cut: Cut,
    ) -> Self {
        let range = first..first + bases.len();
        assert!(
            range.end <= digits.scalars().len(),
            "expected {} scalars, got {}",
            range.end,
            digits.scalars().len()
        );
        let scalars = &digits.scalars()[range.clone()];
        let direct = Profile::sample(scalars)
            .suits_arkworks(scalars.len())
            .then_some(range.clone());
        let selection = Selection::new(digits, range, bases.present());
        let windows = digits.windows();
        let levels = windows.shared_levels(bases.levels());
        let cost = cost(L::ADD_NS, bases.levels(), windows, |w| {
            selection.count(w) as f64
        });
        let links = if direct.is_some() {
            Vec::new()
        } else {
            let cut = Cut {
                chunk_points: cut.chunk_points.min(MAX_POINTS / 2) / bases.levels(),
                ..cut
            };
            links(&selection, levels, cost, cut)
        };
        let total: usize = (0..windows.num_windows()).map(|w| selection.count(w)).sum();
        Self {
            bases,
            levels,
            cost,
            max_pairs: total.max(256),
            progress: Mutex::new(vec![Progress::default(); links.len().max(1)]),
            chains: links.iter().map(|_| Mutex::new(None)).collect(),
            unfinished: AtomicUsize::new(links.len()),
            links,
            selection,
            terms: Mutex::new(Vec::new()),
            busy: AtomicU64::new(0),
            sum: OnceLock::new(),
            direct,
        }
    }

    /// The result; none if [`run`] was not called or was cancelled.
    #[must_use]
    pub fn sum(&self) -> Option<Sum<L::Group>> {
        self.sum.get().map(|value| Sum {
            value: *value,
            busy: Duration::from_nanos(self.busy.load(Ordering::Relaxed)),
        })
    }

    /// Absorbs one chunk, and reduces the chain if it was the last.
    fn advance(
        &self,
        unit: Unit,
        scratch: &mut Scratch<L>,
        cancel: Cancel<'_>,
    ) -> Result<(), Cancelled> {
        let link = &self.links[unit.chain];
        let shape = self.selection.digits().windows();
        let mut slot = lock(&self.chains[unit.chain]);
        let chain = slot.get_or_insert_with(|| Chain::new(shape, link.windows.clone()));
        chain.absorb(
            scratch,
            self.bases.points(),
            self.levels,
            Chunk {
                selection: &self.selection,
                blocks: &self.selection.blocks()[link.chunks[unit.chunk].clone()],
                levels: self.bases.levels(),
            },
            cancel,
        )?;
        if unit.chunk + 1 < link.chunks.len() {
            return Ok(());
        }
        let terms = chain.sum(self.bases.layer(), scratch, shape, cancel)?;
        *slot = None;
        lock(&self.terms).extend(terms);
        if self.unfinished.fetch_sub(1, Ordering::AcqRel) == 1 {
            let terms = std::mem::take(&mut *lock(&self.terms));
            let first = self.sum.set(sum_of_terms(terms));
            debug_assert!(first.is_ok(), "the last chain ends once");
        }
        Ok(())
    }
}

/// Windows that are reached by a scalar at all, in groups, times slices of points. The windows of `levels`
/// periods share buckets; `cost` are the nanoseconds of everything.
fn links(selection: &Selection<'_>, levels: usize, cost: f64, cut: Cut) -> Vec<Link> {
    let num_sets = selection.digits().windows().num_windows() / levels;
    let used = (0..num_sets)
        .filter(|set| (0..levels).any(|level| selection.count(set + level * num_sets) > 0))
        .max()
        .map_or(0, |set| set + 1);
    if used == 0 {
        return Vec::new();
    }
    let chunks = chunks(selection, cut.chunk_points);
    let (groups, slices) = if cut.threads == 1 {
        (1, 1)
    } else {
        let wanted = 2 * cut.threads;
        let groups = ((cost / CHAIN_NS) as usize).max(wanted).min(used);
        (groups, wanted.div_ceil(groups).clamp(1, chunks.len()))
    };
    let part = |i: usize, parts: usize, len: usize| i * len / parts..(i + 1) * len / parts;
    let mut links: Vec<Link> = (0..slices)
        .flat_map(|slice| (0..groups).map(move |group| (slice, group)))
        .map(|(slice, group)| Link {
            windows: part(group, groups, used),
            chunks: chunks[part(slice, slices, chunks.len())].to_vec(),
        })
        .collect();
    // The longest first, so that the last ones are short.
    links.sort_by_key(|link| Reverse(link.windows.len()));
    links
}

/// Ranges of blocks of about `chunk_points` points.
fn chunks(selection: &Selection<'_>, chunk_points: usize) -> Vec<Range<usize>> {
    let mut chunks = Vec::new();
    let (mut start, mut points) = (0, 0);
    for (b, block) in selection.blocks().iter().enumerate() {
        points += block.point_range().len();
        if points >= chunk_points {
            chunks.push(start..b + 1);
            (start, points) = (b + 1, 0);
        }
    }
    if start < selection.blocks().len() {
        chunks.push(start..selection.blocks().len());
    }
    chunks
}

/// Some work on a multiplication.
#[derive(Clone, Copy, Debug)]
pub struct Unit {
    chain: usize,
    chunk: usize,
}

/// A worker's memory for every layer it met.
#[derive(Default)]
pub struct Scratches(HashMap<TypeId, Box<dyn Any>>);

impl Scratches {
    fn get<L: CurveLayer>(&mut self, layer: L, max_pairs: usize) -> &mut Scratch<L> {
        let wanted = max_pairs.min(L::PREFERRED_PAIRS);
        let slot = self
            .0
            .entry(TypeId::of::<Scratch<L>>())
            .or_insert_with(|| Box::new(Scratch::new(layer, wanted)));
        let scratch = slot
            .downcast_mut::<Scratch<L>>()
            .expect("the key is the type");
        if scratch.max_pairs() < wanted {
            *scratch = Scratch::new(layer, wanted);
        }
        scratch
    }
}

/// A multiplication of any layer and group; only [`Msm`] is one.
pub trait Job: Sync {
    /// Estimated nanoseconds of one thread.
    #[doc(hidden)]
    fn cost(&self) -> f64;

    /// Some work that nobody has taken and that can start now.
    #[doc(hidden)]
    fn take(&self) -> Option<Unit>;

    /// Does it.
    #[doc(hidden)]
    fn perform(
        &self,
        unit: Unit,
        scratches: &mut Scratches,
        cancel: Cancel<'_>,
    ) -> Result<(), Cancelled>;
}

impl<L: CurveLayer> Job for Msm<'_, L> {
    fn cost(&self) -> f64 {
        self.cost
    }

    fn take(&self) -> Option<Unit> {
        let mut progress = lock(&self.progress);
        let (chain, state) = progress
            .iter_mut()
            .enumerate()
            .filter(|(chain, state)| {
                let end = self.links.get(*chain).map_or(1, |link| link.chunks.len());
                !state.taken && state.next < end
            })
            .min_by_key(|(_, state)| state.next)?;
        let chunk = state.next;
        *state = Progress {
            next: chunk + 1,
            taken: true,
        };
        Some(Unit { chain, chunk })
    }

    fn perform(
        &self,
        unit: Unit,
        scratches: &mut Scratches,
        cancel: Cancel<'_>,
    ) -> Result<(), Cancelled> {
        let start = Instant::now();
        if self.links.is_empty() {
            // Either arkworks is to do it, or no scalar has a digit other than zero.
            let range = self.direct.clone().unwrap_or(0..0);
            let value = L::Group::msm_unchecked(
                &self.bases.source()[..range.len()],
                &self.selection.digits().scalars()[range],
            );
            let first = self.sum.set(value);
            debug_assert!(first.is_ok(), "there is one unit");
        } else {
            let scratch = scratches.get(self.bases.layer(), self.max_pairs);
            self.advance(unit, scratch, cancel)?;
            lock(&self.progress)[unit.chain].taken = false;
        }
        self.busy
            .fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        Ok(())
    }
}

/// Runs multiplications on the threads of the current pool, the costliest first.
///
/// # Errors
/// [`Cancelled`] if the flag was raised before the end.
pub fn run(jobs: &[&dyn Job], cancel: Cancel<'_>) -> Result<(), Cancelled> {
    let mut jobs = jobs.to_vec();
    jobs.sort_by(|a, b| b.cost().total_cmp(&a.cost()));
    let jobs = &jobs;
    parallel::on_all_threads(move || {
        let mut scratches = Scratches::default();
        while let Some((job, unit)) = jobs
            .iter()
            .find_map(|job| job.take().map(|unit| (job, unit)))
        {
            job.perform(unit, &mut scratches, cancel)?;
        }
        Ok(())
    })
    .into_iter()
    .collect()
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
