//! The power template: copy k makes z^(k + 2) of z^(k + 1) and z.
//!
//! *Cost.* 637 constraints for each of B − 1 copies.

use crate::{
    gadgets::{
        blob,
        nonnative::{ResidueVar, limbs},
    },
    protocol::blob::BlobScalar,
    template::{Builder, Circuit, Result},
};

/// The values of the ports.
pub(super) struct Power {
    pub z: BlobScalar,
    /// The power before.
    pub previous: BlobScalar,
}

impl Circuit for Power {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let z = ResidueVar::port(builder, "z", limbs(self.z))?;
        let previous = ResidueVar::port(builder, "previous", limbs(self.previous))?;
        let power = blob::power(builder, &previous, &z)?;
        power.export_columns(builder);
        Ok(())
    }
}
