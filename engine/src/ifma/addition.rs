//! Affine addition of many pairs of points, eight at a time: G1 and G2 in one.
//!
//! ```text
//! λ = (y2 − y1)/(x2 − x1),   x3 = λ² − x1 − x2,   y3 = λ·(x1 − x3) − y1
//! ```
//! The quotients share one inversion (Montgomery's trick): a forward pass over the pairs stores the
//! products of all denominators before each, one inversion turns the last product around, and a
//! backward pass takes the inverses out one by one. Over Fq2 it is the norms that are inverted
//! ([`Field`]). Eight pairs make a *group*, the lanes of a vector; two running products, one for the
//! groups of either parity, give the processor two independent multiplications at any time, without
//! which it would wait for latencies half of the time.
//!
//! **Complete.** [`exceptional`](super::exceptional) says how equal, opposite and infinite operands
//! are found and what becomes of them. The backward pass takes groups with such a lane through a step
//! of its own, which costs one more squaring.
//!
//! **Doublings** of a whole slice need no test: every lane of every group has equal operands, and the
//! denominators 2·y1 and numerators 3·x1² are computed straight away.
//!
//! **Representation.** A coordinate is an integer in 0..=3·p, in the Montgomery form of
//! [`field`](super::field), in four 64-bit words; infinity is all words zero.
//!
//! **Cost.** A group takes 5 multiplications and a square in G1, and with what it takes to gather,
//! unpack, carry, reduce and store 930 vector operations as compiled; in G2 2180. On two ports that is
//! at least 58 and 136 cycles for an addition. A doubling takes one more square,
//! and as compiled 4% more vector operations than an addition in G1 and 11% more in G2.
//!
//! Neither the addresses nor the time are independent of the points.

use super::Ifma;
use super::curve::Point;
use super::exceptional::{
    Special, classify, exceptional_result, tangent_numerator, triple_squares, without_doubles,
};
use super::field::{Fq, FqRaw};
use super::fq2::{Field, Tower};
use super::limbs::{simd, splat};
use super::modulus::{FqModulus, Modulus};
use super::operands::{LANES, Operands, Resolver, prefetch, scatter};
use crate::curve::{Ref, Sources};
use crate::inverse::invert;
use core::arch::x86_64::*;

/// Running products: groups g, g + 1, … that are worked on at the same time.
const CHAINS: usize = 2;

/// Pairs that a turn of the loops takes.
const PAIRS: usize = LANES * CHAINS;

/// Turns of the forward pass between the prefetch of a point and its use. G1, random points out of
/// 2^16, Sapphire Rapids with other work on it, minimum of three interleaved runs: 3, 4, 6 and 12
/// turns gave 31.5, 32.1, 32.3 and 32.7 ns an addition, single runs up to 8% more.
const AHEAD: usize = 3;

/// The x of two points that fill the last groups of a batch. They need not lie on the curve: nobody
/// reads their sum.
const PADDING: [u64; 2] = [1, 2];

/// A kind of turn: operands with different x and none infinite.
const ORDINARY: u8 = 0;

/// A kind of turn: any operands, as the groups say.
const SPECIAL: u8 = 1;

/// A kind of turn: both operands of every pair are the same point.
const DOUBLING: u8 = 2;

/// What the forward pass leaves for the backward pass.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group<const D: usize>
where
    Tower: Field<D>,
{
    /// The product of the norms of all denominators before this one.
    prefix: Fq<28>,
    /// 3·p − x1.
    pub(super) minus_x1: [FqRaw<0, 30>; D],
    /// x2 − x1, or what [`classify`] puts in its place.
    pub(super) denominator: <Tower as Field<D>>::Denominator,
    pub(super) operands: Operands,
    pub(super) special: Special,
}

/// Memory of a batch.
pub struct Workspace<const D: usize>
where
    Tower: Field<D>,
{
    groups: Vec<Group<D>>,
    padding: [Point<D>; 2],
    /// The sums of the last turn, if it is not full.
    last: [Point<D>; PAIRS],
}

