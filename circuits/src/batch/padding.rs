//! What unused slots prove: a made-up account, alone in a tree of its own, pays itself nothing.
//!
//! The account's key is no secret and the account is in nobody's state. The transfer is signed for
//! the batch's own domain and time, so that every constraint of a slot holds whether or not the slot
//! is used.

use super::{
    fee_slot::FeeSlotCircuit,
    l1_slot::L1SlotCircuit,
    transfer_slot::{Receiver, TransferSlot},
};
use crate::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::{PrivateKey, PublicKey},
    ledger::{ReceiverTrace, TransferTrace},
    public_data::{BatchShape, Header},
    queue::{Entry, EntryType, L1Slot, Outcome},
    transfer::{Address, Domain, Recipient, Transfer},
    tree::{Path, Tree},
    uint::U40,
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// The padding of one batch.
pub(super) struct Padding {
    trace: TransferTrace,
    /// The account after the transfer's debit, and its path.
    receiver: (Account, Path),
    entry: L1Slot,
    depth: u32,
    /// d₀ and d₁.
    domain: Fr,
    timestamp: Fr,
}

impl Padding {
    /// The padding of a batch with this header.
    pub(super) fn new(header: &Header) -> Self {
        let key = private_key();
        let index = AccountIndex::default();
        let before = Account::new(key.public_key(), 0, 0).expect("the key is on the curve");
        let after = Account {
            nonce: U40::try_from(1).expect("one is in range"),
            ..before.clone()
        };
        let depth = header.shape.depth;
        let (sender_path, receiver_path) = (path_of(&before, depth), path_of(&after, depth));
        let transfer = Transfer {
            from: index,
            recipient: Recipient::account(index),
            amount: Amount::default(),
            fee: Fee::default(),
            token: before.token,
            nonce: before.nonce,
            valid_until: header.timestamp,
        };
        let [domain, timestamp, ..] = header.words();
        let trace = TransferTrace {
            transfer: transfer.sign(&key, &header.domain),
            root_before: sender_path.root(),
            root_after: receiver_path.root(),
            sender: before,
            sender_path,
            receiver: ReceiverTrace::Account {
                account: after.clone(),
                path: receiver_path.clone(),
            },
        };
        let entry = Entry {
            kind: EntryType::Exit,
            token: 0,
            account: index,
            address: Address([0; 20]),
            amount: 0,
            key: PublicKey::NONE,
            timestamp: U40::default(),
        };
        Self {
            trace,
            receiver: (after, receiver_path),
            entry: L1Slot {
                entry,
                outcome: Outcome::Paid(0),
            },
            depth,
            domain,
            timestamp,
        }
    }

    /// The padding that templates of a shape are synthesised with.
    pub(super) fn of_shape(shape: &BatchShape) -> Self {
        Self::new(&header_of(shape))
    }

    /// An unused transfer slot, before which the fee slots have `fees`, the state `root` and the running
    /// hashes are `records`.
    pub(super) fn transfer_slot<'a>(
        &'a self,
        fee_tokens: &'a [Fr],
        fees: &'a [Fr],
        root: Fr,
        records: [Fr; 2],
    ) -> TransferSlot<'a> {
        TransferSlot {
            on: false,
            trace: &self.trace,
            receiver: Receiver {
                index: AccountIndex::default(),
                account: &self.receiver.0,
                path: &self.receiver.1,
            },
            records,
            domain: self.domain,
            timestamp: self.timestamp,
            fee_tokens,
            root,
            fees,
            fee_slot: None,
        }
    }

    /// Who is credited in place of an address on L1: an account of the token, alone in its tree at index 0.
    pub(super) fn receiver_of_token(&self, token: u32) -> (Account, Path) {
        let account = Account {
            token,
            ..self.trace.sender.clone()
        };
        let path = path_of(&account, self.depth);
        (account, path)
    }

    /// An unused L1 slot, before which the state is `root`.
    pub(super) fn l1_slot(&self, root: Fr) -> L1SlotCircuit<'_> {
        L1SlotCircuit {
            on: false,
            slot: &self.entry,
            index: AccountIndex::default(),
            account: Some(&self.trace.sender),
            path: &self.trace.sender_path,
            root,
        }
    }

    /// An unused fee slot, before which the state is `root`.
    pub(super) fn fee_slot(&self, root: Fr) -> FeeSlotCircuit<'_> {
        FeeSlotCircuit {
            on: false,
            index: 0,
            account: &self.trace.sender,
            path: &self.trace.sender_path,
            root,
            total: Fr::ZERO,
        }
    }

    /// The token that an unused fee slot shows to the transfers.
    pub(super) fn fee_token(&self) -> Fr {
        Fr::from(self.trace.sender.token)
    }
}

fn private_key() -> PrivateKey {
    PrivateKey::from(*b"the key of a slot without a user")
}

/// The path of an account at index 0, alone in a tree.
fn path_of(account: &Account, depth: u32) -> Path {
    let tree = Tree::from_leaves(depth as usize, [(0, account.leaf())]);
    tree.and_then(|tree| tree.path(0))
        .expect("the depth is checked, and index 0 is in every tree")
}

/// A header of a shape, all else zero.
pub(super) fn header_of(shape: &BatchShape) -> Header {
    Header {
        domain: Domain {
            chain_id: 0,
            contract: Address([0; 20]),
        },
        timestamp: U40::default(),
        batch_number: 0,
        shape: *shape,
        pre_root: Fr::ZERO,
        post_root: Fr::ZERO,
        consumed_before: 0,
        consumed_after: 0,
    }
}
