//! Number-theoretic transforms over the scalar field.
//!
//! For n = 2^k ≤ 2^28 values and ω of order n (arkworks' choice, see `roots`), in natural order:
//!
//! ```text
//! ntt         v_k ← Σ_j v_j·ω^(jk)               coefficients to values
//! intt        v_j ← n⁻¹·Σ_k v_k·ω^(−jk)          values to coefficients
//! coset_ntt   v_k ← Σ_j v_j·(g·ω^k)^j            coefficients to values on gH
//! coset_intt  its inverse
//! quotient    h = (A·B − C)/(X^n − 1)            values of A and B to coefficients of h
//! ```
//!
//! Values are arkworks' elements in Montgomery form, canonical before and after. Results do not depend
//! on the kernel or on the number of threads.
//!
//! One plan serves all kernels: `engine` cuts a transform into blocks that fit into the cache,
//! `quotient` strings six transforms together; the kernels `portable` and `ifma` do the
//! arithmetic of one block behind the trait `kernel::Kernel`. Fewer than 64 values are transformed
//! one by one in `small`.
//!
//! Memory. Tables are made when a size is first used and shared by all threads: about 2·√n powers of ω
//! (32 bytes each) and for either direction √n/2 factors (200 bytes with AVX-512, else 32): at 2^20,
//! 0.3 MB, made in 0.1 ms. Each thread keeps a block of 320·√n bytes (256 without AVX-512), two for
//! the quotient. A transform needs n elements of scratch, the quotient as many besides its inputs;
//! both give them back.

mod engine;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod kernel;
mod portable;
mod quotient;
mod roots;
mod small;
#[cfg(test)]
mod tests;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, FftField, Field};

use self::engine::{Direction, Engine};
use self::portable::Portable;
#[cfg(target_arch = "x86_64")]
use crate::ifma::Ifma;
use crate::portable::{Arithmetic, Choice, Plain};

/// log₂ of the order of the largest domain: the scalar field has no 2^29-th roots of unity.
pub const MAX_LOG_SIZE: u32 = Fr::TWO_ADICITY;

/// log₂ of the smallest number of values that are transformed in blocks.
const MIN_LOG_BLOCKS: u32 = 6;

/// The transforms with one kernel, and their tables.
pub struct Transforms(Kernels);

enum Kernels {
    Plain(Box<Engine<Portable<Plain>>>),
    #[cfg(target_arch = "x86_64")]
    Mulx(Box<Engine<Portable<crate::portable::Mulx>>>),
    #[cfg(target_arch = "x86_64")]
    Ifma(Box<Engine<Ifma>>),
}

/// Evaluates an expression with the engine in use.
macro_rules! with_engine {
    ($transforms:expr, $engine:ident => $body:expr) => {
        match &$transforms.0 {
            Kernels::Plain($engine) => $body,
            #[cfg(target_arch = "x86_64")]
            Kernels::Mulx($engine) => $body,
            #[cfg(target_arch = "x86_64")]
            Kernels::Ifma($engine) => $body,
        }
    };
}

impl Transforms {
    /// With the portable kernel.
    #[must_use]
    pub fn portable(arithmetic: Arithmetic) -> Self {
        Self(match arithmetic.choice() {
            Choice::Plain(plain) => Kernels::Plain(Box::new(Engine::new(Portable(plain)))),
            #[cfg(target_arch = "x86_64")]
            Choice::Mulx(mulx) => Kernels::Mulx(Box::new(Engine::new(Portable(mulx)))),
        })
    }

    /// With AVX-512 IFMA.
    #[cfg(target_arch = "x86_64")]
    #[must_use]
    pub fn ifma(ifma: Ifma) -> Self {
        Self(Kernels::Ifma(Box::new(Engine::new(ifma))))
    }

    /// Values from coefficients.
    ///
    /// # Panics
    /// If there are not 1, 2, 4, … or 2^28 values.
    pub fn ntt(&self, values: &mut [Fr]) {
        self.transform(values, Direction::Forward, None, None);
    }

    /// Coefficients from values.
    ///
    /// # Panics
    /// As [`Transforms::ntt`].
    pub fn intt(&self, values: &mut [Fr]) {
        self.transform(values, Direction::Inverse, None, None);
    }

