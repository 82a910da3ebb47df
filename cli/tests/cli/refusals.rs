//! What the commands refuse: the exit status is 1, standard output is empty, and the error names what
//! is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{
    NO_GPU, arg, assert_refused, folder, json, payment, read_json, refusal_with, scene, write_json,
    zkroll,
};
use serde_json::{Value, json as value};
use zkroll::ProvenBatch;
use zkroll::circuits::protocol::uint::U40;

/// The key file with a change.
fn changed_key(folder: &Path, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = fs::read(&scene().key).unwrap();
    change(&mut bytes);
    let path = folder.join("changed.key");
    fs::write(&path, bytes).unwrap();
    path
}

/// The proven batch with a change.
fn changed_batch(name: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let mut proven = read_json(&scene().proven);
    change(&mut proven);
    write_json(folder(name).join("changed.json"), &proven)
}

#[test]
fn truncated_keys_are_refused_everywhere() {
    let folder = folder("truncated");
    let key = changed_key(&folder, |bytes| bytes.truncate(bytes.len() - 1));
    let (key, out) = (arg(&key), folder.join("out"));
    let length = fs::metadata(&scene().key).unwrap().len();
    let (expected, got) = (length.to_string(), (length - 1).to_string());
    let [batch, proven] = [&scene().batch, &scene().proven].map(|path| arg(path));
    let out = arg(&out);
    for args in [
        &["setup", "verify", "--key", key][..],
        &["prove", "--key", key, "--batch", batch, "--out", out],
        &["verify", "--key", key, "--proven", proven],
        &[
            "export-verifier",
            "--key",
            key,
            "--out",
            out,
            "--allow-unsafe-dev-key",
        ],
    ] {
        assert_refused(args, &[key, &expected, &got]);
    }
    assert!(!Path::new(out).exists());
}

#[test]
fn corrupted_keys_are_refused() {
    let folder = folder("corrupted");
    let verify = |change: fn(&mut Vec<u8>), parts: &[&str]| {
        let key = changed_key(&folder, change);
        assert_refused(&["setup", "verify", "--key", arg(&key)], parts);
    };
    verify(
        |bytes| *bytes.last_mut().unwrap() ^= 1,
        &["chunk 0 of section l_query"],
    );
    verify(|bytes| bytes[50] ^= 1, &["hash of the header"]);
    verify(|bytes| bytes[0] = b'Z', &["zkrollpk"]);
    verify(|bytes| bytes[8] = 9, &["version 2", "got 9"]);
    verify(|bytes| bytes.clear(), &["expected a key file"]);

    let key = changed_key(&folder, |bytes| *bytes.last_mut().unwrap() ^= 1);
    let mut prove = scene().prove(&scene().batch, &folder);
    prove[2] = arg(&key);
    assert_refused(&prove, &["chunk 0 of section l_query"]);
}

#[test]
fn keys_of_another_shape_are_refused() {
    let scene = scene();
    let digest = scene.setup["circuit_digest"].as_str().unwrap();
    let other = json(&["setup", "verify", "--key", arg(&scene.other_key)]);
    let other = other["circuit_digest"].as_str().unwrap();

    let out = folder("other_shape").join("proven.json");
    let mut prove = scene.prove(&scene.batch, &out);
    prove[2] = arg(&scene.other_key);
    assert_refused(&prove, &[digest, other]);
    assert!(!out.exists());

    let mut verify = scene.verify(&scene.proven);
    verify[2] = arg(&scene.other_key);
    assert_refused(&verify, &[arg(&scene.proven), digest, other]);
}

#[test]
fn files_that_are_absent_are_named() {
    let (scene, absent) = (scene(), folder("absent").join("nothing.json"));
    let absent = arg(&absent);
    let out = folder("absent_out").join("out");
    assert_refused(&scene.prove(Path::new(absent), &out), &[absent]);
    assert_refused(&scene.verify(Path::new(absent)), &[absent]);
    assert_refused(&["setup", "verify", "--key", absent], &[absent]);
    let no_folder = format!("{absent}/proven.json");
    assert_refused(
        &scene.prove(&scene.batch, Path::new(&no_folder)),
        &[&no_folder],
    );
}

#[test]
fn an_environment_that_no_gpu_can_satisfy_is_refused_by_auto_too() {
    let bench = [
        "bench",
        "--ops",
        "ntt",
        "--log-n",
        "2",
        "--backends",
        "auto",
    ];
    for (variable, value) in [
        ("ZKROLL_GPU_LAYOUT", "10x26"),
        ("ZKROLL_GPU_MAX_BINDING", "16M"),
        ("ZKROLL_GPU_TIMESTAMPS", "yes"),
    ] {
        let error = refusal_with(&[(variable, value)], &bench);
        assert!(error.contains(variable) && error.contains(value), "{error}");
    }
}

