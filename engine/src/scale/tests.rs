//! Every layer against arkworks' operators.

use ark_bn254::{Fq2, G1Affine, G2Affine, g2};
use ark_ec::short_weierstrass::{Affine, Projective};
use ark_ec::{AffineRepr, CurveConfig, PrimeGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField, UniformRand};
use num_bigint::{BigInt, BigUint};
use rand::{Rng, SeedableRng, rngs::StdRng};

use super::*;
use crate::msm::testing::{TestG1, TestG2};
use crate::portable::{Arithmetic, PortableG1, PortableG2};

/// Calls a generic test with every layer of either group that the processor has.
macro_rules! for_each_layer {
    ($test:ident) => {
        $test(TestG1);
        $test(TestG2);
        for_each_engine!($test);
    };
}

/// The same without the layers over arkworks' own points.
macro_rules! for_each_engine {
    ($test:ident) => {
        for arithmetic in [Arithmetic::PLAIN, Arithmetic::detect()] {
            $test(PortableG1::new(arithmetic));
            $test(PortableG2::new(arithmetic));
        }
        #[cfg(target_arch = "x86_64")]
        match crate::ifma::Ifma::detect() {
            Ok(ifma) => {
                $test(crate::ifma::IfmaG1(ifma));
                $test(crate::ifma::IfmaG2(ifma));
            }
            Err(missing) => eprintln!("ifma skipped: {missing}"),
        }
    };
}

/// Distinct points: a random one and its sums with another.
fn distinct_points<L: CurveLayer>(n: usize, rng: &mut StdRng) -> Vec<AffineOf<L>> {
    let (mut next, step) = (L::Group::rand(rng), L::Group::rand(rng).into_affine());
    let mut points = Vec::with_capacity(n);
    for _ in 0..n {
        points.push(next);
        next += step;
    }
    L::Group::normalize_batch(&points)
}

/// The same with points at infinity, equal and opposite ones among them.
fn mixed_points<L: CurveLayer>(n: usize, rng: &mut StdRng) -> Vec<AffineOf<L>> {
    let mut points = distinct_points::<L>(n, rng);
    for i in 0..n {
        points[i] = match rng.gen_range(0..6) {
            0 => AffineRepr::zero(),
            1 => points[0],
            2 => (-points[0].into_group()).into_affine(),
            _ => points[i],
        };
    }
    points
}

fn products<A: AffineRepr<ScalarField = Fr>>(points: &[A], scalar: impl Fn(usize) -> Fr) -> Vec<A> {
    let products: Vec<A::Group> = points
        .iter()
        .enumerate()
        .map(|(i, point)| *point * scalar(i))
        .collect();
    A::Group::normalize_batch(&products)
}

/// Zero, one, two; the largest; halves; small ones of either sign; single bits; a power of either λ.
fn special_scalars() -> Vec<Fr> {
    let half = Fr::from(2u64).inverse().expect("2 is not 0");
    let six_x_squared = Fr::from(6u64) * Fr::from(crate::endomorphism::X).square();
    let mut scalars = vec![half, half - Fr::ONE, six_x_squared, six_x_squared.square()];
    for small in [0u64, 1, 2, 3, 4, 5, 15, 16, 17, 31, 1000, u64::MAX] {
        scalars.extend([Fr::from(small), -Fr::from(small)]);
    }
    scalars.extend([7, 63, 64, 126, 127, 128, 190, 253].map(|bit| Fr::from(2u64).pow([bit])));
    scalars
}

fn import<L: CurveLayer>(layer: L, points: &[AffineOf<L>]) -> Vec<L::Point> {
    let mut out = vec![L::INFINITY; points.len()];
    layer.import(points, &mut out);
    out
}

/// Batches of every size around the lanes and turns of the layers.
fn doublings_and_images<C: Endomorphism, L: CurveLayer<Group = Projective<C>>>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(1);
    for n in (0..=40).chain([63, 64, 65]) {
        let points = mixed_points::<L>(n, rng);
        let stored = import(layer, &points);
        let mut out = vec![L::INFINITY; n];
        layer.double_all(&mut layer.workspace(n), &stored, &mut out);
        let twice: Vec<L::Group> = points.iter().map(|point| *point + point).collect();
        let twice = L::Group::normalize_batch(&twice);
        for i in 0..n {
            assert_eq!(layer.export(&out[i]), twice[i], "point {i} of {n}");
            assert_eq!(layer.is_infinity(&out[i]), twice[i].is_zero());
        }
        // Results are operands again, in every representation that a layer leaves.
        let doubled = out.clone();
        for power in 0..5 {
            layer.map_all(power, &doubled, &mut out);
            let map = C::power(power);
            for i in 0..n {
                let image = map.apply(&twice[i]);
                assert_eq!(
                    layer.export(&out[i]),
                    image,
                    "e^{power} of point {i} of {n}"
                );
                assert_eq!(layer.is_infinity(&out[i]), image.is_zero());
            }
        }
    }
}

