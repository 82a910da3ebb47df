//! Batches whose operations are in a blob, proven here and settled by the contracts in the embedded EVM; and several
//! batches in one call.

use std::sync::OnceLock;

use crate::common::{
    SHAPE, TIME, apply, examples::chain::Chain, examples::chain::OPERATOR, fee_slots, ledger, pay,
    prepared, prove, prover,
};
use rand::rngs::OsRng;
use zkroll::{
    BatchProver, ProvenBatch, ProvenBatchError, Replica, ReplicaError, SettlementError, SharedBlob,
    SharedBlobError, batches_call,
    circuits::protocol::{
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, DataForm},
    },
    prover::backend::Ark,
    verifier_sol::{
        evm::Receipt,
        rollup::{BatchSettled, BlobCall},
    },
};

/// Three transfers: two words, the second half empty.
const BLOB_SHAPE: BatchShape = BatchShape {
    form: DataForm::Blob,
    transfers: 3,
    ..SHAPE
};

fn calldata_prover() -> &'static BatchProver {
    static PROVER: OnceLock<BatchProver> = OnceLock::new();
    PROVER.get_or_init(|| prover(SHAPE))
}

fn blob_prover() -> &'static BatchProver {
    static PROVER: OnceLock<BatchProver> = OnceLock::new();
    PROVER.get_or_init(|| prover(BLOB_SHAPE))
}

fn deploy(genesis: &Ledger) -> Chain {
    let blobs = (&blob_prover().key().vk, &BLOB_SHAPE);
    let vk = &calldata_prover().key().vk;
    Chain::deploy_with_blobs(vk, genesis, &SHAPE, Some(blobs), TIME).unwrap()
}

/// A batch for a blob: `amounts` from account 2 to account 3.
fn blob_trace(ledger: &mut Ledger, amounts: &[u128]) -> BatchTrace {
    let transfers: Vec<_> = (0..)
        .zip(amounts)
        .map(|(before, amount)| pay(ledger, 2, 3, *amount, before))
        .collect();
    ledger
        .apply_batch(&BLOB_SHAPE, TIME, &[], &fee_slots(), &transfers)
        .unwrap()
}

fn prove_in(blob: &SharedBlob, trace: &BatchTrace) -> ProvenBatch {
    let prover = blob_prover().load(&Ark).unwrap();
    prover
        .prove_with_blob(trace, blob.point(), &mut OsRng, &mut ())
        .unwrap()
}

fn send(chain: &mut Chain, call: &BlobCall) -> Receipt {
    let hashes = [call.versioned_hash()];
    chain
        .evm
        .transact_with_blobs(OPERATOR, chain.rollup, call.calldata(), &hashes)
        .unwrap()
}

fn events(receipt: &Receipt) -> Vec<BatchSettled> {
    assert!(receipt.success, "{}", receipt.failure());
    receipt
        .logs
        .iter()
        .filter_map(BatchSettled::decode)
        .collect()
}

fn error(receipt: &Receipt) -> &str {
    assert!(!receipt.success, "expected a refusal, got success");
    let error = receipt.error.as_ref();
    error.map_or("no error of ours", |error| error.name())
}

