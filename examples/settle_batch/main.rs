//! A wallet's signed transfers, proven and settled: the whole way from a file to a new state root on
//! an Ethereum chain in memory, and what that chain refuses.
//!
//! ```sh
//! cargo run --release --example settle_batch
//! cargo run --release --example settle_batch -- --transfers 32 --depth 5 --json
//! ```
//!
//! Progress goes to stderr, the figures to stdout. The exit code is not 0 if a step fails, the
//! rollup refuses the batch, or it accepts what it must refuse.

#[path = "../common/mod.rs"]
mod common;

mod attacks;
mod gas;
mod progress;
mod report;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, value_parser};
use rand::rngs::OsRng;
use zkroll::{
    BatchProver,
    circuits::{
        batch::{BatchCircuit, MAX_TRANSFERS},
        protocol::{public_data::BatchShape, tree::MAX_DEPTH},
    },
    prover::{Backend, PreparedKey, backend::Selection},
    verifier_sol::rollup::BatchSettled,
};

use common::{Result, chain::Chain, wallet::WalletFile};
use progress::{ProofStages, milliseconds, step};
use report::{Report, StageTime};

/// Seed of the development key. Whoever reads it can prove anything with that key.
const SETUP_SEED: &[u8; 32] = b"zkroll example, not for real use";

/// Proves and settles a batch of signed transfers.
#[derive(Parser)]
struct Arguments {
    /// Transfers in the batch [default: those of the file]; what the file lacks is signed here.
    #[arg(long, value_parser = value_parser!(u32).range(1..=i64::from(MAX_TRANSFERS)))]
    transfers: Option<u32>,
    /// Depth of the 8-ary state tree [default: that of the file].
    #[arg(long, value_parser = value_parser!(u32).range(1..=MAX_DEPTH as i64))]
    depth: Option<u32>,
    /// What proves: auto, naive, ark, cpu, ifma, gpu.
    #[arg(long, default_value_t)]
    backend: Selection,
    /// Signed transfers in the form of examples/wallet/transfers.json [default: that file].
    #[arg(long)]
    file: Option<PathBuf>,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(&arguments).and_then(|report| {
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("\n{report}");
        }
        Ok(())
    });
    common::exit(outcome)
}

fn run(arguments: &Arguments) -> Result<Report> {
    let file = match &arguments.file {
        None => WalletFile::parse(include_str!("../wallet/transfers.json"))?,
        Some(path) => WalletFile::parse(&std::fs::read_to_string(path)?)
            .map_err(|error| format!("{}: {error}", path.display()))?,
    };
    let backend = arguments.backend.open()?;
    let depth = match arguments.depth {
        Some(depth) => depth as usize,
        None => file.depth,
    };
    let count = arguments
        .transfers
        .map_or(file.transfers.len(), |n| n as usize);
    let batch = file.batch(depth, count)?;
    if batch.reindexed {
        eprintln!(
            "8^{depth} accounts have no room for the file's indices: laid out anew, signed again"
        );
    }
    eprintln!(
        "{count} transfers: {} signed by the file's wallet, {} here",
        count - batch.signed_here,
        batch.signed_here
    );
    // The contract demands an L1 slot: without one, whoever makes a deposit could freeze it.
    let shape = BatchShape {
        l1_slots: 1,
        ..BatchShape::transfers_only(
            u32::try_from(depth)?,
            u32::try_from(count)?,
            u32::try_from(batch.fee_slots.len())?,
        )
    };

    let (circuit, synthesis) = step("synthesise the circuit", |_| Ok(BatchCircuit::new(shape)?))?;
    let cost = circuit.cost();
    let mut ledger = batch.genesis.clone();
    let (trace, apply) = step("check and apply the transfers", |_| {
        Ok(ledger.apply_batch(
            &shape,
            batch.timestamp,
            &[],
            &batch.fee_slots,
            &batch.transfers,
        )?)
    })?;
    let (prover, setup) = step("development setup (UNSAFE: its secrets are known)", |_| {
        Ok(BatchProver::development(circuit, SETUP_SEED)?)
    })?;
    let (witness, witnessing) = step("witness", |_| Ok(prover.witness(&trace)?))?;
    let ((proven, stages), proving) = step(&format!("prove with {}", backend.name()), |bar| {
        let mut stages = ProofStages::new(bar);
        let proven = prover.prove_witness(&trace, &witness, &backend, &mut OsRng, &mut stages)?;
        Ok((proven, stages.into_times()))
    })?;
    let key = PreparedKey::new(&prover.key().vk)?;
    let ((), verifying) = step("verify natively", |_| Ok(proven.verify(&key)?))?;

    let (mut chain, _) = step("deploy verifier and rollup", |_| {
        Chain::deploy(&prover.key().vk, &batch.genesis, &shape, batch.timestamp)
    })?;
    let (mut rejected, _) = step("attack the rollup", |_| {
        attacks::before_settlement(&mut chain, &proven)
    })?;
    let (receipt, _) = step("settle", |_| gas::succeed(chain.settle(&proven)?))?;
    let root = chain.state_root()?;
    let event = receipt.logs.first().and_then(BatchSettled::decode);
    if root != ledger.root() {
        return Err(format!(
            "expected the rollup at state root {}, got {root}",
            ledger.root()
        )
        .into());
    }
    if event.is_none_or(|event| event.post_state_root != root) {
        return Err("expected the event of the settled batch, got none of this root".into());
    }
    let (replayed, _) = step("attack the rollup again", |_| {
        attacks::after_settlement(&mut chain, &proven)
    })?;
    rejected.extend(replayed);
    let split = gas::split(&mut chain, &proven, &receipt)?;
    let plain = gas::plain_transfers(&mut chain.evm)?;

    let stages = stages.as_slice().iter();
    Ok(Report {
        transfers: shape.transfers,
        depth: shape.depth,
        accounts_log2: 3 * shape.depth,
        backend: backend.name().to_owned(),
        constraints: cost.constraints,
        constraints_per_transfer: cost.constraints_per_transfer,
        domain_log2: cost.domain_log2,
        synthesis_ms: milliseconds(synthesis),
        apply_ms: milliseconds(apply),
        setup_ms: milliseconds(setup),
        witness_ms: milliseconds(witnessing),
        prove_ms: milliseconds(proving),
        witness_share: witnessing.as_secs_f64() / proving.as_secs_f64(),
        prove_stages: stages
            .map(|(stage, time)| StageTime {
                stage: stage.as_str(),
                ms: milliseconds(*time),
            })
            .collect(),
        verify_ms: milliseconds(verifying),
        evm_fork: chain.evm.config().fork.to_string(),
        gas_execution: receipt.gas_execution,
        gas_transaction: receipt.gas_used,
        gas_per_transfer: receipt.gas_used as f64 / f64::from(shape.transfers),
        split,
        plain,
        accepted: true,
        rejected,
    })
}
