//! `Rollup.sol` in the embedded EVM: its words, ρ and y against the Rust mirror; every refusal; whole
//! settlements with a real proof; gas.

mod common;

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::Proof;
use ark_std::rand::Rng;
use common::chain::{SENDER, evm};
use common::mirror::Batch;
use common::{prove, rng, setup};
use zkroll_verifier_sol::abi::{
    Address, contract_address, encode_call, fr_from_word, word_from_address, word_from_field,
    word_from_u128,
};
use zkroll_verifier_sol::evm::{Evm, EvmError, Receipt};
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::rollup::{
    BatchCall, BatchSettled, MAX_BATCH_AGE, RollupConfig, SUBMIT_BATCH, challenge_call,
};
use zkroll_verifier_sol::token_creation_code;

const ACCEPT_ALL: &str = include_str!("../contracts/bin/AcceptAll.hex");
const RETURN_FALSE: &str = include_str!("../contracts/bin/ReturnFalse.hex");

/// A chain with a verifier and a rollup on it.
struct Chain {
    evm: Evm,
    config: RollupConfig,
    rollup: Address,
}

impl Chain {
    fn new(verifier_code: Vec<u8>, transfer_slots: u32, fee_slots: u32) -> Self {
        let mut evm = evm();
        let verifier = evm.deploy(SENDER, verifier_code).unwrap().address;
        let config = RollupConfig {
            verifier,
            genesis_root: Fr::from(0x1234u64),
            depth: 11,
            transfer_slots,
            fee_slots,
        };
        let expected = contract_address(&SENDER, evm.nonce(&SENDER));
        let rollup = evm.deploy(SENDER, config.creation_code()).unwrap().address;
        assert_eq!(rollup, expected);
        Self {
            evm,
            config,
            rollup,
        }
    }

    fn accepting(transfer_slots: u32, fee_slots: u32) -> Self {
        Self::new(
            hex::decode(ACCEPT_ALL.trim_end()).unwrap(),
            transfer_slots,
            fee_slots,
        )
    }

    fn now(&self) -> u64 {
        self.evm.config().block_time
    }

    fn view(&mut self, signature: &str) -> [u8; 32] {
        let output = self
            .evm
            .view(self.rollup, encode_call(signature, &[]))
            .unwrap();
        output.try_into().unwrap()
    }

    fn submit(&mut self, calldata: Vec<u8>) -> Receipt {
        self.evm.transact(SENDER, self.rollup, calldata, 0).unwrap()
    }

    /// What the contract must compute for the next batch.
    fn mirror(&mut self, call: &BatchCall) -> (Fr, Fr) {
        let pre_state_root = fr_from_word(&self.view("stateRoot()")).unwrap();
        let number = self.view("batchNumber()")[31];
        let batch = Batch {
            config: &self.config,
            chain_id: self.evm.config().chain_id,
            contract: self.rollup,
            timestamp: call.timestamp,
            number: u64::from(number) + 1,
            pre_state_root,
            post_state_root: call.post_state_root,
            data: &call.data,
        };
        batch.challenge(&call.commitment)
    }

    fn challenge(&mut self, call: &BatchCall) -> (Fr, Fr) {
        let calldata = challenge_call(
            call.timestamp,
            &call.post_state_root,
            &call.commitment,
            &call.data,
        );
        let output = self.evm.view(self.rollup, calldata).unwrap();
        let (words, rest) = output.as_chunks::<32>();
        assert!(words.len() == 2 && rest.is_empty());
        (
            fr_from_word(&words[0]).unwrap(),
            fr_from_word(&words[1]).unwrap(),
        )
    }

    /// A call with random contents at the block's time. Its proof satisfies nobody but the accepting
    /// verifier.
    fn random_call(&self, seed: u64) -> BatchCall {
        let mut rng = rng(seed);
        let mut data = Vec::new();
        for i in 0..self.config.fee_slots {
            let mut slot = [0; 10];
            if i % 3 != 2 {
                rng.fill(&mut slot[1..]);
                slot[0] = 1;
            }
            data.extend(slot);
        }
        let fees = data.len();
        data.resize(self.config.data_length(), 0);
        rng.fill(&mut data[fees..]);
        BatchCall {
            timestamp: self.now(),
            post_state_root: Fr::rand(&mut rng),
            commitment: Fr::rand(&mut rng),
            proof: Proof::<Bn254>::default(),
            data,
        }
    }
}

