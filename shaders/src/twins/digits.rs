//! Twin of `wgsl/digits.wgsl`.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};

use super::field;
use crate::params::DigitsParams;

/// The bucket of digit zero.
pub const NONE: u32 = 0x7fff_ffff;

/// Bits `start..start + len` of a little-endian integer.
fn bits(words: &[u32; 8], start: u32, len: u32) -> u32 {
    (0..len).fold(0, |value, i| {
        let at = start + i;
        let bit = words
            .get(at as usize / 32)
            .map_or(0, |word| word >> (at % 32) & 1);
        value | bit << i
    })
}

/// Signed digits of scalars in arkworks' form. Ranks follow the order of the scalars, window by window
/// inside a scalar; a device may give others.
pub fn digits(params: &DigitsParams, scalars: &[u32], counts: &mut [u32], digit_list: &mut [u32]) {
    let half = 1i64 << (params.window_bits - 1);
    for i in 0..params.count {
        let k: Fr =
            field::integer::<Fr>(&scalars[8 * i as usize..][..8]) / field::power_of_two::<Fr>(256);
        let flip = (-k).into_bigint() < k.into_bigint() && !ark_ff::Zero::is_zero(&k);
        let mut x = if flip { -k } else { k }.into_bigint();
        let offset = [params.offset_low, params.offset_high].concat();
        let limbs: Vec<u64> = offset
            .chunks(2)
            .map(|pair| u64::from(pair[0]) | u64::from(pair[1]) << 32)
            .collect();
        let overflow = x.add_with_carry(&ark_ff::BigInt::new([
            limbs[0], limbs[1], limbs[2], limbs[3],
        ]));
        assert!(!overflow, "expected digits' offset to leave room for r/2");
        let words: [u32; 8] = std::array::from_fn(|j| (x.0[j / 2] >> (32 * (j % 2))) as u32);
        for w in 0..params.windows {
            let mut d = i64::from(bits(&words, w * params.window_bits, params.window_bits));
            if w + 1 < params.windows {
                d -= half;
            }
            let entry = &mut digit_list[2 * (w * params.stride + i) as usize..][..2];
            if d == 0 {
                entry.copy_from_slice(&[NONE, 0]);
                continue;
            }
            let bucket = w * half as u32 + d.unsigned_abs() as u32 - 1;
            let sign = u32::from((d < 0) != flip);
            let count = &mut counts[bucket as usize];
            entry.copy_from_slice(&[bucket | sign << 31, *count]);
            *count += 1;
        }
    }
}
