//! The state from the chain alone.

use std::collections::VecDeque;

use thiserror::Error;
use zkroll_circuits::protocol::{
    ledger::{Ledger, ReplayError},
    public_data::{BatchShape, DataError, Header, PublicData},
    queue::{Entry, EntryError},
    uint::{OutOfRange, U40},
};
use zkroll_prover::Fr;
use zkroll_verifier_sol::{
    calldata::CalldataError,
    rollup::{self, BatchCall, BatchSettled},
};

/// Why what a contract emitted does not continue a replica. The replica is then as before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplicaError {
    /// The calldata are no call that settles a batch.
    #[error(transparent)]
    Calldata(#[from] CalldataError),
    /// The call's data are malformed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The timestamp has more than 40 bits.
    #[error("batch timestamp: {0}")]
    Timestamp(#[from] OutOfRange),
    /// The contract queues no such entry.
    #[error("entry of the L1 queue: {0}")]
    Entry(#[from] EntryError),
    /// An entry is not the queue's next one.
    #[error("expected entry {expected} of the L1 queue, got entry {got}")]
    EntryOrder {
        /// Entries seen so far.
        expected: u64,
        /// The entry's place.
        got: u64,
    },
    /// The batch consumed other entries than those seen.
    #[error(
        "entry {index} of the L1 queue: expected the one that the contract queued, got another"
    )]
    EntryMismatch {
        /// Its place in the queue.
        index: u64,
    },
    /// The call commits to other words than it shows.
    #[error("expected the commitment {expected} of the call's data, got {got}")]
    Commitment {
        /// Of the data.
        expected: Fr,
        /// Of the call.
        got: Fr,
    },
    /// The event is not the call's.
    #[error("expected the event of this call, got that of batch {batch_number}")]
    Event {
        /// The event's.
        batch_number: u64,
    },
    /// The batch does not continue the ledger.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// A ledger that follows a contract: it sees the queue's events and, for every settled batch, the event and the
/// calldata of the call that emitted it, in the chain's order, and nothing else.
///
/// The contract checked the proofs. What is checked here is that the data are those that were proven, and that
/// the ledger comes to the same roots: with a genesis that everybody knows, anyone can hold the state from which
/// accounts escape.
///
/// To survive a restart, hand what [`settle`](Self::settle) returns and every entry to a `Store` of the feature
/// `store`, and [`resume`](Self::resume) from it.
///
/// A batch that was sent through another contract has its calldata in that call's trace, not in the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    ledger: Ledger,
    shape: BatchShape,
    /// Entries that are queued and not consumed.
    waiting: VecDeque<Entry>,
}

impl Replica {
    /// Follows a contract for batches of `shape` from the state `ledger`, none of whose queue's entries is
    /// waiting.
    #[must_use]
    pub fn new(ledger: Ledger, shape: BatchShape) -> Self {
        Self {
            ledger,
            shape,
            waiting: VecDeque::new(),
        }
    }

    /// Goes on from the state `ledger`, with the entries that were queued and not consumed then.
    #[must_use]
    pub fn resume(
        ledger: Ledger,
        shape: BatchShape,
        waiting: impl IntoIterator<Item = Entry>,
    ) -> Self {
        Self {
            ledger,
            shape,
            waiting: waiting.into_iter().collect(),
        }
    }

    /// The state after the last batch.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Entries that no batch has consumed, in order.
    pub fn waiting(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.waiting.iter()
    }

    /// Takes note of an entry at its place in the queue, from `EntryQueued`, and returns it.
    ///
    /// # Errors
    /// If it is not the next one, or none that a contract queues.
    pub fn queue(&mut self, index: u64, entry: &rollup::Entry) -> Result<Entry, ReplicaError> {
        let expected = self.ledger.consumed() + self.waiting.len() as u64;
        if index != expected {
            let got = index;
            return Err(ReplicaError::EntryOrder { expected, got });
        }
        let entry = Entry::decode(&entry.encode())?;
        self.waiting.push_back(entry);
        Ok(entry)
    }

    /// Applies the batch that a call of `submitBatch` settled, and returns what it published.
    ///
    /// # Errors
    /// If the calldata are not those of the event, or the batch does not continue the ledger.
    pub fn settle(
        &mut self,
        event: &BatchSettled,
        calldata: &[u8],
    ) -> Result<PublicData, ReplicaError> {
        let call = BatchCall::decode(calldata)?;
        let consumed = self.ledger.consumed();
        let header = Header {
            domain: *self.ledger.domain(),
            timestamp: U40::try_from(call.timestamp)?,
            batch_number: event.batch_number,
            shape: self.shape,
            pre_root: event.pre_state_root,
            post_root: call.post_state_root,
            consumed_before: consumed,
            consumed_after: event.consumed,
        };
        let data = PublicData::decode(header, &call.data)?;
        for (position, slot) in data.l1().iter().enumerate() {
            if self.waiting.get(position) != Some(&slot.entry) {
                let index = consumed + position as u64;
                return Err(ReplicaError::EntryMismatch { index });
            }
        }
        let [expected, ..] = data.public_inputs();
        let got = call.commitment;
        if got != expected {
            return Err(ReplicaError::Commitment { expected, got });
        }
        let of_call = (call.timestamp, call.post_state_root, call.commitment);
        if of_call != (event.timestamp, event.post_state_root, event.commitment) {
            let batch_number = event.batch_number;
            return Err(ReplicaError::Event { batch_number });
        }
        self.ledger.apply_public_data(&data)?;
        self.waiting.drain(..data.l1().len());
        Ok(data)
    }
}
