//! The embedded EVM's accounting: what is intrinsic, what is execution, what is charged, and how failures
//! are told apart. Contracts are written as bytes, so that every gas figure can be added up by hand.

use crate::common::chain::{SENDER, evm};
use zkroll_verifier_sol::abi::{Address, contract_address};
use zkroll_verifier_sol::evm::{Config, Evm, EvmError, Fork};

/// Creation code that leaves `runtime` at its address.
fn creation(runtime: &[u8]) -> Vec<u8> {
    // PUSH1 length, DUP1, PUSH1 offset, PUSH0, CODECOPY, PUSH0, RETURN
    let mut code = vec![
        0x60,
        runtime.len() as u8,
        0x80,
        0x60,
        9,
        0x5f,
        0x39,
        0x5f,
        0xf3,
    ];
    code.extend(runtime);
    code
}

fn deploy(evm: &mut Evm, runtime: &[u8]) -> Address {
    let expected = contract_address(&SENDER, evm.nonce(&SENDER));
    let address = evm.deploy(SENDER, creation(runtime)).unwrap().address;
    assert_eq!(address, expected);
    assert_eq!(evm.code(&address), runtime);
    address
}

#[test]
fn the_calldata_floor_counts_in_what_is_charged_only() {
    // 1000 bytes that are not zero and 100 that are.
    let calldata = [vec![1; 1000], vec![0; 100]].concat();
    let intrinsic = 21_000 + 16 * 1000 + 4 * 100;
    let floor = 21_000 + 40 * 1000 + 10 * 100;
    for (fork, charged) in [
        (Fork::Cancun, intrinsic),
        (Fork::Prague, floor),
        (Fork::Osaka, floor),
    ] {
        let mut evm = Evm::new(Config {
            fork,
            ..Config::default()
        });
        evm.fund(SENDER, 1);
        let receipt = evm
            .transact(SENDER, [0xbb; 20], calldata.clone(), 0)
            .unwrap();
        assert!(receipt.success);
        assert_eq!(receipt.gas_intrinsic, intrinsic, "{fork}");
        assert_eq!(receipt.gas_execution, 0, "{fork}");
        assert_eq!(receipt.gas_used, charged, "{fork}");
    }
}

#[test]
fn execution_gas_is_counted_before_refunds() {
    let mut evm = evm();
    // SSTORE(0, CALLDATASIZE): CALLDATASIZE 2, PUSH0 2, SSTORE.
    let address = deploy(&mut evm, &[0x36, 0x5f, 0x55]);
    let set = evm.transact(SENDER, address, vec![0], 0).unwrap();
    assert_eq!(set.gas_execution, 4 + 2_100 + 20_000);
    assert_eq!(set.gas_used, set.gas_intrinsic + set.gas_execution);
    // Clearing the word refunds 4,800 (EIP-3529).
    let clear = evm.transact(SENDER, address, vec![], 0).unwrap();
    assert_eq!(clear.gas_execution, 4 + 2_100 + 2_900);
    assert_eq!(clear.gas_used, 21_000 + clear.gas_execution - 4_800);
}

#[test]
fn the_chain_is_what_was_configured() {
    let mut evm = Evm::new(Config {
        chain_id: 7,
        block_time: 1000,
        ..Config::default()
    });
    evm.fund(SENDER, 5);
    // MSTORE(0, CHAINID), MSTORE(32, TIMESTAMP), RETURN(0, 64)
    let code = [0x46, 0x5f, 0x52, 0x42, 0x60, 32, 0x52, 0x60, 64, 0x5f, 0xf3];
    let address = deploy(&mut evm, &code);
    let read = |evm: &mut Evm| {
        let output = evm.view(address, vec![]).unwrap();
        (output[31], u16::from_be_bytes([output[62], output[63]]))
    };
    assert_eq!(read(&mut evm), (7, 1000));
    evm.set_block_time(2000);
    assert_eq!(read(&mut evm), (7, 2000));
}

#[test]
fn calls_leave_no_trace_and_transactions_do() {
    let mut evm = evm();
    // RETURN(0, 32) of SLOAD(0), after SSTORE(0, SLOAD(0) + 1).
    let code = [
        0x5f, 0x54, 0x60, 1, 0x01, 0x80, 0x5f, 0x55, 0x5f, 0x52, 0x60, 32, 0x5f, 0xf3,
    ];
    let address = deploy(&mut evm, &code);
    let nonce = evm.nonce(&SENDER);
    for _ in 0..2 {
        assert_eq!(evm.call(SENDER, address, vec![]).unwrap().output[31], 1);
    }
    assert_eq!(evm.nonce(&SENDER), nonce);
    for count in 1..=2 {
        assert_eq!(
            evm.transact(SENDER, address, vec![], 0).unwrap().output[31],
            count
        );
    }
    assert_eq!(evm.nonce(&SENDER), nonce + 2);
}

#[test]
fn failures_are_told_apart() {
    let mut evm = evm();
    let revert = deploy(&mut evm, &[0x5f, 0x5f, 0xfd]);
    let receipt = evm.transact(SENDER, revert, vec![], 0).unwrap();
    assert_eq!(receipt.failure(), "revert without data");
    assert!(!receipt.success && receipt.halt.is_none());

    let halt = deploy(&mut evm, &[0xfe]);
    let receipt = evm.transact(SENDER, halt, vec![], 0).unwrap();
    assert!(
        receipt.failure().starts_with("halt "),
        "{}",
        receipt.failure()
    );
    assert!(!receipt.success && receipt.error.is_none());

    assert!(matches!(evm.view(revert, vec![]), Err(EvmError::View(_))));
    let constructor = evm.deploy(SENDER, vec![0x5f, 0x5f, 0xfd]);
    assert!(matches!(constructor, Err(EvmError::Deployment(_))));
    let poor = evm.transact([0xcc; 20], revert, vec![], 1);
    assert!(matches!(poor, Err(EvmError::Transaction(_))));
}
