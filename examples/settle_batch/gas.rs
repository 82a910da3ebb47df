//! What settlement costs beside a plain transfer on L1, all measured in the same EVM.

use serde::Serialize;
use zkroll::{
    ProvenBatch,
    circuits::protocol::public_data::PublicData,
    verifier_sol::{
        abi::{Address, encode_call, word_from_address, word_from_u128},
        evm::{Evm, Receipt},
        rollup::RollupConfig,
        token_creation_code,
    },
};

use crate::common::{
    Result,
    chain::{Chain, OPERATOR},
};

/// Creation code of a verifier that accepts whatever it is given.
const ACCEPT_ALL: &str = include_str!("../../verifier-sol/contracts/bin/AcceptAll.hex");

/// Slots beyond which larger batches are not compared: their calls would not fit a transaction.
const MAX_COMPARED: u32 = 1024;

const SENDER: Address = [0xa1; 20];
const RECEIVER: Address = [0xb2; 20];

/// Gas of one settlement, split.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Split {
    /// What a batch costs whatever its size, the verifier included.
    pub gas_fixed: u64,
    /// What one more transfer slot costs, calldata included.
    pub gas_marginal_per_transfer: f64,
}

/// Splits the gas of the settlement of `batch` that `receipt` reports.
///
/// The marginal part is the difference between two sizes of batch, divided by the slots between
/// them. That needs no proof of either size: the verifier gets three inputs whatever the size and
/// costs the same. So both are called with a verifier that accepts everything, in which the real
/// one's cost cancels out. They have two and four times the slots (an even number, because two
/// transfers share a word), filled with the batch's transfers over and over. What is compared is
/// intrinsic and execution gas, without the floor of EIP-7623: it would bind only because the true
/// verifier's gas is missing.
///
/// # Errors
/// If a deployment or a call fails.
pub fn split(chain: &mut Chain, batch: &ProvenBatch, receipt: &Receipt) -> Result<Split> {
    let stub = chain
        .evm
        .deploy(SENDER, hex::decode(ACCEPT_ALL.trim_end())?)?
        .address;
    let data = batch.public_data()?;
    let mut gas = |transfers: u32| -> Result<u64> {
        let mut slots = data.slots().clone();
        slots.header.shape.transfers = transfers;
        let repeated = data.transfers().iter().copied().cycle();
        slots.transfers = repeated.take(transfers as usize).collect();
        let resized = PublicData::new(slots)?;
        let config = RollupConfig {
            verifier: stub,
            operation_slots: transfers,
            ..chain.config.clone()
        };
        let rollup = chain.evm.deploy(SENDER, config.creation_code())?.address;
        let mut call = batch.call()?;
        call.data = resized.encode();
        let receipt = succeed(chain.evm.call(OPERATOR, rollup, call.calldata())?)?;
        Ok(receipt.gas_intrinsic + receipt.gas_execution)
    };
    let slots = data.header().shape.transfers;
    let size = 2 * slots.min(MAX_COMPARED);
    let marginal = (gas(2 * size)? as f64 - gas(size)? as f64) / f64::from(size);
    let whole = receipt.gas_intrinsic + receipt.gas_execution;
    Ok(Split {
        gas_fixed: (whole as f64 - marginal * f64::from(slots)).round() as u64,
        gas_marginal_per_transfer: marginal,
    })
}

/// Gas of plain transfers on L1, each of the whole transaction.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Plain {
    /// Ether, to an account that exists.
    pub eth_transfer_gas: u64,
    /// An ERC-20 of the smallest kind, to an account that holds some and from one that keeps some.
    pub erc20_transfer_gas: u64,
}

/// Measures plain transfers.
///
/// # Errors
/// If one fails.
pub fn plain_transfers(evm: &mut Evm) -> Result<Plain> {
    evm.fund(SENDER, 1_000);
    evm.fund(RECEIVER, 1);
    let ether = succeed(evm.transact(SENDER, RECEIVER, Vec::new(), 1)?)?;

    let token = evm
        .deploy(SENDER, token_creation_code(1_000_000_000))?
        .address;
    let arguments = [word_from_address(&RECEIVER), word_from_u128(1_234_567)];
    let transfer = encode_call("transfer(address,uint256)", &arguments);
    succeed(evm.transact(SENDER, token, transfer.clone(), 0)?)?;
    let erc20 = succeed(evm.transact(SENDER, token, transfer, 0)?)?;
    Ok(Plain {
        eth_transfer_gas: ether.gas_used,
        erc20_transfer_gas: erc20.gas_used,
    })
}

/// A receipt of success.
///
/// # Errors
/// If the transaction failed.
pub fn succeed(receipt: Receipt) -> Result<Receipt> {
    if receipt.success {
        Ok(receipt)
    } else {
        Err(format!(
            "expected the transaction to succeed, got {}",
            receipt.failure()
        )
        .into())
    }
}
