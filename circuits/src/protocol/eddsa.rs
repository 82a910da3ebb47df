//! EdDSA over Baby Jubjub with Poseidon, as circomlibjs' `signPoseidon` and @zk-kit/eddsa-poseidon.
//!
//! With B8 the base point, l its order, A the public key and h = Poseidon₅(R8x, R8y, Ax, Ay, M) as
//! an integer in [0, r), the signature (R8, S) of M is valid iff
//!
//! ```text
//! S < l,    A is on the curve and 8·A ≠ O,    S·B8 − h·(8·A) = R8,
//! ```
//!
//! R8 compared coordinate by coordinate. Source: `docs/protocol.md` §2; Bernstein, Duif, Lange,
//! Schwabe, Yang, *High-speed high-security signatures* (2012) for the scheme.
//!
//! Representation: a [`PublicKey`] and a [`Signature`] hold what came over the wire, so that a
//! refusal can name it; only [`verify`] gives them meaning. S < l makes a signature unique (S + l
//! would satisfy the equation too). R8 needs no check of its own: it equals a point of the curve.
//!
//! Cost: [`verify`] is one multiplication of B8, one of 8·A and one hash of width 6.
//!
//! Not here: constant-time signing. [`PrivateKey::sign`] is for wallets on a trusted machine; its
//! running time depends on the key.

use std::fmt;

use ark_bn254::Fr;
use ark_ec::{CurveConfig, CurveGroup};
use ark_ff::{AdditiveGroup, BigInteger, PrimeField};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    babyjubjub::{self, BabyJubjub, Point, PointError, Scalar},
    blake512,
    field::{self, U256},
    poseidon,
};

/// Why a public key cannot own an account.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// It is no point of the curve.
    #[error("public key: {0}")]
    Point(#[from] PointError),
    /// 8·A is the identity: every message would have a signature that anyone can make.
    #[error("public key: expected a point with 8·A ≠ O, got ({x}, {y})")]
    LowOrder {
        /// Ax.
        x: Fr,
        /// Ay.
        y: Fr,
    },
}

/// Why a signature is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// S is not below l.
    #[error("expected S below the subgroup order, got {s}")]
    ScalarTooLarge {
        /// S.
        s: U256,
    },
    /// The public key is not on the curve or of low order.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// S·B8 − h·(8·A) ≠ R8.
    #[error("expected S·B8 - h·8A = R8, got another point: no signature of this message and key")]
    EquationFails,
}

/// The coordinates of a public key A, unchecked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PublicKey {
    /// Ax.
    #[serde(with = "field::element")]
    pub x: Fr,
    /// Ay.
    #[serde(with = "field::element")]
    pub y: Fr,
}

impl PublicKey {
    /// (0, 0), which is no point: the key of an account that only its `l1_owner` can move.
    pub const NONE: Self = Self {
        x: Fr::ZERO,
        y: Fr::ZERO,
    };

    /// Whether this is [`NONE`](Self::NONE).
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The point A.
    ///
    /// # Errors
    /// If A is not on the curve, or 8·A is the identity.
    pub fn point(&self) -> Result<Point, KeyError> {
        let &Self { x, y } = self;
        let point = babyjubjub::point(x, y)?;
        if babyjubjub::mul8(&point) == babyjubjub::ProjectivePoint::ZERO {
            return Err(KeyError::LowOrder { x, y });
        }
        Ok(point)
    }

    /// circomlib's packed form: Ay as 32 little-endian bytes, the sign of Ax in the top bit.
    ///
    /// # Errors
    /// As [`point`](Self::point).
    pub fn pack(&self) -> Result<[u8; 32], KeyError> {
        self.point().map(|point| babyjubjub::pack(&point))
    }

    /// The inverse of [`pack`](Self::pack).
    ///
    /// # Errors
    /// If the bytes are not the packed form of a point, or 8·A is the identity.
    pub fn unpack(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = Self::from(babyjubjub::unpack(bytes)?);
        key.point().map(|_| key)
    }
}

impl From<Point> for PublicKey {
    fn from(point: Point) -> Self {
        Self {
            x: point.x,
            y: point.y,
        }
    }
}

/// A signature as it came over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// R8x and R8y, not necessarily a point.
    #[serde(with = "field::pair")]
    pub r8: (Fr, Fr),
    /// S, not necessarily below l.
    #[serde(with = "field::integer")]
    pub s: U256,
}

/// 32 secret bytes. They are wiped on drop and never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct PrivateKey([u8; 32]);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

impl From<[u8; 32]> for PrivateKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What BLAKE-512 makes of a private key.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Expanded {
    /// s modulo l. The integer s is a multiple of 8, so that s/8 modulo l is s·8⁻¹.
    s: Scalar,
    /// The seed of the nonces.
    prefix: [u8; 32],
}

impl PrivateKey {
    fn expand(&self) -> Expanded {
        let mut digest = blake512::digest(&self.0);
        let (s, prefix) = digest.split_at_mut(32);
        s[0] &= 0xf8;
        s[31] &= 0x7f;
        s[31] |= 0x40;
        let mut expanded = Expanded {
            s: Scalar::from_le_bytes_mod_order(s),
            prefix: [0; 32],
        };
        expanded.prefix.copy_from_slice(prefix);
        digest.zeroize();
        expanded
    }

    /// A = (s/8)·B8.
    pub fn public_key(&self) -> PublicKey {
        self.expand().public_key()
    }

    /// The signature of `message`; the same one each time.
    pub fn sign(&self, message: Fr) -> Signature {
        let expanded = self.expand();
        let mut seed = [0; 64];
        seed[..32].copy_from_slice(&expanded.prefix);
        seed[32..].copy_from_slice(&message.into_bigint().to_bytes_le());
        let n = Scalar::from_le_bytes_mod_order(&blake512::digest(&seed));
        seed.zeroize();
        let r8 = babyjubjub::mul_base8(&n).into_affine();
        let r8 = (r8.x, r8.y);
        let h = reduce(&challenge(r8, &expanded.public_key(), message));
        let s = n + h * expanded.s;
        Signature {
            r8,
            s: s.into_bigint(),
        }
    }
}

impl Expanded {
    fn public_key(&self) -> PublicKey {
        let s_over_8 = self.s * BabyJubjub::COFACTOR_INV;
        babyjubjub::mul_base8(&s_over_8).into_affine().into()
    }
}

/// h = Poseidon₅(R8x, R8y, Ax, Ay, M).
pub fn challenge(r8: (Fr, Fr), key: &PublicKey, message: Fr) -> Fr {
    poseidon::hash(&[r8.0, r8.1, key.x, key.y, message])
}

/// Accepts `signature` as one of `message` under `key`.
///
/// # Errors
/// One for each of the three conditions, checked in the order of the module's header.
pub fn verify(key: &PublicKey, message: Fr, signature: &Signature) -> Result<(), SignatureError> {
    let s = Scalar::from_bigint(signature.s)
        .ok_or(SignatureError::ScalarTooLarge { s: signature.s })?;
    let a8 = babyjubjub::mul8(&key.point()?);
    let h = reduce(&challenge(signature.r8, key, message));
    let r8 = (babyjubjub::mul_base8(&s) - a8 * h).into_affine();
    if (r8.x, r8.y) == signature.r8 {
        Ok(())
    } else {
        Err(SignatureError::EquationFails)
    }
}

/// h modulo l: enough for multiples of 8·A, whose order divides l.
fn reduce(h: &Fr) -> Scalar {
    Scalar::from_le_bytes_mod_order(&h.into_bigint().to_bytes_le())
}
