//! The two prime fields of BN254 as constants in 64-bit limbs, derived at compile time.

use ark_bn254::{Fq, FqConfig, Fr, FrConfig};
use ark_ff::{BigInt, MontConfig, PrimeField};

#[cfg(not(target_arch = "x86_64"))]
use super::limbs::Choice;
#[cfg(target_arch = "x86_64")]
use super::limbs_x86_64::Choice;

/// A prime p below 2^254, of which 2^256 < 5.3·p holds as well; the Montgomery radix is 2^256, as in
/// arkworks.
pub trait Modulus: Copy + Send + Sync + std::fmt::Debug + 'static {
    /// The field as arkworks has it.
    type Ark: PrimeField<BigInt = BigInt<4>>;

    /// p.
    const P: [u64; 4];
    /// −p⁻¹ mod 2^64.
    const NEG_P_INVERSE: u64;
    /// 2^256 mod p: one.
    const ONE: [u64; 4];

    /// 2p.
    const TWICE_P: [u64; 4] = double(Self::P);
    /// ρ = 2^(−64) mod p.
    const RHO: [u64; 4] = inverse_of_limb(Self::P, Self::NEG_P_INVERSE);
    /// p, ρ and −p⁻¹ side by side, for assembly.
    const TABLE: &'static [u64; 9] = &[
        Self::P[0],
        Self::P[1],
        Self::P[2],
        Self::P[3],
        Self::RHO[0],
        Self::RHO[1],
        Self::RHO[2],
        Self::RHO[3],
        Self::NEG_P_INVERSE,
    ];
    /// p, to be subtracted or not.
    const P_CHOICE: &'static Choice = &Choice::new(Self::P);
    /// 2p, to be added or subtracted or not.
    const TWICE_P_CHOICE: &'static Choice = &Choice::new(Self::TWICE_P);
    /// (2^64 − 2)·p. Times 2^192 this is the multiple of p that keeps double-width values in range:
    /// it is above 4p², the bound of a product, and below p·(2^256 − 2^192), the bound that a
    /// reduction takes.
    const WIDE_MULTIPLE: [u64; 5] = times(Self::P, u64::MAX - 1);

    /// The limbs of arkworks' value, Montgomery form.
    fn from_ark(value: &Self::Ark) -> [u64; 4];

    /// The value whose limbs these are, which must be below p.
    fn to_ark(limbs: [u64; 4]) -> Self::Ark;
}

/// The base field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FqModulus;

/// The scalar field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrModulus;

macro_rules! modulus {
    ($name:ty, $config:ty, $ark:ty) => {
        impl Modulus for $name {
            type Ark = $ark;
            const P: [u64; 4] = <$config as MontConfig<4>>::MODULUS.0;
            const NEG_P_INVERSE: u64 = <$config as MontConfig<4>>::INV;
            const ONE: [u64; 4] = <$config as MontConfig<4>>::R.0;

            #[inline]
            fn from_ark(value: &Self::Ark) -> [u64; 4] {
                value.0.0
            }

            #[inline]
            fn to_ark(limbs: [u64; 4]) -> Self::Ark {
                <$ark>::new_unchecked(BigInt(limbs))
            }
        }
    };
}

modulus!(FqModulus, FqConfig, Fq);
modulus!(FrModulus, FrConfig, Fr);

/// `2a` for a below 2^255.
const fn double(a: [u64; 4]) -> [u64; 4] {
    [
        a[0] << 1,
        a[1] << 1 | a[0] >> 63,
        a[2] << 1 | a[1] >> 63,
        a[3] << 1 | a[2] >> 63,
    ]
}

/// `a·k`.
const fn times(a: [u64; 4], k: u64) -> [u64; 5] {
    let mut product = [0; 5];
    let mut carry = 0u128;
    let mut i = 0;
    while i < 4 {
        carry += a[i] as u128 * k as u128;
        product[i] = carry as u64;
        carry >>= 64;
        i += 1;
    }
    product[4] = carry as u64;
    product
}

/// 2^(−64) mod p = (k·p + 1) / 2^64 with k = −p⁻¹ mod 2^64.
const fn inverse_of_limb(p: [u64; 4], neg_p_inverse: u64) -> [u64; 4] {
    let multiple = times(p, neg_p_inverse);
    // The lowest limb of the multiple is 2^64 − 1; adding one carries out of it.
    let mut rho = [0; 4];
    let mut carry = true;
    let mut i = 0;
    while i < 4 {
        (rho[i], carry) = multiple[i + 1].overflowing_add(carry as u64);
        i += 1;
    }
    rho
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    fn value<F: PrimeField>(limbs: &[u64]) -> F {
        let radix = F::from(2u64).pow([64]);
        limbs
            .iter()
            .rev()
            .fold(F::ZERO, |sum, limb| sum * radix + F::from(*limb))
    }

    fn check<M: Modulus>() {
        let two = <M::Ark as From<u64>>::from(2);
        let zero = M::Ark::ZERO;
        assert_eq!(value::<M::Ark>(&M::P), zero);
        assert_eq!(value::<M::Ark>(&M::TWICE_P), zero);
        assert_eq!(value::<M::Ark>(&M::WIDE_MULTIPLE), zero);
        assert_eq!(value::<M::Ark>(&M::ONE), two.pow([256]));
        assert_eq!(Some(value::<M::Ark>(&M::RHO)), two.pow([64]).inverse(),);
        assert_eq!(M::P[0].wrapping_mul(M::NEG_P_INVERSE), u64::MAX);
        assert_eq!(M::TABLE[..4], M::P);
        assert_eq!(M::TABLE[4..8], M::RHO);
        assert_eq!(M::TABLE[8], M::NEG_P_INVERSE);
        let x = two.inverse().unwrap_or(zero);
        assert_eq!(M::to_ark(M::from_ark(&x)), x);
    }

    #[test]
    fn constants_are_what_they_say() {
        check::<FqModulus>();
        check::<FrModulus>();
    }

    /// 4p² < (2^64 − 2)·2^192·p, by comparing 4p with (2^64 − 2)·2^192: its top limb.
    fn wide_multiple_exceeds_a_product<M: Modulus>() {
        let four_p = double(M::TWICE_P);
        assert!(M::P[3] >> 62 == 0, "4p overflows");
        assert!(four_p[3] < u64::MAX - 1);
    }

    #[test]
    fn wide_multiple_exceeds_every_product() {
        wide_multiple_exceeds_a_product::<FqModulus>();
        wide_multiple_exceeds_a_product::<FrModulus>();
    }
}
