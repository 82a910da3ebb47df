//! A blob polynomial's value at a point, in constraints: p(z) = Σ wᵢ·zⁱ mod q.
//!
//! *Statement* ([`join`], [`evaluate`] and [`ResidueVar::enforce_equal`] together). For public words
//! z_low, z_high, y_low, y_high and words wᵢ = high·2^124 + low: if every half is below 2^124, then
//! the public words are those of integers z, y < q ([`split`](crate::protocol::blob::split)) and
//! y = p(z) mod q.
//!
//! *Method.* Baby steps and giant steps. The powers z², …, z^B are reduced modulo q one after the
//! other ([`powers`]); then Horner's rule runs over groups of B words from the last group to the
//! first ([`group`]):
//!
//! ```text
//! acc' = acc·z^B + Σ wᵢ·zⁱ mod q,   0 ≤ i < B
//! ```
//!
//! where the sum is reduced once, together with the product before it. How, and why nothing wraps
//! around r, is [`nonnative`](super::nonnative).
//!
//! *A word's six constraints.* Halves are not cut into limbs; they are what the slots export. With A a
//! power of z, modulo r there is one product, w·A. Modulo 2^258 there are five, each half word times
//! pieces of A:
//!
//! ```text
//! low·A[0..86)·2^0,  low·A[86..172)·2^86,  low·A[172..255)·2^172,
//! high·A[0..48)·2^124,  high·A[48..134)·2^172
//! ```
//!
//! A product has at most 124 + 86 bits, and in its window of 86 bits it begins so that it ends below
//! bit 124 + 86 too. A window's sum over B words is below B·2^211, so 2^42 words would fit.
//!
//! *Cost.* [`join`]: 325. [`power`]: 637. [`group`]: 928 + 6·(B − 1) for B = 64, 392 of them for carries
//! of 130, 131 and 131 bits; about three less for each halving of B, and 930 for B = 76 and more. Which B
//! is the cheapest: [`group_words`].
//!
//! *Alternatives* on paper, in constraints a word of 4096, products and fixed part. Words cut into three
//! limbs of 83 bits take 5 products (limb polynomials evaluated at five points) and carries of 95 bits,
//! but the two slots of a word export four parts more: 5 + 4 + 22 against 6 + 24 here. Powers in limbs
//! of 124 bits take 4 products, but columns overflow from 23 words on: 4 + 45. Three levels of powers
//! (a group's sum times a giant power, unreduced) would halve the fixed part, which is less than a
//! thousandth of what the transfers of so many words take.

