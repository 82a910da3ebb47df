//! Templates: a circuit that repeats itself is synthesised once and stored once.
//!
//! A [`Template`] is a small constraint system whose columns are *ports* (shared or imported from
//! elsewhere) and *locals*. A [`Program`] lays out copies of templates and says, by affine maps of
//! the copy's number, which column each port stands for ([`Wire`]). Expanding the program gives the
//! plain matrices that any Groth16 prover would see; nothing here expands them except tests.
//!
//! Each constraint's factors are put in A and B so that few columns stand in B (`orient`); the
//! solutions are the same either way.
//!
//! *Cost.* Memory is that of the templates; `A·z`, `B·z`, `C·z` and the witness are parallel over
//! rows and copies, and a copy reads its own slice of the assignment and its ports.
//!
//! *Not here.* No optimisation across copies, no instance outlining: instance columns keep the
//! indices 0, 1, 2, ….

mod builder;
mod matrix;
mod num;
mod orient;
mod program;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

#[cfg(test)]
use builder::Cheat;
pub use builder::{Builder, Result};
pub use num::Num;
pub use program::{Matrix, Program, Source, Wire};

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use ark_relations::gr1cs::R1CS_PREDICATE_LABEL;
use builder::{Built, Export, Label, label_of};
use matrix::{Coefficients, SparseMatrix};
use orient::orient;

/// A circuit that can be built with constraints or only for its witness.
pub trait Circuit {
    /// Makes ports, constraints and exports. The shape (everything but values) is the same for every
    /// value of `self` that is used with one template.
    ///
    /// # Errors
    /// Whatever the arkworks constraint system returns.
    fn synthesize(&self, builder: &mut Builder) -> Result<()>;
}

/// A synthesised circuit: its matrices over [1, ports…, locals…].
#[derive(Debug)]
pub struct Template {
    name: String,
    ports: Vec<String>,
    num_locals: usize,
    exports: Vec<Export>,
    labels: Vec<Label>,
    coefficients: Coefficients,
    matrices: [SparseMatrix; 3],
}

impl Template {
    /// Synthesises `circuit`.
    ///
    /// # Errors
    /// What [`Circuit::synthesize`] returns.
    pub fn new(name: &str, circuit: &impl Circuit) -> Result<Self> {
        let mut builder = Builder::constraining();
        circuit.synthesize(&mut builder)?;
        let Built {
            cs,
            ports,
            exports,
            labels,
        } = builder.finish();
        let mut matrices = cs.to_matrices()?;
        let rows = matrices
            .remove(R1CS_PREDICATE_LABEL)
            .expect("an R1CS predicate is always there");
        let mut coefficients = Coefficients::new();
        let [mut a, mut b, c] = <[_; 3]>::try_from(rows).expect("R1CS has three matrices");
        orient(&mut a, &mut b);
        let matrices = [a, b, c].map(|rows| SparseMatrix::new(rows, &mut coefficients));
        coefficients.freeze();
        Ok(Self {
            name: name.to_owned(),
            num_locals: cs.num_witness_variables(),
            ports,
            exports,
            labels,
            coefficients,
            matrices,
        })
    }

    /// The values of the locals for one copy.
    ///
    /// # Errors
    /// What [`Circuit::synthesize`] returns.
    pub fn witness(&self, circuit: &impl Circuit) -> Result<Vec<Fr>> {
        let mut builder = Builder::assigning();
        circuit.synthesize(&mut builder)?;
        let witness = builder.finish().cs.assignments.witness_assignment;
        assert_eq!(
            witness.len(),
            self.num_locals,
            "`{}` has one shape",
            self.name
        );
        Ok(witness)
    }

    /// The name given to [`Template::new`].
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Columns that a program must wire.
    pub fn num_ports(&self) -> usize {
        self.ports.len()
    }

    /// Witness columns of one copy.
    pub fn num_locals(&self) -> usize {
        self.num_locals
    }

