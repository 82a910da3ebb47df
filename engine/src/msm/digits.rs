//! Signed digits of many scalars, computed once and shared by several multiplications.
//!
//! Each scalar leaves arkworks' Montgomery form, is taken as an integer in (−r/2, r/2) and cut into
//! the digits of [`Windows`]. A digit d of a window of width c is stored as the 16-bit number
//! d + 2^(c−1).
//!
//! Scalars are worked on in blocks of [`BLOCK`]. Within a block they are ordered by the number of
//! windows that they need, most first, so that window w is concerned with the first
//! [`Block::count`]`(w)` positions only: zeros are never looked at again, ±1 and other small values of
//! either sign only in their few low windows. A value of 128 bits or more counts as needing all
//! windows; a block of nothing but such values keeps its order, and no permutation is stored.
//!
//! Cost: 27 ns a scalar (Sapphire Rapids, 16–20 windows): 20 to leave Montgomery form and add H, 4 to
//! cut, the rest to touch the memory.

use ark_bn254::Fr;
use ark_ff::PrimeField;

use super::windows::Windows;
use crate::parallel;

/// Scalars in a block: their four words fill 32 KiB of first-level cache.
pub(crate) const BLOCK: usize = 1 << 10;

/// (r − 1)/2.
const HALF_R: [u64; 4] = <Fr as PrimeField>::MODULUS_MINUS_ONE_DIV_TWO.0;

/// The digits of a slice of scalars.
pub struct Digits<'s> {
    scalars: &'s [Fr],
    windows: Windows,
    stride: usize,
    values: Vec<u16>,
    blocks: Vec<Block>,
}

/// The order of one block.
pub(crate) struct Block {
    len: usize,
    /// `order[position]` is the scalar, relative to the block; none if that is the position itself.
    order: Option<Box<[u16]>>,
    /// Positions concerned with each window.
    counts: Box<[u16]>,
}

impl Block {
    /// The number of scalars.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// The number of leading positions that window `w` is concerned with.
    pub(crate) fn count(&self, w: usize) -> usize {
        usize::from(self.counts[w])
    }

    /// The scalar at each position, if not the position itself.
    pub(crate) fn order(&self) -> Option<&[u16]> {
        self.order.as_deref()
    }
}

impl<'s> Digits<'s> {
    /// Computes the digits of `scalars`, in parallel over blocks.
    #[must_use]
    pub fn new(scalars: &'s [Fr], windows: Windows) -> Self {
        let stride = scalars.len().next_multiple_of(16).min(BLOCK);
        let num_blocks = scalars.len().div_ceil(BLOCK);
        let block_size = stride * windows.num_windows();
        let mut values = vec![0; num_blocks * block_size];
        let cutter = Cutter::new(&windows);
        let blocks = parallel::map_chunks_mut(&mut values, block_size.max(1), |b, out| {
            let end = scalars.len().min((b + 1) * BLOCK);
            cutter.cut(&scalars[b * BLOCK..end], stride, out)
        });
        Self {
            scalars,
            windows,
            stride,
            values,
            blocks,
        }
    }

    /// The scalars.
    #[must_use]
    pub const fn scalars(&self) -> &'s [Fr] {
        self.scalars
    }

    /// How they were cut.
    #[must_use]
    pub const fn windows(&self) -> &Windows {
        &self.windows
    }

    /// The blocks of [`BLOCK`] scalars, the last of which may be shorter.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The biased digits of window `w` of block `block` at its leading positions.
    pub(crate) fn of(&self, block: usize, w: usize) -> &[u16] {
        let start = (block * self.windows.num_windows() + w) * self.stride;
        &self.values[start..start + self.blocks[block].count(w)]
    }
}

/// Whether k > (r − 1)/2. The highest words decide but in one case of 2^61, so that the branch is
/// predicted.
#[inline(always)]
fn is_above_half(k: &[u64; 4]) -> bool {
    if k[3] == HALF_R[3] {
        return k.iter().rev().gt(HALF_R.iter().rev());
    }
    k[3] > HALF_R[3]
}

/// Four words of every scalar of a block, word by word.
type Words = [[u64; BLOCK]; 4];

/// Cuts blocks into digits.
struct Cutter<'w> {
    windows: &'w Windows,
    windows_up_to_bit: [u8; 256],
    simd: Simd,
}

impl<'w> Cutter<'w> {
    fn new(windows: &'w Windows) -> Self {
        Self {
            windows,
            windows_up_to_bit: windows.windows_up_to_bit(),
            simd: Simd::detect(),
        }
    }

