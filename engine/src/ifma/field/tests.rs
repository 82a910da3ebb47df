//! Every operation against arkworks, lane by lane, on all pairs of edge values: multiples of p and
//! their neighbours up to the bound, the bound itself, powers of 2^52 and their neighbours, limbs of
//! ones, and random values.

use ark_bn254::{Fq as ArkFq, Fr as ArkFr};
use ark_ff::{BigInt, PrimeField};
use rand::{SeedableRng, rngs::StdRng};

use super::super::Ifma;
use super::super::modulus::{FrModulus, to_limbs52};
use super::*;

type Value = [u64; 5];

/// The processor, or a line that says why the test does nothing.
fn detect() -> Option<Ifma> {
    Ifma::detect()
        .map_err(|missing| eprintln!("skipped: {missing}"))
        .ok()
}

/// `a + sign·k`, carried.
fn offset(a: Value, k: i64) -> Value {
    let mut sum = a;
    let mut carry = i128::from(k);
    for limb in &mut sum {
        carry += i128::from(*limb);
        *limb = carry as u64 & MASK52;
        carry >>= 52;
    }
    assert_eq!(carry, 0);
    sum
}

fn plus(a: Value, b: Value) -> Value {
    let mut sum = [0; 5];
    let mut carry = 0;
    for i in 0..5 {
        carry += a[i] + b[i];
        sum[i] = if i < 4 { carry & MASK52 } else { carry };
        carry >>= 52;
    }
    sum
}

/// ⌊a·factor/divisor⌋ for a small factor and divisor.
fn scaled(a: Value, factor: u64, divisor: u64) -> Value {
    let mut product = [0u128; 5];
    let mut carry = 0u128;
    for i in 0..5 {
        carry += u128::from(a[i]) * u128::from(factor);
        product[i] = if i < 4 {
            carry & u128::from(MASK52)
        } else {
            carry
        };
        carry >>= 52;
    }
    let mut quotient = [0; 5];
    let mut rest = 0u128;
    for i in (0..5).rev() {
        let dividend = rest << 52 | product[i];
        quotient[i] = (dividend / u128::from(divisor)) as u64;
        rest = dividend % u128::from(divisor);
    }
    quotient
}

fn at_most(a: Value, b: Value) -> bool {
    a.iter().rev().le(b.iter().rev())
}

/// B/10·p, rounded down.
fn bound<M: Modulus>(tenths: usize) -> Value {
    scaled(M::P, tenths as u64, 10)
}

/// The residue.
fn residue<F: PrimeField>(a: Value) -> F {
    let radix = F::from(1u64 << 52);
    a.iter()
        .rev()
        .fold(F::ZERO, |sum, limb| sum * radix + F::from(*limb))
}

/// Values up to `tenths`/10·p at which something could go wrong, and random ones.
fn edges<F: PrimeField + Into<BigInt<4>>, M: Modulus>(
    tenths: usize,
    rng: &mut StdRng,
) -> Vec<Value> {
    let largest = bound::<M>(tenths);
    let mut values = vec![[0; 5], offset([0; 5], 1), largest, offset(largest, -1)];
    for k in 1..=(tenths / 10).min(M::MULTIPLES.len() - 1) {
        let multiple = M::MULTIPLES[k];
        values.extend([multiple, offset(multiple, -1), offset(multiple, 1)]);
        let random: BigInt<4> = F::rand(rng).into();
        let random = to_limbs52(random.0);
        values.push(plus(M::MULTIPLES[k - 1], random));
    }
    for i in 1..5 {
        let mut power = [0; 5];
        power[i] = 1;
        values.extend([power, offset(power, 1), offset(power, -1)]);
        let mut ones = [MASK52; 5];
        ones[4] = largest[4].saturating_sub(1);
        ones[i - 1] = 0;
        values.push(ones);
    }
    values.retain(|value| at_most(*value, largest));
    values
}

/// All pairs, filled up to a multiple of eight.
fn pairs(a: &[Value], b: &[Value]) -> (Vec<Value>, Vec<Value>) {
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for a in a {
        for b in b {
            first.push(*a);
            second.push(*b);
        }
    }
    while first.len() % 8 != 0 {
        first.push(a[0]);
        second.push(b[0]);
    }
    (first, second)
}

simd! {
fn load<M: Modulus, const B: usize>(values: &[Value]) -> Element<M, B> {
    let mut limbs = limbs::zero();
    for (i, limb) in limbs.iter_mut().enumerate() {
        let lanes: [u64; 8] = std::array::from_fn(|lane| values[lane][i]);
        // SAFETY: eight words.
        *limb = unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) };
    }
    Element { limbs, modulus: PhantomData }
}
}

simd! {
fn store<M: Modulus, const B: usize>(element: &Element<M, B>) -> [Value; 8] {
    let mut values = [[0; 5]; 8];
    for i in 0..5 {
        let mut lanes = [0u64; 8];
        // SAFETY: eight words.
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), element.limbs[i]) };
        for (value, lane) in values.iter_mut().zip(lanes) {
            value[i] = lane;
        }
    }
    values
}
}

