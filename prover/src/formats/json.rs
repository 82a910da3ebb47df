//! snarkjs' JSON files and its calldata text.
//!
//! | file | content |
//! |---|---|
//! | `proof.json` | `pi_a`, `pi_b`, `pi_c`, `protocol`, `curve` |
//! | `public.json` | the public inputs, without the constant 1, as an array |
//! | `verification_key.json` | `protocol`, `curve`, `nPublic`, `vk_alpha_1`, `vk_beta_2`, `vk_gamma_2`, `vk_delta_2`, `vk_alphabeta_12`, `IC` |
//! | calldata | what `snarkjs zkey export soliditycalldata` prints: the arguments of `verifyProof` |
//!
//! `vk_alpha_1` … `vk_delta_2` are `[α]₁, [β]₂, [γ]₂, [δ]₂`, `IC` is `gamma_abc_g1`, and
//! `vk_alphabeta_12` is `e([α]₁, [β]₂)`. The pairing is arkworks', which is snarkjs': both have the same
//! tower, Fq12 over Fq6 over Fq2 with ξ = 9 + u, and the same multiple of (q¹² − 1)/r as the final
//! exponent. A value of Fq12 is `[[c₀₀, c₀₁, c₀₂], [c₁₀, c₁₁, c₁₂]]` and each of its parts
//! `[real, imaginary]`.
//!
//! **Numbers** are decimal strings without sign or leading zeros, below their modulus; in
//! `public.json` an integer below 2⁵³, which JavaScript reads exactly, may stand without quotes.
//! **Points** have three coordinates, the third of them 1; infinity is (0, 1, 0). An element of Fq2 is
//! `[real, imaginary]`. **In calldata** a number is `0x` and 64 hexadecimal digits, a point has two
//! coordinates, and an element of Fq2 is `[imaginary, real]`, the order of the precompiles
//! (`zkroll-verifier-sol`'s `calldata` has the same words as bytes; a test of the facade holds them
//! together). Infinity is (0, 0) there, as in EIP-197; snarkjs prints (0, 1), which is a point for no
//! contract, and here neither.
//!
//! Written files equal those of snarkjs byte for byte, but for the white space in an empty array.
//! Reading is stricter than snarkjs:
//!
//! * the protocol is `groth16`; the curve is `bn128` or one of its other names, `bn254` and
//!   `alt_bn128`. Files of older versions lack `curve` (and a key may lack `vk_alphabeta_12`): that is
//!   accepted;
//! * a field that is not in the table, or one twice, is refused: a file that says more than is read
//!   here may mean something else;
//! * every point is on its curve and in its group: infinity is, though no proof with A or B there
//!   verifies;
//! * a key passes [`validate_verifying_key`], has `nPublic` + 1 points in `IC`, and its
//!   `vk_alphabeta_12`, if any, is right.
//!
//! Cost: linear in the file, which has at most [`MAX_BYTES`] and [`MAX_PUBLIC_INPUTS`] public inputs
//! (the first is room for the second in every file); what is held beside the text is at most a few
//! times as long as a good file with so many. A key costs a pairing and some scalar multiplications more.

use std::fmt::{self, Display};

use ark_bn254::{Bn254, Fq2, Fq6, Fq12, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::pairing::Pairing;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, BigInteger, One, PrimeField, Zero};
use ark_groth16::{Proof, VerifyingKey};
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::DevelopmentKeys;
use crate::proof_file::ProofFile;
use crate::provenance::Provenance;
use crate::validate::{KeyError, check_public_inputs, validate_verifying_key};
use crate::{decimal, encoding};

/// Longest text that is read, in bytes.
pub const MAX_BYTES: usize = 1 << 25;
/// Largest number of public inputs that is read.
pub const MAX_PUBLIC_INPUTS: usize = 1 << 17;

const PROTOCOL: &str = "groth16";
/// The name that is written, then those that are read as well.
const CURVES: [&str; 3] = ["bn128", "bn254", "alt_bn128"];

