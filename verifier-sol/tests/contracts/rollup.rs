//! Batches in the embedded EVM: the contract's words, ρ and y against the Rust mirror; every refusal; what a
//! batch owes; whole settlements with a real proof; gas.

use crate::common::chain::{SENDER, evm};
use crate::common::mirror::{Batch, Data};
use crate::common::rollup::{
    ALICE, BOB, Chain, SLOTS, Slots, accept_all, assert_error, code, hexadecimal,
};
use crate::common::setup;
use ark_bn254::{Bn254, Fr};
use ark_groth16::ProvingKey;
use zkroll_verifier_sol::abi::{
    Address, encode_call, selector, word_from_address, word_from_field, word_from_u128,
};
use zkroll_verifier_sol::evm::EvmError;
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::rollup::{
    BatchCall, BatchSettled, Call, EXIT_DEADLINE, Entry, MAX_BATCH_AGE, RollupConfig, SUBMIT_BATCH,
};
use zkroll_verifier_sol::token_creation_code;

const RETURN_FALSE: &str = include_str!("../../contracts/bin/ReturnFalse.hex");

/// A chain whose queue has entries of all types but the exit by key, `count` of them.
fn with_queue(slots: Slots, count: usize) -> Chain {
    let mut chain = Chain::accepting(slots);
    fill(&mut chain, count);
    chain
}

fn fill(chain: &mut Chain, count: usize) {
    for i in 0..count {
        let account = 1000 + i as u64;
        let ax = Fr::from(i as u64);
        match i % 3 {
            0 => drop(chain.deposit(BOB, 10u128.pow(18) + i as u128)),
            1 => drop(chain.ok(ALICE, &Call::TopUpEth { account, ax }, 77 + i as u128)),
            _ => drop(chain.ok(BOB, &Call::RequestExit { account, token: 0 }, 0)),
        }
    }
}

/// A batch that shows half of everything.
fn some_batch(chain: &mut Chain, seed: u64) -> BatchCall {
    let data = chain.random_data([0, 1, 1, 2], seed);
    chain.batch(&data, seed)
}

#[test]
fn rho_and_y_are_those_of_the_mirror() {
    let shapes: [(Slots, &[[usize; 4]]); 6] = [
        (
            SLOTS,
            &[[4, 3, 2, 4], [0, 0, 0, 0], [1, 1, 1, 1], [3, 2, 1, 3]],
        ),
        ([1, 0, 0, 0, 0], &[[0, 0, 0, 0], [1, 0, 0, 0]]),
        ([2, 1, 1, 0, 1], &[[2, 1, 0, 1], [0, 0, 0, 0]]),
        ([3, 4, 5, 6, 7], &[[3, 5, 6, 4], [2, 0, 1, 0], [0, 4, 0, 4]]),
        // Around the sixteen words that are read and evaluated at a time.
        (
            [16, 8, 16, 16, 64],
            &[
                [16, 16, 16, 32],
                [0, 15, 8, 15],
                [2, 1, 7, 16],
                [1, 12, 9, 17],
            ],
        ),
        ([4, 8, 0, 0, 1000], &[[0, 0, 0, 500], [4, 0, 0, 499]]),
    ];
    for (seed, (slots, batches)) in shapes.into_iter().enumerate() {
        let mut chain = with_queue(slots, 25);
        for (round, shown) in batches.iter().enumerate() {
            let seed = 10 * seed as u64 + round as u64;
            let data = chain.random_data(*shown, seed);
            let call = chain.batch(&data, seed);
            assert_eq!(call.data.len(), {
                let [l, w, e, t] = *shown;
                chain.config.data_length(l, w, e, t)
            });
            let expected = chain.mirror(&call);
            assert_eq!(chain.challenge(&call), expected, "{slots:?}, {shown:?}");
            let receipt = chain.submit(call.calldata());
            assert!(
                receipt.success,
                "{slots:?}, {shown:?}: {}",
                receipt.failure()
            );
        }
    }
}