impl<const D: usize> Workspace<D>
where
    Tower: Field<D>,
{
    /// Memory for `max_pairs` pairs.
    pub(super) fn new(_: Ifma, max_pairs: usize) -> Self {
        // SAFETY: the token is the proof that the processor has the instructions.
        let group = unsafe { empty_group() };
        Self {
            groups: vec![group; max_pairs.div_ceil(PAIRS) * CHAINS],
            padding: PADDING.map(|word| Point {
                x: [[word, 0, 0, 0]; D],
                y: [[1, 0, 0, 0]; D],
            }),
            last: [Point {
                x: [[0; 4]; D],
                y: [[0; 4]; D],
            }; PAIRS],
        }
    }
}

simd! {
fn empty_group<const D: usize>() -> Group<D>
where
    Tower: Field<D>,
{
    Group {
        prefix: Fq::zero(),
        minus_x1: [FqRaw::zero(); D],
        denominator: Tower::denominator([Fq::zero(); D]),
        operands: Operands::NONE,
        special: Special::default(),
    }
}
}

simd! {
/// Prepares group `index` of a batch: its addresses, its signs, and its points on their way.
fn prepare<const D: usize>(
    group: &mut Group<D>,
    index: usize,
    resolver: &Resolver<D>,
    pairs: &[Ref],
    padding: &[Point<D>; 2],
)
where
    Tower: Field<D>,
{
    let start = 2 * LANES * index;
    group.operands = match pairs.get(start..start + 2 * LANES) {
        Some(references) => {
            resolver.resolve(references.try_into().expect("a slice of that length"))
        }
        None => resolver.resolve_last(pairs.get(start..).unwrap_or_default(), padding),
    };
    group.operands.prefetch::<D>();
}
}

simd! { outlined
/// The forward pass: the product of the norms of all denominators, for either chain.
///
/// # Safety
/// The references of `pairs` are valid for the sources of `resolver`.
unsafe fn forward<const D: usize>(
    groups: &mut [Group<D>],
    resolver: &Resolver<D>,
    pairs: &[Ref],
    padding: &[Point<D>; 2],
) -> [Fq<28>; CHAINS]
where
    Tower: Field<D>,
{
    for (index, group) in groups.iter_mut().take(CHAINS * AHEAD).enumerate() {
        prepare(group, index, resolver, pairs, padding);
    }
    let mut product = [Fq::constant(&FqModulus::ONE); CHAINS];
    for turn in 0..groups.len() / CHAINS {
        for chain in 0..CHAINS {
            let index = CHAINS * (turn + AHEAD) + chain;
            if let Some(group) = groups.get_mut(index) {
                prepare(group, index, resolver, pairs, padding);
            }
        }
        let (first, second) = (CHAINS * turn, CHAINS * turn + 1);
        // SAFETY: `prepare` made the addresses of valid references.
        unsafe {
            product[0] = multiply(&mut groups[first], product[0]);
            product[1] = multiply(&mut groups[second], product[1]);
        }
    }
    product
}
}

simd! {
/// Computes the denominators of a group and multiplies `product` by their norms.
///
/// # Safety
/// The group's addresses are those of points.
unsafe fn multiply<const D: usize>(group: &mut Group<D>, product: Fq<28>) -> Fq<28>
where
    Tower: Field<D>,
{
    let mut difference = [Fq::<60>::zero(); D];
    let mut ordinary = !0;
    for (i, difference) in difference.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        let (words_1, words_2) =
            unsafe { (group.operands.gather(0, i), group.operands.gather(1, i)) };
        if i == 0 {
            ordinary = _mm512_test_epi64_mask(words_1[0], words_1[0]);
            ordinary = _mm512_mask_test_epi64_mask(ordinary, words_2[0], words_2[0]);
        }
        let x1 = Fq::<30>::from_words(words_1).raw::<0, 30>();
        let x2 = Fq::<30>::from_words(words_2).raw::<0, 30>();
        group.minus_x1[i] = x1.negated::<3, 0, 30>();
        *difference = x2.add::<0, 30, 0, 60>(&group.minus_x1[i]).normalise();
    }
    group.denominator = Tower::denominator(difference);
    group.special = Special::default();
    if !Tower::norm(&group.denominator).may_be_zero() & ordinary != !0 {
        // SAFETY: as above.
        unsafe { classify(group) };
    }
    group.prefix = product;
    product.mul(Tower::norm(&group.denominator))
}
}

