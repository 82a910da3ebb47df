//! What is measured: an operation, its input and its size.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

/// The operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Multi-scalar multiplication in G1.
    MsmG1,
    /// Multi-scalar multiplication in G2.
    MsmG2,
    /// Number-theoretic transform over the scalar field.
    Ntt,
    /// A whole proof of the batch circuit.
    Prove,
}

impl Op {
    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MsmG1 => "msm-g1",
            Self::MsmG2 => "msm-g2",
            Self::Ntt => "ntt",
            Self::Prove => "prove",
        }
    }

    /// Whether any number of points will do and [`Input`] says which.
    pub const fn is_msm(self) -> bool {
        matches!(self, Self::MsmG1 | Self::MsmG2)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Scalars and points of a multi-scalar multiplication. Points are distinct and scalars uniform in
/// the field where nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// As said.
    Random,
    /// The scalars are all columns of a full batch's witness, its circuit filling the domain.
    Witness,
    /// All points are one point.
    EqualPoints,
    /// All scalars are one scalar.
    EqualScalars,
    /// Nine of ten scalars are zero.
    Zeros,
    /// Half of the scalars are one scalar, so that in each window one bucket holds half the points.
    HalfBucket,
}

impl Input {
    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Witness => "witness",
            Self::EqualPoints => "equal-points",
            Self::EqualScalars => "equal-scalars",
            Self::Zeros => "zeros",
            Self::HalfBucket => "half-bucket",
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An operation on an input of some size: what backends are compared in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Case {
    /// The operation.
    pub op: Op,
    /// `random` for a transform, `witness` for a proof.
    pub input: Input,
    /// log₂ of the size that was asked for; `None` if a number of points was.
    pub log_n: Option<u32>,
    /// Points, values, or rows of the domain.
    pub n: usize,
}

impl Case {
    /// The size as it was asked for: `2^16` or `1000`.
    pub fn size(&self) -> String {
        self.log_n
            .map_or_else(|| self.n.to_string(), |log_n| format!("2^{log_n}"))
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.op, self.input, self.size())
    }
}
