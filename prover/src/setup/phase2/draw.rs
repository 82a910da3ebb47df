//! Field elements and points drawn from 32 bytes, bit for bit as snarkjs draws them.
//!
//! The stream is ChaCha20 with the 32 bytes as key, read as eight *big-endian* words, nonce and counter
//! from zero. From its 32-bit words w₀, w₁, …:
//!
//! * an element of Fr or Fq takes eight words: 64-bit limbs, least significant first, each of them with
//!   its high word first; the two top bits are cleared, values of the modulus or more are thrown away,
//!   and what is left is the element's *Montgomery* representative (R = 2²⁵⁶);
//! * a point takes x (in Fq2: c₀, then c₁) and a word whose lowest bit asks for the greater of the two y;
//!   an x without y is thrown away together with that bit. "Greater" compares canonical values, in Fq2
//!   c₁ first, which is arkworks' order;
//! * a point of the twist is then multiplied by the cofactor 2q − r.
//!
//! A drawn limb is below the modulus three times out of four and an x has a y every other time, so that
//! a draw takes fewer than four rounds on average and none of the loops can be made long by whoever
//! chooses the seed, short of inverting a hash.
//!
//! Nothing here is secret in this program: a beacon's stream is public and a person's secret comes from
//! elsewhere (`entropy`).

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, Fp, MontBackend, MontConfig};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of words and what is drawn from it.
pub(in crate::setup) struct Stream(ChaCha20Rng);

impl Stream {
    /// The stream of a seed.
    pub(in crate::setup) fn new(seed: &[u8; 32]) -> Self {
        // ChaCha20 reads its key as little-endian words.
        let mut key = *seed;
        for word in key.chunks_exact_mut(4) {
            word.reverse();
        }
        Self(ChaCha20Rng::from_seed(key))
    }

    fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    fn limb(&mut self) -> u64 {
        let high = u64::from(self.word());
        high << 32 | u64::from(self.word())
    }

    fn bit(&mut self) -> bool {
        self.word() & 1 == 1
    }

    /// An element of a field of 254 bits.
    fn element<C: MontConfig<4>>(&mut self) -> Fp<MontBackend<C, 4>, 4> {
        loop {
            let mut limbs = [(); 4].map(|()| self.limb());
            limbs[3] &= u64::MAX >> 2;
            let representative = BigInt::new(limbs);
            if representative < C::MODULUS {
                return Fp::new_unchecked(representative);
            }
        }
    }

    /// A scalar.
    pub(in crate::setup) fn fr(&mut self) -> Fr {
        self.element()
    }

    fn fq(&mut self) -> Fq {
        self.element()
    }

    /// A point of G1, of which nobody knows the logarithm.
    pub(in crate::setup) fn g1(&mut self) -> G1Affine {
        loop {
            let x = self.fq();
            let greater = self.bit();
            if let Some(point) = G1Affine::get_point_from_x_unchecked(x, greater) {
                return point;
            }
        }
    }

    /// A point of G2, of which nobody knows the logarithm.
    fn g2(&mut self) -> G2Affine {
        loop {
            let c0 = self.fq();
            let x = Fq2::new(c0, self.fq());
            let greater = self.bit();
            if let Some(point) = G2Affine::get_point_from_x_unchecked(x, greater) {
                return point.mul_by_cofactor();
            }
        }
    }
}

/// The point r of G2 that belongs to a transcript hash: drawn from the hash's first 32 bytes.
pub(in crate::setup) fn hash_to_g2(hash: &[u8; 64]) -> G2Affine {
    let mut seed = [0u8; 32];
    seed.copy_from_slice(&hash[..32]);
    Stream::new(&seed).g2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::phase2::transcript::{g1_to_be_bytes, g2_to_be_bytes};
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../tests/vectors/phase2.json")).unwrap()
    }

    fn bytes<const N: usize>(value: &Value) -> [u8; N] {
        let bytes = hex::decode(value.as_str().unwrap()).unwrap();
        bytes.try_into().unwrap()
    }

    /// Draws as many values as the vector's list has, from the start of the stream.
    fn check<T>(vector: &Value, list: &str, mut draw: impl FnMut(&mut Stream) -> T)
    where
        Value: From<T>,
    {
        let mut stream = Stream::new(&bytes(&vector["seed"]));
        let expected = vector[list].as_array().unwrap();
        assert!(!expected.is_empty(), "{list}");
        for (i, expected) in expected.iter().enumerate() {
            assert_eq!(&Value::from(draw(&mut stream)), expected, "{list} {i}");
        }
    }

    #[test]
    fn words_limbs_and_bits_are_those_of_snarkjs() {
        for vector in vectors()["streams"].as_array().unwrap() {
            check(vector, "u32", Stream::word);
            check(vector, "u64", |stream| stream.limb().to_string());
            check(vector, "bool", Stream::bit);
        }
    }

    #[test]
    fn elements_and_points_are_those_of_snarkjs() {
        for vector in vectors()["streams"].as_array().unwrap() {
            check(vector, "fr", |stream| stream.fr().to_string());
            check(vector, "fq", |stream| stream.fq().to_string());
            check(vector, "g1", |stream| {
                hex::encode(g1_to_be_bytes(&stream.g1()))
            });
            check(vector, "g2", |stream| {
                hex::encode(g2_to_be_bytes(&stream.g2()))
            });
        }
    }

    #[test]
    fn hashes_to_g2_are_those_of_snarkjs() {
        for vector in vectors()["hash_to_g2"].as_array().unwrap() {
            let point = hash_to_g2(&bytes(&vector["hash"]));
            assert_eq!(g2_to_be_bytes(&point), bytes(&vector["point"]));
            assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
        }
    }

    /// The vectors must reach the rounds that throw values away.
    #[test]
    fn the_vectors_throw_values_away() {
        for vector in vectors()["streams"].as_array().unwrap() {
            let mut stream = Stream::new(&bytes(&vector["seed"]));
            let count = vector["fr"].as_array().unwrap().len();
            for _ in 0..count {
                stream.fr();
            }
            assert!(stream.0.get_word_pos() > 8 * count as u128);
        }
    }
}