simd! {
/// The inverses of both products, lane by lane, with one inversion.
///
/// With v0 = the lanes of both products multiplied, the products of 2, 4 and 8 lanes are
/// v1 = v0·(v0 with lanes l and l ⊕ 4 exchanged), v2 and v3 with l ⊕ 2 and l ⊕ 1. The inverse of a
/// lane of v0 is that of v3 times the partners that it met.
fn invert_products(products: [Fq<28>; CHAINS]) -> [Fq<28>; CHAINS] {
    let v0: Fq<28> = products[0].mul(&products[1]);
    let partner_0 = v0.permute(_mm512_setr_epi64(4, 5, 6, 7, 0, 1, 2, 3));
    let v1: Fq<28> = v0.mul(&partner_0);
    let partner_1 = v1.permute(_mm512_setr_epi64(2, 3, 0, 1, 6, 7, 4, 5));
    let v2: Fq<28> = v1.mul(&partner_1);
    let partner_2 = v2.permute(_mm512_setr_epi64(1, 0, 3, 2, 5, 4, 7, 6));
    let v3: Fq<28> = v2.mul(&partner_2);
    let [a, b, c, d] = v3.canonical().to_words();
    let words = [first_lane(a), first_lane(b), first_lane(c), first_lane(d)];
    let partners: Fq<28> = partner_0.mul::<28, 28>(&partner_1).mul(&partner_2);
    let scaled: Fq<28> = partners.mul(&Fq::<10>::constant(&FqModulus::FROM_ARK_INVERSE));
    let [a, b, c, d] = invert(&ark_bn254::Fq::new_unchecked(ark_ff::BigInt(words)))
        .expect("a product of denominators that are not 0")
        .0.0;
    let inverse = Fq::<10>::from_words([splat(a), splat(b), splat(c), splat(d)]);
    let both: Fq<28> = scaled.mul(&inverse);
    [both.mul(&products[1]), both.mul(&products[0])]
}
}

simd! {
fn first_lane(vector: __m512i) -> u64 {
    _mm_cvtsi128_si64(_mm512_castsi512_si128(vector)) as u64
}
}

simd! {
/// One turn of the backward pass: the sums of the groups of all chains, and the inverses that the
/// groups before them need.
///
/// `inverses` are those of the products up to and including these groups.
///
/// # Safety
/// The groups come from [`forward`], and `out` points to as many writable points as they have lanes.
unsafe fn backward_turn<const D: usize, const KIND: u8>(
    groups: &[Group<D>; CHAINS],
    inverses: [Fq<28>; CHAINS],
    out: *mut Point<D>,
) -> [Fq<28>; CHAINS]
where
    Tower: Field<D>,
{
    // Every step is made for both chains before the next one: two multiplications that follow each
    // other in the instruction stream are independent.
    let [first, second] = groups;
    let inverse_norms = [inverses[0].mul(&first.prefix), inverses[1].mul(&second.prefix)];
    // SAFETY: the groups come from the forward pass.
    let rises = unsafe { (rise::<D, KIND, 0>(first), rise::<D, KIND, 1>(second)) };
    let slope_0 = Tower::quotient(&rises.0.numerator, &first.denominator, &inverse_norms[0]);
    let slope_1 = Tower::quotient(&rises.1.numerator, &second.denominator, &inverse_norms[1]);
    let following = [
        inverses[0].mul(Tower::norm(&first.denominator)),
        inverses[1].mul(Tower::norm(&second.denominator)),
    ];
    let x3_0 = abscissa::<D, KIND>(first, &slope_0);
    let x3_1 = abscissa::<D, KIND>(second, &slope_1);
    // SAFETY: as above, and the caller's promise.
    unsafe {
        finish::<D, KIND, 0>(first, &slope_0, &x3_0, &rises.0.minus_y1, out);
        let out = out.wrapping_add(LANES);
        finish::<D, KIND, 1>(second, &slope_1, &x3_1, &rises.1.minus_y1, out);
    }
    following
}
}

