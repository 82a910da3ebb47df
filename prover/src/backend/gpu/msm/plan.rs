//! How a multiplication is cut up: windows, chunks, slices.

use zkroll_shaders::Curve;

use super::super::recording::Limits;

/// Bits that the windows together must hold: a balanced scalar is below r/2 < 0.76·2^253, and its digits
/// go up to half a window more.
const SCALAR_BITS: u32 = 254;

/// Widths of windows that are tried. Below 4 the last window's digits would not fit its buckets; beyond
/// 20 the buckets outgrow what they save on any number of points that fits a device.
const WINDOW_BITS: std::ops::RangeInclusive<u32> = 4..=20;

/// Scalars of a chunk at most. Entries of a chunk take 16·W bytes a scalar; beyond 2^22 longer chunks
/// save nothing.
const MAX_CHUNK: u64 = 1 << 22;

/// Scalars of a chunk are a multiple of this, so that chunks of scalars begin at an aligned offset.
const CHUNK_STEP: u64 = 256;

/// Entries of a slice: enough slices to fill a large device, few enough that joining them costs little.
const SLICE_LEN: std::ops::RangeInclusive<u64> = 16..=64;
const FULL_DEVICE_SLICES: u64 = 1 << 17;

/// Partial sums that an invocation of `combine` adds: each level leaves two of them.
pub const COMBINE_LEN: u32 = 8;

/// log₂ of the points that an invocation of `reduce` adds.
pub const LOG_FOLD: u32 = 3;

/// Products of coordinates in an addition with an affine point and in one of two sums.
pub const MADD_PRODUCTS: u64 = 10;
/// See [`MADD_PRODUCTS`].
pub const ADD_PRODUCTS: u64 = 14;

/// Products in Fq of one product of coordinates.
pub const fn products_of_coordinate(curve: Curve) -> u64 {
    match curve {
        Curve::G1 => 1,
        Curve::G2 => 3,
    }
}

/// How a multiplication is cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// c, bits of a window.
    pub window_bits: u32,
    /// W.
    pub windows: u32,
    /// Scalars of a chunk.
    pub chunk: u32,
    /// Entries of a slice.
    pub slice_len: u32,
}

impl Plan {
    /// Bytes of a binding for which there is a plan for any number of scalars.
    pub const LEAST_BINDING_BYTES: u64 = 4 << 16;

    /// The cheapest plan for `count` scalars that lists of these groups share, within the limits.
    ///
    /// `None` only if a binding holds less than [`Self::LEAST_BINDING_BYTES`], as no adapter's does.
    #[must_use]
    pub fn choose(count: usize, curves: &[Curve], limits: &Limits) -> Option<Self> {
        WINDOW_BITS
            .filter_map(|window_bits| Self::with_window(window_bits, count, curves, limits))
            .min_by_key(|plan| plan.cost(count, curves))
    }

    /// The plan with windows of so many bits.
    fn with_window(
        window_bits: u32,
        count: usize,
        curves: &[Curve],
        limits: &Limits,
    ) -> Option<Self> {
        let windows = SCALAR_BITS.div_ceil(window_bits);
        let widest = curves.iter().map(|curve| curve.xyzz_words()).max()? as u64;
        let buckets = u64::from(windows) << (window_bits - 1);
        if buckets * widest > limits.binding_words {
            return None;
        }
        let windows = u64::from(windows);
        let whole = (count as u64).next_multiple_of(CHUNK_STEP).max(CHUNK_STEP);
        // The digit list and the sorted entries have two words an entry, the scalars eight words each, and
        // there are two partial sums a slice.
        let entries = limits.binding_words / (2 * windows);
        let slices = limits.binding_words / (2 * widest);
        let room = entries
            .min(limits.binding_words / 8)
            .min(slices.saturating_sub(1) * SLICE_LEN.end() / windows)
            .min(MAX_CHUNK);
        let chunk = whole.min(room / CHUNK_STEP * CHUNK_STEP);
        if chunk == 0 {
            return None;
        }
        let wanted = (chunk * windows / FULL_DEVICE_SLICES).next_power_of_two();
        let needed = (chunk * windows).div_ceil(slices).next_power_of_two();
        let slice_len = wanted
            .clamp(*SLICE_LEN.start(), *SLICE_LEN.end())
            .max(needed);
        Some(Self {
            window_bits,
            windows: windows as u32,
            chunk: chunk as u32,
            slice_len: slice_len as u32,
        })
    }

    /// Buckets of a window.
    #[must_use]
    pub const fn window_buckets(&self) -> u32 {
        1 << (self.window_bits - 1)
    }

    /// Buckets in all.
    #[must_use]
    pub const fn buckets(&self) -> u32 {
        self.windows * self.window_buckets()
    }

    /// Slices of a chunk.
    #[must_use]
    pub const fn slices(&self) -> u32 {
        (self.chunk * self.windows).div_ceil(self.slice_len)
    }

    /// Levels of `reduce`.
    #[must_use]
    pub const fn levels(&self) -> u32 {
        (self.window_bits - 1).div_ceil(LOG_FOLD)
    }

    /// Products in Fq, about.
    fn cost(&self, count: usize, curves: &[Curve]) -> u64 {
        let entries = count as u64 * u64::from(self.windows);
        let partials = 2 * entries.div_ceil(u64::from(self.slice_len));
        // Every chunk visits all counts and offsets; a product is worth some dozen words.
        let chunks = (count as u64).div_ceil(u64::from(self.chunk));
        let bookkeeping = chunks * u64::from(self.buckets()) / 4 + entries;
        let products: u64 = curves
            .iter()
            .map(|curve| products_of_coordinate(*curve))
            .sum();
        bookkeeping
            + products
                * (MADD_PRODUCTS * entries
                    + ADD_PRODUCTS * (partials + 2 * u64::from(self.buckets())))
    }
}
