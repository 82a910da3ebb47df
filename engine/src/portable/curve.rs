//! Batch-affine additions on G1 and G2 for any processor.
//!
//! The sum of P₁ = (x₁, y₁) and P₂ = (x₂, y₂) is x₃ = λ² − x₁ − x₂, y₃ = λ(x₁ − x₃) − y₁ with
//! λ = (y₂ − y₁) / (x₂ − x₁), or λ = 3x₁² / 2y₁ if the two are equal. One inversion serves all pairs of
//! a batch (Montgomery's trick): with the denominators dᵢ and their running products, a pair takes
//! five multiplications and a square.
//!
//! - A forward pass reads the points, writes numerators, denominators and running products; a backward
//!   pass reads the points again and writes the sums.
//! - There are `CHAINS` running products side by side, that of pair i over the pairs i mod
//!   `CHAINS`, so that successive multiplications do not wait for each other; the backward pass
//!   takes `CHAINS` pairs through each stage together.
//! - Equal points only change numerator and denominator, so that the passes need no second code path. A
//!   pair with a point at infinity and a pair of opposite points run through with λ = 0/1, and their
//!   sums are put right at the end.
//! - Doublings of whole slices have passes of their own: λ = 3x²/2y, five multiplications and two squares.
//! - Points are 64-byte aligned, x before y, coordinates lazily reduced; all bytes zero is the point
//!   at infinity.
//! - Signs are applied without branches: s₁P₁ + s₂P₂ = s₁·(P₁ + s₁s₂·P₂). The slope is computed as −λ,
//!   whose numerator is y₁ − s₁s₂·y₂, and then y₃ = s₁·((−λ)(x₃ − x₁) − y₁).
//!
//! The additions are complete on curves without points of order two, as G1 and the twist of BN254 are.

use std::marker::PhantomData;

use ark_bn254::{Fr, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::Field;

use super::field::LazyFq;
use super::fq2::LazyFq2;
use super::multiplier::Multiplier;
use super::{Arithmetic, with_multiplier};
use crate::curve::{CurveLayer, Ref, Sources};
use crate::endomorphism::{Coefficients, Endomorphism};

/// Running products side by side. Sapphire Rapids, 1024 pairs on G1: 295 cycles a pair with 4, 284 to
/// 290 with 8, 287 with 16, which is 8 within the noise.
const CHAINS: usize = 8;

/// Pairs between a prefetch and the use of the points.
const PREFETCH_DISTANCE: usize = 16;

/// A coordinate of a point: an element of Fq or Fq2, lazily reduced.
pub trait Coordinate: Copy + Send + Sync + 'static {
    /// The field as arkworks has it.
    type Ark: Field;

    /// Zero.
    const ZERO: Self;

    /// One.
    const ONE: Self;

    /// `self + other`.
    fn add(&self, other: &Self) -> Self;

    /// `self − other`.
    fn sub(&self, other: &Self) -> Self;

    /// `2·self`.
    fn double(&self) -> Self;

    /// `self + other` if the condition holds, else `self − other`, without a branch.
    fn sub_or_add(&self, other: &Self, condition: bool) -> Self;

    /// `−self`.
    fn negate(&self) -> Self;

    /// `self·other`.
    fn mul<X: Multiplier>(&self, x: X, other: &Self) -> Self;

    /// `self²`.
    fn square<X: Multiplier>(&self, x: X) -> Self;

    /// `1 / self`, nothing for zero. The time depends on the value.
    fn invert<X: Multiplier>(&self, x: X) -> Option<Self>;

    /// The conjugate over Fq.
    fn conjugate(&self) -> Self;

    /// Whether it is zero in the field.
    fn is_zero(&self) -> bool;

    /// Whether it may be zero in the field: true for zero, false for nearly all other values.
    fn may_be_zero(&self) -> bool;

    /// Whether all bytes are zero.
    fn is_zero_bytes(&self) -> bool;

    /// From arkworks' value.
    fn from_ark(value: &Self::Ark) -> Self;

    /// To arkworks' value.
    fn to_ark(&self) -> Self::Ark;
}

