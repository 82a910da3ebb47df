//! Batches whose operations are in a blob: `submitBatchBlob`.

use crate::common::chain::SENDER;
use crate::common::mirror::{Batch, Data, blob_point, blob_value, halves};
use crate::common::rollup::{BOB, Chain, SLOTS, Slots, accept_all, assert_error, hexadecimal};
use crate::common::{rng, setup};
use ark_bls12_381::Fr as BlobScalar;
use ark_bn254::{Bn254, Fr};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use ark_groth16::ProvingKey;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use ark_std::rand::Rng;
use zkroll_verifier_sol::abi::{
    Word, encode_call, fr_from_word, keccak256, word_from_field, word_from_u128,
};
use zkroll_verifier_sol::evm::{EvmError, Receipt};
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::kzg::CommittedBlob;
use zkroll_verifier_sol::rollup::{
    BlobCall, BlobSlice, Circuit, RollupConfig, SettleCall, challenge_blob_call,
};

const VALUES: usize = 4096;

/// 31 bytes of two operations.
type BlobWord = [u8; 31];

fn word(x: &BlobScalar) -> Word {
    x.into_bigint().to_bytes_be().try_into().unwrap()
}

/// The blob with these coefficients.
fn commit(coefficients: &[BlobScalar]) -> CommittedBlob {
    let domain = Radix2EvaluationDomain::<BlobScalar>::new(VALUES).unwrap();
    let values = domain.fft(coefficients);
    let bytes: Vec<u8> = (0..VALUES)
        .flat_map(|i| word(&values[i.reverse_bits() >> (usize::BITS - 12)]))
        .collect();
    CommittedBlob::new(&bytes).unwrap()
}

fn coefficients(slices: &[Vec<BlobWord>]) -> Vec<BlobScalar> {
    let words = slices.iter().flatten();
    words
        .map(|word| BlobScalar::from_be_bytes_mod_order(word))
        .collect()
}

/// A stand-in for C₁: the contract cannot tell, and the stand-in circuit proves anything.
fn commitment(words: &[BlobWord]) -> Fr {
    Fr::from_be_bytes_mod_order(&keccak256(&words.concat()))
}

