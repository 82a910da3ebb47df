//! Blobs: a batch's words as the coefficients of a polynomial, and its value at a point.
//!
//! ```text
//! p(z) = Σ wᵢ·zⁱ mod q,   0 ≤ i < n ≤ 4096,   wᵢ < 2²⁴⁸
//!
//! C₁ = the last state of s₀ = "zkroll/blob"·2³² + n,  sₖ₊₁ = Poseidon₁₆(sₖ, w₁₅ₖ, …, w₁₅ₖ₊₁₄)
//! z  = keccak256(T ‖ versioned hash ‖ d₀ ‖ C₁ of every batch in the blob) mod q,   T = keccak256("zkroll/z/v2")
//! ```
//!
//! q is the order of BLS12-381's groups, in whose field EIP-4844 evaluates the polynomial that a blob
//! commits to. The contract asks the point-evaluation precompile for p(z), the circuit proves that the
//! words of its batch give the same. Source: `docs/protocol.md` §7.
//!
//! *Why it binds.* The versioned hash fixes the blob's polynomial and every C₁ fixes a batch's words before z
//! exists. Two different polynomials of degree below 4096 agree at z with probability at most 4095/q for each
//! hash tried.
//!
//! *Slices.* k batches of one shape may share a blob, k·n ≤ 4096: batch j has the coefficients from j·n on,
//! proves its own Σ wᵢ·zⁱ, and [`combine`] is what the whole polynomial is worth. Coefficients after the last
//! slice are zero, because the sum says so.
//!
//! Representation: z and p(z) are at least r at times, so in public data each is two words, the low
//! 128 bits and the high 127 ([`split`], [`join`]). A blob word is 31 bytes, two operations of 124 bits.
//!
//! Cost: one product modulo q for each word, and one Poseidon₁₆ for each fifteen.
//!
//! Not here: the commitment that the versioned hash is of, which needs EIP-4844's trusted setup.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha3::{Digest, Keccak256};
use thiserror::Error;

use super::{
    field::{self, U256},
    public_data::{TRANSFER_BITS, domain_word, start_of, states_from},
    transfer::Domain,
};

mod file;
pub use file::{BLOB_BYTES, FileError, from_file, to_file};

/// An integer modulo q.
pub use ark_bls12_381::Fr as BlobScalar;

/// Coefficients of a blob's polynomial.
pub const MAX_WORDS: usize = 4096;

/// Bits of the half of a word: one operation.
pub const HALF_BITS: u32 = TRANSFER_BITS;

/// Bytes of a word.
pub const WORD_BYTES: usize = 31;

/// Bits of the low one of the two public words of a [`BlobScalar`].
pub const LOW_BITS: u32 = 128;

/// Words that a batch in a blob has in the place of its operations: C₁, z and p(z).
pub const CLAIM_WORDS: usize = 5;

/// "zkroll/blob", the domain of C₁.
const COMMITMENT_DOMAIN: &[u8; 11] = b"zkroll/blob";

/// The domain of z, hashed.
const CHALLENGE_DOMAIN: &[u8] = b"zkroll/z/v2";

/// Half a word needs more than 124 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected half a blob word below 2^{HALF_BITS}, got {got}")]
pub struct HalfOutOfRange {
    /// The half.
    pub got: u128,
}

/// Two field elements are not the public words of an integer modulo q.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ScalarError {
    /// A word has too many bits.
    #[error("expected the {half} half of a blob scalar below 2^{bits}, got {got}")]
    Half {
        /// Low or high.
        half: &'static str,
        /// Bits that it may have.
        bits: u32,
        /// The word.
        got: U256,
    },
    /// The integer is q or more.
    #[error("expected a blob scalar below q, got {got}")]
    NotBelowModulus {
        /// The integer.
        got: U256,
    },
}

/// A coefficient: `high·2^124 + low`, below 2²⁴⁸.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    high: u128,
    low: u128,
}

impl Word {
    /// The largest word.
    pub const MAX: Self = Self {
        high: (1 << HALF_BITS) - 1,
        low: (1 << HALF_BITS) - 1,
    };

    /// The word of two operations, the first one high.
    ///
    /// # Errors
    /// If one has more than 124 bits.
    pub fn new(high: u128, low: u128) -> Result<Self, HalfOutOfRange> {
        for got in [high, low] {
            if got >> HALF_BITS != 0 {
                return Err(HalfOutOfRange { got });
            }
        }
        Ok(Self { high, low })
    }

