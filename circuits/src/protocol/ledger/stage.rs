//! The checks, over an overlay of the touched accounts.

use std::collections::{BTreeMap, BTreeSet};

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

use super::{BatchError, ConsumeError, Ledger, TransferError};
use crate::protocol::{
    account::{Account, AccountIndex},
    eddsa::PublicKey,
    public_data::{FeeSlot, PublicTransfer},
    queue::{Entry, EntryType, Outcome},
    transfer::{Address, Operation, Recipient, SignedTransfer},
    uint::U40,
};

/// An account and its new value.
pub(super) type Change = (AccountIndex, Account);

/// What a transfer does: to the sender, and to the receiver unless that is on L1.
#[derive(Clone, Debug)]
pub(super) struct Moves {
    pub public: PublicTransfer,
    pub sender: Change,
    pub receiver: Option<Change>,
}

/// A ledger, the accounts that the batch has changed so far, and the fees it has collected.
pub(super) struct Stage<'a> {
    ledger: &'a Ledger,
    changed: BTreeMap<AccountIndex, Account>,
    /// By token; `None` from 2¹²⁸ on.
    fees: BTreeMap<u32, Option<u128>>,
}

impl<'a> Stage<'a> {
    pub(super) fn new(ledger: &'a Ledger) -> Self {
        Self {
            ledger,
            changed: BTreeMap::new(),
            fees: BTreeMap::new(),
        }
    }

    /// The last value of each changed account.
    pub(super) fn into_accounts(self) -> BTreeMap<AccountIndex, Account> {
        self.changed
    }

    /// Applies an entry of the L1 queue, or finds that it does not apply. An account that it creates is put
    /// at `index`, or at a free index if there is none given.
    pub(super) fn entry(
        &mut self,
        entry: &Entry,
        index: Option<AccountIndex>,
    ) -> Result<(AccountIndex, Outcome, Option<Change>), ConsumeError> {
        entry.validate()?;
        if entry.kind == EntryType::Create {
            let index = match index {
                Some(index) => self.require_free(index)?,
                None => self.free_index().ok_or(ConsumeError::TreeFull)?,
            };
            let account = Account {
                balance: entry.amount,
                ..Account::opened(entry.key, entry.token, entry.address)
            };
            self.changed.insert(index, account.clone());
            return Ok((index, Outcome::Created(index), Some((index, account))));
        }
        let index = entry.account;
        self.require_in_tree(index)
            .map_err(|capacity| ConsumeError::IndexOutOfRange { index, capacity })?;
        let account = self
            .existing(index)
            .filter(|account| account.token == entry.token);
        let mut after = match (entry.kind, account) {
            (EntryType::TopUp | EntryType::ExitByKey, Some(account))
                if account.public_key.x == entry.key.x =>
            {
                account.clone()
            }
            (EntryType::Exit, Some(account)) if account.l1_owner == entry.address => {
                account.clone()
            }
            (EntryType::TopUp, _) => return Ok((index, Outcome::ToppedUp(false), None)),
            _ => return Ok((index, Outcome::Paid(0), None)),
        };
        let outcome = if entry.kind == EntryType::TopUp {
            match after.balance.checked_add(entry.amount) {
                Some(balance) => after.balance = balance,
                None => return Ok((index, Outcome::ToppedUp(false), None)),
            }
            Outcome::ToppedUp(true)
        } else {
            Outcome::Paid(std::mem::take(&mut after.balance))
        };
        self.changed.insert(index, after.clone());
        Ok((index, outcome, Some((index, after))))
    }

