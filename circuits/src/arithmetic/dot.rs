//! `Σ aᵢ·bᵢ` in the scalar field with one Montgomery reduction for up to sixteen products.
//!
//! *Method.* With â = a·2²⁵⁶ mod r the stored form, Σ âᵢ·b̂ᵢ is added up as a 512-bit integer T, and
//! Montgomery's reduction (Montgomery, *Modular Multiplication Without Trial Division*, 1985) gives
//! T·2⁻²⁵⁶ mod r, the stored form of the sum.
//!
//! *Bounds.* r < 2^253.6. Sixteen products are below 2⁴·2^507.2 = 2^511.2, so T does not overflow. The
//! reduction adds at most (2²⁵⁶ − 1)·r to T, still below 2⁵¹², and leaves less than
//! 16·r²/2²⁵⁶ + r < 4.03·r < 2²⁵⁶: at most four subtractions of r.
//!
//! *Cost.* 16 word products for each term and 16 for each reduction; a term by itself costs 32.

use ark_bn254::{Fr, FrConfig};
use ark_ff::{AdditiveGroup, BigInt, BigInteger, MontConfig, PrimeField};

/// Products to one reduction.
const MAX_PRODUCTS: usize = 16;

/// `Σ aᵢ·bᵢ`.
#[inline]
pub(crate) fn sum_of_products<'a>(pairs: impl Iterator<Item = (&'a Fr, &'a Fr)>) -> Fr {
    let mut sum = Fr::ZERO;
    let mut wide = [0; 8];
    let mut room = MAX_PRODUCTS;
    for (a, b) in pairs {
        if room == 0 {
            sum += reduce(wide);
            wide = [0; 8];
            room = MAX_PRODUCTS;
        }
        add_product(&mut wide, &a.0.0, &b.0.0);
        room -= 1;
    }
    sum + reduce(wide)
}

#[inline]
fn add_product(wide: &mut [u64; 8], a: &[u64; 4], b: &[u64; 4]) {
    let mut product = [0; 8];
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, b) in b.iter().enumerate() {
            (product[i + j], carry) = a.carrying_mul_add(*b, product[i + j], carry);
        }
        product[i + 4] = carry;
    }
    let mut carry = false;
    for (word, added) in wide.iter_mut().zip(product) {
        (*word, carry) = word.carrying_add(added, carry);
    }
    debug_assert!(!carry, "sixteen products fit");
}

#[inline]
fn reduce(mut wide: [u64; 8]) -> Fr {
    let mut overflow = false;
    for i in 0..4 {
        let factor = wide[i].wrapping_mul(FrConfig::INV);
        let mut carry = 0;
        for (j, word) in Fr::MODULUS.0.iter().enumerate() {
            (wide[i + j], carry) = factor.carrying_mul_add(*word, wide[i + j], carry);
        }
        (wide[i + 4], overflow) = wide[i + 4].carrying_add(carry, overflow);
    }
    debug_assert!(!overflow, "the sum stays below 2^512");
    let mut value = BigInt([wide[4], wide[5], wide[6], wide[7]]);
    while value >= Fr::MODULUS {
        value.sub_with_borrow(&Fr::MODULUS);
    }
    Fr::new_unchecked(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{Field, UniformRand};
    use rand::{SeedableRng, rngs::StdRng};

    #[test]
    fn it_is_the_sum_of_the_products() {
        let mut rng = rng();
        // Around the number of products to one reduction, and several reductions.
        for n in [0, 1, 2, 15, 16, 17, 31, 32, 33, 72] {
            for _ in 0..20 {
                let a: Vec<Fr> = (0..n).map(|_| Fr::rand(&mut rng)).collect();
                let b: Vec<Fr> = (0..n).map(|_| Fr::rand(&mut rng)).collect();
                let expected: Fr = a.iter().zip(&b).map(|(a, b)| *a * b).sum();
                assert_eq!(sum_of_products(a.iter().zip(&b)), expected, "{n} products");
            }
        }
    }

    #[test]
    fn it_holds_at_the_largest_stored_words() {
        // Stored r − 1, the largest, and 0, the smallest.
        let mut largest = Fr::MODULUS;
        largest.sub_with_borrow(&BigInt::from(1u64));
        let largest = Fr::new_unchecked(largest);
        for n in 0..=40u64 {
            let a = vec![largest; n as usize];
            let expected = largest.square() * Fr::from(n);
            assert_eq!(sum_of_products(a.iter().zip(&a)), expected, "{n} products");
        }
        let zeros = [Fr::ZERO; 20];
        assert_eq!(sum_of_products(zeros.iter().zip(&zeros)), Fr::ZERO);
    }

    fn rng() -> StdRng {
        StdRng::seed_from_u64(1)
    }
}
