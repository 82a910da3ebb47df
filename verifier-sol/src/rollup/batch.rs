//! The calls that settle batches, docs/protocol.md, section 8.
//!
//! | call | |
//! |---|---|
//! | `submitBatch(uint40,uint256,uint256,uint256[8],bytes)` | one batch in calldata: [`BatchCall`] |
//! | `submitBatches(uint256[11][],bytes)` | several: [`BatchesCall`] |
//! | `submitBatchBlob(uint256[11][],uint256[2][],bytes32[3],bytes)` | one or several in the transaction's blob: [`BlobCall`] |
//!
//! [`SettleCall`] reads any of them. Arrays stand one behind the other in the order of the arguments, and the bytes
//! come last, padded with zeros to whole words. The contract accepts this one form. What stands in `data` is
//! opaque here.

use super::{append_bytes, small};
use crate::abi::{Word, fr_from_word, selector, word_from_field, word_from_u128};
use crate::calldata::{CalldataError, PROOF_WORDS, decode_proof, proof_words};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;
use sha2::{Digest, Sha256};

/// Signature of the call that settles a batch.
pub const SUBMIT_BATCH: &str = "submitBatch(uint40,uint256,uint256,uint256[8],bytes)";

/// Signature of the call that settles several.
pub const SUBMIT_BATCHES: &str = "submitBatches(uint256[11][],bytes)";

/// Signature of the call that settles batches whose operations are in a blob.
pub const SUBMIT_BATCH_BLOB: &str = "submitBatchBlob(uint256[11][],uint256[2][],bytes32[3],bytes)";

/// Signature of the view that returns ρ and y for the next batch.
pub const CHALLENGE: &str = "challenge(uint40,uint256,uint256,bytes)";

/// Signature of the same for a batch whose operations are in a blob.
pub const CHALLENGE_BLOB: &str = "challengeBlob(uint40,uint256,uint256,uint256[3],bytes)";

/// Words of a batch in an array.
const HEAD_WORDS: usize = 3 + PROOF_WORDS;

/// Words of a slice in an array.
const SLICE_WORDS: usize = 2;

/// Words of the blob's commitment and opening.
const KZG_WORDS: usize = 3;

/// Bytes of a point of BLS12-381's first group, compressed.
pub const KZG_BYTES: usize = 48;

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

/// One of several batches, but for what it shows.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchHead {
    /// The batch's Unix time in seconds, below 2^40.
    pub timestamp: u64,
    /// State root after the batch.
    pub post_state_root: Fr,
    /// C, the Poseidon commitment to the batch's words.
    pub commitment: Fr,
    /// Proof for the public inputs (C, ρ, y).
    pub proof: Proof<Bn254>,
}

/// The arguments of `submitBatches`.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchesCall {
    /// The batches, each on top of the one before.
    pub batches: Vec<BatchHead>,
    /// What they show, one after the other.
    pub data: Vec<u8>,
}

/// What a batch says of its slice of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobSlice {
    /// C₁, the Poseidon commitment to its words.
    pub commitment: Fr,
    /// What its words are worth at z, an integer below q, big-endian.
    pub value: Word,
}

/// The arguments of `submitBatchBlob`. The blob itself goes beside the transaction.
#[derive(Clone, Debug, PartialEq)]
pub struct BlobCall {
    /// The batches, each on top of the one before.
    pub batches: Vec<BatchHead>,
    /// As many slices, in order.
    pub slices: Vec<BlobSlice>,
    /// The blob's commitment.
    pub kzg_commitment: [u8; KZG_BYTES],
    /// The proof of the blob's opening at z.
    pub kzg_proof: [u8; KZG_BYTES],
    /// What the batches show, one after the other.
    pub data: Vec<u8>,
}

/// Any call that settles batches.
#[derive(Clone, Debug, PartialEq)]
pub enum SettleCall {
    /// `submitBatch`.
    One(BatchCall),
    /// `submitBatches`.
    Several(BatchesCall),
    /// `submitBatchBlob`.
    Blob(BlobCall),
}

impl BatchHead {
    fn words(&self) -> [Word; HEAD_WORDS] {
        let [a, b, c, d, e, f, g, h] = proof_words(&self.proof);
        let timestamp = word_from_u128(self.timestamp.into());
        let root = word_from_field(&self.post_state_root);
        let commitment = word_from_field(&self.commitment);
        [timestamp, root, commitment, a, b, c, d, e, f, g, h]
    }

    fn decode(words: &[Word; HEAD_WORDS]) -> Result<Self, CalldataError> {
        let [timestamp, root, commitment, proof @ ..] = words;
        Ok(Self {
            timestamp: small(timestamp, 1 << 40)
                .ok_or_else(|| argument("timestamp", "below 2^40"))?,
            post_state_root: fr_from_word(root)
                .ok_or_else(|| argument("postStateRoot", "below r"))?,
            commitment: fr_from_word(commitment)
                .ok_or_else(|| argument("commitment", "below r"))?,
            proof: decode_proof(proof)?,
        })
    }
}

