//! `cargo xtask`: the chores of this workspace, so that a person and an automated build run the same commands.
//!
//! | command | does |
//! |---|---|
//! | `test` | sets up what tests need, then runs every test and doctest |
//! | `check` | formatting, lints, documentation, dependency rules, feature combinations, benches |
//! | `heavy` | the tests whose name contains `heavy` |
//! | `settle` | runs the example `settle_batch` and checks its figures |
//! | `contracts` | compiles the contracts, or compares with the checked-in output, and lints them |
//! | `wallet` | signs the example's transfers, or compares with the checked-in file |
//!
//! Progress goes to stderr. A failed step does not stop the steps after it; the exit status is 0
//! only if all of them passed. Nothing here installs anything outside the checkout.
#![forbid(unsafe_code)]

mod check;
mod require;
mod settle;
mod setup;
mod steps;

use std::process::ExitCode;

use steps::{Steps, Workspace};

const HELP: &str = "\
usage: cargo xtask <command>

  test                  set up, then run every test and doctest
  check                 fmt, clippy, doc, deny, feature combinations, benches
  heavy                 run the tests whose name contains `heavy`: long, or large in memory
  settle                run the example settle_batch and check its figures
  contracts [--check]   compile and lint the contracts; --check compares with the checked-in output
  wallet [--check]      sign the example's transfers; --check compares with the checked-in file

ZKROLL_REQUIRE=a,b,.. makes `test` fail where one of anvil, chromium, gpu, ifma, node, postgres, python, snarkjs,
solc is absent; without it the tests that need an absent one are reported as ignored.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), String> {
    if let [] | ["help" | "-h" | "--help"] = arguments {
        eprintln!("{HELP}");
        return Ok(());
    }
    let workspace = Workspace::locate()?;
    let mut steps = Steps::default();
    match arguments {
        ["test"] => test(&workspace, &mut steps)?,
        ["check"] => check::run(&workspace, &mut steps),
        ["heavy"] => {
            let test = [
                "test",
                "--workspace",
                "--release",
                "--no-fail-fast",
                "--",
                "--ignored",
                "heavy",
            ];
            steps.command(workspace.cargo(test));
        }
        ["settle"] => steps.task("settle_batch", || settle::run(&workspace)),
        ["contracts", rest @ ..] if matches!(rest, [] | ["--check"]) => {
            setup::SOLC.install(&workspace)?;
            steps.command(
                workspace
                    .tool("node", ["verifier-sol/contracts/compile.mjs"])
                    .args(rest),
            );
            // Neither the poster nor a look for updates: nothing goes out.
            let lint = [
                "verifier-sol/contracts/node_modules/solhint/solhint.js",
                "--noPoster",
                "--disc",
                "--max-warnings=0",
                "--config=verifier-sol/contracts/.solhint.json",
                "verifier-sol/contracts/src/**/*.sol",
            ];
            steps.command(workspace.tool("node", lint));
        }
        ["wallet", rest @ ..] if matches!(rest, [] | ["--check"]) => {
            setup::WALLET.install(&workspace)?;
            steps.command(
                workspace
                    .tool("node", ["examples/wallet/sign.mjs"])
                    .args(rest),
            );
        }
        _ => {
            return Err(format!(
                "expected a command, got `{}`\n\n{HELP}",
                arguments.join(" ")
            ));
        }
    }
    steps.finish()
}

/// The one test command.
fn test(workspace: &Workspace, steps: &mut Steps) -> Result<(), String> {
    let available = setup::prepare(workspace, &require::Requirement::from_environment()?)?;
    steps.command(workspace.cargo(["test", "--workspace", "--release", "--no-fail-fast"]));
    // The two wallets are written from docs/protocol.md alone: that they agree with each other, and
    // the Rust code with their transfers, is the test of that document.
    if available.node {
        steps.command(workspace.tool("node", ["examples/wallet/sign.mjs", "--check"]));
    }
    if available.python {
        steps.command(workspace.tool("python3", ["examples/wallet/sign.py", "--check"]));
    }
    Ok(())
}
