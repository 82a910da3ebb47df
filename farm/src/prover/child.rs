//! A prover in a process of its own.
//!
//! The worker starts its own program anew and talks to it over pipes: on the child's standard input a frame for each
//! batch, on its standard output two for each answer, JSON of [`Answer`] and the proof. A frame is its length in bytes,
//! 8 bytes little-endian, and the bytes. What the child says to people goes to its standard error, of which the worker
//! keeps the last lines: they say why it died.
//!
//! When its standard input ends the child ends at once: a worker that dies takes its prover along.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex as BlockingMutex, mpsc};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Mutex;

use super::key::Requests;
use super::{KeyProver, KeyProverOptions, ProofReport, Prove, ProveError, Proved};
use crate::error::FarmError;

/// How a child is started.
#[derive(Clone, Debug)]
pub struct ChildProverOptions {
    /// The program.
    pub program: PathBuf,
    /// Its arguments: they make it call [`serve_child`].
    pub arguments: Vec<OsString>,
}

/// What a child says, before the first batch and after each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Answer {
    /// It has its key.
    Ready(About),
    /// The frame behind this one is the proof.
    Proved(ProofReport),
    /// The frame behind this one is empty.
    Not(ProveError),
}

/// What a child proves with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct About {
    verifying_key: String,
    description: String,
    load_ms: f64,
}

/// No frame is longer: a batch of the largest shape is below.
const MAX_FRAME: u64 = 1 << 32;
/// Lines of a child's standard error that are kept.
const KEPT_LINES: usize = 20;

/// A process that holds the key, started anew when it dies.
pub struct ChildProver {
    options: ChildProverOptions,
    verifying_key: [u8; 32],
    description: String,
    load_time: Duration,
    child: Mutex<Option<Running>>,
    broken: BlockingMutex<Option<String>>,
}

struct Running {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    last_lines: Arc<BlockingMutex<Vec<String>>>,
}

impl ChildProver {
    /// Starts a child, and returns when it can prove.
    ///
    /// # Errors
    /// If it does not start or says why it cannot.
    pub async fn start(options: ChildProverOptions) -> Result<Self, FarmError> {
        let (running, about) = Running::start(&options).await?;
        let mut verifying_key = [0; 32];
        hex::decode_to_slice(&about.verifying_key, &mut verifying_key).map_err(|_| {
            FarmError::Prover {
                reason: format!("expected a hash, got {:?}", about.verifying_key),
            }
        })?;
        Ok(Self {
            options,
            verifying_key,
            description: about.description,
            load_time: Duration::from_secs_f64(about.load_ms / 1000.0),
            child: Mutex::new(Some(running)),
            broken: BlockingMutex::default(),
        })
    }

    fn set_broken(&self, reason: Option<String>) {
        if let Ok(mut broken) = self.broken.lock() {
            *broken = reason;
        }
    }
}

#[async_trait]
impl Prove for ChildProver {
    fn verifying_key(&self) -> [u8; 32] {
        self.verifying_key
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn load_time(&self) -> Duration {
        self.load_time
    }

    async fn prove(&self, batch: Bytes) -> Result<Proved, ProveError> {
        // Taken out: if this future is dropped the child dies, and the next batch starts another.
        let mut slot = self.child.lock().await;
        let mut running = match slot.take() {
            Some(running) => running,
            None => match Running::start(&self.options).await {
                Ok((running, _)) => running,
                Err(error) => {
                    self.set_broken(Some(error.to_string()));
                    return Err(ProveError::Unavailable(error.to_string()));
                }
            },
        };
        self.set_broken(None);
        match running.prove(&batch).await {
            Ok(answer) => {
                *slot = Some(running);
                answer
            }
            Err(_) => Err(running.death().await),
        }
    }

    fn broken(&self) -> Option<String> {
        self.broken.lock().ok()?.clone()
    }
}

impl Running {
    async fn start(options: &ChildProverOptions) -> Result<(Self, About), FarmError> {
        let refuse = |reason: String| FarmError::Prover { reason };
        let mut child = Command::new(&options.program)
            .args(&options.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| refuse(format!("{}: {error}", options.program.display())))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(refuse("expected pipes to it, got none".to_owned()));
        };
        let last_lines = Arc::new(BlockingMutex::new(Vec::new()));
        let lines = Arc::clone(&last_lines);
        tokio::spawn(async move {
            let mut errors = BufReader::new(errors).lines();
            while let Ok(Some(line)) = errors.next_line().await {
                eprintln!("{line}");
                if let Ok(mut lines) = lines.lock() {
                    if lines.len() == KEPT_LINES {
                        lines.remove(0);
                    }
                    lines.push(line);
                }
            }
        });
        let mut running = Self {
            child,
            input,
            output,
            last_lines,
        };
        match running.read_answer().await {
            Ok(Answer::Ready(about)) => Ok((running, about)),
            Ok(other) => Err(refuse(format!("expected it to be ready, got {other:?}"))),
            Err(_) => Err(refuse(running.death().await.to_string())),
        }
    }

    /// The answer to a batch; an error if the child is of no more use.
    async fn prove(&mut self, batch: &Bytes) -> std::io::Result<Result<Proved, ProveError>> {
        let length = (batch.len() as u64).to_le_bytes();
        self.input.write_all(&length).await?;
        self.input.write_all(batch).await?;
        self.input.flush().await?;
        let answer = self.read_answer().await?;
        let proven = self.read_frame().await?;
        match answer {
            Answer::Proved(report) => Ok(Ok(Proved {
                proven: proven.into(),
                report,
            })),
            Answer::Not(error) => Ok(Err(error)),
            Answer::Ready(_) => Err(std::io::Error::other("ready twice")),
        }
    }

