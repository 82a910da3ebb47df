//! The two prime fields of BN254 as constants in 52-bit limbs, derived at compile time.

/// Low 52 bits.
pub(crate) const MASK52: u64 = (1 << 52) - 1;

/// A prime below 2^254 with the constants of its arithmetic.
///
/// `R = 2^260` is the Montgomery radix of this module; arkworks' is 2^256.
pub trait Modulus: Copy + Send + Sync + 'static {
    /// p in 64-bit limbs.
    const P64: [u64; 4];
    /// p.
    const P: [u64; 5] = to_limbs52(Self::P64);
    /// −p⁻¹ mod 2^52.
    const NEG_P_INVERSE: u64 = negated_inverse52(Self::P64[0]);
    /// p⁻¹ mod 2^52.
    const P_INVERSE: u64 = (1 << 52) - Self::NEG_P_INVERSE;
    /// 2^(−52·(k+1)) mod p for k in 0..4.
    const INVERSE_POWERS: [[u64; 5]; 4] = [
        to_limbs52(halved(52, Self::P64)),
        to_limbs52(halved(104, Self::P64)),
        to_limbs52(halved(156, Self::P64)),
        to_limbs52(halved(208, Self::P64)),
    ];
    /// ⌈10·(1 + Σ_k (2^(−52·k) mod p)/p)⌉: what the reduction of a product leaves at most, in tenths
    /// of p, before the product's own share.
    const REDUCED_TENTHS: usize = {
        let mut numerator = 0;
        let mut k = 0;
        while k < 4 {
            numerator += Self::INVERSE_POWERS[k][4] + 1;
            k += 1;
        }
        11 + (10 * numerator / Self::P[4]) as usize
    };
    /// k·p for k in 0..84; 84·p < 2^260.
    const MULTIPLES: [[u64; 5]; 84] = {
        let mut multiples = [[0; 5]; 84];
        let mut k = 0;
        while k < 84 {
            multiples[k] = times(to_limbs52(Self::P64), k as u64);
            k += 1;
        }
        multiples
    };
    /// 2^260 mod p: one.
    const ONE: [u64; 5] = to_limbs52(doubled(260, Self::P64));
    /// 2^264 mod p: a Montgomery multiplication by it takes arkworks' form into this module's.
    const FROM_ARK: [u64; 5] = to_limbs52(doubled(264, Self::P64));
    /// 2^256 mod p: a Montgomery multiplication by it takes this module's form into arkworks'.
    const TO_ARK: [u64; 5] = to_limbs52(doubled(256, Self::P64));
    /// 2^268 mod p: if arkworks, taking a value of this module's form for one of its own, has
    /// inverted it, a Montgomery multiplication by this makes it the inverse in this module's form.
    const FROM_ARK_INVERSE: [u64; 5] = to_limbs52(doubled(268, Self::P64));
}

/// The base field.
#[derive(Clone, Copy, Debug)]
pub struct FqModulus;

impl Modulus for FqModulus {
    const P64: [u64; 4] = <ark_bn254::FqConfig as ark_ff::MontConfig<4>>::MODULUS.0;
}

/// The scalar field.
#[derive(Clone, Copy, Debug)]
pub struct FrModulus;

impl Modulus for FrModulus {
    const P64: [u64; 4] = <ark_bn254::FrConfig as ark_ff::MontConfig<4>>::MODULUS.0;
}

/// Five 52-bit limbs of a 256-bit integer.
pub(crate) const fn to_limbs52(a: [u64; 4]) -> [u64; 5] {
    [
        a[0] & MASK52,
        (a[0] >> 52 | a[1] << 12) & MASK52,
        (a[1] >> 40 | a[2] << 24) & MASK52,
        (a[2] >> 28 | a[3] << 36) & MASK52,
        a[3] >> 16,
    ]
}