/// What a sum needs of the ordinates.
struct Rise<const D: usize> {
    /// y2 − y1, or what else is the numerator of the slope.
    numerator: [Fq<60>; D],
    /// −y1.
    minus_y1: [FqRaw<0, 30>; D],
}

simd! {
/// The ordinates of a group.
///
/// CHAIN makes a function of its own for either chain: the compiler inlines one that has one caller.
///
/// # Safety
/// The group comes from [`forward`].
unsafe fn rise<const D: usize, const KIND: u8, const CHAIN: usize>(
    group: &Group<D>,
) -> Rise<D>
where
    Tower: Field<D>,
{
    let mut numerator = [Fq::<60>::zero(); D];
    let mut minus_y1 = [FqRaw::<0, 30>::zero(); D];
    if KIND == DOUBLING {
        for (i, minus_y1) in minus_y1.iter_mut().enumerate() {
            // SAFETY: the forward pass made the addresses those of points.
            let words = unsafe { group.operands.gather(0, D + i) };
            *minus_y1 = Fq::<30>::from_words(words).raw::<0, 30>().negated::<3, 0, 30>();
        }
        return Rise { numerator: triple_squares::<D, CHAIN>(group), minus_y1 };
    }
    for i in 0..D {
        // SAFETY: the forward pass made the addresses of valid references.
        let (words_1, words_2) = unsafe {
            (group.operands.gather(0, D + i), group.operands.gather(1, D + i))
        };
        let y1 = Fq::<30>::from_words(words_1).raw::<0, 30>();
        let y2 = Fq::<30>::from_words(words_2).raw::<0, 30>();
        minus_y1[i] = y1.negated_where::<3, 0, 30>(!group.operands.negative[0]);
        numerator[i] = y2
            .negated_where::<3, 0, 30>(group.operands.negative[1])
            .add::<0, 30, 0, 60>(&minus_y1[i])
            .normalise();
    }
    if KIND == SPECIAL && group.special.equal != 0 {
        numerator = tangent_numerator(group, numerator);
    }
    Rise { numerator, minus_y1 }
}
}

simd! {
/// `λ² − x1 − x2`.
fn abscissa<const D: usize, const KIND: u8>(
    group: &Group<D>,
    slope: &[Fq<28>; D],
) -> [FqRaw<0, 24>; D]
where
    Tower: Field<D>,
{
    // 2·(3·p − x1) − (x2 − x1 + 3·p) = 3·p − x1 − x2.
    let mut difference = Tower::value(&group.denominator);
    let without_equal;
    if KIND == DOUBLING {
        without_equal = [Fq::multiple::<3>(); D];
        difference = &without_equal;
    } else if KIND == SPECIAL {
        let mut values = *difference;
        for value in &mut values {
            *value = value.select(group.special.equal, Fq::multiple::<3>());
        }
        without_equal = values;
        difference = &without_equal;
    }
    let unreduced = Tower::square_plus(slope, &group.minus_x1, difference);
    let mut x3 = [FqRaw::zero(); D];
    for i in 0..D {
        x3[i] = unreduced[i].reduce();
    }
    x3
}
}

simd! {
/// Computes `y3 = λ·(x1 − x3) − y1` and stores the sums. CHAIN is as in [`rise`].
///
/// # Safety
/// The group comes from [`forward`], and `out` points to as many writable points as it has lanes.
unsafe fn finish<const D: usize, const KIND: u8, const CHAIN: usize>(
    group: &Group<D>,
    slope: &[Fq<28>; D],
    x3: &[FqRaw<0, 24>; D],
    minus_y1: &[FqRaw<0, 30>; D],
    out: *mut Point<D>,
)
where
    Tower: Field<D>,
{
    let mut x1_minus_x3 = [Fq::<60>::zero(); D];
    for i in 0..D {
        x1_minus_x3[i] = x3[i]
            .add::<0, 30, 0, 54>(&group.minus_x1[i])
            .negated::<6, 0, 60>()
            .normalise();
    }
    let y3 = Tower::product_plus(slope, &x1_minus_x3, minus_y1);
    let exceptional =
        KIND == SPECIAL || KIND == DOUBLING && group.special.any_but_doublings();
    for i in 0..D {
        let mut x: Fq<30> = x3[i].normalise();
        let mut y: Fq<30> = y3[i].reduce().normalise();
        if exceptional {
            // SAFETY: the caller's promise.
            (x, y) = unsafe { exceptional_result(group, i, x, y) };
        }
        // SAFETY: the caller's promise.
        unsafe {
            scatter(out, i, x.to_words());
            scatter(out, D + i, y.to_words());
        }
    }
}
}