    /// Checks a signed transfer and makes its changes.
    ///
    /// The checks that cost little come first, the signature last.
    pub(super) fn signed_transfer(
        &mut self,
        signed: &SignedTransfer,
        timestamp: U40,
        fee_slots: &[FeeSlot],
    ) -> Result<Moves, TransferError> {
        let transfer = &signed.transfer;
        let sender = self.account(transfer.from)?;
        let of_token = |index, account: &Account| match account.token == transfer.token {
            true => Ok(()),
            false => Err(TransferError::TokenMismatch {
                index,
                expected: account.token,
                got: transfer.token,
            }),
        };
        of_token(transfer.from, sender)?;
        let to = match transfer.recipient {
            Recipient::Account { index, .. } => {
                of_token(index, self.account(index)?)?;
                index
            }
            Recipient::NewAccount(_) => self.free_index().ok_or(TransferError::TreeFull)?,
            Recipient::L1(_) => AccountIndex::default(),
        };
        if transfer.nonce != sender.nonce {
            return Err(TransferError::NonceMismatch {
                expected: sender.nonce,
                got: transfer.nonce,
            });
        }
        if transfer.valid_until < timestamp {
            return Err(TransferError::Expired {
                valid_until: transfer.valid_until,
                timestamp,
            });
        }
        let mut key = None;
        match transfer.recipient {
            Recipient::Account { index, owner } => {
                let (expected, got) = (owner, self.account(index)?.public_key.x);
                if expected != Fr::ZERO && expected != got {
                    return Err(TransferError::RecipientMismatch { expected, got });
                }
            }
            Recipient::NewAccount(new) => key = Some(new),
            Recipient::L1(address) => {
                if address == Address::default() {
                    return Err(TransferError::RecipientZero);
                }
            }
        }
        let public = PublicTransfer {
            operation: transfer.recipient.operation(),
            from: transfer.from,
            to,
            amount: transfer.amount,
            fee: transfer.fee,
        };
        let moves = self.moves(&public, key, fee_slots)?;
        signed.verify(&sender.public_key, &self.ledger.domain)?;
        self.keep(&moves);
        Ok(moves)
    }

    /// Checks what can be checked of a published transfer and makes its changes. `key` is that of the
    /// account that it creates.
    pub(super) fn public_transfer(
        &mut self,
        transfer: &PublicTransfer,
        key: Option<PublicKey>,
        fee_slots: &[FeeSlot],
    ) -> Result<(), TransferError> {
        let sender = self.account(transfer.from)?;
        if transfer.operation == Operation::Transfer {
            let receiver = self.account(transfer.to)?;
            if receiver.token != sender.token {
                return Err(TransferError::TokenMismatch {
                    index: transfer.to,
                    expected: receiver.token,
                    got: sender.token,
                });
            }
        }
        let moves = self.moves(transfer, key, fee_slots)?;
        self.keep(&moves);
        Ok(())
    }

    /// Checks that the slots' tokens differ and their accounts hold them.
    pub(super) fn check_fee_slots<'s>(
        &self,
        slots: impl Iterator<Item = (usize, &'s FeeSlot)>,
    ) -> Result<(), BatchError> {
        let mut tokens = BTreeSet::new();
        for (slot, &FeeSlot { token, account }) in slots {
            if !tokens.insert(token) {
                return Err(BatchError::DuplicateFeeToken { slot, token });
            }
            let index = account;
            let account = self
                .account(index)
                .map_err(|_| BatchError::UnknownFeeAccount { slot, index })?;
            if account.token != token {
                return Err(BatchError::FeeTokenMismatch {
                    slot,
                    expected: token,
                    got: account.token,
                });
            }
        }
        Ok(())
    }

    /// Credits a checked slot's account; returns the change and the fees.
    pub(super) fn fee_slot(
        &mut self,
        slot: usize,
        &FeeSlot { token, account }: &FeeSlot,
    ) -> Result<(Change, u128), BatchError> {
        let index = account;
        let fees = self
            .fees
            .get(&token)
            .map_or(Some(0), |fees| *fees)
            .ok_or(BatchError::FeesTooLarge { slot, token })?;
        let mut account = self
            .account(index)
            .map_err(|_| BatchError::UnknownFeeAccount { slot, index })?
            .clone();
        let balance = account.balance;
        account.balance = balance.checked_add(fees).ok_or(BatchError::FeeOverflow {
            slot,
            balance,
            fees,
        })?;
        self.changed.insert(index, account.clone());
        Ok(((index, account), fees))
    }

