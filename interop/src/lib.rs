//! Runs circom and snarkjs, the reference tools, for the tests of other crates.
//!
//! The tools are packages from npm in this folder's `node_modules`, in the versions of its
//! `package-lock.json`. Where they are not installed, a [`trial`] is reported as ignored, with the
//! reason; with `snarkjs` in `ZKROLL_REQUIRE` it fails.
//!
//! ```no_run
//! use std::path::Path;
//! use zkroll_interop::{circom::Chain, snarkjs, snarkjs::Verdict};
//!
//! # let folder = Path::new("");
//! // A circuit that fills a domain of 2^6, a witness, a key and a proof, all from the tools.
//! let chain = Chain::filling_domain(6);
//! let circuit = chain.compile(folder)?;
//! let [input, witness, key, proof, public, vk] =
//!     ["input.json", "w.wtns", "final.zkey", "proof.json", "public.json", "vk.json"]
//!         .map(|name| folder.join(name));
//! std::fs::write(&input, chain.input(3, 5, 7))?;
//! snarkjs::calculate_witness(&circuit.wasm, &input, &witness)?;
//! let ptau = snarkjs::powers_of_tau(folder, 6)?;
//! snarkjs::setup(&circuit.r1cs, &ptau, &key)?;
//! snarkjs::prove(&key, &witness, &proof, &public)?;
//! snarkjs::export_verifying_key(&key, &vk)?;
//! assert_eq!(snarkjs::verify(&vk, &public, &proof)?, Verdict::Accepted);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod circom;
pub mod snarkjs;

mod tool;

use libtest_mimic::{Completion, Failed, Trial};

pub use tool::ToolError;

/// What is missing before the tools can run, if anything is.
#[must_use]
pub fn missing() -> Option<String> {
    if let Err(error) = tool::node().arg("--version").output() {
        Some(format!("node does not run: {error}"))
    } else if tool::Tool::ALL.iter().all(|tool| tool.script().exists()) {
        None
    } else {
        Some("npm ci has not been run in interop".to_owned())
    }
}

/// Whether the environment demands the tools.
#[must_use]
pub fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|name| name.trim() == "snarkjs"))
}

/// A test that is ignored, or fails if the tools are [`required`], where something is [`missing`].
pub fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        None => test().map(|()| Completion::Completed),
        Some(reason) if required() => Err(format!("snarkjs is required, but {reason}").into()),
        Some(reason) => Ok(Completion::ignored_with(format!("because {reason}"))),
    })
}
