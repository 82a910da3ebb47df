//! Proofs as words and back; bytes that are no proof are refused with the right error and never panic.

use crate::common::attacks::{outside_subgroup, plus_modulus};
use crate::common::rng;
use ark_bn254::{Bn254, Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::UniformRand;
use ark_groth16::Proof;
use proptest::prelude::*;
use zkroll_verifier_sol::abi::{Word, selector, word_from_field, word_from_u128};
use zkroll_verifier_sol::calldata::{
    CalldataError, MAX_BATCH, decode_proof, g2_words, proof_words, verify_batch_call,
    verify_batch_signature, verify_proof_call, verify_proof_signature,
};
use zkroll_verifier_sol::rollup::{BatchCall, Call, Entry};

/// Points of the right order; the decoder asks for no more.
fn random_proof(seed: u64) -> Proof<Bn254> {
    let mut rng = rng(seed);
    Proof {
        a: (G1Affine::generator() * Fr::rand(&mut rng)).into_affine(),
        b: (G2Affine::generator() * Fr::rand(&mut rng)).into_affine(),
        c: (G1Affine::generator() * Fr::rand(&mut rng)).into_affine(),
    }
}

/// The generator of G2 as EIP-197 states it, section "Definition of the groups": `11559…` is the
/// imaginary part of x there, and an encoding starts with it.
#[test]
fn the_imaginary_part_comes_first() {
    let words = g2_words(&G2Affine::generator());
    let x_imaginary = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2";
    let x_real = "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed";
    assert_eq!(hex::encode(words[0]), x_imaginary);
    assert_eq!(hex::encode(words[1]), x_real);
}

#[test]
fn a_call_is_selector_proof_and_inputs() {
    let proof = random_proof(1);
    for (inputs, signature) in [
        (0, "verifyProof(uint256[2],uint256[2][2],uint256[2])"),
        (
            1,
            "verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[1])",
        ),
        (
            3,
            "verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[3])",
        ),
    ] {
        assert_eq!(verify_proof_signature(inputs), signature);
        let x: Vec<Fr> = (1..=inputs as u64).map(Fr::from).collect();
        let call = verify_proof_call(&proof, &x);
        assert_eq!(call.len(), 4 + 32 * (8 + inputs));
        assert_eq!(call[..4], selector(signature));
        assert_eq!(call[4..260], proof_words(&proof).concat());
        for (i, x) in x.iter().enumerate() {
            assert_eq!(call[260 + 32 * i..292 + 32 * i], word_from_field(x));
        }
    }
}

#[test]
fn a_batch_call_is_selector_offset_number_and_proofs() {
    let proofs = [random_proof(1), random_proof(2)];
    for (inputs, signature) in [
        (0, "verifyBatch(uint256[8][])"),
        (1, "verifyBatch(uint256[9][])"),
        (3, "verifyBatch(uint256[11][])"),
    ] {
        assert_eq!(verify_batch_signature(inputs), signature);
        let x: Vec<Fr> = (1..=inputs as u64).map(Fr::from).collect();
        let call = verify_batch_call(&proofs.each_ref().map(|proof| (proof, &x[..]))).unwrap();
        assert_eq!(call[..4], selector(signature));
        assert_eq!(call[4..36], word_from_u128(32));
        assert_eq!(call[36..68], word_from_u128(2));
        // Each element is what follows the selector of the proof's own call.
        let elements = proofs
            .each_ref()
            .map(|proof| verify_proof_call(proof, &x)[4..].to_vec());
        assert_eq!(call[68..], elements.concat());
    }
}

#[test]
fn what_no_verifier_accepts_is_not_encoded() {
    let (proof, x) = (random_proof(1), [Fr::from(1u64)]);
    let refused = |batch: &[(&Proof<Bn254>, &[Fr])]| match verify_batch_call(batch) {
        Err(CalldataError::Argument { argument, .. }) => argument,
        other => panic!("expected a refusal, got {other:?}"),
    };
    assert_eq!(refused(&[]), "proofs");
    assert!(verify_batch_call(&vec![(&proof, &x[..]); MAX_BATCH]).is_ok());
    assert_eq!(refused(&vec![(&proof, &x[..]); MAX_BATCH + 1]), "proofs");
    assert_eq!(refused(&[(&proof, &x), (&proof, &[])]), "inputs");
}

#[test]
fn proofs_are_read_back() {
    let infinite = Proof {
        a: G1Affine::identity(),
        b: G2Affine::identity(),
        c: G1Affine::identity(),
    };
    assert_eq!(proof_words(&infinite), [[0; 32]; 8]);
    assert_eq!(decode_proof(&[[0; 32]; 8]), Ok(infinite));
    for seed in 0..8 {
        let proof = random_proof(seed);
        assert_eq!(decode_proof(&proof_words(&proof)), Ok(proof));
    }
}

#[test]
fn each_defect_has_its_error() {
    let words = proof_words(&random_proof(1));
    let point = |i: usize| ["A", "A", "B", "B", "B", "B", "C", "C"][i];
    for i in 0..8 {
        let mut unreduced = words;
        unreduced[i] = plus_modulus::<Fq>(&words[i]);
        let (point, coordinate) = (point(i), i - [0, 0, 2, 2, 2, 2, 6, 6][i]);
        assert_eq!(
            decode_proof(&unreduced),
            Err(CalldataError::CoordinateNotInField { point, coordinate })
        );
        let mut off_curve = words;
        off_curve[i][31] ^= 1;
        assert_eq!(
            decode_proof(&off_curve),
            Err(CalldataError::NotOnCurve { point })
        );
    }
    let mut outside = words;
    outside[2..6].copy_from_slice(&g2_words(&outside_subgroup(3)));
    assert_eq!(
        decode_proof(&outside),
        Err(CalldataError::NotInSubgroup { point: "B" })
    );
}

#[test]
fn fq2_words_exchange_the_parts() {
    let value = Fq2::new(Fq::from(1u64), Fq::from(2u64));
    let [imaginary, real] = zkroll_verifier_sol::calldata::fq2_words(&value);
    assert_eq!((imaginary[31], real[31]), (2, 1));
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        any::<Word>(),
        Just([0; 32]),
        Just([0xff; 32]),
        any::<u8>().prop_map(|byte| {
            let mut word = [0; 32];
            word[31] = byte;
            word
        }),
    ]
}