/// Why a text is none of these files, or a key is not written as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonError {
    /// More than [`MAX_BYTES`].
    #[error("expected at most {max} bytes in {file}, got {got}")]
    TooLarge {
        /// The file.
        file: &'static str,
        /// [`MAX_BYTES`].
        max: usize,
        /// Its size.
        got: usize,
    },
    /// Not JSON, or JSON of another shape.
    #[error("expected {file} as snarkjs writes it, got {reason} in line {line}, column {column}")]
    Syntax {
        /// The file.
        file: &'static str,
        /// What was found, and what stands there in such a file; cut after 200 characters.
        reason: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Another protocol or curve.
    #[error("expected {expected:?} in {field}, got {got:?}")]
    Header {
        /// `protocol` or `curve`.
        field: &'static str,
        /// The one that is written here.
        expected: &'static str,
        /// The one in the file, cut after 100 characters.
        got: String,
    },
    /// Not a canonical decimal number below the modulus.
    #[error("expected a decimal number below the modulus in {place}, got {got:?}")]
    Number {
        /// Field and indices.
        place: String,
        /// The string, cut after 100 characters.
        got: String,
    },
    /// Not a word of calldata below the modulus.
    #[error("expected 0x and 64 hexadecimal digits below the modulus in {place}, got {got:?}")]
    Word {
        /// Argument and indices.
        place: String,
        /// The string, cut after 100 characters.
        got: String,
    },
    /// A third coordinate other than 1 at a point other than (0, 1, 0).
    #[error("expected a point with third coordinate 1, or (0, 1, 0), in {place}, got another")]
    NotAffine {
        /// Field and index.
        place: String,
    },
    /// Coordinates of no point of the group.
    #[error("expected a point of the curve's prime-order subgroup in {place}, got another")]
    Point {
        /// Field and index.
        place: String,
    },
    /// The verifying key is refused.
    #[error("the verifying key is refused: {0}")]
    Key(#[from] KeyError),
    /// The key's pairing is not that of its points.
    #[error("expected e(vk_alpha_1, vk_beta_2) in vk_alphabeta_12, got another value")]
    AlphaBeta,
    /// A development key that nobody allowed to be written.
    #[error(
        "expected a key that is safe to use, got an UNSAFE development key, and \
         verification_key.json has no place to say so"
    )]
    DevelopmentKey,
}

// Texts and their shapes.

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProof {
    pi_a: RawG1,
    pi_b: RawG2,
    pi_c: RawG1,
    protocol: String,
    curve: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    protocol: String,
    curve: Option<String>,
    #[serde(rename = "nPublic")]
    n_public: u64,
    vk_alpha_1: RawG1,
    vk_beta_2: RawG2,
    vk_gamma_2: RawG2,
    vk_delta_2: RawG2,
    vk_alphabeta_12: Option<[[RawFq2; 3]; 2]>,
    #[serde(rename = "IC")]
    ic: Inputs<RawG1, { MAX_PUBLIC_INPUTS + 1 }>,
}

type RawFq2 = [String; 2];
type RawG1 = [String; 3];
type RawG2 = [RawFq2; 3];
/// A, B, C, public inputs.
type RawCalldata = (
    [String; 2],
    [RawFq2; 2],
    [String; 2],
    Inputs<String, MAX_PUBLIC_INPUTS>,
);

/// An array of at most `MAX` elements.
#[derive(Serialize)]
struct Inputs<T, const MAX: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Inputs<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements<T, const MAX: usize>(Vec<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Elements<T, MAX> {
            type Value = Inputs<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of at most {MAX} elements")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                mut self,
                mut array: A,
            ) -> Result<Self::Value, A::Error> {
                while let Some(element) = array.next_element()? {
                    if self.0.len() == MAX {
                        return Err(de::Error::invalid_length(MAX + 1, &self));
                    }
                    self.0.push(element);
                }
                Ok(Inputs(self.0))
            }
        }

        deserializer.deserialize_seq(Elements(Vec::new()))
    }
}

/// A decimal string, or an integer that JavaScript reads exactly.
struct RawInput(String);

impl<'de> Deserialize<'de> for RawInput {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Input;

        impl Visitor<'_> for Input {
            type Value = RawInput;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal string, or an integer from 0 to 2^53 - 1")
            }

            fn visit_str<E: de::Error>(self, digits: &str) -> Result<RawInput, E> {
                Ok(RawInput(digits.to_owned()))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<RawInput, E> {
                if value < 1 << 53 {
                    Ok(RawInput(value.to_string()))
                } else {
                    Err(E::invalid_value(de::Unexpected::Unsigned(value), &self))
                }
            }
        }

        deserializer.deserialize_any(Input)
    }
}

