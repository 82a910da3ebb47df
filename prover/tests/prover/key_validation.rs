//! Every refusal rule has a key that breaks it.

use crate::common::{g1_off_curve, g2_off_curve, g2_out_of_subgroup, square_instance};
use ark_bn254::Bn254;
use ark_ec::{AffineRepr, CurveGroup};
use zkroll_prover::backend::{Ark, BackendName};
use zkroll_prover::{
    Fr, G1Affine, G2Affine, HBasis, KeyError, PreparedKey, ProveError, Prover, ProvingKey,
    VerifyingKey, check_public_inputs, validate_proving_key, validate_proving_key_on,
    validate_verifying_key,
};

fn key() -> ProvingKey {
    square_instance(7).key()
}

/// What verifying, proving and importing say about a verifying key changed in this way: all the
/// same.
fn refusal_of_vk(change: impl Fn(&mut VerifyingKey<Bn254>)) -> KeyError {
    let mut key = key();
    change(&mut key.vk);
    let error = validate_verifying_key(&key.vk).unwrap_err();
    assert_eq!(PreparedKey::new(&key.vk).unwrap_err(), error);
    assert_eq!(validate_proving_key(&key).unwrap_err(), error);
    assert_eq!(
        Prover::new(&key, &Ark).err(),
        Some(ProveError::Key(error.clone()))
    );
    error
}

/// Every backend gives the same answer.
fn refusal(change: impl Fn(&mut ProvingKey)) -> KeyError {
    let mut key = key();
    change(&mut key);
    let error = validate_proving_key(&key).unwrap_err();
    for name in [BackendName::Ark, BackendName::Cpu, BackendName::Ifma] {
        if let Ok(backend) = name.open() {
            let of_backend = validate_proving_key_on(&key, &backend).unwrap_err();
            assert_eq!(of_backend, error, "{name}");
        }
    }
    error
}

#[test]
fn a_good_key_is_accepted() {
    assert_eq!(validate_verifying_key(&key().vk), Ok(()));
    assert_eq!(validate_proving_key(&key()), Ok(()));
}

#[test]
fn gamma_may_be_the_generator() {
    let mut key = key();
    key.vk.gamma_g2 = G2Affine::generator();
    assert_eq!(validate_verifying_key(&key.vk), Ok(()));
    assert_eq!(validate_proving_key(&key), Ok(()));
}

