//! `verifyBatch` of the fixed verifier in the embedded EVM: it gives the pairing precompile what plain arkworks
//! computes, accepts exactly the batches all of whose proofs are accepted, and refuses every other call with
//! the right error; its gas is pinned.

use crate::common::chain::{SENDER, evm};
use crate::common::trace::precompile_inputs;
use crate::common::{Sample, batch, rng, samples, setup};
use ark_bn254::{Bn254, Fr};
use ark_groth16::{Groth16, ProvingKey};
use proptest::prelude::*;
use std::sync::LazyLock;
use zkroll_verifier_sol::abi::{Address, word_from_u128};
use zkroll_verifier_sol::calldata::{MAX_BATCH, verify_proof_call};
use zkroll_verifier_sol::evm::{Evm, Receipt, TRANSACTION_GAS_LIMIT};
use zkroll_verifier_sol::fixed::{creation_code, runtime_code};

/// Number of public inputs, number of proofs, execution gas of an accepted batch (Osaka).
const GAS: [(usize, usize, u64); 12] = [
    (1, 1, 201_392),
    (1, 2, 248_480),
    (1, 4, 342_656),
    (1, 8, 531_014),
    (1, 16, 907_790),
    (1, 32, 1_661_402),
    (3, 1, 214_812),
    (3, 2, 262_192),
    (3, 4, 356_955),
    (3, 8, 546_531),
    (3, 16, 925_706),
    (3, 32, 1_684_147),
];

/// The bar for a proof with three inputs in a batch of sixteen.
const GAS_BAR: u64 = 60_000;

/// Transaction gas of the largest batch with three inputs.
const LARGEST_GAS: u64 = 13_731_698;

/// What the precompiles alone cost, and 100 for each call to one.
fn floor(public_inputs: u64, proofs: u64) -> u64 {
    146_850 + 6_150 * public_inputs + 46_150 * proofs + 100 * (3 * proofs + 2 * public_inputs)
}

struct Fixture {
    pk: ProvingKey<Bn254>,
    evm: Evm,
    address: Address,
    samples: Vec<Sample>,
}

impl Fixture {
    fn new(public_inputs: usize, proofs: usize) -> Self {
        let pk = setup(public_inputs, 7 + public_inputs as u64);
        let mut evm = evm();
        let deployed = evm.deploy(SENDER, creation_code(&pk.vk).unwrap()).unwrap();
        Self {
            evm,
            address: deployed.address,
            samples: samples(&pk, public_inputs, proofs),
            pk,
        }
    }

    fn call(&mut self, calldata: Vec<u8>) -> Receipt {
        self.evm.call(SENDER, self.address, calldata).unwrap()
    }

    /// The samples over and over.
    fn batch(&self, proofs: usize) -> Vec<Sample> {
        self.samples.iter().cycle().take(proofs).cloned().collect()
    }
}

fn error(receipt: &Receipt) -> Option<&'static str> {
    receipt.error.as_ref().map(|error| error.name())
}

#[test]
fn batches_are_accepted_at_the_pinned_gas() {
    let mut fixtures = [Fixture::new(1, 6), Fixture::new(3, 8)];
    for (public_inputs, proofs, gas) in GAS {
        let fixture = &mut fixtures[public_inputs / 2];
        let receipt = fixture.call(batch::call(&fixture.batch(proofs)));
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(receipt.output, word_from_u128(1));
        let name = format!("{public_inputs} inputs, {proofs} proofs");
        assert_eq!(receipt.gas_execution, gas, "{name}");
        let (n, m) = (public_inputs as u64, proofs as u64);
        assert!(floor(n, m) < gas, "{name}");
        let formula = 147_740 + 6_560 * n + 46_940 * m + 146 * n * m + m * m / 3;
        assert!(gas.abs_diff(formula) <= 300, "{name}: {formula}");
    }
}

#[test]
fn sixteen_proofs_cost_at_most_the_bar() {
    let (_, proofs, gas) = GAS[10];
    assert!(gas.div_ceil(proofs as u64) <= GAS_BAR);
}

#[test]
fn the_largest_batch_fits_a_transaction() {
    let mut fixture = Fixture::new(3, 8);
    let receipt = fixture.call(batch::call(&fixture.batch(MAX_BATCH)));
    assert!(receipt.success, "{}", receipt.failure());
    assert_eq!(receipt.gas_used, LARGEST_GAS);
    const { assert!(LARGEST_GAS < TRANSACTION_GAS_LIMIT) };
}

#[test]
fn the_pairs_are_those_of_the_mirror() {
    for (public_inputs, count) in [(0, 3), (1, 3), (3, 8)] {
        let fixture = Fixture::new(public_inputs, count);
        for proofs in [1, 2, 3, 16, 17] {
            let batch = fixture.batch(proofs);
            let inputs = precompile_inputs(
                runtime_code(&fixture.pk.vk).unwrap(),
                batch::call(&batch),
                8,
            );
            let expected = batch::pairing_input(&fixture.pk.vk, &batch);
            assert!(
                inputs == [expected],
                "{public_inputs} inputs, {proofs} proofs"
            );
            assert!(batch::accepts(&fixture.pk.vk, &batch));
        }
    }
}

#[test]
fn the_pairs_of_a_false_batch_are_those_of_the_mirror() {
    let fixture = Fixture::new(1, 3);
    let vk = &fixture.pk.vk;
    for (name, forged) in batch::forgeries(vk, &fixture.samples) {
        let inputs = precompile_inputs(runtime_code(vk).unwrap(), batch::call(&forged), 8);
        assert!(inputs == [batch::pairing_input(vk, &forged)], "{name}");
        assert!(!batch::accepts(vk, &forged), "{name}");
    }
}

