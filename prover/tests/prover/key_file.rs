//! The key file: what is written is read back, and every change is noticed.
//!
//! The offsets here are those of the module's documentation, written down independently.

use std::fs;
use std::path::PathBuf;

use crate::common::{g1_off_curve, g2_out_of_subgroup, random_instance, square_instance};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::key_file::{
    KeyFileError, file_size, read, read_header, read_validated, read_verifying_key, write,
};
use zkroll_prover::{Fr, G1Affine, HBasis, KeyError, Provenance, ProvingKey, verifying_key_hash};

const HEADER: usize = 136;
const TABLES: usize = HEADER + 9 * 32;

struct Scratch {
    directory: tempfile::TempDir,
}

impl Scratch {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("circuit.key")
    }

    /// The bytes of the file for a key.
    fn bytes(&self, key: &ProvingKey) -> Vec<u8> {
        write(&self.path(), key).unwrap();
        fs::read(self.path()).unwrap()
    }

    fn read(&self, bytes: &[u8]) -> Result<ProvingKey, KeyFileError> {
        fs::write(self.path(), bytes).unwrap();
        read(&self.path(), None)
    }

    fn refusal(&self, bytes: &[u8]) -> KeyFileError {
        self.read(bytes).unwrap_err()
    }
}

fn key() -> ProvingKey {
    square_instance(7).key()
}

/// Offset, element size and element count of a section, from the table.
fn section(bytes: &[u8], index: usize) -> (usize, usize, usize) {
    let entry = &bytes[HEADER + 32 * index..][..32];
    let u64_at = |at: usize| u64::from_le_bytes(entry[at..at + 8].try_into().unwrap()) as usize;
    let size = u32::from_le_bytes(entry[4..8].try_into().unwrap()) as usize;
    (u64_at(16), size, u64_at(8))
}

/// Makes all hashes of a small file (one chunk a section) right again after a change.
fn rehash(bytes: &mut [u8]) {
    let mut chunk = 0;
    for index in 0..8 {
        let (offset, size, count) = section(bytes, index);
        if count != 0 {
            let hash = blake3::hash(&bytes[offset..offset + size * count]);
            bytes[TABLES + 32 * chunk..][..32].copy_from_slice(hash.as_bytes());
            chunk += 1;
        }
    }
    let mut hasher = blake3::Hasher::new();
    hasher
        .update(&bytes[..104])
        .update(&bytes[HEADER..TABLES + 32 * chunk]);
    let hash = hasher.finalize();
    bytes[104..136].copy_from_slice(hash.as_bytes());
}

#[test]
fn keys_round_trip() {
    let scratch = Scratch::new();
    let rng = &mut StdRng::seed_from_u64(9);
    for (num_public, num_constraints) in [(0, 0), (1, 1), (3, 40)] {
        let instance = random_instance(rng, num_public, num_constraints);
        let mut key = instance.key();
        for provenance in [Provenance::Development, Provenance::Unknown] {
            key.provenance = provenance;
            assert_round_trip(&scratch, &key);
        }
        assert_round_trip(&scratch, &instance.key_in(HBasis::OddCoset));
    }
}

fn assert_round_trip(scratch: &Scratch, key: &ProvingKey) {
    write(&scratch.path(), key).unwrap();
    assert_eq!(read(&scratch.path(), None).unwrap(), *key);
    assert_eq!(
        read(&scratch.path(), Some(&key.circuit_digest)).unwrap(),
        *key
    );
    assert_eq!(read_validated(&scratch.path(), None).unwrap(), *key);
}

#[test]
fn the_size_is_known_without_a_key() {
    let scratch = Scratch::new();
    let rng = &mut StdRng::seed_from_u64(10);
    for (num_public, num_constraints) in [(0, 0), (1, 1), (3, 40)] {
        let instance = random_instance(rng, num_public, num_constraints);
        for h_basis in [HBasis::Monomial, HBasis::OddCoset] {
            let bytes = scratch.bytes(&instance.key_in(h_basis));
            let size = file_size(&instance.r1cs, h_basis).unwrap();
            assert_eq!(size, bytes.len() as u64);
        }
    }
}

#[test]
fn the_verifying_key_is_read_alone() {
    let scratch = Scratch::new();
    let key = key();
    let mut bytes = scratch.bytes(&key);
    let (header, vk) = read_verifying_key(&scratch.path()).unwrap();
    assert_eq!(header, read_header(&scratch.path()).unwrap());
    assert_eq!(vk, key.vk);

    let (offset, ..) = section(&bytes, 3);
    bytes[offset] ^= 1;
    fs::write(scratch.path(), &bytes).unwrap();
    assert_eq!(read_verifying_key(&scratch.path()).unwrap().1, key.vk);

    let (offset, ..) = section(&bytes, 2);
    bytes[offset] ^= 1;
    fs::write(scratch.path(), &bytes).unwrap();
    let section = "gamma_abc_g1";
    assert!(matches!(
        read_verifying_key(&scratch.path()),
        Err(KeyFileError::ChunkHash { section: changed, chunk: 0 }) if changed == section
    ));
}

