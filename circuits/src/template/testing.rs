//! For tests: builds a piece of circuit with its constraints and tells which labels are broken.

use super::{
    Builder, Cheat, Matrix, Result,
    builder::{Built, Label, label_of},
    matrix::{Coefficients, SparseMatrix},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use ark_relations::gr1cs::R1CS_PREDICATE_LABEL;

/// A synthesised circuit with an assignment of its own, ports included.
pub(crate) struct Synthesised {
    labels: Vec<Label>,
    coefficients: Coefficients,
    matrices: Vec<SparseMatrix>,
    assignment: Vec<Fr>,
}

/// Synthesises `body` with a prover that is honest.
pub(crate) fn synthesise(body: impl FnOnce(&mut Builder) -> Result<()>) -> Synthesised {
    build(None, body)
}

/// Synthesises `body` with a prover that replaces witness values, see [`Cheat`]. What is computed
/// from a replaced value is computed from the replacement.
pub(crate) fn cheat(
    cheat: impl FnMut(&str, usize, Fr) -> Fr + 'static,
    body: impl FnOnce(&mut Builder) -> Result<()>,
) -> Synthesised {
    build(Some(Box::new(cheat)), body)
}

fn build(cheat: Option<Cheat>, body: impl FnOnce(&mut Builder) -> Result<()>) -> Synthesised {
    let mut builder = Builder::constraining();
    builder.cheat = cheat;
    body(&mut builder).expect("synthesis succeeds");
    let Built { cs, labels, .. } = builder.finish();
    let rows = cs
        .to_matrices()
        .expect("matrices")
        .remove(R1CS_PREDICATE_LABEL)
        .expect("R1CS");
    let mut coefficients = Coefficients::new();
    let matrices = rows
        .into_iter()
        .map(|m| SparseMatrix::new(m, &mut coefficients))
        .collect();
    let assignment = [
        cs.assignments.instance_assignment.as_slice(),
        cs.assignments.witness_assignment.as_slice(),
    ]
    .concat();
    Synthesised {
        labels,
        coefficients,
        matrices,
        assignment,
    }
}

impl Synthesised {
    pub(crate) fn num_constraints(&self) -> usize {
        self.matrices[0].num_rows()
    }

    /// Constraints under labels that begin with `prefix`.
    pub(crate) fn count(&self, prefix: &str) -> usize {
        (0..self.num_constraints())
            .filter(|&row| self.label(row).starts_with(prefix))
            .count()
    }

    fn label(&self, row: usize) -> &str {
        label_of(&self.labels, row)
    }

    fn product(&self, matrix: Matrix, row: usize) -> Fr {
        self.matrices[matrix as usize]
            .row(row, &self.coefficients)
            .fold(Fr::ZERO, |sum, (column, coefficient)| {
                sum + self.assignment[column] * coefficient
            })
    }

    /// `[A·z, B·z, C·z]` for each constraint under `label`.
    pub(crate) fn rows(&self, label: &str) -> Vec<[Fr; 3]> {
        (0..self.num_constraints())
            .filter(|&row| self.label(row) == label)
            .map(|row| [Matrix::A, Matrix::B, Matrix::C].map(|m| self.product(m, row)))
            .collect()
    }

    /// The labels of all broken constraints, each once, in order.
    pub(crate) fn broken(&self) -> Vec<String> {
        let mut labels: Vec<String> = (0..self.num_constraints())
            .filter(|&row| {
                let [a, b, c] = [Matrix::A, Matrix::B, Matrix::C].map(|m| self.product(m, row));
                a * b != c
            })
            .map(|row| self.label(row).to_owned())
            .collect();
        labels.dedup();
        labels
    }
}
