//! Baby Jubjub in circomlib's form.
//!
//! ```text
//! a·x² + y² = 1 + d·x²·y²,   a = 168700,   d = 168696,
//! ```
//!
//! over the scalar field of BN254. The group has 8·l points, l prime ([`Scalar`] is the field of l
//! elements). a is a square and d is none, so the unified addition law has no exceptional case.
//!
//! Source: Whitehat, Baylina, Bellés, *Baby Jubjub elliptic curve* (EIP-2494); Bernstein, Birkner,
//! Joye, Lange, Peters, *Twisted Edwards curves* (2008), theorem 3.2 for the Montgomery form.
//!
//! Representation: [`Point`] is arkworks' affine point and is on the curve by construction here;
//! coordinates that come from outside pass through [`point`]. arkworks' own `ark-ed-on-bn254` is
//! the same group in the form a = 1, whose abscissas are not circomlib's: only its scalar field is
//! used. The Montgomery form is v² = u³ + [`MONTGOMERY_A`]·u² + u (its B is 4/(a−d) = 1).
//!
//! Cost: a scalar multiplication is some 254 doublings and half as many additions, one of the
//! base point ([`mul_base8`]) 63 additions.
//!
//! Not here: constant-time arithmetic.

use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ec::{
    AffineRepr, CurveConfig, CurveGroup,
    twisted_edwards::{Affine, MontCurveConfig, Projective, TECurveConfig},
};
use ark_ff::{AdditiveGroup, BigInteger, Field, MontFp, PrimeField};
use thiserror::Error;

use super::field;

/// The curve's parameters, for arkworks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BabyJubjub;

/// A point of the curve.
pub type Point = Affine<BabyJubjub>;

/// A point in extended coordinates.
pub type ProjectivePoint = Projective<BabyJubjub>;

/// An integer modulo the order l of the subgroup.
pub type Scalar = ark_ed_on_bn254::Fr;

/// a in a·x² + y² = 1 + d·x²·y².
pub const EDWARDS_A: Fr = MontFp!("168700");

/// d in a·x² + y² = 1 + d·x²·y².
pub const EDWARDS_D: Fr = MontFp!("168696");

/// A in v² = u³ + A·u² + u.
pub const MONTGOMERY_A: Fr = MontFp!("168698");

impl CurveConfig for BabyJubjub {
    type BaseField = Fr;
    type ScalarField = Scalar;

    const COFACTOR: &'static [u64] = &[8];
    const COFACTOR_INV: Scalar =
        MontFp!("2394026564107420727433200628387514462817212225638746351800188703329891451411");
}

impl TECurveConfig for BabyJubjub {
    const COEFF_A: Fr = EDWARDS_A;
    const COEFF_D: Fr = EDWARDS_D;
    const GENERATOR: Point = Point::new_unchecked(
        MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553"),
        MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
    );

    type MontCurveConfig = Self;
}

impl MontCurveConfig for BabyJubjub {
    const COEFF_A: Fr = MONTGOMERY_A;
    const COEFF_B: Fr = Fr::ONE;

    type TECurveConfig = Self;
}

/// Why coordinates or bytes are not a point.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PointError {
    /// The coordinates do not satisfy the curve equation.
    #[error("expected a point of Baby Jubjub, got ({x}, {y})")]
    NotOnCurve {
        /// Abscissa.
        x: Fr,
        /// Ordinate.
        y: Fr,
    },
    /// The packed ordinate is not below r.
    #[error("expected a packed ordinate below r: {0}")]
    Ordinate(#[from] field::ParseFieldError),
    /// No point has the packed ordinate.
    #[error("expected the ordinate of a point of Baby Jubjub, got {y}")]
    NoSuchOrdinate {
        /// The ordinate.
        y: Fr,
    },
    /// The sign bit is set, but the abscissa is zero.
    #[error("expected sign bit 0 for abscissa 0, got 1")]
    SignOfZero,
}

/// B8, the generator of the subgroup of order l.
pub fn base8() -> Point {
    BabyJubjub::GENERATOR
}

