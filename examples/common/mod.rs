//! What the examples share: the wallet's accounts and file, and the chain that a batch is settled on. Each
//! example uses its part.
#![allow(dead_code)]

use std::process::ExitCode;

pub mod chain;
pub mod wallet;

/// Whatever an example cannot go on with.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The exit code of an example; an error goes to stderr.
pub fn exit(outcome: Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
