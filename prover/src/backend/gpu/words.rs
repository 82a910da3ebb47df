//! Integers as the shaders have them: eight 32-bit words, the lowest first.

use ark_ff::BigInt;

/// Words of a field element.
pub const ELEMENT_WORDS: usize = 8;

/// The integer that eight words are.
///
/// # Panics
/// If there are fewer.
pub fn integer(words: &[u32]) -> BigInt<4> {
    let limb = |i: usize| u64::from(words[2 * i]) | u64::from(words[2 * i + 1]) << 32;
    BigInt::new(std::array::from_fn(limb))
}

/// The words of an integer.
pub fn words(integer: BigInt<4>) -> [u32; ELEMENT_WORDS] {
    std::array::from_fn(|i| (integer.0[i / 2] >> (32 * (i % 2))) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_integer() {
        let value = BigInt::new([0x0000_0002_0000_0001, 3, 0, 0xffff_ffff_0000_0000]);
        assert_eq!(words(value), [1, 2, 3, 0, 0, 0, 0, u32::MAX]);
        assert_eq!(integer(&words(value)), value);
    }
}
