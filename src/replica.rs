//! The state from the chain alone.

use std::collections::{BTreeMap, VecDeque};

use thiserror::Error;
use zkroll_circuits::protocol::{
    blob::{self, BlobScalar, FileError, Word},
    ledger::{Before, Ledger, ReplayError},
    public_data::{BatchShape, DataError, Header, PublicData},
    queue::{Entry, EntryError},
    transfer::Domain,
    uint::{OutOfRange, U40},
};
use zkroll_prover::Fr;
use zkroll_verifier_sol::{
    calldata::CalldataError,
    rollup::{self, BatchHead, BatchSettled, BlobSlice, SettleCall},
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
    /// The call emitted as many events as it has batches, and others came.
    #[error("expected {expected} events of the call, got {got}")]
    EventCount {
        /// Batches of the call.
        expected: usize,
        /// Events.
        got: usize,
    },
    /// The replica follows a contract without batches in blobs.
    #[error("expected a batch in calldata, got one in a blob: the replica knows no shape of such")]
    NoBlobShape,
    /// The call's operations are in a blob, and none came.
    #[error("expected the transaction's blob, got none")]
    BlobMissing,
    /// The bytes are no blob of words.
    #[error(transparent)]
    BlobFile(#[from] FileError),
    /// The blob is another transaction's.
    #[error("batch {index} of the call: expected its operations in the blob, got others")]
    OtherBlob {
        /// Its place.
        index: usize,
    },
    /// The batch does not continue the ledger.
    #[error(transparent)]
    Replay(#[from] ReplayError),
}

/// A ledger that follows a contract: it sees the queue's events and, for every settled batch, the event, the
/// calldata of the call that emitted it and the transaction's blob if its operations are there, in the chain's order,
/// and nothing else.
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
    shapes: Shapes,
    /// Entries that are queued and not consumed.
    waiting: VecDeque<Entry>,
}

/// The contract's batches, by where their operations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shapes {
    calldata: BatchShape,
    blob: Option<BatchShape>,
}

impl Replica {
    /// Follows a contract for batches of `shape` from the state `ledger`, none of whose queue's entries is
    /// waiting.
    #[must_use]
    pub fn new(ledger: Ledger, shape: BatchShape) -> Self {
        Self::resume(ledger, shape, [])
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
            shapes: Shapes {
                calldata: shape,
                blob: None,
            },
            waiting: waiting.into_iter().collect(),
        }
    }

    /// Follows a contract that takes batches of `shape` from blobs, too.
    #[must_use]
    pub fn with_blobs(mut self, shape: BatchShape) -> Self {
        self.shapes.blob = Some(shape);
        self
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

    /// Applies the only batch that a call settled without a blob, and returns what it published.
    ///
    /// # Errors
    /// As [`settle_all`](Self::settle_all).
    pub fn settle(
        &mut self,
        event: &BatchSettled,
        calldata: &[u8],
    ) -> Result<PublicData, ReplicaError> {
        let mut all = self.settle_all(std::slice::from_ref(event), calldata, None)?;
        Ok(all.remove(0))
    }

    /// Applies the batches that a call settled, and returns what they published. `events` are those that the call
    /// emitted, in order, and `blob` the transaction's blob if the operations are there: 131,072 bytes.
    ///
    /// # Errors
    /// If the calldata are not those of the events, the blob is not that of the calldata, or a batch does not
    /// continue the ledger. The replica is then as before.
    pub fn settle_all(
        &mut self,
        events: &[BatchSettled],
        calldata: &[u8],
        blob: Option<&[u8]>,
    ) -> Result<Vec<PublicData>, ReplicaError> {
        let settled = Settled::read(&self.shapes, self.ledger.domain(), calldata, blob)?;
        let (expected, got) = (settled.heads.len(), events.len());
        if expected != got {
            return Err(ReplicaError::EventCount { expected, got });
        }
        let start = self.ledger.checkpoint();
        let waiting = self.waiting.clone();
        let mut changed = BTreeMap::new();
        let mut all = Vec::with_capacity(events.len());
        let mut rest = &settled.data[..];
        for (index, (event, head)) in events.iter().zip(&settled.heads).enumerate() {
            let applied = settled
                .batch(index, &mut rest, self.ledger.consumed(), event)
                .and_then(|data| self.apply(&data, event, head).map(|before| (data, before)));
            match applied {
                Ok((data, before)) => {
                    for Before { index, account, .. } in before {
                        changed.entry(index).or_insert(account);
                    }
                    all.push(data);
                }
                Err(error) => {
                    self.ledger
                        .restore(&start, changed)
                        .expect("the ledger had these accounts before the call");
                    self.waiting = waiting;
                    return Err(error);
                }
            }
        }
        Ok(all)
    }

    /// Applies one batch, all of whose data must have been read.
    fn apply(
        &mut self,
        data: &PublicData,
        event: &BatchSettled,
        head: &BatchHead,
    ) -> Result<Vec<Before>, ReplicaError> {
        let consumed = self.ledger.consumed();
        for (position, slot) in data.l1().iter().enumerate() {
            if self.waiting.get(position) != Some(&slot.entry) {
                let index = consumed + position as u64;
                return Err(ReplicaError::EntryMismatch { index });
            }
        }
        let [expected, ..] = data.public_inputs();
        let got = head.commitment;
        if got != expected {
            return Err(ReplicaError::Commitment { expected, got });
        }
        let of_call = (head.timestamp, head.post_state_root, head.commitment);
        if of_call != (event.timestamp, event.post_state_root, event.commitment) {
            let batch_number = event.batch_number;
            return Err(ReplicaError::Event { batch_number });
        }
        let before = self.ledger.apply_public_data(data)?;
        self.waiting.drain(..data.l1().len());
        Ok(before)
    }
}

