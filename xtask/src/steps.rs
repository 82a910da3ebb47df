//! Running commands: where, how they are announced, and what became of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// The checkout; every command runs in its root.
pub struct Workspace {
    pub root: PathBuf,
}

impl Workspace {
    /// Finds the root from the variable that cargo sets for `cargo xtask`.
    pub fn locate() -> Result<Self, String> {
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").ok_or("expected to be run as `cargo xtask`")?;
        let root = Path::new(&manifest)
            .parent()
            .ok_or("expected the folder xtask inside a workspace")?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The path of something in the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A command of the cargo that runs this program.
    pub fn cargo<I: IntoIterator<Item: AsRef<OsStr>>>(&self, arguments: I) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        self.tool(cargo, arguments)
    }

    /// A command found on the path.
    pub fn tool<I: IntoIterator<Item: AsRef<OsStr>>>(
        &self,
        program: impl AsRef<OsStr>,
        arguments: I,
    ) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.root);
        command
    }
}

/// The command as one would type it, environment included.
fn describe(command: &Command) -> String {
    let environment = command.get_envs().filter_map(|(name, value)| {
        let value = value?.to_string_lossy();
        Some(format!("{}=\"{value}\"", name.to_string_lossy()))
    });
    let program = Path::new(command.get_program())
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let arguments = command.get_args().map(|a| a.to_string_lossy().into_owned());
    environment
        .chain([program])
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Runs a command to its end; its output passes through.
pub fn execute(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!("could not start: {error}")),
    }
}

/// Runs a command and returns its stdout; its stderr passes through.
pub fn capture(command: &mut Command) -> Result<String, String> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("{}: could not start: {error}", describe(command)))?;
    if !output.status.success() {
        return Err(format!("{}: {}", describe(command), output.status));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| format!("{}: expected UTF-8 on stdout", describe(command)))
}

/// Whether a program starts at all.
pub fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// What has run so far.
#[derive(Default)]
pub struct Steps {
    done: Vec<Step>,
}

struct Step {
    name: String,
    took: Duration,
    result: Result<(), String>,
}

impl Steps {
    /// Runs a command as a step.
    pub fn command(&mut self, mut command: impl std::borrow::BorrowMut<Command>) {
        let command = command.borrow_mut();
        self.task(&describe(command), || execute(command));
    }

    /// Runs a function as a step.
    pub fn task(&mut self, name: &str, task: impl FnOnce() -> Result<(), String>) {
        eprintln!("xtask: {name}");
        let start = Instant::now();
        let result = task();
        self.done.push(Step {
            name: name.to_owned(),
            took: start.elapsed(),
            result,
        });
    }

    /// Lists the steps; an error if one of them failed.
    pub fn finish(self) -> Result<(), String> {
        for Step { name, took, result } in &self.done {
            let seconds = took.as_secs_f64();
            match result {
                Ok(()) => eprintln!("xtask: ok      {seconds:7.1} s  {name}"),
                Err(reason) => eprintln!("xtask: FAILED  {seconds:7.1} s  {name}: {reason}"),
            }
        }
        match self.done.iter().filter(|step| step.result.is_err()).count() {
            0 => Ok(()),
            failed => Err(format!("{failed} of {} steps failed", self.done.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_does_not_stop_the_next_and_fails_the_whole() {
        let mut steps = Steps::default();
        let mut second_ran = false;
        steps.task("first", || Err("reason".to_owned()));
        steps.task("second", || {
            second_ran = true;
            Ok(())
        });
        assert!(second_ran);
        assert_eq!(steps.finish(), Err("1 of 2 steps failed".to_owned()));
    }

    #[test]
    fn commands_are_described_with_their_environment() {
        let mut command = Command::new("/somewhere/cargo");
        command
            .args(["doc", "--no-deps"])
            .env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(
            describe(&command),
            "RUSTDOCFLAGS=\"-D warnings\" cargo doc --no-deps"
        );
    }
}
