//! Payments on L1: one transaction each.

use zkroll::verifier_sol::{
    abi::{encode_call, word_from_address, word_from_u128},
    token_creation_code,
};

use super::{
    Cost, chain,
    payments::{Payment, WEALTH, address, people, stranger},
};
use crate::common::Result;

/// Sends ETH from person to person, each of whom has an account.
///
/// # Errors
/// If a transaction fails.
pub fn eth(payments: &[Payment]) -> Result<Cost> {
    let mut evm = chain();
    let mut cost = Cost::default();
    for payment in payments {
        let [from, to] = [payment.from, payment.to].map(address);
        let receipt = evm.transact(from, to, Vec::new(), payment.amount.value()?)?;
        cost += Cost::of(&receipt, 0)?;
    }
    Ok(cost)
}

/// Sends an ERC-20 of the smallest kind (`Token.sol`) from people who keep some: to the payments' receivers, who
/// hold some, and as often to somebody who held none.
///
/// # Errors
/// If a transaction fails.
pub fn erc20(payments: &[Payment]) -> Result<(Cost, Cost)> {
    let mut evm = chain();
    let issuer = [0x77; 20];
    let token = evm
        .deploy(issuer, token_creation_code(1_000_000 * WEALTH))?
        .address;
    let mut send = |from, to, value| -> Result<Cost> {
        let words = [word_from_address(&to), word_from_u128(value)];
        let call = encode_call("transfer(address,uint256)", &words);
        let length = call.len();
        Cost::of(&evm.transact(from, token, call, 0)?, length)
    };
    for person in people() {
        send(issuer, person, WEALTH)?;
    }
    let (mut holders, mut strangers) = (Cost::default(), Cost::default());
    for (i, payment) in (0..).zip(payments) {
        let [from, to] = [payment.from, payment.to].map(address);
        let value = payment.amount.value()?;
        holders += send(from, to, value)?;
        strangers += send(from, stranger(i), value)?;
    }
    Ok((holders, strangers))
}
