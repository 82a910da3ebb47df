//! `.zkey`: a Groth16 proving key as snarkjs has it.
//!
//! | section | content |
//! |---|---|
//! | 1 | protocol as u32, 1 = Groth16 |
//! | 2 | 32, modulus q, 32, modulus r; as u32 columns, public inputs, domain; `[α]₁ [β]₁ [β]₂ [γ]₂ [δ]₁ [δ]₂` |
//! | 3 | `gamma_abc_g1` |
//! | 4 | the matrices A and B, see `coefficients` |
//! | 5, 6, 7 | `a_query`, `b_g1_query`, `b_g2_query` |
//! | 8 | `l_query` |
//! | 9 | `h_query` in the basis [`HBasis::OddCoset`] |
//! | 10 | the ceremony: circuit hash and contributions |
//!
//! A file of 2^22 rows has gigabytes, so the lists stay in the file and are read a chunk at a time, with
//! ordinary reads, as those of a [`StreamedKey`](crate::key_file::StreamedKey). There are no hashes in
//! the format: a changed point shows when the finished proof does not verify. C is not stored, so
//! neither is it checked that a witness satisfies the constraints before the work begins.
//!
//! [`Zkey`] is a key that may prove; [`ZkeyFile`] also opens what a ceremony has not finished.

mod coefficients;
mod header;
mod write;

use std::path::Path;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;

use super::FormatError;
use super::sections::{Kind, Section, SectionFile};
use crate::domain::Domain;
use crate::key::{HBasis, KeyConstants, KeyShape, ProvingKey};
use crate::key_file::{RawPoint, StreamedPoints};
use crate::provenance::Provenance;
use crate::r1cs::R1cs;
use crate::setup::phase2::ContributionList;
use crate::validate::validate_constants;

pub use coefficients::circuit_digest;
pub(crate) use write::{create, write_coefficients};

const KIND: Kind = Kind {
    magic: "zkey",
    versions: &[1],
    versions_text: "1",
};

/// Numbers and contents of the sections.
pub(crate) mod section {
    pub const PROTOCOL: (u32, &str) = (1, "protocol");
    pub const HEADER: (u32, &str) = (2, "header");
    pub const GAMMA_ABC_G1: (u32, &str) = (3, "gamma_abc_g1");
    pub const COEFFICIENTS: (u32, &str) = (4, "coefficients");
    pub const A_QUERY: (u32, &str) = (5, "a_query");
    pub const B_G1_QUERY: (u32, &str) = (6, "b_g1_query");
    pub const B_G2_QUERY: (u32, &str) = (7, "b_g2_query");
    pub const L_QUERY: (u32, &str) = (8, "l_query");
    pub const H_QUERY: (u32, &str) = (9, "h_query");
    pub const CONTRIBUTIONS: (u32, &str) = (10, "contributions");
}

/// An open `.zkey`, well-formed but perhaps not fit for proving: the state of a ceremony.
#[derive(Debug)]
pub struct ZkeyFile {
    file: SectionFile,
    num_columns: usize,
    domain: Domain,
    constants: KeyConstants,
    coefficients: Section,
    a_query: Section,
    b_g1_query: Section,
    b_g2_query: Section,
    l_query: Section,
    h_query: Section,
    contributions: Option<Section>,
}

