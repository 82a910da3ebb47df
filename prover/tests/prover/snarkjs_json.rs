//! snarkjs' JSON files and calldata: files that snarkjs made are read, verified and written again byte for
//! byte; everything else is refused with the reason.
//!
//! The files are those of `vectors/snarkjs/`, which its `generate.sh` makes with snarkjs 0.7.6.

use std::fs;
use std::path::Path;

use crate::common::{g2_out_of_subgroup, square_instance};
use ark_bn254::{Bn254, Fq, Fq2};
use ark_ec::AffineRepr;
use ark_ff::PrimeField;
use proptest::prelude::*;
use serde_json::{Value, json};
use zkroll_prover::formats::DevelopmentKeys;
use zkroll_prover::formats::json::{
    JsonError, MAX_BYTES, MAX_PUBLIC_INPUTS, calldata_from_text, calldata_to_text, proof_from_json,
    proof_to_json, public_inputs_from_json, public_inputs_to_json, verifying_key_from_json,
    verifying_key_to_json,
};
use zkroll_prover::{
    Fr, G1Affine, G2Affine, KeyError, PreparedKey, Proof, Provenance, VerifyingKey, verify,
};

/// The four files of a circuit.
struct Vector {
    proof: String,
    public: String,
    verifying_key: String,
    calldata: String,
}

fn read(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/snarkjs");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// `chain` has three public inputs, `secret_square` none.
fn vector(circuit: &str) -> Vector {
    let read = |file| read(&format!("{circuit}/{file}"));
    Vector {
        proof: read("proof.json"),
        public: read("public.json"),
        verifying_key: read("verification_key.json"),
        calldata: read("calldata.txt"),
    }
}

fn proof(text: &str) -> Proof<Bn254> {
    proof_from_json(text.as_bytes()).unwrap()
}

fn public(text: &str) -> Vec<Fr> {
    public_inputs_from_json(text.as_bytes()).unwrap()
}

fn verifying_key(text: &str) -> VerifyingKey<Bn254> {
    verifying_key_from_json(text.as_bytes()).unwrap()
}

fn key_to_json(vk: &VerifyingKey<Bn254>) -> String {
    verifying_key_to_json(vk, &Provenance::Unknown, DevelopmentKeys::Refuse).unwrap()
}

#[test]
fn the_files_of_snarkjs_verify_and_are_written_as_they_were() {
    for circuit in ["chain", "secret_square"] {
        let vector = vector(circuit);
        let (proof, inputs) = (proof(&vector.proof), public(&vector.public));
        let vk = verifying_key(&vector.verifying_key);
        verify(&PreparedKey::new(&vk).unwrap(), &inputs, &proof).unwrap();

        assert_eq!(proof_to_json(&proof), vector.proof);
        // With it goes vk_alphabeta_12: the pairing of arkworks is that of snarkjs.
        assert_eq!(key_to_json(&vk), vector.verifying_key);
        let text = calldata_to_text(&proof, &inputs);
        assert_eq!(text + "\n", vector.calldata);
        let calldata = calldata_from_text(&vector.calldata).unwrap();
        assert_eq!((calldata.proof, &calldata.public_inputs), (proof, &inputs));
    }
}

#[test]
fn public_inputs_are_written_as_they_were() {
    let text = vector("chain").public;
    let inputs = public(&text);
    assert_eq!(inputs[1..], [5u64, 7].map(Fr::from));
    assert_eq!(public_inputs_to_json(&inputs), text);
    // But for white space: snarkjs breaks the line inside an empty array.
    assert_eq!(public(&vector("secret_square").public), []);
    assert_eq!(public_inputs_to_json(&[]), "[]");
}

#[test]
fn files_of_other_versions_are_read() {
    let vector = vector("chain");
    let changed = |text: &str, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(text).unwrap();
        change(&mut value);
        value.to_string()
    };
    let without = |field: &'static str| {
        move |v: &mut Value| assert!(v.as_object_mut().unwrap().remove(field).is_some())
    };
    let expected_key = verifying_key(&vector.verifying_key);
    let expected_proof = proof(&vector.proof);
    for field in ["curve", "vk_alphabeta_12"] {
        let text = changed(&vector.verifying_key, &without(field));
        assert_eq!(verifying_key(&text), expected_key);
    }
    assert_eq!(
        proof(&changed(&vector.proof, &without("curve"))),
        expected_proof
    );
    for curve in ["bn128", "bn254", "alt_bn128"] {
        let rename = |v: &mut Value| v["curve"] = json!(curve);
        let text = changed(&vector.verifying_key, &rename);
        assert_eq!(verifying_key(&text), expected_key);
        assert_eq!(proof(&changed(&vector.proof, &rename)), expected_proof);
    }
}

