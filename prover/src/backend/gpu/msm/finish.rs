//! The host's part: from one point a window and level to the sum.

use ark_bn254::Fq;
use ark_ff::{AdditiveGroup, Field, Zero};
use zkroll_shaders::twins::field::radix;
use zkroll_shaders::{Curve, Layout};

use super::super::error::GpuError;
use super::bases::{GpuCoordinate, GpuPoint};
use super::plan::{LOG_FOLD, Plan};

/// A multiplication whose last points are being read.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// How it was cut up.
    pub plan: Plan,
    /// The layout of coordinates.
    pub layout: Layout,
    /// The group.
    pub curve: Curve,
    /// Field multiplications that it takes, about, with its part of what it shares with others.
    pub work: u64,
}

impl Pending {
    /// The sum, from the words that were read: array by array, in each window by window. Array 0 has each
    /// window's ΣB_j, array 1 + t the sum that level t of `reduce` left, of weight 2^(3t).
    ///
    /// # Errors
    /// If a coordinate is not below the modulus: the device computed wrongly.
    ///
    /// # Panics
    /// If `P` is a point of another group.
    pub fn finish<P: GpuPoint>(&self, words: &[u32]) -> Result<P::Group, GpuError> {
        assert_eq!(P::CURVE, self.curve);
        let radix_inverse = radix::<Fq>(self.layout)
            .inverse()
            .expect("a power of two is not zero");
        let size = P::Coordinate::WORDS;
        let point = |array: u32, window: u32| -> Result<P::Group, GpuError> {
            let start = 4 * size * (array * self.plan.windows + window) as usize;
            let mut coordinates = [P::Coordinate::zero(); 4];
            for (i, coordinate) in coordinates.iter_mut().enumerate() {
                let words = &words[start + i * size..start + (i + 1) * size];
                *coordinate = P::Coordinate::from_words(words, radix_inverse)
                    .ok_or(GpuError::Unreduced { window })?;
            }
            Ok(P::from_xyzz(coordinates))
        };
        let mut sum = P::zero().into_group();
        for window in (0..self.plan.windows).rev() {
            double(&mut sum, self.plan.window_bits);
            let mut weighted = P::zero().into_group();
            for level in (0..self.plan.levels()).rev() {
                double(&mut weighted, LOG_FOLD);
                weighted += point(1 + level, window)?;
            }
            // Bucket j holds the points of digit j + 1.
            sum += weighted + point(0, window)?;
        }
        Ok(sum)
    }
}

fn double<G: AdditiveGroup>(point: &mut G, times: u32) {
    for _ in 0..times {
        point.double_in_place();
    }
}
