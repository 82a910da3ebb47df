//! Both multipliers against arkworks, at limb boundaries and at the edges of the lazy bounds.

use std::mem::MaybeUninit;

use ark_bn254::Fq2;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};
use proptest::prelude::*;

use super::super::fq2::LazyFq2;
use super::super::{Arithmetic, Plain, with_multiplier};
use super::*;

/// Limbs where carries begin and end, and random ones.
fn limb() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(1 << 63),
        Just(u64::MAX - 1),
        Just(u64::MAX),
        any::<u64>(),
    ]
}

/// Integers below 2p with such limbs, and the neighbours of 0, p and 2p.
pub(in super::super) fn below_twice_p<M: Modulus>() -> impl Strategy<Value = [u64; 4]> {
    let near = |limbs: [u64; 4], difference: i64| {
        let mut limbs = limbs;
        // The lowest limbs of p and 2p are neither 0 nor 2^64 − 1.
        limbs[0] = limbs[0].wrapping_add_signed(difference);
        limbs
    };
    prop_oneof![
        4 => [limb(), limb(), limb(), limb()].prop_map(|mut limbs| {
            while !limbs::sub(&limbs, &M::TWICE_P).1 {
                (limbs, _) = limbs::sub(&limbs, &M::TWICE_P);
            }
            limbs
        }),
        1 => prop_oneof![
            Just([0; 4]),
            Just([1, 0, 0, 0]),
            Just(near(M::P, -1)),
            Just(M::P),
            Just(near(M::P, 1)),
            Just(near(M::TWICE_P, -2)),
            Just(near(M::TWICE_P, -1)),
        ],
    ]
}

fn lazy<M: Modulus>(limbs: [u64; 4]) -> Lazy<M> {
    Lazy::from_limbs(limbs)
}

/// The element with this Montgomery form, by arkworks' own reduction.
fn element<M: Modulus>(limbs: [u64; 4]) -> M::Ark {
    let p = BigInt(M::P);
    let mut limbs = BigInt(limbs);
    while limbs >= p {
        limbs.sub_with_borrow(&p);
    }
    M::to_ark(limbs.0)
}

fn check_below_twice_p<M: Modulus>(value: &Lazy<M>) {
    assert!(BigInt(*value.limbs()) < BigInt(M::TWICE_P));
}

fn assert_is<M: Modulus>(value: Lazy<M>, expected: M::Ark) {
    check_below_twice_p(&value);
    assert_eq!(value.to_ark(), expected);
    assert_eq!(value.is_zero(), expected == M::Ark::ZERO);
    assert!(!value.is_zero() || value.may_be_zero());
}

fn check_field<M: Modulus, X: Multiplier>(x: X, a: [u64; 4], b: [u64; 4]) {
    let (la, lb) = (lazy::<M>(a), lazy::<M>(b));
    let (ea, eb) = (element::<M>(a), element::<M>(b));
    assert_is(la, ea);
    assert_is(la.mul(x, &lb), ea * eb);
    assert_is(la.square(x), ea.square());
    assert_is(la.add(&lb), ea + eb);
    assert_is(la.sub(&lb), ea - eb);
    assert_is(la.sub(&la), M::Ark::ZERO);
    assert_is(la.sub_or_add(&lb, false), ea - eb);
    assert_is(la.sub_or_add(&lb, true), ea + eb);
    assert_is(la.double(), ea.double());
    assert_is(la.negate(), -ea);
    assert_eq!(la.is_zero_bytes(), a == [0; 4]);
}

