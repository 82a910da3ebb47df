//! Proving with a `.zkey`.

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::Proof;
use rand::{CryptoRng, RngCore};

use super::{ProveError, Prover, StreamedLists, check_assignment};
use crate::backend::{Backend, ProductFactors};
use crate::formats::zkey::Zkey;
use crate::observer::{Observer, Stage, observe};
use crate::verify::PreparedKey;

/// A `.zkey` in a backend, for proofs of any circuit of circom.
///
/// The lists and the matrices stay in the file and are read for each proof, a chunk at a time; the backends
/// `naive`, `ark` and `gpu` read the lists once and keep them. The constraints are not checked first, since
/// a `.zkey` has no C: a witness that breaks one costs a whole proof, which is then not returned.
pub struct ZkeyProver<'k, B: Backend + 'k> {
    zkey: &'k Zkey,
    prover: Prover<'k, B>,
}

impl<'k, B: Backend> ZkeyProver<'k, B> {
    /// Loads a key.
    ///
    /// # Errors
    /// If the backend cannot hold it.
    pub fn new(zkey: &'k Zkey, backend: &'k B) -> Result<Self, ProveError> {
        let lists = StreamedLists {
            a: zkey.a_query(),
            b_g1: zkey.b_g1_query(),
            b_g2: zkey.b_g2_query(),
            h: zkey.h_query(),
            l: zkey.l_query(),
        };
        let prover = Prover::from_lists(zkey.constants(), lists, backend)?;
        Ok(Self { zkey, prover })
    }

    /// The key's verifying key, ready for use.
    #[must_use]
    pub const fn prepared_key(&self) -> &PreparedKey {
        self.prover.prepared_key()
    }

    /// Proves, with blinding from `rng`. `assignment` has the values of all columns, starting with 1.
    ///
    /// # Errors
    /// [`ProveError::SelfCheck`] if the assignment does not satisfy the circuit; otherwise see
    /// [`ProveError`].
    pub fn prove<G: RngCore + CryptoRng>(
        &self,
        assignment: &[Fr],
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<Proof<Bn254>, ProveError> {
        let (r, s) = (Fr::rand(rng), Fr::rand(rng));
        self.prove_with_blinding(assignment, r, s, observer)
    }

    /// As [`ZkeyProver::prove`] with given blinding: the same `r, s` give the same proof on every backend.
    /// A proof is zero-knowledge only if both are random and used once.
    ///
    /// # Errors
    /// As [`ZkeyProver::prove`].
    #[tracing::instrument(
        name = "prove_zkey",
        skip_all,
        fields(backend = self.prover.backend.name(), domain = self.zkey.domain().size())
    )]
    pub fn prove_with_blinding(
        &self,
        assignment: &[Fr],
        r: Fr,
        s: Fr,
        observer: &mut dyn Observer,
    ) -> Result<Proof<Bn254>, ProveError> {
        check_assignment(self.zkey.num_columns(), assignment)?;
        let cancellation = observer.cancellation();
        let [a, b] = observe(observer, &cancellation, Stage::Products, || {
            self.zkey
                .products(assignment)
                .map_err(|error| ProveError::Coefficients {
                    message: error.to_string(),
                })
        })?;
        let factors = ProductFactors {
            assignment,
            num_instance: self.zkey.num_public_inputs() + 1,
            a,
            b,
        };
        self.prover.prove_factors(factors, r, s, observer)
    }
}