fn random_words(slots: Slots, seed: u64) -> Vec<BlobWord> {
    let mut rng = rng(seed);
    (0..slots[4].div_ceil(2)).map(|_| rng.r#gen()).collect()
}

/// Blob slots L, F, W, E, N: three words to a batch.
const BLOB_SLOTS: Slots = [2, 1, 2, 1, 5];

fn chain(verifier: Vec<u8>, slots: Slots) -> Chain {
    Chain::with_blobs(accept_all(), accept_all(), SLOTS, Some((verifier, slots)))
}

/// Batches with their blob, as an operator makes them.
struct Made {
    call: BlobCall,
    blob: CommittedBlob,
    z: BlobScalar,
}

/// Batches with these data and words in their slices; `coefficients` are what the blob has.
fn make(
    chain: &mut Chain,
    data: &[Data],
    slices: &[Vec<BlobWord>],
    coefficients: &[BlobScalar],
    pk: Option<&ProvingKey<Bn254>>,
) -> Made {
    let blob = commit(coefficients);
    let commitments: Vec<Fr> = slices.iter().map(|words| commitment(words)).collect();
    let chain_id = chain.evm.config().chain_id;
    let words: Vec<Word> = commitments.iter().map(word_from_field).collect();
    let z = blob_point(&blob.versioned_hash(), chain_id, &chain.rollup, &words);
    let values: Vec<_> = slices.iter().map(|words| blob_value(words, z)).collect();
    let batches: Vec<_> = data
        .iter()
        .zip(commitments.iter().zip(&values))
        .map(|(data, (commitment, value))| {
            let ([z0, z1], [y0, y1]) = (halves(z), halves(*value));
            (data.clone(), Some([*commitment, z0, z1, y0, y1]))
        })
        .collect();
    let (batches, data) = chain.heads(&batches, pk, 5);
    let call = BlobCall {
        batches,
        slices: commitments
            .iter()
            .zip(&values)
            .map(|(commitment, value)| BlobSlice {
                commitment: *commitment,
                value: word(value),
            })
            .collect(),
        kzg_commitment: blob.commitment(),
        kzg_proof: blob.open(&word(&z)).unwrap().proof,
        data,
    };
    Made { call, blob, z }
}

/// Random data of batches in a blob, which consume the next entries.
fn random_data(chain: &mut Chain, shown: &[[usize; 3]], seed: u64) -> Vec<Data> {
    let circuit = chain.config.blob.clone().unwrap();
    let mut first = chain.number("consumed()") as usize;
    let needed: usize = shown.iter().map(|[l, _, _]| l).sum();
    while chain.queue.len() < first + needed {
        chain.deposit(BOB, 10);
    }
    (seed..)
        .zip(shown)
        .map(|(seed, [l, w, e])| {
            let mut data = chain.random_data([0, *w, *e, 0], seed);
            data.fees.resize(circuit.fee_slots as usize, [0; 10]);
            for entry in &chain.queue[first..first + l] {
                data.entry(entry, 3);
            }
            first += l;
            data
        })
        .collect()
}

fn send(chain: &mut Chain, made: &Made) -> Receipt {
    send_with(chain, &made.call, &[made.blob.versioned_hash()])
}

fn send_with(chain: &mut Chain, call: &BlobCall, hashes: &[Word]) -> Receipt {
    let calldata = call.calldata();
    assert_eq!(BlobCall::decode(&calldata).as_ref(), Ok(call));
    assert_eq!(
        SettleCall::decode(&calldata),
        Ok(SettleCall::Blob(call.clone()))
    );
    chain
        .evm
        .transact_with_blobs(SENDER, chain.rollup, calldata, hashes)
        .unwrap()
}

fn honest(chain: &mut Chain, count: usize, pk: Option<&ProvingKey<Bn254>>) -> Made {
    let shown = [[1, 1, 0], [0, 2, 1], [1, 0, 0], [0, 0, 0]];
    let data = random_data(chain, &shown[..count], 1);
    let slices: Vec<_> = (0..count as u64)
        .map(|i| random_words(BLOB_SLOTS, i))
        .collect();
    make(chain, &data, &slices, &coefficients(&slices), pk)
}

#[test]
fn the_contract_computes_what_the_mirror_does() {
    for (seed, slots) in [[1, 0, 0, 0, 1], BLOB_SLOTS, [3, 4, 2, 2, 8192]]
        .into_iter()
        .enumerate()
    {
        let mut chain = chain(accept_all(), slots);
        for i in 0..slots[0] {
            chain.deposit(BOB, 1 + u128::from(i));
        }
        let full = slots.map(|slots| slots as usize);
        for shown in [[0, 0, 0], [full[0], full[2], full[3]]] {
            let [data] = &random_data(&mut chain, &[shown], seed as u64)[..] else {
                panic!("one batch");
            };
            let z = -BlobScalar::from(seed as u64 + 1);
            let value = z.square();
            let slice = BlobSlice {
                commitment: -Fr::from(3u64),
                value: word(&value),
            };
            let (bytes, now) = (data.encode(), chain.now());
            let ([z0, z1], [y0, y1]) = (halves(z), halves(value));
            let root = Fr::from(77u64);
            let batch = Batch {
                config: &chain.config,
                chain_id: chain.evm.config().chain_id,
                contract: chain.rollup,
                timestamp: now,
                number: 1,
                pre_state_root: chain.config.genesis_root,
                post_state_root: root,
                consumed: 0,
                data: &bytes,
                claim: Some([slice.commitment, z0, z1, y0, y1]),
            };
            let c = Fr::from(88u64);
            let expected = batch.challenge(&c);
            let call = challenge_blob_call(now, &root, &c, &word(&z), &slice, &bytes);
            let output = chain.evm.view(chain.rollup, call).unwrap();
            let words = output.as_chunks::<32>().0;
            let got = [0, 1].map(|i| fr_from_word(&words[i]).unwrap());
            assert_eq!((got[0], got[1]), expected, "{slots:?} {shown:?}");
        }
    }
}

#[test]
fn batches_share_a_blob() {
    let pk = setup(3, 2);
    for count in 1..=4 {
        let mut chain = chain(creation_code(&pk.vk).unwrap(), BLOB_SLOTS);
        let made = honest(&mut chain, count, Some(&pk));
        let receipt = send(&mut chain, &made);
        assert!(receipt.success, "{count}: {}", receipt.failure());
        assert_eq!(receipt.logs.len(), count);
        assert_eq!(chain.number("batchNumber()"), count as u64);
        // Replayed, it is the next batches' turn.
        let receipt = send(&mut chain, &made);
        assert!(!receipt.success);
    }
}

/// A blob full of one batch, and one full of two.
#[test]
fn a_blob_can_be_full() {
    for operations in [8192, 4096] {
        let slots = [1, 0, 0, 0, operations];
        let count = 8192 / operations as usize;
        let mut chain = chain(accept_all(), slots);
        let data = vec![Data::default(); count];
        let slices: Vec<_> = (0..count as u64).map(|i| random_words(slots, i)).collect();
        let made = make(&mut chain, &data, &slices, &coefficients(&slices), None);
        let receipt = send(&mut chain, &made);
        assert!(receipt.success, "{}", receipt.failure());

        let data = vec![Data::default(); count + 1];
        let slices: Vec<_> = (0..=count as u64).map(|i| random_words(slots, i)).collect();
        let whole = coefficients(&slices[..count]);
        let made = make(&mut chain, &data, &slices, &whole, None);
        let words = (count + 1) * slices[0].len();
        assert_error(
            &send(&mut chain, &made),
            &format!("BlobTooSmall({words:#x})"),
        );
    }
}

#[test]
fn the_blob_is_the_transactions_only_one() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let made = honest(&mut chain, 1, None);
    let hash = made.blob.versioned_hash();
    let other = commit(&[BlobScalar::from(1u64)]).versioned_hash();

    // Missing: in a transaction of another type, and in one of this type that has none.
    let receipt = chain.submit(made.call.calldata());
    assert_error(&receipt, "BlobMissing()");
    let calldata = made.call.calldata();
    let empty = chain
        .evm
        .transact_with_blobs(SENDER, chain.rollup, calldata, &[]);
    assert!(matches!(empty, Err(EvmError::Transaction(_))));
    // Extra, before and after it.
    for hashes in [[hash, other], [other, hash], [hash, hash]] {
        assert_error(&send_with(&mut chain, &made.call, &hashes), "BlobExtra()");
    }
    // Swapped for another one: of another commitment, or as if it were.
    let receipt = send_with(&mut chain, &made.call, &[other]);
    let invalid = |hash: &Word| format!("BlobInvalid({})", hexadecimal(hash));
    assert_error(&receipt, &invalid(&other));
    let mut version = hash;
    version[0] = 2;
    let calldata = made.call.calldata();
    let refused = chain
        .evm
        .transact_with_blobs(SENDER, chain.rollup, calldata, &[version]);
    assert!(matches!(refused, Err(EvmError::Transaction(_))));
    assert!(send(&mut chain, &made).success);
}