#[test]
fn integers_that_javascript_reads_exactly_may_stand_without_quotes() {
    let largest = (1u64 << 53) - 1;
    let inputs = public(&format!("[0, 5, \"7\", {largest}]"));
    assert_eq!(inputs, [0, 5, 7, largest].map(Fr::from));
}

#[test]
fn infinity_is_written_and_read() {
    let infinite = Proof::<Bn254> {
        a: G1Affine::zero(),
        b: G2Affine::zero(),
        c: G1Affine::generator(),
    };
    let text = proof_to_json(&infinite);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["pi_a"], json!(["0", "1", "0"]));
    assert_eq!(value["pi_b"], json!([["0", "0"], ["1", "0"], ["0", "0"]]));
    assert_eq!(value["pi_c"], json!(["1", "2", "1"]));
    assert_eq!(proof(&text), infinite);
    let calldata = calldata_to_text(&infinite, &[]);
    assert_eq!(calldata_from_text(&calldata).unwrap().proof, infinite);
}

#[test]
fn a_development_key_is_written_only_if_that_is_allowed() {
    let key = square_instance(3).key();
    assert_eq!(&key.provenance, &Provenance::Development);
    let write = |allowed| verifying_key_to_json(&key.vk, &key.provenance, allowed);
    assert_eq!(
        write(DevelopmentKeys::default()),
        Err(JsonError::DevelopmentKey)
    );
    let text = write(DevelopmentKeys::AllowUnsafe).unwrap();
    assert_eq!(verifying_key(&text), key.vk);
}

/// Changes a file and returns the reason why it is refused.
fn refusal<T: std::fmt::Debug>(
    read: impl Fn(&[u8]) -> Result<T, JsonError>,
    text: &str,
    change: impl FnOnce(&mut Value),
) -> JsonError {
    let mut value: Value = serde_json::from_str(text).unwrap();
    change(&mut value);
    let error = read(value.to_string().as_bytes()).unwrap_err();
    assert!(error.to_string().len() < 500, "{error}");
    error
}

/// Numbers that have another, canonical, spelling, and no numbers.
fn bad_numbers(modulus: String) -> Vec<String> {
    let long = "9".repeat(100_000);
    let mut numbers: Vec<_> = ["", "-1", "+1", "01", "1_0", "0x1", " 1", "1 ", "1.0", "١"]
        .map(str::to_owned)
        .into();
    numbers.extend([modulus, "9".repeat(77), "1".repeat(78), long]);
    numbers
}