macro_rules! coordinate {
    ($field:ty, $ark:ty) => {
        impl Coordinate for $field {
            type Ark = $ark;
            const ZERO: Self = <$field>::ZERO;
            const ONE: Self = <$field>::ONE;

            #[inline(always)]
            fn add(&self, other: &Self) -> Self {
                self.add(other)
            }

            #[inline(always)]
            fn sub(&self, other: &Self) -> Self {
                self.sub(other)
            }

            #[inline(always)]
            fn double(&self) -> Self {
                self.double()
            }

            #[inline(always)]
            fn sub_or_add(&self, other: &Self, condition: bool) -> Self {
                self.sub_or_add(other, condition)
            }

            #[inline(always)]
            fn negate(&self) -> Self {
                self.negate()
            }

            #[inline(always)]
            fn mul<X: Multiplier>(&self, x: X, other: &Self) -> Self {
                self.mul(x, other)
            }

            #[inline(always)]
            fn square<X: Multiplier>(&self, x: X) -> Self {
                self.square(x)
            }

            fn invert<X: Multiplier>(&self, x: X) -> Option<Self> {
                self.invert(x)
            }

            #[inline(always)]
            fn conjugate(&self) -> Self {
                self.conjugate()
            }

            #[inline(always)]
            fn is_zero(&self) -> bool {
                self.is_zero()
            }

            #[inline(always)]
            fn may_be_zero(&self) -> bool {
                self.may_be_zero()
            }

            #[inline(always)]
            fn is_zero_bytes(&self) -> bool {
                self.is_zero_bytes()
            }

            #[inline(always)]
            fn from_ark(value: &Self::Ark) -> Self {
                <$field>::from_ark(value)
            }

            #[inline(always)]
            fn to_ark(&self) -> Self::Ark {
                <$field>::to_ark(*self)
            }
        }
    };
}

coordinate!(LazyFq, ark_bn254::Fq);
coordinate!(LazyFq2, ark_bn254::Fq2);

/// A curve that this module adds on.
pub trait PortableCurve:
    Endomorphism + SWCurveConfig<ScalarField = Fr, BaseField = <Self::Coordinate as Coordinate>::Ark>
{
    /// The field of the coordinates.
    type Coordinate: Coordinate;

    /// See [`CurveLayer::PREFERRED_PAIRS`].
    const PREFERRED_PAIRS: usize;

    /// See [`CurveLayer::ADD_NS`].
    const ADD_NS: f64;
}

/// Sapphire Rapids at 2.9 GHz, 2 MiB L2, MULX; batches of 256, 1024, 2048 and 4096 pairs.
impl PortableCurve for g1::Config {
    type Coordinate = LazyFq;
    const PREFERRED_PAIRS: usize = 2048;
    const ADD_NS: f64 = 97.0;
}

/// Sapphire Rapids at 2.9 GHz, 2 MiB L2, MULX; batches of 256, 1024, 2048 and 4096 pairs.
impl PortableCurve for g2::Config {
    type Coordinate = LazyFq2;
    const PREFERRED_PAIRS: usize = 1024;
    const ADD_NS: f64 = 292.0;
}

/// An affine point, or infinity if all bytes are zero. Coordinates are Montgomery forms below 2p.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub struct Point<F> {
    x: F,
    y: F,
}

impl<F: Coordinate> Point<F> {
    const INFINITY: Self = Self {
        x: F::ZERO,
        y: F::ZERO,
    };

    #[inline(always)]
    fn is_infinity(&self) -> bool {
        self.x.is_zero_bytes() && self.y.is_zero_bytes()
    }

    /// `−self` if the condition holds. Keeps infinity's zeros: −0 is 0.
    fn negate_if(&self, condition: bool) -> Self {
        Self {
            x: self.x,
            y: if condition { self.y.negate() } else { self.y },
        }
    }
}

/// Batch-affine additions on a curve with the multiplier that this processor runs best.
#[derive(Debug)]
pub struct Portable<C> {
    arithmetic: Arithmetic,
    curve: PhantomData<fn() -> C>,
}

impl<C> Clone for Portable<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Portable<C> {}

