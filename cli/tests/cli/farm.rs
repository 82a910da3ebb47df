//! `zkroll farm` becomes the program beside it.

use std::fs;
use std::process::Command;

use crate::common::folder;

/// This program alone in a folder, with nothing on the path.
fn alone(name: &str) -> (std::path::PathBuf, Command) {
    let folder = folder(name);
    let program = folder.join("zkroll");
    // Not a copy: a file that somebody has open for writing, if only for a moment, does not run.
    fs::hard_link(env!("CARGO_BIN_EXE_zkroll"), &program).unwrap();
    let mut command = Command::new(program);
    command.env("PATH", &folder);
    (folder, command)
}

#[test]
fn without_its_program_the_error_says_which() {
    let (_, mut zkroll) = alone("farm_alone");
    let output = zkroll.args(["farm", "status"]).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(output.stdout.is_empty());
    assert!(
        errors.contains("cargo build --release -p zkroll-farm"),
        "{errors}"
    );
}

#[cfg(unix)]
#[test]
fn arguments_and_exit_code_are_its_own() {
    let (folder, mut zkroll) = alone("farm_beside");
    let program = folder.join("zkroll-farm");
    std::os::unix::fs::symlink("/bin/echo", &program).unwrap();
    let arguments = [
        "--json", "farm", "status", "--help", "--key", "a b", "--json",
    ];
    let output = zkroll.args(arguments).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "--json status --help --key a b --json\n");
    assert!(output.status.success());

    fs::remove_file(&program).unwrap();
    std::os::unix::fs::symlink("/bin/false", &program).unwrap();
    assert_eq!(zkroll.status().unwrap().code(), Some(1));
}
