//! The figures, as JSON or as a table.

use std::fmt;

use serde::Serialize;

use crate::{
    attacks::Rejected,
    gas::{Plain, Split},
};

/// What one run measured. Times in milliseconds of wall clock.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Transfers in the batch, which has as many slots.
    pub transfers: u32,
    /// Of the state tree.
    pub depth: u32,
    /// log₂ of the accounts that the tree has room for.
    pub accounts_log2: u32,
    /// What proved.
    pub backend: String,
    /// Of the batch.
    pub constraints: usize,
    /// That one more transfer brings.
    pub constraints_per_transfer: f64,
    /// log₂ of the domain.
    pub domain_log2: u32,
    /// Templates.
    pub synthesis_ms: f64,
    /// Checking and applying the batch to the ledger, with all signatures.
    pub apply_ms: f64,
    /// The development key, UNSAFE.
    pub setup_ms: f64,
    /// The values of all columns.
    pub witness_ms: f64,
    /// The proof, without the witness.
    pub prove_ms: f64,
    /// witness_ms / prove_ms.
    pub witness_share: f64,
    /// The parts of the proof, in order.
    pub prove_stages: Vec<StageTime>,
    /// Checking the proof with its public data.
    pub verify_ms: f64,
    /// Whose gas rules hold.
    pub evm_fork: String,
    /// Gas of the settlement without the transaction's intrinsic gas.
    pub gas_execution: u64,
    /// Gas of the settling transaction.
    pub gas_transaction: u64,
    /// gas_transaction / transfers.
    pub gas_per_transfer: f64,
    /// The parts of gas_transaction.
    #[serde(flatten)]
    pub split: Split,
    /// Plain transfers on L1.
    #[serde(flatten)]
    pub plain: Plain,
    /// Whether the rollup took the batch and stands at the ledger's root.
    pub accepted: bool,
    /// The attacks, all refused.
    pub rejected: Vec<Rejected>,
}

/// One part of a proof.
#[derive(Clone, Debug, Serialize)]
pub struct StageTime {
    /// Its name.
    pub stage: &'static str,
    /// Its time.
    pub ms: f64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "{name:<44}{value:>16}");
        row("transfers", self.transfers.to_string())?;
        row(
            "tree",
            format!("8^{} = 2^{}", self.depth, self.accounts_log2),
        )?;
        row("constraints", self.constraints.to_string())?;
        row(
            "constraints per transfer",
            format!("{:.1}", self.constraints_per_transfer),
        )?;
        row("domain", format!("2^{}", self.domain_log2))?;
        let times = [
            ("synthesise the circuit, ms", self.synthesis_ms),
            ("apply to the ledger, ms", self.apply_ms),
            ("development setup (UNSAFE), ms", self.setup_ms),
            ("witness, ms", self.witness_ms),
            ("prove, ms", self.prove_ms),
        ];
        for (name, time) in times {
            row(name, format!("{time:.1}"))?;
        }
        for StageTime { stage, ms } in &self.prove_stages {
            row(&format!("  {stage}"), format!("{ms:.1}"))?;
        }
        row("verify, ms", format!("{:.1}", self.verify_ms))?;
        row(
            "witness / prove",
            format!("{:.2} %", 100.0 * self.witness_share),
        )?;
        row("backend", self.backend.clone())?;
        row("EVM rules", self.evm_fork.clone())?;
        row("settlement, execution gas", self.gas_execution.to_string())?;
        row(
            "settlement, transaction gas",
            self.gas_transaction.to_string(),
        )?;
        row("  fixed", self.split.gas_fixed.to_string())?;
        row(
            "  per further transfer",
            format!("{:.1}", self.split.gas_marginal_per_transfer),
        )?;
        row("gas per transfer", format!("{:.1}", self.gas_per_transfer))?;
        row(
            "  beside ETH on L1",
            self.plain.eth_transfer_gas.to_string(),
        )?;
        row(
            "  beside ERC-20 on L1",
            self.plain.erc20_transfer_gas.to_string(),
        )?;
        writeln!(f, "\nrefused on chain:")?;
        for Rejected {
            attack,
            refused_with,
        } in &self.rejected
        {
            writeln!(f, "  {attack}: {refused_with}")?;
        }
        Ok(())
    }
}
