//! `Rollup.sol` from outside: how to deploy it, call it and read its events.
//!
//! | module | |
//! |---|---|
//! | [`batch`] | calls that settle batches, and the views `challenge` and `challengeBlob` |
//! | [`call`] | all other calls that change something, and the views with arguments |
//! | [`queue`] | entries of the L1 queue and their hash |
//! | [`event`] | the contract's events |
//! | [`gas`] | what a settlement takes at most, and the cap of a transaction |
//!
//! The mirror is `contracts/src/`; tests/ run the two together. Encoders write the canonical form of a call, and
//! decoders accept nothing else.
//!
//! Does not know the words of a batch, the commitment or the challenge: they are the circuit's matter.

pub mod batch;
pub mod call;
pub mod event;
pub mod gas;
pub mod queue;

pub use batch::{
    BatchCall, BatchHead, BatchesCall, BlobCall, BlobSlice, CHALLENGE, CHALLENGE_BLOB,
    SUBMIT_BATCH, SUBMIT_BATCH_BLOB, SUBMIT_BATCHES, SettleCall, challenge_blob_call,
    challenge_call, versioned_hash,
};
pub use call::{Call, ExitProof};
pub use event::{BATCH_SETTLED, BatchSettled, Event};
pub use queue::{ENTRY_BYTES, Entry, EntryKind};

use crate::abi::{Address, Word, word_from_address, word_from_field, word_from_u128};
use crate::artefact;
use ark_bn254::Fr;

/// Version of the words, `VERSION` of the contract.
pub const VERSION: u8 = 2;

/// Seconds within which a batch must be settled, `MAX_BATCH_AGE` of the contract.
pub const MAX_BATCH_AGE: u64 = 2 * 60 * 60;

/// Seconds that an entry may wait before anyone can freeze the contract, `EXIT_DEADLINE` of the contract.
pub const EXIT_DEADLINE: u64 = 7 * 24 * 60 * 60;

/// The token id of ETH.
pub const ETH: u32 = 0;

/// Batches of one form: their verifier, and how many slots each of them has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circuit {
    /// A verifier with three public inputs (C, ρ, y), deployed before.
    pub verifier: Address,
    /// L1 slots L of every batch, at least 1.
    pub l1_slots: u32,
    /// Fee slots F of every batch.
    pub fee_slots: u32,
    /// Withdrawal slots W of every batch.
    pub withdrawal_slots: u32,
    /// Creation slots E of every batch.
    pub creation_slots: u32,
    /// Operation slots N of every batch.
    pub operation_slots: u32,
}

impl Circuit {
    fn words(&self) -> impl Iterator<Item = Word> {
        let slots = [
            self.l1_slots,
            self.fee_slots,
            self.withdrawal_slots,
            self.creation_slots,
            self.operation_slots,
        ];
        let slots = slots.into_iter().map(|n| word_from_u128(n.into()));
        [word_from_address(&self.verifier)].into_iter().chain(slots)
    }
}

/// The constructor's arguments. The verifier and the slots are those of batches in calldata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupConfig {
    /// A verifier with three public inputs (C, ρ, y), deployed before.
    pub verifier: Address,
    /// A verifier with the five public inputs of the exit circuit, deployed before.
    pub exit_verifier: Address,
    /// Root of the initial account tree. Nothing stands behind balances in it.
    pub genesis_root: Fr,
    /// Levels of the 8-ary account tree, 1 to 11.
    pub depth: u32,
    /// L1 slots L of every batch, at least 1.
    pub l1_slots: u32,
    /// Fee slots F of every batch.
    pub fee_slots: u32,
    /// Withdrawal slots W of every batch.
    pub withdrawal_slots: u32,
    /// Creation slots E of every batch.
    pub creation_slots: u32,
    /// Operation slots N of every batch.
    pub operation_slots: u32,
    /// Batches whose operations are in a blob, at most 8192 operations each, if the contract takes such.
    pub blob: Option<Circuit>,
}

impl RollupConfig {
    /// Batches in calldata.
    pub fn calldata_circuit(&self) -> Circuit {
        Circuit {
            verifier: self.verifier,
            l1_slots: self.l1_slots,
            fee_slots: self.fee_slots,
            withdrawal_slots: self.withdrawal_slots,
            creation_slots: self.creation_slots,
            operation_slots: self.operation_slots,
        }
    }

    /// The data of the transaction that deploys the contract.
    pub fn creation_code(&self) -> Vec<u8> {
        let mut code = artefact(include_str!("../../contracts/bin/Rollup.hex"));
        code.extend(self.calldata_circuit().words().flatten());
        code.extend(self.blob.clone().unwrap_or_default().words().flatten());
        code.extend(word_from_address(&self.exit_verifier));
        code.extend(word_from_field(&self.genesis_root));
        code.extend(word_from_u128(self.depth.into()));
        code
    }

    /// Bytes of `data` of a batch that shows `l` entries, `w` withdrawals, `e` creations and `t` pairs of
    /// operations, besides all fee slots.
    pub fn data_length(&self, l: usize, w: usize, e: usize, t: usize) -> usize {
        8 + l * (ENTRY_BYTES + 16) + self.fee_slots as usize * 10 + w * 29 + e * 64 + t * 31
    }
}

/// Length word, bytes, zeros to a whole word.
fn append_bytes(call: &mut Vec<u8>, data: &[u8]) {
    call.extend(word_from_u128(data.len() as u128));
    call.extend(data);
    call.resize(call.len() + data.len().next_multiple_of(32) - data.len(), 0);
}

/// The value of a word if it is below 2^128.
fn integer(word: &Word) -> Option<u128> {
    let (high, low) = word.split_at(16);
    let value = u128::from_be_bytes(low.try_into().ok()?);
    high.iter().all(|byte| *byte == 0).then_some(value)
}

/// The value of a word if it is below `bound`.
fn small(word: &Word, bound: u64) -> Option<u64> {
    integer(word)
        .and_then(|value| u64::try_from(value).ok())
        .filter(|value| *value < bound)
}

/// The address in a word.
fn address(word: &Word) -> Option<Address> {
    let (high, low) = word.split_at(12);
    let address = low.try_into().ok()?;
    high.iter().all(|byte| *byte == 0).then_some(address)
}
