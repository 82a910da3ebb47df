//! Products modulo q, the order of BLS12-381's groups, in constraints modulo r.
//!
//! *Equation.* For residues a, b and an integer s, [`multiply_add`] finds the quotient k and the
//! remainder c of `a·b + s = k·q + c`. With E the left side less the right one, it enforces
//!
//! ```text
//! E ≡ 0 mod r,    E ≡ 0 mod 2^258,    and |E| < r·2^258 by the ranges:   so E = 0.
//! ```
//!
//! *Modulo r* it is one constraint: `a·b = k·q + c − s` in the circuit's own field.
//!
//! *Modulo 2^258.* Integers are sums of columns, `Σ column·2^offset`. Columns whose offset is 258 or
//! more are not even formed. The others are added up window by window, from one cut of [`CUTS`] to
//! another: what a window is worth, the carry of the one below included, is a multiple of two to the
//! window's length, and the quotient is the next carry. A carry is range-checked, so that none of
//! this wraps around r.
//!
//! *Bounds.* A column knows the least and the greatest integer that it may be; quotients and carries
//! are given the bits that these need. Where a sum could wrap, synthesis panics: that is a mistake of
//! the gadget, for the bounds do not depend on values.
//!
//! *Representation.* A residue ([`ResidueVar`]) is an integer below 2^255, six columns with a range
//! each. It need not be below q: one residue in ten has two representations. Who needs the one below q
//! compares with an integer that is ([`blob::join`](super::blob::join)).
//!
//! *Cost.* [`multiply_add`] without s: 255 for c, 256 for k, 21 products, 1 modulo r, 104 for two
//! carries: 637.

