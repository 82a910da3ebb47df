//! The batch circuit as the prover sees it.

use zkroll_circuits::{batch::BatchCircuit, template};
use zkroll_prover::{Fr, Matrix, R1cs};

/// A [`BatchCircuit`] as an [`R1cs`], its templates never expanded.
#[derive(Clone, Copy, Debug)]
pub struct BatchRelation<'a>(pub &'a BatchCircuit);

fn matrix(matrix: Matrix) -> template::Matrix {
    match matrix {
        Matrix::A => template::Matrix::A,
        Matrix::B => template::Matrix::B,
        Matrix::C => template::Matrix::C,
    }
}

impl R1cs for BatchRelation<'_> {
    fn num_instance(&self) -> usize {
        self.0.program().num_instance()
    }

    fn num_witness(&self) -> usize {
        self.0.program().num_witness()
    }

    fn num_constraints(&self) -> usize {
        self.0.program().num_constraints()
    }

    fn visit_row(&self, which: Matrix, row: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        self.0.program().visit_row(matrix(which), row, visit);
    }

    fn multiply(&self, which: Matrix, assignment: &[Fr], out: &mut [Fr]) {
        self.0.program().multiply(matrix(which), assignment, out);
    }

    fn first_broken(&self, assignment: &[Fr], a: &[Fr], b: &[Fr]) -> Option<usize> {
        self.0.program().first_broken(assignment, a, b)
    }

    fn label(&self, row: usize) -> String {
        self.0.program().label(row)
    }
}