#[test]
fn layers_double_and_map_slices() {
    for_each_layer!(doublings_and_images);
}

/// A long chain of doublings keeps within the layers' bounds.
fn repeated_doublings<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(2);
    let points = distinct_points::<L>(17, rng);
    let mut stored = import(layer, &points);
    let mut next = stored.clone();
    let mut workspace = layer.workspace(17);
    for _ in 0..254 {
        layer.double_all(&mut workspace, &stored, &mut next);
        std::mem::swap(&mut stored, &mut next);
    }
    let factor = Fr::from(2u64).pow([254]);
    let exported: Vec<_> = stored.iter().map(|point| layer.export(point)).collect();
    assert_eq!(exported, products(&points, |_| factor));
}

#[test]
fn doublings_can_be_repeated() {
    for_each_engine!(repeated_doublings);
}

/// Small blocks, every special scalar, points of all kinds.
fn one_scalar<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(3);
    for n in [0, 1, 7, 8, 9, 17] {
        let mut scalars = special_scalars();
        scalars.extend([Fr::rand(rng), Fr::rand(rng)]);
        for scalar in scalars {
            let points = mixed_points::<L>(n, rng);
            let mut out = points.clone();
            multiply_all(layer, &mut out, &scalar);
            assert_eq!(out, products(&points, |_| scalar), "{n} points, {scalar}");
        }
    }
}

#[test]
fn one_scalar_multiplies_all_points() {
    for_each_layer!(one_scalar);
}

/// Blocks that are full, one short and one over; with and without points at infinity.
fn one_scalar_in_blocks<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(4);
    let scalar = Fr::rand(rng);
    for n in [MIN_BLOCK - 1, MIN_BLOCK, MIN_BLOCK + 1, 2 * MIN_BLOCK + 1] {
        for points in [distinct_points::<L>(n, rng), mixed_points::<L>(n, rng)] {
            let mut out = points.clone();
            multiply_all(layer, &mut out, &scalar);
            assert_eq!(out, products(&points, |_| scalar), "{n} points");
        }
    }
}

#[test]
fn one_scalar_multiplies_blocks_of_points() {
    for_each_engine!(one_scalar_in_blocks);
}

/// All special scalars side by side in one block.
fn own_scalars<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(5);
    for n in [0, 1, 7, 8, 9, 40, MIN_BLOCK - 1, MIN_BLOCK + 1] {
        let special = special_scalars();
        let mut scalar = || match rng.gen_range(0..special.len() + 20) {
            i if i < special.len() => special[i],
            _ => Fr::rand(rng),
        };
        let scalars: Vec<Fr> = (0..n).map(|_| scalar()).collect();
        let points = mixed_points::<L>(n, rng);
        let out = multiply_each(layer, &points, &scalars);
        assert_eq!(out, products(&points, |i| scalars[i]), "{n} points");
    }
}

#[test]
fn every_point_has_its_own_scalar() {
    for_each_layer!(own_scalars);
}

/// Every special scalar alone, and all points times small scalars: blocks without long ones.
fn short_scalars<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(6);
    let points = mixed_points::<L>(9, rng);
    for scalar in special_scalars() {
        let out = multiply_each(layer, &points[..1], &[scalar]);
        assert_eq!(out, products(&points[..1], |_| scalar), "{scalar}");
    }
    for bits in [0, 1, 2, 5, 33] {
        let mut scalar = || {
            let magnitude = Fr::from(rng.r#gen::<u64>() & ((1 << bits) - 1));
            if rng.r#gen() { magnitude } else { -magnitude }
        };
        let scalars: Vec<Fr> = (0..9).map(|_| scalar()).collect();
        let out = multiply_each(layer, &points, &scalars);
        assert_eq!(out, products(&points, |i| scalars[i]), "{bits} bits");
    }
}

#[test]
fn short_scalars_of_either_sign() {
    for_each_layer!(short_scalars);
}

/// Full blocks of the engines' own size.
fn full_blocks<L: CurveLayer>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(7);
    let n = full_block::<L>() + 1;
    let points = mixed_points::<L>(n, rng);
    let scalars: Vec<Fr> = (0..n).map(|_| Fr::rand(rng)).collect();
    single_thread(|| {
        let out = multiply_each(layer, &points, &scalars);
        assert_eq!(out, products(&points, |i| scalars[i]));
        let mut out = points.clone();
        multiply_all(layer, &mut out, &scalars[0]);
        assert_eq!(out, products(&points, |_| scalars[0]));
    });
}

