//! Twin of `wgsl/scale_powers.wgsl`.

use ark_bn254::Fr;

use super::field;
use crate::Layout;
use crate::params::ScalePowersParams;

/// Multiplies value i by power i of a two-level table.
pub fn scale_powers(
    layout: Layout,
    params: &ScalePowersParams,
    invocations: u32,
    values: &mut [u32],
    low_powers: &[u32],
    high_powers: &[u32],
) {
    let load = |words: &[u32], i: usize| -> Fr { field::integer(&words[8 * i..8 * i + 8]) };
    for i in (params.base..params.count).take(invocations as usize) {
        let i = i as usize;
        let low = load(low_powers, i & ((1 << params.log_low) - 1));
        let power = field::mont_mul(layout, low, load(high_powers, i >> params.log_low));
        let value = field::mont_mul(layout, load(values, i), power);
        values[8 * i..8 * i + 8].copy_from_slice(&field::words(value));
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::Field;

    use super::*;

    #[test]
    fn scales_its_part() {
        let layout = Layout::Limbs9x29;
        let radix = field::radix::<Fr>(layout);
        let base = Fr::from(7u64);
        let powers = |base: Fr, count: u64| -> Vec<u32> {
            (0..count)
                .flat_map(|i| field::words(radix * base.pow([i])))
                .collect()
        };
        let (low, high) = (powers(base, 4), powers(base.pow([4]), 3));
        let mut values: Vec<u32> = (1..=11).flat_map(|i| field::words(Fr::from(i))).collect();
        let params = ScalePowersParams {
            base: 2,
            count: 10,
            log_low: 2,
        };
        scale_powers(layout, &params, 64, &mut values, &low, &high);
        for (i, words) in values.chunks(8).enumerate() {
            let power = if (2..10).contains(&i) { i as u64 } else { 0 };
            let expected = Fr::from(i as u64 + 1) * base.pow([power]);
            assert_eq!(field::integer::<Fr>(words), expected, "{i}");
        }
    }
}
