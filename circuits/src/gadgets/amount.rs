//! Decimal floats: 40-bit amounts and 16-bit fees, mantissa · 10^exponent.

use super::bits::{booleans, compose};
use crate::template::{Builder, Num, Result};
use ark_bn254::Fr;
use ark_ff::Field;

/// Bits of the exponent of both encodings.
const EXPONENT_BITS: usize = 5;
/// Bits of an amount's mantissa.
const AMOUNT_MANTISSA_BITS: usize = 35;
/// Bits of a fee's mantissa.
const FEE_MANTISSA_BITS: usize = 11;

/// A float by its encoding, which is thereby in range, and its value.
#[derive(Clone, Debug)]
pub struct FloatVar {
    /// exponent | mantissa.
    pub encoding: Num,
    /// mantissa · 10^exponent, below 2^139; whether it is below 2^128 the balances decide.
    pub value: Num,
}

/// A 40-bit amount: 45 constraints.
pub fn amount(builder: &mut Builder, encoding: u64) -> Result<FloatVar> {
    float(builder, encoding, AMOUNT_MANTISSA_BITS)
}

/// A 16-bit fee: 21 constraints.
pub fn fee(builder: &mut Builder, encoding: u64) -> Result<FloatVar> {
    float(builder, encoding, FEE_MANTISSA_BITS)
}

/// `value = mantissa·Π (1 + eᵢ·(10^(2^i) − 1))`.
fn float(builder: &mut Builder, encoding: u64, mantissa_bits: usize) -> Result<FloatVar> {
    let bits = booleans(builder, Fr::from(encoding), mantissa_bits + EXPONENT_BITS)?;
    let mut value = compose(&bits[..mantissa_bits]);
    let mut power = Fr::from(10u64);
    for exponent_bit in &bits[mantissa_bits..] {
        let factor = &Num::one() + &(exponent_bit * (power - Fr::ONE));
        value = builder.mul(&value, &factor)?;
        power = power.square();
    }
    Ok(FloatVar {
        encoding: compose(&bits),
        value,
    })
}
