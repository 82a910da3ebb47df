//! BLAKE-512, the SHA-3 finalist, of short messages.
//!
//! EdDSA-Poseidon derives secret scalars with it (`docs/protocol.md` §2). It is not BLAKE2b: the
//! rounds, the constants and the padding differ.
//!
//! Source: Aumasson, Henzen, Meier, Phan, *SHA-3 proposal BLAKE* (version 1.3, 2010), section 2.2.
//! Written here because the one crate that has it gives wrong digests on processors without SSSE3.
//!
//! Not here: salts, and messages of more than one block.

/// Bytes of the longest message that fits one block beside the padding and the length.
pub const MAX_MESSAGE_BYTES: usize = 111;

/// The fractional parts of the square roots of the first eight primes, as in SHA-512.
const INITIAL: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// The leading digits of π's fractional part.
const PI: [u64; 16] = [
    0x243f_6a88_85a3_08d3,
    0x1319_8a2e_0370_7344,
    0xa409_3822_299f_31d0,
    0x082e_fa98_ec4e_6c89,
    0x4528_21e6_38d0_1377,
    0xbe54_66cf_34e9_0c6c,
    0xc0ac_29b7_c97c_50dd,
    0x3f84_d5b5_b547_0917,
    0x9216_d5d9_8979_fb1b,
    0xd131_0ba6_98df_b5ac,
    0x2ffd_72db_d01a_dfb7,
    0xb8e1_afed_6a26_7e96,
    0xba7c_9045_f12c_7f99,
    0x24a1_9947_b391_6cf7,
    0x0801_f2e2_858e_fc16,
    0x6369_20d8_7157_4e69,
];

/// σ_r, the order of message words in round r mod 10.
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

/// Rounds.
const ROUNDS: usize = 16;

/// The quarter-round's places in the 4×4 state: columns, then diagonals.
const QUARTERS: [[usize; 4]; 8] = [
    [0, 4, 8, 12],
    [1, 5, 9, 13],
    [2, 6, 10, 14],
    [3, 7, 11, 15],
    [0, 5, 10, 15],
    [1, 6, 11, 12],
    [2, 7, 8, 13],
    [3, 4, 9, 14],
];

/// The digest of a message.
///
/// # Panics
/// If the message is longer than [`MAX_MESSAGE_BYTES`].
pub fn digest(message: &[u8]) -> [u8; 64] {
    assert!(
        message.len() <= MAX_MESSAGE_BYTES,
        "the message fits one block"
    );
    let bits = 8 * message.len() as u64;
    let words = padded(message, bits);
    // With the message's length as the counter; a block without message bits would count zero,
    // and so does the empty message.
    let mut state = [0; 16];
    state[..8].copy_from_slice(&INITIAL);
    state[8..].copy_from_slice(&PI[..8]);
    state[12] ^= bits;
    state[13] ^= bits;
    for round in 0..ROUNDS {
        let sigma = &SIGMA[round % SIGMA.len()];
        for (places, order) in QUARTERS.iter().zip(sigma.chunks_exact(2)) {
            quarter_round(&mut state, places, [order[0], order[1]], &words);
        }
    }
    let mut digest = [0; 64];
    for (i, bytes) in digest.chunks_exact_mut(8).enumerate() {
        let word = INITIAL[i] ^ state[i] ^ state[i + 8];
        bytes.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

/// message | 1 | zeros | 1 | length in 128 bits, as big-endian words.
fn padded(message: &[u8], bits: u64) -> [u64; 16] {
    let mut block = [0; 128];
    block[..message.len()].copy_from_slice(message);
    block[message.len()] = 0x80;
    block[MAX_MESSAGE_BYTES] |= 0x01;
    block[120..].copy_from_slice(&bits.to_be_bytes());
    std::array::from_fn(|i| u64::from_be_bytes(std::array::from_fn(|j| block[8 * i + j])))
}

fn quarter_round(
    state: &mut [u64; 16],
    &[a, b, c, d]: &[usize; 4],
    [even, odd]: [usize; 2],
    words: &[u64; 16],
) {
    state[a] = state[a]
        .wrapping_add(state[b])
        .wrapping_add(words[even] ^ PI[odd]);
    state[d] = (state[d] ^ state[a]).rotate_right(32);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_right(25);
    state[a] = state[a]
        .wrapping_add(state[b])
        .wrapping_add(words[odd] ^ PI[even]);
    state[d] = (state[d] ^ state[a]).rotate_right(16);
    state[c] = state[c].wrapping_add(state[d]);
    state[b] = (state[b] ^ state[c]).rotate_right(11);
}

#[cfg(test)]
mod tests {
    use super::{MAX_MESSAGE_BYTES, digest};

    /// The submission's test vector of one block: a zero byte.
    #[test]
    fn the_known_answer_of_the_submission() {
        let expected = "97961587f6d970faba6d2478045de6d1fabd09b61ae50932054d52bc29d31be4\
                        ff9102b9f69e2bbdb83be13d4b9c06091e5fa0b48bd081b634058be0ec49beb3";
        assert_eq!(hex::encode(digest(&[0])), expected);
    }

    #[test]
    fn the_longest_message_differs_from_its_neighbours() {
        let message = [7; MAX_MESSAGE_BYTES];
        assert_ne!(digest(&message), digest(&message[1..]));
    }
}