#[test]
fn numbers_that_are_not_canonical_are_refused() {
    let vector = vector("chain");
    let shown = |got: &String| got.chars().take(100).collect();
    for got in bad_numbers(Fq::MODULUS.to_string()) {
        let expected = |place: &str| JsonError::Number {
            place: place.to_owned(),
            got: shown(&got),
        };
        for (place, pointer) in [
            ("pi_a", "/pi_a/2"),
            ("pi_b", "/pi_b/1/0"),
            ("pi_c", "/pi_c/0"),
        ] {
            let change = |v: &mut Value| *v.pointer_mut(pointer).unwrap() = json!(got);
            assert_eq!(
                refusal(proof_from_json, &vector.proof, change),
                expected(place)
            );
        }
        for (place, pointer) in [
            ("vk_alpha_1", "/vk_alpha_1/1"),
            ("vk_gamma_2", "/vk_gamma_2/2/1"),
            ("vk_alphabeta_12[1][2]", "/vk_alphabeta_12/1/2/0"),
            ("IC[3]", "/IC/3/0"),
        ] {
            let change = |v: &mut Value| *v.pointer_mut(pointer).unwrap() = json!(got);
            assert_eq!(
                refusal(verifying_key_from_json, &vector.verifying_key, change),
                expected(place)
            );
        }
    }
    for got in bad_numbers(Fr::MODULUS.to_string()) {
        let error = refusal(public_inputs_from_json, &vector.public, |v| {
            v[1] = json!(got);
        });
        let place = "[1]".to_owned();
        let got = shown(&got);
        assert_eq!(error, JsonError::Number { place, got });
    }
}

#[test]
fn points_outside_their_groups_are_refused() {
    let vector = vector("chain");
    let place = |name: &str| name.to_owned();
    let outside = g2_out_of_subgroup();
    let fq2 = |x: Fq2| json!([x.c0.to_string(), x.c1.to_string()]);
    let outside = json!([fq2(outside.x), fq2(outside.y), ["1", "0"]]);
    // (0, 0) is how arkworks holds infinity.
    for point in [json!(["1", "1", "1"]), json!(["0", "0", "1"])] {
        for name in ["pi_a", "pi_c"] {
            let error = refusal(proof_from_json, &vector.proof, |v| v[name] = point.clone());
            assert_eq!(error, JsonError::Point { place: place(name) });
        }
        let error = refusal(verifying_key_from_json, &vector.verifying_key, |v| {
            v["IC"][1] = point.clone();
        });
        assert_eq!(
            error,
            JsonError::Point {
                place: place("IC[1]")
            }
        );
    }
    for point in [
        json!([["1", "0"], ["1", "0"], ["1", "0"]]),
        json!([["0", "0"], ["0", "0"], ["1", "0"]]),
        outside,
    ] {
        let error = refusal(proof_from_json, &vector.proof, |v| {
            v["pi_b"] = point.clone()
        });
        assert_eq!(
            error,
            JsonError::Point {
                place: place("pi_b")
            }
        );
        for name in ["vk_beta_2", "vk_gamma_2", "vk_delta_2"] {
            let error = refusal(verifying_key_from_json, &vector.verifying_key, |v| {
                v[name] = point.clone();
            });
            assert_eq!(error, JsonError::Point { place: place(name) });
        }
    }
    // One point, one spelling.
    for point in [
        ["1", "2", "0"],
        ["0", "2", "0"],
        ["1", "2", "2"],
        ["0", "0", "0"],
    ] {
        let error = refusal(proof_from_json, &vector.proof, |v| v["pi_c"] = json!(point));
        assert_eq!(
            error,
            JsonError::NotAffine {
                place: place("pi_c")
            }
        );
    }
}

#[test]
fn other_protocols_and_curves_are_refused() {
    let vector = vector("chain");
    let long = "x".repeat(1000);
    for (field, expected, got) in [
        ("protocol", "groth16", "plonk"),
        ("curve", "bn128", "bls12381"),
        ("curve", "bn128", "BN128"),
        ("protocol", "groth16", &long),
        ("curve", "bn128", &long),
    ] {
        let expected = JsonError::Header {
            field,
            expected,
            got: got.chars().take(100).collect(),
        };
        let change = |v: &mut Value| v[field] = json!(got);
        assert_eq!(refusal(proof_from_json, &vector.proof, change), expected);
        assert_eq!(
            refusal(verifying_key_from_json, &vector.verifying_key, change),
            expected
        );
    }
}

