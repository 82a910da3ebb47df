//! The contracts in the embedded EVM. One binary: linking an EVM takes longer than most of the tests.
//!
//! | module | |
//! |---|---|
//! | [`evm`] | the EVM itself: gas and reverts |
//! | [`verifier`], [`batch`] | one proof, many proofs |
//! | [`rollup`], [`batches`], `blob`, [`gas`] | settling: one batch, several, in a blob; what it takes at most |
//! | [`deposits`], [`exits`] | money in and out |
//! | [`channel`] | the payment channel of the example `l1_vs_l2` |

mod batch;
mod batches;
#[cfg(feature = "kzg")]
mod blob;
mod channel;
#[path = "../common/mod.rs"]
mod common;
mod deposits;
mod evm;
mod exits;
mod gas;
mod rollup;
mod verifier;
