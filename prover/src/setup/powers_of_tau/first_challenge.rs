//! The first challenge of a first phase.
//!
//! `c_0 = H(H(nothing) ‖ lists of generators)`, H BLAKE2b-512: for power p and n = 2^p, 2n − 1 times the
//! generator of G1, n times that of G2, 2n times that of G1 and once that of G2, uncompressed. The last one
//! is a hash of 100 GB, so that they are listed here.

use crate::formats::ptau::MAX_CEREMONY_POWER;

/// The first challenge of a ceremony of this power, 1 to [`MAX_CEREMONY_POWER`].
pub(super) const fn first_challenge(power: u32) -> [u8; 64] {
    FIRST_CHALLENGES[power as usize - 1]
}

/// For the powers 1, 2, …
const FIRST_CHALLENGES: [[u8; 64]; MAX_CEREMONY_POWER as usize] = [
    bytes(b"e809c07e01ec4d01624089c1f4009ec9ba62964e9056113d2fa6f3bfdf29ff2cc4ebcda749cd53327598cb0caac7dbe3b50cda3f75c64f87845ce6345fd964e4"),
    bytes(b"cbe18de1dbb2c768cc2516accddf9c75fd5e082e6e57a6a1e3d10371ec9584c23d094a5ff2db25f5aa7ca42ba1391d1b28ab3218984c9766ae496c8781457b52"),
    bytes(b"45f580c564b26059f533418e8c0cbdbcdd73543f221bfa741c1a5eeb71b0c2cd4ab44f2f0600f3d7ba93203f9b04e2de3f325a88d0cdfcd902b08b85e071a471"),
    bytes(b"2054432085403180e1678602c83562f1f4ddefafb4b9e7171b53070455a4cc6db11b2e5bfe5e89c0cb9ab4a7b3b9fd5a17bad62ad5ba013c34e7dd2fbb4f143b"),
    bytes(b"29bb480744aa1a5b6ca7de75bc5dca1f6881eefd874eb1e7c2701ade16bb1cb2af840ad29c60a7a9784ec4485ba2edfb5e92acab96484572b45c7e70002ee51c"),
    bytes(b"b2109ce5808995fbcd80712eabdbf6f5068841065d329308437e684d41496f8c431b9faf854c487694c3dcac03613078ba00c055795c5a49a96f5ad0a9065bc8"),
    bytes(b"e71f759938e4ffde9f94d238a3f25fc55b42aacb4bc330b822e49dff524b5420d6181c6c1b8dbdacf84f2556ce5c3f608db0fe473101bf071358089a4346485f"),
    bytes(b"219cd1f3eab9d2a70ebec1e89ce41ade8d761eb39fd6702acda5776283026ac881746beac81c214b887e9102e84c8341824fd983f4e7df844d150ddf5fd2fe48"),
    bytes(b"0d8118d8d038768c26c9439251627e2a19293bf0f18cf95c7642d2f8d736e739668138aaf900709eedb1b0502a7577abe16644ee80313b09a7f05c621980083f"),
    bytes(b"95f0b4499e50f8da383b0d74c174c1698bdffe1b35066754005889a147849bbf8d64ff6c989bd89a4736b569a99a1c83a50dc181e9fe1d4d23d1888a98b3157e"),
    bytes(b"e778ddf57120714d0a7a884113aac0db0c37dee0d580dcb4b3794fe5b2b68875c32f02759a860990bec44cbd38a86feaabea62ea9a0b682b3c076003c80042fd"),
    bytes(b"9e63a5f62b96538daaed2372481920d1a40b91959ea38ef9f5f6a3033b8865160710d067c09d09615f928ea517bcdf49ad75abd2c8340b400e3b18e968b4ffef"),
    bytes(b"b149df2329d37dee14a2a9c9ddcd0eb8e1fb6a5af5dcbdd4f46a10e0176dac306257919995193c2cb067c4677138f506341dc2d3279dc0204fcc2e9d14390581"),
    bytes(b"bc0bde7980381fa642b2097591dd83f1ed15b003e15c35520af32c95eb5191492a6f3175215635cfc10e6098e2c612d0ca84f1a9f90b5333560c8af59b9209f4"),
    bytes(b"eca6f514b89180fcfc6bf9f881a5670c45419054f1f6fec93628d6d1bf995fbf677d427cd40a7c05ebb14fe5ee96aff2b4994dc0e2904852b408a9e7fe36a02e"),
    bytes(b"e27d7e51abd16bb3c46609c75e963b5fdbe25b00c0b93a4c528b569ad4b50fdad9926ff2781f4baefac213db214f30afe681f7be5c1f973cc567c817e871f958"),
    bytes(b"d27bebee8c0abf5066dd8742fa7de8c454bea04a8afad209d51f58ec16bcea9e02b2774d6d408b4a71af1986203a7ed7d9d2d6d5fb7c5318b8d58183a15b9706"),
    bytes(b"c3f903071060d9282ea4d31ef85d9dbd05f865dedb78cb138f740796091ffcd5d61ca255535fffd7df21669f04534057a3985a51f0de7909ed950d699f0e57bd"),
    bytes(b"960060531a46ce7980c117badf032684e3adc78866b7bf7b26b34cb1165df31d8ffdf7de6dd3e902839afe451da673adcea5259fd968b7135b867bad2760ceb2"),
    bytes(b"3393605118d83c21a2a1763bec8ebf7a6076c7546b4bbf01e35e71faad0214cf18fa19b6053dfd1102454d05754b1b21873da78e0d5d66be1f74169de3963011"),
    bytes(b"d27e24afa6f9d22893b893924ab301023e558340a2f0fe360497061d7f91a659d6bcd23467668ad92f65fb2998da8690014a8341cc795253cec84fb87fe195b8"),
    bytes(b"5b4d52085c949b60ab5060c93196dc51b2dc629c4dcfc5d1fdb9466e3c6c052bd1f9bada6ee24a60c0474017b7c08f51fce83c75845fb489547aa9453e256cf6"),
    bytes(b"da01c213149ff5065924f3ade76df2ec6ae7bb941ab4ffe25e3e2d1ae9f0474faebb201bddef89d841692d71e10f3f7a3d0ffe5ce2b6162d8b692b95c28b4039"),
    bytes(b"adc423b1cd43ea5a40601c30364febdcdf4796f0ffc56c01e1f64019146e60f9c9b68c75f1e36e275c336acbee5632f69569c9f2267dfda4ad59dcb15b8f3e84"),
    bytes(b"661de6f41b1150ac7448085558e5ecdaae345272e662da9851b0ff3816901a2b2141722a38a35a314b41a53abba15f7198f30c57891111864081aa38d3012a5b"),
    bytes(b"5140c98bda53f8c1fc3a25d574c409d5de41561b585b4224ab5ed369a98f2e41389c39c83b47470701e52261fa199918666181be3855d33e2ef19377365b038b"),
    bytes(b"36bcd31f9d5ed309ded4a17ee8279e34eceec40b56be88e2fb604aebe2c714bafbf99218e7269f20ec3392bab9d45f5198b826c94bd3d3c2d780f46dfd65be67"),
    bytes(b"93da91920d5a54a8a0fde55cd9dc3a10c4f3eef768b62c0948741370864254b4c1920f3f29d4ebc0ef3acecf2e2db63a755713d77e1ed77347a56fbc317c7a93"),
];

