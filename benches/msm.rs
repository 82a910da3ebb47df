//! Multi-scalar multiplication: `Σ kᵢ·Pᵢ` over loaded bases. The scalars are uniform in the field,
//! or the columns of a batch's witness, most of which are bits and small numbers.

mod support;

use std::hint::black_box;
use std::iter::successors;

use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use support::{SMALLEST, backends, full_batch};
use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::{Backend, Fr, G1Projective, G2Projective};

const LOG_SIZES: [u32; 2] = [10, 12];

/// `P, 2P, 4P, …` for a random P.
fn points<G: CurveGroup>(n: usize) -> Vec<G::Affine> {
    let first = G::rand(&mut StdRng::seed_from_u64(2));
    let points: Vec<G> = successors(Some(first), |point| Some(point.double()))
        .take(n)
        .collect();
    G::normalize_batch(&points)
}

fn random_scalars(n: usize) -> Vec<Fr> {
    let rng = &mut StdRng::seed_from_u64(1);
    (0..n).map(|_| Fr::rand(rng)).collect()
}

fn witness_scalars() -> Vec<Fr> {
    let circuit = BatchCircuit::new(SMALLEST).expect("a shape with a circuit");
    let witness = circuit.assign(&full_batch(&SMALLEST));
    witness.expect("a witness").columns
}

fn msm(criterion: &mut Criterion) {
    let random = LOG_SIZES.map(|log_n| ("random", random_scalars(1 << log_n)));
    let inputs = random.into_iter().chain([("witness", witness_scalars())]);
    let backends = backends();
    for (input, scalars) in inputs {
        let n = scalars.len();
        let (g1, g2) = (points::<G1Projective>(n), points::<G2Projective>(n));
        let mut group = criterion.benchmark_group("msm");
        group
            .sample_size(10)
            .throughput(Throughput::Elements(n as u64));
        for backend in &backends {
            let id =
                |curve: &str| BenchmarkId::new(format!("{curve}/{input}/{}", backend.name()), n);
            let bases = backend.load_g1(&g1).expect("the backend takes the points");
            group.bench_function(id("g1"), |bench| {
                bench.iter(|| backend.msm_g1(&bases, black_box(&scalars)));
            });
            let bases = backend.load_g2(&g2).expect("the backend takes the points");
            group.bench_function(id("g2"), |bench| {
                bench.iter(|| backend.msm_g2(&bases, black_box(&scalars)));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, msm);
criterion_main!(benches);
