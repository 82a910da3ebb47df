//! Montgomery multiplication of 256-bit integers, the contract and its form in plain Rust.
//!
//! For operands a, b and T = a·b a reduction finds T·2^(−256) modulo p, up to a multiple of p, by
//! taking away one 64-bit limb at a time, in one of two ways. With t the lowest limb of T:
//! - *Montgomery's step*, q = −t/p mod 2^64, `T ← (T + q·p) / 2^64`: five products of limbs, and what
//!   it adds, q·p / 2^64, is below p.
//! - *Folding*, `T ← ⌊T / 2^64⌋ + t·ρ` with ρ = 2^(−64) mod p: four products, but what it adds is
//!   below 2^64·p. (Y. Domb's reduction folds several limbs so; as an identity it is Montgomery's
//!   step with the multiple t·(2^64·ρ − 1) of p.)
//!
//! Two foldings followed by two of Montgomery's steps leave 34 products for a multiplication instead
//! of 36, and the result below
//! `T/2^256 + p·(2^128 + 2^192 + (2^128 − 1)·2^128) / 2^256 < T/2^256 + p·(1 + 2^(−63))`,
//! as the limb folded in row i, 0 or 1, adds less than 2^64·p·2^(64·(i+1)) to T. With 2^256 > 5.28·p this
//! is below 1.76·p for operands below 2p: products need no final subtraction.

use std::mem::MaybeUninit;

use super::modulus::Modulus;

/// How integers are multiplied; a value is the proof that the processor has the instructions.
///
/// Operands are bounded in terms of p, as the typed values of [`field`](super::field) guarantee; the
/// bounds are part of the contract because results beyond 2^256 would be cut.
pub trait Multiplier: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// `a·b·2^(−256)` modulo p, below 2p, for a and b below 2p.
    fn multiply<M: Modulus>(self, a: &[u64; 4], b: &[u64; 4]) -> [u64; 4];

    /// `a²·2^(−256)` modulo p, below 2p, for a below 2p.
    fn square<M: Modulus>(self, a: &[u64; 4]) -> [u64; 4];

    /// `a·b`, written to `out`, which is where a reduction reads it.
    fn product<'a>(
        self,
        a: &[u64; 4],
        b: &[u64; 4],
        out: &'a mut MaybeUninit<[u64; 8]>,
    ) -> &'a [u64; 8];

    /// `t·2^(−256)` modulo p, below `t/2^256 + p·(1 + 2^(−63))`, for t at most 4·p·2^256.
    fn reduce<M: Modulus>(self, t: &[u64; 8]) -> [u64; 4];
}

/// Plain Rust, for any processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain;

/// `t + a·b`; the caller proves that the sum is below 2^320.
#[inline(always)]
fn add_row(t: [u64; 5], a: &[u64; 4], b: u64) -> [u64; 5] {
    let mut sum = [0; 5];
    let mut carry = 0;
    for i in 0..4 {
        (sum[i], carry) = a[i].carrying_mul_add(b, t[i], carry);
    }
    sum[4] = t[4].wrapping_add(carry);
    sum
}

/// `⌊t / 2^64⌋ + t₀·ρ`; below 2^320 because the first term is below 2^256 and the second below
/// 2^64·p.
#[inline(always)]
fn fold<M: Modulus>(t: [u64; 5]) -> [u64; 5] {
    add_row([t[1], t[2], t[3], t[4], 0], &M::RHO, t[0])
}

/// `(t + q·p) / 2^64`, below 2^256 if t is below 2^320 − 2^64·p.
#[inline(always)]
fn montgomery_step<M: Modulus>(t: [u64; 5]) -> [u64; 5] {
    let q = t[0].wrapping_mul(M::NEG_P_INVERSE);
    let sum = add_row(t, &M::P, q);
    [sum[1], sum[2], sum[3], sum[4], 0]
}

impl Multiplier for Plain {
    /// Between rows t stays below 2^320 > 5.28·2^64·p: `a·b₀ < 2·2^64·p`; folded, below
    /// `2p + 2^64·p`; with row 1, below `3·2^64·p + 2p`; folded, below `2^64·p + 4p`; with row 2, below
    /// `3·2^64·p + 4p`; after Montgomery's step below 4p + 1; with row 3, below `2·2^64·p + 4p + 1`.
    #[inline(always)]
    fn multiply<M: Modulus>(self, a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
        let t = add_row([0; 5], a, b[0]);
        let t = add_row(fold::<M>(t), a, b[1]);
        let t = add_row(fold::<M>(t), a, b[2]);
        let t = add_row(montgomery_step::<M>(t), a, b[3]);
        let t = montgomery_step::<M>(t);
        [t[0], t[1], t[2], t[3]]
    }

    #[inline(always)]
    fn square<M: Modulus>(self, a: &[u64; 4]) -> [u64; 4] {
        // The products of different limbs, once each: limbs 1 to 6.
        let mut t = [0u64; 8];
        let mut carry = 0;
        for j in 1..4 {
            (t[j], carry) = a[0].carrying_mul(a[j], carry);
        }
        t[4] = carry;
        let mut carry = 0;
        for j in 2..4 {
            (t[1 + j], carry) = a[1].carrying_mul_add(a[j], t[1 + j], carry);
        }
        t[5] = carry;
        (t[5], t[6]) = a[2].carrying_mul(a[3], t[5]);
        // Twice those, and the squares of the limbs.
        t[7] = t[6] >> 63;
        for i in (2..7).rev() {
            t[i] = t[i] << 1 | t[i - 1] >> 63;
        }
        t[1] <<= 1;
        let mut carry = false;
        for i in 0..4 {
            let (low, high) = a[i].carrying_mul(a[i], 0);
            (t[2 * i], carry) = t[2 * i].carrying_add(low, carry);
            (t[2 * i + 1], carry) = t[2 * i + 1].carrying_add(high, carry);
        }
        self.reduce::<M>(&t)
    }

    #[inline(always)]
    fn product<'a>(
        self,
        a: &[u64; 4],
        b: &[u64; 4],
        out: &'a mut MaybeUninit<[u64; 8]>,
    ) -> &'a [u64; 8] {
        let mut product = [0; 8];
        for i in 0..4 {
            let mut carry = 0;
            for j in 0..4 {
                (product[i + j], carry) = a[j].carrying_mul_add(b[i], product[i + j], carry);
            }
            product[i + 4] = carry;
        }
        out.write(product)
    }

    /// The lower half is reduced as a value of its own, with the bounds of
    /// [`Plain::multiply`](Multiplier::multiply) for a = 0; the upper half joins at the end.
    #[inline(always)]
    fn reduce<M: Modulus>(self, t: &[u64; 8]) -> [u64; 4] {
        let low = fold::<M>([t[0], t[1], t[2], t[3], 0]);
        let low = fold::<M>(low);
        let low = montgomery_step::<M>(low);
        let low = montgomery_step::<M>(low);
        let mut sum = [0; 4];
        let mut carry = false;
        for i in 0..4 {
            (sum[i], carry) = low[i].carrying_add(t[i + 4], carry);
        }
        debug_assert!(!carry, "the reduced value exceeds 2^256");
        sum
    }
}
