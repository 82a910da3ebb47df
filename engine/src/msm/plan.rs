//! The choice of the windows.
//!
//! With `N_w` digits in window w, `B_w = 2^(c_w − 1)` buckets and `a` ns for an addition, a window costs
//! about
//!
//! ```text
//! N_w·(a + s) + O_w·a + B_w·t,      O_w = N_w·B_w / (N_w + B_w)
//! ```
//!
//! `O_w` estimates the buckets that are hit. `N_w − O_w` additions fill them and `2·O_w` reduce them; `s` is
//! the sort and the schedule of a digit, `t` the memory and the scan of a bucket, used or not. Windows
//! that share buckets (see [`Bases`](super::Bases)) count as one with the sum of their digits.
//!
//! `N_w` follows from a sample of the scalars: half of a witness may be zeros and bits, of which only
//! the lowest window sees anything.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

use super::bases::Bases;
use super::windows::{MAX_WIDTH, MIN_WIDTH, Windows, period_bits};
use crate::curve::CurveLayer;

/// Sort and schedule of a digit, in nanoseconds. Sapphire Rapids, 2^16 … 2^20 points.
const DIGIT_NS: f64 = 3.0;

/// Memory and scan of a bucket, in nanoseconds. Sapphire Rapids, widths 11 … 16.
const BUCKET_NS: f64 = 8.0;

/// Scalars looked at by [`Profile::sample`].
const SAMPLE: usize = 256;

/// From this many bits on, scalars are not told apart: they have digits in all windows.
const LONG: usize = 128;

/// How long scalars are, from a sample.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `reaching[b]`: the share of scalars of at least b bits, sign included.
    reaching: [f32; LONG + 1],
}

impl Profile {
    /// Looks at up to 256 scalars, spread evenly.
    #[must_use]
    pub fn sample(scalars: &[Fr]) -> Self {
        let taken = scalars.len().min(SAMPLE);
        let mut of_length = [0u32; LONG + 1];
        for i in 0..taken {
            // An odd multiple of the golden ratio within each stratum: no period is followed.
            let (start, end) = (
                i * scalars.len() / taken,
                (i + 1) * scalars.len() / taken,
            );
            let jitter = (i.wrapping_mul(0x9E37_79B9) >> 8) % (end - start);
            of_length[signed_bits(&scalars[start + jitter]).min(LONG)] += 1;
        }
        let mut reaching = [0.0; LONG + 1];
        let mut sum = 0;
        for (reaching, count) in reaching.iter_mut().zip(of_length).rev() {
            sum += count;
            *reaching = sum as f32 / taken.max(1) as f32;
        }
        Self { reaching }
    }

    /// The share of scalars with digits in a window that starts at bit `offset`.
    fn share(&self, offset: usize) -> f64 {
        f64::from(self.reaching[(offset + 1).min(LONG)])
    }
}

/// Bits of |k| for k ∈ (−r/2, r/2), and one for the sign; 0 for zero.
fn signed_bits(scalar: &Fr) -> usize {
    let k = scalar.into_bigint();
    let bits = if k > Fr::MODULUS_MINUS_ONE_DIV_TWO {
        let mut negated = Fr::MODULUS;
        negated.sub_with_borrow(&k);
        negated.num_bits()
    } else {
        k.num_bits()
    } as usize;
    if bits == 0 { 0 } else { bits + 1 }
}

/// One multiplication among those that share digits.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    points: usize,
    levels: usize,
    add_ns: f64,
}

impl Load {
    /// The multiplication of these points.
    #[must_use]
    pub fn of<L: CurveLayer>(bases: &Bases<'_, L>) -> Self {
        Self {
            points: bases.num_present(),
            levels: bases.levels(),
            add_ns: L::ADD_NS,
        }
    }

    /// The multiplication of `points` points that are read piece by piece.
    #[must_use]
    pub const fn streamed<L: CurveLayer>(points: usize) -> Self {
        Self {
            points,
            levels: 1,
            add_ns: L::ADD_NS,
        }
    }

    /// Estimated nanoseconds of one thread.
    pub(crate) fn cost(&self, windows: &Windows, profile: &Profile) -> f64 {
        let levels = if self.levels == windows.levels() {
            self.levels
        } else {
            1
        };
        let sets = windows.num_windows() / levels;
        (0..sets)
            .map(|set| {
                let digits: f64 = (0..levels)
                    .map(|level| profile.share(windows.offset(set + level * sets)))
                    .sum::<f64>()
                    * self.points as f64;
                if digits < 0.5 {
                    return 0.0;
                }
                let buckets = windows.num_buckets(set) as f64;
                let occupied = digits * buckets / (digits + buckets);
                digits * (self.add_ns + DIGIT_NS) + occupied * self.add_ns + buckets * BUCKET_NS
            })
            .sum()
    }
}

impl Windows {
    /// The windows for multiplications that share digits: those of the least estimated cost. They have
    /// as many periods as the largest table among them has levels.
    #[must_use]
    pub fn choose(profile: &Profile, loads: &[Load]) -> Self {
        let levels = loads.iter().map(|load| load.levels).max().unwrap_or(1);
        let period = period_bits(levels);
        let cost = |windows: &Self| -> f64 {
            loads.iter().map(|load| load.cost(windows, profile)).sum()
        };
        let fewest = period.div_ceil(MAX_WIDTH);
        let most = period / MIN_WIDTH;
        let mut best = Self::new(fewest, levels);
        let mut best_cost = cost(&best);
        let mut consider = |per_level: usize, best: &mut Self| {
            let candidate = Self::new(per_level, levels);
            let candidate_cost = cost(&candidate);
            if candidate_cost < best_cost {
                *best = candidate;
                best_cost = candidate_cost;
            }
        };
        for width in (MIN_WIDTH + 1..MAX_WIDTH).rev() {
            consider(period.div_ceil(width).clamp(fewest, most), &mut best);
        }
        let around = best.num_windows() / levels;
        for per_level in (around.saturating_sub(2)..=around + 2).filter(|w| *w != around) {
            if (fewest..=most).contains(&per_level) {
                consider(per_level, &mut best);
            }
        }
        best
    }
}