fn parse<'a, T: Deserialize<'a>>(file: &'static str, text: &'a [u8]) -> Result<T, JsonError> {
    const MAX_REASON: usize = 200;
    if text.len() > MAX_BYTES {
        return Err(JsonError::TooLarge {
            file,
            max: MAX_BYTES,
            got: text.len(),
        });
    }
    serde_json::from_slice(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        let message = error.to_string();
        let place = format!(" at line {line} column {column}");
        let reason = message.strip_suffix(&place).unwrap_or(&message);
        JsonError::Syntax {
            file,
            reason: reason.chars().take(MAX_REASON).collect(),
            line,
            column,
        }
    })
}

/// As JavaScript's `JSON.stringify` with an indentation of one space.
fn print(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, format);
    value
        .serialize(&mut serializer)
        .expect("a vector accepts every write, and every key of an object is a string");
    String::from_utf8(text).expect("JSON is UTF-8")
}

fn check_header(protocol: &str, curve: Option<&str>) -> Result<(), JsonError> {
    let refuse = |field, expected, got| {
        Err(JsonError::Header {
            field,
            expected,
            got: decimal::shown(got),
        })
    };
    match curve {
        _ if protocol != PROTOCOL => refuse("protocol", PROTOCOL, protocol),
        Some(curve) if !CURVES.contains(&curve) => refuse("curve", CURVES[0], curve),
        _ => Ok(()),
    }
}

// Numbers and points.

fn number<F: PrimeField<BigInt = BigInt<4>>>(
    place: impl Display,
    digits: &str,
) -> Result<F, JsonError> {
    decimal::element(digits).ok_or_else(|| JsonError::Number {
        place: place.to_string(),
        got: decimal::shown(digits),
    })
}

fn fq2(place: impl Display, [c0, c1]: &RawFq2) -> Result<Fq2, JsonError> {
    Ok(Fq2::new(number(&place, c0)?, number(&place, c1)?))
}

fn point<P: SWCurveConfig>(
    place: impl Display,
    [x, y, z]: [P::BaseField; 3],
) -> Result<Affine<P>, JsonError> {
    let place = || place.to_string();
    if z.is_zero() && x.is_zero() && y.is_one() {
        Ok(Affine::identity())
    } else if !z.is_one() {
        Err(JsonError::NotAffine { place: place() })
    } else {
        decimal::group_element(x, y)
            .filter(|point| *point != Affine::identity()) // (0, 0, 1) is on neither curve
            .ok_or_else(|| JsonError::Point { place: place() })
    }
}

fn g1(place: impl Display, [x, y, z]: &RawG1) -> Result<G1Affine, JsonError> {
    let coordinates = [number(&place, x)?, number(&place, y)?, number(&place, z)?];
    point(place, coordinates)
}

fn g2(place: impl Display, [x, y, z]: &RawG2) -> Result<G2Affine, JsonError> {
    let coordinates = [fq2(&place, x)?, fq2(&place, y)?, fq2(&place, z)?];
    point(place, coordinates)
}

/// x, y, 1, or 0, 1, 0.
fn homogeneous<P: SWCurveConfig>(point: &Affine<P>) -> [P::BaseField; 3] {
    let (zero, one) = (P::BaseField::zero(), P::BaseField::one());
    if point.is_zero() {
        [zero, one, zero]
    } else {
        [point.x, point.y, one]
    }
}

fn raw_fq2(value: Fq2) -> RawFq2 {
    [value.c0.to_string(), value.c1.to_string()]
}

fn raw_g1(point: &G1Affine) -> RawG1 {
    homogeneous(point).map(|coordinate| coordinate.to_string())
}

fn raw_g2(point: &G2Affine) -> RawG2 {
    homogeneous(point).map(raw_fq2)
}

// proof.json

/// The text of `proof.json`.
#[must_use]
pub fn proof_to_json(proof: &Proof<Bn254>) -> String {
    print(&RawProof {
        pi_a: raw_g1(&proof.a),
        pi_b: raw_g2(&proof.b),
        pi_c: raw_g1(&proof.c),
        protocol: PROTOCOL.to_owned(),
        curve: Some(CURVES[0].to_owned()),
    })
}

