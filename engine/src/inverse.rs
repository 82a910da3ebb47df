//! Inversion in the base field.
//!
//! Source: T. Pornin, *Optimized Binary GCD for Modular Inversion*, eprint 2020/972, Algorithm 2.
//! The binary algorithm on (a, b) = (x, p) halves a while it is even and otherwise subtracts the
//! smaller of the two from the larger. Which of the two happens depends on the lowest bits, and on
//! the highest ones for the comparison, so [`BATCH`] halvings are made on 64-bit approximations (the
//! low 31 bits exact, the high 33 bits rounded) while a matrix records them:
//! ```text
//! 2^31·(a′, b′) = (f₀·a + g₀·b, f₁·a + g₁·b),   |f| + |g| ≤ 2^31.
//! ```
//! Then a, b and the cofactors u, v are updated at once; u and v modulo p, where the division by 2^31
//! is a Montgomery step. A wrong comparison makes a′ or b′ negative by little; its sign is changed
//! then. The invariants are a·R² ≡ x·u and b·R² ≡ x·v (mod p), so that at the end, where a = 0 and
//! b = 1, v is the Montgomery form of the inverse of what x is the Montgomery form of.
//!
//! Halvings are counted as trailing zeros, and the loop ends when a = 0: **the time depends on the
//! value**. A caller for whom that matters must blind the argument.