/// What a call says.
struct Settled {
    shape: BatchShape,
    domain: Domain,
    heads: Vec<BatchHead>,
    data: Vec<u8>,
    blob: Option<SettledBlob>,
}

struct SettledBlob {
    /// Of the whole blob.
    words: Vec<Word>,
    point: BlobScalar,
    slices: Vec<BlobSlice>,
}

impl Settled {
    fn read(
        shapes: &Shapes,
        domain: &Domain,
        calldata: &[u8],
        blob: Option<&[u8]>,
    ) -> Result<Self, ReplicaError> {
        let call = SettleCall::decode(calldata)?;
        let (shape, heads, data, blob) = match call {
            SettleCall::One(call) => (shapes.calldata, vec![call.head()], call.data, None),
            SettleCall::Several(call) => (shapes.calldata, call.batches, call.data, None),
            SettleCall::Blob(call) => {
                let shape = shapes.blob.ok_or(ReplicaError::NoBlobShape)?;
                let bytes = blob.ok_or(ReplicaError::BlobMissing)?;
                let commitments: Vec<Fr> =
                    call.slices.iter().map(|slice| slice.commitment).collect();
                let blob = SettledBlob {
                    words: blob::from_file(bytes)?,
                    point: blob::challenge(&call.versioned_hash(), domain, &commitments),
                    slices: call.slices,
                };
                (shape, call.batches, call.data, Some(blob))
            }
        };
        Ok(Self {
            shape,
            domain: *domain,
            heads,
            data,
            blob,
        })
    }

    /// What batch `index` published; `rest` are the data of it and of those after it.
    fn batch(
        &self,
        index: usize,
        rest: &mut &[u8],
        consumed_before: u64,
        event: &BatchSettled,
    ) -> Result<PublicData, ReplicaError> {
        let head = &self.heads[index];
        let header = Header {
            domain: self.domain,
            timestamp: U40::try_from(head.timestamp)?,
            batch_number: event.batch_number,
            shape: self.shape,
            pre_root: event.pre_state_root,
            post_root: head.post_state_root,
            consumed_before,
            consumed_after: event.consumed,
        };
        let last = index + 1 == self.heads.len();
        let bytes = match last {
            // All of the data must be some batch's.
            true => std::mem::take(rest),
            false => {
                let (bytes, others) = PublicData::split_first(&self.shape, rest)?;
                *rest = others;
                bytes
            }
        };
        let Some(blob) = &self.blob else {
            return Ok(PublicData::decode(header, bytes)?);
        };
        let n = self.shape.transfer_words();
        let end = (index + 1) * n;
        let words = blob
            .words
            .get(index * n..end)
            .ok_or(ReplicaError::OtherBlob { index })?;
        // C₁ fixes the words: what the sender of the blob says of them needs no other check.
        if blob::commitment(words) != blob.slices[index].commitment {
            return Err(ReplicaError::OtherBlob { index });
        }
        if last
            && blob.words[end..]
                .iter()
                .any(|word| *word != Word::default())
        {
            return Err(ReplicaError::OtherBlob { index });
        }
        Ok(PublicData::decode_with_blob(
            header, bytes, words, blob.point,
        )?)
    }
}
