//! Twin of `wgsl/multiply.wgsl`.

use ark_bn254::Fr;

use super::field;
use crate::Layout;
use crate::params::PointwiseParams;

/// Products of values, divided by R.
pub fn multiply(
    layout: Layout,
    params: &PointwiseParams,
    invocations: u32,
    values: &[u32],
    others: &[u32],
    products: &mut [u32],
) {
    let load = |words: &[u32], i: usize| -> Fr { field::integer(&words[8 * i..8 * i + 8]) };
    for i in (params.base..params.count).take(invocations as usize) {
        let i = i as usize;
        let product = field::mont_mul(layout, load(values, i), load(others, i));
        products[8 * i..8 * i + 8].copy_from_slice(&field::words(product));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_its_part() {
        let words = |values: [u64; 4]| -> Vec<u32> {
            values
                .into_iter()
                .flat_map(|v| field::words(Fr::from(v)))
                .collect()
        };
        for layout in Layout::ALL {
            let mut products = words([9; 4]);
            let params = PointwiseParams { base: 1, count: 3 };
            let (values, others) = (words([1, 2, 3, 4]), words([5, 6, 7, 8]));
            multiply(layout, &params, 64, &values, &others, &mut products);
            let radix = field::radix::<Fr>(layout);
            let expected = [9, 12, 21, 9].map(Fr::from);
            for (i, words) in products.chunks(8).enumerate() {
                let scale = if (1..3).contains(&i) {
                    radix
                } else {
                    Fr::from(1)
                };
                assert_eq!(field::integer::<Fr>(words) * scale, expected[i], "{i}");
            }
        }
    }
}
