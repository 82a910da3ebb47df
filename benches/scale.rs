//! A point for every point, by the point: every point times one scalar, each times its own, and whether each
//! is in its group. The scalars are uniform in the field.

mod support;

use std::hint::black_box;

use ark_ec::CurveGroup;
use ark_ff::UniformRand;
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{SeedableRng, rngs::StdRng};
use support::backends;
use zkroll::prover::{Backend, Fr, G1Projective, G2Projective};

/// Some blocks of the engines.
const N: usize = 1 << 12;

/// Random points, the sums of two of them in all their multiples.
fn points<G: CurveGroup>() -> Vec<G::Affine> {
    let rng = &mut StdRng::seed_from_u64(2);
    let (first, step) = (G::rand(rng), G::rand(rng).into_affine());
    let next = |point: &G| Some(*point + step);
    let points: Vec<G> = std::iter::successors(Some(first), next).take(N).collect();
    G::normalize_batch(&points)
}

fn scale(criterion: &mut Criterion) {
    let (g1, g2) = (points::<G1Projective>(), points::<G2Projective>());
    let rng = &mut StdRng::seed_from_u64(1);
    let scalars: Vec<Fr> = (0..N).map(|_| Fr::rand(rng)).collect();
    let mut group = criterion.benchmark_group("scale");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(N as u64));
    for backend in &backends() {
        let id = |what: &str| BenchmarkId::new(format!("{what}/{}", backend.name()), N);
        group.bench_function(id("all/g1"), |bench| {
            bench.iter_batched_ref(
                || g1.clone(),
                |points| backend.multiply_all_g1(points, scalars[0]),
                BatchSize::LargeInput,
            );
        });
        group.bench_function(id("each/g1"), |bench| {
            bench.iter(|| backend.multiply_each_g1(black_box(&g1), &scalars));
        });
        group.bench_function(id("each/g2"), |bench| {
            bench.iter(|| backend.multiply_each_g2(black_box(&g2), &scalars));
        });
        group.bench_function(id("membership/g1"), |bench| {
            bench.iter(|| backend.first_outside_g1(black_box(&g1)));
        });
        group.bench_function(id("membership/g2"), |bench| {
            bench.iter(|| backend.first_outside_g2(black_box(&g2)));
        });
    }
    group.finish();
}

criterion_group!(benches, scale);
criterion_main!(benches);