#[test]
fn infinity_is_refused() {
    let infinity = |element| KeyError::Infinity { element };
    assert_eq!(
        refusal_of_vk(|vk| vk.alpha_g1 = G1Affine::zero()),
        infinity("alpha_g1")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.beta_g2 = G2Affine::zero()),
        infinity("beta_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.gamma_g2 = G2Affine::zero()),
        infinity("gamma_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.delta_g2 = G2Affine::zero()),
        infinity("delta_g2")
    );
    assert_eq!(
        refusal(|key| key.beta_g1 = G1Affine::zero()),
        infinity("beta_g1")
    );
    assert_eq!(
        refusal(|key| key.delta_g1 = G1Affine::zero()),
        infinity("delta_g1")
    );
}

#[test]
fn an_input_that_the_verification_does_not_see_is_refused() {
    for index in 0..2 {
        assert_eq!(
            refusal_of_vk(|vk| vk.gamma_abc_g1[index] = G1Affine::zero()),
            KeyError::InputUnbound { index }
        );
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    let off = |element| KeyError::OffCurve { element };
    assert_eq!(
        refusal_of_vk(|vk| vk.alpha_g1 = g1_off_curve()),
        off("alpha_g1")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.beta_g2 = g2_off_curve()),
        off("beta_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.gamma_g2 = g2_off_curve()),
        off("gamma_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.delta_g2 = g2_off_curve()),
        off("delta_g2")
    );
    assert_eq!(refusal(|key| key.beta_g1 = g1_off_curve()), off("beta_g1"));
    assert_eq!(
        refusal(|key| key.delta_g1 = g1_off_curve()),
        off("delta_g1")
    );
}

#[test]
fn points_outside_the_subgroup_are_refused() {
    let outside = |element| KeyError::OutOfSubgroup { element };
    assert_eq!(
        refusal_of_vk(|vk| vk.beta_g2 = g2_out_of_subgroup()),
        outside("beta_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.gamma_g2 = g2_out_of_subgroup()),
        outside("gamma_g2")
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.delta_g2 = g2_out_of_subgroup()),
        outside("delta_g2")
    );
}

#[test]
fn delta_equal_to_gamma_up_to_sign_is_refused() {
    assert_eq!(
        refusal_of_vk(|vk| vk.delta_g2 = vk.gamma_g2),
        KeyError::DeltaEqualsGamma
    );
    assert_eq!(
        refusal_of_vk(|vk| vk.delta_g2 = -vk.gamma_g2),
        KeyError::DeltaEqualsGamma
    );
    // The key of a skipped second phase: gamma = delta = generator.
    let uncontributed = refusal_of_vk(|vk| {
        vk.gamma_g2 = G2Affine::generator();
        vk.delta_g2 = G2Affine::generator();
    });
    assert_eq!(uncontributed, KeyError::DeltaEqualsGamma);
}

#[test]
fn an_uncontributed_phase_is_refused() {
    let uncontributed = |element| KeyError::Uncontributed { element };
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    for (g1, g2) in [(g1, g2), (-g1, -g2)] {
        assert_eq!(
            refusal_of_vk(|vk| vk.delta_g2 = g2),
            uncontributed("delta_g2")
        );
        assert_eq!(
            refusal_of_vk(|vk| vk.alpha_g1 = g1),
            uncontributed("alpha_g1")
        );
        assert_eq!(
            refusal_of_vk(|vk| vk.beta_g2 = g2),
            uncontributed("beta_g2")
        );
        assert_eq!(refusal(|key| key.delta_g1 = g1), uncontributed("delta_g1"));
    }
}

#[test]
fn the_number_of_input_points_must_fit() {
    assert_eq!(
        refusal_of_vk(|vk| vk.gamma_abc_g1.clear()),
        KeyError::NoInputPoints
    );
    let vk = key().vk;
    assert_eq!(check_public_inputs(&vk, 1), Ok(()));
    for public_inputs in [0, 2, usize::MAX] {
        let expected = public_inputs.saturating_add(1);
        let error = KeyError::InputPoints { expected, got: 2 };
        assert_eq!(check_public_inputs(&vk, public_inputs), Err(error));
    }
    // More input points than the key has columns.
    let error = refusal(|key| key.vk.gamma_abc_g1 = vec![G1Affine::generator(); 4]);
    assert_eq!(
        error,
        KeyError::InputPoints {
            expected: 3,
            got: 4
        }
    );
}

#[test]
fn input_points_off_the_curve_are_refused() {
    for index in 0..2 {
        let expected = KeyError::PointOffCurve {
            list: "gamma_abc_g1",
            index,
        };
        assert_eq!(
            refusal_of_vk(|vk| vk.gamma_abc_g1[index] = g1_off_curve()),
            expected
        );
    }
}

#[test]
fn halves_of_different_keys_are_refused() {
    let two = Fr::from(2u64);
    let twice_g1 = |point: G1Affine| (point * two).into_affine();
    let twice_g2 = |point: G2Affine| (point * two).into_affine();
    assert_eq!(
        refusal(|key| key.beta_g1 = twice_g1(key.beta_g1)),
        KeyError::BetaMismatch
    );
    assert_eq!(
        refusal(|key| key.vk.beta_g2 = twice_g2(key.vk.beta_g2)),
        KeyError::BetaMismatch
    );
    assert_eq!(
        refusal(|key| key.delta_g1 = twice_g1(key.delta_g1)),
        KeyError::DeltaMismatch
    );
    assert_eq!(
        refusal(|key| key.vk.delta_g2 = twice_g2(key.vk.delta_g2)),
        KeyError::DeltaMismatch
    );
}

#[test]
fn lists_that_do_not_fit_together_are_refused() {
    let length = |list, expected, got| KeyError::QueryLength {
        list,
        expected,
        got,
    };
    let g1 = G1Affine::generator();
    let error = refusal(|key| key.b_g1_query.truncate(2));
    assert_eq!(error, length("b_g1_query", 3, 2));
    let error = refusal(|key| key.b_g2_query.push(G2Affine::generator()));
    assert_eq!(error, length("b_g2_query", 3, 4));
    assert_eq!(refusal(|key| key.l_query.push(g1)), length("l_query", 1, 2));
    // Three rows, so the domain has four elements and the list three points; one more point and the
    // next length that fits is seven.
    assert_eq!(refusal(|key| key.h_query.push(g1)), length("h_query", 7, 4));
    // In the other basis it has four, a power of two.
    let as_odd = |len: usize| {
        move |key: &mut ProvingKey| {
            key.h_basis = HBasis::OddCoset;
            key.h_query.resize(len, g1);
        }
    };
    for (len, expected) in [(0, 1), (3, 4), (5, 8), (7, 8)] {
        assert_eq!(refusal(as_odd(len)), length("h_query", expected, len));
    }
}

#[test]
fn each_list_is_checked_point_by_point() {
    let off = |list, index| KeyError::PointOffCurve { list, index };
    let last = 2;
    assert_eq!(
        refusal(|key| key.a_query[last] = g1_off_curve()),
        off("a_query", last)
    );
    assert_eq!(
        refusal(|key| key.b_g1_query[last] = g1_off_curve()),
        off("b_g1_query", last)
    );
    assert_eq!(
        refusal(|key| key.b_g2_query[last] = g2_off_curve()),
        off("b_g2_query", last)
    );
    assert_eq!(
        refusal(|key| key.h_query[last] = g1_off_curve()),
        off("h_query", last)
    );
    assert_eq!(
        refusal(|key| key.l_query[0] = g1_off_curve()),
        off("l_query", 0)
    );
    let outside = KeyError::PointOutOfSubgroup {
        list: "b_g2_query",
        index: 1,
    };
    assert_eq!(
        refusal(|key| key.b_g2_query[1] = g2_out_of_subgroup()),
        outside
    );
    // Two points outside whose sum is inside: no random or plain sum may stand for the list.
    let pair = refusal(|key| {
        key.b_g2_query[0] = g2_out_of_subgroup();
        key.b_g2_query[1] = -g2_out_of_subgroup();
    });
    assert_eq!(
        pair,
        KeyError::PointOutOfSubgroup {
            list: "b_g2_query",
            index: 0
        }
    );
}
