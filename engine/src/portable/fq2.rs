//! The quadratic extension Fq2 = Fq[u] / (u² + 1), lazily reduced.
//!
//! (a₀ + a₁u)(b₀ + b₁u) = (a₀b₀ − a₁b₁) + ((a₀ + a₁)(b₀ + b₁) − a₀b₀ − a₁b₁)u (Karatsuba): three
//! products in double width and two reductions, 3·16 + 2·18 = 84 products of limbs, where three
//! Montgomery multiplications would take 102. A square is (a₀ + a₁)(a₀ − a₁) + 2a₀a₁u: two
//! Montgomery multiplications. The order of the steps keeps independent ones next to each other: a
//! product or two is what a processor sees ahead.
//!
//! Both coefficients of every value are [`Lazy`], below 2p.

use std::mem::MaybeUninit;

use ark_bn254::Fq2;

use super::field::{Lazy, LazyFq};
use super::limbs;
#[cfg(not(target_arch = "x86_64"))]
use super::limbs::{reduce_once, sub_wide};
#[cfg(target_arch = "x86_64")]
use super::limbs_x86_64::{reduce_once, sub_wide};
use super::modulus::{FqModulus, Modulus};
use super::multiplier::Multiplier;

/// `c0 + c1·u`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct LazyFq2 {
    /// The coefficient of one.
    pub(crate) c0: LazyFq,
    /// The coefficient of u.
    pub(crate) c1: LazyFq,
}

impl LazyFq2 {
    /// Zero.
    pub(crate) const ZERO: Self = Self {
        c0: Lazy::ZERO,
        c1: Lazy::ZERO,
    };

    /// One.
    pub(crate) const ONE: Self = Self {
        c0: Lazy::ONE,
        c1: Lazy::ZERO,
    };

    /// `self·other`.
    #[inline(always)]
    pub(crate) fn mul<X: Multiplier>(&self, x: X, other: &Self) -> Self {
        // Sums below 4p < 2^256, without carries.
        let (a_sum, _) = limbs::add(self.c0.limbs(), self.c1.limbs());
        let (b_sum, _) = limbs::add(other.c0.limbs(), other.c1.limbs());
        let mut memory = [const { MaybeUninit::uninit() }; 4];
        let [v0, v1, v2, inner] = &mut memory;
        let v0 = x.product(self.c0.limbs(), other.c0.limbs(), v0);
        let v1 = x.product(self.c1.limbs(), other.c1.limbs(), v1);
        // c0: a₀b₀ − a₁b₁ is above −4p²; with the multiple of p, which exceeds 4p², it is positive and
        // below p·(2^256 − 2^193), which reduces to below 2p.
        let inner = sub_wide(v0, v1, &FqModulus::WIDE_MULTIPLE, inner);
        let c0 = x.reduce::<FqModulus>(inner);
        let v2 = x.product(&a_sum, &b_sum, v2);
        // c1: a₀b₁ + a₁b₀, never negative, below 8p² < 1.52·p·2^256, reduces to below 2.53p.
        let (outer, _) = limbs::sub(v2, v0);
        let (outer, _) = limbs::sub(&outer, v1);
        let c1 = reduce_once(&x.reduce::<FqModulus>(&outer), FqModulus::TWICE_P_CHOICE);
        Self {
            c0: Lazy::from_limbs(c0),
            c1: Lazy::from_limbs(c1),
        }
    }

    /// `self²`.
    #[inline(always)]
    pub(crate) fn square<X: Multiplier>(&self, x: X) -> Self {
        let c1 = self.c0.mul(x, &self.c1).double();
        let c0 = self.c0.add(&self.c1).mul(x, &self.c0.sub(&self.c1));
        Self { c0, c1 }
    }

    /// `self + other`.
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self) -> Self {
        Self {
            c0: self.c0.add(&other.c0),
            c1: self.c1.add(&other.c1),
        }
    }

    /// `self − other`.
    #[inline(always)]
    pub(crate) fn sub(&self, other: &Self) -> Self {
        Self {
            c0: self.c0.sub(&other.c0),
            c1: self.c1.sub(&other.c1),
        }
    }

    /// `2·self`.
    #[inline(always)]
    pub(crate) fn double(&self) -> Self {
        self.add(self)
    }

    /// `self + other` if the condition holds, else `self − other`, without a branch.
    #[inline(always)]
    pub(crate) fn sub_or_add(&self, other: &Self, condition: bool) -> Self {
        Self {
            c0: self.c0.sub_or_add(&other.c0, condition),
            c1: self.c1.sub_or_add(&other.c1, condition),
        }
    }

    /// `−self`.
    #[inline(always)]
    pub(crate) fn negate(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// `c₀ − c₁u`.
    #[inline(always)]
    pub(crate) fn conjugate(&self) -> Self {
        Self {
            c0: self.c0,
            c1: self.c1.negate(),
        }
    }

    /// `1 / self = (c₀ − c₁u) / (c₀² + c₁²)`, nothing for zero. The time depends on the value.
    pub(crate) fn invert<X: Multiplier>(&self, x: X) -> Option<Self> {
        let norm = self.c0.square(x).add(&self.c1.square(x));
        let inverse = norm.invert(x)?;
        Some(Self {
            c0: self.c0.mul(x, &inverse),
            c1: self.c1.negate().mul(x, &inverse),
        })
    }

    /// Whether it is zero in the field.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> bool {
        self.c0.is_zero() && self.c1.is_zero()
    }

    /// Whether it may be zero, by the lowest limb: true for zero, false for nearly all else.
    #[inline(always)]
    pub(crate) fn may_be_zero(&self) -> bool {
        self.c0.may_be_zero()
    }

    /// Whether all limbs are zero.
    #[inline(always)]
    pub(crate) fn is_zero_bytes(&self) -> bool {
        self.c0.is_zero_bytes() && self.c1.is_zero_bytes()
    }

    /// From arkworks' value.
    #[inline(always)]
    pub(crate) fn from_ark(value: &Fq2) -> Self {
        Self {
            c0: Lazy::from_ark(&value.c0),
            c1: Lazy::from_ark(&value.c1),
        }
    }

    /// The value as arkworks has it.
    #[inline(always)]
    pub(crate) fn to_ark(self) -> Fq2 {
        Fq2::new(self.c0.to_ark(), self.c1.to_ark())
    }
}
