//! What the prover refuses, and what it reports.

use std::time::Duration;

use crate::common::{random_instance, square_instance};
use ark_ff::{AdditiveGroup, Field, UniformRand};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::{Ark, BackendName, detect};
use zkroll_prover::{
    Cancellation, Cancelled, Fr, KeyError, Matrices, Matrix, Observer, PreparedKey, ProveError,
    Provenance, Prover, ProvingKey, R1cs, Stage, StageTimes, Unsatisfied, VerifyError,
    check_satisfied, prove, setup, verify,
};

fn rng() -> StdRng {
    StdRng::seed_from_u64(4)
}

fn refused(key: &ProvingKey, r1cs: &Matrices, assignment: &[Fr]) -> ProveError {
    prove(key, r1cs, assignment, &Ark, &mut rng()).unwrap_err()
}

#[test]
fn proofs_by_the_detected_backend_verify_and_differ() {
    let instance = square_instance(7);
    let key = instance.key();
    let (backend, rng) = (detect().unwrap(), &mut rng());
    let first = prove(&key, &instance.r1cs, &instance.assignment, &backend, rng).unwrap();
    let second = prove(&key, &instance.r1cs, &instance.assignment, &backend, rng).unwrap();
    assert_ne!(first, second, "blinding must be fresh");
    let vk = PreparedKey::new(&key.vk).unwrap();
    for proof in [first, second] {
        verify(&vk, instance.public_inputs(), &proof).unwrap();
    }
}

#[test]
fn a_broken_constraint_is_named() {
    let rng = &mut rng();
    let instance = random_instance(rng, 2, 9);
    let key = instance.key();
    for row in [0, 4, 8] {
        let mut assignment = instance.assignment.clone();
        // Each constraint defines the column of its own product.
        let column = instance.rows[2][row][0].0;
        assignment[column] += Fr::ONE;
        let expected = Unsatisfied {
            row,
            label: format!("product {row}"),
        };
        assert_eq!(
            check_satisfied(&instance.r1cs, &assignment),
            Err(expected.clone())
        );
        let error = refused(&key, &instance.r1cs, &assignment);
        assert_eq!(
            error.to_string(),
            format!("constraint {row} (product {row}) is not satisfied")
        );
        assert_eq!(error, ProveError::Unsatisfied(expected));
    }
    assert_eq!(
        check_satisfied(&instance.r1cs, &instance.assignment),
        Ok(())
    );
}

#[test]
fn an_assignment_of_the_wrong_length_is_refused() {
    let instance = square_instance(7);
    let key = instance.key();
    let mut long = instance.assignment.clone();
    long.push(Fr::ONE);
    for assignment in [&long[..], &long[..2], &[]] {
        let expected = ProveError::AssignmentLength {
            expected: 3,
            got: assignment.len(),
        };
        assert_eq!(refused(&key, &instance.r1cs, assignment), expected);
    }
}

#[test]
fn an_assignment_without_the_constant_one_is_refused() {
    // No constraint of this circuit mentions the constant, so satisfaction alone would not notice.
    let instance = square_instance(7);
    let got = Fr::from(2u64);
    let assignment = [got, Fr::from(49u64), Fr::from(7u64)];
    let expected = ProveError::ConstantNotOne { got };
    assert_eq!(
        refused(&instance.key(), &instance.r1cs, &assignment),
        expected
    );
}

#[test]
fn a_key_of_another_shape_is_refused() {
    let rng = &mut rng();
    let instance = random_instance(rng, 1, 5);
    let more_witness = random_instance(rng, 1, 6).key();
    let more_public = random_instance(rng, 2, 4).key();
    let error = refused(&more_witness, &instance.r1cs, &instance.assignment);
    assert_eq!(
        error,
        ProveError::KeyShape {
            list: "a_query",
            expected: 9,
            got: 10
        }
    );
    let error = refused(&more_public, &instance.r1cs, &instance.assignment);
    assert_eq!(
        error,
        ProveError::KeyShape {
            list: "gamma_abc_g1",
            expected: 2,
            got: 3
        }
    );
    // The same columns, but so many rows more that the domain differs.
    let mut rows = instance.rows.clone();
    for rows in &mut rows {
        rows.extend(vec![vec![]; 8]);
    }
    let padded = Matrices::new(2, instance.r1cs.num_witness(), rows).unwrap();
    let key = setup::development(&padded, [0; 32], &[0; 32]).unwrap();
    let error = refused(&key, &instance.r1cs, &instance.assignment);
    assert_eq!(
        error,
        ProveError::KeyShape {
            list: "h_query",
            expected: 7,
            got: 15
        }
    );
}