#[test]
fn a_refused_verifying_key_is_not_read_alone() {
    let scratch = Scratch::new();
    let mut key = key();
    key.vk.delta_g2 = key.vk.gamma_g2;
    write(&scratch.path(), &key).unwrap();
    assert!(matches!(
        read_verifying_key(&scratch.path()),
        Err(KeyFileError::Key(KeyError::DeltaEqualsGamma))
    ));
}

#[test]
fn lists_of_several_chunks_round_trip() {
    let scratch = Scratch::new();
    let mut key = key();
    // One point more than a chunk; the values do not matter, only that each is in its place.
    let multiples: Vec<G1Affine> = {
        use ark_ec::scalar_mul::ScalarMul;
        let scalars: Vec<Fr> = (0..65_537u64).map(Fr::from).collect();
        zkroll_prover::G1Projective::from(G1Affine::generator()).batch_mul(&scalars)
    };
    key.a_query = multiples.clone();
    key.b_g1_query = multiples.clone();
    key.b_g2_query = vec![key.vk.beta_g2; 65_537];
    key.l_query = multiples[2..].to_vec();
    key.h_query = multiples[..65_535].to_vec();
    write(&scratch.path(), &key).unwrap();
    assert_eq!(read(&scratch.path(), None).unwrap(), key);

    let mut bytes = fs::read(scratch.path()).unwrap();
    let (offset, size, count) = section(&bytes, 3);
    bytes[offset + size * count - 1] ^= 1;
    let error = scratch.refusal(&bytes);
    assert!(
        matches!(
            error,
            KeyFileError::ChunkHash {
                section: "a_query",
                chunk: 1
            }
        ),
        "{error}"
    );
}

#[test]
fn the_header_tells_what_the_key_is() {
    let scratch = Scratch::new();
    let key = key();
    let bytes = scratch.bytes(&key);
    let header = read_header(&scratch.path()).unwrap();
    assert_eq!(header.provenance, Provenance::Development);
    assert_eq!(header.circuit_digest, key.circuit_digest);
    assert_eq!(header.verifying_key_hash, verifying_key_hash(&key.vk));
    assert_eq!(
        (
            header.num_public_inputs,
            header.num_columns,
            header.domain_size
        ),
        (1, 3, 4)
    );
    assert_eq!(header.file_len, bytes.len() as u64);
    assert!(header.to_string().contains("UNSAFE"));
    assert_eq!(header.h_basis, HBasis::Monomial);

    let bytes = scratch.bytes(&square_instance(7).key_in(HBasis::OddCoset));
    let header = read_header(&scratch.path()).unwrap();
    assert_eq!(header.h_basis, HBasis::OddCoset);
    assert_eq!(header.domain_size, 4);
    assert_eq!((bytes[16], section(&bytes, 6).2), (2, 4));
    assert!(
        header
            .to_string()
            .contains("domain 4, basis of h_query odd coset")
    );
}

#[test]
fn other_bases_are_refused() {
    let scratch = Scratch::new();
    let bytes = scratch.bytes(&key());
    for tag in [0u32, 3, 4, u32::MAX] {
        let mut bytes = bytes.clone();
        bytes[16..20].copy_from_slice(&tag.to_le_bytes());
        rehash(&mut bytes);
        let error = scratch.refusal(&bytes);
        assert!(
            matches!(
                error,
                KeyFileError::HeaderField {
                    field: "basis of h_query",
                    got,
                    ..
                } if got == tag
            ),
            "{error}"
        );
    }
}

/// A list of one basis cannot pass for one of the other: their lengths differ.
#[test]
fn a_changed_basis_is_refused() {
    let scratch = Scratch::new();
    for (h_basis, tag, expected, got) in [(HBasis::Monomial, 2, 4, 3), (HBasis::OddCoset, 1, 7, 4)]
    {
        let mut bytes = scratch.bytes(&square_instance(7).key_in(h_basis));
        bytes[16] = tag;
        assert!(matches!(
            scratch.refusal(&bytes),
            KeyFileError::MetadataHash
        ));
        rehash(&mut bytes);
        let error = scratch.refusal(&bytes);
        let list = "h_query";
        let length = KeyError::QueryLength {
            list,
            expected,
            got,
        };
        assert!(
            matches!(&error, KeyFileError::Key(error) if *error == length),
            "{error}"
        );
    }
}

