//! The claim template: z and p(z), as columns for the words and for the evaluation.
//!
//! Nothing is said of the columns here: the point and the value template show that they are integers below
//! q, and C commits to them.
//!
//! *Cost.* One constraint, once.

use crate::template::{Builder, Circuit, Num, Result};
use ark_bn254::Fr;

/// Exports of the words, the low half of each first.
pub(super) const WORD_NAMES: [&str; 4] = ["z_low", "z_high", "y_low", "y_high"];

/// The words and the constant that the number of words fixes.
pub(super) struct ClaimCircuit {
    /// [`split`](crate::protocol::blob::split) of z, then of p(z).
    pub words: [Fr; 4],
    /// The state that C₁ starts from.
    pub initial_state: Fr,
}

impl Circuit for ClaimCircuit {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        for (word, name) in self.words.iter().zip(WORD_NAMES) {
            let word = builder.witness(*word)?;
            builder.export_column(name, &word);
        }
        builder.scope("initial_state", |builder| {
            builder
                .export("initial_state", &Num::constant(self.initial_state))
                .map(|_| ())
        })
    }
}
