//! A chain with one account on it.

use zkroll_verifier_sol::abi::Address;
use zkroll_verifier_sol::evm::{Config, Evm};

/// An account with ether.
pub const SENDER: Address = [0xaa; 20];

pub fn evm() -> Evm {
    let mut evm = Evm::new(Config::default());
    evm.fund(SENDER, 10u128.pow(24));
    evm
}
