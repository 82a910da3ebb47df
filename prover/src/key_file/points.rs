//! Points as raw little-endian Montgomery bytes.

use ark_bn254::{Fq, Fq2};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, PrimeField};

/// A coordinate with a fixed-size raw encoding.
pub trait RawCoordinate: Copy {
    /// Bytes of a coordinate.
    const BYTES: usize;

    /// Appends the coordinate.
    fn write_raw(&self, out: &mut Vec<u8>);

    /// The coordinate in exactly `BYTES` bytes; `None` if it is not below the modulus.
    fn read_raw(bytes: &[u8]) -> Option<Self>;
}

impl RawCoordinate for Fq {
    const BYTES: usize = 32;

    fn write_raw(&self, out: &mut Vec<u8>) {
        for limb in self.0.0 {
            out.extend_from_slice(&limb.to_le_bytes());
        }
    }

    fn read_raw(bytes: &[u8]) -> Option<Self> {
        let mut limbs = [0u64; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
            *limb = u64::from_le_bytes(chunk.try_into().ok()?);
        }
        let representative = BigInt::new(limbs);
        (representative < Self::MODULUS).then(|| Self::new_unchecked(representative))
    }
}

impl RawCoordinate for Fq2 {
    const BYTES: usize = 64;

    fn write_raw(&self, out: &mut Vec<u8>) {
        self.c0.write_raw(out);
        self.c1.write_raw(out);
    }

    fn read_raw(bytes: &[u8]) -> Option<Self> {
        let (c0, c1) = bytes.split_at_checked(32)?;
        Some(Self::new(Fq::read_raw(c0)?, Fq::read_raw(c1)?))
    }
}

/// A point with a fixed-size raw encoding.
pub trait RawPoint: Copy + Send + Sync {
    /// Bytes of a point.
    const BYTES: usize;

    /// The point at infinity.
    const INFINITY: Self;

    /// Appends the point.
    fn write_raw(&self, out: &mut Vec<u8>);

    /// The point in exactly `BYTES` bytes; `None` if a coordinate is not below the modulus. Whether
    /// it is on the curve is not checked.
    fn read_raw(bytes: &[u8]) -> Option<Self>;
}

impl<P: SWCurveConfig> RawPoint for Affine<P>
where
    P::BaseField: RawCoordinate,
{
    const BYTES: usize = 2 * P::BaseField::BYTES;

    const INFINITY: Self = Self::identity();

    fn write_raw(&self, out: &mut Vec<u8>) {
        self.x.write_raw(out);
        self.y.write_raw(out);
    }

    fn read_raw(bytes: &[u8]) -> Option<Self> {
        let (x, y) = bytes.split_at_checked(P::BaseField::BYTES)?;
        Some(Self::new_unchecked(
            P::BaseField::read_raw(x)?,
            P::BaseField::read_raw(y)?,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key_file::layout::{G1_BYTES, G2_BYTES};
    use ark_bn254::{G1Affine, G2Affine};
    use ark_ec::AffineRepr;

    fn round_trip<P: RawPoint + PartialEq + std::fmt::Debug>(point: P) {
        let mut bytes = Vec::new();
        point.write_raw(&mut bytes);
        assert_eq!(bytes.len(), P::BYTES);
        assert_eq!(P::read_raw(&bytes), Some(point));
    }

    #[test]
    fn points_and_infinity_round_trip() {
        round_trip(G1Affine::generator());
        round_trip(G1Affine::zero());
        round_trip(G2Affine::generator());
        round_trip(G2Affine::zero());
    }

    #[test]
    fn sizes_are_those_of_the_layout() {
        assert_eq!((G1Affine::BYTES, G2Affine::BYTES), (G1_BYTES, G2_BYTES));
    }

    #[test]
    fn infinity_is_all_zero() {
        let mut bytes = Vec::new();
        G2Affine::zero().write_raw(&mut bytes);
        assert_eq!(bytes, [0u8; G2_BYTES]);
    }

    #[test]
    fn the_modulus_is_no_coordinate() {
        let mut modulus = Vec::new();
        for limb in Fq::MODULUS.0 {
            modulus.extend_from_slice(&limb.to_le_bytes());
        }
        assert_eq!(Fq::read_raw(&modulus), None);
        modulus[0] -= 1;
        assert!(Fq::read_raw(&modulus).is_some());
        assert_eq!(Fq::read_raw(&[0xff; 32]), None);
    }
}
