//! The arithmetic lane by lane at the edges of its bounds, and the transform at the largest values it
//! is promised to take.

use ark_bn254::Fr;
use ark_ff::{Field, PrimeField, Zero};
use proptest::prelude::*;

use super::arithmetic::*;
use super::*;
use crate::ifma::limbs::Limbs;
use crate::ifma::modulus::MASK52;
use crate::ntt::engine::{Direction, Engine};
use crate::ntt::kernel::Kernel;
use crate::ntt::roots::root;

/// Eight values of five signed limbs.
type Values = [[i64; 5]; LANES];

/// Σ_i limb_i·2^(52i) modulo r.
fn value(limbs: [i64; 5]) -> Fr {
    let radix = Fr::from(1u64 << 52);
    limbs
        .iter()
        .rev()
        .fold(Fr::zero(), |sum, limb| sum * radix + Fr::from(*limb))
}

/// Σ_i limb_i·2^(52i), rounded, in units of r.
fn size(limbs: [i64; 5]) -> f64 {
    let integer = |limbs: [i64; 5]| {
        limbs
            .iter()
            .rev()
            .fold(0f64, |sum, limb| sum * 2f64.powi(52) + *limb as f64)
    };
    integer(limbs) / integer(FrModulus::P.map(|limb| limb as i64))
}

fn limbs_of(values: &Values) -> Limbs {
    let mut limbs = [[0i64; LANES]; 5];
    for (lane, value) in values.iter().enumerate() {
        for (limb, part) in limbs.iter_mut().zip(value) {
            limb[lane] = *part;
        }
    }
    // SAFETY: both are forty 64-bit integers, limb after limb.
    unsafe { std::mem::transmute(limbs) }
}

fn values_of(limbs: Limbs) -> Values {
    // SAFETY: as above.
    let limbs: [[i64; LANES]; 5] = unsafe { std::mem::transmute(limbs) };
    std::array::from_fn(|lane| limbs.map(|limb| limb[lane]))
}

/// k·r in 52-bit limbs.
fn multiple(k: usize) -> [i64; 5] {
    MULTIPLES[k].map(|limb| limb as i64)
}

/// Runs a function that needs the instructions, where they are.
fn with_ifma(body: impl FnOnce(Ifma)) {
    match Ifma::detect() {
        Ok(ifma) => body(ifma),
        Err(missing) => eprintln!("ignored, because {missing}"),
    }
}

simd! {
fn scaled(values: &Values, factor: &Factor) -> (Values, Values) {
    let digits = Lazy(limbs_of(values)).carry();
    (values_of(digits.scale(factor).0), values_of(digits.scale_up(factor).0))
}
}

simd! {
fn products(values: &Values, others: &Values) -> Values {
    let (a, b) = (Lazy(limbs_of(values)), Lazy(limbs_of(others)));
    values_of(a.carry().times(&b.carry()).0)
}
}

simd! {
fn scaled_lanes(values: &Values, factors: &[Fr; LANES]) -> Values {
    let factors = LaneFactors::new(&read_lanes(factors));
    values_of(Lazy(limbs_of(values)).carry().scale_lanes(&factors).0)
}
}

simd! {
fn reduced(values: &Values) -> (Values, Values) {
    let reduced = Lazy(limbs_of(values)).reduce();
    (values_of(reduced.lazy().0), values_of(reduced.canonicalise().lazy().0))
}
}

/// A 52-bit limb, often at an edge.
fn limb() -> impl Strategy<Value = i64> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(MASK52 as i64),
        Just(MASK52 as i64 - 1),
        Just(1 << 51),
        0..=MASK52 as i64
    ]
}

/// A value in [0, 2^260) whose carries are spread over signed limbs.
fn operand() -> impl Strategy<Value = [i64; 5]> {
    let digits = prop_oneof![
        prop::array::uniform5(limb()),
        (0usize..84).prop_map(multiple),
        (1usize..84).prop_map(|k| {
            let mut below = multiple(k);
            below[0] -= 1;
            below
        })
    ];
    (digits, prop::array::uniform4(-(1i64 << 8)..1 << 8)).prop_map(|(mut value, moved)| {
        for (i, moved) in moved.into_iter().enumerate() {
            // The top limb stays an unsigned 52-bit one.
            if i < 3 || (0..=MASK52 as i64).contains(&(value[4] - moved)) {
                value[i] += moved << 52;
                value[i + 1] -= moved;
            }
        }
        value
    })
}

fn operands() -> impl Strategy<Value = Values> {
    prop::array::uniform8(operand())
}

