//! Poseidon over the scalar field of BN254, with circomlib's parameters.
//!
//! One permutation of width t is R_F/2 full rounds, R_P partial rounds and R_F/2 full rounds. A
//! round adds constants, applies x ↦ x⁵ (to every element, or in a partial round to the first one
//! only) and multiplies the state by the MDS matrix M:
//!
//! ```text
//! full:     s ← M · ((s₀+c₀)⁵, …, (s₍t₋₁₎+c₍t₋₁₎)⁵)
//! partial:  s ← M · ((s₀+c₀)⁵, s₁+c₁, …, s₍t₋₁₎+c₍t₋₁₎)
//! ```
//!
//! Source: Grassi, Khovratovich, Rechberger, Roy, Schofnegger, *Poseidon: A New Hash Function for
//! Zero-Knowledge Proof Systems* (USENIX Security 2021): the round function in section 2, the Grain
//! LFSR that yields the constants in appendix E, the sparse form of the partial rounds in
//! appendix B. `docs/protocol.md` §1 fixes the number of rounds.
//!
//! Representation: `hash` puts the capacity element, zero, first and the inputs after it, and
//! returns the first element of the permuted state. Each width has one [`Parameters`], generated on
//! first use and kept for the life of the process.
//!
//! Cost: [`hash`] uses the sparse form, 2t−1 products for a partial round's matrix in place of t².
//!
//! Not here: a sponge (every use has a fixed number of inputs, at most sixteen), and the circuit,
//! which is `gadgets::poseidon`.

use std::{convert::Infallible, sync::OnceLock};

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, BigInteger, Field, PrimeField};

use crate::arithmetic::sum_of_products;

/// The largest number of inputs that [`hash`] takes.
pub const MAX_INPUTS: usize = 16;

/// Full rounds, for every width.
const FULL_ROUNDS: usize = 8;

/// Partial rounds for t = 2, 3, …, 17.
const PARTIAL_ROUNDS: [usize; MAX_INPUTS] = [
    56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68,
];

/// The permutation of one width.
#[derive(Debug)]
pub struct Parameters {
    /// The width: number of elements of the state.
    pub t: usize,
    /// R_F, an even number: half of them come first and half last.
    pub full_rounds: usize,
    /// R_P.
    pub partial_rounds: usize,
    /// (R_F + R_P)·t constants; round k adds element k·t + i to sᵢ.
    pub round_constants: Vec<Fr>,
    /// M by rows: the new sᵢ is Σⱼ `mds[i][j]`·sⱼ.
    pub mds: Vec<Vec<Fr>>,
    sparse: SparseRounds,
}

/// The parameters of width `t`.
///
/// # Panics
/// Unless 2 ≤ `t` ≤ 17.
pub fn parameters(t: usize) -> &'static Parameters {
    static CACHE: [OnceLock<Parameters>; MAX_INPUTS] = [const { OnceLock::new() }; MAX_INPUTS];
    assert!(
        (2..=MAX_INPUTS + 1).contains(&t),
        "expected a Poseidon width in 2..=17, got {t}"
    );
    CACHE[t - 2].get_or_init(|| Parameters::generate(t, FULL_ROUNDS, PARTIAL_ROUNDS[t - 2]))
}

/// Poseidonₙ of n = `inputs.len()` elements.
///
/// # Panics
/// Unless 1 ≤ n ≤ 16.
pub fn hash(inputs: &[Fr]) -> Fr {
    let t = inputs.len() + 1;
    let mut state = [Fr::ZERO; MAX_INPUTS + 1];
    let parameters = parameters(t);
    state[1..t].copy_from_slice(inputs);
    let state = &mut state[..t];
    all_sboxes(parameters, state);
    dot(&parameters.mds[0], state)
}

/// The permutation as it is defined, round by round: the reference for [`permute_sparse`] and for
/// the circuit.
///
/// # Panics
/// Unless `state` has `parameters.t` elements.
pub fn permute(parameters: &Parameters, state: &mut [Fr]) {
    check_width(parameters, state);
    let half = parameters.full_rounds / 2;
    let last = half + parameters.partial_rounds;
    for (round, constants) in parameters
        .round_constants
        .chunks_exact(parameters.t)
        .enumerate()
    {
        add_assign(state, constants);
        let boxed = if (half..last).contains(&round) {
            1
        } else {
            parameters.t
        };
        state[..boxed].iter_mut().for_each(sbox);
        mix(&parameters.mds, state);
    }
}

