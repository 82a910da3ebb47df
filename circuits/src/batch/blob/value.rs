//! The value template: what the groups end with is what two public words say.
//!
//! *Cost.* 331 constraints, once.

use crate::{
    gadgets::{
        blob,
        nonnative::{ResidueVar, limbs},
    },
    protocol::blob::BlobScalar,
    template::{Builder, Circuit, Result},
};
use ark_bn254::Fr;

/// The values of the ports.
pub(super) struct Value {
    /// [`split`](crate::protocol::blob::split) of y.
    pub y: [Fr; 2],
    /// The first group's accumulator.
    pub accumulator: BlobScalar,
}

impl Circuit for Value {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let low = builder.port("y_low", self.y[0])?;
        let high = builder.port("y_high", self.y[1])?;
        let accumulator = ResidueVar::port(builder, "accumulator", limbs(self.accumulator))?;
        let y = blob::join(builder, [&low, &high])?;
        builder.scope("value", |builder| accumulator.enforce_equal(builder, &y))
    }
}
