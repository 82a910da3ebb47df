//! Keys, proofs and contracts from the command line.

use std::fs;

use crate::common::{
    OTHER_SHAPE_ARGS, SEED, SHAPE, SHAPE_ARGS, arg, assert_refused, fee_slot, folder, json, ledger,
    payment, read_json, scene, write_json, zkroll,
};
use zkroll::ProvenBatch;
use zkroll::circuits::exit::ExitCircuit;
use zkroll::circuits::protocol::{
    account::AccountIndex,
    blob,
    eddsa::PublicKey,
    ledger::Ledger,
    queue::{Entry, EntryType},
    transfer::Address,
    uint::U40,
};

#[test]
fn a_development_key_says_that_it_is_unsafe() {
    let scene = scene();
    assert_eq!(scene.setup["unsafe"], true);
    assert!(
        scene.setup["provenance"]
            .as_str()
            .unwrap()
            .contains("UNSAFE")
    );

    let output = zkroll(&["setup", "verify", "--key", arg(&scene.key), "--json"]);
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report, scene.setup);
    assert!(String::from_utf8(output.stderr).unwrap().contains("UNSAFE"));
}

#[test]
fn a_key_has_the_size_and_the_circuit_that_info_foretells() {
    let scene = scene();
    let info = json(&[&["info"][..], &SHAPE_ARGS].concat());
    assert_eq!(scene.setup["circuit_digest"], info["circuit_digest"]);
    assert_eq!(scene.setup["bytes"], info["proving_key_bytes"]);
    assert_eq!(
        info["proving_key_bytes"],
        fs::metadata(&scene.key).unwrap().len()
    );
    let domain = 1u64 << info["domain_log2"].as_u64().unwrap();
    assert_eq!(scene.setup["domain_size"], domain);
    assert_eq!(scene.setup["public_inputs"], 3);
}

#[test]
fn the_seed_decides_the_key() {
    let folder = folder("seeds");
    let make = |name: &str, seed: &[&str]| {
        let out = folder.join(name);
        let args = [
            &["setup", "dev", "--out", arg(&out)][..],
            seed,
            &OTHER_SHAPE_ARGS,
        ]
        .concat();
        (
            json(&args)["verifying_key_hash"].clone(),
            fs::read(&out).unwrap(),
        )
    };
    let seeded = make("seeded.key", &["--seed", SEED]);
    assert!(
        seeded.1 == fs::read(&scene().other_key).unwrap(),
        "equal seeds, equal keys"
    );
    assert_ne!(make("random.key", &[]).0, seeded.0);
}

#[test]
fn a_recorded_batch_is_proven_and_verified() {
    let scene = scene();
    let report = json(&scene.verify(&scene.proven));
    assert_eq!(
        (&report["valid"], &report["unsafe"]),
        (&true.into(), &true.into())
    );
    assert_eq!(
        report["verifying_key_hash"],
        scene.setup["verifying_key_hash"]
    );
    let trace = read_json(&scene.batch);
    assert_eq!(report["batches"][0]["batch_number"], 1);
    assert_eq!(report["batches"][0]["pre_root"], trace["header"]["preRoot"]);
    assert_eq!(
        report["batches"][0]["post_root"],
        trace["header"]["postRoot"]
    );
}

#[test]
fn a_ledger_is_carried_from_batch_to_batch() {
    let scene = scene();
    let after: Ledger = serde_json::from_value(read_json(&scene.ledger_after)).unwrap();
    let mut expected = ledger();
    for (timestamp, transfers) in [
        (1_800_000_000, vec![payment(0)]),
        (1_800_000_060, vec![payment(1), payment(2)]),
    ] {
        expected
            .apply_batch(&SHAPE, timestamp, &[], &[fee_slot()], &transfers)
            .unwrap();
    }
    assert_eq!(after, expected);

    let first = json(&scene.verify(&scene.proven));
    let second = json(&scene.verify(&scene.second_proven));
    assert_eq!(second["batches"][0]["batch_number"], 2);
    assert_eq!(
        first["batches"][0]["post_root"],
        second["batches"][0]["pre_root"]
    );
    assert_eq!(second["batches"][0]["post_root"], after.root().to_string());
}