fn factor() -> impl Strategy<Value = Fr> {
    prop_oneof![
        Just(Fr::zero()),
        Just(Fr::from(1u64)),
        Just(-Fr::from(1u64)),
        prop::array::uniform4(any::<u64>())
            .prop_map(|words| Fr::from_le_bytes_mod_order(&words.map(u64::to_le_bytes).concat()))
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn products_with_a_factor(values in operands(), w in factor()) {
        with_ifma(|ifma| {
            // SAFETY: the processor has the instructions.
            let (centred, raised) = unsafe { scaled(&values, &ifma.factor(w)) };
            for lane in 0..LANES {
                let expected = value(values[lane]) * w;
                assert_eq!(value(centred[lane]), expected);
                assert_eq!(value(raised[lane]), expected);
                assert!((-3.0..3.0).contains(&size(centred[lane])));
                assert!((0.0..6.0).contains(&size(raised[lane])));
                assert!(raised[lane].iter().all(|limb| *limb >= 0));
            }
        });
    }

    #[test]
    fn products_with_a_factor_for_each_lane(
        values in operands(),
        factors in prop::array::uniform8(factor()),
    ) {
        with_ifma(|_| {
            // SAFETY: the processor has the instructions.
            let got = unsafe { scaled_lanes(&values, &factors) };
            for lane in 0..LANES {
                assert_eq!(value(got[lane]), value(values[lane]) * factors[lane]);
                assert!((0.0..6.1).contains(&size(got[lane])));
            }
        });
    }

    #[test]
    fn products_of_variables(values in operands(), others in operands()) {
        let radix_inverse = Fr::from(2u64).pow([260]).inverse().expect("not zero");
        with_ifma(|_| {
            // SAFETY: the processor has the instructions.
            let got = unsafe { products(&values, &others) };
            for lane in 0..LANES {
                let expected = value(values[lane]) * value(others[lane]) * radix_inverse;
                assert_eq!(value(got[lane]), expected);
                let bound = size(values[lane]) * size(others[lane]) / 84.64 + 2.24;
                assert!((0.0..=bound).contains(&size(got[lane])));
            }
        });
    }

    #[test]
    fn reductions(mut values in operands()) {
        for value in &mut values {
            if size(*value) > 84.0 {
                *value = multiple(83);
            }
        }
        with_ifma(|_| {
            // SAFETY: the processor has the instructions.
            let (near, canonical) = unsafe { reduced(&values) };
            for lane in 0..LANES {
                let expected = value(values[lane]);
                assert_eq!(value(near[lane]), expected);
                assert!((0.0..1.0 + 2f64.powi(-25)).contains(&size(near[lane])));
                assert!(near[lane].iter().all(|limb| (0..=MASK52 as i64).contains(limb)));
                assert!(canonical[lane].iter().rev().lt(multiple(1).iter().rev()));
                assert_eq!(value(canonical[lane]), expected);
            }
        });
    }
}

/// The bounds that `transform` states, from rows at the edges of what it takes.
#[test]
fn transforms_stay_in_their_bounds() {
    let zero = [0; 5];
    let top = {
        let mut top = multiple(2);
        top[0] -= 1;
        top
    };
    with_ifma(|ifma| {
        let engine = Engine::new(ifma);
        for log_rows in 3..=12 {
            let n = 1usize << log_rows;
            // Lane l has the largest value where bit l of the row's number (or none of its bits) is one.
            let rows: Vec<Values> = (0..n)
                .map(|row| {
                    std::array::from_fn(|lane| {
                        if lane == 0 || row >> (lane - 1) & 1 == 1 {
                            top
                        } else {
                            zero
                        }
                    })
                })
                .collect();
            let mut transformed: Vec<Lazy> = rows.iter().map(|row| Lazy(limbs_of(row))).collect();
            let roots = engine.block_factors(log_rows, Direction::Forward);
            ifma.transform(&mut transformed, roots);
            for (place, row) in transformed.iter().enumerate() {
                for (lane, got) in values_of(row.0).into_iter().enumerate() {
                    assert!((1.0..81.0).contains(&size(got)), "{n} {place} {lane}");
                }
            }
            for k in [0, 1, n / 2, n - 1] {
                let point = root(log_rows).pow([k as u64]);
                let got = values_of(transformed[reversed(k, n)].0);
                for lane in 0..LANES {
                    let expected = rows
                        .iter()
                        .rev()
                        .fold(Fr::zero(), |sum, row| sum * point + value(row[lane]));
                    assert_eq!(value(got[lane]), expected, "{n} {k} {lane}");
                }
            }
        }
    });
}