use super::{
    account::power_of_two,
    bits::{booleans_at_most, compose, enforce_range},
    nonnative::{Part, RESIDUE_BITS, ResidueVar, UnreducedVar, multiply_add},
};
use crate::{
    protocol::blob::{BlobScalar, HALF_BITS, LOW_BITS},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::{BigInteger, BigInteger256, Field, PrimeField};

/// A word as its two halves.
#[derive(Clone, Debug)]
pub struct WordVar {
    /// The upper 124 bits.
    pub high: Num,
    /// The lower 124 bits.
    pub low: Num,
}

impl WordVar {
    /// The halves of `word`, which is thereby shown to be below 2^248: 248 constraints.
    ///
    /// Where the halves are in range anyway, this is not needed.
    pub fn decompose(builder: &mut Builder, word: &Num) -> Result<Self> {
        let half = HALF_BITS as usize;
        let mut value = word.value().into_bigint();
        value.0[2..].fill(0);
        value.0[1] &= (1 << (half - 64)) - 1;
        let low = builder.witness(Fr::from(value))?;
        let unscale = power_of_two(half)
            .inverse()
            .expect("a power of two is not zero");
        // An integer below 2^248 < r: no other halves in range spell the same word.
        let high = &(word - &low) * unscale;
        for part in [&low, &high] {
            enforce_range(builder, part, half)?;
        }
        Ok(Self { high, low })
    }

    fn parts(&self) -> [Part<'_>; 2] {
        let bits = HALF_BITS as usize;
        [(&self.low, 0), (&self.high, bits)].map(|(num, offset)| Part { num, bits, offset })
    }
}

/// The integer below q that two public words spell; no other words spell it. 325 constraints.
///
/// The words need not be in range: this is what shows it.
pub fn join(builder: &mut Builder, [low, high]: [&Num; 2]) -> Result<ResidueVar> {
    let [l0, l1, ..] = low.value().into_bigint().0;
    let [h0, h1, ..] = high.value().into_bigint().0;
    let bits = builder.scope("below_q", |builder| {
        // Without it z + q would be the same point by another name, and y + q the same value.
        let mut max = BlobScalar::MODULUS;
        max.sub_with_borrow(&BigInteger256::from(1u64));
        let value = BigInteger256::new([l0, l1, h0, h1]);
        booleans_at_most(builder, value, max, RESIDUE_BITS)
    })?;
    builder.scope("words", |builder| {
        let (low_bits, high_bits) = bits.split_at(LOW_BITS as usize);
        builder.enforce_equal(&compose(low_bits), low)?;
        builder.enforce_equal(&compose(high_bits), high)
    })?;
    Ok(ResidueVar::from_bits(&bits))
}

/// The next power of z, `previous·z`.
pub fn power(builder: &mut Builder, previous: &ResidueVar, z: &ResidueVar) -> Result<ResidueVar> {
    multiply_add(builder, previous, z, &UnreducedVar::zero())
}

/// z, z², …, z^count.
pub fn powers(builder: &mut Builder, z: &ResidueVar, count: usize) -> Result<Vec<ResidueVar>> {
    let mut powers = vec![z.clone()];
    while powers.len() < count {
        let previous = &powers[powers.len() - 1];
        powers.push(builder.scope("power", |builder| power(builder, previous, z))?);
    }
    Ok(powers)
}

/// One giant step: `accumulator·powers[B − 1] + words[0] + Σ words[i]·powers[i − 1]`, where the powers
/// are z, …, z^B for B words.
///
/// Relies on the words' halves being below 2^124.
///
/// # Panics
/// If there is not one power for each word, or there are more words than [`MAX_GROUP_WORDS`].
pub fn group(
    builder: &mut Builder,
    accumulator: &ResidueVar,
    powers: &[ResidueVar],
    words: &[WordVar],
) -> Result<ResidueVar> {
    assert_eq!(powers.len(), words.len(), "one power for each word");
    assert!(words.len() <= MAX_GROUP_WORDS, "a group of so many words");
    let (first, rest) = words.split_first().expect("a group has words");
    let (giant, babies) = powers.split_last().expect("a group has powers");
    let mut sum = UnreducedVar::zero();
    sum.add(&first.parts());
    builder.scope("words", |builder| {
        let mut products = rest.iter().zip(babies);
        products.try_for_each(|(word, power)| sum.add_product(builder, &word.parts(), power))
    })?;
    multiply_add(builder, accumulator, giant, &sum)
}

/// p(z), as some integer below 2^255.
///
/// Relies on the words' halves being below 2^124.
///
/// # Panics
/// If a group has no words, or more than [`MAX_GROUP_WORDS`].
pub fn evaluate(
    builder: &mut Builder,
    words: &[WordVar],
    z: &ResidueVar,
    group_words: usize,
) -> Result<ResidueVar> {
    let powers = powers(builder, z, group_words)?;
    let absent = WordVar {
        high: Num::zero(),
        low: Num::zero(),
    };
    let mut accumulator = ResidueVar::zero();
    for words in words.chunks(group_words).rev() {
        let mut words = words.to_vec();
        words.resize(group_words, absent.clone());
        accumulator = builder.scope("group", |builder| {
            group(builder, &accumulator, &powers, &words)
        })?;
    }
    Ok(accumulator)
}

/// Words that a group may have: the quotient of its reduction has 256 bits.
pub const MAX_GROUP_WORDS: usize = 104;

/// Constraints of [`power`].
pub const POWER_CONSTRAINTS: usize = 637;

/// Constraints of [`group`] that do not grow with its words: so many for 76 words, at most.
pub const GROUP_CONSTRAINTS: usize = 930;

/// Constraints of a word times a power of z.
pub const PRODUCT_CONSTRAINTS: usize = 6;

/// The B with which `words` words cost least, to within the bits that the carries of small groups
/// save.
///
/// `637·(B − 1) + G·(930 + 6·(B − 1))` with G = ⌈words/B⌉ is least near B = √(924/637·words), 77 for
/// 4096 words; the last group is to be full.
pub fn group_words(words: usize) -> usize {
    let cost = |group_words: usize| {
        let products = PRODUCT_CONSTRAINTS * (group_words - 1);
        let groups = words.div_ceil(group_words);
        POWER_CONSTRAINTS * (group_words - 1) + groups * (GROUP_CONSTRAINTS + products)
    };
    (1..=words.clamp(1, MAX_GROUP_WORDS))
        .min_by_key(|group_words| cost(*group_words))
        .expect("there is a first")
}

#[cfg(test)]
mod tests;
