//! Transforms and the quotient.

use ark_ff::{FftField, Field, UniformRand, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::domain::Domain;
use zkroll_prover::{AnyBackend, Backend, BackendError, Fr};

use super::inputs::{random_scalars, rng, scalar_families};

/// The polynomial's values at `shift·ω^k`, by Horner.
pub fn evaluate(coefficients: &[Fr], shift: Fr) -> Vec<Fr> {
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

/// The 2n coefficients of the product of two polynomials of n.
pub fn schoolbook(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let mut product = vec![Fr::zero(); 2 * a.len()];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += *x * y;
        }
    }
    product
}

pub fn all_four(backend: &AnyBackend) {
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

pub fn lengths(backend: &AnyBackend) {
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
pub fn quotient(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in [1usize, 2, 4, 64] {
        let [a, b]: [Vec<Fr>; 2] = std::array::from_fn(|_| (0..n).map(|_| Fr::rand(rng)).collect());
        let product = schoolbook(&a, &b);
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

pub fn ntt_inverts_and_is_linear(backend: &AnyBackend) {
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

/// Every size from 2^10, odd and even logarithms, against arkworks.
pub fn large(backend: &AnyBackend) {
    let rng = &mut rng();
    for log_n in [10, 11, 12, 13, 14, 16, 17] {
        let n = 1usize << log_n;
        let domain = Radix2EvaluationDomain::<Fr>::new(n).unwrap();
        let coset = domain.get_coset(Fr::GENERATOR).unwrap();
        let input = random_scalars(n, rng);
        let with = |transform: &dyn Fn(&mut [Fr]) -> Result<(), BackendError>| {
            let mut values = input.clone();
            transform(&mut values).unwrap();
            values
        };
        assert!(
            with(&|v| backend.ntt(v)) == domain.fft(&input),
            "ntt 2^{log_n}"
        );
        assert!(
            with(&|v| backend.intt(v)) == domain.ifft(&input),
            "intt 2^{log_n}"
        );
        assert!(
            with(&|v| backend.coset_ntt(v, Fr::GENERATOR)) == coset.fft(&input),
            "coset_ntt 2^{log_n}"
        );
        assert!(
            with(&|v| backend.coset_intt(v, Fr::GENERATOR)) == coset.ifft(&input),
            "coset_intt 2^{log_n}"
        );
    }
}

/// Large quotients at a random point: `A·B = h·Z + C` for the C of least degree.
pub fn large_quotient(backend: &AnyBackend) {
    let rng = &mut rng();
    for log_n in [10, 13, 15] {
        let n = 1usize << log_n;
        let domain = Radix2EvaluationDomain::<Fr>::new(n).unwrap();
        let (a, b) = (random_scalars(n, rng), random_scalars(n, rng));
        let h = backend.quotient(a.clone(), b.clone()).unwrap();
        assert_eq!(h.len(), n - 1);
        let c: Vec<Fr> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
        let x = Fr::rand(rng);
        let at_x = |coefficients: &[Fr]| {
            coefficients
                .iter()
                .rev()
                .fold(Fr::zero(), |sum, c| sum * x + c)
        };
        let [a, b, c] = [a, b, c].map(|values| at_x(&domain.ifft(&values)));
        let z = domain.evaluate_vanishing_polynomial(x);
        assert_eq!(a * b - c, at_x(&h) * z, "2^{log_n}");
    }
}
