//! Twin of `wgsl/probe.wgsl`.

use ark_bn254::Fq;

use super::field;
use crate::Layout;
use crate::params::ProbeParams;

/// A chain of multiplications, x ← x·y/R, of the integers in `values`.
pub fn probe(layout: Layout, params: &ProbeParams, values: &mut [u32]) {
    for words in values.chunks_mut(8).take(params.count as usize) {
        let y: Fq = field::integer(words);
        let x = (0..params.rounds).fold(y, |x, _| field::mont_mul(layout, x, y));
        words.copy_from_slice(&field::words(x));
    }
}
