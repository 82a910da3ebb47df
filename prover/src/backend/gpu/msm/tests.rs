//! Whole multiplications on the shaders' twins, against arkworks.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, UniformRand, Zero};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_shaders::{Curve, Layout};

use super::super::error::GpuError;
use super::super::recording::{Data, Executor, Limits, Recording};
use super::super::twins::TwinExecutor;
use super::{Bases, GpuPoint, Job, Plan, record};
use crate::observer::Cancellation;

const LIMITS: Limits = Limits {
    binding_words: 4 << 20,
    offset_alignment: 64,
    workgroups: 65_535,
    dispatch_work: 1 << 40,
};

fn load<P: GpuPoint>(
    executor: &TwinExecutor,
    points: &[P],
) -> Bases<<TwinExecutor as Executor>::Buffer> {
    Bases::load(executor, points.len(), |start, out| {
        out.copy_from_slice(&points[start..start + out.len()]);
        Ok::<_, GpuError>(())
    })
    .unwrap()
}

/// `Σ scalars[first + i]·points[i]` for lists of both groups at once.
fn sums(
    executor: &TwinExecutor,
    scalars: &[Fr],
    g1: (&[G1Affine], usize),
    g2: (&[G2Affine], usize),
) -> (G1Projective, G2Projective) {
    let (g1_bases, g2_bases) = (load(executor, g1.0), load(executor, g2.0));
    let jobs = [
        Job {
            bases: &g1_bases,
            first: g1.1,
        },
        Job {
            bases: &g2_bases,
            first: g2.1,
        },
    ];
    let mut recording = Recording::default();
    let view = recording.upload("scalars", Data::Scalars(scalars));
    let pending = record(executor, &mut recording, &view, scalars.len(), &jobs).unwrap();
    let words = executor.run(recording, &Cancellation::new()).unwrap();
    (
        pending[0].finish::<G1Affine>(&words[0]).unwrap(),
        pending[1].finish::<G2Affine>(&words[1]).unwrap(),
    )
}

fn points<G: CurveGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let (mut next, step) = (G::rand(rng), G::rand(rng));
    let points: Vec<G> = (0..n)
        .map(|i| {
            next += step;
            match i % 7 {
                3 => G::zero(),
                5 => step,
                6 => -step,
                _ => next,
            }
        })
        .collect();
    G::normalize_batch(&points)
}

fn scalars(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    (0..n)
        .map(|i| match i % 9 {
            1 => Fr::zero(),
            2 => Fr::ONE,
            4 => -Fr::ONE,
            5 => Fr::from(2u64).pow([(i % 254) as u64]),
            7 => -Fr::from(i as u64),
            _ => Fr::rand(rng),
        })
        .collect()
}

fn check(executor: &TwinExecutor, scalars: &[Fr], first: usize, rng: &mut StdRng) {
    let n = scalars.len();
    let g1 = points::<G1Projective>(n, rng);
    let g2 = points::<G2Projective>(n - first, rng);
    let (g1_sum, g2_sum) = sums(executor, scalars, (&g1, 0), (&g2, first));
    assert_eq!(g1_sum, G1Projective::msm_unchecked(&g1, scalars), "{n}");
    let expected = G2Projective::msm_unchecked(&g2, &scalars[first..]);
    assert_eq!(g2_sum, expected, "{n} from {first}");
}

#[test]
fn sums_are_those_of_arkworks_in_every_layout() {
    let rng = &mut StdRng::seed_from_u64(1);
    for layout in Layout::ALL {
        let executor = TwinExecutor::new(layout, LIMITS);
        for n in [1, 2, 33, 300] {
            check(&executor, &scalars(n, rng), n / 3, rng);
        }
    }
}

#[test]
fn one_bucket_may_hold_everything() {
    let rng = &mut StdRng::seed_from_u64(2);
    let executor = TwinExecutor::new(Layout::Limbs8x32, LIMITS);
    let same = Fr::rand(rng);
    for scalars in [vec![same; 500], vec![Fr::ONE; 500], vec![Fr::zero(); 500]] {
        check(&executor, &scalars, 0, rng);
    }
    let one = [G1Affine::generator(); 500];
    let (sum, _) = sums(&executor, &[same; 500], (&one, 0), (&[], 0));
    assert_eq!(sum, G1Affine::generator() * (same * Fr::from(500u64)));
}

#[test]
fn lists_in_several_segments_and_chunks() {
    let rng = &mut StdRng::seed_from_u64(3);
    // 2048 points of G2 a segment, several chunks of scalars, dispatches in parts.
    let limits = Limits {
        binding_words: 1 << 16,
        dispatch_work: 1 << 14,
        ..LIMITS
    };
    let executor = TwinExecutor::new(Layout::Limbs9x29, limits);
    let plan = Plan::choose(2500, &[Curve::G1, Curve::G2], &limits).unwrap();
    assert!(plan.chunk < 2048, "{plan:?}");
    check(&executor, &scalars(2500, rng), 5, rng);
}

#[test]
fn plans_stay_within_the_limits() {
    for binding_words in [Plan::LEAST_BINDING_BYTES / 4, 1 << 22, 1 << 25, 1 << 29] {
        let limits = Limits {
            binding_words,
            ..LIMITS
        };
        for count in [1, 1 << 10, 1 << 16, 1 << 20, (1 << 24) + 1] {
            for curves in [&[Curve::G1][..], &[Curve::G1, Curve::G2]] {
                let plan = Plan::choose(count, curves, &limits).unwrap();
                let widest = curves.iter().map(|curve| curve.xyzz_words()).max().unwrap() as u64;
                let entries = u64::from(plan.chunk) * u64::from(plan.windows);
                for words in [
                    u64::from(plan.buckets()) * widest,
                    2 * entries,
                    8 * u64::from(plan.chunk),
                    2 * u64::from(plan.slices()) * widest,
                ] {
                    assert!(words <= binding_words, "{count} {plan:?}");
                }
                assert!(plan.windows * plan.window_bits >= 254);
                assert!(entries < 1 << 31, "{plan:?}");
            }
        }
    }
}
