//! What is measured: an operation, its input and its size, and who does it.

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
    /// Nine of ten scalars are zero or one, as often the one as the other.
    ZerosOnes,
    /// One point and its opposite take turns, all with one scalar: each window's sums cancel again and again.
    OppositePoints,
    /// All points are infinity.
    Infinity,
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
            Self::ZerosOnes => "zeros-ones",
            Self::OppositePoints => "opposite-points",
            Self::Infinity => "infinity",
            Self::HalfBucket => "half-bucket",
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where the data of a run lie when its time begins, for a backend with a memory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Data {
    /// All on the device; of a transform the results stay there.
    Resident,
    /// Points on the device, scalars or values in the host's memory; of a transform the results stay on the
    /// device.
    FromHost,
    /// All in the host's memory, where the results go too.
    AllFromHost,
}

impl Data {
    /// All places, nearest first.
    pub const ALL: [Self; 3] = [Self::Resident, Self::FromHost, Self::AllFromHost];

    /// The name as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::FromHost => "from-host",
            Self::AllFromHost => "all-from-host",
        }
    }
}

/// What is compared: a backend, and where its data lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// The name by which the backend was asked for.
    pub backend: &'static str,
    /// `None` for a backend that computes in the host's memory, and for `auto`, which does as it likes.
    pub data: Option<Data>,
}

impl Variant {
    /// The place of the data, if it is told.
    pub fn data(&self) -> &'static str {
        self.data.map_or("", Data::as_str)
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.data {
            None => f.write_str(self.backend),
            Some(data) => write!(f, "{} {}", self.backend, data.as_str()),
        }
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
