//! Products modulo q at the extremes of every column, and against a forger who picks every hint.

use super::*;
use crate::{
    gadgets::blob::MAX_GROUP_WORDS,
    template::testing::{cheat, synthesise},
};

pub(in crate::gadgets) const NONE: Vec<String> = Vec::new();

/// Columns to replace: (label, its position among the label's columns, value).
pub(in crate::gadgets) type Forgery = (&'static str, usize, Fr);

/// The labels that break where a prover replaces columns and is honest with what follows from them.
pub(in crate::gadgets) fn caught_by(
    forgeries: Vec<Forgery>,
    body: impl FnOnce(&mut Builder) -> Result<()>,
) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let cheating = cheat(
        move |label, _, value| {
            let position = seen.entry(label.to_owned()).or_insert(0);
            let forged = forgeries
                .iter()
                .find(|(at, column, _)| label == *at && *position == *column);
            *position += 1;
            forged.map_or(value, |(_, _, forged)| *forged)
        },
        body,
    );
    cheating.broken()
}

/// Any integer's limbs as ports, as another template's columns would be.
fn residue(builder: &mut Builder, value: &BigUint) -> ResidueVar {
    let limbs = limbs_of(value, &OFFSETS).try_into().unwrap();
    ResidueVar::port(builder, "residue", limbs).unwrap()
}

fn largest() -> BigUint {
    all_ones(RESIDUE_BITS)
}

fn edges() -> Vec<BigUint> {
    let q = modulus();
    let mut edges = [0u8, 1, 2].map(BigUint::from).to_vec();
    edges.extend([&q - 1u8, q.clone(), &q + 1u8, largest()]);
    // Only the top limb, so that low columns of the product are zero and those of k·q are not; and
    // only the lower ones.
    edges.extend([BigUint::from(1u8) << 254, BigUint::from(3u8) << 219]);
    edges.extend([all_ones(48), all_ones(172), q >> 3]);
    edges
}

#[test]
fn products_are_those_modulo_q_at_their_cost() {
    for a in edges() {
        for b in edges() {
            let circuit = synthesise(|builder| {
                let [a, b] = [&a, &b].map(|x| residue(builder, x));
                let product = multiply_add(builder, &a, &b, &UnreducedVar::zero())?;
                assert_eq!(product.value(), a.value() * b.value() % modulus());
                Ok(())
            });
            assert_eq!(circuit.broken(), NONE, "{a} times {b}");
            assert_eq!(circuit.num_constraints(), 637);
            let counts = ["remainder", "quotient", "products", "modulo_r", "carry"]
                .map(|label| circuit.count(label));
            assert_eq!(counts, [255, 256, 21, 1, 104]);
        }
    }
}

/// `a·b + Σ word·residue` over n equal terms, each of two parts of 124 bits.
fn group_of(builder: &mut Builder, a: &BigUint, part: &BigUint, n: usize) -> Result<ResidueVar> {
    let a = residue(builder, a);
    let num = builder.port("part", to_field(part))?;
    let parts = [0, 124].map(|offset| Part {
        num: &num,
        bits: 124,
        offset,
    });
    let mut sum = UnreducedVar::zero();
    sum.add(&parts);
    for _ in 1..n {
        sum.add_product(builder, &parts, &a)?;
    }
    let result = multiply_add(builder, &a, &a, &sum)?;
    let word = part + (part << 124);
    let expected = a.value() * a.value() + &word * (a.value() * (n - 1) + 1u8);
    assert_eq!(result.value(), expected % modulus(), "{n} terms");
    Ok(result)
}

#[test]
fn sums_of_products_hold_at_the_extremes() {
    for n in [1, 2, 64, 65, MAX_GROUP_WORDS] {
        for a in edges() {
            for part in [BigUint::ZERO, BigUint::from(1u8), all_ones(124)] {
                let circuit = synthesise(|builder| group_of(builder, &a, &part, n).map(|_| ()));
                assert_eq!(circuit.broken(), NONE, "{n} words of {part} times {a}");
            }
        }
    }
}

