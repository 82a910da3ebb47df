//! What the contracts read, and the contracts in the embedded EVM. One binary: linking an EVM takes longer than
//! most of the tests.
//!
//! | module | |
//! |---|---|
//! | [`evm`] | the EVM itself: gas and reverts |
//! | [`verifier`], [`batch`] | one proof, many proofs |
//! | [`rollup`], [`batches`], `blob`, [`gas`] | settling: one batch, several, in a blob; what it takes at most |
//! | [`deposits`], [`exits`] | money in and out |
//! | `calldata`, `key`, `kzg` | calls, the key's words, commitments to blobs |
//! | [`channel`] | the payment channel of the example `l1_vs_l2` |

#[cfg(feature = "evm")]
mod batch;
#[cfg(feature = "evm")]
mod batches;
#[cfg(all(feature = "evm", feature = "kzg"))]
mod blob;
mod calldata;
#[cfg(feature = "evm")]
mod channel;
#[path = "../common/mod.rs"]
mod common;
#[cfg(feature = "evm")]
mod deposits;
#[cfg(feature = "evm")]
mod evm;
#[cfg(feature = "evm")]
mod exits;
#[cfg(feature = "evm")]
mod gas;
mod key;
#[cfg(feature = "kzg")]
mod kzg;
#[cfg(feature = "evm")]
mod rollup;
#[cfg(feature = "evm")]
mod verifier;