/// Reads `proof.json`. Whether the proof verifies is another question.
///
/// # Errors
/// If the text is longer than [`MAX_BYTES`], has another shape, is of another protocol or curve, or
/// has a number or point that is none.
pub fn proof_from_json(text: &[u8]) -> Result<Proof<Bn254>, JsonError> {
    let raw: RawProof = parse("proof.json", text)?;
    check_header(&raw.protocol, raw.curve.as_deref())?;
    Ok(Proof {
        a: g1("pi_a", &raw.pi_a)?,
        b: g2("pi_b", &raw.pi_b)?,
        c: g1("pi_c", &raw.pi_c)?,
    })
}

// public.json

/// The text of `public.json`; the public inputs do not include the constant 1.
#[must_use]
pub fn public_inputs_to_json(public_inputs: &[Fr]) -> String {
    let digits: Vec<_> = public_inputs.iter().map(Fr::to_string).collect();
    print(&digits)
}

/// Reads `public.json`.
///
/// # Errors
/// If the text is longer than [`MAX_BYTES`], is no array of at most [`MAX_PUBLIC_INPUTS`], or has an
/// element that is no canonical number below the scalar field's modulus.
pub fn public_inputs_from_json(text: &[u8]) -> Result<Vec<Fr>, JsonError> {
    let raw: Inputs<RawInput, MAX_PUBLIC_INPUTS> = parse("public.json", text)?;
    let inputs = raw.0.iter().enumerate();
    inputs
        .map(|(i, RawInput(digits))| number(format_args!("[{i}]"), digits))
        .collect()
}

// verification_key.json

/// The text of `verification_key.json`, for a key of the given provenance.
///
/// Only the public part of a key has this form, so `provenance` is that of the
/// [`ProvingKey`](crate::ProvingKey) that `vk` is from.
///
/// # Errors
/// [`JsonError::DevelopmentKey`] if the key is a development key and `development_keys` does not allow
/// that: whoever gets the file has no other way to know.
pub fn verifying_key_to_json(
    vk: &VerifyingKey<Bn254>,
    provenance: &Provenance,
    development_keys: DevelopmentKeys,
) -> Result<String, JsonError> {
    if !development_keys.permit(provenance) {
        return Err(JsonError::DevelopmentKey);
    }
    let Fq12 { c0, c1, .. } = alpha_beta(vk);
    Ok(print(&RawKey {
        protocol: PROTOCOL.to_owned(),
        curve: Some(CURVES[0].to_owned()),
        n_public: vk.gamma_abc_g1.len().saturating_sub(1) as u64,
        vk_alpha_1: raw_g1(&vk.alpha_g1),
        vk_beta_2: raw_g2(&vk.beta_g2),
        vk_gamma_2: raw_g2(&vk.gamma_g2),
        vk_delta_2: raw_g2(&vk.delta_g2),
        vk_alphabeta_12: Some([c0, c1].map(|part| [part.c0, part.c1, part.c2].map(raw_fq2))),
        ic: Inputs(vk.gamma_abc_g1.iter().map(raw_g1).collect()),
    }))
}

fn alpha_beta(vk: &VerifyingKey<Bn254>) -> Fq12 {
    Bn254::pairing(vk.alpha_g1, vk.beta_g2).0
}

/// Reads `verification_key.json` and applies the refusal rules of [`validate_verifying_key`].
///
/// # Errors
/// If the text is longer than [`MAX_BYTES`], has another shape, is of another protocol or curve, has a
/// number or point that is none, or the key is refused.
pub fn verifying_key_from_json(text: &[u8]) -> Result<VerifyingKey<Bn254>, JsonError> {
    let raw: RawKey = parse("verification_key.json", text)?;
    check_header(&raw.protocol, raw.curve.as_deref())?;
    let input_points = raw.ic.0.iter().enumerate();
    let vk = VerifyingKey {
        alpha_g1: g1("vk_alpha_1", &raw.vk_alpha_1)?,
        beta_g2: g2("vk_beta_2", &raw.vk_beta_2)?,
        gamma_g2: g2("vk_gamma_2", &raw.vk_gamma_2)?,
        delta_g2: g2("vk_delta_2", &raw.vk_delta_2)?,
        gamma_abc_g1: input_points
            .map(|(i, raw)| g1(format_args!("IC[{i}]"), raw))
            .collect::<Result<_, _>>()?,
    };
    check_public_inputs(&vk, usize::try_from(raw.n_public).unwrap_or(usize::MAX))?;
    validate_verifying_key(&vk)?;
    if let Some(raw) = &raw.vk_alphabeta_12
        && fq12(raw)? != alpha_beta(&vk)
    {
        return Err(JsonError::AlphaBeta);
    }
    Ok(vk)
}

