//! Multiplication of points that do not stay in memory.
//!
//! Points are read in chunks, imported into one reused array, added to the buckets of all windows,
//! and forgotten. Memory: the buckets (a few MiB), the digits and one chunk.

use std::ops::Range;
use std::sync::Mutex;

use ark_ec::AffineRepr;

use super::bases::AffineOf;
use super::cancel::{Cancel, Cancelled};
use super::chain::{Chain, Scratch};
use super::digits::Digits;
use super::reduce::sum_of_terms;
use super::selection::Selection;
use super::sort::Chunk;
use crate::buffer::Buffer;
use crate::curve::CurveLayer;
use crate::parallel;

/// Points in a chunk.
const CHUNK_POINTS: usize = 1 << 16;

/// Points that one task reads and imports.
const READ_POINTS: usize = 1 << 10;

/// A list of points that is read piece by piece.
pub trait ChunkSource<A>: Sync {
    /// Why points could not be read.
    type Error: Send;

    /// The number of points.
    fn len(&self) -> usize;

    /// Whether there are no points.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the points from index `start` on. Several threads may read at once.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&self, start: usize, out: &mut [A]) -> Result<(), Self::Error>;
}

/// Why a streamed multiplication did not end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError<E> {
    /// The points could not be read.
    #[error(transparent)]
    Source(E),
    /// The flag was raised.
    #[error("cancelled")]
    Cancelled,
}

impl<E> From<Cancelled> for StreamError<E> {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

/// `Σ k_(first + i)·Pᵢ` over all points of the source, on the threads of the current pool.
///
/// # Errors
/// The first error of the source, or that of a raised flag.
///
/// # Panics
/// If there are fewer than `first + source.len()` scalars.
pub fn msm_streamed<L: CurveLayer, S: ChunkSource<AffineOf<L>> + ?Sized>(
    layer: L,
    source: &S,
    digits: &Digits<'_>,
    first: usize,
    cancel: Cancel<'_>,
) -> Result<L::Group, StreamError<S::Error>> {
    stream(layer, source, digits, first, cancel, CHUNK_POINTS)
}

/// A worker's windows.
struct Worker<L: CurveLayer> {
    chain: Chain<L>,
    scratch: Scratch<L>,
}

pub(crate) fn stream<L: CurveLayer, S: ChunkSource<AffineOf<L>> + ?Sized>(
    layer: L,
    source: &S,
    digits: &Digits<'_>,
    first: usize,
    cancel: Cancel<'_>,
    chunk_points: usize,
) -> Result<L::Group, StreamError<S::Error>> {
    let len = source.len();
    assert!(
        first + len <= digits.scalars().len(),
        "expected {} scalars, got {}",
        first + len,
        digits.scalars().len()
    );
    let windows = digits.windows();
    let num_workers = parallel::num_threads().min(windows.num_windows());
    let max_pairs = chunk_points.min(len) * windows.num_windows() / num_workers;
    let part = |i: usize| i * windows.num_windows() / num_workers;
    let workers: Vec<Mutex<Worker<L>>> = (0..num_workers)
        .map(|i| {
            Mutex::new(Worker {
                chain: Chain::new(windows, part(i)..part(i + 1)),
                scratch: Scratch::new(layer, max_pairs),
            })
        })
        .collect();
    let mut points = Buffer::filled(chunk_points.min(len), L::INFINITY);
    for start in (0..len).step_by(chunk_points) {
        let range = start..len.min(start + chunk_points);
        let points = &mut points[..range.len()];
        let present = read(layer, source, range.clone(), points)?;
        let scalars = first + range.start..first + range.end;
        let selection = Selection::new(digits, scalars, present.as_deref());
        let points = &points[..selection.num_points()];
        parallel::map(workers.len(), |i| {
            let worker = &mut *super::pool::lock(&workers[i]);
            worker.chain.absorb(
                &mut worker.scratch,
                points,
                1,
                Chunk {
                    selection: &selection,
                    blocks: selection.blocks(),
                    levels: 1,
                },
                cancel,
            )
        })
        .into_iter()
        .collect::<Result<(), _>>()?;
    }
    drop(points);
    let terms = parallel::map(workers.len(), |i| {
        let worker = &mut *super::pool::lock(&workers[i]);
        worker
            .chain
            .sum(layer, &mut worker.scratch, windows, cancel)
    })
    .into_iter()
    .collect::<Result<Vec<_>, _>>()?;
    Ok(sum_of_terms(terms.concat()))
}

/// Reads and imports points, those at infinity left out, and lists the others if there were any.
fn read<L: CurveLayer, S: ChunkSource<AffineOf<L>> + ?Sized>(
    layer: L,
    source: &S,
    range: Range<usize>,
    out: &mut [L::Point],
) -> Result<Option<Vec<u32>>, StreamError<S::Error>> {
    let present = parallel::map_chunks_mut(out, READ_POINTS, |b, out| {
        let start = b * READ_POINTS;
        let mut points = vec![AffineOf::<L>::zero(); out.len()];
        source.read(range.start + start, &mut points)?;
        layer.import(&points, out);
        Ok((start as u32..)
            .zip(&points)
            .filter(|(_, point)| !point.is_zero())
            .map(|(i, _)| i)
            .collect::<Vec<_>>())
    })
    .into_iter()
    .collect::<Result<Vec<_>, _>>()
    .map_err(StreamError::Source)?
    .concat();
    if present.len() == out.len() {
        return Ok(None);
    }
    for (to, from) in present.iter().enumerate() {
        out[to] = out[*from as usize];
    }
    Ok(Some(present))
}