const fn less(a: [u64; 4], b: [u64; 4]) -> bool {
    let mut i = 4;
    while i > 0 {
        i -= 1;
        if a[i] != b[i] {
            return a[i] < b[i];
        }
    }
    false
}

const fn sub(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut difference = [0; 4];
    let mut borrow = false;
    let mut i = 0;
    while i < 4 {
        let (d, under) = a[i].overflowing_sub(b[i]);
        let (d, under_by_one) = d.overflowing_sub(borrow as u64);
        difference[i] = d;
        borrow = under | under_by_one;
        i += 1;
    }
    difference
}

const fn add(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut sum = [0; 4];
    let mut carry = 0u128;
    let mut i = 0;
    while i < 4 {
        carry += a[i] as u128 + b[i] as u128;
        sum[i] = carry as u64;
        carry >>= 64;
        i += 1;
    }
    sum
}

/// 2^exponent mod p; p < 2^255, so that a doubling does not overflow.
const fn doubled(exponent: u32, p: [u64; 4]) -> [u64; 4] {
    let mut power = [1, 0, 0, 0];
    let mut i = 0;
    while i < exponent {
        power = add(power, power);
        if !less(power, p) {
            power = sub(power, p);
        }
        i += 1;
    }
    power
}

/// 2^(−exponent) mod p.
const fn halved(exponent: u32, p: [u64; 4]) -> [u64; 4] {
    let mut power = [1, 0, 0, 0];
    let mut i = 0;
    while i < exponent {
        if power[0] & 1 == 1 {
            power = add(power, p);
        }
        power = [
            power[0] >> 1 | power[1] << 63,
            power[1] >> 1 | power[2] << 63,
            power[2] >> 1 | power[3] << 63,
            power[3] >> 1,
        ];
        i += 1;
    }
    power
}

/// `a·k` for a product below 2^260.
const fn times(a: [u64; 5], k: u64) -> [u64; 5] {
    let mut product = [0; 5];
    let mut carry = 0u128;
    let mut i = 0;
    while i < 5 {
        carry += a[i] as u128 * k as u128;
        product[i] = carry as u64 & MASK52;
        carry >>= 52;
        i += 1;
    }
    product
}

/// −p⁻¹ mod 2^52 by Newton's iteration: each step doubles the number of right bits.
const fn negated_inverse52(p: u64) -> u64 {
    let mut inverse = 1u64;
    let mut i = 0;
    while i < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        i += 1;
    }
    inverse.wrapping_neg() & MASK52
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fq, Fr};
    use ark_ff::PrimeField;

    fn value<F: PrimeField>(limbs: [u64; 5]) -> F {
        let radix = F::from(1u64 << 52);
        limbs
            .iter()
            .rev()
            .fold(F::ZERO, |sum, limb| sum * radix + F::from(*limb))
    }

    fn check<F: PrimeField, M: Modulus>() {
        let two = F::from(2u64);
        assert_eq!(value::<F>(M::P), F::ZERO);
        assert_eq!(value::<F>(M::ONE), two.pow([260]));
        assert_eq!(value::<F>(M::FROM_ARK), two.pow([264]));
        assert_eq!(value::<F>(M::TO_ARK), two.pow([256]));
        assert_eq!(value::<F>(M::FROM_ARK_INVERSE), two.pow([268]));
        for (k, power) in M::INVERSE_POWERS.into_iter().enumerate() {
            let expected = two.pow([52 * (k as u64 + 1)]).inverse();
            assert_eq!(Some(value::<F>(power)), expected);
        }
        assert_eq!(M::P[0].wrapping_mul(M::NEG_P_INVERSE) & MASK52, MASK52);
        for multiple in M::MULTIPLES {
            assert_eq!(value::<F>(multiple), F::ZERO);
            assert!(multiple.iter().all(|limb| *limb <= MASK52));
        }
    }

    #[test]
    fn constants_are_what_they_say() {
        check::<Fq, FqModulus>();
        check::<Fr, FrModulus>();
    }
}
