//! The layers against arkworks.

use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_std::UniformRand;
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::super::limbs;
use super::super::modulus::{FqModulus, Modulus};
use super::*;
use crate::curve::NUM_SOURCES;

type ArkAffine<L> = <<L as CurveLayer>::Group as CurveGroup>::Affine;

/// Calls a test with each arithmetic that the processor has.
fn for_each_arithmetic(test: impl Fn(Arithmetic)) {
    test(Arithmetic::PLAIN);
    test(Arithmetic::detect());
}

fn imported<L: CurveLayer>(layer: L, points: &[ArkAffine<L>]) -> Vec<L::Point> {
    let mut out = vec![L::INFINITY; points.len()];
    layer.import(points, &mut out);
    out
}

fn signed<A: AffineRepr>(points: &[Vec<A>; NUM_SOURCES], reference: Ref) -> A::Group {
    let point = points[reference.source()][reference.index()].into_group();
    if reference.is_negative() {
        -point
    } else {
        point
    }
}

/// Adds the pairs and compares with arkworks; returns the sums as the layer has them.
fn check<L: CurveLayer>(
    layer: L,
    workspace: &mut L::Workspace,
    points: &[Vec<ArkAffine<L>>; NUM_SOURCES],
    pairs: &[Ref],
) -> Vec<L::Point> {
    let converted = points.each_ref().map(|points| imported(layer, points));
    let sources = converted.each_ref().map(Vec::as_slice);
    let mut out = vec![sources[0][0]; pairs.len() / 2];
    // SAFETY: the callers' references are in bounds, and there are two for each sum.
    unsafe { layer.add_pairs(workspace, &sources, pairs, &mut out, pairs) };
    for (pair, sum) in pairs.chunks(2).zip(&out) {
        let expected = signed(points, pair[0]) + signed(points, pair[1]);
        assert_eq!(layer.export(sum), expected.into_affine(), "{pair:?}");
        let negated = layer.export(&layer.negate(sum));
        assert_eq!(negated, (-expected).into_affine(), "{pair:?}");
        assert_eq!(layer.is_infinity(sum), layer.export(sum).is_zero());
    }
    out
}

/// Eight slices of random points with repetitions, negatives and infinities among them.
fn sample<A: AffineRepr<ScalarField = Fr>>(rng: &mut StdRng) -> [Vec<A>; NUM_SOURCES] {
    let random: Vec<A> = (0..12)
        .map(|_| (A::Group::generator() * Fr::rand(rng)).into_affine())
        .collect();
    std::array::from_fn(|source| {
        (0..16)
            .map(|i| match (i + source) % 16 {
                12 => A::zero(),
                13 => (-random[0].into_group()).into_affine(),
                14 => random[1],
                15 => (random[2].into_group() + random[3]).into_affine(),
                k => random[k],
            })
            .collect()
    })
}

fn random_ref(rng: &mut StdRng) -> Ref {
    let Ref(bits) = Ref::new(rng.gen_range(0..NUM_SOURCES), rng.gen_range(0..16));
    Ref(bits | if rng.r#gen() { Ref::NEGATIVE } else { 0 })
}

fn batches_of_every_size<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(1);
    let points = sample::<ArkAffine<L>>(&mut rng);
    let mut workspace = layer.workspace(40);
    for size in 0..=40 {
        let pairs: Vec<Ref> = (0..2 * size).map(|_| random_ref(&mut rng)).collect();
        check(layer, &mut workspace, &points, &pairs);
    }
}

/// Sums are lazily reduced: they come in again as operands, among them sums that are equal, opposite
/// and infinite.
fn sums_are_operands<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(2);
    let points = sample::<ArkAffine<L>>(&mut rng);
    let mut workspace = layer.workspace(64);
    let pairs: Vec<Ref> = (0..128).map(|_| random_ref(&mut rng)).collect();
    let sums = check(layer, &mut workspace, &points, &pairs);
    let values: Vec<ArkAffine<L>> = sums.iter().map(|sum| layer.export(sum)).collect();
    let random = |rng: &mut StdRng| {
        let Ref(bits) = Ref::new(3, rng.gen_range(0..64));
        Ref(bits | if rng.r#gen() { Ref::NEGATIVE } else { 0 })
    };
    let pairs: Vec<Ref> = (0..64)
        .flat_map(|_| {
            let first = random(&mut rng);
            match rng.gen_range(0..4) {
                0 => [first, first],
                1 => [first, Ref(first.0 ^ Ref::NEGATIVE)],
                _ => [first, random(&mut rng)],
            }
        })
        .collect();
    let empty: &[L::Point] = &[];
    let mut sources = [empty; NUM_SOURCES];
    sources[3] = &sums;
    let mut out = vec![L::INFINITY; 64];
    // SAFETY: the references are below 64, the length of source 3.
    unsafe { layer.add_pairs(&mut workspace, &sources, &pairs, &mut out, &[]) };
    for (pair, sum) in pairs.chunks(2).zip(&out) {
        let value = |reference: Ref| {
            let point = values[reference.index()].into_group();
            if reference.is_negative() {
                -point
            } else {
                point
            }
        };
        let expected = (value(pair[0]) + value(pair[1])).into_affine();
        assert_eq!(layer.export(sum), expected, "{pair:?}");
    }
}