#[test]
fn a_key_of_another_circuit_of_the_same_shape_gives_no_proof() {
    let instance = square_instance(7);
    // x · 1 = y instead of x · x = y.
    let one = Fr::ONE;
    let rows = [
        vec![vec![(2, one)]],
        vec![vec![(0, one)]],
        vec![vec![(1, one)]],
    ];
    let other = Matrices::new(2, 1, rows).unwrap();
    let key = setup::development(&other, [0; 32], &[0; 32]).unwrap();
    let error = refused(&key, &instance.r1cs, &instance.assignment);
    assert_eq!(error, ProveError::SelfCheck(VerifyError::Invalid));
}

#[test]
fn a_refused_key_is_not_loaded() {
    let mut key = square_instance(7).key();
    key.vk.delta_g2 = key.vk.gamma_g2;
    let error = Prover::new(&key, &Ark).err().unwrap();
    assert_eq!(error, ProveError::Key(KeyError::DeltaEqualsGamma));
}

#[test]
fn development_keys_are_deterministic_and_say_unsafe() {
    let r1cs = square_instance(7).r1cs;
    let key = |seed| setup::development(&r1cs, [9; 32], &[seed; 32]).unwrap();
    assert_eq!(key(1), key(1));
    assert_ne!(key(1).vk, key(2).vk);
    assert_eq!(key(1).circuit_digest, [9; 32]);
    assert_eq!(key(1).provenance, Provenance::Development);
    assert!(key(1).provenance.is_unsafe());
    assert!(key(1).to_string().contains("UNSAFE"));

    let random = || setup::development_with_rng(&r1cs, [9; 32], &mut rand::rngs::OsRng).unwrap();
    let first = random();
    assert_ne!(first.vk, random().vk);
    assert!(first.to_string().contains("UNSAFE"));

    let foreign = ProvingKey::from_ark(first.clone().try_into().unwrap(), [9; 32]);
    assert_eq!(foreign.provenance, Provenance::Unknown);
    assert!(!foreign.to_string().contains("UNSAFE"));
    assert_eq!(
        ProvingKey {
            provenance: Provenance::Development,
            ..foreign
        },
        first
    );
}

#[derive(Default)]
struct Recorder(Vec<(Stage, bool)>);

impl Observer for Recorder {
    fn started(&mut self, stage: Stage) {
        self.0.push((stage, false));
    }

    fn finished(&mut self, stage: Stage, _: Duration) {
        self.0.push((stage, true));
    }
}

#[test]
fn stages_are_reported_in_order() {
    let instance = square_instance(7);
    let key = instance.key();
    let prover = Prover::new(&key, &Ark).unwrap();
    let (r1cs, assignment, rng) = (&instance.r1cs, &instance.assignment, &mut rng());

    let mut times = StageTimes::default();
    prover.prove(r1cs, assignment, rng, &mut times).unwrap();
    let stages: Vec<Stage> = times.as_slice().iter().map(|(stage, _)| *stage).collect();
    assert_eq!(stages, Stage::ALL);
    assert!(times.total() > Duration::ZERO);

    let mut recorder = Recorder::default();
    prover.prove(r1cs, assignment, rng, &mut recorder).unwrap();
    let expected: Vec<_> = Stage::ALL
        .into_iter()
        .flat_map(|stage| [(stage, false), (stage, true)])
        .collect();
    assert_eq!(recorder.0, expected);

    let mut recorder = Recorder::default();
    let broken = [1u64, 50, 7].map(Fr::from);
    prover.prove(r1cs, &broken, rng, &mut recorder).unwrap_err();
    let expected = [
        (Stage::Products, false),
        (Stage::Products, true),
        (Stage::Satisfaction, false),
    ];
    assert_eq!(recorder.0, expected);
}

