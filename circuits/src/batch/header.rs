//! The header template: the eight header words, as columns that the other templates import.

use crate::{
    protocol::public_data::HEADER_WORDS,
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;

/// Exports of the header words, in the order of `docs/protocol.md` §7.
pub(super) const WORD_NAMES: [&str; HEADER_WORDS] = [
    "domain",
    "timestamp",
    "batch_number",
    "slots",
    "pre_root",
    "post_root",
    "consumed_before",
    "consumed_after",
];

/// The header's words and the constants that the batch's shape fixes.
pub(super) struct HeaderCircuit {
    /// d₀ … d₇.
    pub words: [Fr; HEADER_WORDS],
    /// d₃ of this shape.
    pub slots: Fr,
    /// s₀ of this shape: the tag and the number of words.
    pub initial_state: Fr,
}

impl Circuit for HeaderCircuit {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let words = self
            .words
            .iter()
            .zip(WORD_NAMES)
            .map(|(word, name)| {
                let word = builder.witness(*word)?;
                builder.export_column(name, &word);
                Ok(word)
            })
            .collect::<Result<Vec<_>>>()?;
        // All but d₃ and the roots are the contract's, cut from narrow values, and mean nothing here: which
        // entries the L1 slots are is the contract's to check.
        builder.scope("slots", |builder| {
            builder.enforce_equal(&words[3], &Num::constant(self.slots))
        })?;
        builder.scope("initial_state", |builder| {
            builder
                .export("initial_state", &Num::constant(self.initial_state))
                .map(|_| ())
        })
    }
}
