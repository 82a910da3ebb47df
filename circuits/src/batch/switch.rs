//! Where a slot meets the state: it replaces the root if it is on, and lets it past if it is off.

use crate::template::{Builder, Num, Result};

/// Enforces that the slot's own tree is the state's, if the slot is on: `on·(old − before) = 0`.
pub(super) fn enforce_root(builder: &mut Builder, on: &Num, before: &Num, old: &Num) -> Result<()> {
    builder.scope("root", |builder| {
        builder.enforce(on, &(old - before), &Num::zero())
    })
}

/// Exports the root after the slot, `before + on·(new − before)`.
pub(super) fn export_root(builder: &mut Builder, on: &Num, before: &Num, new: &Num) -> Result<()> {
    builder.scope("root_after", |builder| {
        let change = new - before;
        let root = builder.witness(before.value() + on.value() * change.value())?;
        builder.export_column("root", &root);
        builder.enforce(on, &change, &(&root - before))
    })
}
