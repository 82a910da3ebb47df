//! What an optimistic rollup posts, so that anyone can replay it: the payments in the same compressed form as this
//! rollup's, and what shows that their senders signed them. `DataInbox.sol` keeps one hash of it.
//!
//! Measured: the posting, byte for byte. Not here: the fraud proof's code, the state roots that are claimed (one
//! more transaction in a while), bonds.

use ark_ff::BigInteger;
use zkroll::verifier_sol::{
    abi::{Address, encode_call, keccak256, selector, word_from_field, word_from_u128},
    evm::Evm,
    kzg::CommittedBlob,
};

use super::{
    Cost, chain,
    payments::{Layer2, address},
};
use crate::common::Result;

/// Creation code of the contract.
const INBOX: &str = include_str!("../../../verifier-sol/contracts/bin/DataInbox.hex");

/// Seconds in which a claim may be challenged: what the large optimistic rollups have.
pub const CHALLENGE_WINDOW: u64 = 7 * 24 * 60 * 60;

/// A signature for each payment: a coordinate and a scalar, as both ECDSA's and EdDSA's take.
pub const SIGNATURE_BYTES: usize = 64;

/// One signature for all payments of a batch: a compressed point of BLS12-381's second group.
pub const AGGREGATE_BYTES: usize = 96;

/// The most data of one transaction here: nodes pass none on that is larger than 128 KiB.
const CHUNK: usize = 120_000;

/// Bytes of data in a blob, 31 to an element.
const BLOB_DATA: usize = 31 * 4096;

/// The postings.
#[derive(Clone, Copy, Debug)]
pub struct Optimistic {
    /// A signature for each payment, in calldata.
    pub calldata: Cost,
    /// The same in blobs.
    pub blob: Cost,
    /// One signature for all, in calldata.
    pub calldata_aggregated: Cost,
    /// The same in blobs.
    pub blob_aggregated: Cost,
}

/// Measures the postings of the payments, whose compressed form is given.
///
/// # Errors
/// If a transaction fails.
pub fn measure(layer2: &Layer2, compressed: &[u8]) -> Result<Optimistic> {
    let signatures = layer2.transfers.iter().flat_map(|signed| {
        let signature = &signed.signature;
        let r = word_from_field(&signature.r8.1);
        r.into_iter().chain(signature.s.to_bytes_be())
    });
    let signed: Vec<u8> = compressed.iter().copied().chain(signatures).collect();
    // Stands for a signature: as incompressible as one.
    let aggregate = (0..AGGREGATE_BYTES / 32).flat_map(|i| keccak256(&[i as u8]));
    let aggregated: Vec<u8> = compressed.iter().copied().chain(aggregate).collect();

    let mut evm = chain();
    let poster = address(0);
    let code = hex::decode(INBOX.trim_end())?;
    let inbox = evm.deploy(poster, code)?.address;
    calldata(&mut evm, poster, inbox, b"the first posting is dearer")?;
    Ok(Optimistic {
        calldata: calldata(&mut evm, poster, inbox, &signed)?,
        blob: blob(&mut evm, poster, inbox, &signed)?,
        calldata_aggregated: calldata(&mut evm, poster, inbox, &aggregated)?,
        blob_aggregated: blob(&mut evm, poster, inbox, &aggregated)?,
    })
}

fn calldata(evm: &mut Evm, from: Address, inbox: Address, data: &[u8]) -> Result<Cost> {
    let mut cost = Cost::default();
    for chunk in data.chunks(CHUNK) {
        let words = [32, chunk.len() as u128].map(word_from_u128);
        let mut call = selector("post(bytes)").to_vec();
        call.extend(words.concat());
        call.extend(chunk);
        call.resize(4 + (call.len() - 4).next_multiple_of(32), 0);
        let length = call.len();
        cost += Cost::of(&evm.transact(from, inbox, call, 0)?, length)?;
    }
    Ok(cost)
}

fn blob(evm: &mut Evm, from: Address, inbox: Address, data: &[u8]) -> Result<Cost> {
    let mut cost = Cost::default();
    for chunk in data.chunks(BLOB_DATA) {
        let mut bytes = Vec::with_capacity(32 * 4096);
        for element in chunk.chunks(31) {
            bytes.push(0);
            bytes.extend(element);
            bytes.resize(bytes.len().next_multiple_of(32), 0);
        }
        bytes.resize(32 * 4096, 0);
        let hash = CommittedBlob::new(&bytes)?.versioned_hash();
        let call = encode_call("postBlob()", &[]);
        let length = call.len();
        let receipt = evm.transact_with_blobs(from, inbox, call, &[hash])?;
        cost += Cost::of(&receipt, length)?.with_blob(chunk.len());
    }
    Ok(cost)
}
