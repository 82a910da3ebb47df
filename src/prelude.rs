//! What most programs that link zkroll name: `use zkroll::prelude::*`.

pub use crate::{BatchError, BatchProver, LoadedBatchProver, ProvenBatch, ProvenBatchError};
pub use zkroll_circuits::{
    batch::BatchCircuit,
    exit::ExitCircuit,
    protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::{PrivateKey, PublicKey},
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, FeeSlot},
        queue::{Entry, EntryType},
        transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
        uint::U40,
    },
};
pub use zkroll_prover::{Fr, PreparedKey, ProvingKey, backend};
