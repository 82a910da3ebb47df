//! [`Num`]: a linear combination of columns together with its value.
//!
//! A gadget computes on `Num`s; additions and multiplications by constants are free, a product is a
//! constraint made through [`Builder`](super::Builder). When only a witness is wanted, the builder
//! hands out `Num`s without terms, so that the same gadget code costs field arithmetic and nothing
//! else.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::{LinearCombination, Variable};
use core::ops::{Add, Mul, Neg, Sub};

/// `constant + Σ coefficient·variable`, and what that is worth in the current assignment.
#[derive(Clone, Debug)]
pub struct Num {
    pub(super) value: Fr,
    pub(super) constant: Fr,
    pub(super) terms: Vec<(Fr, Variable)>,
}

impl Num {
    /// The constant zero.
    pub fn zero() -> Self {
        Self::constant(Fr::ZERO)
    }

    /// The constant one.
    pub fn one() -> Self {
        Self::constant(Fr::ONE)
    }

    /// A constant.
    pub fn constant(constant: Fr) -> Self {
        Self {
            value: constant,
            constant,
            terms: Vec::new(),
        }
    }

    /// The value in the current assignment.
    pub fn value(&self) -> Fr {
        self.value
    }

    /// `constant + Σ coefficients[i]·nums[i]`.
    ///
    /// # Panics
    /// If the two slices differ in length.
    pub fn linear<'a>(
        constant: Fr,
        coefficients: &[Fr],
        nums: impl ExactSizeIterator<Item = &'a Num>,
    ) -> Self {
        assert_eq!(
            coefficients.len(),
            nums.len(),
            "one coefficient for each num"
        );
        let mut sum = Self::constant(constant);
        for (coefficient, num) in coefficients.iter().zip(nums) {
            sum.add_scaled(num, *coefficient);
        }
        sum
    }

    /// `Σ nums`.
    pub fn sum<'a>(nums: impl IntoIterator<Item = &'a Num>) -> Self {
        let mut sum = Self::zero();
        for num in nums {
            sum.add_scaled(num, Fr::ONE);
        }
        sum
    }

    /// Adds `coefficient·other`.
    pub fn add_scaled(&mut self, other: &Num, coefficient: Fr) {
        self.value += other.value * coefficient;
        self.constant += other.constant * coefficient;
        self.terms
            .extend(other.terms.iter().map(|(c, v)| (*c * coefficient, *v)));
    }

    /// Whether this is a single column with coefficient one.
    pub(super) fn is_column(&self) -> bool {
        self.constant == Fr::ZERO && matches!(self.terms[..], [(c, _)] if c == Fr::ONE)
    }

    /// The arkworks linear combination, each variable once.
    pub(super) fn to_lc(&self) -> LinearCombination<Fr> {
        let mut lc = LinearCombination(self.terms.clone());
        if self.constant != Fr::ZERO {
            lc.0.push((self.constant, Variable::one()));
        }
        lc.compactify();
        lc
    }
}

impl From<u64> for Num {
    fn from(value: u64) -> Self {
        Self::constant(Fr::from(value))
    }
}

impl Add for &Num {
    type Output = Num;
    fn add(self, other: &Num) -> Num {
        let mut sum = self.clone();
        sum.add_scaled(other, Fr::ONE);
        sum
    }
}

impl Sub for &Num {
    type Output = Num;
    fn sub(self, other: &Num) -> Num {
        let mut difference = self.clone();
        difference.add_scaled(other, -Fr::ONE);
        difference
    }
}

impl Neg for &Num {
    type Output = Num;
    fn neg(self) -> Num {
        self * -Fr::ONE
    }
}

impl Mul<Fr> for &Num {
    type Output = Num;
    fn mul(self, factor: Fr) -> Num {
        let mut product = Num::zero();
        product.add_scaled(self, factor);
        product
    }
}
