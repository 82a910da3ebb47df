//! An embedded EVM: deploys and calls the contracts in this process and counts gas exactly.
//!
//! Three numbers describe the gas of a transaction, under the rules of the chosen [`Fork`]:
//!
//! * [`Receipt::gas_intrinsic`]: what the transaction costs before its first instruction (21,000, calldata
//!   at 4 and 16 gas a byte, for a creation also 32,000 and its init code's words);
//! * [`Receipt::gas_execution`]: gas spent in all − intrinsic, before refunds and before the calldata
//!   floor of EIP-7623. This is the figure to compare contracts by;
//! * [`Receipt::gas_used`]: what the sender is charged, `max(spent − refunds, floor)`; the floor, since
//!   Prague, is 21,000 + 10 gas for a zero byte and 40 for another one of calldata.
//!
//! Gas has price 0 and the base fee is 0, so accounts need no ether for it. State lives in memory and
//! starts empty. Nonces are kept: [`crate::abi::contract_address`] predicts the addresses.
//!
//! Source: revm, whose BN254 precompiles are arkworks' here. Does not mine, sign or persist.

use crate::abi::{Address, Log, Word};
use crate::revert::{self, ContractError};
use revm::context::result::{EVMError, ExecutionResult};
use revm::context::{BlockEnv, CfgEnv, Context, TxEnv};
use revm::context_interface::block::BlobExcessGasAndPrice;
use revm::context_interface::cfg::gas::calculate_initial_tx_gas;
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Bytes, TxKind, U256};
use revm::{DatabaseRef, ExecuteCommitEvm, ExecuteEvm, MainBuilder, MainContext};
use std::convert::Infallible;
use std::fmt;

/// The most gas that one transaction may ask for since Osaka (EIP-7825), and what every transaction
/// here asks for.
pub const TRANSACTION_GAS_LIMIT: u64 = 1 << 24;

/// Transaction type of EIP-4844.
const BLOB_TRANSACTION: u8 = 3;

/// Which rules hold, gas prices included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fork {
    /// March 2024.
    Cancun,
    /// May 2025: calldata floor (EIP-7623).
    Prague,
    /// December 2025: transaction gas cap (EIP-7825).
    #[default]
    Osaka,
}

impl Fork {
    fn spec(self) -> SpecId {
        match self {
            Self::Cancun => SpecId::CANCUN,
            Self::Prague => SpecId::PRAGUE,
            Self::Osaka => SpecId::OSAKA,
        }
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancun => "Cancun",
            Self::Prague => "Prague",
            Self::Osaka => "Osaka",
        })
    }
}

/// The chain that the contracts see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// CHAINID.
    pub chain_id: u64,
    /// TIMESTAMP, Unix seconds.
    pub block_time: u64,
    /// The rules.
    pub fork: Fork,
}

impl Default for Config {
    /// Chain 31337, which development nodes use, at a time in November 2026, under Osaka.
    fn default() -> Self {
        Self {
            chain_id: 31337,
            block_time: 1_795_000_000,
            fork: Fork::Osaka,
        }
    }
}

/// Why a transaction did not run or a deployment failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvmError {
    /// The transaction is not valid; nothing ran.
    #[error("expected a valid transaction, got: {0}")]
    Transaction(String),
    /// The constructor reverted or halted.
    #[error("expected the constructor to succeed, got {}", .0.failure())]
    Deployment(Box<Receipt>),
    /// A view call reverted or halted.
    #[error("expected the view to return, got {}", .0.failure())]
    View(Box<Receipt>),
}

/// A deployed contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// Where it stands.
    pub address: Address,
    /// Gas charged for the transaction that created it.
    pub gas: u64,
}

/// What a transaction did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it returned.
    pub success: bool,
    /// Gas charged: `max(spent − refunds, floor)`.
    pub gas_used: u64,
    /// Gas spent before refunds and floor, less the intrinsic gas.
    pub gas_execution: u64,
    /// Gas of the transaction before its first instruction.
    pub gas_intrinsic: u64,
    /// Return data, or revert data; empty after a halt.
    pub output: Vec<u8>,
    /// The custom error of a revert, if it is one of this crate's contracts'.
    pub error: Option<ContractError>,
    /// Why the code halted without returning or reverting (out of gas, invalid opcode, …).
    pub halt: Option<String>,
    /// Log entries, in order.
    pub logs: Vec<Log>,
}