    async fn read_answer(&mut self) -> std::io::Result<Answer> {
        let frame = self.read_frame().await?;
        serde_json::from_slice(&frame).map_err(Into::into)
    }

    async fn read_frame(&mut self) -> std::io::Result<Vec<u8>> {
        let mut length = [0; 8];
        self.output.read_exact(&mut length).await?;
        let length = checked_length(length)?;
        let mut frame = Vec::new();
        let mut output = (&mut self.output).take(length);
        if output.read_to_end(&mut frame).await? as u64 == length {
            Ok(frame)
        } else {
            Err(std::io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Why the child died, or was killed for talking nonsense.
    async fn death(mut self) -> ProveError {
        drop(self.input);
        let ended = tokio::time::timeout(Duration::from_secs(5), self.child.wait()).await;
        let Ok(Ok(status)) = ended else {
            let _ = self.child.kill().await;
            return ProveError::Failed("the prover's process answered no more".to_owned());
        };
        // The last lines are on their way.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let lines = self
            .last_lines
            .lock()
            .map_or_else(|_| Vec::new(), |lines| lines.clone());
        verdict(status, &lines)
    }
}

/// What the end of a prover's process means.
fn verdict(status: std::process::ExitStatus, lines: &[String]) -> ProveError {
    let said = lines.last().map_or("", String::as_str);
    // What Rust says before it aborts for want of memory.
    let allocation = lines
        .iter()
        .rev()
        .find(|line| line.contains("memory allocation of "));
    #[cfg(unix)]
    let killed = {
        use std::os::unix::process::ExitStatusExt;
        // Nobody but the kernel, which has no memory left, is expected to kill it so.
        status.signal() == Some(9)
    };
    #[cfg(not(unix))]
    let killed = false;
    match allocation {
        Some(line) => ProveError::OutOfMemory(line.clone()),
        None if killed => ProveError::OutOfMemory("the prover's process was killed".to_owned()),
        None => ProveError::Failed(format!("the prover's process ended with {status}: {said}")),
    }
}

fn checked_length(length: [u8; 8]) -> std::io::Result<u64> {
    let length = u64::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(std::io::Error::other("a frame of more than 4 GiB"));
    }
    Ok(length)
}

/// What a child does: reads the key, then proves what comes on standard input until that ends.
///
/// # Errors
/// As [`KeyProver::open`], and if the backend cannot hold the key.
pub fn serve_child(options: &KeyProverOptions) -> Result<(), FarmError> {
    let prover = KeyProver::open(options)?;
    let mut pipes = Pipes {
        batches: read_batches(),
    };
    pipes.say(&Answer::Ready(About {
        verifying_key: hex::encode(prover.verifying_key()),
        description: prover.description(),
        load_ms: prover.load_time().as_secs_f64() * 1000.0,
    }));
    prover.run(&mut pipes)
}

/// Standard input and output of a child.
struct Pipes {
    batches: mpsc::Receiver<Bytes>,
}

impl Pipes {
    fn say(&mut self, answer: &Answer) {
        let answer = serde_json::to_vec(answer).expect("strings and numbers are JSON");
        self.write(&answer);
    }

    fn write(&mut self, frame: &[u8]) {
        let mut output = std::io::stdout().lock();
        let written = output
            .write_all(&(frame.len() as u64).to_le_bytes())
            .and_then(|()| output.write_all(frame))
            .and_then(|()| output.flush());
        if written.is_err() {
            // The worker is gone.
            std::process::exit(0);
        }
    }
}

impl Requests for Pipes {
    fn next(&mut self) -> Option<Bytes> {
        self.batches.recv().ok()
    }

    fn answer(&mut self, proved: Result<Proved, ProveError>) {
        let (answer, proven) = match proved {
            Ok(proved) => (Answer::Proved(proved.report), proved.proven),
            Err(error) => (Answer::Not(error), Bytes::new()),
        };
        self.say(&answer);
        self.write(&proven);
    }
}

/// The batches on standard input. When it ends, so does the process, whatever it is doing.
fn read_batches() -> mpsc::Receiver<Bytes> {
    let (sender, batches) = mpsc::channel();
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut next = || -> std::io::Result<Vec<u8>> {
            let mut length = [0; 8];
            input.read_exact(&mut length)?;
            let length = checked_length(length)?;
            let mut batch = Vec::new();
            input.by_ref().take(length).read_to_end(&mut batch)?;
            if batch.len() as u64 == length {
                Ok(batch)
            } else {
                Err(std::io::ErrorKind::UnexpectedEof.into())
            }
        };
        while let Ok(batch) = next() {
            let _ = sender.send(batch.into());
        }
        // The worker is gone, or sent what is no batch.
        std::process::exit(0);
    });
    batches
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    #[test]
    fn deaths_are_told_apart() {
        let aborted = ExitStatus::from_raw(6);
        let lines = ["thread panicked", "memory allocation of 4096 bytes failed"];
        let lines = lines.map(str::to_owned);
        assert!(matches!(
            verdict(aborted, &lines),
            ProveError::OutOfMemory(_)
        ));
        assert!(matches!(
            verdict(aborted, &lines[..1]),
            ProveError::Failed(_)
        ));
        assert!(matches!(
            verdict(ExitStatus::from_raw(9), &[]),
            ProveError::OutOfMemory(_)
        ));
        assert!(matches!(
            verdict(ExitStatus::from_raw(256), &[]),
            ProveError::Failed(_)
        ));
    }
}
