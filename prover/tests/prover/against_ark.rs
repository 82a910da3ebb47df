//! Proofs are bit-identical to `ark-groth16`'s, on every backend.

use crate::common::{Instance, random_instance, square_instance};
use ark_bn254::Bn254;
use ark_ff::{UniformRand, Zero};
use ark_groth16::{Groth16, prepare_verifying_key};
use ark_relations::gr1cs::{
    ConstraintSystem, ConstraintSystemRef, OptimizationGoal, R1CS_PREDICATE_LABEL,
};
use ark_relations::lc;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::{Ark, Naive};
use zkroll_prover::{
    Fr, Matrices, Matrix, PreparedKey, Proof, ProvingKey, R1cs, prove_with_blinding, setup, verify,
};

fn ark_proof(instance: &Instance, key: &ProvingKey, r: Fr, s: Fr) -> Proof<Bn254> {
    Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        &key.clone().try_into().unwrap(),
        r,
        s,
        &instance.ark_matrices(),
        instance.num_instance,
        instance.rows[0].len(),
        &instance.assignment,
    )
    .unwrap()
}

fn check(instance: &Instance, r: Fr, s: Fr) {
    let key = instance.key();
    let expected = ark_proof(instance, &key, r, s);
    let (r1cs, assignment) = (&instance.r1cs, &instance.assignment);
    let on_ark = prove_with_blinding(&key, r1cs, assignment, &Ark, r, s).unwrap();
    let on_naive = prove_with_blinding(&key, r1cs, assignment, &Naive, r, s).unwrap();
    assert_eq!(on_ark, expected);
    assert_eq!(on_naive, expected);
    verify(
        &PreparedKey::new(&key.vk).unwrap(),
        instance.public_inputs(),
        &expected,
    )
    .unwrap();
    let inputs = instance.public_inputs();
    assert!(
        Groth16::<Bn254>::verify_proof(&prepare_verifying_key(&key.vk), &on_ark, inputs).unwrap()
    );
}

#[test]
fn random_circuits_with_0_1_and_3_public_inputs() {
    let rng = &mut StdRng::seed_from_u64(2);
    for num_public in [0, 1, 3] {
        // 12 and 13 rows with 4 instance columns: the domain full, and one row too many for it.
        for num_constraints in [0, 1, 12, 13, 40] {
            let instance = random_instance(rng, num_public, num_constraints);
            check(&instance, Fr::rand(rng), Fr::rand(rng));
        }
    }
}

#[test]
fn blinding_zero_is_no_special_case() {
    let rng = &mut StdRng::seed_from_u64(3);
    let instance = random_instance(rng, 1, 5);
    for (r, s) in [
        (Fr::zero(), Fr::zero()),
        (Fr::zero(), Fr::rand(rng)),
        (Fr::rand(rng), Fr::zero()),
    ] {
        check(&instance, r, s);
    }
}

#[test]
fn the_square_circuit() {
    check(&square_instance(7), Fr::from(11u64), Fr::from(13u64));
}

#[test]
fn a_circuit_without_witness_or_constraints() {
    let rows = [vec![], vec![], vec![]];
    let r1cs = Matrices::new(1, 0, rows.clone()).unwrap();
    let instance = Instance {
        num_instance: 1,
        rows,
        r1cs,
        assignment: vec![Fr::from(1u64)],
    };
    check(&instance, Fr::from(3u64), Fr::from(4u64));
}

/// (x + 2x)·y = z through arkworks' own constraint system, with linear combinations to inline.
fn synthesize() -> ConstraintSystemRef<Fr> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    let z = cs.new_input_variable(|| Ok(Fr::from(45u64))).unwrap();
    let x = cs.new_witness_variable(|| Ok(Fr::from(3u64))).unwrap();
    let y = cs.new_witness_variable(|| Ok(Fr::from(5u64))).unwrap();
    let three_x = cs.new_lc(|| lc!() + x + (Fr::from(2u64), x)).unwrap();
    cs.enforce_r1cs_constraint(|| lc!() + three_x, || lc!() + y, || lc!() + z)
        .unwrap();
    cs.enforce_r1cs_constraint(|| lc!() + x, || lc!(), || lc!())
        .unwrap();
    cs.finalize();
    cs
}

#[test]
fn an_arkworks_constraint_system() {
    let cs = synthesize();
    let r1cs = Matrices::try_from(&cs).unwrap();
    assert_eq!(
        (
            r1cs.num_instance(),
            r1cs.num_witness(),
            r1cs.num_constraints()
        ),
        (2, 2, 2)
    );
    assert_eq!(r1cs.num_non_zero(Matrix::A), 2, "x + 2x is one entry");
    let assignment = [
        cs.instance_assignment().unwrap(),
        cs.witness_assignment().unwrap(),
    ]
    .concat();
    let key = setup::development(&r1cs, [0; 32], &[1; 32]).unwrap();
    let (r, s) = (Fr::from(17u64), Fr::from(19u64));
    let expected = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        &key.clone().try_into().unwrap(),
        r,
        s,
        &cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL],
        2,
        2,
        &assignment,
    )
    .unwrap();
    assert_eq!(
        prove_with_blinding(&key, &r1cs, &assignment, &Ark, r, s).unwrap(),
        expected
    );
}