/// One batch in calldata, two that share a blob, two in one call, one in a blob of its own.
#[test]
fn blobs_and_calldata_rebuild_the_state() {
    let mut ledger = ledger();
    let mut chain = deploy(&ledger);
    let mut replica = Replica::new(ledger.clone(), SHAPE).with_blobs(BLOB_SHAPE);

    let transfer = pay(&ledger, 1, 2, 5, 0);
    let batch = prove(calldata_prover(), &apply(&mut ledger, TIME, &[transfer]));
    let receipt = chain.settle(&batch).unwrap();
    let calldata = batch.call().unwrap().calldata();
    replica.settle(&events(&receipt)[0], &calldata).unwrap();

    for batches in [&[&[7u128, 8, 9][..], &[10]][..], &[&[]]] {
        let traces: Vec<_> = batches
            .iter()
            .map(|amounts| blob_trace(&mut ledger, amounts))
            .collect();
        let blob = SharedBlob::new(&traces.iter().collect::<Vec<_>>()).unwrap();
        let proven: Vec<_> = traces.iter().map(|trace| prove_in(&blob, trace)).collect();
        let key = prepared(blob_prover());
        for batch in &proven {
            batch.verify(&key).unwrap();
        }
        let call = blob.call(&proven).unwrap();
        let receipt = send(&mut chain, &call);
        let events = events(&receipt);
        assert_eq!(events.len(), batches.len());
        let bytes = blob.blob().bytes();
        let published = replica
            .settle_all(&events, &call.calldata(), Some(bytes))
            .unwrap();
        for (trace, data) in traces.iter().zip(&published) {
            assert_eq!(trace.public_data_with_blob(blob.point()).as_ref(), Ok(data));
        }
        assert_eq!(*replica.ledger(), ledger);
        assert_eq!(chain.state_root().unwrap(), ledger.root());

        let several: Vec<_> = (0..2)
            .map(|_| {
                let transfer = pay(&ledger, 4, 1, 3, 0);
                prove(calldata_prover(), &apply(&mut ledger, TIME, &[transfer]))
            })
            .collect();
        let calldata = batches_call(&several).unwrap().calldata();
        let rollup = chain.rollup;
        let receipt = chain.evm.transact(OPERATOR, rollup, calldata.clone(), 0);
        let events = self::events(&receipt.unwrap());
        replica.settle_all(&events, &calldata, None).unwrap();
        assert_eq!(*replica.ledger(), ledger);
        assert_eq!(chain.state_root().unwrap(), ledger.root());
    }
}

#[test]
fn a_blob_takes_its_own_batches_only() {
    let mut ledger = ledger();
    let mut chain = deploy(&ledger);
    let mut other_ledger = ledger.clone();
    let traces = [&[1u128][..], &[2]].map(|amounts| blob_trace(&mut ledger, amounts));
    let blob = SharedBlob::new(&traces.each_ref()).unwrap();
    let proven = traces.each_ref().map(|trace| prove_in(&blob, trace));
    let [first, second] = &proven;

    // Other operations at this blob's point: the proof is good, and is not one for this blob.
    let other_trace = blob_trace(&mut other_ledger, &[9]);
    let other = prove_in(&blob, &other_trace);
    other.verify(&prepared(blob_prover())).unwrap();
    let one = SharedBlob::new(&[&traces[0]]).unwrap();
    let expected = SettlementError::OtherBlob { index: 0 };
    assert_eq!(one.call(std::slice::from_ref(first)).unwrap_err(), expected);
    let forced = |batch: &ProvenBatch| {
        // What a cheating operator sends: the honest blob's claim with the other batch.
        let mut call = one.call(&[prove_in(&one, &traces[0])]).unwrap();
        let [commitment, ..] = batch.public_data().unwrap().public_inputs();
        let head = &mut call.batches[0];
        head.commitment = commitment;
        head.post_state_root = batch.header.post_root;
        head.proof = batch.proof.proof.clone();
        call
    };
    for batch in [&other, &prove_in(&one, &other_trace), first] {
        assert_eq!(error(&send(&mut chain, &forced(batch))), "ProofInvalid");
    }

    // In another order, one of two, twice.
    let swapped = [second.clone(), first.clone()];
    let gap = SettlementError::Gap { index: 1 };
    assert_eq!(blob.call(&swapped).unwrap_err(), gap);
    let (expected, got) = (2, 1);
    let count = SettlementError::BlobBatches { expected, got };
    assert_eq!(blob.call(&proven[..1]).unwrap_err(), count);
    // In calldata they are none.
    let form = SettlementError::Form {
        index: 0,
        expected: DataForm::Calldata,
        got: DataForm::Blob,
    };
    assert_eq!(batches_call(&proven).unwrap_err(), form);
    assert_eq!(batches_call(&[]).unwrap_err(), SettlementError::NoBatches);
    assert!(first.call().is_err());

    assert!(send(&mut chain, &blob.call(&proven).unwrap()).success);
}

#[test]
fn batches_that_are_no_blob_together_are_refused() {
    let mut ledger = ledger();
    assert_eq!(
        SharedBlob::new(&[]).unwrap_err(),
        SharedBlobError::NoBatches
    );
    let in_calldata = apply(&mut ledger, TIME, &[]);
    let trace = blob_trace(&mut ledger, &[1]);
    let error = SharedBlob::new(&[&in_calldata]).unwrap_err();
    assert!(matches!(error, SharedBlobError::Data(_)), "{error}");
    let error = SharedBlob::new(&[&trace, &in_calldata]).unwrap_err();
    assert_eq!(error, SharedBlobError::Shape { index: 1 });
    let many = vec![&trace; 2049];
    let error = SharedBlob::new(&many).unwrap_err();
    assert_eq!(error, SharedBlobError::Words { got: 4098 });
}

