//! Eight elements of a prime field side by side, with the state of reduction in the types.
//!
//! An integer x stands for the residue x·R⁻¹ mod p with R = 2^260 (Montgomery form). Three types say
//! how far it has been worked out; bounds are in tenths of p:
//!
//! | type | limbs | value |
//! |---|---|---|
//! | [`Element<M, B>`] | below 2^52 | 0 ≤ x ≤ B/10·p |
//! | [`Raw<M, MIN, MAX>`] | signed, below 2^60 in magnitude | MIN/10·p ≤ x ≤ MAX/10·p |
//! | [`Columns<M, P, MIN, MAX>`] | ten columns below 2^60 in magnitude, the lower five not negative | an addend·R as above, plus products of P/100·p² at most |
//!
//! ```text
//! Element ──raw──▶ Raw ──normalise──▶ Element
//! Element ──product, square──▶ Columns ──reduce──▶ Raw
//! ```
//! Who calls an operation names the bounds of its result; that they follow from those of the
//! operands is checked at compile time. Nothing is ever reduced below p except by
//! [`Element::canonical`]: R/p > 84 leaves room for operands up to 84·p, and a product of operands
//! below A·p and B·p comes out below (A·B/84 + 2.6)·p.
//!
//! **Reduction** of Σ c_i·2^(52·i), i < 10. The digits of the four lowest columns are replaced by what
//! they are congruent to five columns up: c_k·2^(52·k) = c_k·2^(52·(k−4))·2^208, and
//! 2^(−52·(4−k)) mod p is a constant. The four replacements do not wait for each other, as the steps
//! of Montgomery's algorithm would. One such step removes the fifth column: it adds q·p with
//! q = −c_4/p mod 2^52, which makes the column a multiple of 2^52.
//!
//! **Cost** of a multiplication in vector operations: 50 multiply-adds for the columns, 40 for the
//! replacements, 10 for the last step, 11 for carries between columns and 8 to 12 to normalise. A
//! square needs 20 fewer multiply-adds and 8 more additions.

use core::arch::x86_64::*;
use core::marker::PhantomData;

use super::limbs::{self, Limbs, simd, splat};
use super::modulus::{FqModulus, MASK52, Modulus};

/// Eight normalised values x, 0 ≤ x ≤ B/10·p.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Element<M, const B: usize> {
    limbs: Limbs,
    modulus: PhantomData<M>,
}

/// Eight values x, MIN/10·p ≤ x ≤ MAX/10·p, whose limbs have not been carried.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Raw<M, const MIN: isize, const MAX: isize> {
    limbs: Limbs,
    modulus: PhantomData<M>,
}

/// Eight unreduced sums of products, at most P/100·p², plus R times an addend between MIN/10·p and
/// MAX/10·p.
#[derive(Clone, Copy)]
pub(crate) struct Columns<M, const P: usize, const MIN: isize, const MAX: isize> {
    columns: [__m512i; 10],
    modulus: PhantomData<M>,
}

/// Eight elements of the base field.
pub type Fq<const B: usize> = Element<FqModulus, B>;

/// Eight uncarried elements of the base field.
pub type FqRaw<const MIN: isize, const MAX: isize> = Raw<FqModulus, MIN, MAX>;

/// The largest bound of an [`Element`]: 84·p < 2^260.
const MAX_BOUND: usize = 840;

/// The largest bound at which four 64-bit words hold an element: 5.2·p < 2^256.
const MAX_PACKED: usize = 52;

impl<M: Modulus, const B: usize> Element<M, B> {
    simd! {
    /// Zero in every lane.
    pub(crate) fn zero() -> Self {
        Self { limbs: limbs::zero(), modulus: PhantomData }
    }
    }

    simd! {
    /// A constant below p in every lane.
    pub(crate) fn constant(limbs: &[u64; 5]) -> Self {
        const { assert!(B >= 10) }
        Self { limbs: limbs::broadcast(limbs), modulus: PhantomData }
    }
    }

