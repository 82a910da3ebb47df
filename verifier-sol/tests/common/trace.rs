//! What a contract gives to a precompile.

use super::chain::SENDER;
use revm::context::{Context, TxEnv};
use revm::context_interface::ContextTr;
use revm::database::{CacheDB, EmptyDB};
use revm::interpreter::{CallInputs, CallOutcome};
use revm::primitives::hardfork::SpecId;
use revm::primitives::{Address, TxKind};
use revm::state::{AccountInfo, Bytecode};
use revm::{InspectEvm, Inspector, MainBuilder, MainContext};
use zkroll_verifier_sol::evm::TRANSACTION_GAS_LIMIT;

struct Calls {
    to: Address,
    inputs: Vec<Vec<u8>>,
}

impl<CTX: ContextTr> Inspector<CTX> for Calls {
    fn call(&mut self, context: &mut CTX, call: &mut CallInputs) -> Option<CallOutcome> {
        if call.target_address == self.to {
            self.inputs.push(call.input.bytes(context).to_vec());
        }
        None
    }
}

/// The input of every call to the precompile at address `precompile` that `runtime` makes when it is called
/// with `calldata` under Osaka, in order.
pub fn precompile_inputs(runtime: Vec<u8>, calldata: Vec<u8>, precompile: u8) -> Vec<Vec<u8>> {
    let contract = Address::repeat_byte(0xcc);
    let mut state = CacheDB::new(EmptyDB::default());
    let code = Bytecode::new_raw(runtime.into());
    state.insert_account_info(contract, AccountInfo::default().with_code(code));
    let mut calls = Calls {
        to: Address::with_last_byte(precompile),
        inputs: Vec::new(),
    };
    let tx = TxEnv::builder()
        .caller(SENDER.into())
        .kind(TxKind::Call(contract))
        .data(calldata.into())
        .gas_limit(TRANSACTION_GAS_LIMIT)
        .gas_price(0)
        .build()
        .unwrap();
    let mut evm = Context::mainnet()
        .with_db(state)
        .modify_cfg_chained(|cfg| cfg.set_spec_and_mainnet_gas_params(SpecId::OSAKA))
        .build_mainnet_with_inspector(&mut calls);
    evm.inspect_tx(tx).unwrap();
    calls.inputs
}