/// Additions on G1.
pub type PortableG1 = Portable<g1::Config>;

/// Additions on G2.
pub type PortableG2 = Portable<g2::Config>;

impl<C: PortableCurve> Portable<C> {
    /// The layer with this arithmetic.
    #[must_use]
    pub fn new(arithmetic: Arithmetic) -> Self {
        Self {
            arithmetic,
            curve: PhantomData,
        }
    }
}

/// Memory of a batch.
#[derive(Debug)]
pub struct Workspace<F> {
    /// Numerators of the slopes.
    numerators: Vec<F>,
    /// Their denominators, none of them zero.
    denominators: Vec<F>,
    /// `products[i + CHAINS] = products[i]·denominators[i]`; the first `CHAINS` are one.
    products: Vec<F>,
    /// Sums that the formula does not give, with their indices.
    exceptions: Vec<(usize, Point<F>)>,
}

/// A slope, or a sum that needs none.
enum Slope<F> {
    Fraction(F, F),
    Sum(Point<F>),
}

/// The points that references name.
#[derive(Clone, Copy)]
struct Points<'a, F>(Sources<'a, Point<F>>);

impl<'a, F: Coordinate> Points<'a, F> {
    /// # Safety
    /// The index is below the length of the source.
    #[inline(always)]
    unsafe fn get(&self, reference: Ref) -> &'a Point<F> {
        // SAFETY: the caller's promise.
        unsafe { self.0[reference.source()].get_unchecked(reference.index()) }
    }

    /// Asks for the point's cache lines.
    ///
    /// # Safety
    /// As for [`Points::get`].
    #[inline(always)]
    unsafe fn prefetch(&self, reference: Ref) {
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let source = self.0[reference.source()].as_ptr();
            // SAFETY: the index is in bounds; a prefetch reads nothing. Points are one or two lines.
            unsafe {
                let point = source.add(reference.index()).cast::<i8>();
                _mm_prefetch::<_MM_HINT_T0>(point);
                if size_of::<Point<F>>() > 64 {
                    _mm_prefetch::<_MM_HINT_T0>(point.add(64));
                }
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = reference;
    }
}

/// The slope of s₁s₂·P₂ + P₁, negated, where an operand may be infinite or the two have the same x.
fn exceptional_slope<F: Coordinate, X: Multiplier>(x: X, p1: &Point<F>, p2: &Point<F>) -> Slope<F> {
    if p1.is_infinity() {
        return Slope::Sum(*p2);
    }
    if p2.is_infinity() {
        return Slope::Sum(*p1);
    }
    let denominator = p2.x.sub(&p1.x);
    let numerator = p1.y.sub(&p2.y);
    if !denominator.is_zero() {
        return Slope::Fraction(numerator, denominator);
    }
    let twice_y = p1.y.double();
    if !numerator.is_zero() || twice_y.is_zero() {
        return Slope::Sum(Point::INFINITY);
    }
    let square = p1.x.square(x);
    Slope::Fraction(square.double().add(&square).negate(), twice_y)
}

/// Where a pair's slope is to be written.
struct SlopeMut<'a, F> {
    index: usize,
    numerator: &'a mut F,
    denominator: &'a mut F,
    exceptions: &'a mut Vec<(usize, Point<F>)>,
}

/// Replaces the slope of a pair of which the ordinary one may be wrong.
#[cold]
#[inline(never)]
fn exceptional_pair<F: Coordinate, X: Multiplier>(
    x: X,
    slope: SlopeMut<'_, F>,
    (p1, r1): (&Point<F>, Ref),
    (p2, r2): (&Point<F>, Ref),
) {
    let p2 = p2.negate_if(r1.is_negative() != r2.is_negative());
    (*slope.numerator, *slope.denominator) = match exceptional_slope(x, p1, &p2) {
        Slope::Fraction(numerator, denominator) => (numerator, denominator),
        Slope::Sum(sum) => {
            let sum = sum.negate_if(r1.is_negative());
            slope.exceptions.push((slope.index, sum));
            (F::ZERO, F::ONE)
        }
    };
}