/// The same permutation, with the matrices of the partial rounds replaced by sparse ones.
///
/// # Panics
/// Unless `state` has `parameters.t` elements.
pub fn permute_sparse(parameters: &Parameters, state: &mut [Fr]) {
    check_width(parameters, state);
    all_sboxes(parameters, state);
    mix(&parameters.mds, state);
}

/// [`permute_sparse`] without the last product by M.
fn all_sboxes(parameters: &Parameters, state: &mut [Fr]) {
    add_assign(state, &parameters.round_constants[..parameters.t]);
    state.iter_mut().for_each(sbox);
    let after_first: Result<(), Infallible> = after_first_sboxes(parameters, state, |x| {
        let mut output = x;
        sbox(&mut output);
        Ok(output)
    });
    match after_first {
        Ok(()) => {}
    }
}

/// The permutation from after the S-boxes of its first round to after those of its last one, the
/// product by M that follows left out. `sbox` computes x⁵ from each S-box's input, round by round
/// and in a round from the first element to the last.
///
/// # Errors
/// What `sbox` returns.
///
/// # Panics
/// Unless `state` has `parameters.t` elements.
pub fn after_first_sboxes<E>(
    parameters: &Parameters,
    state: &mut [Fr],
    mut sbox: impl FnMut(Fr) -> Result<Fr, E>,
) -> Result<(), E> {
    check_width(parameters, state);
    let Parameters {
        t,
        full_rounds,
        round_constants,
        mds,
        sparse,
        ..
    } = parameters;
    let half = full_rounds / 2;
    let mut full_round = |state: &mut [Fr], constants: &[Fr]| {
        for (element, constant) in state.iter_mut().zip(constants) {
            *element = sbox(*element + constant)?;
        }
        Ok(())
    };
    for constants in round_constants[*t..half * t].chunks_exact(*t) {
        mix(mds, state);
        full_round(state, constants)?;
    }
    mix(mds, state);
    for (round, constant) in sparse.constants.iter().enumerate() {
        full_round(&mut state[..1], &[*constant])?;
        match sparse.matrices.get(round) {
            Some(matrix) => matrix.apply(state),
            None => mix(&sparse.last, state),
        }
    }
    full_round(state, &sparse.after)?;
    for constants in round_constants[round_constants.len() - (half - 1) * t..].chunks_exact(*t) {
        mix(mds, state);
        full_round(state, constants)?;
    }
    Ok(())
}

fn check_width(parameters: &Parameters, state: &[Fr]) {
    assert_eq!(
        state.len(),
        parameters.t,
        "expected a state of the permutation's width"
    );
}

fn add_assign(state: &mut [Fr], constants: &[Fr]) {
    for (element, constant) in state.iter_mut().zip(constants) {
        *element += constant;
    }
}

fn sbox(x: &mut Fr) {
    let x4 = x.square().square();
    *x *= x4;
}

fn mix(matrix: &[Vec<Fr>], state: &mut [Fr]) {
    let mut out = [Fr::ZERO; MAX_INPUTS + 1];
    for (out, row) in out.iter_mut().zip(matrix) {
        *out = dot(row, state);
    }
    state.copy_from_slice(&out[..state.len()]);
}

/// Σ aᵢ·bᵢ.
fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    sum_of_products(a.iter().zip(b))
}

impl Parameters {
    /// Draws the constants and the matrix from the Grain LFSR.
    fn generate(t: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let mut grain = Grain::new(t, full_rounds, partial_rounds);
        let round_constants: Vec<Fr> = (0..(full_rounds + partial_rounds) * t)
            .map(|_| grain.element_by_rejection())
            .collect();
        let mds = grain.cauchy_matrix(t);
        let half = full_rounds / 2;
        let from_partial = &round_constants[half * t..];
        let sparse = SparseRounds::derive(&mds, &from_partial[..(partial_rounds + 1) * t]);
        Self {
            t,
            full_rounds,
            partial_rounds,
            round_constants,
            mds,
            sparse,
        }
    }
}

