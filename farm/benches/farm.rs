//! What the queue costs, on SQLite and on PostgreSQL: from submission to start with an idle worker, statements of an
//! idle worker, 100,000 jobs, jobs a second through the database, and the same batches proved by two workers with a
//! thread each and by one with two.
//!
//! ```sh
//! cargo bench -p zkroll-farm --bench farm                 # all of it, some minutes
//! cargo bench -p zkroll-farm --bench farm -- --only idle,overhead --databases sqlite
//! ```
//!
//! Databases are alternated within each round, and rounds repeated. PostgreSQL is a server that the bench starts on
//! loopback, with its defaults; where there is none, its rows are missing and a line on standard error says why.

#[path = "../tests/common/postgres.rs"]
#[allow(dead_code)]
mod postgres;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tracing::subscriber::Interest;
use tracing_subscriber::{Layer, Registry, layer::Context, prelude::*};
use zkroll::BatchProver;
use zkroll::circuits::{
    batch::BatchCircuit,
    protocol::{
        account::{Account, AccountIndex},
        eddsa::PrivateKey,
        ledger::{BatchTrace, Ledger},
        public_data::BatchShape,
        transfer::Domain,
    },
};
use zkroll::prover::{key_file, verifying_key_hash};
use zkroll_farm::prover::{
    ChildProver, ChildProverOptions, ProofReport, Prove, ProveError, Proved,
};
use zkroll_farm::{
    Farm, FarmClient, FarmConfig, FarmError, State, Worker, WorkerOptions, WorkerReport,
};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const SHAPE: BatchShape = BatchShape {
    l1_slots: 1,
    ..BatchShape::transfers_only(2, 2, 1)
};

/// Measures a farm.
#[derive(Parser)]
struct Arguments {
    /// What to measure; everything if absent.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Measurement>,
    /// Databases.
    #[arg(long, value_delimiter = ',', default_values_t = [Database::Sqlite, Database::Postgres])]
    databases: Vec<Database>,
    /// Jobs of the long queue.
    #[arg(long, default_value_t = 100_000)]
    jobs: u64,
    /// Rounds of the short measurements.
    #[arg(long, default_value_t = 50)]
    rounds: usize,
    /// Batches that are proved for the comparison of workers.
    #[arg(long, default_value_t = 12)]
    batches: u64,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// What cargo passes to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Measurement {
    Overhead,
    Idle,
    Long,
    Rate,
    Workers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Database {
    Sqlite,
    Postgres,
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// A figure.
#[derive(Serialize)]
struct Figure {
    database: Database,
    what: &'static str,
    unit: &'static str,
    value: f64,
}

/// Proves nothing, and says when it was asked.
struct Clock {
    starts: Mutex<Vec<Instant>>,
}

#[async_trait]
impl Prove for Clock {
    fn verifying_key(&self) -> [u8; 32] {
        verifying_key_hash(&PROVER.key().vk)
    }

    fn description(&self) -> String {
        "clock".to_owned()
    }

    async fn prove(&self, _: Bytes) -> std::result::Result<Proved, ProveError> {
        self.starts.lock().expect("no panic").push(Instant::now());
        Ok(Proved {
            proven: Bytes::from("{}"),
            report: ProofReport {
                backend: "clock".to_owned(),
                threads: 0,
                witness_ms: 0.0,
                prove_ms: 0.0,
                stages: Vec::new(),
            },
        })
    }
}

static PROVER: std::sync::LazyLock<BatchProver> = std::sync::LazyLock::new(|| {
    let circuit = BatchCircuit::new(SHAPE).expect("a shape");
    BatchProver::development(circuit, &[7; 32]).expect("a key")
});

/// Statements that sqlx sent, those that begin and end transactions not counted.
static STATEMENTS: AtomicU64 = AtomicU64::new(0);

struct Count;

impl Layer<Registry> for Count {
    fn register_callsite(&self, metadata: &'static tracing::Metadata<'static>) -> Interest {
        match metadata.target() == "sqlx::query" {
            true => Interest::always(),
            false => Interest::never(),
        }
    }

    fn on_event(&self, _: &tracing::Event<'_>, _: Context<'_, Registry>) {
        STATEMENTS.fetch_add(1, Ordering::Relaxed);
    }
}

struct Place {
    database: Database,
    _folder: tempfile::TempDir,
    _server: Option<postgres::Postgres>,
    config: FarmConfig,
}

impl Place {
    fn new(database: Database) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (url, server) = match database {
            Database::Sqlite => {
                let path = folder.path().join("queue.sqlite");
                (format!("sqlite:{}", path.display()), None)
            }
            Database::Postgres => {
                let server = postgres::Postgres::start()?;
                (server.url(), Some(server))
            }
        };
        Ok(Self {
            database,
            config: FarmConfig {
                database: url,
                store: folder.path().join("store").display().to_string(),
                ..FarmConfig::default()
            },
            _folder: folder,
            _server: server,
        })
    }

    async fn client(&self) -> Result<FarmClient> {
        let farm = Farm::connect(&self.config).await?;
        Ok(FarmClient::new(farm, &PROVER.key().vk)?.with_capacity(u64::MAX))
    }

    async fn worker(&self, prover: Arc<dyn Prove>) -> Result<Running> {
        let farm = Farm::connect(&self.config).await?;
        let worker = Worker::new(farm, prover, WorkerOptions::default())?;
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(worker.run(async {
            let _ = stopped.await;
        }));
        Ok(Running { stop, task })
    }
}

struct Running {
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::result::Result<WorkerReport, FarmError>>,
}

impl Running {
    async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        self.task.await??;
        Ok(())
    }
}