simd! { outlined
/// [`backward_turn`] for groups with exceptional lanes, out of the way of the others.
///
/// # Safety
/// As there.
#[cold]
unsafe fn special_turn<const D: usize>(
    groups: &[Group<D>; CHAINS],
    inverses: [Fq<28>; CHAINS],
    out: *mut Point<D>,
) -> [Fq<28>; CHAINS]
where
    Tower: Field<D>,
{
    // SAFETY: the caller's promise.
    unsafe { backward_turn::<D, SPECIAL>(groups, inverses, out) }
}
}

simd! { outlined
/// The backward pass.
///
/// # Safety
/// The groups come from [`forward`] for these `pairs`, `inverses` are those of its products, and the
/// references of `upcoming` are valid for the sources of `resolver`.
unsafe fn backward<const D: usize>(
    groups: &[Group<D>],
    mut inverses: [Fq<28>; CHAINS],
    out: &mut [Point<D>],
    last: &mut [Point<D>; PAIRS],
    resolver: &Resolver<D>,
    upcoming: &[Ref],
)
where
    Tower: Field<D>,
{
    let (turns, _) = groups.as_chunks::<CHAINS>();
    let per_turn = upcoming.len() / turns.len();
    for (turn, groups) in turns.iter().enumerate().rev() {
        if let Some(next) = turn.checked_sub(1) {
            for group in &turns[next] {
                group.operands.prefetch::<D>();
            }
        }
        for reference in &upcoming[per_turn * turn..][..per_turn] {
            prefetch::<D, _MM_HINT_T1>(resolver.address(*reference));
        }
        let rest = &mut out[PAIRS * turn..];
        let full = rest.len() >= PAIRS;
        let target = if full { rest.as_mut_ptr() } else { last.as_mut_ptr() };
        // SAFETY: the caller's promise; either target holds the points of a turn.
        inverses = unsafe {
            if groups.iter().any(|group| group.special.any()) {
                special_turn(groups, inverses, target)
            } else {
                backward_turn::<D, ORDINARY>(groups, inverses, target)
            }
        };
        if !full {
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}
}

simd! { outlined
/// See [`CurveLayer::add_pairs`](crate::curve::CurveLayer::add_pairs).
///
/// # Safety
/// As there.
pub(super) unsafe fn add_pairs<const D: usize>(
    workspace: &mut Workspace<D>,
    sources: &Sources<'_, Point<D>>,
    pairs: &[Ref],
    out: &mut [Point<D>],
    upcoming: &[Ref],
)
where
    Tower: Field<D>,
{
    assert_eq!(pairs.len(), 2 * out.len(), "two references for every sum");
    if out.is_empty() {
        return;
    }
    let resolver = Resolver::new(sources);
    let groups = &mut workspace.groups[..CHAINS * out.len().div_ceil(PAIRS)];
    // SAFETY: the caller's promise.
    unsafe {
        let products = forward(groups, &resolver, pairs, &workspace.padding);
        let inverses = invert_products(products);
        backward(groups, inverses, out, &mut workspace.last, &resolver, upcoming);
    }
}
}

simd! {
/// Prepares group `index` of a batch of doublings: both operands of lane l are point 8·index + l, or the
/// padding.
fn prepare_doublings<const D: usize>(
    group: &mut Group<D>,
    index: usize,
    points: &[Point<D>],
    padding: &Point<D>,
)
where
    Tower: Field<D>,
{
    group.operands = Operands::NONE;
    for (lane, pair) in group.operands.addresses.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        let point = points.get(LANES * index + lane).unwrap_or(padding);
        *pair = [(&raw const *point).expose_provenance(); 2];
    }
    group.operands.prefetch::<D>();
}
}

simd! {
/// What [`multiply`] is for doublings.
///
/// # Safety
/// The group's addresses are those of points.
unsafe fn multiply_doublings<const D: usize>(group: &mut Group<D>, product: Fq<28>) -> Fq<28>
where
    Tower: Field<D>,
{
    let mut denominator = [Fq::<60>::zero(); D];
    for (i, denominator) in denominator.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        let (x_words, y_words) =
            unsafe { (group.operands.gather(0, i), group.operands.gather(0, D + i)) };
        group.minus_x1[i] = Fq::<30>::from_words(x_words).raw::<0, 30>().negated::<3, 0, 30>();
        let y = Fq::<30>::from_words(y_words).raw::<0, 30>();
        *denominator = y.add::<0, 30, 0, 60>(&y).normalise();
    }
    group.denominator = Tower::denominator(denominator);
    group.special = Special::DOUBLINGS;
    if Tower::norm(&group.denominator).may_be_zero() != 0 {
        without_doubles(group);
    }
    group.prefix = product;
    product.mul(Tower::norm(&group.denominator))
}
}

