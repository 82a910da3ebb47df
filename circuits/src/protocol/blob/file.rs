//! A blob as EIP-4844 has it: 4096 values of 32 bytes.
//!
//! Value i is p(ω^rev(i)), where ω is the primitive 4096th root of unity `7^((q − 1)/4096)` and rev reverses
//! twelve bits. The words are p's coefficients.
//!
//! Cost: one transform of 4096.

use super::{BlobScalar, HALF_BITS, MAX_WORDS, Word, scalar_from_word, scalar_to_word};
use crate::protocol::field::U256;
use ark_ff::{AdditiveGroup, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use thiserror::Error;

/// Bytes of a blob.
pub const BLOB_BYTES: usize = 32 * MAX_WORDS;

/// Why bytes are not the blob of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// Another number of bytes.
    #[error("expected {BLOB_BYTES} bytes of a blob, got {got}")]
    Length {
        /// What came.
        got: usize,
    },
    /// A value is q or more.
    #[error("expected value {index} of the blob below q")]
    Value {
        /// Its place.
        index: usize,
    },
    /// A coefficient is none that a word has.
    #[error("expected coefficient {index} of the blob below 2^248, got {got}")]
    Word {
        /// Its place.
        index: usize,
        /// The coefficient.
        got: U256,
    },
}

fn domain() -> Radix2EvaluationDomain<BlobScalar> {
    Radix2EvaluationDomain::new(MAX_WORDS).expect("q − 1 is a multiple of 2^32")
}

fn reversed(index: usize) -> usize {
    index.reverse_bits() >> (usize::BITS - MAX_WORDS.ilog2())
}

/// The blob with these coefficients, zeros after them.
///
/// # Panics
/// If there are more than 4096.
pub fn to_file(words: &[Word]) -> Vec<u8> {
    assert!(words.len() <= MAX_WORDS, "as many words as a blob has");
    let mut values: Vec<_> = words.iter().map(|word| word.residue()).collect();
    values.resize(MAX_WORDS, BlobScalar::ZERO);
    domain().fft_in_place(&mut values);
    (0..MAX_WORDS)
        .flat_map(|index| scalar_to_word(&values[reversed(index)]))
        .collect()
}

/// The 4096 coefficients of a blob.
///
/// # Errors
/// If a value is not canonical, or a coefficient is not a word: no contract of this project accepts such a blob.
pub fn from_file(bytes: &[u8]) -> Result<Vec<Word>, FileError> {
    if bytes.len() != BLOB_BYTES {
        return Err(FileError::Length { got: bytes.len() });
    }
    let mut values = vec![BlobScalar::ZERO; MAX_WORDS];
    for (index, word) in bytes.as_chunks().0.iter().enumerate() {
        values[reversed(index)] = scalar_from_word(word).ok_or(FileError::Value { index })?;
    }
    domain().ifft_in_place(&mut values);
    let word = |(index, value): (usize, &BlobScalar)| {
        let got = value.into_bigint();
        let [l0, l1, h0, h1] = got.0;
        let low = u128::from(l1) << 64 | u128::from(l0);
        let high = u128::from(h1) << 64 | u128::from(h0);
        let mask = (1 << HALF_BITS) - 1;
        // 128 bits of the low half's integer: four of them are the high half's lowest.
        match high >> (2 * HALF_BITS - u128::BITS) {
            0 => Ok(Word {
                high: high << (u128::BITS - HALF_BITS) | low >> HALF_BITS,
                low: low & mask,
            }),
            _ => Err(FileError::Word { index, got }),
        }
    };
    values.iter().enumerate().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::evaluate, *};
    use ark_ff::{BigInteger, Field};

    fn words() -> Vec<Word> {
        let mask = (1u128 << HALF_BITS) - 1;
        let half = |i: u128| i.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835) & mask;
        (0..70)
            .map(|i| Word::new(half(2 * i + 1), half(2 * i + 2)).unwrap())
            .chain([Word::MAX])
            .collect()
    }

    #[test]
    fn the_first_values_are_those_at_one_and_minus_one() {
        let file = to_file(&words());
        let q_minus_one = num_bigint::BigUint::from(-BlobScalar::ONE);
        let root = BlobScalar::from(7u64).pow((q_minus_one / 4096u32).to_u64_digits());
        for (index, point) in [
            BlobScalar::ONE,
            -BlobScalar::ONE,
            root.pow([1024]),
            root.pow([3072]),
            root.pow([512]),
        ]
        .into_iter()
        .enumerate()
        {
            let expected = evaluate(&words(), point).into_bigint().to_bytes_be();
            assert_eq!(file[32 * index..][..32], expected);
        }
    }

    #[test]
    fn words_come_back_and_nothing_else_does() {
        let words = words();
        let mut file = to_file(&words);
        let back = from_file(&file).unwrap();
        assert_eq!(back[..words.len()], words);
        assert!(
            back[words.len()..]
                .iter()
                .all(|word| *word == Word::default())
        );

        // One value more or less changes all coefficients.
        file[31] ^= 1;
        assert!(matches!(from_file(&file), Err(FileError::Word { .. })));
        file[64..96].copy_from_slice(&BlobScalar::MODULUS.to_bytes_be());
        assert_eq!(from_file(&file), Err(FileError::Value { index: 2 }));
        assert_eq!(
            from_file(&file[1..]),
            Err(FileError::Length {
                got: BLOB_BYTES - 1
            })
        );
    }

    #[test]
    fn a_coefficient_of_2_to_the_248_is_none() {
        // The constant polynomial 2^248 has all values 2^248.
        let mut value = [0; 32];
        value[0] = 1;
        let got = U256::new([0, 0, 0, 1 << 56]);
        assert_eq!(
            from_file(&value.repeat(MAX_WORDS)),
            Err(FileError::Word { index: 0, got })
        );
        let mut largest = [0xff; 32];
        largest[0] = 0;
        assert_eq!(from_file(&largest.repeat(MAX_WORDS)).unwrap()[0], Word::MAX);
    }
}
