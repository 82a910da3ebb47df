//! What applying a batch passes through: the circuit's witness, and the batch's public data.

use ark_bn254::Fr;
use serde::{Deserialize, Serialize};

use crate::protocol::{
    account::Account,
    field,
    public_data::{DataError, FeeSlot, Header, PublicData, PublicTransfer},
    transfer::SignedTransfer,
    tree::Path,
};

/// One transfer: the sender's leaf is replaced first, the receiver's then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TransferTrace {
    /// What was applied.
    pub transfer: SignedTransfer,
    /// The sender's account before.
    pub sender: Account,
    /// The sender's path before any change.
    pub sender_path: Path,
    /// The receiver's account after the sender's update (which shows in a transfer to oneself),
    /// before the credit.
    pub receiver: Account,
    /// The receiver's path after the sender's update.
    pub receiver_path: Path,
    /// The state root before.
    #[serde(with = "field::element")]
    pub root_before: Fr,
    /// The state root after.
    #[serde(with = "field::element")]
    pub root_after: Fr,
}

/// One used fee slot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeeTrace {
    /// The slot.
    pub slot: FeeSlot,
    /// Its account before the credit.
    pub account: Account,
    /// The account's path before the credit.
    pub path: Path,
    /// The fees of the slot's token in the batch.
    #[serde(with = "field::decimal")]
    pub fees: u128,
    /// The state root before.
    #[serde(with = "field::element")]
    pub root_before: Fr,
    /// The state root after.
    #[serde(with = "field::element")]
    pub root_after: Fr,
}

/// One batch: its transfers in order, then its fee slots in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchTrace {
    /// What the header words say.
    pub header: Header,
    /// At most N; the slots after them are unused.
    pub transfers: Vec<TransferTrace>,
    /// At most F; `None` and the slots after them are unused.
    pub fees: Vec<Option<FeeTrace>>,
}

impl BatchTrace {
    /// What the batch publishes: its words, the call's bytes and the proof's public inputs.
    ///
    /// # Errors
    /// If there are more slots than the header's shape has; never for the trace of a batch that a
    /// ledger applied.
    pub fn public_data(&self) -> Result<PublicData, DataError> {
        let shape = &self.header.shape;
        let transfers = self.transfers.iter();
        let transfers = transfers.map(|trace| PublicTransfer::from(&trace.transfer.transfer));
        let fees = self.fees.iter();
        let fees = fees.map(|trace| trace.as_ref().map(|trace| trace.slot));
        PublicData::new(
            self.header,
            pad(fees, shape.fee_slots),
            pad(transfers.map(Some), shape.transfers),
        )
    }
}

/// The slots, and unused ones after them if there are fewer than `len`.
fn pad<T: Clone>(slots: impl ExactSizeIterator<Item = Option<T>>, len: u32) -> Vec<Option<T>> {
    let unused = (len as usize).saturating_sub(slots.len());
    slots.chain(std::iter::repeat_n(None, unused)).collect()
}
