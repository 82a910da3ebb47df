//! The prime fields Fq and Fr, lazily reduced.
//!
//! A value x lies in memory as the integer x·2^256 mod p, in arkworks' Montgomery form, plus possibly
//! one p:
//! - [`Lazy`] is below 2p: what all arithmetic takes and gives. As 4p < 2^256, a product of two such
//!   values reduces to below 2p without a final subtraction (see [`multiplier`](super::multiplier)).
//! - [`Canonical`] is below p: arkworks' own representation.
//!
//! The types keep the two apart: the only way from the first to the second is
//! [`Lazy::canonicalise`]. [`Accumulator`] sums products with one reduction for all of them.
//!
//! Nothing here runs in constant time in a sense that would protect secrets.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::limbs;
#[cfg(not(target_arch = "x86_64"))]
use super::limbs::{reduce_once, sub_modulo, sub_or_add_modulo};
#[cfg(target_arch = "x86_64")]
use super::limbs_x86_64::{reduce_once, sub_modulo, sub_or_add_modulo};
use super::modulus::{FqModulus, FrModulus, Modulus};
use super::multiplier::Multiplier;
use crate::inverse::invert;

/// A field element below 2p, in Montgomery form.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Lazy<M>([u64; 4], PhantomData<M>);

/// A field element below p, in Montgomery form: unique, and bit for bit arkworks' own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub(crate) struct Canonical<M>([u64; 4], PhantomData<M>);

/// An element of the base field.
pub type LazyFq = Lazy<FqModulus>;

/// An element of the scalar field.
pub type LazyFr = Lazy<FrModulus>;

impl<M: Modulus> Lazy<M> {
    /// Zero.
    pub(crate) const ZERO: Self = Self([0; 4], PhantomData);

    /// One.
    pub(crate) const ONE: Self = Self(M::ONE, PhantomData);

    /// The value with these limbs, which the caller proves to be below 2p.
    #[inline(always)]
    pub(super) fn from_limbs(limbs: [u64; 4]) -> Self {
        debug_assert!(
            limbs::sub(&limbs, &M::TWICE_P).1,
            "expected a value below 2p, got {limbs:x?}"
        );
        Self(limbs, PhantomData)
    }

    /// The limbs.
    #[inline(always)]
    pub(crate) fn limbs(&self) -> &[u64; 4] {
        &self.0
    }

    /// `self + other`.
    #[inline(always)]
    pub(crate) fn add(&self, other: &Self) -> Self {
        // Below 4p < 2^256: no carry.
        let (sum, _) = limbs::add(&self.0, &other.0);
        Self::from_limbs(reduce_once(&sum, M::TWICE_P_CHOICE))
    }

    /// `self − other`.
    #[inline(always)]
    pub(crate) fn sub(&self, other: &Self) -> Self {
        Self::from_limbs(sub_modulo(&self.0, &other.0, M::TWICE_P_CHOICE))
    }

    /// `self + other` if the condition holds, else `self − other`, without a branch.
    #[inline(always)]
    pub(crate) fn sub_or_add(&self, other: &Self, condition: bool) -> Self {
        Self::from_limbs(sub_or_add_modulo(
            &self.0,
            &other.0,
            condition,
            M::TWICE_P_CHOICE,
        ))
    }

    /// `2·self`.
    #[inline(always)]
    pub(crate) fn double(&self) -> Self {
        self.add(self)
    }

    /// `self / 2`.
    #[inline(always)]
    pub(crate) fn halve(&self) -> Self {
        // Even and below 3p.
        let mask = 0u64.wrapping_sub(self.0[0] & 1);
        let (even, _) = limbs::add(&self.0, &M::P.map(|limb| limb & mask));
        Self::from_limbs([
            even[0] >> 1 | even[1] << 63,
            even[1] >> 1 | even[2] << 63,
            even[2] >> 1 | even[3] << 63,
            even[3] >> 1,
        ])
    }

    /// `−self`.
    #[inline(always)]
    pub(crate) fn negate(&self) -> Self {
        Self::ZERO.sub(self)
    }

