//! The prover beside snarkjs.
//!
//! Without snarkjs each test reports "ignored, because …"; with `snarkjs` in `ZKROLL_REQUIRE` it fails.

mod ceremony;
#[path = "../common/mod.rs"]
mod common;
#[path = "../files/mod.rs"]
mod files;
mod interop;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = interop::trials().into_iter().chain(ceremony::trials());
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
