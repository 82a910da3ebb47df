//! The transfer template: one slot, used or not, for a transfer to an account, to a new one, or to L1.
//!
//! An unused slot proves a real transfer too, that of a made-up account to itself in a tree of its
//! own ([`super::padding`]), and `on = 0` cuts it off: its tree is not compared with the state, the
//! state root and the fee sums go past it, and its public data are zero. Every constraint holds
//! without regard to `on`; the switch stands only where something enters or leaves the slot.

use super::switch::{enforce_root, export_root};
use crate::{
    gadgets::{
        account::AccountVar,
        amount,
        babyjubjub::PointVar,
        bits::{booleans, compose, enforce_range},
        eddsa, record,
        transfer::{TransferVar, pack},
        tree,
    },
    protocol::{
        account::{Account, AccountIndex},
        ledger::TransferTrace,
        transfer::{Operation, m2},
        tree::Path,
    },
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::Field;

/// Bits of a time.
const TIME_BITS: usize = 40;

/// Exports of the running hashes.
pub(super) const WITHDRAWALS_EXPORT: &str = "withdrawals";
pub(super) const CREATIONS_EXPORT: &str = "creations";

/// Who is credited: the receiver, the account to be, or in a withdrawal somebody made up.
#[derive(Clone, Copy)]
pub(super) struct Receiver<'a> {
    pub index: AccountIndex,
    pub account: &'a Account,
    pub path: &'a Path,
}

/// One slot and the values of its ports.
pub(super) struct TransferSlot<'a> {
    pub on: bool,
    pub trace: &'a TransferTrace,
    pub receiver: Receiver<'a>,
    /// d₀.
    pub domain: Fr,
    /// d₁.
    pub timestamp: Fr,
    /// Token of each fee slot.
    pub fee_tokens: &'a [Fr],
    /// State root before the slot.
    pub root: Fr,
    /// Fees of the slots before, for each fee slot.
    pub fees: &'a [Fr],
    /// The fee slot that takes this transfer's fee.
    pub fee_slot: Option<usize>,
    /// The running hashes of withdrawals and of creations before the slot.
    pub records: [Fr; 2],
}

/// Name of the export of the sum for fee slot `slot`.
pub(super) fn fee_export(slot: usize) -> String {
    format!("fees_{slot}")
}

impl Circuit for TransferSlot<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let domain = builder.port("domain", self.domain)?;
        let timestamp = builder.port("timestamp", self.timestamp)?;
        let mut ports = |name: &str, values: &[Fr]| {
            values
                .iter()
                .map(|value| builder.port(name, *value))
                .collect::<Result<Vec<_>>>()
        };
        let fee_tokens = ports("fee_token", self.fee_tokens)?;
        let root_before = ports("root", &[self.root])?.remove(0);
        let fees_before = ports("fees", self.fees)?;
        let records = ports("records", &self.records)?;

        let on = builder.scope("on", |builder| builder.boolean(self.on))?;
        let operation = builder.scope("operation", |builder| self.operation(builder, &on))?;
        let sent = self.transfer(builder, &on, &operation, &timestamp, &root_before)?;
        builder.scope("signature", |builder| {
            self.signature(builder, &sent, &domain)
        })?;
        builder.scope("fee", |builder| {
            let fee = builder.scope("on", |builder| builder.mul(&on, &sent.transfer.fee.value))?;
            let token = &sent.transfer.token;
            self.collect_fee(builder, token, &fee, &fee_tokens, &fees_before)
        })?;
        builder.scope("records", |builder| {
            self.records(builder, &operation, &sent, &records)
        })?;
        export_root(builder, &on, &root_before, &sent.root)?;
        builder.scope("public_data", |builder| {
            let word = builder.mul(&on, &sent.transfer.public())?;
            builder.export_column("operation", &word);
            Ok(())
        })
    }
}

/// Which of the three operations; a transfer if neither is 1.
struct OperationVar {
    withdrawal: Num,
    new_account: Num,
}

/// A transfer, its accounts, and the state root after it.
struct Sent {
    transfer: TransferVar,
    sender: AccountVar,
    receiver_key: PointVar,
    root: Num,
}

