//! `Rollup.sol` from outside: how to deploy it, call it and read its event.
//!
//! `submitBatch(uint40 timestamp, uint256 postStateRoot, uint256 commitment, uint256[8] proof, bytes data)`
//! of docs/protocol.md, section 7. The head of its calldata has twelve words (timestamp, root,
//! commitment, eight of the proof, offset of `data`); the tail is the length of `data` and its bytes,
//! padded with zeros to whole words. The contract accepts this one form. The mirror is
//! `contracts/src/Rollup.sol`; tests/rollup.rs runs the two together.
//!
//! Does not know what stands in `data`, nor the words, the commitment or the challenge: they are the
//! circuit's matter.

use crate::abi::{
    Address, Log, Word, fr_from_word, keccak256, selector, word_from_address, word_from_field,
    word_from_u128,
};
use crate::artefact;
use crate::calldata::{CalldataError, decode_proof, proof_words};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;

/// Signature of the call that settles a batch.
pub const SUBMIT_BATCH: &str = "submitBatch(uint40,uint256,uint256,uint256[8],bytes)";

/// Signature of the view that returns ρ and y for the next batch.
pub const CHALLENGE: &str = "challenge(uint40,uint256,uint256,bytes)";

/// Signature of the event of a settled batch.
pub const BATCH_SETTLED: &str = "BatchSettled(uint64,uint256,uint256,uint40,uint256)";

/// Seconds within which a batch must be settled, `MAX_BATCH_AGE` of the contract.
pub const MAX_BATCH_AGE: u64 = 2 * 60 * 60;

/// Selector, twelve head words and the length of `data`.
const HEAD_BYTES: usize = 4 + 13 * 32;

/// Where `data` stands, counted from behind the selector.
const DATA_OFFSET: u128 = 12 * 32;

/// The constructor's arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RollupConfig {
    /// A verifier with three public inputs (C, ρ, y), deployed before.
    pub verifier: Address,
    /// Root of the initial account tree.
    pub genesis_root: Fr,
    /// Levels of the 8-ary account tree, 1 to 11.
    pub depth: u32,
    /// Transfer slots N of every batch.
    pub transfer_slots: u32,
    /// Fee slots F of every batch.
    pub fee_slots: u32,
}

impl RollupConfig {
    /// The data of the transaction that deploys the contract.
    pub fn creation_code(&self) -> Vec<u8> {
        let mut code = artefact(include_str!("../contracts/bin/Rollup.hex"));
        let arguments = [
            word_from_address(&self.verifier),
            word_from_field(&self.genesis_root),
            word_from_u128(self.depth.into()),
            word_from_u128(self.transfer_slots.into()),
            word_from_u128(self.fee_slots.into()),
        ];
        code.extend(arguments.iter().flatten());
        code
    }

    /// Bytes of `data` that every batch must have: 10 for each fee slot, 31 for each pair of transfers.
    pub fn data_length(&self) -> usize {
        self.fee_slots as usize * 10 + (self.transfer_slots as usize).div_ceil(2) * 31
    }
}

/// The arguments of `submitBatch`.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchCall {
    /// The batch's Unix time in seconds, below 2^40.
    pub timestamp: u64,
    /// State root after the batch.
    pub post_state_root: Fr,
    /// C, the Poseidon commitment to the batch's words.
    pub commitment: Fr,
    /// Proof for the public inputs (C, ρ, y).
    pub proof: Proof<Bn254>,
    /// Fee slots of 10 bytes, then pairs of transfers of 31 bytes.
    pub data: Vec<u8>,
}

impl BatchCall {
    /// The call as calldata. (The contract refuses a timestamp of 2^40 or more.)
    pub fn calldata(&self) -> Vec<u8> {
        let mut call = selector(SUBMIT_BATCH).to_vec();
        call.extend(word_from_u128(self.timestamp.into()));
        call.extend(word_from_field(&self.post_state_root));
        call.extend(word_from_field(&self.commitment));
        call.extend(proof_words(&self.proof).iter().flatten());
        call.extend(word_from_u128(DATA_OFFSET));
        append_bytes(&mut call, &self.data);
        call
    }

