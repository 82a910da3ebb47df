//! What is stored and sent as JSON: it comes back as it was, and what was changed is refused with
//! the reason.

use crate::common::{self, SHAPE, TIME, apply, ledger, pay, prepared, prove};
use serde_json::{Value, json};
use zkroll::{
    ProvenBatch, ProvenBatchError,
    circuits::protocol::{
        ledger::{BatchTrace, Ledger},
        public_data::DataError,
    },
    prover::{ProofFile, VerifyError, formats::json::calldata_to_text},
    verifier_sol::calldata::verify_proof_call,
};

/// The document with the value at `pointer` replaced.
fn with(document: &Value, pointer: &str, value: Value) -> Value {
    let mut document = document.clone();
    let place = document.pointer_mut(pointer);
    let place = place.unwrap_or_else(|| panic!("expected a value at {pointer}"));
    assert_ne!(*place, value, "{pointer}");
    *place = value;
    document
}

/// The decimal string at `pointer`, changed in its last digit.
fn other_digit(document: &Value, pointer: &str) -> Value {
    let mut digits = document
        .pointer(pointer)
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    let last = if digits.pop() == Some('1') { '2' } else { '1' };
    digits.push(last);
    json!(digits)
}

fn ledger_after_a_batch() -> (Ledger, BatchTrace) {
    let mut ledger = ledger();
    let transfers = [pay(&ledger, 1, 2, 5, 0), pay(&ledger, 3, 1, 12, 0)];
    let trace = apply(&mut ledger, TIME, &transfers);
    (ledger, trace)
}

#[test]
fn a_ledger_comes_back_and_goes_on() {
    let (ledger, _) = ledger_after_a_batch();
    let mut back: Ledger = serde_json::from_str(&serde_json::to_string(&ledger).unwrap()).unwrap();
    assert_eq!(back, ledger);
    let mut ledger = ledger;
    let transfers = [pay(&ledger, 4, 1, 3, 0)];
    assert_eq!(
        apply(&mut back, TIME, &transfers),
        apply(&mut ledger, TIME, &transfers)
    );
}

#[test]
fn a_changed_ledger_is_refused() {
    let (ledger, _) = ledger_after_a_batch();
    let document = serde_json::to_value(&ledger).unwrap();
    let first = document["accounts"][0].clone();
    let twice = {
        let mut accounts = document["accounts"].as_array().unwrap().clone();
        accounts.push(first);
        json!(accounts)
    };
    let cases = [
        (
            "/root",
            other_digit(&document, "/root"),
            "expected accounts with state root",
        ),
        (
            "/accounts/1/account/balance",
            json!("1"),
            "expected accounts with state root",
        ),
        (
            "/accounts/1/account/nonce",
            json!(9),
            "expected accounts with state root",
        ),
        ("/accounts/1/account/publicKey/x", json!("0"), "public key"),
        ("/accounts/1/account/flags", json!(1), "expected flags 0"),
        (
            "/accounts/1/index",
            json!(8),
            "expected a leaf index below 8, got 8",
        ),
        (
            "/accounts/1/index",
            json!(1u64 << 33),
            "expected an account index below 2^33",
        ),
        ("/accounts", twice, "expected each account once"),
        ("/depth", json!(12), "expected a tree depth in 1..=11"),
        (
            "/root",
            json!("21888242871839275222246405745257275088548364400416034343698204186575808495617"),
            "below r",
        ),
    ];
    for (pointer, value, message) in cases {
        let changed = with(&document, pointer, value);
        let error = serde_json::from_value::<Ledger>(changed)
            .unwrap_err()
            .to_string();
        assert!(error.contains(message), "{pointer}: {error}");
    }
}

#[test]
fn a_trace_comes_back_with_its_witness() {
    let (_, trace) = ledger_after_a_batch();
    let back: BatchTrace = serde_json::from_str(&serde_json::to_string(&trace).unwrap()).unwrap();
    assert_eq!(back, trace);
    let circuit = zkroll::circuits::batch::BatchCircuit::new(SHAPE).unwrap();
    let columns = |trace| circuit.assign(trace).unwrap().columns;
    assert_eq!(columns(&back), columns(&trace));
}

