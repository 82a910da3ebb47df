//! What the benches share: backends, and a batch that a ledger applied.
#![allow(dead_code)] // Each bench uses its part.

use zkroll::circuits::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PrivateKey,
    ledger::{BatchTrace, Ledger},
    public_data::BatchShape,
    transfer::{Address, Domain, Recipient, Transfer},
    uint::U40,
};
use zkroll::prover::AnyBackend;
use zkroll::prover::backend::{self, Availability, BackendName};

/// The smallest batch circuit: one transfer in a tree of one level.
pub const SMALLEST: BatchShape = BatchShape::transfers_only(1, 1, 0);

/// Every backend that this machine can use but the reference, which is too slow to be worth a time.
pub fn backends() -> Vec<AnyBackend> {
    let available = backend::list()
        .into_iter()
        .filter(|backend| backend.unavailable.is_none() && backend.name != BackendName::Naive);
    let open = |backend: Availability| backend.name.open().expect("an available backend");
    available.map(open).collect()
}

/// A batch of free transfers from account 0 to account 1 that uses every transfer slot.
pub fn full_batch(shape: &BatchShape) -> BatchTrace {
    let [sender, receiver] = [0, 1].map(|index| AccountIndex::try_from(index).expect("an index"));
    let key = PrivateKey::from([7; 32]);
    let domain = Domain {
        chain_id: 31_337,
        contract: Address([0x11; 20]),
    };
    let account = Account::new(key.public_key(), 0, 1 << 40).expect("an account");
    let accounts = [(sender, account.clone()), (receiver, account)];
    let depth = shape.depth as usize;
    let mut ledger = Ledger::from_genesis(depth, domain, accounts).expect("a ledger");
    let transfers: Vec<_> = (0..u64::from(shape.transfers))
        .map(|nonce| {
            let transfer = Transfer {
                from: sender,
                recipient: Recipient::account(receiver),
                amount: Amount::from_value(1_000).expect("an amount"),
                fee: Fee::from_value(0).expect("a fee"),
                token: 0,
                nonce: U40::try_from(nonce).expect("a nonce"),
                valid_until: U40::MAX,
            };
            transfer.sign(&key, &domain)
        })
        .collect();
    let batch = ledger.apply_batch(shape, 1_800_000_000, &[], &[], &transfers);
    batch.expect("a batch")
}
