//! One run of a tool: what is started, and what became of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// Why a tool did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ToolError {
    /// Node did not start.
    #[error("could not start {command}: {source}")]
    Start {
        /// The command.
        command: String,
        /// The reason.
        source: std::io::Error,
    },
    /// The tool failed.
    #[error("expected {command} to succeed, got {status}:\n{output}")]
    Failed {
        /// The command.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What it printed, both streams.
        output: String,
    },
    /// A file of the test could not be written or copied.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// A program in `node_modules`.
#[derive(Clone, Copy)]
pub enum Tool {
    /// The compiler.
    Circom,
    /// Setup, witness, proof, verification.
    Snarkjs,
}

/// What a run left behind.
pub struct Run {
    command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// The first stream, which is all that snarkjs writes to.
    pub stdout: String,
    stderr: String,
}

/// Node, with nothing to read.
pub fn node() -> Command {
    let mut node = Command::new("node");
    node.stdin(Stdio::null());
    node
}

impl Tool {
    pub const ALL: [Self; 2] = [Self::Circom, Self::Snarkjs];

    /// Its script.
    pub fn script(self) -> PathBuf {
        let script = match self {
            Self::Circom => "node_modules/circom2/cli.js",
            Self::Snarkjs => "node_modules/snarkjs/build/cli.cjs",
        };
        Path::new(env!("CARGO_MANIFEST_DIR")).join(script)
    }

    /// Runs it to its end in a folder.
    pub fn run<S: AsRef<OsStr>>(
        self,
        folder: &Path,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Run, ToolError> {
        let mut command = node();
        command
            .arg(self.script())
            .args(arguments)
            .current_dir(folder);
        let name = match self {
            Self::Circom => "circom2",
            Self::Snarkjs => "snarkjs",
        };
        let arguments = command.get_args().skip(1).map(OsStr::to_string_lossy);
        let description = std::iter::once(name.into())
            .chain(arguments)
            .collect::<Vec<_>>()
            .join(" ");
        match command.output() {
            Ok(output) => Ok(Run {
                command: description,
                status: output.status,
                stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            }),
            Err(source) => Err(ToolError::Start {
                command: description,
                source,
            }),
        }
    }
}

impl Run {
    /// Itself, if the tool says that it succeeded.
    pub fn success(self) -> Result<Self, ToolError> {
        if self.status.success() {
            Ok(self)
        } else {
            Err(self.failure())
        }
    }

    /// The error that it is.
    pub fn failure(self) -> ToolError {
        ToolError::Failed {
            output: self.output(),
            command: self.command,
            status: self.status,
        }
    }

    /// What it printed, both streams.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}
