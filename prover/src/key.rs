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
//! | `h_query` | in the monomial [basis](HBasis) `[τ^i·Z(τ)/δ]₁` for i in 0..n−1, n the domain's size |
//! | `l_query` | `[(β·u_i + α·v_i + w_i)(τ)/δ]₁` for the witness columns |
//!
//! Source: Groth16 §3.2, in the layout of `ark_groth16::ProvingKey`, to which three things are added:
//! the basis of `h_query`, which circuit the key is for and where it comes from.

use std::fmt;

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;
use ark_serialize::CanonicalSerialize;

use crate::domain::{Domain, DomainTooLarge};
use crate::provenance::Provenance;
use crate::r1cs::R1cs;

/// The polynomials whose values at τ stand in `h_query`.
///
/// The list serves one sum, `[h(τ)·Z(τ)/δ]₁` for the quotient `h = (A·B − C)/Z`. Any basis of the
/// polynomials `h·Z` gives it: the sum is the same point and so is the proof.
///
/// With n the domain's size, ω the domain's root and ω_2n that of twice the size, ω_2n² = ω (both in
/// arkworks' chain of roots, which is snarkjs's, see [`domain`](crate::domain)):
///
/// | basis | `h_query[i]` | points | multiplied with |
/// |---|---|---|---|
/// | [`Monomial`](Self::Monomial) | `[τ^i·Z(τ)/δ]₁` | n − 1 | the coefficients h_i |
/// | [`OddCoset`](Self::OddCoset) | `[L_(2i+1)(τ)/δ]₁` | n | the values `−2·h(ω_2n^(2i+1))` |
///
/// L_k is the k-th Lagrange polynomial of the domain of 2n elements: `P = A·B − C` is of degree below
/// 2n and zero on its even elements, so `P(τ) = Σ_i P(ω_2n^(2i+1))·L_(2i+1)(τ)`, and on its odd ones
/// `P = (X^n − 1)·h = −2·h`.
///
/// Cost: the monomial basis takes the six transforms of the quotient, the other one a seventh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HBasis {
    /// Powers of τ: what `ark-groth16` and this crate's setup make.
    Monomial,
    /// Lagrange polynomials on the odd half of the domain of 2n elements: section 9 of snarkjs's
    /// `.zkey`. A domain of 2^28 elements has no such half, as there is no root of order 2^29; for it
    /// snarkjs takes another coset, which is not this basis.
    OddCoset,
}

impl HBasis {
    /// Points of `h_query` for this domain.
    pub(crate) fn num_points(self, domain: Domain) -> Result<usize, DomainTooLarge> {
        match self {
            Self::Monomial => Ok(domain.size() - 1),
            Self::OddCoset => domain.double().map(|_| domain.size()),
        }
    }

    /// Elements of the domain for which `h_query` has so many points.
    pub(crate) const fn domain_size(self, num_points: usize) -> usize {
        match self {
            Self::Monomial => num_points.saturating_add(1),
            Self::OddCoset => num_points,
        }
    }
}

impl fmt::Display for HBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Monomial => "monomial",
            Self::OddCoset => "odd coset",
        })
    }
}

/// A key that `ark-groth16` cannot prove with: it multiplies `h_query` with the quotient's
/// coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected h_query in the monomial basis, got it in the basis {got}")]
pub struct NotMonomial {
    /// The key's basis.
    pub got: HBasis,
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
    /// `[τ^i·Z(τ)/δ]₁` for i in 0..n−1, or what [`HBasis`] says of another basis.
    pub h_query: Vec<G1Affine>,
    /// The basis of `h_query`.
    pub h_basis: HBasis,
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
    pub h_basis: HBasis,
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
    /// The shape of every key for this circuit with `h_query` in this basis.
    pub fn of_circuit<R: R1cs + ?Sized>(r1cs: &R, h_basis: HBasis) -> Result<Self, DomainTooLarge> {
        let domain = Domain::for_circuit(r1cs.num_constraints(), r1cs.num_instance())?;
        let num_columns = r1cs.num_columns();
        Ok(Self {
            gamma_abc_g1: r1cs.num_instance(),
            a_query: num_columns,
            b_g1_query: num_columns,
            b_g2_query: num_columns,
            h_query: h_basis.num_points(domain)?,
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
            h_basis: HBasis::Monomial,
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
            h_basis: self.h_basis,
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
impl TryFrom<ProvingKey> for ark_groth16::ProvingKey<Bn254> {
    type Error = NotMonomial;

    fn try_from(key: ProvingKey) -> Result<Self, NotMonomial> {
        if key.h_basis != HBasis::Monomial {
            return Err(NotMonomial { got: key.h_basis });
        }
        Ok(Self {
            vk: key.vk,
            beta_g1: key.beta_g1,
            delta_g1: key.delta_g1,
            a_query: key.a_query,
            b_g1_query: key.b_g1_query,
            b_g2_query: key.b_g2_query,
            h_query: key.h_query,
            l_query: key.l_query,
        })
    }
}

/// One line that says UNSAFE where that is the case.
impl fmt::Display for ProvingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Groth16 BN254 proving key, {} public inputs, {} columns, domain {}, basis of h_query \
             {}, circuit {}, {}",
            self.num_public_inputs(),
            self.a_query.len(),
            self.h_basis.domain_size(self.h_query.len()),
            self.h_basis,
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
