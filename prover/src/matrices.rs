//! Explicit matrices: the plain [`R1cs`].
//!
//! Each matrix is kept in compressed sparse row form: the entries of all rows one after the other,
//! and the offset at which each row starts. [`Matrices::new`] orders a row by column, sums duplicate
//! columns and drops zeros, so equal systems have equal representations; rows that come from a file
//! keep the file's entries and their order, because a ceremony's transcript depends on them.
//!
//! Cost: 36 bytes an entry and 8 a row. A circuit of many equal parts should implement [`R1cs`]
//! itself instead.

use ark_bn254::Fr;
use ark_ff::Zero;
use ark_relations::gr1cs::{ConstraintSystemRef, R1CS_PREDICATE_LABEL, SynthesisError};

use crate::r1cs::{Matrix, R1cs};

/// Why explicit matrices do not form a constraint system.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatricesError {
    /// The constant 1 is an instance column, so there is at least one.
    #[error("expected at least one instance column, got 0")]
    NoInstance,
    /// More columns than a 32-bit index holds.
    #[error("expected at most 2^32 - 1 columns, got {got}")]
    TooManyColumns {
        /// Number of columns asked for.
        got: usize,
    },
    /// The three matrices differ in height.
    #[error("expected {expected} rows in matrix {matrix:?} as in A, got {got}")]
    RowCount {
        /// The matrix that differs.
        matrix: Matrix,
        /// Rows of A.
        expected: usize,
        /// Rows of `matrix`.
        got: usize,
    },
    /// An entry lies outside the columns.
    #[error(
        "expected a column below {num_columns} in row {row} of matrix {matrix:?}, got {column}"
    )]
    ColumnOutOfRange {
        /// Matrix of the entry.
        matrix: Matrix,
        /// Row of the entry.
        row: usize,
        /// Column of the entry.
        column: usize,
        /// Number of columns.
        num_columns: usize,
    },
    /// Labels and constraints differ in number.
    #[error("expected {expected} labels, got {got}")]
    LabelCount {
        /// Number of constraints.
        expected: usize,
        /// Number of labels.
        got: usize,
    },
    /// The arkworks constraint system uses predicates other than R1CS.
    #[error("expected rank-1 constraints only, got {got} of predicate {predicate}")]
    NotR1cs {
        /// Label of the other predicate.
        predicate: String,
        /// Number of its constraints.
        got: usize,
    },
    /// arkworks could not produce the matrices.
    #[error("the constraint system gives no matrices: {0}")]
    Synthesis(#[from] SynthesisError),
}

/// Compressed sparse rows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SparseMatrix {
    /// Entries of row i are `starts[i]..starts[i + 1]`.
    starts: Vec<usize>,
    columns: Vec<u32>,
    coefficients: Vec<Fr>,
}

impl Default for SparseMatrix {
    fn default() -> Self {
        Self {
            starts: vec![0],
            columns: Vec::new(),
            coefficients: Vec::new(),
        }
    }
}

impl SparseMatrix {
    /// Appends a row.
    fn push(
        &mut self,
        matrix: Matrix,
        entries: &[(usize, Fr)],
        num_columns: usize,
    ) -> Result<(), MatricesError> {
        for &(column, coefficient) in entries {
            if column >= num_columns {
                return Err(MatricesError::ColumnOutOfRange {
                    matrix,
                    row: self.starts.len() - 1,
                    column,
                    num_columns,
                });
            }
            let index =
                u32::try_from(column).expect("the number of columns was checked against u32");
            self.columns.push(index);
            self.coefficients.push(coefficient);
        }
        self.starts.push(self.columns.len());
        Ok(())
    }
}

/// Orders entries by column, adds up those of one column and drops zeros.
fn sum_by_column(entries: &mut Vec<(usize, Fr)>) {
    entries.sort_by_key(|&(column, _)| column);
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    entries.retain(|(_, coefficient)| !coefficient.is_zero());
}

/// Takes constraints one by one.
#[derive(Clone, Debug)]
pub(crate) struct MatricesBuilder(Matrices);

impl MatricesBuilder {
    /// A system without constraints.
    pub fn new(num_instance: usize, num_witness: usize) -> Result<Self, MatricesError> {
        if num_instance == 0 {
            return Err(MatricesError::NoInstance);
        }
        let num_columns = num_instance.saturating_add(num_witness);
        if u32::try_from(num_columns).is_err() {
            return Err(MatricesError::TooManyColumns { got: num_columns });
        }
        Ok(Self(Matrices {
            num_instance,
            num_witness,
            matrices: Default::default(),
            labels: Vec::new(),
        }))
    }

    /// Appends a constraint, the rows of A, B and C; sorts their entries and adds up those of one
    /// column.
    pub fn push(&mut self, rows: &mut [Vec<(usize, Fr)>; 3]) -> Result<(), MatricesError> {
        rows.iter_mut().for_each(sum_by_column);
        self.push_verbatim(rows)
    }

    /// Appends a constraint, its entries as they are.
    pub fn push_verbatim(&mut self, rows: &[Vec<(usize, Fr)>; 3]) -> Result<(), MatricesError> {
        let num_columns = self.0.num_columns();
        for ((matrix, row), sparse) in Matrix::ALL.into_iter().zip(rows).zip(&mut self.0.matrices) {
            sparse.push(matrix, row, num_columns)?;
        }
        Ok(())
    }

