//! EdDSA-Poseidon: the circuit accepts exactly what [`protocol::eddsa::verify`] accepts.
//!
//! *Equation.* S·B8 − h·(8·A) = R8 with h = Poseidon₅(R8, A, M), S < l, A on the curve, 8·A not the
//! identity; R8 is compared coordinate by coordinate and needs no check of its own.
//!
//! *What a forger chooses*: S, R8 and A freely. S: the fixed-base ladder has no exceptional case for
//! any bits. A: the group law is used only after the curve equation, and h·(8·A) has none for any
//! point of order l; 8·A of order one has no Montgomery form. h: canonical bits, since h + r would be
//! another multiple of 8·A.
//!
//! *Cost.* 3,054 constraints: 321 for h, 332 for its bits, 16 for 8·A, 1,532 for h·(8·A), 342 for S
//! below l, 505 for S·B8 and 6 for the sum. circomlib's takes 4,217.
//!
//! [`protocol::eddsa::verify`]: crate::protocol::eddsa::verify

use super::{
    babyjubjub::{FixedBase, PointVar, mul_bits},
    bits::{booleans_at_most, decompose_canonical},
    poseidon::hash,
};
use crate::{
    protocol::{babyjubjub::Scalar, eddsa::Signature},
    template::{Builder, Num, Result},
};
use ark_ff::{BigInteger, BigInteger256, PrimeField};

/// Enforces that `signature` is one of `message` under `key`. The signature's values are witnesses
/// of this gadget.
pub fn verify(
    builder: &mut Builder,
    key: &PointVar,
    message: &Num,
    signature: &Signature,
) -> Result<()> {
    let r8 = PointVar {
        x: builder.witness(signature.r8.0)?,
        y: builder.witness(signature.r8.1)?,
    };
    let s = builder.scope("scalar_below_l", |builder| {
        // Without it S + l would be a second signature of the same message.
        let mut max = Scalar::MODULUS;
        max.sub_with_borrow(&BigInteger256::from(1u64));
        booleans_at_most(builder, signature.s, max, Scalar::MODULUS_BIT_SIZE as usize)
    })?;
    let challenge = builder.scope("challenge", |builder| {
        let inputs = [&r8.x, &r8.y, &key.x, &key.y, message].map(Num::clone);
        hash(builder, &inputs)
    })?;
    let challenge = builder.scope("challenge_bits", |builder| {
        decompose_canonical(builder, &challenge)
    })?;
    let key8 = builder.scope("key", |builder| key.checked_mul_by_cofactor(builder))?;
    let hash_part = builder.scope("variable_base", |builder| {
        mul_bits(builder, &key8, &challenge)
    })?;
    let base_part = builder.scope("fixed_base", |builder| {
        FixedBase::base8().mul_bits(builder, &s)
    })?;
    builder.scope("equation", |builder| {
        base_part.enforce_sum(builder, &hash_part.neg(), &r8)
    })
}
