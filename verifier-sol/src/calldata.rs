//! Points and proofs as calldata, and back.
//!
//! A field element is a 32-byte big-endian word below its modulus; a G1 point is `x, y`; a G2 point is
//! `x₁, x₀, y₁, y₀` with the imaginary part first (EIP-197, section "Encoding"; [`fq2_words`] is the only place
//! that says so); the point at infinity is all zero words. A proof is `A, B, C`: eight words.
//!
//! `verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[n])`, the signature that snarkjs made
//! common, has static arguments only, so its calldata is `selector ‖ A ‖ B ‖ C ‖ x₁ ‖ … ‖ xₙ`. Solidity
//! has no empty arrays: with n = 0 the last parameter is absent.
//!
//! `verifyBatch(uint256[8+n][])` has each proof followed by its inputs, in the canonical encoding of a
//! dynamic array: `selector ‖ 0x20 ‖ m ‖ A₀ ‖ B₀ ‖ C₀ ‖ x₀ ‖ A₁ ‖ …`, with 1 ≤ m ≤ [`MAX_BATCH`].
//!
//! Decoding accepts exactly what the precompiles accept: reduced coordinates, points on the curve and in
//! the subgroup of order r, infinity included (no proof with A or B at infinity verifies under a key
//! that [`crate::key`] accepts).

use crate::abi::{Word, field_from_word, selector, word_from_field, word_from_u128};
use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_groth16::Proof;

/// Words of an encoded proof.
pub const PROOF_WORDS: usize = 8;

/// The most proofs that one `verifyBatch` takes. With three inputs 256 of them are a transaction of about
/// 13.7 million gas, within the 2^24 of EIP-7825. The mirrors of the constant are
/// `contracts/src/FixedVerifier.yul` and `contracts/templates/Groth16Verifier.sol`.
pub const MAX_BATCH: usize = 256;

/// Why bytes are not a proof or not a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalldataError {
    /// A coordinate is not below q.
    #[error("expected coordinate {coordinate} of proof point {point} below q, got a larger word")]
    CoordinateNotInField {
        /// `A`, `B` or `C`.
        point: &'static str,
        /// Position among the point's words.
        coordinate: usize,
    },
    /// The coordinates do not satisfy the curve equation.
    #[error("expected proof point {point} on its curve, got a point off it")]
    NotOnCurve {
        /// `A`, `B` or `C`.
        point: &'static str,
    },
    /// The point's order is not r.
    #[error("expected proof point {point} in the subgroup of order r, got a point outside it")]
    NotInSubgroup {
        /// `A`, `B` or `C`.
        point: &'static str,
    },
    /// The call names another function.
    #[error("expected selector {expected:02x?}, got {got:02x?}")]
    Selector {
        /// The function's selector.
        expected: [u8; 4],
        /// The first bytes of the call, at most four.
        got: Vec<u8>,
    },
    /// The call is too short or too long.
    #[error("expected calldata of {expected} bytes, got {got}")]
    Length {
        /// Bytes of a well-formed call.
        expected: usize,
        /// Bytes at hand.
        got: usize,
    },
    /// An argument is larger than its type, or not in its canonical place.
    #[error("expected argument {argument} to be {expected}, got another value")]
    Argument {
        /// Name of the argument.
        argument: &'static str,
        /// What is allowed.
        expected: &'static str,
    },
}

/// The two words of an Fq2 element, as the precompiles and every contract here order them: the
/// imaginary part first.
pub fn fq2_words(value: &Fq2) -> [Word; 2] {
    [word_from_field(&value.c1), word_from_field(&value.c0)]
}

/// Inverse of [`fq2_words`] on field elements.
fn fq2_from_pair([imaginary, real]: [Fq; 2]) -> Fq2 {
    Fq2::new(real, imaginary)
}

/// `x, y`; zero words for infinity.
pub fn g1_words(point: &G1Affine) -> [Word; 2] {
    match point.xy() {
        Some((x, y)) => [word_from_field(&x), word_from_field(&y)],
        None => [[0; 32]; 2],
    }
}

/// `x₁, x₀, y₁, y₀`; zero words for infinity.
pub fn g2_words(point: &G2Affine) -> [Word; 4] {
    match point.xy() {
        Some((x, y)) => {
            let ([x1, x0], [y1, y0]) = (fq2_words(&x), fq2_words(&y));
            [x1, x0, y1, y0]
        }
        None => [[0; 32]; 4],
    }
}

