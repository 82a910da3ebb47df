//! What unused slots prove: a made-up account, alone in a tree of its own, pays itself nothing.
//!
//! The account's key is no secret and the account is in nobody's state. The transfer is signed for
//! the batch's own domain and time, so that every constraint of a slot holds whether or not the slot
//! is used.

use super::{fee_slot::FeeSlotCircuit, transfer_slot::TransferSlot};
use crate::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PrivateKey,
    ledger::TransferTrace,
    public_data::{BatchShape, Header},
    transfer::{Address, Domain, Transfer},
    tree::{Path, Tree},
    uint::U40,
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// The padding of one batch.
pub(super) struct Padding {
    trace: TransferTrace,
    /// d₀ and d₁.
    domain: Fr,
    timestamp: Fr,
}

impl Padding {
    /// The padding of a batch with this header.
    pub(super) fn new(header: &Header) -> Self {
        let key = PrivateKey::from(*b"the key of a slot without a user");
        let index = AccountIndex::default();
        let before = Account::new(key.public_key(), 0, 0).expect("the key is on the curve");
        let after = Account {
            nonce: U40::try_from(1).expect("one is in range"),
            ..before.clone()
        };
        let path = |account: &Account| -> Path {
            let mut tree = Tree::new(header.shape.depth as usize).expect("the depth is checked");
            tree.set(0, account.leaf())
                .expect("index 0 is in every tree");
            tree.path(0).expect("index 0 is in every tree")
        };
        let (sender_path, receiver_path) = (path(&before), path(&after));
        let transfer = Transfer {
            from: index,
            to: index,
            amount: Amount::default(),
            fee: Fee::default(),
            token: before.token,
            nonce: before.nonce,
            valid_until: header.timestamp,
            recipient: Fr::ZERO,
        };
        let [domain, timestamp, ..] = header.words();
        let trace = TransferTrace {
            transfer: transfer.sign(&key, &header.domain),
            root_before: sender_path.root(),
            root_after: receiver_path.root(),
            sender: before,
            sender_path,
            receiver: after,
            receiver_path,
        };
        Self {
            trace,
            domain,
            timestamp,
        }
    }

    /// The padding that templates of a shape are synthesised with.
    pub(super) fn of_shape(shape: &BatchShape) -> Self {
        Self::new(&header_of(shape))
    }

    /// An unused transfer slot, before which the fee slots have `fees` and the state `root`.
    pub(super) fn transfer_slot<'a>(
        &'a self,
        fee_tokens: &'a [Fr],
        fees: &'a [Fr],
        root: Fr,
    ) -> TransferSlot<'a> {
        TransferSlot {
            on: false,
            trace: &self.trace,
            domain: self.domain,
            timestamp: self.timestamp,
            fee_tokens,
            root,
            fees,
            fee_slot: None,
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
    }
}
