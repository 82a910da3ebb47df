//! The built binary, and files for it.
#![allow(dead_code)] // Each test binary uses its part.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde::Serialize;
use serde_json::Value;
use zkroll::circuits::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PrivateKey,
    ledger::Ledger,
    public_data::{BatchShape, FeeSlot},
    transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    uint::U40,
};

/// The shape of the tests' batches.
pub const SHAPE: BatchShape = BatchShape::transfers_only(1, 2, 1);
pub const SHAPE_ARGS: [&str; 8] = [
    "--depth",
    "1",
    "--transfers",
    "2",
    "--fee-slots",
    "1",
    "--l1-slots",
    "0",
];

/// The cheapest shape, for keys that do not fit [`SHAPE`].
pub const OTHER_SHAPE_ARGS: [&str; 8] = [
    "--depth",
    "1",
    "--transfers",
    "1",
    "--fee-slots",
    "0",
    "--l1-slots",
    "0",
];

pub const SEED: &str = "2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a2a";
pub const TIMESTAMP: u64 = 1_800_000_000;

/// A variable that leaves backend gpu without an adapter on any machine.
pub const NO_GPU: (&str, &str) = ("ZKROLL_GPU_ADAPTER", "no adapter has this name");

/// Runs the binary with a variable of its environment set.
pub fn zkroll_with(environment: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_zkroll"))
        .env_remove("ZKROLL_BACKEND")
        .envs(environment.iter().copied())
        .args(args)
        .output()
        .expect("the binary runs")
}

pub fn zkroll(args: &[&str]) -> Output {
    zkroll_with(&[], args)
}

/// The only document that a command prints with `--json`.
pub fn json(args: &[&str]) -> Value {
    json_with(&[], args)
}

pub fn json_with(environment: &[(&str, &str)], args: &[&str]) -> Value {
    let output = zkroll_with(environment, &[args, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {error}");
    serde_json::from_slice(&output.stdout).expect("one JSON document on standard output")
}

/// The error of a command that fails, which prints nothing else.
pub fn refusal(args: &[&str]) -> String {
    refusal_with(&[], args)
}

pub fn refusal_with(environment: &[(&str, &str)], args: &[&str]) -> String {
    let output = zkroll_with(environment, args);
    assert_eq!(output.status.code(), Some(1), "{args:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{args:?}: {output:?}");
    let errors = String::from_utf8(output.stderr).expect("text");
    let last = errors.lines().last().unwrap_or_default();
    let error = last
        .strip_prefix("error: ")
        .expect("the last line is the error");
    error.to_owned()
}

/// Demands that a command fails and that its error contains all of `parts`.
#[track_caller]
pub fn assert_refused(args: &[&str], parts: &[&str]) {
    let error = refusal(args);
    for part in parts {
        assert!(error.contains(part), "expected {part:?} in {error:?}");
    }
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

/// Writes a value as JSON and returns the path.
pub fn write_json(path: PathBuf, value: &impl Serialize) -> PathBuf {
    fs::write(&path, serde_json::to_vec(value).expect("a value")).expect("a writable folder");
    path
}

pub fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// A folder for one test, empty.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(env!("CARGO_CRATE_NAME"))
        .join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("a folder of an earlier run");
    }
    fs::create_dir_all(&folder).expect("a writable folder");
    folder
}

fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).expect("a small index")
}

fn owner(seed: u8) -> PrivateKey {
    PrivateKey::from([seed; 32])
}

pub fn domain() -> Domain {
    Domain {
        chain_id: 31_337,
        contract: Address([0xab; 20]),
    }
}

/// Account 0 collects fees, account 1 pays, account 2 receives; all of token 5.
pub fn ledger() -> Ledger {
    ledger_of_depth(1)
}

/// The same accounts in a tree of `depth` levels.
pub fn ledger_of_depth(depth: usize) -> Ledger {
    let account = |seed, balance| Account::new(owner(seed).public_key(), 5, balance).unwrap();
    let accounts = [
        (index(0), account(1, 0)),
        (index(1), account(2, 10_000)),
        (index(2), account(3, 0)),
    ];
    Ledger::from_genesis(depth, domain(), accounts).unwrap()
}

/// Pays 100 and a fee of 3.
pub fn payment(nonce: u64) -> SignedTransfer {
    let transfer = Transfer {
        from: index(1),
        recipient: Recipient::account(index(2)),
        amount: Amount::from_value(100).unwrap(),
        fee: Fee::from_value(3).unwrap(),
        token: 5,
        nonce: U40::try_from(nonce).unwrap(),
        valid_until: U40::MAX,
    };
    transfer.sign(&owner(2), &domain())
}

pub fn fee_slot() -> FeeSlot {
    FeeSlot {
        token: 5,
        account: index(0),
    }
}

/// A key and two consecutive proven batches, made once by the binary.
pub struct Scene {
    pub key: PathBuf,
    pub other_key: PathBuf,
    /// What `setup dev` said.
    pub setup: Value,
    pub batch: PathBuf,
    pub ledger: PathBuf,
    pub transfers: PathBuf,
    pub proven: PathBuf,
    pub second_proven: PathBuf,
    pub ledger_after: PathBuf,
}

/// The key is made and both batches are proven at the first call.
pub fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let folder = folder("scene");
        let key = folder.join("circuit.key");
        let make = ["setup", "dev", "--seed", SEED, "--out"];
        let setup = json(&[&make[..], &[arg(&key)], &SHAPE_ARGS].concat());
        let other_key = folder.join("other.key");
        json(&[&make[..], &[arg(&other_key)], &OTHER_SHAPE_ARGS].concat());

        let mut first = ledger();
        let trace = first
            .apply_batch(&SHAPE, TIMESTAMP, &[], &[fee_slot()], &[payment(0)])
            .unwrap();
        let scene = Scene {
            batch: write_json(folder.join("batch.json"), &trace),
            ledger: write_json(folder.join("ledger.json"), &first),
            transfers: write_json(folder.join("transfers.json"), &[payment(1), payment(2)]),
            proven: folder.join("proven.json"),
            second_proven: folder.join("second_proven.json"),
            ledger_after: folder.join("ledger_after.json"),
            key,
            other_key,
            setup,
        };
        json(&scene.prove(&scene.batch, &scene.proven));
        json(&scene.prove_from_ledger(&scene.second_proven, &scene.ledger_after));
        scene
    })
}

impl Scene {
    pub fn prove<'a>(&'a self, batch: &'a Path, out: &'a Path) -> Vec<&'a str> {
        let key = arg(&self.key);
        vec![
            "prove",
            "--key",
            key,
            "--batch",
            arg(batch),
            "--out",
            arg(out),
        ]
    }

    pub fn prove_from_ledger<'a>(&'a self, out: &'a Path, ledger_out: &'a Path) -> Vec<&'a str> {
        let [key, ledger, transfers] = [&self.key, &self.ledger, &self.transfers].map(|p| arg(p));
        let mut args = vec![
            "prove",
            "--key",
            key,
            "--ledger",
            ledger,
            "--transfers-file",
            transfers,
        ];
        args.extend([
            "--timestamp",
            "1800000060",
            "--fee-slot",
            "5:0",
            "--out",
            arg(out),
        ]);
        args.extend(["--ledger-out", arg(ledger_out)]);
        args.extend(SHAPE_ARGS);
        args
    }

    pub fn verify<'a>(&'a self, proven: &'a Path) -> Vec<&'a str> {
        vec!["verify", "--key", arg(&self.key), "--proven", arg(proven)]
    }
}
