//! Many multiples of one point.
//!
//! A scalar is cut into w-bit digits, `k = Σ_j d_j·2^(wj)`, and a table holds every `d·2^(wj)·g`, so
//! that k·g is a sum of one table entry per digit. The sums of a whole chunk of scalars advance
//! together, digit by digit from the lowest, in affine coordinates: the divisions of one digit are
//! done with a single inversion (Montgomery's trick).
//!
//! **No exceptional cases.** Before digit j is added, a sum is m·g with `m < 2^(wj)`; the entry is
//! `d·2^(wj)·g` with d ≥ 1. Then `m ≠ d·2^(wj)` and `0 < m + d·2^(wj) ≤ k < r`, so the two points
//! are neither equal nor opposite, and only the sum that is still empty needs a branch.
//!
//! Cost: ⌈254/w⌉ additions a scalar, each 5 multiplications and 1 squaring in the coordinate field
//! (the mixed addition of Jacobian coordinates takes 7 and 4, and a normalisation at the end).
//! Digits 0 and scalars 0 cost nothing. Not constant-time.

use ark_bn254::Fr;
use ark_ec::AffineRepr;
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ff::{Field, One, PrimeField, serial_batch_inversion_and_mul};

use crate::parallel;

/// Scalars that share an inversion: enough that an inversion of a few hundred multiplications is a
/// small part of 1024 additions of six. Chosen by that count; other sizes were not measured.
const CHUNK: usize = 1 << 10;

/// Table of the multiples of a group's generator.
pub(crate) struct FixedBase<P: SWCurveConfig<ScalarField = Fr>> {
    window: usize,
    /// `table[j][d] = d·2^(window·j)·g`.
    table: Vec<Vec<Affine<P>>>,
}

impl<P: SWCurveConfig<ScalarField = Fr>> FixedBase<P> {
    /// The table that suits this number of scalars.
    pub fn new(num_scalars: usize) -> Self {
        let generator = Projective::from(P::GENERATOR);
        let BatchMulPreprocessing { window, table, .. } =
            BatchMulPreprocessing::new(generator, num_scalars);
        Self { window, table }
    }

    /// `[scalars[i]·g]`.
    pub fn multiply(&self, scalars: &[Fr]) -> Vec<Affine<P>> {
        let mut products = vec![Affine::zero(); scalars.len()];
        parallel::for_each_chunk_mut(&mut products, CHUNK, |k, products| {
            let start = k * CHUNK;
            self.multiply_chunk(&scalars[start..start + products.len()], products);
        });
        products
    }

    /// Adds the multiples of one chunk to `sums`, which hold infinity.
    fn multiply_chunk(&self, scalars: &[Fr], sums: &mut [Affine<P>]) {
        let scalars: Vec<[u64; 4]> = scalars
            .iter()
            .map(|scalar| scalar.into_bigint().0)
            .collect();
        let mut pending = Vec::with_capacity(sums.len());
        let mut inverses = Vec::with_capacity(sums.len());
        for (j, multiples) in self.table.iter().enumerate() {
            pending.clear();
            inverses.clear();
            for (i, scalar) in scalars.iter().enumerate() {
                let entry = match digit(scalar, j * self.window, self.window) {
                    0 => continue,
                    digit => multiples[digit],
                };
                if sums[i].is_zero() {
                    sums[i] = entry;
                } else {
                    pending.push((i, entry));
                    inverses.push(entry.x - sums[i].x);
                }
            }
            serial_batch_inversion_and_mul(&mut inverses, &P::BaseField::one());
            for ((i, entry), inverse) in pending.iter().zip(&inverses) {
                let sum = sums[*i];
                let slope = (entry.y - sum.y) * inverse;
                let x = slope.square() - sum.x - entry.x;
                let y = slope * (sum.x - x) - sum.y;
                sums[*i] = Affine::new_unchecked(x, y);
            }
        }
    }
}

/// Bits `start..start + width` of a scalar; `width` is below 64, bits beyond the top are 0.
fn digit(scalar: &[u64; 4], start: usize, width: usize) -> usize {
    let (limb, shift) = (start / 64, start % 64);
    let low = scalar.get(limb).map_or(0, |limb| limb >> shift);
    let high = if shift + width > 64 {
        scalar.get(limb + 1).map_or(0, |limb| limb << (64 - shift))
    } else {
        0
    };
    ((low | high) & ((1 << width) - 1)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;
    use ark_ff::UniformRand;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn check<P: SWCurveConfig<ScalarField = Fr>>(scalars: &[Fr], table_for: usize) {
        let expected: Vec<_> = scalars
            .iter()
            .map(|k| (Projective::from(P::GENERATOR) * k).into_affine())
            .collect();
        assert_eq!(
            FixedBase::<P>::new(table_for).multiply(scalars),
            expected,
            "{table_for}"
        );
    }

    #[test]
    fn agrees_with_single_multiplications() {
        let rng = &mut StdRng::seed_from_u64(10);
        let mut scalars = [0u64, 5, 0, 0, 1, 0, 8, 9].map(Fr::from).to_vec();
        scalars.extend([-Fr::one(), -Fr::from(2u64)]);
        scalars.extend((0..254).map(|bit| Fr::from(2u64).pow([bit])));
        scalars.extend((0..CHUNK).map(|_| Fr::rand(rng)));
        // Windows of 3, 6 and 11 bits.
        for table_for in [0, 1 << 9, 1 << 16] {
            check::<ark_bn254::g1::Config>(&scalars, table_for);
        }
        check::<ark_bn254::g2::Config>(&scalars[..300], 1 << 9);
        check::<ark_bn254::g1::Config>(&[], 0);
    }

    #[test]
    fn digits_put_together_are_the_scalar() {
        let scalar = [
            u64::MAX,
            0x0123_4567_89ab_cdef,
            1 << 63,
            0x3000_0000_0000_0001,
        ];
        for width in [1, 3, 13, 14] {
            for bit in 0..256 {
                let digit = digit(&scalar, bit / width * width, width);
                let expected = scalar[bit / 64] >> (bit % 64) & 1;
                assert_eq!(
                    (digit >> (bit % width)) as u64 & 1,
                    expected,
                    "{width} {bit}"
                );
            }
        }
        assert_eq!(digit(&scalar, 256, 13), 0);
    }
}