#[test]
fn sections_lie_where_the_documentation_says() {
    let scratch = Scratch::new();
    let key = key();
    let bytes = scratch.bytes(&key);
    assert!(
        bytes.starts_with(b"zkrollpk\x02\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x10\0\0\0\x09\0\0\0")
    );
    for index in 0..9 {
        assert_eq!(section(&bytes, index).0 % 64, 0, "section {index}");
    }
    // alpha_g1 is the first point of the first section, as arkworks holds it in memory.
    let (offset, _, _) = section(&bytes, 0);
    let limbs: Vec<u8> = key
        .vk
        .alpha_g1
        .x
        .0
        .0
        .iter()
        .flat_map(|limb| limb.to_le_bytes())
        .collect();
    assert_eq!(bytes[offset..offset + 32], limbs);
    // rehash() agrees with the writer, so the tests below that use it mean something.
    let mut again = bytes.clone();
    rehash(&mut again);
    assert_eq!(again, bytes);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let scratch = Scratch::new();
    let bytes = scratch.bytes(&key());
    for index in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[index] ^= 1 << (index % 8);
        scratch
            .read(&bytes)
            .expect_err("a flipped bit must be noticed");
    }
}

#[test]
fn flipped_bits_give_the_error_of_their_place() {
    let scratch = Scratch::new();
    let bytes = scratch.bytes(&key());
    let flipped = |index: usize| {
        let mut bytes = bytes.clone();
        bytes[index] ^= 2;
        scratch.refusal(&bytes)
    };
    assert!(matches!(flipped(0), KeyFileError::Magic));
    assert!(matches!(flipped(8), KeyFileError::Version { got: 0 }));
    assert!(matches!(
        flipped(12),
        KeyFileError::HeaderField {
            field: "curve",
            got: 3,
            ..
        }
    ));
    assert!(matches!(
        flipped(16),
        KeyFileError::HeaderField {
            field: "basis of h_query",
            ..
        }
    ));
    assert!(matches!(
        flipped(20),
        KeyFileError::HeaderField {
            field: "provenance",
            got: 3,
            ..
        }
    ));
    assert!(matches!(
        flipped(24),
        KeyFileError::HeaderField {
            field: "log of chunk size",
            ..
        }
    ));
    assert!(matches!(
        flipped(28),
        KeyFileError::HeaderField {
            field: "number of sections",
            ..
        }
    ));
    assert!(matches!(flipped(32), KeyFileError::FileLength { .. }));
    assert!(matches!(flipped(40), KeyFileError::MetadataHash));
    assert!(matches!(flipped(72), KeyFileError::MetadataHash));
    assert!(matches!(flipped(104), KeyFileError::MetadataHash));
    assert!(matches!(flipped(HEADER), KeyFileError::SectionTable { .. }));
    assert!(matches!(flipped(TABLES), KeyFileError::MetadataHash));
    for (index, name) in ["constants_g1", "constants_g2", "gamma_abc_g1", "a_query"]
        .iter()
        .enumerate()
    {
        let error = flipped(section(&bytes, index).0);
        assert!(
            matches!(error, KeyFileError::ChunkHash { section, chunk: 0 } if section == *name),
            "{error}"
        );
    }
    // The zero bytes between eight chunk hashes and the first section.
    let padding = TABLES + 8 * 32;
    assert!(padding < section(&bytes, 0).0);
    assert!(matches!(flipped(padding), KeyFileError::Padding));
}

/// An UNSAFE key cannot pass for another by clearing its flag alone.
#[test]
fn a_cleared_unsafe_flag_is_noticed() {
    let scratch = Scratch::new();
    let mut bytes = scratch.bytes(&key());
    assert_eq!(bytes[20], 1);
    bytes[20] = 0;
    assert!(matches!(
        scratch.refusal(&bytes),
        KeyFileError::MetadataHash
    ));
}

#[test]
fn truncated_and_extended_files_are_refused() {
    let scratch = Scratch::new();
    let bytes = scratch.bytes(&key());
    for len in 0..bytes.len() {
        let error = scratch.refusal(&bytes[..len]);
        if len < 8 {
            assert!(matches!(error, KeyFileError::Magic), "{len}: {error}");
        } else {
            let got = len as u64;
            assert!(
                matches!(error, KeyFileError::FileLength { got: g, .. } if g == got),
                "{len}: {error}"
            );
        }
    }
    let mut long = bytes;
    long.push(0);
    assert!(matches!(
        scratch.refusal(&long),
        KeyFileError::FileLength { .. }
    ));
}