use ark_bn254::{Fq, FqConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

/// Halvings per batch: 31 low and 33 high bits fill a word.
const BATCH: u32 = 31;

/// Batches after which a = 0: each of the steps shortens a and b together by a bit.
const MAX_BATCHES: u32 = (2 * Fq::MODULUS_BIT_SIZE - 1).div_ceil(BATCH);

const P: [u64; 4] = FqConfig::MODULUS.0;

/// Four words in two's complement.
type Signed = [u64; 4];

/// One batch of steps: `2^31·(a′, b′) = (f0·a + g0·b, f1·a + g1·b)`.
#[derive(Clone, Copy)]
struct Steps {
    f0: i64,
    g0: i64,
    f1: i64,
    g1: i64,
}

/// `1/x`, or nothing for 0. Variable time.
#[must_use]
pub(crate) fn invert(x: &Fq) -> Option<Fq> {
    let mut a = x.0.0;
    if a == [0; 4] {
        return None;
    }
    let mut b = P;
    let mut u = FqConfig::R2.0;
    let mut v = [0; 4];
    for _ in 0..MAX_BATCHES {
        let mut steps = record(a, b);
        // 0 ≤ a, b ≤ p < 2^254 and |f| + |g| ≤ 2^31: the sums are below 2^285.
        let (new_a, sign_a) = magnitude(shift(combine(a, steps.f0, b, steps.g0)));
        let (new_b, sign_b) = magnitude(shift(combine(a, steps.f1, b, steps.g1)));
        (a, b) = (new_a, new_b);
        (steps.f0, steps.g0) = (signed(steps.f0, sign_a), signed(steps.g0, sign_a));
        (steps.f1, steps.g1) = (signed(steps.f1, sign_b), signed(steps.g1, sign_b));
        (u, v) = (
            divide(combine(u, steps.f0, v, steps.g0)),
            divide(combine(u, steps.f1, v, steps.g1)),
        );
        if a == [0; 4] {
            break;
        }
    }
    debug_assert!(a == [0; 4] && b == [1, 0, 0, 0]);
    // −p ≤ v < p, and v is not a multiple of p.
    if (v[3] as i64) < 0 {
        v = add(v, P);
    }
    Some(Fq::new_unchecked(BigInt(v)))
}

/// [`BATCH`] halvings on the approximations of a and of the odd b.
///
/// No branch depends on a comparison, since half of the predictions would fail. f and g of a row
/// share a word, f + 2^32·g, that is added and shifted as one.
#[inline]
fn record(a: [u64; 4], b: [u64; 4]) -> Steps {
    let (mut a, mut b) = approximate(a, b);
    let (mut row_0, mut row_1) = (1u64, 1u64 << 32);
    // A one at the number of halvings that are left: below it the bits of a are exact.
    let mut end = 1u64 << BATCH;
    let zeros = (a | end).trailing_zeros();
    a >>= zeros;
    row_1 <<= zeros;
    end >>= zeros;
    while end != 1 {
        let (difference, swapped) = a.overflowing_sub(b);
        let zeros = (difference | end).trailing_zeros();
        // (a, b) ← (|a − b|, min(a, b)), and the rows in the same way.
        let mask = u64::from(swapped).wrapping_neg();
        b = b.wrapping_add(difference & mask);
        a = ((difference ^ mask).wrapping_sub(mask)) >> zeros;
        let row = row_0.wrapping_sub(row_1);
        row_1 = row_1.wrapping_add(row & mask) << zeros;
        row_0 = (row ^ mask).wrapping_sub(mask);
        end >>= zeros;
    }
    let ((f0, g0), (f1, g1)) = (split(row_0), split(row_1));
    Steps { f0, g0, f1, g1 }
}

/// f and g of f + 2^32·g, both in −2^31 < f ≤ 2^31.
#[inline]
fn split(row: u64) -> (i64, i64) {
    const OFFSET: u64 = (1 << BATCH) - 1;
    let row = row.wrapping_add(OFFSET << 32 | OFFSET);
    (
        (row & 0xffff_ffff) as i64 - OFFSET as i64,
        (row >> 32) as i64 - OFFSET as i64,
    )
}

/// The low 31 bits of a and b, and above them 33 bits from the highest bit of the longer one on. If
/// both fit a word, they are themselves.
#[inline]
fn approximate(a: [u64; 4], b: [u64; 4]) -> (u64, u64) {
    let mut top = 3;
    while top > 0 && a[top] | b[top] == 0 {
        top -= 1;
    }
    if top == 0 {
        return (a[0], b[0]);
    }
    let length = (a[top] | b[top]).leading_zeros();
    let low = (1 << BATCH) - 1;
    let join = |x: [u64; 4]| {
        let high = ((u128::from(x[top]) << 64 | u128::from(x[top - 1])) << length >> 64) as u64;
        (high & !low) | (x[0] & low)
    };
    (join(a), join(b))
}

/// `word·factor`.
#[inline]
fn product(word: u64, factor: i64) -> i128 {
    let unsigned = u128::from(word) * u128::from(factor as u64);
    // A negative factor has been taken for factor + 2^64.
    let excess = word & (factor >> 63) as u64;
    unsigned.wrapping_sub(u128::from(excess) << 64) as i128
}

/// `f·a + g·b` for |f| + |g| ≤ 2^31: four words and a signed fifth.
#[inline]
fn combine(a: Signed, f: i64, b: Signed, g: i64) -> [u64; 5] {
    let mut sum = [0; 5];
    let mut carry = 0i128;
    for i in 0..4 {
        // Below 2^64·2^31 + 2^33 in magnitude.
        carry += product(a[i], f) + product(b[i], g);
        sum[i] = carry as u64;
        carry >>= 64;
    }
    // A negative a has been taken for a + 2^256, and so has b.
    let excess = (f & (a[3] as i64 >> 63)).wrapping_add(g & (b[3] as i64 >> 63));
    sum[4] = (carry as i64).wrapping_sub(excess) as u64;
    sum
}

/// `x / 2^31` for a multiple of 2^31 below 2^286 in magnitude.
#[inline]
fn shift(x: [u64; 5]) -> Signed {
    let mut quotient = [0; 4];
    for i in 0..4 {
        quotient[i] = x[i] >> BATCH | x[i + 1] << (64 - BATCH);
    }
    quotient
}

/// `x / 2^31` modulo p: from |x| ≤ 2^31·p into −p..=p.
#[inline]
fn divide(x: [u64; 5]) -> Signed {
    // x + q·p is a multiple of 2^31; q has the sign that x has not, and |q| ≤ 2^31.
    let low = (x[0].wrapping_mul(FqConfig::INV) & ((1 << BATCH) - 1)) as i64;
    let not_negative = !(x[4] as i64) >> 63;
    let q = low - (not_negative & (1 << BATCH));
    let mut sum = [0; 5];
    let mut carry = 0i128;
    for i in 0..4 {
        carry += i128::from(x[i]) + product(P[i], q);
        sum[i] = carry as u64;
        carry >>= 64;
    }
    sum[4] = x[4].wrapping_add(carry as u64);
    shift(sum)
}

/// |x|, and −1 if x < 0, otherwise 0.
#[inline]
fn magnitude(x: Signed) -> ([u64; 4], i64) {
    let sign = x[3] as i64 >> 63;
    let mut magnitude = x;
    let mut carry = sign as u64 & 1;
    for word in &mut magnitude {
        let (negated, overflow) = (*word ^ sign as u64).overflowing_add(carry);
        *word = negated;
        carry = u64::from(overflow);
    }
    (magnitude, sign)
}

/// x or −x, as [`magnitude`] says.
#[inline]
fn signed(x: i64, sign: i64) -> i64 {
    (x ^ sign) - sign
}

/// `x + y` modulo 2^256.
#[inline]
fn add(x: Signed, y: Signed) -> Signed {
    let mut sum = [0; 4];
    let mut carry = 0u128;
    for i in 0..4 {
        carry += u128::from(x[i]) + u128::from(y[i]);
        sum[i] = carry as u64;
        carry >>= 64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{Field, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    fn check(x: Fq) {
        assert_eq!(invert(&x), x.inverse(), "{x}");
    }

    #[test]
    fn zero_has_none() {
        assert_eq!(invert(&Fq::from(0)), None);
    }

    #[test]
    fn agrees_with_arkworks_on_random_values() {
        let mut rng = StdRng::seed_from_u64(1);
        for _ in 0..20_000 {
            check(Fq::rand(&mut rng));
        }
    }

    /// The words that the algorithm sees are those of the Montgomery form: powers of two and their
    /// neighbours there make long runs of halvings, and lengths at every word boundary.
    #[test]
    fn agrees_with_arkworks_next_to_powers_of_two_and_to_the_modulus() {
        let words = |k: u32| {
            let mut words = [0u64; 4];
            words[k as usize / 64] = 1 << (k % 64);
            words
        };
        for k in 0..254 {
            for distance in [0u64, 1, 2, 3, 1 << 31, u64::MAX] {
                let offset = [distance, 0, 0, 0];
                let negated = add(offset.map(|word| !word), [1, 0, 0, 0]);
                for raw in [
                    add(words(k), offset),
                    add(words(k), negated),
                    add(P, add(words(k).map(|word| !word), [1, 0, 0, 0])),
                ] {
                    if BigInt(raw) < FqConfig::MODULUS && raw != [0; 4] {
                        check(Fq::new_unchecked(BigInt(raw)));
                    }
                }
            }
        }
        for k in 1..1000u64 {
            check(Fq::new_unchecked(BigInt([k, 0, 0, 0])));
            check(Fq::new_unchecked(BigInt(add(
                P,
                add([!k, !0, !0, !0], [1, 0, 0, 0]),
            ))));
        }
    }
}
