//! Twin of `wgsl/scan_add.wgsl`.

use crate::SCAN_BLOCK;
use crate::params::ScanAddParams;

/// Adds to each block's offsets what comes before the block.
pub fn scan_add(params: &ScanAddParams, offsets: &mut [u32], block_offsets: &[u32]) {
    for (i, offset) in offsets[..params.count as usize].iter_mut().enumerate() {
        *offset += block_offsets[i / SCAN_BLOCK as usize];
    }
}
