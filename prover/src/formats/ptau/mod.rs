//! `.ptau`: the powers of τ of a ceremony's first phase.
//!
//! For power p and n = 2^p:
//!
//! | section | content |
//! |---|---|
//! | 1 | 32, modulus q, power, power of the ceremony, as u32 |
//! | 2 | `[τ^i]₁`, i in 0..2n−1 |
//! | 3 | `[τ^i]₂`, i in 0..n |
//! | 4, 5 | `[α·τ^i]₁`, `[β·τ^i]₁`, i in 0..n |
//! | 6 | `[β]₂` |
//! | 7 | contributions |
//! | 12 | `[L_i(τ)]₁` for the domains of 1, 2, 4, …, n, 2n elements, one after the other |
//! | 13 | `[L_i(τ)]₂` for the domains of 1, …, n elements |
//! | 14, 15 | `[α·L_i(τ)]₁`, `[β·L_i(τ)]₁` for the domains of 1, …, n elements |
//!
//! Sections 12 to 15 are there in a *prepared* file, and only such a file starts a second phase. In the
//! domain of 2n elements the polynomials of section 12 lack their highest coefficient, since `[τ^(2n−1)]₁`
//! is not in the file: they serve polynomials of degree up to 2n − 2.
//!
//! Section 1000 is zkroll's own: there, a file says that its τ, α, β are known. Others ignore it.

mod write;

use std::path::Path;

use ark_bn254::{G1Affine, G2Affine};

use super::FormatError;
use super::sections::{Kind, Section, SectionFile};
use super::values::Modulus;
use crate::key_file::{RawPoint, StreamedPoints};

pub(crate) use write::create;

const KIND: Kind = Kind {
    magic: "ptau",
    versions: &[1],
    versions_text: "1",
};

/// The largest power: the scalar field has no domain of 2^29 elements, which section 12 would ask for.
pub const MAX_POWER: u32 = 27;

/// The largest power of a ceremony that a file may be cut out of: the scalar field has no larger domain.
pub const MAX_CEREMONY_POWER: u32 = 28;

/// Numbers and contents of the sections.
pub(crate) mod section {
    pub const HEADER: (u32, &str) = (1, "header");
    pub const TAU_G1: (u32, &str) = (2, "tau_g1");
    pub const TAU_G2: (u32, &str) = (3, "tau_g2");
    pub const ALPHA_TAU_G1: (u32, &str) = (4, "alpha_tau_g1");
    pub const BETA_TAU_G1: (u32, &str) = (5, "beta_tau_g1");
    pub const BETA_G2: (u32, &str) = (6, "beta_g2");
    pub const CONTRIBUTIONS: (u32, &str) = (7, "contributions");
    pub const LAGRANGE_G1: (u32, &str) = (12, "lagrange_g1");
    pub const LAGRANGE_G2: (u32, &str) = (13, "lagrange_g2");
    pub const ALPHA_LAGRANGE_G1: (u32, &str) = (14, "alpha_lagrange_g1");
    pub const BETA_LAGRANGE_G1: (u32, &str) = (15, "beta_lagrange_g1");
    pub const UNSAFE: (u32, &str) = (1000, "mark of a known trapdoor");
}

/// An open `.ptau`, well-formed; its points are not checked.
#[derive(Debug)]
pub struct Ptau {
    file: SectionFile,
    power: u32,
    ceremony_power: u32,
    tau_g1: Section,
    tau_g2: Section,
    alpha_tau_g1: Section,
    beta_tau_g1: Section,
    beta_g2: Section,
    contributions: Section,
    prepared: Option<Prepared>,
    is_unsafe: bool,
}

/// The sections of a prepared file.
#[derive(Clone, Copy, Debug)]
struct Prepared {
    lagrange_g1: Section,
    lagrange_g2: Section,
    alpha_lagrange_g1: Section,
    beta_lagrange_g1: Section,
}

/// The lists over the domain of 2^p elements.
#[derive(Clone, Copy, Debug)]
pub struct Lagrange<'f> {
    /// `[L_i(τ)]₁`.
    pub g1: StreamedPoints<'f, G1Affine>,
    /// `[L_i(τ)]₂`.
    pub g2: StreamedPoints<'f, G2Affine>,
    /// `[α·L_i(τ)]₁`.
    pub alpha_g1: StreamedPoints<'f, G1Affine>,
    /// `[β·L_i(τ)]₁`.
    pub beta_g1: StreamedPoints<'f, G1Affine>,
    /// `[L_i(τ)]₁` for the domain of twice as many elements.
    pub double_g1: StreamedPoints<'f, G1Affine>,
}

/// Points in the domains of 1, 2, …, 2^p elements together.
const fn up_to(power: u32) -> u64 {
    (2 << power) - 1
}