    /// The changes of a transfer whose accounts have one token.
    fn moves(
        &self,
        transfer: &PublicTransfer,
        key: Option<PublicKey>,
        fee_slots: &[FeeSlot],
    ) -> Result<Moves, TransferError> {
        let mut sender = self.account(transfer.from)?.clone();
        sender.nonce = sender
            .nonce
            .checked_add_one()
            .ok_or(TransferError::NonceExhausted {
                index: transfer.from,
            })?;
        let amount = transfer.amount.value()?;
        let fee = transfer.fee.value();
        let token = sender.token;
        if fee != 0 && fee_slots.iter().all(|slot| slot.token != token) {
            return Err(TransferError::NoFeeSlot { token, fee });
        }
        let balance = sender.balance;
        sender.balance = amount
            .checked_add(fee)
            .and_then(|total| balance.checked_sub(total))
            .ok_or(TransferError::InsufficientBalance {
                balance,
                amount,
                fee,
            })?;
        let receiver = match transfer.operation {
            Operation::Withdrawal => None,
            Operation::NewAccount => {
                let index = transfer.to;
                self.require_free(index).map_err(|error| match error {
                    ConsumeError::IndexOutOfRange { index, capacity } => {
                        TransferError::IndexOutOfRange { index, capacity }
                    }
                    _ => TransferError::IndexNotFree { index },
                })?;
                let key = key.ok_or(TransferError::NoRecipientKey)?;
                Some((index, Account::new(key, token, amount)?))
            }
            Operation::Transfer => {
                let mut receiver = if transfer.to == transfer.from {
                    sender.clone()
                } else {
                    self.account(transfer.to)?.clone()
                };
                let balance = receiver.balance;
                receiver.balance = balance
                    .checked_add(amount)
                    .ok_or(TransferError::ReceiverOverflow { balance, amount })?;
                Some((transfer.to, receiver))
            }
        };
        Ok(Moves {
            public: *transfer,
            sender: (transfer.from, sender),
            receiver,
        })
    }

    /// Makes the changes and collects the fee.
    fn keep(&mut self, moves: &Moves) {
        let fees = self.fees.entry(moves.sender.1.token).or_insert(Some(0));
        *fees = fees.and_then(|fees| fees.checked_add(moves.public.fee.value()));
        self.changed.extend([moves.sender.clone()]);
        self.changed.extend(moves.receiver.clone());
    }

    fn existing(&self, index: AccountIndex) -> Option<&Account> {
        self.changed
            .get(&index)
            .or_else(|| self.ledger.account(index))
    }

    fn account(&self, index: AccountIndex) -> Result<&Account, TransferError> {
        self.require_in_tree(index)
            .map_err(|capacity| TransferError::IndexOutOfRange { index, capacity })?;
        self.existing(index)
            .ok_or(TransferError::UnknownAccount { index })
    }

    /// 8^D, unless the index is below it.
    fn require_in_tree(&self, index: AccountIndex) -> Result<(), u64> {
        let capacity = self.ledger.tree.capacity();
        match index.get() < capacity {
            true => Ok(()),
            false => Err(capacity),
        }
    }

    fn require_free(&self, index: AccountIndex) -> Result<AccountIndex, ConsumeError> {
        self.require_in_tree(index)
            .map_err(|capacity| ConsumeError::IndexOutOfRange { index, capacity })?;
        match self.existing(index) {
            None => Ok(index),
            Some(_) => Err(ConsumeError::IndexNotFree { index }),
        }
    }

    /// The index after the last account, or the first gap if that is the last index of the tree.
    fn free_index(&self) -> Option<AccountIndex> {
        let last = [
            self.ledger
                .accounts
                .last_key_value()
                .map(|(index, _)| index),
            self.changed.last_key_value().map(|(index, _)| index),
        ];
        let capacity = self.ledger.tree.capacity();
        let next = last
            .into_iter()
            .flatten()
            .max()
            .map_or(0, |index| index.get() + 1);
        (next..capacity)
            .chain(0..next.min(capacity))
            .filter_map(|index| AccountIndex::try_from(index).ok())
            .find(|index| self.existing(*index).is_none())
    }
}