/// `A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y`.
pub fn proof_words(proof: &Proof<Bn254>) -> [Word; PROOF_WORDS] {
    let ([ax, ay], [bx1, bx0, by1, by0], [cx, cy]) =
        (g1_words(&proof.a), g2_words(&proof.b), g1_words(&proof.c));
    [ax, ay, bx1, bx0, by1, by0, cx, cy]
}

/// Inverse of [`proof_words`].
///
/// # Errors
///
/// [`CalldataError::CoordinateNotInField`], [`CalldataError::NotOnCurve`] or
/// [`CalldataError::NotInSubgroup`], whichever comes first in that order for A, then B, then C.
pub fn decode_proof(words: &[Word; PROOF_WORDS]) -> Result<Proof<Bn254>, CalldataError> {
    let [a, b, c] = [("A", &words[..2]), ("B", &words[2..6]), ("C", &words[6..])];
    let g1 = |(point, words): (&'static str, &[Word])| {
        let c = coordinates::<2>(point, words)?;
        affine(point, c[0], c[1])
    };
    Ok(Proof {
        a: g1(a)?,
        b: {
            let [x1, x0, y1, y0] = coordinates::<4>(b.0, b.1)?;
            affine(b.0, fq2_from_pair([x1, x0]), fq2_from_pair([y1, y0]))?
        },
        c: g1(c)?,
    })
}

fn coordinates<const N: usize>(
    point: &'static str,
    words: &[Word],
) -> Result<[Fq; N], CalldataError> {
    let mut coordinates = [Fq::from(0u64); N];
    for (coordinate, (value, word)) in coordinates.iter_mut().zip(words).enumerate() {
        *value = field_from_word(word)
            .ok_or(CalldataError::CoordinateNotInField { point, coordinate })?;
    }
    Ok(coordinates)
}

fn affine<P: SWCurveConfig>(
    point: &'static str,
    x: P::BaseField,
    y: P::BaseField,
) -> Result<Affine<P>, CalldataError> {
    let zero = P::BaseField::default();
    if x == zero && y == zero {
        return Ok(Affine::identity());
    }
    let affine = Affine::new_unchecked(x, y);
    if !affine.is_on_curve() {
        Err(CalldataError::NotOnCurve { point })
    } else if !affine.is_in_correct_subgroup_assuming_on_curve() {
        Err(CalldataError::NotInSubgroup { point })
    } else {
        Ok(affine)
    }
}

/// Signature of `verifyProof` for `public_inputs` inputs.
pub fn verify_proof_signature(public_inputs: usize) -> String {
    let proof = "uint256[2],uint256[2][2],uint256[2]";
    match public_inputs {
        0 => format!("verifyProof({proof})"),
        n => format!("verifyProof({proof},uint256[{n}])"),
    }
}

/// A `verifyProof` call. The public inputs do not include the constant 1.
pub fn verify_proof_call(proof: &Proof<Bn254>, public_inputs: &[Fr]) -> Vec<u8> {
    let mut call = selector(&verify_proof_signature(public_inputs.len())).to_vec();
    call.extend(proof_words(proof).iter().flatten());
    call.extend(public_inputs.iter().flat_map(word_from_field));
    call
}

/// Signature of `verifyBatch` for `public_inputs` inputs a proof.
pub fn verify_batch_signature(public_inputs: usize) -> String {
    format!("verifyBatch(uint256[{}][])", PROOF_WORDS + public_inputs)
}

/// A `verifyBatch` call on proofs under one key, each with its public inputs (without the constant 1). Length
/// 68 + 32·(8 + n)·m.
///
/// # Errors
///
/// [`CalldataError::Argument`] for what no verifier accepts: no proof, more than [`MAX_BATCH`], or proofs
/// with different numbers of inputs.
pub fn verify_batch_call(batch: &[(&Proof<Bn254>, &[Fr])]) -> Result<Vec<u8>, CalldataError> {
    let argument = |argument, expected| Err(CalldataError::Argument { argument, expected });
    if batch.is_empty() || batch.len() > MAX_BATCH {
        return argument("proofs", "1 to 256 proofs");
    }
    let public_inputs = batch[0].1.len();
    if batch.iter().any(|(_, x)| x.len() != public_inputs) {
        return argument("inputs", "as many for every proof");
    }
    let mut call = selector(&verify_batch_signature(public_inputs)).to_vec();
    call.extend(word_from_u128(32));
    call.extend(word_from_u128(batch.len() as u128));
    for (proof, inputs) in batch {
        call.extend(proof_words(proof).iter().flatten());
        call.extend(inputs.iter().flat_map(word_from_field));
    }
    Ok(call)
}