    /// `self·other`.
    #[inline(always)]
    pub(crate) fn mul<X: Multiplier>(&self, x: X, other: &Self) -> Self {
        Self::from_limbs(x.multiply::<M>(&self.0, &other.0))
    }

    /// `self²`.
    #[inline(always)]
    pub(crate) fn square<X: Multiplier>(&self, x: X) -> Self {
        Self::from_limbs(x.square::<M>(&self.0))
    }

    /// Whether it is zero modulo p.
    #[inline(always)]
    pub(crate) fn is_zero(&self) -> bool {
        self.0 == [0; 4] || self.0 == M::P
    }

    /// Whether it may be zero modulo p, by the lowest limb: true for zero, false for nearly all else.
    #[inline(always)]
    pub(crate) fn may_be_zero(&self) -> bool {
        self.0[0] == 0 || self.0[0] == M::P[0]
    }

    /// Whether all limbs are zero.
    #[inline(always)]
    pub(crate) fn is_zero_bytes(&self) -> bool {
        self.0 == [0; 4]
    }

    /// The representative below p.
    #[inline(always)]
    pub(crate) fn canonicalise(&self) -> Canonical<M> {
        Canonical(reduce_once(&self.0, M::P_CHOICE), PhantomData)
    }

    /// arkworks' value.
    #[inline(always)]
    pub(crate) fn from_ark(value: &M::Ark) -> Self {
        Self::from_limbs(M::from_ark(value))
    }

    /// The value as arkworks has it.
    #[inline(always)]
    pub(crate) fn to_ark(self) -> M::Ark {
        M::to_ark(self.canonicalise().0)
    }
}

impl LazyFq {
    /// `1 / self`, nothing for zero. The time depends on the value.
    pub(crate) fn invert<X: Multiplier>(&self, _: X) -> Option<Self> {
        invert(&self.to_ark()).map(|inverse| Self::from_ark(&inverse))
    }
}

/// A sum of products, reduced once at the end: T = Σ aᵢ·bᵢ modulo p·2^256, in double width, below
/// p·2^256.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accumulator<M>([u64; 4], [u64; 4], PhantomData<M>);

impl<M: Modulus> Accumulator<M> {
    /// The empty sum.
    pub(crate) const ZERO: Self = Self([0; 4], [0; 4], PhantomData);

    /// Adds `a·b`.
    #[inline(always)]
    pub(crate) fn add_product<X: Multiplier>(&mut self, x: X, a: &Lazy<M>, b: &Lazy<M>) {
        let mut product = MaybeUninit::uninit();
        let [p0, p1, p2, p3, p4, p5, p6, p7] = *x.product(&a.0, &b.0, &mut product);
        let (low, carry) = limbs::add(&self.0, &[p0, p1, p2, p3]);
        // 4p² < 0.76·p·2^256: the upper half of the product is below p, and the sum below 2p·2^256.
        let mut high = [0; 4];
        let mut carry = carry;
        for (i, limb) in [p4, p5, p6, p7].into_iter().enumerate() {
            (high[i], carry) = self.1[i].carrying_add(limb, carry);
        }
        *self = Self(low, reduce_once(&high, M::P_CHOICE), PhantomData);
    }

    /// Adds `a`: a product by one that costs no multiplication.
    #[inline(always)]
    pub(crate) fn add(&mut self, a: &Canonical<M>) {
        // Below 2p·2^256, as both are below p·2^256.
        let (high, _) = limbs::add(&self.1, &a.0);
        self.1 = reduce_once(&high, M::P_CHOICE);
    }

    /// The sum.
    #[inline(always)]
    pub(crate) fn finish<X: Multiplier>(&self, x: X) -> Lazy<M> {
        let ([t0, t1, t2, t3], [t4, t5, t6, t7]) = (self.0, self.1);
        // T < p·2^256 reduces to below p + p·(1 + 2^(−63)): to below 2p but for one value in 2^63.
        let reduced = x.reduce::<M>(&[t0, t1, t2, t3, t4, t5, t6, t7]);
        Lazy::from_limbs(reduce_once(&reduced, M::TWICE_P_CHOICE))
    }
}

#[cfg(test)]
#[path = "field_tests.rs"]
pub(super) mod tests;