    /// The upper 124 bits.
    pub const fn high(self) -> u128 {
        self.high
    }

    /// The lower 124 bits.
    pub const fn low(self) -> u128 {
        self.low
    }

    /// The word with these big-endian bytes.
    pub fn from_be_bytes(bytes: &[u8; WORD_BYTES]) -> Self {
        let mut nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let mut half = || {
            let digits = nibbles.by_ref().take(HALF_BITS as usize / 4);
            digits.fold(0, |value, digit| value << 4 | u128::from(digit))
        };
        Self {
            high: half(),
            low: half(),
        }
    }

    /// The word as big-endian bytes.
    pub fn to_be_bytes(self) -> [u8; WORD_BYTES] {
        // The high half's last four bits stand beside the low half's first four.
        let mut bytes = [0; WORD_BYTES];
        bytes[..15].copy_from_slice(&(self.high >> 4).to_be_bytes()[1..]);
        let rest = (self.high & 0xf) << HALF_BITS | self.low;
        bytes[15..].copy_from_slice(&rest.to_be_bytes());
        bytes
    }

    /// The word modulo q.
    fn residue(self) -> BlobScalar {
        BlobScalar::from(self.high) * BlobScalar::from(1u128 << HALF_BITS)
            + BlobScalar::from(self.low)
    }
}

/// The word as public data have it.
impl From<Word> for Fr {
    fn from(word: Word) -> Self {
        Self::from(word.high) * Self::from(1u128 << HALF_BITS) + Self::from(word.low)
    }
}

/// p(z) for the coefficients `words`, the constant one first.
pub fn evaluate(words: &[Word], z: BlobScalar) -> BlobScalar {
    words
        .iter()
        .rev()
        .fold(BlobScalar::ZERO, |sum, word| sum * z + word.residue())
}

/// What [`evaluate`] computes on its way when it takes the words in groups of B: baby steps within
/// a group, giant steps from group to group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// z⁰, z¹, …, z^B.
    pub powers: Vec<BlobScalar>,
    /// Entry j is Σ wᵢ·z^(i − jB) over i ≥ jB. The first is p(z), and zero follows the last group's.
    pub accumulators: Vec<BlobScalar>,
}

impl Evaluation {
    /// Evaluates in groups of `group_words`.
    ///
    /// # Panics
    /// If a group has no words.
    pub fn new(words: &[Word], z: BlobScalar, group_words: usize) -> Self {
        let mut powers = vec![BlobScalar::ONE];
        for i in 0..group_words {
            powers.push(powers[i] * z);
        }
        let mut accumulator = BlobScalar::ZERO;
        let mut accumulators = vec![accumulator];
        for group in words.chunks(group_words).rev() {
            accumulator = accumulator * powers[group_words] + evaluate(group, z);
            accumulators.push(accumulator);
        }
        accumulators.reverse();
        Self {
            powers,
            accumulators,
        }
    }

    /// p(z).
    pub fn value(&self) -> BlobScalar {
        self.accumulators[0]
    }
}

/// What a batch says of its slice of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// C₁.
    pub commitment: Fr,
    /// z.
    pub point: BlobScalar,
    /// p(z).
    pub value: BlobScalar,
}

impl Claim {
    /// The true one.
    ///
    /// # Panics
    /// If there are 2³² words or more.
    pub fn new(words: &[Word], point: BlobScalar) -> Self {
        Self {
            commitment: commitment(words),
            point,
            value: evaluate(words, point),
        }
    }

    /// C₁, z and p(z), the low half first of each.
    pub fn words(&self) -> [Fr; CLAIM_WORDS] {
        let ([z0, z1], [y0, y1]) = (split(self.point), split(self.value));
        [self.commitment, z0, z1, y0, y1]
    }
}

/// s₀ = "zkroll/blob"·2³² + n: the state that the commitment to n words starts from.
pub fn commitment_start(n: u32) -> Fr {
    start_of(COMMITMENT_DOMAIN, n)
}

/// s₀, s₁, …: the states of the commitment, of which C₁ is the last.
///
/// # Panics
/// If there are 2³² words or more.
pub fn commitment_states(words: &[Word]) -> Vec<Fr> {
    let n = u32::try_from(words.len()).expect("fewer than 2^32 words");
    let words: Vec<Fr> = words.iter().map(|word| Fr::from(*word)).collect();
    states_from(commitment_start(n), &words)
}