impl Ptau {
    /// Opens a file and compares the lengths of its lists.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    #[tracing::instrument(skip_all, fields(path = %path.display()))]
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = SectionFile::open(path, KIND)?;
        let (id, name) = section::HEADER;
        let mut header = file.reader(&file.section(id, name)?);
        Modulus::Coordinates.read(&mut header, name)?;
        let power = header.u32()?;
        let ceremony_power = header.u32()?;
        header.end()?;
        if !(1..=MAX_POWER).contains(&power) {
            return Err(FormatError::Number {
                what: "power",
                expected: format!("1 to {MAX_POWER}"),
                got: power.into(),
            });
        }
        if !(power..=MAX_CEREMONY_POWER).contains(&ceremony_power) {
            return Err(FormatError::Number {
                what: "power of the ceremony",
                expected: format!("{power} to {MAX_CEREMONY_POWER}"),
                got: ceremony_power.into(),
            });
        }
        let (g1, g2) = (G1Affine::BYTES as u64, G2Affine::BYTES as u64);
        let list = |(id, name): (u32, &'static str), bytes: u64| {
            let section = file.section(id, name)?;
            section.demand_len(bytes)?;
            Ok::<_, FormatError>(section)
        };
        let n = 1u64 << power;
        let prepared =
            match file.optional_section(section::LAGRANGE_G1.0, section::LAGRANGE_G1.1)? {
                None => None,
                Some(_) => Some(Prepared {
                    lagrange_g1: list(section::LAGRANGE_G1, up_to(power + 1) * g1)?,
                    lagrange_g2: list(section::LAGRANGE_G2, up_to(power) * g2)?,
                    alpha_lagrange_g1: list(section::ALPHA_LAGRANGE_G1, up_to(power) * g1)?,
                    beta_lagrange_g1: list(section::BETA_LAGRANGE_G1, up_to(power) * g1)?,
                }),
            };
        let (id, name) = section::CONTRIBUTIONS;
        let (unsafe_id, unsafe_name) = section::UNSAFE;
        Ok(Self {
            power,
            ceremony_power,
            tau_g1: list(section::TAU_G1, (2 * n - 1) * g1)?,
            tau_g2: list(section::TAU_G2, n * g2)?,
            alpha_tau_g1: list(section::ALPHA_TAU_G1, n * g1)?,
            beta_tau_g1: list(section::BETA_TAU_G1, n * g1)?,
            beta_g2: list(section::BETA_G2, g2)?,
            contributions: file.section(id, name)?,
            prepared,
            is_unsafe: file.optional_section(unsafe_id, unsafe_name)?.is_some(),
            file,
        })
    }

    /// p: the lists serve domains of up to 2^p rows.
    #[must_use]
    pub const fn power(&self) -> u32 {
        self.power
    }

    /// The power of the ceremony that a smaller file was cut out of.
    #[must_use]
    pub const fn ceremony_power(&self) -> u32 {
        self.ceremony_power
    }

    /// Whether the file says that its trapdoor is known.
    #[must_use]
    pub const fn is_unsafe(&self) -> bool {
        self.is_unsafe
    }

    /// Whether a second phase can start from the file.
    #[must_use]
    pub const fn is_prepared(&self) -> bool {
        self.prepared.is_some()
    }

    /// `[τ^i]₁`, 2n − 1 points.
    #[must_use]
    pub const fn tau_g1(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.tau_g1, 0, (2 << self.power) - 1)
    }

    /// `[τ^i]₂`, n points.
    #[must_use]
    pub const fn tau_g2(&self) -> StreamedPoints<'_, G2Affine> {
        self.list(&self.tau_g2, 0, 1 << self.power)
    }

    /// `[α·τ^i]₁`, n points.
    #[must_use]
    pub const fn alpha_tau_g1(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.alpha_tau_g1, 0, 1 << self.power)
    }

    /// `[β·τ^i]₁`, n points.
    #[must_use]
    pub const fn beta_tau_g1(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.beta_tau_g1, 0, 1 << self.power)
    }

    /// `[β]₂`, one point.
    #[must_use]
    pub const fn beta_g2(&self) -> StreamedPoints<'_, G2Affine> {
        self.list(&self.beta_g2, 0, 1)
    }

    /// The lists over the domain of 2^`power` elements; `None` if the file is not prepared or ends
    /// before.
    #[must_use]
    pub fn lagrange(&self, power: u32) -> Option<Lagrange<'_>> {
        let prepared = self.prepared.as_ref().filter(|_| power <= self.power)?;
        let (first, len) = ((1 << power) - 1, 1 << power);
        Some(Lagrange {
            g1: self.list(&prepared.lagrange_g1, first, len),
            g2: self.list(&prepared.lagrange_g2, first, len),
            alpha_g1: self.list(&prepared.alpha_lagrange_g1, first, len),
            beta_g1: self.list(&prepared.beta_lagrange_g1, first, len),
            double_g1: self.list(&prepared.lagrange_g1, 2 * len as u64 - 1, 2 * len),
        })
    }

    pub(crate) const fn sections(&self) -> &SectionFile {
        &self.file
    }

    pub(crate) const fn contributions_section(&self) -> &Section {
        &self.contributions
    }

    const fn list<P: RawPoint>(
        &self,
        section: &Section,
        first: u64,
        len: usize,
    ) -> StreamedPoints<'_, P> {
        let offset = section.offset + first * P::BYTES as u64;
        StreamedPoints::unhashed(self.file.file(), section.name, offset, len)
    }
}
