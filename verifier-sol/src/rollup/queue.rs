//! Entries of the L1 queue and their hash (docs/protocol.md, section 6).
//!
//! ```text
//! entry = type 1 | token 4 | account 5 | address 20 | amount 16 | Ax 32 | Ay 32 | timestamp 5     bytes
//! h₀ = 0,   hᵢ₊₁ = keccak256(hᵢ ‖ entryᵢ)
//! ```
//!
//! The mirror is `contracts/src/libraries/Queue.sol`; tests/contracts/deposits.rs compares the two. Does not check that the
//! contract can have queued an entry: its hash does.

use crate::abi::{Address, Word, fr_from_word, keccak256, word_from_field};
use ark_bn254::Fr;

/// Bytes of an entry.
pub const ENTRY_BYTES: usize = 115;

/// What an entry asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A deposit that creates an account.
    Create = 1,
    /// A deposit to an account.
    TopUp = 2,
    /// An exit by `l1_owner`.
    Exit = 3,
    /// An exit by key.
    ExitByKey = 4,
}

impl EntryKind {
    /// The kind with this number.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::Create, Self::TopUp, Self::Exit, Self::ExitByKey]
            .into_iter()
            .find(|kind| *kind as u8 == number)
    }
}

/// One entry of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it asks for.
    pub kind: EntryKind,
    /// The token.
    pub token: u32,
    /// The account, below 2^40; 0 in a creation.
    pub account: u64,
    /// The new `l1_owner`, who gets a deposit back, or who is paid.
    pub owner: Address,
    /// What came in; 0 in exits.
    pub amount: u128,
    /// Abscissa of the key.
    pub ax: Fr,
    /// Ordinate of the new key; 0 in other entries.
    pub ay: Fr,
    /// Unix time of the block in seconds, below 2^40.
    pub timestamp: u64,
}

impl Entry {
    /// The entry's bytes. Integers of 40 bits lose what is above.
    pub fn encode(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[0] = self.kind as u8;
        bytes[1..5].copy_from_slice(&self.token.to_be_bytes());
        bytes[5..10].copy_from_slice(&self.account.to_be_bytes()[3..]);
        bytes[10..30].copy_from_slice(&self.owner);
        bytes[30..46].copy_from_slice(&self.amount.to_be_bytes());
        bytes[46..78].copy_from_slice(&word_from_field(&self.ax));
        bytes[78..110].copy_from_slice(&word_from_field(&self.ay));
        bytes[110..].copy_from_slice(&self.timestamp.to_be_bytes()[3..]);
        bytes
    }

    /// The inverse of [`encode`](Self::encode), or `None` if the kind is none or a coordinate not below r.
    pub fn decode(bytes: &[u8; ENTRY_BYTES]) -> Option<Self> {
        let integer = |from: usize, to: usize| {
            bytes[from..to]
                .iter()
                .fold(0u128, |value, byte| value << 8 | u128::from(*byte))
        };
        Some(Self {
            kind: EntryKind::from_number(bytes[0])?,
            token: integer(1, 5) as u32,
            account: integer(5, 10) as u64,
            owner: bytes[10..30].try_into().ok()?,
            amount: integer(30, 46),
            ax: fr_from_word(bytes[46..78].try_into().ok()?)?,
            ay: fr_from_word(bytes[78..110].try_into().ok()?)?,
            timestamp: integer(110, 115) as u64,
        })
    }

    /// hᵢ₊₁, from hᵢ and this entry.
    pub fn next_hash(&self, previous: &Word) -> Word {
        keccak256(&[&previous[..], &self.encode()].concat())
    }
}
