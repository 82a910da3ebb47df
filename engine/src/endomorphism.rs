//! The endomorphisms of G1 and G2, and scalars as short combinations of the powers of what they
//! multiply by.
//!
//! ```text
//! G1:  φ(x, y) = (β·x, y),                    β³ = 1 in Fq,      φ² + φ + 1 = 0
//! G2:  ψ(x, y) = (ξ^((q−1)/3)·x̄, ξ^((q−1)/2)·ȳ),  ξ = 9 + u,     ψ⁴ − ψ² + 1 = 0 on G2
//! ```
//! x̄ is the conjugate, the q-th power in Fq2: ψ is Frobenius on the curve over Fq12 of which E′ is the
//! twist. On points of order r the maps are multiplications by a scalar λ, a root of the same polynomial
//! modulo r. For ψ that is λ = q mod r = 6x², x being the parameter of the curve:
//! ```text
//! q = 36x⁴ + 36x³ + 24x² + 6x + 1,   r = 36x⁴ + 36x³ + 18x² + 6x + 1.
//! ```
//!
//! **Decomposition.** k = Σ_j k_j·λ^j with d = 2 numbers of 127 bits in G1 and d = 4 of 64 bits in G2, so
//! that k·P takes a half or a quarter of the doublings. The vectors (k_0, …, k_(d−1)) with
//! Σ k_j·λ^j ≡ 0 (mod r) are the multiples of one short element f of the ring `ℤ[φ]` or `ℤ[ψ]` of norm r:
//! ```text
//! f = (6x² + 2x) − (2x + 1)·φ,   f = (x + 1) + x·ψ + x·ψ² − 2x·ψ³.
//! ```
//! What is left of (k, 0, …) when the multiple of f next to it is taken away is short: with the basis
//! `b_i = f·φ^i` and 1/f = Σ (c_i/r)·φ^i, that is Σ_i ⌊k·c_i/r⌉·b_i.
//!
//! Sources: Gallant, Lambert, Vanstone, *Faster point multiplication on elliptic curves with efficient
//! endomorphisms*, CRYPTO 2001; Galbraith, Scott, *Exponentiation in pairing-friendly groups using
//! homomorphisms*, Pairing 2008, §4; Babai's rounding.
//!
//! Cost: four products of 4 × 4 words at most for a decomposition; two products in the field for a map.

use ark_bn254::{Fq, Fq2, Fr, g1, g2};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{Field, MontFp, PrimeField};

/// The parameter of BN254.
pub(crate) const X: u64 = 4_965_661_367_192_848_881;

/// The same, to compute with.
const PARAMETER: i128 = X as i128;

/// The largest number of components of a scalar.
pub const MAX_DEGREE: usize = 4;

/// `k_0, k_1, …`: those from the group's degree on are 0.
pub type Components = [i128; MAX_DEGREE];

/// What a power of an endomorphism does to a point: `(x·X, y·Y)`, of x and y or of their conjugates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coefficients<F> {
    /// Factor of the abscissa.
    pub x: F,
    /// Factor of the ordinate.
    pub y: F,
    /// Whether the coordinates are conjugated first.
    pub conjugate: bool,
}

#[cfg(test)]
impl<F: Field> Coefficients<F> {
    /// The image of a point as arkworks has it.
    pub(crate) fn apply<C: SWCurveConfig<BaseField = F>>(
        &self,
        point: &ark_ec::short_weierstrass::Affine<C>,
    ) -> ark_ec::short_weierstrass::Affine<C> {
        // The first power of Frobenius is the conjugation of Fq2 and the identity of Fq.
        let power = usize::from(self.conjugate);
        let [x, y] = [point.x, point.y].map(|value| value.frobenius_map(power));
        ark_ec::short_weierstrass::Affine::new_unchecked(x * self.x, y * self.y)
    }
}

/// A curve with an endomorphism e that multiplies the points of order r by λ.
pub trait Endomorphism: SWCurveConfig<ScalarField = Fr> {
    /// Degree of e over the integers: the number of components of a scalar.
    const DEGREE: usize;

    /// `e^power`.
    fn power(power: usize) -> Coefficients<Self::BaseField>;

    /// The components of a scalar: `k = Σ_j k_j·λ^j`, each below 2^127 in magnitude. A scalar below 2^60,
    /// or the negative of one, is its own first component.
    fn decompose(scalar: &Fr) -> Components;
}

impl Endomorphism for g1::Config {
    const DEGREE: usize = 2;

    fn power(power: usize) -> Coefficients<Fq> {
        Coefficients {
            x: BETA.pow([power as u64]),
            y: Fq::ONE,
            conjugate: false,
        }
    }