#[test]
fn the_key_is_in_the_coefficients() {
    let fixture = Fixture::new(1, 3);
    let other = setup(1, 99).vk;
    let ours = batch::coefficients(&fixture.pk.vk, &fixture.samples);
    let theirs = batch::coefficients(&other, &fixture.samples);
    assert!(ours[0] == theirs[0] && ours[1] != theirs[1] && ours[2] != theirs[2]);
    let inputs = precompile_inputs(
        runtime_code(&other).unwrap(),
        batch::call(&fixture.samples),
        8,
    );
    assert!(inputs == [batch::pairing_input(&other, &fixture.samples)]);
}

#[test]
fn forgeries_are_refused() {
    for public_inputs in [1, 3] {
        let mut fixture = Fixture::new(public_inputs, 3);
        for (name, forged) in batch::forgeries(&fixture.pk.vk, &fixture.samples) {
            let receipt = fixture.call(batch::call(&forged));
            assert_eq!(error(&receipt), Some("ProofInvalid"), "{name}");
        }
    }
}

#[test]
fn attacks_are_refused_at_every_place_with_their_error() {
    for (public_inputs, proofs) in [(0, 1), (0, 2), (1, 1), (1, 4), (3, 1), (3, 3)] {
        let mut fixture = Fixture::new(public_inputs, proofs);
        let accepted = fixture.call(batch::call(&fixture.samples));
        assert!(accepted.success, "{}", accepted.failure());
        for place in 0..proofs {
            for attack in batch::attacks(&fixture.samples, place) {
                let receipt = fixture.call(attack.calldata);
                let name = format!("{public_inputs} inputs, {}", attack.name);
                assert!(!receipt.success, "{name}");
                assert_eq!(error(&receipt), Some(attack.error), "{name}");
                let bar = 2 * accepted.gas_execution;
                assert!(
                    receipt.gas_execution <= bar,
                    "{name}: {}",
                    receipt.gas_execution
                );
            }
        }
    }
}

#[test]
fn a_batch_of_points_that_are_all_off_the_curve_burns_at_most_twice_the_price() {
    let mut fixture = Fixture::new(3, 8);
    let accepted = fixture.call(batch::call(&fixture.samples)).gas_execution;
    let mut calldata = batch::call(&fixture.samples);
    for i in 0..8 {
        for word in [1, 7] {
            calldata[68 + 352 * i + 32 * word + 31] ^= 1;
        }
    }
    let receipt = fixture.call(calldata);
    assert_eq!(error(&receipt), Some("PointInvalid"));
    assert!(receipt.gas_execution <= 2 * accepted);
}

#[test]
fn a_batch_does_not_verify_under_another_key() {
    let mut fixture = Fixture::new(1, 3);
    let other = creation_code(&setup(1, 99).vk).unwrap();
    fixture.address = fixture.evm.deploy(SENDER, other).unwrap().address;
    let receipt = fixture.call(batch::call(&fixture.samples));
    assert_eq!(error(&receipt), Some("ProofInvalid"));
}

#[test]
fn a_proof_made_random_again_is_accepted() {
    let mut fixture = Fixture::new(3, 3);
    for i in 0..3 {
        let proof = &mut fixture.samples[i].proof;
        let again = Groth16::<Bn254>::rerandomize_proof(&fixture.pk.vk, proof, &mut rng(i as u64));
        assert_ne!(*proof, again);
        *proof = again;
        let receipt = fixture.call(batch::call(&fixture.samples));
        assert!(receipt.success, "{}", receipt.failure());
    }
}

#[test]
fn ether_is_refused() {
    let mut fixture = Fixture::new(1, 2);
    let calldata = batch::call(&fixture.samples);
    let receipt = fixture
        .evm
        .transact(SENDER, fixture.address, calldata, 1)
        .unwrap();
    assert!(!receipt.success && receipt.output.is_empty());
}

/// Proofs under one key with 1 input: some valid, some made from valid points but false.
static POOL: LazyLock<(ProvingKey<Bn254>, Vec<Sample>)> = LazyLock::new(|| {
    let pk = setup(1, 8);
    let mut pool = samples(&pk, 1, 8);
    let other = pool[0].proof.c;
    pool[1].inputs[0] += Fr::from(1u64);
    pool[2].proof.c = other;
    pool[3].proof.a = -pool[3].proof.a;
    (pk, pool)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn together_iff_each_alone(chosen in prop::collection::vec(0..16usize, 1..6)) {
        let (pk, pool) = &*POOL;
        let mut evm = evm();
        let address = evm.deploy(SENDER, creation_code(&pk.vk).unwrap()).unwrap().address;
        // Three of sixteen are false.
        let chosen: Vec<Sample> = chosen
            .iter()
            .map(|i| pool[if *i < 4 { *i } else { 4 + i % 4 }].clone())
            .collect();
        let each = chosen.iter().all(|sample| {
            let calldata = verify_proof_call(&sample.proof, &sample.inputs);
            evm.call(SENDER, address, calldata).unwrap().success
        });
        let together = evm.call(SENDER, address, batch::call(&chosen)).unwrap();
        prop_assert_eq!(together.success, each);
        prop_assert_eq!(batch::accepts(&pk.vk, &chosen), each);
        if !each {
            prop_assert_eq!(error(&together), Some("ProofInvalid"));
        }
    }
}
