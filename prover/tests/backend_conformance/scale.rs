//! Multiples of every point, and membership.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, UniformRand};
use zkroll_prover::backend::{Outside, Reason};
use zkroll_prover::{
    AnyBackend, Backend, BackendError, Fr, G1Affine, G1Projective, G2Affine, G2Projective,
};

use super::common::{g1_off_curve, g2_off_curve, g2_out_of_subgroup};
use super::inputs::{point_families, random_points, rng, scalar_families};

/// Nothing; one; around the lanes of a vector; around the engines' smallest block.
const SIZES: [usize; 7] = [0, 1, 7, 8, 9, 127, 129];

fn products<P: AffineRepr<ScalarField = Fr>>(points: &[P], scalars: &[Fr]) -> Vec<P> {
    let products = points.iter().zip(scalars).map(|(point, k)| *point * *k);
    P::Group::normalize_batch(&products.collect::<Vec<_>>())
}

fn check(backend: &AnyBackend, g1: &[G1Affine], g2: &[G2Affine], scalars: &[Fr], what: &str) {
    let n = scalars.len();
    let each = backend.multiply_each_g1(g1, scalars).unwrap();
    assert_eq!(each, products(g1, scalars), "each of {n} in G1, {what}");
    let each = backend.multiply_each_g2(g2, scalars).unwrap();
    assert_eq!(each, products(g2, scalars), "each of {n} in G2, {what}");
    let Some(scalar) = scalars.last() else {
        return;
    };
    let mut all = g1.to_vec();
    backend.multiply_all_g1(&mut all, *scalar);
    let expected = products(g1, &vec![*scalar; n]);
    assert_eq!(all, expected, "all of {n} in G1, {what}");
}

pub fn multiples(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in SIZES {
        let g1 = random_points::<G1Projective>(n, rng);
        let g2 = random_points::<G2Projective>(n, rng);
        for (what, scalars) in scalar_families(n, rng) {
            check(backend, &g1, &g2, &scalars, what);
        }
    }
    let n = 20;
    let scalars: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
    let families = point_families::<G1Projective>(n, rng)
        .into_iter()
        .zip(point_families::<G2Projective>(n, rng));
    for ((what, g1), (_, g2)) in families {
        check(backend, &g1, &g2, &scalars, what);
    }
}

pub fn multiples_lengths(backend: &AnyBackend) {
    let rng = &mut rng();
    let g1 = random_points::<G1Projective>(3, rng);
    let g2 = random_points::<G2Projective>(3, rng);
    for scalars in [0, 2, 4] {
        let expected = BackendError::UnequalLengths { bases: 3, scalars };
        let scalars = vec![Fr::ONE; scalars];
        let g1 = backend.multiply_each_g1(&g1, &scalars);
        let g2 = backend.multiply_each_g2(&g2, &scalars);
        assert_eq!(g1.unwrap_err(), expected);
        assert_eq!(g2.unwrap_err(), expected);
    }
}

pub fn membership(backend: &AnyBackend) {
    let rng = &mut rng();
    for n in SIZES {
        for (what, points) in point_families::<G1Projective>(n, rng) {
            assert_eq!(backend.first_outside_g1(&points), None, "{what}");
        }
        for (what, points) in point_families::<G2Projective>(n, rng) {
            assert_eq!(backend.first_outside_g2(&points), None, "{what}");
        }
        let g1 = random_points::<G1Projective>(n, rng);
        let g2 = random_points::<G2Projective>(n, rng);
        for index in (0..n).step_by(n.div_ceil(5).max(1)) {
            let outside = |index, reason| Some(Outside { index, reason });
            let mut g1 = g1.clone();
            g1[index] = g1_off_curve();
            let expected = outside(index, Reason::OffCurve);
            assert_eq!(backend.first_outside_g1(&g1), expected);
            let mut g2 = g2.clone();
            g2[index] = g2_off_curve();
            assert_eq!(backend.first_outside_g2(&g2), expected);
            // Outside, and cancelling it in a sum.
            for point in [g2_out_of_subgroup(), -g2_out_of_subgroup()] {
                g2[index] = point;
                let expected = outside(index, Reason::OutOfSubgroup);
                assert_eq!(backend.first_outside_g2(&g2), expected);
            }
            // The first one counts.
            if let Some(last) = g2[index + 1..].last_mut() {
                *last = g2_off_curve();
                let expected = outside(index, Reason::OutOfSubgroup);
                assert_eq!(backend.first_outside_g2(&g2), expected);
            }
        }
    }
}
