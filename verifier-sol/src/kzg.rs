//! A blob's commitment, versioned hash and openings (EIP-4844), for `submitBatchBlob`.
//!
//! A blob is 4096 values below q of 32 big-endian bytes, those of a polynomial of degree below 4096. What
//! they mean is the circuit's matter.
//!
//! Source: c-kzg, with the trusted setup of Ethereum's ceremony compiled in. Its first use in a process takes
//! some tens of milliseconds to read the setup; a commitment or an opening is one MSM of 4096 points.

use crate::abi::Word;
use crate::rollup::versioned_hash;
use c_kzg::{BYTES_PER_BLOB, Blob, Bytes32, Bytes48, KzgSettings, ethereum_kzg_settings};
use std::fmt;

/// Multiples of the setup's points that c-kzg keeps for cell proofs, of which there are none here.
const PRECOMPUTE: u64 = 0;

/// Why bytes are not a blob, or an opening is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KzgError {
    /// Another number of bytes.
    #[error("expected {BYTES_PER_BLOB} bytes of a blob, got {got}")]
    Length {
        /// What came.
        got: usize,
    },
    /// c-kzg refused: a value, point or coordinate is out of range.
    #[error("expected values below q and points of the group, got: {0}")]
    Malformed(String),
}

impl From<c_kzg::Error> for KzgError {
    fn from(error: c_kzg::Error) -> Self {
        Self::Malformed(format!("{error:?}"))
    }
}

/// A blob with its commitment.
pub struct CommittedBlob {
    blob: Box<Blob>,
    commitment: [u8; 48],
}

/// What a blob is worth at a point, with its proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// p(z), big-endian.
    pub value: Word,
    /// The proof, a compressed point.
    pub proof: [u8; 48],
}

fn settings() -> &'static KzgSettings {
    ethereum_kzg_settings(PRECOMPUTE)
}

impl CommittedBlob {
    /// Commits to a blob's values.
    ///
    /// # Errors
    ///
    /// [`KzgError`] if there are not 4096 values below q.
    pub fn new(blob: &[u8]) -> Result<Self, KzgError> {
        if blob.len() != BYTES_PER_BLOB {
            return Err(KzgError::Length { got: blob.len() });
        }
        let blob = Box::new(Blob::from_bytes(blob)?);
        let commitment = settings().blob_to_kzg_commitment(&blob)?;
        Ok(Self {
            commitment: commitment.to_bytes().into_inner(),
            blob,
        })
    }

    /// The 131,072 bytes.
    pub fn bytes(&self) -> &[u8] {
        self.blob.as_slice()
    }

    /// The commitment, a compressed point.
    pub fn commitment(&self) -> [u8; 48] {
        self.commitment
    }

    /// What a transaction and the contract call the blob.
    pub fn versioned_hash(&self) -> Word {
        versioned_hash(&self.commitment)
    }

    /// Opens the blob at z, an integer below q.
    ///
    /// # Errors
    ///
    /// [`KzgError::Malformed`] if z is q or more.
    pub fn open(&self, z: &Word) -> Result<Opening, KzgError> {
        let (proof, value) = settings().compute_kzg_proof(&self.blob, &Bytes32::new(*z))?;
        Ok(Opening {
            value: *value,
            proof: proof.to_bytes().into_inner(),
        })
    }
}

impl fmt::Debug for CommittedBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommittedBlob")
            .field("commitment", &hex::encode(self.commitment))
            .finish_non_exhaustive()
    }
}

/// Whether the blob of a commitment is worth `opening.value` at z: what the precompile checks.
///
/// # Errors
///
/// [`KzgError::Malformed`] if a point or an integer is none.
pub fn verify(commitment: &[u8; 48], z: &Word, opening: &Opening) -> Result<bool, KzgError> {
    let [commitment, proof] = [*commitment, opening.proof].map(Bytes48::new);
    let [z, value] = [*z, opening.value].map(Bytes32::new);
    Ok(settings().verify_kzg_proof(&commitment, &z, &value, &proof)?)
}