    fn decompose(scalar: &Fr) -> Components {
        G1_LATTICE.reduce(scalar)
    }
}

impl Endomorphism for g2::Config {
    const DEGREE: usize = 4;

    fn power(power: usize) -> Coefficients<Fq2> {
        let identity = Coefficients {
            x: Fq2::ONE,
            y: Fq2::ONE,
            conjugate: false,
        };
        (0..power).fold(identity, |map, _| Coefficients {
            x: conjugated(map.x) * PSI_X,
            y: conjugated(map.y) * PSI_Y,
            conjugate: !map.conjugate,
        })
    }

    fn decompose(scalar: &Fr) -> Components {
        G2_LATTICE.reduce(scalar)
    }
}

fn conjugated(mut value: Fq2) -> Fq2 {
    value.conjugate_in_place();
    value
}

/// β, a third root of one.
const BETA: Fq =
    MontFp!("21888242871839275220042445260109153167277707414472061641714758635765020556616");

/// ξ^((q−1)/3).
const PSI_X: Fq2 = Fq2::new(
    MontFp!("21575463638280843010398324269430826099269044274347216827212613867836435027261"),
    MontFp!("10307601595873709700152284273816112264069230130616436755625194854815875713954"),
);

/// ξ^((q−1)/2).
const PSI_Y: Fq2 = Fq2::new(
    MontFp!("2821565182194536844548159561693502659359617185244120367078079554186484126554"),
    MontFp!("3505843767911556378687030309984248845540243509899259641013678093033130930403"),
);

/// A basis of the vectors that stand for 0, and the inverse of its first element.
struct Lattice<const D: usize> {
    /// `b_i = f·e^i`.
    basis: [[i128; D]; D],
    /// Whether c_i < 0, and ⌊2^256·|c_i|/r⌉.
    inverse: [(bool, [u64; 4]); D],
}

/// With 1/f = ((6x² + 4x + 1) + (2x + 1)·φ)/r.
const G1_LATTICE: Lattice<2> = {
    let (a, b) = (6 * PARAMETER * PARAMETER + 2 * PARAMETER, 2 * PARAMETER + 1);
    Lattice {
        basis: [[a, -b], [b, a + b]],
        inverse: [
            (false, [0x5398_fd03_00ff_6565, 0x4cce_f014_a773_d2d2, 2, 0]),
            (false, [0xd91d_232e_c7e0_b3d7, 2, 0, 0]),
        ],
    }
};

const G2_LATTICE: Lattice<4> = {
    let x = PARAMETER;
    Lattice {
        basis: [
            [x + 1, x, x, -2 * x],
            [2 * x, x + 1, -x, x],
            [-x, 2 * x, 2 * x + 1, -x],
            [x, -x, x, 2 * x + 1],
        ],
        inverse: [
            (
                false,
                [
                    0xc88c_e3c1_c9b8_a83f,
                    0xab69_94f7_47ca_aeff,
                    0x3d00_6315_61b2_572a,
                    1,
                ],
            ),
            (
                false,
                [
                    0x46f4_bda9_95d5_1bb1,
                    0x08e5_da66_fc71_84ae,
                    0x9e80_318a_b0d9_2b93,
                    0,
                ],
            ),
            (
                true,
                [
                    0xc170_977d_cef3_cd3f,
                    0x55b4_ca7b_a3e5_577d,
                    0x9e80_318a_b0d9_2b95,
                    0,
                ],
            ),
            (
                false,
                [
                    0x2dff_2915_32e4_2728,
                    0x55b4_ca7b_a3e5_577f,
                    0x9e80_318a_b0d9_2b95,
                    0,
                ],
            ),
        ],
    }
};

impl<const D: usize> Lattice<D> {
    /// `(k, 0, …) − Σ_i ⌊k·c_i/r⌉·b_i`.
    ///
    /// The quotients are off by at most 1/2 + k/2^257 < 5/8, so that a component is at most
    /// 5/8·Σ_i |b_(i,j)| in magnitude, which is below 2^126.2 in G1 and 2^64.1 in G2: arithmetic modulo
    /// 2^128 gives it.
    fn reduce(&self, scalar: &Fr) -> Components {
        let k = scalar.into_bigint().0;
        let mut components = [0; MAX_DEGREE];
        components[0] = low(k[0], k[1]);
        for (row, (negative, factor)) in self.basis.iter().zip(&self.inverse) {
            let quotient = rounded_quotient(&k, factor);
            for (component, entry) in components.iter_mut().zip(row) {
                let term = quotient.wrapping_mul(*entry);
                *component = if *negative {
                    component.wrapping_add(term)
                } else {
                    component.wrapping_sub(term)
                };
            }
        }
        components
    }
}

