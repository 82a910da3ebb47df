//! The passes of a transform over memory.
//!
//! n = R₀·R₁ (or R₀·R₁·R₂ beyond 2^[`MAX_LOG_ROWS`]·2^[`MAX_LOG_ROWS`] values), and
//! j = R₁·j₀ + j₁, k = k₀ + R₀·k₁ turn `v_k = Σ_j x_j·ω^(jk)` into
//!
//! ```text
//! pass 0:  y(k₀, j₁) = ω^(k₀·j₁) · Σ_j₀ x(j₀, j₁)·(ω^R₁)^(j₀·k₀)      for each j₁
//! pass 1:  v(k₀, k₁) =             Σ_j₁ y(k₀, j₁)·(ω^R₀)^(j₁·k₁)      for each k₀
//! ```
//!
//! (Bailey's four steps without the transpositions.) A pass reads [`LANES`] neighbouring columns
//! (pass 0) or rows (the last pass) of the matrix into a block, transforms it in the cache and writes
//! it. Pass 0 works in place; the last one writes column-wise what it read row-wise, which puts the
//! values into natural order and needs another array. With three factors the middle pass is pass 0
//! of each row.
//!
//! Scaling by powers costs next to nothing: `x_j·g^j` is `g^(R₁·j₀)`, a list of R₀ factors, times
//! `g^(j₁)`, which the progressions of pass 0 start with; `v_k·g^k` is `g^(k₀)`, the ratio of those
//! progressions, times `g^(R₀·k₁)`, a list again. So is the division by n.
//!
//! Cost: ½·n·log₂ n − 15/8·n multiplications by stored factors, and for every pass but the last a
//! multiplication of two variables and one by a stored factor for each value. Memory: n elements for
//! the second array, one block of at most 2^[`MAX_LOG_ROWS`] rows for each thread.

use std::mem::MaybeUninit;
use std::sync::{Mutex, OnceLock};

use ark_bn254::Fr;
use ark_ff::Field;

use super::kernel::{Kernel, LANES, Progression, Tile};
use super::roots::{Roots, block_roots, powers, root};
use super::{MAX_LOG_SIZE, MIN_LOG_BLOCKS};
use crate::buffer::Buffer;
use crate::parallel;

/// log₂ of the largest number of rows in a block.
pub(super) const MAX_LOG_ROWS: u32 = 12;

/// ω or ω⁻¹.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Inverse,
}

/// An array that several threads work on, each on tiles of its own.
#[derive(Clone, Copy)]
pub(super) struct Array {
    first: *mut Fr,
    len: usize,
}

// SAFETY: an array is only used through tiles, whose users promise not to get in each other's way.
unsafe impl Send for Array {}
// SAFETY: as above.
unsafe impl Sync for Array {}

impl Array {
    /// The array that a slice, or memory for one, occupies.
    pub(super) fn new(first: *mut Fr, len: usize) -> Self {
        Self { first, len }
    }

    /// `rows` rows from lane 0 of row 0 at `start`.
    pub(super) fn tile(
        self,
        start: usize,
        lane_stride: usize,
        row_stride: usize,
        rows: usize,
    ) -> Tile {
        debug_assert!(start + (LANES - 1) * lane_stride + (rows - 1) * row_stride < self.len);
        Tile {
            first: self.first.wrapping_add(start),
            lane_stride,
            row_stride,
        }
    }
}

/// n as a product of the numbers of rows of two or three passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    log_rows: [u32; 3],
    pub(super) passes: usize,
}

impl Shape {
    /// The passes of a transform of 2^log_n values, at least 2^[`MIN_LOG_BLOCKS`], by blocks of at
    /// most 2^max_log_rows rows.
    fn new(log_n: u32, max_log_rows: u32) -> Self {
        debug_assert!((MIN_LOG_BLOCKS..=3 * max_log_rows).contains(&log_n));
        if log_n <= 2 * max_log_rows {
            Self {
                log_rows: [log_n.div_ceil(2), log_n / 2, 0],
                passes: 2,
            }
        } else {
            let first = log_n.div_ceil(3);
            let second = (log_n - first).div_ceil(2);
            Self {
                log_rows: [first, second, log_n - first - second],
                passes: 3,
            }
        }
    }

    /// log₂ of the rows of a block in a pass.
    pub(super) fn log_rows(self, pass: usize) -> u32 {
        self.log_rows[pass]
    }

    /// Rows of a block in a pass.
    pub(super) fn rows(self, pass: usize) -> usize {
        1 << self.log_rows[pass]
    }

    /// log₂ of the number of values in each of the transforms that a pass begins: n for pass 0.
    pub(super) fn log_size(self, pass: usize) -> u32 {
        self.log_rows[pass..].iter().sum()
    }

    /// Values in each of the transforms that a pass begins.
    pub(super) fn size(self, pass: usize) -> usize {
        1 << self.log_size(pass)
    }

    /// The number of those transforms: the product of the rows of the passes before.
    pub(super) fn outer(self, pass: usize) -> usize {
        1 << self.log_rows[..pass].iter().sum::<u32>()
    }

