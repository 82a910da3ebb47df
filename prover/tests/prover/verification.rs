//! What the verifier rejects.

use crate::common::{
    g1_off_curve, g2_off_curve, g2_out_of_subgroup, random_instance, square_instance,
};
use ark_bn254::{Bn254, Fq};
use ark_ec::{AffineRepr, CurveGroup, pairing::Pairing};
use ark_ff::{AdditiveGroup, Field, UniformRand, Zero};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::Ark;
use zkroll_prover::{
    Fr, G1Affine, G1Projective, G2Affine, PreparedKey, Proof, Prover, VerifyError, find_invalid,
    prove, verify, verify_batch,
};

/// Public inputs and the proof for them.
type Proved = (Vec<Fr>, Proof<Bn254>);

/// A name and what it does to a proof.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Proof<Bn254>));

fn rng() -> StdRng {
    StdRng::seed_from_u64(5)
}

/// A key, the public inputs of a statement and its proof.
fn proved() -> (PreparedKey, Vec<Fr>, Proof<Bn254>) {
    let rng = &mut rng();
    let instance = random_instance(rng, 3, 6);
    let key = instance.key();
    let proof = prove(&key, &instance.r1cs, &instance.assignment, &Ark, rng).unwrap();
    (
        PreparedKey::new(&key.vk).unwrap(),
        instance.public_inputs().to_vec(),
        proof,
    )
}

#[test]
fn a_good_proof_is_accepted() {
    let (key, inputs, proof) = proved();
    assert_eq!(verify(&key, &inputs, &proof), Ok(()));
}

#[test]
fn each_changed_input_is_rejected() {
    let (key, inputs, proof) = proved();
    for i in 0..inputs.len() {
        for change in [Fr::ONE, -Fr::ONE, Fr::from(u64::MAX)] {
            let mut inputs = inputs.clone();
            inputs[i] += change;
            assert_eq!(
                verify(&key, &inputs, &proof),
                Err(VerifyError::Invalid),
                "input {i}"
            );
        }
    }
}

#[test]
fn a_wrong_number_of_inputs_is_rejected() {
    let (key, inputs, proof) = proved();
    for got in [0, 2, 4] {
        let mut inputs = inputs.clone();
        inputs.resize(got, Fr::zero());
        let expected = VerifyError::InputCount { expected: 3, got };
        assert_eq!(verify(&key, &inputs, &proof), Err(expected));
    }
}

#[test]
fn changed_points_are_rejected() {
    let (key, inputs, proof) = proved();
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let with = |change: &dyn Fn(&mut Proof<Bn254>)| {
        let mut proof = proof.clone();
        change(&mut proof);
        verify(&key, &inputs, &proof)
    };
    let changes: [Change<'_>; 9] = [
        ("a and c swapped", &|p| std::mem::swap(&mut p.a, &mut p.c)),
        ("a negated", &|p| p.a = -p.a),
        ("b negated", &|p| p.b = -p.b),
        ("c negated", &|p| p.c = -p.c),
        ("a moved", &|p| p.a = (p.a + g1).into_affine()),
        ("b moved", &|p| p.b = (p.b + g2).into_affine()),
        ("c moved", &|p| p.c = (p.c + g1).into_affine()),
        ("all at infinity", &|p| *p = Proof::default()),
        ("c at infinity", &|p| p.c = G1Affine::zero()),
    ];
    for (what, change) in changes {
        assert_eq!(with(change), Err(VerifyError::Invalid), "{what}");
    }
    // Both signs flipped leave e(A, B) as it was: Groth16 proofs are malleable by design.
    let malleated = with(&|p| {
        p.a = -p.a;
        p.b = -p.b;
    });
    assert_eq!(malleated, Ok(()));
}

#[test]
fn points_outside_their_groups_are_rejected() {
    let (key, inputs, proof) = proved();
    let bad = Proof {
        a: g1_off_curve(),
        ..proof.clone()
    };
    assert_eq!(
        verify(&key, &inputs, &bad),
        Err(VerifyError::OffCurve { element: "a" })
    );
    let bad = Proof {
        c: g1_off_curve(),
        ..proof.clone()
    };
    assert_eq!(
        verify(&key, &inputs, &bad),
        Err(VerifyError::OffCurve { element: "c" })
    );
    let bad = Proof {
        b: g2_off_curve(),
        ..proof.clone()
    };
    assert_eq!(
        verify(&key, &inputs, &bad),
        Err(VerifyError::OffCurve { element: "b" })
    );
    let bad = Proof {
        b: g2_out_of_subgroup(),
        ..proof.clone()
    };
    assert_eq!(
        verify(&key, &inputs, &bad),
        Err(VerifyError::OutOfSubgroup { element: "b" })
    );
    // B plus a point of small order passes every pairing that ignores the subgroup.
    let b = (proof.b + g2_out_of_subgroup()).into_affine();
    let bad = Proof { b, ..proof };
    assert_eq!(
        verify(&key, &inputs, &bad),
        Err(VerifyError::OutOfSubgroup { element: "b" })
    );
}

