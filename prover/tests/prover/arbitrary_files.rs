//! The fuzz targets' checks of every parser: on the seeds in `fuzz/seeds` and the corpora in `fuzz/corpora`,
//! on good files that are cut and altered, and on random bytes, so that the suite runs what a fuzzer would.

#[path = "../../../fuzz/src/parsers.rs"]
mod parsers;

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::folder;
use parsers::PARSERS;
use rand::rngs::{OsRng, StdRng};
use rand::{Rng, RngCore, SeedableRng};
use zkroll_prover::formats::zkey::ZkeyFile;
use zkroll_prover::formats::{DevelopmentKeys, json, ptau::Ptau, r1cs, wtns};
use zkroll_prover::setup::phase2::{self, ContributionList, Secret};
use zkroll_prover::setup::{self, powers_of_tau};
use zkroll_prover::{Fr, Matrices, key_file, prove};

/// A good file for each parser.
fn examples(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let backend = zkroll_prover::backend::Ark;
    let one = Fr::from(1u64);
    let square = |column| vec![vec![(column, one)]; 2];
    let matrices = Matrices::new(2, 1, [square(2), square(2), square(1)]).unwrap();
    let assignment = [1u64, 49, 7].map(Fr::from);
    let path = |name: &str| folder.join(name);
    let [constraints, witness, ptau] = ["r1cs", "wtns", "ptau"].map(path);
    let [initial, contributed, key] = ["0.zkey", "1.zkey", "key"].map(path);
    r1cs::write(&constraints, &matrices).unwrap();
    wtns::write(&witness, &assignment).unwrap();
    powers_of_tau::development(&ptau, 2, &[3; 32], &mut ()).unwrap();
    let powers = Ptau::open(&ptau).unwrap();
    phase2::initialize(&matrices, &powers, &initial, &backend, &mut ()).unwrap();
    let secret = Secret::draw(String::new()).unwrap();
    let name = Some("Ada");
    phase2::contribute(
        &initial,
        &contributed,
        &secret,
        name,
        &mut OsRng,
        &backend,
        &mut (),
    )
    .unwrap();
    let mut contributions = Vec::new();
    let zkey = ZkeyFile::open(&contributed).unwrap();
    ContributionList::of_zkey(&zkey)
        .unwrap()
        .write(&mut contributions)
        .unwrap();

    let development = setup::development(&matrices, [1; 32], &[2; 32]).unwrap();
    key_file::write(&key, &development).unwrap();
    let proof = prove(&development, &matrices, &assignment, &backend, &mut OsRng).unwrap();
    let vk = json::verifying_key_to_json(
        &development.vk,
        &development.provenance,
        DevelopmentKeys::AllowUnsafe,
    );
    let inputs = &assignment[1..2];
    let read = |path: &Path| fs::read(path).unwrap();
    vec![
        ("wtns", read(&witness)),
        ("r1cs", read(&constraints)),
        ("zkey", read(&contributed)),
        ("ptau", read(&ptau)),
        ("contributions", contributions),
        ("verifying_key_json", vk.unwrap().into_bytes()),
        ("proof_json", json::proof_to_json(&proof).into_bytes()),
        (
            "public_json",
            json::public_inputs_to_json(inputs).into_bytes(),
        ),
        (
            "calldata",
            json::calldata_to_text(&proof, inputs).into_bytes(),
        ),
        ("key_file", read(&key)),
    ]
}

fn check_of(name: &str) -> fn(&[u8]) {
    let (_, check) = PARSERS.iter().find(|(known, _)| *known == name).unwrap();
    *check
}

#[test]
fn seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, check) in PARSERS {
        let folder = seeds.join(name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{name}: {error}"));
        for entry in entries {
            check(&fs::read(entry.unwrap().path()).unwrap());
        }
    }
}

/// What a fuzzer found worth keeping, packed by [`pack_corpora`].
#[test]
fn corpora() {
    for (name, check) in PARSERS {
        let path = corpora_folder().join(name);
        let packed = fs::read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut rest = &packed[..];
        while let Some((len, tail)) = rest.split_first_chunk() {
            let (input, tail) = tail.split_at(u32::from_le_bytes(*len) as usize);
            check(input);
            rest = tail;
        }
        assert!(rest.is_empty(), "{name}");
    }
}

fn corpora_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpora")
}

/// `ZKROLL_FUZZ_CORPORA` is a folder with a fuzzer's folder of inputs for each parser. They go into one file
/// for each, in the order of their bytes, each behind its length as u32.
#[test]
#[ignore = "writes fuzz/corpora anew, from ZKROLL_FUZZ_CORPORA"]
fn pack_corpora() {
    let from = PathBuf::from(std::env::var_os("ZKROLL_FUZZ_CORPORA").unwrap());
    fs::create_dir_all(corpora_folder()).unwrap();
    for (name, _) in PARSERS {
        let inputs = fs::read_dir(from.join(name)).unwrap();
        let mut inputs: Vec<_> = inputs
            .map(|input| fs::read(input.unwrap().path()).unwrap())
            .collect();
        inputs.sort();
        inputs.dedup();
        let mut packed = Vec::new();
        for input in inputs {
            packed.extend_from_slice(&u32::try_from(input.len()).unwrap().to_le_bytes());
            packed.extend_from_slice(&input);
        }
        fs::write(corpora_folder().join(name), packed).unwrap();
    }
}

#[test]
fn good_files_cut_and_altered() {
    let rng = &mut StdRng::seed_from_u64(0xf11e5);
    for (name, bytes) in examples(&folder("examples")) {
        let check = check_of(name);
        check(&bytes);
        for _ in 0..40 {
            check(&bytes[..rng.gen_range(0..bytes.len())]);
        }
        for _ in 0..120 {
            let mut bytes = bytes.clone();
            for _ in 0..rng.gen_range(1..4) {
                // The start of a file has its lengths.
                let end = if rng.r#gen() {
                    bytes.len()
                } else {
                    bytes.len().min(200)
                };
                let at = rng.gen_range(0..end);
                bytes[at] = match rng.gen_range(0..4) {
                    0 => 0,
                    1 => 0xff,
                    2 => bytes[at] ^ 1 << rng.gen_range(0..8),
                    _ => rng.r#gen(),
                };
            }
            check(&bytes);
        }
    }
}

#[test]
fn random_bytes_behind_a_good_start() {
    let rng = &mut StdRng::seed_from_u64(0xbad);
    for (name, good) in examples(&folder("starts")) {
        let check = check_of(name);
        for _ in 0..60 {
            let mut bytes = vec![0; rng.gen_range(0..600)];
            rng.fill_bytes(&mut bytes);
            let start = rng.gen_range(0..good.len().min(300));
            check(&[&good[..start], &bytes].concat());
        }
    }
}

#[test]
#[ignore = "writes fuzz/seeds anew"]
fn write_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds");
    for (name, bytes) in examples(&folder("seeds")) {
        let folder = seeds.join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("good"), bytes).unwrap();
    }
}
