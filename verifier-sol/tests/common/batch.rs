//! The batch check in plain arkworks, which says what `verifyBatch` of contracts/src/FixedVerifier.yul and of
//! contracts/templates/Groth16Verifier.sol computes, and the calls that they must refuse.

use super::attacks::{Attack, plus_modulus};
use super::{Sample, attacks};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, PrimeField, Zero};
use ark_groth16::VerifyingKey;
use zkroll_verifier_sol::abi::{keccak256, selector, word_from_field, word_from_u128};
use zkroll_verifier_sol::calldata::{
    MAX_BATCH, g1_words, g2_words, verify_batch_call, verify_batch_signature, verify_proof_call,
    verify_proof_signature,
};
use zkroll_verifier_sol::fixed::key_hash;

pub fn call(samples: &[Sample]) -> Vec<u8> {
    let batch: Vec<_> = samples
        .iter()
        .map(|sample| (&sample.proof, sample.inputs.as_slice()))
        .collect();
    verify_batch_call(&batch).unwrap()
}

/// c₀ = 1, cᵢ = the high 128 bits of keccak256(seed ‖ i), the seed over tag, key, m and all words.
pub fn coefficients(vk: &VerifyingKey<Bn254>, samples: &[Sample]) -> Vec<Fr> {
    let mut tag = [0; 32];
    tag[..18].copy_from_slice(b"zkroll verifyBatch");
    let hash = key_hash(vk).unwrap();
    let seed = keccak256(&[&tag[..], &hash, &call(samples)[36..]].concat());
    (0..samples.len() as u128)
        .map(|i| match i {
            0 => Fr::from(1u64),
            i => {
                let hash = keccak256(&[seed, word_from_u128(i)].concat());
                Fr::from_be_bytes_mod_order(&hash[..16])
            }
        })
        .collect()
}

/// The m + 3 pairs whose product of pairings must be 1.
pub fn pairs(vk: &VerifyingKey<Bn254>, samples: &[Sample]) -> Vec<(G1Affine, G2Affine)> {
    let weights = coefficients(vk, samples);
    let weighted = |point: &dyn Fn(&Sample) -> G1Projective| -> G1Affine {
        let terms = samples.iter().zip(&weights);
        let sum: G1Projective = terms.map(|(sample, c)| point(sample) * c).sum();
        sum.into_affine()
    };
    let mut pairs: Vec<(G1Affine, G2Affine)> = samples
        .iter()
        .zip(&weights)
        .map(|(sample, c)| ((sample.proof.a * c).into_affine(), sample.proof.b))
        .collect();
    pairs.push((weighted(&|s| s.proof.c.into_group()), -vk.delta_g2));
    pairs.push((weighted(&|_| vk.alpha_g1.into_group()), -vk.beta_g2));
    pairs.push((weighted(&|s| public_sum(vk, &s.inputs)), -vk.gamma_g2));
    pairs
}

/// L = IC₀ + Σ xⱼ·ICⱼ
fn public_sum(vk: &VerifyingKey<Bn254>, inputs: &[Fr]) -> G1Projective {
    let (first, rest) = vk.gamma_abc_g1.split_first().unwrap();
    let terms = rest.iter().zip(inputs).map(|(point, x)| *point * x);
    first.into_group() + terms.sum::<G1Projective>()
}

pub fn accepts(vk: &VerifyingKey<Bn254>, samples: &[Sample]) -> bool {
    let (g1, g2): (Vec<_>, Vec<_>) = pairs(vk, samples).into_iter().unzip();
    Bn254::multi_pairing(g1, g2).is_zero()
}

/// [`pairs`] as the pairing precompile takes them.
pub fn pairing_input(vk: &VerifyingKey<Bn254>, samples: &[Sample]) -> Vec<u8> {
    pairs(vk, samples)
        .iter()
        .flat_map(|(p, q)| [&g1_words(p)[..], &g2_words(q)].concat())
        .flatten()
        .collect()
}

