//! The files of circom and snarkjs.
//!
//! | module | file | here |
//! |---|---|---|
//! | [`wtns`] | `.wtns`, a circuit's columns | read, written |
//! | [`r1cs`] | `.r1cs`, a circuit's constraints | read, written |
//! | [`zkey`] | `.zkey`, a proving key with the matrices A and B and the ceremony's contributions | read a chunk at a time, written |
//! | [`json`] | `proof.json`, `public.json`, `verification_key.json`, calldata | read, written |
//! | [`ptau`] | `.ptau`, the powers of τ of a ceremony's first phase | read a chunk at a time, written |
//!
//! The binary files are sections behind a magic number. Only BN254 (`bn128` in snarkjs'
//! words) is read, and Groth16 among the protocols. Integers are little-endian; a point is x ‖ y in
//! Montgomery form (R = 2^256), infinity all zero, which is also the form of zkroll's
//! [key file](crate::key_file).
//!
//! Everything comes from outside: lengths are compared with the file's before memory is taken, values
//! must be canonical, and what is wrong is a [`FormatError`] that says where. What a reader leaves
//! unchecked (that points are in their groups) it says.
//!
//! Source: the files themselves; iden3's format descriptions of `.r1cs`, `.wtns` and `.zkey`.

pub mod json;
pub mod ptau;
pub mod r1cs;
pub mod wtns;
pub mod zkey;

mod error;
pub(crate) mod sections;
mod values;

pub use error::FormatError;
pub(crate) use sections::SectionReader;

/// Whether a key of [`Provenance::Development`](crate::Provenance::Development) may be written to a
/// file that has no place for the word UNSAFE.
///
/// Whoever knows the seed of such a key can prove anything under it, and nothing in the file says so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DevelopmentKeys {
    /// Only keys that are not known to be unsafe are written.
    #[default]
    Refuse,
    /// **UNSAFE.** Development keys are written as well: for tests and local chains.
    AllowUnsafe,
}

impl DevelopmentKeys {
    /// Whether a key of this provenance may be written.
    #[must_use]
    pub fn permit(self, provenance: &crate::Provenance) -> bool {
        self == Self::AllowUnsafe || !provenance.is_unsafe()
    }
}
