//! Proofs of an assignment that is on the GPU already: what the device alone needs, to be measured.

use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;

use super::{ProveError, Prover};
use crate::backend::gpu::{Executor, GpuBackend, GpuFactors};
use crate::r1cs::R1cs;

/// An assignment with A·z and B·z on the device.
#[derive(Clone, Debug)]
pub struct ResidentAssignment<B> {
    factors: GpuFactors<B>,
    public_inputs: Vec<Fr>,
}

impl<'k, E: Executor + 'static> Prover<'k, GpuBackend<E>> {
    /// Checks that `assignment` satisfies `r1cs` and puts on the device what its proof is made of.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn load_assignment<R: R1cs + ?Sized>(
        &self,
        r1cs: &R,
        assignment: &[Fr],
    ) -> Result<ResidentAssignment<E::Buffer>, ProveError> {
        let factors = self.factors(r1cs, assignment, &mut ())?;
        Ok(ResidentAssignment {
            factors: self.backend.load_factors(&factors)?,
            public_inputs: assignment[1..r1cs.num_instance()].to_vec(),
        })
    }

    /// As [`Prover::prove_with_blinding`] for an assignment on the device, where it stays.
    ///
    /// # Errors
    /// See [`ProveError`].
    pub fn prove_resident(
        &self,
        assignment: &ResidentAssignment<E::Buffer>,
        r: Fr,
        s: Fr,
    ) -> Result<Proof<Bn254>, ProveError> {
        let sums = self
            .backend
            .proof_sums_resident(&self.queries(), &assignment.factors)?;
        let proof = self.assemble(&sums, r, s);
        self.check(&proof, &assignment.public_inputs)?;
        Ok(proof)
    }
}