/// Holds normalised results to a bound and to their residues.
fn check<F: PrimeField, M: Modulus, const C: usize>(
    results: &[Value],
    expected: impl Fn(usize) -> F,
) {
    let largest = bound::<M>(C);
    for (i, result) in results.iter().enumerate() {
        assert!(
            result.iter().all(|limb| *limb <= MASK52),
            "limbs of {i}: {result:x?}"
        );
        assert!(at_most(*result, largest), "bound of {i}: {result:x?}");
        assert_eq!(residue::<F>(*result), expected(i), "residue of {i}");
    }
}

/// Defines a test of an operation on two elements for both moduli.
macro_rules! binary {
    (
        $test:ident, $operation:ident: $a_bound:literal, $b_bound:literal => $bound:literal,
        |$a:ident, $b:ident| $body:expr, |$x:ident, $y:ident, $radix:ident| $expected:expr
    ) => {
        simd! {
        fn $operation<M: Modulus>(a: &[Value], b: &[Value]) -> Vec<Value> {
            let mut results = Vec::with_capacity(a.len());
            for (a, b) in a.chunks_exact(8).zip(b.chunks_exact(8)) {
                let $a: Element<M, $a_bound> = load(a);
                let $b: Element<M, $b_bound> = load(b);
                let result: Element<M, $bound> = $body;
                results.extend(store(&result));
            }
            results
        }
        }

        #[test]
        fn $test() {
            fn run<F: PrimeField + Into<BigInt<4>>, M: Modulus>() {
                let mut rng = StdRng::seed_from_u64(1);
                let (a, b) = pairs(
                    &edges::<F, M>($a_bound, &mut rng),
                    &edges::<F, M>($b_bound, &mut rng),
                );
                // SAFETY: the caller asked the processor.
                let results = unsafe { $operation::<M>(&a, &b) };
                let $radix = F::from(2u64).pow([260]).inverse().expect("not 0");
                check::<F, M, $bound>(&results, |i| {
                    let ($x, $y) = (residue::<F>(a[i]), residue::<F>(b[i]));
                    let _ = ($x, $y, $radix);
                    $expected
                });
            }
            if detect().is_some() {
                run::<ArkFq, FqModulus>();
                run::<ArkFr, FrModulus>();
            }
        }
    };
}

binary!(
    products_at_the_bounds_of_the_additions, small_products: 28, 60 => 28,
    |a, b| a.mul(&b), |x, y, inverse_radix| x * y * inverse_radix
);
binary!(
    products_of_wide_operands, wide_products: 840, 100 => 126,
    |a, b| a.mul(&b), |x, y, inverse_radix| x * y * inverse_radix
);
binary!(
    products_plus_a_positive_addend, products_plus: 60, 60 => 91,
    |a, b| Columns::<M, 0, 0, 60>::new(&a.raw())
        .add_product::<60, 60, 3600>(&a, &b)
        .reduce::<0, 91>()
        .normalise(),
    |x, y, inverse_radix| x * y * inverse_radix + x
);
binary!(
    products_minus_an_addend, products_minus: 60, 60 => 97,
    |a, b| Columns::<M, 0, -60, 0>::new(&Raw::<M, 0, 0>::zero().sub::<0, 60, -60, 0>(&b.raw()))
        .add_product::<60, 60, 3600>(&a, &b)
        .reduce::<-60, 31>()
        .add::<60, 60, 0, 97>(&multiple_of_p())
        .normalise(),
    |x, y, inverse_radix| x * y * inverse_radix - y
);
binary!(
    sums_of_two_products, sums_of_products: 60, 60 => 40,
    |a, b| Columns::<M, 0, 0, 0>::zero()
        .add_product::<60, 60, 3600>(&a, &b)
        .add_product::<60, 60, 7200>(&b, &b)
        .reduce::<0, 40>()
        .normalise(),
    |x, y, inverse_radix| (x * y + y * y) * inverse_radix
);
binary!(
    doubled_products, doubled_products_minus: 28, 30 => 88,
    |a, b| Columns::<M, 0, 0, 30>::new(&b.raw())
        .add_product::<28, 30, 840>(&a, &b)
        .doubled::<1680, 0, 60>()
        .reduce::<0, 88>()
        .normalise(),
    |x, y, inverse_radix| (x * y * inverse_radix + y).double()
);
binary!(
    squares_with_an_addend, squares: 60, 60 => 151,
    |a, b| Columns::<M, 0, 0, 60>::new(&b.raw())
        .doubled_plus_squares::<1, 60, 3600, 0, 120>(&[a])
        .reduce::<0, 151>()
        .normalise(),
    |x, y, inverse_radix| x.square() * inverse_radix + y.double()
);
binary!(
    sums_of_two_squares, two_squares: 60, 60 => 40,
    |a, b| Columns::<M, 0, 0, 0>::zero()
        .doubled_plus_squares::<2, 60, 7200, 0, 0>(&[a, b])
        .reduce::<0, 40>()
        .normalise(),
    |x, y, inverse_radix| (x.square() + y.square()) * inverse_radix
);
binary!(
    sums, sum: 60, 60 => 120,
    |a, b| a.raw::<0, 60>().add::<0, 60, 0, 120>(&b.raw()).normalise(),
    |x, y, inverse_radix| x + y
);
binary!(
    differences, difference: 60, 60 => 120,
    |a, b| a.raw::<0, 60>()
        .add::<0, 60, 0, 120>(&b.raw::<0, 60>().negated::<6, 0, 60>())
        .normalise(),
    |x, y, inverse_radix| x - y
);
// From −3.9·p to 6.6·p.
binary!(
    reductions_over_their_whole_range, reductions: 66, 39 => 24,
    |a, b| a.raw::<0, 66>().sub::<0, 39, -39, 66>(&b.raw()).reduce().normalise(),
    |x, y, inverse_radix| x - y
);
binary!(
    words_hold_up_to_5_2_p, words: 52, 10 => 52,
    |a, b| {
        let _ = b;
        Element::from_words(a.to_words())
    },
    |x, y, inverse_radix| x
);

