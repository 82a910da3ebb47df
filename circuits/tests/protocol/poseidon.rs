//! Poseidon against circomlibjs, and its fast form against its definition.

use crate::common::{rng, vectors, word};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, UniformRand};
use zkroll_circuits::protocol::poseidon::{MAX_INPUTS, hash, parameters, permute, permute_sparse};

#[test]
fn hashes_equal_circomlibjs() {
    let vectors = vectors();
    let cases = vectors["poseidon"].as_array().unwrap();
    assert_eq!(cases.len(), 64);
    let mut arities = [0; MAX_INPUTS + 1];
    for case in cases {
        let inputs: Vec<Fr> = case["inputs"]
            .as_array()
            .unwrap()
            .iter()
            .map(word)
            .collect();
        arities[inputs.len()] += 1;
        assert_eq!(hash(&inputs), word(&case["hash"]), "inputs {inputs:?}");
    }
    assert!(arities[1..].iter().all(|count| *count > 0), "{arities:?}");
}

#[test]
fn sparse_form_equals_the_definition_at_every_width() {
    let mut rng = rng(1);
    for t in 2..=MAX_INPUTS + 1 {
        let parameters = parameters(t);
        assert_eq!(
            parameters.round_constants.len(),
            (parameters.full_rounds + parameters.partial_rounds) * t
        );
        for random in [false, true, true] {
            let mut plain: Vec<Fr> = (0..t)
                .map(|_| if random { Fr::rand(&mut rng) } else { Fr::ZERO })
                .collect();
            let mut sparse = plain.clone();
            permute(parameters, &mut plain);
            permute_sparse(parameters, &mut sparse);
            assert_eq!(plain, sparse, "width {t}");
        }
    }
}

#[test]
#[should_panic(expected = "expected a Poseidon width in 2..=17, got 1")]
fn no_input_is_a_programming_error() {
    hash(&[]);
}

#[test]
#[should_panic(expected = "expected a Poseidon width in 2..=17, got 18")]
fn seventeen_inputs_are_a_programming_error() {
    hash(&[Fr::ZERO; MAX_INPUTS + 1]);
}
