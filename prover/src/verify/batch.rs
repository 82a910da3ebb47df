//! Verification of many proofs under one key.
//!
//! With random weights ρ₀ = 1, ρ₁, …, the m equations are multiplied together, each raised to its
//! weight, and moved to one side:
//!
//! ```text
//! Π e(ρⱼ·Aⱼ, Bⱼ) · e(−(Σ ρⱼ)·α, β) · e(−Σ ρⱼ·Vⱼ, γ) · e(−Σ ρⱼ·Cⱼ, δ) = 1
//! ```
//!
//! where `Σ ρⱼ·Vⱼ = (Σ ρⱼ)·IC₀ + Σᵢ (Σⱼ ρⱼ·xⱼᵢ)·ICᵢ`. Every point has order r (checked), so an
//! invalid proof leaves a value other than 1 in a group of prime order, which the weights of the
//! others hit with probability at most 1/(2¹²⁸ − 1) if they are unknown to whoever made the proofs. Only
//! the first weight may be fixed: scaling all weights by a common factor changes nothing.
//!
//! Cost: m + 3 Miller loops and one final exponentiation, instead of 3·m and m.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM, pairing::Pairing};
use ark_ff::{One, Zero};
use ark_groth16::Proof;
use rand::{CryptoRng, RngCore};

use super::{PreparedKey, VerifyError, check_form, verify};
use crate::parallel;

/// Verifies many proofs at once; no proofs at all are a valid batch.
///
/// `proofs` pairs the public inputs (the constant 1 not included) with the proof. `rng` must be
/// unpredictable to whoever made the proofs.
///
/// # Errors
/// [`VerifyError::InBatch`] if a member is malformed, [`VerifyError::BatchInvalid`] if one does not
/// verify: the combined equation does not tell which, [`find_invalid`] does.
#[tracing::instrument(skip_all, fields(count = proofs.len()))]
pub fn verify_batch<I: AsRef<[Fr]> + Sync, G: RngCore + CryptoRng>(
    key: &PreparedKey,
    proofs: &[(I, Proof<Bn254>)],
    rng: &mut G,
) -> Result<(), VerifyError> {
    let check = |index: usize| {
        let (public_inputs, proof) = &proofs[index];
        check_form(key, public_inputs.as_ref(), proof)
    };
    if let Some(index) = parallel::find_first(proofs.len(), |index| check(index).is_err()) {
        return check(index).map_err(|source| VerifyError::InBatch {
            index,
            source: Box::new(source),
        });
    }

    let weights: Vec<Fr> = (0..proofs.len())
        .map(|j| {
            if j == 0 {
                Fr::one()
            } else {
                random_weight(rng)
            }
        })
        .collect();
    let vk = key.verifying_key();

    let mut input_scalars = vec![Fr::zero(); vk.gamma_abc_g1.len()];
    for (weight, (public_inputs, _)) in weights.iter().zip(proofs) {
        input_scalars[0] += weight;
        for (scalar, input) in input_scalars[1..].iter_mut().zip(public_inputs.as_ref()) {
            *scalar += *weight * input;
        }
    }
    let inputs = G1Projective::msm_unchecked(&vk.gamma_abc_g1, &input_scalars);
    let c_points: Vec<G1Affine> = proofs.iter().map(|(_, proof)| proof.c).collect();
    let c = G1Projective::msm_unchecked(&c_points, &weights);
    let alpha = vk.alpha_g1.into_group() * input_scalars[0];

    let mut left = parallel::map(proofs.len(), |j| proofs[j].1.a.into_group() * weights[j]);
    left.extend([-alpha, -inputs, -c]);
    let left = G1Projective::normalize_batch(&left);
    let right =
        proofs
            .iter()
            .map(|(_, proof)| proof.b)
            .chain([vk.beta_g2, vk.gamma_g2, vk.delta_g2]);
    if Bn254::multi_pairing(left, right).is_zero() {
        Ok(())
    } else {
        Err(VerifyError::BatchInvalid {
            count: proofs.len(),
        })
    }
}

/// A weight in 1..2^128.
fn random_weight<G: RngCore>(rng: &mut G) -> Fr {
    loop {
        let mut bytes = [0u8; 16];
        rng.fill_bytes(&mut bytes);
        let weight = u128::from_le_bytes(bytes);
        if weight != 0 {
            return Fr::from(weight);
        }
    }
}

/// Verifies the proofs one by one and returns the indices of the bad ones with the reasons; an empty
/// list means that all verify.
#[must_use]
pub fn find_invalid<I: AsRef<[Fr]> + Sync>(
    key: &PreparedKey,
    proofs: &[(I, Proof<Bn254>)],
) -> Vec<(usize, VerifyError)> {
    parallel::map(proofs.len(), |j| {
        verify(key, proofs[j].0.as_ref(), &proofs[j].1).err()
    })
    .into_iter()
    .enumerate()
    .filter_map(|(index, error)| error.map(|error| (index, error)))
    .collect()
}
