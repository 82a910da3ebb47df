//! Pairs of points that the formulas of affine addition do not serve, in the lanes of a group.
//!
//! The forward pass tests every group in a few operations for lanes that can be exceptional:
//! x2 − x1 ≡ 0, or a first word of an x that is 0 as it is for infinity. [`classify`] then decides:
//!
//! | operands | denominator | result |
//! |---|---|---|
//! | equal | y1 + y2 | numerator 3·x1² in λ, the rest as ever |
//! | opposite, or both infinite | 1 | infinity |
//! | one infinite | x2 − x1, or y1 + y2 if x2 ≡ x1 | the other one |
//!
//! No finite point has y = 0: neither group has a point of order two, the orders of the curve and of
//! its twist being odd. So y1 + y2 ≢ 0 for equal operands and in the last row, where one of the two
//! is 0, and no denominator is 0.

use core::arch::x86_64::*;

use super::addition::Group;
use super::field::{Fq, FqRaw};
use super::fq2::{Field, Tower};
use super::limbs::simd;
use super::modulus::{FqModulus, Modulus};

/// Lanes of a group that ordinary formulas do not serve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Special {
    /// The operands are the same finite point.
    pub(super) equal: u8,
    /// The operands are opposite, or both infinite.
    opposite: u8,
    /// The first operand is infinite; the second one is.
    infinite: [u8; 2],
}

impl Special {
    /// Every pair is a doubling.
    pub(super) const DOUBLINGS: Self = Self {
        equal: !0,
        opposite: 0,
        infinite: [0; 2],
    };

    /// Whether there are any.
    pub(super) fn any(self) -> bool {
        self != Self::default()
    }

    /// Whether there are others than doublings of finite points.
    pub(super) fn any_but_doublings(self) -> bool {
        self != Self::DOUBLINGS
    }
}

simd! { outlined
/// Finds the lanes of a group that ordinary formulas do not serve and changes their denominators.
///
/// # Safety
/// The group's addresses are those of points, and its denominator is x2 − x1.
#[cold]
pub(super) unsafe fn classify<const D: usize>(group: &mut Group<D>)
where
    Tower: Field<D>,
{
    let difference = *Tower::value(&group.denominator);
    let mut same_x = !0;
    let mut opposite_y = !0;
    let mut nonzero = [0; 2];
    let mut sums = difference;
    for (i, sum) in sums.iter_mut().enumerate() {
        let mut y = [FqRaw::<0, 30>::zero(); 2];
        for operand in 0..2 {
            // SAFETY: the caller's promise.
            let (x_words, y_words) = unsafe {
                (group.operands.gather(operand, i), group.operands.gather(operand, D + i))
            };
            let mut any = x_words[0];
            for word in x_words.into_iter().chain(y_words) {
                any = _mm512_or_si512(any, word);
            }
            nonzero[operand] |= _mm512_test_epi64_mask(any, any);
            y[operand] = Fq::<30>::from_words(y_words)
                .raw::<0, 30>()
                .negated_where::<3, 0, 30>(group.operands.negative[operand]);
        }
        *sum = y[0].add::<0, 30, 0, 60>(&y[1]).normalise();
        same_x &= difference[i].is_zero();
        opposite_y &= sum.is_zero();
    }
    let opposite = same_x & opposite_y;
    let equal = same_x & !opposite_y;
    let mut denominator = difference;
    for i in 0..D {
        let one = if i == 0 { Fq::constant(&FqModulus::ONE) } else { Fq::zero() };
        denominator[i] = difference[i].select(equal, sums[i]).select(opposite, one);
    }
    group.denominator = Tower::denominator(denominator);
    group.special = Special { equal, opposite, infinite: nonzero.map(|mask| !mask) };
}
}

simd! { outlined
/// In a group of doublings, takes the lanes with y = 0, which means infinity on these curves, for
/// opposite operands.
#[cold]
pub(super) fn without_doubles<const D: usize>(group: &mut Group<D>)
where
    Tower: Field<D>,
{
    let mut denominator = *Tower::value(&group.denominator);
    let mut zero = !0;
    for component in &denominator {
        zero &= component.is_zero();
    }
    for (i, component) in denominator.iter_mut().enumerate() {
        let one = if i == 0 { Fq::constant(&FqModulus::ONE) } else { Fq::zero() };
        *component = component.select(zero, one);
    }
    group.denominator = Tower::denominator(denominator);
    group.special = Special { equal: !zero, opposite: zero, infinite: [0; 2] };
}
}

simd! {
/// 3·x1² in every lane. USE makes a function of its own for every place that calls it: the compiler
/// inlines one that has one caller.
pub(super) fn triple_squares<const D: usize, const USE: usize>(group: &Group<D>) -> [Fq<60>; D]
where
    Tower: Field<D>,
{
    let mut x1 = [Fq::<30>::zero(); D];
    for (x1, minus_x1) in x1.iter_mut().zip(&group.minus_x1) {
        *x1 = minus_x1.negated::<3, 0, 30>().normalise();
    }
    let squares = Tower::square(&x1);
    let mut triples = [Fq::<60>::zero(); D];
    for i in 0..D {
        let square = squares[i].reduce();
        let double = square.add::<0, 24, 0, 48>(&square).reduce();
        triples[i] = double.add::<0, 24, 0, 48>(&square).normalise();
    }
    triples
}
}

simd! {
/// 3·x1² in lanes with equal operands.
pub(super) fn tangent_numerator<const D: usize>(group: &Group<D>, numerator: [Fq<60>; D]) -> [Fq<60>; D]
where
    Tower: Field<D>,
{
    let triples = triple_squares::<D, 2>(group);
    let mut chosen = numerator;
    for i in 0..D {
        chosen[i] = numerator[i].select(group.special.equal, triples[i]);
    }
    chosen
}
}

simd! {
/// Component i of the sum where the operands are opposite or one of them is infinite; x and y
/// elsewhere.
///
/// # Safety
/// The group's addresses are those of points.
pub(super) unsafe fn exceptional_result<const D: usize>(
    group: &Group<D>,
    i: usize,
    x: Fq<30>,
    y: Fq<30>,
) -> (Fq<30>, Fq<30>)
where
    Tower: Field<D>,
{
    let (mut x, mut y) = (x, y);
    for operand in 0..2 {
        let infinite = group.special.infinite[operand];
        if infinite == 0 {
            continue;
        }
        let other = 1 - operand;
        // SAFETY: the caller's promise.
        let (x_words, y_words) = unsafe {
            (group.operands.gather(other, i), group.operands.gather(other, D + i))
        };
        let signed_y = Fq::<30>::from_words(y_words)
            .raw::<0, 30>()
            .negated_where::<3, 0, 30>(group.operands.negative[other])
            .normalise();
        x = x.select(infinite, Fq::from_words(x_words));
        y = y.select(infinite, signed_y);
    }
    let opposite = group.special.opposite;
    (x.select(opposite, Fq::zero()), y.select(opposite, Fq::zero()))
}
}
