//! What a circuit must offer to be proved: a rank-1 constraint system.
//!
//! `⟨aᵢ, z⟩ · ⟨bᵢ, z⟩ = ⟨cᵢ, z⟩` for every row i, where z is the assignment: column 0 is the
//! constant one, columns `0..num_instance` are the instance, the rest is the witness.
//!
//! The trait asks for rows only, so a circuit that repeats one template many times keeps the
//! template's matrices once and overrides [`R1cs::multiply`] and [`R1cs::first_broken`].
//! [`Matrices`](crate::Matrices) is the plain implementation with explicit rows.
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
            *value = row_product(self, matrix, row, assignment);
        });
    }

    /// The first row whose product `a[row]·b[row]` is not `⟨row of C, assignment⟩`, for the products
    /// `a = A·z` and `b = B·z` (longer vectors are allowed, their rests are not looked at).
    ///
    /// A vector C·z need not exist. This default goes row by row, in parallel under feature
    /// `parallel`; an implementor with structure overrides it.
    fn first_broken(&self, assignment: &[Fr], a: &[Fr], b: &[Fr]) -> Option<usize> {
        parallel::find_first(self.num_constraints(), |row| {
            a[row] * b[row] != row_product(self, Matrix::C, row, assignment)
        })
    }
}

/// `⟨row, assignment⟩`.
fn row_product<R: R1cs + ?Sized>(r1cs: &R, matrix: Matrix, row: usize, assignment: &[Fr]) -> Fr {
    let mut sum = Fr::zero();
    r1cs.visit_row(matrix, row, &mut |column, coefficient| {
        if coefficient.is_one() {
            sum += assignment[column];
        } else {
            sum += assignment[column] * coefficient;
        }
    });
    sum
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

/// `M·z`, in a vector with room for `capacity` elements, so that the caller may extend it in place.
pub(crate) fn product<R: R1cs + ?Sized>(
    r1cs: &R,
    matrix: Matrix,
    assignment: &[Fr],
    capacity: usize,
) -> Vec<Fr> {
    let mut out = Vec::with_capacity(capacity);
    out.resize(r1cs.num_constraints(), Fr::zero());
    r1cs.multiply(matrix, assignment, &mut out);
    out
}

/// Demands `a ∘ b = C·z` for the products `a = A·z`, `b = B·z` (their first rows, if they are longer).
pub(crate) fn check_products<R: R1cs + ?Sized>(
    r1cs: &R,
    assignment: &[Fr],
    a: &[Fr],
    b: &[Fr],
) -> Result<(), Unsatisfied> {
    match r1cs.first_broken(assignment, a, b) {
        None => Ok(()),
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
    let [a, b] = [Matrix::A, Matrix::B]
        .map(|matrix| product(r1cs, matrix, assignment, r1cs.num_constraints()));
    check_products(r1cs, assignment, &a, &b)
}