/// The bounds, by another way: columns written out for the extreme values of everything.
#[test]
fn no_window_wraps_and_every_carry_has_the_bits_it_needs() {
    let limb = |i: usize| all_ones(OFFSETS[i + 1] - OFFSETS[i]);
    let q_limbs: Vec<BigUint> = limbs_of(&modulus(), &OFFSETS)
        .iter()
        .map(to_integer)
        .collect();
    let r = BigUint::from(Fr::MODULUS);
    for (words, cuts, expected_bits) in [
        (0, vec![172, 258], vec![51, 51]),
        (64, CUTS.to_vec(), vec![130, 131, 131]),
    ] {
        let (mut positive, mut negative) = (vec![], vec![]);
        // k has 256 bits, one more than a residue.
        let k_bits = [48, 38, 48, 38, 48, 36];
        for (i, k_bits) in k_bits.into_iter().enumerate() {
            for (j, q_limb) in q_limbs.iter().enumerate() {
                let offset = OFFSETS[i] + OFFSETS[j];
                positive.push((offset, limb(i) * limb(j)));
                negative.push((offset, all_ones(k_bits) * q_limb));
            }
            negative.push((OFFSETS[i], limb(i)));
        }
        if words > 0 {
            let half = all_ones(124);
            positive.extend([(0, half.clone()), (124, half.clone())]);
            for (offset, piece) in [(0, 86), (86, 86), (172, 83), (124, 48), (172, 86)] {
                positive.push((offset, &half * all_ones(piece) * (words - 1u32)));
            }
        }
        let window = |columns: &[(usize, BigUint)], start: usize, end: usize| -> BigUint {
            let inside = columns
                .iter()
                .filter(|(offset, _)| (start..end).contains(offset));
            inside.map(|(offset, max)| max << (offset - start)).sum()
        };
        let (mut carry_up, mut carry_down) = (BigUint::ZERO, BigUint::ZERO);
        let mut start = 0;
        let mut bits = vec![];
        for end in cuts {
            let up = window(&positive, start, end) + carry_up;
            let down = window(&negative, start, end) + carry_down;
            // Far from r, whatever a carry's range is rounded up to.
            assert!((&up + &down) * 4u8 < r, "{words} words at {start}");
            let size = BigUint::from(1u8) << (end - start);
            let least = (down + &size - 1u8) >> (end - start);
            let span = ((up >> (end - start)) + &least).bits();
            bits.push(span);
            carry_up = all_ones(span as usize) - &least;
            carry_down = least;
            start = end;
        }
        assert_eq!(bits, expected_bits, "{words} words");
        let circuit = synthesise(|builder| match words {
            0 => {
                let a = residue(builder, &largest());
                multiply_add(builder, &a, &a, &UnreducedVar::zero()).map(|_| ())
            }
            _ => group_of(builder, &largest(), &all_ones(124), words as usize).map(|_| ()),
        });
        let carries = bits.iter().map(|bits| 1 + *bits as usize).sum::<usize>();
        assert_eq!(circuit.count("carry"), carries, "{words} words");
    }
}

#[test]
#[should_panic(expected = "narrow enough")]
fn a_column_that_could_wrap_is_refused() {
    synthesise(|builder| {
        let a = residue(builder, &largest());
        let num = builder.port("part", Fr::ONE)?;
        let part = Part {
            num: &num,
            bits: 170,
            offset: 0,
        };
        let mut sum = UnreducedVar::zero();
        sum.add_product(builder, &[part], &a)?;
        multiply_add(builder, &a, &a, &sum).map(|_| ())
    });
}

/// 104 words and no more, at 256 bits of quotient.
#[test]
fn groups_may_have_as_many_words_as_is_said() {
    let fits = |words: usize| {
        let largest = largest();
        let word = all_ones(248);
        let max = &largest * &largest + &word * (&largest * (words - 1) + 1u8);
        (max / modulus()).bits() <= 256
    };
    assert!(fits(MAX_GROUP_WORDS) && !fits(MAX_GROUP_WORDS + 1));
}

