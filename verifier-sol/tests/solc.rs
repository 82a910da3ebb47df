//! Tests that need Node and the solc of `contracts/package-lock.json` (`npm ci` in `contracts/`): the
//! checked-in bytecode is what the compiler makes, and the readable verifier behaves like the fixed one.
//!
//! Without them each test reports "ignored, because …"; with `solc` in `ZKROLL_REQUIRE` it fails.

mod common;

use common::chain::{SENDER, evm};
use common::trace::precompile_inputs;
use common::{attacks, batch, samples, setup};
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output, Stdio};
use zkroll_verifier_sol::abi::{encode_call, word_from_u128};
use zkroll_verifier_sol::calldata::verify_proof_call;
use zkroll_verifier_sol::solidity::{Options, solidity_source};

/// Number of public inputs, proofs, execution gas of an accepted proof (Osaka).
const CASES: [(usize, usize, u64); 3] = [(0, 4, 182_570), (1, 6, 189_098), (3, 8, 202_088)];

/// Number of public inputs, number of proofs, execution gas of an accepted batch (Osaka).
const BATCHES: [(usize, usize, u64); 6] = [
    (0, 1, 185_323),
    (0, 16, 926_603),
    (1, 1, 192_325),
    (1, 16, 934_944),
    (3, 1, 206_194),
    (3, 16, 952_531),
];

/// See tests/contracts/verifier.rs.
const REFUSAL_BAR: u64 = 385_000;

fn main() -> ExitCode {
    let mut trials = vec![
        trial("checked_in_bytecode_is_what_solc_makes", || {
            let output = compiler(&["--check"], "")?;
            success(&output).map(drop)
        }),
        trial("a_development_key_compiles_and_says_so", development_key),
    ];
    for (public_inputs, proofs, gas) in CASES {
        trials.push(trial(
            &format!("readable_verifier_with_{public_inputs}_inputs"),
            move || readable_verifier(public_inputs, proofs, gas),
        ));
        trials.push(trial(
            &format!("readable_batches_with_{public_inputs}_inputs"),
            move || readable_batches(public_inputs),
        ));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that is ignored, or fails if that is asked for, where there is no compiler.
fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        None => test().map(|()| Completion::Completed),
        Some(reason) if required() => Err(format!("solc is required, but {reason}").into()),
        Some(reason) => Ok(Completion::ignored_with(format!("because {reason}"))),
    })
}

fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|name| name.trim() == "solc"))
}

fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

/// What is missing, if anything is.
fn missing() -> Option<String> {
    if let Err(error) = Command::new("node").arg("--version").output() {
        Some(format!("node does not run: {error}"))
    } else if !contracts().join("node_modules/solc/package.json").exists() {
        Some("npm ci has not been run in verifier-sol/contracts".into())
    } else {
        None
    }
}

fn compiler(arguments: &[&str], input: &str) -> Result<Output, Failed> {
    let mut child = Command::new("node")
        .arg(contracts().join("compile.mjs"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes())?;
    }
    Ok(child.wait_with_output()?)
}

