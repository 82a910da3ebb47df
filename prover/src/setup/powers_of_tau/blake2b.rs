//! BLAKE2b-512 that goes on from a state in a file.
//!
//! A first phase's contribution holds the state of the hash of its response after all but the public key,
//! since the response itself is gone with the next contribution. The `blake2` crate takes no state, so
//! that this is the hash function once more; a test compares the two.
//!
//! Source: RFC 7693, section 3.

/// Bytes of a block.
pub(super) const BLOCK: usize = 128;

/// Section 2.6: the fractional parts of the square roots of the first eight primes.
const IV: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// Section 2.7: the order of the words in each round; rounds 10 and 11 are as 0 and 1.
const SIGMA: [[usize; 16]; 10] = [
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
    [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
    [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
    [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
    [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
    [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
    [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
    [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
    [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
];

/// The state after some bytes.
#[derive(Clone, Debug)]
pub(super) struct Blake2b {
    chain: [u64; 8],
    /// Bytes in the blocks that are in `chain`.
    compressed: u64,
    /// The bytes after them, at most a block: the last block is known only when no more bytes come.
    tail: Vec<u8>,
}

impl Blake2b {
    /// The state after `compressed` bytes, a multiple of [`BLOCK`], and the bytes of `tail`, at most a
    /// block.
    pub(super) fn resume(chain: [u64; 8], compressed: u64, tail: &[u8]) -> Self {
        debug_assert!(tail.len() <= BLOCK && compressed.is_multiple_of(BLOCK as u64));
        Self {
            chain,
            compressed,
            tail: tail.to_vec(),
        }
    }

    /// Appends bytes; fewer than 2⁶⁴ in all.
    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.tail.len() == BLOCK {
                self.compressed += BLOCK as u64;
                self.compress(false);
                self.tail.clear();
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.tail.len()));
            self.tail.extend_from_slice(now);
            bytes = later;
        }
    }

    /// The hash.
    pub(super) fn finalize(mut self) -> [u8; 64] {
        self.compressed += self.tail.len() as u64;
        self.compress(true);
        let mut hash = [0; 64];
        for (bytes, word) in hash.chunks_exact_mut(8).zip(self.chain) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        hash
    }

    /// Section 3.2: F, for the block in `tail`, filled up with zeros.
    fn compress(&mut self, is_last: bool) {
        self.tail.resize(BLOCK, 0);
        let (chunks, _) = self.tail.as_chunks::<8>();
        let words: [u64; 16] = std::array::from_fn(|i| u64::from_le_bytes(chunks[i]));
        let mut v = [0; 16];
        v[..8].copy_from_slice(&self.chain);
        v[8..].copy_from_slice(&IV);
        v[12] ^= self.compressed;
        if is_last {
            v[14] = !v[14];
        }
        for round in 0..12 {
            let order = &SIGMA[round % 10];
            for i in 0..4 {
                let [x, y] = [words[order[2 * i]], words[order[2 * i + 1]]];
                mix(&mut v, [i, i + 4, i + 8, i + 12], x, y);
            }
            for i in 0..4 {
                let [x, y] = [words[order[2 * i + 8]], words[order[2 * i + 9]]];
                let diagonal = [i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4];
                mix(&mut v, diagonal, x, y);
            }
        }
        for (i, word) in self.chain.iter_mut().enumerate() {
            *word ^= v[i] ^ v[i + 8];
        }
    }
}

/// Section 3.1: G.
fn mix(v: &mut [u64; 16], [a, b, c, d]: [usize; 4], x: u64, y: u64) {
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(x);
    v[d] = (v[d] ^ v[a]).rotate_right(32);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(24);
    v[a] = v[a].wrapping_add(v[b]).wrapping_add(y);
    v[d] = (v[d] ^ v[a]).rotate_right(16);
    v[c] = v[c].wrapping_add(v[d]);
    v[b] = (v[b] ^ v[c]).rotate_right(63);
}

#[cfg(test)]
mod tests {
    use super::*;
    use blake2::{Blake2b512, Digest};

    /// The state before any byte: section 3.3, no key and 64 bytes of hash.
    fn start() -> Blake2b {
        let mut chain = IV;
        chain[0] ^= 0x0101_0000 ^ 64;
        Blake2b::resume(chain, 0, &[])
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len).map(|i| ((i * i) >> 3) as u8).collect()
    }

    /// Around the ends of the first blocks, where a block is the last one or is not.
    #[test]
    fn hashes_are_those_of_the_blake2_crate() {
        for len in (0..5).chain(124..133).chain(252..261).chain([1000, 4096]) {
            let bytes = bytes(len);
            let mut hasher = start();
            hasher.update(&bytes);
            let expected: [u8; 64] = Blake2b512::digest(&bytes).into();
            assert_eq!(hasher.finalize(), expected, "{len} bytes");
        }
    }

    #[test]
    fn a_state_can_be_taken_up_anywhere() {
        let bytes = bytes(600);
        let expected: [u8; 64] = Blake2b512::digest(&bytes).into();
        for cut in 0..=bytes.len() {
            let mut first = start();
            first.update(&bytes[..cut]);
            let Blake2b {
                chain,
                compressed,
                tail,
            } = &first;
            let mut second = Blake2b::resume(*chain, *compressed, tail);
            for piece in bytes[cut..].chunks(37) {
                second.update(piece);
            }
            assert_eq!(second.finalize(), expected, "cut at {cut}");
        }
    }
}
