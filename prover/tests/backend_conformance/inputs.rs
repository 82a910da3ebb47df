//! Scalars and points that meet the engines' special cases, each family with its reason as its name.

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, UniformRand, Zero};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::Fr;

pub fn rng() -> StdRng {
    StdRng::seed_from_u64(0x6261_636b)
}

pub fn random_scalars(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    (0..n).map(|_| Fr::rand(rng)).collect()
}

pub fn random_points<G: CurveGroup>(n: usize, rng: &mut StdRng) -> Vec<G::Affine> {
    G::normalize_batch(&(0..n).map(|_| G::rand(rng)).collect::<Vec<_>>())
}

/// Scalars that exercise the digits' edges, with the reason as their name.
pub fn scalar_families(n: usize, rng: &mut StdRng) -> Vec<(&'static str, Vec<Fr>)> {
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
pub fn point_families<G: CurveGroup>(
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