fn success(output: &Output) -> Result<&[u8], Failed> {
    if output.status.success() {
        Ok(&output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

/// Creation code of the one contract in `source`; a compiler warning is an error.
fn compile(source: &str, contract: &str) -> Result<Vec<u8>, Failed> {
    let output = compiler(&["--stdin"], source)?;
    let compiled: serde_json::Value = serde_json::from_slice(success(&output)?)?;
    let code = compiled[contract]["creation"].as_str().ok_or_else(|| {
        format!("expected contract {contract} in the compiler's output, got none")
    })?;
    Ok(hex::decode(code)?)
}

fn readable_verifier(public_inputs: usize, proofs: usize, gas: u64) -> Result<(), Failed> {
    let pk = setup(public_inputs, 7 + public_inputs as u64);
    let options = Options {
        contract_name: "ReadableVerifier".into(),
        ..Options::default()
    };
    let source = solidity_source(&pk.vk, &options)?;
    let mut evm = evm();
    let address = evm
        .deploy(SENDER, compile(&source, "ReadableVerifier")?)?
        .address;
    for sample in samples(&pk, public_inputs, proofs) {
        let calldata = verify_proof_call(&sample.proof, &sample.inputs);
        let receipt = evm.transact(SENDER, address, calldata.clone(), 0)?;
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(receipt.output, word_from_u128(1));
        assert_eq!(receipt.gas_execution, gas);
        let with_ether = evm.transact(SENDER, address, calldata, 1)?;
        assert!(!with_ether.success && with_ether.output.is_empty());

        for attack in attacks::all(&sample) {
            let receipt = evm.transact(SENDER, address, attack.calldata, 0)?;
            assert!(!receipt.success, "{}", attack.name);
            let error = receipt.error.as_ref().map(|error| error.name());
            if attack.refused_by_decoder {
                assert!(receipt.output.is_empty(), "{}", attack.name);
            } else {
                assert_eq!(
                    error,
                    Some(attack.error),
                    "{}: {}",
                    attack.name,
                    receipt.failure()
                );
            }
            assert!(receipt.gas_execution <= REFUSAL_BAR, "{}", attack.name);
        }
    }
    Ok(())
}

fn readable_batches(public_inputs: usize) -> Result<(), Failed> {
    let pk = setup(public_inputs, 7 + public_inputs as u64);
    let options = Options::default();
    let source = solidity_source(&pk.vk, &options)?;
    let mut evm = evm();
    let address = evm
        .deploy(SENDER, compile(&source, &options.contract_name)?)?
        .address;
    let samples = samples(&pk, public_inputs, 3);
    for (_, proofs, gas) in BATCHES.iter().filter(|case| case.0 == public_inputs) {
        let batch: Vec<_> = samples.iter().cycle().take(*proofs).cloned().collect();
        let receipt = evm.transact(SENDER, address, batch::call(&batch), 0)?;
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(receipt.output, word_from_u128(1));
        assert_eq!(receipt.gas_execution, *gas, "{proofs} proofs");
        let inputs = precompile_inputs(evm.code(&address), batch::call(&batch), 8);
        assert!(inputs == [batch::pairing_input(&pk.vk, &batch)]);
        let with_ether = evm.transact(SENDER, address, batch::call(&batch), 1)?;
        assert!(!with_ether.success && with_ether.output.is_empty());
    }
    if public_inputs > 0 {
        for (name, forged) in batch::forgeries(&pk.vk, &samples) {
            let receipt = evm.transact(SENDER, address, batch::call(&forged), 0)?;
            let error = receipt.error.as_ref().map(|error| error.name());
            assert_eq!(error, Some("ProofInvalid"), "{name}");
        }
    }
    let accepted = evm.transact(SENDER, address, batch::call(&samples), 0)?;
    for attack in (0..3).flat_map(|place| batch::attacks(&samples, place)) {
        let receipt = evm.transact(SENDER, address, attack.calldata, 0)?;
        assert!(!receipt.success, "{}", attack.name);
        let error = receipt.error.as_ref().map(|error| error.name());
        if attack.refused_by_decoder {
            assert!(
                receipt.output.is_empty(),
                "{}: {}",
                attack.name,
                receipt.failure()
            );
        } else {
            assert_eq!(error, Some(attack.error), "{}", attack.name);
        }
        let bar = 2 * accepted.gas_execution;
        assert!(receipt.gas_execution <= bar, "{}", attack.name);
    }
    Ok(())
}

fn development_key() -> Result<(), Failed> {
    let options = Options {
        unsafe_development: true,
        ..Options::default()
    };
    let source = solidity_source(&setup(1, 8).vk, &options)?;
    let mut evm = evm();
    let address = evm
        .deploy(SENDER, compile(&source, &options.contract_name)?)?
        .address;
    let output = evm.view(address, encode_call("UNSAFE_DEVELOPMENT_KEY()", &[]))?;
    assert_eq!(output, word_from_u128(1));
    Ok(())
}
