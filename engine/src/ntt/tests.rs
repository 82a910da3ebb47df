//! All kernels against arkworks' transforms and against each other.

use ark_bn254::Fr;
use ark_ff::{FftField, Field, UniformRand, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_std::test_rng;

use super::Transforms;
use super::engine::{Direction, Engine};
use super::kernel::Kernel;
use super::portable::Portable;
use crate::portable::{Arithmetic, Plain};

/// Every kernel that this processor can run.
fn kernels() -> Vec<(&'static str, Transforms)> {
    let mut kernels = vec![
        ("plain", Transforms::portable(Arithmetic::PLAIN)),
        ("portable", Transforms::portable(Arithmetic::detect())),
    ];
    #[cfg(target_arch = "x86_64")]
    if let Ok(ifma) = crate::ifma::Ifma::detect() {
        kernels.push(("ifma", Transforms::ifma(ifma)));
    }
    kernels
}

fn domain(n: usize) -> Radix2EvaluationDomain<Fr> {
    Radix2EvaluationDomain::new(n).expect("a power of two of at most 2^28")
}

fn random(n: usize) -> Vec<Fr> {
    let mut rng = test_rng();
    (0..n).map(|_| Fr::rand(&mut rng)).collect()
}

/// Random values, and those at the edges: all 0, all 1, all r − 1, these in turns, a single one.
fn inputs(n: usize) -> Vec<Vec<Fr>> {
    let edges = [Fr::zero(), Fr::from(1u64), -Fr::from(1u64)];
    let mut inputs = vec![random(n)];
    inputs.extend(edges.map(|edge| vec![edge; n]));
    inputs.push((0..n).map(|i| edges[i % 3]).collect());
    let mut single = vec![Fr::zero(); n];
    single[n / 2] = -Fr::from(1u64);
    inputs.push(single);
    inputs
}

/// All four transforms of one input with all kernels.
fn check_transforms(values: &[Fr]) {
    let n = values.len();
    let shift = Fr::GENERATOR + Fr::from(n as u64);
    let domain = domain(n);
    let coset = domain.get_coset(shift).expect("a shift other than zero");
    for (name, transforms) in kernels() {
        let run = |transform: &dyn Fn(&mut [Fr])| {
            let mut values = values.to_vec();
            transform(&mut values);
            values
        };
        let check = |what: &str, got: Vec<Fr>, expected: Vec<Fr>| {
            assert!(got == expected, "{what} of {n} values with {name}");
        };
        check("ntt", run(&|v| transforms.ntt(v)), domain.fft(values));
        check("intt", run(&|v| transforms.intt(v)), domain.ifft(values));
        check(
            "coset_ntt",
            run(&|v| transforms.coset_ntt(v, shift)),
            coset.fft(values),
        );
        check(
            "coset_intt",
            run(&|v| transforms.coset_intt(v, shift)),
            coset.ifft(values),
        );
    }
}

#[test]
fn transforms_are_arkworks() {
    for log_n in 0..=14 {
        for values in inputs(1 << log_n) {
            check_transforms(&values);
        }
    }
}

#[test]
fn large_transforms_are_arkworks() {
    for log_n in [16, 17] {
        check_transforms(&random(1 << log_n));
    }
}

/// The quotient by six transforms of arkworks, as `Transforms::quotient` defines it.
fn quotient_by_transforms(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let domain = domain(a.len());
    let coset = domain.get_coset(Fr::GENERATOR).expect("not zero");
    let product =
        |a: &[Fr], b: &[Fr]| -> Vec<Fr> { a.iter().zip(b).map(|(a, b)| *a * b).collect() };
    let on_coset = |values: &[Fr]| coset.fft(&domain.ifft(values));
    let low = domain.ifft(&product(a, b));
    let high = coset.ifft(&product(&on_coset(a), &on_coset(b)));
    let scale = domain
        .evaluate_vanishing_polynomial(Fr::GENERATOR)
        .inverse()
        .expect("not in the domain");
    let mut h: Vec<Fr> = high
        .iter()
        .zip(&low)
        .map(|(h, l)| (*h - l) * scale)
        .collect();
    assert_eq!(h.pop(), Some(Fr::zero()));
    h
}

/// The upper half of the product of the interpolations of a and b.
fn quotient_by_products(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let n = a.len();
    let (a, b) = (domain(n).ifft(a), domain(n).ifft(b));
    let mut product = vec![Fr::zero(); 2 * n];
    for (i, a) in a.iter().enumerate() {
        for (j, b) in b.iter().enumerate() {
            product[i + j] += *a * b;
        }
    }
    product[n..2 * n - 1].to_vec()
}

#[test]
fn small_quotients_are_upper_halves_of_products() {
    for log_n in 0..=9 {
        let n = 1 << log_n;
        for a in inputs(n) {
            let mut b = random(n);
            b.reverse();
            let expected = quotient_by_products(&a, &b);
            for (name, transforms) in kernels() {
                let got = transforms.quotient(a.clone(), b.clone());
                assert!(got == expected, "{n} values with {name}");
            }
        }
    }
}

#[test]
fn quotients_are_six_transforms() {
    for log_n in [10, 13, 16] {
        let a = random(1 << log_n);
        let b: Vec<Fr> = a.iter().rev().map(|a| *a + Fr::from(1u64)).collect();
        let expected = quotient_by_transforms(&a, &b);
        for (name, transforms) in kernels() {
            let got = transforms.quotient(a.clone(), b.clone());
            assert!(got == expected, "2^{log_n} values with {name}");
        }
    }
}

#[test]
#[cfg(feature = "parallel")]
fn results_do_not_depend_on_the_number_of_threads() {
    let values = random(1 << 13);
    let expected = domain(values.len()).fft(&values);
    let quotient = quotient_by_transforms(&values, &expected);
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads can be started");
        for (name, transforms) in kernels() {
            let mut got = values.clone();
            pool.install(|| transforms.ntt(&mut got));
            assert!(got == expected, "{threads} threads with {name}");
            let got = pool.install(|| transforms.quotient(values.clone(), expected.clone()));
            assert!(got == quotient, "{threads} threads with {name}");
        }
    }
}