#[test]
fn words_that_are_not_the_batches_are_refused() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let data = vec![
        Data {
            fees: vec![[0; 10]],
            ..Data::default()
        };
        2
    ];
    let slices: Vec<_> = (0..2).map(|i| random_words(BLOB_SLOTS, i)).collect();
    let right = coefficients(&slices);
    let n = slices[0].len();
    let mut wrong: Vec<(&str, Vec<BlobScalar>)> = Vec::new();
    let change = |at: usize, to: BlobScalar| {
        let mut other = right.clone();
        other.resize(other.len().max(at + 1), BlobScalar::ZERO);
        other[at] = to;
        other
    };
    for (at, word) in right.iter().enumerate() {
        wrong.push(("another word", change(at, *word + BlobScalar::ONE)));
        wrong.push(("a missing word", change(at, BlobScalar::ZERO)));
    }
    // Words behind those of the batches, next to them and at the blob's end.
    for at in [2 * n, 2 * n + 1, VALUES - 1] {
        wrong.push(("a word too many", change(at, BlobScalar::ONE)));
    }
    let mut swapped = right[n..].to_vec();
    swapped.extend(&right[..n]);
    wrong.push(("slices exchanged", swapped));
    let mut shifted = vec![BlobScalar::ZERO];
    shifted.extend(&right);
    wrong.push(("one word later", shifted));
    wrong.push(("nothing", vec![]));
    for (what, coefficients) in wrong {
        let made = make(&mut chain, &data, &slices, &coefficients, None);
        let error = format!("BlobInvalid({})", hexadecimal(&made.blob.versioned_hash()));
        let receipt = send(&mut chain, &made);
        assert_eq!(receipt.failure(), format!("revert {error}"), "{what}");
        // What a refused evaluation burns is bounded.
        assert!(receipt.gas_execution < 150_000, "{}", receipt.gas_execution);
    }
    let made = make(&mut chain, &data, &slices, &right, None);
    assert!(send(&mut chain, &made).success);
}

