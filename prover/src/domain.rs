//! The evaluation domain: the n-th roots of unity in the scalar field, n a power of two.
//!
//! `H = {ω⁰, ω¹, …, ω^(n−1)}`, `Z(X) = X^n − 1`. A polynomial of degree below n is held either as
//! its coefficients or as its values on H, always in natural order (never bit-reversed). ω is
//! arkworks' choice, the 2^28-th root `Fr::TWO_ADIC_ROOT_OF_UNITY` raised to 2^28/n, so values on
//! H agree with `ark_poly::Radix2EvaluationDomain`. That root is 5^((r−1)/2^28), with which snarkjs's
//! chain of roots starts too.

use ark_bn254::Fr;
use ark_ff::{FftField, Field, One, batch_inversion};
use zeroize::Zeroizing;

use crate::parallel;

/// The scalar field has 2^28-th roots of unity and no 2^29-th ones.
pub const MAX_LOG_SIZE: u32 = Fr::TWO_ADICITY;

/// More rows than the largest domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a domain of at most 2^{MAX_LOG_SIZE} elements, got {got}")]
pub struct DomainTooLarge {
    /// Number of elements asked for.
    pub got: usize,
}

/// The group of n-th roots of unity, n a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    log_size: u32,
}

impl Domain {
    /// The smallest domain with at least `min_size` elements.
    ///
    /// # Errors
    /// If that is more than 2^[`MAX_LOG_SIZE`].
    pub fn new(min_size: usize) -> Result<Self, DomainTooLarge> {
        let log_size = min_size
            .checked_next_power_of_two()
            .map(usize::trailing_zeros);
        match log_size {
            Some(log_size) if log_size <= MAX_LOG_SIZE => Ok(Self { log_size }),
            _ => Err(DomainTooLarge { got: min_size }),
        }
    }

    /// The domain of a circuit: one element for each constraint and, for the input-consistency
    /// rows, for each instance column.
    ///
    /// # Errors
    /// As [`Domain::new`].
    pub fn for_circuit(
        num_constraints: usize,
        num_instance: usize,
    ) -> Result<Self, DomainTooLarge> {
        Self::new(num_constraints.saturating_add(num_instance))
    }

    /// n.
    #[must_use]
    pub const fn size(self) -> usize {
        1 << self.log_size
    }

    /// log₂ n.
    #[must_use]
    pub const fn log_size(self) -> u32 {
        self.log_size
    }

    /// ω, a primitive n-th root of unity.
    #[must_use]
    pub fn root(self) -> Fr {
        let mut root = Fr::TWO_ADIC_ROOT_OF_UNITY;
        for _ in self.log_size..MAX_LOG_SIZE {
            root.square_in_place();
        }
        root
    }

    /// `Z(x) = x^n − 1`.
    #[must_use]
    pub fn vanishing(self, x: Fr) -> Fr {
        let mut power = x;
        for _ in 0..self.log_size {
            power.square_in_place();
        }
        power - Fr::one()
    }

    /// The domain of twice as many elements, whose even powers of the root are this one.
    ///
    /// # Errors
    /// If that is more than 2^[`MAX_LOG_SIZE`].
    pub fn double(self) -> Result<Self, DomainTooLarge> {
        Self::new(2 * self.size())
    }

    /// ω_2n, the shift of the coset `ω_2n·H`: the odd powers of the root of the domain of twice as
    /// many elements. `Z` is −2 on all of it.
    ///
    /// # Errors
    /// As [`Domain::double`].
    pub fn odd_shift(self) -> Result<Fr, DomainTooLarge> {
        Ok(self.double()?.root())
    }

    /// The Lagrange polynomials at a point outside the domain:
    /// `L_i(x) = (Z(x)/n) · ω^i / (x − ω^i)` for i in 0..n.
    ///
    /// Cost: one batch inversion of n elements. The result is wiped when dropped: at a trapdoor it
    /// is as good as the trapdoor.
    ///
    /// # Panics
    /// If `x` is in the domain.
    #[must_use]
    pub fn lagrange_at(self, x: Fr) -> Zeroizing<Vec<Fr>> {
        let z = self.vanishing(x);
        assert!(z != Fr::from(0u64), "expected a point outside the domain");
        let scale = z * Fr::from(self.size() as u64)
            .inverse()
            .expect("n is a power of two below r");
        let mut powers = Zeroizing::new(vec![scale; self.size()]);
        scale_by_powers(&mut powers, self.root());
        let scale_inverse = scale.inverse().expect("z and 1/n are not zero");
        let mut lagrange = Zeroizing::new(vec![x; self.size()]);
        parallel::for_each_mut(&mut lagrange, |i, value| {
            *value -= powers[i] * scale_inverse
        });
        batch_inversion(&mut lagrange);
        parallel::for_each_mut(&mut lagrange, |i, value| *value *= powers[i]);
        lagrange
    }
}