#[test]
fn a_table_that_asks_for_more_than_the_file_is_refused_before_allocation() {
    let scratch = Scratch::new();
    let bytes = scratch.bytes(&key());
    for index in 0..8 {
        for count in [u64::MAX, 1 << 58, 1 << 40, 1 << 20, 0] {
            let mut bytes = bytes.clone();
            bytes[HEADER + 32 * index + 8..][..8].copy_from_slice(&count.to_le_bytes());
            let error = scratch.refusal(&bytes);
            assert!(
                matches!(error, KeyFileError::SectionTable { .. }),
                "{index} {count}: {error}"
            );
        }
    }
}

#[test]
fn a_key_for_another_circuit_is_refused() {
    let scratch = Scratch::new();
    let key = key();
    write(&scratch.path(), &key).unwrap();
    let error = read(&scratch.path(), Some(&[0xaa; 32])).unwrap_err();
    assert!(
        error.to_string().contains(&hex::encode([0xaa; 32])),
        "{error}"
    );
    assert!(
        error.to_string().contains(&hex::encode(key.circuit_digest)),
        "{error}"
    );
    assert!(matches!(error, KeyFileError::CircuitDigest { .. }));
}

#[test]
fn coordinates_of_the_modulus_or_more_are_refused() {
    let scratch = Scratch::new();
    let mut bytes = scratch.bytes(&key());
    let (offset, size, _) = section(&bytes, 6);
    let modulus: Vec<u8> = ark_bn254::Fq::MODULUS
        .0
        .iter()
        .flat_map(|limb| limb.to_le_bytes())
        .collect();
    bytes[offset + size..][..32].copy_from_slice(&modulus);
    rehash(&mut bytes);
    let error = scratch.refusal(&bytes);
    assert!(
        matches!(
            error,
            KeyFileError::Coordinate {
                section: "h_query",
                index: 1
            }
        ),
        "{error}"
    );
}

#[test]
fn a_verifying_key_other_than_the_header_says_is_refused() {
    let scratch = Scratch::new();
    let mut bytes = scratch.bytes(&key());
    bytes[72] ^= 1;
    rehash(&mut bytes);
    assert!(matches!(
        scratch.refusal(&bytes),
        KeyFileError::VerifyingKeyHash
    ));
}

#[test]
fn refused_keys_are_not_read() {
    let scratch = Scratch::new();
    let mut bad = key();
    bad.vk.delta_g2 = bad.vk.gamma_g2;
    write(&scratch.path(), &bad).unwrap();
    let error = read(&scratch.path(), None).unwrap_err();
    assert!(
        matches!(error, KeyFileError::Key(KeyError::DeltaEqualsGamma)),
        "{error}"
    );
}

#[test]
fn points_outside_their_groups_are_found_by_full_validation() {
    let scratch = Scratch::new();
    let mut bad = key();
    bad.l_query[0] = g1_off_curve();
    write(&scratch.path(), &bad).unwrap();
    assert_eq!(read(&scratch.path(), None).unwrap(), bad);
    let error = read_validated(&scratch.path(), None).unwrap_err();
    let expected = KeyError::PointOffCurve {
        list: "l_query",
        index: 0,
    };
    assert!(
        matches!(&error, KeyFileError::Key(got) if *got == expected),
        "{error}"
    );

    let mut bad = key();
    bad.b_g2_query[2] = g2_out_of_subgroup();
    write(&scratch.path(), &bad).unwrap();
    let error = read_validated(&scratch.path(), None).unwrap_err();
    let expected = KeyError::PointOutOfSubgroup {
        list: "b_g2_query",
        index: 2,
    };
    assert!(
        matches!(&error, KeyFileError::Key(got) if *got == expected),
        "{error}"
    );
}

#[test]
fn writing_replaces_the_file_and_leaves_nothing_else() {
    let scratch = Scratch::new();
    fs::write(scratch.path(), b"an older key").unwrap();
    write(&scratch.path(), &key()).unwrap();
    assert_eq!(read(&scratch.path(), None).unwrap(), key());
    let names: Vec<_> = fs::read_dir(scratch.directory.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
}

#[test]
fn failures_of_the_file_system_name_the_path() {
    let scratch = Scratch::new();
    let missing = scratch.directory.path().join("missing").join("circuit.key");
    for error in [
        read(&missing, None).unwrap_err(),
        read_header(&missing).unwrap_err(),
        write(&missing, &key()).unwrap_err(),
    ] {
        assert!(matches!(error, KeyFileError::Io { .. }));
        assert!(error.to_string().contains("circuit.key"), "{error}");
    }
}