#[track_caller]
fn assert_error(receipt: &Receipt, expected: &str) {
    assert!(!receipt.success);
    assert_eq!(receipt.failure(), format!("revert {expected}"));
}

#[test]
fn rho_and_y_are_those_of_the_mirror() {
    for (seed, (transfer_slots, fee_slots)) in [
        (8, 2),
        (1, 0),
        (2, 1),
        (7, 3),
        (0, 0),
        (0, 4),
        (64, 1),
        (1000, 8),
    ]
    .into_iter()
    .enumerate()
    {
        let mut chain = Chain::accepting(transfer_slots, fee_slots);
        for round in 0..3 {
            let call = chain.random_call(10 * seed as u64 + round);
            let expected = chain.mirror(&call);
            assert_eq!(
                chain.challenge(&call),
                expected,
                "{transfer_slots} slots, round {round}"
            );
            assert!(chain.submit(call.calldata()).success);
        }
    }
}

#[test]
fn every_word_changes_the_challenge() {
    let mut chain = Chain::accepting(3, 2);
    let call = chain.random_call(1);
    let base = chain.challenge(&call);
    let mut others = Vec::new();
    for byte in 0..call.data.len() {
        let mut other = call.clone();
        // Flags stay 1, so that the slot stays valid.
        if byte % 10 == 0 && byte < 20 {
            continue;
        }
        other.data[byte] ^= 1;
        others.push(other);
    }
    others.push(BatchCall {
        timestamp: call.timestamp - 1,
        ..call.clone()
    });
    others.push(BatchCall {
        post_state_root: call.post_state_root + Fr::from(1u64),
        ..call.clone()
    });
    others.push(BatchCall {
        commitment: call.commitment + Fr::from(1u64),
        ..call.clone()
    });
    for other in others {
        let (rho, y) = chain.challenge(&other);
        assert!(rho != base.0 && y != base.1);
    }
}

#[test]
fn a_settled_batch_moves_the_state_and_says_so() {
    let mut chain = Chain::accepting(8, 2);
    assert_eq!(chain.view("batchNumber()"), word_from_u128(0));
    assert_eq!(chain.view("lastTimestamp()"), word_from_u128(0));
    let mut pre_state_root = chain.config.genesis_root;
    for number in 1..=3 {
        let call = chain.random_call(number);
        let receipt = chain.submit(call.calldata());
        assert!(receipt.success, "{}", receipt.failure());
        assert!(receipt.output.is_empty());
        assert_eq!(receipt.logs.len(), 1);
        assert_eq!(receipt.logs[0].address, chain.rollup);
        let event = BatchSettled {
            batch_number: number,
            pre_state_root,
            post_state_root: call.post_state_root,
            timestamp: call.timestamp,
            commitment: call.commitment,
        };
        assert_eq!(BatchSettled::decode(&receipt.logs[0]), Some(event));
        assert_eq!(
            chain.view("stateRoot()"),
            word_from_field(&call.post_state_root)
        );
        assert_eq!(chain.view("batchNumber()"), word_from_u128(number.into()));
        assert_eq!(
            chain.view("lastTimestamp()"),
            word_from_u128(call.timestamp.into())
        );
        pre_state_root = call.post_state_root;
        chain.evm.set_block_time(chain.now() + 12);
    }
}

#[test]
fn the_parameters_can_be_read() {
    let mut chain = Chain::accepting(7, 3);
    assert_eq!(
        chain.view("verifier()"),
        word_from_address(&chain.config.verifier.clone())
    );
    assert_eq!(
        chain.view("stateRoot()"),
        word_from_field(&chain.config.genesis_root.clone())
    );
    assert_eq!(chain.view("depth()"), word_from_u128(11));
    assert_eq!(chain.view("transferSlots()"), word_from_u128(7));
    assert_eq!(chain.view("feeSlots()"), word_from_u128(3));
    assert_eq!(chain.view("VERSION()"), word_from_u128(1));
    assert_eq!(
        chain.view("MAX_BATCH_AGE()"),
        word_from_u128(MAX_BATCH_AGE.into())
    );
}

