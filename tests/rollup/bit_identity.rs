//! The batch circuit, written out row by row, in the hands of `ark-groth16`: the same key and
//! blinding give the same proof, and each side takes the other's key.

use crate::common;
use ark_ec::PrimeGroup;
use ark_ff::UniformRand;
use ark_groth16::Groth16;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};
use rand::{SeedableRng, rngs::StdRng};
use rayon::ThreadPoolBuilder;
use zkroll::{
    BatchProver, ProgramRelation,
    circuits::{batch::BatchCircuit, protocol::public_data::BatchShape},
    prover::{
        AnyBackend, Backend, Bn254, Fr, G1Projective, G2Projective, Matrix, Proof, Prover,
        ProvingKey, R1cs,
        backend::{self, Ark, BackendName, Naive},
        key_file::{self, StreamedKey},
        verify,
    },
};

/// The smallest batch there is.
const SMALLEST: BatchShape = BatchShape::transfers_only(1, 1, 0);

const BLINDING: [u64; 2] = [0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210];

type Rows = Vec<Vec<(Fr, usize)>>;

fn rows(r1cs: &impl R1cs, matrix: Matrix) -> Rows {
    (0..r1cs.num_constraints())
        .map(|row| {
            let mut entries = Vec::new();
            r1cs.visit_row(matrix, row, &mut |column, coefficient| {
                entries.push((*coefficient, column))
            });
            entries
        })
        .collect()
}

/// The rows of a circuit as an arkworks circuit, with or without values.
struct Replay<'a> {
    relation: ProgramRelation<'a>,
    columns: Option<&'a [Fr]>,
}

impl ConstraintSynthesizer<Fr> for Replay<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let value = |column: usize| match self.columns {
            Some(columns) => Ok(columns[column]),
            None => Err(SynthesisError::AssignmentMissing),
        };
        let instance = self.relation.num_instance();
        let mut variables = vec![Variable::One];
        for column in 1..instance {
            variables.push(cs.new_input_variable(|| value(column))?);
        }
        for column in instance..self.relation.num_columns() {
            variables.push(cs.new_witness_variable(|| value(column))?);
        }
        let [a, b, c] = Matrix::ALL.map(|matrix| rows(&self.relation, matrix));
        let combination = |row: &[(Fr, usize)]| {
            row.iter()
                .fold(LinearCombination::zero(), |sum, &(coefficient, column)| {
                    sum + (coefficient, variables[column])
                })
        };
        for ((a, b), c) in a.iter().zip(&b).zip(&c) {
            cs.enforce_r1cs_constraint(|| combination(a), || combination(b), || combination(c))?;
        }
        Ok(())
    }
}

/// Every backend that this machine has but the reference, which takes its time.
fn backends() -> Vec<AnyBackend> {
    let names = backend::list().into_iter().map(|entry| entry.name);
    names
        .filter(|name| *name != BackendName::Naive)
        .filter_map(|name| name.open().ok())
        .collect()
}

fn prove_blinded(
    key: &ProvingKey,
    circuit: &BatchCircuit,
    columns: &[Fr],
    backend: &impl Backend,
) -> Proof<Bn254> {
    let [r, s] = BLINDING.map(Fr::from);
    Prover::new(key, backend)
        .unwrap()
        .prove_with_blinding(&ProgramRelation(circuit.program()), columns, r, s, &mut ())
        .unwrap()
}

#[test]
fn the_same_key_and_blinding_give_the_proof_of_ark_groth16() {
    let prover = common::prover(SMALLEST);
    let (circuit, key) = (prover.circuit(), prover.key());
    let columns = common::witness(circuit).columns;
    let relation = ProgramRelation(circuit.program());
    let matrices = Matrix::ALL.map(|matrix| rows(&relation, matrix));
    let [r, s] = BLINDING.map(Fr::from);
    let expected = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
        &key.clone().try_into().unwrap(),
        r,
        s,
        &matrices,
        relation.num_instance(),
        relation.num_constraints(),
        &columns,
    )
    .unwrap();
    for backend in backends() {
        for threads in [1, 2, 5] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            let proof = pool
                .unwrap()
                .install(|| prove_blinded(key, circuit, &columns, &backend));
            assert_eq!(proof, expected, "{}, {threads} threads", backend.name());
        }
    }
    assert_eq!(prove_blinded(key, circuit, &columns, &Naive), expected);
    verify(&common::prepared(&prover), &columns[1..4], &expected).unwrap();
}

