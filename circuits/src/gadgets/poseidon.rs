//! Poseidon in constraints: [`hash`], and the hash from after its first S-boxes.
//!
//! *Equation.* R_F/2 full rounds, R_P partial ones, R_F/2 full ones; each adds constants, applies
//! x ↦ x⁵ to all lanes or to lane 0, and multiplies by the MDS matrix (Grassi et al., Poseidon,
//! USENIX Security 2021, §4).
//!
//! *Cost.* Only S-boxes are constraints, three each; everything else is linear. Lane 0 starts as a
//! constant, so the first round needs t − 1 of them: 3·(8t + R_P − 1), that is 240, 297, 402 and 609
//! for t = 3, 5, 9 and 17.
//!
//! *Representation.* After the fourth full round every lane is a fresh column. From there to the
//! fifth full round, each S-box's input is a fixed affine form of those t columns and of the outputs
//! of the partial S-boxes before it. The forms depend on t alone and are computed once
//! (`PartialRounds`).

use crate::{
    protocol::poseidon::{Parameters, parameters},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::sync::OnceLock;

/// The largest width.
const MAX_WIDTH: usize = 17;

/// x⁵, three constraints. The long linear combination stands in A where there is a choice.
pub fn sbox(builder: &mut Builder, x: &Num) -> Result<Num> {
    let x2 = builder.mul(x, x)?;
    let x4 = builder.mul(&x2, &x2)?;
    builder.mul(x, &x4)
}

/// Poseidonₙ of 1 to 16 numbers, not given a column of its own.
pub fn hash(builder: &mut Builder, inputs: &[Num]) -> Result<Num> {
    let lanes = inputs
        .iter()
        .enumerate()
        .map(|(i, input)| first_sbox(builder, inputs.len(), i, input))
        .collect::<Result<Vec<_>>>()?;
    hash_after_first_sboxes(builder, &lanes)
}

/// The constant that the first round of Poseidonₙ adds to input `i`.
pub fn first_constant(n: usize, i: usize) -> Fr {
    parameters(n + 1).round_constants[i + 1]
}

/// `(input + constant)⁵`: what input `i` of Poseidonₙ is after the first round's S-box.
pub fn first_sbox(builder: &mut Builder, n: usize, i: usize, input: &Num) -> Result<Num> {
    sbox(builder, &(input + &Num::constant(first_constant(n, i))))
}

/// The rest of [`hash`], for inputs that have passed [`first_sbox`].
///
/// Two hashes that share an input share its lane. And where an input is the prover's free choice its
/// lane may be chosen instead: x ↦ (x + k)⁵ permutes the field, because gcd(5, r − 1) = 1, so every
/// lane belongs to exactly one input.
pub fn hash_after_first_sboxes(builder: &mut Builder, lanes: &[Num]) -> Result<Num> {
    let parameters = parameters(lanes.len() + 1);
    let partial = PartialRounds::of(parameters);
    let half = parameters.full_rounds / 2;
    let capacity = Num::constant(parameters.round_constants[0].pow([5u64]));
    let mut state: Vec<Num> = std::iter::once(capacity)
        .chain(lanes.iter().cloned())
        .collect();
    for round in 1..half {
        let inputs = mix(parameters, round, &state);
        state = full_sboxes(builder, &inputs)?;
    }
    let mut columns = state;
    for form in &partial.inputs {
        let input = form.apply(&columns);
        columns.push(sbox(builder, &input)?);
    }
    let inputs: Vec<Num> = partial
        .outputs
        .iter()
        .map(|form| form.apply(&columns))
        .collect();
    state = full_sboxes(builder, &inputs)?;
    for round in
        half + parameters.partial_rounds + 1..parameters.full_rounds + parameters.partial_rounds
    {
        let inputs = mix(parameters, round, &state);
        state = full_sboxes(builder, &inputs)?;
    }
    Ok(Num::linear(Fr::ZERO, &parameters.mds[0], state.iter()))
}

fn full_sboxes(builder: &mut Builder, inputs: &[Num]) -> Result<Vec<Num>> {
    inputs.iter().map(|input| sbox(builder, input)).collect()
}

/// `MDS·state` plus the constants of `round`.
fn mix(parameters: &Parameters, round: usize, state: &[Num]) -> Vec<Num> {
    let constants = &parameters.round_constants[round * parameters.t..];
    parameters
        .mds
        .iter()
        .zip(constants)
        .map(|(row, constant)| Num::linear(*constant, row, state.iter()))
        .collect()
}

/// A constant and a coefficient for each column so far.
#[derive(Clone, Debug)]
struct Form {
    constant: Fr,
    coefficients: Vec<Fr>,
}

impl Form {
    fn zero(columns: usize) -> Self {
        Self {
            constant: Fr::ZERO,
            coefficients: vec![Fr::ZERO; columns],
        }
    }

    fn column(column: usize, columns: usize) -> Self {
        let mut form = Self::zero(columns);
        form.coefficients[column] = Fr::ONE;
        form
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        self.constant += other.constant * factor;
        for (mine, theirs) in self.coefficients.iter_mut().zip(&other.coefficients) {
            *mine += *theirs * factor;
        }
    }

    fn apply(&self, columns: &[Num]) -> Num {
        let known = &self.coefficients[..columns.len()];
        Num::linear(self.constant, known, columns.iter())
    }
}

/// What the linear layers between the fourth and the fifth full round come to. Columns: the t lanes
/// after the fourth full round's S-boxes, then the outputs of the partial S-boxes.
#[derive(Debug)]
struct PartialRounds {
    /// The input of each partial round's S-box; it has coefficients up to the one before.
    inputs: Vec<Form>,
    /// The inputs of the fifth full round's S-boxes.
    outputs: Vec<Form>,
}

impl PartialRounds {
    fn of(parameters: &Parameters) -> &'static Self {
        static CACHE: [OnceLock<PartialRounds>; MAX_WIDTH + 1] =
            [const { OnceLock::new() }; MAX_WIDTH + 1];
        CACHE[parameters.t].get_or_init(|| Self::compute(parameters))
    }

    fn compute(parameters: &Parameters) -> Self {
        let t = parameters.t;
        let columns = t + parameters.partial_rounds;
        let first = parameters.full_rounds / 2;
        let mut lanes: Vec<Form> = (0..t).map(|lane| Form::column(lane, columns)).collect();
        let mut inputs = Vec::with_capacity(parameters.partial_rounds);
        for k in 0..parameters.partial_rounds {
            lanes = Self::mix(parameters, first + k, &lanes);
            inputs.push(lanes[0].clone());
            lanes[0] = Form::column(t + k, columns);
        }
        let outputs = Self::mix(parameters, first + parameters.partial_rounds, &lanes);
        Self { inputs, outputs }
    }

    fn mix(parameters: &Parameters, round: usize, lanes: &[Form]) -> Vec<Form> {
        let constants = &parameters.round_constants[round * parameters.t..];
        parameters
            .mds
            .iter()
            .zip(constants)
            .map(|(row, constant)| {
                let mut sum = Form::zero(lanes[0].coefficients.len());
                sum.constant = *constant;
                for (coefficient, lane) in row.iter().zip(lanes) {
                    sum.add_scaled(lane, *coefficient);
                }
                sum
            })
            .collect()
    }
}