    /// Cuts the scalars of one block. `out` holds `stride` digits for every window.
    fn cut(&self, scalars: &[Fr], stride: usize, out: &mut [u16]) -> Block {
        let mut words = [[0; BLOCK]; 4];
        let all_long = self.recode(scalars, &mut words);
        let num_windows = self.windows.num_windows();
        if all_long {
            self.extract(
                &words,
                &vec![scalars.len() as u16; num_windows],
                stride,
                out,
            );
            return Block {
                len: scalars.len(),
                order: None,
                counts: vec![scalars.len() as u16; num_windows].into(),
            };
        }
        let (order, counts) = self.order(&words, scalars.len());
        let mut ordered = [[0; BLOCK]; 4];
        for (ordered, words) in ordered.iter_mut().zip(&words) {
            for (to, from) in ordered.iter_mut().zip(&order) {
                *to = words[usize::from(*from)];
            }
        }
        self.extract(&ordered, &counts, stride, out);
        Block {
            len: scalars.len(),
            order: Some(order),
            counts,
        }
    }

    /// Writes k + H; returns whether every |k| is so large that it counts as having all windows.
    fn recode(&self, scalars: &[Fr], words: &mut Words) -> bool {
        let (bias, bias_minus_r) = (self.windows.bias(), self.windows.bias_minus_r());
        let mut all_long = true;
        for (i, scalar) in scalars.iter().enumerate() {
            let k = scalar.into_bigint().0;
            let above_half = u64::from(is_above_half(&k)).wrapping_neg();
            let mut carry = 0u128;
            let mut sum = [0; 4];
            for j in 0..4 {
                let addend = bias[j] ^ ((bias[j] ^ bias_minus_r[j]) & above_half);
                carry += u128::from(k[j]) + u128::from(addend);
                sum[j] = carry as u64;
                carry >>= 64;
            }
            for (words, sum) in words.iter_mut().zip(sum) {
                words[i] = sum;
            }
            all_long &= ((sum[2] ^ bias[2]) | (sum[3] ^ bias[3])) != 0;
        }
        all_long
    }

    /// The scalars with a non-zero digit, most windows first, and how many reach each window.
    fn order(&self, words: &Words, len: usize) -> (Box<[u16]>, Box<[u16]>) {
        let bias = self.windows.bias();
        let num_windows = self.windows.num_windows();
        let needed = |i: usize| -> usize {
            let [x0, x1, x2, x3]: [u64; 4] = std::array::from_fn(|j| words[j][i] ^ bias[j]);
            if x2 | x3 != 0 {
                num_windows
            } else if x1 != 0 {
                usize::from(self.windows_up_to_bit[127 - x1.leading_zeros() as usize])
            } else if x0 != 0 {
                usize::from(self.windows_up_to_bit[63 - x0.leading_zeros() as usize])
            } else {
                0
            }
        };
        let mut lengths = [0u8; BLOCK];
        let mut with_length = [0u16; 256];
        for (i, length) in lengths[..len].iter_mut().enumerate() {
            *length = needed(i) as u8;
            with_length[usize::from(*length)] += 1;
        }
        let mut counts = vec![0; num_windows].into_boxed_slice();
        let mut cursors = [0u16; 256];
        let mut reached = 0;
        for length in (1..=num_windows).rev() {
            cursors[length] = reached;
            reached += with_length[length];
            counts[length - 1] = reached;
        }
        let mut order = vec![0; usize::from(reached)].into_boxed_slice();
        for (i, length) in lengths[..len].iter().enumerate() {
            if *length != 0 {
                let cursor = &mut cursors[usize::from(*length)];
                order[usize::from(*cursor)] = i as u16;
                *cursor += 1;
            }
        }
        (order, counts)
    }

    /// Writes every window's digits of the leading positions.
    fn extract(&self, words: &Words, counts: &[u16], stride: usize, out: &mut [u16]) {
        for (w, out) in out.chunks_exact_mut(stride).enumerate() {
            let out = &mut out[..usize::from(counts[w])];
            let (word, shift) = (self.windows.offset(w) / 64, self.windows.offset(w) % 64);
            let width = self.windows.width(w);
            let high = (shift + width > 64).then(|| &words[word + 1]);
            self.simd
                .shift(&words[word], high, shift as u32, width, out);
        }
    }
}

/// The instruction set of the innermost loop.
#[derive(Clone, Copy)]
enum Simd {
    /// What every processor of the target has.
    Baseline,
    /// 512-bit vectors with narrowing moves.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx512f")
            && std::arch::is_x86_feature_detected!("avx512bw")
        {
            return Self::Avx512;
        }
        Self::Baseline
    }

    /// `out[i]` is the `width` bits of `low[i]` and `high[i]` that start at bit `shift`.
    fn shift(
        self,
        low: &[u64; BLOCK],
        high: Option<&[u64; BLOCK]>,
        shift: u32,
        width: usize,
        out: &mut [u16],
    ) {
        match self {
            Self::Baseline => shift_loop(low, high, shift, width, out),
            // SAFETY: `detect` saw the features.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { shift_avx512(low, high, shift, width, out) },
        }
    }
}

