//! The state and what changes it.
//!
//! A [`Ledger`] holds every account, their tree, the number and the timestamp of the last batch. A
//! batch is applied in two steps:
//!
//! 1. *Staging* runs every check of `docs/protocol.md` §5 over an overlay of the accounts that the
//!    batch touches, and notes each change of an account. No hash of the tree is computed.
//! 2. *Committing* replays the noted changes on the tree, which yields the paths and roots of the
//!    trace. Nothing can fail here.
//!
//! A refused transfer or batch therefore leaves the ledger as it was, at the cost of the checks
//! alone.
//!
//! Invariants: each account satisfies [`Account::validate`], and the tree has exactly the accounts'
//! leaves. serde writes the accounts with the root and checks both when reading.
//!
//! Cost: a transfer is one signature verification, two leaves and 2·D nodes.
//!
//! Not here: deposits and withdrawals (reserved in version 1), the choice of transfers, storage.

mod error;
mod serial;
mod stage;
mod trace;

use std::collections::BTreeMap;

use ark_bn254::Fr;

pub use error::{BatchError, LedgerError, ReplayError, TransferError};
use stage::{Change, Stage};
pub use trace::{BatchTrace, FeeTrace, TransferTrace};

use super::{
    account::{Account, AccountIndex},
    public_data::{BatchShape, FeeSlot, Header, PublicData},
    transfer::{Domain, SignedTransfer},
    tree::{Path, Tree, TreeError},
    uint::U40,
};

/// The state of one rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    domain: Domain,
    accounts: BTreeMap<AccountIndex, Account>,
    tree: Tree,
    batch_number: u64,
    timestamp: U40,
}

impl Ledger {
    /// A ledger before its first batch, with these accounts at these indices.
    ///
    /// # Errors
    /// If the depth is not in 1..=11, an index lies outside the tree or comes twice, or an account
    /// cannot exist.
    pub fn from_genesis(
        depth: usize,
        domain: Domain,
        accounts: impl IntoIterator<Item = (AccountIndex, Account)>,
    ) -> Result<Self, LedgerError> {
        let mut by_index = BTreeMap::new();
        for (index, account) in accounts {
            account.validate().map_err(|source| LedgerError::Account {
                index: index.get(),
                source,
            })?;
            if by_index.insert(index, account).is_some() {
                return Err(LedgerError::DuplicateAccount { index });
            }
        }
        Self::from_accounts(depth, domain, by_index)
    }

    /// A ledger with these valid accounts.
    fn from_accounts(
        depth: usize,
        domain: Domain,
        accounts: BTreeMap<AccountIndex, Account>,
    ) -> Result<Self, LedgerError> {
        let leaves = accounts
            .iter()
            .map(|(index, account)| (index.get(), account.leaf()));
        let tree = Tree::from_leaves(depth, leaves)?;
        Ok(Self {
            domain,
            accounts,
            tree,
            batch_number: 0,
            timestamp: U40::default(),
        })
    }

    /// The contract and chain whose state this is.
    pub fn domain(&self) -> &Domain {
        &self.domain
    }

    /// D, the depth of the state tree.
    pub fn depth(&self) -> usize {
        self.tree.depth()
    }

    /// The state root.
    pub fn root(&self) -> Fr {
        self.tree.root()
    }

    /// The number of batches applied, which is the number of the last one.
    pub fn batch_number(&self) -> u64 {
        self.batch_number
    }

    /// The timestamp of the last batch; 0 before the first one.
    pub fn timestamp(&self) -> U40 {
        self.timestamp
    }

    /// The account at `index`.
    pub fn account(&self, index: AccountIndex) -> Option<&Account> {
        self.accounts.get(&index)
    }

