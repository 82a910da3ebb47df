//! Field elements as the twins see them: arkworks' elements, taken from words and put back.

use ark_ff::{BigInteger, Field, PrimeField};

use crate::Layout;

/// The value that eight words stand for as an integer, reduced.
///
/// # Panics
/// If there are not eight words.
#[must_use]
pub fn integer<F: PrimeField>(words: &[u32]) -> F {
    assert_eq!(words.len(), 8, "expected eight words of a field element");
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    F::from_le_bytes_mod_order(&bytes)
}

/// Eight words of the integer below the modulus.
#[must_use]
pub fn words<F: PrimeField>(value: F) -> [u32; 8] {
    let bytes = value.into_bigint().to_bytes_le();
    std::array::from_fn(|i| {
        u32::from_le_bytes([
            bytes[4 * i],
            bytes[4 * i + 1],
            bytes[4 * i + 2],
            bytes[4 * i + 3],
        ])
    })
}

/// `2^bits` in the field.
#[must_use]
pub fn power_of_two<F: Field>(bits: u32) -> F {
    F::from(2u64).pow([u64::from(bits)])
}

/// R, the layout's Montgomery radix, in the field.
#[must_use]
pub fn radix<F: Field>(layout: Layout) -> F {
    power_of_two(layout.radix_bits())
}

/// `a·b/R`: what `fq_mul` and `fr_mul` make of two integers.
#[must_use]
pub fn mont_mul<F: PrimeField>(layout: Layout, a: F, b: F) -> F {
    a * b
        * radix::<F>(layout)
            .inverse()
            .expect("a power of two is not zero")
}