    /// The system.
    pub fn finish(self) -> Matrices {
        self.0
    }
}

/// A constraint system with explicit rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrices {
    num_instance: usize,
    num_witness: usize,
    matrices: [SparseMatrix; 3],
    /// Empty, or one label per constraint.
    labels: Vec<String>,
}

impl Matrices {
    /// A constraint system from the rows of A, B and C, each row a list of (column, coefficient) in
    /// any order. Columns that occur twice in a row are summed.
    ///
    /// # Errors
    /// If there is no instance column, the matrices differ in height, or a column is out of range.
    pub fn new(
        num_instance: usize,
        num_witness: usize,
        rows: [Vec<Vec<(usize, Fr)>>; 3],
    ) -> Result<Self, MatricesError> {
        let mut builder = MatricesBuilder::new(num_instance, num_witness)?;
        let expected = rows[0].len();
        for (matrix, rows) in Matrix::ALL.into_iter().zip(&rows) {
            if rows.len() != expected {
                return Err(MatricesError::RowCount {
                    matrix,
                    expected,
                    got: rows.len(),
                });
            }
        }
        let [a, b, c] = rows;
        for ((a, b), c) in a.into_iter().zip(b).zip(c) {
            builder.push(&mut [a, b, c])?;
        }
        Ok(builder.finish())
    }

    /// The explicit rows of any constraint system, each as [`Matrices::new`] has it, without labels.
    ///
    /// # Errors
    /// If there is no instance column or there are 2^32 columns or more.
    pub fn from_r1cs<R: R1cs + ?Sized>(r1cs: &R) -> Result<Self, MatricesError> {
        let mut builder = MatricesBuilder::new(r1cs.num_instance(), r1cs.num_witness())?;
        for row in 0..r1cs.num_constraints() {
            let mut rows = Matrix::ALL.map(|matrix| {
                let mut entries = Vec::new();
                r1cs.visit_row(matrix, row, &mut |column, coefficient| {
                    entries.push((column, *coefficient));
                });
                entries
            });
            builder.push(&mut rows)?;
        }
        Ok(builder.finish())
    }

    /// Names the constraints.
    ///
    /// # Errors
    /// If there is not exactly one label per constraint.
    pub fn with_labels(mut self, labels: Vec<String>) -> Result<Self, MatricesError> {
        let expected = self.num_constraints();
        if labels.len() != expected {
            return Err(MatricesError::LabelCount {
                expected,
                got: labels.len(),
            });
        }
        self.labels = labels;
        Ok(self)
    }

    /// Number of non-zero entries of a matrix.
    #[must_use]
    pub fn num_non_zero(&self, matrix: Matrix) -> usize {
        self.matrices[matrix as usize].columns.len()
    }
}

impl R1cs for Matrices {
    fn num_instance(&self) -> usize {
        self.num_instance
    }

    fn num_witness(&self) -> usize {
        self.num_witness
    }

    fn num_constraints(&self) -> usize {
        self.matrices[0].starts.len() - 1
    }

    fn visit_row(&self, matrix: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        let sparse = &self.matrices[matrix as usize];
        let entries = sparse.starts[row]..sparse.starts[row + 1];
        for (column, coefficient) in sparse.columns[entries.clone()]
            .iter()
            .zip(&sparse.coefficients[entries])
        {
            visit(*column as usize, coefficient);
        }
    }

    fn label(&self, row: usize) -> String {
        self.labels
            .get(row)
            .cloned()
            .unwrap_or_else(|| format!("row {row}"))
    }
}

/// Takes the matrices of a finalized arkworks constraint system, with its constraint names where a
/// `ConstraintLayer` recorded them.
impl TryFrom<&ConstraintSystemRef<Fr>> for Matrices {
    type Error = MatricesError;

    fn try_from(cs: &ConstraintSystemRef<Fr>) -> Result<Self, MatricesError> {
        for (predicate, got) in cs.get_all_predicates_num_constraints() {
            if predicate != R1CS_PREDICATE_LABEL && got != 0 {
                return Err(MatricesError::NotR1cs { predicate, got });
            }
        }
        let mut matrices = cs.to_matrices()?;
        let rows = match matrices.remove(R1CS_PREDICATE_LABEL) {
            None => [Vec::new(), Vec::new(), Vec::new()],
            Some(matrices) => {
                let [a, b, c]: [_; 3] =
                    matrices
                        .try_into()
                        .map_err(|got: Vec<_>| MatricesError::NotR1cs {
                            predicate: R1CS_PREDICATE_LABEL.to_string(),
                            got: got.len(),
                        })?;
                [a, b, c].map(swap_pairs)
            }
        };
        let this = Self::new(
            cs.num_instance_variables(),
            cs.num_witness_variables(),
            rows,
        )?;
        match cs.constraint_names() {
            Some(labels) if labels.len() == this.num_constraints() => this.with_labels(labels),
            _ => Ok(this),
        }
    }
}

/// arkworks writes an entry as (coefficient, column).
fn swap_pairs(rows: Vec<Vec<(Fr, usize)>>) -> Vec<Vec<(usize, Fr)>> {
    rows.into_iter()
        .map(|row| {
            row.into_iter()
                .map(|(coefficient, column)| (column, coefficient))
                .collect()
        })
        .collect()
}