/// Batches of valid points and words in which no proof, or not every proof, is valid, and whose errors
/// would cancel in a check that is weaker than ours. At least three samples, at least one input.
pub fn forgeries(vk: &VerifyingKey<Bn254>, samples: &[Sample]) -> Vec<(String, Vec<Sample>)> {
    let mut forgeries = Vec::new();
    let weights = coefficients(vk, samples);
    let point = G1Affine::generator();
    let delta = Fr::from(7u64);
    // C_a += u·P, C_b −= v·P, and likewise for x: u·c_a = v·c_b under the weights in mind.
    for (a, b) in (0..samples.len()).flat_map(|a| (0..samples.len()).map(move |b| (a, b))) {
        if a == b {
            continue;
        }
        for (name, u, v) in [
            ("all weights were 1", Fr::from(1u64), Fr::from(1u64)),
            (
                "weights did not depend on what they weigh",
                weights[a].inverse().unwrap(),
                weights[b].inverse().unwrap(),
            ),
            (
                "weights were the indices + 1",
                Fr::from(b as u64 + 1),
                Fr::from(a as u64 + 1),
            ),
        ] {
            let mut forged = samples.to_vec();
            forged[a].proof.c = (forged[a].proof.c + point * u).into_affine();
            forged[b].proof.c = (forged[b].proof.c - point * v).into_affine();
            forgeries.push((format!("C of {a} and {b}, if {name}"), forged));
            for j in 0..samples[a].inputs.len() {
                let mut forged = samples.to_vec();
                forged[a].inputs[j] += delta * u;
                forged[b].inputs[j] -= delta * v;
                forgeries.push((format!("input {j} of {a} and {b}, if {name}"), forged));
            }
        }
        if a < b {
            let mut forged = samples.to_vec();
            let (x, y) = (samples[a].inputs.clone(), samples[b].inputs.clone());
            (forged[a].inputs, forged[b].inputs) = (y, x);
            forgeries.push((format!("inputs of {a} and {b} exchanged"), forged));
            let mut forged = samples.to_vec();
            (forged[a].proof.c, forged[b].proof.c) = (samples[b].proof.c, samples[a].proof.c);
            forgeries.push((format!("C of {a} and {b} exchanged"), forged));
            let mut forged = samples.to_vec();
            (forged[a].proof.a, forged[b].proof.a) = (samples[b].proof.a, samples[a].proof.a);
            forgeries.push((format!("A of {a} and {b} exchanged"), forged));
        }
    }
    // The same proof throughout, so that errors in A and in B can cancel.
    let same = vec![samples[0].clone(); 3];
    let weights: Vec<Fr> = coefficients(vk, &same)
        .iter()
        .map(|c| c.inverse().unwrap())
        .collect();
    let mut forged = same.clone();
    forged[1].proof.a = (forged[1].proof.a + point * weights[1]).into_affine();
    forged[2].proof.a = (forged[2].proof.a - point * weights[2]).into_affine();
    forgeries.push(("A, if weights did not depend on it".into(), forged));
    let mut forged = same;
    let point = G2Affine::generator();
    forged[1].proof.b = (forged[1].proof.b + point * weights[1]).into_affine();
    forged[2].proof.b = (forged[2].proof.b - point * weights[2]).into_affine();
    forgeries.push(("B, if weights did not depend on it".into(), forged));
    forgeries
}

/// Every attack on one proof (attacks.rs) made on proof `place` of the batch, each with the error that it has
/// alone, and on the way the call is written down.
pub fn attacks(samples: &[Sample], place: usize) -> Vec<Attack> {
    let valid = call(samples);
    let public_inputs = samples[0].inputs.len();
    let stride = 32 * (8 + public_inputs);
    let start = 68 + stride * place;
    let single = verify_proof_call(&samples[place].proof, &samples[place].inputs);
    let mut attacks: Vec<Attack> = attacks::all(&samples[place])
        .into_iter()
        .filter(|attack| {
            attack.calldata.len() == single.len() && attack.calldata[..4] == single[..4]
        })
        .map(|attack| {
            let mut calldata = valid.clone();
            calldata[start..start + stride].copy_from_slice(&attack.calldata[4..]);
            Attack {
                name: format!("proof {place} of {}: {}", samples.len(), attack.name),
                calldata,
                ..attack
            }
        })
        .collect();
    attacks.extend(encodings(samples));
    attacks
}

