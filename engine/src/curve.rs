//! The contract between the scheduler of a multi-scalar multiplication and the arithmetic below it.
//!
//! The scheduler ([`msm`](crate::msm)) knows buckets, digits and who is to be added to whom; it never
//! looks into a point. A [`CurveLayer`] knows how points lie in memory and adds many pairs of them at
//! once, sharing one inversion; it never knows why. Every layer times every group runs under the same
//! scheduler.
//!
//! A *reference* ([`Ref`]) names a point in one of up to [`NUM_SOURCES`] slices and may negate it, so
//! that the sign of a digit costs nothing to store.
//!
//! Doublings and the group's endomorphism, which [`scale`](crate::scale) needs besides, take whole slices.

use ark_bn254::Fr;
use ark_ec::CurveGroup;

use crate::endomorphism::Endomorphism;

/// Bits of a reference that hold the index.
pub const INDEX_BITS: u32 = 28;

/// Slices that references may point into.
pub const NUM_SOURCES: usize = 8;

/// `sign << 31 | source << 28 | index`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Ref(pub u32);

impl Ref {
    /// The bit that negates the point.
    pub const NEGATIVE: u32 = 1 << 31;

    /// The point `index` of slice `source`.
    #[inline]
    #[must_use]
    pub const fn new(source: usize, index: usize) -> Self {
        debug_assert!(source < NUM_SOURCES && index < 1 << INDEX_BITS);
        Self((source as u32) << INDEX_BITS | index as u32)
    }

    /// Which slice.
    #[inline]
    #[must_use]
    pub const fn source(self) -> usize {
        (self.0 >> INDEX_BITS) as usize & (NUM_SOURCES - 1)
    }

    /// Which point of the slice.
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize & ((1 << INDEX_BITS) - 1)
    }

    /// Whether the point is to be negated.
    #[inline]
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 & Self::NEGATIVE != 0
    }
}

/// The slices that references point into; unused ones are empty.
pub type Sources<'a, P> = [&'a [P]; NUM_SOURCES];

/// The arithmetic of one group on one kind of processor.
///
/// A value of the type is the proof that the processor has the instructions.
pub trait CurveLayer: Copy + Send + Sync + 'static {
    /// The group.
    type Group: CurveGroup<ScalarField = Fr, Config: Endomorphism>;

    /// One affine point as it lies in memory, the point at infinity included. All bytes zero is the
    /// point at infinity (no curve point has x = y = 0, as b ≠ 0).
    type Point: Copy + Send + Sync + 'static;

    /// Memory of [`CurveLayer::add_pairs`] and [`CurveLayer::double_all`], reused from call to call.
    type Workspace: Send;

    /// The point at infinity.
    const INFINITY: Self::Point;

    /// Pairs in a call of [`CurveLayer::add_pairs`] at which the inversion's share is small and the
    /// points involved still lie in the second-level cache.
    const PREFERRED_PAIRS: usize;

    /// Cost of one addition in nanoseconds, as measured; only ratios between costs matter, in the
    /// choice of the window.
    const ADD_NS: f64;

    /// Memory for batches of up to `max_pairs` pairs.
    fn workspace(self, max_pairs: usize) -> Self::Workspace;

    /// Converts arkworks' points; `points` and `out` have the same length.
    fn import(self, points: &[<Self::Group as CurveGroup>::Affine], out: &mut [Self::Point]);

    /// The point as arkworks has it.
    fn export(self, point: &Self::Point) -> <Self::Group as CurveGroup>::Affine;

    /// The negated point.
    fn negate(self, point: &Self::Point) -> Self::Point;

    /// Whether it is the point at infinity.
    fn is_infinity(self, point: &Self::Point) -> bool;

    /// `out[i] = pairs[2i] + pairs[2i + 1]` for every i, complete: equal, opposite and infinite
    /// operands are right, and cost about as much as others.
    ///
    /// `upcoming` are references that following calls will read; a layer may prefetch them.
    ///
    /// # Safety
    /// Every reference of `pairs` and of `upcoming` is below the length of its source, and
    /// `pairs.len() == 2 * out.len()`.
    unsafe fn add_pairs(
        self,
        workspace: &mut Self::Workspace,
        sources: &Sources<'_, Self::Point>,
        pairs: &[Ref],
        out: &mut [Self::Point],
        upcoming: &[Ref],
    );

    /// `out[i] = 2·points[i]` for every i. A point with y = 0, which no curve here has, gives infinity.
    ///
    /// # Panics
    /// If the two have different lengths, or more points than the workspace has pairs.
    fn double_all(
        self,
        workspace: &mut Self::Workspace,
        points: &[Self::Point],
        out: &mut [Self::Point],
    );

    /// `out[i] = e^power(points[i])` for every i, e being the group's [`Endomorphism`].
    ///
    /// # Panics
    /// If the two have different lengths.
    fn map_all(self, power: usize, points: &[Self::Point], out: &mut [Self::Point]);
}
