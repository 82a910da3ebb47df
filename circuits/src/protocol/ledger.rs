//! The state and what changes it.
//!
//! A [`Ledger`] holds every account, their tree, the number and the timestamp of the last batch, and how many
//! entries of the L1 queue are consumed. A batch is applied in two steps:
//!
//! 1. *Staging* runs every check of `docs/protocol.md` §5 and §6 over an overlay of the accounts that the
//!    batch touches, and notes each change of an account. No hash of the tree is computed.
//! 2. *Committing* replays the noted changes on the tree, which yields the paths and roots of the
//!    trace. Nothing can fail here.
//!
//! A refused transfer or batch therefore leaves the ledger as it was, at the cost of the checks
//! alone.
//!
//! Invariants: each account satisfies [`Account::validate`], and the tree has exactly the accounts'
//! leaves. serde writes the accounts with the root and checks both when reading; [`Ledger::resume`] does the same
//! for whoever stores the accounts one by one, and [`Ledger::restore`] takes a ledger back to a state that it had.
//!
//! Cost: a transfer is one signature verification, two leaves and 2·D nodes; an entry one leaf and D nodes.
//!
//! Not here: the choice of transfers, whether the entries are those of the contract's queue, storage.

mod error;
mod serial;
mod stage;
mod trace;

use std::collections::BTreeMap;

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

use error::Needed;
pub use error::{BatchError, ConsumeError, LedgerError, ReplayError, TransferError};
use stage::{Change, Moves, Stage};
pub use trace::{BatchTrace, Before, FeeTrace, L1Trace, ReceiverTrace, TransferTrace};

use super::{
    account::{Account, AccountIndex},
    public_data::{BatchShape, FeeSlot, Header, PublicData},
    queue::{Entry, L1Slot, Outcome},
    transfer::{Domain, Operation, Recipient, SignedTransfer},
    tree::{Path, Tree, TreeError},
    uint::U40,
};
use crate::parallel;

/// What a ledger is at, beside its accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The number of the last batch.
    pub batch_number: u64,
    /// Its timestamp.
    pub timestamp: U40,
    /// Entries of the L1 queue that are consumed.
    pub consumed: u64,
    /// The state root.
    pub root: Fr,
}

