//! The data template: fifteen public words are hashed into the commitment and evaluated at ρ.
//!
//! `s' = Poseidon₁₆(s, w₀, …, w₁₄)`, and the running evaluation goes the other way, from the last
//! block to the first: `e' = w₀ + ρ·(w₁ + ρ·(… w₁₄ + ρ·e))`, so that block 0 ends with Σ dᵢ·ρⁱ.
//!
//! A word has two ports, `high` and `low`, and is `high·2^124 + low`: two operations, or one word
//! in `low`. Absent words are ports that lead nowhere, which are zero.
//!
//! *Cost.* 609 + 15 + 2 constraints for a block, that is 41.7 a word and 20.9 an operation.

use crate::{
    gadgets::{account::power_of_two, poseidon::hash},
    protocol::public_data::{COMMITMENT_RATE, TRANSFER_BITS},
    template::{Builder, Circuit, Result},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// Words of a block.
pub(super) const BLOCK_WORDS: usize = COMMITMENT_RATE;

/// One block and the values of its ports.
pub(super) struct DataBlock {
    /// sₖ.
    pub state: Fr,
    /// Evaluation of the blocks after this one.
    pub evaluation: Fr,
    pub rho: Fr,
    /// (high, low) of each word.
    pub words: [(Fr, Fr); BLOCK_WORDS],
}

impl Circuit for DataBlock {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let state = builder.port("state", self.state)?;
        let mut evaluation = builder.port("evaluation", self.evaluation)?;
        let rho = builder.port("rho", self.rho)?;
        let mut inputs = vec![state];
        for (high, low) in self.words {
            let high = builder.port("high", high)?;
            let mut word = builder.port("low", low)?;
            word.add_scaled(&high, power_of_two(TRANSFER_BITS as usize));
            inputs.push(word);
        }
        builder.scope("commitment", |builder| {
            let state = hash(builder, &inputs)?;
            builder.export("state", &state)
        })?;
        builder.scope("evaluation", |builder| {
            for word in inputs[1..].iter().rev() {
                evaluation = &builder.mul(&evaluation, &rho)? + word;
            }
            builder.export("evaluation", &evaluation).map(|_| ())
        })
    }
}

impl DataBlock {
    pub(super) fn zero() -> Self {
        let zero = Fr::ZERO;
        Self {
            state: zero,
            evaluation: zero,
            rho: zero,
            words: [(zero, zero); BLOCK_WORDS],
        }
    }
}
