//! The prime fields Fq and Fr, lazily reduced.
//!
//! A value x lies in memory as the integer x·2^256 mod p, in arkworks' Montgomery form, plus possibly
//! one p:
//! - [`Lazy`] is below 2p: what all arithmetic takes and gives. As 4p < 2^256, a product of two such
//!   values reduces to below 2p without a final subtraction (see [`multiplier`](super::multiplier)).
//! - [`Canonical`] is below p: arkworks' own representation.
//!
//! The types keep the two apart: the only way from the first to the second is
//! [`Lazy::canonicalise`].
//!
//! Nothing here runs in constant time in a sense that would protect secrets.

use std::marker::PhantomData;

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
    /// Itself: the base field has no other conjugate.
    #[inline(always)]
    pub(crate) fn conjugate(&self) -> Self {
        *self
    }

    /// `1 / self`, nothing for zero. The time depends on the value.
    pub(crate) fn invert<X: Multiplier>(&self, _: X) -> Option<Self> {
        invert(&self.to_ark()).map(|inverse| Self::from_ark(&inverse))
    }
}

#[cfg(test)]
#[path = "field_tests.rs"]
pub(super) mod tests;