/// The partial rounds in sparse form.
///
/// Write M as blocks, `M = [[m, v], [w, N]]` with m = M₀₀ and N square of width t−1. Then
///
/// ```text
/// M · diag(1, Nᵏ) = diag(1, Nᵏ⁺¹) · Sₖ,     Sₖ = [[m, v·Nᵏ], [N⁻⁽ᵏ⁺¹⁾·w, 1]],
/// ```
///
/// and diag(1, ·) commutes with the S-box on the first element. So round k multiplies by the
/// sparse Sₖ alone and hands diag(1, Nᵏ⁺¹) on to the next round; the last round multiplies by
/// M·diag(1, N^(R_P−1)), which is dense. A constant added outside the first element commutes with
/// the S-box too: it is multiplied by M and joins the next round's, until only the first element
/// of each round's constants is left (diag(1, ·) does not touch it) and one vector, which joins
/// the first of the closing full rounds.
#[derive(Debug)]
struct SparseRounds {
    /// What each partial round adds to the first element.
    constants: Vec<Fr>,
    /// S₀, …, S₍R_P₋₂₎.
    matrices: Vec<SparseMatrix>,
    /// M·diag(1, N^(R_P−1)).
    last: Vec<Vec<Fr>>,
    /// What the full round after them adds.
    after: Vec<Fr>,
}

/// `[[m, row], [column, 1]]`: the identity but for the first row and the first column.
#[derive(Debug)]
struct SparseMatrix {
    /// The whole first row, m first.
    row: Vec<Fr>,
    /// The first column below m.
    column: Vec<Fr>,
}

impl SparseMatrix {
    fn apply(&self, state: &mut [Fr]) {
        let first = dot(&self.row, state);
        let s0 = state[0];
        for (element, factor) in state[1..].iter_mut().zip(&self.column) {
            *element += s0 * factor;
        }
        state[0] = first;
    }
}

impl SparseRounds {
    /// `constants` are those of the partial rounds and of the full round after them.
    fn derive(mds: &[Vec<Fr>], constants: &[Fr]) -> Self {
        let t = mds.len();
        let mut rounds = constants.chunks_exact(t);
        let after_own = rounds.next_back().unwrap_or_default();

        let mut deferred = vec![Fr::ZERO; t];
        let mut first_elements = Vec::new();
        for constants in rounds {
            add_assign(&mut deferred, constants);
            first_elements.push(deferred[0]);
            deferred[0] = Fr::ZERO;
            mix(mds, &mut deferred);
        }
        add_assign(&mut deferred, after_own);

        let n: Vec<Vec<Fr>> = mds[1..].iter().map(|row| row[1..].to_vec()).collect();
        let n_inverse = invert(n.clone());
        let mut v = mds[0][1..].to_vec();
        let mut w: Vec<Fr> = mds[1..].iter().map(|row| row[0]).collect();
        let mut last = mds.to_vec();
        let mut matrices = Vec::new();
        for _ in 1..first_elements.len() {
            w = n_inverse.iter().map(|row| dot(row, &w)).collect();
            let row = std::iter::once(mds[0][0]).chain(v.iter().copied());
            matrices.push(SparseMatrix {
                row: row.collect(),
                column: w.clone(),
            });
            v = row_times(&v, &n);
            for row in &mut last {
                let product = row_times(&row[1..], &n);
                row[1..].copy_from_slice(&product);
            }
        }
        Self {
            constants: first_elements,
            matrices,
            last,
            after: deferred,
        }
    }
}

/// The row vector `row`·`matrix`.
fn row_times(row: &[Fr], matrix: &[Vec<Fr>]) -> Vec<Fr> {
    let mut out = vec![Fr::ZERO; row.len()];
    for (factor, matrix_row) in row.iter().zip(matrix) {
        for (out, element) in out.iter_mut().zip(matrix_row) {
            *out += *factor * element;
        }
    }
    out
}

