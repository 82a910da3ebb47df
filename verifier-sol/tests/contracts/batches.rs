//! Several batches in one call: `submitBatches`, whose proofs are checked together.

use crate::common::mirror::Data;
use crate::common::rollup::{ALICE, BOB, Chain, SLOTS, accept_all, assert_error};
use crate::common::setup;
use ark_bn254::{Bn254, Fr};
use ark_groth16::ProvingKey;
use zkroll_verifier_sol::abi::{Word, encode_call, word_from_field};
use zkroll_verifier_sol::evm::Receipt;
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::rollup::{BatchCall, BatchSettled, BatchesCall, SettleCall};

/// A chain with `deposits` entries in its queue.
fn chain(pk: &ProvingKey<Bn254>, deposits: u32) -> Chain {
    let code = creation_code(&pk.vk).unwrap();
    let mut chain = Chain::new(code, accept_all(), SLOTS);
    for i in 0..deposits {
        chain.deposit(BOB, 1 + u128::from(i));
    }
    chain
}

/// What `count` batches show: the first consumes two entries, the second one, the third none.
fn contents(chain: &mut Chain, count: usize) -> Vec<(Data, Option<[Fr; 5]>)> {
    let shown = [[2, 1, 0, 3], [1, 0, 1, 0], [0, 2, 0, 4]];
    let mut first = 0;
    (0..count)
        .map(|i| {
            let [l, w, e, t] = shown[i % 3];
            let mut data = chain.random_data([0, w, e, t], i as u64);
            for entry in &chain.queue[first..first + l] {
                data.entry(entry, 7);
            }
            first += l;
            (data, None)
        })
        .collect()
}

fn call(chain: &mut Chain, count: usize, pk: &ProvingKey<Bn254>) -> BatchesCall {
    let contents = contents(chain, count);
    let (batches, data) = chain.heads(&contents, Some(pk), 9);
    BatchesCall { batches, data }
}

fn submit(chain: &mut Chain, call: &BatchesCall) -> Receipt {
    let calldata = call.calldata();
    assert_eq!(BatchesCall::decode(&calldata).as_ref(), Ok(call));
    assert_eq!(
        SettleCall::decode(&calldata),
        Ok(SettleCall::Several(call.clone()))
    );
    chain.submit(calldata)
}

/// Root, last batch, entries consumed, what is owed.
fn state(chain: &mut Chain) -> (Word, u64, u64, Vec<u128>) {
    let owed = [ALICE, BOB].map(|owner| chain.owed(0, owner)).to_vec();
    (
        chain.view("stateRoot()"),
        chain.number("batchNumber()"),
        chain.number("consumed()"),
        owed,
    )
}

#[test]
fn several_batches_do_what_each_would_do_after_the_other() {
    let pk = setup(3, 1);
    for count in [1, 2, 3, 5] {
        let mut together = chain(&pk, 6);
        let call = call(&mut together, count, &pk);
        let receipt = submit(&mut together, &call);
        assert!(receipt.success, "{count}: {}", receipt.failure());

        let mut one_by_one = chain(&pk, 6);
        let contents = contents(&mut one_by_one, count);
        let mut logs = Vec::new();
        for (head, (data, _)) in call.batches.iter().zip(&contents) {
            let call = BatchCall {
                timestamp: head.timestamp,
                post_state_root: head.post_state_root,
                commitment: head.commitment,
                proof: head.proof.clone(),
                data: data.encode(),
            };
            let receipt = one_by_one.submit(call.calldata());
            assert!(receipt.success, "{}", receipt.failure());
            logs.extend(receipt.logs);
        }
        assert_eq!(receipt.logs, logs);
        assert_eq!(logs.len(), count);
        let event = BatchSettled::decode(&logs[count - 1]).unwrap();
        assert_eq!(event.batch_number, count as u64);
        assert_eq!(state(&mut together), state(&mut one_by_one));
        let root = &call.batches[count - 1].post_state_root;
        assert_eq!(together.view("stateRoot()"), word_from_field(root));
    }
}

