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
//! the sort and the schedule of a digit, `t` the memory, the scan and the listing of a bucket, used or not. Windows
//! that share buckets (see [`Bases`](super::Bases)) count as one with the sum of their digits.
//!
//! `N_w` follows from a sample of the scalars: half of a witness may be zeros and bits, of which only
//! the lowest window sees anything.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

use super::bases::Bases;
use super::windows::{LEVELS, MAX_WIDTH, MIN_WIDTH, Windows, period_bits};
use crate::curve::CurveLayer;

/// Sort and schedule of a digit, in nanoseconds. With this and [`BUCKET_NS`], the windows chosen for random
/// scalars are the fastest measured, or within 2% of them (Sapphire Rapids, G1 with IFMA): 19–21 windows
/// at 2^16 points, 17–19 at 2^18, 16 at 2^20.
const DIGIT_NS: f64 = 6.0;

/// Memory, scan and listing for the reduction of a bucket, in nanoseconds, fitted as above.
const BUCKET_NS: f64 = 35.0;

/// Scalars looked at by [`Profile::sample`].
const SAMPLE: usize = 64;

/// Below so many scalars arkworks is at least as fast, whatever they are.
const FEW: usize = 8;

/// Below so many bits of all scalars together arkworks is at least as fast, because a batch of additions
/// has a fixed cost. Sapphire Rapids, G1: ones and minus ones break even between 128 and 256 scalars (two
/// bits each) with IFMA, at about 256 with the portable layer.
const FEW_BITS: f64 = 600.0;

/// From so many points on nothing is left to a sample.
const MANY: usize = 1 << 15;

/// From this many bits on, scalars are not told apart: they have digits in all windows.
const LONG: usize = 128;

/// How long scalars are, from a sample.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `reaching[b]`: the share of scalars of at least b bits, sign included.
    reaching: [f32; LONG + 1],
}

impl Profile {
    /// Looks at up to 64 scalars, spread evenly.
    #[must_use]
    pub fn sample(scalars: &[Fr]) -> Self {
        let taken = scalars.len().min(SAMPLE);
        let mut of_length = [0u32; LONG + 1];
        for i in 0..taken {
            // An odd multiple of the golden ratio within each stratum: no period is followed.
            let (start, end) = (i * scalars.len() / taken, (i + 1) * scalars.len() / taken);
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

    /// Whether arkworks multiplies `n` points with such scalars at least as fast.
    pub(crate) fn suits_arkworks(&self, n: usize) -> bool {
        // The mean of a length is the sum of the shares that reach each length.
        let bits: f64 = self.reaching[1..]
            .iter()
            .map(|share| f64::from(*share))
            .sum();
        n < FEW || n < MANY && bits * (n as f64) < FEW_BITS
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
    fn cost(&self, windows: &Windows, profile: &Profile) -> f64 {
        let points = self.points as f64;
        cost(self.add_ns, self.levels, windows, |w| {
            points * profile.share(windows.offset(w))
        })
    }
}

/// The equation at the head of the module, for points with a table of `levels` levels and given numbers of
/// digits in each window.
pub(crate) fn cost(
    add_ns: f64,
    levels: usize,
    windows: &Windows,
    num_digits: impl Fn(usize) -> f64,
) -> f64 {
    let levels = windows.shared_levels(levels);
    let sets = windows.num_windows() / levels;
    (0..sets)
        .map(|set| {
            let digits: f64 = (0..levels)
                .map(|level| num_digits(set + level * sets))
                .sum();
            if digits < 0.5 {
                return 0.0;
            }
            let buckets = windows.num_buckets(set) as f64;
            let occupied = digits * buckets / (digits + buckets);
            digits * (add_ns + DIGIT_NS) + occupied * add_ns + buckets * BUCKET_NS
        })
        .sum()
}

/// The levels of the window table for `points` points of a layer that is the fastest by the cost model,
/// for scalars of full length, among those within `bytes`; 1 if no table fits or pays.
#[must_use]
pub fn levels_within<L: CurveLayer>(points: usize, bytes: usize) -> usize {
    let profile = Profile {
        reaching: [1.0; LONG + 1],
    };
    let fits = |levels: usize| levels.saturating_mul(points * size_of::<L::Point>()) <= bytes;
    let nanoseconds = |levels: usize| {
        let load = Load {
            points,
            levels,
            add_ns: L::ADD_NS,
        };
        load.cost(&Windows::choose(&profile, &[load]), &profile)
    };
    LEVELS
        .into_iter()
        .filter(|levels| *levels == 1 || fits(*levels))
        .min_by(|a, b| nanoseconds(*a).total_cmp(&nanoseconds(*b)))
        .unwrap_or(1)
}

impl Windows {
    /// How many levels of a table with `levels` levels can share buckets: all, or one.
    pub(crate) fn shared_levels(&self, levels: usize) -> usize {
        if levels == self.levels() { levels } else { 1 }
    }

    /// The windows for multiplications that share digits: those of the least estimated cost. They have
    /// as many periods as the largest table among them has levels.
    #[must_use]
    pub fn choose(profile: &Profile, loads: &[Load]) -> Self {
        let levels = loads.iter().map(|load| load.levels).max().unwrap_or(1);
        let period = period_bits(levels);
        let cost =
            |windows: &Self| -> f64 { loads.iter().map(|load| load.cost(windows, profile)).sum() };
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

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{One, UniformRand, Zero};
    use rand::{SeedableRng, rngs::StdRng};

    fn load(points: usize, levels: usize) -> Load {
        Load {
            points,
            levels,
            add_ns: 30.0,
        }
    }

    #[test]
    fn more_points_take_wider_windows() {
        let mut rng = StdRng::seed_from_u64(30);
        let scalars: Vec<Fr> = (0..500).map(|_| Fr::rand(&mut rng)).collect();
        let profile = Profile::sample(&scalars);
        let counts = [10, 1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20]
            .map(|n| Windows::choose(&profile, &[load(n, 1)]).num_windows());
        assert!(counts.is_sorted_by(|a, b| a > b), "{counts:?}");
        assert_eq!(counts[5], 16);
        let table = Windows::choose(&profile, &[load(1 << 10, 4), load(1 << 10, 1)]);
        assert_eq!(table.levels(), 4);
    }

    #[test]
    fn a_table_is_as_large_as_the_budget_allows() {
        use crate::msm::testing::TestG1;
        let point = size_of::<<TestG1 as CurveLayer>::Point>();
        let levels = |bytes| levels_within::<TestG1>(1 << 12, bytes);
        assert_eq!(levels(0), 1);
        assert_eq!(levels(((2 * point) << 12) - 1), 1);
        assert_eq!(levels((2 * point) << 12), 2);
        assert!(levels(usize::MAX) > 4);
    }

    #[test]
    fn samples_know_short_scalars_of_both_signs() {
        let scalars: Vec<Fr> = (0..1000u64)
            .map(|i| match i % 4 {
                0 | 1 => Fr::zero(),
                2 => -Fr::one(),
                _ => Fr::from(1u64 << 40),
            })
            .collect();
        let profile = Profile::sample(&scalars);
        assert!((0.3..0.7).contains(&profile.share(0)));
        assert!((0.1..0.4).contains(&profile.share(2)));
        assert!((0.1..0.4).contains(&profile.share(41)));
        assert_eq!(profile.share(42), 0.0);
        assert!(!profile.suits_arkworks(1000));
        assert!(profile.suits_arkworks(7));
        assert!(Profile::sample(&[Fr::zero(); 100]).suits_arkworks(1 << 14));
        assert!(!Profile::sample(&[]).suits_arkworks(1 << 15));
    }
}
