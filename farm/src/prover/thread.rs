//! A prover on a thread of this process.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::key::Requests;
use super::{KeyProver, KeyProverOptions, Prove, ProveError, Proved};
use crate::error::FarmError;

type Answer = oneshot::Sender<Result<Proved, ProveError>>;

/// Proves on a thread that holds the key, and ends with this value.
pub struct ThreadProver {
    requests: mpsc::UnboundedSender<(Bytes, Answer)>,
    about: About,
    thread: Mutex<thread::JoinHandle<()>>,
}

struct About {
    verifying_key: [u8; 32],
    description: String,
    load_time: Duration,
}

/// What comes through the channel.
struct Channel {
    requests: mpsc::UnboundedReceiver<(Bytes, Answer)>,
    answer: Option<Answer>,
}

impl Requests for Channel {
    fn next(&mut self) -> Option<Bytes> {
        let (batch, answer) = self.requests.blocking_recv()?;
        self.answer = Some(answer);
        Some(batch)
    }

    fn answer(&mut self, proved: Result<Proved, ProveError>) {
        if let Some(answer) = self.answer.take() {
            // Nobody may be waiting any more: then the proof is of no use.
            let _ = answer.send(proved);
        }
    }
}

impl ThreadProver {
    /// Reads the key on a new thread, and returns when it has it.
    ///
    /// # Errors
    /// As [`KeyProver::open`].
    pub fn start(options: KeyProverOptions) -> Result<Self, FarmError> {
        let (sender, requests) = mpsc::unbounded_channel();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = thread::Builder::new().name("zkroll prover".to_owned());
        let thread = thread.spawn(move || {
            let prover = match KeyProver::open(&options) {
                Ok(prover) => prover,
                Err(error) => return drop(ready.send(Err(error))),
            };
            let _ = ready.send(Ok(About {
                verifying_key: prover.verifying_key(),
                description: prover.description(),
                load_time: prover.load_time(),
            }));
            let mut channel = Channel {
                requests,
                answer: None,
            };
            if let Err(error) = prover.run(&mut channel) {
                tracing::error!(%error, "the prover ends");
            }
        });
        let ended = |reason: &dyn std::fmt::Display| FarmError::Prover {
            reason: reason.to_string(),
        };
        let thread = thread.map_err(|error| ended(&error))?;
        let about = started.recv().map_err(|_| ended(&"its thread ended"))??;
        Ok(Self {
            requests: sender,
            about,
            thread: Mutex::new(thread),
        })
    }
}

#[async_trait]
impl Prove for ThreadProver {
    fn verifying_key(&self) -> [u8; 32] {
        self.about.verifying_key
    }

    fn description(&self) -> String {
        self.about.description.clone()
    }

    fn load_time(&self) -> Duration {
        self.about.load_time
    }

    async fn prove(&self, batch: Bytes) -> Result<Proved, ProveError> {
        let ended = || ProveError::Unavailable("the prover's thread ended".to_owned());
        let (answer, proved) = oneshot::channel();
        self.requests.send((batch, answer)).map_err(|_| ended())?;
        proved.await.unwrap_or_else(|_| Err(ended()))
    }

    fn broken(&self) -> Option<String> {
        let ended = self
            .thread
            .lock()
            .map_or(true, |thread| thread.is_finished());
        ended.then(|| "the prover's thread ended".to_owned())
    }
}