#[test]
fn window_tables_give_the_same_proof() {
    let prover = common::prover(SMALLEST);
    let (circuit, key) = (prover.circuit(), prover.key());
    let columns = common::witness(circuit).columns;
    let expected = prove_blinded(key, circuit, &columns, &Ark);
    let [r, s] = BLINDING.map(Fr::from);
    // None fits; some levels; all that pay.
    for table_bytes in [1 << 10, 30 << 20, usize::MAX] {
        for backend in backends() {
            let proof = Prover::with_tables(key, &backend, table_bytes)
                .unwrap()
                .prove_with_blinding(&ProgramRelation(circuit.program()), &columns, r, s, &mut ())
                .unwrap();
            assert_eq!(proof, expected, "{}, {table_bytes} bytes", backend.name());
        }
    }
}

#[test]
fn a_key_left_in_its_file_gives_the_same_proof() {
    let prover = common::prover(SMALLEST);
    let (circuit, key) = (prover.circuit(), prover.key());
    let columns = common::witness(circuit).columns;
    let expected = prove_blinded(key, circuit, &columns, &Ark);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("batch.key");
    key_file::write(&path, key).unwrap();
    let key = StreamedKey::open(&path, Some(&circuit.digest())).unwrap();
    let [r, s] = BLINDING.map(Fr::from);
    for backend in backends() {
        let proof = Prover::streaming(&key, &backend)
            .unwrap()
            .prove_with_blinding(&ProgramRelation(circuit.program()), &columns, r, s, &mut ())
            .unwrap();
        assert_eq!(proof, expected, "{}", backend.name());
    }
}

#[test]
fn a_key_of_ark_groth16_proves_here_and_both_give_one_proof() {
    let circuit = BatchCircuit::new(SMALLEST).unwrap();
    let columns = common::witness(&circuit).columns;
    let replay = |columns| Replay {
        relation: ProgramRelation(circuit.program()),
        columns,
    };
    let mut rng = StdRng::seed_from_u64(5);
    let [alpha, beta, gamma, delta] = [(); 4].map(|()| Fr::rand(&mut rng));
    // The key's validation demands the curve's generators, so they are not drawn at random.
    let key = Groth16::<Bn254>::generate_parameters_with_qap(
        replay(None),
        alpha,
        beta,
        gamma,
        delta,
        G1Projective::generator(),
        G2Projective::generator(),
        &mut rng,
    )
    .unwrap();
    let [r, s] = BLINDING.map(Fr::from);
    let expected =
        Groth16::<Bn254>::create_proof_with_reduction(replay(Some(&columns)), &key, r, s).unwrap();

    let key = ProvingKey::from_ark(key, circuit.digest());
    zkroll::prover::validate_proving_key(&key).unwrap();
    assert_eq!(prove_blinded(&key, &circuit, &columns, &Ark), expected);
    let prover = BatchProver::new(BatchCircuit::new(SMALLEST).unwrap(), key).unwrap();
    verify(&common::prepared(&prover), &columns[1..4], &expected).unwrap();
}

#[test]
fn a_key_of_another_circuit_is_refused() {
    let key = common::prover(SMALLEST).key().clone();
    let wider = BatchShape {
        fee_slots: 1,
        ..SMALLEST
    };
    let error = BatchProver::new(BatchCircuit::new(wider).unwrap(), key).unwrap_err();
    assert!(
        matches!(error, zkroll::BatchError::KeyOfAnotherCircuit { .. }),
        "{error}"
    );
}
