//! Why a store is not made, opened, changed or read.

use std::{io, path::PathBuf};

use thiserror::Error;
use zkroll_circuits::protocol::{
    account::AccountError,
    field::ParseFieldError,
    ledger::{BatchError, LedgerError, ReplayError},
    public_data::DataError,
    queue::EntryError,
    transfer::Address,
    tree::TreeError,
    uint::OutOfRange,
};

/// Why a store is not made, opened, changed or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// There is a file where a store was to be made.
    #[error("expected no file at {path}, got one", path = .path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{path}: {source}", path = .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody has the file open: another process, or this one.
    #[error("expected a store that nobody has open, got one in use")]
    InUse,
    /// The file is none of ours.
    #[error("expected a zkroll store, got {got}")]
    NotAStore {
        /// What it is.
        got: &'static str,
    },
    /// The file has another format.
    #[error("expected a store of format version {expected}, got {got}")]
    Version {
        /// This crate's.
        expected: u8,
        /// The file's.
        got: u8,
    },
    /// The file is from another version of the protocol.
    #[error("expected a store for version {expected} of the protocol, got {got}")]
    Protocol {
        /// This crate's.
        expected: u8,
        /// The file's.
        got: u8,
    },
    /// The file holds a tree of another depth.
    #[error("expected a store of depth {expected}, got {got}")]
    Depth {
        /// The caller's.
        expected: usize,
        /// The file's.
        got: u8,
    },
    /// The file is for another chain.
    #[error("expected a store for chain {expected}, got {got}")]
    Chain {
        /// The caller's.
        expected: u64,
        /// The file's.
        got: u64,
    },
    /// The file is for another contract.
    #[error("expected a store for contract {expected}, got {got}")]
    Contract {
        /// The caller's.
        expected: Address,
        /// The file's.
        got: Address,
    },
    /// A page of the file is not what was written, or a table is missing or of another type.
    #[error("expected an intact file, got: {0}")]
    Damaged(String),
    /// A table has gaps, or records that belong nowhere.
    #[error(
        "table {table}: expected records {first}..{end} and no others, got {got} records{range}",
        range = .range.map_or(String::new(), |(first, last)| format!(" from {first} to {last}"))
    )]
    Records {
        /// The table.
        table: &'static str,
        /// The first key that there must be.
        first: u64,
        /// The key after the last one.
        end: u64,
        /// The number of records.
        got: u64,
        /// Their first and last key.
        range: Option<(u64, u64)>,
    },
    /// A record holds what this crate does not write.
    #[error("table {table}, record {key}: {source}")]
    Record {
        /// The table.
        table: &'static str,
        /// The key.
        key: String,
        /// Why.
        source: Box<RecordError>,
    },
    /// The accounts are not those of the state root.
    #[error("accounts of the store: {0}")]
    Accounts(#[from] LedgerError),
    /// A path does not lead from its account to the root of its batch.
    #[error(
        "expected a path from account {account} to the root of batch {batch_number}, got another"
    )]
    Path {
        /// The account.
        account: u64,
        /// The batch.
        batch_number: u64,
    },
    /// The account lies outside the tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The batch is refused; the store is as before.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The published batch is refused; the store is as before.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The batch has no public data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The batch is not among those that the store remembers.
    #[error("expected a batch in {oldest}..={newest}, got {got}")]
    UnknownBatch {
        /// The oldest one.
        oldest: u64,
        /// The newest one.
        newest: u64,
        /// The one asked for.
        got: u64,
    },
    /// The contract queues no such entry.
    #[error("entry {index} of the L1 queue: {source}")]
    Entry {
        /// Its place in the queue.
        index: u64,
        /// Why.
        source: EntryError,
    },
    /// An entry is not the queue's next one.
    #[error("expected entry {expected} of the L1 queue, got entry {got}")]
    EntryOrder {
        /// Entries that the store knows of.
        expected: u64,
        /// The entry's place.
        got: u64,
    },
    /// A batch consumes another entry than the one that is queued.
    #[error("entry {index} of the L1 queue: expected the one that is queued, got another")]
    EntryMismatch {
        /// Its place in the queue.
        index: u64,
    },
    /// An entry cannot be taken out of the queue.
    #[error("expected a queue of {consumed}..={queued} entries, got {got}")]
    EntryConsumed {
        /// Entries that are consumed.
        consumed: u64,
        /// Entries that the store knows of.
        queued: u64,
        /// Entries that were to remain.
        got: u64,
    },
    /// Reading or writing the file failed. The store takes no more changes; once it is opened again it is
    /// in the state before the change or after it.
    #[error("{0}")]
    Database(Box<redb::Error>),
}

/// Why a record is none that this crate writes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecordError {
    /// There is none.
    #[error("expected a record, got none")]
    Missing,
    /// Its length is wrong.
    #[error("expected {expected} bytes, got {got}")]
    Length {
        /// Of such a record.
        expected: usize,
        /// What is there.
        got: usize,
    },
    /// Bytes are no field element.
    #[error(transparent)]
    Field(#[from] ParseFieldError),
    /// An integer needs more bits than it may have.
    #[error(transparent)]
    OutOfRange(#[from] OutOfRange),
    /// A blob's point is not below q.
    #[error("expected a blob's point below q")]
    Point,
    /// An account that cannot exist.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// An entry that no contract queues.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The data of a batch are malformed.
    #[error(transparent)]
    Data(#[from] DataError),
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        use redb::Error;
        match error {
            Error::DatabaseAlreadyOpen | Error::LockProtocolMismatch => Self::InUse,
            Error::Io(error) if error.kind() == io::ErrorKind::InvalidData => Self::NotAStore {
                got: "a file that is no database",
            },
            Error::UpgradeRequired(_) => Self::NotAStore {
                got: "a database of another version",
            },
            Error::Corrupted(_)
            | Error::RepairAborted
            | Error::TableTypeMismatch { .. }
            | Error::TableIsMultimap(_)
            | Error::TableIsNotMultimap(_)
            | Error::TypeDefinitionChanged { .. }
            | Error::TableDoesNotExist(_) => Self::Damaged(error.to_string()),
            other => Self::Database(Box::new(other)),
        }
    }
}

macro_rules! from_database {
    ($($error:ty),*) => {
        $(impl From<$error> for StoreError {
            fn from(error: $error) -> Self {
                redb::Error::from(error).into()
            }
        })*
    };
}

from_database!(
    redb::CommitError,
    redb::DatabaseError,
    redb::StorageError,
    redb::TableError,
    redb::TransactionError
);