    /// Blocks in a pass.
    pub(super) fn blocks(self, pass: usize) -> usize {
        self.size(0) / (self.rows(pass) * LANES)
    }
}

/// One of the blocks of a pass over columns: lanes are the columns `column..column + LANES` of the
/// transform number `outer`.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    pub(super) outer: usize,
    pub(super) column: usize,
    pub(super) row_stride: usize,
    rows: usize,
    start: usize,
}

impl Columns {
    /// Block `index` of pass `pass`, not the last one.
    pub(super) fn new(shape: Shape, pass: usize, index: usize) -> Self {
        let row_stride = shape.size(pass + 1);
        let per_transform = row_stride / LANES;
        let (outer, column) = (index / per_transform, index % per_transform * LANES);
        Self {
            outer,
            column,
            row_stride,
            rows: shape.rows(pass),
            start: outer * shape.size(pass) + column,
        }
    }

    /// Its values in an array.
    pub(super) fn tile(self, array: Array) -> Tile {
        array.tile(self.start, 1, self.row_stride, self.rows)
    }
}

/// One of the blocks of the last pass that reads rows and writes columns.
#[derive(Clone, Copy)]
pub(super) struct Transposed {
    shape: Shape,
    /// k₀ of lane 0.
    k0: usize,
    /// k₁ if there are three passes.
    k1: usize,
}

impl Transposed {
    /// Block `index`.
    pub(super) fn new(shape: Shape, index: usize) -> Self {
        let per_k1 = shape.rows(0) / LANES;
        Self {
            shape,
            k0: index % per_k1 * LANES,
            k1: index / per_k1,
        }
    }

    /// Where its values are read: the rows (k₀, k₁) of all its k₀.
    pub(super) fn source(self, array: Array) -> Tile {
        let last = self.shape.passes - 1;
        let row = self.shape.size(last);
        array.tile(
            self.k0 * self.shape.size(1) + self.k1 * row,
            self.shape.size(1),
            1,
            row,
        )
    }

    /// Where its values are written: at `k₀ + R₀·k₁ + R₀·R₁·k₂`.
    pub(super) fn target(self, array: Array) -> Tile {
        let last = self.shape.passes - 1;
        let start = self.k0 + self.shape.rows(0) * self.k1;
        array.tile(start, 1, self.shape.outer(last), self.shape.rows(last))
    }
}

/// Transforms with one kernel, and what is computed once for all of them.
pub(super) struct Engine<K: Kernel> {
    pub(super) kernel: K,
    max_log_rows: u32,
    roots: [OnceLock<Roots>; MAX_LOG_SIZE as usize + 1],
    forward: [OnceLock<Vec<K::Factor>>; MAX_LOG_ROWS as usize + 1],
    inverse: [OnceLock<Vec<K::Factor>>; MAX_LOG_ROWS as usize + 1],
    blocks: Mutex<Vec<Vec<K::Lanes>>>,
}

impl<K: Kernel> Engine<K> {
    /// Nothing is computed yet.
    pub(super) fn new(kernel: K) -> Self {
        Self::with_blocks(kernel, MAX_LOG_ROWS)
    }

    /// With blocks of at most 2^max_log_rows rows; transforms of up to 2^(3·max_log_rows) values.
    pub(super) fn with_blocks(kernel: K, max_log_rows: u32) -> Self {
        assert!((3..=MAX_LOG_ROWS).contains(&max_log_rows));
        Self {
            kernel,
            max_log_rows,
            roots: [const { OnceLock::new() }; _],
            forward: [const { OnceLock::new() }; _],
            inverse: [const { OnceLock::new() }; _],
            blocks: Mutex::new(Vec::new()),
        }
    }

    /// The passes of a transform of so many values.
    pub(super) fn shape(&self, len: usize) -> Shape {
        Shape::new(len.trailing_zeros(), self.max_log_rows)
    }

    /// The powers of the root of order 2^log_n.
    pub(super) fn roots(&self, log_n: u32) -> &Roots {
        self.roots[log_n as usize].get_or_init(|| Roots::new(log_n))
    }

    /// The factors of blocks of 2^log_rows rows.
    pub(super) fn block_factors(&self, log_rows: u32, direction: Direction) -> &[K::Factor] {
        let (tables, exponent) = match direction {
            Direction::Forward => (&self.forward, 1),
            Direction::Inverse => (&self.inverse, (1u64 << log_rows) - 1),
        };
        tables[log_rows as usize].get_or_init(|| {
            let root = root(log_rows).pow([exponent]);
            self.factors(block_roots(root, 1 << log_rows))
        })
    }

    /// Prepared factors.
    pub(super) fn factors(&self, values: Vec<Fr>) -> Vec<K::Factor> {
        values
            .into_iter()
            .map(|value| self.kernel.factor(value))
            .collect()
    }

    /// `ω^(±exponent)` for ω of order 2^log_n.
    pub(super) fn twiddle(&self, log_n: u32, direction: Direction, exponent: usize) -> Fr {
        self.roots(log_n).power(match direction {
            Direction::Forward => exponent,
            Direction::Inverse => exponent.wrapping_neg(),
        })
    }

