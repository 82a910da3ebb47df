//! Lazily reduced arithmetic modulo r, eight values at a time, where one factor is known beforehand.
//!
//! **Multiplication by a known w.** A [`Factor`] holds the five integers
//! `w_i = w·2^(52·(i+1)) mod r`. For x with the digits `x_i` to the base 2^52,
//!
//! ```text
//! V = Σ_i x_i·w_i ≡ x·w·2^52          (50 IFMA: five digits times five limbs, low and high halves)
//! q = −V/r mod 2^52                   (1)
//! (V + q·r) / 2^52 ≡ x·w              (10 and a carry)
//! ```
//!
//! This is one word of Montgomery's reduction for any x below 2^260, since the four other words went
//! into the factor; a multiplication of two variables needs them ([`Digits::times`], 101 IFMA). w is
//! a plain integer, so x keeps the Montgomery form it came in.
//!
//! **Bounds.** As every x_i is below 2^52, `(V + q·r)/2^52 < 6r`. Starting the columns at −3r makes
//! that the interval [−3r, 3r). Sums and differences are taken limb by limb without carries; 2^260
//! is 84.64·r, so dozens of products add up before anything must be reduced.
//!
//! Values have three states:
//! - [`Lazy`]: signed limbs of any size, the value anywhere; sums are taken here,
//! - [`Digits`]: value in [0, 2^260) with the carries taken, the operand of multiplications,
//! - [`Reduced`]: value in [0, r·(1 + 2^−25)), limbs below 2^52; what memory may hold.
//!
//! Cost in vector operations for eight lanes: multiplication by a factor 63, by a variable 110,
//! taking the carries 8, reduction 24. Two start in every cycle.

use core::arch::asm;
use core::arch::x86_64::*;

use ark_bn254::Fr;
use ark_ff::BigInt;

use crate::ifma::limbs::{Limbs, broadcast, normalise, simd, splat, zero};
use crate::ifma::modulus::{FrModulus, MASK52, Modulus, to_limbs52};

/// r.
const P: [u64; 5] = FrModulus::P;

/// k·r.
pub(super) const MULTIPLES: [[u64; 5]; 84] = FrModulus::MULTIPLES;

/// 2^260 − r.
const NEG_P: [u64; 5] = {
    // r is odd: no borrow beyond the lowest limb.
    let mut limbs = [0; 5];
    let mut i = 0;
    while i < 5 {
        limbs[i] = MASK52 - P[i];
        i += 1;
    }
    limbs[0] += 1;
    limbs
};

/// A little below 2^304 / r: q = ⌊t·this / 2^96⌋ is ⌊v/r⌋ or one less for the value v whose top limb
/// is t.
///
/// Write `c` for the constant, (1 − 2^−32 − 2^−60)·2^304/r < c < (1 − 2^−32)·2^304/r. With lower limbs
/// that are signed and below 2^62, t is within 2^11 of v/2^208. Then
/// `t·c/2^96 < (v/r)·(1 − 2^−32) + 2^11·84.64/2^52 < (v/r)·(1 − 2^−32) + 2^−34`, which cannot reach an
/// integer k ≥ 1 unless `v/r ≥ k`: q never exceeds ⌊v/r⌋. And
/// `t·c/2^96 > v/r − 84.64·(2^−32 + 2^−60) − 2^−34 > v/r − 2^−25.5`, where the two truncations (of the
/// high half of the product, which leaves 44 bits of the fraction) cost less than 2^−44 before the
/// last one: v − q·r < r·(1 + 2^−25).
const QUOTIENT: u64 = {
    let exact = (1u128 << 112) / (FrModulus::P64[3] as u128 + 1);
    (exact - (exact >> 32) - 1) as u64
};

/// −3·r: the start of a product's columns.
pub(super) static NEG_3P: [u64; 5] = {
    let mut limbs = [0; 5];
    let mut i = 0;
    while i < 5 {
        limbs[i] = MULTIPLES[3][i].wrapping_neg();
        i += 1;
    }
    limbs
};

/// A value in signed limbs: `Σ_i limb_i·2^(52i)`.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
pub(crate) struct Lazy(pub(super) Limbs);

/// A value in [0, 2^260), of which the low 52 bits of limb i are digit i. Above them, limbs 0 to 3
/// still have the bits that were carried on; the multiplier ignores them.
#[derive(Clone, Copy)]
pub(super) struct Digits(Limbs);

/// A value in [0, r·(1 + 2^−25)) in limbs below 2^52.
#[derive(Clone, Copy)]
pub(super) struct Reduced(Limbs);

/// The same factor w for all lanes: `w·2^(52·(i+1)) mod r` for i in 0..5.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Factor([[u64; 5]; 5]);

/// For each lane its own factor, as in [`Factor`], but each integer below r·(1 + 2^−25).
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct LaneFactors([Limbs; 5]);

