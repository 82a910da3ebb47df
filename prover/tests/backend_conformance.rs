//! One suite that every backend must pass. A new backend is enrolled by one line at the end.
//!
//! The expected values come from arkworks' operators on single points and from evaluating the
//! polynomial point by point, so the reference backend is under test as well.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{FftField, Field, UniformRand, Zero};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::{Ark, Naive};
use zkroll_prover::domain::Domain;
use zkroll_prover::{
    AnyBackend, Backend, BackendError, Fr, G1Affine, G1Projective, G2Affine, G2Projective,
};

/// Nothing; one; around a power of two, where windows and tiles end.
const SIZES: [usize; 5] = [0, 1, 31, 32, 33];

/// Long enough for arkworks to use several windows of different width.
const LONG: usize = 257;

fn rng() -> StdRng {
    StdRng::seed_from_u64(0x6261_636b)
}

fn random_points<G: CurveGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    G::normalize_batch(&(0..n).map(|_| G::rand(rng)).collect::<Vec<_>>())
}

fn expected_msm<P: AffineRepr<ScalarField = Fr>>(bases: &[P], scalars: &[Fr]) -> P::Group {
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

/// Scalars that exercise the digits' edges, with the reason as their name.
fn scalar_families(n: usize, rng: &mut StdRng) -> Vec<(&'static str, Vec<Fr>)> {
    let same = Fr::rand(rng);
    vec![
        ("all zero", vec![Fr::zero(); n]),
        ("all one", vec![Fr::ONE; n]),
        ("all r-1, the largest", vec![-Fr::ONE; n]),
        ("single bits, up to the top one", {
            (0..n)
                .map(|i| Fr::from(2u64).pow([(i * 253 / n.max(2)) as u64]))
                .collect()
        }),
        ("single bit 253", vec![Fr::from(2u64).pow([253]); n]),
        ("small", (0..n).map(|i| Fr::from(i as u64 % 17)).collect()),
        (
            "small negative",
            (0..n).map(|i| -Fr::from(i as u64 % 17)).collect(),
        ),
        ("all equal", vec![same; n]),
        ("random", (0..n).map(|_| Fr::rand(rng)).collect()),
        ("mostly zero and one", {
            (0..n)
                .map(|i| {
                    if i % 7 == 6 {
                        Fr::rand(rng)
                    } else {
                        Fr::from(i as u64 % 2)
                    }
                })
                .collect()
        }),
    ]
}

/// Points that meet the exceptional cases of addition, with the reason as their name.
fn point_families<G: CurveGroup>(
    n: usize,
    rng: &mut StdRng,
) -> Vec<(&'static str, Vec<G::Affine>)> {
    let random = random_points::<G>(n, rng);
    let one = G::rand(rng).into_affine();
    let alternate = |other: G::Affine| -> Vec<G::Affine> {
        (0..n)
            .map(|i| if i % 2 == 0 { one } else { other })
            .collect()
    };
    vec![
        ("repeated points (doubling)", vec![one; n]),
        (
            "opposite points (cancelling)",
            alternate((-one.into_group()).into_affine()),
        ),
        (
            "every other point at infinity",
            alternate(G::Affine::zero()),
        ),
        ("all at infinity", vec![G::Affine::zero(); n]),
        ("random", random),
    ]
}

fn msm_sizes_and_scalars<B: Backend>(backend: &B) {
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

fn msm_points<B: Backend>(backend: &B) {
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

fn msm_lengths<B: Backend>(backend: &B) {
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

/// The polynomial's values at `shift·ω^k`, by Horner.
fn evaluate(coefficients: &[Fr], shift: Fr) -> Vec<Fr> {
    let root = Domain::new(coefficients.len()).unwrap().root();
    let at = |x: Fr| {
        coefficients
            .iter()
            .rev()
            .fold(Fr::zero(), |sum, c| sum * x + c)
    };
    (0..coefficients.len())
        .map(|k| at(shift * root.pow([k as u64])))
        .collect()
}

fn transforms<B: Backend>(backend: &B) {
    let rng = &mut rng();
    for log_n in [0, 1, 2, 3, 6, 9] {
        let n = 1usize << log_n;
        let shift = Fr::rand(rng);
        for (what, coefficients) in scalar_families(n, rng) {
            let mut values = coefficients.clone();
            backend.ntt(&mut values).unwrap();
            assert_eq!(values, evaluate(&coefficients, Fr::ONE), "ntt, {what}, {n}");
            backend.intt(&mut values).unwrap();
            assert_eq!(values, coefficients, "intt, {what}, {n}");
            backend.coset_ntt(&mut values, shift).unwrap();
            assert_eq!(
                values,
                evaluate(&coefficients, shift),
                "coset_ntt, {what}, {n}"
            );
            backend.coset_intt(&mut values, shift).unwrap();
            assert_eq!(values, coefficients, "coset_intt, {what}, {n}");
        }
    }
}

fn transform_lengths<B: Backend>(backend: &B) {
    for got in [0, 3, 7, 9, 31, 33] {
        let expected = Err(BackendError::TransformSize { got });
        let mut values = vec![Fr::ONE; got];
        assert_eq!(backend.ntt(&mut values), expected);
        assert_eq!(backend.intt(&mut values), expected);
        assert_eq!(backend.coset_ntt(&mut values, Fr::GENERATOR), expected);
        assert_eq!(backend.coset_intt(&mut values, Fr::GENERATOR), expected);
        let refused = backend.quotient(values.clone(), values).unwrap_err();
        assert_eq!(refused, BackendError::TransformSize { got });
    }
}

/// The quotient is the upper half of the product, computed here by schoolbook multiplication.
fn quotient<B: Backend>(backend: &B) {
    let rng = &mut rng();
    for n in [1usize, 2, 4, 64] {
        let [a, b]: [Vec<Fr>; 2] = std::array::from_fn(|_| (0..n).map(|_| Fr::rand(rng)).collect());
        let mut product = vec![Fr::zero(); 2 * n];
        for (i, x) in a.iter().enumerate() {
            for (j, y) in b.iter().enumerate() {
                product[i + j] += *x * y;
            }
        }
        let (a, b) = (evaluate(&a, Fr::ONE), evaluate(&b, Fr::ONE));
        assert_eq!(
            backend.quotient(a, b).unwrap(),
            product[n..2 * n - 1],
            "{n}"
        );
    }
    let refused = backend
        .quotient(vec![Fr::ONE; 4], vec![Fr::ONE; 2])
        .unwrap_err();
    assert_eq!(refused, BackendError::FactorLengths { a: 4, b: 2 });
}

fn any_scalar() -> impl Strategy<Value = Fr> {
    any::<u64>().prop_map(|seed| Fr::rand(&mut StdRng::seed_from_u64(seed)))
}

/// `Σ (kᵢ + m·lᵢ)·Pᵢ = Σ kᵢ·Pᵢ + m·Σ lᵢ·Pᵢ`, and the sum over two parts is the sum of the sums.
fn msm_is_linear<B: Backend>(backend: &B) {
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

fn ntt_inverts_and_is_linear<B: Backend>(backend: &B) {
    proptest!(ProptestConfig::with_cases(24), |(seed in any::<u64>(), log_n in 0u32..8)| {
        let rng = &mut StdRng::seed_from_u64(seed);
        let n = 1usize << log_n;
        let mut random = || -> Vec<Fr> { (0..n).map(|_| Fr::rand(rng)).collect() };
        let (x, y) = (random(), random());
        let ntt = |values: &[Fr]| {
            let mut values = values.to_vec();
            backend.ntt(&mut values).unwrap();
            values
        };
        let mut back = ntt(&x);
        backend.intt(&mut back).unwrap();
        prop_assert_eq!(&back, &x);
        let sum: Vec<Fr> = x.iter().zip(&y).map(|(x, y)| *x + y).collect();
        let sum_of: Vec<Fr> = ntt(&x).iter().zip(&ntt(&y)).map(|(x, y)| *x + y).collect();
        prop_assert_eq!(ntt(&sum), sum_of);
    });
}

/// Enrols a backend.
macro_rules! conformance {
    ($name:ident, $backend:expr) => {
        mod $name {
            use super::*;
            conformance!(@tests $backend;
                msm_sizes_and_scalars, msm_points, msm_lengths, msm_is_linear,
                transforms, transform_lengths, ntt_inverts_and_is_linear, quotient
            );

            #[test]
            fn name_is_the_one_it_is_known_by() {
                assert!(stringify!($name).ends_with($backend.name()));
            }
        }
    };
    (@tests $backend:expr; $($test:ident),*) => {
        $(#[test] fn $test() { super::$test(&$backend) })*
    };
}

conformance!(naive, Naive);
conformance!(ark, Ark);
conformance!(any_naive, AnyBackend::Naive(Naive));
conformance!(any_ark, AnyBackend::Ark(Ark));

#[test]
fn bases_of_another_backend_are_refused() {
    let (naive, ark) = (AnyBackend::Naive(Naive), AnyBackend::Ark(Ark));
    let (g1, g2) = ([G1Affine::generator()], [G2Affine::generator()]);
    let (g1, g2) = (naive.load_g1(&g1).unwrap(), naive.load_g2(&g2).unwrap());
    let expected = BackendError::ForeignBases { expected: "ark" };
    assert_eq!(ark.msm_g1(&g1, &[Fr::ONE]).unwrap_err(), expected);
    assert_eq!(ark.msm_g2(&g2, &[Fr::ONE]).unwrap_err(), expected);
}
