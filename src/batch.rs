//! A circuit and its key, which make proven batches that a contract takes.

use crate::ProgramRelation;
use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zkroll_circuits::{
    batch::{BatchAssignment, BatchCircuit, WitnessError},
    protocol::{
        blob::{BlobScalar, WORD_BYTES, Word, scalar_from_word, scalar_to_word},
        ledger::BatchTrace,
        public_data::{DataError, DataForm, Header, PublicData},
    },
};
use zkroll_prover::{
    Backend, Fr, Observer, PreparedKey, ProofFile, ProofFileError, ProveError, Prover, ProvingKey,
    SetupError, VerifyError, key_file::StreamedKey, setup,
};
use zkroll_verifier_sol::rollup::BatchCall;

/// Why a batch is not proven.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BatchError {
    /// The key was made for another circuit.
    #[error("expected a key for the circuit {expected}, got one for {got}", expected = hex::encode(.expected), got = hex::encode(.got))]
    KeyOfAnotherCircuit {
        /// Digest of the circuit.
        expected: [u8; 32],
        /// Digest in the key.
        got: [u8; 32],
    },
    /// The trace has no witness for the circuit.
    #[error(transparent)]
    Witness(#[from] WitnessError),
    /// The prover refused.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The setup refused.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The public data are malformed.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Why a proven batch is not accepted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProvenBatchError {
    /// The proof's encoding is malformed.
    #[error(transparent)]
    Proof(#[from] ProofFileError),
    /// The public data are malformed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The proof is for other public inputs than the data give.
    #[error("expected public inputs {expected:?} of the public data, got {got:?}")]
    PublicInputs {
        /// C, ρ, y of the data.
        expected: Vec<Fr>,
        /// Those beside the proof.
        got: Vec<Fr>,
    },
    /// The proof is not valid.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}

/// The circuit of one batch shape and a proving key for it.
#[derive(Debug)]
pub struct BatchProver {
    circuit: BatchCircuit,
    key: ProvingKey,
}

impl BatchProver {
    /// Joins a circuit and a key.
    ///
    /// # Errors
    /// If the key was made for another circuit.
    pub fn new(circuit: BatchCircuit, key: ProvingKey) -> Result<Self, BatchError> {
        check_circuit(&circuit, key.circuit_digest)?;
        Ok(Self { circuit, key })
    }

    /// **UNSAFE.** Makes a development key from `seed`: whoever knows the seed can prove anything.
    /// For tests, examples and measurements.
    ///
    /// # Errors
    /// If the circuit is too large for the field's domains.
    pub fn development(circuit: BatchCircuit, seed: &[u8; 32]) -> Result<Self, BatchError> {
        let key = setup::development(&ProgramRelation(circuit.program()), circuit.digest(), seed)?;
        Ok(Self { circuit, key })
    }

    /// The circuit.
    pub fn circuit(&self) -> &BatchCircuit {
        &self.circuit
    }

    /// The key.
    pub fn key(&self) -> &ProvingKey {
        &self.key
    }

    /// The values of all columns for a batch.
    ///
    /// # Errors
    /// If the trace has not the circuit's shape.
    pub fn witness(&self, trace: &BatchTrace) -> Result<BatchAssignment, BatchError> {
        Ok(self.circuit.assign(trace)?)
    }

    /// Witness and proof of one batch.
    ///
    /// # Errors
    /// See [`BatchError`].
    pub fn prove<B: Backend, G: RngCore + CryptoRng>(
        &self,
        trace: &BatchTrace,
        backend: &B,
        rng: &mut G,
    ) -> Result<ProvenBatch, BatchError> {
        let witness = self.witness(trace)?;
        self.prove_witness(trace, &witness, backend, rng, &mut ())
    }

    /// The proof of a batch whose witness is there, with the stages reported to `observer`.
    ///
    /// # Errors
    /// See [`BatchError`]; a witness of another trace is refused as unsatisfied or does not verify.
    pub fn prove_witness<B: Backend, G: RngCore + CryptoRng>(
        &self,
        trace: &BatchTrace,
        witness: &BatchAssignment,
        backend: &B,
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<ProvenBatch, BatchError> {
        self.load(backend)?
            .prove_witness(trace, witness, rng, observer)
    }

    /// Loads the key into a backend once, for many batches.
    ///
    /// # Errors
    /// If the key is refused or the backend cannot hold it.
    pub fn load<'k, B: Backend>(
        &'k self,
        backend: &'k B,
    ) -> Result<LoadedBatchProver<'k, B>, BatchError> {
        LoadedBatchProver::new(&self.circuit, &self.key, backend)
    }
}

/// A circuit with its key in a backend: what a node keeps while it proves batch after batch.
pub struct LoadedBatchProver<'k, B: Backend + 'k> {
    circuit: &'k BatchCircuit,
    prover: Prover<'k, B>,
}

impl<'k, B: Backend> LoadedBatchProver<'k, B> {
    /// Loads the key into a backend.
    ///
    /// # Errors
    /// If the key was made for another circuit, is refused, or the backend cannot hold it.
    pub fn new(
        circuit: &'k BatchCircuit,
        key: &'k ProvingKey,
        backend: &'k B,
    ) -> Result<Self, BatchError> {
        Self::with_tables(circuit, key, backend, 0)
    }

    /// As [`LoadedBatchProver::new`], with multiples of the key's points kept in up to `table_bytes` of
    /// memory, where the backend has tables and they make proofs faster.
    ///
    /// # Errors
    /// As [`LoadedBatchProver::new`].
    pub fn with_tables(
        circuit: &'k BatchCircuit,
        key: &'k ProvingKey,
        backend: &'k B,
        table_bytes: usize,
    ) -> Result<Self, BatchError> {
        check_circuit(circuit, key.circuit_digest)?;
        Ok(Self {
            circuit,
            prover: Prover::with_tables(key, backend, table_bytes)?,
        })
    }

    /// Leaves the lists of the key in their file, to be read a chunk at a time for each proof: the
    /// proof takes little memory beyond the witness and the transforms.
    ///
    /// # Errors
    /// If the key was made for another circuit, or the file cannot be read.
    pub fn streaming(
        circuit: &'k BatchCircuit,
        key: &'k StreamedKey,
        backend: &'k B,
    ) -> Result<Self, BatchError> {
        check_circuit(circuit, key.header().circuit_digest)?;
        Ok(Self {
            circuit,
            prover: Prover::streaming(key, backend)?,
        })
    }

    /// The circuit.
    #[must_use]
    pub const fn circuit(&self) -> &BatchCircuit {
        self.circuit
    }

    /// Witness and proof of one batch in calldata.
    ///
    /// # Errors
    /// See [`BatchError`].
    pub fn prove<G: RngCore + CryptoRng>(
        &self,
        trace: &BatchTrace,
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<ProvenBatch, BatchError> {
        let witness = self.circuit.assign(trace)?;
        self.prove_witness(trace, &witness, rng, observer)
    }

    /// Witness and proof of one batch whose operations are in a blob that is evaluated at `z`: `SharedBlob`
    /// of the feature `kzg` draws it.
    ///
    /// # Errors
    /// See [`BatchError`].
    pub fn prove_with_blob<G: RngCore + CryptoRng>(
        &self,
        trace: &BatchTrace,
        z: BlobScalar,
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<ProvenBatch, BatchError> {
        let witness = self.circuit.assign_with_blob(trace, z)?;
        self.prove_witness(trace, &witness, rng, observer)
    }

    /// The proof of a batch whose witness is there, with the stages reported to `observer`, which may
    /// stop it.
    ///
    /// # Errors
    /// See [`BatchError`]; a witness of another trace is refused as unsatisfied or does not verify.
    pub fn prove_witness<G: RngCore + CryptoRng>(
        &self,
        trace: &BatchTrace,
        witness: &BatchAssignment,
        rng: &mut G,
        observer: &mut dyn Observer,
    ) -> Result<ProvenBatch, BatchError> {
        let relation = ProgramRelation(self.circuit.program());
        let proof = self
            .prover
            .prove(&relation, &witness.columns, rng, observer)?;
        let public_data = match witness.blob_point {
            None => trace.public_data()?,
            Some(z) => trace.public_data_with_blob(z)?,
        };
        Ok(ProvenBatch {
            header: trace.header,
            blob: BlobSlice::of(&public_data),
            data: public_data.encode(),
            proof: ProofFile {
                proof,
                public_inputs: witness.public_inputs().to_vec(),
            },
        })
    }
}

/// Refuses a key made for another circuit.
fn check_circuit(circuit: &BatchCircuit, key_digest: [u8; 32]) -> Result<(), BatchError> {
    let (expected, got) = (circuit.digest(), key_digest);
    if expected == got {
        Ok(())
    } else {
        Err(BatchError::KeyOfAnotherCircuit { expected, got })
    }
}

/// A batch, proven: all that a contract, or anyone else, needs to accept it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProvenBatch {
    /// What the header words say.
    pub header: Header,
    /// All slots that the batch shows, as they stand in the call.
    #[serde(with = "hex::serde")]
    pub data: Vec<u8>,
    /// The operations, if they are in a blob.
    #[serde(default)]
    pub blob: Option<BlobSlice>,
    /// The proof with C, ρ and y.
    pub proof: ProofFile,
}

impl ProvenBatch {
    /// The public data, decoded.
    ///
    /// # Errors
    /// If the data's length or content is malformed.
    pub fn public_data(&self) -> Result<PublicData, DataError> {
        match &self.blob {
            None => PublicData::decode(self.header, &self.data),
            Some(BlobSlice { point, words }) => {
                PublicData::decode_with_blob(self.header, &self.data, words, *point)
            }
        }
    }

    /// Checks that C, ρ and y beside the proof are those of the data, but not the proof.
    ///
    /// # Errors
    /// If the data are malformed or give others.
    pub fn check_public_inputs(&self) -> Result<(), ProvenBatchError> {
        let expected = self.public_data()?.public_inputs().to_vec();
        if expected != self.proof.public_inputs {
            let got = self.proof.public_inputs.clone();
            return Err(ProvenBatchError::PublicInputs { expected, got });
        }
        Ok(())
    }

    /// Checks the proof as the contract does: C, ρ and y are those of the data, and the proof is valid
    /// for them.
    ///
    /// # Errors
    /// See [`ProvenBatchError`].
    pub fn verify(&self, key: &PreparedKey) -> Result<(), ProvenBatchError> {
        self.check_public_inputs()?;
        Ok(zkroll_prover::verify(
            key,
            &self.proof.public_inputs,
            &self.proof.proof,
        )?)
    }

    /// The call of `submitBatch`.
    ///
    /// # Errors
    /// If the data are malformed, or the operations are in a blob. Whether the proof is valid,
    /// [`ProvenBatch::verify`] says.
    pub fn call(&self) -> Result<BatchCall, DataError> {
        let form = self.header.shape.form;
        if form == DataForm::Blob {
            return Err(DataError::BlobPoint { form });
        }
        let [commitment, ..] = self.public_data()?.public_inputs();
        Ok(BatchCall {
            timestamp: self.header.timestamp.get(),
            post_state_root: self.header.post_root,
            commitment,
            proof: self.proof.proof.clone(),
            data: self.data.clone(),
        })
    }
}

/// The operations of a batch in a blob: the slice that is the batch's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "EncodedSlice", into = "EncodedSlice")]
pub struct BlobSlice {
    /// z, at which the blob is evaluated.
    pub point: BlobScalar,
    /// ⌈N/2⌉ words.
    pub words: Vec<Word>,
}

/// The same as JSON has it: 64 hexadecimal digits of z, and the words' bytes one after the other.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EncodedSlice {
    #[serde(with = "hex::serde")]
    point: [u8; 32],
    #[serde(with = "hex::serde")]
    words: Vec<u8>,
}

/// Why JSON is not a slice of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum SliceError {
    #[error("expected a blob's point below q")]
    Point,
    #[error("expected blob words of {WORD_BYTES} bytes, got {got} bytes")]
    Words { got: usize },
}

impl BlobSlice {
    /// The slice that the data have, if their operations are in a blob.
    #[must_use]
    pub fn of(data: &PublicData) -> Option<Self> {
        Some(Self {
            point: data.slots().blob_point?,
            words: data.blob_words(),
        })
    }
}

impl From<BlobSlice> for EncodedSlice {
    fn from(slice: BlobSlice) -> Self {
        let words = slice.words.iter();
        Self {
            point: scalar_to_word(&slice.point),
            words: words.flat_map(|word| word.to_be_bytes()).collect(),
        }
    }
}

impl TryFrom<EncodedSlice> for BlobSlice {
    type Error = SliceError;

    fn try_from(encoded: EncodedSlice) -> Result<Self, SliceError> {
        let (words, rest) = encoded.words.as_chunks();
        if !rest.is_empty() {
            let got = encoded.words.len();
            return Err(SliceError::Words { got });
        }
        Ok(Self {
            point: scalar_from_word(&encoded.point).ok_or(SliceError::Point)?,
            words: words.iter().map(Word::from_be_bytes).collect(),
        })
    }
}
