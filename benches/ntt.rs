//! The forward transform over the scalar field, natural order in and out.

mod support;

use ark_ff::UniformRand;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use support::backends;
use zkroll::prover::{Backend, Fr};

const LOG_SIZES: [u32; 2] = [10, 14];

fn ntt(criterion: &mut Criterion) {
    let backends = backends();
    for n in LOG_SIZES.map(|log_n| 1 << log_n) {
        let rng = &mut StdRng::seed_from_u64(1);
        let values: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
        let mut group = criterion.benchmark_group("ntt");
        group
            .sample_size(10)
            .throughput(Throughput::Elements(n as u64));
        for backend in &backends {
            group.bench_function(BenchmarkId::new(backend.name(), n), |bench| {
                bench.iter_batched_ref(
                    || values.clone(),
                    |values| backend.ntt(values),
                    BatchSize::LargeInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, ntt);
criterion_main!(benches);
