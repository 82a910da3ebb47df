//! Tables, and the bytes of their records.
//!
//! | table | key | value |
//! |---|---|---|
//! | `format` | 0 | `"zkrstore" 8`, `version 1`, `protocol 1`, `depth 1`, `chain id 8`, `contract 20` |
//! | `accounts` | index | `Ax 32`, `Ay 32`, `token 4`, `nonce 5`, `balance 16`, `l1_owner 20`, `flags 1` |
//! | `checkpoints` | batch | `timestamp 5`, `consumed 8`, `root 32`: the state after the batch |
//! | `batches` | batch | `form 1`, `N 4`, `L 4`, `F 4`, `W 4`, `E 4`; in form 1 `z 32` and ⌈N/2⌉ words of 31; the call's data |
//! | `changed` | batch | `index 8` of every account that the batch touched, ascending |
//! | `accounts_before` | index, batch | the account before the batch, as in `accounts`; empty if there was none |
//! | `nodes_before` | height, position, batch | `32`: the node before the batch, from leaves (height 0) to below the root |
//! | `entries` | place in the queue | the 115 bytes of the entry |
//!
//! Integers and field elements are big-endian. `checkpoints` has the oldest state that the store can go back to
//! and every later one; the tables of batches have the batches after that state; `entries` those consumed since
//! then and those that wait.

use ark_bn254::Fr;
use redb::TableDefinition;
use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    blob::{self, WORD_BYTES, Word},
    eddsa::PublicKey,
    field,
    ledger::Checkpoint,
    public_data::{self, BatchShape, DataForm, Header, PublicData},
    queue::{ENTRY_BYTES, Entry},
    transfer::{Address, Domain},
    uint::{OutOfRange, U40},
};

use crate::error::{RecordError, StoreError};

/// The version of the tables below.
pub(crate) const VERSION: u8 = 1;

const MAGIC: &[u8; 8] = b"zkrstore";

/// Bytes of an account.
pub(crate) const ACCOUNT_BYTES: usize = 110;

/// Bytes of a checkpoint.
pub(crate) const CHECKPOINT_BYTES: usize = 45;

/// Bytes of a batch's shape.
const SHAPE_BYTES: usize = 21;

/// Bytes of a blob's point.
const POINT_BYTES: usize = 32;

pub(crate) const FORMAT: TableDefinition<'_, u8, &[u8]> = TableDefinition::new("format");
pub(crate) const ACCOUNTS: TableDefinition<'_, u64, &[u8; ACCOUNT_BYTES]> =
    TableDefinition::new("accounts");
pub(crate) const CHECKPOINTS: TableDefinition<'_, u64, &[u8; CHECKPOINT_BYTES]> =
    TableDefinition::new("checkpoints");
pub(crate) const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");
pub(crate) const CHANGED: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("changed");
pub(crate) const ACCOUNTS_BEFORE: TableDefinition<'_, (u64, u64), &[u8]> =
    TableDefinition::new("accounts_before");
pub(crate) const NODES_BEFORE: TableDefinition<'_, (u8, u64, u64), &[u8; 32]> =
    TableDefinition::new("nodes_before");
pub(crate) const ENTRIES: TableDefinition<'_, u64, &[u8; ENTRY_BYTES]> =
    TableDefinition::new("entries");

/// A record as a sequence of fields.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self
            .0
            .split_first_chunk()
            .expect("the record's length is checked");
        self.0 = tail;
        *head
    }

    fn u40(&mut self) -> Result<U40, RecordError> {
        let mut bytes = [0; 8];
        bytes[3..].copy_from_slice(&self.take::<5>());
        Ok(U40::try_from(u64::from_be_bytes(bytes))?)
    }

    fn element(&mut self) -> Result<Fr, RecordError> {
        Ok(field::from_be_bytes(&self.take())?)
    }
}

fn check_length(bytes: &[u8], expected: usize) -> Result<(), RecordError> {
    match bytes.len() {
        got if got == expected => Ok(()),
        got => Err(RecordError::Length { expected, got }),
    }
}