#[test]
fn many_proofs_are_verified_together() {
    let scene = scene();
    let mut args = scene.verify(&scene.proven);
    args.extend(["--proven", arg(&scene.second_proven)]);
    let report = json(&args);
    let numbers = [0, 1].map(|batch| report["batches"][batch]["batch_number"].as_u64());
    assert_eq!(numbers, [Some(1), Some(2)]);
}

#[test]
fn a_report_tells_the_stages_and_the_backend() {
    let scene = scene();
    let out = folder("stages").join("proven.json");
    let mut args = scene.prove(&scene.batch, &out);
    args.extend(["--backend", "ark"]);
    let report = json(&args);
    assert_eq!(report["backend"], "ark");
    assert!(report["fell_back"].is_null());
    assert_eq!(
        (&report["transfers"], &report["shape"]["transfers"]),
        (&1.into(), &2.into())
    );
    let stages = report["stages"].as_array().unwrap();
    let names: Vec<_> = stages
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "products",
            "satisfaction",
            "quotient",
            "msm_h",
            "msm_l",
            "msm_a",
            "msm_b_g1",
            "msm_b_g2",
            "verification"
        ]
    );
    assert_eq!(
        report["public_inputs"],
        read_json(&out)["proof"]["public_inputs"]
    );
    // Fresh blinding: the same batch has another proof.
    assert_ne!(
        read_json(&out)["proof"]["a"],
        read_json(&scene.proven)["proof"]["a"]
    );
}

#[test]
fn a_batch_is_proven_with_the_key_left_in_its_file() {
    let scene = scene();
    let out = folder("streamed").join("proven.json");
    let mut args = scene.prove(&scene.batch, &out);
    args.push("--stream");
    let report = json(&args);
    assert_eq!(report["unsafe"], true);
    assert!(!cfg!(target_os = "linux") || report["peak_memory_mib"].as_f64().unwrap() > 1.0);
    assert_eq!(json(&scene.verify(&out))["valid"], true);
}

#[test]
fn text_goes_to_standard_output_and_warnings_do_not() {
    let scene = scene();
    let output = zkroll(&scene.verify(&scene.proven));
    let (text, warnings) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(output.status.success(), "{warnings}");
    assert!(
        text.starts_with("valid") && text.contains(arg(&scene.proven)),
        "{text}"
    );
    assert!(
        warnings.contains("UNSAFE") && !text.contains("UNSAFE"),
        "{warnings}"
    );
}

#[test]
fn contracts_of_a_development_key_say_so() {
    let scene = scene();
    let out = folder("contracts").join("new");
    let key = arg(&scene.key);
    let args = [
        "export-verifier",
        "--key",
        key,
        "--out",
        arg(&out),
        "--allow-unsafe-dev-key",
    ];
    let report = json(&args);
    assert_eq!(report["unsafe"], true);
    assert_eq!(
        report["verifying_key_hash"],
        scene.setup["verifying_key_hash"]
    );
    assert_eq!(report["files"].as_array().unwrap().len(), 3);

    let solidity = fs::read_to_string(out.join("Groth16Verifier.sol")).unwrap();
    assert!(solidity.contains("UNSAFE: DEVELOPMENT KEY"));
    let contract_key_hash = report["contract_key_hash"].as_str().unwrap();
    assert!(solidity.contains(contract_key_hash));
    let code = fs::read_to_string(out.join("Groth16Verifier.creation.hex")).unwrap();
    let code = hex::decode(code.trim_end()).unwrap();
    // The key stands before the last selector: β, γ, δ of 128 bytes, α and four input points of 64.
    let key_bytes = 3 * 128 + 64 + 4 * 64;
    let end = code.len() - 4;
    let hash = zkroll::verifier_sol::abi::keccak256(&code[end - key_bytes..end]);
    assert_eq!(hex::encode(hash), contract_key_hash);

    let key = read_json(&out.join("verifying_key.json"));
    assert_eq!(key["unsafe"], true);
    assert_eq!(key["circuit_digest"], scene.setup["circuit_digest"]);
    assert_eq!(key["gamma_abc_g1"].as_array().unwrap().len(), 4);
    assert_eq!(key["beta_g2"].as_array().unwrap().len(), 4);
}