/// The point with these coordinates, of any order.
///
/// # Errors
/// [`PointError::NotOnCurve`].
pub fn point(x: Fr, y: Fr) -> Result<Point, PointError> {
    let point = Point::new_unchecked(x, y);
    if point.is_on_curve() {
        Ok(point)
    } else {
        Err(PointError::NotOnCurve { x, y })
    }
}

/// 8·P.
pub fn mul8(point: &Point) -> ProjectivePoint {
    point.into_group().double().double().double()
}

/// k·B8, from a table of the multiples j·16ⁱ·B8.
pub fn mul_base8(k: &Scalar) -> ProjectivePoint {
    /// Digits of four bits.
    const WINDOWS: usize = 64;
    static TABLE: OnceLock<Vec<Point>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        let mut multiples = Vec::with_capacity(WINDOWS * 15);
        let mut unit = base8().into_group();
        for _ in 0..WINDOWS {
            let mut multiple = unit;
            for _ in 0..15 {
                multiples.push(multiple);
                multiple += unit;
            }
            unit = multiple;
        }
        ProjectivePoint::normalize_batch(&multiples)
    });
    let digits = k.into_bigint().to_bytes_le();
    let digits = digits.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    let mut sum = ProjectivePoint::ZERO;
    for (window, digit) in table.chunks_exact(15).zip(digits) {
        if let Some(index) = usize::from(digit).checked_sub(1) {
            sum += window[index];
        }
    }
    sum
}

/// The Montgomery coordinates u = (1+y)/(1−y), v = u/x; none if x = 0 (the identity and the point
/// of order two).
pub fn to_montgomery(point: &Point) -> Option<(Fr, Fr)> {
    let u = (Fr::ONE + point.y) * (Fr::ONE - point.y).inverse()?;
    Some((u, u * point.x.inverse()?))
}

/// circomlib's `packPoint`: y as 32 little-endian bytes, the top bit set if x > (r−1)/2.
pub fn pack(point: &Point) -> [u8; 32] {
    let mut bytes = field::to_be_bytes(&point.y);
    bytes.reverse();
    if is_negative(&point.x) {
        bytes[31] |= 0x80;
    }
    bytes
}

/// The inverse of [`pack`]. Each point has one encoding.
///
/// # Errors
/// If the ordinate is not below r or belongs to no point, or the sign of zero is negative.
pub fn unpack(bytes: &[u8; 32]) -> Result<Point, PointError> {
    let mut bytes = *bytes;
    let negative = bytes[31] & 0x80 != 0;
    bytes[31] &= 0x7f;
    bytes.reverse();
    let y = field::from_be_bytes(&bytes)?;
    let y2 = y.square();
    // d·y² ≠ a, because d/a is not a square.
    let x2 = (EDWARDS_A - EDWARDS_D * y2)
        .inverse()
        .map(|inverse| (Fr::ONE - y2) * inverse);
    let x = x2
        .and_then(|x2| x2.sqrt())
        .ok_or(PointError::NoSuchOrdinate { y })?;
    if x == Fr::ZERO && negative {
        return Err(PointError::SignOfZero);
    }
    let x = if is_negative(&x) == negative { x } else { -x };
    Ok(Point::new_unchecked(x, y))
}

fn is_negative(x: &Fr) -> bool {
    x.into_bigint() > Fr::MODULUS_MINUS_ONE_DIV_TWO
}

/// A generator T of the eight points whose order divides 8: 4·T = (0, −1).
///
/// 2·T = (1/√a, 0) up to sign asks for y² = a·x², and with the curve equation
/// y² = a·(1 ± √(1−d/a))/d; one of the two signs makes it a square.
pub fn torsion8() -> Point {
    static TORSION: OnceLock<Point> = OnceLock::new();
    *TORSION.get_or_init(|| {
        let (a, d) = (EDWARDS_A, EDWARDS_D);
        let sqrt_a = a.sqrt().expect("a is a square");
        let root = Fr::from(2u64) / sqrt_a;
        let y = [root, -root]
            .iter()
            .find_map(|root| (a / d * (Fr::ONE + root)).sqrt())
            .expect("the group has a point of order 8");
        Point::new_unchecked(y / sqrt_a, y)
    })
}
