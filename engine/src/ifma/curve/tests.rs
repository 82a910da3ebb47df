use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, UniformRand};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::super::Ifma;
use super::*;
use crate::curve::NUM_SOURCES;

type Affine<L> = <<L as CurveLayer>::Group as CurveGroup>::Affine;

/// The processor, or a line that says why the test does nothing.
fn detect() -> Option<Ifma> {
    match Ifma::detect() {
        Ok(ifma) => Some(ifma),
        Err(missing) => {
            eprintln!("skipped: {missing}");
            None
        }
    }
}

fn random_points<L: CurveLayer>(n: usize, rng: &mut StdRng) -> Vec<Affine<L>> {
    let points: Vec<_> = (0..n).map(|_| L::Group::rand(rng)).collect();
    L::Group::normalize_batch(&points)
}

fn import<L: CurveLayer>(layer: L, points: &[Affine<L>]) -> Vec<L::Point> {
    let mut stored = vec![L::INFINITY; points.len()];
    layer.import(points, &mut stored);
    stored
}

/// Sums of `pairs` by the layer and by arkworks.
fn check<L: CurveLayer>(layer: L, sources: &[Vec<Affine<L>>], pairs: &[Ref]) {
    let stored: Vec<_> = sources.iter().map(|points| import(layer, points)).collect();
    check_stored(layer, sources, &stored, pairs);
}

fn check_stored<L: CurveLayer>(
    layer: L,
    sources: &[Vec<Affine<L>>],
    stored: &[Vec<L::Point>],
    pairs: &[Ref],
) {
    let mut slices: Sources<'_, L::Point> = [&[]; NUM_SOURCES];
    for (slice, points) in slices.iter_mut().zip(stored) {
        *slice = points;
    }
    let mut workspace = layer.workspace(pairs.len() / 2);
    let mut out = vec![L::INFINITY; pairs.len() / 2];
    // SAFETY: the callers' references are below the lengths of the sources.
    unsafe { layer.add_pairs(&mut workspace, &slices, pairs, &mut out, pairs) };
    let operand = |reference: Ref| {
        let point = sources[reference.source()][reference.index()];
        if reference.is_negative() {
            -point.into_group()
        } else {
            point.into_group()
        }
    };
    for (i, (sum, pair)) in out.iter().zip(pairs.chunks(2)).enumerate() {
        let expected = (operand(pair[0]) + operand(pair[1])).into_affine();
        assert_eq!(
            layer.export(sum),
            expected,
            "pair {i} of {}: {pair:?}",
            out.len()
        );
        assert_eq!(layer.is_infinity(sum), expected.is_zero());
    }
}

fn negative(reference: Ref) -> Ref {
    Ref(reference.0 ^ Ref::NEGATIVE)
}

fn round_trip<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(1);
    for n in 0..=20 {
        let mut points = random_points::<L>(n, &mut rng);
        for infinite in 0..=n {
            if infinite < n {
                points[infinite] = Affine::<L>::zero();
            }
            let stored = import(layer, &points);
            for (point, stored) in points.iter().zip(&stored) {
                assert_eq!(layer.export(stored), *point);
                assert_eq!(layer.is_infinity(stored), point.is_zero());
                let negated = layer.negate(stored);
                assert_eq!(layer.export(&negated), (-point.into_group()).into_affine());
                assert_eq!(layer.is_infinity(&negated), point.is_zero());
                assert_eq!(layer.export(&layer.negate(&negated)), *point);
            }
        }
    }
}

fn random_batches<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(2);
    // Eight sources of different lengths.
    let sources: Vec<_> = (0..NUM_SOURCES)
        .map(|source| random_points::<L>(3 + source, &mut rng))
        .collect();
    for n in (0..=40).chain([63, 64, 65, 127, 128, 129, 1000]) {
        let pairs: Vec<_> = (0..2 * n)
            .map(|_| {
                let source = rng.gen_range(0..NUM_SOURCES);
                let reference = Ref::new(source, rng.gen_range(0..sources[source].len()));
                if rng.r#gen() {
                    negative(reference)
                } else {
                    reference
                }
            })
            .collect();
        check(layer, &sources, &pairs);
    }
}

/// Operands of one kind of pair: references to the two, whatever their signs.
fn crafted<L: CurveLayer>(rng: &mut StdRng) -> (Vec<Vec<Affine<L>>>, Vec<[Ref; 2]>) {
    let mut points = random_points::<L>(8, rng);
    points[1] = points[0];
    points[2] = (-points[0].into_group()).into_affine();
    points[3] = Affine::<L>::zero();
    points[4] = Affine::<L>::zero();
    points[5] = points[0].into_group().double().into_affine();
    let at = |i| Ref::new(0, i);
    let mut kinds = Vec::new();
    for (a, b) in [
        (0, 1),
        (0, 0),
        (0, 2),
        (3, 4),
        (3, 0),
        (0, 3),
        (3, 3),
        (0, 5),
        (6, 7),
    ] {
        for (x, y) in [
            (at(a), at(b)),
            (negative(at(a)), at(b)),
            (at(a), negative(at(b))),
            (negative(at(a)), negative(at(b))),
        ] {
            kinds.push([x, y]);
        }
    }
    (vec![points], kinds)
}

