//! What the test binaries share: a circuit with any number of public inputs, its proofs, the attacks on a
//! verifier, and the Rust mirror of the rollup contract's words. Each binary uses its part.
#![allow(dead_code)]

pub mod attacks;
pub mod batch;
#[cfg(feature = "evm")]
pub mod chain;
pub mod mirror;
#[cfg(feature = "evm")]
pub mod rollup;
#[cfg(feature = "evm")]
pub mod trace;

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::{Groth16, Proof, ProvingKey};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError,
};
use ark_snark::SNARK;
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;

pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// `secret₀·secret₁·x₁·…·xₙ = product`, with the public x and witnesses for the rest: satisfiable for
/// any x, and every x is in a constraint.
#[derive(Clone)]
pub struct Product {
    pub secret: [Fr; 2],
    pub inputs: Vec<Fr>,
}

impl ConstraintSynthesizer<Fr> for Product {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let linear = |variable| LinearCombination::from((Fr::from(1u64), variable));
        let inputs = self
            .inputs
            .iter()
            .map(|x| cs.new_input_variable(|| Ok(*x)))
            .collect::<Result<Vec<_>, _>>()?;
        let [a, b] = self.secret;
        let mut factor = cs.new_witness_variable(|| Ok(a))?;
        let second = cs.new_witness_variable(|| Ok(b))?;
        let mut value = a;
        for (x, variable) in
            std::iter::once((b, second)).chain(self.inputs.iter().copied().zip(inputs))
        {
            value *= x;
            let product = cs.new_witness_variable(|| Ok(value))?;
            cs.enforce_r1cs_constraint(|| linear(factor), || linear(variable), || linear(product))?;
            factor = product;
        }
        Ok(())
    }
}

pub fn setup(public_inputs: usize, seed: u64) -> ProvingKey<Bn254> {
    let circuit = Product {
        secret: [Fr::from(2u64), Fr::from(3u64)],
        inputs: vec![Fr::from(5u64); public_inputs],
    };
    let (pk, _) = Groth16::<Bn254>::circuit_specific_setup(circuit, &mut rng(seed)).unwrap();
    pk
}

pub fn prove(pk: &ProvingKey<Bn254>, inputs: &[Fr], seed: u64) -> Proof<Bn254> {
    let mut rng = rng(seed);
    let circuit = Product {
        secret: [Fr::rand(&mut rng), Fr::rand(&mut rng)],
        inputs: inputs.to_vec(),
    };
    let proof = Groth16::<Bn254>::prove(pk, circuit, &mut rng).unwrap();
    assert!(Groth16::<Bn254>::verify(&pk.vk, inputs, &proof).unwrap());
    proof
}

/// A proof with its public inputs.
#[derive(Clone)]
pub struct Sample {
    pub inputs: Vec<Fr>,
    pub proof: Proof<Bn254>,
}

/// Proofs under one key: random inputs, and inputs at the edges of the field.
pub fn samples(pk: &ProvingKey<Bn254>, public_inputs: usize, count: usize) -> Vec<Sample> {
    let mut rng = rng(public_inputs as u64);
    (0..count)
        .map(|i| {
            let inputs: Vec<Fr> = match i {
                0 => vec![Fr::from(0u64); public_inputs],
                1 => vec![-Fr::from(1u64); public_inputs],
                _ => (0..public_inputs).map(|_| Fr::rand(&mut rng)).collect(),
            };
            let proof = prove(pk, &inputs, 100 + i as u64);
            Sample { inputs, proof }
        })
        .collect()
}