#[test]
fn every_word_changes_the_challenge() {
    let mut chain = with_queue(SLOTS, 4);
    let data = chain.random_data([3, 2, 1, 3], 1);
    let call = chain.batch(&data, 1);
    let base = chain.challenge(&call);
    let fees = 8 + 3 * 131;
    let mut others = Vec::new();
    for byte in 8..call.data.len() {
        // Entries are tied to the queue, flags stay 1, so that the slot stays valid, and a result of a deposit
        // to an account keeps its upper bytes zero.
        let in_slot = (byte - 8) % 131;
        let slot = (byte - 8) / 131;
        let fixed = byte < fees
            && (in_slot < 115 || slot == 0 && in_slot < 127 || slot == 1 && in_slot < 130);
        if fixed || byte == fees || byte == fees + 10 {
            continue;
        }
        let mut other = call.clone();
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

/// A zero word that is shown and one that is not give the same words; K tells them apart in ρ.
#[test]
fn what_is_shown_is_part_of_the_challenge() {
    let mut chain = Chain::accepting(SLOTS);
    let mut data = Data::default();
    data.operations.push([7; 31]);
    let call = chain.batch(&data, 1);
    data.operations.push([0; 31]);
    let longer = chain.batch(&data, 1);
    assert_ne!(chain.challenge(&call), chain.challenge(&longer));
}

#[test]
fn a_settled_batch_moves_the_state_and_says_so() {
    let mut chain = with_queue(SLOTS, 6);
    assert_eq!(chain.view("batchNumber()"), word_from_u128(0));
    assert_eq!(chain.view("lastTimestamp()"), word_from_u128(0));
    let mut pre_state_root = chain.config.genesis_root;
    for number in 1..=3 {
        let data = chain.random_data([2, 1, 0, 1], number);
        let call = chain.batch(&data, number);
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
            consumed: 2 * number,
        };
        assert_eq!(BatchSettled::decode(&receipt.logs[0]), Some(event));
        assert_eq!(
            chain.view("stateRoot()"),
            word_from_field(&call.post_state_root)
        );
        assert_eq!(chain.number("batchNumber()"), number);
        assert_eq!(chain.number("consumed()"), 2 * number);
        assert_eq!(chain.number("queued()"), 6);
        assert_eq!(
            chain.view("lastTimestamp()"),
            word_from_u128(call.timestamp.into())
        );
        pre_state_root = call.post_state_root;
        chain.advance(12);
    }
}

#[test]
fn the_parameters_can_be_read() {
    let mut chain = Chain::accepting([5, 3, 4, 2, 7]);
    let config = chain.config.clone();
    for (signature, expected) in [
        ("verifier()", word_from_address(&config.verifier)),
        ("exitVerifier()", word_from_address(&config.exit_verifier)),
        ("stateRoot()", word_from_field(&config.genesis_root)),
        ("depth()", word_from_u128(11)),
        ("l1Slots()", word_from_u128(5)),
        ("feeSlots()", word_from_u128(3)),
        ("withdrawalSlots()", word_from_u128(4)),
        ("creationSlots()", word_from_u128(2)),
        ("operationSlots()", word_from_u128(7)),
        ("VERSION()", word_from_u128(2)),
        ("MAX_BATCH_AGE()", word_from_u128(MAX_BATCH_AGE.into())),
        ("EXIT_DEADLINE()", word_from_u128(EXIT_DEADLINE.into())),
        ("frozen()", word_from_u128(0)),
        ("tokenCount()", word_from_u128(1)),
    ] {
        assert_eq!(chain.view(signature), expected, "{signature}");
    }
}

#[test]
fn the_timestamp_must_lie_in_its_window() {
    let mut chain = Chain::accepting(SLOTS);
    let now = chain.now();
    let base = some_batch(&mut chain, 1);
    let call = |timestamp| BatchCall {
        timestamp,
        ..base.clone()
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
    let beyond = call(1 << 40);
    let receipt = chain.submit(beyond.calldata());
    assert!(!receipt.success && receipt.output.is_empty());
}

#[test]
fn roots_and_commitments_must_be_field_elements() {
    let mut chain = Chain::accepting(SLOTS);
    let call = some_batch(&mut chain, 1);
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
            let mut calldata = call.calldata();
            calldata[at..at + 32].copy_from_slice(&word);
            assert_error(&chain.submit(calldata), &format!("{error}(0x{value})"));
        }
    }
    let largest = BatchCall {
        post_state_root: -Fr::from(1u64),
        commitment: -Fr::from(1u64),
        ..call
    };
    assert!(chain.submit(largest.calldata()).success);
}

