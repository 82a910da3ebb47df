//! One process of anvil: where the program is, how it is started, and how it ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The chain's number, the one that development nodes have.
pub const CHAIN_ID: u64 = 31337;

/// The rules.
pub const HARDFORK: &str = "osaka";

/// Why there is no node.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// anvil did not start.
    #[error("could not start anvil: {0}")]
    Start(std::io::Error),
    /// anvil ended, or said something else.
    #[error("expected anvil to say where it listens, got:\n{0}")]
    Silent(String),
}

/// A node at its own port of 127.0.0.1, which mines a block for every transaction. It is killed when it is dropped,
/// by a panic too.
#[derive(Debug)]
pub struct Node {
    process: Child,
    url: String,
}

/// The program for this machine, if npm has one. npm's own launcher, a script, would start it as a process of its
/// own, which outlives the launcher.
pub(crate) fn program() -> Option<PathBuf> {
    let machine = match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "linux-amd64",
        ("linux", "aarch64") => "linux-arm64",
        ("macos", "x86_64") => "darwin-amd64",
        ("macos", "aarch64") => "darwin-arm64",
        ("windows", "x86_64") => "win32-amd64",
        _ => return None,
    };
    let name = format!("anvil{}", std::env::consts::EXE_SUFFIX);
    let package = format!("node_modules/@foundry-rs/anvil-{machine}/bin");
    Some(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(package)
            .join(name),
    )
}

impl Node {
    /// Starts a node whose first block has the Unix time `timestamp`; its clock runs on from there.
    ///
    /// # Errors
    /// If anvil does not run.
    pub fn start(timestamp: u64) -> Result<Self, NodeError> {
        let program =
            program().ok_or_else(|| NodeError::Start(std::io::ErrorKind::NotFound.into()))?;
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(["--chain-id", &CHAIN_ID.to_string()])
            .args(["--hardfork", HARDFORK])
            .args(["--timestamp", &timestamp.to_string()])
            // The cap of EIP-7825, which anvil leaves out unless it is asked.
            .arg("--enable-tx-gas-limit")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(NodeError::Start)?;
        let stdout = process.stdout.take().expect("the stream is piped");
        // From here on a failure kills the process.
        let mut node = Self {
            process,
            url: String::new(),
        };
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let mut said = String::new();
        for line in &mut lines {
            if let Some(address) = line.strip_prefix("Listening on ") {
                node.url = format!("http://{}", address.trim());
                break;
            }
            said.push_str(&line);
            said.push('\n');
        }
        if node.url.is_empty() {
            return Err(NodeError::Silent(said));
        }
        // anvil names every call that it gets, and stops when nobody reads.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(node)
    }

    /// Where it listens, `http://127.0.0.1:…`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Either fails only if the process is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
