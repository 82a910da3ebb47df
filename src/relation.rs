//! Our circuits as the prover sees them.

use zkroll_circuits::template::{self, Program};
use zkroll_prover::{Fr, Matrix, R1cs};

/// A [`Program`] as an [`R1cs`], its templates never expanded: that of a
/// [`BatchCircuit`](zkroll_circuits::batch::BatchCircuit) or of an
/// [`ExitCircuit`](zkroll_circuits::exit::ExitCircuit).
#[derive(Clone, Copy, Debug)]
pub struct ProgramRelation<'a>(pub &'a Program);

fn matrix(matrix: Matrix) -> template::Matrix {
    match matrix {
        Matrix::A => template::Matrix::A,
        Matrix::B => template::Matrix::B,
        Matrix::C => template::Matrix::C,
    }
}

impl R1cs for ProgramRelation<'_> {
    fn num_instance(&self) -> usize {
        self.0.num_instance()
    }

    fn num_witness(&self) -> usize {
        self.0.num_witness()
    }

    fn num_constraints(&self) -> usize {
        self.0.num_constraints()
    }

    fn visit_row(&self, which: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        self.0.visit_row(matrix(which), row, visit);
    }

    fn multiply(&self, which: Matrix, assignment: &[Fr], out: &mut [Fr]) {
        self.0.multiply(matrix(which), assignment, out);
    }

    fn first_broken(&self, assignment: &[Fr], a: &[Fr], b: &[Fr]) -> Option<usize> {
        self.0.first_broken(assignment, a, b)
    }

    fn label(&self, row: usize) -> String {
        self.0.label(row)
    }
}
