//! What the test binaries share: a small rollup with five owners, its batches, and the examples'
//! chain and wallet. Each binary uses its part.
#![allow(dead_code)]

#[path = "../../examples/common/mod.rs"]
pub mod examples;

use examples::chain::rollup_address;
use examples::wallet::private_key;
use rand::rngs::OsRng;
use zkroll::{
    BatchProver, ProvenBatch,
    circuits::{
        batch::{BatchAssignment, BatchCircuit},
        protocol::{
            account::{Account, AccountIndex},
            amount::{Amount, Fee},
            ledger::{BatchTrace, Ledger},
            public_data::{BatchShape, DataForm, FeeSlot},
            transfer::{Domain, Recipient, SignedTransfer, Transfer},
            uint::U40,
        },
    },
    prover::{Fr, PreparedKey, backend::Ark},
    verifier_sol::abi::word_from_field,
};

/// A Unix time.
pub const TIME: u64 = 1_800_000_000;

/// Two transfers, one fee slot, one slot of each other kind, eight accounts.
pub const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 2,
    l1_slots: 1,
    fee_slots: 1,
    withdrawals: 1,
    creations: 1,
    depth: 1,
};

pub fn index(index: u64) -> AccountIndex {
    index.try_into().unwrap()
}

pub fn u40(value: u64) -> U40 {
    value.try_into().unwrap()
}

/// The chain and contract of the examples.
pub fn domain() -> Domain {
    Domain {
        chain_id: 31337,
        contract: rollup_address(),
    }
}

/// Account i of owner i, for the five owners; owner 0 holds nothing.
pub fn ledger_in(domain: Domain, depth: usize) -> Ledger {
    let accounts = (0..5).map(|i| {
        let key = private_key(i as u8).public_key();
        (
            index(i),
            Account::new(key, 0, 1_000_000 * u128::from(i)).unwrap(),
        )
    });
    Ledger::from_genesis(depth, domain, accounts).unwrap()
}

pub fn ledger() -> Ledger {
    ledger_in(domain(), SHAPE.depth as usize)
}

/// Fees go to account 0.
pub fn fee_slots() -> Vec<FeeSlot> {
    vec![FeeSlot {
        token: 0,
        account: index(0),
    }]
}

/// A transfer by account `from`, `before` transfers after its state in the ledger.
pub fn pay(ledger: &Ledger, from: u64, to: u64, amount: u128, before: u64) -> SignedTransfer {
    let nonce = ledger.account(index(from)).unwrap().nonce.get() + before;
    let transfer = Transfer {
        from: index(from),
        recipient: Recipient::Account {
            index: index(to),
            owner: ledger.account(index(to)).unwrap().public_key.x,
        },
        amount: Amount::from_value(amount).unwrap(),
        fee: Fee::from_value(7).unwrap(),
        token: 0,
        nonce: u40(nonce),
        valid_until: u40(TIME + 600),
    };
    transfer.sign(&private_key(from as u8), ledger.domain())
}

/// Applies a batch of [`SHAPE`].
pub fn apply(ledger: &mut Ledger, timestamp: u64, transfers: &[SignedTransfer]) -> BatchTrace {
    ledger
        .apply_batch(&SHAPE, timestamp, &[], &fee_slots(), transfers)
        .unwrap()
}

/// A prover with a development key.
pub fn prover(shape: BatchShape) -> BatchProver {
    let circuit = BatchCircuit::new(shape).unwrap();
    BatchProver::development(circuit, &[7; 32]).unwrap()
}

pub fn prove(prover: &BatchProver, trace: &BatchTrace) -> ProvenBatch {
    prover.prove(trace, &Ark, &mut OsRng).unwrap()
}

pub fn prepared(prover: &BatchProver) -> PreparedKey {
    PreparedKey::new(&prover.key().vk).unwrap()
}

/// Adds r to the word at `position`.
pub fn add_modulus(bytes: &mut [u8], position: usize) {
    let mut carry = 0;
    let mut modulus = word_from_field(&-Fr::from(1u64));
    modulus[31] += 1;
    for (byte, addend) in bytes[position..position + 32].iter_mut().zip(modulus).rev() {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "a canonical word plus r fits 256 bits");
}

/// The witness of one transfer without a fee.
pub fn witness(circuit: &BatchCircuit) -> BatchAssignment {
    let mut ledger = ledger();
    let mut transfer = pay(&ledger, 3, 4, 1_234, 0).transfer;
    transfer.fee = Default::default();
    let signed = transfer.sign(&private_key(3), ledger.domain());
    let trace = ledger.apply_batch(circuit.shape(), TIME, &[], &[], &[signed]);
    circuit.assign(&trace.unwrap()).unwrap()
}
