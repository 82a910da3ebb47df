//! The kernel for AVX-512 IFMA: a row is eight values in five vectors of 52-bit limbs.
//!
//! [`arithmetic`] multiplies by known factors with 61 IFMA for eight lanes and postpones all
//! reductions; [`transform`] bounds what accumulates. A value enters and leaves as the integer that
//! arkworks keeps, x·2^256 mod r: multiplication by a plain integer commutes with that form, so
//! nothing is ever converted but the layout (four 64-bit words one after the other to limbs side by
//! side, 21 vector operations for eight values, 18 back).

mod arithmetic;
mod transform;

use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};

use ark_bn254::Fr;

use self::arithmetic::{Digits, Factor, LaneFactors, Lazy, Reduced};
use super::kernel::{Kernel, LANES, Progression, Tile, reversed};
use crate::ifma::Ifma;
use crate::ifma::limbs::{broadcast, gather_words, scatter_words, simd, unpack};
use crate::ifma::modulus::{FrModulus, Modulus};

// Elements are four 64-bit words and nothing else.
const _: () = assert!(size_of::<Fr>() == 32);

/// Rows by which prefetching runs ahead of loads and stores.
const PREFETCH_ROWS: usize = 8;

impl Tile {
    simd! {
    /// The values of row k.
    ///
    /// # Safety
    /// The row is readable and initialised.
    unsafe fn read(&self, k: usize) -> Digits {
        let row = k * self.row_stride;
        let addresses: [*const u8; LANES] = self.lanes().map(|lane| lane.wrapping_add(row).cast_const().cast());
        // SAFETY: the caller's promise; an element is 32 bytes.
        Digits::from_limbs(unpack(unsafe { gather_words(&addresses) }))
    }
    }

    simd! {
    /// Asks for row k, which need not exist, if lanes are neighbours (a row is four or five cache
    /// lines far from the next row's). Lanes far apart are streams that the processor recognises.
    fn prefetch(&self, k: usize) {
        if self.lane_stride == 1 {
            let row = k * self.row_stride;
            for lane in (0..LANES).step_by(2) {
                _mm_prefetch::<_MM_HINT_T0>(self.lane(lane).wrapping_add(row).cast());
            }
        }
    }
    }

    simd! {
    /// Writes row k.
    ///
    /// # Safety
    /// The row is writable.
    unsafe fn write(&self, k: usize, values: &Reduced) {
        let row = k * self.row_stride;
        let addresses: [*mut u8; LANES] = self.lanes().map(|lane| lane.wrapping_add(row).cast());
        self.prefetch(k + PREFETCH_ROWS);
        // SAFETY: the caller's promise; an element is 32 bytes.
        unsafe { scatter_words(&addresses, values.pack()) };
    }
    }
}

simd! {
/// Eight elements of an array of Rust's.
fn read_lanes(values: &[Fr; LANES]) -> Digits {
    let tile = Tile { first: values.as_ptr().cast_mut(), lane_stride: 1, row_stride: LANES };
    // SAFETY: the one row of this tile is the array.
    unsafe { tile.read(0) }
}
}

simd! {
unsafe fn load(rows: &mut [Lazy], source: Tile) {
    for (k, row) in rows.iter_mut().enumerate() {
        source.prefetch(k + PREFETCH_ROWS);
        // SAFETY: the caller's promise.
        *row = unsafe { source.read(k) }.lazy();
    }
}
}

simd! {
unsafe fn load_scaled(rows: &mut [Lazy], source: Tile, factors: &[Factor]) {
    for (k, (row, factor)) in rows.iter_mut().zip(factors).enumerate() {
        source.prefetch(k + PREFETCH_ROWS);
        // SAFETY: the caller's promise.
        let values = unsafe { source.read(k) };
        *row = values.scale_up(factor).reduce().lazy();
    }
}
}

simd! {
unsafe fn load_product(rows: &mut [Lazy], a: Tile, b: Tile) {
    for (k, row) in rows.iter_mut().enumerate() {
        a.prefetch(k + PREFETCH_ROWS);
        b.prefetch(k + PREFETCH_ROWS);
        // SAFETY: the caller's promise.
        let (a, b) = unsafe { (a.read(k), b.read(k)) };
        // Elements are below 2^256 < 5.3·r: the product is below 0.4·r + 2.24·r.
        *row = a.times(&b).reduce().lazy();
    }
}
}

simd! {
fn rescale(rows: &mut [Lazy], factors: &[Factor]) {
    for k in 0..rows.len() {
        let place = reversed(k, rows.len());
        if k <= place {
            let at_k = rows[place].carry().scale_up(&factors[k]);
            let at_place = rows[k].carry().scale_up(&factors[place]);
            rows[k] = at_k.reduce().lazy();
            rows[place] = at_place.reduce().lazy();
        }
    }
}
}