/// The valid call, written down in ways that are refused.
fn encodings(samples: &[Sample]) -> Vec<Attack> {
    let valid = call(samples);
    let public_inputs = samples[0].inputs.len();
    let stride = 32 * (8 + public_inputs);
    let m = samples.len() as u128;
    let mut attacks = Vec::new();
    let mut add = |name: &str, error, refused_by_decoder, calldata: Vec<u8>| {
        attacks.push(Attack {
            name: format!("{} proofs: {name}", samples.len()),
            calldata,
            error,
            refused_by_decoder,
        });
    };
    // The offset at byte 4, the number of proofs at byte 36.
    let with = |at: usize, word: [u8; 32]| {
        let mut call = valid.clone();
        call[at..at + 32].copy_from_slice(&word);
        call
    };
    let with_high_bit = |at: usize, bit: usize| {
        let mut call = valid.clone();
        call[at + 31 - bit / 8] ^= 1 << (bit % 8);
        call
    };

    let none = [&valid[..36], &[0; 32]].concat();
    add("no proof", "ProofCountInvalid", false, none.clone());
    let many = samples
        .iter()
        .cycle()
        .take(MAX_BATCH)
        .cloned()
        .collect::<Vec<_>>();
    let mut many = [call(&many), valid[68..68 + stride].to_vec()].concat();
    many[36..68].copy_from_slice(&word_from_u128(MAX_BATCH as u128 + 1));
    add("one proof too many", "ProofCountInvalid", false, many);
    let length = "CalldataLengthInvalid";
    add(
        "number of proofs 0",
        "ProofCountInvalid",
        false,
        with(36, [0; 32]),
    );
    add(
        "number of proofs + 1",
        length,
        true,
        with(36, word_from_u128(m + 1)),
    );
    if m > 1 {
        add(
            "number of proofs - 1",
            length,
            false,
            with(36, word_from_u128(m - 1)),
        );
    }
    // 2^251 times a proof's bytes, a multiple of 32, is 0 modulo 2^256.
    for bit in [64, 251, 255] {
        let name = format!("number of proofs + 2^{bit}");
        add(&name, "ProofCountInvalid", true, with_high_bit(36, bit));
    }
    add(
        "number of proofs 2^256 - 1",
        "ProofCountInvalid",
        true,
        with(36, [0xff; 32]),
    );

    let canonical = "CalldataNotCanonical";
    // There the decoder reads the offset itself as the number of proofs.
    add("offset 0", canonical, false, with(4, [0; 32]));
    let gap = [&valid[..4], &word_from_u128(64), &[0; 32], &valid[36..]].concat();
    add("offset 64 with a gap", canonical, false, gap);
    add("offset 33", canonical, true, with(4, word_from_u128(33)));
    add("offset 31", canonical, true, with(4, word_from_u128(31)));
    for bit in [64, 255] {
        add(
            &format!("offset + 2^{bit}"),
            canonical,
            true,
            with_high_bit(4, bit),
        );
    }

    for extra in [1, 31, 32, stride] {
        let trailing = [valid.clone(), vec![0; extra]].concat();
        add(&format!("{extra} trailing bytes"), length, false, trailing);
    }
    for missing in [1, 32, stride] {
        let short = valid[..valid.len() - missing].to_vec();
        add(&format!("{missing} bytes missing"), length, true, short);
    }
    for left in [4, 5, 36, 67] {
        add(
            &format!("only {left} bytes"),
            length,
            true,
            valid[..left].to_vec(),
        );
    }
    let mut other = valid.clone();
    other[3] ^= 1;
    add("another selector", "SelectorInvalid", false, other);
    add(
        "half a selector",
        "SelectorInvalid",
        false,
        valid[..2].to_vec(),
    );
    let mut other = valid.clone();
    other[..4].copy_from_slice(&selector(&verify_batch_signature(public_inputs + 1)));
    add(
        "the selector for another number of inputs",
        "SelectorInvalid",
        false,
        other,
    );
    let single = selector(&verify_proof_signature(public_inputs));
    let mut other = valid.clone();
    other[..4].copy_from_slice(&single);
    add("verifyProof's selector", length, false, other);
    let mut other = [
        selector(&verify_batch_signature(public_inputs)).to_vec(),
        vec![],
    ]
    .concat();
    other.extend(&verify_proof_call(&samples[0].proof, &samples[0].inputs)[4..]);
    add("verifyProof's arguments", canonical, true, other);
    for (j, x) in samples[0].inputs.iter().enumerate() {
        let at = 68 + 32 * (8 + j);
        let mut two = with(at, plus_modulus::<Fr>(&word_from_field(x)));
        let last = valid.len() - stride;
        two[last] = 0xff;
        let first = if m == 1 {
            "CoordinateNotInField"
        } else {
            "InputNotInField"
        };
        add(
            &format!("input {j} and the last A.x too large"),
            first,
            false,
            two,
        );
    }
    attacks
}
