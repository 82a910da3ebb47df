//! What the passes of a transform ask of the arithmetic.
//!
//! A kernel works on eight values at a time ([`Kernel::Lanes`]) and on a *block* of R such rows, a
//! power of two: eight polynomials of R coefficients side by side. It reads a block from an array
//! of field elements, transforms it where it lies, and writes it back; everything else (which
//! block, with which factors, on which thread) is the business of [`engine`](super::engine).
//!
//! In arrays, elements are arkworks' Montgomery form, below 2^256 but not always below r: kernels
//! take and leave values of a few r there, and only the stores whose name says so are canonical.
//! The transform leaves a block in bit-reversed order; every function that takes a transformed block
//! undoes that while it reads, so that no pass over memory only permutes.

use ark_bn254::Fr;

/// Polynomials in a block.
pub(super) const LANES: usize = 8;

/// Where the values of a block lie: lane l of row k at `first + l·lane_stride + k·row_stride`.
#[derive(Clone, Copy)]
pub(super) struct Tile {
    /// Lane 0 of row 0.
    pub(super) first: *mut Fr,
    /// Distance from lane to lane, in elements.
    pub(super) lane_stride: usize,
    /// Distance from row to row, in elements.
    pub(super) row_stride: usize,
}

impl Tile {
    /// The address of lane `lane` in row 0 of as many elements.
    pub(super) fn lane(&self, lane: usize) -> *mut Fr {
        self.first.wrapping_add(lane * self.lane_stride)
    }

    /// The addresses of the lanes in row 0.
    pub(super) fn lanes(&self) -> [*mut Fr; LANES] {
        std::array::from_fn(|lane| self.lane(lane))
    }
}

/// The factors `start·step^k` of row k, for each lane its own.
#[derive(Clone, Copy)]
pub(super) struct Progression {
    /// Factors of row 0.
    pub(super) start: [Fr; LANES],
    /// Ratio of a row's factors to the row's before.
    pub(super) step: [Fr; LANES],
}

/// The arithmetic of a transform.
///
/// Blocks have the same number R ≥ [`LANES`] of rows, a power of two, wherever two of them meet;
/// a list of factors has one for each row.
///
/// # Safety
/// Of every function that takes a [`Tile`] the contract is: the R rows of the tile lie in memory
/// that may be read (or, for a store, written), that no other thread writes (or, for a store, uses)
/// meanwhile. What is read is initialised, below 2^256 as an integer.
pub(super) trait Kernel: Copy + Send + Sync + 'static {
    /// A factor, prepared for being multiplied by.
    type Factor: Copy + Send + Sync;
    /// Eight values.
    type Lanes: Copy + Send + Sync;

    /// A row of zeros.
    const ZERO: Self::Lanes;
    /// `load_product` gives the products divided by this power of two.
    const PRODUCT_DIVISOR: u64;

    /// Prepares a factor.
    fn factor(self, value: Fr) -> Self::Factor;

    /// Reads a block.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn load(self, rows: &mut [Self::Lanes], source: Tile);

    /// Reads a block, row k times `factors[k]`.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn load_scaled(self, rows: &mut [Self::Lanes], source: Tile, factors: &[Self::Factor]);

    /// Reads two blocks and multiplies them, value by value.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn load_product(self, rows: &mut [Self::Lanes], a: Tile, b: Tile);

    /// The R-point transform of each lane of a block just read (or rescaled, or multiplied):
    /// `rows[rev(k)] ← Σ_j rows[j]·ρ^(jk)`, rev the reversal of log₂ R bits.
    ///
    /// ρ is the R-th root of unity of the table: `roots[b] = ρ^(R/2^(t+1)·rev_t(b))` for b < 2^t, for
    /// every t < log₂ R, rev_t the reversal of t bits (which does not depend on t in the end).
    fn transform(self, rows: &mut [Self::Lanes], roots: &[Self::Factor]);

    /// A transformed block in natural order, row k times `factors[k]`.
    fn rescale(self, rows: &mut [Self::Lanes], factors: &[Self::Factor]);

    /// Multiplies two transformed blocks, value by value, into natural order.
    fn multiply(self, rows: &mut [Self::Lanes], others: &[Self::Lanes]);

    /// Writes a transformed block in natural order, times a progression.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn store_twisted(self, rows: &[Self::Lanes], target: Tile, progression: &Progression);

    /// Writes a transformed block in natural order, canonical.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn store(self, rows: &[Self::Lanes], target: Tile);

    /// Writes a transformed block in natural order, row k times `factors[k]`, canonical.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn store_scaled(self, rows: &[Self::Lanes], target: Tile, factors: &[Self::Factor]);

    /// Writes `factors[k]·rows + others` of two transformed blocks in natural order, canonical.
    ///
    /// # Safety
    /// See [`Kernel`].
    unsafe fn store_sum(
        self,
        rows: &[Self::Lanes],
        target: Tile,
        factors: &[Self::Factor],
        others: &[Self::Lanes],
    );
}

/// The place of row k in a transformed block of `rows` rows.
#[inline(always)]
pub(super) fn reversed(k: usize, rows: usize) -> usize {
    // A shift by 64 (one row) does not occur: blocks have eight rows at least.
    k.reverse_bits() >> (usize::BITS - rows.trailing_zeros())
}