#[test]
fn keys_that_nobody_should_use_are_refused() {
    let text = vector("chain").verifying_key;
    let uncontributed = read("uncontributed_verification_key.json");
    assert_eq!(
        verifying_key_from_json(uncontributed.as_bytes()),
        Err(JsonError::Key(KeyError::DeltaEqualsGamma))
    );
    let key_error =
        |change: &dyn Fn(&mut Value)| match refusal(verifying_key_from_json, &text, change) {
            JsonError::Key(error) => error,
            other => panic!("expected the key to be refused, got {other}"),
        };
    for (n_public, expected) in [(0u64, 1), (2, 3), (4, 5), (u64::MAX, usize::MAX)] {
        let error = key_error(&|v| v["nPublic"] = json!(n_public));
        assert_eq!(error, KeyError::InputPoints { expected, got: 4 });
    }
    let error = key_error(&|v| drop(v["IC"].as_array_mut().unwrap().pop()));
    let (expected, got) = (4, 3);
    assert_eq!(error, KeyError::InputPoints { expected, got });
    let error = key_error(&|v| v["IC"][2] = json!(["0", "1", "0"]));
    assert_eq!(error, KeyError::InputUnbound { index: 2 });
    let error = key_error(&|v| v["vk_alpha_1"] = json!(["0", "1", "0"]));
    let element = "alpha_g1";
    assert_eq!(error, KeyError::Infinity { element });
    let error = key_error(&|v| v["vk_alpha_1"] = json!(["1", "2", "1"]));
    assert_eq!(error, KeyError::Uncontributed { element });
    let error = key_error(&|v| v["vk_beta_2"] = v["vk_gamma_2"].clone());
    let element = "beta_g2";
    assert_eq!(error, KeyError::Uncontributed { element });
    let error = key_error(&|v| v["vk_delta_2"] = v["vk_gamma_2"].clone());
    assert_eq!(error, KeyError::DeltaEqualsGamma);

    for change in [
        &(|v: &mut Value| v["vk_alphabeta_12"][0][0][0] = json!("1")) as &dyn Fn(&mut Value),
        &|v| v["vk_alphabeta_12"].as_array_mut().unwrap().swap(0, 1),
        &|v| v["vk_alpha_1"] = v["IC"][0].clone(),
    ] {
        let error = refusal(verifying_key_from_json, &text, change);
        assert_eq!(error, JsonError::AlphaBeta);
    }
}

/// Line and reason of a file that has another shape.
#[track_caller]
fn assert_shape(result: Result<impl std::fmt::Debug, JsonError>, part: &str) {
    match result {
        Err(JsonError::Syntax { reason, line, .. }) => {
            assert!(reason.contains(part), "expected {part:?} in {reason:?}");
            assert!(reason.len() <= 800 && line >= 1, "{reason} in line {line}");
        }
        other => panic!("expected another shape with {part:?}, got {other:?}"),
    }
}

