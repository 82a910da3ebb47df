//! The transfer template: one slot, used or not.
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
        bits::{booleans, compose, enforce_range},
        eddsa,
        transfer::TransferVar,
        tree,
    },
    protocol::ledger::TransferTrace,
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::Field;

/// Bits of a time.
const TIME_BITS: usize = 40;

/// One slot and the values of its ports.
pub(super) struct TransferSlot<'a> {
    pub on: bool,
    pub trace: &'a TransferTrace,
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

        let on = builder.scope("on", |builder| builder.boolean(self.on))?;
        let (transfer, root_after) = self.transfer(builder, &on, &timestamp, &root_before)?;
        builder.scope("signature", |builder| {
            self.signature(builder, &transfer, &domain)
        })?;
        builder.scope("fee", |builder| {
            let fee = builder.scope("on", |builder| builder.mul(&on, &transfer.0.fee.value))?;
            self.collect_fee(builder, &transfer.0.token, &fee, &fee_tokens, &fees_before)
        })?;
        export_root(builder, &on, &root_before, &root_after)?;
        builder.scope("public_data", |builder| {
            let operation = builder.mul(&on, &transfer.0.operation())?;
            builder.export_column("operation", &operation);
            Ok(())
        })
    }
}

/// A transfer and its sender.
type Sent = (TransferVar, AccountVar);

impl TransferSlot<'_> {
    /// Everything but signature and fee; the state root after the transfer.
    fn transfer(
        &self,
        builder: &mut Builder,
        on: &Num,
        timestamp: &Num,
        root: &Num,
    ) -> Result<(Sent, Num)> {
        let TransferTrace {
            transfer,
            sender,
            sender_path,
            receiver,
            receiver_path,
            ..
        } = self.trace;
        let transfer = &transfer.transfer;
        let (sender_path, receiver_path) = (&sender_path.levels, &receiver_path.levels);
        let mut index = |name, index: u64, levels: usize| {
            let bits = tree::LEVEL_BITS * levels;
            builder.scope(name, |builder| booleans(builder, Fr::from(index), bits))
        };
        let from = index("from", transfer.from.get(), sender_path.len())?;
        let to = index("to", transfer.to.get(), receiver_path.len())?;
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
        let (receiver, received) = builder.scope("receiver", |builder| {
            // One token for both: the receiver's is not a witness of its own.
            let receiver = AccountVar::witness_of_token(builder, receiver, &sender.token)?;
            let leaves = receiver.credit(builder, &amount.value)?;
            let roots = builder.scope("path", |builder| {
                tree::update(builder, &to, &leaves.old, &leaves.new, receiver_path)
            })?;
            builder.scope("root", |builder| builder.enforce_equal(&roots.old, &sent))?;
            Ok((receiver, roots.new))
        })?;
        let recipient = builder.scope("recipient", |builder| {
            let recipient = builder.witness(transfer.recipient)?;
            builder.enforce(&recipient, &(&recipient - &receiver.key.x), &Num::zero())?;
            Ok(recipient)
        })?;
        let valid_until = builder.scope("valid_until", |builder| {
            let valid_until = builder.witness(Fr::from(transfer.valid_until.get()))?;
            enforce_range(builder, &(&valid_until - timestamp), TIME_BITS)?;
            Ok(valid_until)
        })?;
        let transfer = TransferVar {
            from: compose(&from),
            to: compose(&to),
            recipient,
            amount,
            fee,
            token: sender.token.clone(),
            nonce: sender.nonce.clone(),
            valid_until,
        };
        Ok(((transfer, sender), received))
    }

    fn signature(&self, builder: &mut Builder, sent: &Sent, domain: &Num) -> Result<()> {
        let (transfer, sender) = sent;
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