impl BlobSlice {
    fn words(&self) -> [Word; SLICE_WORDS] {
        [word_from_field(&self.commitment), self.value]
    }

    fn decode([commitment, value]: &[Word; SLICE_WORDS]) -> Result<Self, CalldataError> {
        Ok(Self {
            commitment: fr_from_word(commitment)
                .ok_or_else(|| argument("slices", "a commitment below r"))?,
            value: *value,
        })
    }
}

impl BatchCall {
    /// The batch, but for what it shows.
    pub fn head(&self) -> BatchHead {
        BatchHead {
            timestamp: self.timestamp,
            post_state_root: self.post_state_root,
            commitment: self.commitment,
            proof: self.proof.clone(),
        }
    }

    /// The call as calldata. (The contract refuses a timestamp of 2^40 or more.)
    pub fn calldata(&self) -> Vec<u8> {
        let mut call = selector(SUBMIT_BATCH).to_vec();
        call.extend(self.head().words().iter().flatten());
        call.extend(offset(HEAD_WORDS + 1));
        append_bytes(&mut call, &self.data);
        call
    }

    /// Reads a call back, as a node does that rebuilds the state from L1.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`BatchCall::calldata`] writes.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        let mut reader = Reader::new(calldata, SUBMIT_BATCH)?;
        let head = reader.words()?;
        reader.offset("data", HEAD_WORDS + 1)?;
        let data = reader.bytes("data")?;
        let BatchHead {
            timestamp,
            post_state_root,
            commitment,
            proof,
        } = BatchHead::decode(head)?;
        Ok(Self {
            timestamp,
            post_state_root,
            commitment,
            proof,
            data,
        })
    }
}

impl BatchesCall {
    /// The call as calldata.
    pub fn calldata(&self) -> Vec<u8> {
        let mut call = selector(SUBMIT_BATCHES).to_vec();
        let words = 2;
        call.extend(offset(words));
        call.extend(offset(words + 1 + HEAD_WORDS * self.batches.len()));
        append_heads(&mut call, &self.batches);
        append_bytes(&mut call, &self.data);
        call
    }

    /// Reads a call back.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`BatchesCall::calldata`] writes.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        let mut reader = Reader::new(calldata, SUBMIT_BATCHES)?;
        let words = 2;
        reader.offset("batches", words)?;
        let data: &[Word; 1] = reader.words()?;
        let batches = reader.array("batches", BatchHead::decode)?;
        expect_offset("data", &data[0], words + 1 + HEAD_WORDS * batches.len())?;
        let data = reader.bytes("data")?;
        Ok(Self { batches, data })
    }
}

impl BlobCall {
    /// The call as calldata.
    pub fn calldata(&self) -> Vec<u8> {
        let mut call = selector(SUBMIT_BATCH_BLOB).to_vec();
        let words = 3 + KZG_WORDS;
        let slices = words + 1 + HEAD_WORDS * self.batches.len();
        call.extend(offset(words));
        call.extend(offset(slices));
        call.extend(self.kzg_commitment);
        call.extend(self.kzg_proof);
        call.extend(offset(slices + 1 + SLICE_WORDS * self.slices.len()));
        append_heads(&mut call, &self.batches);
        call.extend(word_from_u128(self.slices.len() as u128));
        let slices = self.slices.iter().flat_map(BlobSlice::words);
        call.extend(slices.flatten());
        append_bytes(&mut call, &self.data);
        call
    }

    /// Reads a call back.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`BlobCall::calldata`] writes.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        let mut reader = Reader::new(calldata, SUBMIT_BATCH_BLOB)?;
        let words = 3 + KZG_WORDS;
        reader.offset("batches", words)?;
        let [slices_at, kzg @ .., data_at]: &[Word; 2 + KZG_WORDS] = reader.words()?;
        let batches = reader.array("batches", BatchHead::decode)?;
        let at = words + 1 + HEAD_WORDS * batches.len();
        expect_offset("slices", slices_at, at)?;
        let slices = reader.array("slices", BlobSlice::decode)?;
        expect_offset("data", data_at, at + 1 + SLICE_WORDS * slices.len())?;
        let data = reader.bytes("data")?;
        if batches.len() != slices.len() {
            return Err(argument("slices", "as many as batches"));
        }
        let (commitment, proof) = kzg.as_flattened().split_at(KZG_BYTES);
        let point = |bytes: &[u8]| bytes.try_into().expect("two points in three words");
        Ok(Self {
            batches,
            slices,
            kzg_commitment: point(commitment),
            kzg_proof: point(proof),
            data,
        })
    }
}

impl SettleCall {
    /// The call as calldata.
    pub fn calldata(&self) -> Vec<u8> {
        match self {
            Self::One(call) => call.calldata(),
            Self::Several(call) => call.calldata(),
            Self::Blob(call) => call.calldata(),
        }
    }