/// The inverse by Gauss–Jordan elimination. Every square submatrix of an MDS matrix is regular,
/// so each pivot on the diagonal is nonzero and no rows need to be exchanged: the pivot of step k
/// is the ratio of the leading minors of size k+1 and k.
pub(crate) fn invert(mut matrix: Vec<Vec<Fr>>) -> Vec<Vec<Fr>> {
    let n = matrix.len();
    let mut inverse: Vec<Vec<Fr>> = (0..n)
        .map(|i| (0..n).map(|j| Fr::from(u64::from(i == j))).collect())
        .collect();
    for pivot in 0..n {
        let scale = matrix[pivot][pivot]
            .inverse()
            .expect("a leading minor of an MDS matrix is nonzero");
        for side in [&mut matrix, &mut inverse] {
            side[pivot].iter_mut().for_each(|x| *x *= scale);
        }
        let (pivot_row, inverse_row) = (matrix[pivot].clone(), inverse[pivot].clone());
        for row in (0..n).filter(|row| *row != pivot) {
            let factor = matrix[row][pivot];
            for (side, source) in [(&mut matrix, &pivot_row), (&mut inverse, &inverse_row)] {
                for (x, y) in side[row].iter_mut().zip(source) {
                    *x -= factor * y;
                }
            }
        }
    }
    inverse
}

/// The Grain LFSR in self-shrinking mode: 80 bits of state, newest bit highest.
struct Grain {
    state: u128,
}

/// Bits of the modulus, and of a drawn element before reduction.
const FIELD_BITS: usize = Fr::MODULUS_BIT_SIZE as usize;

impl Grain {
    /// Seeds the register with the description of the instance (field type 1: prime; S-box 0: a
    /// power; n, t, R_F, R_P; thirty ones; each most significant bit first) and discards 160 bits.
    fn new(t: usize, full_rounds: usize, partial_rounds: usize) -> Self {
        let fields = [
            (1, 2),
            (0, 4),
            (FIELD_BITS, 12),
            (t, 12),
            (full_rounds, 10),
            (partial_rounds, 10),
            ((1 << 30) - 1, 30),
        ];
        let mut state = 0u128;
        let mut position = 0;
        for (value, width) in fields {
            for bit in (0..width).rev() {
                state |= ((value as u128 >> bit) & 1) << position;
                position += 1;
            }
        }
        let mut grain = Self { state };
        for _ in 0..160 {
            grain.clock();
        }
        grain
    }

    /// One step of b₈₀ = b₆₂ ⊕ b₅₁ ⊕ b₃₈ ⊕ b₂₃ ⊕ b₁₃ ⊕ b₀.
    fn clock(&mut self) -> bool {
        let bit = [62, 51, 38, 23, 13, 0]
            .iter()
            .fold(0, |sum, tap| sum ^ (self.state >> tap) & 1);
        self.state = (self.state >> 1) | (bit << 79);
        bit == 1
    }

    /// Of each pair of bits the second one, if the first is 1; pairs that begin with 0 are dropped.
    fn bit(&mut self) -> bool {
        loop {
            let keep = self.clock();
            let bit = self.clock();
            if keep {
                return bit;
            }
        }
    }

    /// The next 254 bits as an integer, most significant first.
    fn integer(&mut self) -> BigInt<4> {
        let mut bits = [false; FIELD_BITS];
        bits.fill_with(|| self.bit());
        BigInt::from_bits_be(&bits)
    }

    /// The next integer below r; greater ones are skipped.
    fn element_by_rejection(&mut self) -> Fr {
        loop {
            if let Some(element) = Fr::from_bigint(self.integer()) {
                return element;
            }
        }
    }

    /// Mᵢⱼ = 1/(xᵢ + yⱼ), with x and y the next 2t integers modulo r, drawn again should two of
    /// them agree or a sum vanish.
    fn cauchy_matrix(&mut self, t: usize) -> Vec<Vec<Fr>> {
        loop {
            let drawn: Vec<Fr> = (0..2 * t)
                .map(|_| Fr::from_le_bytes_mod_order(&self.integer().to_bytes_le()))
                .collect();
            let distinct = (1..2 * t).all(|i| !drawn[..i].contains(&drawn[i]));
            let (x, y) = drawn.split_at(t);
            let rows: Option<Vec<Vec<Fr>>> = x
                .iter()
                .map(|x| y.iter().map(|y| (*x + y).inverse()).collect())
                .collect();
            if let (true, Some(rows)) = (distinct, rows) {
                return rows;
            }
        }
    }
}
