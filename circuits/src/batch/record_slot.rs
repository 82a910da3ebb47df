//! The record template: one withdrawal slot or one creation slot, used or not.
//!
//! Its two words are what the contract sees; the running hash over them must end where that of the transfers
//! ends ([`crate::gadgets::record`]). A slot that is not used has zero words, so that the contract never acts
//! on one that no transfer stands behind.

use crate::{
    gadgets::record,
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// Exports of the two words, and of the running hash.
pub(super) const WORD_EXPORTS: [&str; 2] = ["first", "second"];
pub(super) const ACC_EXPORT: &str = "acc";

/// One slot and the value of its port.
pub(super) struct RecordSlot {
    /// The running hash before.
    pub acc: Fr,
    /// The words, if the slot is used.
    pub words: Option<[Fr; 2]>,
}

impl Circuit for RecordSlot {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let acc = builder.port("acc", self.acc)?;
        let used = builder.scope("used", |builder| builder.boolean(self.words.is_some()))?;
        let [first, second] = self.words.unwrap_or([Fr::ZERO; 2]);
        let record = [builder.witness(first)?, builder.witness(second)?];
        builder.scope("zero_if_unused", |builder| {
            let unused = &Num::one() - &used;
            record
                .iter()
                .try_for_each(|word| builder.enforce(&unused, word, &Num::zero()))
        })?;
        for (name, word) in WORD_EXPORTS.into_iter().zip(&record) {
            builder.export_column(name, word);
        }
        let absorbed = builder.scope("hash", |builder| record::next(builder, &acc, &record))?;
        builder.scope("absorbed", |builder| {
            let after = record::absorb(builder, &used, &acc, &absorbed)?;
            builder.export_column(ACC_EXPORT, &after);
            Ok(())
        })
    }
}
