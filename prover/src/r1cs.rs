//! What a circuit must offer to be proved: a rank-1 constraint system.
//!
//! `⟨aᵢ, z⟩ · ⟨bᵢ, z⟩ = ⟨cᵢ, z⟩` for every row i, where z is the assignment: column 0 is the
//! constant one, columns `0..num_instance` are the instance, the rest is the witness.
//!
//! The trait asks for rows only, so a circuit that repeats one template many times keeps the
//! template's matrices once and overrides [`R1cs::multiply`]. [`Matrices`](crate::Matrices) is the
//! plain implementation with explicit rows.
//!
//! The input-consistency rows that Groth16's reduction appends (A only, `zᵢ · 0 = 0` for each
//! instance column) are the prover's and the setup's business: no [`R1cs`] contains them.

use ark_bn254::Fr;
use ark_ff::{One, Zero};

use crate::parallel;

/// One of the three matrices of a rank-1 constraint system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Matrix {
    /// Left factors.
    A,
    /// Right factors.
    B,
    /// Products.
    C,
}

impl Matrix {
    /// The three matrices in their usual order.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];
}

/// A rank-1 constraint system over the scalar field of BN254.
///
/// Column 0 is the constant one, columns `0..num_instance` are the instance, the rest the witness.
pub trait R1cs: Sync {
    /// Number of instance columns, the constant 1 included: at least 1.
    fn num_instance(&self) -> usize;

    /// Number of witness columns.
    fn num_witness(&self) -> usize;

    /// Number of constraints, without the input-consistency rows.
    fn num_constraints(&self) -> usize;

    /// Calls `visit(column, coefficient)` for each non-zero entry of `row`; where a column comes more
    /// than once its coefficients add up. `row < num_constraints`, and every column visited is below
    /// [`R1cs::num_columns`].
    fn visit_row(&self, matrix: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr));

    /// Human-readable name of a constraint, for errors.
    fn label(&self, row: usize) -> String;

    /// Number of columns: instance and witness.
    fn num_columns(&self) -> usize {
        self.num_instance() + self.num_witness()
    }

    /// `out[i] = ⟨row i, assignment⟩` for every row.
    ///
    /// `assignment` has [`R1cs::num_columns`] elements and `out` has [`R1cs::num_constraints`].
    /// This default goes row by row, in parallel under feature `parallel`; an implementor with
    /// structure overrides it.
    fn multiply(&self, matrix: Matrix, assignment: &[Fr], out: &mut [Fr]) {
        parallel::for_each_mut(out, |row, value| {
            let mut sum = Fr::zero();
            self.visit_row(matrix, row, &mut |column, coefficient| {
                if coefficient.is_one() {
                    sum += assignment[column];
                } else {
                    sum += assignment[column] * coefficient;
                }
            });
            *value = sum;
        });
    }
}

/// The first constraint that an assignment breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("constraint {row} ({label}) is not satisfied")]
pub struct Unsatisfied {
    /// Index of the constraint.
    pub row: usize,
    /// Its label, from [`R1cs::label`].
    pub label: String,
}

/// `A·z` and `B·z` of a satisfying assignment, `num_constraints` values each.
pub(crate) struct RowProducts {
    pub a: Vec<Fr>,
    pub b: Vec<Fr>,
}

/// Multiplies all three matrices by the assignment and demands `A·z ∘ B·z = C·z`.
///
/// The vectors are allocated for `capacity` elements, so that the caller may extend them to the
/// domain in place.
pub(crate) fn satisfied_products<R: R1cs + ?Sized>(
    r1cs: &R,
    assignment: &[Fr],
    capacity: usize,
) -> Result<RowProducts, Unsatisfied> {
    let n = r1cs.num_constraints();
    let product = |matrix, capacity| {
        let mut out = Vec::with_capacity(capacity);
        out.resize(n, Fr::zero());
        r1cs.multiply(matrix, assignment, &mut out);
        out
    };
    let a = product(Matrix::A, capacity);
    let b = product(Matrix::B, capacity);
    let c = product(Matrix::C, n);
    match parallel::find_first(n, |row| a[row] * b[row] != c[row]) {
        None => Ok(RowProducts { a, b }),
        Some(row) => Err(Unsatisfied {
            row,
            label: r1cs.label(row),
        }),
    }
}

/// Checks an assignment without proving.
///
/// # Errors
/// The first broken constraint.
///
/// # Panics
/// If `assignment` does not have [`R1cs::num_columns`] elements.
pub fn check_satisfied<R: R1cs + ?Sized>(r1cs: &R, assignment: &[Fr]) -> Result<(), Unsatisfied> {
    assert_eq!(assignment.len(), r1cs.num_columns(), "assignment length");
    satisfied_products(r1cs, assignment, r1cs.num_constraints()).map(|_| ())
}
