//! Transforms of fewer values than fill a block.

use ark_bn254::Fr;

use super::roots::powers;

/// `values[k] ← Σ_j values[j]·root^(jk)` for a power of two of values, of which `root` has the order.
///
/// Decimation in time: a permutation, then butterflies, ½·n·log₂ n multiplications.
pub(super) fn transform(values: &mut [Fr], root: Fr) {
    let n = values.len();
    if n < 2 {
        return;
    }
    let shift = usize::BITS - n.trailing_zeros();
    for i in 0..n {
        let place = i.reverse_bits() >> shift;
        if i < place {
            values.swap(i, place);
        }
    }
    let roots = powers(root, n / 2);
    let mut half = 1;
    while half < n {
        let stride = n / (2 * half);
        for block in values.chunks_exact_mut(2 * half) {
            let (low, high) = block.split_at_mut(half);
            let (u, v) = (low[0], high[0]);
            low[0] = u + v;
            high[0] = u - v;
            for i in 1..half {
                let (u, v) = (low[i], high[i] * roots[i * stride]);
                low[i] = u + v;
                high[i] = u - v;
            }
        }
        half *= 2;
    }
}

/// `values[i] ← values[i]·scale·base^i`.
pub(super) fn scale_by_powers(values: &mut [Fr], scale: Fr, base: Fr) {
    let mut power = scale;
    for value in values {
        *value *= power;
        power *= base;
    }
}