#[test]
fn the_data_must_have_its_exact_length() {
    let mut chain = with_queue(SLOTS, 2);
    let data = chain.random_data([2, 1, 1, 2], 1);
    let base = chain.batch(&data, 1);
    let expected = base.data.len();
    assert_eq!(expected, 8 + 2 * 131 + 2 * 10 + 29 + 64 + 2 * 31);
    for length in [0, 7, 8, 20, expected - 1, expected + 1, expected + 31] {
        let mut call = base.clone();
        call.data.resize(length, 0);
        let expected = if length < 8 { 8 } else { expected };
        let error = format!("DataLengthInvalid({expected:#x}, {length:#x})");
        assert_error(&chain.submit(call.calldata()), &error);
    }
    // A count that is not that of the bytes.
    for (byte, bytes) in [(1, 131), (3, 29), (5, 64), (7, 31)] {
        let mut call = base.clone();
        call.data[byte] -= 1;
        let wrong = expected - bytes;
        let error = format!("DataLengthInvalid({wrong:#x}, {expected:#x})");
        assert_error(&chain.submit(call.calldata()), &error);
    }
    // The same arguments with bytes behind them, or without the padding.
    let calldata = base.calldata();
    let length = calldata.len();
    for other in [length - 1, length + 1, length + 32] {
        let mut call = calldata.clone();
        call.resize(other, 0);
        let receipt = chain.submit(call);
        assert!(!receipt.success);
        let error = format!("CalldataLengthInvalid({length:#x}, {other:#x})");
        assert_error(&receipt, &error);
    }
    assert!(chain.submit(calldata).success);
}

/// Nodes read a batch from its calldata with a decoder that knows one form.
#[test]
fn the_calldata_must_be_canonical() {
    let mut chain = Chain::accepting(SLOTS);
    let call = some_batch(&mut chain, 1);
    let calldata = call.calldata();
    let used = 4 + 13 * 32 + call.data.len();
    assert!(used < calldata.len());
    for byte in used..calldata.len() {
        let mut other = calldata.clone();
        other[byte] = 1;
        assert!(BatchCall::decode(&other).is_err());
        assert_error(&chain.submit(other), "CalldataNotCanonical()");
    }
    // The length's word and the bytes one word later, over the same length: what lies between is not read.
    let mut shifted = calldata.clone();
    shifted[4 + 12 * 32 - 1] += 32;
    shifted.splice(4 + 12 * 32..4 + 12 * 32, [0; 32]);
    let receipt = chain.submit(shifted);
    assert_eq!(receipt.error.unwrap().name(), "CalldataLengthInvalid");
    // `data` in front of its place, so that the length is right: the proof's words stand for it.
    let empty = BatchCall {
        data: Vec::new(),
        ..call
    };
    let mut inside = empty.calldata();
    inside[4 + 12 * 32 - 1] = 0;
    inside[4 + 12 * 32 - 2] = 1;
    assert_error(&chain.submit(inside), "CalldataNotCanonical()");
    assert!(chain.submit(calldata).success);
}

