//! snarkjs' commands, each as a function of paths.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::tool::{Run, Tool, ToolError};

/// What snarkjs says of something that it was asked to check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is good.
    Accepted,
    /// It is not, with all that was printed. A file that snarkjs cannot read is no verdict but a
    /// [`ToolError`].
    Refused(String),
}

/// Any command, its words and options first and then paths: returns what it prints.
///
/// # Errors
/// [`ToolError`] if it fails.
pub fn run(command: &str, paths: &[&Path]) -> Result<String, ToolError> {
    Ok(start(command, paths)?.success()?.stdout)
}

fn start(command: &str, paths: &[&Path]) -> Result<Run, ToolError> {
    let words = command.split(' ').map(OsStr::new);
    let paths = paths.iter().map(|path| path.as_os_str());
    Tool::Snarkjs.run(Path::new("."), words.chain(paths))
}

/// snarkjs ends with status 1 in either case, but only a crash prints a stack.
fn check(command: &str, paths: &[&Path]) -> Result<Verdict, ToolError> {
    let run = start(command, paths)?;
    if run.status.success() {
        return Ok(Verdict::Accepted);
    }
    let output = run.output();
    let crashed = output.lines().any(|line| line.starts_with("    at "));
    if run.status.code() == Some(1) && !crashed {
        Ok(Verdict::Refused(output))
    } else {
        Err(run.failure())
    }
}

/// First phase: powers of tau for domains up to 2^`log_n`, with one contribution, prepared for the
/// second phase. Returns the path of the file, in `folder`, which is made anew at every call.
///
/// # Errors
/// [`ToolError`] if a command fails.
pub fn powers_of_tau(folder: &Path, log_n: u32) -> Result<PathBuf, ToolError> {
    let [new, contributed, prepared] =
        ["new", "contributed", "prepared"].map(|name| folder.join(format!("{name}_{log_n}.ptau")));
    run(&format!("powersoftau new bn128 {log_n}"), &[&new])?;
    run(
        "powersoftau contribute --name=test -e=test",
        &[&new, &contributed],
    )?;
    run("powersoftau prepare phase2", &[&contributed, &prepared])?;
    Ok(prepared)
}

/// Checks a file of the first phase.
///
/// # Errors
/// [`ToolError`] if snarkjs cannot tell.
pub fn verify_powers_of_tau(ptau: &Path) -> Result<Verdict, ToolError> {
    check("powersoftau verify", &[ptau])
}

/// Second phase: the key of a circuit before any contribution.
///
/// # Errors
/// [`ToolError`] if the command fails.
pub fn setup(r1cs: &Path, ptau: &Path, zkey: &Path) -> Result<(), ToolError> {
    run("groth16 setup", &[r1cs, ptau, zkey]).map(drop)
}

/// Second phase: one contribution.
///
/// # Errors
/// [`ToolError`] if the command fails.
pub fn contribute(zkey: &Path, contributed: &Path) -> Result<(), ToolError> {
    let command = "zkey contribute --name=test -e=test";
    run(command, &[zkey, contributed]).map(drop)
}

/// Checks that a key is the circuit's and every contribution to it sound.
///
/// # Errors
/// [`ToolError`] if snarkjs cannot tell.
pub fn verify_key(r1cs: &Path, ptau: &Path, zkey: &Path) -> Result<Verdict, ToolError> {
    check("zkey verify", &[r1cs, ptau, zkey])
}

/// The verifying key of a key, as JSON.
///
/// # Errors
/// [`ToolError`] if the command fails.
pub fn export_verifying_key(zkey: &Path, json: &Path) -> Result<(), ToolError> {
    run("zkey export verificationkey", &[zkey, json]).map(drop)
}

/// Computes a witness from inputs as JSON.
///
/// # Errors
/// [`ToolError`] if the command fails, as it does where an input breaks a constraint.
pub fn calculate_witness(wasm: &Path, input: &Path, wtns: &Path) -> Result<(), ToolError> {
    run("wtns calculate", &[wasm, input, wtns]).map(drop)
}

/// Checks a witness against the constraints.
///
/// # Errors
/// [`ToolError`] if snarkjs cannot tell.
pub fn check_witness(r1cs: &Path, wtns: &Path) -> Result<Verdict, ToolError> {
    check("wtns check", &[r1cs, wtns])
}

/// Proves: writes proof and public inputs as JSON.
///
/// # Errors
/// [`ToolError`] if the command fails.
pub fn prove(zkey: &Path, wtns: &Path, proof: &Path, public: &Path) -> Result<(), ToolError> {
    run("groth16 prove", &[zkey, wtns, proof, public]).map(drop)
}

/// Verifies a proof.
///
/// # Errors
/// [`ToolError`] if snarkjs cannot tell.
pub fn verify(verifying_key: &Path, public: &Path, proof: &Path) -> Result<Verdict, ToolError> {
    check("groth16 verify", &[verifying_key, public, proof])
}

/// The arguments of a verifying contract, as text with the end of its line.
///
/// # Errors
/// [`ToolError`] if the command fails.
pub fn calldata(public: &Path, proof: &Path) -> Result<String, ToolError> {
    run("zkey export soliditycalldata", &[public, proof])
}