/// ⌊a·b/2^256⌉ modulo 2^128.
fn rounded_quotient(a: &[u64; 4], b: &[u64; 4]) -> i128 {
    // 2^255 in front rounds.
    let mut sum = [0u64; 8];
    sum[3] = 1 << 63;
    for (i, a) in a.iter().enumerate() {
        let mut carry = 0;
        for (j, b) in b.iter().enumerate() {
            // At most (2^64 − 1)² + 2·(2^64 − 1) = 2^128 − 1.
            let wide = u128::from(*a) * u128::from(*b) + u128::from(sum[i + j]) + carry;
            sum[i + j] = wide as u64;
            carry = wide >> 64;
        }
        // Earlier rows end one word below.
        sum[i + 4] = carry as u64;
    }
    low(sum[4], sum[5])
}

/// `a + 2^64·b` modulo 2^128.
fn low(a: u64, b: u64) -> i128 {
    (u128::from(a) | u128::from(b) << 64) as i128
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::scalar_mul::glv::GLVConfig;
    use ark_ec::short_weierstrass::Projective;
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::{AdditiveGroup, One, UniformRand};
    use num_bigint::BigUint;
    use rand::{SeedableRng, rngs::StdRng};

    fn g1_lambda() -> Fr {
        <g1::Config as GLVConfig>::LAMBDA
    }

    /// 6x².
    fn g2_lambda() -> Fr {
        let x = Fr::from(X);
        x * x * Fr::from(6u64)
    }

    fn signed(value: i128) -> Fr {
        let magnitude = Fr::from(value.unsigned_abs());
        if value < 0 { -magnitude } else { magnitude }
    }

    #[test]
    fn constants_are_the_roots_that_they_stand_for() {
        assert!(BETA != Fq::ONE && BETA.pow([3]).is_one());
        let xi = Fq2::new(Fq::from(9u64), Fq::ONE);
        let sixth = (BigUint::from(Fq::MODULUS) - 1u64) / 6u64;
        let root = xi.pow(sixth.to_u64_digits());
        assert_eq!(PSI_X, root.square());
        assert_eq!(PSI_Y, root.square() * root);
    }

    #[test]
    fn endomorphisms_multiply_by_lambda() {
        let rng = &mut StdRng::seed_from_u64(1);
        for _ in 0..4 {
            let p: G1Affine = Projective::rand(rng).into_affine();
            let q: G2Affine = Projective::rand(rng).into_affine();
            for power in 0..5 {
                let expected = p.into_group() * g1_lambda().pow([power as u64]);
                let image = g1::Config::power(power).apply(&p);
                assert_eq!(image, expected.into_affine());
                let expected = q.into_group() * g2_lambda().pow([power as u64]);
                let image = g2::Config::power(power).apply(&q);
                assert_eq!(image, expected.into_affine());
            }
        }
    }

    /// The components stand for the scalar and are as short as the module says.
    fn check<C: Endomorphism>(lambda: Fr, bits: u32, scalar: Fr) {
        let components = C::decompose(&scalar);
        let mut power = Fr::ONE;
        let mut sum = Fr::ZERO;
        for (j, component) in components.into_iter().enumerate() {
            assert!(j < C::DEGREE || component == 0);
            assert!(
                component.unsigned_abs() >> bits == 0,
                "{scalar}: {component}"
            );
            sum += signed(component) * power;
            power *= lambda;
        }
        assert_eq!(sum, scalar);
    }

    #[test]
    fn components_are_short_and_stand_for_the_scalar() {
        let rng = &mut StdRng::seed_from_u64(2);
        let half = Fr::from(2u64).inverse().expect("2 is not 0");
        let special = [Fr::ZERO, half, half - Fr::ONE, g1_lambda(), g2_lambda()];
        let bits = (0..254).map(|bit| Fr::from(2u64).pow([bit]));
        let random = (0..10_000).map(|_| Fr::rand(rng));
        for scalar in special.into_iter().chain(bits).chain(random) {
            for scalar in [scalar, -scalar, scalar + Fr::ONE, scalar - Fr::ONE] {
                check::<g1::Config>(g1_lambda(), 127, scalar);
                check::<g2::Config>(g2_lambda(), 65, scalar);
            }
        }
    }

    #[test]
    fn small_scalars_of_either_sign_are_their_own_component() {
        let values = (0..60).flat_map(|bit| [1i128 << bit, (1 << bit) - 1]);
        for value in values.chain([(1 << 60) - 1]) {
            for value in [value, -value] {
                assert_eq!(g1::Config::decompose(&signed(value)), [value, 0, 0, 0]);
                assert_eq!(g2::Config::decompose(&signed(value)), [value, 0, 0, 0]);
            }
        }
    }
}
