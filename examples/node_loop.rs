//! zkroll inside a node: transfers come in, batches are cut, proven and settled, each in a thread of
//! its own, so that the next batch is collected while the last one is proven.
//!
//! ```text
//! wallets ──SignedTransfer──▶ collector ──BatchTrace──▶ prover ──ProvenBatch──▶ settler
//! ```
//!
//! ```sh
//! cargo run --release --example node_loop
//! ```
//!
//! Threads and channels of the standard library: the crate asks for no async runtime.

mod common;

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::Duration,
};

use common::{
    Result,
    chain::Chain,
    wallet::{Signer, WalletFile, private_key},
};
use rand::rngs::OsRng;
use zkroll::{
    BatchProver, ProvenBatch,
    circuits::{
        batch::BatchCircuit,
        protocol::{
            amount::Amount,
            ledger::{BatchTrace, Ledger},
            public_data::{BatchShape, FeeSlot},
            transfer::SignedTransfer,
            uint::U40,
        },
    },
    prover::{Bn254, Fr, VerifyingKey, backend},
};

const SHAPE: BatchShape = BatchShape {
    l1_slots: 1,
    ..BatchShape::transfers_only(2, 3, 2)
};

/// A batch is cut when it is full, or when nothing has come for so long.
const TICK: Duration = Duration::from_millis(400);

/// Good transfers that the wallets send.
const TRANSFERS: usize = 8;

fn main() -> Result<()> {
    let file = WalletFile::parse(include_str!("wallet/transfers.json"))?;
    let start = file.batch(SHAPE.depth as usize, 0)?;
    let (genesis, fee_slots, timestamp) = (start.genesis, start.fee_slots, start.timestamp);
    println!("setup: UNSAFE development key");
    let prover = BatchProver::development(BatchCircuit::new(SHAPE)?, &[7; 32])?;
    let vk = prover.key().vk.clone();
    let incoming = wallet_transfers(&genesis, timestamp, &fee_slots)?;

    let (to_collector, transfers) = channel();
    let (to_prover, traces) = channel();
    let (to_settler, batches) = channel();
    let final_root = thread::scope(|scope| -> Result<Fr> {
        scope.spawn(move || send_transfers(incoming, &to_collector));
        let proving = scope.spawn(move || prove_batches(&prover, &traces, &to_settler));
        let state = genesis.clone();
        let settling = scope.spawn(move || settle_batches(&vk, &state, timestamp, &batches));
        let collected = collect(genesis, timestamp, &fee_slots, &transfers, to_prover);
        // A thread that fails closes its channels: ask for the first cause first.
        let root = settling.join().map_err(|_| "the settler panicked")??;
        proving.join().map_err(|_| "the prover panicked")??;
        assert_eq!(root, collected?.root(), "rollup and ledger agree");
        Ok(root)
    })?;
    println!("rollup and ledger agree on the state root {final_root}");
    Ok(())
}

/// Good transfers, and with each a bad one.
fn wallet_transfers(
    genesis: &Ledger,
    timestamp: u64,
    fee_slots: &[FeeSlot],
) -> Result<Vec<SignedTransfer>> {
    let mut signer = Signer::new(genesis.clone(), U40::try_from(timestamp)?, fee_slots);
    let mut transfers = Vec::new();
    for i in 0..TRANSFERS {
        let good = signer.next_transfer()?;
        let mut bad = good;
        match i % 4 {
            // Changed after signing.
            0 => bad.transfer.amount = Amount::from_value(1)?,
            // Signed by somebody else.
            1 => bad = good.transfer.sign(&private_key(200), genesis.domain()),
            // Expired.
            2 => bad.transfer.valid_until = U40::try_from(timestamp - 1)?,
            _ => {} // Sent twice.
        }
        transfers.extend([bad, good]);
    }
    Ok(transfers)
}

/// Sends them as wallets do: one by one. The channel closes at the end.
fn send_transfers(transfers: Vec<SignedTransfer>, to_collector: &Sender<SignedTransfer>) {
    for transfer in transfers {
        thread::sleep(Duration::from_millis(20));
        if to_collector.send(transfer).is_err() {
            return;
        }
    }
}

/// Takes transfers that apply, cuts batches and hands them to the prover. `pending` is the state with
/// the transfers that wait for their batch, so each is checked against what it will meet.
fn collect(
    mut ledger: Ledger,
    timestamp: u64,
    fee_slots: &[FeeSlot],
    transfers: &Receiver<SignedTransfer>,
    to_prover: Sender<BatchTrace>,
) -> Result<Ledger> {
    let mut pending = ledger.clone();
    let mut batch = Vec::new();
    let mut open = true;
    while open {
        match transfers.recv_timeout(TICK) {
            Ok(transfer) => {
                let root = pending.root();
                match pending.apply_transfer(&transfer, U40::try_from(timestamp)?, fee_slots) {
                    Ok(_) => batch.push(transfer),
                    Err(error) => {
                        assert_eq!(
                            pending.root(),
                            root,
                            "a refusal leaves the ledger as it was"
                        );
                        println!("collector: refused a transfer: {error}");
                    }
                }
                if batch.len() < SHAPE.transfers as usize {
                    continue;
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        if !batch.is_empty() {
            let trace = ledger.apply_batch(&SHAPE, timestamp, &[], fee_slots, &batch)?;
            println!(
                "collector: cut batch {} with {} transfers",
                ledger.batch_number(),
                batch.len()
            );
            to_prover.send(trace)?;
            batch.clear();
            pending = ledger.clone();
        }
    }
    Ok(ledger)
}

fn prove_batches(
    prover: &BatchProver,
    traces: &Receiver<BatchTrace>,
    to_settler: &Sender<ProvenBatch>,
) -> Result<()> {
    let backend = backend::detect()?;
    for trace in traces {
        let batch = prover.prove(&trace, &backend, &mut OsRng)?;
        println!("prover: proved batch {}", batch.header.batch_number);
        to_settler.send(batch)?;
    }
    Ok(())
}

/// Settles what comes, in order; returns the rollup's root after the last batch.
fn settle_batches(
    vk: &VerifyingKey<Bn254>,
    genesis: &Ledger,
    timestamp: u64,
    batches: &Receiver<ProvenBatch>,
) -> Result<Fr> {
    let mut chain = Chain::deploy(vk, genesis, &SHAPE, timestamp)?;
    for batch in batches {
        let receipt = chain.settle(&batch)?;
        if !receipt.success {
            return Err(format!("batch refused: {}", receipt.failure()).into());
        }
        println!(
            "settler: settled batch {} for {} gas",
            batch.header.batch_number, receipt.gas_used
        );
    }
    chain.state_root()
}