    /// All accounts by index.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = (AccountIndex, &Account)> {
        self.accounts
            .iter()
            .map(|(index, account)| (*index, account))
    }

    /// The path of the account at `index`, which may be absent.
    ///
    /// # Errors
    /// If the index lies outside the tree.
    pub fn path(&self, index: AccountIndex) -> Result<Path, TreeError> {
        self.tree.path(index.get())
    }

    /// Applies one transfer. Its fee is taken from the sender and left to the caller to credit.
    ///
    /// # Errors
    /// If a check of `docs/protocol.md` §5 fails; the ledger is then as before.
    pub fn apply_transfer(
        &mut self,
        transfer: &SignedTransfer,
        timestamp: U40,
        fee_slots: &[FeeSlot],
    ) -> Result<TransferTrace, TransferError> {
        let changes = Stage::new(self).signed_transfer(transfer, timestamp, fee_slots)?;
        Ok(self.commit_transfer(transfer, changes))
    }

    /// Whether [`apply_transfer`](Self::apply_transfer) would accept the transfer now: for a node
    /// that collects transfers.
    ///
    /// # Errors
    /// Those of [`apply_transfer`](Self::apply_transfer).
    pub fn check_transfer(
        &self,
        transfer: &SignedTransfer,
        timestamp: U40,
        fee_slots: &[FeeSlot],
    ) -> Result<(), TransferError> {
        Stage::new(self)
            .signed_transfer(transfer, timestamp, fee_slots)
            .map(drop)
    }

    /// Applies the next batch: the transfers in order, then each fee slot.
    ///
    /// # Errors
    /// If the batch does not fit `shape`, its timestamp is before the last one, or a transfer or a
    /// fee slot is refused; the ledger is then as before.
    pub fn apply_batch(
        &mut self,
        shape: &BatchShape,
        timestamp: u64,
        fee_slots: &[FeeSlot],
        transfers: &[SignedTransfer],
    ) -> Result<BatchTrace, BatchError> {
        let timestamp = U40::try_from(timestamp)?;
        BatchError::check_shape(shape, self.depth(), transfers.len(), fee_slots.len())?;
        let batch_number = self.next_batch(timestamp)?;

        let mut stage = Stage::new(self);
        stage.check_fee_slots(fee_slots.iter().enumerate())?;
        let mut transfer_changes = Vec::with_capacity(transfers.len());
        for (index, transfer) in transfers.iter().enumerate() {
            let changes = stage
                .signed_transfer(transfer, timestamp, fee_slots)
                .map_err(|source| BatchError::Transfer { index, source })?;
            transfer_changes.push(changes);
        }
        let fee_changes = fee_slots
            .iter()
            .enumerate()
            .map(|(index, slot)| stage.fee_slot(index, slot))
            .collect::<Result<Vec<_>, _>>()?;

        let pre_root = self.root();
        let transfers = transfers
            .iter()
            .zip(transfer_changes)
            .map(|(transfer, changes)| self.commit_transfer(transfer, changes))
            .collect();
        let mut fees: Vec<_> = fee_slots
            .iter()
            .zip(fee_changes)
            .map(|(slot, (change, fees))| {
                let root_before = self.root();
                let (account, path) = self.commit(change);
                Some(FeeTrace {
                    slot: *slot,
                    account,
                    path,
                    fees,
                    root_before,
                    root_after: self.root(),
                })
            })
            .collect();
        fees.resize(shape.fee_slots as usize, None);
        self.batch_number = batch_number;
        self.timestamp = timestamp;
        Ok(BatchTrace {
            header: Header {
                domain: self.domain,
                timestamp,
                batch_number,
                shape: *shape,
                pre_root,
                post_root: self.root(),
            },
            transfers,
            fees,
        })
    }

    /// Applies the next batch from what it published, for whoever rebuilds the state from L1. The
    /// proof on L1 has shown what the public data do not: signatures, nonces and time limits.
    ///
    /// # Errors
    /// If the data are not those of the next batch of this ledger, a transfer or a fee slot cannot
    /// have been proven, or the state root differs; the ledger is then as before.
    pub fn apply_public_data(&mut self, data: &PublicData) -> Result<(), ReplayError> {
        let header = data.header();
        if header.domain != self.domain {
            return Err(ReplayError::DomainMismatch {
                expected: self.domain,
                got: header.domain,
            });
        }
        let slots = (data.transfers().len(), data.fee_slots().len());
        BatchError::check_shape(&header.shape, self.depth(), slots.0, slots.1)?;
        let batch_number = self.next_batch(header.timestamp)?;
        if header.batch_number != batch_number {
            return Err(ReplayError::BatchNumberMismatch {
                expected: batch_number,
                got: header.batch_number,
            });
        }
        if header.pre_root != self.root() {
            return Err(ReplayError::PreRootMismatch {
                expected: self.root(),
                got: header.pre_root,
            });
        }

        let used = || {
            let slots = data.fee_slots().iter().enumerate();
            slots.filter_map(|(index, slot)| slot.as_ref().map(|slot| (index, slot)))
        };
        let fee_slots: Vec<FeeSlot> = used().map(|(_, slot)| *slot).collect();
        let mut stage = Stage::new(self);
        stage.check_fee_slots(used())?;
        for (index, transfer) in data.transfers().iter().enumerate() {
            if let Some(transfer) = transfer {
                stage
                    .public_transfer(transfer, &fee_slots)
                    .map_err(|source| BatchError::Transfer { index, source })?;
            }
        }
        for (index, slot) in used() {
            stage.fee_slot(index, slot)?;
        }

        let after = stage.into_accounts();
        let before: Vec<Change> = after
            .keys()
            .filter_map(|index| self.accounts.get_key_value(index))
            .map(|(index, account)| (*index, account.clone()))
            .collect();
        self.store(after);
        if header.post_root != self.root() {
            let got = self.root();
            self.store(before);
            return Err(ReplayError::PostRootMismatch {
                expected: header.post_root,
                got,
            });
        }
        self.batch_number = batch_number;
        self.timestamp = header.timestamp;
        Ok(())
    }

    /// The number of a batch with this timestamp.
    fn next_batch(&self, timestamp: U40) -> Result<u64, BatchError> {
        if timestamp < self.timestamp {
            return Err(BatchError::TimestampBackwards {
                last: self.timestamp,
                got: timestamp,
            });
        }
        self.batch_number
            .checked_add(1)
            .ok_or(BatchError::BatchNumberExhausted)
    }

    fn commit_transfer(
        &mut self,
        transfer: &SignedTransfer,
        [sender, receiver]: [Change; 2],
    ) -> TransferTrace {
        let root_before = self.root();
        let (sender, sender_path) = self.commit(sender);
        let (receiver, receiver_path) = self.commit(receiver);
        TransferTrace {
            transfer: *transfer,
            sender,
            sender_path,
            receiver,
            receiver_path,
            root_before,
            root_after: self.root(),
        }
    }

    /// Makes one staged change; returns the account and its path as they were.
    fn commit(&mut self, (index, after): Change) -> (Account, Path) {
        let path = self.tree.path(index.get());
        let leaf = self.tree.set(index.get(), after.leaf());
        let before = self.accounts.insert(index, after);
        match (before, path, leaf) {
            (Some(before), Ok(path), Ok(_)) => (before, path),
            _ => unreachable!("staging admits only existing accounts, got index {index}"),
        }
    }

    /// Makes changes of which nobody needs the paths.
    fn store(&mut self, changes: impl IntoIterator<Item = Change>) {
        for (index, account) in changes {
            self.tree
                .set(index.get(), account.leaf())
                .expect("staging admits only accounts of the tree");
            self.accounts.insert(index, account);
        }
    }
}