#[test]
fn the_timestamp_must_lie_in_its_window() {
    let mut chain = Chain::accepting(2, 1);
    let now = chain.now();
    let call = |timestamp| BatchCall {
        timestamp,
        ..chain.random_call(1)
    };
    let [future, too_old, oldest, earlier, same] = [
        now + 1,
        now - MAX_BATCH_AGE - 1,
        now - MAX_BATCH_AGE,
        now - MAX_BATCH_AGE - 1,
        now,
    ]
    .map(|timestamp| call(timestamp).calldata());
    let hexadecimal = |value: u64| format!("{value:#x}");

    let error = format!(
        "TimestampInFuture({}, {})",
        hexadecimal(now + 1),
        hexadecimal(now)
    );
    assert_error(&chain.submit(future), &error);
    let least = now - MAX_BATCH_AGE;
    let error = format!(
        "TimestampTooOld({}, {})",
        hexadecimal(least - 1),
        hexadecimal(least)
    );
    assert_error(&chain.submit(too_old), &error);
    assert!(chain.submit(oldest).success);
    let error = format!(
        "TimestampBeforePrevious({}, {})",
        hexadecimal(least - 1),
        hexadecimal(least)
    );
    assert_error(&chain.submit(earlier), &error);
    assert!(chain.submit(same.clone()).success);
    assert!(
        chain.submit(same).success,
        "a batch may have the time of the one before"
    );

    // uint40: Solidity's decoder refuses a longer value without data.
    let beyond = BatchCall {
        timestamp: 1 << 40,
        ..chain.random_call(1)
    };
    let receipt = chain.submit(beyond.calldata());
    assert!(!receipt.success && receipt.output.is_empty());
}

#[test]
fn roots_and_commitments_must_be_field_elements() {
    let mut chain = Chain::accepting(2, 1);
    let modulus = word_from_field(&-Fr::from(1u64));
    let modulus = {
        let mut word = modulus;
        word[31] += 1;
        word
    };
    for (word, value) in [
        (modulus, hex::encode(modulus)),
        ([0xff; 32], "ff".repeat(32)),
    ] {
        for (at, error) in [(36, "StateRootNotInField"), (68, "CommitmentNotInField")] {
            let mut calldata = chain.random_call(1).calldata();
            calldata[at..at + 32].copy_from_slice(&word);
            assert_error(&chain.submit(calldata), &format!("{error}(0x{value})"));
        }
    }
    let largest = BatchCall {
        post_state_root: -Fr::from(1u64),
        commitment: -Fr::from(1u64),
        ..chain.random_call(1)
    };
    assert!(chain.submit(largest.calldata()).success);
}

#[test]
fn the_data_must_have_its_exact_length() {
    let mut chain = Chain::accepting(3, 2);
    let expected = chain.config.data_length();
    assert_eq!(expected, 2 * 10 + 2 * 31);
    for length in [0, 20, expected - 1, expected + 1, expected + 31] {
        let mut call = chain.random_call(1);
        call.data.resize(length, 0);
        let error = format!("DataLengthInvalid({expected:#x}, {length:#x})");
        assert_error(&chain.submit(call.calldata()), &error);
    }
    // The same arguments with bytes behind them, or without the padding.
    let calldata = chain.random_call(1).calldata();
    let length = calldata.len();
    for other in [length - 1, length + 1, length + 32] {
        let mut call = calldata.clone();
        call.resize(other, 0);
        let error = format!("CalldataLengthInvalid({length:#x}, {other:#x})");
        assert_error(&chain.submit(call), &error);
    }
}

