//! `submitBatch(uint40 timestamp, uint256 postStateRoot, uint256 commitment, uint256[8] proof, bytes data)`
//! of docs/protocol.md, section 8.
//!
//! The head of its calldata has twelve words (timestamp, root, commitment, eight of the proof, offset of
//! `data`); the tail is the length of `data` and its bytes, padded with zeros to whole words. The contract
//! accepts this one form. What stands in `data` is opaque here.

use super::{append_bytes, small};
use crate::abi::{Word, fr_from_word, selector, word_from_field, word_from_u128};
use crate::calldata::{CalldataError, decode_proof, proof_words};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;

/// Signature of the call that settles a batch.
pub const SUBMIT_BATCH: &str = "submitBatch(uint40,uint256,uint256,uint256[8],bytes)";

/// Signature of the view that returns ρ and y for the next batch.
pub const CHALLENGE: &str = "challenge(uint40,uint256,uint256,bytes)";

/// Selector, twelve head words and the length of `data`.
const HEAD_BYTES: usize = 4 + 13 * 32;

/// Where `data` stands, counted from behind the selector.
const DATA_OFFSET: u128 = 12 * 32;

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
    /// What the batch shows, as docs/protocol.md, section 8 lays it out.
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
