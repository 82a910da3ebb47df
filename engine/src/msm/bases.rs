//! The points of a multiplication, as a curve layer wants them.
//!
//! Points at infinity are dropped when the list is loaded; the lists of a Groth16 key for B consist
//! mostly of them. With a *window table* of T levels the list holds, after each point P,
//! its multiples `2^D·P, 2^(2D)·P, …, 2^((T−1)·D)·P`, D being the T-th part of a scalar's bits, rounded
//! up: digits of T windows then share one set of buckets, so that fewer buckets are summed up and
//! wider windows pay. A table costs T times the memory and about `254·(1 − 1/T)` doublings a point
//! when it is built.

use ark_ec::{AffineRepr, CurveGroup};

use super::windows::{LEVELS, period_bits};
use crate::buffer::Buffer;
use crate::curve::CurveLayer;
use crate::parallel;

/// Points that one task imports or multiplies.
const BLOCK: usize = 1 << 10;

/// Arkworks' affine points of a layer's group.
pub type AffineOf<L> = <<L as CurveLayer>::Group as CurveGroup>::Affine;

/// Points that are multiplied with scalars again and again.
pub struct Bases<'k, L: CurveLayer> {
    layer: L,
    source: &'k [AffineOf<L>],
    /// The points that are not at infinity, each with its levels.
    points: Buffer<L::Point>,
    /// The indices of these points in `source`; none if all are present.
    present: Option<Box<[u32]>>,
    levels: usize,
}

impl<'k, L: CurveLayer> Bases<'k, L> {
    /// Loads points, which stay borrowed.
    #[must_use]
    pub fn new(layer: L, source: &'k [AffineOf<L>]) -> Self {
        Self::with_table(layer, source, 1)
    }

    /// Loads points with a table of `levels` levels; 1 is no table.
    ///
    /// # Panics
    /// If `levels` is not among [`LEVELS`], or for more than 2^28 points in the table.
    #[must_use]
    pub fn with_table(layer: L, source: &'k [AffineOf<L>], levels: usize) -> Self {
        assert!(
            LEVELS.contains(&levels),
            "expected levels of {LEVELS:?}, got {levels}"
        );
        let present = present_points::<L>(source);
        let len = present.as_ref().map_or(source.len(), |list| list.len());
        let mut points = Buffer::filled(len * levels, L::INFINITY);
        parallel::for_each_chunk_mut(&mut points, BLOCK * levels, |b, out| {
            let range = b * BLOCK..b * BLOCK + out.len() / levels;
            let listed: Vec<_>;
            let points = match &present {
                None => &source[range],
                Some(present) => {
                    let indices = present[range].iter();
                    listed = indices.map(|index| source[*index as usize]).collect();
                    &listed
                }
            };
            if levels == 1 {
                layer.import(points, out);
            } else {
                let mut imported = vec![L::INFINITY; points.len()];
                layer.import(points, &mut imported);
                fill_table(layer, &mut imported, levels, out);
            }
        });
        Self {
            layer,
            source,
            points,
            present,
            levels,
        }
    }

    /// The points as they were given.
    #[must_use]
    pub const fn source(&self) -> &'k [AffineOf<L>] {
        self.source
    }

    /// The number of points, those at infinity included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.source.len()
    }

    /// Whether there are no points.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.source.is_empty()
    }

    /// The number of points that are not at infinity.
    #[must_use]
    pub fn num_present(&self) -> usize {
        self.points.len() / self.levels
    }

    /// Levels of the window table; 1 is no table.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// The arithmetic.
    #[must_use]
    pub const fn layer(&self) -> L {
        self.layer
    }

    /// The present points, each with its levels.
    pub(crate) fn points(&self) -> &[L::Point] {
        &self.points
    }

    /// The indices of the present points, if not all are.
    pub(crate) fn present(&self) -> Option<&[u32]> {
        self.present.as_deref()
    }
}

/// The indices of the points that are not at infinity, if not all.
fn present_points<L: CurveLayer>(source: &[AffineOf<L>]) -> Option<Box<[u32]>> {
    let parts = parallel::map(source.len().div_ceil(BLOCK), |b| {
        let start = b * BLOCK;
        let block = &source[start..source.len().min(start + BLOCK)];
        (start as u32..)
            .zip(block)
            .filter(|(_, point)| !point.is_zero())
            .map(|(i, _)| i)
            .collect::<Vec<_>>()
    });
    let len: usize = parts.iter().map(Vec::len).sum();
    (len < source.len()).then(|| parts.concat().into())
}

/// `out[i·levels + j] = 2^(j·D)·points[i]`, D being the bits of a period. Changes `points`.
fn fill_table<L: CurveLayer>(
    layer: L,
    points: &mut Vec<L::Point>,
    levels: usize,
    out: &mut [L::Point],
) {
    let mut store = |level: usize, points: &[L::Point]| {
        for (out, point) in out.iter_mut().skip(level).step_by(levels).zip(points) {
            *out = *point;
        }
    };
    store(0, points);
    let mut workspace = layer.workspace(points.len());
    let mut doubled = points.clone();
    for level in 1..levels {
        for _ in 0..period_bits(levels) {
            layer.double_all(&mut workspace, points, &mut doubled);
            std::mem::swap(points, &mut doubled);
        }
        store(level, points);
    }
}