#[test]
fn a_claim_is_canonical_and_the_blobs() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let made = honest(&mut chain, 3, None);
    let hash = [made.blob.versioned_hash()];
    let invalid = format!("BlobInvalid({})", hexadecimal(&hash[0]));

    let changed = |change: &dyn Fn(&mut BlobCall)| {
        let mut call = made.call.clone();
        change(&mut call);
        call
    };
    let one = Fr::from(1u64);
    for call in [
        // z is another one.
        changed(&|call| call.slices[1].commitment += one),
        changed(&|call| call.slices.swap(0, 2)),
        changed(&|call| call.slices[0].value[31] ^= 1),
        changed(&|call| call.kzg_proof = call.kzg_commitment),
        changed(&|call| call.kzg_proof[0] = 0),
        changed(&|call| call.kzg_commitment = call.kzg_proof),
        changed(&|call| call.kzg_commitment[0] ^= 0x20),
    ] {
        assert_error(&send_with(&mut chain, &call, &hash), &invalid);
    }
    // The opening at another point.
    let elsewhere = made.blob.open(&word(&(made.z + BlobScalar::ONE))).unwrap();
    let call = changed(&|call| call.kzg_proof = elsewhere.proof);
    assert_error(&send_with(&mut chain, &call, &hash), &invalid);

    // A value above q is the same modulo q by another name, and would be other words.
    for value in [BlobScalar::MODULUS.to_bytes_be(), vec![0xff; 32]] {
        let call = changed(&|call| call.slices[0].value.copy_from_slice(&value));
        let receipt = send_with(&mut chain, &call, &hash);
        let error = format!("BlobValueNotInField({})", hexadecimal(&value));
        assert_error(&receipt, &error);
    }
    assert!(send(&mut chain, &made).success);
}

/// C₁ + r is the same commitment modulo r by another name, and gives another z.
#[test]
fn a_blobs_commitment_is_a_field_element() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let slices = vec![random_words(BLOB_SLOTS, 1)];
    let data = vec![Data {
        fees: vec![[0; 10]],
        ..Data::default()
    }];
    let mut made = make(&mut chain, &data, &slices, &coefficients(&slices), None);
    let slice = &mut made.call.slices[0];
    let mut sum = slice.commitment.into_bigint();
    assert!(!sum.add_with_carry(&Fr::MODULUS));
    let sum: Word = sum.to_bytes_be().try_into().unwrap();
    let chain_id = chain.evm.config().chain_id;
    let hash = made.blob.versioned_hash();
    let z = blob_point(&hash, chain_id, &chain.rollup, &[sum]);
    let old = word_from_field(&slice.commitment);
    let opening = made.blob.open(&word(&z)).unwrap();
    slice.value = opening.value;
    made.call.kzg_proof = opening.proof;
    let mut calldata = made.call.calldata();
    let at = calldata
        .windows(32)
        .rposition(|window| window == old)
        .unwrap();
    calldata[at..at + 32].copy_from_slice(&sum);
    assert!(BlobCall::decode(&calldata).is_err());
    let receipt = chain
        .evm
        .transact_with_blobs(SENDER, chain.rollup, calldata, &[hash]);
    let error = format!("BlobCommitmentNotInField({})", hexadecimal(&sum));
    assert_error(&receipt.unwrap(), &error);
}