fn fq12([c0, c1]: &[[RawFq2; 3]; 2]) -> Result<Fq12, JsonError> {
    Ok(Fq12::new(fq6(0, c0)?, fq6(1, c1)?))
}

fn fq6(i: usize, raw: &[RawFq2; 3]) -> Result<Fq6, JsonError> {
    let part = |j: usize| fq2(format_args!("vk_alphabeta_12[{i}][{j}]"), &raw[j]);
    Ok(Fq6::new(part(0)?, part(1)?, part(2)?))
}

// Calldata

/// What `snarkjs zkey export soliditycalldata` prints, without the end of the line: A, B, C and the
/// public inputs as Remix and `cast` take them.
#[must_use]
pub fn calldata_to_text(proof: &Proof<Bn254>, public_inputs: &[Fr]) -> String {
    let g1 = |point: &G1Affine| format!("[{}, {}]", word(point.x), word(point.y));
    let fq2 = |value: Fq2| format!("[{}, {}]", word(value.c1), word(value.c0));
    let inputs: Vec<_> = public_inputs.iter().copied().map(word).collect();
    format!(
        "{},[{},{}],{},[{}]",
        g1(&proof.a),
        fq2(proof.b.x),
        fq2(proof.b.y),
        g1(&proof.c),
        inputs.join(",")
    )
}

fn word<F: PrimeField<BigInt = BigInt<4>>>(value: F) -> String {
    format!("\"0x{}\"", hex::encode(value.into_bigint().to_bytes_be()))
}

/// Reads what [`calldata_to_text`] writes; white space between the tokens is free.
///
/// # Errors
/// If the text is longer than [`MAX_BYTES`], has another shape, or has a word or point that is none.
pub fn calldata_from_text(text: &str) -> Result<ProofFile, JsonError> {
    const FILE: &str = "calldata";
    if text.len() > MAX_BYTES - 2 {
        return Err(JsonError::TooLarge {
            file: FILE,
            max: MAX_BYTES - 2,
            got: text.len(),
        });
    }
    // The text is the inside of an array.
    let (a, b, c, inputs): RawCalldata = parse(FILE, format!("[{text}]").as_bytes())?;
    Ok(ProofFile {
        proof: Proof {
            a: g1_from_words("a", &a)?,
            b: g2_from_words("b", &b)?,
            c: g1_from_words("c", &c)?,
        },
        public_inputs: inputs
            .0
            .iter()
            .enumerate()
            .map(|(i, input)| from_word(format_args!("input[{i}]"), input))
            .collect::<Result<_, _>>()?,
    })
}

fn from_word<F: PrimeField<BigInt = BigInt<4>>>(
    place: impl Display,
    word: &str,
) -> Result<F, JsonError> {
    let mut bytes = [0; 32];
    word.strip_prefix("0x")
        .filter(|digits| hex::decode_to_slice(digits, &mut bytes).is_ok())
        .and_then(|_| encoding::from_be_bytes(&bytes))
        .ok_or_else(|| JsonError::Word {
            place: place.to_string(),
            got: decimal::shown(word),
        })
}

fn g1_from_words(place: &str, [x, y]: &[String; 2]) -> Result<G1Affine, JsonError> {
    affine(place, from_word(place, x)?, from_word(place, y)?)
}

fn g2_from_words(place: &str, [x, y]: &[RawFq2; 2]) -> Result<G2Affine, JsonError> {
    affine(place, fq2_from_words(place, x)?, fq2_from_words(place, y)?)
}

/// The imaginary part comes first.
fn fq2_from_words(place: &str, [c1, c0]: &RawFq2) -> Result<Fq2, JsonError> {
    Ok(Fq2::new(from_word(place, c0)?, from_word(place, c1)?))
}

fn affine<P: SWCurveConfig>(
    place: &str,
    x: P::BaseField,
    y: P::BaseField,
) -> Result<Affine<P>, JsonError> {
    decimal::group_element(x, y).ok_or_else(|| JsonError::Point {
        place: place.to_owned(),
    })
}