#[inline(always)]
fn shift_loop(
    low: &[u64; BLOCK],
    high: Option<&[u64; BLOCK]>,
    shift: u32,
    width: usize,
    out: &mut [u16],
) {
    let mask = ((1u32 << width) - 1) as u16;
    if let Some(high) = high {
        for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
            *out = (low >> shift | high << (64 - shift)) as u16 & mask;
        }
    } else {
        for (out, low) in out.iter_mut().zip(low) {
            *out = (low >> shift) as u16 & mask;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn shift_avx512(
    low: &[u64; BLOCK],
    high: Option<&[u64; BLOCK]>,
    shift: u32,
    width: usize,
    out: &mut [u16],
) {
    shift_loop(low, high, shift, width, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::msm::windows::{MAX_WIDTH, MIN_WIDTH, period_bits};
    use ark_ff::{Field, One, UniformRand, Zero};
    use rand::{Rng, SeedableRng, rngs::StdRng};

    fn edge_scalars() -> Vec<Fr> {
        let two = Fr::from(2u64);
        let mut scalars = vec![Fr::zero(), Fr::one(), -Fr::one()];
        for bit in 0..254 {
            let power = two.pow([bit]);
            scalars.extend([power, -power, power - Fr::one(), Fr::one() - power]);
        }
        let half = Fr::from_bigint(Fr::MODULUS_MINUS_ONE_DIV_TWO).unwrap();
        scalars.extend([half, half + Fr::one(), -half, half - Fr::one()]);
        scalars
    }

    /// Σ d_w·2^(o_w) for every scalar, from the stored digits.
    fn recombine(digits: &Digits<'_>) -> Vec<Fr> {
        let windows = digits.windows();
        let mut sums = vec![Fr::zero(); digits.scalars().len()];
        for (b, block) in digits.blocks().iter().enumerate() {
            for w in 0..windows.num_windows() {
                let place = Fr::from(2u64).pow([windows.offset(w) as u64]);
                for (position, digit) in digits.of(b, w).iter().enumerate() {
                    let local = block.order().map_or(position, |o| usize::from(o[position]));
                    let digit = i64::from(*digit) - windows.num_buckets(w) as i64;
                    sums[b * BLOCK + local] += place * Fr::from(digit);
                }
            }
        }
        sums
    }

    #[test]
    fn digits_recombine_to_the_scalar_for_every_width() {
        let mut rng = StdRng::seed_from_u64(1);
        let mut scalars = edge_scalars();
        scalars.extend((0..BLOCK).map(|_| Fr::rand(&mut rng)));
        for levels in [1, 2, 3, 8] {
            let period = period_bits(levels);
            for per_level in period.div_ceil(MAX_WIDTH)..=period / MIN_WIDTH {
                let digits = Digits::new(&scalars, Windows::new(per_level, levels));
                assert_eq!(recombine(&digits), scalars, "{levels} × {per_level}");
            }
        }
    }

    #[test]
    fn baseline_and_vector_code_agree() {
        let mut rng = StdRng::seed_from_u64(2);
        let mut words = [[0u64; BLOCK]; 2];
        rng.fill(&mut words[0][..]);
        rng.fill(&mut words[1][..]);
        for (shift, width) in [(0, 16), (5, 13), (48, 16), (49, 16), (63, 3), (60, 15)] {
            let high = (shift + width > 64).then_some(&words[1]);
            let (mut a, mut b) = ([0; 1000], [0; 1000]);
            Simd::Baseline.shift(&words[0], high, shift as u32, width, &mut a);
            Simd::detect().shift(&words[0], high, shift as u32, width, &mut b);
            assert_eq!(a, b);
            let wide = u128::from(words[1][7]) << 64 | u128::from(words[0][7]);
            assert_eq!(u128::from(a[7]), wide >> shift & ((1 << width) - 1));
        }
    }

    #[test]
    fn small_scalars_reach_few_windows() {
        let mut rng = StdRng::seed_from_u64(3);
        let scalars: Vec<Fr> = (0..BLOCK + 10)
            .map(|i| match i % 4 {
                0 => Fr::zero(),
                1 => Fr::one(),
                2 => -Fr::from(rng.gen_range(1..1000u64)),
                _ => Fr::rand(&mut rng),
            })
            .collect();
        let digits = Digits::new(&scalars, Windows::new(20, 1));
        let block = &digits.blocks()[0];
        assert_eq!(block.count(0), BLOCK * 3 / 4);
        assert_eq!(block.count(1), BLOCK / 4);
        assert_eq!(block.count(19), BLOCK / 4);
        assert_eq!(recombine(&digits), scalars);
    }

    #[test]
    fn long_scalars_keep_their_order() {
        let mut rng = StdRng::seed_from_u64(4);
        let scalars: Vec<Fr> = (0..3 * BLOCK - 1).map(|_| Fr::rand(&mut rng)).collect();
        let digits = Digits::new(&scalars, Windows::new(19, 1));
        assert!(digits.blocks().iter().all(|block| block.order().is_none()));
        assert_eq!(recombine(&digits), scalars);
    }
}