#[test]
fn a_proof_under_another_key_is_rejected() {
    let (_, inputs, proof) = proved();
    let other = random_instance(&mut rng(), 3, 7).key();
    let other = PreparedKey::new(&other.vk).unwrap();
    assert_eq!(verify(&other, &inputs, &proof), Err(VerifyError::Invalid));
}

/// Proofs of x² = y for x = 2, 3, ….
fn batch(count: u64) -> (PreparedKey, Vec<Proved>) {
    let key = square_instance(1).key();
    let prover = Prover::new(&key, &Ark).unwrap();
    let rng = &mut rng();
    let proofs = (0..count)
        .map(|i| {
            let instance = square_instance(i + 2);
            let proof = prover
                .prove(&instance.r1cs, &instance.assignment, rng, &mut ())
                .unwrap();
            (instance.public_inputs().to_vec(), proof)
        })
        .collect();
    (prover.prepared_key().clone(), proofs)
}

#[test]
fn batches_of_good_proofs_are_accepted() {
    let (key, proofs) = batch(9);
    for count in [0, 1, 2, 9] {
        assert_eq!(
            verify_batch(&key, &proofs[..count], &mut rng()),
            Ok(()),
            "{count}"
        );
    }
    assert_eq!(find_invalid(&key, &proofs), []);
}

#[test]
fn one_bad_proof_anywhere_spoils_a_batch() {
    let (key, proofs) = batch(5);
    for bad in 0..proofs.len() {
        let mut proofs = proofs.clone();
        proofs[bad].0[0] += Fr::ONE;
        let failed = Err(VerifyError::BatchInvalid { count: 5 });
        assert_eq!(verify_batch(&key, &proofs, &mut rng()), failed);
        assert_eq!(find_invalid(&key, &proofs), [(bad, VerifyError::Invalid)]);
    }
}

/// The product that a verifier with all weights 1 would check.
fn equal_weights_accept(key: &PreparedKey, proofs: &[Proved]) -> bool {
    let vk = key.verifying_key();
    let mut product = Bn254::multi_pairing(
        proofs.iter().map(|(_, proof)| proof.a).collect::<Vec<_>>(),
        proofs.iter().map(|(_, proof)| proof.b).collect::<Vec<_>>(),
    );
    for (inputs, proof) in proofs {
        let sum: G1Projective = vk.gamma_abc_g1[0]
            + vk.gamma_abc_g1[1..]
                .iter()
                .zip(inputs)
                .map(|(p, x)| *p * *x)
                .sum::<G1Projective>();
        product -= Bn254::multi_pairing(
            [vk.alpha_g1, sum.into_affine(), proof.c],
            [vk.beta_g2, vk.gamma_g2, vk.delta_g2],
        );
    }
    product.is_zero()
}

#[test]
fn two_bad_proofs_that_cancel_each_other_are_caught() {
    let (key, mut proofs) = batch(4);
    let shift = G1Projective::rand(&mut rng());
    proofs[0].1.c = (proofs[0].1.c + shift).into_affine();
    proofs[3].1.c = (proofs[3].1.c - shift).into_affine();
    assert!(
        equal_weights_accept(&key, &proofs),
        "the forgery must fool equal weights"
    );
    let failed = Err(VerifyError::BatchInvalid { count: 4 });
    assert_eq!(verify_batch(&key, &proofs, &mut rng()), failed);
    let culprits = [(0, VerifyError::Invalid), (3, VerifyError::Invalid)];
    assert_eq!(find_invalid(&key, &proofs), culprits);
}

#[test]
fn inputs_that_cancel_each_other_are_caught() {
    let (key, mut proofs) = batch(3);
    proofs[1].0[0] += Fr::ONE;
    proofs[2].0[0] -= Fr::ONE;
    assert!(
        equal_weights_accept(&key, &proofs),
        "the forgery must fool equal weights"
    );
    let failed = Err(VerifyError::BatchInvalid { count: 3 });
    assert_eq!(verify_batch(&key, &proofs, &mut rng()), failed);
}

#[test]
fn malformed_members_of_a_batch_are_named() {
    let (key, proofs) = batch(3);
    let refused = |index, source| {
        Err(VerifyError::InBatch {
            index,
            source: Box::new(source),
        })
    };
    let mut bad = proofs.clone();
    bad[2].0.push(Fr::ZERO);
    let source = VerifyError::InputCount {
        expected: 1,
        got: 2,
    };
    assert_eq!(verify_batch(&key, &bad, &mut rng()), refused(2, source));
    let mut bad = proofs.clone();
    bad[1].1.a = G1Affine::new_unchecked(Fq::ONE, Fq::ONE);
    bad[2].1.a = bad[1].1.a;
    let source = VerifyError::OffCurve { element: "a" };
    assert_eq!(verify_batch(&key, &bad, &mut rng()), refused(1, source));
    let mut bad = proofs;
    bad[0].1.b = g2_out_of_subgroup();
    let source = VerifyError::OutOfSubgroup { element: "b" };
    assert_eq!(verify_batch(&key, &bad, &mut rng()), refused(0, source));
}
