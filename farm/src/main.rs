//! The program `zkroll-farm`, which `zkroll farm` runs.
#![forbid(unsafe_code)]

mod commands;

use std::process::ExitCode;

use clap::Parser;

use commands::Arguments;

fn main() -> ExitCode {
    commands::run(Arguments::parse())
}
