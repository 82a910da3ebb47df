//! The quotient by the vanishing polynomial.
//!
//! For values of A and B on the domain, h is the upper half of A·B (see [`Transforms::quotient`]):
//!
//! ```text
//! c₁ = the coefficients of (A·B mod X^n − 1)       from the products on the domain
//! c₂ = the coefficients of (A·B mod X^n − g^n)     from the products on the coset gH
//! h  = (c₂ − c₁) / (g^n − 1)
//! ```
//!
//! Six transforms. An inverse transform ends with rows of the matrix whose columns hold the values
//! (see [`engine`](super::engine)), and a forward transform can begin with them: it takes
//! `j = j₁ + R₁·j₀` where the inverse had `k = k₀ + R₀·k₁`. So both happen in one visit of a row, with
//! the scaling by g^k between them; likewise the forward transforms of A and B, their product and the
//! inverse transform of it in one visit of a column. Nothing is ever put into another order until the
//! last pass writes h:
//!
//! ```text
//! pass    reads   does                                                           writes
//! 1 c₁    A, B    product, columns back                                          C
//! 2 A, B  A       columns back                                                   A     (the same for B)
//! 3 A, B  A       rows back, times g^k, rows forth                               A     (the same for B)
//! 4 c₂    A, B    columns forth, product, columns back                           A
//! 5 h     A, C    rows back, sum                                                 B, natural order
//! ```
//!
//! Memory: the two inputs and one more array of n elements.
//!
//! [`Transforms::quotient`]: super::Transforms::quotient

use std::mem::MaybeUninit;

use ark_bn254::Fr;
use ark_ff::{FftField, Field};

use super::engine::{Array, Columns, Direction, Engine, Shape, Transposed, geometric};
use super::kernel::{Kernel, LANES, Progression};
use super::roots::powers;
use crate::buffer::Buffer;

impl<K: Kernel> Engine<K> {
    /// The quotient of at least [`MIN_LOG_BLOCKS`](super::MIN_LOG_BLOCKS) values, with a last
    /// coefficient of zero.
    pub(super) fn quotient(&self, mut a: Vec<Fr>, mut b: Vec<Fr>) -> Vec<Fr> {
        let n = a.len();
        let shape = self.shape(n);
        let mut c = Buffer::<MaybeUninit<Fr>>::uninitialised(n);
        let (a_array, b_array, c_array) = (
            Array::new(a.as_mut_ptr(), n),
            Array::new(b.as_mut_ptr(), n),
            Array::new(c.as_mut_ptr().cast(), n),
        );
        let shift = Fr::GENERATOR;
        let shift_inverse = shift.inverse().expect("a generator is not zero");
        let vanishing = shift.pow([n as u64]) - Fr::ONE;
        let scale = vanishing.inverse().expect("the generator is in no domain")
            * self.roots(shape.log_size(0)).size_inverse
            * Fr::from(K::PRODUCT_DIVISOR);
        let quotient = Quotient {
            engine: self,
            shape,
        };
        // SAFETY: the arrays are the initialised `a` and `b`, which are owned here, and memory for n
        // elements, which the first pass fills.
        unsafe {
            quotient.product_back(a_array, b_array, c_array, -scale);
            for factor in [a_array, b_array] {
                quotient.columns_back(factor, 0, Fr::ONE);
                quotient.middle_columns_back(factor, Fr::ONE);
                quotient.rows_back_and_forth(factor, shift);
                quotient.middle_columns_forth(factor);
            }
            quotient.columns_forth_and_back(a_array, b_array, scale, shift_inverse);
            quotient.middle_columns_back(a_array, shift_inverse);
            quotient.middle_columns_back(c_array, Fr::ONE);
            quotient.sum(a_array, c_array, b_array, shift_inverse);
        }
        b
    }
}

/// The passes. Each is unsafe: its arrays are valid for n elements, initialised where it reads them,
/// and nobody else uses them meanwhile.
struct Quotient<'a, K: Kernel> {
    engine: &'a Engine<K>,
    shape: Shape,
}

