//! Bytes and JSON: what is written is read back, anything else is refused.

use crate::common::{g1_off_curve, g2_off_curve, g2_out_of_subgroup, random_instance};
use ark_bn254::{Bn254, Fq};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, Field, PrimeField, UniformRand, Zero};
use ark_serialize::CanonicalSerialize;
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use zkroll_prover::backend::Ark;
use zkroll_prover::encoding::{
    EncodingError, proof_from_bytes, proof_to_bytes, proof_to_bytes_uncompressed,
    public_input_from_be_bytes, public_input_to_be_bytes, verifying_key_from_bytes,
    verifying_key_to_bytes,
};
use zkroll_prover::{Fr, G1Affine, G2Affine, KeyError, Proof, ProofFile, VerifyingKey, prove};

fn proved() -> (VerifyingKey<Bn254>, ProofFile) {
    let rng = &mut StdRng::seed_from_u64(6);
    let instance = random_instance(rng, 3, 6);
    let key = instance.key();
    let proof = prove(&key, &instance.r1cs, &instance.assignment, &Ark, rng).unwrap();
    (
        key.vk,
        ProofFile {
            proof,
            public_inputs: instance.public_inputs().to_vec(),
        },
    )
}

fn proof() -> Proof<Bn254> {
    proved().1.proof
}

#[test]
fn proofs_round_trip_in_both_forms() {
    for proof in [proof(), Proof::default()] {
        assert_eq!(proof_from_bytes(&proof_to_bytes(&proof)).unwrap(), proof);
        assert_eq!(
            proof_from_bytes(&proof_to_bytes_uncompressed(&proof)).unwrap(),
            proof
        );
    }
}

#[test]
fn proofs_of_another_size_are_refused() {
    let bytes = proof_to_bytes_uncompressed(&proof());
    for got in [0, 1, 127, 129, 255] {
        let expected = EncodingError::Length {
            what: "a proof",
            expected: 128,
            got,
        };
        assert_eq!(proof_from_bytes(&bytes[..got]), Err(expected));
    }
}

#[test]
fn points_outside_their_groups_are_refused() {
    let proof = proof();
    for bad in [
        Proof {
            a: g1_off_curve(),
            ..proof.clone()
        },
        Proof {
            b: g2_off_curve(),
            ..proof.clone()
        },
        Proof {
            b: g2_out_of_subgroup(),
            ..proof.clone()
        },
        Proof {
            c: g1_off_curve(),
            ..proof.clone()
        },
    ] {
        let error = proof_from_bytes(&proof_to_bytes_uncompressed(&bad)).unwrap_err();
        assert_eq!(error, EncodingError::InvalidPoint { what: "a proof" });
    }
    let outside = Proof {
        b: g2_out_of_subgroup(),
        ..proof
    };
    let error = proof_from_bytes(&proof_to_bytes(&outside)).unwrap_err();
    assert_eq!(error, EncodingError::InvalidPoint { what: "a proof" });
}

#[test]
fn a_coordinate_of_the_modulus_or_more_is_refused() {
    let mut bytes = proof_to_bytes_uncompressed(&proof());
    bytes[..32].copy_from_slice(&Fq::MODULUS.to_bytes_le());
    let error = proof_from_bytes(&bytes).unwrap_err();
    assert_eq!(error, EncodingError::InvalidPoint { what: "a proof" });
}

#[test]
fn a_value_has_one_encoding() {
    // The sign bit of an uncompressed point carries no information.
    let mut bytes = proof_to_bytes_uncompressed(&proof());
    bytes[63] ^= 0x80;
    let error = proof_from_bytes(&bytes).unwrap_err();
    assert_eq!(error, EncodingError::NotCanonical { what: "a proof" });
    // Nor do the coordinates of a point that is flagged to be infinity.
    let mut bytes = proof_to_bytes(&Proof::default());
    bytes[0] = 1;
    let error = proof_from_bytes(&bytes).unwrap_err();
    assert_eq!(error, EncodingError::NotCanonical { what: "a proof" });
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 128)) {
        if let Ok(proof) = proof_from_bytes(&bytes) {
            prop_assert_eq!(proof_to_bytes(&proof).to_vec(), bytes.clone());
        }
        prop_assert!(verifying_key_from_bytes(&bytes).is_err());
    }
}

#[test]
fn verifying_keys_round_trip() {
    let (vk, _) = proved();
    let bytes = verifying_key_to_bytes(&vk);
    assert_eq!(bytes.len(), 232 + 4 * 32);
    assert_eq!(verifying_key_from_bytes(&bytes).unwrap(), vk);
    for got in 0..bytes.len() {
        let error = verifying_key_from_bytes(&bytes[..got]).unwrap_err();
        let expected = if got < 232 { 232 } else { bytes.len() };
        assert_eq!(
            error,
            EncodingError::Length {
                what: "a verifying key",
                expected,
                got
            }
        );
    }
}

#[test]
fn a_verifying_key_that_claims_many_points_is_refused_by_its_length() {
    let (vk, _) = proved();
    let mut bytes = verifying_key_to_bytes(&vk);
    for count in [u64::MAX, 1 << 58, 1 << 40, 5, 3] {
        bytes[224..232].copy_from_slice(&count.to_le_bytes());
        let error = verifying_key_from_bytes(&bytes).unwrap_err();
        assert!(matches!(error, EncodingError::Length { .. }), "{error}");
    }
}