/// C₁, the commitment to a batch's words.
///
/// # Panics
/// If there are 2³² words or more.
pub fn commitment(words: &[Word]) -> Fr {
    let states = commitment_states(words);
    states[states.len() - 1]
}

/// z for the blob with this versioned hash, which the batches with these C₁ share, in order.
pub fn challenge(versioned_hash: &[u8; 32], domain: &Domain, commitments: &[Fr]) -> BlobScalar {
    let mut hasher = Keccak256::new();
    hasher.update(Keccak256::digest(CHALLENGE_DOMAIN));
    hasher.update(versioned_hash);
    hasher.update(field::to_be_bytes(&domain_word(domain)));
    for commitment in commitments {
        hasher.update(field::to_be_bytes(commitment));
    }
    BlobScalar::from_be_bytes_mod_order(&hasher.finalize())
}

/// `Σ vⱼ·z^(j·n)`: what the whole polynomial is worth at z if its slices of n words are worth vⱼ.
pub fn combine(values: &[BlobScalar], slice_words: usize, z: BlobScalar) -> BlobScalar {
    let step = z.pow([slice_words as u64]);
    values
        .iter()
        .rev()
        .fold(BlobScalar::ZERO, |sum, value| sum * step + value)
}

/// x as 32 big-endian bytes.
pub fn scalar_to_word(x: &BlobScalar) -> [u8; 32] {
    field::integer_to_be_bytes(&x.into_bigint())
}

/// The inverse; `None` for q and more.
pub fn scalar_from_word(word: &[u8; 32]) -> Option<BlobScalar> {
    BlobScalar::from_bigint(field::integer_from_be_bytes(word))
}