impl<K: Kernel> Quotient<'_, K> {
    /// The pass number of the rows.
    fn last(&self) -> usize {
        self.shape.passes - 1
    }

    /// The factors from pass `pass` of an inverse transform to the next.
    fn twist_back(&self, pass: usize, block: Columns, scale: Fr, ratio: Fr) -> Progression {
        self.engine.twist(
            (self.shape, pass),
            Direction::Inverse,
            block,
            (scale, Fr::ONE),
            ratio,
        )
    }

    /// Pass 1: `target` ← the columns of `scale·a·b`, times K::PRODUCT_DIVISOR⁻¹.
    unsafe fn product_back(&self, a: Array, b: Array, target: Array, scale: Fr) {
        let (engine, shape) = (self.engine, self.shape);
        let roots = engine.block_factors(shape.log_rows(0), Direction::Inverse);
        engine.for_each_block(shape.blocks(0), shape.rows(0), |rows, index| {
            let block = Columns::new(shape, 0, index);
            // SAFETY: the caller's promise, and blocks have no columns in common.
            unsafe {
                engine
                    .kernel
                    .load_product(rows, block.tile(a), block.tile(b))
            };
            engine.kernel.transform(rows, roots);
            let twist = self.twist_back(0, block, scale, Fr::ONE);
            // SAFETY: as above.
            unsafe {
                engine
                    .kernel
                    .store_twisted(rows, block.tile(target), &twist)
            };
        });
    }

    /// Pass 2: the columns of pass `pass` of an inverse transform, whose result is to be scaled by
    /// the powers of `base`.
    unsafe fn columns_back(&self, array: Array, pass: usize, base: Fr) {
        let (engine, shape) = (self.engine, self.shape);
        let roots = engine.block_factors(shape.log_rows(pass), Direction::Inverse);
        let ratio = base.pow([shape.outer(pass) as u64]);
        engine.for_each_block(shape.blocks(pass), shape.rows(pass), |rows, index| {
            let block = Columns::new(shape, pass, index);
            // SAFETY: the caller's promise, and blocks have no columns in common.
            unsafe { engine.kernel.load(rows, block.tile(array)) };
            engine.kernel.transform(rows, roots);
            let twist = self.twist_back(pass, block, Fr::ONE, ratio);
            // SAFETY: as above.
            unsafe { engine.kernel.store_twisted(rows, block.tile(array), &twist) };
        });
    }

    /// The pass between the first and the last one, where there is one.
    unsafe fn middle_columns_back(&self, array: Array, base: Fr) {
        if self.shape.passes == 3 {
            // SAFETY: the caller's promise.
            unsafe { self.columns_back(array, 1, base) };
        }
    }

    /// Pass 3: the last pass of an inverse transform, the scaling by shift^k / n, and the first pass
    /// of a forward transform.
    unsafe fn rows_back_and_forth(&self, array: Array, shift: Fr) {
        let (engine, shape, last) = (self.engine, self.shape, self.last());
        let row = shape.rows(last);
        let back = engine.block_factors(shape.log_rows(last), Direction::Inverse);
        let forth = engine.block_factors(shape.log_rows(last), Direction::Forward);
        let factors = engine.factors(powers(shift.pow([shape.outer(last) as u64]), row));
        let size_inverse = engine.roots(shape.log_size(0)).size_inverse;
        // Rows (k₀) or (k₀, k₁), eight neighbours; `inner` is the last of these indices.
        let log_size = shape.log_size(last - 1);
        let inner_rows = shape.rows(last - 1);
        engine.for_each_block(shape.blocks(last), row, |rows, index| {
            let first = index * LANES;
            let tile = array.tile(first * row, row, 1, row);
            // SAFETY: the caller's promise, and blocks have no rows in common.
            unsafe { engine.kernel.load(rows, tile) };
            engine.kernel.transform(rows, back);
            engine.kernel.rescale(rows, &factors);
            engine.kernel.transform(rows, forth);
            let (outer, inner) = (first / inner_rows, first % inner_rows);
            let ratio = shift.pow([shape.outer(last - 1) as u64]);
            let start = size_inverse * shift.pow([outer as u64]) * ratio.pow([inner as u64]);
            let twist = Progression {
                start: geometric(start, ratio),
                step: geometric(
                    engine.twiddle(log_size, Direction::Forward, inner),
                    engine.twiddle(log_size, Direction::Forward, 1),
                ),
            };
            // SAFETY: as above.
            unsafe { engine.kernel.store_twisted(rows, tile, &twist) };
        });
    }

    /// The second pass of a forward transform in three passes: columns k₁ to j₁ of each row k₀, then
    /// the factors ω^(k₀·(j₂ + R₂·j₁)).
    unsafe fn middle_columns_forth(&self, array: Array) {
        let (engine, shape) = (self.engine, self.shape);
        if shape.passes < 3 {
            return;
        }
        let roots = engine.block_factors(shape.log_rows(1), Direction::Forward);
        let log_size = shape.log_size(0);
        engine.for_each_block(shape.blocks(1), shape.rows(1), |rows, index| {
            let block = Columns::new(shape, 1, index);
            // SAFETY: the caller's promise, and blocks have no columns in common.
            unsafe { engine.kernel.load(rows, block.tile(array)) };
            engine.kernel.transform(rows, roots);
            let twiddle =
                |exponent| engine.twiddle(log_size, Direction::Forward, block.outer * exponent);
            let twist = Progression {
                start: geometric(twiddle(block.column), twiddle(1)),
                step: [twiddle(block.row_stride); LANES],
            };
            // SAFETY: as above.
            unsafe { engine.kernel.store_twisted(rows, block.tile(array), &twist) };
        });
    }

    /// Pass 4: the last pass of the forward transforms of a and b, the product, times `scale` and
    /// K::PRODUCT_DIVISOR⁻¹, and the first pass of the inverse transform, into a.
    unsafe fn columns_forth_and_back(&self, a: Array, b: Array, scale: Fr, base: Fr) {
        let (engine, shape) = (self.engine, self.shape);
        let forth = engine.block_factors(shape.log_rows(0), Direction::Forward);
        let back = engine.block_factors(shape.log_rows(0), Direction::Inverse);
        engine.for_each_block(shape.blocks(0), 2 * shape.rows(0), |rows, index| {
            let block = Columns::new(shape, 0, index);
            let (rows, others) = rows.split_at_mut(shape.rows(0));
            for (rows, array) in [(&mut *rows, a), (&mut *others, b)] {
                // SAFETY: the caller's promise, and blocks have no columns in common.
                unsafe { engine.kernel.load(rows, block.tile(array)) };
                engine.kernel.transform(rows, forth);
            }
            engine.kernel.multiply(rows, others);
            engine.kernel.transform(rows, back);
            let twist = self.twist_back(0, block, scale, base);
            // SAFETY: as above.
            unsafe { engine.kernel.store_twisted(rows, block.tile(a), &twist) };
        });
    }

    /// Pass 5: the last passes of two inverse transforms, the first scaled by the powers of `base`, and
    /// their sum in natural order.
    unsafe fn sum(&self, scaled: Array, plain: Array, target: Array, base: Fr) {
        let (engine, shape, last) = (self.engine, self.shape, self.last());
        let roots = engine.block_factors(shape.log_rows(last), Direction::Inverse);
        let factors = engine.factors(powers(
            base.pow([shape.outer(last) as u64]),
            shape.rows(last),
        ));
        engine.for_each_block(shape.blocks(last), 2 * shape.rows(last), |rows, index| {
            let block = Transposed::new(shape, index);
            let (rows, others) = rows.split_at_mut(shape.rows(last));
            for (rows, array) in [(&mut *rows, scaled), (&mut *others, plain)] {
                // SAFETY: the caller's promise; nobody writes these arrays.
                unsafe { engine.kernel.load(rows, block.source(array)) };
                engine.kernel.transform(rows, roots);
            }
            // SAFETY: the caller's promise, and blocks have no columns in common.
            unsafe {
                engine
                    .kernel
                    .store_sum(rows, block.target(target), &factors, others)
            };
        });
    }
}