/// Blocks are of full size where there are as many points for each thread.
fn single_thread(body: impl FnOnce() + Send) {
    #[cfg(feature = "parallel")]
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .expect("a pool of one thread")
        .install(body);
    #[cfg(not(feature = "parallel"))]
    body();
}

#[test]
fn blocks_of_full_size() {
    let arithmetic = Arithmetic::detect();
    full_blocks(PortableG1::new(arithmetic));
    full_blocks(PortableG2::new(arithmetic));
    #[cfg(target_arch = "x86_64")]
    if let Ok(ifma) = crate::ifma::Ifma::detect() {
        full_blocks(crate::ifma::IfmaG1(ifma));
        full_blocks(crate::ifma::IfmaG2(ifma));
    }
}

#[test]
#[should_panic(expected = "expected as many scalars as points")]
fn scalars_must_be_as_many_as_points() {
    let _ = multiply_each(TestG1, &[G1Affine::generator()], &[]);
}

/// A point of the twist, in G2 with a probability of 1/h only.
fn twist_point(rng: &mut StdRng) -> G2Affine {
    loop {
        let x = Fq2::rand(rng);
        if let Some(point) = G2Affine::get_point_from_x_unchecked(x, rng.r#gen()) {
            return point;
        }
    }
}

fn cofactor() -> BigUint {
    BigUint::from_slice(
        &g2::Config::COFACTOR
            .iter()
            .flat_map(|word| [*word as u32, (word >> 32) as u32])
            .collect::<Vec<_>>(),
    )
}

fn order() -> BigUint {
    Fr::MODULUS.into()
}

/// Points of the twist by their orders: r and 1; the small primes 10069 and 5864401 in the cofactor, their
/// product and what is left of it; and sums of these with points of G2.
fn twist_points(rng: &mut StdRng) -> Vec<G2Affine> {
    let h = cofactor();
    let (p, q) = (BigUint::from(10_069u32), BigUint::from(5_864_401u32));
    assert_eq!(&h % (&p * &q), BigUint::ZERO);
    let mut points = vec![G2Affine::zero(), G2Affine::generator()];
    for divisor in [
        h.clone(),
        &h / &p,
        &h / &q,
        &h / (&p * &q),
        &p * &q,
        p.clone(),
        q.clone(),
        BigUint::from(1u32),
    ] {
        for r in [BigUint::from(1u32), order()] {
            let point = twist_point(rng).mul_bigint((&divisor * r).to_u64_digits());
            let inside = Projective::<g2::Config>::generator() * Fr::rand(rng);
            points.extend([point.into_affine(), (point + inside).into_affine()]);
        }
    }
    points
}

fn off_curve() -> G2Affine {
    G2Affine::new_unchecked(Fq2::ONE, Fq2::ONE)
}

fn g2_membership<L: CurveLayer<Group = ark_bn254::G2Projective>>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(8);
    let points = twist_points(rng);
    let outside = |index| Outside {
        index,
        reason: Reason::OutOfSubgroup,
    };
    let (mut inside, mut others) = (Vec::new(), Vec::new());
    for point in points {
        let is_inside = point.is_in_correct_subgroup_assuming_on_curve();
        let expected = (!is_inside).then(|| outside(0));
        assert_eq!(first_outside_g2(layer, &[point]), expected, "{point}");
        if is_inside { &mut inside } else { &mut others }.push(point);
    }
    assert!(inside.len() >= 6 && others.len() >= 20);
    assert_eq!(first_outside_g2(layer, &[]), None);
    assert_eq!(first_outside_g2(layer, &inside), None);

    // In every place of a list of good ones, and two that cancel in a sum.
    let good: Vec<G2Affine> = mixed_points::<L>(MIN_BLOCK + 20, rng);
    assert_eq!(first_outside_g2(layer, &good), None);
    for index in [0, 1, 7, 8, 9, 16, MIN_BLOCK - 1, MIN_BLOCK, MIN_BLOCK + 19] {
        let mut list = good.clone();
        list[index] = others[index % others.len()];
        assert_eq!(first_outside_g2(layer, &list), Some(outside(index)));
        if index > 0 {
            list[index - 1] = -list[index];
            assert_eq!(first_outside_g2(layer, &list), Some(outside(index - 1)));
        }
        // A point off the curve counts where it comes first, whatever follows it.
        list[index] = off_curve();
        let first = if index > 0 {
            outside(index - 1)
        } else {
            Outside {
                index,
                reason: Reason::OffCurve,
            }
        };
        assert_eq!(first_outside_g2(layer, &list), Some(first));
    }
}

