//! A ceremony and proofs in snarkjs' files, from the command line.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{arg, folder, json, refusal};
use zkroll::prover::formats::{r1cs, wtns};
use zkroll::prover::{Fr, Matrices};

/// One public input y and a witness x with x·x = y, in the columns (1, y, x); twice, so that the domain
/// has four elements.
fn circuit(folder: &Path) -> (PathBuf, PathBuf) {
    let one = Fr::from(1u64);
    let square = |column| vec![vec![(column, one)]; 2];
    let matrices = Matrices::new(2, 1, [square(2), square(2), square(1)]).unwrap();
    let (constraints, witness) = (folder.join("square.r1cs"), folder.join("square.wtns"));
    r1cs::write(&constraints, &matrices).unwrap();
    wtns::write(&witness, &[1u64, 49, 7].map(Fr::from)).unwrap();
    (constraints, witness)
}

/// Powers of τ, and the key before any contribution.
fn begin(name: &str) -> (PathBuf, PathBuf, PathBuf, PathBuf, PathBuf) {
    let folder = folder(name);
    let (constraints, witness) = circuit(&folder);
    let (ptau, key) = (folder.join("dev.ptau"), folder.join("0.zkey"));
    let report = json(&["setup", "dev-ptau", "--power", "3", "--out", arg(&ptau)]);
    assert_eq!(
        (&report["power"], &report["unsafe"]),
        (&3.into(), &true.into())
    );
    let r1cs = arg(&constraints);
    json(&[
        "setup",
        "init",
        "--r1cs",
        r1cs,
        "--ptau",
        arg(&ptau),
        "--out",
        arg(&key),
    ]);
    (folder, constraints, witness, ptau, key)
}