impl Factor {
    /// Prepares a factor: five multiplications.
    pub(super) fn new(w: Fr) -> Self {
        // In memory a·b is the integer of a times that of b times 2^−256. So the product of w with
        // the element whose integer is 2^52 has the integer w·2^52, and so on by 2^52.
        let mut shifted = w * Fr::new_unchecked(BigInt([1 << 52, 0, 0, 0]));
        let shift = Fr::from(1u64 << 52);
        Self(std::array::from_fn(|_| {
            let limbs = to_limbs52(shifted.0.0);
            shifted *= shift;
            limbs
        }))
    }
}

simd! {
/// The same five limbs in every lane, loaded where this stands in the program.
///
/// A load costs nothing while the multipliers are the bottleneck. Left to itself the compiler loads
/// all limbs of a factor before a loop, has no registers for them and keeps eight copies of each on
/// the stack; and it copies registers, which takes a slot of the multipliers' ports.
fn load_splat(limbs: &[u64; 5]) -> Limbs {
    let (a, b, c, d, e);
    // SAFETY: reads the forty bytes of `limbs`.
    unsafe {
        asm!(
            "vpbroadcastq {a}, qword ptr [{limbs}]",
            "vpbroadcastq {b}, qword ptr [{limbs} + 8]",
            "vpbroadcastq {c}, qword ptr [{limbs} + 16]",
            "vpbroadcastq {d}, qword ptr [{limbs} + 24]",
            "vpbroadcastq {e}, qword ptr [{limbs} + 32]",
            a = out(zmm_reg) a,
            b = out(zmm_reg) b,
            c = out(zmm_reg) c,
            d = out(zmm_reg) d,
            e = out(zmm_reg) e,
            limbs = in(reg) limbs,
            options(readonly, nostack, preserves_flags),
        );
    }
    [a, b, c, d, e]
}
}

simd! {
fn low(c: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52lo_epu64(c, a, b)
}
}

simd! {
fn high(c: __m512i, a: __m512i, b: __m512i) -> __m512i {
    _mm512_madd52hi_epu64(c, a, b)
}
}

simd! {
/// `(Σ_i c_i·2^(52i) + q·r) / 2^52` for the q that makes it an integer: what is added is below r.
///
/// c_0 is not negative and below 2^63; the others may be signed.
fn montgomery_step(c: &[__m512i; 6]) -> Lazy {
    let q = low(_mm512_setzero_si512(), c[0], splat(FrModulus::NEG_P_INVERSE));
    // The low 52 bits of this sum are zero.
    let carry = _mm512_srli_epi64::<52>(low(c[0], q, splat(P[0])));
    let mut limbs = [c[1], c[2], c[3], c[4], c[5]];
    limbs[0] = _mm512_add_epi64(limbs[0], carry);
    for j in 0..4 {
        limbs[j] = low(limbs[j], q, splat(P[j + 1]));
    }
    for j in 0..5 {
        limbs[j] = high(limbs[j], q, splat(P[j]));
    }
    Lazy(limbs)
}
}

impl Lazy {
    simd! {
    /// `self + other`.
    pub(super) fn add(&self, other: &Self) -> Self {
        Self(crate::ifma::limbs::add(&self.0, &other.0))
    }
    }

    simd! {
    /// `self − other`.
    pub(super) fn sub(&self, other: &Self) -> Self {
        Self(crate::ifma::limbs::sub(&self.0, &other.0))
    }
    }

    simd! {
    /// `self + K·r`.
    pub(super) fn raise<const K: usize>(&self) -> Self {
        Self(crate::ifma::limbs::add(&self.0, &broadcast(&MULTIPLES[K])))
    }
    }

    simd! {
    /// Takes the carries of a value in [0, 2^260).
    pub(super) fn carry(&self) -> Digits {
        let mut limbs = self.0;
        for i in 0..4 {
            limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], _mm512_srai_epi64::<52>(limbs[i]));
        }
        debug_assert!(
            _mm512_cmpge_epu64_mask(limbs[4], splat(1 << 52)) == 0,
            "expected values in [0, 2^260)"
        );
        Digits(limbs)
    }
    }

    simd! {
    /// Subtracts the multiple of r below a value in [0, 84·r] whose top limb is not negative.
    ///
    /// See `QUOTIENT` for the bound.
    pub(super) fn reduce(&self) -> Reduced {
        let mut limbs = self.0;
        debug_assert!(
            _mm512_cmpge_epu64_mask(limbs[4], splat(1 << 52)) == 0,
            "expected a top limb in [0, 2^52)"
        );
        let q = high(_mm512_setzero_si512(), limbs[4], splat(QUOTIENT));
        let q = _mm512_srli_epi64::<44>(q);
        // −q·r = q·(2^260 − r) mod 2^260.
        for j in 0..5 {
            limbs[j] = low(limbs[j], q, splat(NEG_P[j]));
        }
        for j in 0..4 {
            limbs[j + 1] = high(limbs[j + 1], q, splat(NEG_P[j]));
        }
        let mut limbs = normalise(&limbs);
        limbs[4] = _mm512_and_si512(limbs[4], splat(MASK52));
        Reduced(limbs)
    }
    }
}