    /// Calls `body(block, index)` for the indices below `count`, with `rows` rows of scratch.
    pub(super) fn for_each_block(
        &self,
        count: usize,
        rows: usize,
        body: impl Fn(&mut [K::Lanes], usize) + Sync + Send,
    ) {
        let take = || {
            let mut block = self
                .blocks
                .lock()
                .expect("no panic holds the lock")
                .pop()
                .unwrap_or_default();
            if block.len() < rows {
                block.resize(rows, K::ZERO);
            }
            block
        };
        parallel::for_each_range(count, |range| {
            let mut block = take();
            for index in range {
                body(&mut block[..rows], index);
            }
            self.blocks
                .lock()
                .expect("no panic holds the lock")
                .push(block);
        });
    }

    /// The factors ω^(±k·column) of a block's rows k, which lead from pass `pass` to the next: lane l
    /// starts with `scale·base^(column + l)`, every row's ratio is multiplied by `ratio`.
    pub(super) fn twist(
        &self,
        (shape, pass): (Shape, usize),
        direction: Direction,
        block: Columns,
        (scale, base): (Fr, Fr),
        ratio: Fr,
    ) -> Progression {
        let log_size = shape.log_size(pass);
        let start = if base == Fr::ONE {
            scale
        } else {
            scale * base.pow([block.column as u64])
        };
        Progression {
            start: geometric(start, base),
            step: geometric(
                self.twiddle(log_size, direction, block.column) * ratio,
                self.twiddle(log_size, direction, 1),
            ),
        }
    }

    /// `values[k] ← h^k·Σ_j values[j]·g^j·ω^(±jk)` in natural order for the optional g (of the
    /// input) and h (of the output), divided by n if the direction is the inverse one.
    pub(super) fn transform(
        &self,
        values: &mut [Fr],
        direction: Direction,
        input_base: Option<Fr>,
        output_base: Option<Fr>,
    ) {
        let kernel = self.kernel;
        let shape = self.shape(values.len());
        let mut scratch = Buffer::<MaybeUninit<Fr>>::uninitialised(values.len());
        let scratch = Array::new(scratch.as_mut_ptr().cast(), values.len());
        let values = Array::new(values.as_mut_ptr(), values.len());
        let scale = match direction {
            Direction::Forward => Fr::ONE,
            Direction::Inverse => self.roots(shape.log_size(0)).size_inverse,
        };
        let input_factors = input_base
            .map(|base| self.factors(powers(base.pow([shape.size(1) as u64]), shape.rows(0))));
        let last = shape.passes - 1;
        for pass in 0..last {
            let roots = self.block_factors(shape.log_rows(pass), direction);
            let ratio = output_base.map_or(Fr::ONE, |base| base.pow([shape.outer(pass) as u64]));
            self.for_each_block(shape.blocks(pass), shape.rows(pass), |rows, index| {
                let block = Columns::new(shape, pass, index);
                // SAFETY: pass 0 reads `values`, which are borrowed and initialised, and writes all of
                // `scratch`; the other passes read and write `scratch`. Blocks have no columns in common.
                unsafe {
                    match (&input_factors, pass) {
                        (Some(factors), 0) => kernel.load_scaled(rows, block.tile(values), factors),
                        (None, 0) => kernel.load(rows, block.tile(values)),
                        _ => kernel.load(rows, block.tile(scratch)),
                    }
                }
                kernel.transform(rows, roots);
                let start = match pass {
                    0 => (scale, input_base.unwrap_or(Fr::ONE)),
                    _ => (Fr::ONE, Fr::ONE),
                };
                let twist = self.twist((shape, pass), direction, block, start, ratio);
                // SAFETY: as above.
                unsafe { kernel.store_twisted(rows, block.tile(scratch), &twist) };
            });
        }
        let roots = self.block_factors(shape.log_rows(last), direction);
        let output_factors = output_base.map(|base| {
            self.factors(powers(
                base.pow([shape.outer(last) as u64]),
                shape.rows(last),
            ))
        });
        self.for_each_block(shape.blocks(last), shape.rows(last), |rows, index| {
            let block = Transposed::new(shape, index);
            // SAFETY: nobody writes `scratch`, which is initialised now.
            unsafe { kernel.load(rows, block.source(scratch)) };
            kernel.transform(rows, roots);
            // SAFETY: `values` are borrowed mutably and nobody reads them. Blocks have no columns in
            // common.
            unsafe {
                match &output_factors {
                    Some(factors) => kernel.store_scaled(rows, block.target(values), factors),
                    None => kernel.store(rows, block.target(values)),
                }
            }
        });
    }
}

/// `[first, first·ratio, first·ratio², …]`
pub(super) fn geometric(first: Fr, ratio: Fr) -> [Fr; LANES] {
    let mut power = first;
    std::array::from_fn(|_| {
        let value = power;
        power *= ratio;
        value
    })
}