#[test]
fn other_shapes_are_refused() {
    let vector = vector("chain");
    let long = "x".repeat(100_000);
    for (change, part) in [
        (
            &(|v: &mut Value| drop(v.as_object_mut().unwrap().remove("pi_b")))
                as &dyn Fn(&mut Value),
            "missing field `pi_b`",
        ),
        (&|v| v["extra"] = json!(1), "unknown field `extra`"),
        (&|v| v[&long] = json!(1), "unknown field `xxx"),
        (&|v| v["pi_a"] = json!(long), "invalid type: string"),
        (&|v| v["pi_a"] = json!(["1", "2"]), "invalid length 2"),
        (&|v| v["pi_a"] = json!(["1", "2", "1", "0"]), ""),
        (&|v| v["pi_a"][0] = json!(1), "invalid type: integer"),
        (&|v| v["pi_b"][0] = json!("1"), "invalid type: string"),
        (&|v| v["protocol"] = Value::Null, "invalid type: null"),
        (&|v| *v = json!([]), "invalid length 0"),
    ] {
        let mut value: Value = serde_json::from_str(&vector.proof).unwrap();
        change(&mut value);
        assert_shape(proof_from_json(value.to_string().as_bytes()), part);
    }
    for (change, part) in [
        (
            &(|v: &mut Value| v["nPublic"] = json!("3")) as &dyn Fn(&mut Value),
            "invalid type: string",
        ),
        (&|v| v["nPublic"] = json!(-1), "invalid value: integer `-1`"),
        (&|v| v["nPublic"] = json!(3.0), "invalid type: floating"),
        (&|v| v["vk_alfa_1"] = json!(0), "unknown field `vk_alfa_1`"),
        (&|v| drop(v.as_object_mut().unwrap().remove("IC")), "`IC`"),
    ] {
        let mut value: Value = serde_json::from_str(&vector.verifying_key).unwrap();
        change(&mut value);
        assert_shape(verifying_key_from_json(value.to_string().as_bytes()), part);
    }
    for (text, part) in [
        ("", "EOF"),
        ("[", "EOF"),
        ("[] []", "trailing characters"),
        ("{}", "invalid type: map"),
        ("[[\"1\"]]", "invalid type: sequence"),
        ("[-1]", "2^53 - 1"),
        ("[1.5]", "2^53 - 1"),
        ("[1e3]", "2^53 - 1"),
        ("[9007199254740992]", "2^53 - 1"),
        ("[18446744073709551616]", "2^53 - 1"),
        ("[null]", "2^53 - 1"),
        ("[\"1\",]", "trailing comma"),
    ] {
        assert_shape(public_inputs_from_json(text.as_bytes()), part);
    }
    assert_shape(public_inputs_from_json(b"[\"\xff\"]"), "unicode");
}

#[test]
fn a_field_that_comes_twice_is_refused() {
    let text = vector("chain").proof.replace(
        "\"protocol\"",
        "\"pi_a\": [\"1\", \"2\", \"1\"], \"protocol\"",
    );
    assert_shape(proof_from_json(text.as_bytes()), "duplicate field `pi_a`");
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let nested = "[".repeat(1 << 20);
    assert_shape(public_inputs_from_json(nested.as_bytes()), "");
    assert_shape(proof_from_json(nested.as_bytes()), "");
    assert_shape(calldata_from_text(&nested), "");
    let nested = format!("{{\"extra\": {nested}");
    assert_shape(proof_from_json(nested.as_bytes()), "unknown field");
    assert_shape(verifying_key_from_json(nested.as_bytes()), "unknown field");

    let digits = format!("[{}]", "1".repeat(1 << 20));
    assert_shape(
        public_inputs_from_json(digits.as_bytes()),
        "number out of range",
    );

    let most = format!("[{}0]", "0,".repeat(MAX_PUBLIC_INPUTS - 1));
    assert_eq!(public(&most).len(), MAX_PUBLIC_INPUTS);
    let part = "expected an array of at most 13107";
    let many = format!("[{}", "0,".repeat(MAX_PUBLIC_INPUTS + 1));
    assert_shape(public_inputs_from_json(many.as_bytes()), part);
    let vector = vector("chain");
    let many = "[\"\",\"\",\"\"],".repeat(MAX_PUBLIC_INPUTS + 2);
    let many = vector
        .verifying_key
        .replace("\"IC\": [", &format!("\"IC\": [{many}"));
    assert_shape(verifying_key_from_json(many.as_bytes()), part);
    let inputs = "\"\",".repeat(MAX_PUBLIC_INPUTS + 1);
    let (proof, _) = vector.calldata.rsplit_once('[').unwrap();
    assert_shape(calldata_from_text(&format!("{proof}[{inputs}")), part);

    let large = vec![b' '; MAX_BYTES + 1];
    let expected = |file, max| JsonError::TooLarge {
        file,
        max,
        got: MAX_BYTES + 1,
    };
    assert_eq!(
        proof_from_json(&large),
        Err(expected("proof.json", MAX_BYTES))
    );
    assert_eq!(
        public_inputs_from_json(&large),
        Err(expected("public.json", MAX_BYTES))
    );
    assert_eq!(
        verifying_key_from_json(&large),
        Err(expected("verification_key.json", MAX_BYTES))
    );
    let large = String::from_utf8(large).unwrap();
    assert_eq!(
        calldata_from_text(&large),
        Err(expected("calldata", MAX_BYTES - 2))
    );
}

