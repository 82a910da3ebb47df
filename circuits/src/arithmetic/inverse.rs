//! The inverse of a field element by division steps on single words.
//!
//! *Equation.* A division step (Bernstein, Yang, *Fast constant-time gcd computation and modular
//! inversion*, TCHES 2019, §8) takes (δ, f, g), f odd, to
//!
//! ```text
//! (1 − δ, g, (g − f)/2)              if δ > 0 and g is odd
//! (1 + δ, f, (g + (g mod 2)·f)/2)    otherwise
//! ```
//!
//! which keeps gcd(f, g). From (1, r, x) it comes to g = 0 and f = ±1 after at most 735 steps
//! (theorem 11.2 for 254 bits; some 540 as a rule). With d and e such that f ≡ d·x and g ≡ e·x mod r,
//! d is then ± the inverse.
//!
//! *Method.* Sixty-two steps depend on the lowest 62 bits of f and g only. They are run on words and
//! give a matrix, and the matrix over 2⁶² is applied to (f, g) and, modulo r, to (d, e). Steps that
//! find g even are taken together, and so are up to six that do not exchange f and g: a small
//! multiple of f clears as many bits of g.
//!
//! *Representation and bounds.* Integers are five limbs of 62 bits, the highest one signed. The
//! entries of a matrix row have absolute values that sum to at most 2⁶², so |f|, |g| ≤ r throughout,
//! while |d| and |e| grow by r/2 at most in each of the at most twelve rounds: below 8·r < 2^257.
//! A row's product with two limbs stays below 2¹²⁵.
//!
//! *Not here.* Constant time: how long it takes depends on the element.

use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, BigInt, MontConfig, PrimeField};

/// Division steps in a round, and bits of a limb.
const STEPS: u32 = 62;
const MASK: i64 = (1 << STEPS) - 1;
const LIMBS: usize = 5;

/// `Σ limbs[i]·2^(62·i)`; all limbs but the last are in 0 … 2⁶² − 1.
type Integer = [i64; LIMBS];

const MODULUS: Integer = to_limbs(&Fr::MODULUS.0);
/// −r⁻¹ mod 2⁶²; arkworks keeps it modulo 2⁶⁴.
const MINUS_INVERSE: i64 = FrConfig::INV as i64 & MASK;
/// Turns the inverse of a stored value x·2²⁵⁶ into the stored value of the inverse: its own stored
/// value is 2^(3·256).
const CORRECTION: Fr = Fr::new(FrConfig::R2);

/// `1/x`, or `None` for zero.
pub(crate) fn inverse(x: &Fr) -> Option<Fr> {
    if *x == Fr::ZERO {
        return None;
    }
    let (mut f, mut g) = (MODULUS, to_limbs(&x.0.0));
    let (mut d, mut e): (Integer, Integer) = ([0; LIMBS], [1, 0, 0, 0, 0]);
    let mut delta = 1;
    while g != [0; LIMBS] {
        let [to_f, to_g] = division_steps(&mut delta, f[0], g[0]);
        (f, g) = (to_f.apply(&f, &g), to_g.apply(&f, &g));
        (d, e) = (to_f.apply_modulo_r(&d, &e), to_g.apply_modulo_r(&d, &e));
    }
    debug_assert!(
        f == [1, 0, 0, 0, 0] || f == [MASK, MASK, MASK, MASK, -1],
        "r is prime"
    );
    if f[LIMBS - 1] < 0 {
        d = add_multiple(&[0; LIMBS], -1, &d);
    }
    Some(reduce(d) * CORRECTION)
}

/// A row of a matrix over 2⁶².
#[derive(Clone, Copy)]
struct Row(i64, i64);

impl Row {
    /// What the row makes of a pair whose result 2⁶² divides.
    #[inline]
    fn apply(self, f: &Integer, g: &Integer) -> Integer {
        self.apply_with(0, f, g)
    }

    /// The same modulo r, for any pair.
    #[inline]
    fn apply_modulo_r(self, d: &Integer, e: &Integer) -> Integer {
        let lowest = self
            .0
            .wrapping_mul(d[0])
            .wrapping_add(self.1.wrapping_mul(e[0]));
        // The multiple of r that makes 2⁶² divide the sum, between −2⁶¹ and 2⁶¹.
        let multiple = lowest.wrapping_mul(MINUS_INVERSE) << (64 - STEPS) >> (64 - STEPS);
        self.apply_with(multiple, d, e)
    }

    /// `(row·pair + multiple·r)/2⁶²`, exactly.
    #[inline]
    fn apply_with(self, multiple: i64, f: &Integer, g: &Integer) -> Integer {
        let mut out = [0; LIMBS];
        let mut sum = 0;
        for i in 0..LIMBS {
            sum += product(self.0, f[i]) + product(self.1, g[i]) + product(multiple, MODULUS[i]);
            if i == 0 {
                debug_assert_eq!(sum as i64 & MASK, 0, "the division is exact");
            } else {
                out[i - 1] = sum as i64 & MASK;
            }
            sum >>= STEPS;
        }
        out[LIMBS - 1] = sum as i64;
        out
    }
}

