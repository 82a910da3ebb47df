//! One blob for the operations of one or several batches.

use thiserror::Error;
use zkroll_circuits::protocol::{
    blob::{self, BlobScalar, MAX_WORDS, Word, scalar_to_word},
    ledger::BatchTrace,
    public_data::{DataError, DataForm},
};
use zkroll_prover::Fr;
use zkroll_verifier_sol::{
    kzg::{CommittedBlob, KzgError},
    rollup,
};

use crate::{ProvenBatch, SettlementError, settlement::parts};

/// Why batches have no blob together.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SharedBlobError {
    /// There is no batch.
    #[error("expected a batch for the blob, got none")]
    NoBatches,
    /// A batch has another shape, or is of another rollup, than the first one.
    #[error("batch {index} of the blob: expected the first one's shape, chain and contract")]
    Shape {
        /// Its place.
        index: usize,
    },
    /// The batches take more words than a blob has.
    #[error("expected batches of at most {MAX_WORDS} words together, got {got}")]
    Words {
        /// ⌈N/2⌉ for each batch.
        got: usize,
    },
    /// A batch's operations are not for a blob, or its trace is malformed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The blob was refused.
    #[error(transparent)]
    Kzg(#[from] KzgError),
}

/// The blob of batches that are not proven yet, with the point at which each of them is to be proven.
///
/// ```text
/// traces ─▶ SharedBlob ─point─▶ prove_with_blob of each ─▶ SharedBlob::call ─▶ transaction with the blob
/// ```
#[derive(Debug)]
pub struct SharedBlob {
    blob: CommittedBlob,
    slices: Vec<Vec<Word>>,
    commitments: Vec<Fr>,
    point: BlobScalar,
}

impl SharedBlob {
    /// Puts the operations of the batches one after the other, commits to them, and draws the point.
    ///
    /// # Errors
    /// If they are not of one shape in blob form, or a blob has no room for them.
    pub fn new(traces: &[&BatchTrace]) -> Result<Self, SharedBlobError> {
        let first = traces.first().ok_or(SharedBlobError::NoBatches)?.header;
        let mut slices = Vec::with_capacity(traces.len());
        for (index, trace) in traces.iter().enumerate() {
            let header = &trace.header;
            if (header.shape, header.domain) != (first.shape, first.domain) {
                return Err(SharedBlobError::Shape { index });
            }
            slices.push(trace.blob_words()?);
        }
        let words = slices.concat();
        if words.len() > MAX_WORDS {
            return Err(SharedBlobError::Words { got: words.len() });
        }
        let blob = CommittedBlob::new(&blob::to_file(&words))?;
        let commitments: Vec<Fr> = slices.iter().map(|words| blob::commitment(words)).collect();
        let point = blob::challenge(&blob.versioned_hash(), &first.domain, &commitments);
        Ok(Self {
            blob,
            slices,
            commitments,
            point,
        })
    }

    /// z, for [`LoadedBatchProver::prove_with_blob`](crate::LoadedBatchProver::prove_with_blob).
    #[must_use]
    pub const fn point(&self) -> BlobScalar {
        self.point
    }

    /// The blob, which goes beside the transaction.
    #[must_use]
    pub const fn blob(&self) -> &CommittedBlob {
        &self.blob
    }

    /// The call that settles the batches, proven at this blob's point, in the order in which the blob has them.
    ///
    /// # Errors
    /// If they are other batches, do not follow each other, or may take more gas than a transaction can ask for
    /// (EIP-7825). Whether the proofs are valid, [`ProvenBatch::verify`] says.
    pub fn call(&self, batches: &[ProvenBatch]) -> Result<rollup::BlobCall, SettlementError> {
        let (expected, got) = (self.slices.len(), batches.len());
        if expected != got {
            return Err(SettlementError::BlobBatches { expected, got });
        }
        let (heads, data) = parts(batches, DataForm::Blob)?;
        for (index, (batch, words)) in batches.iter().zip(&self.slices).enumerate() {
            let same = batch
                .blob
                .as_ref()
                .is_some_and(|slice| slice.point == self.point && slice.words == *words);
            if !same {
                return Err(SettlementError::OtherBlob { index });
            }
        }
        let slices = self.slices.iter().zip(&self.commitments);
        let slices = slices.map(|(words, commitment)| rollup::BlobSlice {
            commitment: *commitment,
            value: scalar_to_word(&blob::evaluate(words, self.point)),
        });
        let opening = self
            .blob
            .open(&scalar_to_word(&self.point))
            .expect("a blob that was committed to opens at every point below q");
        Ok(rollup::BlobCall {
            batches: heads,
            slices: slices.collect(),
            kzg_commitment: self.blob.commitment(),
            kzg_proof: opening.proof,
            data,
        })
    }
}
