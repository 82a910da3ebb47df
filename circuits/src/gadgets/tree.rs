//! Replacing one leaf of the 8-ary state tree: old root and new root from one path.
//!
//! At each level the eight children of a node are hashed twice, once with the old and once with the
//! new value of the child on the path; the other seven are the prover's free choice (they are bound
//! by the old root). With k_i the constant that Poseidon₈'s first round adds to input i, a child c_i
//! enters the hash only as y_i = (c_i + k_i)⁵, and every y_i belongs to exactly one c_i
//! ([`hash_after_first_sboxes`]). So the *witness* is the y_i:
//!
//! * `z = (current + k_sel)⁵`, for the old and the new value, where k_sel is the path's child's
//!   constant as a polynomial in the three index bits;
//! * `y_sel = z_old` by a multiplexer: the old path value is the child that the bits name;
//! * the new lanes are `y_i + [i = sel]·(z_new − z_old)`.
//!
//! *Cost.* A level: 4 products of index bits, 6 for the two S-boxes, 7 for the multiplexer, 7 for
//! the new lanes, 2·378 for the rest of the two hashes: 780 for three bits of index. (4-ary: 583 for
//! two bits, 16-ary: 1,169 for four; eight is the cheapest.) Twenty-four S-boxes a level are saved
//! against hashing children.

use super::poseidon::{first_constant, hash_after_first_sboxes, sbox};
use crate::{
    protocol::tree::{ARITY, LOG_ARITY},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};

/// Index bits that a level consumes.
pub const LEVEL_BITS: usize = LOG_ARITY as usize;

/// The roots before and after.
#[derive(Clone, Debug)]
pub struct UpdatedRoots {
    /// Root with the old leaf.
    pub old: Num,
    /// Root with the new leaf.
    pub new: Num,
}

/// Roots of the tree in which `old_leaf` stands at the index given by `index_bits` (little-endian,
/// three for each level, booleans), and of the same tree with `new_leaf` there. `path` holds the
/// values of all eight children at each level, from the leaves upwards, before the change.
///
/// Binds: the two roots differ in that leaf alone. The caller compares the old root with one it
/// trusts.
///
/// # Panics
/// If the bits are not three for each level of the path.
pub fn update(
    builder: &mut Builder,
    index_bits: &[Num],
    old_leaf: &Num,
    new_leaf: &Num,
    path: &[[Fr; ARITY]],
) -> Result<UpdatedRoots> {
    assert_eq!(
        index_bits.len(),
        LEVEL_BITS * path.len(),
        "three bits for each level"
    );
    let mut roots = UpdatedRoots {
        old: old_leaf.clone(),
        new: new_leaf.clone(),
    };
    for (bits, children) in index_bits.chunks_exact(LEVEL_BITS).zip(path) {
        roots = level(builder, [&bits[0], &bits[1], &bits[2]], &roots, children)?;
    }
    Ok(roots)
}

fn level(
    builder: &mut Builder,
    bits: [&Num; LEVEL_BITS],
    current: &UpdatedRoots,
    children: &[Fr; ARITY],
) -> Result<UpdatedRoots> {
    let constants: [Fr; ARITY] = std::array::from_fn(|i| first_constant(ARITY, i));
    let (z_old, z_new) = builder.scope("selected", |builder| {
        let constant = select_constant(builder, bits, &constants)?;
        let z_old = sbox(builder, &(&current.old + &constant))?;
        let z_new = sbox(builder, &(&current.new + &constant))?;
        Ok((z_old, z_new))
    })?;
    let old_lanes = children
        .iter()
        .zip(constants)
        .map(|(child, constant)| builder.witness((*child + constant).pow([5u64])))
        .collect::<Result<Vec<_>>>()?;
    builder.scope("membership", |builder| {
        enforce_selected(builder, bits, &old_lanes, &z_old)
    })?;
    let new_lanes = builder.scope("replacement", |builder| {
        let changes = demultiplex(builder, bits, &(&z_new - &z_old))?;
        Ok(old_lanes
            .iter()
            .zip(&changes)
            .map(|(lane, change)| lane + change)
            .collect::<Vec<_>>())
    })?;
    builder.scope("node", |builder| {
        Ok(UpdatedRoots {
            old: hash_after_first_sboxes(builder, &old_lanes)?,
            new: hash_after_first_sboxes(builder, &new_lanes)?,
        })
    })
}

/// The constant with the number that the bits spell: the multilinear polynomial through the eight
/// values, over the four products of the bits.
fn select_constant(
    builder: &mut Builder,
    [b0, b1, b2]: [&Num; LEVEL_BITS],
    constants: &[Fr; ARITY],
) -> Result<Num> {
    let b01 = builder.mul(b0, b1)?;
    let b02 = builder.mul(b0, b2)?;
    let b12 = builder.mul(b1, b2)?;
    let b012 = builder.mul(&b01, b2)?;
    // Möbius transform: the coefficient of a monomial is the alternating sum over its subsets.
    let mut coefficients = *constants;
    for bit in 0..LEVEL_BITS {
        for i in (0..ARITY).filter(|i| i >> bit & 1 == 1) {
            let lower = coefficients[i ^ (1 << bit)];
            coefficients[i] -= lower;
        }
    }
    let monomials = [&Num::one(), b0, b1, &b01, b2, &b02, &b12, &b012];
    Ok(Num::linear(Fr::ZERO, &coefficients, monomials.into_iter()))
}

/// Enforces that the lane with the number that the bits spell is `expected`.
fn enforce_selected(
    builder: &mut Builder,
    [b0, b1, b2]: [&Num; LEVEL_BITS],
    lanes: &[Num],
    expected: &Num,
) -> Result<()> {
    let mut row = lanes.to_vec();
    for bit in [b0, b1] {
        row = row
            .chunks_exact(2)
            .map(|pair| Ok(&pair[0] + &builder.mul(&(&pair[1] - &pair[0]), bit)?))
            .collect::<Result<_>>()?;
    }
    builder.enforce(&(&row[1] - &row[0]), b2, &(expected - &row[0]))
}

/// `value` at the number that the bits spell, zero at the seven others.
fn demultiplex(
    builder: &mut Builder,
    [b0, b1, b2]: [&Num; LEVEL_BITS],
    value: &Num,
) -> Result<Vec<Num>> {
    let mut row = vec![value.clone()];
    for bit in [b2, b1, b0] {
        let mut next = Vec::with_capacity(2 * row.len());
        for num in &row {
            let upper = builder.mul(num, bit)?;
            next.push(num - &upper);
            next.push(upper);
        }
        row = next;
    }
    Ok(row)
}
