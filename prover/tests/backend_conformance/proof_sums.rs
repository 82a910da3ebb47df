//! The five sums of a proof, the quotient in either basis of `h_query`.

use ark_ec::VariableBaseMSM;
use ark_ff::{Field, UniformRand};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use zkroll_prover::backend::{ProductFactors, Queries, QuerySums};
use zkroll_prover::domain::Domain;
use zkroll_prover::{
    AnyBackend, Backend, BackendError, Cancellation, Fr, G1Affine, G1Projective, G2Affine,
    G2Projective, HBasis,
};

use super::inputs::{random_points, random_scalars, rng};
use super::msm::{expected_msm, many_points};
use super::transforms::{evaluate, schoolbook};

const BASES: [HBasis; 2] = [HBasis::Monomial, HBasis::OddCoset];

const NUM_INSTANCE: usize = 2;
const NUM_COLUMNS: usize = 5;

/// Points as a key has them, of no key.
struct Lists {
    a: Vec<G1Affine>,
    b_g1: Vec<G1Affine>,
    b_g2: Vec<G2Affine>,
    h: Vec<G1Affine>,
    l: Vec<G1Affine>,
}

impl Lists {
    fn new(h: Vec<G1Affine>) -> Self {
        let rng = &mut rng();
        Self {
            a: random_points::<G1Projective>(NUM_COLUMNS, rng),
            b_g1: random_points::<G1Projective>(NUM_COLUMNS, rng),
            b_g2: random_points::<G2Projective>(NUM_COLUMNS, rng),
            h,
            l: random_points::<G1Projective>(NUM_COLUMNS - NUM_INSTANCE, rng),
        }
    }

    fn proof_sums(
        &self,
        backend: &AnyBackend,
        h_basis: HBasis,
        factors: ProductFactors<'_>,
    ) -> Result<QuerySums, BackendError> {
        let lists = [&self.a, &self.b_g1, &self.h, &self.l];
        let [a, b_g1, h, l] = lists.map(|points| backend.load_g1(points).unwrap());
        let queries = Queries {
            a: &a,
            b_g1: &b_g1,
            b_g2: &backend.load_g2(&self.b_g2).unwrap(),
            h: &h,
            h_basis,
            l: &l,
        };
        backend.proof_sums(&queries, factors, &Cancellation::new(), &mut ())
    }
}

/// Points of `h_query` for n values.
fn num_points(h_basis: HBasis, n: usize) -> usize {
    match h_basis {
        HBasis::Monomial => n - 1,
        HBasis::OddCoset => n,
    }
}

/// By the definitions: products by the schoolbook, `A·B − C` at each odd point by Horner.
pub fn both_bases(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in [1usize, 2, 4, 64] {
        let (a, b) = (random_scalars(n, rng), random_scalars(n, rng));
        let product = schoolbook(&a, &b);
        // C has the values of A·B on the domain and degree below n.
        let mut p = product.clone();
        for i in 0..n {
            p[i] -= product[i] + product[n + i];
        }
        let on_double_domain = evaluate(&p, Fr::ONE);
        let assignment = random_scalars(NUM_COLUMNS, rng);
        for h_basis in BASES {
            let scalars: Vec<Fr> = match h_basis {
                HBasis::Monomial => product[n..2 * n - 1].to_vec(),
                HBasis::OddCoset => on_double_domain
                    .iter()
                    .skip(1)
                    .step_by(2)
                    .copied()
                    .collect(),
            };
            let lists = Lists::new(random_points::<G1Projective>(num_points(h_basis, n), rng));
            let factors = ProductFactors {
                assignment: &assignment,
                num_instance: NUM_INSTANCE,
                a: evaluate(&a, Fr::ONE),
                b: evaluate(&b, Fr::ONE),
            };
            let expected = QuerySums {
                a: expected_msm(&lists.a, &assignment),
                b_g1: expected_msm(&lists.b_g1, &assignment),
                b_g2: expected_msm(&lists.b_g2, &assignment),
                h: expected_msm(&lists.h, &scalars),
                l: expected_msm(&lists.l, &assignment[NUM_INSTANCE..]),
            };
            let (a, b) = (factors.a.clone(), factors.b.clone());
            let got = backend.h_scalars(h_basis, a, b).unwrap();
            assert_eq!(got, scalars, "{h_basis}, {n}");
            let sums = lists.proof_sums(backend, h_basis, factors).unwrap();
            assert_eq!(sums, expected, "{h_basis}, {n}");
        }
    }
}

pub fn lengths(backend: &AnyBackend) {
    let rng = &mut rng();
    let n = 4;
    let assignment = random_scalars(NUM_COLUMNS, rng);
    let factors = ProductFactors {
        assignment: &assignment,
        num_instance: NUM_INSTANCE,
        a: random_scalars(n, rng),
        b: random_scalars(n, rng),
    };
    for h_basis in BASES {
        let scalars = num_points(h_basis, n);
        for bases in (0..=2 * n).filter(|bases| *bases != scalars) {
            let lists = Lists::new(random_points::<G1Projective>(bases, rng));
            let refused = lists.proof_sums(backend, h_basis, factors.clone());
            let expected = BackendError::UnequalLengths { bases, scalars };
            assert_eq!(refused, Err(expected), "{h_basis}");
        }
        let lists = Lists::new(random_points::<G1Projective>(scalars, rng));
        let with = |a, b| {
            let factors = ProductFactors {
                a: vec![Fr::ONE; a],
                b: vec![Fr::ONE; b],
                ..factors
            };
            lists.proof_sums(backend, h_basis, factors)
        };
        let expected = BackendError::FactorLengths { a: 4, b: 2 };
        assert_eq!(with(4, 2), Err(expected), "{h_basis}");
        for got in [0, 3] {
            let expected = BackendError::TransformSize { got };
            assert_eq!(with(got, got), Err(expected), "{h_basis}");
        }
    }
}

/// Large sizes against arkworks: A, B and C interpolated, and evaluated on the odd coset.
pub fn large(backend: &AnyBackend) {
    let rng = &mut rng();
    for log_n in [10, 13] {
        let n = 1usize << log_n;
        let domain = Radix2EvaluationDomain::<Fr>::new(n).unwrap();
        let odd = domain
            .get_coset(Domain::new(2 * n).unwrap().root())
            .unwrap();
        let (a, b) = (random_scalars(n, rng), random_scalars(n, rng));
        let c: Vec<Fr> = a.iter().zip(&b).map(|(a, b)| *a * b).collect();
        let [a_odd, b_odd, c_odd] = [&a, &b, &c].map(|values| odd.fft(&domain.ifft(values)));
        let expected: Vec<Fr> = (0..n).map(|i| a_odd[i] * b_odd[i] - c_odd[i]).collect();

        let lists = Lists::new(many_points::<G1Projective>(n, rng));
        let assignment: Vec<Fr> = (0..NUM_COLUMNS).map(|_| Fr::rand(rng)).collect();
        let factors = ProductFactors {
            assignment: &assignment,
            num_instance: NUM_INSTANCE,
            a,
            b,
        };
        let sums = lists
            .proof_sums(backend, HBasis::OddCoset, factors)
            .unwrap();
        let expected: G1Projective = VariableBaseMSM::msm_unchecked(&lists.h, &expected);
        assert_eq!(sums.h, expected, "2^{log_n}");
        assert_eq!(sums.a, expected_msm(&lists.a, &assignment), "2^{log_n}");
    }
}
