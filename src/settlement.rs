//! From proven batches to the one call that settles them.

use thiserror::Error;
use zkroll_circuits::protocol::public_data::{DataError, DataForm};
use zkroll_verifier_sol::rollup::{
    BatchHead, BatchesCall,
    gas::{GasCapError, Settlement},
};

use crate::ProvenBatch;

/// Why proven batches do not go into one call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SettlementError {
    /// There is no batch.
    #[error("expected a batch to settle, got none")]
    NoBatches,
    /// A batch's public data are malformed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A batch has another form than the call.
    #[error("batch {index} of the call: expected operations in {expected:?}, got {got:?}")]
    Form {
        /// Its place.
        index: usize,
        /// The call's.
        expected: DataForm,
        /// The batch's.
        got: DataForm,
    },
    /// A batch does not continue the one before it.
    #[error("batch {index} of the call does not continue the one before it")]
    Gap {
        /// Its place.
        index: usize,
    },
    /// The blob is that of other batches.
    #[error(
        "batch {index} of the call: expected the operations and the point of the blob, got others"
    )]
    OtherBlob {
        /// Its place.
        index: usize,
    },
    /// Another number of batches than the blob was made for.
    #[error("expected the {expected} batches of the blob, got {got}")]
    BlobBatches {
        /// The blob's.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// No transaction may ask for the gas.
    #[error(transparent)]
    GasCap(#[from] GasCapError),
}

/// The call that settles batches in calldata, each on top of the one before, with one check of all proofs.
///
/// # Errors
/// If they do not follow each other, are of another form, or may take more gas than a transaction can ask for
/// (EIP-7825). Whether the proofs are valid, [`ProvenBatch::verify`] says.
pub fn batches_call(batches: &[ProvenBatch]) -> Result<BatchesCall, SettlementError> {
    let (batches, data) = parts(batches, DataForm::Calldata)?;
    Ok(BatchesCall { batches, data })
}

/// The batches as a call has them and what they show, if it is one call that the contract can take.
pub(crate) fn parts(
    batches: &[ProvenBatch],
    form: DataForm,
) -> Result<(Vec<BatchHead>, Vec<u8>), SettlementError> {
    check_course(batches, form)?;
    let mut heads = Vec::with_capacity(batches.len());
    let mut data = Vec::new();
    let mut settlement = Settlement {
        blob: form == DataForm::Blob,
        ..Settlement::default()
    };
    for batch in batches {
        let public_data = batch.public_data()?;
        let [commitment, ..] = public_data.public_inputs();
        heads.push(BatchHead {
            timestamp: batch.header.timestamp.get(),
            post_state_root: batch.header.post_root,
            commitment,
            proof: batch.proof.proof.clone(),
        });
        data.extend_from_slice(&batch.data);
        settlement.batches += 1;
        settlement.l1_slots += public_data.l1().len();
        settlement.fee_slots += public_data.fee_slots().len();
        settlement.withdrawals += public_data.withdrawals().len();
        settlement.creations += public_data.creations().len();
        settlement.data_bytes += batch.data.len();
    }
    settlement.check()?;
    Ok((heads, data))
}

/// Checks that there are batches of one form, each on top of the one before.
fn check_course(batches: &[ProvenBatch], expected: DataForm) -> Result<(), SettlementError> {
    if batches.is_empty() {
        return Err(SettlementError::NoBatches);
    }
    for (index, batch) in batches.iter().enumerate() {
        let got = batch.header.shape.form;
        if got != expected {
            return Err(SettlementError::Form {
                index,
                expected,
                got,
            });
        }
    }
    for (index, pair) in batches.windows(2).enumerate() {
        let [before, after] = [&pair[0].header, &pair[1].header];
        let continues = before.post_root == after.pre_root
            && before.consumed_after == after.consumed_before
            && before.batch_number.checked_add(1) == Some(after.batch_number)
            && before.domain == after.domain
            && before.shape == after.shape;
        if !continues {
            let index = index + 1;
            return Err(SettlementError::Gap { index });
        }
    }
    Ok(())
}
