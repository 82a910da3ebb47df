//! The kernel for any processor: a row is eight values as arkworks keeps them, below 2r.
//!
//! The same blocks and the same factors as in the kernel for AVX-512; a factor is applied to eight
//! values while it stays in registers, and sums cost more, as every one is brought below 2r.

use ark_bn254::Fr;

use super::kernel::{Kernel, LANES, Progression, Tile, reversed};
use crate::portable::Multiplier;
use crate::portable::field::LazyFr;

/// Eight values.
type Row = [LazyFr; LANES];

/// The kernel over a multiplier.
#[derive(Clone, Copy)]
pub(super) struct Portable<X>(pub(super) X);

/// Values of row k.
///
/// # Safety
/// The row is readable and initialised.
#[inline(always)]
unsafe fn read(source: Tile, k: usize) -> Row {
    source.lanes().map(|lane| {
        // SAFETY: the caller's promise.
        LazyFr::from_ark(unsafe { &*lane.wrapping_add(k * source.row_stride) })
    })
}

/// Writes row k.
///
/// # Safety
/// The row is writable.
#[inline(always)]
unsafe fn write(target: Tile, k: usize, row: &Row) {
    for (lane, value) in target.lanes().into_iter().zip(row) {
        // SAFETY: the caller's promise.
        unsafe {
            lane.wrapping_add(k * target.row_stride)
                .write(value.to_ark())
        };
    }
}

impl<X: Multiplier> Portable<X> {
    #[inline(always)]
    fn scale(self, row: &mut Row, factor: &LazyFr) {
        for value in row {
            *value = value.mul(self.0, factor);
        }
    }

    #[inline(always)]
    fn scale_lanes(self, row: &mut Row, factors: &Row) {
        for (value, factor) in row.iter_mut().zip(factors) {
            *value = value.mul(self.0, factor);
        }
    }

    /// `(a, b) ← (a + b, a − b)`.
    #[inline(always)]
    fn butterfly(a: &mut LazyFr, b: &mut LazyFr) {
        (*a, *b) = (a.add(b), a.sub(b));
    }

    /// Two levels of a transform in block `block`: see [`Kernel::transform`] for the order.
    #[inline(always)]
    fn two_levels(self, rows: &mut [Row], block: usize, roots: &[LazyFr]) {
        let quarter = rows.len() / 4;
        let (ab, cd) = rows.split_at_mut(2 * quarter);
        let (a, b) = ab.split_at_mut(quarter);
        let (c, d) = cd.split_at_mut(quarter);
        for (((a, b), c), d) in a.iter_mut().zip(b).zip(c).zip(d) {
            for lane in 0..LANES {
                let (mut p, mut q, mut r, mut s) = (a[lane], b[lane], c[lane], d[lane]);
                if block != 0 {
                    r = r.mul(self.0, &roots[block]);
                    s = s.mul(self.0, &roots[block]);
                }
                Self::butterfly(&mut p, &mut r);
                Self::butterfly(&mut q, &mut s);
                if block != 0 {
                    q = q.mul(self.0, &roots[2 * block]);
                }
                s = s.mul(self.0, &roots[2 * block + 1]);
                Self::butterfly(&mut p, &mut q);
                Self::butterfly(&mut r, &mut s);
                (a[lane], b[lane], c[lane], d[lane]) = (p, q, r, s);
            }
        }
    }

    /// All levels below block `block`, depth first.
    fn split(self, rows: &mut [Row], block: usize, roots: &[LazyFr]) {
        if let [u, v] = rows {
            for (u, v) in u.iter_mut().zip(v) {
                *v = v.mul(self.0, &roots[block]);
                Self::butterfly(u, v);
            }
        } else if rows.len() >= 4 {
            self.two_levels(rows, block, roots);
            let quarter = rows.len() / 4;
            if quarter > 1 {
                for (part, rows) in rows.chunks_exact_mut(quarter).enumerate() {
                    self.split(rows, 4 * block + part, roots);
                }
            }
        }
    }