#[test]
fn numbers_of_batches_and_slices_agree() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let made = honest(&mut chain, 2, None);
    let hash = [made.blob.versioned_hash()];
    let mut raw = |call: &BlobCall| {
        let calldata = call.calldata();
        assert!(BlobCall::decode(&calldata).is_err());
        chain
            .evm
            .transact_with_blobs(SENDER, chain.rollup, calldata, &hash)
            .unwrap()
    };
    let mut fewer = made.call.clone();
    fewer.slices.pop();
    assert_error(&raw(&fewer), "SliceCountInvalid(0x2, 0x1)");
    let mut more = made.call.clone();
    more.slices.push(more.slices[0].clone());
    assert_error(&raw(&more), "SliceCountInvalid(0x2, 0x3)");

    let data = vec![];
    let none = make(&mut chain, &data, &[], &[], None);
    assert_error(&send(&mut chain, &none), "NoBatches()");

    // Operations in calldata besides.
    let made = honest(&mut chain, 1, None);
    let mut call = made.call.clone();
    call.data[7] = 1;
    call.data.extend([0; 31]);
    let hash = [made.blob.versioned_hash()];
    assert_error(
        &send_with(&mut chain, &call, &hash),
        "TooManySlots(0x1, 0x0)",
    );
}

#[test]
fn the_calldata_must_be_canonical() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let made = honest(&mut chain, 1, None);
    let calldata = made.call.calldata();
    let hash = [made.blob.versioned_hash()];
    let mut others = vec![
        [&calldata[..], &[0]].concat(),
        [&calldata[..], &[0; 32]].concat(),
        calldata[..calldata.len() - 1].to_vec(),
    ];
    let mut dirty = calldata.clone();
    *dirty.last_mut().unwrap() = 1;
    others.push(dirty);
    for offset in [0, 1, 5] {
        for by in [-32i8, 32, 1] {
            let mut other = calldata.clone();
            let at = 4 + 32 * offset + 31;
            other[at] = other[at].wrapping_add_signed(by);
            others.push(other);
        }
    }
    // A word that nobody reads between the arrays.
    let mut between = calldata.clone();
    let at = 4 + 32 * (6 + 1 + 11);
    between.splice(at..at, [0; 32]);
    for offset in [1, 5] {
        let at = 4 + 32 * offset;
        let value = u16::from_be_bytes([between[at + 30], between[at + 31]]) + 32;
        between[at + 30..at + 32].copy_from_slice(&value.to_be_bytes());
    }
    others.push(between);
    for (i, other) in others.into_iter().enumerate() {
        assert!(BlobCall::decode(&other).is_err(), "{i}");
        let receipt = chain
            .evm
            .transact_with_blobs(SENDER, chain.rollup, other, &hash)
            .unwrap();
        assert!(!receipt.success, "{i}");
    }
    assert!(send(&mut chain, &made).success);
}

/// A proof for what a blob is worth holds for this blob, chain, contract, batch and form only.
#[test]
fn a_proof_holds_once() {
    let pk = setup(3, 2);
    let mut chain = chain(creation_code(&pk.vk).unwrap(), BLOB_SLOTS);
    let data = vec![Data {
        fees: vec![[0; 10]],
        ..Data::default()
    }];
    let slices = vec![random_words(BLOB_SLOTS, 1)];
    let made = make(
        &mut chain,
        &data,
        &slices,
        &coefficients(&slices),
        Some(&pk),
    );

    // Another blob that is also right, with the first one's proof.
    let others = vec![random_words(BLOB_SLOTS, 2)];
    let mut other = make(
        &mut chain,
        &data,
        &others,
        &coefficients(&others),
        Some(&pk),
    );
    other.call.batches = made.call.batches.clone();
    assert_error(&send(&mut chain, &other), "ProofInvalid()");

    // A twin under the same verifiers: z is another one there.
    let code = chain.config.creation_code();
    let twin = chain.evm.deploy(SENDER, code).unwrap().address;
    let original = std::mem::replace(&mut chain.rollup, twin);
    let receipt = send(&mut chain, &made);
    assert_eq!(receipt.error.unwrap().name(), "BlobInvalid");
    // Opened for the twin, it is the proof that fails.
    let mut moved = make(&mut chain, &data, &slices, &coefficients(&slices), None);
    moved.call.batches = made.call.batches.clone();
    assert_error(&send(&mut chain, &moved), "ProofInvalid()");
    chain.rollup = original;

    assert!(send(&mut chain, &made).success);
    assert_error(&send(&mut chain, &made), "ProofInvalid()");
}

