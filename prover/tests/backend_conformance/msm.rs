//! Multi-scalar multiplication.

use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{Field, UniformRand};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::{
    AnyBackend, Backend, BackendError, Fr, G1Affine, G1Projective, G2Affine, G2Projective,
};

use super::inputs::{point_families, random_points, rng, scalar_families};

/// Nothing; one; around a power of two, where windows and tiles end.
const SIZES: [usize; 5] = [0, 1, 31, 32, 33];

/// Long enough for arkworks to use several windows of different width.
const LONG: usize = 257;

/// Around powers of two, long enough for the engines' own paths, several chunks and all windows.
const LARGE_G1: [usize; 5] = [1023, 1024, 1025, 8192, (1 << 16) + 1];
const LARGE_G2: [usize; 4] = [1023, 1024, 1025, 8193];

/// Σ kᵢ·Pᵢ by arkworks' operators on single points.
pub fn expected_msm<P: AffineRepr<ScalarField = Fr>>(bases: &[P], scalars: &[Fr]) -> P::Group {
    bases
        .iter()
        .zip(scalars)
        .map(|(base, scalar)| *base * *scalar)
        .sum()
}

fn check_g1<B: Backend>(backend: &B, bases: &[G1Affine], scalars: &[Fr], what: &str) {
    let loaded = backend.load_g1(bases).unwrap();
    let sum: G1Projective = backend.msm_g1(&loaded, scalars).unwrap();
    assert_eq!(
        sum,
        expected_msm(bases, scalars),
        "G1, {what}, {} points",
        bases.len()
    );
}

fn check_g2<B: Backend>(backend: &B, bases: &[G2Affine], scalars: &[Fr], what: &str) {
    let loaded = backend.load_g2(bases).unwrap();
    let sum: G2Projective = backend.msm_g2(&loaded, scalars).unwrap();
    assert_eq!(
        sum,
        expected_msm(bases, scalars),
        "G2, {what}, {} points",
        bases.len()
    );
}

pub fn sizes_and_scalars(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in SIZES {
        let (g1, g2) = (
            random_points::<G1Projective>(n, rng),
            random_points::<G2Projective>(n, rng),
        );
        for (what, scalars) in scalar_families(n, rng) {
            check_g1(backend, &g1, &scalars, what);
            check_g2(backend, &g2, &scalars, what);
        }
    }
    let g1 = random_points::<G1Projective>(LONG, rng);
    for (what, scalars) in scalar_families(LONG, rng) {
        check_g1(backend, &g1, &scalars, what);
    }
}

pub fn points(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in [2, 33] {
        for (what, scalars) in scalar_families(n, rng) {
            for (points, bases) in point_families::<G1Projective>(n, rng) {
                check_g1(
                    backend,
                    &bases,
                    &scalars,
                    &format!("{points}, scalars {what}"),
                );
            }
            for (points, bases) in point_families::<G2Projective>(n, rng) {
                check_g2(
                    backend,
                    &bases,
                    &scalars,
                    &format!("{points}, scalars {what}"),
                );
            }
        }
    }
}

pub fn lengths(backend: &AnyBackend) {
    let rng = &mut rng();
    let (g1, g2) = (
        random_points::<G1Projective>(3, rng),
        random_points::<G2Projective>(3, rng),
    );
    let (g1, g2) = (backend.load_g1(&g1).unwrap(), backend.load_g2(&g2).unwrap());
    for scalars in [0, 2, 4] {
        let expected = BackendError::UnequalLengths { bases: 3, scalars };
        let scalars = vec![Fr::ONE; scalars];
        assert_eq!(backend.msm_g1(&g1, &scalars).unwrap_err(), expected);
        assert_eq!(backend.msm_g2(&g2, &scalars).unwrap_err(), expected);
    }
}

fn any_scalar() -> impl Strategy<Value = Fr> {
    any::<u64>().prop_map(|seed| Fr::rand(&mut StdRng::seed_from_u64(seed)))
}

/// `Σ (kᵢ + m·lᵢ)·Pᵢ = Σ kᵢ·Pᵢ + m·Σ lᵢ·Pᵢ`, and the sum over two parts is the sum of the sums.
pub fn is_linear(backend: &AnyBackend) {
    let strategy = (1usize..20)
        .prop_flat_map(|n| {
            let scalars = || proptest::collection::vec(any_scalar(), n);
            (any::<u64>(), scalars(), scalars(), 0..=n)
        })
        .boxed();
    proptest!(ProptestConfig::with_cases(12), |((seed, k, l, cut) in strategy, m in any_scalar())| {
        let bases = random_points::<G1Projective>(k.len(), &mut StdRng::seed_from_u64(seed));
        let msm = |bases: &[G1Affine], scalars: &[Fr]| {
            backend.msm_g1(&backend.load_g1(bases).unwrap(), scalars).unwrap()
        };
        let combined: Vec<Fr> = k.iter().zip(&l).map(|(k, l)| *k + m * l).collect();
        prop_assert_eq!(msm(&bases, &combined), msm(&bases, &k) + msm(&bases, &l) * m);
        let parts = msm(&bases[..cut], &k[..cut]) + msm(&bases[cut..], &k[cut..]);
        prop_assert_eq!(msm(&bases, &k), parts);
    });
}

/// Σ kᵢ·Pᵢ by arkworks, for sizes at which single multiplications take too long.
fn ark_msm<G: CurveGroup + VariableBaseMSM<MulBase = G::Affine>>(
    bases: &[G::Affine],
    scalars: &[G::ScalarField],
) -> G {
    G::msm_unchecked(bases, scalars)
}

/// `n` points: a few random ones and their sums with the earlier ones, so that making them is cheap.
pub fn many_points<G: CurveGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    let (mut next, step) = (G::rand(rng), G::rand(rng).into_affine());
    let points: Vec<G> = (0..n)
        .map(|_| {
            let point = next;
            next += step;
            point
        })
        .collect();
    G::normalize_batch(&points)
}

/// Large sizes against arkworks, with ordinary points and with points that repeat, cancel and vanish.
pub fn large(backend: &AnyBackend) {
    fn crafted<P: AffineRepr>(points: &[P]) -> Vec<P> {
        let of = |(i, point): (usize, &P)| match i % 5 {
            0 => points[0],
            1 => (-points[0].into_group()).into_affine(),
            2 if i % 3 == 0 => P::zero(),
            _ => *point,
        };
        points.iter().enumerate().map(of).collect()
    }
    let rng = &mut rng();
    for n in LARGE_G1 {
        let points = many_points::<G1Projective>(n, rng);
        let crafted = crafted(&points);
        for (what, scalars) in scalar_families(n, rng) {
            for points in [&points, &crafted] {
                let loaded = backend.load_g1(points).unwrap();
                let sum = backend.msm_g1(&loaded, &scalars).unwrap();
                let expected: G1Projective = ark_msm(points, &scalars);
                assert_eq!(sum, expected, "G1, {what}, {n} points");
            }
        }
    }
    for n in LARGE_G2 {
        let points = many_points::<G2Projective>(n, rng);
        let crafted = crafted(&points);
        for (what, scalars) in scalar_families(n, rng) {
            for points in [&points, &crafted] {
                let loaded = backend.load_g2(points).unwrap();
                let sum = backend.msm_g2(&loaded, &scalars).unwrap();
                let expected: G2Projective = ark_msm(points, &scalars);
                assert_eq!(sum, expected, "G2, {what}, {n} points");
            }
        }
    }
}
