//! `Σ kᵢ·Pᵢ` on the GPU.
//!
//! Pippenger's method over windows of c bits with signed digits, so that a window has 2^(c−1) buckets.
//! For each chunk of scalars, once for all lists of points that share them:
//!
//! 1. `digits`: W = ⌈254/c⌉ digits a scalar, and by atomic additions the size of every bucket and each
//!    entry's rank in it;
//! 2. `scan_blocks`, `scan_add`: the first entry of every bucket;
//! 3. `scatter`: the entries in order of buckets. Counting replaces a radix sort: with ranks known, one
//!    pass over the entries sorts them, in an order inside buckets that does not matter.
//!
//! Then for each list of points:
//!
//! 4. `accumulate`: the sorted entries are cut into slices of equal length, one an invocation, so that no
//!    distribution of scalars gives an invocation more than its share;
//! 5. `combine`: the sums of runs that slices cut apart, a tree of a few levels.
//!
//! Buckets stay on the device over all chunks. At the end, for each list:
//!
//! 6. `reduce`: `Σ j·B_j` of each window as a tree of ⌈(c−1)/3⌉ levels, of which one point a window and
//!    level and one more a window come back;
//! 7. on the host ([`finish`](Pending::finish)): Horner's rule over levels and windows, about 500 group
//!    operations.
//!
//! Additions are complete: equal, opposite and infinite points need no second pass.
//!
//! Cost in products of coordinates, n points: `10·n·W` in `accumulate`, `14·2·n·W/L` in `combine`, L the
//! length of a slice, `14·2·W·2^(c−1)` in `reduce`. Bytes in `accumulate`: 72 an entry of G1, 136 of G2.
//!
//! Source: Bernstein, Doumen, Lange, Oosterwijk, *Faster batch forgery identification* (2012), §4, for
//! bucket sums; Blelloch, *Prefix sums and their applications* (1990), for segments and scans.

mod bases;
mod finish;
mod plan;
mod record;
#[cfg(test)]
mod tests;

pub use bases::{Bases, GpuPoint};
pub use finish::Pending;
#[cfg(test)]
pub use plan::Plan;
pub use record::{Job, record};