#[test]
fn malformed_json_is_refused_with_its_place() {
    let scene = scene();
    let folder = folder("malformed");
    let file = folder.join("malformed.json");
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"header\": {}}",
        "{\"unknown\": 1}",
    ] {
        fs::write(&file, text).unwrap();
        let out = folder.join("out.json");
        assert_refused(
            &scene.prove(&file, &out),
            &["a recorded batch", arg(&file), "line"],
        );
        assert_refused(
            &scene.verify(&file),
            &["a proven batch", arg(&file), "line"],
        );

        let ledger_out = folder.join("ledger_out.json");
        let mut args = scene.prove_from_ledger(&out, &ledger_out);
        args[4] = arg(&file);
        assert_refused(&args, &["a ledger", arg(&file), "line"]);
        if text != "[]" {
            let mut args = scene.prove_from_ledger(&out, &ledger_out);
            args[6] = arg(&file);
            assert_refused(&args, &["signed transfers", arg(&file), "line"]);
        }
        assert!(!out.exists() && !ledger_out.exists());
    }
}

#[test]
fn proofs_that_are_no_points_are_refused() {
    let scene = scene();
    let refused = |name, change: fn(&mut Value), parts: &[&str]| {
        assert_refused(&scene.verify(&changed_batch(name, change)), parts);
    };
    refused(
        "a",
        |batch| batch["proof"]["a"] = value!(["1", "1"]),
        &["subgroup in a"],
    );
    refused(
        "b",
        |batch| batch["proof"]["b"][0][0] = value!("5"),
        &["subgroup in b"],
    );
    refused(
        "c",
        |batch| batch["proof"]["c"] = value!(["0", "1"]),
        &["subgroup in c"],
    );
    // The base field's modulus.
    const Q: &str = "21888242871839275222246405745257275088696311157297823662689037894645226208583";
    refused(
        "modulus",
        |batch| batch["proof"]["a"][0] = value!(Q),
        &["below the modulus in a", Q],
    );
    refused(
        "word",
        |batch| batch["proof"]["a"][0] = value!("0x1"),
        &["in a", "0x1"],
    );
}

#[test]
fn tampered_batches_are_refused() {
    let scene = scene();
    let inputs = &["expected public inputs", "got"];
    let data = changed_batch("data", |batch| {
        // The last byte of the fee slot's account: still a valid encoding.
        let mut data = hex::decode(batch["data"].as_str().unwrap()).unwrap();
        data[8 + 9] ^= 1;
        batch["data"] = value!(hex::encode(data));
    });
    assert_refused(&scene.verify(&data), inputs);
    let short = changed_batch("short", |batch| {
        let data = batch["data"].as_str().unwrap();
        batch["data"] = value!(data[..data.len() - 2]);
    });
    assert_refused(
        &scene.verify(&short),
        &["expected 49 bytes of data, got 48"],
    );
    let root = changed_batch("root", |batch| {
        batch["header"]["postRoot"] = batch["header"]["preRoot"].clone();
    });
    assert_refused(&scene.verify(&root), inputs);
    let input = changed_batch("input", |batch| {
        batch["proof"]["public_inputs"][2] = value!("7")
    });
    assert_refused(&scene.verify(&input), inputs);
}

/// The public inputs fit the data, so that only the pairing equation can tell.
#[test]
fn a_proof_of_other_data_is_refused_by_name() {
    let scene = scene();
    let mut proven: ProvenBatch = serde_json::from_value(read_json(&scene.proven)).unwrap();
    proven.header.timestamp = U40::try_from(1_800_000_001).unwrap();
    proven.proof.public_inputs = proven.public_data().unwrap().public_inputs().to_vec();
    let forged = write_json(folder("forged").join("forged.json"), &proven);
    let reason = "the pairing equation does not hold";
    assert_refused(&scene.verify(&forged), &[arg(&forged), reason]);

    let mut together = scene.verify(&scene.proven);
    together.extend([
        "--proven",
        arg(&forged),
        "--proven",
        arg(&scene.second_proven),
    ]);
    assert_refused(&together, &[arg(&forged), reason]);
}