#[test]
fn counts_are_within_the_slots() {
    let mut chain = with_queue(SLOTS, 6);
    for (part, slots) in [4usize, 3, 2, 4].into_iter().enumerate() {
        let mut shown = [0; 4];
        shown[part] = slots + 1;
        let data = chain.random_data(shown, 1);
        let call = chain.batch(&data, 1);
        let error = format!("TooManySlots({:#x}, {slots:#x})", slots + 1);
        assert_error(&chain.submit(call.calldata()), &error);
        shown[part] = slots;
        let data = chain.random_data(shown, 1);
        let call = chain.batch(&data, 1);
        assert!(chain.submit(call.calldata()).success);
        let mut call = call;
        call.data[2 * part] = 0xff;
        let receipt = chain.submit(call.calldata());
        assert_eq!(receipt.error.unwrap().name(), "TooManySlots");
    }
}

#[test]
fn fee_slots_are_used_or_zero() {
    let mut chain = Chain::accepting([1, 3, 0, 0, 2]);
    let base = chain.batch(&Data::default(), 1);
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
            let at = 8 + 10 * slot;
            call.data[at + byte] = value;
            let word = hexadecimal(&call.data[at..at + 10]);
            assert_error(
                &chain.submit(call.calldata()),
                &format!("FeeSlotInvalid({slot:#x}, {word})"),
            );
        }
        let mut call = base.clone();
        call.data[8 + 10 * slot] = 1;
        assert!(
            chain.submit(call.calldata()).success,
            "used, for token 0 and account 0"
        );
    }
}

#[test]
fn keys_of_creations_are_field_elements() {
    let mut chain = Chain::accepting(SLOTS);
    let largest = word_from_field(&-Fr::from(1u64));
    let mut modulus = largest;
    modulus[31] += 1;
    for wrong in [modulus, [0xff; 32]] {
        for key in [[wrong, [0; 32]], [[0; 32], wrong]] {
            let data = Data {
                creations: vec![[largest; 2], key],
                ..Data::default()
            };
            let call = chain.batch(&data, 1);
            let [ax, ay] = key.each_ref().map(|word| hexadecimal(word));
            assert_error(
                &chain.submit(call.calldata()),
                &format!("KeyInvalid({ax}, {ay})"),
            );
        }
    }
    let data = Data {
        creations: vec![[largest; 2]],
        ..Data::default()
    };
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
}

#[test]
fn results_are_in_range() {
    let mut chain = with_queue(SLOTS, 3);
    let entries = chain.queue.clone();
    let batch = |chain: &Chain, results: [u128; 3]| {
        let mut data = Data::default();
        for (entry, result) in entries.iter().zip(results) {
            data.entry(entry, result);
        }
        chain.batch(&data, 1)
    };
    let accounts = 1u128 << 33;
    for (results, at, wrong) in [
        ([accounts, 0, 0], 0, accounts),
        ([1 << 40, 0, 0], 0, 1 << 40),
        ([u128::MAX, 0, 0], 0, u128::MAX),
        ([0, 2, 0], 1, 2),
        ([0, u128::MAX, 0], 1, u128::MAX),
    ] {
        let call = batch(&chain, results);
        let error = format!("ResultInvalid({at:#x}, {wrong:#x})");
        assert_error(&chain.submit(call.calldata()), &error);
    }
    let call = batch(&chain, [accounts - 1, 1, u128::MAX]);
    assert!(chain.submit(call.calldata()).success);
    assert_eq!(chain.owed(0, BOB), u128::MAX);
}

