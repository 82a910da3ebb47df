//! The protocol, module by module, against its definitions and against circomlibjs.

mod amount;
mod babyjubjub;
mod common;
mod eddsa;
mod ledger;
mod poseidon;
mod public_data;
mod refusals;
mod transfer;
mod tree;
