//! Calls that a verifier must refuse, each with the error that it must name.

use super::Sample;
use ark_bn254::{Fq, Fq2, Fr, G2Affine};
use ark_ff::{BigInteger, PrimeField, UniformRand};
use zkroll_verifier_sol::abi::{Word, word_from_field};
use zkroll_verifier_sol::calldata::{g2_words, verify_proof_call};

/// A call and what becomes of it.
pub struct Attack {
    pub name: String,
    pub calldata: Vec<u8>,
    /// Name of the custom error.
    pub error: &'static str,
    /// Whether Solidity's ABI decoder refuses it first, with empty revert data.
    pub refused_by_decoder: bool,
}

/// `word + modulus`, which represents the same element and does not exceed 2^256.
pub fn plus_modulus<F: PrimeField>(word: &[u8]) -> Word {
    let mut sum: Word = word.try_into().unwrap();
    let modulus = F::MODULUS.to_bytes_be();
    let mut carry = 0;
    for (byte, addend) in sum.iter_mut().zip(modulus).rev() {
        let total = u16::from(*byte) + u16::from(addend) + carry;
        *byte = total as u8;
        carry = total >> 8;
    }
    assert_eq!(carry, 0);
    sum
}

/// A point of the twist whose order is not r: almost every point, because the cofactor is about 2^254.
pub fn outside_subgroup(seed: u64) -> G2Affine {
    let mut rng = super::rng(seed);
    loop {
        let x = Fq2::rand(&mut rng);
        if let Some(point) = G2Affine::get_point_from_x_unchecked(x, false)
            && !point.is_in_correct_subgroup_assuming_on_curve()
        {
            return point;
        }
    }
}

/// Names of the proof's words, in calldata order.
const COORDINATES: [&str; 8] = ["A.x", "A.y", "B.x1", "B.x0", "B.y1", "B.y0", "C.x", "C.y"];

/// Every attack on a valid proof.
pub fn all(sample: &Sample) -> Vec<Attack> {
    let valid = verify_proof_call(&sample.proof, &sample.inputs);
    let mut attacks = Vec::new();
    let mut add = |name: String, error, calldata: Vec<u8>| {
        attacks.push(Attack {
            name,
            calldata,
            error,
            refused_by_decoder: false,
        });
    };
    // The valid call with the words from word `at` of the proof on replaced.
    let with = |at: usize, words: &[Word]| {
        let mut call = valid.clone();
        for (i, word) in words.iter().enumerate() {
            let start = 4 + 32 * (at + i);
            call[start..start + 32].copy_from_slice(word);
        }
        call
    };
    let word = |at: usize| &valid[4 + 32 * at..36 + 32 * at];

    for (i, x) in sample.inputs.iter().enumerate() {
        let wrong = word_from_field(&(*x + Fr::from(1u64)));
        add(
            format!("input {i} + 1"),
            "ProofInvalid",
            with(8 + i, &[wrong]),
        );
        let same = plus_modulus::<Fr>(word(8 + i));
        add(
            format!("input {i} + r"),
            "InputNotInField",
            with(8 + i, &[same]),
        );
        add(
            format!("input {i} = r"),
            "InputNotInField",
            with(8 + i, &[plus_modulus::<Fr>(&[0; 32])]),
        );
        add(
            format!("input {i} = 2^256 - 1"),
            "InputNotInField",
            with(8 + i, &[[0xff; 32]]),
        );
    }
    for (i, name) in COORDINATES.iter().enumerate() {
        let same = plus_modulus::<Fq>(word(i));
        add(
            format!("{name} + q"),
            "CoordinateNotInField",
            with(i, &[same]),
        );
        add(
            format!("{name} = q"),
            "CoordinateNotInField",
            with(i, &[plus_modulus::<Fq>(&[0; 32])]),
        );
        add(
            format!("{name} = 2^256 - 1"),
            "CoordinateNotInField",
            with(i, &[[0xff; 32]]),
        );
        // With the other coordinates fixed, at most three values of one are on the curve.
        let value = Fq::from_be_bytes_mod_order(word(i));
        let moved = word_from_field(&(value + Fq::from(1u64)));
        add(
            format!("{name} + 1, off the curve"),
            "PointInvalid",
            with(i, &[moved]),
        );
    }
    add(
        "B outside the subgroup".into(),
        "PointInvalid",
        with(2, &g2_words(&outside_subgroup(1))),
    );
    let other = g2_words(&sample.proof.b);
    add(
        "B with real and imaginary parts exchanged".into(),
        "PointInvalid",
        with(2, &[other[1], other[0], other[3], other[2]]),
    );
    add(
        "A at infinity".into(),
        "ProofInvalid",
        with(0, &[[0; 32]; 2]),
    );
    add(
        "B at infinity".into(),
        "ProofInvalid",
        with(2, &[[0; 32]; 4]),
    );
    add(
        "C at infinity".into(),
        "ProofInvalid",
        with(6, &[[0; 32]; 2]),
    );
    add(
        "all at infinity".into(),
        "ProofInvalid",
        with(0, &[[0; 32]; 8]),
    );
    let negated = word_from_field(&-sample.proof.a.y);
    add("A negated".into(), "ProofInvalid", with(1, &[negated]));
    let exchanged: Vec<Word> = [6, 7].map(|i| word(i).try_into().unwrap()).to_vec();
    add(
        "C in the place of A".into(),
        "ProofInvalid",
        with(0, &exchanged),
    );

    let mut selector = valid.clone();
    selector[3] ^= 1;
    add("another selector".into(), "SelectorInvalid", selector);
    add("no calldata".into(), "SelectorInvalid", Vec::new());
    add(
        "half a selector".into(),
        "SelectorInvalid",
        valid[..2].to_vec(),
    );
    for extra in [1, 31, 32] {
        let trailing = [valid.clone(), vec![0; extra]].concat();
        add(
            format!("{extra} trailing bytes"),
            "CalldataLengthInvalid",
            trailing,
        );
    }
    for missing in [1, 32, valid.len() - 4] {
        attacks.push(Attack {
            name: format!("{missing} bytes missing"),
            calldata: valid[..valid.len() - missing].to_vec(),
            error: "CalldataLengthInvalid",
            refused_by_decoder: true,
        });
    }
    attacks
}