    simd! {
    /// K·p in every lane.
    pub(crate) fn multiple<const K: usize>() -> Self {
        const { assert!(10 * K <= B && B <= MAX_BOUND) }
        Self { limbs: limbs::broadcast(&M::MULTIPLES[K]), modulus: PhantomData }
    }
    }

    simd! {
    /// Values from four 64-bit words each; the caller knows that they are at most B/10·p.
    pub(crate) fn from_words(words: [__m512i; 4]) -> Self {
        Self { limbs: limbs::unpack(words), modulus: PhantomData }
    }
    }

    simd! {
    /// Four 64-bit words each.
    pub(crate) fn to_words(self) -> [__m512i; 4] {
        const { assert!(B <= MAX_PACKED) }
        limbs::pack(&self.limbs)
    }
    }

    simd! {
    /// The same values, their bounds forgotten.
    pub(crate) fn raw<const MIN: isize, const MAX: isize>(self) -> Raw<M, MIN, MAX> {
        const { assert!(MIN <= 0 && MAX >= B as isize) }
        Raw::new(self.limbs)
    }
    }

    simd! {
    /// Lanes of `other` where the mask has a one.
    pub(crate) fn select(self, mask: __mmask8, other: Self) -> Self {
        Self { limbs: limbs::select(mask, &self.limbs, &other.limbs), modulus: PhantomData }
    }
    }

    simd! {
    /// Lane `indices[l]` in lane l.
    pub(crate) fn permute(self, indices: __m512i) -> Self {
        let mut limbs = self.limbs;
        for limb in &mut limbs {
            *limb = _mm512_permutexvar_epi64(indices, *limb);
        }
        Self { limbs, modulus: PhantomData }
    }
    }

    simd! {
    /// The product.
    pub(crate) fn mul<const A: usize, const C: usize>(&self, other: &Element<M, A>) -> Element<M, C> {
        const { assert!(C <= MAX_BOUND && 846 * (C as isize - M::REDUCED_TENTHS as isize) >= (A * B) as isize) }
        let columns = Columns::<M, 0, 0, 0>::zero().accumulate(&self.limbs, &other.limbs);
        Element { limbs: limbs::normalise(&columns.reduced()), modulus: PhantomData }
    }
    }

    simd! {
    /// Lanes that the comparison of one limb does not exclude from being zero modulo p; for a random
    /// value that happens once in 2^48.
    ///
    /// k·p has the low limb k·p_0 mod 2^52, and its product with 1/p_0 is k.
    pub(crate) fn may_be_zero(&self) -> __mmask8 {
        const { assert!(B <= 150) }
        let zero = _mm512_setzero_si512();
        let quotient = _mm512_madd52lo_epu64(zero, self.limbs[0], splat(M::P_INVERSE));
        _mm512_cmplt_epu64_mask(quotient, splat(16))
    }
    }

    simd! {
    /// Lanes that are zero modulo p: the quotient of [`Self::may_be_zero`] says which multiple of p
    /// to compare with.
    pub(crate) fn is_zero(&self) -> __mmask8 {
        const { assert!(B < 80) }
        let zero = _mm512_setzero_si512();
        let quotient = _mm512_madd52lo_epu64(zero, self.limbs[0], splat(M::P_INVERSE));
        let mut equal = _mm512_cmplt_epu64_mask(quotient, splat(8));
        for (limb, table) in self.limbs.iter().zip(const { &Self::FIRST_MULTIPLES }) {
            // SAFETY: eight words.
            let table = unsafe { _mm512_loadu_si512(table.as_ptr().cast()) };
            let multiple = _mm512_permutexvar_epi64(quotient, table);
            equal = _mm512_mask_cmpeq_epi64_mask(equal, *limb, multiple);
        }
        equal
    }
    }

    /// Limb i of k·p at k.
    const FIRST_MULTIPLES: [[u64; 8]; 5] = {
        let mut table = [[0; 8]; 5];
        let mut k = 0;
        while k < 8 {
            let mut i = 0;
            while i < 5 {
                table[i][k] = M::MULTIPLES[k][i];
                i += 1;
            }
            k += 1;
        }
        table
    };

