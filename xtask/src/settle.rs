//! `cargo xtask settle`: the main example, run as a machine would read it.

use serde_json::Value;

use crate::steps::{Workspace, capture};

/// Most gas that the settling call may execute, intrinsic cost excluded.
const MAX_GAS_EXECUTION: u64 = 260_000;
/// Fewest tampered submissions that the example shows to be refused.
const MIN_REJECTED: usize = 3;

/// Runs `settle_batch --json`; its stdout must be one JSON object with the expected figures.
///
/// The example is built with the features of the whole workspace, as the tests build it: by itself it has
/// fewer, and half of the tree would be compiled again.
pub fn run(workspace: &Workspace) -> Result<(), String> {
    let build = [
        "build",
        "--release",
        "--workspace",
        "--example",
        "settle_batch",
    ];
    capture(&mut workspace.cargo(build))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let examples = workspace.root.join(target).join("release/examples");
    let name = format!("settle_batch{}", std::env::consts::EXE_SUFFIX);
    verify(&capture(
        &mut workspace.tool(examples.join(name), ["--json"]),
    )?)
}

fn verify(stdout: &str) -> Result<(), String> {
    let report: Value = serde_json::from_str(stdout)
        .map_err(|error| format!("expected JSON alone on stdout, got {stdout:.200}: {error}"))?;
    let field = |name: &str| {
        report
            .get(name)
            .ok_or_else(|| format!("expected the key {name}, got none"))
    };
    let number = |name: &str| {
        let value = field(name)?;
        value
            .as_f64()
            .filter(|n| *n > 0.0)
            .ok_or_else(|| format!("{name}: expected a positive number, got {value}"))
    };
    let count = |name: &str| {
        let value = field(name)?;
        value
            .as_u64()
            .filter(|n| *n > 0)
            .ok_or_else(|| format!("{name}: expected a positive integer, got {value}"))
    };

    for name in ["transfers", "depth", "accounts_log2", "constraints"] {
        count(name)?;
    }
    for name in [
        "constraints_per_transfer",
        "witness_ms",
        "prove_ms",
        "verify_ms",
        "gas_per_transfer",
    ] {
        number(name)?;
    }
    for name in ["backend", "evm_fork"] {
        let value = field(name)?;
        value
            .as_str()
            .filter(|s| !s.is_empty())
            .ok_or_else(|| format!("{name}: expected a name, got {value}"))?;
    }
    let (execution, transaction) = (count("gas_execution")?, count("gas_transaction")?);
    if execution > MAX_GAS_EXECUTION {
        return Err(format!(
            "gas_execution: expected at most {MAX_GAS_EXECUTION}, got {execution}"
        ));
    }
    if transaction <= execution {
        return Err(format!(
            "gas_transaction: expected more than gas_execution = {execution}, got {transaction}"
        ));
    }
    if field("accepted")? != &Value::Bool(true) {
        return Err(format!(
            "accepted: expected true, got {}",
            field("accepted")?
        ));
    }
    let rejected = field("rejected")?;
    if rejected
        .as_array()
        .is_none_or(|list| list.len() < MIN_REJECTED)
    {
        return Err(format!(
            "rejected: expected a list of at least {MIN_REJECTED}, got {rejected}"
        ));
    }
    eprintln!("{report:#}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!({
            "transfers": 10, "depth": 11, "accounts_log2": 33, "backend": "cpu", "constraints": 260_000,
            "constraints_per_transfer": 23_500.5, "witness_ms": 80.0, "prove_ms": 900, "verify_ms": 1.5,
            "evm_fork": "osaka", "gas_execution": 240_000, "gas_transaction": 270_000,
            "gas_per_transfer": 27_000.0, "accepted": true, "rejected": ["root", "data", "proof"],
        })
    }

    #[test]
    fn a_good_report_passes() {
        assert_eq!(verify(&good().to_string()), Ok(()));
    }

    #[test]
    fn each_missing_key_is_named() {
        let Value::Object(report) = good() else {
            unreachable!("an object")
        };
        for name in report.keys() {
            let mut report = report.clone();
            report.remove(name);
            assert_eq!(
                verify(&Value::Object(report).to_string()),
                Err(format!("expected the key {name}, got none"))
            );
        }
    }

    #[test]
    fn each_bad_value_is_named() {
        let bad = [
            ("transfers", json!(0)),
            ("constraints", json!("260000")),
            ("prove_ms", json!(-1.0)),
            ("backend", json!("")),
            ("gas_execution", json!(260_001)),
            ("gas_transaction", json!(240_000)),
            ("accepted", json!(false)),
            ("rejected", json!(["root", "data"])),
        ];
        for (name, value) in bad {
            let mut report = good();
            report[name] = value;
            let message = verify(&report.to_string()).unwrap_err();
            assert!(message.starts_with(name), "{name}: {message}");
        }
    }

    #[test]
    fn anything_beside_the_json_is_refused() {
        for stdout in ["", "proving ..\n{}", &format!("{} done", good())] {
            assert!(
                verify(stdout)
                    .unwrap_err()
                    .starts_with("expected JSON alone")
            );
        }
    }
}