    /// Values on the coset `shift·H` from coefficients.
    ///
    /// # Panics
    /// As [`Transforms::ntt`].
    pub fn coset_ntt(&self, values: &mut [Fr], shift: Fr) {
        self.transform(values, Direction::Forward, Some(shift), None);
    }

    /// Coefficients from values on the coset `shift·H`.
    ///
    /// # Panics
    /// As [`Transforms::ntt`], and if `shift` is zero.
    pub fn coset_intt(&self, values: &mut [Fr], shift: Fr) {
        let inverse = shift
            .inverse()
            .expect("expected a coset shift other than zero");
        self.transform(values, Direction::Inverse, None, Some(inverse));
    }

    /// The quotient `h = (A·B − C)/(X^n − 1)`, its n − 1 coefficients in natural order, from the n
    /// values of A and of B on the domain, where C has the products of these values.
    ///
    /// Write `A·B = L + X^n·U` with L, U of degree below n. Where `X^n = 1`, C has the values of A·B, so
    /// `C = L + U` and h is U. Interpolating A·B over H gives `L + U`, over the coset gH `L + g^n·U`,
    /// whose difference is `(g^n − 1)·U`; g is the generator `Fr::GENERATOR`.
    ///
    /// # Panics
    /// If `a` and `b` differ in length; as [`Transforms::ntt`].
    #[must_use]
    pub fn quotient(&self, a: Vec<Fr>, b: Vec<Fr>) -> Vec<Fr> {
        assert_eq!(a.len(), b.len(), "expected as many values of B as of A");
        let mut h = if log_size(a.len()) < MIN_LOG_BLOCKS {
            self.small_quotient(a, b)
        } else {
            with_engine!(self, engine => engine.quotient(a, b))
        };
        let top = h.pop();
        debug_assert_eq!(top, Some(Fr::ZERO), "A·B has degree at most 2n − 2");
        h
    }

    fn transform(
        &self,
        values: &mut [Fr],
        direction: Direction,
        input_base: Option<Fr>,
        output_base: Option<Fr>,
    ) {
        let log_n = log_size(values.len());
        with_engine!(self, engine => {
            if log_n >= MIN_LOG_BLOCKS {
                return engine.transform(values, direction, input_base, output_base);
            }
            if let Some(base) = input_base {
                small::scale_by_powers(values, Fr::ONE, base);
            }
            small::transform(values, engine.twiddle(log_n, direction, 1));
            let scale = match direction {
                Direction::Forward => Fr::ONE,
                Direction::Inverse => engine.roots(log_n).size_inverse,
            };
            if let Some(base) = output_base {
                small::scale_by_powers(values, scale, base);
            } else if scale != Fr::ONE {
                values.iter_mut().for_each(|value| *value *= scale);
            }
        });
    }

    /// The quotient by its definition, with a last coefficient of zero.
    fn small_quotient(&self, mut a: Vec<Fr>, mut b: Vec<Fr>) -> Vec<Fr> {
        let shift = Fr::GENERATOR;
        let multiply = |a: &mut [Fr], b: &[Fr]| a.iter_mut().zip(b).for_each(|(a, b)| *a *= b);
        let mut on_domain = a.clone();
        multiply(&mut on_domain, &b);
        self.intt(&mut on_domain);
        for factor in [&mut a, &mut b] {
            self.intt(factor);
            self.coset_ntt(factor, shift);
        }
        multiply(&mut a, &b);
        self.coset_intt(&mut a, shift);
        let vanishing = shift.pow([a.len() as u64]) - Fr::ONE;
        let scale = vanishing
            .inverse()
            .expect("the generator of the field is in no domain");
        for (value, on_domain) in a.iter_mut().zip(&on_domain) {
            *value = (*value - on_domain) * scale;
        }
        a
    }
}

/// log₂ of a number of values.
fn log_size(len: usize) -> u32 {
    assert!(
        len.is_power_of_two() && len <= 1 << MAX_LOG_SIZE,
        "expected a power of two of at most 2^{MAX_LOG_SIZE} values, got {len}"
    );
    len.trailing_zeros()
}
