//! What comes from L1: the entries of the contract's queue, and what a batch shows of those it consumes.
//!
//! ```text
//! entry = type 1 | token 4 | account 5 | address 20 | amount 16 | Ax 32 | Ay 32 | timestamp 5     bytes
//! h₀ = 0,   hᵢ₊₁ = keccak256(hᵢ ‖ entryᵢ)
//! ```
//!
//! Source: `docs/protocol.md` §6, §7 and §8. The contract stores every hᵢ, so that a batch may consume any
//! number of the next entries. It wrote the entries itself; whether one of them *applies* is decided by the
//! ledger and proven by the circuit.
//!
//! Invariant: an [`Entry`] is one that the contract can have queued, as far as its bytes tell
//! ([`Entry::validate`]).

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use thiserror::Error;

use super::{
    account::AccountIndex,
    eddsa::{KeyError, PublicKey},
    field,
    transfer::Address,
    uint::U40,
};

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 115;

/// Bytes of an entry and its outcome in the call.
pub const SLOT_BYTES: usize = ENTRY_BYTES + 16;

/// Words of an L1 slot.
pub const SLOT_WORDS: usize = 4;

/// Bits of an account in an entry: more than an index has.
pub const ACCOUNT_BITS: u32 = 40;

/// Bits of a result.
pub const RESULT_BITS: u32 = 40;

/// What an entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum EntryType {
    /// A deposit that creates an account.
    Create = 1,
    /// A deposit to an account.
    TopUp = 2,
    /// An exit by `l1_owner`.
    Exit = 3,
    /// An exit by key.
    ExitByKey = 4,
}

impl EntryType {
    /// All types.
    pub const ALL: [Self; 4] = [Self::Create, Self::TopUp, Self::Exit, Self::ExitByKey];

    /// Whether money came in.
    pub const fn is_deposit(self) -> bool {
        matches!(self, Self::Create | Self::TopUp)
    }
}

/// One entry of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedEntry")]
pub struct Entry {
    /// What it asks for.
    pub kind: EntryType,
    /// The token.
    pub token: u32,
    /// The account; 0 in [`EntryType::Create`].
    pub account: AccountIndex,
    /// The new `l1_owner`, who gets a deposit back, or who is paid.
    pub address: Address,
    /// What came in; 0 in exits.
    #[serde(with = "field::decimal")]
    pub amount: u128,
    /// The new key in [`EntryType::Create`], in others the account's Ax and 0; (0, 0) for none.
    pub key: PublicKey,
    /// Unix time of the block, in seconds.
    pub timestamp: U40,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedEntry {
    kind: EntryType,
    token: u32,
    account: AccountIndex,
    address: Address,
    #[serde(with = "field::decimal")]
    amount: u128,
    key: PublicKey,
    timestamp: U40,
}

impl TryFrom<UncheckedEntry> for Entry {
    type Error = EntryError;

