//! The proving-key file, version 2.
//!
//! All integers are little-endian. The metadata stand first and are hashed as a whole; the sections
//! follow, raw and aligned to 64 bytes, so that any range of points is read without a search
//! ([`StreamedKey`]).
//!
//! | offset | size | content |
//! |---|---|---|
//! | 0 | 8 | magic `zkrollpk` |
//! | 8 | 4 | version, 2 |
//! | 12 | 4 | curve, 1 = BN254 |
//! | 16 | 4 | basis of `h_query`, see below |
//! | 20 | 4 | provenance: 0 = unknown, 1 = **UNSAFE** development key, 2 = ceremony |
//! | 24 | 4 | log₂ of the points in a chunk, 16 |
//! | 28 | 4 | number of sections, 9 |
//! | 32 | 8 | size of the file |
//! | 40 | 32 | circuit digest |
//! | 72 | 32 | hash of the verifying key, [`verifying_key_hash`](crate::verifying_key_hash) |
//! | 104 | 32 | BLAKE3 of bytes 0..104 followed by the two tables |
//! | 136 | 9 · 32 | section table: id 4, bytes in an element 4, elements 8, offset 8, first chunk 8 |
//! | 424 | 32 each | chunk table: BLAKE3 of each chunk, sections in order |
//! | aligned | | sections, zero bytes before the first |
//!
//! Sections, in this order: 1 `[α, β, δ]₁`; 2 `[β, γ, δ]₂`; 3 `gamma_abc_g1`; 4 `a_query`;
//! 5 `b_g1_query`; 6 `b_g2_query`; 7 `h_query`; 8 `l_query`; 9 the ceremony's record, empty unless the
//! provenance is 2. A field element is its Montgomery
//! representative (R = 2^256) in 32 bytes, which is arkworks' memory; a G1 point is x ‖ y, a G2
//! point x.c0 ‖ x.c1 ‖ y.c0 ‖ y.c1, infinity all zero. A chunk is 2^16 points (bytes, of the record), the
//! last one of a section shorter. The record: circuit hash 64, contributions 4, and of each its hash 64,
//! 0 for a person or 1 for a beacon 1, length of the name 1, name, and of a beacon log₂ of its hashes 1,
//! length of its value 1, value; at least one is a person's.
//!
//! **Basis of `h_query`** ([`HBasis`]). Tag 1, monomial:
//! `h_query[i] = [(τ^(n+i) − τ^i)/δ]₁ = [τ^i·Z(τ)/δ]₁` for i in 0..n−1, to be multiplied with the
//! quotient's coefficients. Tag 2, odd coset: `h_query[i] = [L_(2i+1)(τ)/δ]₁` for i in 0..n, L_k the
//! Lagrange polynomials of the domain of 2n elements, to be multiplied with `−2·h(ω_2n^(2i+1))`. Other
//! tags are reserved for other bases and refused.
//!
//! The layout follows from the nine element counts alone and is compared with the table, so a file
//! has one form. Sizes are compared with the size of the file before anything is allocated.
//!
//! [`read`] checks metadata, hashes, canonical coordinates and the refusal rules for the key's
//! constants; it trusts that the points are in their groups, as whoever wrote the hashes had
//! checked. A file from outside goes through [`read_validated`] once.
//!
//! [`write()`] replaces the destination in one step: it writes beside it and renames.

mod layout;
mod points;
mod read;
mod stream;
mod write;

use std::fmt;
use std::path::PathBuf;

use crate::domain::DomainTooLarge;
use crate::key::{HBasis, KeyShape};
use crate::provenance::{CeremonyError, Provenance};
use crate::r1cs::R1cs;
use crate::validate::KeyError;

pub(crate) use points::RawPoint;
pub use read::{read, read_header, read_validated, read_verifying_key};
pub use stream::{StreamedKey, StreamedPoints};
pub use write::write;

use layout::Layout;

/// Version of the format.
pub const VERSION: u32 = 2;