fn check_wide<M: Modulus, X: Multiplier>(x: X, a: [u64; 4], b: [u64; 4]) {
    let mut memory = MaybeUninit::uninit();
    let product = *x.product(&a, &b, &mut memory);
    let (low, high) = BigInt(a).mul(&BigInt(b));
    assert_eq!(product[..4], low.0);
    assert_eq!(product[4..], high.0);
    // The top of what a reduction takes: 4p·2^256 and anything below.
    let (four_p, _) = limbs::add(&M::TWICE_P, &M::TWICE_P);
    let radix_inverse = M::Ark::from(2u64).pow([256]).inverse().expect("2 is not 0");
    for high in [a, four_p] {
        for low in [[0; 4], b, [u64::MAX; 4]] {
            if high == four_p && low != [0; 4] {
                continue;
            }
            let mut t = [0; 8];
            t[..4].copy_from_slice(&low);
            t[4..].copy_from_slice(&high);
            let reduced = BigInt(x.reduce::<M>(&t));
            // Below T/2^256 + p·(1 + 2^(−63)).
            let mut bound = BigInt(high);
            assert!(!bound.add_with_carry(&BigInt(M::P)));
            assert!(!bound.add_with_carry(&BigInt([0, 0, u64::MAX, 0])));
            assert!(reduced < bound);
            let from =
                |limbs: [u64; 4]| M::Ark::from_le_bytes_mod_order(&BigInt(limbs).to_bytes_le());
            assert_eq!(from(reduced.0), from(high) + from(low) * radix_inverse);
        }
    }
}

fn check_fq2<X: Multiplier>(x: X, a: [[u64; 4]; 2], b: [[u64; 4]; 2]) {
    let value = |v: [[u64; 4]; 2]| {
        let (c0, c1) = (element::<FqModulus>(v[0]), element::<FqModulus>(v[1]));
        (
            LazyFq2 {
                c0: lazy(v[0]),
                c1: lazy(v[1]),
            },
            Fq2::new(c0, c1),
        )
    };
    let is = |value: LazyFq2, expected: Fq2| {
        check_below_twice_p(&value.c0);
        check_below_twice_p(&value.c1);
        assert_eq!(value.to_ark(), expected);
        assert_eq!(value.is_zero(), expected == Fq2::ZERO);
        assert!(!value.is_zero() || value.may_be_zero());
    };
    let ((la, ea), (lb, eb)) = (value(a), value(b));
    is(la, ea);
    is(la.mul(x, &lb), ea * eb);
    is(la.square(x), ea.square());
    is(la.add(&lb), ea + eb);
    is(la.sub(&lb), ea - eb);
    is(la.sub_or_add(&lb, false), ea - eb);
    is(la.sub_or_add(&lb, true), ea + eb);
    is(la.double(), ea.double());
    is(la.negate(), -ea);
    assert_eq!(la.invert(x).map(LazyFq2::to_ark), ea.inverse());
    assert_eq!(la.c0.invert(x).map(Lazy::to_ark), ea.c0.inverse());
    is(LazyFq2::from_ark(&ea), ea);
}

/// Runs with plain Rust and with what the processor has.
macro_rules! with_each_multiplier {
    ($x:ident => $body:expr) => {{
        let $x = Plain;
        $body;
        with_multiplier!(Arithmetic::detect(), $x => $body);
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn fq_matches_arkworks(a in below_twice_p::<FqModulus>(), b in below_twice_p::<FqModulus>()) {
        with_each_multiplier!(x => {
            check_field::<FqModulus, _>(x, a, b);
            check_wide::<FqModulus, _>(x, a, b);
        });
    }

    #[test]
    fn fr_matches_arkworks(a in below_twice_p::<FrModulus>(), b in below_twice_p::<FrModulus>()) {
        with_each_multiplier!(x => {
            check_field::<FrModulus, _>(x, a, b);
            check_wide::<FrModulus, _>(x, a, b);
        });
    }

    #[test]
    fn fq2_matches_arkworks(
        a in [below_twice_p::<FqModulus>(), below_twice_p::<FqModulus>()],
        b in [below_twice_p::<FqModulus>(), below_twice_p::<FqModulus>()],
    ) {
        with_each_multiplier!(x => check_fq2(x, a, b));
    }
}
