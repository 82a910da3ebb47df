//! Decimal floats: 40-bit amounts and 16-bit fees, mantissa · 10^exponent.

use super::bits::{booleans, compose};
use crate::{
    protocol::amount::{Amount, Fee},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::Field;

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
    float(builder, encoding, Amount::MANTISSA_BITS, Amount::BITS)
}

/// A 16-bit fee: 21 constraints.
pub fn fee(builder: &mut Builder, encoding: u64) -> Result<FloatVar> {
    float(builder, encoding, Fee::MANTISSA_BITS, Fee::BITS)
}

/// `value = mantissa·Π (1 + eᵢ·(10^(2^i) − 1))`.
fn float(builder: &mut Builder, encoding: u64, mantissa_bits: u32, bits: u32) -> Result<FloatVar> {
    let bits = booleans(builder, Fr::from(encoding), bits as usize)?;
    let (mantissa, exponent) = bits.split_at(mantissa_bits as usize);
    let mut value = compose(mantissa);
    let mut power = Fr::from(10u64);
    for exponent_bit in exponent {
        let factor = &Num::one() + &(exponent_bit * (power - Fr::ONE));
        value = builder.mul(&value, &factor)?;
        power = power.square();
    }
    Ok(FloatVar {
        encoding: compose(&bits),
        value,
    })
}