/// Every way to consume something else than the next entries.
#[test]
fn the_queue_is_consumed_in_order() {
    let mut chain = with_queue(SLOTS, 7);
    let first = {
        let data = chain.random_data([2, 0, 0, 0], 1);
        chain.batch(&data, 1)
    };
    assert!(chain.submit(first.calldata()).success);
    let queue = chain.queue.clone();
    let submit = |chain: &mut Chain, entries: &[Entry]| {
        let mut data = Data::default();
        for entry in entries {
            data.entry(entry, 0);
        }
        let call = chain.batch(&data, 1);
        chain.submit(call.calldata())
    };
    let forged = |change: &dyn Fn(&mut Entry)| {
        let mut entry = queue[2];
        change(&mut entry);
        vec![entry, queue[3]]
    };
    let attacks: Vec<(&str, Vec<Entry>)> = vec![
        ("exchanged", vec![queue[3], queue[2]]),
        ("one skipped", vec![queue[2], queue[4]]),
        ("the first skipped", vec![queue[3]]),
        ("twice the same", vec![queue[2], queue[2]]),
        ("again what was consumed", vec![queue[0], queue[1]]),
        ("from the one before", vec![queue[1], queue[2]]),
        ("another recipient", forged(&|entry| entry.owner = ALICE)),
        ("another amount", forged(&|entry| entry.amount += 1)),
        ("another token", forged(&|entry| entry.token += 1)),
        ("another account", forged(&|entry| entry.account += 1)),
        ("another key", forged(&|entry| entry.ax += Fr::from(1u64))),
        (
            "another ordinate",
            forged(&|entry| entry.ay += Fr::from(1u64)),
        ),
        ("another time", forged(&|entry| entry.timestamp -= 1)),
        ("another type", {
            forged(&|entry| entry.kind = zkroll_verifier_sol::rollup::EntryKind::ExitByKey)
        }),
        (
            "one forged at the end",
            vec![queue[2], {
                let mut entry = queue[3];
                entry.owner = ALICE;
                entry
            }],
        ),
    ];
    for (name, entries) in attacks {
        let receipt = submit(&mut chain, &entries);
        let error = receipt.error.as_ref().map(|error| error.name());
        assert_eq!(
            error,
            Some("QueueMismatch"),
            "{name}: {}",
            receipt.failure()
        );
    }
    // More than there are: what is not queued has no hash.
    let data = chain.random_data([4, 0, 0, 0], 1);
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    let receipt = submit(&mut chain, &[queue[6], queue[6]]);
    assert_error(&receipt, "QueueTooShort(0x8, 0x7)");
    assert!(submit(&mut chain, &queue[6..]).success);
    assert_error(&submit(&mut chain, &queue[6..]), "QueueTooShort(0x8, 0x7)");
    assert_eq!(chain.number("consumed()"), 7);
}

/// A batch that was proven stays good while others queue entries.
#[test]
fn later_entries_invalidate_no_batch() {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), accept_all(), SLOTS);
    fill(&mut chain, 3);
    let data = chain.random_data([2, 1, 1, 2], 1);
    let call = chain.batch(&data, 1);
    let call = chain.proven(call, &pk, 1);
    fill(&mut chain, 2);
    let receipt = chain.submit(call.calldata());
    assert!(receipt.success, "{}", receipt.failure());
}

#[test]
fn a_batch_owes_withdrawals_exits_and_deposits_without_an_account() {
    let mut chain = Chain::accepting([4, 0, 3, 0, 0]);
    let ax = Fr::from(9u64);
    chain.deposit(BOB, 1000);
    chain.ok(ALICE, &Call::TopUpEth { account: 5, ax }, 200);
    chain.ok(ALICE, &Call::TopUpEth { account: 6, ax }, 30);
    chain.ok(
        BOB,
        &Call::RequestExit {
            account: 7,
            token: 4,
        },
        0,
    );
    chain.ok(
        BOB,
        &Call::RequestExit {
            account: 8,
            token: 0,
        },
        0,
    );
    let queue = chain.queue.clone();

    let mut data = Data::default();
    for (entry, result) in queue.iter().zip([77, 1, 0, 1 << 100]) {
        data.entry(entry, result);
    }
    // 5·10³, 1·10⁰ and 0 of token 3.
    data.withdrawals = vec![(ALICE, 0, 3 << 35 | 5), (ALICE, 0, 1), (BOB, 3, 31 << 35)];
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    assert_eq!(chain.owed(0, ALICE), 30 + 5000 + 1);
    assert_eq!(chain.owed(0, BOB), 0);
    assert_eq!(chain.owed(4, BOB), 1 << 100);
    assert_eq!(chain.owed(3, BOB), 0);

    let mut data = Data::default();
    data.entry(&queue[4], 0);
    let largest: u64 = 34_028_236_692;
    data.withdrawals = vec![(BOB, 3, 28 << 35 | largest)];
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    assert_eq!(chain.owed(0, BOB), 0);
    assert_eq!(chain.owed(3, BOB), u128::from(largest) * 10u128.pow(28));

    // 2¹²⁸ and more is no amount.
    for amount in [28 << 35 | (largest + 1), 31 << 35 | ((1 << 35) - 1)] {
        let data = Data {
            withdrawals: vec![(BOB, 3, amount)],
            ..Data::default()
        };
        let call = chain.batch(&data, 1);
        let receipt = chain.submit(call.calldata());
        assert_eq!(receipt.error.unwrap().name(), "AmountInvalid");
    }
}

