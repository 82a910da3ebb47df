//! A rollup that has its batches proved by a farm: a node cuts batches and puts them into the queue, two workers prove
//! them, and the proofs are settled in order as they come.
//!
//! ```text
//! node ──BatchTrace──▶ queue ──▶ worker 1 ──┐
//!                          └───▶ worker 2 ──┴─ProvenBatch──▶ store ──in order──▶ contract
//! ```
//!
//! ```sh
//! cargo run --release -p zkroll-farm --example farm
//! cargo run --release -p zkroll-farm --example farm -- --database postgres://me@localhost/farm
//! ```
//!
//! Queue and store are a SQLite file and a folder that are removed at the end, unless others are named. The workers are
//! tasks of this process; with `zkroll-farm worker` they are processes of this machine or of others, and nothing else
//! changes.

#[path = "../../examples/common/mod.rs"]
mod common;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use futures::{StreamExt, future::try_join_all};
use tokio::sync::watch;
use zkroll::{
    BatchProver,
    circuits::{
        batch::BatchCircuit,
        protocol::{ledger::BatchTrace, public_data::BatchShape, uint::U40},
    },
    prover::{backend::Selection, key_file},
};
use zkroll_farm::{
    Farm, FarmClient, FarmConfig, JobId, Worker, WorkerOptions,
    prover::{KeyProverOptions, ThreadProver},
};

use common::{
    Result,
    chain::Chain,
    wallet::{Signer, WalletFile},
};

const SHAPE: BatchShape = BatchShape {
    l1_slots: 1,
    ..BatchShape::transfers_only(2, 2, 2)
};

/// Has batches proved by a farm.
#[derive(Parser)]
struct Arguments {
    /// Batches.
    #[arg(long, default_value_t = 8)]
    batches: u64,
    /// Workers, with a thread each.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// The queue [default: a file].
    #[arg(long)]
    database: Option<String>,
    /// The store [default: a folder].
    #[arg(long)]
    store: Option<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let file = WalletFile::parse(include_str!("../../examples/wallet/transfers.json"))?;
    let start = file.batch(SHAPE.depth as usize, 0)?;
    println!("setup: UNSAFE development key");
    let circuit = BatchCircuit::new(SHAPE)?;
    let setup = tokio::task::spawn_blocking(|| BatchProver::development(circuit, &[7; 32]));
    let setup = setup.await??;
    let key = folder.path().join("batch.key");
    key_file::write(&key, setup.key())?;
    let vk = setup.key().vk.clone();
    drop(setup);

    let sqlite = format!("sqlite:{}", folder.path().join("queue.sqlite").display());
    let store = folder.path().join("store").display().to_string();
    let farm = Farm::connect(&FarmConfig {
        database: arguments.database.unwrap_or(sqlite),
        store: arguments.store.unwrap_or(store),
        ..FarmConfig::default()
    })
    .await?;
    println!("the queue is in {}", farm.database());

    // The machines that prove.
    let (stop, stopped) = watch::channel(false);
    let mut workers = Vec::new();
    for _ in 0..arguments.workers {
        let options = KeyProverOptions {
            key: key.clone(),
            backend: Selection::Auto,
            threads: NonZeroUsize::new(1),
            stream: false,
        };
        let prover = tokio::task::spawn_blocking(|| ThreadProver::start(options)).await??;
        let worker = Worker::new(farm.clone(), Arc::new(prover), WorkerOptions::default())?;
        let mut stopped = stopped.clone();
        workers.push(tokio::spawn(worker.run(async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        })));
    }

    // The node: cuts batches, and waits when the queue is full.
    let client = FarmClient::new(farm.clone(), &vk)?.with_capacity(4);
    let traces = cut_batches(
        &start.genesis,
        start.timestamp,
        &start.fee_slots,
        arguments.batches,
    )?;
    let begin = Instant::now();
    let (jobs, mut submitted) = tokio::sync::mpsc::unbounded_channel();
    let node = client.clone();
    let submitting = tokio::spawn(async move {
        for trace in traces {
            let number = trace.header.batch_number;
            let submission = node.submit_when_room(trace).await?;
            println!("node: batch {number} is in the queue");
            if jobs.send(submission.job).is_err() {
                break;
            }
        }
        Ok::<(), zkroll_farm::FarmError>(())
    });

    // The chain: takes the proofs in the batches' order, whichever is ready first.
    let mut chain = Chain::deploy(&vk, &start.genesis, &SHAPE, start.timestamp)?;
    let mut settled = 0;
    while let Some(job) = submitted.recv().await {
        let results = client.results([job] as [JobId; 1]);
        let mut results = std::pin::pin!(results);
        while let Some(proven) = results.next().await {
            let proven = proven?;
            let status = client.status(job).await?;
            let receipt = chain.settle(&proven)?;
            if !receipt.success {
                return Err(format!("refused: {}", receipt.failure()).into());
            }
            let report = status.report.ok_or("expected a report of the proof")?;
            println!(
                "chain: settled batch {}, proved in {:.0} ms by {} on {}",
                proven.header.batch_number,
                report.prove_ms,
                status.worker.unwrap_or_default(),
                report.backend
            );
            settled += 1;
        }
    }
    submitting.await??;
    let seconds = begin.elapsed().as_secs_f64();
    println!("{settled} batches in {seconds:.1} s");

    stop.send(true)?;
    for ended in try_join_all(workers).await? {
        ended?;
    }
    Ok(())
}

/// Batches of transfers that the wallets sign.
fn cut_batches(
    genesis: &zkroll::circuits::protocol::ledger::Ledger,
    timestamp: u64,
    fee_slots: &[zkroll::circuits::protocol::public_data::FeeSlot],
    count: u64,
) -> Result<Vec<BatchTrace>> {
    let mut signer = Signer::new(genesis.clone(), U40::try_from(timestamp)?, fee_slots);
    let mut ledger = genesis.clone();
    (0..count)
        .map(|_| {
            let transfers = (0..SHAPE.transfers).map(|_| signer.next_transfer());
            let transfers = transfers.collect::<Result<Vec<_>>>()?;
            Ok(ledger.apply_batch(&SHAPE, timestamp, &[], fee_slots, &transfers)?)
        })
        .collect()
}
