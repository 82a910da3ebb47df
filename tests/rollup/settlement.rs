//! Batches proven here and settled by the contracts in the embedded EVM.

use std::sync::OnceLock;

use crate::common::{
    self, SHAPE, TIME, add_modulus, apply, domain,
    examples::chain::{Chain, DEPLOYER, OPERATOR, exit_key},
    ledger, ledger_in, pay, prepared, prove,
};
use zkroll::{
    BatchProver, ProvenBatch, Replica, ReplicaError,
    circuits::protocol::{
        ledger::{Ledger, ReplayError},
        transfer::{Address, Domain},
    },
    prover::Fr,
    verifier_sol::{
        abi::{contract_address, word_from_field},
        calldata::verify_proof_call,
        evm::{Config, Evm, Receipt},
        fixed,
        rollup::{BatchCall, BatchSettled, MAX_BATCH_AGE, RollupConfig, challenge_call},
    },
};

/// Where arguments stand in the calldata.
const TIMESTAMP: usize = 4;
const POST_STATE_ROOT: usize = TIMESTAMP + 32;
const COMMITMENT: usize = POST_STATE_ROOT + 32;
const DATA: usize = 4 + 13 * 32;

/// One key for all tests of this file.
fn prover() -> &'static BatchProver {
    static PROVER: OnceLock<BatchProver> = OnceLock::new();
    PROVER.get_or_init(|| common::prover(SHAPE))
}

fn deploy(genesis: &Ledger) -> Chain {
    Chain::deploy(&prover().key().vk, genesis, &SHAPE, TIME).unwrap()
}

/// The name of the contract's error.
fn error(receipt: &Receipt) -> &str {
    assert!(!receipt.success, "expected a refusal, got success");
    receipt
        .error
        .as_ref()
        .map_or("no error of ours", |error| error.name())
}

fn call(chain: &mut Chain, calldata: Vec<u8>) -> Receipt {
    chain.evm.call(OPERATOR, chain.rollup, calldata).unwrap()
}

/// The first batch of a ledger: one transfer.
fn first_batch(mut ledger: Ledger, timestamp: u64, amount: u128) -> ProvenBatch {
    let transfer = pay(&ledger, 2, 3, amount, 0);
    let batch = prove(prover(), &apply(&mut ledger, timestamp, &[transfer]));
    batch.verify(&prepared(prover())).unwrap();
    batch
}

#[test]
fn batches_settle_in_sequence_and_calldata_alone_rebuilds_the_state() {
    let mut ledger = ledger();
    let mut replica = Replica::new(ledger.clone(), SHAPE);
    let mut chain = deploy(&ledger);
    let key = prepared(prover());

    for number in 1..=4 {
        // Full, half empty, empty, and one whose second transfer spends what the first brought.
        let transfers = match number {
            1 => vec![pay(&ledger, 1, 2, 5, 0), pay(&ledger, 1, 3, 6, 1)],
            2 => vec![pay(&ledger, 4, 4, 0, 0)],
            3 => vec![],
            _ => {
                // Accounts 1 and 2 hold about one and two millions.
                vec![
                    pay(&ledger, 2, 1, 1_900_000, 0),
                    pay(&ledger, 1, 3, 2_800_000, 0),
                ]
            }
        };
        let timestamp = TIME + number / 2;
        let trace = apply(&mut ledger, timestamp, &transfers);
        let batch = prove(prover(), &trace);
        batch.verify(&key).unwrap();
        chain.evm.set_block_time(timestamp + 12);

        let [commitment, rho, y] = batch.public_data().unwrap().public_inputs();
        assert_eq!(batch.proof.public_inputs, [commitment, rho, y]);
        let post_root = &batch.header.post_root;
        let challenge = challenge_call(timestamp, post_root, &commitment, &batch.data);
        let expected = [word_from_field(&rho), word_from_field(&y)].concat();
        assert_eq!(
            chain.evm.view(chain.rollup, challenge).unwrap(),
            expected,
            "rho and y"
        );

        let receipt = chain.settle(&batch).unwrap();
        assert!(receipt.success, "batch {number}: {}", receipt.failure());
        assert_eq!(chain.state_root().unwrap(), ledger.root());
        let [log] = receipt.logs.as_slice() else {
            panic!("expected one event, got {}", receipt.logs.len());
        };
        assert_eq!(log.address, chain.rollup);
        let settled = BatchSettled {
            batch_number: number,
            pre_state_root: trace.header.pre_root,
            post_state_root: trace.header.post_root,
            timestamp,
            commitment,
            consumed: 0,
        };
        assert_eq!(BatchSettled::decode(log).as_ref(), Some(&settled));

        let calldata = batch.call().unwrap().calldata();
        replica.settle(&settled, &calldata).unwrap();
        // Nonces, which no batch publishes, follow from the transfers.
        assert_eq!(*replica.ledger(), ledger);

        let receipt = chain.settle(&batch).unwrap();
        assert_eq!(error(&receipt), "ProofInvalid", "batch {number} once more");
    }
}

