//! The checks, over an overlay of the touched accounts.

use std::collections::{BTreeMap, BTreeSet};

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

use super::{BatchError, Ledger, TransferError};
use crate::protocol::{
    account::{Account, AccountIndex},
    public_data::{FeeSlot, PublicTransfer},
    transfer::SignedTransfer,
    uint::U40,
};

/// An account and its new value.
pub(super) type Change = (AccountIndex, Account);

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

    /// Checks a signed transfer and makes its two changes, the sender's first.
    ///
    /// The checks that cost little come first, the signature last.
    pub(super) fn signed_transfer(
        &mut self,
        signed: &SignedTransfer,
        timestamp: U40,
        fee_slots: &[FeeSlot],
    ) -> Result<[Change; 2], TransferError> {
        let transfer = &signed.transfer;
        let sender = self.account(transfer.from)?;
        let receiver = self.account(transfer.to)?;
        for (index, account) in [(transfer.from, sender), (transfer.to, receiver)] {
            if account.token != transfer.token {
                return Err(TransferError::TokenMismatch {
                    index,
                    expected: account.token,
                    got: transfer.token,
                });
            }
        }
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
        let (expected, got) = (transfer.recipient, receiver.public_key.x);
        if expected != Fr::ZERO && expected != got {
            return Err(TransferError::RecipientMismatch { expected, got });
        }
        let public = PublicTransfer::from(transfer);
        let changes = self.changes(&public, fee_slots)?;
        signed.verify(&sender.public_key, &self.ledger.domain)?;
        self.keep(&public, &changes);
        Ok(changes)
    }

    /// Checks what can be checked of a published transfer and makes its two changes.
    pub(super) fn public_transfer(
        &mut self,
        transfer: &PublicTransfer,
        fee_slots: &[FeeSlot],
    ) -> Result<(), TransferError> {
        let sender = self.account(transfer.from)?;
        let receiver = self.account(transfer.to)?;
        if receiver.token != sender.token {
            return Err(TransferError::TokenMismatch {
                index: transfer.to,
                expected: receiver.token,
                got: sender.token,
            });
        }
        let changes = self.changes(transfer, fee_slots)?;
        self.keep(transfer, &changes);
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

    /// The two changes of a transfer between accounts of one token.
    fn changes(
        &self,
        transfer: &PublicTransfer,
        fee_slots: &[FeeSlot],
    ) -> Result<[Change; 2], TransferError> {
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
        let mut receiver = if transfer.to == transfer.from {
            sender.clone()
        } else {
            self.account(transfer.to)?.clone()
        };
        let balance = receiver.balance;
        receiver.balance = balance
            .checked_add(amount)
            .ok_or(TransferError::ReceiverOverflow { balance, amount })?;
        Ok([(transfer.from, sender), (transfer.to, receiver)])
    }

    /// Makes the two changes and collects the fee.
    fn keep(&mut self, transfer: &PublicTransfer, changes: &[Change; 2]) {
        let fees = self.fees.entry(changes[0].1.token).or_insert(Some(0));
        *fees = fees.and_then(|fees| fees.checked_add(transfer.fee.value()));
        self.changed.extend(changes.iter().cloned());
    }

    fn account(&self, index: AccountIndex) -> Result<&Account, TransferError> {
        let capacity = self.ledger.tree.capacity();
        if index.get() >= capacity {
            return Err(TransferError::IndexOutOfRange { index, capacity });
        }
        self.changed
            .get(&index)
            .or_else(|| self.ledger.account(index))
            .ok_or(TransferError::UnknownAccount { index })
    }
}
