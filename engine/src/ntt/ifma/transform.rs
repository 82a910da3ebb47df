//! The transform of a block of rows, eight polynomials side by side.
//!
//! With `X^m − ζ² = (X^(m/2) − ζ)·(X^(m/2) + ζ)`, the remainder modulo the left side, m coefficients,
//! splits into those modulo the factors: `u + ζ·v` and `u − ζ·v` for the halves u, v. From `X^R − 1`
//! to linear factors this takes log₂ R levels and ends with the values at the roots of unity in
//! bit-reversed order. Block b of a level has the root `ζ = roots[b]`, the same for all positions in
//! the block, all lanes, and all levels that have a block b.
//!
//! The first half of a block is never multiplied, the second always: with products in [−3r, 3r) a
//! level widens the range of values by 3r on either side, and 2^260 = 84.64·r has room for all of
//! them without a reduction. Ranges, in units of r, R ≤ 2^12:
//!
//! ```text
//! read                                    [0, 2)
//! head (levels 0, 1), block 0             [0, 8)
//!                     block 1             [−4, 4)       + 36  = [32, 40)
//!                     blocks 2, 3         [−5, 5)       + 36  = [31, 41)
//! head of block 0 (levels 2, 3), block 0  [0, 32)       + 25  = [25, 57)
//!                                block 1  [−16, 16)     + 41  = [25, 57)
//!                                2, 3     [−11, 11)     + 36  = [25, 47)
//! levels 4 to 11 in block 0               ± 24          in [1, 81)
//! levels 2 to 11 elsewhere                ± 30          in [1, 71)
//! ```
//!
//! The multiples of r that keep values positive are added once, here: whatever a block's second half
//! was raised by disappears in its product, and the first half passes its own on.
//!
//! Depth first: a part of more than [`CACHED_ROWS`] rows goes through two levels strip by strip, so
//! that its rows are fetched once for both, then each quarter by itself; a smaller one stays in the
//! first-level cache and goes level by level.
//!
//! Cost: ½·R·log₂ R − 15/16·R multiplications by factors that lie in memory once for all lanes.

use super::arithmetic::{Factor, Lazy};
use crate::ifma::limbs::simd;

/// Rows that are transformed level by level: 20 KiB, within the 48 KiB of first-level data cache of
/// Sapphire Rapids together with their factors.
const CACHED_ROWS: usize = 64;

/// Rows of each quarter that go through two levels together: as many independent multiplications
/// follow each other, of which one takes 75 cycles to finish but 40 to execute.
const STRIP_ROWS: usize = 8;

/// Multiples of r that a head adds to the four parts it makes.
struct Raise;

impl Raise {
    /// Block 0 of the first head, if a second one follows.
    const NONE: usize = 0;
    /// Block 0 otherwise.
    const SUM: usize = 25;
    /// Block 1 of the second head.
    const DIFFERENCE: usize = 41;
    /// Other blocks.
    const OTHER: usize = 36;
}

simd! {
/// `rows[rev(k)] ← Σ_j rows[j]·ρ^(jk)`; values in [0, 2r) become values in [r, 81r).
pub(super) fn transform(rows: &mut [Lazy], roots: &[Factor]) {
    let quarter = rows.len() / 4;
    debug_assert!(rows.len() <= 1 << 12 && quarter >= 2 && roots.len() >= rows.len() / 2);
    if quarter >= 4 {
        head::<{ Raise::NONE }, { Raise::OTHER }, 4>(rows, &roots[1]);
        head::<{ Raise::SUM }, { Raise::DIFFERENCE }, 16>(&mut rows[..quarter], &roots[1]);
        for block in 0..4 {
            let part = &mut rows[block * quarter / 4..(block + 1) * quarter / 4];
            split(part, block, roots);
        }
    } else {
        head::<{ Raise::SUM }, { Raise::OTHER }, 4>(rows, &roots[1]);
        split(&mut rows[..quarter], 0, roots);
    }
    for block in 1..4 {
        split(&mut rows[block * quarter..(block + 1) * quarter], block, roots);
    }
}
}

simd! { outlined
/// Two levels where ζ is 1 in the first and 1 and i = `roots[1]` in the second; values in
/// [0, LIMIT/2·r).
fn head<const SUM: usize, const DIFFERENCE: usize, const LIMIT: usize>(
    rows: &mut [Lazy],
    i: &Factor,
) {
    let quarter = rows.len() / 4;
    let (ab, cd) = rows.split_at_mut(2 * quarter);
    let (a, b) = ab.split_at_mut(quarter);
    let (c, d) = cd.split_at_mut(quarter);
    for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
        let (sum_ac, sum_bd) = (a.add(c), b.add(d));
        let (difference_ac, difference_bd) = (a.sub(c), b.sub(d));
        let product = difference_bd.raise::<LIMIT>().carry().scale(i);
        let difference_ac = difference_ac.raise::<{ Raise::OTHER }>();
        *a = sum_ac.add(&sum_bd).raise::<SUM>();
        *b = sum_ac.sub(&sum_bd).raise::<DIFFERENCE>();
        *c = difference_ac.add(&product);
        *d = difference_ac.sub(&product);
    }
}
}

simd! {
/// All levels below block `block`.
fn split(rows: &mut [Lazy], block: usize, roots: &[Factor]) {
    if rows.len() <= CACHED_ROWS {
        split_by_levels(rows, block, roots);
    } else {
        split_by_parts(rows, block, roots);
    }
}
}

simd! { outlined
/// Two levels on all rows, then each of the four parts by itself.
fn split_by_parts(rows: &mut [Lazy], block: usize, roots: &[Factor]) {
    let quarter = rows.len() / 4;
    let (ab, cd) = rows.split_at_mut(2 * quarter);
    let (a, b) = ab.split_at_mut(quarter);
    let (c, d) = cd.split_at_mut(quarter);
    let strips = a
        .chunks_exact_mut(STRIP_ROWS)
        .zip(b.chunks_exact_mut(STRIP_ROWS))
        .zip(c.chunks_exact_mut(STRIP_ROWS))
        .zip(d.chunks_exact_mut(STRIP_ROWS));
    for (((a, b), c), d) in strips {
        butterflies(a, c, &roots[block]);
        butterflies(b, d, &roots[block]);
        butterflies(a, b, &roots[2 * block]);
        butterflies(c, d, &roots[2 * block + 1]);
    }
    for (part, rows) in rows.chunks_exact_mut(quarter).enumerate() {
        split(rows, 4 * block + part, roots);
    }
}
}

simd! { outlined
/// Level after level on all rows.
fn split_by_levels(rows: &mut [Lazy], block: usize, roots: &[Factor]) {
    let mut half = rows.len() / 2;
    let mut first = block;
    while half > 0 {
        for (block, root) in rows.chunks_exact_mut(2 * half).zip(&roots[first..]) {
            let (u, v) = block.split_at_mut(half);
            butterflies(u, v, root);
        }
        half /= 2;
        first *= 2;
    }
}
}

simd! {
/// `u + root·v` and `u − root·v`.
fn butterflies(u: &mut [Lazy], v: &mut [Lazy], root: &Factor) {
    for (u, v) in u.iter_mut().zip(v) {
        let product = v.carry().scale(root);
        (*u, *v) = (u.add(&product), u.sub(&product));
    }
}
}