simd! {
fn multiple_of_p<M: Modulus>() -> Raw<M, 60, 60> {
    Raw { limbs: limbs::broadcast(&M::MULTIPLES[6]), modulus: PhantomData }
}
}

simd! {
fn canonical<M: Modulus>(values: &[Value]) -> [Value; 8] {
    store(&load::<M, 840>(values).canonical())
}
}

#[test]
fn canonical_residues_are_below_p() {
    fn run<F: PrimeField + Into<BigInt<4>>, M: Modulus>() {
        let mut rng = StdRng::seed_from_u64(4);
        let mut values = edges::<F, M>(840, &mut rng);
        values.resize(values.len().next_multiple_of(8), [0; 5]);
        for chunk in values.chunks_exact(8) {
            // SAFETY: the caller asked the processor.
            let results = unsafe { canonical::<M>(chunk) };
            check::<F, M, 10>(&results, |lane| residue(chunk[lane]));
            assert!(!results.contains(&M::P));
        }
    }
    if detect().is_some() {
        run::<ArkFq, FqModulus>();
        run::<ArkFr, FrModulus>();
    }
}

simd! {
fn zero_masks<M: Modulus>(values: &[Value]) -> (u8, u8) {
    let element: Element<M, 79> = load(values);
    (element.may_be_zero(), element.is_zero())
}
}

#[test]
fn zeros_are_found_among_their_neighbours() {
    fn run<F: PrimeField + Into<BigInt<4>>, M: Modulus>() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut values = edges::<F, M>(79, &mut rng);
        // The right lowest limb, but not a multiple.
        for k in 1..8 {
            for i in 1..5 {
                let mut value = M::MULTIPLES[k];
                value[i] ^= 1;
                values.push(value);
            }
        }
        values.resize(values.len().next_multiple_of(8), [0; 5]);
        for chunk in values.chunks_exact(8) {
            // SAFETY: the caller asked the processor.
            let (may_be, is) = unsafe { zero_masks::<M>(chunk) };
            for (lane, value) in chunk.iter().enumerate() {
                let expected = residue::<F>(*value).is_zero();
                assert_eq!(is >> lane & 1 == 1, expected, "{value:x?}");
                assert!(may_be >> lane & 1 == 1 || !expected, "{value:x?}");
            }
        }
    }
    if detect().is_some() {
        run::<ArkFq, FqModulus>();
        run::<ArkFr, FrModulus>();
    }
}

simd! {
fn negated_lanes<M: Modulus>(values: &[Value], mask: u8) -> [Value; 8] {
    let element: Element<M, 30> = load(values);
    let negated: Element<M, 30> =
        element.raw::<0, 30>().negated_where::<3, 0, 30>(mask).normalise();
    store(&negated)
}
}

#[test]
fn only_the_lanes_of_the_mask_are_negated() {
    fn run<F: PrimeField + Into<BigInt<4>>, M: Modulus>() {
        let mut rng = StdRng::seed_from_u64(3);
        let mut values = edges::<F, M>(30, &mut rng);
        values.resize(values.len().next_multiple_of(8), [0; 5]);
        for chunk in values.chunks_exact(8) {
            for mask in [0, 0xff, 0x5a, 0x01, 0x80] {
                // SAFETY: the caller asked the processor.
                let results = unsafe { negated_lanes::<M>(chunk, mask) };
                check::<F, M, 30>(&results, |lane| {
                    let value = residue::<F>(chunk[lane]);
                    if mask >> lane & 1 == 1 { -value } else { value }
                });
            }
        }
    }
    if detect().is_some() {
        run::<ArkFq, FqModulus>();
        run::<ArkFr, FrModulus>();
    }
}