#[test]
fn a_proof_holds_for_one_chain() {
    let elsewhere = Domain {
        chain_id: 1,
        ..domain()
    };
    let batch = first_batch(ledger_in(elsewhere, 1), TIME, 5);
    // The state roots of the two chains are one: only the words tell them apart.
    assert_eq!(ledger().root(), batch.header.pre_root);
    let mut here = deploy(&ledger());
    assert_eq!(error(&here.settle(&batch).unwrap()), "ProofInvalid");
    let mut there = deploy(&ledger_in(elsewhere, 1));
    assert!(there.settle(&batch).unwrap().success);
}

#[test]
fn a_proof_holds_for_one_contract() {
    // The deployer's third creation: a second rollup on the same verifier.
    let second = Address(contract_address(&DEPLOYER, 2));
    let elsewhere = Domain {
        contract: second,
        ..domain()
    };
    let batch = first_batch(ledger_in(elsewhere, 1), TIME, 5);
    let mut chain = deploy(&ledger());
    assert_eq!(error(&chain.settle(&batch).unwrap()), "ProofInvalid");
    let creation = chain.config.creation_code();
    chain.rollup = chain.evm.deploy(DEPLOYER, creation).unwrap().address;
    assert_eq!(chain.rollup, second.0);
    assert!(chain.settle(&batch).unwrap().success);
}

#[test]
fn a_proof_holds_for_one_state_and_one_number() {
    let mut chain = deploy(&ledger());
    let (first, rival) = (
        first_batch(ledger(), TIME, 5),
        first_batch(ledger(), TIME, 6),
    );
    // Each would be accepted alone.
    assert!(call(&mut chain, rival.call().unwrap().calldata()).success);
    assert!(chain.settle(&first).unwrap().success);
    // From an older state root than the rollup's.
    assert_eq!(error(&chain.settle(&rival).unwrap()), "ProofInvalid");

    // From the right state root, as another batch than the next one: the state of the first batch
    // as the genesis of another rollup.
    let mut ledger = ledger();
    let transfer = pay(&ledger, 2, 3, 5, 0);
    apply(&mut ledger, TIME, &[transfer]);
    let accounts = ledger
        .accounts()
        .map(|(index, account)| (index, account.clone()));
    let restarted = Ledger::from_genesis(1, domain(), accounts).unwrap();
    assert_eq!(restarted.root(), chain.state_root().unwrap());
    let renumbered = first_batch(restarted, TIME, 6);
    assert_eq!(error(&chain.settle(&renumbered).unwrap()), "ProofInvalid");
}

#[test]
fn a_proof_holds_for_one_time() {
    let mut chain = deploy(&ledger());
    let batch = first_batch(ledger(), TIME, 5);
    let honest = batch.call().unwrap();
    let dated = |timestamp| {
        let mut call = honest.clone();
        call.timestamp = timestamp;
        call.calldata()
    };
    assert_eq!(error(&call(&mut chain, dated(TIME - 1))), "ProofInvalid");
    assert_eq!(
        error(&call(&mut chain, dated(TIME + 1))),
        "TimestampInFuture"
    );
    chain.evm.set_block_time(TIME + MAX_BATCH_AGE + 1);
    assert_eq!(error(&call(&mut chain, dated(TIME))), "TimestampTooOld");
    assert_eq!(error(&call(&mut chain, dated(TIME + 1))), "ProofInvalid");
    chain.evm.set_block_time(TIME + MAX_BATCH_AGE);
    assert!(chain.settle(&batch).unwrap().success);
    assert_eq!(
        error(&call(&mut chain, dated(TIME - 1))),
        "TimestampBeforePrevious"
    );
}

