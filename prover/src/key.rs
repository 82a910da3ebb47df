//! The proving key.
//!
//! With trapdoor α, β, γ, δ, τ and the circuit's columns as polynomials u_i, v_i, w_i (the columns
//! of A, B, C interpolated over the domain), `[x]` standing for x times the generator:
//!
//! | field | content |
//! |---|---|
//! | `vk` | `[α]₁, [β]₂, [γ]₂, [δ]₂` and, for the instance, `[(β·u_i + α·v_i + w_i)(τ)/γ]₁` |
//! | `beta_g1, delta_g1` | `[β]₁, [δ]₁` |
//! | `a_query` | `[u_i(τ)]₁` for every column |
//! | `b_g1_query`, `b_g2_query` | `[v_i(τ)]₁`, `[v_i(τ)]₂` for every column |
//! | `h_query` | `[τ^i·Z(τ)/δ]₁` for i in 0..n−1, n the domain's size |
//! | `l_query` | `[(β·u_i + α·v_i + w_i)(τ)/δ]₁` for the witness columns |
//!
//! Source: Groth16 §3.2, in the layout of `ark_groth16::ProvingKey`, to which two things are added:
//! which circuit the key is for and where it comes from.

use std::fmt;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;
use ark_serialize::CanonicalSerialize;

use crate::domain::{Domain, DomainTooLarge};
use crate::r1cs::R1cs;

/// Where a proving key comes from, as far as it says itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Made by [`setup::development`](crate::setup::development) from a known trapdoor. **UNSAFE**:
    /// whoever made it can prove false statements.
    Development,
    /// Not recorded, as in keys that come from elsewhere.
    Unknown,
}

impl Provenance {
    /// Whether somebody is known to hold the trapdoor.
    #[must_use]
    pub const fn is_unsafe(self) -> bool {
        matches!(self, Self::Development)
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "UNSAFE development key (its trapdoor is known)",
            Self::Unknown => "unknown provenance",
        })
    }
}

/// A Groth16 proving key over BN254.
#[derive(Clone, Debug, PartialEq)]
pub struct ProvingKey {
    /// The verifying key.
    pub vk: VerifyingKey<Bn254>,
    /// `[β]₁`.
    pub beta_g1: G1Affine,
    /// `[δ]₁`.
    pub delta_g1: G1Affine,
    /// `[u_i(τ)]₁` for every column.
    pub a_query: Vec<G1Affine>,
    /// `[v_i(τ)]₁` for every column.
    pub b_g1_query: Vec<G1Affine>,
    /// `[v_i(τ)]₂` for every column.
    pub b_g2_query: Vec<G2Affine>,
    /// `[τ^i·Z(τ)/δ]₁` for i in 0..n−1.
    pub h_query: Vec<G1Affine>,
    /// `[(β·u_i + α·v_i + w_i)(τ)/δ]₁` for the witness columns.
    pub l_query: Vec<G1Affine>,
    /// Digest of the circuit, as the caller of the setup gave it; this crate does not interpret it.
    pub circuit_digest: [u8; 32],
    /// Where the key comes from.
    pub provenance: Provenance,
}

/// What a key holds besides its lists, and how long those are.
#[derive(Clone, Debug)]
pub(crate) struct KeyConstants {
    pub vk: VerifyingKey<Bn254>,
    pub beta_g1: G1Affine,
    pub delta_g1: G1Affine,
    pub shape: KeyShape,
}

/// The lengths of a key's lists, or the lengths that a circuit demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyShape {
    pub gamma_abc_g1: usize,
    pub a_query: usize,
    pub b_g1_query: usize,
    pub b_g2_query: usize,
    pub h_query: usize,
    pub l_query: usize,
}

impl KeyShape {
    /// The shape of every key for this circuit.
    pub fn of_circuit<R: R1cs + ?Sized>(r1cs: &R) -> Result<Self, DomainTooLarge> {
        let domain = Domain::for_circuit(r1cs.num_constraints(), r1cs.num_instance())?;
        let num_columns = r1cs.num_columns();
        Ok(Self {
            gamma_abc_g1: r1cs.num_instance(),
            a_query: num_columns,
            b_g1_query: num_columns,
            b_g2_query: num_columns,
            h_query: domain.size() - 1,
            l_query: r1cs.num_witness(),
        })
    }

