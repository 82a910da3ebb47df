//! The tools do what the crate says of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed};
use zkroll_interop::circom::Chain;
use zkroll_interop::snarkjs::{self, Verdict};
use zkroll_interop::{ToolError, trial};

fn main() -> ExitCode {
    let trials = vec![
        trial("chains_have_the_size_they_are_asked_for", sizes),
        trial("a_refusal_is_a_verdict_and_a_crash_an_error", verdicts),
        trial("a_circuit_that_does_not_compile_is_an_error", syntax_error),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A folder for one test, empty.
fn folder(name: &str) -> Result<PathBuf, Failed> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Around the length of a piece: nothing over, one step over.
fn sizes() -> Result<(), Failed> {
    let folder = folder("sizes")?;
    let chains = [4, 10].map(Chain::filling_domain);
    let lengths = [1, 256, 257].map(|constraints| Chain { constraints });
    for chain in chains.into_iter().chain(lengths) {
        let folder = folder.join(chain.constraints.to_string());
        fs::create_dir(&folder)?;
        let circuit = chain.compile(&folder)?;
        let info = snarkjs::run("r1cs info", &[&circuit.r1cs])?;
        for (name, expected) in [
            ("Constraints", chain.constraints),
            ("Wires", chain.constraints + Chain::NUM_INSTANCE),
            ("Public Inputs", 2),
            ("Private Inputs", 1),
            ("Outputs", 1),
        ] {
            let line = info
                .lines()
                .find(|line| line.contains(&format!(" # of {name}:")));
            let line = line.ok_or_else(|| format!("expected {name} in {info}"))?;
            let got = line.rsplit(' ').next().unwrap_or_default();
            assert_eq!(got, expected.to_string(), "{chain:?}: {line}");
        }

        let (input, witness) = (folder.join("input.json"), folder.join("main.wtns"));
        fs::write(&input, chain.input(3, 5, 7))?;
        snarkjs::calculate_witness(&circuit.wasm, &input, &witness)?;
        let verdict = snarkjs::check_witness(&circuit.r1cs, &witness)?;
        assert_eq!(verdict, Verdict::Accepted);
    }
    Ok(())
}

fn verdicts() -> Result<(), Failed> {
    let folder = folder("verdicts")?;
    let chain = Chain::filling_domain(4);
    let circuit = chain.compile(&folder)?;
    let (input, witness) = (folder.join("input.json"), folder.join("main.wtns"));
    fs::write(&input, chain.input(3, 5, 7))?;
    snarkjs::calculate_witness(&circuit.wasm, &input, &witness)?;
    let ptau = snarkjs::powers_of_tau(&folder, 4)?;
    assert_eq!(snarkjs::verify_powers_of_tau(&ptau)?, Verdict::Accepted);
    let [initial, key] = ["initial.zkey", "final.zkey"].map(|name| folder.join(name));
    snarkjs::setup(&circuit.r1cs, &ptau, &initial)?;
    snarkjs::contribute(&initial, &key)?;
    let verdict = snarkjs::verify_key(&circuit.r1cs, &ptau, &key)?;
    assert_eq!(verdict, Verdict::Accepted);

    // The last value of the witness, and a part of the key's last contribution.
    for (file, from_end, check) in [
        (
            &witness,
            20,
            &(|| snarkjs::check_witness(&circuit.r1cs, &witness))
                as &dyn Fn() -> Result<Verdict, ToolError>,
        ),
        (&key, 70, &|| {
            snarkjs::verify_key(&circuit.r1cs, &ptau, &key)
        }),
    ] {
        let mut bytes = fs::read(file)?;
        let at = bytes.len() - from_end;
        bytes[at] ^= 1;
        fs::write(file, bytes)?;
        let verdict = check()?;
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }
    let crash = snarkjs::check_witness(&witness, &witness);
    assert!(matches!(crash, Err(ToolError::Failed { .. })), "{crash:?}");
    Ok(())
}

fn syntax_error() -> Result<(), Failed> {
    let folder = folder("syntax_error")?;
    let main = folder.join("main.circom");
    fs::write(&main, "component main = Nothing();")?;
    let error = zkroll_interop::circom::compile(&main, Default::default());
    assert!(matches!(error, Err(ToolError::Failed { .. })), "{error:?}");
    Ok(())
}
