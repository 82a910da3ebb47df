//! Twin of `wgsl/scan_blocks.wgsl`.

use crate::SCAN_BLOCK;
use crate::params::ScanBlocksParams;

/// Exclusive prefix sums inside blocks, and the blocks' totals.
pub fn scan_blocks(
    params: &ScanBlocksParams,
    counts: &[u32],
    offsets: &mut [u32],
    totals: &mut [u32],
) {
    let count = params.count as usize;
    let blocks = counts[..count]
        .chunks(SCAN_BLOCK as usize)
        .zip(offsets[..count].chunks_mut(SCAN_BLOCK as usize));
    for ((counts, offsets), total) in blocks.zip(totals) {
        let mut sum = 0;
        for (count, offset) in counts.iter().zip(offsets) {
            *offset = sum;
            sum += count;
        }
        *total = sum;
    }
}