    simd! {
    /// The residues below p.
    pub(crate) fn canonical(self) -> Element<M, 10> {
        let mut limbs = self.limbs;
        // x < 2^(k+1)·p before the step k, x < 2^k·p after it.
        for k in (0..(B / 10 + 1).next_power_of_two().ilog2()).rev() {
            let multiple = limbs::broadcast(&M::MULTIPLES[1 << k]);
            let difference = limbs::normalise(&limbs::sub(&limbs, &multiple));
            let negative = _mm512_movepi64_mask(difference[4]);
            limbs = limbs::select(negative, &difference, &limbs);
        }
        Element { limbs, modulus: PhantomData }
    }
    }
}

impl<M: Modulus, const MIN: isize, const MAX: isize> Raw<M, MIN, MAX> {
    simd! {
    fn new(limbs: Limbs) -> Self {
        Self { limbs, modulus: PhantomData }
    }
    }

    simd! {
    /// Zero in every lane.
    pub(crate) fn zero() -> Self {
        Self::new(limbs::zero())
    }
    }

    simd! {
    /// The sum.
    pub(crate) fn add<const A: isize, const B: isize, const C: isize, const D: isize>(
        &self,
        other: &Raw<M, A, B>,
    ) -> Raw<M, C, D> {
        const { assert!(C <= MIN + A && MAX + B <= D) }
        Raw::new(limbs::add(&self.limbs, &other.limbs))
    }
    }

    simd! {
    /// The difference.
    pub(crate) fn sub<const A: isize, const B: isize, const C: isize, const D: isize>(
        &self,
        other: &Raw<M, A, B>,
    ) -> Raw<M, C, D> {
        const { assert!(C <= MIN - B && MAX - A <= D) }
        Raw::new(limbs::sub(&self.limbs, &other.limbs))
    }
    }

    simd! {
    /// The same values under bounds that the caller knows to hold.
    pub(crate) fn known<const C: isize, const D: isize>(&self) -> Raw<M, C, D> {
        Raw::new(self.limbs)
    }
    }

    simd! {
    /// `K·p − x`.
    pub(crate) fn negated<const K: usize, const C: isize, const D: isize>(&self) -> Raw<M, C, D> {
        const { assert!(C <= 10 * K as isize - MAX && 10 * K as isize - MIN <= D) }
        Raw::new(limbs::sub(&limbs::broadcast(&M::MULTIPLES[K]), &self.limbs))
    }
    }

    simd! {
    /// `K·p − x` where the mask has a one, x elsewhere.
    pub(crate) fn negated_where<const K: usize, const C: isize, const D: isize>(
        &self,
        mask: __mmask8,
    ) -> Raw<M, C, D> {
        const {
            assert!(C <= MIN && MAX <= D);
            assert!(C <= 10 * K as isize - MAX && 10 * K as isize - MIN <= D);
        }
        let multiple = limbs::broadcast(&M::MULTIPLES[K]);
        let mut limbs = self.limbs;
        for i in 0..5 {
            limbs[i] = _mm512_mask_sub_epi64(limbs[i], mask, multiple[i], limbs[i]);
        }
        Raw::new(limbs)
    }
    }

    simd! {
    /// Carries.
    pub(crate) fn normalise<const B: usize>(&self) -> Element<M, B> {
        const { assert!(MIN >= 0 && MAX <= B as isize && B <= MAX_BOUND) }
        Element { limbs: limbs::normalise(&self.limbs), modulus: PhantomData }
    }
    }

    simd! {
    /// The values minus a multiple of p that leaves 0 ≤ x ≤ 2.4·p.
    ///
    /// The quotient comes from a table at the top bits, t = ⌊x/2^254⌋ but for the carries that the top
    /// limb still lacks; those are below 2^9 in magnitude, so that t − 2^−36 < x/2^254 < t + 1 + 2^−36.
    pub(crate) fn reduce(&self) -> Raw<M, 0, 24> {
        const { assert!(MIN >= -39 && MAX <= 66) }
        let index = _mm512_srli_epi64::<46>(self.limbs[4]);
        let mut limbs = self.limbs;
        for (limb, table) in limbs.iter_mut().zip(const { &Self::REDUCTIONS }) {
            // SAFETY: eight words.
            let table = unsafe { _mm512_loadu_si512(table.as_ptr().cast()) };
            *limb = _mm512_sub_epi64(*limb, _mm512_permutexvar_epi64(index, table));
        }
        Raw::new(limbs)
    }
    }

