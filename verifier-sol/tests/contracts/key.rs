//! Which verifying keys are refused, and that every writer of a contract refuses them.

use crate::common::attacks::outside_subgroup;
use crate::common::rng;
use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::UniformRand;
use ark_groth16::VerifyingKey;
use zkroll_verifier_sol::fixed::{creation_code, key_hash, runtime_code};
use zkroll_verifier_sol::key::{KeyError, check, check_for_inputs};
use zkroll_verifier_sol::solidity::{Options, SolidityError, solidity_source};

/// A key with random points: all that the checks look at.
fn key(public_inputs: usize) -> VerifyingKey<Bn254> {
    let mut rng = rng(1);
    let mut g1 = || (G1Affine::generator() * Fr::rand(&mut rng)).into_affine();
    let (alpha_g1, gamma_abc_g1) = (g1(), (0..=public_inputs).map(|_| g1()).collect());
    let mut g2 = || (G2Affine::generator() * Fr::rand(&mut rng)).into_affine();
    VerifyingKey {
        alpha_g1,
        beta_g2: g2(),
        gamma_g2: g2(),
        delta_g2: g2(),
        gamma_abc_g1,
    }
}

type Change = Box<dyn Fn(&mut VerifyingKey<Bn254>)>;

fn change(change: impl Fn(&mut VerifyingKey<Bn254>) + 'static) -> Change {
    Box::new(change)
}

/// Each defect of a key with two inputs, with the error it must cause.
fn defects() -> Vec<(Change, KeyError)> {
    let mut defects = Vec::new();
    type G1Of = fn(&mut VerifyingKey<Bn254>) -> &mut G1Affine;
    type G2Of = fn(&mut VerifyingKey<Bn254>) -> &mut G2Affine;
    let g1: [(&str, G1Of); 4] = [
        ("alpha_g1", |vk| &mut vk.alpha_g1),
        ("gamma_abc_g1[0]", |vk| &mut vk.gamma_abc_g1[0]),
        ("gamma_abc_g1[1]", |vk| &mut vk.gamma_abc_g1[1]),
        ("gamma_abc_g1[2]", |vk| &mut vk.gamma_abc_g1[2]),
    ];
    let g2: [(&str, G2Of); 3] = [
        ("beta_g2", |vk| &mut vk.beta_g2),
        ("gamma_g2", |vk| &mut vk.gamma_g2),
        ("delta_g2", |vk| &mut vk.delta_g2),
    ];
    for (name, of) in g1 {
        let point = || name.to_string();
        defects.push((
            change(move |vk| *of(vk) = G1Affine::identity()),
            KeyError::Infinity { point: point() },
        ));
        defects.push((
            change(move |vk| of(vk).y += Fq::from(1u64)),
            KeyError::NotOnCurve { point: point() },
        ));
    }
    for (name, of) in g2 {
        let point = || name.to_string();
        defects.push((
            change(move |vk| *of(vk) = G2Affine::identity()),
            KeyError::Infinity { point: point() },
        ));
        defects.push((
            change(move |vk| of(vk).y += Fq2::from(1u64)),
            KeyError::NotOnCurve { point: point() },
        ));
        defects.push((
            change(move |vk| *of(vk) = outside_subgroup(2)),
            KeyError::NotInSubgroup { point: point() },
        ));
    }
    let (one1, one2) = (G1Affine::generator(), G2Affine::generator());
    let uncontributed = |point| KeyError::Uncontributed { point };
    defects.push((
        change(|vk| vk.delta_g2 = vk.gamma_g2),
        KeyError::DeltaIsGamma,
    ));
    defects.push((
        change(|vk| vk.delta_g2 = -vk.gamma_g2),
        KeyError::DeltaIsGamma,
    ));
    defects.push((
        change(move |vk| vk.delta_g2 = one2),
        uncontributed("delta_g2"),
    ));
    defects.push((
        change(move |vk| vk.delta_g2 = -one2),
        uncontributed("delta_g2"),
    ));
    defects.push((
        change(move |vk| vk.alpha_g1 = one1),
        uncontributed("alpha_g1"),
    ));
    defects.push((
        change(move |vk| vk.alpha_g1 = -one1),
        uncontributed("alpha_g1"),
    ));
    defects.push((
        change(move |vk| vk.beta_g2 = one2),
        uncontributed("beta_g2"),
    ));
    defects.push((
        change(move |vk| vk.beta_g2 = -one2),
        uncontributed("beta_g2"),
    ));
    defects.push((
        change(|vk| vk.gamma_abc_g1.clear()),
        KeyError::NoInputPoints,
    ));
    defects
}

#[test]
fn every_defect_is_refused_by_every_writer() {
    for (change, error) in defects() {
        let mut vk = key(2);
        change(&mut vk);
        assert_eq!(check(&vk), Err(error.clone()));
        assert_eq!(runtime_code(&vk), Err(error.clone()));
        assert_eq!(creation_code(&vk), Err(error.clone()));
        assert_eq!(key_hash(&vk), Err(error.clone()));
        assert_eq!(
            solidity_source(&vk, &Options::default()),
            Err(SolidityError::Key(error))
        );
    }
}

#[test]
fn a_key_with_gamma_as_the_generator_is_accepted() {
    let mut vk = key(2);
    assert_eq!(check(&vk), Ok(()));
    vk.gamma_g2 = G2Affine::generator();
    assert_eq!(check(&vk), Ok(()));
}

#[test]
fn the_number_of_inputs_must_fit() {
    let vk = key(2);
    assert_eq!(check_for_inputs(&vk, 2), Ok(()));
    for (inputs, expected) in [(0, 1), (1, 2), (3, 4)] {
        let error = KeyError::InputCount { expected, got: 3 };
        assert_eq!(check_for_inputs(&vk, inputs), Err(error));
    }
}

#[test]
fn a_name_that_would_change_the_source_is_refused() {
    let options = Options {
        contract_name: "V { } contract W".into(),
        ..Options::default()
    };
    let error = solidity_source(&key(1), &options).unwrap_err();
    assert!(matches!(error, SolidityError::ContractName { .. }));
}

#[test]
fn a_development_key_is_marked_and_another_is_not() {
    let vk = key(1);
    let source = solidity_source(&vk, &Options::default()).unwrap();
    assert!(!source.contains("UNSAFE") && !source.contains("{{"));
    let options = Options {
        unsafe_development: true,
        ..Options::default()
    };
    let source = solidity_source(&vk, &options).unwrap();
    assert!(source.contains("//  UNSAFE: DEVELOPMENT KEY"));
    assert!(source.contains("/// @custom:unsafe"));
    assert!(source.contains("bool public constant UNSAFE_DEVELOPMENT_KEY = true;"));
}