#[test]
fn one_value_serves_many_threads_at_once() {
    let values = random(1 << 10);
    let expected = domain(values.len()).fft(&values);
    for (_, transforms) in kernels() {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut got = values.clone();
                    transforms.ntt(&mut got);
                    assert!(got == expected);
                });
            }
        });
    }
}

#[test]
fn other_lengths_are_refused() {
    for len in [0, 3, 6, 100] {
        let refused = std::panic::catch_unwind(|| {
            Transforms::portable(Arithmetic::PLAIN).ntt(&mut vec![Fr::zero(); len]);
        });
        assert!(refused.is_err(), "{len}");
    }
}

/// Three passes, which blocks of the full size need for more than 2^24 values only.
fn check_three_passes<K: Kernel>(kernel: K, max_log_rows: u32, log_n: u32) {
    let engine = Engine::with_blocks(kernel, max_log_rows);
    let (n, g) = (1 << log_n, Fr::GENERATOR);
    assert_eq!(engine.shape(n).passes, 3);
    let values = random(n);
    let coset = domain(n).get_coset(g).expect("not zero");
    let mut got = values.clone();
    engine.transform(&mut got, Direction::Forward, Some(g), None);
    assert!(got == coset.fft(&values), "2^{log_n} values");
    engine.transform(&mut got, Direction::Inverse, None, g.inverse());
    assert!(got == values, "2^{log_n} values");
    let b: Vec<Fr> = values.iter().map(|value| value.square() + g).collect();
    let mut expected = quotient_by_transforms(&values, &b);
    expected.push(Fr::zero());
    assert!(engine.quotient(values, b) == expected, "2^{log_n} values");
}

#[test]
fn three_passes_are_as_good_as_two() {
    for (max_log_rows, log_n) in [(3, 9), (4, 10), (4, 11), (4, 12), (5, 13)] {
        check_three_passes(Portable(Plain), max_log_rows, log_n);
        #[cfg(target_arch = "x86_64")]
        if let Ok(ifma) = crate::ifma::Ifma::detect() {
            check_three_passes(ifma, max_log_rows, log_n);
        }
    }
}