    /// Limb i of q·p at t mod 8 for −3 ≤ t ≤ 4, with q = ⌈t·2^254/p⌉ − 1; the limbs of negative
    /// multiples are negative.
    ///
    /// 2^254/p = 1.3224…, and t·2^254/p − q is largest at t = 0, where it is 1: at most 1 + 1.33 is
    /// left. It is smallest, 0.03, at t = −3, more than what the missing carries can take away; 0 at
    /// t = 0 would not be.
    const REDUCTIONS: [[u64; 8]; 5] = {
        // In thousandths: 2^254/p.
        const RATIO: i64 = 1322;
        assert!(M::P64[3] >> 48 == 0x3064);
        let mut table = [[0; 8]; 5];
        let mut t = -3;
        while t <= 4 {
            let quotient = (RATIO * t - 1).div_euclid(1000);
            let multiple = M::MULTIPLES[quotient.unsigned_abs() as usize];
            let mut i = 0;
            while i < 5 {
                let limb = multiple[i];
                table[i][(t & 7) as usize] = if quotient < 0 {
                    limb.wrapping_neg()
                } else {
                    limb
                };
                i += 1;
            }
            t += 1;
        }
        table
    };
}

impl<M: Modulus, const P: usize, const MIN: isize, const MAX: isize> Columns<M, P, MIN, MAX> {
    simd! {
    /// An addend and no product yet.
    pub(crate) fn new(addend: &Raw<M, MIN, MAX>) -> Self {
        const { assert!(P == 0) }
        let zero = _mm512_setzero_si512();
        let [a, b, c, d, e] = addend.limbs;
        Self { columns: [zero, zero, zero, zero, zero, a, b, c, d, e], modulus: PhantomData }
    }
    }

    simd! {
    /// Nothing yet.
    pub(crate) fn zero() -> Self {
        Self { columns: [_mm512_setzero_si512(); 10], modulus: PhantomData }
    }
    }

    simd! {
    fn accumulate(self, a: &Limbs, b: &Limbs) -> Self {
        let mut c = self.columns;
        for i in 0..5 {
            for j in 0..5 {
                c[i + j] = _mm512_madd52lo_epu64(c[i + j], a[i], b[j]);
                c[i + j + 1] = _mm512_madd52hi_epu64(c[i + j + 1], a[i], b[j]);
            }
        }
        Self { columns: c, modulus: PhantomData }
    }
    }

    simd! {
    /// Adds a product.
    pub(crate) fn add_product<const A: usize, const B: usize, const Q: usize>(
        self,
        a: &Element<M, A>,
        b: &Element<M, B>,
    ) -> Columns<M, Q, MIN, MAX> {
        const { assert!(P + A * B <= Q) }
        Columns { columns: self.accumulate(&a.limbs, &b.limbs).columns, modulus: PhantomData }
    }
    }

    simd! {
    /// The sum of the squares of `values` and of twice the addend in `self`.
    ///
    /// The products of different limbs are accumulated once on top of the addend, and all is doubled
    /// before the squares of single limbs come in.
    pub(crate) fn doubled_plus_squares<
        const N: usize, const A: usize, const Q: usize, const C: isize, const D: isize,
    >(
        self,
        values: &[Element<M, A>; N],
    ) -> Columns<M, Q, C, D> {
        const { assert!(P == 0 && N * A * A <= Q && C <= 2 * MIN && 2 * MAX <= D) }
        let mut c = self.columns;
        for Element { limbs: a, .. } in values {
            for i in 0..5 {
                for j in i + 1..5 {
                    c[i + j] = _mm512_madd52lo_epu64(c[i + j], a[i], a[j]);
                    c[i + j + 1] = _mm512_madd52hi_epu64(c[i + j + 1], a[i], a[j]);
                }
            }
        }
        for column in &mut c[1..] {
            *column = _mm512_add_epi64(*column, *column);
        }
        for Element { limbs: a, .. } in values {
            for i in 0..5 {
                c[2 * i] = _mm512_madd52lo_epu64(c[2 * i], a[i], a[i]);
                c[2 * i + 1] = _mm512_madd52hi_epu64(c[2 * i + 1], a[i], a[i]);
            }
        }
        Columns { columns: c, modulus: PhantomData }
    }
    }

