//! Inputs that put everything into few buckets, and adapters with little room.

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{UniformRand, Zero};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::gpu::GpuOptions;
use zkroll_prover::{Backend, Fr, G1Affine, G1Projective, G2Projective};

use super::{Gpu, open};

fn points<G: CurveGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let (mut next, step) = (G::rand(rng), G::rand(rng).into_affine());
    let points = (0..n).map(|_| {
        next += step;
        next
    });
    G::normalize_batch(&points.collect::<Vec<_>>())
}

fn check(gpu: &Gpu, points: &[G1Affine], scalars: &[Fr], what: &str) {
    let bases = gpu.load_g1(points).unwrap();
    let sum = gpu.msm_g1(&bases, scalars).unwrap();
    assert_eq!(sum, G1Projective::msm_unchecked(points, scalars), "{what}");
}

pub fn skewed_inputs(options: &GpuOptions) {
    let gpu = open(options).unwrap();
    let rng = &mut StdRng::seed_from_u64(4);
    let n = 1 << 12;
    let distinct = points::<G1Projective>(n, rng);
    let random: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
    let same = Fr::rand(rng);
    let every = |scalar: &dyn Fn(usize) -> Fr| (0..n).map(scalar).collect::<Vec<_>>();
    for (what, scalars) in [
        ("all equal", vec![same; n]),
        (
            "half in one bucket",
            every(&|i| if i % 2 == 0 { same } else { random[i] }),
        ),
        (
            "90% zero and one",
            every(&|i| {
                if i % 10 < 9 {
                    Fr::from((i % 2) as u64)
                } else {
                    random[i]
                }
            }),
        ),
        ("all zero", vec![Fr::zero(); n]),
    ] {
        check(&gpu, &distinct, &scalars, what);
    }
    let one = distinct[0];
    let minus_one = (-one.into_group()).into_affine();
    for (what, points) in [
        ("duplicates", vec![one; n]),
        (
            "negated pairs",
            (0..n)
                .map(|i| if i % 2 == 0 { one } else { minus_one })
                .collect(),
        ),
        ("infinity", vec![G1Affine::zero(); n]),
    ] {
        check(&gpu, &points, &random, what);
        check(&gpu, &points, &vec![same; n], what);
    }
}

/// 16 MiB bindings: several segments of G2 points and several chunks of scalars.
pub fn small_bindings(options: &GpuOptions) {
    let options = GpuOptions {
        max_binding_bytes: Some(16 << 20),
        ..options.clone()
    };
    let gpu = open(&options).unwrap();
    assert_eq!(gpu.executor().info().max_binding_bytes, 16 << 20);
    let rng = &mut StdRng::seed_from_u64(5);
    let n = (1 << 16) + 1;
    let scalars: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
    check(&gpu, &points::<G1Projective>(n, rng), &scalars, "G1");
    let n = 1 << 13;
    let points = points::<G2Projective>(n, rng);
    let bases = gpu.load_g2(&points).unwrap();
    let sum = gpu.msm_g2(&bases, &scalars[..n]).unwrap();
    assert_eq!(sum, G2Projective::msm_unchecked(&points, &scalars[..n]));
}
