//! Compiles a chain of constraints that fills a domain of 2^LOG_N and calculates a witness, with circom and
//! snarkjs. Prints the paths of both as JSON.
//!
//! ```text
//! cargo run --release -p zkroll-interop --example chain -- LOG_N FOLDER
//! ```

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use zkroll_interop::circom::Chain;
use zkroll_interop::{missing, snarkjs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [log_n, folder] = &arguments[..] else {
        return Err("expected LOG_N FOLDER".into());
    };
    let log_n: u32 = log_n.parse()?;
    if !(3..=22).contains(&log_n) {
        return Err(format!("expected LOG_N from 3 to 22, got {log_n}").into());
    }
    if let Some(reason) = missing() {
        return Err(format!("the tools are missing: {reason}").into());
    }
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let chain = Chain::filling_domain(log_n);
    let circuit = chain.compile(&folder)?;
    let (input, witness) = (folder.join("input.json"), folder.join("main.wtns"));
    fs::write(&input, chain.input(3, 5, 7))?;
    snarkjs::calculate_witness(&circuit.wasm, &input, &witness)?;
    println!(
        "{{\"r1cs\": {:?}, \"wtns\": {:?}}}",
        circuit.r1cs.display().to_string(),
        witness.display().to_string()
    );
    Ok(())
}
