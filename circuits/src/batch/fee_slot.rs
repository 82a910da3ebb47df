//! The fee template: the fees of one token are added to one account.
//!
//! An unused slot credits a made-up account in a tree of its own, cut off as in
//! [`super::transfer_slot`], and its sum must be zero: no fee is taken that nobody gets.

use super::switch::{enforce_root, export_root};
use crate::{
    gadgets::{
        account::{AccountVar, power_of_two},
        bits::{booleans, compose},
        tree,
    },
    protocol::{account::Account, public_data::FEE_ACCOUNT_BITS, tree::Path},
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;

/// Bits below the token in a fee word.
const ACCOUNT_BITS: usize = FEE_ACCOUNT_BITS as usize;
/// Bit of a fee word that says the slot is used, above the token.
const USED_BIT: usize = ACCOUNT_BITS + 32;

/// One slot and the values of its ports.
pub(super) struct FeeSlotCircuit<'a> {
    pub on: bool,
    pub index: u64,
    pub account: &'a Account,
    pub path: &'a Path,
    /// State root before the slot.
    pub root: Fr,
    /// The fees collected for it.
    pub total: Fr,
}

impl Circuit for FeeSlotCircuit<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let root_before = builder.port("root", self.root)?;
        let total = builder.port("total", self.total)?;
        let on = builder.scope("on", |builder| builder.boolean(self.on))?;
        let index = builder.scope("index", |builder| {
            booleans(
                builder,
                Fr::from(self.index),
                tree::LEVEL_BITS * self.path.levels.len(),
            )
        })?;
        let account = AccountVar::witness(builder, self.account)?;
        builder.export_column("token", &account.token);
        let leaves = account.credit(builder, &total)?;
        let roots = builder.scope("path", |builder| {
            tree::update(builder, &index, &leaves.old, &leaves.new, &self.path.levels)
        })?;
        enforce_root(builder, &on, &root_before, &roots.old)?;
        builder.scope("nothing_lost", |builder| {
            builder.enforce(&total, &(&Num::one() - &on), &Num::zero())
        })?;
        export_root(builder, &on, &root_before, &roots.new)?;
        builder.scope("public_data", |builder| {
            let mut word = compose(&index);
            word.add_scaled(&account.token, power_of_two(ACCOUNT_BITS));
            word.add_scaled(&Num::one(), power_of_two(USED_BIT));
            let word = builder.mul(&on, &word)?;
            builder.export_column("word", &word);
            Ok(())
        })
    }
}