impl Receipt {
    /// One line that says how the call ended, for people.
    pub fn failure(&self) -> String {
        match (&self.error, &self.halt) {
            _ if self.success => "success".into(),
            (Some(error), _) => format!("revert {error}"),
            (None, Some(halt)) => format!("halt {halt}"),
            (None, None) if self.output.is_empty() => "revert without data".into(),
            (None, None) => format!("revert 0x{}", hex::encode(&self.output)),
        }
    }
}

/// An Ethereum chain in memory.
pub struct Evm {
    config: Config,
    state: CacheDB<EmptyDB>,
}

impl Evm {
    /// A chain without accounts.
    pub fn new(config: Config) -> Self {
        Self {
            config,
            state: CacheDB::new(EmptyDB::default()),
        }
    }

    /// The chain's parameters, at their present values.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Moves the clock; nothing stops it from going back.
    pub fn set_block_time(&mut self, block_time: u64) {
        self.config.block_time = block_time;
    }

    /// Sets the balance of `address` in wei.
    pub fn fund(&mut self, address: Address, wei: u128) {
        let mut account = self.account(&address);
        account.balance = U256::from(wei);
        self.state.insert_account_info(address.into(), account);
    }

    /// The balance of `address` in wei, `u128::MAX` if it is more than that.
    pub fn balance(&self, address: &Address) -> u128 {
        self.account(address).balance.saturating_to()
    }

    /// The number of transactions that `address` has sent.
    pub fn nonce(&self, address: &Address) -> u64 {
        self.account(address).nonce
    }

    /// The code at `address`.
    pub fn code(&self, address: &Address) -> Vec<u8> {
        let account = self.account(address);
        let Ok(code) = match account.code {
            Some(code) => Ok::<_, Infallible>(code),
            None => self.state.code_by_hash_ref(account.code_hash),
        };
        code.original_bytes().to_vec()
    }

    /// Runs `creation_code` (constructor arguments appended) in a transaction without value.
    ///
    /// # Errors
    ///
    /// [`EvmError::Transaction`] if the transaction is invalid, [`EvmError::Deployment`] if the constructor
    /// fails.
    pub fn deploy(&mut self, from: Address, creation_code: Vec<u8>) -> Result<Deployed, EvmError> {
        let (receipt, created) = self.run(from, TxKind::Create, creation_code, 0, true)?;
        match created {
            Some(address) => Ok(Deployed {
                address,
                gas: receipt.gas_used,
            }),
            None => Err(EvmError::Deployment(Box::new(receipt))),
        }
    }

    /// Sends a transaction with `value` wei. A revert is an `Ok` with `success: false`.
    ///
    /// # Errors
    ///
    /// [`EvmError::Transaction`] if the transaction is invalid.
    pub fn transact(
        &mut self,
        from: Address,
        to: Address,
        calldata: Vec<u8>,
        value: u128,
    ) -> Result<Receipt, EvmError> {
        let (receipt, _) = self.run(from, TxKind::Call(to.into()), calldata, value, true)?;
        Ok(receipt)
    }

    /// Sends a transaction that carries blobs with these versioned hashes (EIP-4844). The blobs themselves are not
    /// looked at: their availability is the consensus layer's matter. Blob gas has price 0.
    ///
    /// # Errors
    ///
    /// [`EvmError::Transaction`] if the transaction is invalid, one without blobs included.
    pub fn transact_with_blobs(
        &mut self,
        from: Address,
        to: Address,
        calldata: Vec<u8>,
        versioned_hashes: &[Word],
    ) -> Result<Receipt, EvmError> {
        let kind = TxKind::Call(to.into());
        let blobs = Some(versioned_hashes);
        let (receipt, _) = self.run_with(from, kind, calldata, 0, blobs, true)?;
        Ok(receipt)
    }

    /// Runs a call and forgets its effects. A revert is an `Ok` with `success: false`.
    ///
    /// # Errors
    ///
    /// [`EvmError::Transaction`] if the call is invalid.
    pub fn call(
        &mut self,
        from: Address,
        to: Address,
        calldata: Vec<u8>,
    ) -> Result<Receipt, EvmError> {
        let (receipt, _) = self.run(from, TxKind::Call(to.into()), calldata, 0, false)?;
        Ok(receipt)
    }