#[test]
fn membership_in_g2_is_arkworks() {
    g2_membership(TestG2);
    for arithmetic in [Arithmetic::PLAIN, Arithmetic::detect()] {
        g2_membership(PortableG2::new(arithmetic));
    }
    #[cfg(target_arch = "x86_64")]
    if let Ok(ifma) = crate::ifma::Ifma::detect() {
        g2_membership(crate::ifma::IfmaG2(ifma));
    }
}

#[test]
fn membership_in_g1_is_the_curve_equation() {
    let rng = &mut StdRng::seed_from_u64(9);
    let good = mixed_points::<TestG1>(1026, rng);
    assert_eq!(first_outside_g1(&[]), None);
    assert_eq!(first_outside_g1(&good), None);
    for index in [0, 1, 8, 1023, 1024, 1025] {
        let mut list = good.clone();
        for place in &mut list[index..] {
            *place = G1Affine::new_unchecked(1u64.into(), 1u64.into());
        }
        let reason = Reason::OffCurve;
        assert_eq!(first_outside_g1(&list), Some(Outside { index, reason }));
    }
}

/// Coordinates that are on no curve of the family, on another one, or on a singular one; y = 0.
fn anything_goes<C: Endomorphism, L: CurveLayer<Group = Projective<C>>>(layer: L) {
    let rng = &mut StdRng::seed_from_u64(10);
    let (zero, one) = (C::BaseField::ZERO, C::BaseField::ONE);
    let mut coordinates = vec![(one, one), (one, zero), (zero, one)];
    for _ in 0..20 {
        let (x, y) = (C::BaseField::rand(rng), C::BaseField::rand(rng));
        coordinates.extend([(x, y), (x, -y), (x, zero), (zero, y)]);
        coordinates.push((x.square(), x.square() * x));
    }
    let affine: Vec<_> = coordinates
        .into_iter()
        .map(|(x, y)| Affine::<C>::new_unchecked(x, y))
        .collect();
    let mut points = import(layer, &affine);
    let n = points.len();
    let mut next = points.clone();
    let mut workspace = layer.workspace(n);
    let pairs: Vec<_> = (0..n)
        .flat_map(|i| [i, rng.gen_range(0..n)])
        .map(|i| crate::curve::Ref::new(0, i))
        .collect();
    for _ in 0..20 {
        layer.double_all(&mut workspace, &points, &mut next);
        layer.map_all(1, &next, &mut points);
        let mut sources: crate::curve::Sources<'_, L::Point> = Default::default();
        sources[0] = &points;
        // SAFETY: the references are below n, and two for each sum.
        unsafe { layer.add_pairs(&mut workspace, &sources, &pairs, &mut next, &[]) };
        std::mem::swap(&mut points, &mut next);
    }
}

#[test]
fn points_on_no_curve_do_not_panic() {
    for_each_engine!(anything_goes);
}

/// What `membership` says of its f: r divides f(6x²), and gcd(ϱ, h·r) = r.
#[test]
fn the_condition_of_the_test_for_g2_holds() {
    let x = BigInt::from(crate::endomorphism::X);
    let (r, h) = (BigInt::from(order()), BigInt::from(cofactor()));
    let q = BigInt::from(BigUint::from(ark_bn254::Fq::MODULUS));
    let t: BigInt = 6u32 * &x * &x + 1u32;
    assert_eq!(&q + 1u32 - &t, r);
    assert_eq!(h, 2u32 * &q - &r);
    assert_ne!(&h % &r, BigInt::ZERO);

    let f = [&x + 1u32, x.clone(), x.clone(), -2i32 * &x];
    let lambda: BigInt = 6u32 * &x * &x;
    let at_lambda = f
        .iter()
        .rev()
        .fold(BigInt::ZERO, |sum, c| sum * &lambda + c);
    assert_eq!(at_lambda % &r, BigInt::ZERO);

    // f modulo χ = X² − t·X + q is b + a·X, whose resultant with χ is a²·q + a·b·t + b².
    let [mut b, mut a, mut c, d] = f;
    c += &d * &t;
    a -= &d * &q;
    a += &c * &t;
    b -= &c * &q;
    let resultant: BigInt = &a * &a * &q + &a * &b * &t + &b * &b;
    let (mut gcd, mut rest) = (resultant, h * &r);
    while rest != BigInt::ZERO {
        (gcd, rest) = (rest.clone(), gcd % rest);
    }
    assert_eq!(BigUint::try_from(gcd).expect("a positive number"), order());
}