#[test]
#[should_panic(expected = "E is zero")]
fn a_sum_too_large_for_the_two_moduli_is_refused() {
    synthesise(|builder| {
        let a = residue(builder, &largest());
        let num = builder.port("part", Fr::ONE)?;
        let part = Part {
            num: &num,
            bits: 1,
            offset: 512,
        };
        let mut sum = UnreducedVar::zero();
        sum.add(&[part]);
        multiply_add(builder, &a, &a, &sum).map(|_| ())
    });
}

/// A product to forge: a, b and the hints, which may be any integers.
struct Product {
    a: BigUint,
    b: BigUint,
}

impl Product {
    fn new() -> Self {
        Self {
            a: modulus() / 3u8,
            b: modulus() / 5u8 + 7u8,
        }
    }

    fn small() -> Self {
        let [a, b] = [5u8, 6].map(BigUint::from);
        Self { a, b }
    }

    fn dividend(&self) -> BigInt {
        BigInt::from(&self.a * &self.b)
    }

    /// k and c.
    fn hints(&self) -> [BigInt; 2] {
        let q = BigInt::from(modulus());
        [self.dividend() / &q, self.dividend() % &q]
    }

    fn caught_by(&self, forgeries: Vec<Forgery>) -> Vec<String> {
        caught_by(forgeries, |builder| {
            let [a, b] = [&self.a, &self.b].map(|x| residue(builder, x));
            multiply_add(builder, &a, &b, &UnreducedVar::zero()).map(|_| ())
        })
    }

    /// The labels that break with these for k and c.
    fn caught_with(&self, [k, c]: [&BigInt; 2]) -> Vec<String> {
        let mut forgeries = limbs_as("quotient", k);
        forgeries.extend(limbs_as("remainder", c));
        self.caught_by(forgeries)
    }
}

/// Limbs of any integer, in the label's limb columns: the top limb takes what is too much, sign
/// included.
pub(in crate::gadgets) fn limbs_as(label: &'static str, value: &BigInt) -> Vec<Forgery> {
    let limb = |i: usize| {
        let above = value >> OFFSETS[i];
        match OFFSETS.get(i + 1) {
            Some(end) if i + 1 < LIMBS => above & BigInt::from(all_ones(end - OFFSETS[i])),
            _ => above,
        }
    };
    // A limb's range has one column less than bits.
    let forged = |i: usize| (label, OFFSETS[i], signed_to_field(&limb(i)));
    (0..LIMBS).map(forged).collect()
}

#[test]
fn honest_hints_break_nothing() {
    for product in [Product::new(), Product::small()] {
        let [k, c] = product.hints();
        assert_eq!(product.caught_with([&k, &c]), NONE);
        assert_eq!(product.caught_by(vec![]), NONE);
    }
}

#[test]
fn another_representation_is_the_same_residue() {
    // c + q, where that is below 2^255: what canonicity is demanded of, compares.
    let product = Product {
        a: modulus() - 1u8,
        b: modulus() - 1u8,
    };
    let [k, c] = product.hints();
    let other = [&(k - 1), &(c + BigInt::from(modulus()))];
    assert_eq!(product.caught_with(other), NONE);
}

#[test]
fn a_remainder_is_in_range() {
    let q = BigInt::from(modulus());
    let product = Product::new();
    let [k, c] = product.hints();
    // Below zero and above 2^255: the equation holds over the integers.
    let negative = [&(&k + 1), &(&c - &q)];
    assert_eq!(product.caught_with(negative), ["remainder"]);
    let large = [&(&k - 3), &(&c + &q * 3)];
    assert_eq!(product.caught_with(large), ["remainder"]);
    // The same integer by limbs that overlap.
    let overlapping = |label, value: &BigInt| {
        let mut forgeries = limbs_as(label, value);
        forgeries[0].2 += power_of_two(OFFSETS[1]);
        forgeries[1].2 -= Fr::ONE;
        product.caught_by(forgeries)
    };
    assert_eq!(overlapping("remainder", &c), ["remainder"]);
    assert_eq!(overlapping("quotient", &k), ["quotient"]);
}

