//! Running hashes over records: what a transfer slot hands to the contract beside its operation word.
//!
//! `acc' = Poseidon₃(acc, a, b)`, where (a, b) are the two words of a withdrawal or creation slot. The
//! transfers run one such hash over what they emit, the slots another over what the contract sees; equal
//! ends, from equal starts, mean equal records in equal order. A challenge would be cheaper and is no
//! alternative: the transfers' records are in no commitment before it.

use super::poseidon::hash;
use crate::template::{Builder, Num, Result};

/// The two words of a record.
pub type Record = [Num; 2];

/// acc' if `used` is 1, acc if it is 0: a column of its own, 1 constraint. `used` is a boolean of the
/// caller's.
pub fn absorb(builder: &mut Builder, used: &Num, acc: &Num, absorbed: &Num) -> Result<Num> {
    let change = absorbed - acc;
    let after = builder.witness(acc.value() + used.value() * change.value())?;
    builder.enforce(used, &change, &(&after - acc))?;
    Ok(after)
}

/// Poseidon₃(acc, a, b).
pub fn next(builder: &mut Builder, acc: &Num, [a, b]: &Record) -> Result<Num> {
    hash(builder, &[acc.clone(), a.clone(), b.clone()])
}