    /// Calls `body` with the places of rows k and rev(k), for every pair once.
    #[inline(always)]
    fn permute(rows: &mut [Row], mut body: impl FnMut(usize, &mut Row)) {
        for k in 0..rows.len() {
            let place = reversed(k, rows.len());
            if k < place {
                rows.swap(k, place);
            }
        }
        for (k, row) in rows.iter_mut().enumerate() {
            body(k, row);
        }
    }
}

impl<X: Multiplier> Kernel for Portable<X> {
    type Factor = LazyFr;
    type Lanes = Row;

    const ZERO: Row = [LazyFr::ZERO; LANES];
    const PRODUCT_DIVISOR: u64 = 1;

    fn factor(self, value: Fr) -> LazyFr {
        LazyFr::from_ark(&value)
    }

    unsafe fn load(self, rows: &mut [Row], source: Tile) {
        for (k, row) in rows.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *row = unsafe { read(source, k) };
        }
    }

    unsafe fn load_scaled(self, rows: &mut [Row], source: Tile, factors: &[LazyFr]) {
        for (k, (row, factor)) in rows.iter_mut().zip(factors).enumerate() {
            // SAFETY: the caller's promise.
            *row = unsafe { read(source, k) };
            self.scale(row, factor);
        }
    }

    unsafe fn load_product(self, rows: &mut [Row], a: Tile, b: Tile) {
        for (k, row) in rows.iter_mut().enumerate() {
            // SAFETY: the caller's promise.
            *row = unsafe { read(a, k) };
            // SAFETY: as above.
            self.scale_lanes(row, &unsafe { read(b, k) });
        }
    }

    fn transform(self, rows: &mut [Row], roots: &[LazyFr]) {
        self.split(rows, 0, roots);
    }

    fn rescale(self, rows: &mut [Row], factors: &[LazyFr]) {
        Self::permute(rows, |k, row| self.scale(row, &factors[k]));
    }

    fn multiply(self, rows: &mut [Row], others: &[Row]) {
        let len = rows.len();
        Self::permute(rows, |k, row| {
            self.scale_lanes(row, &others[reversed(k, len)])
        });
    }

    unsafe fn store_twisted(self, rows: &[Row], target: Tile, progression: &Progression) {
        let mut factors = progression.start.map(|factor| LazyFr::from_ark(&factor));
        let step = progression.step.map(|factor| LazyFr::from_ark(&factor));
        for k in 0..rows.len() {
            let mut row = rows[reversed(k, rows.len())];
            self.scale_lanes(&mut row, &factors);
            // SAFETY: the caller's promise.
            unsafe { write(target, k, &row) };
            self.scale_lanes(&mut factors, &step);
        }
    }

    unsafe fn store(self, rows: &[Row], target: Tile) {
        for k in 0..rows.len() {
            // SAFETY: the caller's promise.
            unsafe { write(target, k, &rows[reversed(k, rows.len())]) };
        }
    }

    unsafe fn store_scaled(self, rows: &[Row], target: Tile, factors: &[LazyFr]) {
        for (k, factor) in factors.iter().enumerate() {
            let mut row = rows[reversed(k, rows.len())];
            self.scale(&mut row, factor);
            // SAFETY: the caller's promise.
            unsafe { write(target, k, &row) };
        }
    }

    unsafe fn store_sum(self, rows: &[Row], target: Tile, factors: &[LazyFr], others: &[Row]) {
        for (k, factor) in factors.iter().enumerate() {
            let place = reversed(k, rows.len());
            let mut row = rows[place];
            self.scale(&mut row, factor);
            for (value, other) in row.iter_mut().zip(&others[place]) {
                *value = value.add(other);
            }
            // SAFETY: the caller's promise.
            unsafe { write(target, k, &row) };
        }
    }
}