/// Bytes from hexadecimal digits.
const fn bytes(digits: &[u8; 128]) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut i = 0;
    while i < 128 {
        let digit = match digits[i] {
            digit @ b'0'..=b'9' => digit - b'0',
            digit @ b'a'..=b'f' => digit - b'a' + 10,
            _ => panic!("expected a hexadecimal digit"),
        };
        bytes[i / 2] = bytes[i / 2] << 4 | digit;
        i += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::super::phase2::{g1_to_be_bytes, g2_to_be_bytes};
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::AffineRepr;
    use blake2::{Blake2b512, Digest};

    fn computed(power: u32) -> [u8; 64] {
        let mut hasher = Blake2b512::new_with_prefix(Blake2b512::digest([]));
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        let mut repeat = |point: &[u8], times: usize| {
            let block = point.repeat(times.min(1 << 12));
            let mut left = times * point.len();
            while left > 0 {
                let piece = left.min(block.len());
                hasher.update(&block[..piece]);
                left -= piece;
            }
        };
        let n = 1 << power;
        repeat(&g1_to_be_bytes(&g1), 2 * n - 1);
        repeat(&g2_to_be_bytes(&g2), n);
        repeat(&g1_to_be_bytes(&g1), 2 * n);
        repeat(&g2_to_be_bytes(&g2), 1);
        hasher.finalize().into()
    }

    #[test]
    fn the_small_ones_are_right() {
        for power in 1..=16 {
            assert_eq!(first_challenge(power), computed(power), "power {power}");
        }
    }

    #[test]
    #[ignore = "hashes 200 GB"]
    fn the_large_ones_are_right() {
        for power in 17..=MAX_CEREMONY_POWER {
            assert_eq!(first_challenge(power), computed(power), "power {power}");
        }
    }
}
