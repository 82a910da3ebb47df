//! The same input for every run, from fixed seeds.

use ark_ec::CurveGroup;
use ark_ff::{One, UniformRand, Zero};
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};
use zkroll::prover::Fr;

use super::case::Input;

/// Seed of the development key.
pub const KEY_SEED: [u8; 32] = [0x6b; 32];

const SCALAR_SEED: u64 = 1;
const POINT_SEED: u64 = 2;
const BLINDING_SEED: u64 = 3;
const ORDER_SEED: u64 = 4;

/// Points that are normalised together.
const CHUNK: usize = 1 << 14;

/// Scalars uniform in the field.
pub fn random_scalars(n: usize) -> Vec<Fr> {
    let rng = &mut StdRng::seed_from_u64(SCALAR_SEED);
    (0..n).map(|_| Fr::rand(rng)).collect()
}

/// The scalars of an input that needs no batch.
///
/// # Panics
/// For [`Input::Witness`], whose scalars a batch gives.
pub fn scalars(input: Input, n: usize) -> Vec<Fr> {
    let mut scalars = random_scalars(n);
    // Those in front are set to one value, then all change places.
    let (set, value) = match input {
        Input::Random | Input::EqualPoints | Input::Infinity => return scalars,
        Input::EqualScalars | Input::OppositePoints => {
            (n, scalars.first().copied().unwrap_or_default())
        }
        Input::Zeros | Input::ZerosOnes => (n * 9 / 10, Fr::zero()),
        Input::HalfBucket => (n / 2, scalars.first().copied().unwrap_or_default()),
        Input::Witness => unreachable!("a witness comes from a batch"),
    };
    scalars[..set].fill(value);
    if input == Input::ZerosOnes {
        scalars[..set / 2].fill(Fr::one());
    }
    scalars.shuffle(&mut StdRng::seed_from_u64(ORDER_SEED));
    scalars
}

/// The points of an input.
pub fn points<G: CurveGroup>(input: Input, n: usize) -> Vec<G::Affine> {
    let one = G::rand(&mut StdRng::seed_from_u64(POINT_SEED));
    match input {
        Input::EqualPoints => vec![one.into_affine(); n],
        Input::OppositePoints => {
            let pair = [one.into_affine(), (-one).into_affine()];
            pair.into_iter().cycle().take(n).collect()
        }
        Input::Infinity => vec![G::zero().into_affine(); n],
        _ => distinct_points::<G>(n),
    }
}

/// `P, P + Q, P + 2Q, …` for random P and Q: one addition a point.
fn distinct_points<G: CurveGroup>(n: usize) -> Vec<G::Affine> {
    let rng = &mut StdRng::seed_from_u64(POINT_SEED);
    let mut next = G::rand(rng);
    let step = G::rand(rng).into_affine();
    let mut points = Vec::with_capacity(n);
    while points.len() < n {
        let chunk: Vec<G> = (0..CHUNK.min(n - points.len()))
            .map(|_| {
                let point = next;
                next += step;
                point
            })
            .collect();
        points.extend(G::normalize_batch(&chunk));
    }
    points
}

/// r and s.
pub fn blinding() -> [Fr; 2] {
    let rng = &mut StdRng::seed_from_u64(BLINDING_SEED);
    [Fr::rand(rng), Fr::rand(rng)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::AffineRepr;
    use zkroll::prover::{G1Projective, G2Projective};

    #[test]
    fn points_are_in_their_groups_and_distinct() {
        let g1 = points::<G1Projective>(Input::Random, 5);
        let g2 = points::<G2Projective>(Input::Random, 5);
        assert!(g1.iter().all(|p| p.is_on_curve()));
        assert!(
            g2.iter()
                .all(|p| p.is_on_curve() && p.is_in_correct_subgroup_assuming_on_curve())
        );
        assert!(g1.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(
            points::<G1Projective>(Input::Random, CHUNK + 1).len(),
            CHUNK + 1
        );
    }

    #[test]
    fn inputs_are_what_they_are_called() {
        let most_frequent = |scalars: &[Fr]| {
            let count = |value| scalars.iter().filter(|other| **other == value).count();
            scalars.iter().map(|value| (count(*value), *value)).max()
        };
        let of = |input| most_frequent(&scalars(input, 1000)).unwrap();
        assert_eq!(of(Input::Random).0, 1);
        assert_eq!(of(Input::EqualPoints).0, 1);
        assert_eq!(of(Input::EqualScalars).0, 1000);
        assert_eq!(of(Input::Zeros), (900, Fr::zero()));
        assert_eq!(of(Input::HalfBucket).0, 500);
        assert_eq!(of(Input::OppositePoints).0, 1000);
        let ones = scalars(Input::ZerosOnes, 1000);
        for value in [Fr::zero(), Fr::one()] {
            assert_eq!(ones.iter().filter(|scalar| **scalar == value).count(), 450);
        }
        let opposite = points::<G1Projective>(Input::OppositePoints, 3);
        assert!(opposite[0] == opposite[2] && opposite[0] == -opposite[1]);
        let infinity = points::<G1Projective>(Input::Infinity, 3);
        assert!(infinity.iter().all(|point| point.is_zero()));
        let equal = points::<G1Projective>(Input::EqualPoints, 3);
        assert!(
            equal
                .iter()
                .all(|point| *point == equal[0] && point.is_on_curve())
        );
    }

    #[test]
    fn the_smallest_sizes_have_inputs() {
        for input in [
            Input::Random,
            Input::EqualScalars,
            Input::Zeros,
            Input::ZerosOnes,
            Input::OppositePoints,
            Input::HalfBucket,
        ] {
            for n in [1, 2] {
                assert_eq!(scalars(input, n).len(), n);
            }
        }
    }
}