#[test]
fn a_quotient_is_in_range() {
    // 30 = (−1)·q + (q + 30), and the dividend as its own remainder plus the quotient that would
    // have to be there.
    let product = Product::small();
    let minus_one = BigInt::from(-1);
    let other = BigInt::from(modulus() + 30u8);
    assert_eq!(product.caught_with([&minus_one, &other]), ["quotient"]);
}

#[test]
fn a_wrong_quotient_or_remainder_is_caught() {
    let product = Product::new();
    let [k, c] = product.hints();
    for (k, c) in [(&k + 1, c.clone()), (k.clone(), &c + 1), (&k - 1, &c + 1)] {
        let broken = product.caught_with([&k, &c]);
        assert_eq!(broken, ["modulo_r", "carry"]);
    }
}

#[test]
fn what_is_right_modulo_r_only_is_caught_by_the_carries() {
    // c + 1 with the quotient that makes up for it modulo r.
    let product = Product::new();
    let r = BigInt::from(BigUint::from(Fr::MODULUS));
    let q = BigInt::from(modulus());
    let [_, c] = product.hints();
    let forged_c = c + 1;
    let inverse_of_q = q.modinv(&r).unwrap();
    let forged_k = (product.dividend() - &forged_c) * inverse_of_q;
    let forged_k = ((forged_k % &r) + &r) % &r;
    assert_eq!(product.caught_with([&forged_k, &forged_c]), ["carry"]);
}

#[test]
fn what_is_right_modulo_2_258_only_is_caught_modulo_r() {
    let product = Product::new();
    let power = BigInt::from(1) << CHECKED_BITS;
    let q = BigInt::from(modulus());
    let inverse_of_q = q.modinv(&power).unwrap();
    let quotient_of = |c: &BigInt| {
        let k = (product.dividend() - c) * &inverse_of_q;
        ((k % &power) + &power) % &power
    };
    let fitting = |c: &BigInt| quotient_of(c).bits() <= 256;
    let c = (0..).map(BigInt::from).find(fitting).unwrap();
    assert_eq!(product.caught_with([&quotient_of(&c), &c]), ["modulo_r"]);
}

#[test]
fn products_of_limbs_are_products() {
    // Limb 0 times 1 and 1 times 0 stand at one offset: what one gains the other loses.
    let product = Product::new();
    let [a, b] = [&product.a, &product.b].map(|x| limbs_of(x, &OFFSETS));
    let forgeries = vec![
        ("products", 1, a[0] * b[1] + Fr::ONE),
        ("products", LIMBS, a[1] * b[0] - Fr::ONE),
    ];
    assert_eq!(product.caught_by(forgeries), ["products"]);
}

#[test]
fn carries_are_bound_and_made_of_bits() {
    let product = Product::new();
    // A carry of one more, the next one as if it were right.
    assert_eq!(
        product.caught_by(vec![("carry", 0, Fr::from(12345u64))]),
        ["carry"]
    );
    // c + 1 again, with a digit that is no bit in place of the carry that does not exist.
    let mut forgeries = limbs_as("remainder", &(&product.hints()[1] + 1));
    forgeries.push(("carry", 1, -Fr::ONE));
    assert!(product.caught_by(forgeries).contains(&"carry".to_owned()));
}

#[test]
fn every_column_is_bound() {
    let product = Product::new();
    for (label, columns) in [
        ("remainder", 255),
        ("quotient", 256),
        ("products", 21),
        ("carry", 104 - 2),
    ] {
        for column in (0..columns).step_by(5).chain([columns - 1]) {
            let forged = vec![(label, column, Fr::from(u128::MAX))];
            assert_ne!(product.caught_by(forged), NONE, "{label} {column}");
        }
    }
}
