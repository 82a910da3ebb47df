//! [`CurveLayer`] for G1 and G2: stored points, and their conversion from and to arkworks.
//!
//! The additions are in [`addition`](super::addition), with the representation of points and its
//! invariants.

use core::arch::x86_64::*;

use ark_bn254::{Fq as ArkFq, Fq2 as ArkFq2, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::BigInt;

use super::Ifma;
use super::addition::{self, Workspace};
use super::field::{Fq, FqRaw};
use super::fq2::{Field, Tower};
use super::limbs::{gather_words, simd, splat};
use super::modulus::{FqModulus, Modulus};
use super::operands::{LANES, scatter};
use crate::curve::{CurveLayer, Ref, Sources};
use crate::endomorphism::Endomorphism;

/// One affine point over the field of degree D: coordinates of D·4 words each, in 0..=3·p. Infinity
/// is all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Point<const D: usize> {
    pub(super) x: [[u64; 4]; D],
    pub(super) y: [[u64; 4]; D],
}

impl<const D: usize> Point<D> {
    const INFINITY: Self = Self {
        x: [[0; 4]; D],
        y: [[0; 4]; D],
    };
}

/// G1 with AVX-512 IFMA.
#[derive(Clone, Copy, Debug)]
pub struct IfmaG1(pub Ifma);

/// G2 with AVX-512 IFMA.
#[derive(Clone, Copy, Debug)]
pub struct IfmaG2(pub Ifma);

/// Arkworks' points as words: Montgomery form with R = 2^256, below p.
trait Words<const D: usize>: AffineRepr {
    /// The coordinates, whatever they are if the point is infinite.
    fn words(&self) -> [[&[u64; 4]; D]; 2];

    /// A finite point.
    fn from_coordinates(x: [ArkFq; D], y: [ArkFq; D]) -> Self;
}

impl Words<1> for G1Affine {
    #[inline]
    fn words(&self) -> [[&[u64; 4]; 1]; 2] {
        [[&self.x.0.0], [&self.y.0.0]]
    }

    fn from_coordinates([x]: [ArkFq; 1], [y]: [ArkFq; 1]) -> Self {
        Self::new_unchecked(x, y)
    }
}

impl Words<2> for G2Affine {
    #[inline]
    fn words(&self) -> [[&[u64; 4]; 2]; 2] {
        [&self.x, &self.y].map(|coordinate| [&coordinate.c0.0.0, &coordinate.c1.0.0])
    }

    fn from_coordinates([x0, x1]: [ArkFq; 2], [y0, y1]: [ArkFq; 2]) -> Self {
        Self::new_unchecked(ArkFq2::new(x0, x1), ArkFq2::new(y0, y1))
    }
}

macro_rules! layer {
    ($layer:ident, $group:ident, $degree:literal, $pairs:literal, $add_ns:literal) => {
        impl CurveLayer for $layer {
            type Group = $group;
            type Point = Point<$degree>;
            type Workspace = Workspace<$degree>;

            const INFINITY: Self::Point = Point::INFINITY;
            const PREFERRED_PAIRS: usize = $pairs;
            const ADD_NS: f64 = $add_ns;

            fn workspace(self, max_pairs: usize) -> Self::Workspace {
                Workspace::new(self.0, max_pairs)
            }

            fn import(
                self,
                points: &[<Self::Group as CurveGroup>::Affine],
                out: &mut [Self::Point],
            ) {
                // SAFETY: the token is the proof that the processor has the instructions.
                unsafe { import(points, out) }
            }

            fn export(self, point: &Self::Point) -> <Self::Group as CurveGroup>::Affine {
                export(point)
            }

            fn negate(self, point: &Self::Point) -> Self::Point {
                negate(point)
            }

            fn is_infinity(self, point: &Self::Point) -> bool {
                *point == Point::INFINITY
            }

            unsafe fn add_pairs(
                self,
                workspace: &mut Self::Workspace,
                sources: &Sources<'_, Self::Point>,
                pairs: &[Ref],
                out: &mut [Self::Point],
                upcoming: &[Ref],
            ) {
                // SAFETY: the token, and the caller's promise.
                unsafe { addition::add_pairs(workspace, sources, pairs, out, upcoming) }
            }

            fn double_all(
                self,
                workspace: &mut Self::Workspace,
                points: &[Self::Point],
                out: &mut [Self::Point],
            ) {
                // SAFETY: the token.
                unsafe { addition::double_all(workspace, points, out) }
            }

            fn map_all(self, power: usize, points: &[Self::Point], out: &mut [Self::Point]) {
                let map = <$group as CurveGroup>::Config::power(power);
                let factors = [base_elements(&map.x), base_elements(&map.y)];
                // SAFETY: the token.
                unsafe { map_all(&factors, map.conjugate, points, out) }
            }
        }
    };
}