#[test]
fn fee_slots_are_used_or_zero() {
    let mut chain = Chain::accepting(2, 3);
    let base = BatchCall {
        data: vec![0; chain.config.data_length()],
        ..chain.random_call(1)
    };
    assert!(chain.submit(base.calldata()).success, "all unused");
    for slot in 0..3 {
        for (byte, value) in [
            (0, 2u8),
            (0, 0xff),
            (1, 1),
            (4, 1),
            (5, 1),
            (9, 1),
            (9, 0xff),
        ] {
            let mut call = base.clone();
            call.data[10 * slot + byte] = value;
            let word = hex::encode(&call.data[10 * slot..10 * slot + 10]);
            let word = word.trim_start_matches('0');
            assert_error(
                &chain.submit(call.calldata()),
                &format!("FeeSlotInvalid({slot:#x}, 0x{word})"),
            );
        }
        let mut call = base.clone();
        call.data[10 * slot] = 1;
        assert!(
            chain.submit(call.calldata()).success,
            "used, for token 0 and account 0"
        );
    }
}

#[test]
fn the_constructor_refuses_bad_parameters() {
    let chain = Chain::accepting(2, 1);
    let Chain {
        mut evm, config, ..
    } = chain;
    let mut refusal = |code: Vec<u8>| match evm.deploy(SENDER, code) {
        Err(EvmError::Deployment(receipt)) => receipt.failure(),
        other => panic!("expected a refusal, got {other:?}"),
    };
    let without_code = RollupConfig {
        verifier: [7; 20],
        ..config.clone()
    };
    assert_eq!(
        refusal(without_code.creation_code()),
        format!(
            "revert VerifierWithoutCode(0x{})",
            "07".repeat(20).trim_start_matches('0')
        )
    );
    for depth in [0, 12] {
        let config = RollupConfig {
            depth,
            ..config.clone()
        };
        assert_eq!(
            refusal(config.creation_code()),
            format!("revert DepthInvalid({depth:#x})")
        );
    }
    let mut code = config.creation_code();
    let root = code.len() - 4 * 32;
    code[root..root + 32].fill(0xff);
    assert_eq!(
        refusal(code),
        format!("revert StateRootNotInField(0x{})", "ff".repeat(32))
    );
}

#[test]
fn a_verifier_that_returns_false_settles_nothing() {
    let mut chain = Chain::new(hex::decode(RETURN_FALSE.trim_end()).unwrap(), 2, 1);
    let call = chain.random_call(1);
    assert_error(&chain.submit(call.calldata()), "VerifierRejected()");
    assert_eq!(chain.view("batchNumber()"), word_from_u128(0));
}

#[test]
fn unknown_calls_and_ether_are_refused() {
    let mut chain = Chain::accepting(2, 1);
    let calldata = chain.random_call(1).calldata();
    let receipt = chain
        .evm
        .transact(SENDER, chain.rollup, calldata.clone(), 1)
        .unwrap();
    assert!(!receipt.success && receipt.output.is_empty());
    let mut selector = calldata;
    selector[0] ^= 1;
    assert!(!chain.submit(selector).success);
    assert!(!chain.submit(Vec::new()).success);
}

/// A call whose proof is for what the contract computes.
fn proven(chain: &mut Chain, pk: &ark_groth16::ProvingKey<Bn254>, seed: u64) -> BatchCall {
    let mut call = chain.random_call(seed);
    let (rho, y) = chain.mirror(&call);
    call.proof = prove(pk, &[call.commitment, rho, y], seed);
    call
}

