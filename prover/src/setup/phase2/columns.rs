//! A circuit's columns, and sums over them of points that belong to rows.
//!
//! A key's list has for column i a sum `Σ_j M[j,i]·P_j` over the rows, or several such sums with
//! different matrices and points. The matrices come by rows; here they are turned, and the sums of many
//! columns are made together: all products at once, then the additions.

use ark_bn254::{Fr, g1, g2};
use ark_ec::CurveGroup;
use ark_ec::short_weierstrass::Projective;
use ark_ff::{One, Zero};

use crate::backend::{Backend, BackendError};
use crate::parallel;
use crate::r1cs::{Matrix, R1cs};

/// A matrix by columns.
pub(super) struct Columns {
    /// Entries of column i are `starts[i]..starts[i + 1]`.
    starts: Vec<usize>,
    rows: Vec<u32>,
    coefficients: Vec<Fr>,
}

impl Columns {
    /// The columns of a matrix; those of A with the input-consistency rows.
    pub fn new<R: R1cs + ?Sized>(r1cs: &R, matrix: Matrix) -> Self {
        let num_rows = r1cs.num_constraints();
        let consistency = if matrix == Matrix::A {
            r1cs.num_instance()
        } else {
            0
        };
        let mut starts = vec![0; r1cs.num_columns() + 1];
        for row in 0..num_rows {
            r1cs.visit_row(matrix, row, &mut |column, _| starts[column + 1] += 1);
        }
        for column in 0..consistency {
            starts[column + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let len = starts[r1cs.num_columns()];
        let mut next = starts.clone();
        let (mut rows, mut coefficients) = (vec![0; len], vec![Fr::zero(); len]);
        let mut put = |column: usize, row: usize, coefficient: &Fr| {
            let at = next[column];
            // Rows fit into the largest domain, 2^28.
            rows[at] = row as u32;
            coefficients[at] = *coefficient;
            next[column] += 1;
        };
        for row in 0..num_rows {
            r1cs.visit_row(matrix, row, &mut |column, coefficient| {
                put(column, row, coefficient);
            });
        }
        for column in 0..consistency {
            put(column, num_rows + column, &Fr::one());
        }
        Self {
            starts,
            rows,
            coefficients,
        }
    }

    /// Entries of a column.
    pub fn num_terms(&self, column: usize) -> usize {
        self.starts[column + 1] - self.starts[column]
    }

    /// All entries.
    pub fn len(&self) -> usize {
        self.rows.len()
    }
}

/// A group in which a backend multiplies many points, each with its own scalar.
pub(super) trait Summable: CurveGroup<ScalarField = Fr> {
    /// `[scalars[i]·points[i]]`.
    fn multiply_each<B: Backend>(
        backend: &B,
        points: &[Self::Affine],
        scalars: &[Fr],
    ) -> Result<Vec<Self::Affine>, BackendError>;
}

impl Summable for Projective<g1::Config> {
    fn multiply_each<B: Backend>(
        backend: &B,
        points: &[Self::Affine],
        scalars: &[Fr],
    ) -> Result<Vec<Self::Affine>, BackendError> {
        backend.multiply_each_g1(points, scalars)
    }
}

impl Summable for Projective<g2::Config> {
    fn multiply_each<B: Backend>(
        backend: &B,
        points: &[Self::Affine],
        scalars: &[Fr],
    ) -> Result<Vec<Self::Affine>, BackendError> {
        backend.multiply_each_g2(points, scalars)
    }
}

/// Points of the rows, and the matrix that combines them.
pub(super) type Part<'a, G> = (&'a Columns, &'a [<G as CurveGroup>::Affine]);

/// Terms whose products are made together.
const TERMS_AT_ONCE: usize = 1 << 15;

/// How many columns from `first` on are summed together: as many as have few enough terms, at least one.
pub(super) fn columns_at_once<G: Summable>(
    parts: &[Part<'_, G>],
    first: usize,
    end: usize,
) -> usize {
    let mut terms = 0;
    (first..end)
        .take_while(|&column| {
            terms += parts
                .iter()
                .map(|(columns, _)| columns.num_terms(column))
                .sum::<usize>();
            column == first || terms <= TERMS_AT_ONCE
        })
        .count()
}

/// `Σ over parts, Σ_j M[j,i]·P_j` for each column i of a range.
pub(super) fn sum_columns<G: Summable, B: Backend>(
    backend: &B,
    parts: &[Part<'_, G>],
    range: std::ops::Range<usize>,
) -> Result<Vec<G::Affine>, BackendError> {
    let mut points = Vec::new();
    let mut scalars = Vec::new();
    let mut starts = vec![0];
    for column in range.clone() {
        for (columns, of_rows) in parts {
            let entries = columns.starts[column]..columns.starts[column + 1];
            points.extend(
                columns.rows[entries.clone()]
                    .iter()
                    .map(|&row| of_rows[row as usize]),
            );
            scalars.extend_from_slice(&columns.coefficients[entries]);
        }
        starts.push(points.len());
    }
    let products = G::multiply_each(backend, &points, &scalars)?;
    let sums = parallel::map(range.len(), |i| {
        products[starts[i]..starts[i + 1]]
            .iter()
            .fold(G::zero(), |sum, product| sum + *product)
    });
    Ok(G::normalize_batch(&sums))
}
