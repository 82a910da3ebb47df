//! EdDSA-Poseidon against circomlibjs, and each way in which a signature is refused.

use crate::common::{point, vectors, word};
use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use zkroll_circuits::protocol::{
    babyjubjub::{Scalar, base8, mul_base8, torsion8},
    eddsa::{KeyError, PrivateKey, PublicKey, Signature, SignatureError, challenge, verify},
    field,
};

fn key(seed: u8) -> PrivateKey {
    PrivateKey::from([seed; 32])
}

#[test]
fn signatures_equal_circomlibjs() {
    let vectors = vectors();
    let cases = vectors["eddsa"].as_array().unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let bytes: [u8; 32] = hex::decode(case["private_key_hex"].as_str().unwrap())
            .unwrap()
            .try_into()
            .unwrap();
        let private = PrivateKey::from(bytes);
        let public = private.public_key();
        assert_eq!(public, PublicKey::from(point(&case["public_key"])));
        let packed = public.pack().unwrap();
        assert_eq!(
            hex::encode(packed),
            case["packed_public_key_hex"].as_str().unwrap()
        );
        assert_eq!(PublicKey::unpack(&packed), Ok(public));

        let message = word(&case["message"]);
        let signature = private.sign(message);
        let r8 = point(&case["r8"]);
        assert_eq!(signature.r8, (r8.x, r8.y));
        assert_eq!(signature.s.to_string(), case["s"].as_str().unwrap());
        assert_eq!(case["valid"], true);
        assert_eq!(verify(&public, message, &signature), Ok(()));

        let s = field::parse_integer(case["s_plus_l"].as_str().unwrap()).unwrap();
        assert_eq!(case["s_plus_l_valid"], false);
        assert_eq!(
            verify(&public, message, &Signature { s, ..signature }),
            Err(SignatureError::ScalarTooLarge { s })
        );
    }
}

#[test]
fn a_changed_part_fails_the_equation() {
    let public = key(1).public_key();
    let message = Fr::from(5u64);
    let signature = key(1).sign(message);
    let refused = |key: &PublicKey, message, signature: Signature| {
        assert_eq!(
            verify(key, message, &signature),
            Err(SignatureError::EquationFails)
        );
    };
    refused(&public, message + Fr::ONE, signature);
    refused(&key(2).public_key(), message, signature);
    let mut s = signature.s;
    s.add_with_carry(&1u64.into());
    refused(&public, message, Signature { s, ..signature });
    let (x, y) = signature.r8;
    refused(
        &public,
        message,
        Signature {
            r8: (-x, y),
            ..signature
        },
    );
    refused(
        &public,
        message,
        Signature {
            r8: (x, y + Fr::ONE),
            ..signature
        },
    );
    refused(
        &public,
        message,
        Signature {
            r8: (Fr::ZERO, Fr::ZERO),
            ..signature
        },
    );
}

#[test]
fn scalar_bound_is_exact() {
    let public = key(1).public_key();
    let mut s = Scalar::MODULUS;
    let signature = Signature {
        r8: (Fr::ZERO, Fr::ONE),
        s,
    };
    assert_eq!(
        verify(&public, Fr::ZERO, &signature),
        Err(SignatureError::ScalarTooLarge { s })
    );
    s.sub_with_borrow(&1u64.into());
    assert_eq!(
        verify(&public, Fr::ZERO, &Signature { s, ..signature }),
        Err(SignatureError::EquationFails)
    );
}

/// With 8·A = O the equation is S·B8 = R8, which anyone can satisfy.
#[test]
fn keys_of_low_order_are_refused() {
    let s = Scalar::from(1234u64);
    let r8 = mul_base8(&s).into_affine();
    let signature = Signature {
        r8: (r8.x, r8.y),
        s: s.into_bigint(),
    };
    for multiple in 0..8u64 {
        let low = PublicKey::from((torsion8() * Scalar::from(multiple)).into_affine());
        let error = KeyError::LowOrder { x: low.x, y: low.y };
        assert_eq!(
            verify(&low, Fr::from(9u64), &signature),
            Err(SignatureError::Key(error.clone()))
        );
        assert_eq!(low.pack(), Err(error));
    }
}

#[test]
fn keys_off_the_curve_are_refused() {
    let mut public = key(1).public_key();
    let signature = key(1).sign(Fr::ONE);
    public.y += Fr::ONE;
    assert!(matches!(
        verify(&public, Fr::ONE, &signature),
        Err(SignatureError::Key(KeyError::Point(_)))
    ));
}

/// The verification equation clears the cofactor of A: a key with a torsion part is sound.
#[test]
fn keys_with_a_torsion_part_verify_what_their_holder_signs() {
    let (a, n) = (Scalar::from(777u64), Scalar::from(4242u64));
    let public = PublicKey::from((base8() * a + torsion8()).into_affine());
    let r8 = mul_base8(&n).into_affine();
    let r8 = (r8.x, r8.y);
    let message = Fr::from(31u64);
    let h = challenge(r8, &public, message).into_bigint().to_bytes_le();
    let h = Scalar::from_le_bytes_mod_order(&h);
    let s = (n + h * a * Scalar::from(8u64)).into_bigint();
    assert_eq!(verify(&public, message, &Signature { r8, s }), Ok(()));
}

#[test]
fn private_keys_are_not_printed() {
    assert_eq!(format!("{:?}", key(0xab)), "PrivateKey(redacted)");
}

#[test]
fn serde_round_trips_and_refuses_what_is_malformed() {
    let public = key(1).public_key();
    let mut signature = key(1).sign(Fr::ONE);
    signature.s = field::U256::new([u64::MAX; 4]);
    let text = serde_json::to_string(&signature).unwrap();
    assert_eq!(serde_json::from_str::<Signature>(&text).unwrap(), signature);
    let text = serde_json::to_string(&public).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&text).unwrap(), public);

    let r = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    for (text, expected) in [
        (
            format!(r#"{{"x":"{r}","y":"1"}}"#),
            "expected a field element below r",
        ),
        (r#"{"x":1,"y":"1"}"#.into(), "expected a string"),
        (r#"{"x":"","y":"1"}"#.into(), "got no digits"),
        (r#"{"x":"0x","y":"1"}"#.into(), "got no digits"),
        (
            r#"{"x":"1 ","y":"1"}"#.into(),
            "expected a digit of base 10 at position 1, got ' '",
        ),
        (r#"{"x":"-1","y":"1"}"#.into(), "got '-'"),
        (r#"{"x":"0xg","y":"1"}"#.into(), "base 16"),
        (format!(r#"{{"x":"0x1{:0>64}","y":"1"}}"#, 0), "below 2^256"),
    ] {
        let error = serde_json::from_str::<PublicKey>(&text)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let hex = r#"{"x":"0xFf","y":"0x0a"}"#;
    assert_eq!(
        serde_json::from_str::<PublicKey>(hex).unwrap(),
        PublicKey {
            x: Fr::from(255u64),
            y: Fr::from(10u64)
        }
    );
}