/// The forward pass: numerators, denominators, running products and exceptions.
///
/// # Safety
/// As for [`CurveLayer::add_pairs`].
#[inline(always)]
unsafe fn forward<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &mut Workspace<F>,
    points: Points<'_, F>,
    pairs: &[Ref],
) {
    let count = pairs.len() / 2;
    let exceptions = &mut workspace.exceptions;
    exceptions.clear();
    workspace.products[..CHAINS].fill(F::ONE);
    for start in (0..count).step_by(CHAINS) {
        let end = count.min(start + CHAINS);
        let near = count.min(start + PREFETCH_DISTANCE);
        let far = count.min(end + PREFETCH_DISTANCE);
        for reference in &pairs[2 * near..2 * far] {
            // SAFETY: references are in bounds, the caller says.
            unsafe { points.prefetch(*reference) };
        }
        let numerators = &mut workspace.numerators[start..end];
        let denominators = &mut workspace.denominators[start..end];
        let group = pairs[2 * start..2 * end].chunks_exact(2);
        let slopes = numerators.iter_mut().zip(denominators.iter_mut());
        for (k, (pair, (numerator, denominator))) in group.zip(slopes).enumerate() {
            let (r1, r2) = (pair[0], pair[1]);
            // SAFETY: references are in bounds, the caller says.
            let (p1, p2) = unsafe { (points.get(r1), points.get(r2)) };
            *denominator = p2.x.sub(&p1.x);
            *numerator = p1.y.sub_or_add(&p2.y, r1.is_negative() != r2.is_negative());
            if p1.x.may_be_zero() || p2.x.may_be_zero() || denominator.may_be_zero() {
                let slope = SlopeMut {
                    index: start + k,
                    numerator,
                    denominator,
                    exceptions,
                };
                exceptional_pair(x, slope, (p1, r1), (p2, r2));
            }
        }
        let products = &mut workspace.products[start..end + CHAINS];
        for (k, denominator) in denominators.iter().enumerate() {
            products[k + CHAINS] = products[k].mul(x, denominator);
        }
    }
}

/// The inverses of the chains' products, the inverse of chain c at c; `last` are the last `CHAINS`
/// running products, the first of them of chain `first`.
#[inline(never)]
fn invert_chains<F: Coordinate, X: Multiplier>(x: X, last: &[F], first: usize) -> [F; CHAINS] {
    let mut before = [F::ONE; CHAINS];
    for j in 1..CHAINS {
        before[j] = before[j - 1].mul(x, &last[j - 1]);
    }
    let product = before[CHAINS - 1].mul(x, &last[CHAINS - 1]);
    let mut rest = product.invert(x).expect("no denominator is zero");
    let mut inverses = [F::ONE; CHAINS];
    for j in (0..CHAINS).rev() {
        inverses[(first + j) % CHAINS] = rest.mul(x, &before[j]);
        rest = rest.mul(x, &last[j]);
    }
    inverses
}

/// The backward pass: slopes and sums, those of exceptions to be replaced.
///
/// # Safety
/// As for [`CurveLayer::add_pairs`].
#[inline(always)]
unsafe fn backward<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &Workspace<F>,
    mut inverses: [F; CHAINS],
    points: Points<'_, F>,
    pairs: &[Ref],
    out: &mut [Point<F>],
    upcoming: &[Ref],
) {
    let mut upcoming = upcoming.iter();
    let mut slopes = [F::ONE; CHAINS];
    let mut differences = [F::ONE; CHAINS];
    for start in (0..out.len()).step_by(CHAINS).rev() {
        let out = &mut out[start..];
        let out = if out.len() > CHAINS {
            &mut out[..CHAINS]
        } else {
            out
        };
        let lanes = out.len();
        let pairs = &pairs[2 * start..][..2 * lanes];
        let numerators = &workspace.numerators[start..][..lanes];
        let denominators = &workspace.denominators[start..][..lanes];
        let products = &workspace.products[start..][..lanes];
        for reference in upcoming.by_ref().take(2 * lanes) {
            // SAFETY: references are in bounds, the caller says.
            unsafe { points.prefetch(*reference) };
        }
        for k in 0..lanes {
            slopes[k] = inverses[k].mul(x, &products[k]);
        }
        for k in 0..lanes {
            inverses[k] = inverses[k].mul(x, &denominators[k]);
        }
        for k in 0..lanes {
            slopes[k] = slopes[k].mul(x, &numerators[k]);
        }
        for k in 0..lanes {
            // SAFETY: references are in bounds, the caller says.
            let (p1, p2) = unsafe { (points.get(pairs[2 * k]), points.get(pairs[2 * k + 1])) };
            out[k].x = slopes[k].square(x).sub(&p1.x).sub(&p2.x);
            differences[k] = out[k].x.sub(&p1.x);
        }
        for k in 0..lanes {
            let reference = pairs[2 * k];
            // SAFETY: references are in bounds, the caller says.
            let p1 = unsafe { points.get(reference) };
            // The sign of the sum swaps the operands of the difference.
            let terms = [slopes[k].mul(x, &differences[k]), p1.y];
            let swap = usize::from(reference.is_negative());
            out[k].y = terms[swap].sub(&terms[1 - swap]);
        }
    }
}