#[test]
fn a_proof_settles_one_batch_once() {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), 8, 2);
    let first = proven(&mut chain, &pk, 1);

    // Anything in the call that is changed after proving.
    let mut changed = Vec::new();
    for byte in [1, 11, 20, first.data.len() - 1] {
        let mut call = first.clone();
        call.data[byte] ^= 1;
        changed.push(call);
    }
    let one = Fr::from(1u64);
    changed.push(BatchCall {
        timestamp: first.timestamp - 1,
        ..first.clone()
    });
    changed.push(BatchCall {
        post_state_root: first.post_state_root + one,
        ..first.clone()
    });
    changed.push(BatchCall {
        commitment: first.commitment + one,
        ..first.clone()
    });
    for call in changed {
        assert_error(&chain.submit(call.calldata()), "ProofInvalid()");
    }

    assert!(chain.submit(first.calldata()).success);
    assert_error(&chain.submit(first.calldata()), "ProofInvalid()");
    let second = proven(&mut chain, &pk, 2);
    assert!(chain.submit(second.calldata()).success);

    // The same proof for another rollup under the same verifier.
    let third = proven(&mut chain, &pk, 3);
    let code = chain.config.creation_code();
    let twin = chain.evm.deploy(SENDER, code).unwrap().address;
    let original = std::mem::replace(&mut chain.rollup, twin);
    assert_error(&chain.submit(third.calldata()), "ProofInvalid()");
    chain.rollup = original;
    assert!(chain.submit(third.calldata()).success);
}

#[test]
fn a_proof_does_not_hold_on_another_chain() {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), 2, 1);
    let mut call = chain.random_call(1);
    let batch = Batch {
        config: &chain.config,
        chain_id: chain.evm.config().chain_id + 1,
        contract: chain.rollup,
        timestamp: call.timestamp,
        number: 1,
        pre_state_root: chain.config.genesis_root,
        post_state_root: call.post_state_root,
        data: &call.data,
    };
    let (rho, y) = batch.challenge(&call.commitment);
    call.proof = prove(&pk, &[call.commitment, rho, y], 1);
    assert_error(&chain.submit(call.calldata()), "ProofInvalid()");
}

/// Execution gas of a first settlement with a real proof (Osaka).
fn settlement_gas(transfer_slots: u32) -> u64 {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), transfer_slots, 1);
    let call = proven(&mut chain, &pk, 1);
    let receipt = chain.submit(call.calldata());
    assert!(receipt.success, "{}", receipt.failure());
    receipt.gas_execution
}

/// The bar for a batch of 8 or 10 transfers is 260,000.
#[test]
fn settlement_gas_is_pinned() {
    let gas = [8, 10, 64, 1024].map(settlement_gas);
    assert_eq!(gas, [221_022, 221_198, 225_956, 311_010]);
}

#[test]
fn an_erc20_transfer_is_measured_in_the_same_evm() {
    let mut evm = evm();
    let token = evm
        .deploy(SENDER, token_creation_code(1_000_000))
        .unwrap()
        .address;
    let receiver = [0xbb; 20];
    let transfer = |value| {
        encode_call(
            "transfer(address,uint256)",
            &[word_from_address(&receiver), word_from_u128(value)],
        )
    };
    assert!(evm.transact(SENDER, token, transfer(1), 0).unwrap().success);
    // Both balances are non-zero before and after.
    let receipt = evm.transact(SENDER, token, transfer(1000), 0).unwrap();
    assert!(receipt.success && receipt.logs.len() == 1);
    assert_eq!((receipt.gas_used, receipt.gas_execution), (33_870, 12_286));
    let too_much = evm.transact(SENDER, token, transfer(1_000_000), 0).unwrap();
    assert_error(&too_much, "BalanceTooSmall(0xf3e57, 0xf4240)");
}

#[test]
fn calls_are_read_back() {
    let pk = setup(3, 1);
    let mut chain = Chain::accepting(7, 2);
    let call = proven(&mut chain, &pk, 1);
    let calldata = call.calldata();
    assert_eq!(BatchCall::decode(&calldata), Ok(call));
    assert_eq!(
        calldata[..4],
        zkroll_verifier_sol::abi::selector(SUBMIT_BATCH)
    );
    for length in 0..calldata.len() {
        assert!(BatchCall::decode(&calldata[..length]).is_err());
    }
    // Every byte matters: no two calls that decode have the same meaning and different bytes.
    for byte in 0..calldata.len() {
        let mut other = calldata.clone();
        other[byte] ^= 1;
        if let Ok(decoded) = BatchCall::decode(&other) {
            assert_eq!(decoded.calldata(), other, "byte {byte}");
        }
    }
}
