//! Every parser of bytes from outside: none panics, none takes memory that the bytes do not pay for, and
//! what is accepted is what was meant.

use std::fs;
use std::path::Path;

use zkroll_prover::formats::{DevelopmentKeys, json, ptau::Ptau, r1cs, wtns, zkey::ZkeyFile};
use zkroll_prover::key_file::{self, StreamedKey};
use zkroll_prover::setup::phase2::{ContributionList, Limits};
use zkroll_prover::{Fr, Provenance, R1cs, encoding, validate_proving_key, validate_verifying_key};

/// A parser's name, which is that of its fuzz target and corpus, and its check.
pub type Parser = (&'static str, fn(&[u8]));

/// All parsers.
pub const PARSERS: [Parser; 10] = [
    ("wtns", check_wtns),
    ("r1cs", check_r1cs),
    ("zkey", check_zkey),
    ("ptau", check_ptau),
    ("contributions", check_contributions),
    ("verifying_key_json", check_verifying_key_json),
    ("proof_json", check_proof_json),
    ("public_json", check_public_json),
    ("calldata", check_calldata),
    ("key_file", check_key_file),
];

/// Runs a check on a file with these bytes.
fn with_file(bytes: &[u8], check: impl FnOnce(&Path)) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("file");
    fs::write(&path, bytes).expect("a file in it");
    check(&path);
}

/// A witness that is accepted is written as the same bytes, up to the version and the sections' order.
pub fn check_wtns(bytes: &[u8]) {
    with_file(bytes, |path| {
        if let Ok(values) = wtns::read(path) {
            assert!(values.len() <= bytes.len() / 32);
            let again = path.with_extension("again");
            wtns::write(&again, &values).expect("what was read can be written");
            assert_eq!(wtns::read(&again).expect("and read again"), values);
        }
    });
}

/// Constraints that are accepted have their columns in range and are written so that they are read again.
pub fn check_r1cs(bytes: &[u8]) {
    with_file(bytes, |path| {
        if let Ok(matrices) = r1cs::read(path) {
            assert!(matrices.num_constraints() <= bytes.len() / 12);
            let again = path.with_extension("again");
            r1cs::write(&again, &matrices).expect("what was read can be written");
            assert_eq!(r1cs::read(&again).expect("and read again"), matrices);
        }
    });
}

/// A `.zkey` that is opened can be read to its end, with an error or without.
pub fn check_zkey(bytes: &[u8]) {
    with_file(bytes, |path| {
        let Ok(zkey) = ZkeyFile::open(path) else {
            return;
        };
        let _ = validate_verifying_key(zkey.verifying_key());
        let _ = (zkey.a_query().read_all(), zkey.b_g2_query().read_all());
        let _ = (zkey.l_query().read_all(), zkey.h_query().read_all());
        // A domain may be large where no list shows it.
        if zkey.domain().log_size() <= 16 {
            let assignment = vec![Fr::from(1u64); zkey.num_columns()];
            let _ = zkey.products(&assignment);
        }
        let _ = ContributionList::of_zkey(&zkey);
    });
}

/// Powers of τ that are opened can be read to their end.
pub fn check_ptau(bytes: &[u8]) {
    with_file(bytes, |path| {
        let Ok(ptau) = Ptau::open(path) else {
            return;
        };
        let _ = (ptau.tau_g1().read_all(), ptau.tau_g2().read_all());
        for power in 0..=ptau.power() {
            if let Some(lagrange) = ptau.lagrange(power) {
                let _ = (lagrange.g1.read_all(), lagrange.double_g1.read_all());
            }
        }
    });
}

/// Contributions that are accepted are written as the same bytes.
pub fn check_contributions(bytes: &[u8]) {
    if let Ok(list) = ContributionList::read(bytes) {
        let mut again = Vec::new();
        list.write(&mut again)
            .expect("what was read can be written");
        assert_eq!(again, bytes);
        let limits = Limits {
            beacon_iterations: 1 << 11,
        };
        let _ = list.verify(&limits, &mut ());
    }
}

/// A key that is accepted passes the refusal rules and is read again from what is written of it.
pub fn check_verifying_key_json(bytes: &[u8]) {
    if let Ok(vk) = json::verifying_key_from_json(bytes) {
        validate_verifying_key(&vk).expect("an accepted key is valid");
        let text = json::verifying_key_to_json(&vk, &Provenance::Unknown, DevelopmentKeys::Refuse)
            .expect("it can be written");
        let again = json::verifying_key_from_json(text.as_bytes()).expect("and read again");
        assert_eq!(again, vk);
    }
}

/// A proof that is accepted has its points in their groups.
pub fn check_proof_json(bytes: &[u8]) {
    if let Ok(proof) = json::proof_from_json(bytes) {
        let encoded = encoding::proof_to_bytes(&proof);
        assert_eq!(encoding::proof_from_bytes(&encoded).as_ref(), Ok(&proof));
        let text = json::proof_to_json(&proof);
        assert_eq!(json::proof_from_json(text.as_bytes()), Ok(proof));
    }
}

/// Public inputs that are accepted are written so that they are read again.
pub fn check_public_json(bytes: &[u8]) {
    if let Ok(inputs) = json::public_inputs_from_json(bytes) {
        let text = json::public_inputs_to_json(&inputs);
        assert_eq!(json::public_inputs_from_json(text.as_bytes()), Ok(inputs));
    }
}

/// Calldata that are accepted are written so that they are read again.
pub fn check_calldata(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(file) = json::calldata_from_text(text) {
        let again = json::calldata_to_text(&file.proof, &file.public_inputs);
        assert_eq!(json::calldata_from_text(&again), Ok(file));
    }
}

/// A key file is read alike as a whole and in pieces; one that is accepted and valid is written as the
/// same bytes.
pub fn check_key_file(bytes: &[u8]) {
    with_file(bytes, |path| {
        let _ = key_file::read_header(path);
        let _ = key_file::read_verifying_key(path);
        let whole = key_file::read(path, None);
        let pieces = StreamedKey::open(path, None).and_then(|key| {
            key.a_query().read_all()?;
            key.b_g1_query().read_all()?;
            key.b_g2_query().read_all()?;
            key.h_query().read_all()?;
            key.l_query().read_all()
        });
        assert_eq!(whole.is_ok(), pieces.is_ok());
        if let Ok(key) = whole
            && validate_proving_key(&key).is_ok()
        {
            let again = path.with_extension("again");
            key_file::write(&again, &key).expect("what was read can be written");
            assert_eq!(fs::read(&again).expect("it is there"), bytes);
        }
    });
}