    fn try_from(unchecked: UncheckedEntry) -> Result<Self, EntryError> {
        let entry = Self {
            kind: unchecked.kind,
            token: unchecked.token,
            account: unchecked.account,
            address: unchecked.address,
            amount: unchecked.amount,
            key: unchecked.key,
            timestamp: unchecked.timestamp,
        };
        entry.validate()?;
        Ok(entry)
    }
}

/// Why bytes are no entry that the contract queues.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EntryError {
    /// The first byte is no type.
    #[error("expected an entry of type 1 to 4, got {got}")]
    Type {
        /// The byte.
        got: u8,
    },
    /// The account cannot be in any tree.
    #[error("expected an account index below 2^33, got {got}")]
    Account {
        /// The 40-bit integer.
        got: u64,
    },
    /// A coordinate is not below r.
    #[error("expected coordinates of a key below r")]
    Coordinate,
    /// A field that the type does not have is not zero.
    #[error("expected {field} 0 in an entry of type {kind:?}")]
    Unused {
        /// The type.
        kind: EntryType,
        /// The field.
        field: &'static str,
    },
    /// A field that the type needs is zero: nobody would be paid, or anybody could be.
    #[error("expected another {field} than 0 in an entry of type {kind:?}")]
    Missing {
        /// The type.
        kind: EntryType,
        /// The field.
        field: &'static str,
    },
    /// The new key cannot own an account.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Entry {
    /// Checks what the contract checks of an entry that it queues, but for the tree's depth.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn validate(&self) -> Result<(), EntryError> {
        let kind = self.kind;
        let unused = |field, zero: bool| match zero {
            true => Ok(()),
            false => Err(EntryError::Unused { kind, field }),
        };
        let missing = |field, zero: bool| match zero {
            false => Ok(()),
            true => Err(EntryError::Missing { kind, field }),
        };
        let [no_x, no_y] = [self.key.x, self.key.y].map(|coordinate| coordinate == Fr::ZERO);
        missing("address", self.address == Address::default())?;
        match kind {
            EntryType::Create => {
                unused("account", self.account == AccountIndex::default())?;
                if !self.key.is_none() {
                    self.key.point().map(drop)?;
                }
            }
            EntryType::TopUp => unused("Ay", no_y)?,
            EntryType::Exit => {
                unused("Ax", no_x)?;
                unused("Ay", no_y)?;
            }
            EntryType::ExitByKey => {
                missing("Ax", no_x)?;
                unused("Ay", no_y)?;
            }
        }
        match kind.is_deposit() {
            true => missing("amount", self.amount == 0),
            false => unused("amount", self.amount == 0),
        }
    }

    /// The entry in 115 bytes.
    pub fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let mut rest = &mut bytes[..];
        let mut put = |field: &[u8]| {
            let (head, tail) = std::mem::take(&mut rest).split_at_mut(field.len());
            head.copy_from_slice(field);
            rest = tail;
        };
        put(&[self.kind as u8]);
        put(&self.token.to_be_bytes());
        put(&self.account.get().to_be_bytes()[3..]);
        put(&self.address.0);
        put(&self.amount.to_be_bytes());
        put(&field::to_be_bytes(&self.key.x));
        put(&field::to_be_bytes(&self.key.y));
        put(&self.timestamp.get().to_be_bytes()[3..]);
        bytes
    }

    /// The inverse of [`encode`](Self::encode).
    ///
    /// # Errors
    /// If the contract queues no such entry.
    pub fn decode(bytes: &[u8; ENTRY_BYTES]) -> Result<Self, EntryError> {
        let mut rest = &bytes[..];
        let kind = EntryType::ALL
            .into_iter()
            .find(|kind| *kind as u8 == bytes[0])
            .ok_or(EntryError::Type { got: bytes[0] })?;
        take::<1>(&mut rest);
        let token = u32::from_be_bytes(take(&mut rest));
        let account = integer(&take::<5>(&mut rest)) as u64;
        let account =
            AccountIndex::try_from(account).map_err(|_| EntryError::Account { got: account })?;
        let address = Address(take(&mut rest));
        let amount = u128::from_be_bytes(take(&mut rest));
        let [x, y] = [take(&mut rest), take(&mut rest)]
            .map(|bytes| field::from_be_bytes(&bytes).map_err(|_| EntryError::Coordinate));
        let timestamp = integer(&take::<5>(&mut rest)) as u64;
        let entry = Self {
            kind,
            token,
            account,
            address,
            amount,
            key: PublicKey { x: x?, y: y? },
            timestamp: U40::try_from(timestamp).expect("five bytes"),
        };
        entry.validate()?;
        Ok(entry)
    }

    /// hᵢ₊₁, from hᵢ and this entry.
    pub fn next_hash(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut hasher = Keccak256::new();
        hasher.update(before);
        hasher.update(self.encode());
        hasher.finalize().into()
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let (head, tail) = rest
        .split_first_chunk::<N>()
        .expect("the bytes have a fixed length");
    *rest = tail;
    *head
}

/// The big-endian integer in at most 16 bytes.
pub(super) fn integer(bytes: &[u8]) -> u128 {
    bytes
        .iter()
        .fold(0u128, |value, byte| value << 8 | u128::from(*byte))
}

