//! Powers of the roots of unity.
//!
//! ω of a domain of n = 2^log_n elements is arkworks' choice, the 2^28-th root of unity
//! `Fr::TWO_ADIC_ROOT_OF_UNITY` raised to 2^28/n.

use ark_bn254::Fr;
use ark_ff::{FftField, Field};

use super::MAX_LOG_SIZE;

/// Any power of ω by one multiplication, from two tables of about √n elements.
pub(super) struct Roots {
    /// ω^i.
    low: Vec<Fr>,
    /// ω^(i·2^split).
    high: Vec<Fr>,
    /// log₂ of the number of low powers.
    split: u32,
    /// log₂ n.
    log_n: u32,
    /// 1/n.
    pub(super) size_inverse: Fr,
}

/// A primitive 2^log_n-th root of unity.
pub(super) fn root(log_n: u32) -> Fr {
    let mut root = Fr::TWO_ADIC_ROOT_OF_UNITY;
    for _ in log_n..MAX_LOG_SIZE {
        root.square_in_place();
    }
    root
}

/// `[1, base, …, base^(len−1)]`.
pub(super) fn powers(base: Fr, len: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(*power * base))
        .take(len)
        .collect()
}

impl Roots {
    /// The powers of the root of order 2^log_n.
    pub(super) fn new(log_n: u32) -> Self {
        let split = log_n.div_ceil(2);
        let root = root(log_n);
        let low = powers(root, 1 << split);
        let high = powers(low[low.len() - 1] * root, 1 << (log_n - split));
        let two_inverse = Fr::from(2u64).inverse().expect("r is odd");
        Self {
            low,
            high,
            split,
            log_n,
            size_inverse: two_inverse.pow([u64::from(log_n)]),
        }
    }

    /// `ω^exponent`.
    pub(super) fn power(&self, exponent: usize) -> Fr {
        let exponent = exponent & ((1 << self.log_n) - 1);
        self.high[exponent >> self.split] * self.low[exponent & ((1 << self.split) - 1)]
    }
}

/// The roots by which blocks of up to `rows` rows split, as [`Kernel::transform`] wants them:
/// entry b is `root^(rows/2^(t+1)·rev_t(b))` for b < 2^t, `root` being of order `rows`.
///
/// [`Kernel::transform`]: super::kernel::Kernel::transform
pub(super) fn block_roots(root: Fr, rows: usize) -> Vec<Fr> {
    // rev_(t+1)(b) = 2·rev_t(b) and rev_(t+1)(b + 2^t) = 2·rev_t(b) + 1 for b < 2^t: the second half
    // of 2^(t+1) entries is the first times the root of order 2^(t+2).
    let mut roots = vec![Fr::ONE];
    while roots.len() < rows / 2 {
        let next = root.pow([(rows / (4 * roots.len())) as u64]);
        for i in 0..roots.len() {
            roots.push(roots[i] * next);
        }
    }
    roots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_those_of_the_root() {
        for log_n in [0u32, 1, 2, 5, 11] {
            let roots = Roots::new(log_n);
            let n = 1usize << log_n;
            assert_eq!(root(log_n).pow([n as u64]), Fr::ONE);
            for exponent in [0, 1, n / 2, n - 1, n, n + 1, 2 * n - 1] {
                let expected = root(log_n).pow([exponent as u64]);
                assert_eq!(roots.power(exponent), expected, "{log_n} {exponent}");
            }
            assert_eq!(roots.size_inverse * Fr::from(n as u64), Fr::ONE);
        }
    }

    #[test]
    fn block_roots_are_in_bit_reversed_order() {
        let rows = 32;
        let root = root(5);
        let roots = block_roots(root, rows);
        assert_eq!(roots.len(), rows / 2);
        for t in 0..5 {
            for (b, value) in roots.iter().take(1 << t).enumerate() {
                let reversed = (0..t).fold(0, |sum, i| sum | (b >> i & 1) << (t - 1 - i));
                let exponent = (rows >> (t + 1)) * reversed;
                assert_eq!(*value, root.pow([exponent as u64]), "{t} {b}");
            }
        }
    }
}
