//! The zkroll protocol, natively and in constraints.
//!
//! * [`protocol`] is the specification in Rust: Poseidon, Baby Jubjub, EdDSA, accounts, the state
//!   tree, transfers, public data and the [`Ledger`](protocol::ledger::Ledger) that applies them.
//! * [`gadgets`] holds the circuit twin of each part, in files of the same name.
//! * [`template`] builds large circuits out of copies of small ones.
//! * [`batch`] is the batch circuit: slots, public data and the witness.
//! * [`exit`] is the circuit of those who leave without the operator.
//!
//! `docs/protocol.md` fixes the protocol. This crate knows no prover, no thread pool of its own and
//! no Solidity.

#![forbid(unsafe_code)]

mod arithmetic;
pub mod batch;
pub mod exit;
pub mod gadgets;
mod parallel;
pub mod protocol;
pub mod template;