    simd! {
    /// Doubles all.
    pub(crate) fn doubled<const Q: usize, const C: isize, const D: isize>(
        self,
    ) -> Columns<M, Q, C, D> {
        const { assert!(2 * P <= Q && C <= 2 * MIN && 2 * MAX <= D) }
        let mut columns = self.columns;
        for column in &mut columns {
            *column = _mm512_add_epi64(*column, *column);
        }
        Columns { columns, modulus: PhantomData }
    }
    }

    simd! {
    /// Subtracts from the addend.
    pub(crate) fn minus<const A: isize, const B: isize, const C: isize, const D: isize>(
        self,
        subtrahend: &Raw<M, A, B>,
    ) -> Columns<M, P, C, D> {
        const { assert!(C <= MIN - B && MAX - A <= D) }
        let mut columns = self.columns;
        for i in 0..5 {
            columns[5 + i] = _mm512_sub_epi64(columns[5 + i], subtrahend.limbs[i]);
        }
        Columns { columns, modulus: PhantomData }
    }
    }

    simd! {
    /// The same under bounds of the addend that the caller knows to hold.
    pub(crate) fn with_addend<const C: isize, const D: isize>(self) -> Columns<M, P, C, D> {
        Columns { columns: self.columns, modulus: PhantomData }
    }
    }

    simd! {
    /// The addend plus the products divided by R, modulo p. See the module's documentation.
    ///
    /// With every replacement below its constant times 2^52, the result is at most
    /// P/100·p²/R + Σ_k (2^(−52·k) mod p) + p above the addend, and p/R < 1/84.6.
    pub(crate) fn reduce<const C: isize, const D: isize>(self) -> Raw<M, C, D> {
        const { assert!(C <= MIN && 846 * (D - MAX - M::REDUCED_TENTHS as isize) >= P as isize) }
        Raw::new(self.reduced())
    }
    }

    simd! {
    fn reduced(self) -> Limbs {
        let mut c = self.columns;
        for i in 0..4 {
            c[i + 1] = _mm512_add_epi64(c[i + 1], _mm512_srli_epi64::<52>(c[i]));
        }
        for i in 0..4 {
            // The multiplication reads the low 52 bits of c[i], and the rest has been carried.
            let power = limbs::broadcast(&M::INVERSE_POWERS[3 - i]);
            for j in 0..5 {
                c[4 + j] = _mm512_madd52lo_epu64(c[4 + j], c[i], power[j]);
                c[5 + j] = _mm512_madd52hi_epu64(c[5 + j], c[i], power[j]);
            }
        }
        let q = _mm512_madd52lo_epu64(_mm512_setzero_si512(), c[4], splat(M::NEG_P_INVERSE));
        // c_4 + low(q·p_0) is a multiple of 2^52, and low(q·p_0) = 0 only if the low bits of c_4 are:
        // the quotient is c_4/2^52 rounded up.
        let carry = _mm512_srli_epi64::<52>(_mm512_add_epi64(c[4], splat(MASK52)));
        let p = limbs::broadcast(&M::P);
        c[5] = _mm512_madd52hi_epu64(_mm512_add_epi64(c[5], carry), q, p[0]);
        for j in 1..5 {
            c[4 + j] = _mm512_madd52lo_epu64(c[4 + j], q, p[j]);
            c[5 + j] = _mm512_madd52hi_epu64(c[5 + j], q, p[j]);
        }
        [c[5], c[6], c[7], c[8], c[9]]
    }
    }
}

#[cfg(test)]
mod tests;