/// An integer below q that may be absent, as a decimal string.
pub(super) mod optional_point {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Point(#[serde(with = "field::integer")] U256);

    pub fn serialize<S: Serializer>(
        point: &Option<BlobScalar>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        point
            .map(|point| Point(point.into_bigint()))
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<BlobScalar>, D::Error> {
        let Some(Point(got)) = Option::deserialize(deserializer)? else {
            return Ok(None);
        };
        let point = BlobScalar::from_bigint(got);
        let error = ScalarError::NotBelowModulus { got };
        point.map(Some).ok_or_else(|| de::Error::custom(error))
    }
}

/// The two public words of x: its low 128 bits, and the rest.
pub fn split(x: BlobScalar) -> [Fr; 2] {
    let [l0, l1, h0, h1] = x.into_bigint().0;
    [[l0, l1], [h0, h1]].map(|[low, high]| Fr::from(U256::new([low, high, 0, 0])))
}

/// The integer that two public words spell.
///
/// # Errors
/// If they are not what [`split`] makes of some integer.
pub fn join([low, high]: [Fr; 2]) -> Result<BlobScalar, ScalarError> {
    let high_bits = BlobScalar::MODULUS_BIT_SIZE - LOW_BITS;
    let narrow = |half, word: Fr, bits| {
        let got = word.into_bigint();
        match got.num_bits() <= bits {
            true => Ok(got.0),
            false => Err(ScalarError::Half { half, bits, got }),
        }
    };
    let [l0, l1, ..] = narrow("low", low, LOW_BITS)?;
    let [h0, h1, ..] = narrow("high", high, high_bits)?;
    let got = U256::new([l0, l1, h0, h1]);
    BlobScalar::from_bigint(got).ok_or(ScalarError::NotBelowModulus { got })
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    fn words(n: usize) -> Vec<Word> {
        let sample = |i: usize| {
            let hash = super::super::poseidon::hash(&[Fr::from(i as u64)]).into_bigint();
            u128::from(hash.0[0]) << 60 | u128::from(hash.0[1] >> 4)
        };
        (0..n)
            .map(|i| Word::new(sample(2 * i), sample(2 * i + 1)).unwrap())
            .collect()
    }

    fn integer(word: Word) -> BigUint {
        (BigUint::from(word.high) << HALF_BITS) + word.low
    }

    #[test]
    fn the_value_is_the_sum_over_the_integers_modulo_q() {
        let q: BigUint = BlobScalar::MODULUS.into();
        for n in [0, 1, 2, 7] {
            for words in [words(n), vec![Word::MAX; n]] {
                for z in [BlobScalar::ZERO, BlobScalar::ONE, -BlobScalar::ONE] {
                    let power = |i: usize| BigUint::from(z.into_bigint()).pow(i as u32);
                    let sum: BigUint = (0..n).map(|i| integer(words[i]) * power(i)).sum();
                    let value = BigUint::from(evaluate(&words, z).into_bigint());
                    assert_eq!(value, sum % &q, "{n} words at {z}");
                }
            }
        }
    }

    #[test]
    fn groups_do_not_change_the_value() {
        let words = words(11);
        let z = BlobScalar::from(u128::MAX).square();
        for group_words in [1, 2, 3, 5, 10, 11, 12] {
            let evaluation = Evaluation::new(&words, z, group_words);
            assert_eq!(evaluation.value(), evaluate(&words, z));
            assert_eq!(evaluation.powers.len(), group_words + 1);
            let groups = words.len().div_ceil(group_words);
            assert_eq!(evaluation.accumulators.len(), groups + 1);
        }
    }

    #[test]
    fn a_word_is_the_same_as_integer_as_bytes_and_in_the_field() {
        let mut bytes = [0; WORD_BYTES];
        for (i, byte) in bytes.iter_mut().enumerate() {
            *byte = 0xf0 - 7 * i as u8;
        }
        for bytes in [bytes, [0; WORD_BYTES], [0xff; WORD_BYTES]] {
            let word = Word::from_be_bytes(&bytes);
            assert_eq!(integer(word), BigUint::from_bytes_be(&bytes));
            assert_eq!(BigUint::from(Fr::from(word).into_bigint()), integer(word));
            assert_eq!(Word::new(word.high(), word.low()), Ok(word));
            assert_eq!(word.to_be_bytes(), bytes);
        }
        let got = 1 << HALF_BITS;
        assert_eq!(Word::new(got, 0), Err(HalfOutOfRange { got }));
        assert_eq!(Word::new(0, got), Err(HalfOutOfRange { got }));
    }

    #[test]
    fn slices_add_up_to_the_whole() {
        let words = words(15);
        let z = -BlobScalar::from(77u64);
        for n in [1, 3, 5, 15] {
            let values: Vec<_> = words.chunks(n).map(|slice| evaluate(slice, z)).collect();
            assert_eq!(combine(&values, n, z), evaluate(&words, z));
        }
    }

    #[test]
    fn the_point_depends_on_everything_before_it() {
        let domain = Domain {
            chain_id: 1,
            contract: super::super::transfer::Address([7; 20]),
        };
        let other = Domain {
            chain_id: 2,
            ..domain
        };
        let [one, two] = [1u64, 2].map(Fr::from);
        let (hash, another) = ([1; 32], [2; 32]);
        let points = [
            challenge(&hash, &domain, &[one]),
            challenge(&another, &domain, &[one]),
            challenge(&hash, &other, &[one]),
            challenge(&hash, &domain, &[two]),
            challenge(&hash, &domain, &[one, two]),
            challenge(&hash, &domain, &[two, one]),
        ];
        for (i, point) in points.iter().enumerate() {
            assert!(!points[..i].contains(point), "{i}");
        }
    }

    #[test]
    fn a_commitment_depends_on_words_order_and_number() {
        let words = words(16);
        let mut swapped = words.clone();
        swapped.swap(3, 4);
        let longer = [&words[..], &[Word::default()]].concat();
        let public = super::super::public_data::commitment(
            &words.iter().map(|word| Fr::from(*word)).collect::<Vec<_>>(),
        );
        let all = [
            commitment(&words),
            commitment(&swapped),
            commitment(&longer),
            commitment(&words[..15]),
            public,
        ];
        for (i, commitment) in all.iter().enumerate() {
            assert!(!all[..i].contains(commitment), "{i}");
        }
    }

    #[test]
    fn scalars_are_split_and_joined_and_nothing_else_is_joined() {
        let minus_one = -BlobScalar::ONE;
        let low = BlobScalar::from(u128::MAX);
        for x in [BlobScalar::ZERO, low, low + BlobScalar::ONE, minus_one] {
            assert_eq!(join(split(x)), Ok(x));
        }
        let [low, high] = split(minus_one);
        let got = BlobScalar::MODULUS;
        assert_eq!(
            join([low + Fr::ONE, high]),
            Err(ScalarError::NotBelowModulus { got })
        );
        for (words, half, bits) in [
            ([Fr::from(u128::MAX) + Fr::ONE, high], "low", 128),
            ([low, Fr::from(1u128 << 127)], "high", 127),
        ] {
            let got = words[usize::from(half == "high")].into_bigint();
            assert_eq!(join(words), Err(ScalarError::Half { half, bits, got }));
        }
    }
}
