//! Development setup: a proving key from a trapdoor that this process knows. **UNSAFE.**
//!
//! Whoever knows α, β, γ, δ, τ proves any statement. Such keys serve tests, benches and local
//! chains; they carry [`Provenance::Development`] and say UNSAFE wherever they are shown. Real keys
//! come out of a ceremony.
//!
//! With L_j the Lagrange polynomials of the domain and rows 0..m of A followed by one
//! input-consistency row for each instance column,
//!
//! ```text
//! u_i(τ) = Σ_j A[j,i]·L_j(τ) + (L_{m+i}(τ) if i is an instance column)
//! v_i(τ) = Σ_j B[j,i]·L_j(τ)        w_i(τ) = Σ_j C[j,i]·L_j(τ)
//! ```
//!
//! and the key is the list of [`ProvingKey`]'s table. Source: Groth16 §3.2, libsnark's reduction
//! as in `ark-groth16`'s generator: the same trapdoor gives the same key.
//!
//! The trapdoor is derived from a 32-byte seed with BLAKE3 (key-derivation mode, 512 bits reduced
//! modulo r for each element). The trapdoor and every list of exponents is wiped when it is no
//! longer needed; copies that the compiler or the allocator made are beyond reach.
//!
//! Cost: one pass over the rows; per column two fixed-base multiplications in G1 and one in G2, per
//! witness column and per domain element one more in G1. Scalars 0 cost nothing.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1, g2};
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{Field, One, Zero};
use ark_groth16::VerifyingKey;
use rand::{CryptoRng, RngCore};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::{Domain, DomainTooLarge, scale_by_powers};
use crate::fixed_base::FixedBase;
use crate::key::{HBasis, ProvingKey, combined_column};
use crate::parallel;
use crate::provenance::Provenance;
use crate::r1cs::{Matrix, R1cs};
use crate::setup::SetupError;
use crate::setup::trapdoor::{SecretElements, is_degenerate};

/// The secrets of a setup. Not printable, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Trapdoor {
    alpha: Fr,
    beta: Fr,
    gamma: Fr,
    delta: Fr,
    tau: Fr,
}

impl Trapdoor {
    /// Derives a trapdoor whose elements are neither 0 nor ±1, with γ ≠ ±δ and τ outside the
    /// domain and the one of twice its size, so that the key passes validation and can be divided by
    /// γ and δ in every basis.
    fn derive(seed: &[u8; 32], domain: Domain) -> Self {
        let domain = domain.double().unwrap_or(domain);
        let context = "zkroll 2025 groth16 bn254 UNSAFE development trapdoor v1";
        let mut elements = SecretElements::new(context, seed);
        loop {
            let this = Self {
                alpha: elements.next(),
                beta: elements.next(),
                gamma: elements.next(),
                delta: elements.next(),
                tau: elements.next(),
            };
            let degenerate = [this.alpha, this.beta, this.gamma, this.delta].map(is_degenerate);
            let degenerate = degenerate.contains(&true)
                || this.gamma.square() == this.delta.square()
                || domain.vanishing(this.tau).is_zero();
            if !degenerate {
                return this;
            }
        }
    }
}

/// **UNSAFE.** Makes a development key for a circuit; equal seeds give equal keys.
///
/// `circuit_digest` identifies the circuit; it is stored in the key and not interpreted.
///
/// # Errors
/// If the circuit has no instance column or more rows than the largest domain.
pub fn development(
    r1cs: &dyn R1cs,
    circuit_digest: [u8; 32],
    seed: &[u8; 32],
) -> Result<ProvingKey, SetupError> {
    development_in(r1cs, circuit_digest, seed, HBasis::Monomial)
}