/// A whole batch with one multiplier.
///
/// # Safety
/// As for [`CurveLayer::add_pairs`].
#[inline(never)]
unsafe fn add_pairs<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &mut Workspace<F>,
    points: Points<'_, F>,
    pairs: &[Ref],
    out: &mut [Point<F>],
    upcoming: &[Ref],
) {
    let count = out.len();
    // SAFETY: the caller's promise, in both calls.
    unsafe {
        forward(x, workspace, points, pairs);
        let last = &workspace.products[count..count + CHAINS];
        let inverses = invert_chains(x, last, count % CHAINS);
        backward(x, workspace, inverses, points, pairs, out, upcoming);
    }
    for (i, sum) in workspace.exceptions.drain(..) {
        out[i] = sum;
    }
}

/// The forward pass of doublings: denominators 2y and their running products.
#[inline(always)]
fn forward_doublings<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &mut Workspace<F>,
    points: &[Point<F>],
) {
    workspace.exceptions.clear();
    workspace.products[..CHAINS].fill(F::ONE);
    for (k, point) in points.iter().enumerate() {
        let mut denominator = point.y.double();
        // Infinity; nothing on these curves has y = 0.
        if point.y.may_be_zero() && point.y.is_zero() {
            workspace.exceptions.push((k, Point::INFINITY));
            denominator = F::ONE;
        }
        workspace.denominators[k] = denominator;
        workspace.products[k + CHAINS] = workspace.products[k].mul(x, &denominator);
    }
}

/// The backward pass of doublings: slopes 3x²/2y and sums, those of exceptions to be replaced.
#[inline(always)]
fn backward_doublings<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &Workspace<F>,
    mut inverses: [F; CHAINS],
    points: &[Point<F>],
    out: &mut [Point<F>],
) {
    let mut slopes = [F::ONE; CHAINS];
    let mut differences = [F::ONE; CHAINS];
    let groups = points.chunks(CHAINS).zip(out.chunks_mut(CHAINS));
    for (group, (points, out)) in groups.enumerate().rev() {
        let (start, lanes) = (group * CHAINS, points.len());
        let denominators = &workspace.denominators[start..][..lanes];
        let products = &workspace.products[start..][..lanes];
        for k in 0..lanes {
            slopes[k] = inverses[k].mul(x, &products[k]);
        }
        for k in 0..lanes {
            inverses[k] = inverses[k].mul(x, &denominators[k]);
        }
        for k in 0..lanes {
            let square = points[k].x.square(x);
            differences[k] = square.double().add(&square);
        }
        for k in 0..lanes {
            slopes[k] = slopes[k].mul(x, &differences[k]);
        }
        for k in 0..lanes {
            out[k].x = slopes[k].square(x).sub(&points[k].x.double());
            differences[k] = points[k].x.sub(&out[k].x);
        }
        for k in 0..lanes {
            out[k].y = slopes[k].mul(x, &differences[k]).sub(&points[k].y);
        }
    }
}