/// What became of an entry that was consumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// [`EntryType::Create`]: the account is at this index.
    Created(AccountIndex),
    /// [`EntryType::TopUp`]: whether the account has the amount; if not, the contract owes it to the
    /// entry's address.
    ToppedUp(bool),
    /// An exit: the contract owes the entry's address this; 0 too if the exit did not apply.
    Paid(#[serde(with = "field::decimal")] u128),
}

/// One used L1 slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct L1Slot {
    /// The entry that was consumed.
    pub entry: Entry,
    /// What became of it.
    pub outcome: Outcome,
}

/// Why bytes are no L1 slot.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SlotError {
    /// The entry is none that the contract queues.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The outcome is none of the entry's type.
    #[error("expected an outcome of an entry of type {kind:?}, got {got}")]
    Outcome {
        /// The entry's type.
        kind: EntryType,
        /// The 128-bit integer.
        got: u128,
    },
}

impl L1Slot {
    /// Whether the outcome is one of the entry's type.
    pub fn is_consistent(&self) -> bool {
        match self.outcome {
            Outcome::Created(_) => self.entry.kind == EntryType::Create,
            Outcome::ToppedUp(_) => self.entry.kind == EntryType::TopUp,
            Outcome::Paid(_) => !self.entry.kind.is_deposit(),
        }
    }

    /// What came in, or in an exit what is paid.
    pub fn amount(&self) -> u128 {
        match self.outcome {
            Outcome::Paid(amount) => amount,
            Outcome::Created(_) | Outcome::ToppedUp(_) => self.entry.amount,
        }
    }

    /// `type 8 | token 32 | account 40 | address 160`, `amount 128 | result 40`, Ax, Ay.
    pub fn words(&self) -> [Fr; SLOT_WORDS] {
        let entry = &self.entry;
        let [high, low] = entry.address.fields();
        let result = match self.outcome {
            Outcome::Created(index) => index.get(),
            Outcome::ToppedUp(applied) => applied.into(),
            Outcome::Paid(_) => 0,
        };
        [
            field::pack(&[
                (entry.kind as u128, 8),
                (entry.token.into(), 32),
                (entry.account.get().into(), ACCOUNT_BITS),
                high,
                low,
            ]),
            field::pack(&[(self.amount(), 128), (result.into(), RESULT_BITS)]),
            entry.key.x,
            entry.key.y,
        ]
    }

    /// The slot in the call: the entry, then the index, 0 or 1, or the balance paid.
    pub fn encode(&self) -> [u8; SLOT_BYTES] {
        let outcome = match self.outcome {
            Outcome::Created(index) => index.get().into(),
            Outcome::ToppedUp(applied) => applied.into(),
            Outcome::Paid(amount) => amount,
        };
        let mut bytes = [0; SLOT_BYTES];
        bytes[..ENTRY_BYTES].copy_from_slice(&self.entry.encode());
        bytes[ENTRY_BYTES..].copy_from_slice(&outcome.to_be_bytes());
        bytes
    }

    /// The inverse of [`encode`](Self::encode).
    ///
    /// # Errors
    /// If the entry or its outcome is none that there can be.
    pub fn decode(bytes: &[u8; SLOT_BYTES]) -> Result<Self, SlotError> {
        let mut rest = &bytes[..];
        let entry = Entry::decode(&take(&mut rest))?;
        let (kind, got) = (entry.kind, integer(&take::<16>(&mut rest)));
        let wrong = SlotError::Outcome { kind, got };
        let outcome = match (kind, got) {
            (EntryType::Create, _) => u64::try_from(got)
                .ok()
                .and_then(|index| AccountIndex::try_from(index).ok())
                .map(Outcome::Created)
                .ok_or(wrong)?,
            (EntryType::TopUp, 0 | 1) => Outcome::ToppedUp(got == 1),
            (EntryType::TopUp, _) => return Err(wrong),
            (EntryType::Exit | EntryType::ExitByKey, _) => Outcome::Paid(got),
        };
        Ok(Self { entry, outcome })
    }
}
