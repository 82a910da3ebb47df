//! The block template: fifteen words of the blob are hashed into C₁.
//!
//! `s' = Poseidon₁₆(s, w₀, …, w₁₄)`. A word has two ports, `high` and `low`, and is `high·2^124 + low`, as in
//! the group template; absent words are ports that lead nowhere, which are zero.
//!
//! *Cost.* 610 constraints for a block, 40.7 a word.

use crate::{
    gadgets::{account::power_of_two, poseidon::hash},
    protocol::{
        blob::{HALF_BITS, Word},
        public_data::COMMITMENT_RATE,
    },
    template::{Builder, Circuit, Result},
};
use ark_bn254::Fr;

/// The values of the ports.
pub(super) struct Block<'a> {
    /// sₖ.
    pub state: Fr,
    /// The words that there are, at most fifteen.
    pub words: &'a [Word],
}

impl Circuit for Block<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let mut inputs = vec![builder.port("state", self.state)?];
        for i in 0..COMMITMENT_RATE {
            let word = self.words.get(i).copied().unwrap_or_default();
            let high = builder.port("high", Fr::from(word.high()))?;
            let mut word = builder.port("low", Fr::from(word.low()))?;
            word.add_scaled(&high, power_of_two(HALF_BITS as usize));
            inputs.push(word);
        }
        builder.scope("commitment", |builder| {
            let state = hash(builder, &inputs)?;
            builder.export("state", &state).map(|_| ())
        })
    }
}