/// The record of `format`.
pub(crate) fn encode_format(domain: &Domain, depth: usize) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([VERSION, public_data::VERSION, depth as u8]);
    bytes.extend(domain.chain_id.to_be_bytes());
    bytes.extend(domain.contract.0);
    bytes
}

/// Checks that the record of `format` is this crate's, for this contract and depth.
pub(crate) fn check_format(bytes: &[u8], domain: &Domain, depth: usize) -> Result<(), StoreError> {
    let foreign = StoreError::NotAStore {
        got: "a database of another program",
    };
    let Some((magic, rest)) = bytes.split_first_chunk::<8>() else {
        return Err(foreign);
    };
    let Some((&version, rest)) = rest.split_first().filter(|_| magic == MAGIC) else {
        return Err(foreign);
    };
    if version != VERSION {
        return Err(StoreError::Version {
            expected: VERSION,
            got: version,
        });
    }
    check_length(rest, 30).map_err(|source| record("format", 0, source))?;
    let mut rest = Reader(rest);
    let [protocol, got] = rest.take();
    if protocol != public_data::VERSION {
        return Err(StoreError::Protocol {
            expected: public_data::VERSION,
            got: protocol,
        });
    }
    if usize::from(got) != depth {
        return Err(StoreError::Depth {
            expected: depth,
            got,
        });
    }
    let chain_id = u64::from_be_bytes(rest.take());
    if chain_id != domain.chain_id {
        return Err(StoreError::Chain {
            expected: domain.chain_id,
            got: chain_id,
        });
    }
    let contract = Address(rest.take());
    if contract != domain.contract {
        return Err(StoreError::Contract {
            expected: domain.contract,
            got: contract,
        });
    }
    Ok(())
}

pub(crate) fn encode_account(account: &Account) -> [u8; ACCOUNT_BYTES] {
    let Account {
        public_key,
        token,
        nonce,
        balance,
        l1_owner,
        flags,
    } = account;
    let mut bytes = [0; ACCOUNT_BYTES];
    bytes[..32].copy_from_slice(&field::to_be_bytes(&public_key.x));
    bytes[32..64].copy_from_slice(&field::to_be_bytes(&public_key.y));
    bytes[64..68].copy_from_slice(&token.to_be_bytes());
    bytes[68..73].copy_from_slice(&nonce.get().to_be_bytes()[3..]);
    bytes[73..89].copy_from_slice(&balance.to_be_bytes());
    bytes[89..109].copy_from_slice(&l1_owner.0);
    bytes[109] = *flags;
    bytes
}

/// The account, which the ledger still has to validate.
pub(crate) fn decode_account(bytes: &[u8; ACCOUNT_BYTES]) -> Result<Account, RecordError> {
    let mut rest = Reader(bytes);
    Ok(Account {
        public_key: PublicKey {
            x: rest.element()?,
            y: rest.element()?,
        },
        token: u32::from_be_bytes(rest.take()),
        nonce: rest.u40()?,
        balance: u128::from_be_bytes(rest.take()),
        l1_owner: Address(rest.take()),
        flags: u8::from_be_bytes(rest.take()),
    })
}

/// An account before a batch.
pub(crate) fn decode_account_before(bytes: &[u8]) -> Result<Option<Account>, RecordError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    check_length(bytes, ACCOUNT_BYTES)?;
    let account = decode_account(&Reader(bytes).take())?;
    account.validate()?;
    Ok(Some(account))
}

pub(crate) fn encode_checkpoint(checkpoint: &Checkpoint) -> [u8; CHECKPOINT_BYTES] {
    let mut bytes = [0; CHECKPOINT_BYTES];
    bytes[..5].copy_from_slice(&checkpoint.timestamp.get().to_be_bytes()[3..]);
    bytes[5..13].copy_from_slice(&checkpoint.consumed.to_be_bytes());
    bytes[13..].copy_from_slice(&field::to_be_bytes(&checkpoint.root));
    bytes
}

pub(crate) fn decode_checkpoint(
    batch_number: u64,
    bytes: &[u8; CHECKPOINT_BYTES],
) -> Result<Checkpoint, RecordError> {
    let mut rest = Reader(bytes);
    Ok(Checkpoint {
        batch_number,
        timestamp: rest.u40()?,
        consumed: u64::from_be_bytes(rest.take()),
        root: rest.element()?,
    })
}

