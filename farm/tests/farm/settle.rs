//! A chain that takes the batches of the scenarios.

use libtest_mimic::Failed;
use zkroll::ProvenBatch;

use crate::batches::{SHAPE, TIME, genesis, verifying_key};
use crate::common::chain;

/// A rollup in the embedded EVM.
pub struct Chain(chain::Chain);

impl Chain {
    pub fn new() -> Result<Self, Failed> {
        let chain = chain::Chain::deploy(verifying_key(), &genesis(), &SHAPE, TIME + 60);
        chain.map(Self).map_err(|error| error.to_string().into())
    }

    /// Has a batch accepted.
    pub fn settle(&mut self, proven: &ProvenBatch) -> Result<(), Failed> {
        let receipt = self.0.settle(proven).map_err(|error| error.to_string())?;
        if receipt.success {
            return Ok(());
        }
        let number = proven.header.batch_number;
        Err(format!("batch {number} is refused: {:02x?}", receipt.output).into())
    }
}