#[test]
fn sums_may_be_operands() {
    for_each_arithmetic(|arithmetic| {
        sums_are_operands(PortableG1::new(arithmetic));
        sums_are_operands(PortableG2::new(arithmetic));
    });
}

/// Each exceptional case in a batch of its own, with all signs.
fn each_exception<L: CurveLayer>(layer: L) {
    let mut rng = StdRng::seed_from_u64(3);
    let point = (L::Group::generator() * Fr::rand(&mut rng)).into_affine();
    let opposite = (-point.into_group()).into_affine();
    let mut points = std::array::from_fn(|_| Vec::new());
    points[0] = vec![point, point, opposite, AffineRepr::zero()];
    let mut workspace = layer.workspace(1);
    for (i, j) in (0..4).flat_map(|i| (0..4).map(move |j| (i, j))) {
        for signs in 0..4 {
            let pair = [
                Ref::new(0, i).0 | signs << 31,
                Ref::new(0, j).0 | signs >> 1 << 31,
            ];
            check(layer, &mut workspace, &points, &pair.map(Ref));
        }
    }
}

#[test]
fn every_exception_is_handled_alone() {
    for_each_arithmetic(|arithmetic| {
        each_exception(PortableG1::new(arithmetic));
        each_exception(PortableG2::new(arithmetic));
    });
}

/// Coordinates x and x + p are the same: the pair is a doubling, a cancellation or neither.
#[test]
fn representatives_of_a_coordinate_are_equal() {
    let plus_p = |value: LazyFq| {
        let p = <FqModulus as Modulus>::P;
        LazyFq::from_limbs(limbs::add(value.limbs(), &p).0)
    };
    for_each_arithmetic(|arithmetic| {
        let layer = PortableG1::new(arithmetic);
        let generator = <ark_bn254::G1Projective as PrimeGroup>::generator();
        let point = imported(layer, &[generator.into_affine()])[0];
        let twin = Point {
            x: plus_p(point.x),
            y: plus_p(point.y),
        };
        let points = [point, twin];
        let empty: &[Point<LazyFq>] = &[];
        let mut sources = [empty; NUM_SOURCES];
        sources[0] = &points;
        let (p, q) = (Ref::new(0, 0), Ref::new(0, 1));
        let pairs = [p, q, p, Ref(q.0 | Ref::NEGATIVE), q, q];
        let mut out = [Point::INFINITY; 3];
        let mut workspace = layer.workspace(3);
        // SAFETY: the references are 0 and 1 of two points.
        unsafe { layer.add_pairs(&mut workspace, &sources, &pairs, &mut out, &[]) };
        let twice = (generator + generator).into_affine();
        assert_eq!(layer.export(&out[0]), twice);
        assert!(layer.is_infinity(&out[1]));
        assert_eq!(layer.export(&out[2]), twice);
        assert_eq!(layer.export(&twin), generator.into_affine());
    });
}

#[test]
fn points_fill_whole_cache_lines() {
    assert_eq!(
        (size_of::<Point<LazyFq>>(), align_of::<Point<LazyFq>>()),
        (64, 64)
    );
    assert_eq!(
        (size_of::<Point<LazyFq2>>(), align_of::<Point<LazyFq2>>()),
        (128, 64)
    );
}

#[test]
fn batches_of_every_size_match_arkworks() {
    for_each_arithmetic(|arithmetic| {
        batches_of_every_size(PortableG1::new(arithmetic));
        batches_of_every_size(PortableG2::new(arithmetic));
    });
}
