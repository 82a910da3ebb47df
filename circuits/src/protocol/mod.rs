//! The zkroll protocol in plain Rust: the specification that the circuit follows.
//!
//! `docs/protocol.md` is the text; its sections are these modules.
//!
//! | § | | module |
//! |---|---|---|
//! | 1 | hash and curve | [`poseidon`], [`babyjubjub`] |
//! | 2 | signature | [`eddsa`] |
//! | 3 | accounts and state | [`account`], [`tree`] |
//! | 4 | amounts and fees | [`amount`] |
//! | 5 | the signed message; when an operation applies | [`transfer`], [`ledger`] |
//! | 6 | what comes from L1 | [`queue`], [`ledger`] |
//! | 7, 8 | public data, the call | [`public_data`] |
//! | 9 | exit proofs | [`exit`] |
//!
//! [`blob`] is the value of a blob's polynomial, for batches that put their words there.
//! [`field`] is the text, bytes and serde of field elements, [`uint`] the integers whose number of
//! bits the protocol fixes. An operation and its circuit twin in `gadgets` have the same name in
//! files of the same name.
//!
//! Whatever comes from outside (JSON, bytes, transfers) ends in a value or a typed error, never in
//! a panic. JSON has camelCase keys, decimal strings for whatever may exceed 2⁵³, and refuses
//! unknown keys.

pub mod account;
pub mod amount;
pub mod babyjubjub;
pub mod blake512;
pub mod blob;
pub mod eddsa;
pub mod exit;
pub mod field;
pub mod ledger;
pub mod poseidon;
pub mod public_data;
pub mod queue;
pub mod transfer;
pub mod tree;
pub mod uint;