    /// The lengths with the names of their lists.
    pub fn lengths(&self) -> [(&'static str, usize); 6] {
        [
            ("gamma_abc_g1", self.gamma_abc_g1),
            ("a_query", self.a_query),
            ("b_g1_query", self.b_g1_query),
            ("b_g2_query", self.b_g2_query),
            ("h_query", self.h_query),
            ("l_query", self.l_query),
        ]
    }
}

impl ProvingKey {
    /// Takes over a key of `ark-groth16`, of unknown provenance, for the circuit with this digest.
    ///
    /// The prover takes keys over the curve's standard generators only:
    /// `Groth16::generate_random_parameters_with_reduction` draws generators of its own, and such a
    /// key is refused ([`KeyError::BetaMismatch`](crate::KeyError::BetaMismatch)).
    #[must_use]
    pub fn from_ark(key: ark_groth16::ProvingKey<Bn254>, circuit_digest: [u8; 32]) -> Self {
        Self {
            vk: key.vk,
            beta_g1: key.beta_g1,
            delta_g1: key.delta_g1,
            a_query: key.a_query,
            b_g1_query: key.b_g1_query,
            b_g2_query: key.b_g2_query,
            h_query: key.h_query,
            l_query: key.l_query,
            circuit_digest,
            provenance: Provenance::Unknown,
        }
    }

    /// Number of public inputs: instance columns without the constant 1.
    #[must_use]
    pub fn num_public_inputs(&self) -> usize {
        self.vk.gamma_abc_g1.len().saturating_sub(1)
    }

    pub(crate) fn constants(&self) -> KeyConstants {
        KeyConstants {
            vk: self.vk.clone(),
            beta_g1: self.beta_g1,
            delta_g1: self.delta_g1,
            shape: self.shape(),
        }
    }

    pub(crate) fn shape(&self) -> KeyShape {
        KeyShape {
            gamma_abc_g1: self.vk.gamma_abc_g1.len(),
            a_query: self.a_query.len(),
            b_g1_query: self.b_g1_query.len(),
            b_g2_query: self.b_g2_query.len(),
            h_query: self.h_query.len(),
            l_query: self.l_query.len(),
        }
    }
}

/// Drops the circuit digest and the provenance, which `ark-groth16` has no place for.
impl From<ProvingKey> for ark_groth16::ProvingKey<Bn254> {
    fn from(key: ProvingKey) -> Self {
        Self {
            vk: key.vk,
            beta_g1: key.beta_g1,
            delta_g1: key.delta_g1,
            a_query: key.a_query,
            b_g1_query: key.b_g1_query,
            b_g2_query: key.b_g2_query,
            h_query: key.h_query,
            l_query: key.l_query,
        }
    }
}

/// One line that says UNSAFE where that is the case.
impl fmt::Display for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Groth16 BN254 proving key, {} public inputs, {} columns, domain {}, circuit {}, {}",
            self.num_public_inputs(),
            self.a_query.len(),
            self.h_query.len() + 1,
            hex::encode(self.circuit_digest),
            self.provenance,
        )
    }
}

/// Identifies a verifying key: BLAKE3, in key-derivation mode with the context
/// `zkroll 2025 groth16 bn254 verifying key v1`, of its compressed `ark-serialize` encoding.
#[must_use]
pub fn verifying_key_hash(vk: &VerifyingKey<Bn254>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("zkroll 2025 groth16 bn254 verifying key v1");
    vk.serialize_compressed(&mut hasher)
        .expect("a hasher accepts every write");
    *hasher.finalize().as_bytes()
}

/// `(β·u + α·v + w)·scale`, the exponent of a point of `gamma_abc_g1` or `l_query`.
pub(crate) fn combined_column(alpha: Fr, beta: Fr, [u, v, w]: [Fr; 3], scale: Fr) -> Fr {
    (beta * u + alpha * v + w) * scale
}
