//! A zkroll ledger in a file.
//!
//! A [`Store`] is a [`Ledger`](zkroll_circuits::protocol::ledger::Ledger) in memory and a redb database beside it.
//!
//! ```
//! # use zkroll_circuits::protocol::{account::{Account, AccountIndex}, eddsa::PrivateKey, ledger::Ledger};
//! # use zkroll_circuits::protocol::{public_data::BatchShape, transfer::Domain};
//! use zkroll_store::Store;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("rollup.redb");
//! # let domain = Domain { chain_id: 31337, contract: Default::default() };
//! # let first = AccountIndex::try_from(0)?;
//! # let owner = PrivateKey::from([1; 32]).public_key();
//! # let genesis = Ledger::from_genesis(2, domain, [(first, Account::new(owner, 0, 5)?)])?;
//! # let shape = BatchShape::transfers_only(2, 1, 0);
//! let mut store = Store::create(&path, genesis)?;
//! let trace = store.apply_batch(&shape, 1_800_000_000, &[], &[], &[])?; // durable from here on
//! drop(store);
//!
//! let mut store = Store::open(&path, &domain, 2)?;
//! assert_eq!(store.ledger().root(), trace.header.post_root);
//! assert!(store.proof_at(0, first)?.verify()); // under the root before the batch
//! store.revert_to(0)?; // the chain forgot the batch
//! # Ok(())
//! # }
//! ```
//!
//! **Batches.** [`Store::apply_batch`] and [`Store::apply_public_data`] are those of the ledger; when they return,
//! the batch is on disk with all that belongs to it. A batch is one transaction: whenever the process or the
//! machine stops, the file holds the state after some batch, and after every batch that had returned.
//!
//! **History.** Of the last [`DEFAULT_HISTORY`] batches ([`Store::set_history`]) the store keeps the data that they
//! published ([`Store::batches`]) and what they changed. So it goes back to any of their states, exactly
//! ([`Store::revert_to`]), and proves an account under any of their roots ([`Store::proof_at`]).
//!
//! **The L1 queue.** [`Store::queue`] keeps entries until batches consume them and the batches are forgotten. When
//! the chain reorganises, a node calls [`Store::revert_to`] the last batch that is still there,
//! [`Store::truncate_queue`] to what is still queued, and then feeds what the chain has now. Which block a batch
//! or an entry came with is the node's to remember.
//!
//! **What is checked.** A file is opened by one process at a time, and only for the contract, chain and depth that
//! the caller names. Opening compares every page with its checksum (XXH3, 128 bits), which covers what is written to
//! the file and not a page that was never used, and computes the tree anew, whose root must be the last one's. The
//! rest is checked when it is read: a revert must lead to the root that the state had, a path to the root of its batch,
//! data must decode. A file that was cut short or overwritten is thus an error and never a panic, in a build
//! without debug assertions; with them redb itself panics where a file is not as it wrote it. XXH3 is
//! no cryptographic hash: someone who writes a file with the right checksums and the wrong structure is not
//! kept out by redb. What such a file can say of accounts is still what has the state root; compare that with the
//! contract's.
//!
//! **Cost.** To open a file is a Poseidon₄ and the check of a key for each account and a Poseidon₈ for each node above
//! them, which is also its floor; with the feature `parallel` they are spread over rayon's threads. A batch writes each
//! account that it touches twice and each node above it once, beside the hashes of the ledger; a revert
//! is D+1 hashes for each account that has to go back; a proof is D+1 hashes. `ARCHITECTURE.md` has figures.
//!
//! Not here: the choice of transfers, proofs of batches, the chain.

#![forbid(unsafe_code)]

mod error;
mod proof;
mod record;
mod store;
mod undo;

#[cfg(test)]
mod tests;

pub use error::{RecordError, StoreError};
pub use proof::AccountProof;
pub use store::{DEFAULT_HISTORY, Store};