// Nanoseconds an addition in cache on a Sapphire Rapids (2 MiB of L2) with other work on it, where
// arkworks' buckets took 250 in G1 and 870 in G2. By pairs in a batch, 1024, 2048, 4096 and 8192:
// G1 30, 30, 30 and 31, G2 69, 69, 74 to 78 and 80 to 90, the ranges from run to run.
layer!(IfmaG1, G1Projective, 1, 2048, 29.7);
layer!(IfmaG2, G2Projective, 2, 1024, 69.0);

simd! {
/// Multiplies arkworks' words by 2^264/R, which leaves at most 2.7·p of this module's form.
fn import<const D: usize, A: Words<D>>(points: &[A], out: &mut [Point<D>])
where
    Tower: Field<D>,
{
    assert_eq!(points.len(), out.len(), "as many points as places");
    let factor = Fq::<10>::constant(&FqModulus::FROM_ARK);
    let mut last = [Point::INFINITY; LANES];
    for (points, out) in points.chunks(LANES).zip(out.chunks_mut(LANES)) {
        // The last point again where there is no other.
        let lanes: [&A; LANES] = std::array::from_fn(|lane| &points[lane.min(points.len() - 1)]);
        let mut finite = 0;
        for (lane, point) in lanes.iter().enumerate() {
            finite |= u8::from(!point.is_zero()) << lane;
        }
        let target = if out.len() == LANES { out.as_mut_ptr() } else { last.as_mut_ptr() };
        for component in 0..2 * D {
            let mut addresses = [std::ptr::null(); LANES];
            for (address, point) in addresses.iter_mut().zip(lanes) {
                *address = point.words()[component / D][component % D].as_ptr().cast();
            }
            // SAFETY: four words at each address.
            let words = Fq::<10>::from_words(unsafe { gather_words(&addresses) });
            let mut words = words.mul::<10, 30>(&factor).to_words();
            for word in &mut words {
                *word = _mm512_maskz_mov_epi64(finite, *word);
            }
            // SAFETY: either target holds eight points.
            unsafe { scatter(target, component, words) };
        }
        if out.len() < LANES {
            out.copy_from_slice(&last[..out.len()]);
        }
    }
}
}

/// The coordinates over the base field.
fn base_elements<const D: usize, F: ark_ff::Field<BasePrimeField = ArkFq>>(
    value: &F,
) -> [ArkFq; D] {
    let mut elements = value.to_base_prime_field_elements();
    std::array::from_fn(|_| elements.next().expect("a field of degree D"))
}