#[test]
fn a_proven_batch_comes_back_and_a_changed_one_is_refused() {
    let (_, trace) = ledger_after_a_batch();
    let prover = common::prover(SHAPE);
    let key = prepared(&prover);
    let batch = prove(&prover, &trace);
    let document = serde_json::to_value(&batch).unwrap();
    let read = |document: Value| serde_json::from_value::<ProvenBatch>(document);
    let back = read(document.clone()).unwrap();
    assert_eq!(back, batch);
    back.verify(&key).unwrap();

    // What is no batch at all.
    let q = "21888242871839275222246405745257275088696311157297823662689037894645226208583";
    let mut unknown = document.clone();
    unknown["note"] = json!("");
    let cases = [
        (unknown, "unknown field `note`"),
        (with(&document, "/data", json!("0")), "Odd number of digits"),
        (
            with(&document, "/proof/a/0", json!(q)),
            "expected a decimal number below the modulus in a",
        ),
        (
            with(
                &document,
                "/proof/a/1",
                other_digit(&document, "/proof/a/1"),
            ),
            "expected a point",
        ),
        (
            with(
                &document,
                "/proof/b/0/0",
                other_digit(&document, "/proof/b/0/0"),
            ),
            "expected a point",
        ),
        (
            with(&document, "/proof/curve", json!("bls12-381")),
            "expected curve \"bn254\"",
        ),
        (
            with(&document, "/header/timestamp", json!(1u64 << 40)),
            "below 2^40",
        ),
        (
            with(&document, "/header/shape/transfers", json!(u32::MAX)),
            "expected at most 65535 slots",
        ),
    ];
    for (changed, message) in cases {
        let error = read(changed).unwrap_err().to_string();
        assert!(error.contains(message), "expected {message}, got {error}");
    }

    // A batch, but not this one: the public inputs are not those of the data.
    let roots = ["/header/preRoot", "/header/postRoot"];
    let changed_words = roots.map(|root| with(&document, root, other_digit(&document, root)));
    let data = document["data"].as_str().unwrap();
    // The last digit is part of the last transfer's fee.
    let fee = if data.ends_with('7') { "6" } else { "7" };
    let changed_data = with(
        &document,
        "/data",
        json!(format!("{}{fee}", &data[..data.len() - 1])),
    );
    let inputs = (0..3).map(|i| format!("/proof/public_inputs/{i}"));
    let changed_inputs =
        inputs.map(|input| with(&document, &input, other_digit(&document, &input)));
    let others = [
        with(&document, "/header/timestamp", json!(TIME + 1)),
        with(&document, "/header/batchNumber", json!("2")),
        with(&document, "/header/domain/chainId", json!("1")),
        with(&document, "/header/shape/transfers", json!(4)),
        with(&document, "/proof/public_inputs", json!([])),
    ];
    let changed = changed_words.into_iter().chain([changed_data]);
    for changed in changed.chain(changed_inputs).chain(others) {
        let error = read(changed).unwrap().verify(&key).unwrap_err();
        assert!(
            matches!(error, ProvenBatchError::PublicInputs { .. }),
            "{error}"
        );
    }

    // Malformed data in a well-formed document.
    let short = with(&document, "/data", json!(data[..data.len() - 2]));
    let flag = format!("{}02{}", &data[..16], &data[18..]);
    let kind = with(&document, "/data", json!(flag));
    for (changed, expected) in [
        (
            short,
            DataError::Length {
                expected: 49,
                got: 48,
            },
        ),
        (kind, DataError::FeeSlotFlag { slot: 0, flag: 2 }),
    ] {
        let error = read(changed).unwrap().verify(&key).unwrap_err();
        assert!(
            matches!(&error, ProvenBatchError::Data(got) if *got == expected),
            "{error}"
        );
    }

    // Another proof for the same public inputs, of points that are on their curves.
    let mut negated = batch.clone();
    negated.proof.proof.a = -negated.proof.proof.a;
    let negated = read(serde_json::to_value(&negated).unwrap()).unwrap();
    let error = negated.verify(&key).unwrap_err();
    assert!(
        matches!(error, ProvenBatchError::Verify(VerifyError::Invalid)),
        "{error}"
    );
}

/// The prover writes calldata as snarkjs prints it, the Solidity crate as bytes: one order of words.
#[test]
fn the_calldata_text_has_the_words_of_the_call() {
    let (_, trace) = ledger_after_a_batch();
    let ProofFile {
        proof,
        public_inputs,
    } = prove(&common::prover(SHAPE), &trace).proof;
    let text = calldata_to_text(&proof, &public_inputs);
    let words: Vec<u8> = text
        .split('"')
        .skip(1)
        .step_by(2)
        .flat_map(|word| hex::decode(&word[2..]).unwrap())
        .collect();
    let call = verify_proof_call(&proof, &public_inputs);
    assert_eq!(words, call[4..], "{text}");
}
