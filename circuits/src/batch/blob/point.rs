//! The point template: z from two public words.
//!
//! *Cost.* 331 constraints, once.

use crate::{
    gadgets::blob,
    template::{Builder, Circuit, Result},
};
use ark_bn254::Fr;

/// The values of the ports.
pub(super) struct Point {
    /// [`split`](crate::protocol::blob::split) of z.
    pub z: [Fr; 2],
}

impl Circuit for Point {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let low = builder.port("z_low", self.z[0])?;
        let high = builder.port("z_high", self.z[1])?;
        let z = blob::join(builder, [&low, &high])?;
        let z = builder.scope("export", |builder| z.materialise(builder))?;
        z.export_columns(builder);
        Ok(())
    }
}
