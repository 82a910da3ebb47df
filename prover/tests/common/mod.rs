//! Circuits and keys that the integration tests share.

#![allow(
    dead_code,
    reason = "every test binary uses its own part of this module"
)]

use ark_ff::{Field, UniformRand, Zero};
use rand::Rng;
use rand::rngs::StdRng;
use zkroll_prover::{Fr, G1Affine, G2Affine, HBasis, Matrices, ProvingKey, setup};

pub type Rows = Vec<Vec<(usize, Fr)>>;

/// A constraint system with an assignment that satisfies it.
pub struct Instance {
    pub num_instance: usize,
    pub rows: [Rows; 3],
    pub r1cs: Matrices,
    pub assignment: Vec<Fr>,
}

impl Instance {
    pub fn public_inputs(&self) -> &[Fr] {
        &self.assignment[1..self.num_instance]
    }

    pub fn key(&self) -> ProvingKey {
        self.key_in(HBasis::Monomial)
    }

    /// The same key with `h_query` in this basis.
    pub fn key_in(&self, h_basis: HBasis) -> ProvingKey {
        setup::development_in(&self.r1cs, [0xc1; 32], &[0x5e; 32], h_basis).unwrap()
    }

    /// The matrices as arkworks writes them: (coefficient, column).
    pub fn ark_matrices(&self) -> Vec<Vec<Vec<(Fr, usize)>>> {
        let swap = |row: &Vec<(usize, Fr)>| row.iter().map(|&(i, x)| (x, i)).collect();
        self.rows
            .iter()
            .map(|rows| rows.iter().map(swap).collect())
            .collect()
    }
}

fn inner_product(row: &[(usize, Fr)], assignment: &[Fr]) -> Fr {
    row.iter()
        .map(|&(column, coefficient)| assignment[column] * coefficient)
        .sum()
}

/// A random circuit: each constraint defines one new witness column as the product of two random
/// combinations of earlier columns. Two free witness columns stand before them.
pub fn random_instance(rng: &mut StdRng, num_public: usize, num_constraints: usize) -> Instance {
    const FREE: usize = 2;
    let num_instance = num_public + 1;
    let mut assignment = vec![Fr::ONE];
    // Zero, one and random values, as circuits have them.
    for _ in 0..num_public + FREE {
        assignment.push(match rng.gen_range(0..4) {
            0 => Fr::zero(),
            1 => Fr::ONE,
            _ => Fr::rand(rng),
        });
    }
    let mut rows: [Rows; 3] = Default::default();
    for _ in 0..num_constraints {
        let known = assignment.len();
        let mut combination = || -> Vec<(usize, Fr)> {
            let mut row: Vec<(usize, Fr)> = Vec::new();
            for _ in 0..rng.gen_range(1..5) {
                let column = rng.gen_range(0..known);
                if row.iter().all(|entry| entry.0 != column) {
                    let small = rng.gen_bool(0.5);
                    row.push((column, if small { Fr::ONE } else { Fr::rand(rng) }));
                }
            }
            row
        };
        let (a, b) = (combination(), combination());
        assignment.push(inner_product(&a, &assignment) * inner_product(&b, &assignment));
        rows[0].push(a);
        rows[1].push(b);
        rows[2].push(vec![(known, Fr::ONE)]);
    }
    let num_witness = assignment.len() - num_instance;
    let labels = (0..num_constraints)
        .map(|row| format!("product {row}"))
        .collect();
    let r1cs = Matrices::new(num_instance, num_witness, rows.clone())
        .unwrap()
        .with_labels(labels)
        .unwrap();
    Instance {
        num_instance,
        rows,
        r1cs,
        assignment,
    }
}

/// x · x = y for public y.
pub fn square_instance(x: u64) -> Instance {
    let one = Fr::ONE;
    let rows = [
        vec![vec![(2, one)]],
        vec![vec![(2, one)]],
        vec![vec![(1, one)]],
    ];
    Instance {
        num_instance: 2,
        r1cs: Matrices::new(2, 1, rows.clone()).unwrap(),
        rows,
        assignment: [1, x * x, x].map(Fr::from).to_vec(),
    }
}

/// A G1 point off the curve.
pub fn g1_off_curve() -> G1Affine {
    G1Affine::new_unchecked(1u64.into(), 1u64.into())
}

/// A G2 point off the twist.
pub fn g2_off_curve() -> G2Affine {
    G2Affine::new_unchecked(ark_bn254::Fq2::ONE, ark_bn254::Fq2::ONE)
}

/// A point of the twist outside the subgroup of order r.
pub fn g2_out_of_subgroup() -> G2Affine {
    (1u64..)
        .filter_map(|x| {
            let x = ark_bn254::Fq2::new(x.into(), 0u64.into());
            G2Affine::get_point_from_x_unchecked(x, false)
        })
        .find(|point| !point.is_in_correct_subgroup_assuming_on_curve())
        .unwrap()
}