/// The state of one rollup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    domain: Domain,
    accounts: BTreeMap<AccountIndex, Account>,
    tree: Tree,
    batch_number: u64,
    timestamp: U40,
    consumed: u64,
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
        let accounts: Vec<_> = accounts.into_iter().collect();
        let validities =
            parallel::map(accounts.iter().collect(), |(_, account)| account.validate());
        let mut by_index = BTreeMap::new();
        for ((index, account), validity) in accounts.into_iter().zip(validities) {
            validity.map_err(|source| LedgerError::Account {
                index: index.get(),
                source,
            })?;
            if by_index.insert(index, account).is_some() {
                return Err(LedgerError::DuplicateAccount { index });
            }
        }
        Self::from_accounts(depth, domain, by_index)
    }

    /// A ledger in a later state: these accounts, which have the checkpoint's root.
    ///
    /// # Errors
    /// Those of [`from_genesis`](Self::from_genesis), and if the root is another one.
    pub fn resume(
        depth: usize,
        domain: Domain,
        checkpoint: &Checkpoint,
        accounts: impl IntoIterator<Item = (AccountIndex, Account)>,
    ) -> Result<Self, LedgerError> {
        Self::from_genesis(depth, domain, accounts)?.at(checkpoint)
    }

    /// This ledger of valid accounts, at a checkpoint.
    fn at(mut self, checkpoint: &Checkpoint) -> Result<Self, LedgerError> {
        if self.root() != checkpoint.root {
            return Err(LedgerError::RootMismatch {
                expected: checkpoint.root,
                got: self.root(),
            });
        }
        self.proceed(checkpoint);
        Ok(self)
    }

    /// Takes over what a checkpoint says, but for the root.
    fn proceed(&mut self, checkpoint: &Checkpoint) {
        self.batch_number = checkpoint.batch_number;
        self.timestamp = checkpoint.timestamp;
        self.consumed = checkpoint.consumed;
    }

    /// A ledger with these valid accounts.
    fn from_accounts(
        depth: usize,
        domain: Domain,
        accounts: BTreeMap<AccountIndex, Account>,
    ) -> Result<Self, LedgerError> {
        let leaves = parallel::map(accounts.iter().collect(), |(index, account)| {
            (AccountIndex::get(*index), Account::leaf(account))
        });
        let tree = Tree::from_leaves(depth, leaves)?;
        Ok(Self {
            domain,
            accounts,
            tree,
            batch_number: 0,
            timestamp: U40::default(),
            consumed: 0,
        })
    }

    /// What the ledger is at, beside its accounts.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            batch_number: self.batch_number,
            timestamp: self.timestamp,
            consumed: self.consumed,
            root: self.root(),
        }
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

    /// Entries of the L1 queue that are consumed, which is the position of the next one.
    pub fn consumed(&self) -> u64 {
        self.consumed
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
        let moves = Stage::new(self).signed_transfer(transfer, timestamp, fee_slots)?;
        Ok(self.commit_transfer(transfer, moves))
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

    /// Applies the next batch: the entries of the L1 queue, the transfers, then each fee slot. The entries
    /// are the contract's next ones, from [`consumed`](Self::consumed) on; accounts that are created get the
    /// index after the last account's.
    ///
    /// # Errors
    /// If the batch does not fit `shape`, its timestamp is before the last one, or an entry, a transfer or a
    /// fee slot is refused; the ledger is then as before.
    pub fn apply_batch(
        &mut self,
        shape: &BatchShape,
        timestamp: u64,
        entries: &[Entry],
        fee_slots: &[FeeSlot],
        transfers: &[SignedTransfer],
    ) -> Result<BatchTrace, BatchError> {
        let timestamp = U40::try_from(timestamp)?;
        let of = |operation| {
            let operations = transfers.iter().map(|t| t.transfer.recipient.operation());
            operations.filter(|other| *other == operation).count()
        };
        let needed = Needed {
            l1: entries.len(),
            fee_slots: fee_slots.len(),
            withdrawals: of(Operation::Withdrawal),
            creations: of(Operation::NewAccount),
            transfers: transfers.len(),
        };
        BatchError::check_shape(shape, self.depth(), &needed)?;
        let batch_number = self.next_batch(timestamp)?;
        let consumed = self.consumed_after(entries.len())?;

        let mut stage = Stage::new(self);
        let entry_changes = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| {
                stage
                    .entry(entry, None)
                    .map_err(|source| BatchError::Entry { index, source })
            })
            .collect::<Result<Vec<_>, _>>()?;
        stage.check_fee_slots(fee_slots.iter().enumerate())?;
        let mut moves = Vec::with_capacity(transfers.len());
        for (index, transfer) in transfers.iter().enumerate() {
            let of_transfer = stage
                .signed_transfer(transfer, timestamp, fee_slots)
                .map_err(|source| BatchError::Transfer { index, source })?;
            moves.push(of_transfer);
        }
        let fee_changes = fee_slots
            .iter()
            .enumerate()
            .map(|(index, slot)| stage.fee_slot(index, slot))
            .collect::<Result<Vec<_>, _>>()?;

        let pre_root = self.root();
        let l1 = entries
            .iter()
            .zip(entry_changes)
            .map(|(entry, change)| self.commit_entry(entry, change))
            .collect();
        let transfers = transfers
            .iter()
            .zip(moves)
            .map(|(transfer, moves)| self.commit_transfer(transfer, moves))
            .collect();
        let mut fees: Vec<_> = fee_slots
            .iter()
            .zip(fee_changes)
            .map(|(slot, (change, fees))| {
                let root_before = self.root();
                let (account, path) = self.commit_existing(change);
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
        let consumed_before = std::mem::replace(&mut self.consumed, consumed);
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
                consumed_before,
                consumed_after: consumed,
            },
            l1,
            transfers,
            fees,
        })
    }

    /// Applies the next batch from what it published, for whoever rebuilds the state from L1. The
    /// proof on L1 has shown what the public data do not: signatures, nonces and time limits. Returns the accounts
    /// that changed, each once, as they were before the batch.
    ///
    /// # Errors
    /// If the data are not those of the next batch of this ledger, a transfer or a fee slot cannot
    /// have been proven, or the state root differs; the ledger is then as before.
    pub fn apply_public_data(&mut self, data: &PublicData) -> Result<Vec<Before>, ReplayError> {
        let header = data.header();
        if header.domain != self.domain {
            return Err(ReplayError::DomainMismatch {
                expected: self.domain,
                got: header.domain,
            });
        }
        // Public data have no more slots than their own shape.
        BatchError::check_shape(&header.shape, self.depth(), &Needed::default())?;
        let batch_number = self.next_batch(header.timestamp)?;
        if header.batch_number != batch_number {
            return Err(ReplayError::BatchNumberMismatch {
                expected: batch_number,
                got: header.batch_number,
            });
        }
        if header.consumed_before != self.consumed {
            return Err(ReplayError::ConsumedMismatch {
                expected: self.consumed,
                got: header.consumed_before,
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
        for (index, slot) in data.l1().iter().enumerate() {
            let created = match slot.outcome {
                Outcome::Created(index) => Some(index),
                _ => None,
            };
            let (_, expected, _) = stage
                .entry(&slot.entry, created)
                .map_err(|source| BatchError::Entry { index, source })?;
            let got = slot.outcome;
            if expected != got {
                let source = ConsumeError::OutcomeMismatch { expected, got };
                return Err(BatchError::Entry { index, source }.into());
            }
        }
        stage.check_fee_slots(used())?;
        let mut keys = data.creations().iter();
        for (index, transfer) in data.transfers().iter().enumerate() {
            if let Some(transfer) = transfer {
                let key = match transfer.operation {
                    Operation::NewAccount => keys.next().copied(),
                    _ => None,
                };
                stage
                    .public_transfer(transfer, key, &fee_slots)
                    .map_err(|source| BatchError::Transfer { index, source })?;
            }
        }
        for (index, slot) in used() {
            stage.fee_slot(index, slot)?;
        }

        let after = stage.into_accounts();
        let before = after
            .keys()
            .map(|&index| Before {
                index,
                account: self.accounts.get(&index).cloned(),
                path: self.path_of(index),
            })
            .collect();
        let after = after.into_iter();
        self.replace(
            after.map(|(index, account)| (index, Some(account))),
            header.post_root,
        )
        .map_err(|got| ReplayError::PostRootMismatch {
            expected: header.post_root,
            got,
        })?;
        self.proceed(&Checkpoint {
            batch_number,
            timestamp: header.timestamp,
            consumed: header.consumed_after,
            root: header.post_root,
        });
        Ok(before)
    }

    /// Takes the ledger to another of its states, mostly an earlier one: these accounts differ there from what they
    /// are now, `None` where there was none. The checkpoint's root decides whether that is so.
    ///
    /// # Errors
    /// If an account lies outside the tree, is given twice or cannot exist, or the root would be another one; the
    /// ledger is then as before.
    pub fn restore(
        &mut self,
        checkpoint: &Checkpoint,
        accounts: impl IntoIterator<Item = (AccountIndex, Option<Account>)>,
    ) -> Result<(), LedgerError> {
        let mut by_index = BTreeMap::new();
        for (index, account) in accounts {
            self.tree.get(index.get())?;
            let validity = account.as_ref().map_or(Ok(()), Account::validate);
            validity.map_err(|source| LedgerError::Account {
                index: index.get(),
                source,
            })?;
            if by_index.insert(index, account).is_some() {
                return Err(LedgerError::DuplicateAccount { index });
            }
        }
        let expected = checkpoint.root;
        self.replace(by_index, expected)
            .map_err(|got| LedgerError::RootMismatch { expected, got })?;
        self.proceed(checkpoint);
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

    /// Entries of the queue that are consumed after a batch with this many.
    fn consumed_after(&self, entries: usize) -> Result<u64, BatchError> {
        self.consumed
            .checked_add(entries as u64)
            .ok_or(BatchError::QueueExhausted)
    }

    fn commit_entry(
        &mut self,
        entry: &Entry,
        (index, outcome, change): (AccountIndex, Outcome, Option<Change>),
    ) -> L1Trace {
        let root_before = self.root();
        let (account, path) = match change {
            Some(change) => self.commit(change),
            None => (self.accounts.get(&index).cloned(), self.path_of(index)),
        };
        L1Trace {
            slot: L1Slot {
                entry: *entry,
                outcome,
            },
            index,
            account,
            path,
            root_before,
            root_after: self.root(),
        }
    }

    fn commit_transfer(&mut self, transfer: &SignedTransfer, moves: Moves) -> TransferTrace {
        let root_before = self.root();
        let (sender, sender_path) = self.commit_existing(moves.sender);
        let receiver = match moves.receiver {
            None => ReceiverTrace::L1,
            Some((index, account)) => match self.commit((index, account)) {
                (Some(account), path) => ReceiverTrace::Account { account, path },
                (None, path) => ReceiverTrace::NewAccount { index, path },
            },
        };
        debug_assert_eq!(
            matches!(receiver, ReceiverTrace::NewAccount { .. }),
            matches!(transfer.transfer.recipient, Recipient::NewAccount(_))
        );
        TransferTrace {
            transfer: *transfer,
            sender,
            sender_path,
            receiver,
            root_before,
            root_after: self.root(),
        }
    }

    /// Makes one staged change; returns the account, if there was one, and its path as they were.
    fn commit(&mut self, (index, after): Change) -> (Option<Account>, Path) {
        let path = self.path_of(index);
        self.set_leaf(index, after.leaf());
        (self.accounts.insert(index, after), path)
    }

    /// The same for an account that exists.
    fn commit_existing(&mut self, change: Change) -> (Account, Path) {
        let (before, path) = self.commit(change);
        (before.expect("staging admits only existing accounts"), path)
    }

    fn path_of(&self, index: AccountIndex) -> Path {
        self.tree
            .path(index.get())
            .expect("staging admits only indices of the tree")
    }

    fn set_leaf(&mut self, index: AccountIndex, leaf: Fr) {
        self.tree
            .set(index.get(), leaf)
            .expect("staging admits only indices of the tree");
    }

    /// Makes changes of which nobody needs the paths; `None` takes an account away. If the root is then another
    /// one, it is returned and the changes are undone.
    fn replace(
        &mut self,
        accounts: impl IntoIterator<Item = (AccountIndex, Option<Account>)>,
        root: Fr,
    ) -> Result<(), Fr> {
        let changes = accounts.into_iter();
        let before: Vec<_> = changes
            .map(|(index, account)| (index, self.set(index, account)))
            .collect();
        let got = self.root();
        if got == root {
            return Ok(());
        }
        for (index, account) in before {
            self.set(index, account);
        }
        Err(got)
    }

    /// Puts an account at `index`, or none, and returns what was there.
    fn set(&mut self, index: AccountIndex, account: Option<Account>) -> Option<Account> {
        self.set_leaf(index, account.as_ref().map_or(Fr::ZERO, Account::leaf));
        match account {
            Some(account) => self.accounts.insert(index, account),
            None => self.accounts.remove(&index),
        }
    }
}