#[test]
fn the_constructor_refuses_bad_parameters() {
    let Chain {
        mut evm, config, ..
    } = Chain::accepting(SLOTS);
    let mut refusal = |code: Vec<u8>| match evm.deploy(SENDER, code) {
        Err(EvmError::Deployment(receipt)) => receipt.failure(),
        other => panic!("expected a refusal, got {other:?}"),
    };
    let nobody: Address = [7; 20];
    for without_code in [
        RollupConfig {
            verifier: nobody,
            ..config.clone()
        },
        RollupConfig {
            exit_verifier: nobody,
            ..config.clone()
        },
    ] {
        assert_eq!(
            refusal(without_code.creation_code()),
            format!("revert VerifierWithoutCode({})", hexadecimal(&nobody))
        );
    }
    let without_l1 = RollupConfig {
        l1_slots: 0,
        ..config.clone()
    };
    assert_eq!(refusal(without_l1.creation_code()), "revert NoL1Slots()");
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
    let root = code.len() - 2 * 32;
    code[root..root + 32].fill(0xff);
    assert_eq!(
        refusal(code),
        format!("revert StateRootNotInField(0x{})", "ff".repeat(32))
    );
}

#[test]
fn a_verifier_that_returns_false_settles_nothing() {
    let mut chain = Chain::new(code(RETURN_FALSE), accept_all(), SLOTS);
    let call = some_batch(&mut chain, 1);
    assert_error(&chain.submit(call.calldata()), "VerifierRejected()");
    assert_eq!(chain.view("batchNumber()"), word_from_u128(0));
}

#[test]
fn unknown_calls_and_ether_are_refused() {
    let mut chain = Chain::accepting(SLOTS);
    let calldata = some_batch(&mut chain, 1).calldata();
    let receipt = chain
        .evm
        .transact(SENDER, chain.rollup, calldata.clone(), 1)
        .unwrap();
    assert!(!receipt.success && receipt.output.is_empty());
    let mut selector = calldata;
    selector[0] ^= 1;
    assert!(!chain.submit(selector).success);
    assert!(!chain.submit(Vec::new()).success);
    let receipt = chain.raw(SENDER, chain.rollup, Vec::new(), 1);
    assert!(!receipt.success && receipt.output.is_empty());
}

/// A random batch whose proof is for what the contract computes.
fn proven(chain: &mut Chain, pk: &ProvingKey<Bn254>, shown: [usize; 4], seed: u64) -> BatchCall {
    let data = chain.random_data(shown, seed);
    let call = chain.batch(&data, seed);
    chain.proven(call, pk, seed)
}