/// **UNSAFE.** As [`development`], with `h_query` in this basis and the rest of the key the same.
///
/// # Errors
/// As [`development`], and if the basis has no domain as large as the circuit's.
#[tracing::instrument(
    name = "development",
    skip_all,
    fields(constraints = r1cs.num_constraints(), %h_basis)
)]
pub fn development_in(
    r1cs: &dyn R1cs,
    circuit_digest: [u8; 32],
    seed: &[u8; 32],
    h_basis: HBasis,
) -> Result<ProvingKey, SetupError> {
    let num_instance = r1cs.num_instance();
    if num_instance == 0 {
        return Err(SetupError::NoInstance);
    }
    let domain = Domain::for_circuit(r1cs.num_constraints(), num_instance)?;
    h_basis.num_points(domain)?;
    let trapdoor = Trapdoor::derive(seed, domain);
    Ok(generate(r1cs, circuit_digest, domain, &trapdoor, h_basis)?)
}

/// The key that belongs to a trapdoor.
fn generate(
    r1cs: &dyn R1cs,
    circuit_digest: [u8; 32],
    domain: Domain,
    trapdoor: &Trapdoor,
    h_basis: HBasis,
) -> Result<ProvingKey, DomainTooLarge> {
    let num_instance = r1cs.num_instance();
    let Trapdoor {
        alpha,
        beta,
        gamma,
        delta,
        tau,
    } = trapdoor;
    let gamma_inverse = Zeroizing::new(gamma.inverse().expect("gamma is not zero"));
    let delta_inverse = Zeroizing::new(delta.inverse().expect("delta is not zero"));

    let [u, v, w] = columns_at(r1cs, domain, *tau);
    let mut combined = Zeroizing::new(vec![Fr::zero(); r1cs.num_columns()]);
    parallel::for_each_mut(&mut combined, |i, value| {
        let scale = if i < num_instance {
            *gamma_inverse
        } else {
            *delta_inverse
        };
        *value = combined_column(*alpha, *beta, [u[i], v[i], w[i]], scale);
    });
    drop(w);
    let h = h_exponents(domain, *tau, *delta_inverse, h_basis)?;

    let non_zero = |scalars: &[Fr]| scalars.iter().filter(|scalar| !scalar.is_zero()).count();
    let in_g1 = non_zero(&u) + non_zero(&v) + combined.len() + h.len();
    let g1_table = FixedBase::<g1::Config>::new(in_g1);
    let g2_table = FixedBase::<g2::Config>::new(non_zero(&v));
    let constant_g1 =
        |secret: &Fr| -> G1Affine { (G1Projective::generator() * secret).into_affine() };
    let constant_g2 =
        |secret: &Fr| -> G2Affine { (G2Projective::generator() * secret).into_affine() };
    Ok(ProvingKey {
        vk: VerifyingKey::<Bn254> {
            alpha_g1: constant_g1(alpha),
            beta_g2: constant_g2(beta),
            gamma_g2: constant_g2(gamma),
            delta_g2: constant_g2(delta),
            gamma_abc_g1: g1_table.multiply(&combined[..num_instance]),
        },
        beta_g1: constant_g1(beta),
        delta_g1: constant_g1(delta),
        a_query: g1_table.multiply(&u),
        b_g1_query: g1_table.multiply(&v),
        b_g2_query: g2_table.multiply(&v),
        h_query: g1_table.multiply(&h),
        h_basis,
        l_query: g1_table.multiply(&combined[num_instance..]),
        circuit_digest,
        provenance: Provenance::Development,
    })
}

/// The exponents of `h_query`.
fn h_exponents(
    domain: Domain,
    tau: Fr,
    delta_inverse: Fr,
    h_basis: HBasis,
) -> Result<Zeroizing<Vec<Fr>>, DomainTooLarge> {
    let scale = Zeroizing::new(domain.vanishing(tau) * delta_inverse);
    match h_basis {
        HBasis::Monomial => {
            let mut h = Zeroizing::new(vec![*scale; domain.size() - 1]);
            scale_by_powers(&mut h, tau);
            Ok(h)
        }
        // L_(2i+1)(τ) is the i-th Lagrange polynomial of the coset ω_2n·H, L_i(τ/ω_2n), times Z(τ)/Z
        // on that coset, which makes it vanish on H.
        HBasis::OddCoset => {
            let shift = domain.odd_shift()?;
            let inverse = |x: Fr| x.inverse().expect("neither a root nor −2 is zero");
            let mut h = domain.lagrange_at(tau * inverse(shift));
            let scale = Zeroizing::new(*scale * inverse(domain.vanishing(shift)));
            parallel::for_each_mut(&mut h, |_, value| *value *= *scale);
            Ok(h)
        }
    }
}