    /// Constraints of one copy.
    pub fn num_constraints(&self) -> usize {
        self.matrices[0].num_rows()
    }

    /// Non-zero entries of the three matrices.
    pub fn num_entries(&self) -> usize {
        self.matrices.iter().map(SparseMatrix::num_entries).sum()
    }

    /// Columns that may be imported.
    pub fn num_exports(&self) -> usize {
        self.exports.len()
    }

    /// The number of an export.
    ///
    /// # Panics
    /// If the template has none of that name.
    pub fn export(&self, name: &str) -> usize {
        self.exports
            .iter()
            .position(|export| export.name == name)
            .unwrap_or_else(|| panic!("`{}` exports `{name}`", self.name))
    }

    fn export_local(&self, export: usize) -> usize {
        self.exports[export].local
    }

    /// Bytes of the stored matrices.
    pub fn matrix_bytes(&self) -> usize {
        self.coefficients.bytes() + self.matrices.iter().map(SparseMatrix::bytes).sum::<usize>()
    }

    /// Constraints under labels for which `select` holds.
    pub fn count_constraints(&self, select: impl Fn(&str) -> bool) -> usize {
        (0..self.num_constraints())
            .filter(|&row| select(self.label(row)))
            .count()
    }

    /// The label of a constraint.
    pub fn label(&self, row: usize) -> &str {
        label_of(&self.labels, row)
    }

    /// BLAKE3 over the shape and every entry: what the template's copies constrain.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"zkroll template 1");
        for count in [self.num_ports(), self.num_locals, self.num_constraints()] {
            hasher.update(&(count as u64).to_le_bytes());
        }
        for export in &self.exports {
            hasher.update(&(export.local as u64).to_le_bytes());
        }
        for matrix in [Matrix::A, Matrix::B, Matrix::C] {
            for row in 0..self.num_constraints() {
                let entries: Vec<_> = self.row(matrix, row).collect();
                hasher.update(&(entries.len() as u64).to_le_bytes());
                for (column, coefficient) in entries {
                    hasher.update(&(column as u64).to_le_bytes());
                    hasher.update(&coefficient.into_bigint().to_bytes_le());
                }
            }
        }
        *hasher.finalize().as_bytes()
    }

    fn row(&self, matrix: Matrix, row: usize) -> impl Iterator<Item = (usize, &Fr)> {
        self.matrices[matrix as usize].row(row, &self.coefficients)
    }

    /// Whether each column, the ports' first, stands in a matrix.
    fn columns_in(&self, matrix: Matrix) -> Vec<bool> {
        let mut found = vec![false; 1 + self.num_ports() + self.num_locals];
        for column in self.matrices[matrix as usize].columns() {
            found[*column as usize] = true;
        }
        found
    }

    /// Columns that stand in a matrix, ports included and the constant one not.
    pub fn count_columns_in(&self, matrix: Matrix) -> usize {
        let found = self.columns_in(matrix);
        found[1..].iter().filter(|found| **found).count()
    }

    /// A number of columns, ports included and the constant one not, that must stand in B however the
    /// constraints' factors are exchanged.
    pub fn least_columns_in_b(&self) -> usize {
        let columns = |matrix, row| self.row(matrix, row).map(|entry| entry.0).collect();
        let rows = 0..self.num_constraints();
        let factors = rows.map(|row| [columns(Matrix::A, row), columns(Matrix::B, row)]);
        orient::least_columns_in_b(factors.collect())
    }

    /// A row's product with the columns of one copy; `ports` begins with the constant one.
    fn dot(&self, matrix: Matrix, row: usize, ports: &[Fr], locals: &[Fr]) -> Fr {
        let value = |column: u32| match (column as usize).checked_sub(ports.len()) {
            None => &ports[column as usize],
            Some(local) => &locals[local],
        };
        self.matrices[matrix as usize].dot(row, &self.coefficients, value)
    }
}
