//! Proving with a key that stays in its file: the same proofs, and every change is noticed.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use crate::common::{Instance, random_instance};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::{self, BackendError};
use zkroll_prover::key_file::{KeyFileError, StreamedKey, write};
use zkroll_prover::{AnyBackend, Fr, ProveError, Prover, ProvingKey, prove_with_blinding};

/// Offset of the section table and size of its entries.
const TABLE: (usize, usize) = (136, 32);

/// Sections of the lists, by index in the table.
const LISTS: [(usize, &str); 5] = [
    (3, "a_query"),
    (4, "b_g1_query"),
    (5, "b_g2_query"),
    (6, "h_query"),
    (7, "l_query"),
];

struct Stored {
    _directory: tempfile::TempDir,
    path: PathBuf,
    key: ProvingKey,
    instance: Instance,
}

fn stored(num_constraints: usize) -> Stored {
    let instance = random_instance(&mut StdRng::seed_from_u64(5), 2, num_constraints);
    let key = instance.key();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("circuit.key");
    write(&path, &key).unwrap();
    Stored {
        _directory: directory,
        path,
        key,
        instance,
    }
}

fn backends() -> Vec<AnyBackend> {
    let names = backend::list().into_iter().map(|entry| entry.name);
    names.filter_map(|name| name.open().ok()).collect()
}

fn blinding() -> [Fr; 2] {
    [Fr::from(11u64), Fr::from(13u64)]
}

fn open(path: &Path) -> StreamedKey {
    StreamedKey::open(path, None).unwrap()
}

fn prove_streaming(
    key: &StreamedKey,
    instance: &Instance,
    backend: &AnyBackend,
) -> Result<zkroll_prover::Proof<zkroll_prover::Bn254>, ProveError> {
    let [r, s] = blinding();
    let prover = Prover::streaming(key, backend)?;
    prover.prove_with_blinding(&instance.r1cs, &instance.assignment, r, s, &mut ())
}

#[test]
fn proofs_are_those_of_the_key_in_memory() {
    let stored = stored(40);
    let instance = &stored.instance;
    let [r, s] = blinding();
    let key = open(&stored.path);
    for backend in backends() {
        let expected = prove_with_blinding(
            &stored.key,
            &instance.r1cs,
            &instance.assignment,
            &backend,
            r,
            s,
        )
        .unwrap();
        // Twice: hashes are compared the first time only.
        for _ in 0..2 {
            let proof = prove_streaming(&key, instance, &backend).unwrap();
            assert_eq!(proof, expected, "{backend:?}");
        }
    }
}

#[test]
fn lists_are_those_of_the_key_in_memory() {
    let stored = stored(9);
    let key = open(&stored.path);
    assert_eq!(key.a_query().read_all().unwrap(), stored.key.a_query);
    assert_eq!(key.b_g1_query().read_all().unwrap(), stored.key.b_g1_query);
    assert_eq!(key.b_g2_query().read_all().unwrap(), stored.key.b_g2_query);
    assert_eq!(key.h_query().read_all().unwrap(), stored.key.h_query);
    assert_eq!(key.l_query().read_all().unwrap(), stored.key.l_query);
    assert_eq!(key.verifying_key(), &stored.key.vk);
    assert_eq!(key.a_query().len(), stored.key.a_query.len());
    assert!(!key.a_query().is_empty());
}

fn section_offset(bytes: &[u8], index: usize) -> usize {
    let entry = &bytes[TABLE.0 + TABLE.1 * index..][..TABLE.1];
    u64::from_le_bytes(entry[16..24].try_into().unwrap()) as usize
}

#[test]
fn a_changed_list_is_refused_when_it_is_read() {
    let stored = stored(9);
    let bytes = fs::read(&stored.path).unwrap();
    for (index, section) in LISTS {
        let mut changed = bytes.clone();
        changed[section_offset(&bytes, index) + 5] ^= 1;
        fs::write(&stored.path, &changed).unwrap();
        // The constants are sound, so the file opens; no proof comes out of it.
        let key = open(&stored.path);
        let expected = KeyFileError::ChunkHash { section, chunk: 0 };
        for backend in backends() {
            let error = prove_streaming(&key, &stored.instance, &backend).unwrap_err();
            let message = expected.to_string();
            let expected = ProveError::Backend(BackendError::Stream { message });
            assert_eq!(error, expected, "{section}, {backend:?}");
        }
    }
}

#[test]
fn a_list_changed_after_it_was_checked_gives_no_proof() {
    let stored = stored(9);
    let bytes = fs::read(&stored.path).unwrap();
    for backend in backends() {
        let key = open(&stored.path);
        prove_streaming(&key, &stored.instance, &backend).unwrap();
        // Two points of l_query change places: each is valid, the sum is another.
        let at = section_offset(&bytes, 7);
        let mut swapped = bytes.clone();
        let (first, second) = swapped[at..at + 128].split_at_mut(64);
        first.swap_with_slice(second);
        fs::write(&stored.path, &swapped).unwrap();
        let error = prove_streaming(&key, &stored.instance, &backend).unwrap_err();
        assert!(matches!(error, ProveError::SelfCheck(_)), "{error}");
        fs::write(&stored.path, &bytes).unwrap();
    }
}

#[test]
fn a_file_cut_short_under_an_open_key_is_an_error() {
    let stored = stored(9);
    let bytes = fs::read(&stored.path).unwrap();
    for backend in backends() {
        let key = open(&stored.path);
        let file = OpenOptions::new().write(true).open(&stored.path).unwrap();
        file.set_len(bytes.len() as u64 - 64).unwrap();
        let error = prove_streaming(&key, &stored.instance, &backend).unwrap_err();
        let is_stream = matches!(error, ProveError::Backend(BackendError::Stream { .. }));
        assert!(is_stream, "{error}");
        fs::write(&stored.path, &bytes).unwrap();
    }
}

#[test]
fn a_key_for_another_circuit_is_not_opened() {
    let stored = stored(9);
    let error = StreamedKey::open(&stored.path, Some(&[0; 32])).unwrap_err();
    assert!(matches!(error, KeyFileError::CircuitDigest { .. }));
    assert!(StreamedKey::open(&stored.path, Some(&[0xc1; 32])).is_ok());
}