/// Contributes with a text from standard input.
fn contribute(from: &Path, to: &Path, name: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_zkroll"))
        .args(["setup", "contribute", "--zkey", arg(from), "--out", arg(to)])
        .args(["--name", name, "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdin = child.stdin.as_mut().unwrap();
    stdin.write_all(b"what nobody can guess\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["contribution_hash"].as_str().unwrap().to_owned()
}

fn beacon(from: &Path, to: &Path) -> serde_json::Value {
    let (from, to) = (arg(from), arg(to));
    json(&[
        "setup", "beacon", "--zkey", from, "--out", to, "--beacon", "0x00ff",
    ])
}

#[test]
fn a_ceremony_ends_in_a_key_and_its_contract() {
    let (folder, constraints, _, ptau, initial) = begin("ceremony");
    let [first, second, last] = ["1.zkey", "2.zkey", "3.zkey"].map(|name| folder.join(name));
    let hashes = [
        contribute(&initial, &first, "Ada"),
        contribute(&first, &second, "Grace"),
        beacon(&second, &last)["contribution_hash"]
            .as_str()
            .unwrap()
            .to_owned(),
    ];
    let (r1cs, ptau) = (arg(&constraints), arg(&ptau));
    let of_key = ["--zkey", arg(&last), "--ptau", ptau, "--r1cs", r1cs];
    let report = json(&[&["setup", "verify"], &of_key[..]].concat());
    assert_eq!(report["valid"], true);
    // The powers of τ are UNSAFE.
    assert_eq!(
        (&report["unsafe"], &report["fit_for_use"]),
        (&true.into(), &false.into())
    );
    for (contribution, hash) in report["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&hashes)
    {
        assert_eq!(contribution["hash"], **hash);
    }
    assert_eq!(report["contributions"][1]["name"], "Grace");
    assert_eq!(report["contributions"][2]["kind"], "beacon");

    let [key, vk, contracts] = ["rollup.key", "vk.json", "contracts"].map(|name| folder.join(name));
    let outputs = ["--key", arg(&key), "--vk", arg(&vk)];
    let export = [&["setup", "export"], &of_key[..], &outputs].concat();
    let error = refusal(&export);
    assert!(error.contains("UNSAFE"), "{error}");
    assert!(!key.exists() && !vk.exists());
    let report = json(&[&export[..], &["--allow-unsafe-dev-key"]].concat());
    assert_eq!(report["unsafe"], true);
    let report = json(&["setup", "verify", "--key", arg(&key)]);
    assert_eq!(
        (&report["unsafe"], &report["h_basis"]),
        (&true.into(), &"odd coset".into())
    );
    let info = json(&["groth16", "info", "--file", arg(&key)]);
    assert_eq!(
        (&info["kind"], &info["unsafe"], &info["domain_size"]),
        (&"key".into(), &true.into(), &4.into())
    );
    assert_eq!(info["circuit_digest"], report["circuit_digest"]);

    let export = [
        "export-verifier",
        "--key",
        arg(&key),
        "--out",
        arg(&contracts),
    ];
    assert!(refusal(&export).contains("--allow-unsafe-dev-key"));
    json(&[&export[..], &["--allow-unsafe-dev-key"]].concat());
    let solidity = fs::read_to_string(contracts.join("Groth16Verifier.sol")).unwrap();
    assert!(solidity.contains("UNSAFE"));
}

#[test]
fn proofs_of_any_circuit_in_snarkjs_files() {
    let (folder, _, witness, _, initial) = begin("groth16");
    let key = folder.join("1.zkey");
    contribute(&initial, &key, "Ada");
    let [proof, public, vk] =
        ["proof.json", "public.json", "vk.json"].map(|name| folder.join(name));
    let outputs = ["--proof", arg(&proof), "--public", arg(&public)];
    let prove = |key: &Path, witness: &Path| {
        [
            &["groth16", "prove", "--zkey"],
            &[arg(key)][..],
            &["--wtns", arg(witness)],
            &outputs,
        ]
        .concat()
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
    };
    let words = prove(&key, &witness);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let report = json(&words);
    assert_eq!(report["public_inputs"], 1);
    assert_eq!(report["domain_log2"], 2);
    json(&[
        "groth16",
        "convert",
        "key",
        "--zkey",
        arg(&key),
        "--vk",
        arg(&vk),
    ]);
    let verify = [
        "groth16",
        "verify",
        "--vk",
        arg(&vk),
        "--proof",
        arg(&proof),
        "--public",
        arg(&public),
    ];
    let report = json(&verify);
    assert_eq!(
        (&report["valid"], &report["public_inputs"][0]),
        (&true.into(), &"49".into())
    );
    let calldata = folder.join("calldata.txt");
    json(&[
        "groth16",
        "convert",
        "calldata",
        "--proof",
        arg(&proof),
        "--public",
        arg(&public),
        "--out",
        arg(&calldata),
    ]);
    assert!(fs::read_to_string(&calldata).unwrap().starts_with("[\"0x"));

    fs::write(&public, "[\"50\"]").unwrap();
    refusal(&verify);

    // A witness that breaks the constraint, and one of another circuit: nothing is written.
    fs::remove_file(&proof).unwrap();
    let wrong = folder.join("wrong.wtns");
    for values in [&[1u64, 50, 7][..], &[1, 49]] {
        let values: Vec<_> = values.iter().map(|value| Fr::from(*value)).collect();
        wtns::write(&wrong, &values).unwrap();
        let words = prove(&key, &wrong);
        refusal(&words.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(!proof.exists());
    }
}

#[test]
fn keys_without_a_person_prove_nothing() {
    let (folder, constraints, witness, ptau, initial) = begin("nobody");
    let beacons = folder.join("beacons.zkey");
    beacon(&initial, &beacons);
    let [proof, public, vk] =
        ["proof.json", "public.json", "vk.json"].map(|name| folder.join(name));
    for (key, reason) in [(&initial, "gamma_g2"), (&beacons, "person")] {
        let error = refusal(&[
            "groth16",
            "prove",
            "--zkey",
            arg(key),
            "--wtns",
            arg(&witness),
            "--proof",
            arg(&proof),
            "--public",
            arg(&public),
        ]);
        assert!(error.contains(reason), "{error}");
        let error = refusal(&[
            "groth16",
            "convert",
            "key",
            "--zkey",
            arg(key),
            "--vk",
            arg(&vk),
        ]);
        assert!(error.contains(reason), "{error}");
        let error = refusal(&[
            "setup",
            "export",
            "--zkey",
            arg(key),
            "--ptau",
            arg(&ptau),
            "--r1cs",
            arg(&constraints),
            "--vk",
            arg(&vk),
            "--allow-unsafe-dev-key",
        ]);
        assert!(error.contains("person"), "{error}");
    }
    assert!(!proof.exists() && !public.exists() && !vk.exists());
}

#[test]
fn powers_of_tau_that_say_unsafe_are_not_imported() {
    let (folder, _, _, ptau, _) = begin("import");
    let out = folder.join("imported.ptau");
    let error = refusal(&[
        "setup",
        "import-ptau",
        "--ptau",
        arg(&ptau),
        "--out",
        arg(&out),
    ]);
    assert!(error.contains("UNSAFE"), "{error}");
    assert!(!out.exists());
}

#[test]
fn files_say_what_they_hold() {
    let (_, constraints, witness, ptau, key) = begin("info");
    let info = |path: &Path| json(&["groth16", "info", "--file", arg(path)]);
    assert_eq!(info(&constraints)["constraints"], 2);
    assert_eq!(info(&witness)["values"], 3);
    assert_eq!(info(&ptau)["prepared"], true);
    let report = info(&key);
    assert_eq!(
        (&report["kind"], &report["columns"]),
        (&"zkey".into(), &3.into())
    );
    assert!(report["refused"].as_str().unwrap().contains("gamma_g2"));
    refusal(&["groth16", "info", "--file", env!("CARGO_BIN_EXE_zkroll")]);
}