#[test]
fn every_word_has_one_form() {
    let mut chain = deploy(&ledger());
    let batch = first_batch(ledger(), TIME, 5);
    let honest = batch.call().unwrap().calldata();
    assert!(call(&mut chain, honest.clone()).success);

    let plus_modulus = |position| {
        let mut calldata = honest.clone();
        add_modulus(&mut calldata, position);
        calldata
    };
    let receipt = call(&mut chain, plus_modulus(POST_STATE_ROOT));
    assert_eq!(error(&receipt), "StateRootNotInField");
    let receipt = call(&mut chain, plus_modulus(COMMITMENT));
    assert_eq!(error(&receipt), "CommitmentNotInField");
    // uint40: Solidity's own decoder refuses it, without data.
    let receipt = call(&mut chain, plus_modulus(TIMESTAMP));
    assert!(
        !receipt.success && receipt.output.is_empty(),
        "{}",
        receipt.failure()
    );

    // The other words are cut from bytes, which have no room for r: any other bytes are other words.
    for position in DATA..DATA + batch.data.len() {
        let mut calldata = honest.clone();
        calldata[position] ^= 0x80;
        // Four counts of two bytes, then the flag of the fee slot.
        let expected = match position - DATA {
            0..8 => "TooManySlots",
            8 => "FeeSlotInvalid",
            _ => "ProofInvalid",
        };
        assert_eq!(
            error(&call(&mut chain, calldata)),
            expected,
            "byte {position}"
        );
    }
    let resized = |length| {
        let mut call = batch.call().unwrap();
        call.data.resize(length, 0);
        call.calldata()
    };
    for length in [
        0,
        batch.data.len() - 1,
        batch.data.len() + 1,
        2 * batch.data.len(),
    ] {
        assert_eq!(
            error(&call(&mut chain, resized(length))),
            "DataLengthInvalid"
        );
    }
}

#[test]
fn the_verifier_takes_each_input_in_one_form() {
    let batch = first_batch(ledger(), TIME, 5);
    let mut evm = Evm::new(Config::default());
    let creation = fixed::creation_code(&prover().key().vk).unwrap();
    let verifier = evm.deploy(DEPLOYER, creation).unwrap().address;
    let honest = verify_proof_call(&batch.proof.proof, &batch.proof.public_inputs);
    assert!(
        evm.call(OPERATOR, verifier, honest.clone())
            .unwrap()
            .success
    );
    for input in 0..3 {
        let mut calldata = honest.clone();
        add_modulus(&mut calldata, 4 + (8 + input) * 32);
        let receipt = evm.call(OPERATOR, verifier, calldata).unwrap();
        assert_eq!(error(&receipt), "InputNotInField", "input {input}");
        let mut calldata = honest.clone();
        calldata[4 + (8 + input) * 32 + 31] ^= 1;
        let receipt = evm.call(OPERATOR, verifier, calldata).unwrap();
        assert_eq!(error(&receipt), "ProofInvalid", "input {input}");
    }
}