simd! {
/// Multiplies the abscissas and the ordinates, or their conjugates, by the two factors.
fn map_all<const D: usize>(
    factors: &[[ArkFq; D]; 2],
    conjugate: bool,
    points: &[Point<D>],
    out: &mut [Point<D>],
)
where
    Tower: Field<D>,
{
    assert_eq!(points.len(), out.len(), "as many points as places");
    let from_ark = Fq::<10>::constant(&FqModulus::FROM_ARK);
    let mut converted = [[Fq::<28>::zero(); D]; 2];
    for (converted, factor) in converted.as_flattened_mut().iter_mut().zip(factors.as_flattened()) {
        let [a, b, c, d] = factor.0.0;
        let words = [splat(a), splat(b), splat(c), splat(d)];
        *converted = Fq::<10>::from_words(words).mul(&from_ark);
    }
    let nothing = [FqRaw::<0, 30>::zero(); D];
    let mut last = [Point::INFINITY; LANES];
    for (points, out) in points.chunks(LANES).zip(out.chunks_mut(LANES)) {
        let mut addresses = [std::ptr::null::<u8>(); LANES];
        for (lane, address) in addresses.iter_mut().enumerate() {
            // The last point again where there is no other.
            *address = (&raw const points[lane.min(points.len() - 1)]).cast();
        }
        let mut values = [[Fq::<60>::zero(); D]; 2];
        let mut any = _mm512_setzero_si512();
        for (component, value) in values.as_flattened_mut().iter_mut().enumerate() {
            let mut place = addresses;
            for address in &mut place {
                *address = address.wrapping_add(32 * component);
            }
            // SAFETY: a point has 2·D coordinates of four words.
            let words = unsafe { gather_words(&place) };
            for word in words {
                any = _mm512_or_si512(any, word);
            }
            let raw = Fq::<30>::from_words(words).raw::<0, 30>();
            let is_second = component % D == 1;
            *value = if conjugate && is_second {
                raw.negated::<3, 0, 30>().normalise()
            } else {
                raw.normalise()
            };
        }
        let finite = _mm512_test_epi64_mask(any, any);
        let target = if out.len() == LANES { out.as_mut_ptr() } else { last.as_mut_ptr() };
        for (coordinate, (factor, value)) in converted.iter().zip(&values).enumerate() {
            let products = Tower::product_plus(factor, value, &nothing);
            for (i, product) in products.iter().enumerate() {
                let mut words = product.reduce().normalise::<30>().to_words();
                for word in &mut words {
                    *word = _mm512_maskz_mov_epi64(finite, *word);
                }
                // SAFETY: either target holds eight points.
                unsafe { scatter(target, coordinate * D + i, words) };
            }
        }
        if out.len() < LANES {
            out.copy_from_slice(&last[..out.len()]);
        }
    }
}
}

/// Point by point.
fn export<const D: usize, A: Words<D>>(point: &Point<D>) -> A {
    if *point == Point::INFINITY {
        return A::zero();
    }
    A::from_coordinates(point.x.map(to_ark), point.y.map(to_ark))
}

/// The residue of words that stand for x·2^260.
fn to_ark(mut words: [u64; 4]) -> ArkFq {
    const P: BigInt<4> = BigInt(FqModulus::P64);
    // 2^252 < p is arkworks' form of 2^-4.
    const SIXTEENTH: ArkFq = ArkFq::new_unchecked(BigInt([0, 0, 0, 1 << 60]));
    while BigInt(words) >= P {
        words = less(words, FqModulus::P64);
    }
    ArkFq::new_unchecked(BigInt(words)) * SIXTEENTH
}

/// `(x, −y)`.
fn negate<const D: usize>(point: &Point<D>) -> Point<D> {
    const THREE_P: [u64; 4] = {
        let [a, b, c, d, e] = FqModulus::MULTIPLES[3];
        [
            a | b << 52,
            b >> 12 | c << 40,
            c >> 24 | d << 28,
            d >> 36 | e << 16,
        ]
    };
    if *point == Point::INFINITY {
        return *point;
    }
    Point {
        x: point.x,
        y: point.y.map(|y| less(THREE_P, y)),
    }
}

/// `a − b` for b ≤ a.
fn less(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    for i in 0..4 {
        let (without, first) = a[i].overflowing_sub(b[i]);
        let (with, second) = without.overflowing_sub(u64::from(borrow));
        difference[i] = with;
        borrow = first | second;
    }
    debug_assert!(!borrow);
    difference
}

#[cfg(test)]
mod tests;
