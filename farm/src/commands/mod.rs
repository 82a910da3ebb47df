//! The commands. Reports go to standard output, progress and errors to standard error; the exit code is 0 only if all
//! that was asked for was done.

mod report;
mod results;
mod serve;
mod status;
mod submit;
mod worker;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;
use zkroll::prover::{Bn254, VerifyingKey, key_file};
use zkroll_farm::{
    DEFAULT_DATABASE, DEFAULT_LEASE, DEFAULT_STORE, Farm, FarmClient, FarmConfig, FarmError,
};

/// Batches proved by many processes.
#[derive(Parser, Debug)]
#[command(name = "zkroll farm", version)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    /// How messages on standard error look.
    #[arg(long, global = true, value_name = "FORM", default_value = "text")]
    log: LogForm,
    #[command(subcommand)]
    command: Command,
}

/// Where the farm is.
#[derive(Args, Clone, Debug)]
struct Place {
    /// The queue: sqlite:FILE or postgres://USER@HOST/DATABASE.
    #[arg(long, global = true, value_name = "URL", env = "DATABASE_URL", default_value = DEFAULT_DATABASE, hide_env_values = true)]
    database: String,
    /// Batches and proofs: a folder or s3://BUCKET/PREFIX.
    #[arg(long, global = true, value_name = "URL", env = "ZKROLL_STORE", default_value = DEFAULT_STORE)]
    store: String,
    /// Seconds after which a worker that is not heard of is dead.
    #[arg(long, global = true, value_name = "SECONDS", env = "ZKROLL_FARM_LEASE", default_value_t = DEFAULT_LEASE.as_secs())]
    lease: u64,
}

impl Place {
    async fn connect(&self) -> Result<Farm, FarmError> {
        Farm::connect(&FarmConfig {
            database: self.database.clone(),
            store: self.store.clone(),
            lease: Duration::from_secs(self.lease),
        })
        .await
    }

    async fn client(&self, key: &Path) -> Result<FarmClient, FarmError> {
        FarmClient::new(self.connect().await?, &verifying_key(key)?)
    }
}

/// How messages look.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogForm {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// The key that jobs are proved under.
#[derive(Args, Clone, Debug)]
struct KeyArg {
    /// A key file for the batches' shape.
    #[arg(long, value_name = "KEY")]
    key: PathBuf,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Put recorded batches (`BatchTrace` as JSON) into the queue.
    Submit(submit::SubmitArgs),
    /// Prove batches until told to stop.
    Worker(worker::WorkerArgs),
    /// What the farm does, or how some jobs stand.
    Status(status::StatusArgs),
    /// Fetch the proofs of jobs, in the order given.
    Results(results::ResultsArgs),
    /// Cancel jobs that have not ended.
    Cancel(status::JobsArgs),
    /// Do jobs that ended anew.
    Retry(status::JobsArgs),
    /// Remove jobs that ended long ago, with their batches and proofs.
    Prune(status::PruneArgs),
    /// Serve the status page and the metrics.
    Serve(serve::ServeArgs),
    /// Prove what comes on standard input, for a worker.
    #[command(hide = true)]
    Prover(worker::ProverArgs),
}

/// Runs a command.
pub fn run(arguments: Arguments) -> ExitCode {
    let Arguments {
        place,
        json,
        log,
        command,
    } = arguments;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let messages = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match log {
        LogForm::Text => messages.init(),
        LogForm::Json => messages.json().init(),
    }
    // It answers on standard output; what reads it there is no person.
    if let Command::Prover(arguments) = command {
        return exit(arguments.run());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        // The prover has the cores; what is left to do is little.
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(source) => {
            return exit(Err(FarmError::Io {
                path: "the async runtime".into(),
                source,
            }));
        }
    };
    exit(runtime.block_on(async {
        match command {
            Command::Submit(arguments) => report::print(&arguments.run(&place).await?, json),
            Command::Worker(arguments) => report::print(&arguments.run(&place).await?, json),
            Command::Status(arguments) => report::print(&arguments.run(&place).await?, json),
            Command::Results(arguments) => arguments.run(&place, json).await,
            Command::Cancel(arguments) => report::print(&arguments.cancel(&place).await?, json),
            Command::Retry(arguments) => report::print(&arguments.retry(&place).await?, json),
            Command::Prune(arguments) => report::print(&arguments.run(&place).await?, json),
            Command::Serve(arguments) => arguments.run(&place).await,
            Command::Prover(_) => unreachable!("it has run"),
        }
    }))
}

fn exit(result: Result<(), FarmError>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The verifying key in a key file.
fn verifying_key(path: &Path) -> Result<VerifyingKey<Bn254>, FarmError> {
    key_file::read_verifying_key(path)
        .map(|(_, key)| key)
        .map_err(|error| FarmError::Prover {
            reason: format!("{}: {error}", path.display()),
        })
}

/// The content of a file.
fn read(path: &Path) -> Result<Vec<u8>, FarmError> {
    std::fs::read(path).map_err(|source| FarmError::Io {
        path: path.to_owned(),
        source,
    })
}

/// Ready when the process is asked to end: by Ctrl-C or SIGTERM. Asked again, it ends at once.
async fn stop() {
    asked().await;
    tokio::spawn(async {
        asked().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn asked() {
    use tokio::signal::unix::{SignalKind, signal};
    let term = async {
        match signal(SignalKind::terminate()) {
            Ok(mut term) => term.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term => {}
    }
}

#[cfg(not(unix))]
async fn asked() {
    let _ = tokio::signal::ctrl_c().await;
}
