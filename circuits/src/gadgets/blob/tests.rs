//! The polynomial's value against its twin, its cost, and what a cheating prover may not do.

use super::*;
use crate::{
    gadgets::nonnative::tests::{Forgery, NONE, caught_by, limbs_as},
    protocol::{self, blob::Word},
    template::testing::{cheat, synthesise},
};
use ark_ff::{AdditiveGroup, UniformRand};
use num_bigint::{BigInt, BigUint};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{cell::RefCell, rc::Rc};

fn random_words(n: usize) -> Vec<Word> {
    let mut rng = StdRng::seed_from_u64(n as u64);
    let mut word = || Word::from_be_bytes(&std::array::from_fn(|_| rng.r#gen()));
    (0..n).map(|_| word()).collect()
}

fn random_scalar(seed: u64) -> BlobScalar {
    BlobScalar::rand(&mut StdRng::seed_from_u64(seed))
}

/// A claim: that the polynomial of `words` has the value `y` at `z`.
#[derive(Clone)]
struct Claim {
    words: Vec<Word>,
    z: [Fr; 2],
    y: [Fr; 2],
    group_words: usize,
}

impl Claim {
    fn honest(words: Vec<Word>, z: BlobScalar, group_words: usize) -> Self {
        let y = protocol::blob::evaluate(&words, z);
        Self {
            words,
            z: protocol::blob::split(z),
            y: protocol::blob::split(y),
            group_words,
        }
    }

    /// The whole statement, the words as integers below 2^248.
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let mut scalar = |words: [Fr; 2]| -> Result<[Num; 2]> {
            Ok([
                builder.port("low", words[0])?,
                builder.port("high", words[1])?,
            ])
        };
        let [z, y] = [scalar(self.z)?, scalar(self.y)?];
        let mut words = Vec::new();
        for word in &self.words {
            let word = builder.port("word", Fr::from(*word))?;
            words.push(builder.scope("word", |builder| WordVar::decompose(builder, &word))?);
        }
        let z = builder.scope("z", |builder| join(builder, z.each_ref()))?;
        let value = evaluate(builder, &words, &z, self.group_words)?;
        let y = builder.scope("y", |builder| join(builder, y.each_ref()))?;
        builder.scope("value", |builder| value.enforce_equal(builder, &y))
    }

    fn caught_by(&self, forgeries: Vec<Forgery>) -> Vec<String> {
        caught_by(forgeries, |builder| self.synthesize(builder))
    }
}

#[test]
fn the_value_is_that_of_the_twin() {
    let minus_one = -BlobScalar::ONE;
    let [zero, one] = [BlobScalar::ZERO, BlobScalar::ONE];
    for (n, group_words) in [(1, 1), (1, 3), (5, 1), (7, 3), (12, 4), (64, 8)] {
        for words in [
            random_words(n),
            vec![Word::MAX; n],
            vec![Word::default(); n],
        ] {
            for z in [zero, one, minus_one, random_scalar(n as u64)] {
                let claim = Claim::honest(words.clone(), z, group_words);
                assert_eq!(claim.caught_by(vec![]), NONE, "{n} words at {z}");
            }
        }
    }
}

#[test]
fn costs_are_pinned() {
    let count = |n, group_words| {
        let claim = Claim::honest(random_words(n), random_scalar(1), group_words);
        synthesise(|builder| claim.synthesize(builder))
    };
    let circuit = count(128, 64);
    assert_eq!(circuit.broken(), NONE);
    assert_eq!(circuit.count("word"), 128 * 248);
    assert_eq!(circuit.count("z"), 325);
    assert_eq!(circuit.count("y"), 325);
    assert_eq!(circuit.count("power"), 63 * POWER_CONSTRAINTS);
    let products = 63 * PRODUCT_CONSTRAINTS;
    assert_eq!(circuit.count("group"), 2 * (928 + products));
    assert_eq!(circuit.count("value"), 6);
    // What does not grow with the words, but for a carry's bits.
    let fixed = |b| count(b, b).count("group") - PRODUCT_CONSTRAINTS * (b - 1);
    let sizes = [1, 2, 8, 32, 64, 65];
    assert_eq!(sizes.map(fixed), [663, 912, 918, 925, 928, 929]);
    assert_eq!([76, MAX_GROUP_WORDS].map(fixed), [GROUP_CONSTRAINTS; 2]);
}

#[test]
fn the_size_of_groups_is_the_cheapest() {
    let words = [1, 2, 64, 256, 1024, 4096];
    assert_eq!(words.map(group_words), [1, 2, 8, 20, 38, 76]);
}

#[test]
fn another_value_is_refused() {
    let words = random_words(6);
    let z = random_scalar(2);
    let honest = Claim::honest(words.clone(), z, 2);
    let mut wrong = honest.clone();
    wrong.y[0] += Fr::ONE;
    assert_eq!(wrong.caught_by(vec![]), ["value"]);

    // Words that change places, groups that change places, one bit.
    for (i, j) in [(0, 1), (2, 4)] {
        let mut swapped = honest.clone();
        swapped.words.swap(i, j);
        assert_eq!(swapped.caught_by(vec![]), ["value"]);
    }
    let mut other = honest.clone();
    other.words[5] = Word::new(words[5].high(), words[5].low() ^ 1).unwrap();
    assert_eq!(other.caught_by(vec![]), ["value"]);
    // Another point.
    let mut elsewhere = honest;
    elsewhere.z = protocol::blob::split(z + BlobScalar::ONE);
    assert_eq!(elsewhere.caught_by(vec![]), ["value"]);
}

/// `x + q` as two public words.
fn plus_q(x: BlobScalar) -> [Fr; 2] {
    let sum = BigUint::from(x.into_bigint()) + BigUint::from(BlobScalar::MODULUS);
    let low = &sum & ((BigUint::from(1u8) << LOW_BITS) - 1u8);
    let field = |x: BigUint| Fr::from(BigInteger256::try_from(x).unwrap());
    [field(low), field(sum >> LOW_BITS)]
}

#[test]
fn public_words_spell_an_integer_below_q() {
    // z = 5 and y = Σ wᵢ·5ⁱ are small enough that z + q and y + q have 255 bits.
    let words = vec![Word::new(0, 7).unwrap(); 3];
    let z = BlobScalar::from(5u64);
    let honest = Claim::honest(words.clone(), z, 2);
    assert_eq!(honest.caught_by(vec![]), NONE);
    let mut alias = honest.clone();
    alias.z = plus_q(z);
    assert_eq!(alias.caught_by(vec![]), ["z/below_q"]);

    // Bits that are right, and words that are not theirs.
    for name in ["z", "y"] {
        let mut shifted = honest.clone();
        let words = match name {
            "z" => &mut shifted.z,
            _ => &mut shifted.y,
        };
        words[0] += power_of_two(LOW_BITS as usize);
        assert_eq!(shifted.caught_by(vec![]), [format!("{name}/words")]);
    }
}

/// The remainder of the last reduction may be the value plus q; the value that is stated may not.
#[test]
fn a_remainder_above_q_does_not_pass_for_the_value() {
    // p(−1) = 0, so that 0 + q has 255 bits.
    let z = -BlobScalar::ONE;
    let words = vec![Word::MAX; 4];
    let honest = Claim::honest(words.clone(), z, 2);
    let evaluation = protocol::blob::Evaluation::new(&words, z, 2);
    assert_eq!(evaluation.value(), BlobScalar::ZERO);

    let integer = |x: BlobScalar| BigInt::from(BigUint::from(x.into_bigint()));
    let q = BigInt::from(BigUint::from(BlobScalar::MODULUS));
    let word = (BigInt::from(1) << 248) - 1;
    let dividend = integer(evaluation.accumulators[1]) * integer(evaluation.powers[2])
        + &word
        + &word * integer(z);
    assert_eq!(&dividend % &q, BigInt::ZERO);
    let mut forgeries = limbs_as("group/quotient", &(dividend / &q - 1));
    forgeries.extend(limbs_as("group/remainder", &q));
    // The first words are the second group.
    for (label, position, _) in &mut forgeries {
        *position += match *label {
            "group/quotient" => 256,
            _ => 255,
        };
    }
    assert_eq!(honest.caught_by(forgeries.clone()), ["value"]);
    let mut alias = honest;
    alias.y = plus_q(BlobScalar::ZERO);
    assert_eq!(alias.caught_by(forgeries), ["y/below_q"]);
}

#[test]
fn a_word_has_one_pair_of_halves() {
    // low + 2^124 and high − 1: the same word, the same value, other operations.
    let words = random_words(2);
    let honest = Claim::honest(words.clone(), random_scalar(3), 2);
    let forged = Fr::from(words[0].low()) + power_of_two(HALF_BITS as usize);
    assert_eq!(honest.caught_by(vec![("word", 0, forged)]), ["word"]);
    // A word of 2^248 and more.
    let circuit = synthesise(|builder| {
        let word = builder.port("word", power_of_two(248))?;
        builder.scope("word", |builder| WordVar::decompose(builder, &word))?;
        Ok(())
    });
    assert_eq!(circuit.broken(), ["word"]);
}

#[test]
fn products_with_words_are_products() {
    // Two words' products stand in one column: what one gains the other loses. Each of the six kinds.
    let words = random_words(3);
    let z = random_scalar(4);
    let honest = Claim::honest(words.clone(), z, 3);
    let recorded = Rc::new(RefCell::new(Vec::new()));
    let record = recorded.clone();
    cheat(
        move |label, _, value| {
            if label == "group/words" {
                record.borrow_mut().push(value);
            }
            value
        },
        |builder| honest.synthesize(builder),
    );
    let columns = recorded.take();
    assert_eq!(columns.len(), 2 * PRODUCT_CONSTRAINTS);
    for kind in 0..PRODUCT_CONSTRAINTS {
        let other = PRODUCT_CONSTRAINTS + kind;
        let forgeries = vec![
            ("group/words", kind, columns[kind] + Fr::ONE),
            ("group/words", other, columns[other] - Fr::ONE),
        ];
        assert_eq!(honest.caught_by(forgeries), ["group/words"], "kind {kind}");
    }
}
