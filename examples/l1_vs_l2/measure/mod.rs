//! Measures each way of settling the same payments in the embedded EVM, under one set of gas rules.
//!
//! | module | way |
//! |---|---|
//! | `plain` | a transaction for each payment: ETH, ERC-20 |
//! | `channel` | a payment channel of two parties, opened and closed |
//! | `optimistic` | what an optimistic rollup posts |
//! | `rollup` | batches of this rollup, in calldata and in a blob |

pub mod channel;
pub mod optimistic;
pub mod payments;
pub mod plain;
pub mod rollup;

use std::ops::AddAssign;

use serde::Serialize;
use zkroll::verifier_sol::evm::{Config, Evm, Receipt};

use crate::common::Result;
use payments::{Payment, TIME, WEALTH, people};

/// Gas of one blob (EIP-4844).
pub const BLOB_GAS: u64 = 1 << 17;

/// What a way takes from L1 for all the payments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Transactions.
    pub transactions: u64,
    /// Gas of the code that runs.
    pub gas_execution: u64,
    /// Gas of the transactions before the first instruction: 21,000 each, calldata at 4 and 16 gas a byte.
    pub gas_intrinsic: u64,
    /// Gas charged: both together, or the floor of EIP-7623 where that is more; less refunds.
    pub gas_transaction: u64,
    /// Whether the floor is what is charged in any of the transactions.
    pub calldata_floor: bool,
    /// Bytes of calldata.
    pub calldata_bytes: u64,
    /// Blobs, each paid whole.
    pub blobs: u64,
    /// Bytes that they carry.
    pub blob_bytes: u64,
    /// Gas of the blobs, which has a price of its own.
    pub blob_gas: u64,
}

impl Cost {
    /// Of one transaction that carried so many bytes of calldata.
    ///
    /// # Errors
    /// If it failed.
    pub fn of(receipt: &Receipt, calldata: usize) -> Result<Self> {
        if !receipt.success {
            let got = receipt.failure();
            return Err(format!("expected the transaction to succeed, got {got}").into());
        }
        Ok(Self {
            transactions: 1,
            gas_execution: receipt.gas_execution,
            gas_intrinsic: receipt.gas_intrinsic,
            gas_transaction: receipt.gas_used,
            calldata_floor: receipt.gas_used > receipt.gas_execution + receipt.gas_intrinsic,
            calldata_bytes: calldata as u64,
            ..Self::default()
        })
    }

    /// The same with a blob that carries so many bytes.
    pub fn with_blob(self, bytes: usize) -> Self {
        Self {
            blobs: 1,
            blob_bytes: bytes as u64,
            blob_gas: BLOB_GAS,
            ..self
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.transactions += other.transactions;
        self.gas_execution += other.gas_execution;
        self.gas_intrinsic += other.gas_intrinsic;
        self.gas_transaction += other.gas_transaction;
        self.calldata_floor |= other.calldata_floor;
        self.calldata_bytes += other.calldata_bytes;
        self.blobs += other.blobs;
        self.blob_bytes += other.blob_bytes;
        self.blob_gas += other.blob_gas;
    }
}

/// A chain on which everybody has ether.
fn chain() -> Evm {
    let mut evm = Evm::new(Config {
        block_time: TIME,
        ..Config::default()
    });
    for person in people() {
        evm.fund(person, WEALTH);
    }
    evm
}

/// Every way's cost for the same payments.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// ETH, a transaction each.
    pub eth: Cost,
    /// ERC-20, to people who held some.
    pub erc20_holders: Cost,
    /// ERC-20, to people who held none.
    pub erc20_strangers: Cost,
    /// A channel between two people, by its transactions.
    pub channel: channel::Channel,
    /// What an optimistic rollup posts.
    pub optimistic: optimistic::Optimistic,
    /// This rollup.
    pub rollup: rollup::Rollup,
}

impl Costs {
    /// Measures them all.
    ///
    /// # Errors
    /// If a transaction fails.
    pub fn measure(payments: &[Payment], stand_in: &rollup::StandIn) -> Result<Self> {
        let layer2 = payments::sign(payments)?;
        let (erc20_holders, erc20_strangers) = plain::erc20(payments)?;
        let (rollup, compressed) = rollup::measure(&layer2, stand_in)?;
        Ok(Self {
            eth: plain::eth(payments)?,
            erc20_holders,
            erc20_strangers,
            channel: channel::measure()?,
            optimistic: optimistic::measure(&layer2, &compressed)?,
            rollup,
        })
    }
}