simd! { outlined
/// Subtracts r from the lanes where that leaves no negative value.
fn subtract_modulus(limbs: &mut Limbs) {
    let difference = normalise(&crate::ifma::limbs::sub(limbs, &broadcast(&P)));
    let negative = _mm512_movepi64_mask(difference[4]);
    *limbs = crate::ifma::limbs::select(negative, &difference, limbs);
}
}

impl Reduced {
    simd! {
    /// The same value below r.
    ///
    /// Values at or above r have r's top limb at least, which one random value in 2^25 has.
    pub(super) fn canonicalise(self) -> Self {
        let mut limbs = self.0;
        if _mm512_cmpge_epu64_mask(limbs[4], splat(P[4])) != 0 {
            subtract_modulus(&mut limbs);
        }
        Self(limbs)
    }
    }

    simd! {
    /// The value in four 64-bit words.
    pub(super) fn pack(&self) -> [__m512i; 4] {
        crate::ifma::limbs::pack(&self.0)
    }
    }

    simd! {
    /// The value as a term of sums.
    pub(super) fn lazy(self) -> Lazy {
        Lazy(self.0)
    }
    }
}

impl Digits {
    simd! {
    /// The digits of a value in limbs below 2^52.
    pub(super) fn from_limbs(limbs: Limbs) -> Self {
        Self(limbs)
    }
    }

    simd! {
    /// The value as a term of sums; only of digits without bits above them.
    pub(super) fn lazy(self) -> Lazy {
        Lazy(self.0)
    }
    }

    simd! {
    /// `self·w`, in [−3r, 3r).
    pub(super) fn scale(&self, factor: &Factor) -> Lazy {
        self.scale_from(factor, &load_splat(&NEG_3P))
    }
    }

    simd! {
    /// `self·w`, in [0, 6r).
    pub(super) fn scale_up(&self, factor: &Factor) -> Lazy {
        self.scale_from(factor, &zero())
    }
    }

    simd! {
    /// `self·w + start`, the product in [0, 6r).
    fn scale_from(&self, factor: &Factor, start: &Limbs) -> Lazy {
        let zero = _mm512_setzero_si512();
        let mut c = [zero, start[0], start[1], start[2], start[3], start[4]];
        for i in 0..5 {
            let limbs = load_splat(&factor.0[i]);
            for j in 0..5 {
                c[j] = low(c[j], self.0[i], limbs[j]);
                c[j + 1] = high(c[j + 1], self.0[i], limbs[j]);
            }
        }
        montgomery_step(&c)
    }
    }

    simd! {
    /// `self·w` with each lane's own w, in [0, 6.1·r).
    pub(super) fn scale_lanes(&self, factors: &LaneFactors) -> Lazy {
        let mut c = [_mm512_setzero_si512(); 6];
        for i in 0..5 {
            for j in 0..5 {
                c[j] = low(c[j], self.0[i], factors.0[i][j]);
                c[j + 1] = high(c[j + 1], self.0[i], factors.0[i][j]);
            }
        }
        montgomery_step(&c)
    }
    }

    simd! {
    /// `self·other·2^(−260)`, Montgomery's product, in [0, ab/2^260 + 2.24·r).
    ///
    /// The four low digits of the product are replaced by their multiples of `2^(−52k) mod r`,
    /// k = 1 to 4, which together are below 1.24·r; one step of Montgomery's takes off the fifth.
    pub(super) fn times(&self, other: &Self) -> Lazy {
        let mut c = [_mm512_setzero_si512(); 10];
        for i in 0..5 {
            for j in 0..5 {
                c[i + j] = low(c[i + j], self.0[i], other.0[j]);
                c[i + j + 1] = high(c[i + j + 1], self.0[i], other.0[j]);
            }
        }
        for k in 0..4 {
            c[k + 1] = _mm512_add_epi64(c[k + 1], _mm512_srli_epi64::<52>(c[k]));
        }
        for k in 0..4 {
            let power = FrModulus::INVERSE_POWERS[3 - k];
            for j in 0..5 {
                c[4 + j] = low(c[4 + j], c[k], splat(power[j]));
                c[5 + j] = high(c[5 + j], c[k], splat(power[j]));
            }
        }
        montgomery_step(&[c[4], c[5], c[6], c[7], c[8], c[9]])
    }
    }
}

impl LaneFactors {
    simd! {
    /// Prepares factors given in arkworks' form: five multiplications.
    pub(super) fn new(factors: &Digits) -> Self {
        /// 2^(52·(i+1) + 4) mod r: takes w·2^256 to w·2^(52·(i+1)) by a Montgomery product.
        const SHIFTS: [[u64; 5]; 5] = [
            [0, 1 << 4, 0, 0, 0],
            [0, 0, 1 << 4, 0, 0],
            [0, 0, 0, 1 << 4, 0],
            [0, 0, 0, 0, 1 << 4],
            FrModulus::FROM_ARK,
        ];
        let mut limbs = [zero(); 5];
        for i in 0..5 {
            limbs[i] = factors.times(&Digits(broadcast(&SHIFTS[i]))).reduce().0;
        }
        Self(limbs)
    }
    }
}
