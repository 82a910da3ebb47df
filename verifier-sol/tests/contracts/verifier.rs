//! The fixed verifier in the embedded EVM: it accepts what ark-groth16 proves and refuses, with the right
//! error, everything else; its gas is pinned.

use crate::common::chain::{SENDER, evm};
use crate::common::{Sample, attacks, samples, setup};
use ark_bn254::Fr;
use zkroll_verifier_sol::abi::{Address, word_from_u128};
use zkroll_verifier_sol::calldata::verify_proof_call;
use zkroll_verifier_sol::evm::{Evm, Receipt};
use zkroll_verifier_sol::fixed::{creation_code, runtime_code};

/// Number of public inputs, proofs, execution gas of an accepted proof (Osaka). The floor, 181,000 + 6,150 per
/// input + 100 per precompile call, is 181,100 / 187,450 / 200,150.
const CASES: [(usize, usize, u64); 3] = [(0, 4, 181_434), (1, 6, 187_927), (3, 8, 200_913)];

/// The bar for three inputs.
const GAS_BAR: u64 = 201_000;

/// What a refused proof may burn: the failed pairing takes all of its 362,000.
const REFUSAL_BAR: u64 = 385_000;

fn call(evm: &mut Evm, to: Address, calldata: Vec<u8>) -> Receipt {
    evm.transact(SENDER, to, calldata, 0).unwrap()
}

fn deployed(public_inputs: usize, proofs: usize) -> (Evm, Address, Vec<Sample>) {
    let pk = setup(public_inputs, 7 + public_inputs as u64);
    let mut evm = evm();
    let deployed = evm.deploy(SENDER, creation_code(&pk.vk).unwrap()).unwrap();
    assert_eq!(evm.code(&deployed.address), runtime_code(&pk.vk).unwrap());
    (evm, deployed.address, samples(&pk, public_inputs, proofs))
}

#[test]
fn proofs_are_accepted_at_the_pinned_gas() {
    for (public_inputs, proofs, gas) in CASES {
        let (mut evm, address, samples) = deployed(public_inputs, proofs);
        for sample in samples {
            let receipt = call(
                &mut evm,
                address,
                verify_proof_call(&sample.proof, &sample.inputs),
            );
            assert!(receipt.success, "{}", receipt.failure());
            assert_eq!(receipt.output, word_from_u128(1));
            assert_eq!(receipt.gas_execution, gas, "{public_inputs} inputs");
        }
    }
    assert!(CASES[2].2 <= GAS_BAR);
}

#[test]
fn attacks_are_refused_with_their_error() {
    for (public_inputs, proofs, _) in CASES {
        let (mut evm, address, samples) = deployed(public_inputs, proofs);
        for attack in samples.iter().flat_map(attacks::all) {
            let receipt = call(&mut evm, address, attack.calldata);
            let name = format!("{public_inputs} inputs: {}", attack.name);
            assert!(!receipt.success, "{name}");
            let error = receipt.error.as_ref().map(|error| error.name());
            assert_eq!(error, Some(attack.error), "{name}: {}", receipt.failure());
            assert!(
                receipt.gas_execution <= REFUSAL_BAR,
                "{name}: {}",
                receipt.gas_execution
            );
        }
    }
}

#[test]
fn a_proof_does_not_verify_under_another_key() {
    let (mut evm, _, samples) = deployed(1, 3);
    let other = creation_code(&setup(1, 99).vk).unwrap();
    let other = evm.deploy(SENDER, other).unwrap().address;
    let sample = &samples[2];
    let receipt = call(
        &mut evm,
        other,
        verify_proof_call(&sample.proof, &sample.inputs),
    );
    assert_eq!(receipt.error.unwrap().name(), "ProofInvalid");
}

#[test]
fn a_call_for_another_number_of_inputs_is_refused() {
    let (mut evm, address, samples) = deployed(1, 3);
    let sample = &samples[2];
    for inputs in [vec![], vec![sample.inputs[0], Fr::from(0u64)]] {
        let receipt = call(&mut evm, address, verify_proof_call(&sample.proof, &inputs));
        assert_eq!(receipt.error.unwrap().name(), "SelectorInvalid");
    }
}

#[test]
fn ether_is_refused() {
    let (mut evm, address, samples) = deployed(1, 1);
    let calldata = verify_proof_call(&samples[0].proof, &samples[0].inputs);
    let receipt = evm.transact(SENDER, address, calldata, 1).unwrap();
    assert!(!receipt.success && receipt.output.is_empty());
}
