//! `zkroll`: the library's long steps for people and for scripts.
//!
//! Each command is a module of [`commands`] and returns a report, which is printed as text or, with
//! `--json`, as the only document on standard output. Progress, warnings and errors go to standard
//! error; a spinner shows only on a terminal. The exit status is 0 if the command succeeded, 1 if it
//! failed and 2 if the command line was wrong.
//!
//! No cryptography and no protocol stand here: commands read files, call `zkroll` and write files.

#![forbid(unsafe_code)]

mod args;
mod commands;
mod error;
mod files;
mod progress;
mod report;

use std::process::ExitCode;

use clap::Parser;

use commands::Command;
use error::one_line;

/// Proves batches of signed transfers for a contract on Ethereum.
#[derive(Debug, Parser)]
#[command(name = "zkroll", version, propagate_version = true)]
struct Cli {
    /// Prints one JSON document on standard output and nothing else.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run(cli.json) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}