#[test]
fn a_replica_takes_the_transactions_blob_only() {
    let mut ledger = ledger();
    let mut chain = deploy(&ledger);
    let genesis = ledger.clone();
    let traces = [&[1u128][..], &[2]].map(|amounts| blob_trace(&mut ledger, amounts));
    let blob = SharedBlob::new(&traces.each_ref()).unwrap();
    let proven = traces.each_ref().map(|trace| prove_in(&blob, trace));
    let call = blob.call(&proven).unwrap();
    let events = events(&send(&mut chain, &call));
    let calldata = call.calldata();

    let mut replica = Replica::new(genesis.clone(), SHAPE);
    let bytes = blob.blob().bytes();
    let error = replica
        .settle_all(&events, &calldata, Some(bytes))
        .unwrap_err();
    assert_eq!(error, ReplicaError::NoBlobShape);
    let mut replica = replica.with_blobs(BLOB_SHAPE);
    let before = replica.clone();
    let error = replica.settle_all(&events, &calldata, None).unwrap_err();
    assert_eq!(error, ReplicaError::BlobMissing);
    let error = replica.settle_all(&events[..1], &calldata, Some(bytes));
    let (expected, got) = (2, 1);
    let count = ReplicaError::EventCount { expected, got };
    assert_eq!(error.unwrap_err(), count);
    let error = replica.settle_all(&events, &calldata, Some(&bytes[32..]));
    assert!(matches!(error.unwrap_err(), ReplicaError::BlobFile(_)));
    // The second batch is the one that fails; the first one is taken back.
    let one_of_two = SharedBlob::new(&[&traces[0]]).unwrap();
    let other = SharedBlob::new(&[&traces[0], &traces[0]]).unwrap();
    for blob in [one_of_two, other] {
        let error = replica.settle_all(&events, &calldata, Some(blob.blob().bytes()));
        assert_eq!(error.unwrap_err(), ReplicaError::OtherBlob { index: 1 });
        assert_eq!(replica, before);
    }
    let swapped = [events[1].clone(), events[0].clone()];
    assert!(
        replica
            .settle_all(&swapped, &calldata, Some(bytes))
            .is_err()
    );
    assert_eq!(replica, before);
    replica.settle_all(&events, &calldata, Some(bytes)).unwrap();
    assert_eq!(*replica.ledger(), ledger);
}

#[test]
fn a_proven_batch_carries_its_slice() {
    let mut ledger = ledger();
    let trace = blob_trace(&mut ledger, &[1, 2]);
    let blob = SharedBlob::new(&[&trace]).unwrap();
    let proven = prove_in(&blob, &trace);
    let json = serde_json::to_value(&proven).unwrap();
    let back: ProvenBatch = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(back, proven);
    let key = prepared(blob_prover());
    back.verify(&key).unwrap();

    // Another word, another point.
    let digit = |text: &str| match text.starts_with('0') {
        true => format!("1{}", &text[1..]),
        false => format!("0{}", &text[1..]),
    };
    for field in ["words", "point"] {
        let mut other = json.clone();
        let text = other["blob"][field].as_str().unwrap();
        // The last digit of a word is a fee's; of the point, its lowest.
        let (head, last) = text.split_at(text.len() - 1);
        other["blob"][field] = format!("{head}{}", digit(last)).into();
        let other: ProvenBatch = serde_json::from_value(other).unwrap();
        assert!(other.verify(&key).is_err(), "{field}");
    }
    let mut none = back.clone();
    none.blob = None;
    let error = none.verify(&key).unwrap_err();
    assert!(matches!(error, ProvenBatchError::Data(_)), "{error}");
    for (field, value, expected) in [
        (
            "words",
            "00",
            "expected blob words of 31 bytes, got 1 bytes",
        ),
        ("point", &"ff".repeat(32), "expected a blob's point below q"),
    ] {
        let mut other = json.clone();
        other["blob"][field] = value.into();
        let error = serde_json::from_value::<ProvenBatch>(other).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}
