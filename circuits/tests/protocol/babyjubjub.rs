//! Baby Jubjub against circomlibjs, its torsion, its packed and Montgomery forms.

use crate::common::{point, rng, vectors, word};
use ark_bn254::Fr;
use ark_ec::{CurveConfig, CurveGroup, twisted_edwards::TECurveConfig};
use ark_ff::{AdditiveGroup, Field, PrimeField, UniformRand};
use proptest::prelude::*;
use zkroll_circuits::protocol::{
    babyjubjub::{
        self, BabyJubjub, EDWARDS_A, EDWARDS_D, MONTGOMERY_A, Point, PointError, ProjectivePoint,
        Scalar, base8, mul_base8, pack, to_montgomery, torsion8, unpack,
    },
    field,
};

#[test]
fn constants_agree() {
    assert_eq!(
        word(&vectors()["field_modulus"]).into_bigint(),
        Fr::ZERO.into_bigint()
    );
    let order = field::parse_integer(vectors()["subgroup_order"].as_str().unwrap()).unwrap();
    assert_eq!(order, Scalar::MODULUS);
    assert_eq!(base8(), point(&vectors()["base8"]));
    assert!(base8().is_on_curve());
    assert!(base8().is_in_correct_subgroup_assuming_on_curve());
    assert_eq!(Scalar::from(8u64) * BabyJubjub::COFACTOR_INV, Scalar::ONE);
    assert_eq!(<BabyJubjub as TECurveConfig>::COEFF_A, EDWARDS_A);
    assert_eq!(EDWARDS_A - EDWARDS_D, Fr::from(4u64));
    assert_eq!(
        MONTGOMERY_A * (EDWARDS_A - EDWARDS_D),
        (EDWARDS_A + EDWARDS_D).double()
    );
    assert!(EDWARDS_A.legendre().is_qr());
    assert!(EDWARDS_D.legendre().is_qnr());
}

#[test]
fn multiples_equal_circomlibjs() {
    let vectors = vectors();
    let cases = vectors["babyjub"].as_array().unwrap();
    assert_eq!(cases.len(), 16);
    for case in cases {
        let scalar = field::parse_integer(case["scalar"].as_str().unwrap()).unwrap();
        let scalar = Scalar::from_bigint(scalar).unwrap();
        let multiple = (base8() * scalar).into_affine();
        assert_eq!(multiple, point(&case["base8_times_scalar"]));
        assert_eq!(mul_base8(&scalar).into_affine(), multiple);
        let sum = base8() * (scalar + Scalar::from(7u64)) + multiple;
        assert_eq!(
            sum.into_affine(),
            point(&case["plus_base8_times_scalar_plus_7"])
        );
    }
}

#[test]
fn base_table_covers_the_extremes() {
    for scalar in [
        Scalar::ZERO,
        Scalar::ONE,
        -Scalar::ONE,
        Scalar::from(u128::MAX),
    ] {
        assert_eq!(mul_base8(&scalar), base8() * scalar, "{scalar}");
    }
}

#[test]
fn torsion_point_has_order_eight() {
    let torsion = torsion8();
    assert!(torsion.is_on_curve());
    let two = torsion + torsion;
    let four = two + two;
    assert_eq!(two.into_affine().y, Fr::ZERO);
    assert_eq!(four.into_affine(), Point::new_unchecked(Fr::ZERO, -Fr::ONE));
    assert_eq!(four + four, ProjectivePoint::ZERO);
    assert_eq!(babyjubjub::mul8(&torsion), ProjectivePoint::ZERO);
}

#[test]
fn montgomery_form_satisfies_its_equation() {
    let mut rng = rng(2);
    for _ in 0..16 {
        let point = (base8() * Scalar::rand(&mut rng) + torsion8()).into_affine();
        let (u, v) = to_montgomery(&point).unwrap();
        assert_eq!(v.square(), u * (u.square() + MONTGOMERY_A * u + Fr::ONE));
    }
    assert_eq!(to_montgomery(&Point::zero()), None);
    assert_eq!(
        to_montgomery(&Point::new_unchecked(Fr::ZERO, -Fr::ONE)),
        None
    );
}

#[test]
fn coordinates_off_the_curve_are_refused() {
    let Point { x, y, .. } = base8();
    assert_eq!(babyjubjub::point(x, y), Ok(base8()));
    let y = y + Fr::ONE;
    assert_eq!(
        babyjubjub::point(x, y),
        Err(PointError::NotOnCurve { x, y })
    );
    assert!(babyjubjub::point(Fr::ZERO, Fr::ZERO).is_err());
}

#[test]
fn packed_form_is_canonical() {
    for low in [
        Point::zero(),
        Point::new_unchecked(Fr::ZERO, -Fr::ONE),
        torsion8(),
        -torsion8(),
    ] {
        assert_eq!(unpack(&pack(&low)), Ok(low));
    }
    let mut signed_zero = pack(&Point::zero());
    signed_zero[31] |= 0x80;
    assert_eq!(unpack(&signed_zero), Err(PointError::SignOfZero));
    assert!(matches!(unpack(&[0xff; 32]), Err(PointError::Ordinate(_))));
    let mut one_plus_r = field::to_be_bytes(&-Fr::ONE);
    one_plus_r.reverse();
    one_plus_r[0] += 2;
    assert!(matches!(unpack(&one_plus_r), Err(PointError::Ordinate(_))));
    let refused = (0u8..64)
        .filter(|y| {
            let mut bytes = [0; 32];
            bytes[0] = *y;
            matches!(unpack(&bytes), Err(PointError::NoSuchOrdinate { .. }))
        })
        .count();
    assert!(
        (16..48).contains(&refused),
        "about half of the ordinates: {refused}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn packing_round_trips(seed: u64, torsion in 0u64..8) {
        let point = base8() * Scalar::rand(&mut rng(seed)) + torsion8() * Scalar::from(torsion);
        let point = point.into_affine();
        prop_assert_eq!(unpack(&pack(&point)), Ok(point));
        prop_assert_eq!(unpack(&pack(&-point)), Ok(-point));
    }

    #[test]
    fn unpacking_any_bytes_gives_a_point_that_packs_to_them(bytes: [u8; 32]) {
        if let Ok(point) = unpack(&bytes) {
            prop_assert!(point.is_on_curve());
            prop_assert_eq!(pack(&point), bytes);
        }
    }
}