use super::{account::power_of_two, bits::enforce_range};
use crate::{
    arithmetic::inverse,
    protocol::blob::BlobScalar,
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::{BigInteger256, Field, PrimeField};
use num_bigint::{BigInt, BigUint};
use std::collections::BTreeMap;

/// Limbs of a residue.
pub const LIMBS: usize = 6;

/// Bits of a residue.
pub const RESIDUE_BITS: usize = BlobScalar::MODULUS_BIT_SIZE as usize;

/// Bits below each limb, and below the end. Two residues' products have narrow columns, and every
/// cut, and every cut less 124, is the end of a limb: a half word times the limbs up to it does not
/// reach far into the next window.
const OFFSETS: [usize; LIMBS + 1] = [0, 48, 86, 134, 172, 220, RESIDUE_BITS];

/// Where a window may end; E is zero modulo two to the last one.
pub const CUTS: [usize; 3] = [86, 172, 258];
const CHECKED_BITS: usize = CUTS[CUTS.len() - 1];

/// An integer below 2^255, read modulo q.
#[derive(Clone, Debug)]
pub struct ResidueVar {
    limbs: [Num; LIMBS],
}

impl ResidueVar {
    /// 0.
    pub fn zero() -> Self {
        Self {
            limbs: std::array::from_fn(|_| Num::zero()),
        }
    }

    /// Ports for the limbs. Their ranges are those of the columns that they are wired to.
    pub fn port(builder: &mut Builder, name: &str, limbs: [Fr; LIMBS]) -> Result<Self> {
        let mut ports = Self::zero().limbs;
        for (port, limb) in ports.iter_mut().zip(limbs) {
            *port = builder.port(name, limb)?;
        }
        Ok(Self { limbs: ports })
    }

    /// A new residue: 255 constraints.
    fn witness(builder: &mut Builder, value: &BigUint) -> Result<Self> {
        let limbs = range_checked_limbs(builder, value, &OFFSETS)?;
        Ok(Self {
            limbs: limbs.try_into().expect("as many as offsets"),
        })
    }

    /// The residue with these bits.
    ///
    /// # Panics
    /// If they are not 255.
    pub fn from_bits(bits: &[Num]) -> Self {
        assert_eq!(bits.len(), RESIDUE_BITS, "bits of a residue");
        let limb = |i| super::bits::compose(&bits[OFFSETS[i]..OFFSETS[i + 1]]);
        Self {
            limbs: std::array::from_fn(limb),
        }
    }

    /// The same, its limbs columns of their own: six constraints.
    pub fn materialise(&self, builder: &mut Builder) -> Result<Self> {
        let mut limbs = self.limbs.clone();
        for limb in &mut limbs {
            let column = builder.witness(limb.value())?;
            builder.enforce_equal(&column, limb)?;
            *limb = column;
        }
        Ok(Self { limbs })
    }

    /// Exports the limbs, which are columns, under the names of [`limb_name`].
    pub fn export_columns(&self, builder: &mut Builder) {
        for (i, limb) in self.limbs.iter().enumerate() {
            builder.export_column(&limb_name(i), limb);
        }
    }

    /// The integer modulo r.
    pub fn modulo_r(&self) -> Num {
        self.piece(0, RESIDUE_BITS)
    }

    /// The bits from `start` up to `end`, where limbs begin and end.
    fn piece(&self, start: usize, end: usize) -> Num {
        debug_assert!(OFFSETS.contains(&start) && OFFSETS.contains(&end));
        let mut piece = Num::zero();
        for (limb, offset) in self.limbs.iter().zip(OFFSETS) {
            if (start..end).contains(&offset) {
                piece.add_scaled(limb, power_of_two(offset - start));
            }
        }
        piece
    }

    /// The integer.
    pub fn value(&self) -> BigUint {
        integer_of_limbs(&self.limbs)
    }

    /// Enforces the same integer, not only the same residue.
    pub fn enforce_equal(&self, builder: &mut Builder, other: &Self) -> Result<()> {
        let pairs = self.limbs.iter().zip(&other.limbs);
        pairs
            .into_iter()
            .try_for_each(|(a, b)| builder.enforce_equal(a, b))
    }
}

/// The export of limb `i`.
pub fn limb_name(i: usize) -> String {
    format!("limb_{i}")
}

/// The limbs of the representative below q.
pub fn limbs(x: BlobScalar) -> [Fr; LIMBS] {
    let limbs = limbs_of(&x.into_bigint().into(), &OFFSETS);
    limbs.try_into().expect("as many as offsets")
}

/// `value` cut at the offsets; what is above the last one stays in the last limb.
fn limbs_of(value: &BigUint, offsets: &[usize]) -> Vec<Fr> {
    let mut limbs = Vec::with_capacity(LIMBS);
    for (i, pair) in offsets.windows(2).enumerate() {
        let mut limb = value >> pair[0];
        if i + 2 < offsets.len() {
            limb &= all_ones(pair[1] - pair[0]);
        }
        limbs.push(to_field(&limb));
    }
    limbs
}

fn range_checked_limbs(
    builder: &mut Builder,
    value: &BigUint,
    offsets: &[usize],
) -> Result<Vec<Num>> {
    let limbs = limbs_of(value, offsets).into_iter();
    limbs
        .zip(offsets.windows(2))
        .map(|(limb, pair)| {
            let limb = builder.witness(limb)?;
            enforce_range(builder, &limb, pair[1] - pair[0])?;
            Ok(limb)
        })
        .collect()
}

fn integer_of_limbs(limbs: &[Num]) -> BigUint {
    let shifted = limbs.iter().zip(OFFSETS);
    shifted
        .map(|(limb, offset)| to_integer(&limb.value()) << offset)
        .sum()
}

/// 2^bits − 1.
fn all_ones(bits: usize) -> BigUint {
    (BigUint::from(1u8) << bits) - 1u8
}

fn to_integer(x: &Fr) -> BigUint {
    x.into_bigint().into()
}

fn to_field(x: &BigUint) -> Fr {
    match BigInteger256::try_from(x.clone()).ok().map(Fr::from_bigint) {
        Some(Some(x)) => x,
        _ => Fr::from_le_bytes_mod_order(&x.to_bytes_le()),
    }
}

fn signed_to_field(x: &BigInt) -> Fr {
    let magnitude = to_field(x.magnitude());
    if x.sign() == num_bigint::Sign::Minus {
        -magnitude
    } else {
        magnitude
    }
}

/// q.
fn modulus() -> BigUint {
    BlobScalar::MODULUS.into()
}

/// A linear combination that is worth an integer between bounds.
#[derive(Clone, Debug)]
struct Column {
    num: Num,
    min: BigInt,
    max: BigInt,
}

impl Column {
    fn zero() -> Self {
        Self {
            num: Num::zero(),
            min: BigInt::ZERO,
            max: BigInt::ZERO,
        }
    }

    /// Adds `coefficient·num`, where num is in 0…max.
    fn add(&mut self, num: &Num, max: &BigUint, coefficient: &BigInt) {
        self.num.add_scaled(num, signed_to_field(coefficient));
        let extreme = BigInt::from(max.clone()) * coefficient;
        match extreme.sign() {
            num_bigint::Sign::Minus => self.min += extreme,
            _ => self.max += extreme,
        }
    }
}

/// An integer as `Σ column·2^offset`, as far as it matters modulo 2^258.
#[derive(Clone, Debug, Default)]
struct Columns(BTreeMap<usize, Column>);

impl Columns {
    /// Adds `coefficient·num·2^offset`, num in 0…max.
    fn add(&mut self, offset: usize, num: &Num, max: &BigUint, coefficient: &BigInt) {
        if offset < CHECKED_BITS {
            let column = self.0.entry(offset).or_insert_with(Column::zero);
            column.add(num, max, coefficient);
        }
    }

    /// The bounds of `carry + Σ column·2^(offset − start)` over the window's columns.
    fn bounds(&self, carry: &Column, start: usize, end: usize) -> [BigInt; 2] {
        let mut bounds = [carry.min.clone(), carry.max.clone()];
        for (offset, column) in self.0.range(start..end) {
            bounds[0] += &column.min << (offset - start);
            bounds[1] += &column.max << (offset - start);
        }
        bounds
    }

    fn sum(&self, carry: &Column, start: usize, end: usize) -> Num {
        let mut sum = carry.num.clone();
        for (offset, column) in self.0.range(start..end) {
            sum.add_scaled(&column.num, power_of_two(offset - start));
        }
        sum
    }

    /// Enforces that the integer is zero modulo 2^258.
    fn enforce_zero(&self, builder: &mut Builder) -> Result<()> {
        let mut carry = Column::zero();
        let mut start = 0;
        while start < CHECKED_BITS {
            // The farthest cut at which nothing wraps.
            let cuts = CUTS.into_iter().rev().filter(|cut| *cut > start);
            let (end, range) = cuts
                .map(|end| {
                    (
                        end,
                        Carry::of(&self.bounds(&carry, start, end), end - start),
                    )
                })
                .find(|(_, range)| range.fits())
                .expect("a window's columns are narrow enough");
            let sum = self.sum(&carry, start, end);
            carry = range.enforce(builder, &sum)?;
            start = end;
        }
        Ok(())
    }
}

/// The range of the carry out of a window of `window` bits whose sum is between bounds.
struct Carry {
    window: usize,
    sum: [BigInt; 2],
    /// The least carry.
    min: BigInt,
    /// A carry less the least one is below two to this.
    bits: usize,
}

impl Carry {
    fn of([min, max]: &[BigInt; 2], window: usize) -> Self {
        // Shifting rounds down.
        let least = min >> window;
        let span: BigInt = (max >> window) - &least;
        Self {
            window,
            sum: [min.clone(), max.clone()],
            bits: span.bits() as usize,
            min: least,
        }
    }

    fn max(&self) -> BigInt {
        &self.min + BigInt::from(all_ones(self.bits))
    }

    /// Whether `sum = carry·2^window` modulo r makes them equal: both are in an interval shorter
    /// than r.
    fn fits(&self) -> bool {
        let [min, max] = &self.sum;
        let least = (&self.min << self.window).min(min.clone());
        let greatest = (self.max() << self.window).max(max.clone());
        greatest - least < BigInt::from(BigUint::from(Fr::MODULUS))
    }

    fn enforce(&self, builder: &mut Builder, sum: &Num) -> Result<Column> {
        let scale = power_of_two(self.window);
        let unscale = inverse(&scale).expect("a power of two is not zero");
        let carry = builder.witness(sum.value() * unscale)?;
        builder.enforce_equal(sum, &(&carry * scale))?;
        let shifted = &carry - &Num::constant(signed_to_field(&self.min));
        enforce_range(builder, &shifted, self.bits)?;
        Ok(Column {
            num: carry,
            min: self.min.clone(),
            max: self.max(),
        })
    }
}

/// Part of a factor: `num·2^offset` with num below 2^bits, which is whoever's that made it.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The number.
    pub num: &'a Num,
    /// Its bits.
    pub bits: usize,
    /// The bits below it.
    pub offset: usize,
}