/// A whole batch of doublings with one multiplier.
#[inline(never)]
fn double_all<F: Coordinate, X: Multiplier>(
    x: X,
    workspace: &mut Workspace<F>,
    points: &[Point<F>],
    out: &mut [Point<F>],
) {
    let count = points.len();
    forward_doublings(x, workspace, points);
    let last = &workspace.products[count..count + CHAINS];
    let inverses = invert_chains(x, last, count % CHAINS);
    backward_doublings(x, workspace, inverses, points, out);
    for (i, sum) in workspace.exceptions.drain(..) {
        out[i] = sum;
    }
}

/// The image of every point under an endomorphism. Infinity stays: 0·X is 0.
#[inline(never)]
fn map_all<F: Coordinate, X: Multiplier>(
    x: X,
    map: &Coefficients<F::Ark>,
    points: &[Point<F>],
    out: &mut [Point<F>],
) {
    let factors = [&map.x, &map.y].map(F::from_ark);
    for (point, out) in points.iter().zip(out) {
        let [x_factor, y_factor] = &factors;
        let [abscissa, ordinate] = [&point.x, &point.y].map(|coordinate| {
            if map.conjugate {
                coordinate.conjugate()
            } else {
                *coordinate
            }
        });
        *out = Point {
            x: abscissa.mul(x, x_factor),
            y: ordinate.mul(x, y_factor),
        };
    }
}

impl<C: PortableCurve> CurveLayer for Portable<C> {
    type Group = Projective<C>;
    type Point = Point<C::Coordinate>;
    type Workspace = Workspace<C::Coordinate>;
    const INFINITY: Self::Point = Point::INFINITY;
    const PREFERRED_PAIRS: usize = C::PREFERRED_PAIRS;
    const ADD_NS: f64 = C::ADD_NS;

    fn workspace(self, max_pairs: usize) -> Self::Workspace {
        let zeros = |length: usize| vec![C::Coordinate::ZERO; length];
        Workspace {
            numerators: zeros(max_pairs),
            denominators: zeros(max_pairs),
            products: zeros(max_pairs + CHAINS),
            exceptions: Vec::new(),
        }
    }

    fn import(self, points: &[Affine<C>], out: &mut [Self::Point]) {
        assert_eq!(points.len(), out.len(), "lengths of points and of output");
        for (point, out) in points.iter().zip(out) {
            *out = point.xy().map_or(Point::INFINITY, |(x, y)| Point {
                x: Coordinate::from_ark(&x),
                y: Coordinate::from_ark(&y),
            });
        }
    }

    fn export(self, point: &Self::Point) -> Affine<C> {
        if point.is_infinity() {
            return Affine::identity();
        }
        Affine::new_unchecked(point.x.to_ark(), point.y.to_ark())
    }

    fn negate(self, point: &Self::Point) -> Self::Point {
        point.negate_if(true)
    }

    fn is_infinity(self, point: &Self::Point) -> bool {
        point.is_infinity()
    }

    unsafe fn add_pairs(
        self,
        workspace: &mut Self::Workspace,
        sources: &Sources<'_, Self::Point>,
        pairs: &[Ref],
        out: &mut [Self::Point],
        upcoming: &[Ref],
    ) {
        if out.is_empty() {
            return;
        }
        let points = Points(*sources);
        // SAFETY: the caller's promise.
        with_multiplier!(self.arithmetic, x => unsafe {
            add_pairs(x, workspace, points, pairs, out, upcoming);
        });
    }

    fn double_all(
        self,
        workspace: &mut Self::Workspace,
        points: &[Self::Point],
        out: &mut [Self::Point],
    ) {
        assert_eq!(points.len(), out.len(), "lengths of points and of output");
        if points.is_empty() {
            return;
        }
        with_multiplier!(self.arithmetic, x => double_all(x, workspace, points, out));
    }

    fn map_all(self, power: usize, points: &[Self::Point], out: &mut [Self::Point]) {
        assert_eq!(points.len(), out.len(), "lengths of points and of output");
        let map = C::power(power);
        with_multiplier!(self.arithmetic, x => map_all(x, &map, points, out));
    }
}

#[cfg(test)]
#[path = "curve_tests.rs"]
mod tests;