#[test]
fn a_backend_that_is_not_there_is_an_error() {
    let scene = scene();
    let out = folder("backend").join("proven.json");
    let prove = scene.prove(&scene.batch, &out);
    let mut forced = prove.clone();
    forced.extend(["--backend", "gpu"]);
    let expected = "backend gpu is not available";
    let error = refusal_with(&[NO_GPU], &forced);
    assert!(error.contains(expected), "{error}");
    let error = refusal_with(&[("ZKROLL_BACKEND", "gpu"), NO_GPU], &prove);
    assert!(error.contains(expected), "{error}");
    let error = refusal_with(&[("ZKROLL_GPU_LAYOUT", "7x37")], &forced);
    assert!(
        error.contains("ZKROLL_GPU_LAYOUT") && error.contains("\"7x37\""),
        "{error}"
    );
    let error = refusal_with(&[("ZKROLL_BACKEND", "cuda")], &prove);
    assert!(
        error.contains("\"cuda\"") && error.contains("ark"),
        "{error}"
    );
    assert!(!out.exists());

    let mut unknown = prove;
    unknown.extend(["--backend", "cuda"]);
    let output = zkroll(&unknown);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cuda"));
}

#[test]
fn development_keys_are_not_exported_by_accident() {
    let scene = scene();
    let out = folder("export").join("contracts");
    let args = [
        "export-verifier",
        "--key",
        arg(&scene.key),
        "--out",
        arg(&out),
    ];
    assert_refused(
        &args,
        &["UNSAFE", arg(&scene.key), "--allow-unsafe-dev-key"],
    );
    assert!(!out.exists());
}

#[test]
fn a_ledger_that_refuses_is_not_replaced() {
    let scene = scene();
    let folder = folder("ledger");
    let (out, ledger_out) = (folder.join("proven.json"), folder.join("ledger.json"));
    let before = "what was here before";
    fs::write(&ledger_out, before).unwrap();
    let refused = |at: usize, argument: &str, parts: &[&str]| {
        let mut args = scene.prove_from_ledger(&out, &ledger_out);
        args[at] = argument;
        assert_refused(&args, parts);
        assert_eq!(fs::read_to_string(&ledger_out).unwrap(), before);
        assert!(!out.exists());
    };
    let gap = write_json(folder.join("gap.json"), &[payment(1), payment(3)]);
    refused(6, arg(&gap), &["transfer 1", "expected nonce 2, got 3"]);
    let many = write_json(
        folder.join("many.json"),
        &[payment(1), payment(2), payment(3)],
    );
    refused(6, arg(&many), &["2", "3"]);
    refused(8, "1700000000", &["1800000000", "1700000000"]);
    refused(10, "5:7", &["7"]);
    refused(10, "6:0", &["6"]);
    let no_ledger = read_json(&scene.ledger);
    let mut changed = no_ledger.clone();
    changed["accounts"][1]["account"]["balance"] = value!("1000000");
    let changed = write_json(folder.join("changed.json"), &changed);
    refused(
        4,
        arg(&changed),
        &["state root", no_ledger["root"].as_str().unwrap()],
    );
}

#[test]
fn a_batch_of_another_shape_than_asked_for_is_refused() {
    let scene = scene();
    let out = folder("shape").join("proven.json");
    for (argument, asked, got) in [
        ("--depth", "11", "got 1"),
        ("--transfers", "8", "got 2"),
        ("--fee-slots", "2", "got 1"),
    ] {
        let mut args = scene.prove(&scene.batch, &out);
        args.extend([argument, asked]);
        assert_refused(&args, &[argument, asked, got]);
    }
}

/// A trace that no ledger made: the constraints do not hold, and the error names one.
#[test]
fn an_impossible_batch_is_not_proven() {
    let scene = scene();
    let folder = folder("impossible");
    let mut trace = read_json(&scene.batch);
    trace["transfers"][0]["sender"]["balance"] = value!("999");
    let batch = write_json(folder.join("batch.json"), &trace);
    let out = folder.join("proven.json");
    assert_refused(
        &scene.prove(&batch, &out),
        &["is not satisfied", "transfer"],
    );
    assert!(!out.exists());
}

#[test]
fn half_a_command_line_is_refused() {
    let scene = scene();
    let key = arg(&scene.key);
    let [batch, ledger] = [&scene.batch, &scene.ledger].map(|path| arg(path));
    for args in [
        &["prove", "--key", key, "--out", "x"][..],
        &["prove", "--key", key, "--out", "x", "--ledger", ledger],
        &[
            "prove", "--key", key, "--out", "x", "--batch", batch, "--ledger", ledger,
        ],
        &[
            "prove",
            "--key",
            key,
            "--out",
            "x",
            "--batch",
            batch,
            "--timestamp",
            "1",
        ],
        &["verify", "--key", key],
        &["setup", "dev", "--out", "x", "--seed", "2a"],
    ] {
        assert_eq!(zkroll(args).status.code(), Some(2), "{args:?}");
    }
}