#[test]
fn a_proof_settles_one_batch_once() {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), accept_all(), SLOTS);
    fill(&mut chain, 8);
    let first = proven(&mut chain, &pk, [2, 1, 1, 2], 1);

    // Anything in the call that is changed after proving: the result of a creation, a fee slot, a recipient, a
    // token, an amount, a key, an operation.
    let mut changed = Vec::new();
    let fees = 8 + 2 * 131;
    for byte in [
        8 + 130,
        fees + 1,
        fees + 20,
        fees + 40,
        fees + 48,
        fees + 50,
    ] {
        let mut call = first.clone();
        call.data[byte] ^= 1;
        changed.push(call);
    }
    let mut call = first.clone();
    *call.data.last_mut().unwrap() ^= 1;
    changed.push(call);
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
    let receipt = chain.submit(first.calldata());
    assert_eq!(receipt.error.unwrap().name(), "QueueMismatch");
    // Without entries it is the proof that fails: number, root and queue have moved.
    let second = proven(&mut chain, &pk, [0, 1, 0, 1], 2);
    assert!(chain.submit(second.calldata()).success);
    assert_error(&chain.submit(second.calldata()), "ProofInvalid()");

    // The same proof for another rollup under the same verifier.
    let third = proven(&mut chain, &pk, [0, 1, 1, 1], 3);
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
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), accept_all(), SLOTS);
    let mut call = some_batch(&mut chain, 1);
    let batch = Batch {
        config: &chain.config,
        chain_id: chain.evm.config().chain_id + 1,
        contract: chain.rollup,
        timestamp: call.timestamp,
        number: 1,
        pre_state_root: chain.config.genesis_root,
        post_state_root: call.post_state_root,
        consumed: 0,
        data: &call.data,
        claim: None,
    };
    let (rho, y) = batch.challenge(&call.commitment);
    call.proof = crate::common::prove(&pk, &[call.commitment, rho, y], 1);
    assert_error(&chain.submit(call.calldata()), "ProofInvalid()");
}

/// Execution gas of a settlement with a real proof (Osaka), not the first one; the contract owes nobody before.
fn settlement_gas(slots: Slots, shown: [usize; 4]) -> u64 {
    let pk = setup(3, 1);
    let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), accept_all(), slots);
    for i in 0..shown[0] {
        chain.deposit(BOB, 1 + i as u128);
    }
    let call = proven(&mut chain, &pk, shown, 1);
    let receipt = chain.submit(call.calldata());
    assert!(receipt.success, "{}", receipt.failure());
    println!(
        "slots {slots:?}, shown {shown:?}: execution {}, transaction {}, data {} bytes",
        receipt.gas_execution,
        receipt.gas_used,
        call.data.len()
    );
    receipt.gas_execution
}

/// The bars: 245,000 for a batch that shows nothing; 40 for each operation more in a batch.
#[test]
fn settlement_gas_is_pinned() {
    let slots = |n| [8, 4, 16, 8, n];
    let gas = [
        (slots(8), [0, 0, 0, 0]),
        (slots(2048), [0, 0, 0, 0]),
        (slots(8), [0, 0, 0, 4]),
        (slots(64), [0, 0, 0, 32]),
        (slots(1024), [0, 0, 0, 512]),
        (slots(2048), [0, 0, 0, 1024]),
        (slots(8), [0, 1, 0, 0]),
        (slots(8), [0, 16, 0, 0]),
        (slots(8), [0, 0, 8, 0]),
        (slots(8), [1, 0, 0, 0]),
        (slots(8), [8, 0, 0, 0]),
    ]
    .map(|(slots, shown)| settlement_gas(slots, shown));
    assert_eq!(
        gas,
        [
            228_880, 228_880, 229_753, 231_224, 266_870, 305_884, 251_838, 592_748, 230_682,
            234_401, 239_801
        ]
    );
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
    let mut chain = Chain::accepting(SLOTS);
    let call = proven(&mut chain, &pk, [0, 1, 0, 1], 1);
    let calldata = call.calldata();
    assert_eq!(BatchCall::decode(&calldata), Ok(call));
    assert_eq!(calldata[..4], selector(SUBMIT_BATCH));
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