#[test]
fn a_rollup_without_blobs_takes_none() {
    let mut with = chain(accept_all(), BLOB_SLOTS);
    let made = honest(&mut with, 1, None);
    let mut without = Chain::accepting(SLOTS);
    assert_error(&send(&mut without, &made), "NoBlobCircuit()");
    let slice = &made.call.slices[0];
    let call = challenge_blob_call(0, &Fr::ZERO, &Fr::ZERO, &word(&made.z), slice, &[]);
    let receipt = without.evm.call(SENDER, without.rollup, call).unwrap();
    assert_error(&receipt, "NoBlobCircuit()");
}

#[test]
fn the_constructor_refuses_bad_blob_circuits() {
    let mut chain = chain(accept_all(), BLOB_SLOTS);
    let good = chain.config.blob.clone().unwrap();
    let mut refusal = |blob: Circuit| {
        let config = RollupConfig {
            blob: Some(blob),
            ..chain.config.clone()
        };
        match chain.evm.deploy(SENDER, config.creation_code()) {
            Err(EvmError::Deployment(receipt)) => receipt.failure(),
            other => panic!("expected a refusal, got {other:?}"),
        }
    };
    let refused = refusal(Circuit {
        operation_slots: 8193,
        ..good.clone()
    });
    assert_eq!(refused, "revert TooManySlots(0x2001, 0x2000)");
    let refused = refusal(Circuit {
        l1_slots: 0,
        ..good.clone()
    });
    assert_eq!(refused, "revert NoL1Slots()");
    let refused = refusal(Circuit {
        verifier: [9; 20],
        ..good
    });
    let address = hexadecimal(&[9; 20]);
    assert_eq!(refused, format!("revert VerifierWithoutCode({address})"));

    let call = encode_call("blobCircuit()", &[]);
    let words = chain.evm.view(chain.rollup, call).unwrap();
    let slots = BLOB_SLOTS.iter().flat_map(|n| word_from_u128((*n).into()));
    assert!(words.ends_with(&slots.collect::<Vec<u8>>()));
    assert!(words.len() == 6 * 32);
}

/// The bar: 310,000 whatever the batch.
#[test]
fn gas_of_a_blob_is_pinned() {
    let pk = setup(3, 2);
    let mut gas = Vec::new();
    for (slots, count) in [
        ([1, 4, 16, 8, 8], 1),
        ([1, 4, 16, 8, 8192], 1),
        ([1, 4, 16, 8, 512], 2),
        ([1, 4, 16, 8, 512], 16),
    ] {
        let mut chain = chain(creation_code(&pk.vk).unwrap(), slots);
        let data = vec![
            Data {
                fees: vec![[0; 10]; 4],
                ..Data::default()
            };
            count
        ];
        let slices: Vec<_> = (0..count as u64).map(|i| random_words(slots, i)).collect();
        let made = make(
            &mut chain,
            &data,
            &slices,
            &coefficients(&slices),
            Some(&pk),
        );
        let receipt = send(&mut chain, &made);
        assert!(receipt.success, "{}", receipt.failure());
        println!(
            "{count} batches of {} operations: execution {}, transaction {}",
            slots[4], receipt.gas_execution, receipt.gas_used
        );
        gas.push(receipt.gas_execution / count as u64);
    }
    assert!(gas[1] <= 310_000);
    assert_eq!(gas, [290_300, 291_290, 184_638, 80_875]);
}