/// A batch in a blob of its own, which consumes an entry of the L1 queue.
#[test]
fn a_batch_in_a_blob_is_proven_and_verified() {
    let folder = folder("blob");
    let [key, proven, after, blob, entries] =
        ["key", "proven.json", "after.json", "blob", "entries.json"].map(|name| folder.join(name));
    let shape = [
        "--depth",
        "1",
        "--transfers",
        "2",
        "--fee-slots",
        "1",
        "--l1-slots",
        "1",
        "--blob",
    ];
    let make = ["setup", "dev", "--seed", SEED, "--out", arg(&key)];
    json(&[&make[..], &shape].concat());
    let entry = Entry {
        kind: EntryType::Create,
        token: 5,
        account: AccountIndex::default(),
        address: Address([7; 20]),
        amount: 1000,
        key: PublicKey::NONE,
        timestamp: U40::default(),
    };
    write_json(entries.clone(), &[entry]);

    let scene = scene();
    let mut prove = vec!["prove", "--key", arg(&key), "--ledger", arg(&scene.ledger)];
    prove.extend(["--transfers-file", arg(&scene.transfers)]);
    prove.extend(["--entries-file", arg(&entries), "--timestamp", "1800000060"]);
    prove.extend(["--fee-slot", "5:0", "--ledger-out", arg(&after)]);
    prove.extend(["--out", arg(&proven), "--blob-out", arg(&blob)]);
    prove.extend(shape);
    let report = json(&prove);
    let hash = report["blob_versioned_hash"].as_str().unwrap();
    assert!(hash.starts_with("01") && hash.len() == 64, "{hash}");

    let report = json(&["verify", "--key", arg(&key), "--proven", arg(&proven)]);
    assert_eq!(report["valid"], true);
    let batch: ProvenBatch = serde_json::from_value(read_json(&proven)).unwrap();
    let words = blob::from_file(&fs::read(&blob).unwrap()).unwrap();
    assert_eq!(batch.blob.as_ref().unwrap().words, words[..1]);
    assert!(words[1..].iter().all(|word| *word == Default::default()));
    let ledger: Ledger = serde_json::from_value(read_json(&after)).unwrap();
    assert_eq!(ledger.root(), batch.header.post_root);
    assert_eq!(ledger.consumed(), 1);

    // A key for the calldata form is another circuit's; a batch in calldata has no blob.
    let mut other = prove.clone();
    other[2] = arg(&scene.key);
    assert_refused(&other, &["circuit"]);
    let mut other = scene.prove(&scene.batch, &proven);
    other.extend(["--blob-out", arg(&blob)]);
    assert_refused(&other, &["expected a batch whose operations are in a blob"]);
}

/// A deployment needs two keys: the exit circuit has five public inputs, and only a depth.
#[test]
fn a_key_for_exits_is_made_and_exported() {
    let folder = folder("exit");
    let (key, contracts) = (folder.join("exit.key"), folder.join("contracts"));
    let make = ["setup", "dev", "--seed", SEED, "--exit", "--depth", "1"];
    let made = json(&[&make[..], &["--out", arg(&key)]].concat());
    assert_eq!(made["public_inputs"], 5);
    let digest = hex::encode(ExitCircuit::new(1).unwrap().digest());
    assert_eq!(made["circuit_digest"], digest);
    let export = [
        "export-verifier",
        "--key",
        arg(&key),
        "--out",
        arg(&contracts),
    ];
    let exported = json(&[&export[..], &["--allow-unsafe-dev-key"]].concat());
    assert_eq!(exported["public_inputs"], 5);

    let output = zkroll(&[&make[..], &["--transfers", "2", "--out", arg(&key)]].concat());
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
