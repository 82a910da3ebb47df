//! arkworks' own prover on our circuit: the yardstick of a whole proof.
//!
//! It wants the three matrices written out row by row and the key as its own type. Both are made
//! here, outside of every measurement, and cost as much memory as the key and some hundred bytes a
//! row.

use ark_groth16::{Groth16, Proof, ProvingKey};
use zkroll::prover::{self, Bn254, Fr, Matrix, NotMonomial, R1cs};

use super::error::BenchError;

/// Entries of each row: coefficient and column.
type Rows = Vec<Vec<(Fr, usize)>>;

/// A circuit and its key as `ark-groth16` takes them.
pub struct ArkGroth16 {
    key: ProvingKey<Bn254>,
    matrices: [Rows; 3],
    num_instance: usize,
    num_constraints: usize,
}

impl ArkGroth16 {
    /// Writes the matrices out and converts the key.
    ///
    /// # Errors
    /// If arkworks cannot use the key.
    pub fn new(relation: &impl R1cs, key: &prover::ProvingKey) -> Result<Self, BenchError> {
        let key = key.clone().try_into();
        Ok(Self {
            key: key.map_err(|error: NotMonomial| BenchError::ArkGroth16(error.to_string()))?,
            matrices: Matrix::ALL.map(|matrix| rows(relation, matrix)),
            num_instance: relation.num_instance(),
            num_constraints: relation.num_constraints(),
        })
    }

    /// One proof: products, quotient by `LibsnarkReduction`, five multiplications. The constraints
    /// are not checked, nor is the finished proof.
    ///
    /// # Errors
    /// If the circuit is too large for the field.
    pub fn prove(&self, columns: &[Fr], [r, s]: [Fr; 2]) -> Result<Proof<Bn254>, BenchError> {
        let proof = Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            &self.key,
            r,
            s,
            &self.matrices,
            self.num_instance,
            self.num_constraints,
            columns,
        );
        proof.map_err(|error| BenchError::ArkGroth16(error.to_string()))
    }
}

fn rows(relation: &impl R1cs, matrix: Matrix) -> Rows {
    let row = |row| {
        let mut entries = Vec::new();
        relation.visit_row(matrix, row, &mut |column, coefficient| {
            entries.push((*coefficient, column));
        });
        entries.shrink_to_fit();
        entries
    };
    (0..relation.num_constraints()).map(row).collect()
}
