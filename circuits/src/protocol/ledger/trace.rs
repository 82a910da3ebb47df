//! What applying a batch passes through: the circuit's witness, and the batch's public data.

use ark_bn254::Fr;
use serde::{Deserialize, Serialize};

use crate::protocol::{
    account::{Account, AccountIndex},
    blob::{BlobScalar, Word},
    field,
    public_data::{DataError, FeeSlot, Header, PublicData, PublicTransfer, Slots, Withdrawal},
    queue::L1Slot,
    transfer::{Recipient, SignedTransfer},
    tree::Path,
};

/// An account and its path, as they were before something touched them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// The account's index.
    pub index: AccountIndex,
    /// The account, if there was one.
    pub account: Option<Account>,
    /// Its path.
    pub path: Path,
}

/// One entry of the L1 queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct L1Trace {
    /// The entry and what became of it.
    pub slot: L1Slot,
    /// The account that it creates or names.
    pub index: AccountIndex,
    /// That account before.
    pub account: Option<Account>,
    /// Its path before.
    pub path: Path,
    /// The state root before.
    #[serde(with = "field::element")]
    pub root_before: Fr,
    /// The state root after.
    #[serde(with = "field::element")]
    pub root_after: Fr,
}

/// What a transfer changes beside the sender's account, after which it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ReceiverTrace {
    /// An account gets the amount.
    Account {
        /// The account before the credit, which in a transfer to oneself is after the debit.
        account: Account,
        /// Its path before the credit.
        path: Path,
    },
    /// An account is created.
    NewAccount {
        /// Its index.
        index: AccountIndex,
        /// Its path before.
        path: Path,
    },
    /// No account: a withdrawal.
    L1,
}

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
    /// What else changed.
    pub receiver: ReceiverTrace,
    /// The state root before.
    #[serde(with = "field::element")]
    pub root_before: Fr,
    /// The state root after.
    #[serde(with = "field::element")]
    pub root_after: Fr,
}

impl TransferTrace {
    /// What the batch publishes of the transfer.
    pub fn public(&self) -> PublicTransfer {
        let transfer = &self.transfer.transfer;
        PublicTransfer {
            operation: transfer.recipient.operation(),
            from: transfer.from,
            to: match &self.receiver {
                ReceiverTrace::NewAccount { index, .. } => *index,
                _ => transfer.recipient.index(),
            },
            amount: transfer.amount,
            fee: transfer.fee,
        }
    }
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

/// One batch: the entries of the L1 queue, its transfers, its fee slots, each in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BatchTrace {
    /// What the header words say.
    pub header: Header,
    /// At most L; the slots after them are unused.
    pub l1: Vec<L1Trace>,
    /// At most N; the slots after them are unused.
    pub transfers: Vec<TransferTrace>,
    /// At most F; `None` and the slots after them are unused.
    pub fees: Vec<Option<FeeTrace>>,
}

impl BatchTrace {
    /// The accounts that the batch touches, in the order of its changes: each as it was before the change, so that
    /// of several with one index the first is as it was before the batch, and of several paths through one node
    /// the first has the node as it was then.
    pub fn before(&self) -> Vec<Before> {
        let before = |index, account: Option<&Account>, path: &Path| Before {
            index,
            account: account.cloned(),
            path: path.clone(),
        };
        let mut all = Vec::new();
        for step in &self.l1 {
            all.push(before(step.index, step.account.as_ref(), &step.path));
        }
        for step in &self.transfers {
            let (from, to) = (step.transfer.transfer.from, step.public().to);
            all.push(before(from, Some(&step.sender), &step.sender_path));
            match &step.receiver {
                ReceiverTrace::Account { account, path } => {
                    all.push(before(to, Some(account), path));
                }
                ReceiverTrace::NewAccount { path, .. } => all.push(before(to, None, path)),
                ReceiverTrace::L1 => {}
            }
        }
        for step in self.fees.iter().flatten() {
            all.push(before(step.slot.account, Some(&step.account), &step.path));
        }
        all
    }

    /// What the batch publishes: its words, the call's bytes and the proof's public inputs.
    ///
    /// # Errors
    /// If there are more slots than the header's shape has, or the shape is for blobs; never else for the
    /// trace of a batch that a ledger applied.
    pub fn public_data(&self) -> Result<PublicData, DataError> {
        self.publish(None)
    }

    /// What the batch publishes if its operations are in a blob that is evaluated at `z`.
    ///
    /// # Errors
    /// As [`public_data`](Self::public_data), for shapes whose operations are in calldata.
    pub fn public_data_with_blob(&self, z: BlobScalar) -> Result<PublicData, DataError> {
        self.publish(Some(z))
    }

    /// The batch's slice of a blob: ⌈N/2⌉ words.
    ///
    /// # Errors
    /// As [`public_data_with_blob`](Self::public_data_with_blob).
    pub fn blob_words(&self) -> Result<Vec<Word>, DataError> {
        // The words do not depend on the point.
        Ok(self.publish(Some(BlobScalar::default()))?.blob_words())
    }

    fn publish(&self, blob_point: Option<BlobScalar>) -> Result<PublicData, DataError> {
        let shape = &self.header.shape;
        let transfers = self.transfers.iter();
        let fees = self.fees.iter();
        let fees = fees.map(|trace| trace.as_ref().map(|trace| trace.slot));
        let (mut withdrawals, mut creations) = (Vec::new(), Vec::new());
        for trace in &self.transfers {
            let transfer = &trace.transfer.transfer;
            withdrawals.extend(Withdrawal::of(transfer));
            if let Recipient::NewAccount(key) = transfer.recipient {
                creations.push(key);
            }
        }
        PublicData::new(Slots {
            header: self.header,
            l1: self.l1.iter().map(|trace| trace.slot).collect(),
            fee_slots: pad(fees, shape.fee_slots),
            withdrawals,
            creations,
            transfers: pad(transfers.map(|trace| Some(trace.public())), shape.transfers),
            blob_point,
        })
    }
}

/// The slots, and unused ones after them if there are fewer than `len`.
fn pad<T: Clone>(slots: impl ExactSizeIterator<Item = Option<T>>, len: u32) -> Vec<Option<T>> {
    let unused = (len as usize).saturating_sub(slots.len());
    slots.chain(std::iter::repeat_n(None, unused)).collect()
}
