//! Batches of a small rollup, and the key for them.

use std::sync::LazyLock;

use zkroll::BatchProver;
use zkroll::circuits::{
    batch::BatchCircuit,
    protocol::{
        account::{Account, AccountIndex},
        eddsa::PrivateKey,
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, DataForm},
        transfer::Domain,
    },
};
use zkroll::prover::{Bn254, ProvingKey, VerifyingKey, key_file};

use crate::common::chain::rollup_address;

/// As small as a contract takes it: one slot for L1, and no transfer.
pub const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 1,
    l1_slots: 1,
    fee_slots: 0,
    withdrawals: 0,
    creations: 0,
    depth: 1,
};

/// When the first batch was made.
pub const TIME: u64 = 1_800_000_000;

/// The prover of [`SHAPE`].
pub static PROVER: LazyLock<BatchProver> = LazyLock::new(|| {
    let circuit = BatchCircuit::new(SHAPE).expect("a shape");
    BatchProver::development(circuit, &[7; 32]).expect("a key")
});

pub fn verifying_key() -> &'static VerifyingKey<Bn254> {
    &PROVER.key().vk
}

pub fn write_key(path: &std::path::Path) {
    let key: &ProvingKey = PROVER.key();
    key_file::write(path, key).expect("a key file");
}

/// A ledger with one account.
pub fn genesis() -> Ledger {
    let domain = Domain {
        chain_id: 31337,
        contract: rollup_address(),
    };
    let owner = PrivateKey::from([1; 32]).public_key();
    let account = Account::new(owner, 0, 1_000_000).expect("an account");
    let first = AccountIndex::try_from(0).expect("an index");
    Ledger::from_genesis(SHAPE.depth as usize, domain, [(first, account)]).expect("a ledger")
}

/// The first batches of a ledger, without transfers.
pub fn empty_batches(ledger: &mut Ledger, count: u64) -> Vec<BatchTrace> {
    (0..count)
        .map(|i| {
            ledger
                .apply_batch(&SHAPE, TIME + i, &[], &[], &[])
                .expect("a batch")
        })
        .collect()
}

/// One batch; `number` makes it another.
pub fn batch(number: u64) -> BatchTrace {
    let mut batch = empty_batches(&mut genesis(), 1).remove(0);
    batch.header.batch_number = number;
    batch
}
