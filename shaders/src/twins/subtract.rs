//! Twin of `wgsl/subtract.wgsl`.

use ark_bn254::Fr;

use super::field;
use crate::params::PointwiseParams;

/// Differences of values.
pub fn subtract(params: &PointwiseParams, invocations: u32, values: &mut [u32], others: &[u32]) {
    for i in (params.base..params.count).take(invocations as usize) {
        let i = 8 * i as usize..8 * i as usize + 8;
        let difference =
            field::integer::<Fr>(&values[i.clone()]) - field::integer::<Fr>(&others[i.clone()]);
        values[i].copy_from_slice(&field::words(difference));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtracts_its_part() {
        let words = |values: [u64; 4]| -> Vec<u32> {
            values
                .into_iter()
                .flat_map(|v| field::words(Fr::from(v)))
                .collect()
        };
        let mut values = words([1, 2, 3, 4]);
        let params = PointwiseParams { base: 1, count: 3 };
        subtract(&params, 64, &mut values, &words([5, 6, 1, 8]));
        let expected = [Fr::from(1), -Fr::from(4), Fr::from(2), Fr::from(4)];
        for (words, expected) in values.chunks(8).zip(expected) {
            assert_eq!(field::integer::<Fr>(words), expected);
        }
    }
}