    /// Reads a call back, whichever of the three it is.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`SettleCall::calldata`] writes; its selector is that of
    /// `submitBatch` if the call's is none of the three.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        if calldata.starts_with(&selector(SUBMIT_BATCHES)) {
            BatchesCall::decode(calldata).map(Self::Several)
        } else if calldata.starts_with(&selector(SUBMIT_BATCH_BLOB)) {
            BlobCall::decode(calldata).map(Self::Blob)
        } else {
            BatchCall::decode(calldata).map(Self::One)
        }
    }
}

impl BlobCall {
    /// What the contract calls the blob of these batches.
    pub fn versioned_hash(&self) -> Word {
        versioned_hash(&self.kzg_commitment)
    }
}

/// The versioned hash of a blob (EIP-4844): sha256 of its commitment, the first byte the version.
pub fn versioned_hash(kzg_commitment: &[u8; KZG_BYTES]) -> Word {
    let mut hash: Word = Sha256::digest(kzg_commitment).into();
    hash[0] = 1;
    hash
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
    call.extend(offset(4));
    append_bytes(&mut call, data);
    call
}

/// Calldata of the view `challengeBlob`, which returns ρ and y as two words.
pub fn challenge_blob_call(
    timestamp: u64,
    post_state_root: &Fr,
    commitment: &Fr,
    z: &Word,
    slice: &BlobSlice,
    data: &[u8],
) -> Vec<u8> {
    let mut call = selector(CHALLENGE_BLOB).to_vec();
    call.extend(word_from_u128(timestamp.into()));
    call.extend(word_from_field(post_state_root));
    call.extend(word_from_field(commitment));
    call.extend(word_from_field(&slice.commitment));
    call.extend(z);
    call.extend(slice.value);
    call.extend(offset(7));
    append_bytes(&mut call, data);
    call
}

/// Where an argument stands that has `words` words before it, counted from behind the selector.
fn offset(words: usize) -> Word {
    word_from_u128(32 * words as u128)
}

fn append_heads(call: &mut Vec<u8>, batches: &[BatchHead]) {
    call.extend(word_from_u128(batches.len() as u128));
    call.extend(batches.iter().flat_map(BatchHead::words).flatten());
}

fn argument(argument: &'static str, expected: &'static str) -> CalldataError {
    CalldataError::Argument { argument, expected }
}

fn expect_offset(name: &'static str, got: &Word, words: usize) -> Result<(), CalldataError> {
    match *got == offset(words) {
        true => Ok(()),
        false => Err(argument(name, "at the canonical offset")),
    }
}

/// Takes a call apart from front to back.
struct Reader<'a> {
    whole: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Behind the selector of `signature`.
    fn new(calldata: &'a [u8], signature: &str) -> Result<Self, CalldataError> {
        let expected = selector(signature);
        match calldata.strip_prefix(&expected) {
            Some(rest) => Ok(Self {
                whole: calldata.len(),
                rest,
            }),
            None => {
                let got = calldata[..calldata.len().min(4)].to_vec();
                Err(CalldataError::Selector { expected, got })
            }
        }
    }

    /// The call has not the bytes that must follow.
    fn length(&self, must_follow: usize) -> CalldataError {
        CalldataError::Length {
            expected: self.whole - self.rest.len() + must_follow,
            got: self.whole,
        }
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], CalldataError> {
        let (head, rest) = self
            .rest
            .split_at_checked(bytes)
            .ok_or_else(|| self.length(bytes))?;
        self.rest = rest;
        Ok(head)
    }

    fn words<const N: usize>(&mut self) -> Result<&'a [Word; N], CalldataError> {
        let words = self.take(32 * N)?.as_chunks().0;
        Ok(words.try_into().expect("N words"))
    }

    fn offset(&mut self, name: &'static str, words: usize) -> Result<(), CalldataError> {
        let got: &[Word; 1] = self.words()?;
        expect_offset(name, &got[0], words)
    }

    /// An array's length and its elements of N words.
    fn array<T, const N: usize>(
        &mut self,
        name: &'static str,
        decode: impl Fn(&[Word; N]) -> Result<T, CalldataError>,
    ) -> Result<Vec<T>, CalldataError> {
        let length: &[Word; 1] = self.words()?;
        let length = small(&length[0], 1 << 32)
            .ok_or_else(|| argument(name, "shorter than 2^32 elements"))?;
        let words = self.take(32 * N * length as usize)?.as_chunks::<32>().0;
        words.as_chunks().0.iter().map(decode).collect()
    }

    /// Bytes to the call's end.
    fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, CalldataError> {
        let length: &[Word; 1] = self.words()?;
        let length =
            small(&length[0], 1 << 32).ok_or_else(|| argument(name, "shorter than 2^32 bytes"))?;
        let length = length as usize;
        let padded = length.next_multiple_of(32);
        if self.rest.len() != padded {
            return Err(self.length(padded));
        }
        let (bytes, padding) = self.rest.split_at(length);
        match padding.iter().all(|byte| *byte == 0) {
            true => Ok(bytes.to_vec()),
            false => Err(argument(name, "padded with zeros")),
        }
    }
}