#[inline]
fn product(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// Sixty-two division steps, from the lowest 62 bits of f and g; the rows that give the new f and
/// the new g.
fn division_steps(delta: &mut i64, mut f: i64, mut g: i64) -> [Row; 2] {
    let (mut u, mut v, mut q, mut r) = (1i64, 0i64, 0i64, 1i64);
    let mut left = STEPS;
    loop {
        // Steps with an even g: only the parities matter, so f's row is doubled in g's stead.
        let even = g.trailing_zeros().min(left);
        g >>= even;
        u <<= even;
        v <<= even;
        *delta += i64::from(even);
        left -= even;
        if left == 0 {
            return [Row(u, v), Row(q, r)];
        }
        if *delta > 0 {
            *delta = -*delta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, -u);
            (v, r) = (r, -v);
        }
        // The next 1 − δ steps exchange nothing: together they add the multiple of f that clears as
        // many bits of g. f·(f² − 2) is −1/f modulo 2⁶, by Newton's step from f ≡ 1/f mod 2³.
        let bits = (1 - *delta).min(i64::from(left)).min(6);
        let minus_inverse = f.wrapping_mul(f.wrapping_mul(f).wrapping_sub(2));
        let multiple = g.wrapping_mul(minus_inverse) & ((1 << bits) - 1);
        g = g.wrapping_add(f.wrapping_mul(multiple));
        q += u * multiple;
        r += v * multiple;
    }
}

/// `a + multiple·b`.
fn add_multiple(a: &Integer, multiple: i64, b: &Integer) -> Integer {
    let mut out = [0; LIMBS];
    let mut sum = 0;
    for i in 0..LIMBS - 1 {
        sum += i128::from(a[i]) + product(multiple, b[i]);
        out[i] = sum as i64 & MASK;
        sum >>= STEPS;
    }
    sum += i128::from(a[LIMBS - 1]) + product(multiple, b[LIMBS - 1]);
    out[LIMBS - 1] = sum as i64;
    out
}

/// The element with this stored value, which is between −8·r and 8·r.
fn reduce(mut value: Integer) -> Fr {
    while value[LIMBS - 1] < 0 {
        value = add_multiple(&value, 1, &MODULUS);
    }
    loop {
        let less = add_multiple(&value, -1, &MODULUS);
        if less[LIMBS - 1] < 0 {
            break;
        }
        value = less;
    }
    let [l0, l1, l2, l3, l4] = value.map(|limb| limb as u64);
    Fr::new_unchecked(BigInt([
        l0 | l1 << 62,
        l1 >> 2 | l2 << 60,
        l2 >> 4 | l3 << 58,
        l3 >> 6 | l4 << 56,
    ]))
}

const fn to_limbs(words: &[u64; 4]) -> Integer {
    let [w0, w1, w2, w3] = *words;
    [
        w0 as i64 & MASK,
        (w0 >> 62 | w1 << 2) as i64 & MASK,
        (w1 >> 60 | w2 << 4) as i64 & MASK,
        (w2 >> 58 | w3 << 6) as i64 & MASK,
        (w3 >> 56) as i64,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{BigInteger, Field, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn zero_has_none() {
        assert_eq!(inverse(&Fr::ZERO), None);
    }

    #[test]
    fn it_is_the_inverse() {
        let mut rng = StdRng::seed_from_u64(2);
        for _ in 0..10_000 {
            let x = Fr::rand(&mut rng);
            assert_eq!(inverse(&x), x.inverse(), "{x}");
        }
    }

    #[test]
    fn it_is_the_inverse_at_the_edges() {
        // Stored words and values next to powers of two (limb and word boundaries among them), to
        // zero and to r, of either sign.
        for bit in 0..254 {
            let power = Fr::from(2u64).pow([bit]);
            let mut word = BigInt([0; 4]);
            word.0[bit as usize / 64] = 1 << (bit % 64);
            let stored = match word < Fr::MODULUS {
                true => Fr::new_unchecked(word),
                false => Fr::ONE,
            };
            for x in [power, stored] {
                for near in [x, x + Fr::ONE, x - Fr::ONE] {
                    assert_eq!(inverse(&near), near.inverse(), "{near}");
                    assert_eq!(inverse(&-near), (-near).inverse(), "{near}");
                }
            }
        }
        let mut largest = Fr::MODULUS;
        largest.sub_with_borrow(&BigInt::from(1u64));
        let largest = Fr::new_unchecked(largest);
        assert_eq!(inverse(&largest), largest.inverse());
        let one = Fr::new_unchecked(BigInt::from(1u64));
        assert_eq!(inverse(&one), one.inverse());
    }
}
