//! The group template: one giant step over B words, from the last group to the first.
//!
//! A word has two ports, `high` and `low`, as in the data template, and is `high·2^124 + low`; both
//! are below 2^124 by the constraints of the slot that exports them. Absent words are ports that lead
//! nowhere, which are zero; so is the accumulator before the last group.
//!
//! *Cost.* At most 930 + 6·(B − 1) constraints for each of ⌈n/B⌉ copies.

use crate::{
    gadgets::{
        blob::{self, WordVar},
        nonnative::{ResidueVar, limbs},
    },
    protocol::blob::{BlobScalar, Word},
    template::{Builder, Circuit, Result},
};
use ark_bn254::Fr;

/// The values of the ports.
pub(super) struct Group<'a> {
    /// Σ of the groups after this one.
    pub accumulator: BlobScalar,
    /// z, …, z^B.
    pub powers: &'a [BlobScalar],
    /// The words that there are, at most B.
    pub words: &'a [Word],
}

impl Circuit for Group<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let accumulator = ResidueVar::port(builder, "accumulator", limbs(self.accumulator))?;
        let powers = self
            .powers
            .iter()
            .map(|power| ResidueVar::port(builder, "power", limbs(*power)))
            .collect::<Result<Vec<_>>>()?;
        let words = (0..powers.len())
            .map(|i| {
                let word = self.words.get(i).copied().unwrap_or_default();
                Ok(WordVar {
                    high: builder.port("high", Fr::from(word.high()))?,
                    low: builder.port("low", Fr::from(word.low()))?,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let accumulator = blob::group(builder, &accumulator, &powers, &words)?;
        accumulator.export_columns(builder);
        Ok(())
    }
}
