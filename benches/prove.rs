//! A whole proof of the smallest batch circuit: one transfer in a tree of one level. The check that
//! the constraints hold and the finished proof's verification are included; the witness is not.
//! `zkroll bench --ops prove` compares with the prover of `ark-groth16`.

mod support;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use support::{SMALLEST, backends, full_batch};
use zkroll::ProgramRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::{Backend, Prover, setup};

fn prove(criterion: &mut Criterion) {
    let circuit = BatchCircuit::new(SMALLEST).expect("a shape with a circuit");
    let relation = ProgramRelation(circuit.program());
    let key = setup::development(&relation, circuit.digest(), &[1; 32]).expect("a key");
    let witness = circuit.assign(&full_batch(&SMALLEST)).expect("a witness");
    let constraints = circuit.cost().constraints;

    let mut group = criterion.benchmark_group("prove");
    group.sample_size(10);
    for backend in &backends() {
        let prover = Prover::new(&key, backend).expect("the backend takes the key");
        let rng = &mut StdRng::seed_from_u64(1);
        group.bench_function(BenchmarkId::new(backend.name(), constraints), |bench| {
            bench.iter(|| {
                prover
                    .prove(&relation, &witness.columns, rng, &mut ())
                    .expect("a proof")
            });
        });
    }
    group.finish();
}

criterion_group!(benches, prove);
criterion_main!(benches);