/// A batch without transfers; `number` makes it another.
fn batch(number: u64) -> BatchTrace {
    static FIRST: std::sync::LazyLock<BatchTrace> =
        std::sync::LazyLock::new(|| batches(1).remove(0));
    let mut batch = FIRST.clone();
    batch.header.batch_number = number;
    batch
}

fn batches(count: u64) -> Vec<BatchTrace> {
    let owner = PrivateKey::from([1; 32]).public_key();
    let account = Account::new(owner, 0, 1_000_000).expect("an account");
    let first = AccountIndex::try_from(0).expect("an index");
    let domain = Domain {
        chain_id: 31337,
        contract: Default::default(),
    };
    let mut ledger =
        Ledger::from_genesis(SHAPE.depth as usize, domain, [(first, account)]).expect("a ledger");
    let fees = [zkroll::circuits::protocol::public_data::FeeSlot {
        token: 0,
        account: first,
    }];
    (0..count)
        .map(|i| {
            ledger
                .apply_batch(&SHAPE, 1_800_000_000 + i, &[], &fees, &[])
                .expect("a batch")
        })
        .collect()
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::registry().with(Count).init();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(&arguments)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(figures) if arguments.json => {
            println!(
                "{}",
                serde_json::to_string_pretty(&figures).unwrap_or_default()
            );
            ExitCode::SUCCESS
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<Vec<Figure>> {
    let wants = |what| arguments.only.is_empty() || arguments.only.contains(&what);
    let mut figures = Vec::new();
    let mut note = |database, what, unit, value| {
        if !arguments.json {
            println!("{database:<9} {what:<44} {value:>10.2} {unit}");
        }
        figures.push(Figure {
            database,
            what,
            unit,
            value,
        });
    };
    let places = || -> Result<Vec<Place>> {
        let mut places = Vec::new();
        for &database in &arguments.databases {
            match (database, postgres::missing()) {
                (Database::Postgres, Some(reason)) => eprintln!("no rows of postgres: {reason}"),
                _ => places.push(Place::new(database)?),
            }
        }
        Ok(places)
    };

    if wants(Measurement::Overhead) {
        let places = places()?;
        let mut sides = Vec::new();
        for place in &places {
            let clock = Arc::new(Clock {
                starts: Mutex::default(),
            });
            let worker = place.worker(Arc::<Clock>::clone(&clock)).await?;
            sides.push((place, clock, worker, place.client().await?, Vec::new()));
        }
        for round in 0..arguments.rounds {
            for (_, clock, _, client, times) in &mut sides {
                // Not in step with the worker's own looks.
                tokio::time::sleep(Duration::from_millis(137)).await;
                let batch = batch(round as u64);
                let begin = Instant::now();
                let job = client.submit(batch).await?.job;
                while client.status(job).await?.state != State::Done {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                let starts = clock.starts.lock().expect("no panic");
                let start = *starts.last().ok_or("expected a start")?;
                times.push((start - begin).as_secs_f64() * 1000.0);
            }
        }
        for (place, _, worker, _, mut times) in sides {
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
            note(place.database, "submit to start, median", "ms", at(0.5));
            note(place.database, "submit to start, 95 of 100", "ms", at(0.95));
            note(place.database, "submit to start, longest", "ms", at(1.0));
            worker.stop().await?;
        }
    }

    if wants(Measurement::Idle) {
        for place in places()? {
            let clock = Arc::new(Clock {
                starts: Mutex::default(),
            });
            let worker = place.worker(clock).await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            let before = STATEMENTS.load(Ordering::Relaxed);
            let seconds = 20;
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let statements = STATEMENTS.load(Ordering::Relaxed) - before;
            let rate = statements as f64 / seconds as f64;
            note(place.database, "statements of an idle worker", "1/s", rate);
            worker.stop().await?;
        }
    }

    if wants(Measurement::Long) {
        for place in places()? {
            let client = place.client().await?;
            let batches: Vec<_> = (0..arguments.jobs).map(|i| batch(i).into()).collect();
            let begin = Instant::now();
            client.submit_all(batches).await?;
            let rate = arguments.jobs as f64 / begin.elapsed().as_secs_f64();
            note(
                place.database,
                "submitted, into the long queue",
                "1/s",
                rate,
            );
            let mut longest = 0f64;
            for _ in 0..10 {
                let begin = Instant::now();
                let snapshot = client.farm().snapshot().await?;
                longest = longest.max(begin.elapsed().as_secs_f64() * 1000.0);
                if snapshot.queues[0].waiting != arguments.jobs {
                    return Err(format!("expected all to wait, got {snapshot:?}").into());
                }
            }
            note(
                place.database,
                "status of the long queue, longest of 10",
                "ms",
                longest,
            );
            let clock = Arc::new(Clock {
                starts: Mutex::default(),
            });
            // A hundred thousand files are still on their way to the disk, and commits would wait for them.
            let _ = std::process::Command::new("sync").status();
            let worker = place.worker(Arc::<Clock>::clone(&clock)).await?;
            tokio::time::sleep(Duration::from_secs(10)).await;
            let starts = clock.starts.lock().expect("no panic").len();
            note(
                place.database,
                "jobs a second out of the long queue",
                "1/s",
                starts as f64 / 10.0,
            );
            worker.stop().await?;
        }
    }

    if wants(Measurement::Rate) {
        for (count, what) in [
            (1, "jobs a second, 1 worker that proves nothing"),
            (4, "jobs a second, 4 workers that prove nothing"),
            (16, "jobs a second, 16 workers that prove nothing"),
        ] {
            for place in places()? {
                let client = place.client().await?;
                client
                    .submit_all((0..4000).map(|i| batch(i).into()).collect())
                    .await?;
                let clock = Arc::new(Clock {
                    starts: Mutex::default(),
                });
                let mut workers = Vec::new();
                let begin = Instant::now();
                for _ in 0..count {
                    workers.push(place.worker(Arc::<Clock>::clone(&clock)).await?);
                }
                tokio::time::sleep(Duration::from_secs(8)).await;
                let starts = clock.starts.lock().expect("no panic").len();
                let rate = starts as f64 / begin.elapsed().as_secs_f64();
                if starts < 4000 {
                    note(place.database, what, "1/s", rate);
                } else {
                    // They ran out of jobs: the last start ended it.
                    let last = *clock
                        .starts
                        .lock()
                        .expect("no panic")
                        .last()
                        .ok_or("no start")?;
                    let rate = starts as f64 / (last - begin).as_secs_f64();
                    note(place.database, what, "1/s", rate);
                }
                for worker in workers {
                    worker.stop().await?;
                }
            }
        }
    }

    if wants(Measurement::Workers) {
        let folder = tempfile::tempdir()?;
        let key = folder.path().join("batch.key");
        key_file::write(&key, PROVER.key())?;
        let database = arguments
            .databases
            .first()
            .copied()
            .unwrap_or(Database::Sqlite);
        let mut times = [f64::INFINITY; 2];
        // Interleaved: three rounds of both.
        for _ in 0..3 {
            for (side, (workers, threads)) in [(1, 2), (2, 1)].into_iter().enumerate() {
                let place = Place::new(database)?;
                let client = place.client().await?;
                let mut running = Vec::new();
                for _ in 0..workers {
                    let prover = child(&key, threads).await?;
                    running.push(place.worker(Arc::new(prover)).await?);
                }
                // Warm: the circuit is synthesised with the first batch.
                let mut all = batches(arguments.batches + 2 * workers);
                let warm = all.split_off(arguments.batches as usize);
                for trace in warm {
                    let job = client.submit(trace).await?.job;
                    client.wait(job).await?;
                }
                let begin = Instant::now();
                let jobs = client
                    .submit_all(all.into_iter().map(Into::into).collect())
                    .await?;
                for submission in jobs {
                    client.wait(submission.job).await?;
                }
                times[side] = times[side].min(begin.elapsed().as_secs_f64());
                for worker in running {
                    worker.stop().await?;
                }
            }
        }
        let count = arguments.batches as f64;
        note(
            database,
            "batches a second, 1 worker with 2 threads",
            "1/s",
            count / times[0],
        );
        note(
            database,
            "batches a second, 2 workers with 1 thread",
            "1/s",
            count / times[1],
        );
        note(
            database,
            "ratio of the second to the first",
            "",
            times[0] / times[1],
        );
    }
    Ok(figures)
}

/// The program as a prover.
async fn child(key: &std::path::Path, threads: usize) -> Result<ChildProver> {
    let arguments = ["prover", "--threads", &threads.to_string(), "--key"];
    let mut arguments: Vec<std::ffi::OsString> = arguments.map(Into::into).into();
    arguments.push(key.into());
    Ok(ChildProver::start(ChildProverOptions {
        program: env!("CARGO_BIN_EXE_zkroll-farm").into(),
        arguments,
    })
    .await?)
}
