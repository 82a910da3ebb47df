//! The closing template: what the other templates end with is what the instance and the header say.

use crate::template::{Builder, Circuit, Result};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;

/// The values of the ports.
pub(super) struct Closing {
    /// C and the last state of the commitment.
    pub commitment: [Fr; 2],
    /// y and the evaluation of all words.
    pub evaluation: [Fr; 2],
    /// The header's post-state root and the root after the last slot.
    pub post_root: [Fr; 2],
    /// The running hash of withdrawals: of the slots and of the transfers.
    pub withdrawals: [Fr; 2],
    /// The same of creations.
    pub creations: [Fr; 2],
}

impl Circuit for Closing {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        for (name, [stated, computed]) in [
            ("commitment", self.commitment),
            ("evaluation", self.evaluation),
            ("post_root", self.post_root),
            ("withdrawals", self.withdrawals),
            ("creations", self.creations),
        ] {
            let stated = builder.port(name, stated)?;
            let computed = builder.port(name, computed)?;
            builder.scope(name, |builder| builder.enforce_equal(&stated, &computed))?;
        }
        Ok(())
    }
}

impl Closing {
    pub(super) fn zero() -> Self {
        let zeros = [Fr::ZERO; 2];
        Self {
            commitment: zeros,
            evaluation: zeros,
            post_root: zeros,
            withdrawals: zeros,
            creations: zeros,
        }
    }
}
