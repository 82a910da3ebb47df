//! The proof file: a proof with its public inputs as JSON.
//!
//! ```json
//! {
//!   "protocol": "groth16",
//!   "curve": "bn254",
//!   "a": ["x", "y"],
//!   "b": [["x.c0", "x.c1"], ["y.c0", "y.c1"]],
//!   "c": ["x", "y"],
//!   "public_inputs": ["…"]
//! }
//! ```
//!
//! Numbers are decimal strings without sign or leading zeros, below their modulus; c0 is the real
//! part; infinity is (0, 0), which is on neither curve. Reading checks all of that and that the
//! points are in their groups, so a [`ProofFile`] in memory is well-formed; whether it verifies is
//! another question.

use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ff::{BigInt, PrimeField};
use ark_groth16::Proof;
use serde::{Deserialize, Serialize};

use crate::decimal;

const PROTOCOL: &str = "groth16";
const CURVE: &str = "bn254";

/// Why a file is no proof file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFileError {
    /// Another protocol or curve.
    #[error("expected {field} {expected:?}, got {got:?}")]
    Header {
        /// `protocol` or `curve`.
        field: &'static str,
        /// The one that is read here.
        expected: &'static str,
        /// The one in the file.
        got: String,
    },
    /// Not a canonical decimal number below the modulus.
    #[error("expected a decimal number below the modulus in {place}, got {got:?}")]
    Number {
        /// Where in the file.
        place: String,
        /// The string, cut after 100 characters.
        got: String,
    },
    /// Coordinates of no point of the group.
    #[error("expected a point of the curve's prime-order subgroup in {place}, got another")]
    Point {
        /// Where in the file.
        place: &'static str,
    },
}

/// A proof and the public inputs (without the constant 1) that it is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawProofFile", into = "RawProofFile")]
pub struct ProofFile {
    /// The proof.
    pub proof: Proof<Bn254>,
    /// The public inputs.
    pub public_inputs: Vec<Fr>,
}

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProofFile {
    protocol: String,
    curve: String,
    a: [String; 2],
    b: [[String; 2]; 2],
    c: [String; 2],
    public_inputs: Vec<String>,
}

impl From<ProofFile> for RawProofFile {
    fn from(file: ProofFile) -> Self {
        let g1 = |point: &G1Affine| [point.x.to_string(), point.y.to_string()];
        let fq2 = |value: &Fq2| [value.c0.to_string(), value.c1.to_string()];
        Self {
            protocol: PROTOCOL.to_owned(),
            curve: CURVE.to_owned(),
            a: g1(&file.proof.a),
            b: [fq2(&file.proof.b.x), fq2(&file.proof.b.y)],
            c: g1(&file.proof.c),
            public_inputs: file.public_inputs.iter().map(Fr::to_string).collect(),
        }
    }
}

impl TryFrom<RawProofFile> for ProofFile {
    type Error = ProofFileError;

    fn try_from(raw: RawProofFile) -> Result<Self, ProofFileError> {
        for (field, expected, got) in [
            ("protocol", PROTOCOL, raw.protocol),
            ("curve", CURVE, raw.curve),
        ] {
            if got != expected {
                return Err(ProofFileError::Header {
                    field,
                    expected,
                    got,
                });
            }
        }
        let proof = Proof {
            a: g1("a", &raw.a)?,
            b: g2("b", &raw.b)?,
            c: g1("c", &raw.c)?,
        };
        let public_inputs = raw
            .public_inputs
            .iter()
            .enumerate()
            .map(|(i, input)| number(|| format!("public_inputs[{i}]"), input))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            proof,
            public_inputs,
        })
    }
}

fn number<F: PrimeField<BigInt = BigInt<4>>>(
    place: impl FnOnce() -> String,
    digits: &str,
) -> Result<F, ProofFileError> {
    decimal::element(digits).ok_or_else(|| ProofFileError::Number {
        place: place(),
        got: decimal::shown(digits),
    })
}

fn g1(place: &'static str, [x, y]: &[String; 2]) -> Result<G1Affine, ProofFileError> {
    let coordinate = |digits: &String| number::<Fq>(|| place.to_owned(), digits);
    decimal::group_element(coordinate(x)?, coordinate(y)?).ok_or(ProofFileError::Point { place })
}

fn g2(place: &'static str, [x, y]: &[[String; 2]; 2]) -> Result<G2Affine, ProofFileError> {
    let coordinate = |[c0, c1]: &[String; 2]| {
        let part = |digits: &String| number::<Fq>(|| place.to_owned(), digits);
        Ok(Fq2::new(part(c0)?, part(c1)?))
    };
    decimal::group_element(coordinate(x)?, coordinate(y)?).ok_or(ProofFileError::Point { place })
}