#[test]
fn one_bad_batch_refuses_all() {
    let pk = setup(3, 1);
    let mut chain = chain(&pk, 6);
    let before = state(&mut chain);
    let good = call(&mut chain, 3, &pk);
    let mut bad: Vec<(&str, BatchesCall)> = Vec::new();
    for i in 0..3 {
        let mut other = good.clone();
        other.batches[i].proof = good.batches[(i + 1) % 3].proof.clone();
        bad.push(("ProofInvalid", other));
        let mut other = good.clone();
        other.batches[i].commitment += Fr::from(1u64);
        bad.push(("ProofInvalid", other));
        let mut other = good.clone();
        other.batches[i].post_state_root += Fr::from(1u64);
        bad.push(("ProofInvalid", other));
        let mut other = good.clone();
        other.batches[i].timestamp += 1;
        bad.push(("TimestampInFuture", other));
    }
    // Proofs exchanged; without the last batch; its data left out.
    let mut other = good.clone();
    let [first, second, _] = &mut other.batches[..] else {
        panic!("three batches");
    };
    std::mem::swap(&mut first.proof, &mut second.proof);
    bad.push(("ProofInvalid", other));
    let mut other = good.clone();
    other.batches.pop();
    bad.push(("DataLengthInvalid", other));
    let mut other = good.clone();
    other.data.pop();
    bad.push(("DataLengthInvalid", other));
    let mut other = good.clone();
    other.data.push(0);
    bad.push(("DataLengthInvalid", other));
    // The second batch consumes the first one's entries again.
    let mut again = contents(&mut chain, 2);
    again[1].0.l1 = again[0].0.l1.clone();
    let (batches, data) = chain.heads(&again, Some(&pk), 9);
    bad.push(("QueueMismatch", BatchesCall { batches, data }));
    let none = BatchesCall {
        batches: Vec::new(),
        data: Vec::new(),
    };
    bad.push(("NoBatches", none));

    for (error, call) in bad {
        let receipt = submit(&mut chain, &call);
        let got = receipt.error.as_ref().map(|error| error.name());
        assert_eq!(got, Some(error), "{}", receipt.failure());
        assert_eq!(state(&mut chain), before);
    }
    assert!(submit(&mut chain, &good).success);
    let receipt = submit(&mut chain, &good);
    assert_eq!(receipt.error.unwrap().name(), "QueueMismatch");
}

/// Batches on top of each other are good in no other order, alone, or twice.
#[test]
fn batches_hold_in_their_order_only() {
    let pk = setup(3, 1);
    let mut chain = chain(&pk, 0);
    let contents: Vec<_> = (0..3)
        .map(|i| (chain.random_data([0, 1, 0, 1], i), None))
        .collect();
    let (heads, _) = chain.heads(&contents, Some(&pk), 4);
    for order in [&[1usize, 0, 2][..], &[1], &[0, 2], &[0, 0], &[0, 1, 1]] {
        let data = order.iter().flat_map(|i| contents[*i].0.encode()).collect();
        let batches = order.iter().map(|i| heads[*i].clone()).collect();
        let receipt = submit(&mut chain, &BatchesCall { batches, data });
        assert_error(&receipt, "ProofInvalid()");
    }
}

#[test]
fn the_calldata_must_be_canonical() {
    let pk = setup(3, 1);
    let mut chain = chain(&pk, 6);
    let good = call(&mut chain, 2, &pk);
    let calldata = good.calldata();
    assert_ne!(good.data.len() % 32, 0);
    let mut others = vec![
        [&calldata[..], &[0]].concat(),
        [&calldata[..], &[0; 32]].concat(),
        calldata[..calldata.len() - 1].to_vec(),
    ];
    // Dirty padding, offsets that point elsewhere.
    let mut dirty = calldata.clone();
    *dirty.last_mut().unwrap() = 1;
    others.push(dirty);
    for offset in [4, 36] {
        for by in [-32i8, 32, 1] {
            let mut other = calldata.clone();
            let at = offset + 31;
            other[at] = other[at].wrapping_add_signed(by);
            others.push(other);
        }
    }
    // An array of a word more, one between the arrays, a timestamp beyond 40 bits.
    let mut between = calldata.clone();
    between.splice(4 + 32 * 25..4 + 32 * 25, [0; 32]);
    between[4 + 63] += 32;
    others.push(between);
    let mut late = calldata.clone();
    late[4 + 3 * 32] = 1;
    others.push(late);
    for (i, other) in others.into_iter().enumerate() {
        assert!(BatchesCall::decode(&other).is_err(), "{i}");
        let receipt = chain.submit(other);
        assert!(!receipt.success, "{i}");
        assert_eq!(chain.number("batchNumber()"), 0);
    }
    assert!(chain.submit(calldata).success);
}

#[test]
fn gas_of_several_batches_is_pinned() {
    let pk = setup(3, 1);
    let mut gas = Vec::new();
    for count in [1, 2, 4, 16] {
        let mut chain = chain(&pk, 0);
        let contents = vec![(chain.random_data([0, 0, 0, 4], 3), None); count];
        let (batches, data) = chain.heads(&contents, Some(&pk), 4);
        let receipt = submit(&mut chain, &BatchesCall { batches, data });
        assert!(receipt.success, "{}", receipt.failure());
        let each = receipt.gas_execution / count as u64;
        println!(
            "{count} batches: execution {}, {each} each",
            receipt.gas_execution
        );
        gas.push(each);
    }
    assert_eq!(gas, [235_675, 156_136, 110_019, 75_622]);
}

/// `encode_call` is not what nodes send: the selector alone is refused.
#[test]
fn a_call_without_arguments_is_refused() {
    let pk = setup(3, 1);
    let mut chain = chain(&pk, 0);
    let signature = zkroll_verifier_sol::rollup::SUBMIT_BATCHES;
    assert!(!chain.submit(encode_call(signature, &[])).success);
}