impl ZkeyFile {
    /// Opens a file: reads the constants, and compares the lengths of all lists. Whether points are in
    /// their groups is not checked.
    ///
    /// # Errors
    /// If the file cannot be read or is malformed.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let file = SectionFile::open(path, KIND)?;
        let header = header::Header::read(&file)?;
        let (num_columns, num_public) = (header.num_columns, header.num_public);
        let list = |(id, name): (u32, &'static str), count: usize, bytes: usize| {
            let section = file.section(id, name)?;
            section.demand_len(count as u64 * bytes as u64)?;
            Ok::<_, FormatError>(section)
        };
        let (g1, g2) = (G1Affine::BYTES, G2Affine::BYTES);
        let num_instance = num_public + 1;
        let domain = header.domain;
        let gamma_abc_g1 = list(section::GAMMA_ABC_G1, num_instance, g1)?;
        let gamma_abc_g1 = StreamedPoints::unhashed(
            file.file(),
            gamma_abc_g1.name,
            gamma_abc_g1.offset,
            num_instance,
        )
        .read_all()?;
        let (id, name) = section::COEFFICIENTS;
        let coefficients = file.section(id, name)?;
        coefficients::check_len(&file, &coefficients)?;
        let shape = KeyShape {
            gamma_abc_g1: num_instance,
            a_query: num_columns,
            b_g1_query: num_columns,
            b_g2_query: num_columns,
            h_query: domain.size(),
            l_query: num_columns - num_instance,
        };
        let (id, name) = section::CONTRIBUTIONS;
        Ok(Self {
            num_columns,
            domain,
            constants: KeyConstants {
                vk: VerifyingKey::<Bn254> {
                    alpha_g1: header.alpha_g1,
                    beta_g2: header.beta_g2,
                    gamma_g2: header.gamma_g2,
                    delta_g2: header.delta_g2,
                    gamma_abc_g1,
                },
                beta_g1: header.beta_g1,
                delta_g1: header.delta_g1,
                shape,
                h_basis: HBasis::OddCoset,
            },
            coefficients,
            a_query: list(section::A_QUERY, shape.a_query, g1)?,
            b_g1_query: list(section::B_G1_QUERY, shape.b_g1_query, g1)?,
            b_g2_query: list(section::B_G2_QUERY, shape.b_g2_query, g2)?,
            l_query: list(section::L_QUERY, shape.l_query, g1)?,
            h_query: list(section::H_QUERY, shape.h_query, g1)?,
            contributions: file.optional_section(id, name)?,
            file,
        })
    }

    /// The verifying key.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.constants.vk
    }

    /// Number of columns, the constant 1 included.
    #[must_use]
    pub const fn num_columns(&self) -> usize {
        self.num_columns
    }

    /// Number of public inputs, the constant 1 not included.
    #[must_use]
    pub const fn num_public_inputs(&self) -> usize {
        self.constants.shape.gamma_abc_g1 - 1
    }

    /// The domain of the rows.
    #[must_use]
    pub const fn domain(&self) -> Domain {
        self.domain
    }

    /// Entries of the matrices A and B, those of the input-consistency rows included.
    #[must_use]
    pub const fn num_coefficients(&self) -> usize {
        coefficients::count(&self.coefficients)
    }

    pub(crate) const fn constants(&self) -> &KeyConstants {
        &self.constants
    }

    pub(crate) const fn sections(&self) -> &SectionFile {
        &self.file
    }

    /// The whole key in memory; its points are not checked.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub(crate) fn read(
        &self,
        circuit_digest: [u8; 32],
        provenance: Provenance,
    ) -> Result<ProvingKey, FormatError> {
        let KeyConstants {
            vk,
            beta_g1,
            delta_g1,
            h_basis,
            ..
        } = self.constants.clone();
        Ok(ProvingKey {
            vk,
            beta_g1,
            delta_g1,
            a_query: self.a_query().read_all()?,
            b_g1_query: self.b_g1_query().read_all()?,
            b_g2_query: self.b_g2_query().read_all()?,
            h_query: self.h_query().read_all()?,
            h_basis,
            l_query: self.l_query().read_all()?,
            circuit_digest,
            provenance,
        })
    }

    /// `a_query` in the file.
    #[must_use]
    pub const fn a_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.a_query, self.constants.shape.a_query)
    }

    /// `b_g1_query` in the file.
    #[must_use]
    pub const fn b_g1_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.b_g1_query, self.constants.shape.b_g1_query)
    }

    /// `b_g2_query` in the file.
    #[must_use]
    pub const fn b_g2_query(&self) -> StreamedPoints<'_, G2Affine> {
        self.list(&self.b_g2_query, self.constants.shape.b_g2_query)
    }

    /// `l_query` in the file.
    #[must_use]
    pub const fn l_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.l_query, self.constants.shape.l_query)
    }

    /// `h_query` in the file, in the basis [`HBasis::OddCoset`].
    #[must_use]
    pub const fn h_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(&self.h_query, self.constants.shape.h_query)
    }

    const fn list<P: RawPoint>(&self, section: &Section, len: usize) -> StreamedPoints<'_, P> {
        StreamedPoints::unhashed(self.file.file(), section.name, section.offset, len)
    }

    /// The index of the first entry of the matrices that is not the circuit's.
    pub(crate) fn first_other_coefficient<R: R1cs + ?Sized>(
        &self,
        r1cs: &R,
    ) -> Result<Option<usize>, FormatError> {
        coefficients::first_other(&self.file, &self.coefficients, r1cs)
    }

    /// The bytes of the ceremony's section, if there is one.
    pub(crate) fn contributions(&self) -> Result<Option<Vec<u8>>, FormatError> {
        self.contributions
            .as_ref()
            .map(|section| self.file.read_all(section))
            .transpose()
    }

    /// The values of A·z and B·z on the domain, the input-consistency rows included.
    ///
    /// # Errors
    /// If the file cannot be read, or an entry is out of range.
    ///
    /// # Panics
    /// If `assignment` has not one value for each column.
    #[tracing::instrument(skip_all)]
    pub fn products(&self, assignment: &[Fr]) -> Result<[Vec<Fr>; 2], FormatError> {
        assert_eq!(assignment.len(), self.num_columns, "assignment length");
        coefficients::products(
            &self.file,
            &self.coefficients,
            assignment,
            self.domain.size(),
        )
    }
}

/// A `.zkey` that may prove: its constants pass [the refusal rules](crate::KeyError), and if it has a
/// ceremony's section, a person is among the contributors and δ is the last one's. That the
/// contributions are right, [`phase2::verify`](crate::setup::phase2::verify()) checks.
#[derive(Debug)]
pub struct Zkey(ZkeyFile);

impl Zkey {
    /// Opens a key for proving.
    ///
    /// # Errors
    /// If the file cannot be read, is malformed, or holds a key that is refused, above all one that
    /// nobody contributed to.
    #[tracing::instrument(skip_all, fields(path = %path.display()))]
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        ZkeyFile::open(path)?.try_into()
    }
}

impl Zkey {
    /// The whole key in memory, of unknown provenance: that it came out of a ceremony is not checked, nor
    /// are its points ([`validate_proving_key`](crate::validate_proving_key)). Its circuit digest is
    /// [`circuit_digest`].
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read(&self) -> Result<ProvingKey, FormatError> {
        let digest = coefficients::digest_of_file(&self.0)?;
        self.0.read(digest, Provenance::Unknown)
    }
}

impl TryFrom<ZkeyFile> for Zkey {
    type Error = FormatError;

    fn try_from(file: ZkeyFile) -> Result<Self, FormatError> {
        validate_constants(&file.constants)?;
        if let Some(bytes) = file.contributions()? {
            let list = ContributionList::read(&bytes[..])?;
            let beacons = list.contributions.len();
            if !list.has_person() {
                return Err(FormatError::NoPerson { beacons });
            }
            if list.delta_g1() != file.constants.delta_g1 {
                return Err(FormatError::DeltaOfContributions);
            }
        }
        Ok(Self(file))
    }
}

impl std::ops::Deref for Zkey {
    type Target = ZkeyFile;

    fn deref(&self) -> &ZkeyFile {
        &self.0
    }
}