/// `values[i] ← values[i] · base^i`.
pub fn scale_by_powers(values: &mut [Fr], base: Fr) {
    /// Long enough to hide the exponentiation at each chunk's start (about 40 multiplications).
    const CHUNK: usize = 1 << 12;
    parallel::for_each_chunk_mut(values, CHUNK, |k, chunk| {
        let mut power = base.pow([(k * CHUNK) as u64]);
        for value in chunk {
            *value *= power;
            power *= base;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{PrimeField, Zero};
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};

    #[test]
    fn agrees_with_arkworks() {
        let x = Fr::from(1_234_567u64);
        for min_size in [1usize, 2, 3, 8, 9] {
            let domain = Domain::new(min_size).unwrap();
            let ark = Radix2EvaluationDomain::<Fr>::new(min_size).unwrap();
            assert_eq!(domain.size(), ark.size());
            assert_eq!(domain.root(), ark.group_gen());
            assert_eq!(domain.vanishing(x), ark.evaluate_vanishing_polynomial(x));
            assert_eq!(
                *domain.lagrange_at(x),
                ark.evaluate_all_lagrange_coefficients(x)
            );
        }
    }

    #[test]
    fn sizes_beyond_the_field_are_refused() {
        assert_eq!(
            Domain::new(1 << MAX_LOG_SIZE).unwrap().log_size(),
            MAX_LOG_SIZE
        );
        for got in [(1 << MAX_LOG_SIZE) + 1, usize::MAX] {
            assert_eq!(Domain::new(got), Err(DomainTooLarge { got }));
        }
        assert!(Domain::for_circuit(usize::MAX, 2).is_err());
        assert_eq!(Domain::new(0).unwrap().size(), 1);
    }

    #[test]
    fn roots_are_primitive() {
        for log_size in [1u32, 5, MAX_LOG_SIZE] {
            let domain = Domain { log_size };
            assert!(domain.vanishing(domain.root()).is_zero());
            assert_eq!(domain.root().pow([domain.size() as u64 / 2]), -Fr::one());
        }
    }

    /// The chain of roots is snarkjs's, which takes the powers of 5^((r−1)/2^28): 5 is the least
    /// number that is no square.
    #[test]
    fn the_chain_of_roots_starts_with_a_power_of_five() {
        let is_square = |x: u64| Fr::from(x).legendre().is_qr();
        assert!(is_square(2) && is_square(3) && is_square(4) && !is_square(5));
        let mut odd_part = Fr::MODULUS;
        odd_part.0[0] -= 1;
        let root = Fr::from(5u64).pow(odd_part >> MAX_LOG_SIZE);
        assert_eq!(Fr::TWO_ADIC_ROOT_OF_UNITY, root);
    }

    #[test]
    fn the_odd_coset_is_the_rest_of_the_double_domain() {
        for log_size in [0u32, 1, 2, 5, MAX_LOG_SIZE - 1] {
            let domain = Domain { log_size };
            let shift = domain.odd_shift().unwrap();
            assert_eq!(domain.double().unwrap().root(), shift);
            assert_eq!(shift.square(), domain.root());
            assert_eq!(domain.vanishing(shift), -Fr::from(2u64));
        }
        let got = 1 << (MAX_LOG_SIZE + 1);
        let largest = Domain {
            log_size: MAX_LOG_SIZE,
        };
        assert_eq!(largest.odd_shift(), Err(DomainTooLarge { got }));
    }

    #[test]
    fn powers_are_right_across_chunks() {
        let base = Fr::from(3u64);
        let mut values = vec![Fr::one(); 10_000];
        scale_by_powers(&mut values, base);
        for i in [0usize, 1, 4095, 4096, 4097, 9999] {
            assert_eq!(values[i], base.pow([i as u64]), "{i}");
        }
    }
}
