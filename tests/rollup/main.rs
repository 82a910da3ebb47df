//! Whole batches, from signed transfers to the contracts in the embedded EVM and back.

mod bit_identity;
mod blobs;
#[path = "../common/mod.rs"]
mod common;
mod funds;
mod histories;
mod json;
mod settlement;
mod wallet;