fn exceptional_lanes<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(3);
    let (sources, kinds) = crafted::<L>(&mut rng);
    let stored: Vec<_> = sources.iter().map(|points| import(layer, points)).collect();
    let ordinary = [Ref::new(0, 6), Ref::new(0, 7)];
    for kind in &kinds {
        // One such pair in every position of batches around one turn and two.
        for n in [1, 7, 8, 9, 15, 16, 17, 32, 40] {
            for position in 0..n {
                let pairs: Vec<_> = (0..n)
                    .flat_map(|i| if i == position { *kind } else { ordinary })
                    .collect();
                check_stored(layer, &sources, &stored, &pairs);
            }
        }
        // Nothing else.
        for n in 1..=40 {
            check_stored(layer, &sources, &stored, &kind.repeat(n));
        }
    }
    // All kinds side by side.
    for _ in 0..200 {
        let n = rng.gen_range(1..=40);
        let pairs: Vec<_> = (0..n)
            .flat_map(|_| kinds[rng.gen_range(0..kinds.len())])
            .collect();
        check_stored(layer, &sources, &stored, &pairs);
    }
}

/// Sums of sums: results, and their bounds, are operands again.
fn repeated_sums<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(4);
    let n = 24;
    let mut sources = vec![random_points::<L>(2 * n, &mut rng)];
    let mut stored = vec![import(layer, &sources[0])];
    let mut workspace = layer.workspace(n);
    for _ in 0..50 {
        let mut slices: Sources<'_, L::Point> = [&[]; NUM_SOURCES];
        slices[5] = &stored[0];
        let pairs: Vec<_> = (0..4 * n)
            .map(|_| {
                let reference = Ref::new(5, rng.gen_range(0..2 * n));
                if rng.r#gen() {
                    negative(reference)
                } else {
                    reference
                }
            })
            .collect();
        let mut out = vec![L::INFINITY; 2 * n];
        for (pairs, out) in pairs.chunks(2 * n).zip(out.chunks_mut(n)) {
            // SAFETY: the references are below the length of source 5.
            unsafe { layer.add_pairs(&mut workspace, &slices, pairs, out, &[]) };
        }
        let operand = |reference: Ref| {
            let point = sources[0][reference.index()].into_group();
            if reference.is_negative() {
                -point
            } else {
                point
            }
        };
        let sums: Vec<_> = pairs
            .chunks(2)
            .map(|pair| operand(pair[0]) + operand(pair[1]))
            .collect();
        let sums = L::Group::normalize_batch(&sums);
        for (sum, expected) in out.iter().zip(&sums) {
            assert_eq!(layer.export(sum), *expected);
        }
        sources = vec![sums];
        stored = vec![out];
    }
}

/// The same points under every representation that the bounds admit: x and y plus multiples of p.
fn unreduced_operands<const D: usize, L: CurveLayer<Point = Point<D>>>(layer: L) {
    let mut rng = StdRng::seed_from_u64(5);
    let (mut sources, kinds) = crafted::<L>(&mut rng);
    let points = std::mem::take(&mut sources[0]);
    let canonical = import(layer, &points);
    let mut stored = Vec::new();
    for (point, canonical) in points.iter().zip(&canonical) {
        for multiple in 0..3u64 {
            let lift = |words: [u64; 4]| {
                let mut words = words;
                while BigInt(words) >= BigInt(FqModulus::P64) {
                    words = less(words, FqModulus::P64);
                }
                for _ in 0..multiple {
                    let mut sum = BigInt(words);
                    assert!(!ark_ff::BigInteger::add_with_carry(
                        &mut sum,
                        &BigInt(FqModulus::P64)
                    ));
                    words = sum.0;
                }
                words
            };
            sources[0].push(*point);
            stored.push(if point.is_zero() {
                *canonical
            } else {
                Point {
                    x: canonical.x.map(lift),
                    y: canonical.y.map(lift),
                }
            });
        }
    }
    let stored = vec![stored];
    for _ in 0..400 {
        let pairs: Vec<_> = (0..16)
            .flat_map(|_| {
                kinds[rng.gen_range(0..kinds.len())].map(|Ref(reference)| {
                    let index = 3 * Ref(reference).index() as u32 + rng.gen_range(0..3);
                    Ref(reference & Ref::NEGATIVE | index)
                })
            })
            .collect();
        check_stored(layer, &sources, &stored, &pairs);
    }
}

macro_rules! suite {
    ($name:ident, $layer:ident) => {
        mod $name {
            use super::*;

            #[test]
            fn conversions_agree_with_arkworks() {
                detect().map($layer).into_iter().for_each(round_trip);
            }

            #[test]
            fn random_sums_agree_with_arkworks() {
                detect().map($layer).into_iter().for_each(random_batches);
            }

            #[test]
            fn exceptional_pairs_are_right_in_every_lane() {
                detect().map($layer).into_iter().for_each(exceptional_lanes);
            }

            #[test]
            fn sums_can_be_added_again() {
                detect().map($layer).into_iter().for_each(repeated_sums);
            }

            #[test]
            fn every_representation_of_a_point_will_do() {
                detect()
                    .map($layer)
                    .into_iter()
                    .for_each(unreduced_operands);
            }
        }
    };
}

suite!(g1, IfmaG1);
suite!(g2, IfmaG2);