/// Raises the flag when a stage begins, and remembers what began.
struct CancelAt {
    stage: Stage,
    cancellation: Cancellation,
    started: Vec<Stage>,
}

impl CancelAt {
    fn new(stage: Stage) -> Self {
        Self {
            stage,
            cancellation: Cancellation::new(),
            started: Vec::new(),
        }
    }
}

impl Observer for CancelAt {
    fn started(&mut self, stage: Stage) {
        self.started.push(stage);
        if stage == self.stage {
            self.cancellation.cancel();
        }
    }

    fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }
}

#[test]
fn a_cancelled_proof_stops_at_the_next_stage() {
    let instance = square_instance(7);
    let key = instance.key();
    let prover = Prover::new(&key, &Ark).unwrap();
    let (r1cs, assignment, rng) = (&instance.r1cs, &instance.assignment, &mut rng());

    // After the last stage begins there is nothing left to stop.
    let (last, stages) = Stage::ALL.split_last().unwrap();
    for &stage in stages {
        let mut observer = CancelAt::new(stage);
        let error = prover
            .prove(r1cs, assignment, rng, &mut observer)
            .unwrap_err();
        assert_eq!(error, ProveError::Cancelled(Cancelled), "{stage}");
        assert_eq!(observer.started.last(), Some(&stage));
        assert!(!observer.started.contains(last));
    }

    // Backends that run the multiplications side by side announce all of them and stop among them.
    for name in BackendName::ALL {
        let Ok(backend) = name.open() else { continue };
        let prover = Prover::new(&key, &backend).unwrap();
        for &stage in stages {
            let mut observer = CancelAt::new(stage);
            let error = prover
                .prove(r1cs, assignment, rng, &mut observer)
                .unwrap_err();
            let expected = ProveError::Cancelled(Cancelled);
            assert_eq!(error, expected, "{name}, {stage}");
            assert!(!observer.started.contains(last));
        }
    }

    let mut observer = CancelAt::new(*last);
    prover.prove(r1cs, assignment, rng, &mut observer).unwrap();
    assert_eq!(observer.started, Stage::ALL);
    let error = prover
        .prove(r1cs, assignment, rng, &mut observer)
        .unwrap_err();
    assert_eq!(error, ProveError::Cancelled(Cancelled), "the flag stays up");
}

/// A circuit with structure: n copies of x · x = y, its matrices never written out.
struct Squares(usize);

impl R1cs for Squares {
    fn num_instance(&self) -> usize {
        1
    }
    fn num_witness(&self) -> usize {
        2 * self.0
    }
    fn num_constraints(&self) -> usize {
        self.0
    }
    fn visit_row(&self, matrix: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        let x = 1 + 2 * row;
        visit(if matrix == Matrix::C { x + 1 } else { x }, &Fr::ONE);
    }
    fn label(&self, row: usize) -> String {
        format!("square[{row}]")
    }
}

#[test]
fn any_implementor_of_the_trait_can_be_proved() {
    let rng = &mut rng();
    let circuit = Squares(20);
    let mut assignment = vec![Fr::ONE];
    for _ in 0..20 {
        let x = Fr::rand(rng);
        assignment.extend([x, x.square()]);
    }
    let key = setup::development(&circuit, [0; 32], &[0; 32]).unwrap();
    let dynamic: &dyn R1cs = &circuit;
    let proof = prove(&key, dynamic, &assignment, &Ark, rng).unwrap();
    verify(&PreparedKey::new(&key.vk).unwrap(), &[], &proof).unwrap();
    assignment[6] = Fr::ZERO;
    let error = prove(&key, dynamic, &assignment, &Ark, rng).unwrap_err();
    let expected = Unsatisfied {
        row: 2,
        label: "square[2]".to_owned(),
    };
    assert_eq!(error, ProveError::Unsatisfied(expected));
}
