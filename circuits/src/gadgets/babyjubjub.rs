//! Baby Jubjub in constraints: `a·x² + y² = 1 + d·x²y²` with a = 168700, d = 168696, and its
//! Montgomery form `v² = u³ + A·u² + u`, A = 168698, u = (1+y)/(1−y), v = u/x.
//!
//! *Why two forms.* The Edwards law is complete (a is a square, d is not): no denominator is zero for
//! points on the curve. It costs 6 constraints. The Montgomery chord costs 3 and fails for equal and
//! opposite points. It is used where no input whatever can bring such points together, and the
//! reason is always the same: the group is Z₈ × (order l), the *torsion class* of every operand is
//! a constant of the circuit, and two points of different classes up to sign have different u.
//!
//! *Torsion.* T₈ generates the torsion, T₂ = 4·T₈ = (0, −1) is (u, v) = (0, 0) and has a place in the
//! Montgomery form; only the identity has none. For the curve of order 8·l see
//! [`protocol::babyjubjub`](crate::protocol::babyjubjub).

use crate::{
    protocol::babyjubjub::{
        BabyJubjub, MONTGOMERY_A, Point, Scalar, base8, to_montgomery, torsion8,
    },
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ec::{AffineRepr, CurveGroup, twisted_edwards::TECurveConfig};
use ark_ff::{AdditiveGroup, Field, PrimeField};
use std::sync::OnceLock;

const A: Fr = BabyJubjub::COEFF_A;
const D: Fr = BabyJubjub::COEFF_D;

/// A point in Edwards form.
#[derive(Clone, Debug)]
pub struct PointVar {
    /// Abscissa.
    pub x: Num,
    /// Ordinate.
    pub y: Num,
}

/// A point in Montgomery form; never the identity.
#[derive(Clone, Debug)]
pub struct MontgomeryVar {
    /// Abscissa.
    pub u: Num,
    /// Ordinate.
    pub v: Num,
}

impl PointVar {
    /// `−P = (−x, y)`.
    pub fn neg(&self) -> Self {
        Self {
            x: -&self.x,
            y: self.y.clone(),
        }
    }

    /// Enforces the curve equation: 3 constraints. Returns x² and y².
    fn enforce_on_curve(&self, builder: &mut Builder) -> Result<[Num; 2]> {
        let x2 = builder.mul(&self.x, &self.x)?;
        let y2 = builder.mul(&self.y, &self.y)?;
        builder.enforce(&(&x2 * D), &y2, &(&(&(&x2 * A) + &y2) - &Num::one()))?;
        Ok([x2, y2])
    }

    /// `8·P` for a P that this shows to be on the curve: 16 constraints. The result lies in the
    /// subgroup of order l and may be the identity.
    pub fn checked_mul_by_cofactor(&self, builder: &mut Builder) -> Result<Self> {
        let squares = builder.scope("on_curve", |builder| self.enforce_on_curve(builder))?;
        builder.scope("cofactor", |builder| {
            let two = self.double_with_squares(builder, &squares)?;
            let four = two.double(builder)?;
            four.double(builder)
        })
    }

    /// `2·P` for P on the curve: 5 constraints.
    pub fn double(&self, builder: &mut Builder) -> Result<Self> {
        let x2 = builder.mul(&self.x, &self.x)?;
        let y2 = builder.mul(&self.y, &self.y)?;
        self.double_with_squares(builder, &[x2, y2])
    }

    /// `x' = 2xy/(ax² + y²)`, `y' = (y² − ax²)/(2 − ax² − y²)`. The denominators are 1 ± d·x²y², which
    /// are not zero on the curve.
    fn double_with_squares(&self, builder: &mut Builder, [x2, y2]: &[Num; 2]) -> Result<Self> {
        let ax2 = x2 * A;
        let sum = &ax2 + y2;
        let xy = builder.mul(&self.x, &self.y)?;
        let x = builder.div(&(&xy + &xy), &sum)?;
        let y = builder.div(&(y2 - &ax2), &(&Num::from(2) - &sum))?;
        Ok(Self { x, y })
    }

    /// `P + Q` for points on the curve: 6 constraints.
    pub fn add(&self, builder: &mut Builder, other: &Self) -> Result<Self> {
        self.addition(builder, other)?.quotients(builder)
    }

    /// `P + Q` for P on the curve and a constant Q: 3 constraints.
    pub fn add_constant(&self, builder: &mut Builder, other: Point) -> Result<Self> {
        let beta = &self.x * other.y;
        let gamma = &self.y * other.x;
        let delta = &(&self.y - &(&self.x * A)) * (other.x + other.y);
        Addition::new(builder, &beta, &gamma, &delta)?.quotients(builder)
    }

    /// The fractions of `P + Q`: 4 constraints.
    fn addition(&self, builder: &mut Builder, other: &Self) -> Result<Addition> {
        let beta = builder.mul(&self.x, &other.y)?;
        let gamma = builder.mul(&self.y, &other.x)?;
        let delta = builder.mul(&(&self.y - &(&self.x * A)), &(&other.x + &other.y))?;
        Addition::new(builder, &beta, &gamma, &delta)
    }

    /// Enforces `P + Q = sum`, coordinate by coordinate, for P and Q on the curve: 6 constraints.
    /// The denominators are not zero, so `sum` is the sum and needs no check of its own.
    pub fn enforce_sum(&self, builder: &mut Builder, other: &Self, sum: &Self) -> Result<()> {
        let fractions = self.addition(builder, other)?;
        builder.enforce(&sum.x, &fractions.x_denominator, &fractions.x)?;
        builder.enforce(&sum.y, &fractions.y_denominator, &fractions.y)
    }

    /// The Montgomery form of a point of order l: 2 constraints. **Unsatisfiable for the identity**,
    /// where the first one reads 0 = 2. Elsewhere in the subgroup x ≠ 0 and y ≠ ±1, so both
    /// quotients are unique.
    pub fn to_montgomery(&self, builder: &mut Builder) -> Result<MontgomeryVar> {
        let u = builder.div(&(&Num::one() + &self.y), &(&Num::one() - &self.y))?;
        let v = builder.div(&u, &self.x)?;
        Ok(MontgomeryVar { u, v })
    }
}

/// Numerators and denominators of a sum in Edwards form:
/// `x = (β + γ)/(1 + d·βγ)`, `y = (δ + a·β − γ)/(1 − d·βγ)` with β = x₁y₂, γ = y₁x₂ and
/// δ = (y₁ − a·x₁)(x₂ + y₂).
struct Addition {
    x: Num,
    x_denominator: Num,
    y: Num,
    y_denominator: Num,
}

impl Addition {
    fn new(builder: &mut Builder, beta: &Num, gamma: &Num, delta: &Num) -> Result<Self> {
        let tau = &builder.mul(beta, gamma)? * D;
        Ok(Self {
            x: beta + gamma,
            x_denominator: &Num::one() + &tau,
            y: &(delta + &(beta * A)) - gamma,
            y_denominator: &Num::one() - &tau,
        })
    }

    fn quotients(&self, builder: &mut Builder) -> Result<PointVar> {
        Ok(PointVar {
            x: builder.div(&self.x, &self.x_denominator)?,
            y: builder.div(&self.y, &self.y_denominator)?,
        })
    }
}

impl MontgomeryVar {
    /// `P + Q` by the chord: 3 constraints.
    ///
    /// Relies on P ≠ ±Q. For P = Q the slope would be the prover's choice.
    fn add_distinct(&self, builder: &mut Builder, other: &Self) -> Result<Self> {
        let slope = builder.div(&(&other.v - &self.v), &(&other.u - &self.u))?;
        self.third_point(builder, &slope, &other.u)
    }

    /// The sum of `self` and a point of abscissa `u`, from the slope of the chord: 2 constraints.
    fn third_point(&self, builder: &mut Builder, slope: &Num, u: &Num) -> Result<Self> {
        let sum = self.abscissa_of_sum(builder, slope, u)?;
        let drop = &self.u - &sum;
        let v = builder.witness(slope.value() * drop.value() - self.v.value())?;
        builder.enforce(slope, &drop, &(&v + &self.v))?;
        Ok(Self { u: sum, v })
    }

    /// `slope² − A − u₁ − u₂`, in a column of its own lest the sums grow from step to step.
    fn abscissa_of_sum(&self, builder: &mut Builder, slope: &Num, u: &Num) -> Result<Num> {
        let others = &(&self.u + u) + &Num::constant(MONTGOMERY_A);
        let sum = builder.witness(slope.value().square() - others.value())?;
        builder.enforce(slope, slope, &(&sum + &others))?;
        Ok(sum)
    }

    /// `2·P + s·Q` as (P + s·Q) + P: 5 constraints. `signed_v` is the ordinate of s·Q.
    ///
    /// Relies on P ≠ ±Q (else the first slope is free). Where P + s·Q = −P, that is 2·P + s·Q is the
    /// identity, no assignment exists: the second slope times zero would have to be 2·v ≠ 0. P + s·Q
    /// = P cannot be, Q being no identity.
    fn double_and_add(&self, builder: &mut Builder, u: &Num, signed_v: &Num) -> Result<Self> {
        let slope = builder.div(&(signed_v - &self.v), &(u - &self.u))?;
        let middle = self.abscissa_of_sum(builder, &slope, u)?;
        // The second chord through P and (middle, slope·(u − middle) − v), without that ordinate:
        // (slope₂ + slope)·(u − middle) = 2·v.
        let sum_of_slopes = builder.div(&(&self.v + &self.v), &(&self.u - &middle))?;
        self.third_point(builder, &(&sum_of_slopes - &slope), &middle)
    }

    /// The Edwards form: x = u/v, y = (u−1)/(u+1), 2 constraints.
    ///
    /// Relies on P ≠ T₂, whose x would be the prover's choice (0·x = 0). v is zero at no other point,
    /// and u = −1 at none: v² = A − 2 = d is not a square.
    pub fn to_edwards(&self, builder: &mut Builder) -> Result<PointVar> {
        let x = builder.div(&self.u, &self.v)?;
        let y = builder.div(&(&self.u - &Num::one()), &(&self.u + &Num::one()))?;
        Ok(PointVar { x, y })
    }
}

/// `h·Q` for Q of order l and the bits of h, an even number of them, at least four:
/// 6·(n − 1) + 16 constraints for n bits.
///
/// *Method.* With h' = ⌊h/2⌋, start at P = Q and go down the bits of h' by P ← 2P ± Q, + for a one:
/// P ends as (2h' + 1)·Q = (h | 1)·Q, and Q is taken off again if h is even.
///
/// *No exceptional case.* P is always k·Q with k odd, and leading zeros keep k at 1: P = ±Q at once,
/// where the chord has no slope. Therefore P and Q are kept in different torsion classes. The steps
/// alternate between
///
/// * P = k·Q + T₂, addend ±Q, result (2k ± 1)·Q, and
/// * P = k·Q, addend ±Q + T₂, result (2k ± 1)·Q + T₂,
///
/// T₂ being its own negative. P and the addend never agree up to sign, whatever Q and h are; P plus
/// the addend is never the identity; and in the second kind the result is never the identity. In the
/// first kind it is if l divides 2k ± 1: then no assignment exists (`MontgomeryVar::double_and_add`).
/// So every assignment computes h·Q: soundness needs nothing of h. Completeness fails exactly where
/// some prefix (h >> j | 1), j even, is an odd multiple of l: at a few values of h, which is a hash.
pub fn mul_bits(builder: &mut Builder, point: &PointVar, bits: &[Num]) -> Result<PointVar> {
    assert!(
        bits.len() >= 4 && bits.len().is_multiple_of(2),
        "the number of steps is odd"
    );
    let montgomery = builder.scope("not_identity", |builder| point.to_montgomery(builder))?;
    // Q + T₂ = (1/u, −v/u²) in Montgomery form, found from its Edwards form.
    let shifted = builder.scope("shifted", |builder| {
        let u = builder.div(&Num::one(), &montgomery.u)?;
        let v = builder.div(&u, &-&point.x)?;
        Ok(MontgomeryVar { u, v })
    })?;
    let odd = builder.scope("ladder", |builder| {
        let mut accumulator = shifted.clone();
        for (step, bit) in bits[1..].iter().rev().enumerate() {
            let addend = if step % 2 == 0 { &montgomery } else { &shifted };
            let positive = builder.mul(&addend.v, bit)?;
            let signed_v = &(&positive + &positive) - &addend.v;
            accumulator = accumulator.double_and_add(builder, &addend.u, &signed_v)?;
        }
        // (h | 1)·Q, class 0: not T₂, and not the identity, which has no Montgomery form.
        accumulator.to_edwards(builder)
    })?;
    builder.scope("parity", |builder| {
        let even = &Num::one() - &bits[0];
        // −Q or the identity (0, 1).
        let x = builder.mul(&-&point.x, &even)?;
        let y = builder.mul(&(&point.y - &Num::one()), &even)?;
        odd.add(
            builder,
            &PointVar {
                x,
                y: &Num::one() + &y,
            },
        )
    })
}

/// Multiples of a constant base point, for [`FixedBase::mul_bits`].
#[derive(Debug)]
pub struct FixedBase {
    /// For each two bits of the scalar, the Montgomery coordinates of `v·4ⁱ·B + τᵢ·T₈`, v = 0…3.
    windows: Vec<[(Fr, Fr); 4]>,
    /// Σ τᵢ: the torsion class of the sum.
    class: i64,
}

impl FixedBase {
    /// B8, for scalars below l (251 bits).
    pub fn base8() -> &'static Self {
        static TABLE: OnceLock<FixedBase> = OnceLock::new();
        TABLE.get_or_init(|| Self::new(base8(), Scalar::MODULUS_BIT_SIZE as usize))
    }

    fn new(base: Point, bits: usize) -> Self {
        let mut class = 0;
        let mut window_base = base.into_group();
        let windows = (0..bits.div_ceil(2))
            .map(|_| {
                let torsion = match class {
                    0 => 2,
                    2 => 1,
                    _ => -1,
                };
                class += torsion;
                let offset = torsion_point(torsion);
                let entry = |v: u64| (window_base * Scalar::from(v) + offset).into_affine();
                let points = std::array::from_fn(|v| {
                    to_montgomery(&entry(v as u64)).expect("its class is neither 0 nor 4")
                });
                window_base = window_base.double().double();
                points
            })
            .collect();
        Self { windows, class }
    }

    /// `s·B` for the bits of s: 4 constraints for two bits, and 5.
    ///
    /// *Method.* s = Σ vᵢ·4ⁱ. Window i looks up `vᵢ·4ⁱ·B + τᵢ·T₈` (both coordinates are affine in b₀,
    /// b₁ and b₀b₁) and is added by the chord.
    ///
    /// *No exceptional case*, for any bits whatever: the first window has τ = 2, the others
    /// alternately +1 and −1, so that the accumulator is in class 2 before a window of class 1 and in
    /// class 3 before one of class −1. The classes never agree up to sign, no accumulator or window is
    /// the identity or T₂, and the last class is taken off by the complete law.
    ///
    /// # Panics
    /// If there are not as many bits as the table was made for.
    pub fn mul_bits(&self, builder: &mut Builder, bits: &[Num]) -> Result<PointVar> {
        assert_eq!(
            bits.len().div_ceil(2),
            self.windows.len(),
            "one window for two bits"
        );
        let mut accumulator: Option<MontgomeryVar> = None;
        for (window, bits) in self.windows.iter().zip(bits.chunks(2)) {
            let point = look_up(builder, window, bits)?;
            accumulator = Some(match accumulator {
                None => point,
                Some(sum) => sum.add_distinct(builder, &point)?,
            });
        }
        let sum = accumulator.expect("at least one bit").to_edwards(builder)?;
        sum.add_constant(builder, torsion_point(-self.class))
    }
}

/// The entry that two bits (or, in a last window, one bit) name: both coordinates as polynomials in
/// the bits, over one product.
fn look_up(builder: &mut Builder, window: &[(Fr, Fr); 4], bits: &[Num]) -> Result<MontgomeryVar> {
    let mut monomials = bits.to_vec();
    if let [b0, b1] = bits {
        monomials.push(builder.mul(b0, b1)?);
    }
    let interpolate = |[c0, c1, c2, c3]: [Fr; 4]| {
        let coefficients = [c1 - c0, c2 - c0, c3 - c2 - c1 + c0];
        Num::linear(c0, &coefficients[..monomials.len()], monomials.iter())
    };
    Ok(MontgomeryVar {
        u: interpolate(window.map(|(u, _)| u)),
        v: interpolate(window.map(|(_, v)| v)),
    })
}

/// `class·T₈`.
fn torsion_point(class: i64) -> Point {
    let multiple = Scalar::from(class.rem_euclid(8) as u64);
    (torsion8() * multiple).into_affine()
}
