//! This rollup: the payments as one batch, settled by `Rollup.sol` in calldata and in a blob.
//!
//! State, signatures, roots, public data, C, ρ and y are the batch's own. The proof is not: that of a thousand
//! payments has 22.7 million constraints. It proves a *stand-in circuit* of four constraints for the same three public inputs
//! under a key of its own, which the same verifier checks at the same cost, whatever the circuit. `settle_batch`
//! proves and settles real batches, and tests/l1_vs_l2.rs compares the gas of both proofs.

use rand::{SeedableRng, rngs::StdRng};
use zkroll::{
    BlobSlice, ProvenBatch, SharedBlob,
    circuits::protocol::{
        blob::WORD_BYTES,
        ledger::BatchTrace,
        public_data::{BatchShape, DataForm, PublicData},
    },
    prover::{
        Bn254, Fr, Matrices, ProofFile, ProvingKey, VerifyingKey, backend::Ark, prove, setup,
    },
};

use super::{
    Cost,
    payments::{DEPTH, Layer2, TIME},
};
use crate::common::{
    Result,
    chain::{Chain, OPERATOR},
};

/// Seed of the stand-in's key.
const SETUP_SEED: &[u8; 32] = b"zkroll example, stand-in circuit";

/// One batch, settled.
#[derive(Clone, Copy, Debug)]
pub struct Rollup {
    /// In calldata.
    pub calldata: Cost,
    /// In a blob.
    pub blob: Cost,
}

/// `a·b·C·ρ·y = c`: satisfiable for any C, ρ and y.
pub struct StandIn {
    relation: Matrices,
    key: ProvingKey,
}

impl StandIn {
    /// The circuit and an UNSAFE key for it.
    ///
    /// # Errors
    /// Never: the circuit is well-formed.
    pub fn new() -> Result<Self> {
        // Columns: 1, C, ρ, y, a, b, and the products.
        let factors = [(4, 5, 6), (6, 1, 7), (7, 2, 8), (8, 3, 9)];
        let rows = |of: fn((usize, usize, usize)) -> usize| {
            factors.map(|row| vec![(of(row), Fr::from(1u64))]).to_vec()
        };
        let relation = Matrices::new(4, 6, [rows(|r| r.0), rows(|r| r.1), rows(|r| r.2)])?;
        let key = setup::development(&relation, *b"zkroll example, stand-in circuit", SETUP_SEED)?;
        Ok(Self { relation, key })
    }

    fn prove(&self, public: &PublicData) -> Result<ProofFile> {
        let public_inputs = public.public_inputs();
        let [c, rho, y] = public_inputs;
        let [a, b] = [Fr::from(2u64), Fr::from(3u64)];
        let mut columns = vec![Fr::from(1u64), c, rho, y, a, b];
        let mut product = a;
        for factor in [b, c, rho, y] {
            product *= factor;
            columns.push(product);
        }
        // Seeded: a proof's zero bytes are cheaper, and the figures shall be the same in every run.
        let mut rng = StdRng::seed_from_u64(1);
        let proof = prove(&self.key, &self.relation, &columns, &Ark, &mut rng)?;
        Ok(ProofFile {
            proof,
            public_inputs: public_inputs.to_vec(),
        })
    }

    /// What its verifier is made of.
    pub fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.key.vk
    }

    /// The batch with this circuit's proof.
    ///
    /// # Errors
    /// If the prover refuses.
    pub fn proven(&self, trace: &BatchTrace, public: &PublicData) -> Result<ProvenBatch> {
        Ok(ProvenBatch {
            header: trace.header,
            data: public.encode(),
            blob: BlobSlice::of(public),
            proof: self.prove(public)?,
        })
    }
}

/// Settles the payments both ways, each as the second batch of a rollup: the first one is dearer by the storage that
/// it is the first to write. Besides, the operations' words, 31 bytes for two.
///
/// # Errors
/// If the ledger or the contract refuses the batch.
pub fn measure(layer2: &Layer2, stand_in: &StandIn) -> Result<(Rollup, Vec<u8>)> {
    let vk = stand_in.verifying_key();
    let in_calldata = BatchShape {
        // The contract demands a slot for its queue.
        l1_slots: 1,
        ..BatchShape::transfers_only(
            DEPTH,
            u32::try_from(layer2.transfers.len())?,
            u32::try_from(layer2.fee_slots.len())?,
        )
    };
    let in_blob = BatchShape {
        form: DataForm::Blob,
        ..in_calldata
    };
    let mut ledger = layer2.genesis.clone();
    let mut chain =
        Chain::deploy_with_blobs(vk, &ledger, &in_calldata, Some((vk, &in_blob)), TIME)?;
    let empty = ledger.apply_batch(&in_calldata, TIME, &[], &[], &[])?;
    let empty = stand_in.proven(&empty, &empty.public_data()?)?;
    Cost::of(&chain.settle(&empty)?, 0)?;

    let (fees, transfers) = (&layer2.fee_slots, &layer2.transfers);
    let mut batch = ledger.apply_batch(&in_calldata, TIME, &[], fees, transfers)?;
    let proven = stand_in.proven(&batch, &batch.public_data()?)?;
    let call = proven.call()?.calldata();
    let bytes = call.len();
    // Its effects are forgotten, so that the other form starts from the same state.
    let receipt = chain.evm.call(OPERATOR, chain.rollup, call)?;
    let calldata = Cost::of(&receipt, bytes)?;

    // The same changes of the state, published otherwise.
    batch.header.shape = in_blob;
    let shared = SharedBlob::new(&[&batch])?;
    let public = batch.public_data_with_blob(shared.point())?;
    let proven = stand_in.proven(&batch, &public)?;
    let call = shared.call(&[proven])?.calldata();
    let bytes = call.len();
    let hashes = [shared.blob().versioned_hash()];
    let receipt = chain
        .evm
        .transact_with_blobs(OPERATOR, chain.rollup, call, &hashes)?;
    let words = batch.blob_words()?;
    let blob = Cost::of(&receipt, bytes)?.with_blob(WORD_BYTES * words.len());
    if chain.state_root()? != ledger.root() {
        return Err("expected the rollup at the ledger's root, got another".into());
    }
    let words = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    Ok((Rollup { calldata, blob }, words))
}