/// The shape of a batch but for its depth, its operations if they are in a blob, and the call's data.
pub(crate) fn encode_batch(data: &PublicData) -> Vec<u8> {
    // A new field of a shape is a new version of the format.
    let BatchShape {
        form,
        transfers,
        l1_slots,
        fee_slots,
        withdrawals,
        creations,
        depth: _,
    } = data.header().shape;
    let mut bytes = vec![match form {
        DataForm::Calldata => 0,
        DataForm::Blob => 1,
    }];
    for count in [transfers, l1_slots, fee_slots, withdrawals, creations] {
        bytes.extend(count.to_be_bytes());
    }
    if let Some(point) = &data.slots().blob_point {
        bytes.extend(blob::scalar_to_word(point));
        bytes.extend(data.blob_words().into_iter().flat_map(Word::to_be_bytes));
    }
    bytes.extend(data.encode());
    bytes
}

/// The public data of a batch with this header, but for the shape in it, of which only the depth counts.
pub(crate) fn decode_batch(mut header: Header, bytes: &[u8]) -> Result<PublicData, RecordError> {
    let too_short = |expected| RecordError::Length {
        expected,
        got: bytes.len(),
    };
    let (shape, rest) = bytes
        .split_first_chunk::<SHAPE_BYTES>()
        .ok_or_else(|| too_short(SHAPE_BYTES))?;
    let mut shape = Reader(shape);
    let out_of_range = |what, bits, got| RecordError::OutOfRange(OutOfRange { what, bits, got });
    let form = match u8::from_be_bytes(shape.take()) {
        0 => DataForm::Calldata,
        1 => DataForm::Blob,
        got => return Err(out_of_range("a form of public data", 1, got.into())),
    };
    let counts = [(); 5].map(|()| u32::from_be_bytes(shape.take()));
    if let Some(&got) = counts.iter().find(|count| **count > public_data::MAX_SLOTS) {
        return Err(out_of_range("a number of slots", 16, got.into()));
    }
    let [transfers, l1_slots, fee_slots, withdrawals, creations] = counts;
    header.shape = BatchShape {
        form,
        transfers,
        l1_slots,
        fee_slots,
        withdrawals,
        creations,
        depth: header.shape.depth,
    };
    if form == DataForm::Calldata {
        return Ok(PublicData::decode(header, rest)?);
    }
    let words = header.shape.transfer_words();
    let operations = POINT_BYTES + words * WORD_BYTES;
    let (operations, data) = rest
        .split_at_checked(operations)
        .ok_or_else(|| too_short(SHAPE_BYTES + operations))?;
    let mut operations = Reader(operations);
    let point = blob::scalar_from_word(&operations.take()).ok_or(RecordError::Point)?;
    let words: Vec<_> = (0..words)
        .map(|_| Word::from_be_bytes(&operations.take()))
        .collect();
    Ok(PublicData::decode_with_blob(header, data, &words, point)?)
}

pub(crate) fn encode_changed(indices: impl Iterator<Item = AccountIndex>) -> Vec<u8> {
    indices
        .flat_map(|index| index.get().to_be_bytes())
        .collect()
}

pub(crate) fn decode_changed(bytes: &[u8]) -> Result<Vec<AccountIndex>, RecordError> {
    let (indices, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        let expected = 8 * indices.len();
        return Err(RecordError::Length {
            expected,
            got: bytes.len(),
        });
    }
    let indices = indices.iter();
    indices
        .map(|index| Ok(AccountIndex::try_from(u64::from_be_bytes(*index))?))
        .collect()
}

pub(crate) fn decode_entry(bytes: &[u8; ENTRY_BYTES]) -> Result<Entry, RecordError> {
    Ok(Entry::decode(bytes)?)
}

/// The error of a record.
pub(crate) fn record(
    table: &'static str,
    key: impl std::fmt::Debug,
    source: impl Into<RecordError>,
) -> StoreError {
    StoreError::Record {
        table,
        key: format!("{key:?}"),
        source: Box::new(source.into()),
    }
}
