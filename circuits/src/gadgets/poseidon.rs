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
//! *Representation.* The first round's S-boxes and the last one's have their outputs as columns.
//! Every S-box from the third round on has its *input* as a column, and what an S-box between the
//! first and the last round gives out is a fixed affine form of later inputs (`OutputForms`): M is
//! invertible, and before a partial round the lanes without S-box are forms of later inputs too. So
//! the long linear combinations stand where they are cheapest, one to an S-box and in C, as
//! `x²·x³ = form`; A and B hold single columns, but for the second round's inputs.
//!
//! *Why x²·x³.* With x² = x·x, x³ = x·x² and x⁵ = x²·x³ the two factors of the last row differ from
//! each other and from x, so that A and B each get on with two columns of three, {x, x²} and
//! {x, x³}. With x⁴ = x²·x² one side needs all three.

use crate::{
    protocol::poseidon::{Parameters, after_first_sboxes, invert, parameters},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;
use std::sync::OnceLock;

/// The largest width.
const MAX_WIDTH: usize = 17;

/// x⁵ as x²·x³, three constraints.
pub fn sbox(builder: &mut Builder, x: &Num) -> Result<Num> {
    let [x2, x3] = square_and_cube(builder, x)?;
    builder.mul(&x2, &x3)
}

/// x² and x³, two constraints.
fn square_and_cube(builder: &mut Builder, x: &Num) -> Result<[Num; 2]> {
    let x2 = builder.mul(x, x)?;
    let x3 = builder.mul(x, &x2)?;
    Ok([x2, x3])
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
    let t = parameters.t;
    let forms = &OutputForms::of(parameters).0;
    let capacity = Num::constant(parameters.round_constants[0].pow([5u64]));
    let lanes: Vec<Num> = std::iter::once(capacity)
        .chain(lanes.iter().cloned())
        .collect();
    let mut state: Vec<Fr> = lanes.iter().map(Num::value).collect();

    let mut boxes: Vec<Sbox> = Vec::with_capacity(forms.len() + t);
    let mut outputs = Vec::with_capacity(t);
    after_first_sboxes(parameters, &mut state, |value| {
        let position = boxes.len();
        let input = if position < t {
            builder.form(value, || second_round_input(parameters, position, &lanes))
        } else {
            builder.witness(value)?
        };
        let powers = square_and_cube(builder, &input)?;
        let [x2, x3] = &powers;
        let output = if position < forms.len() {
            x2.value() * x3.value()
        } else {
            let column = builder.mul(x2, x3)?;
            let value = column.value();
            outputs.push(column);
            value
        };
        boxes.push(Sbox {
            input,
            powers,
            output,
        });
        Ok::<_, SynthesisError>(output)
    })?;
    for (sbox, form) in boxes.iter().zip(forms) {
        let [x2, x3] = &sbox.powers;
        let output = builder.form(sbox.output, || form.apply(&boxes));
        builder.enforce(x2, x3, &output)?;
    }
    Ok(Num::linear(Fr::ZERO, &parameters.mds[0], outputs.iter()))
}

/// What lane `position` of the state is before the second round's S-boxes.
fn second_round_input(parameters: &Parameters, position: usize, lanes: &[Num]) -> Num {
    let constant = parameters.round_constants[parameters.t + position];
    Num::linear(constant, &parameters.mds[position], lanes.iter())
}

/// One S-box after the first round's.
struct Sbox {
    input: Num,
    /// x² and x³.
    powers: [Num; 2],
    /// The value of x⁵.
    output: Fr,
}

/// `constant + Σ coefficient·(input of the S-box at that position)`.
#[derive(Clone, Debug)]
struct Form {
    constant: Fr,
    terms: Vec<(usize, Fr)>,
}

impl Form {
    fn input(position: usize) -> Self {
        Self {
            constant: Fr::ZERO,
            terms: vec![(position, Fr::ONE)],
        }
    }

    fn add_scaled(&mut self, other: &Self, factor: Fr) {
        self.constant += other.constant * factor;
        for (position, coefficient) in &other.terms {
            let product = *coefficient * factor;
            match self.terms.binary_search_by_key(position, |term| term.0) {
                Ok(at) => self.terms[at].1 += product,
                Err(at) => self.terms.insert(at, (*position, product)),
            }
        }
    }

    fn apply(&self, boxes: &[Sbox]) -> Num {
        let mut sum = Num::constant(self.constant);
        for (position, coefficient) in &self.terms {
            sum.add_scaled(&boxes[*position].input, *coefficient);
        }
        sum
    }
}

/// The output of every S-box between the first and the last round, as a form of later inputs.
/// Positions: round by round, as [`after_first_sboxes`] comes to them.
#[derive(Debug)]
struct OutputForms(Vec<Form>);

impl OutputForms {
    fn of(parameters: &Parameters) -> &'static Self {
        static CACHE: [OnceLock<OutputForms>; MAX_WIDTH + 1] =
            [const { OnceLock::new() }; MAX_WIDTH + 1];
        CACHE[parameters.t].get_or_init(|| Self::compute(parameters))
    }

    /// From the last round back to the first: where `state` is what a round's S-boxes get, `M⁻¹` of
    /// it less the round's constants is what those of the round before gave.
    fn compute(parameters: &Parameters) -> Self {
        let Parameters {
            t,
            full_rounds,
            partial_rounds,
            ref mds,
            ref round_constants,
            ..
        } = *parameters;
        let inverse = invert(mds.clone());
        let partial = full_rounds / 2..full_rounds / 2 + partial_rounds;
        let rounds = full_rounds + partial_rounds;
        let last = (full_rounds - 2) * t + partial_rounds;
        let mut first = last;
        let mut state: Vec<Form> = (last..last + t).map(Form::input).collect();
        let mut outputs = Vec::with_capacity(last);
        for round in (2..rounds).rev() {
            for (lane, constant) in state.iter_mut().zip(&round_constants[round * t..]) {
                lane.constant -= constant;
            }
            state = mix(&inverse, &state);
            let boxed = if partial.contains(&(round - 1)) { 1 } else { t };
            first -= boxed;
            for (i, lane) in state[..boxed].iter_mut().enumerate().rev() {
                outputs.push(std::mem::replace(lane, Form::input(first + i)));
            }
        }
        outputs.reverse();
        Self(outputs)
    }
}

/// `matrix·lanes`.
fn mix(matrix: &[Vec<Fr>], lanes: &[Form]) -> Vec<Form> {
    let row = |row: &Vec<Fr>| {
        let mut sum = Form {
            constant: Fr::ZERO,
            terms: Vec::new(),
        };
        for (coefficient, lane) in row.iter().zip(lanes) {
            sum.add_scaled(lane, *coefficient);
        }
        sum
    };
    matrix.iter().map(row).collect()
}