#[test]
fn a_rollup_of_another_shape_refuses_the_batch() {
    let mut chain = deploy(&ledger());
    let batch = first_batch(ledger(), TIME, 5);
    let deployed = chain.config.clone();
    // The data's length does not tell how many slots there are beyond those shown.
    let narrow = RollupConfig {
        operation_slots: 1,
        ..deployed.clone()
    };
    let deep = RollupConfig {
        depth: 2,
        ..deployed.clone()
    };
    let wide = RollupConfig {
        operation_slots: 4,
        ..deployed.clone()
    };
    let more_withdrawals = RollupConfig {
        withdrawal_slots: 2,
        ..deployed.clone()
    };
    let more_fees = RollupConfig {
        fee_slots: 2,
        ..deployed
    };
    for (config, expected) in [
        (narrow, "ProofInvalid"),
        (deep, "ProofInvalid"),
        (wide, "ProofInvalid"),
        (more_withdrawals, "ProofInvalid"),
        (more_fees, "DataLengthInvalid"),
    ] {
        // Each stands where the signatures expect it.
        let mut evm = Evm::new(Config {
            block_time: TIME,
            ..Config::default()
        });
        let creation = fixed::creation_code(&prover().key().vk).unwrap();
        evm.deploy(DEPLOYER, creation).unwrap();
        let exit_vk = exit_key(SHAPE.depth).unwrap().vk;
        let exit_verifier = fixed::creation_code(&exit_vk).unwrap();
        let exit_verifier = evm.deploy(OPERATOR, exit_verifier).unwrap().address;
        assert_eq!(exit_verifier, config.exit_verifier);
        let rollup = evm
            .deploy(DEPLOYER, config.creation_code())
            .unwrap()
            .address;
        assert_eq!(rollup, domain().contract.0);
        let calldata = batch.call().unwrap().calldata();
        let receipt = evm.call(OPERATOR, rollup, calldata).unwrap();
        assert_eq!(error(&receipt), expected, "{config:?}");
    }
    assert!(chain.settle(&batch).unwrap().success);
}

#[test]
fn a_replica_refuses_what_does_not_continue_it() {
    let mut chain = deploy(&ledger());
    let batch = first_batch(ledger(), TIME, 5);
    let receipt = chain.settle(&batch).unwrap();
    let event = BatchSettled::decode(&receipt.logs[0]).unwrap();
    let calldata = batch.call().unwrap().calldata();
    let mut replica = Replica::new(ledger(), SHAPE);
    let before = replica.clone();
    let mut refused = |event: &BatchSettled, calldata: &[u8]| {
        let error = replica.settle(event, calldata).unwrap_err();
        assert_eq!(replica, before);
        error
    };
    let changed = |change: &dyn Fn(&mut BatchCall)| {
        let mut call = batch.call().unwrap();
        change(&mut call);
        call.calldata()
    };
    let error = refused(&event, &calldata[1..]);
    assert!(matches!(error, ReplicaError::Calldata(_)), "{error}");
    let error = refused(&event, &changed(&|call| call.data.truncate(20)));
    assert!(matches!(error, ReplicaError::Data(_)), "{error}");
    let error = refused(&event, &changed(&|call| call.commitment += Fr::from(1u64)));
    assert!(matches!(error, ReplicaError::Commitment { .. }), "{error}");
    let other_root = changed(&|call| call.post_state_root = batch.header.pre_root);
    let error = refused(&event, &other_root);
    assert!(matches!(error, ReplicaError::Commitment { .. }), "{error}");
    for change in [
        (|event| event.timestamp += 1) as fn(&mut BatchSettled),
        |event| event.post_state_root = event.pre_state_root,
    ] {
        let mut other = event.clone();
        change(&mut other);
        let error = refused(&other, &calldata);
        assert!(matches!(error, ReplicaError::Event { .. }), "{error}");
    }
    // Words that go into the commitment.
    for change in [
        (|event| event.batch_number += 1) as fn(&mut BatchSettled),
        |event| event.pre_state_root = event.post_state_root,
    ] {
        let mut other = event.clone();
        change(&mut other);
        let error = refused(&other, &calldata);
        assert!(matches!(error, ReplicaError::Commitment { .. }), "{error}");
    }
    let mut more = event.clone();
    more.consumed += 1;
    let error = refused(&more, &calldata);
    assert!(matches!(error, ReplicaError::Data(_)), "{error}");

    replica.settle(&event, &calldata).unwrap();
    let after = replica.clone();
    let error = replica.settle(&event, &calldata).unwrap_err();
    let expected = ReplayError::BatchNumberMismatch {
        expected: 2,
        got: 1,
    };
    assert_eq!(error, ReplicaError::Replay(expected));
    assert_eq!(replica, after);
}