#[test]
fn a_refused_verifying_key_is_not_decoded() {
    let (mut vk, _) = proved();
    vk.delta_g2 = vk.gamma_g2;
    let mut bytes = Vec::new();
    vk.serialize_compressed(&mut bytes).unwrap();
    let error = verifying_key_from_bytes(&bytes).unwrap_err();
    assert_eq!(error, EncodingError::Key(KeyError::DeltaEqualsGamma));
}

#[test]
fn public_inputs_are_big_endian_and_below_the_modulus() {
    let rng = &mut StdRng::seed_from_u64(7);
    for input in [Fr::zero(), Fr::ONE, -Fr::ONE, Fr::rand(rng)] {
        assert_eq!(
            public_input_from_be_bytes(&public_input_to_be_bytes(&input)),
            Ok(input)
        );
    }
    let one = public_input_to_be_bytes(&Fr::ONE);
    assert_eq!((one[0], one[31]), (0, 1));

    let mut modulus = Fr::MODULUS;
    assert!(public_input_from_be_bytes(&modulus.to_bytes_be()).is_err());
    modulus.add_with_carry(&Fr::ONE.into_bigint());
    let error = public_input_from_be_bytes(&modulus.to_bytes_be()).unwrap_err();
    assert_eq!(
        error,
        EncodingError::ScalarTooLarge {
            got: hex::encode(modulus.to_bytes_be())
        }
    );
    assert!(public_input_from_be_bytes(&[0xff; 32]).is_err());
    for got in [0, 31, 33] {
        let expected = EncodingError::Length {
            what: "a public input",
            expected: 32,
            got,
        };
        assert_eq!(public_input_from_be_bytes(&vec![0; got]), Err(expected));
    }
}

#[test]
fn proof_files_round_trip() {
    let (_, file) = proved();
    let text = serde_json::to_string_pretty(&file).unwrap();
    assert_eq!(serde_json::from_str::<ProofFile>(&text).unwrap(), file);
    let value = serde_json::to_value(&file).unwrap();
    assert_eq!(value["b"][0][1], file.proof.b.x.c1.to_string());
    assert_eq!(value["public_inputs"].as_array().unwrap().len(), 3);
}

#[test]
fn bad_proof_files_are_refused() {
    let (_, file) = proved();
    let good = serde_json::to_value(&file).unwrap();
    let refusal = |change: &dyn Fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        serde_json::from_value::<ProofFile>(value)
            .unwrap_err()
            .to_string()
    };
    let r = Fr::MODULUS.to_string();
    for (change, message) in [
        (
            &(|v: &mut Value| v["protocol"] = json!("plonk")) as &dyn Fn(&mut Value),
            "protocol",
        ),
        (&|v| v["curve"] = json!("bls12381"), "curve"),
        (&|v| v["public_inputs"][1] = json!(r), "public_inputs[1]"),
        (&|v| v["public_inputs"][0] = json!(""), "public_inputs[0]"),
        (&|v| v["public_inputs"][0] = json!("-1"), "public_inputs[0]"),
        (&|v| v["public_inputs"][0] = json!("+1"), "public_inputs[0]"),
        (&|v| v["public_inputs"][0] = json!("01"), "public_inputs[0]"),
        (
            &|v| v["public_inputs"][0] = json!("1_0"),
            "public_inputs[0]",
        ),
        (
            &|v| v["public_inputs"][0] = json!("0x1"),
            "public_inputs[0]",
        ),
        (
            &|v| v["public_inputs"][0] = json!("9".repeat(100_000)),
            "public_inputs[0]",
        ),
        (&|v| v["public_inputs"][0] = json!(1), "string"),
        (&|v| v["a"][0] = json!(Fq::MODULUS.to_string()), "in a"),
        (&|v| v["a"][1] = json!("1"), "in a"),
        (&|v| v["c"] = json!(["1", "1"]), "in c"),
        (&|v| v["b"][1] = json!(["1", "1"]), "in b"),
        (&|v| v["extra"] = json!(1), "extra"),
        (&|v| drop(v.as_object_mut().unwrap().remove("c")), "c"),
    ] {
        let error = refusal(change);
        assert!(error.contains(message), "expected {message:?} in {error:?}");
        assert!(error.len() < 400, "{error}");
    }
    let outside = g2_out_of_subgroup();
    let error = refusal(&|v| {
        let fq2 = |x: ark_bn254::Fq2| json!([x.c0.to_string(), x.c1.to_string()]);
        v["b"] = json!([fq2(outside.x), fq2(outside.y)]);
    });
    assert!(error.contains("subgroup in b"), "{error}");
}

#[test]
fn infinity_is_written_as_zeros() {
    let proof = Proof {
        a: G1Affine::zero(),
        b: G2Affine::zero(),
        c: G1Affine::generator(),
    };
    let file = ProofFile {
        proof,
        public_inputs: vec![],
    };
    let value = serde_json::to_value(&file).unwrap();
    assert_eq!(value["a"], json!(["0", "0"]));
    assert_eq!(value["c"], json!(["1", "2"]));
    assert_eq!(serde_json::from_value::<ProofFile>(value).unwrap(), file);
}
