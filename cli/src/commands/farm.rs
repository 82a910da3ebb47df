//! `zkroll farm`: the program `zkroll-farm`, which brings a queue and all that a queue needs, and so is none of this
//! program's dependencies. It is looked for beside this program and then on the path.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::error::CliError;

/// The program's name.
const PROGRAM: &str = "zkroll-farm";

/// Arguments of `zkroll farm`.
#[derive(Args, Debug)]
#[command(disable_help_flag = true, disable_version_flag = true)]
pub struct FarmArgs {
    /// submit, worker, status, results, cancel, retry, prune or serve, and their arguments; --help says more.
    #[arg(
        value_name = "COMMAND",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

impl FarmArgs {
    /// Becomes the program, where a process can, or runs it and ends as it did.
    ///
    /// # Errors
    /// If it is not there or does not start. It does not return otherwise.
    pub fn run(&self, json: bool) -> Result<(), CliError> {
        let mut command = Command::new(program());
        command.args(json.then_some("--json")).args(&self.arguments);
        #[cfg(unix)]
        let source = std::os::unix::process::CommandExt::exec(&mut command);
        #[cfg(not(unix))]
        let source = match command.status() {
            Ok(status) => std::process::exit(status.code().unwrap_or(1)),
            Err(source) => source,
        };
        Err(CliError::Farm { source })
    }
}

/// The program beside this one, or its name for the path to be searched.
fn program() -> PathBuf {
    let name = format!("{PROGRAM}{}", env::consts::EXE_SUFFIX);
    let beside = env::current_exe()
        .ok()
        .map(|this| this.with_file_name(&name));
    beside
        .filter(|path| path.exists())
        .unwrap_or_else(|| name.into())
}