proptest! {
    #[test]
    fn what_decodes_is_canonical(words in prop::array::uniform8(word())) {
        if let Ok(proof) = decode_proof(&words) {
            prop_assert_eq!(proof_words(&proof), words);
        }
    }

    #[test]
    fn calls_from_arbitrary_bytes_are_canonical_or_refused(
        tail in prop::collection::vec(any::<u8>(), 0..600),
        head in prop::collection::vec(word(), 0..16),
    ) {
        let mut calldata = selector(zkroll_verifier_sol::rollup::SUBMIT_BATCH).to_vec();
        calldata.extend(head.concat());
        calldata.extend(tail);
        if let Ok(call) = BatchCall::decode(&calldata) {
            prop_assert_eq!(call.calldata(), calldata);
        }
    }

    #[test]
    fn other_calls_from_arbitrary_bytes_are_canonical_or_refused(
        signature in prop::sample::select(vec![
            "depositETH(uint256,uint256,address)",
            "depositERC20(uint32,uint256,uint256,uint256,address)",
            "topUpETH(uint40,uint256)",
            "topUpERC20(uint32,uint256,uint40,uint256)",
            "requestExit(uint40,uint32)",
            "requestExitByKey(uint256,uint32,uint40,uint128,address,uint256,uint256[8])",
            "withdraw(uint32,address)",
            "registerToken(address)",
            "freeze(bytes)",
            "escape(uint32,uint40,uint128,address,uint256,uint256[8])",
            "reclaim(uint64,bytes)",
        ]),
        words in prop::collection::vec(word(), 0..16),
        tail in prop::collection::vec(any::<u8>(), 0..3),
    ) {
        let calldata = [selector(signature).to_vec(), words.concat(), tail].concat();
        if let Ok(call) = Call::decode(&calldata) {
            prop_assert_eq!(call.calldata(), calldata);
        }
    }

    #[test]
    fn entries_from_arbitrary_bytes_are_canonical_or_refused(
        kind in 0..6u8,
        bytes in prop::collection::vec(any::<u8>(), 114),
    ) {
        let bytes: [u8; 115] = [vec![kind], bytes].concat().try_into().unwrap();
        if let Some(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode(), bytes);
        }
    }
}