#[test]
fn calldata_that_is_none_is_refused() {
    let good = vector("chain").calldata;
    let words: Vec<&str> = good.split('"').skip(1).step_by(2).collect();
    assert_eq!(words.len(), 8 + 3);
    let places = [
        "a", "a", "b", "b", "b", "b", "c", "c", "input[0]", "input[1]", "input[2]",
    ];
    let q = |text: &str| format!("0x{}", text.repeat(32));
    for (i, (word, place)) in words.iter().zip(places).enumerate() {
        for got in [
            "",
            "0x",
            "1",
            &word[2..],
            &word[..65],
            &format!("{word}0"),
            &format!("{word}00"),
            &word.replacen("0x", "0X", 1),
            &q("ff"),
            &q("zz"),
            &"0".repeat(100_000),
        ] {
            let text = good.replacen(word, got, 1);
            let expected = JsonError::Word {
                place: place.to_owned(),
                got: got.chars().take(100).collect(),
            };
            assert_eq!(calldata_from_text(&text), Err(expected), "word {i}");
        }
        // Any other coordinate is a point off the curve; another input is well-formed.
        let text = good.replacen(word, &q("01"), 1);
        match calldata_from_text(&text) {
            Ok(_) => assert!(i >= 8, "word {i}"),
            Err(error) => {
                let place = place.to_owned();
                assert_eq!(error, JsonError::Point { place }, "word {i}");
                assert!(i < 8);
            }
        }
    }
    let swapped = good
        .replacen(words[2], "first", 1)
        .replacen(words[3], words[2], 1);
    let swapped = swapped.replacen("first", words[3], 1);
    let place = "b".to_owned();
    assert_eq!(
        calldata_from_text(&swapped),
        Err(JsonError::Point { place })
    );

    let upper = good.to_uppercase().replace("0X", "0x");
    assert_eq!(calldata_from_text(&upper), calldata_from_text(&good));
    for text in [
        "".to_owned(),
        good.trim_end().trim_end_matches(']').to_owned(),
        format!("{},[]", good.trim_end()),
        format!("[{}]", good.trim_end()),
        good.replacen("],[[", "],[", 1),
        good.replace('"', ""),
        good.replacen('"', "", 1),
        format!("{}] [", good.trim_end()),
    ] {
        assert_shape(calldata_from_text(&text), "");
    }
}

#[test]
fn all_zero_words_are_infinity() {
    let vector = vector("secret_square");
    let zero = format!("\"0x{}\"", "0".repeat(64));
    let point = format!("[{zero}, {zero}]");
    let rest = vector.calldata.split_once("],").unwrap().1;
    let read = calldata_from_text(&format!("{point},{rest}")).unwrap();
    assert_eq!(read.proof.a, G1Affine::zero());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(proof_from_json(&bytes).is_err());
        prop_assert!(verifying_key_from_json(&bytes).is_err());
        let _ = public_inputs_from_json(&bytes);
        prop_assert!(calldata_from_text(&String::from_utf8_lossy(&bytes)).is_err());
    }

    /// One byte of a good file changed: either it is refused or means something else.
    #[test]
    fn changed_files_never_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let vector = vector("chain");
        let expected = proof(&vector.proof);
        let mut text = vector.proof.into_bytes();
        let at = at.index(text.len());
        // RFC 8259, section 2: a form feed, white to ASCII, is none of JSON's.
        let white = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let same = text[at] == byte || (white(text[at]) && white(byte));
        text[at] = byte;
        match proof_from_json(&text) {
            Ok(got) => prop_assert!(same && got == expected),
            Err(error) => prop_assert!(!same && error.to_string().len() < 1000),
        }
    }
}