simd! {
fn multiply(rows: &mut [Lazy], others: &[Lazy]) {
    for k in 0..rows.len() {
        let place = reversed(k, rows.len());
        if k <= place {
            // Below 81·r both, the product below 78·r + 2.24·r.
            let at_k = rows[place].carry().times(&others[place].carry());
            let at_place = rows[k].carry().times(&others[k].carry());
            rows[k] = at_k.reduce().lazy();
            rows[place] = at_place.reduce().lazy();
        }
    }
}
}

simd! {
unsafe fn store_twisted(rows: &[Lazy], target: Tile, progression: &Progression) {
    let step = LaneFactors::new(&read_lanes(&progression.step));
    // The Montgomery product divides by 2^260, which factors must bring along: as arkworks' form
    // has 2^256, the product with 2^264 makes it right.
    let mut factors = read_lanes(&progression.start)
        .times(&Digits::from_limbs(broadcast(&FrModulus::FROM_ARK)))
        .carry();
    for k in 0..rows.len() {
        // Below 81·r times below 6.1·r: below 5.9·r + 2.24·r.
        let values = rows[reversed(k, rows.len())].carry().times(&factors).reduce();
        // SAFETY: the caller's promise.
        unsafe { target.write(k, &values) };
        factors = factors.scale_lanes(&step).carry();
    }
}
}

simd! {
unsafe fn store(rows: &[Lazy], target: Tile) {
    for k in 0..rows.len() {
        let values = rows[reversed(k, rows.len())].reduce().canonicalise();
        // SAFETY: the caller's promise.
        unsafe { target.write(k, &values) };
    }
}
}

simd! {
unsafe fn store_scaled(rows: &[Lazy], target: Tile, factors: &[Factor]) {
    for (k, factor) in factors.iter().enumerate() {
        let values = rows[reversed(k, rows.len())].carry().scale_up(factor);
        // SAFETY: the caller's promise.
        unsafe { target.write(k, &values.reduce().canonicalise()) };
    }
}
}

simd! {
unsafe fn store_sum(rows: &[Lazy], target: Tile, factors: &[Factor], others: &[Lazy]) {
    for (k, factor) in factors.iter().enumerate() {
        let place = reversed(k, rows.len());
        let others = others[place].reduce().lazy();
        // In [0, 2r) + [−3r, 3r) + 4r.
        let values = rows[place].carry().scale(factor).add(&others).raise::<4>();
        // SAFETY: the caller's promise.
        unsafe { target.write(k, &values.reduce().canonicalise()) };
    }
}
}

// Every function of this module that is called here needs the instruction sets that an `Ifma` is
// the proof of; the contracts of loads and stores are handed on.
impl Kernel for Ifma {
    type Factor = Factor;
    type Lanes = Lazy;

    // SAFETY: zero bits are integers of value zero.
    const ZERO: Lazy = unsafe { std::mem::zeroed() };
    const PRODUCT_DIVISOR: u64 = 1 << 4;

    fn factor(self, value: Fr) -> Factor {
        Factor::new(value)
    }

    unsafe fn load(self, rows: &mut [Lazy], source: Tile) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { load(rows, source) }
    }

    unsafe fn load_scaled(self, rows: &mut [Lazy], source: Tile, factors: &[Factor]) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { load_scaled(rows, source, factors) }
    }

    unsafe fn load_product(self, rows: &mut [Lazy], a: Tile, b: Tile) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { load_product(rows, a, b) }
    }

    fn transform(self, rows: &mut [Lazy], roots: &[Factor]) {
        // SAFETY: `self`.
        unsafe { transform::transform(rows, roots) }
    }

    fn rescale(self, rows: &mut [Lazy], factors: &[Factor]) {
        // SAFETY: `self`.
        unsafe { rescale(rows, factors) }
    }

    fn multiply(self, rows: &mut [Lazy], others: &[Lazy]) {
        // SAFETY: `self`.
        unsafe { multiply(rows, others) }
    }

    unsafe fn store_twisted(self, rows: &[Lazy], target: Tile, progression: &Progression) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { store_twisted(rows, target, progression) }
    }

    unsafe fn store(self, rows: &[Lazy], target: Tile) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { store(rows, target) }
    }

    unsafe fn store_scaled(self, rows: &[Lazy], target: Tile, factors: &[Factor]) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { store_scaled(rows, target, factors) }
    }

    unsafe fn store_sum(self, rows: &[Lazy], target: Tile, factors: &[Factor], others: &[Lazy]) {
        // SAFETY: `self`, and the caller's promise.
        unsafe { store_sum(rows, target, factors, others) }
    }
}

#[cfg(test)]
mod tests;
