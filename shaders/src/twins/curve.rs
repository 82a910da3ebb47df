//! Points as `wgsl/curve.wgsl` has them: the same formulas over arkworks' fields, so that coordinates,
//! and not only points, agree.

use ark_bn254::{Fq, Fq2};
use ark_ff::Field;

use super::field;
use crate::Layout;

/// A coordinate: Fq in G1, Fq2 in G2.
pub trait Coordinate: Field {
    /// 32-bit words of a coordinate.
    const WORDS: usize;

    /// From words in the layout's Montgomery form.
    fn load(layout: Layout, words: &[u32]) -> Self;

    /// To words in the layout's Montgomery form.
    fn store(self, layout: Layout) -> Vec<u32>;
}

impl Coordinate for Fq {
    const WORDS: usize = 8;

    fn load(layout: Layout, words: &[u32]) -> Self {
        let radix: Self = field::radix(layout);
        field::integer::<Self>(words) / radix
    }

    fn store(self, layout: Layout) -> Vec<u32> {
        field::words(self * field::radix::<Self>(layout)).to_vec()
    }
}

impl Coordinate for Fq2 {
    const WORDS: usize = 16;

    fn load(layout: Layout, words: &[u32]) -> Self {
        Self::new(
            Fq::load(layout, &words[..8]),
            Fq::load(layout, &words[8..16]),
        )
    }

    fn store(self, layout: Layout) -> Vec<u32> {
        [self.c0.store(layout), self.c1.store(layout)].concat()
    }
}

/// An affine point that is not infinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine<F> {
    /// x.
    pub x: F,
    /// y.
    pub y: F,
}

/// A point with x = X/ZZ, y = Y/ZZZ; infinity has ZZ = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xyzz<F> {
    /// X.
    pub x: F,
    /// Y.
    pub y: F,
    /// ZZ = Z².
    pub zz: F,
    /// ZZZ = Z³.
    pub zzz: F,
}

impl<F: Coordinate> Affine<F> {
    /// The point at `index`, `None` for infinity.
    #[must_use]
    pub fn load(layout: Layout, words: &[u32], index: usize) -> Option<Self> {
        let words = &words[2 * F::WORDS * index..2 * F::WORDS * (index + 1)];
        if words.iter().all(|word| *word == 0) {
            return None;
        }
        let (x, y) = words.split_at(F::WORDS);
        Some(Self {
            x: F::load(layout, x),
            y: F::load(layout, y),
        })
    }
}

impl<F: Coordinate> Xyzz<F> {
    /// Infinity as the shaders write it.
    pub const INFINITY: Self = Self {
        x: F::ZERO,
        y: F::ZERO,
        zz: F::ZERO,
        zzz: F::ZERO,
    };

    /// The point at `index`.
    #[must_use]
    pub fn load(layout: Layout, words: &[u32], index: usize) -> Self {
        let size = 4 * F::WORDS;
        let mut coordinates = words[size * index..size * (index + 1)]
            .chunks(F::WORDS)
            .map(|words| F::load(layout, words));
        let mut next = || coordinates.next().expect("a point has four coordinates");
        Self {
            x: next(),
            y: next(),
            zz: next(),
            zzz: next(),
        }
    }

    /// Writes the point to `index`.
    pub fn store(self, layout: Layout, words: &mut [u32], index: usize) {
        let size = 4 * F::WORDS;
        let coordinates = [self.x, self.y, self.zz, self.zzz];
        let stored = coordinates.map(|coordinate| coordinate.store(layout));
        words[size * index..size * (index + 1)].copy_from_slice(&stored.concat());
    }

    /// The sum of (U1, S1, ZZ, ZZZ) and a point with the same ZZ, ZZZ, abscissa U1 + P, ordinate S1 + R.
    fn finish(u1: F, s1: F, zz: F, zzz: F, mut p: F, mut r: F) -> Self {
        let doubles = p.is_zero() && r.is_zero();
        if doubles {
            p = s1.double();
            r = u1.square() * F::from(3u64);
        }
        let pp = p.square();
        let ppp = p * pp;
        let q = u1 * pp;
        let cube = if doubles { F::zero() } else { ppp };
        let x = r.square() - cube - q.double();
        let y = r * (q - x) - s1 * ppp;
        Self {
            x,
            y,
            zz: zz * pp,
            zzz: zzz * ppp,
        }
    }

    /// `xyzz_madd`: `self + q`.
    #[must_use]
    pub fn madd(self, q: Affine<F>) -> Self {
        if self.zz.is_zero() {
            return Self {
                x: q.x,
                y: q.y,
                zz: F::one(),
                zzz: F::one(),
            };
        }
        let p = q.x * self.zz - self.x;
        let r = q.y * self.zzz - self.y;
        Self::finish(self.x, self.y, self.zz, self.zzz, p, r)
    }

    /// `xyzz_add`: `self + other`.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        if self.zz.is_zero() {
            return other;
        }
        if other.zz.is_zero() {
            return self;
        }
        let u1 = self.x * other.zz;
        let s1 = self.y * other.zzz;
        let p = other.x * self.zz - u1;
        let r = other.y * self.zzz - s1;
        Self::finish(u1, s1, self.zz * other.zz, self.zzz * other.zzz, p, r)
    }
}
