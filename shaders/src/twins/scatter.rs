//! Twin of `wgsl/scatter.wgsl`.

use super::digits::NONE;
use crate::params::ScatterParams;

/// Entries to their places in bucket order: (bucket, scalar << 1 | sign).
pub fn scatter(params: &ScatterParams, digit_list: &[u32], offsets: &[u32], sorted: &mut [u32]) {
    for i in 0..params.count {
        for w in 0..params.windows {
            let entry = &digit_list[2 * (w * params.stride + i) as usize..][..2];
            let bucket = entry[0] & NONE;
            if bucket != NONE {
                let place = (offsets[bucket as usize] + entry[1]) as usize;
                sorted[2 * place..2 * place + 2]
                    .copy_from_slice(&[bucket, i << 1 | entry[0] >> 31]);
            }
        }
    }
}