simd! { outlined
/// The forward pass of doublings.
fn forward_doublings<const D: usize>(
    groups: &mut [Group<D>],
    points: &[Point<D>],
    padding: &Point<D>,
) -> [Fq<28>; CHAINS]
where
    Tower: Field<D>,
{
    let mut product = [Fq::constant(&FqModulus::ONE); CHAINS];
    for (turn, groups) in groups.as_chunks_mut::<CHAINS>().0.iter_mut().enumerate() {
        for (chain, group) in groups.iter_mut().enumerate() {
            prepare_doublings(group, CHAINS * turn + chain, points, padding);
        }
        let [first, second] = groups;
        // SAFETY: `prepare_doublings` made the addresses those of points.
        unsafe {
            product[0] = multiply_doublings(first, product[0]);
            product[1] = multiply_doublings(second, product[1]);
        }
    }
    product
}
}

simd! { outlined
/// The backward pass of doublings.
///
/// # Safety
/// The groups come from [`forward_doublings`], and `inverses` are those of its products.
unsafe fn backward_doublings<const D: usize>(
    groups: &[Group<D>],
    mut inverses: [Fq<28>; CHAINS],
    out: &mut [Point<D>],
    last: &mut [Point<D>; PAIRS],
)
where
    Tower: Field<D>,
{
    for (turn, groups) in groups.as_chunks::<CHAINS>().0.iter().enumerate().rev() {
        let rest = &mut out[PAIRS * turn..];
        let full = rest.len() >= PAIRS;
        let target = if full { rest.as_mut_ptr() } else { last.as_mut_ptr() };
        // SAFETY: the caller's promise; either target holds the points of a turn.
        inverses = unsafe { backward_turn::<D, DOUBLING>(groups, inverses, target) };
        if !full {
            rest.copy_from_slice(&last[..rest.len()]);
        }
    }
}
}

simd! { outlined
/// See [`CurveLayer::double_all`](crate::curve::CurveLayer::double_all).
pub(super) fn double_all<const D: usize>(
    workspace: &mut Workspace<D>,
    points: &[Point<D>],
    out: &mut [Point<D>],
)
where
    Tower: Field<D>,
{
    assert_eq!(points.len(), out.len(), "as many points as places");
    if out.is_empty() {
        return;
    }
    let groups = &mut workspace.groups[..CHAINS * out.len().div_ceil(PAIRS)];
    let products = forward_doublings(groups, points, &workspace.padding[0]);
    let inverses = invert_products(products);
    // SAFETY: the groups come from the forward pass.
    unsafe { backward_doublings(groups, inverses, out, &mut workspace.last) };
}
}