/// Why a key file was not read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// The operating system refused.
    #[error("{action} {path}: {source}", path = path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// Not a key file.
    #[error("expected a key file that starts with \"zkrollpk\", got other bytes")]
    Magic,
    /// A version that this build does not read.
    #[error("expected key file version {VERSION}, got {got}")]
    Version {
        /// Version in the file.
        got: u32,
    },
    /// A field of the header holds a value that this version does not define.
    #[error("expected {field} {expected} in the header, got {got}")]
    HeaderField {
        /// The field.
        field: &'static str,
        /// The values that are defined.
        expected: &'static str,
        /// The value in the file.
        got: u32,
    },
    /// The file is shorter or longer than it says.
    #[error("expected a file of {expected} bytes, got {got}")]
    FileLength {
        /// Size according to the header, or the least possible size.
        expected: u64,
        /// Size of the file.
        got: u64,
    },
    /// The section table is not the one that the element counts ask for.
    #[error("section {section} of the table is not laid out as its element count demands")]
    SectionTable {
        /// Name of the section.
        section: &'static str,
    },
    /// The header or the tables were changed.
    #[error("the hash of the header and tables does not match")]
    MetadataHash,
    /// Bytes between metadata and sections are not zero.
    #[error("expected zero bytes before the first section, got others")]
    Padding,
    /// A chunk of points was changed.
    #[error("the hash of chunk {chunk} of section {section} does not match")]
    ChunkHash {
        /// Name of the section.
        section: &'static str,
        /// Index of the chunk in the section.
        chunk: usize,
    },
    /// A coordinate is not below the field's modulus.
    #[error("expected coordinates below the modulus in point {index} of section {section}")]
    Coordinate {
        /// Name of the section.
        section: &'static str,
        /// Index of the point.
        index: usize,
    },
    /// The verifying key is not the one whose hash is in the header.
    #[error("the verifying key does not have the hash of the header")]
    VerifyingKeyHash,
    /// The key is for another circuit.
    #[error(
        "expected a key for circuit {expected}, got one for {got}",
        expected = hex::encode(expected),
        got = hex::encode(got)
    )]
    CircuitDigest {
        /// Digest asked for.
        expected: [u8; 32],
        /// Digest in the file.
        got: [u8; 32],
    },
    /// The record of the ceremony is malformed, or nobody took part but beacons.
    #[error(transparent)]
    Ceremony(#[from] CeremonyError),
    /// The key breaks a refusal rule.
    #[error("the key is refused: {0}")]
    Key(#[from] KeyError),
}

/// The exact size in bytes of the file of every key for a circuit with `h_query` in this basis,
/// computed without a key.
///
/// # Errors
/// If the circuit has more rows than the largest domain of the basis.
pub fn file_size<R: R1cs + ?Sized>(r1cs: &R, h_basis: HBasis) -> Result<u64, DomainTooLarge> {
    Ok(Layout::of_shape(&KeyShape::of_circuit(r1cs, h_basis)?, 0).file_len)
}

/// What the metadata of a key file say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFileHeader {
    /// Where the key comes from.
    pub provenance: Provenance,
    /// The basis of `h_query`.
    pub h_basis: HBasis,
    /// Digest of the circuit.
    pub circuit_digest: [u8; 32],
    /// Hash of the verifying key.
    pub verifying_key_hash: [u8; 32],
    /// Number of public inputs.
    pub num_public_inputs: u64,
    /// Number of columns, the constant 1 included.
    pub num_columns: u64,
    /// Number of elements of the domain.
    pub domain_size: u64,
    /// Size of the file in bytes.
    pub file_len: u64,
}

impl fmt::Display for KeyFileHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "key file version {VERSION}, {} bytes, {} public inputs, {} columns, domain {}, \
             basis of h_query {}, circuit {}, verifying key {}, {}",
            self.file_len,
            self.num_public_inputs,
            self.num_columns,
            self.domain_size,
            self.h_basis,
            hex::encode(self.circuit_digest),
            hex::encode(self.verifying_key_hash),
            self.provenance,
        )
    }
}