impl TransferSlot<'_> {
    /// The operation's flags. An unused slot is a transfer: what a withdrawal or a new account hands on
    /// does not ask whether the slot is on.
    fn operation(&self, builder: &mut Builder, on: &Num) -> Result<OperationVar> {
        let operation = self.trace.transfer.transfer.recipient.operation();
        let withdrawal = builder.boolean(operation == Operation::Withdrawal)?;
        let new_account = builder.boolean(operation == Operation::NewAccount)?;
        builder.scope("one", |builder| {
            builder.enforce(&withdrawal, &new_account, &Num::zero())
        })?;
        builder.scope("only_if_on", |builder| {
            let either = &withdrawal + &new_account;
            builder.enforce(&either, &(&Num::one() - on), &Num::zero())
        })?;
        Ok(OperationVar {
            withdrawal,
            new_account,
        })
    }

    /// Everything but signature, fee and records.
    fn transfer(
        &self,
        builder: &mut Builder,
        on: &Num,
        operation: &OperationVar,
        timestamp: &Num,
        root: &Num,
    ) -> Result<Sent> {
        let TransferTrace {
            transfer,
            sender,
            sender_path,
            ..
        } = self.trace;
        let transfer = &transfer.transfer;
        let Receiver {
            index: receiver_index,
            account: receiver,
            path: receiver_path,
        } = &self.receiver;
        let (sender_path, receiver_path) = (&sender_path.levels, &receiver_path.levels);
        let OperationVar {
            withdrawal,
            new_account,
        } = operation;
        let mut index = |name, index: u64, levels: usize| {
            let bits = tree::LEVEL_BITS * levels;
            builder.scope(name, |builder| booleans(builder, Fr::from(index), bits))
        };
        let from = index("from", transfer.from.get(), sender_path.len())?;
        let to_bits = index("to", receiver_index.get(), receiver_path.len())?;
        let amount = builder.scope("amount", |builder| {
            amount::amount(builder, transfer.amount.encoding())
        })?;
        let fee = builder.scope("fee_amount", |builder| {
            amount::fee(builder, transfer.fee.encoding())
        })?;

        let (sender, sent) = builder.scope("sender", |builder| {
            let sender = AccountVar::witness(builder, sender)?;
            let leaves = sender.debit(builder, &(&amount.value + &fee.value))?;
            let roots = builder.scope("path", |builder| {
                tree::update(builder, &from, &leaves.old, &leaves.new, sender_path)
            })?;
            enforce_root(builder, on, root, &roots.old)?;
            Ok((sender, roots.new))
        })?;
        let (receiver, root) = builder.scope("receiver", |builder| {
            // One token for both: the receiver's is not a witness of its own.
            let receiver = AccountVar::witness_of_token(builder, receiver, &sender.token)?;
            let leaves = receiver.credit(builder, &amount.value)?;
            // A new account was nothing: no leaf, and no balance, nonce or owner on L1 to start with.
            let old_leaf = builder.scope("new_account", |builder| {
                for field in [&receiver.balance, &receiver.nonce, &receiver.owner] {
                    builder.enforce(new_account, field, &Num::zero())?;
                }
                builder.mul(&(&Num::one() - new_account), &leaves.old)
            })?;
            let roots = builder.scope("path", |builder| {
                tree::update(builder, &to_bits, &old_leaf, &leaves.new, receiver_path)
            })?;
            // In a withdrawal the receiver is made up, in a tree of its own, and changes nothing.
            let gap = &roots.old - &sent;
            builder.scope("root", |builder| {
                builder.enforce(&(&Num::one() - withdrawal), &gap, &Num::zero())
            })?;
            let root = builder.scope("root_of_withdrawal", |builder| {
                let change = builder.mul(withdrawal, &(&sent - &roots.new))?;
                Ok(&roots.new + &change)
            })?;
            Ok((receiver, root))
        })?;
        let to = compose(&to_bits);
        let signed_to = builder.scope("signed_to", |builder| {
            builder.enforce(withdrawal, &to, &Num::zero())?;
            let chosen = builder.mul(new_account, &to)?;
            Ok(&to - &chosen)
        })?;
        let recipient = builder.scope("recipient", |builder| {
            let recipient = builder.witness(m2(transfer))?;
            let other = &recipient - &receiver.key.x;
            let named = builder.mul(&recipient, &other)?;
            builder.enforce(&named, &(&Num::one() - withdrawal), &Num::zero())?;
            // 0 stands for any owner of an account that exists, never for any new one.
            builder.enforce(new_account, &other, &Num::zero())?;
            Ok(recipient)
        })?;
        builder.scope("new_key", |builder| {
            // The sender's key passes anyway, so that nothing is asked of other receivers' keys.
            let mut choose = |new: &Num, other: &Num| {
                let change = builder.mul(new_account, &(new - other))?;
                Ok(other + &change)
            };
            let key = PointVar {
                x: choose(&receiver.key.x, &sender.key.x)?,
                y: choose(&receiver.key.y, &sender.key.y)?,
            };
            let key8 = key.checked_mul_by_cofactor(builder)?;
            // In the subgroup of order l only the identity has x = 0.
            builder.enforce_nonzero(&key8.x)
        })?;
        let valid_until = builder.scope("valid_until", |builder| {
            let valid_until = builder.witness(Fr::from(transfer.valid_until.get()))?;
            enforce_range(builder, &(&valid_until - timestamp), TIME_BITS)?;
            Ok(valid_until)
        })?;
        let transfer = TransferVar {
            operation: &(&Num::one() + withdrawal) + &(new_account + new_account),
            from: compose(&from),
            to,
            signed_to,
            recipient,
            amount,
            fee,
            token: sender.token.clone(),
            nonce: sender.nonce.clone(),
            valid_until,
        };
        Ok(Sent {
            transfer,
            sender,
            receiver_key: receiver.key,
            root,
        })
    }

    /// Adds a withdrawal or a new account's key to the running hash of its kind.
    fn records(
        &self,
        builder: &mut Builder,
        operation: &OperationVar,
        sent: &Sent,
        before: &[Num],
    ) -> Result<()> {
        let OperationVar {
            withdrawal,
            new_account,
        } = operation;
        let [withdrawals, creations] = before else {
            unreachable!("two kinds of records");
        };
        let transfer = &sent.transfer;
        let used = Num::one();
        let withdrawn = pack(&[
            (&transfer.amount.encoding, 40),
            (&transfer.token, 32),
            (&used, 8),
        ]);
        // For a new account, `recipient` is its Ax.
        let record = builder.scope("record", |builder| {
            let change = builder.mul(new_account, &(&sent.receiver_key.y - &withdrawn))?;
            Ok([transfer.recipient.clone(), &withdrawn + &change])
        })?;
        let acc = builder.scope("kind", |builder| {
            let change = builder.mul(new_account, &(creations - withdrawals))?;
            Ok(withdrawals + &change)
        })?;
        let absorbed = builder.scope("hash", |builder| record::next(builder, &acc, &record))?;
        for (name, used, before) in [
            (WITHDRAWALS_EXPORT, withdrawal, withdrawals),
            (CREATIONS_EXPORT, new_account, creations),
        ] {
            builder.scope(name, |builder| {
                let after = record::absorb(builder, used, before, &absorbed)?;
                builder.export_column(name, &after);
                Ok(())
            })?;
        }
        Ok(())
    }

    fn signature(&self, builder: &mut Builder, sent: &Sent, domain: &Num) -> Result<()> {
        let Sent {
            transfer, sender, ..
        } = sent;
        let message = builder.scope("message", |builder| transfer.message(builder, domain))?;
        eddsa::verify(
            builder,
            &sender.key,
            &message,
            &self.trace.transfer.signature,
        )
    }

    /// Adds the fee to the sum of one fee slot of its token.
    ///
    /// The choice is the prover's: two slots may have one token. Each selector is a bit, it may be 1
    /// only for the right token, and what the sums gain is the fee: nothing is credited twice and
    /// nothing is lost.
    fn collect_fee(
        &self,
        builder: &mut Builder,
        token: &Num,
        fee: &Num,
        slot_tokens: &[Num],
        sums: &[Num],
    ) -> Result<()> {
        let mut gained = Num::zero();
        for (slot, (slot_token, sum)) in slot_tokens.iter().zip(sums).enumerate() {
            let chosen = self.fee_slot == Some(slot);
            let selected = builder.scope("selector", |builder| builder.boolean(chosen))?;
            builder.scope("token", |builder| {
                builder.enforce(&selected, &(token - slot_token), &Num::zero())
            })?;
            builder.scope("sum", |builder| {
                let gain = selected.value() * fee.value();
                let after = builder.witness(sum.value() + gain)?;
                builder.export_column(&fee_export(slot), &after);
                let gain = &after - sum;
                builder.enforce(&selected, fee, &gain)?;
                gained.add_scaled(&gain, Fr::ONE);
                Ok(())
            })?;
        }
        builder.scope("conserved", |builder| builder.enforce_equal(&gained, fee))
    }
}
