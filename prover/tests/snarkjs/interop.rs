//! snarkjs itself beside the prover: each verifies the other's proofs under the other's keys.

use std::fs;
use std::path::PathBuf;

use crate::common::random_instance;
use crate::files::folder;
use libtest_mimic::{Failed, Trial};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_interop::circom::Chain;
use zkroll_interop::snarkjs::{self, Verdict};
use zkroll_interop::trial;
use zkroll_prover::backend::Ark;
use zkroll_prover::formats::DevelopmentKeys;
use zkroll_prover::formats::json::{
    calldata_from_text, calldata_to_text, proof_from_json, proof_to_json, public_inputs_from_json,
    public_inputs_to_json, verifying_key_from_json, verifying_key_to_json,
};
use zkroll_prover::{Fr, PreparedKey, VerifyError, prove, verify};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("snarkjs_verifies_our_proofs", snarkjs_verifies_our_proofs),
        trial("we_verify_proofs_of_snarkjs", we_verify_proofs_of_snarkjs),
    ]
}

fn snarkjs_verifies_our_proofs() -> Result<(), Failed> {
    let folder = folder("ours");
    let rng = &mut StdRng::seed_from_u64(0x5a);
    for num_public in [0, 1, 3] {
        let instance = random_instance(rng, num_public, 20);
        let key = instance.key();
        let proof = prove(&key, &instance.r1cs, &instance.assignment, &Ark, rng)?;
        let vk = verifying_key_to_json(&key.vk, &key.provenance, DevelopmentKeys::AllowUnsafe)?;
        let write = |name: &str, text: String| -> Result<PathBuf, Failed> {
            let path = folder.join(format!("{num_public}_{name}"));
            fs::write(&path, text)?;
            Ok(path)
        };
        let inputs = instance.public_inputs();
        let vk = write("verification_key.json", vk)?;
        let proof_json = write("proof.json", proof_to_json(&proof))?;
        let public = write("public.json", public_inputs_to_json(inputs))?;
        assert_eq!(
            snarkjs::verify(&vk, &public, &proof_json)?,
            Verdict::Accepted
        );
        let calldata = snarkjs::calldata(&public, &proof_json)?;
        assert_eq!(calldata, calldata_to_text(&proof, inputs) + "\n");

        let mut other = proof.clone();
        std::mem::swap(&mut other.a, &mut other.c);
        let other = write("other_proof.json", proof_to_json(&other))?;
        let verdict = snarkjs::verify(&vk, &public, &other)?;
        assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    }
    Ok(())
}

fn we_verify_proofs_of_snarkjs() -> Result<(), Failed> {
    let folder = folder("theirs");
    let chain = Chain::filling_domain(6);
    let circuit = chain.compile(&folder)?;
    let [input, witness, initial, key, proof, public, vk] = [
        "input.json",
        "main.wtns",
        "initial.zkey",
        "final.zkey",
        "proof.json",
        "public.json",
        "verification_key.json",
    ]
    .map(|name| folder.join(name));
    fs::write(&input, chain.input(3, 5, 7))?;
    snarkjs::calculate_witness(&circuit.wasm, &input, &witness)?;
    let ptau = snarkjs::powers_of_tau(&folder, 6)?;
    snarkjs::setup(&circuit.r1cs, &ptau, &initial)?;
    snarkjs::contribute(&initial, &key)?;
    snarkjs::prove(&key, &witness, &proof, &public)?;
    snarkjs::export_verifying_key(&key, &vk)?;
    let calldata = snarkjs::calldata(&public, &proof)?;

    let proof = proof_from_json(&fs::read(proof)?)?;
    let mut public = public_inputs_from_json(&fs::read(public)?)?;
    assert_eq!(public[1..], [5u64, 7].map(Fr::from));
    let read = calldata_from_text(&calldata)?;
    assert_eq!((&read.proof, &read.public_inputs), (&proof, &public));
    let vk = PreparedKey::new(&verifying_key_from_json(&fs::read(vk)?)?)?;
    verify(&vk, &public, &proof)?;
    public[0] += Fr::from(1u64);
    let refused = verify(&vk, &public, &proof);
    assert!(matches!(refused, Err(VerifyError::Invalid)), "{refused:?}");
    Ok(())
}
