//! What most programs that link zkroll name: `use zkroll::prelude::*`.

pub use crate::{BatchError, BatchProver, LoadedBatchProver, ProvenBatch, ProvenBatchError};
pub use zkroll_circuits::{
    batch::BatchCircuit,
    protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::{PrivateKey, PublicKey},
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, FeeSlot},
        transfer::{Address, Domain, SignedTransfer, Transfer},
        uint::U40,
    },
};
pub use zkroll_prover::{Fr, PreparedKey, ProvingKey, backend};