/// A sum of products that waits for its reduction.
#[derive(Clone, Debug)]
pub struct UnreducedVar {
    columns: Columns,
    modulo_r: Num,
    value: BigUint,
    max: BigUint,
}

impl UnreducedVar {
    /// 0.
    pub fn zero() -> Self {
        Self {
            columns: Columns::default(),
            modulo_r: Num::zero(),
            value: BigUint::ZERO,
            max: BigUint::ZERO,
        }
    }

    /// Adds `Σ part·2^offset`, without a constraint.
    pub fn add(&mut self, parts: &[Part<'_>]) {
        let one = BigInt::from(1);
        for part in parts {
            let max = all_ones(part.bits);
            self.columns.add(part.offset, part.num, &max, &one);
            self.max += max << part.offset;
        }
        let (modulo_r, value) = whole(parts);
        self.modulo_r.add_scaled(&modulo_r, Fr::ONE);
        self.value += value;
    }

    /// Adds `residue·Σ part·2^offset`: one constraint for the product modulo r, and for each part as
    /// many as there are windows that it or what lies above it reaches into.
    ///
    /// The residue is cut so that each product begins in the window in which it ends, but for the
    /// part's own bits.
    pub fn add_product(
        &mut self,
        builder: &mut Builder,
        parts: &[Part<'_>],
        residue: &ResidueVar,
    ) -> Result<()> {
        let one = BigInt::from(1);
        let mut max = BigUint::ZERO;
        for part in parts {
            let mut start = 0;
            for cut in CUTS {
                let end = cut.saturating_sub(part.offset).min(RESIDUE_BITS);
                if end > start {
                    let product = builder.mul(part.num, &residue.piece(start, end))?;
                    // bits + (end − start) bits: 210 for half a word and a whole window.
                    let max = all_ones(part.bits) * all_ones(end - start);
                    self.columns.add(part.offset + start, &product, &max, &one);
                    start = end;
                }
            }
            max += all_ones(part.bits) << part.offset;
        }
        let (modulo_r, value) = whole(parts);
        let product = builder.mul(&modulo_r, &residue.modulo_r())?;
        self.modulo_r.add_scaled(&product, Fr::ONE);
        self.value += value * residue.value();
        self.max += max * all_ones(RESIDUE_BITS);
        Ok(())
    }
}

/// `Σ part·2^offset` modulo r and as an integer.
fn whole(parts: &[Part<'_>]) -> (Num, BigUint) {
    let mut sum = Num::zero();
    let mut integer = BigUint::ZERO;
    for part in parts {
        sum.add_scaled(part.num, power_of_two(part.offset));
        integer += to_integer(&part.num.value()) << part.offset;
    }
    (sum, integer)
}

/// `a·b + addend` modulo q, as some integer below 2^255.
///
/// Relies on the ranges of a, b and the addend's parts.
///
/// # Panics
/// If the addend may be so large that E need not be zero.
pub fn multiply_add(
    builder: &mut Builder,
    a: &ResidueVar,
    b: &ResidueVar,
    addend: &UnreducedVar,
) -> Result<ResidueVar> {
    let q = modulus();
    let dividend = a.value() * b.value() + &addend.value;
    let largest_residue = all_ones(RESIDUE_BITS);
    let max = &largest_residue * &largest_residue + &addend.max;
    let quotient_bits = (&max / &q).bits() as usize;
    let least = all_ones(quotient_bits) * &q + largest_residue;
    // −least ≤ E ≤ max.
    let unique = BigUint::from(Fr::MODULUS) << CHECKED_BITS;
    assert!(max < unique && least < unique, "E is zero");

    // Without the ranges E could be another multiple of r·2^258, and c no factor of later products.
    let remainder = builder.scope("remainder", |builder| {
        ResidueVar::witness(builder, &(&dividend % &q))
    })?;
    let mut offsets = OFFSETS;
    offsets[LIMBS] = quotient_bits;
    let quotient = builder.scope("quotient", |builder| {
        range_checked_limbs(builder, &(&dividend / &q), &offsets)
    })?;

    builder.scope("modulo_r", |builder| {
        let mut right = &remainder.modulo_r() - &addend.modulo_r;
        for (limb, offset) in quotient.iter().zip(offsets) {
            right.add_scaled(limb, power_of_two(offset) * to_field(&q));
        }
        builder.enforce(&a.modulo_r(), &b.modulo_r(), &right)
    })?;

    let mut columns = addend.columns.clone();
    let [one, minus_one] = [1, -1].map(BigInt::from);
    let limb_max = |i: usize| all_ones(OFFSETS[i + 1] - OFFSETS[i]);
    builder.scope("products", |builder| {
        for (i, a) in a.limbs.iter().enumerate() {
            for (j, b) in b.limbs.iter().enumerate() {
                let offset = OFFSETS[i] + OFFSETS[j];
                if offset < CHECKED_BITS {
                    let product = builder.mul(a, b)?;
                    columns.add(offset, &product, &(limb_max(i) * limb_max(j)), &one);
                }
            }
        }
        Ok(())
    })?;
    let q_limbs: Vec<BigUint> = limbs_of(&q, &OFFSETS).iter().map(to_integer).collect();
    for (i, limb) in quotient.iter().enumerate() {
        let max = all_ones(offsets[i + 1] - offsets[i]);
        for (q_limb, offset) in q_limbs.iter().zip(OFFSETS) {
            let coefficient = -BigInt::from(q_limb.clone());
            columns.add(offsets[i] + offset, limb, &max, &coefficient);
        }
    }
    for (i, limb) in remainder.limbs.iter().enumerate() {
        columns.add(OFFSETS[i], limb, &limb_max(i), &minus_one);
    }
    builder.scope("carry", |builder| columns.enforce_zero(builder))?;
    Ok(remainder)
}

#[cfg(test)]
pub(super) mod tests;
