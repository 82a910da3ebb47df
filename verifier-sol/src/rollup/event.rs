//! The contract's events. With the calldata of the batches they are all that it takes to rebuild the state.
//!
//! Decoders answer `None` for entries of other events; the caller compares the entry's address with the
//! contract's.

use super::queue::{Entry, EntryKind};
use super::{address, integer, small};
use crate::abi::{Address, Log, Word, fr_from_word, keccak256};
use ark_bn254::Fr;

/// Signature of the event of a settled batch.
pub const BATCH_SETTLED: &str = "BatchSettled(uint64,uint256,uint256,uint40,uint256,uint64)";

const ENTRY_QUEUED: &str =
    "EntryQueued(uint64,uint8,uint32,uint40,address,uint128,uint256,uint256,uint40)";
const TOKEN_REGISTERED: &str = "TokenRegistered(uint32,address)";
const WITHDRAWN: &str = "Withdrawn(uint32,address,uint256)";
const FROZEN: &str = "Frozen(uint64)";
const ESCAPED: &str = "Escaped(uint40,uint32,address,uint128)";
const RECLAIMED: &str = "Reclaimed(uint64,uint32,address,uint128)";

/// The event of a settled batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchSettled {
    /// 1 for the first batch.
    pub batch_number: u64,
    /// State root before the batch.
    pub pre_state_root: Fr,
    /// State root after the batch.
    pub post_state_root: Fr,
    /// The batch's Unix time in seconds.
    pub timestamp: u64,
    /// The Poseidon commitment to the batch's words.
    pub commitment: Fr,
    /// Number of entries of the queue that are consumed.
    pub consumed: u64,
}

impl BatchSettled {
    /// The event in a log entry, or `None` if the entry is another one.
    pub fn decode(log: &Log) -> Option<Self> {
        match Event::decode(log)? {
            Event::BatchSettled(event) => Some(event),
            _ => None,
        }
    }
}

/// An event of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A batch was settled.
    BatchSettled(BatchSettled),
    /// An entry was queued.
    EntryQueued {
        /// Its place in the queue, 0 for the first one.
        index: u64,
        /// The entry.
        entry: Entry,
    },
    /// An ERC-20 has an id.
    TokenRegistered {
        /// The id.
        id: u32,
        /// The token's contract.
        token: Address,
    },
    /// What was owed was paid.
    Withdrawn {
        /// The token's id.
        token: u32,
        /// Who was paid.
        owner: Address,
        /// A 256-bit integer: the sum of debts that are each below 2^128.
        amount: Word,
    },
    /// The contract froze.
    Frozen {
        /// The entry that had waited for too long.
        index: u64,
    },
    /// An account of the last state is paid.
    Escaped {
        /// The account.
        account: u64,
        /// Its token.
        token: u32,
        /// Who is owed.
        recipient: Address,
        /// How much.
        balance: u128,
    },
    /// A deposit that was not consumed is given back.
    Reclaimed {
        /// The entry's place in the queue.
        index: u64,
        /// Its token.
        token: u32,
        /// Who is owed.
        owner: Address,
        /// How much.
        amount: u128,
    },
}

impl Event {
    /// The event in a log entry, or `None` if it is none of the contract's.
    pub fn decode(log: &Log) -> Option<Self> {
        let (signature, indexed) = log.topics.split_first()?;
        let (words, rest) = log.data.as_chunks::<32>();
        if !rest.is_empty() {
            return None;
        }
        let is = |text: &str| *signature == keccak256(text.as_bytes());
        let token = |word| small(word, 1 << 32).map(|token| token as u32);
        let seconds = |word| small(word, 1 << 40);
        let number = |word| integer(word).and_then(|value| u64::try_from(value).ok());

        if is(BATCH_SETTLED)
            && let ([batch_number], [pre, post, timestamp, commitment, consumed]) = (indexed, words)
        {
            return Some(Self::BatchSettled(BatchSettled {
                batch_number: number(batch_number)?,
                pre_state_root: fr_from_word(pre)?,
                post_state_root: fr_from_word(post)?,
                timestamp: seconds(timestamp)?,
                commitment: fr_from_word(commitment)?,
                consumed: number(consumed)?,
            }));
        }
        if is(ENTRY_QUEUED)
            && let ([index, owner], [kind, id, account, amount, ax, ay, timestamp]) =
                (indexed, words)
        {
            return Some(Self::EntryQueued {
                index: number(index)?,
                entry: Entry {
                    kind: EntryKind::from_number(small(kind, 1 << 8)? as u8)?,
                    token: token(id)?,
                    account: small(account, 1 << 40)?,
                    owner: address(owner)?,
                    amount: integer(amount)?,
                    ax: fr_from_word(ax)?,
                    ay: fr_from_word(ay)?,
                    timestamp: seconds(timestamp)?,
                },
            });
        }
        match (indexed, words) {
            ([id, contract], []) if is(TOKEN_REGISTERED) => Some(Self::TokenRegistered {
                id: token(id)?,
                token: address(contract)?,
            }),
            ([id, owner], [amount]) if is(WITHDRAWN) => Some(Self::Withdrawn {
                token: token(id)?,
                owner: address(owner)?,
                amount: *amount,
            }),
            ([], [index]) if is(FROZEN) => Some(Self::Frozen {
                index: number(index)?,
            }),
            ([account, recipient], [id, balance]) if is(ESCAPED) => Some(Self::Escaped {
                account: small(account, 1 << 40)?,
                token: token(id)?,
                recipient: address(recipient)?,
                balance: integer(balance)?,
            }),
            ([index, owner], [id, amount]) if is(RECLAIMED) => Some(Self::Reclaimed {
                index: number(index)?,
                token: token(id)?,
                owner: address(owner)?,
                amount: integer(amount)?,
            }),
            _ => None,
        }
    }
}