    /// Reads a call back, as a node does that rebuilds the state from L1.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`BatchCall::calldata`] writes.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        let expected = selector(SUBMIT_BATCH);
        if !calldata.starts_with(&expected) {
            let got = calldata[..calldata.len().min(4)].to_vec();
            return Err(CalldataError::Selector { expected, got });
        }
        let length = |expected| CalldataError::Length {
            expected,
            got: calldata.len(),
        };
        let (head, tail) = calldata
            .split_at_checked(HEAD_BYTES)
            .ok_or_else(|| length(HEAD_BYTES))?;
        let words: &[Word; 13] = head[4..]
            .as_chunks()
            .0
            .try_into()
            .map_err(|_| length(HEAD_BYTES))?;
        let [
            timestamp,
            post_state_root,
            commitment,
            proof @ ..,
            offset,
            data_length,
        ] = words;
        let argument = |argument, expected| CalldataError::Argument { argument, expected };

        let timestamp =
            small(timestamp, 1 << 40).ok_or_else(|| argument("timestamp", "below 2^40"))?;
        let root =
            fr_from_word(post_state_root).ok_or_else(|| argument("postStateRoot", "below r"))?;
        let commitment =
            fr_from_word(commitment).ok_or_else(|| argument("commitment", "below r"))?;
        if *offset != word_from_u128(DATA_OFFSET) {
            return Err(argument("data", "at the canonical offset"));
        }
        let data_length = small(data_length, 1 << 32)
            .ok_or_else(|| argument("data", "shorter than 2^32 bytes"))?
            as usize;
        let padded = data_length.next_multiple_of(32);
        if tail.len() != padded {
            return Err(length(HEAD_BYTES + padded));
        }
        let (data, padding) = tail.split_at(data_length);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(argument("data", "padded with zeros"));
        }
        Ok(Self {
            timestamp,
            post_state_root: root,
            commitment,
            proof: decode_proof(proof)?,
            data: data.to_vec(),
        })
    }
}

/// Calldata of the view `challenge`, which returns ρ and y as two words.
pub fn challenge_call(
    timestamp: u64,
    post_state_root: &Fr,
    commitment: &Fr,
    data: &[u8],
) -> Vec<u8> {
    let mut call = selector(CHALLENGE).to_vec();
    call.extend(word_from_u128(timestamp.into()));
    call.extend(word_from_field(post_state_root));
    call.extend(word_from_field(commitment));
    call.extend(word_from_u128(4 * 32));
    append_bytes(&mut call, data);
    call
}

/// Length word, bytes, zeros to a whole word.
fn append_bytes(call: &mut Vec<u8>, data: &[u8]) {
    call.extend(word_from_u128(data.len() as u128));
    call.extend(data);
    call.resize(call.len() + data.len().next_multiple_of(32) - data.len(), 0);
}

/// The value of a word if it is below `bound`.
fn small(word: &Word, bound: u64) -> Option<u64> {
    let (high, low) = word.split_at(24);
    let value = u64::from_be_bytes(low.try_into().ok()?);
    (high.iter().all(|byte| *byte == 0) && value < bound).then_some(value)
}

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
}

impl BatchSettled {
    /// The event in a log entry, or `None` if the entry is another one. The caller compares the entry's
    /// address with the contract's.
    pub fn decode(log: &Log) -> Option<Self> {
        let [event, batch_number] = log.topics.as_slice() else {
            return None;
        };
        let (words, rest) = log.data.as_chunks::<32>();
        let [pre_state_root, post_state_root, timestamp, commitment] = words else {
            return None;
        };
        if *event != keccak256(BATCH_SETTLED.as_bytes()) || !rest.is_empty() {
            return None;
        }
        Some(Self {
            batch_number: small(batch_number, u64::MAX)?,
            pre_state_root: fr_from_word(pre_state_root)?,
            post_state_root: fr_from_word(post_state_root)?,
            timestamp: small(timestamp, 1 << 40)?,
            commitment: fr_from_word(commitment)?,
        })
    }
}