    /// Return data of a call from the zero address whose effects are forgotten.
    ///
    /// # Errors
    ///
    /// [`EvmError::View`] if it does not return, [`EvmError::Transaction`] if the call is invalid.
    pub fn view(&mut self, to: Address, calldata: Vec<u8>) -> Result<Vec<u8>, EvmError> {
        let receipt = self.call([0; 20], to, calldata)?;
        if receipt.success {
            Ok(receipt.output)
        } else {
            Err(EvmError::View(Box::new(receipt)))
        }
    }

    fn account(&self, address: &Address) -> revm::state::AccountInfo {
        let Ok(account) = self.state.basic_ref((*address).into());
        account.unwrap_or_default()
    }

    fn run(
        &mut self,
        from: Address,
        kind: TxKind,
        data: Vec<u8>,
        value: u128,
        commit: bool,
    ) -> Result<(Receipt, Option<Address>), EvmError> {
        self.run_with(from, kind, data, value, None, commit)
    }

    /// The receipt and, if a contract was created, its address.
    fn run_with(
        &mut self,
        from: Address,
        kind: TxKind,
        data: Vec<u8>,
        value: u128,
        blobs: Option<&[Word]>,
        commit: bool,
    ) -> Result<(Receipt, Option<Address>), EvmError> {
        let spec = self.config.fork.spec();
        let gas_intrinsic = calculate_initial_tx_gas(spec, &data, kind.is_create(), 0, 0, 0, None)
            .initial_total_gas();
        let invalid = |error: &dyn fmt::Debug| EvmError::Transaction(format!("{error:?}"));
        let mut tx = TxEnv::builder();
        if let Some(hashes) = blobs {
            let hashes = hashes.iter().map(|hash| (*hash).into()).collect();
            tx = tx
                .tx_type(Some(BLOB_TRANSACTION))
                .gas_priority_fee(Some(0))
                .blob_hashes(hashes);
        }
        let tx = tx
            .caller(from.into())
            .kind(kind)
            .data(Bytes::from(data))
            .value(U256::from(value))
            .nonce(self.nonce(&from))
            .chain_id(Some(self.config.chain_id))
            .gas_limit(TRANSACTION_GAS_LIMIT)
            .gas_price(0)
            .build()
            .map_err(|error| invalid(&error))?;

        let mut cfg = CfgEnv::new_with_spec(spec).with_mainnet_gas_params();
        cfg.chain_id = self.config.chain_id;
        let block = BlockEnv {
            timestamp: U256::from(self.config.block_time),
            number: U256::from(1),
            basefee: 0,
            blob_excess_gas_and_price: Some(BlobExcessGasAndPrice {
                excess_blob_gas: 0,
                blob_gasprice: 0,
            }),
            gas_limit: 2 * TRANSACTION_GAS_LIMIT,
            ..BlockEnv::default()
        };
        let mut evm = Context::mainnet()
            .with_db(&mut self.state)
            .with_cfg(cfg)
            .with_block(block)
            .build_mainnet();
        let result = if commit {
            evm.transact_commit(tx)
        } else {
            evm.transact(tx).map(|outcome| outcome.result)
        }
        .map_err(|error: EVMError<Infallible>| invalid(&error))?;

        let created = result.created_address().map(|address| address.0.0);
        Ok((receipt(result, gas_intrinsic), created))
    }
}

fn receipt(result: ExecutionResult, gas_intrinsic: u64) -> Receipt {
    let gas = result.gas();
    let output = result
        .output()
        .map(|bytes| bytes.to_vec())
        .unwrap_or_default();
    let success = result.is_success();
    Receipt {
        success,
        gas_used: gas.tx_gas_used(),
        gas_execution: gas.total_gas_spent() - gas_intrinsic,
        gas_intrinsic,
        error: if success {
            None
        } else {
            revert::decode(&output)
        },
        output,
        halt: match &result {
            ExecutionResult::Halt { reason, .. } => Some(format!("{reason:?}")),
            _ => None,
        },
        logs: result
            .logs()
            .iter()
            .map(|log| Log {
                address: log.address.0.0,
                topics: log.topics().iter().map(|topic| topic.0).collect(),
                data: log.data.data.to_vec(),
            })
            .collect(),
    }
}
