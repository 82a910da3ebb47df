//! How a scalar is cut into windows.
//!
//! Scalars are taken as integers `k ∈ (−r/2, r/2)`, so that −1 is as small as 1. Windows of widths
//! `c_0, c_1, …` lie at offsets `o_0 = 0, o_1 = c_0, …` and `k = Σ d_w·2^(o_w)` with digits
//! `d_w ∈ [−2^(c_w − 1), 2^(c_w − 1))`. The digits need no carries: with
//!
//! ```text
//! H = Σ_w 2^(o_w + c_w − 1)
//! ```
//!
//! window w of the non-negative integer `k + H` holds `d_w + 2^(c_w − 1)`.
//!
//! That `0 ≤ k + H < 2^W` for windows of W bits in all: `W ≥ 254` gives `H ≥ 2^253 > r/2`, and
//! widths of at least 3 give `H ≤ 2^(W−1)·(1 + 1/7)`, so `k + H < 2^252.6 + 1.143·2^(W−1) < 2^W`.

use ark_bn254::Fr;
use ark_ff::PrimeField;

/// Bits that all windows together cover: |k| < r/2 < 2^253, and a sign.
pub(crate) const SCALAR_BITS: usize = 254;

/// The widest window: a biased digit is stored in 16 bits.
pub(crate) const MAX_WIDTH: usize = 16;

/// The narrowest window, so that no digit overflows.
pub(crate) const MIN_WIDTH: usize = 3;

/// The numbers of levels that a window table can have: those T for which T periods of ⌈254/T⌉ bits fit
/// into 256 bits. 1 is no table.
pub const LEVELS: [usize; 8] = [1, 2, 3, 4, 5, 8, 15, 16];

/// Widths and offsets of the windows of a scalar.
///
/// With `levels` = T > 1 the widths repeat T times, so that window w of T equal periods can share
/// its buckets with the same window of the other periods, over points multiplied by a power of two
/// ([`Bases`](super::Bases)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Windows {
    widths: Vec<u8>,
    offsets: Vec<u16>,
    levels: usize,
    bias: [u64; 4],
    bias_minus_r: [u64; 4],
}

impl Windows {
    /// `per_level` windows for each of `levels` periods, of widths that differ by at most one.
    ///
    /// # Panics
    /// If a window would be narrower than 3 or wider than 16 bits, or `levels` is not among
    /// [`LEVELS`].
    #[must_use]
    pub fn new(per_level: usize, levels: usize) -> Self {
        assert!(
            LEVELS.contains(&levels),
            "expected levels of {LEVELS:?}, got {levels}"
        );
        let period = period_bits(levels);
        assert!(
            (MIN_WIDTH * per_level..=MAX_WIDTH * per_level).contains(&period),
            "expected windows of {MIN_WIDTH} to {MAX_WIDTH} bits, got {per_level} for {period} bits"
        );
        let (narrow, wide) = (period / per_level, period % per_level);
        let mut widths = Vec::with_capacity(per_level * levels);
        for _ in 0..levels {
            widths.extend((0..per_level).map(|w| (narrow + usize::from(w < wide)) as u8));
        }
        let mut offset = 0u16;
        let mut bias = [0; 4];
        let offsets = widths
            .iter()
            .map(|width| {
                let start = offset;
                offset += u16::from(*width);
                let top = usize::from(offset) - 1;
                bias[top / 64] |= 1 << (top % 64);
                start
            })
            .collect();
        Self {
            widths,
            offsets,
            levels,
            bias,
            bias_minus_r: wrapping_sub(bias, Fr::MODULUS.0),
        }
    }

    /// The number of windows.
    #[must_use]
    pub fn num_windows(&self) -> usize {
        self.widths.len()
    }

    /// The number of periods.
    #[must_use]
    pub const fn levels(&self) -> usize {
        self.levels
    }

    /// Bits of window `w`.
    #[must_use]
    pub fn width(&self, w: usize) -> usize {
        usize::from(self.widths[w])
    }

    /// The lowest bit of window `w`.
    #[must_use]
    pub fn offset(&self, w: usize) -> usize {
        usize::from(self.offsets[w])
    }

    /// The largest |digit| of window `w`: 2^(width − 1).
    #[must_use]
    pub fn num_buckets(&self, w: usize) -> usize {
        1 << (self.width(w) - 1)
    }

    /// H.
    pub(crate) const fn bias(&self) -> [u64; 4] {
        self.bias
    }

    /// H − r modulo 2^256.
    pub(crate) const fn bias_minus_r(&self) -> [u64; 4] {
        self.bias_minus_r
    }

    /// For every bit, the number of windows needed to reach it.
    pub(crate) fn windows_up_to_bit(&self) -> [u8; 256] {
        let mut table = [0; 256];
        for w in 0..self.num_windows() {
            table[self.offset(w)..self.offset(w) + self.width(w)].fill(w as u8 + 1);
        }
        table
    }
}

/// Bits of one of `levels` equal periods.
pub(crate) const fn period_bits(levels: usize) -> usize {
    SCALAR_BITS.div_ceil(levels)
}

fn wrapping_sub(a: [u64; 4], b: [u64; 4]) -> [u64; 4] {
    let mut borrow = false;
    std::array::from_fn(|i| {
        let (difference, under) = a[i].overflowing_sub(b[i]);
        let (difference, under_by_one) = difference.overflowing_sub(u64::from(borrow));
        borrow = under | under_by_one;
        difference
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_scalar_without_gaps() {
        for levels in LEVELS {
            let period = period_bits(levels);
            for per_level in period.div_ceil(MAX_WIDTH)..=period / MIN_WIDTH {
                let windows = Windows::new(per_level, levels);
                let mut offset = 0;
                for w in 0..windows.num_windows() {
                    assert_eq!(windows.offset(w), offset);
                    offset += windows.width(w);
                    assert_eq!(windows.width(w), windows.width(w % per_level));
                }
                assert!((SCALAR_BITS..=256).contains(&offset));
            }
        }
    }
}