/// **UNSAFE.** As [`development`], from a seed that `rng` draws and that is then forgotten.
///
/// The key is still marked as a development key: that the seed was forgotten cannot be shown.
///
/// # Errors
/// As [`development`].
pub fn development_with_rng<G: RngCore + CryptoRng>(
    r1cs: &dyn R1cs,
    circuit_digest: [u8; 32],
    rng: &mut G,
) -> Result<ProvingKey, SetupError> {
    let mut seed = Zeroizing::new([0u8; 32]);
    rng.fill_bytes(&mut *seed);
    development(r1cs, circuit_digest, &seed)
}

/// The columns of A (with the input-consistency rows), B and C as polynomials, at `tau`.
fn columns_at(r1cs: &dyn R1cs, domain: Domain, tau: Fr) -> [Zeroizing<Vec<Fr>>; 3] {
    let lagrange = domain.lagrange_at(tau);
    let mut columns = Matrix::ALL.map(|matrix| transpose_multiply(r1cs, matrix, &lagrange));
    let first = r1cs.num_constraints();
    for (column, row) in (first..first + r1cs.num_instance()).enumerate() {
        columns[0][column] += lagrange[row];
    }
    columns
}

/// `Σ_j M[j,i]·weights[j]` for every column i, each row visited once.
///
/// Each task owns a vector of all columns, so their number is capped: eight tasks at 2^24 columns
/// hold 4 GiB.
fn transpose_multiply(r1cs: &dyn R1cs, matrix: Matrix, weights: &[Fr]) -> Zeroizing<Vec<Fr>> {
    const MAX_TASKS: usize = 8;
    let (num_rows, num_columns) = (r1cs.num_constraints(), r1cs.num_columns());
    let tasks = parallel::num_threads().clamp(1, MAX_TASKS);
    let rows_per_task = num_rows.div_ceil(tasks).max(1);
    let partial_sums = parallel::map(tasks, |task| {
        let mut sums = Zeroizing::new(vec![Fr::zero(); num_columns]);
        let end = ((task + 1) * rows_per_task).min(num_rows);
        let rows = (task * rows_per_task).min(end)..end;
        for (row, &weight) in rows.clone().zip(&weights[rows]) {
            r1cs.visit_row(matrix, row, &mut |column, coefficient| {
                if coefficient.is_one() {
                    sums[column] += weight;
                } else {
                    sums[column] += weight * coefficient;
                }
            });
        }
        sums
    });
    let mut partial_sums = partial_sums.into_iter();
    let mut total = partial_sums.next().expect("there is at least one task");
    for partial in partial_sums {
        parallel::for_each_mut(&mut total, |i, value| *value += partial[i]);
    }
    total
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MAX_LOG_SIZE;
    use crate::key::NotMonomial;
    use crate::matrices::Matrices;
    use ark_bn254::Bn254;
    use ark_groth16::Groth16;
    use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
    use ark_relations::gr1cs::{
        ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, OptimizationGoal,
        SynthesisError, SynthesisMode, Variable,
    };
    use ark_relations::lc;
    use ark_std::UniformRand;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// x³ + x + 5 = y with y public, and a second public input that no constraint mentions.
    #[derive(Clone)]
    struct Cubic;

    impl ConstraintSynthesizer<Fr> for Cubic {
        fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
            let y = cs.new_input_variable(|| Ok(Fr::from(35u64)))?;
            let _unused = cs.new_input_variable(|| Ok(Fr::from(9u64)))?;
            let x = cs.new_witness_variable(|| Ok(Fr::from(3u64)))?;
            let square = cs.new_witness_variable(|| Ok(Fr::from(9u64)))?;
            let cube = cs.new_witness_variable(|| Ok(Fr::from(27u64)))?;
            cs.enforce_r1cs_constraint(|| lc!() + x, || lc!() + x, || lc!() + square)?;
            cs.enforce_r1cs_constraint(|| lc!() + square, || lc!() + x, || lc!() + cube)?;
            cs.enforce_r1cs_constraint(
                || lc!() + cube + x + (Fr::from(5u64), Variable::One),
                || lc!() + Variable::One,
                || lc!() + y,
            )
        }
    }

    #[test]
    fn the_same_trapdoor_gives_the_key_of_ark_groth16() {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        cs.set_mode(SynthesisMode::Setup);
        Cubic.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        let matrices = Matrices::try_from(&cs).unwrap();
        let domain = Domain::for_circuit(matrices.num_constraints(), 3).unwrap();

        let mut rng = StdRng::seed_from_u64(1);
        let [alpha, beta, gamma, delta] = std::array::from_fn(|_| Fr::rand(&mut rng));
        // arkworks draws tau from the generator it is given.
        let tau = GeneralEvaluationDomain::<Fr>::new(domain.size())
            .unwrap()
            .sample_element_outside_domain(&mut rng.clone());
        let expected = Groth16::<Bn254>::generate_parameters_with_qap(
            Cubic,
            alpha,
            beta,
            gamma,
            delta,
            G1Projective::generator(),
            G2Projective::generator(),
            &mut rng,
        )
        .unwrap();
        let trapdoor = Trapdoor {
            alpha,
            beta,
            gamma,
            delta,
            tau,
        };
        let make = |h_basis| generate(&matrices, [1; 32], domain, &trapdoor, h_basis).unwrap();
        let key = make(HBasis::Monomial);
        assert_eq!(key.provenance, Provenance::Development);
        assert_eq!(ark_groth16::ProvingKey::try_from(key.clone()), Ok(expected));

        // In the other basis by its definition: Lagrange polynomials of the domain of twice the size.
        let odd = make(HBasis::OddCoset);
        let lagrange = domain.double().unwrap().lagrange_at(tau);
        let delta_inverse = delta.inverse().unwrap();
        let points = lagrange.iter().skip(1).step_by(2);
        let points = points.map(|x| (G1Projective::generator() * (*x * delta_inverse)).into());
        assert_eq!(odd.h_query, points.collect::<Vec<G1Affine>>());
        assert_eq!(
            ark_groth16::ProvingKey::try_from(odd.clone()),
            Err(NotMonomial {
                got: HBasis::OddCoset
            })
        );
        let rest = ProvingKey {
            h_query: key.h_query.clone(),
            h_basis: HBasis::Monomial,
            ..odd
        };
        assert_eq!(rest, key);
    }

    #[test]
    fn the_largest_domain_has_no_odd_coset() {
        let domain = Domain::new(1 << MAX_LOG_SIZE).unwrap();
        let refused = h_exponents(domain, Fr::from(7u64), Fr::one(), HBasis::OddCoset);
        let got = 1 << (MAX_LOG_SIZE + 1);
        assert_eq!(refused.map(|_| ()), Err(DomainTooLarge { got }));
    }

    #[test]
    fn derived_trapdoors_differ_by_seed_and_are_not_degenerate() {
        let domain = Domain::new(8).unwrap();
        let first = Trapdoor::derive(&[0; 32], domain);
        let again = Trapdoor::derive(&[0; 32], domain);
        let other = Trapdoor::derive(&[1; 32], domain);
        assert_eq!(first.tau, again.tau);
        assert_ne!(first.tau, other.tau);
        assert_ne!(first.alpha, first.beta);
        assert!(!domain.double().unwrap().vanishing(first.tau).is_zero());
    }
}
