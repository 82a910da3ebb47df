//! `zkroll farm worker`, and the process in which it proves.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use zkroll::prover::backend::Selection;
use zkroll_farm::http::{self, Health};
use zkroll_farm::metrics::Metrics;
use zkroll_farm::prover::{
    ChildProver, ChildProverOptions, KeyProverOptions, Prove, ThreadProver, serve_child,
};
use zkroll_farm::{Class, DEFAULT_HEARTBEAT, FarmError, Worker, WorkerOptions, WorkerReport};

use super::{KeyArg, Place, stop};

/// What proves.
#[derive(Args, Clone, Debug)]
pub struct ProverArgs {
    #[command(flatten)]
    key: KeyArg,
    /// auto, naive, ark, cpu, ifma or gpu; auto is what ZKROLL_BACKEND says, else the fastest here.
    #[arg(long, value_name = "B", default_value = "auto")]
    backend: Selection,
    /// Threads; those of the machine if absent.
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Leave the key in its file and read it a chunk at a time: less memory, a little slower.
    #[arg(long)]
    stream: bool,
    /// Memory that the prover's process may take for itself, in MiB. Beyond it the batch is offered to the workers of
    /// class large.
    #[arg(long, value_name = "MIB")]
    memory_limit: Option<u64>,
}

/// Arguments of `zkroll farm worker`.
#[derive(Args, Debug)]
pub struct WorkerArgs {
    #[command(flatten)]
    prover: ProverArgs,
    /// A name for people, and the claim to what a process of the same name has left behind: no two may run at once.
    #[arg(long)]
    name: Option<String>,
    /// The machines that this is one of: large ones get the batches for which another ran out of memory.
    #[arg(long, value_name = "CLASS", default_value_t)]
    class: Class,
    /// Seconds between two signs of life.
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_HEARTBEAT.as_secs(), value_parser = clap::value_parser!(u64).range(1..))]
    heartbeat: u64,
    /// Remove jobs that ended so many hours ago, with their batches and proofs.
    #[arg(long, value_name = "HOURS")]
    retain: Option<u64>,
    /// Serve the status page, /metrics, /healthz and /readyz here.
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// Prove in this process instead of one of its own: a batch that takes all memory takes the worker along.
    #[arg(long, conflicts_with = "memory_limit")]
    in_process: bool,
}

/// What the worker has done.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Ended(WorkerReport);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let WorkerReport {
            worker,
            done,
            failed,
            ..
        } = &self.0;
        write!(f, "{worker}: {done} done, {failed} failed")
    }
}

impl WorkerArgs {
    /// Works until the process is told to stop.
    pub async fn run(&self, place: &Place) -> Result<Ended, FarmError> {
        let farm = place.connect().await?;
        let metrics = Arc::new(Metrics::default());
        let health = Arc::new(Health::default());
        // Before the key, which may take long: the orchestrator wants to know that this process lives.
        if let Some(address) = self.listen {
            let listener = listen(address).await?;
            let router = http::router(
                Arc::new(farm.clone()),
                Arc::clone(&metrics),
                Arc::clone(&health),
            );
            tokio::spawn(http::serve(listener, router, std::future::pending()));
        }
        let prover: Arc<dyn Prove> = match self.in_process {
            true => {
                let options = self.prover.options();
                let prover = tokio::task::spawn_blocking(|| ThreadProver::start(options)).await;
                Arc::new(prover.map_err(|error| FarmError::Prover {
                    reason: error.to_string(),
                })??)
            }
            false => Arc::new(ChildProver::start(self.prover.child()?).await?),
        };
        let options = WorkerOptions {
            label: self.name.clone(),
            class: self.class,
            heartbeat: Duration::from_secs(self.heartbeat),
            retain: self.retain.map(|hours| Duration::from_secs(3600 * hours)),
        };
        let worker = Worker::new(farm, prover, options)?
            .with_metrics(metrics)
            .with_health(health);
        Ok(Ended(worker.run(stop()).await?))
    }
}

impl ProverArgs {
    /// Proves what comes on standard input.
    pub fn run(&self) -> Result<(), FarmError> {
        if let Some(mib) = self.memory_limit {
            limit_memory(mib.saturating_mul(1 << 20)).map_err(|source| FarmError::Io {
                path: PathBuf::from("the limit of memory"),
                source,
            })?;
        }
        // The first to go when the machine's memory ends: the worker stays and says what happened.
        #[cfg(target_os = "linux")]
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
        serve_child(&self.options())
    }

    fn options(&self) -> KeyProverOptions {
        KeyProverOptions {
            key: self.key.key.clone(),
            backend: self.backend,
            threads: self.threads,
            stream: self.stream,
        }
    }

    /// This program again, as a prover.
    fn child(&self) -> Result<ChildProverOptions, FarmError> {
        let program = std::env::current_exe().map_err(|source| FarmError::Io {
            path: PathBuf::from("this program"),
            source,
        })?;
        let mut arguments: Vec<OsString> = vec!["prover".into()];
        arguments.extend(["--key".into(), self.key.key.clone().into_os_string()]);
        arguments.extend(["--backend".into(), self.backend.to_string().into()]);
        if let Some(threads) = self.threads {
            arguments.extend(["--threads".into(), threads.to_string().into()]);
        }
        if self.stream {
            arguments.push("--stream".into());
        }
        if let Some(mib) = self.memory_limit {
            arguments.extend(["--memory-limit".into(), mib.to_string().into()]);
        }
        Ok(ChildProverOptions { program, arguments })
    }
}

/// Refuses this process more memory of its own: what is allocated, and not what is mapped from files.
#[cfg(unix)]
fn limit_memory(bytes: u64) -> std::io::Result<()> {
    rlimit::setrlimit(rlimit::Resource::DATA, bytes, bytes)
}

#[cfg(not(unix))]
fn limit_memory(_: u64) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// A socket to serve on.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, FarmError> {
    let listener = TcpListener::bind(address).await;
    let listener = listener.map_err(|source| FarmError::Io {
        path: address.to_string().into(),
        source,
    })?;
    if let Ok(address) = listener.local_addr() {
        tracing::info!("status page at http://{address}/");
    }
    Ok(listener)
}
