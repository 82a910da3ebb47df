//! Batches that fill a domain.

use zkroll::BatchError;
use zkroll::circuits::batch::{BatchAssignment, BatchCircuit, MAX_TRANSFERS};
use zkroll::circuits::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PrivateKey,
    ledger::{BatchTrace, Ledger},
    public_data::{BatchShape, FeeSlot},
    transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    uint::U40,
};

use super::error::BenchError;
use crate::error::CliError;

const TIMESTAMP: u64 = 1_800_000_000;
const TOKEN: u32 = 0;
const FEE_ACCOUNT: u64 = 0;
const TRADERS: [u64; 2] = [1, 2];

/// The circuit with as many transfers as fit a domain of 2^`log_n`.
///
/// # Errors
/// If not one fits, or the largest batch does not need the domain.
pub fn filling_circuit(log_n: u32, depth: u32, fee_slots: u32) -> Result<BatchCircuit, CliError> {
    let circuit =
        |transfers| BatchCircuit::new(BatchShape::transfers_only(depth, transfers, fee_slots));
    let one = circuit(1)?.cost();
    let spare = (1usize << log_n).saturating_sub(one.constraints);
    // A data block comes for many transfers at once, so the estimate may be one too high.
    let estimate = 2 + (spare as f64 / one.constraints_per_transfer) as u32;
    let mut transfers = estimate.min(MAX_TRANSFERS);
    loop {
        let candidate = circuit(transfers)?;
        let domain_log2 = candidate.cost().domain_log2;
        if domain_log2 == log_n {
            return Ok(candidate);
        }
        if domain_log2 < log_n || transfers == 1 {
            return Err(CliError::Bench(BenchError::NoSuchBatch {
                least: one.domain_log2,
                most: circuit(MAX_TRANSFERS)?.cost().domain_log2,
                depth,
                fee_slots,
                got: log_n,
            }));
        }
        transfers -= 1;
    }
}

/// A batch with every transfer slot in use and, if there are fee slots, a fee in every transfer.
///
/// # Errors
/// None for the shape of a circuit; those of the ledger are passed on.
fn full_batch(shape: &BatchShape) -> Result<BatchTrace, CliError> {
    let index = |index| AccountIndex::try_from(index).expect("an index below 8");
    let keys = TRADERS.map(|trader| PrivateKey::from([trader as u8; 32]));
    let domain = Domain {
        chain_id: 31_337,
        contract: Address([0x11; 20]),
    };
    let account = |key: &PrivateKey, balance| {
        Account::new(key.public_key(), TOKEN, balance).expect("a small balance")
    };
    let accounts = [
        (index(FEE_ACCOUNT), account(&keys[0], 0)),
        (index(TRADERS[0]), account(&keys[0], 1 << 40)),
        (index(TRADERS[1]), account(&keys[1], 1 << 40)),
    ];
    let mut ledger = Ledger::from_genesis(shape.depth as usize, domain, accounts)
        .expect("three accounts fit every tree");
    let fee = u128::from(shape.fee_slots > 0);
    let transfers: Vec<SignedTransfer> = (0..shape.transfers)
        .map(|slot| {
            let sender = (slot % 2) as usize;
            let transfer = Transfer {
                from: index(TRADERS[sender]),
                recipient: Recipient::account(index(TRADERS[1 - sender])),
                amount: Amount::from_value(1_000 + u128::from(slot)).expect("a small amount"),
                fee: Fee::from_value(fee).expect("a small fee"),
                token: TOKEN,
                nonce: U40::try_from(u64::from(slot / 2)).expect("fewer than 2^40 transfers"),
                valid_until: U40::MAX,
            };
            transfer.sign(&keys[sender], &domain)
        })
        .collect();
    let fee_slot = FeeSlot {
        token: TOKEN,
        account: index(FEE_ACCOUNT),
    };
    let fee_slots = &[fee_slot][..fee as usize];
    Ok(ledger.apply_batch(shape, TIMESTAMP, &[], fee_slots, &transfers)?)
}

/// The columns of [`full_batch`].
///
/// # Errors
/// As [`full_batch`].
pub fn full_witness(circuit: &BatchCircuit) -> Result<BatchAssignment, CliError> {
    let assigned = circuit.assign(&full_batch(circuit.shape())?);
    Ok(assigned.map_err(BatchError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_circuit_fills_the_domain() {
        for log_n in [13, 15] {
            let circuit = filling_circuit(log_n, 1, 0).unwrap();
            let next = BatchShape {
                transfers: circuit.shape().transfers + 1,
                ..*circuit.shape()
            };
            assert_eq!(circuit.cost().domain_log2, log_n);
            assert_eq!(
                BatchCircuit::new(next).unwrap().cost().domain_log2,
                log_n + 1
            );
        }
    }
}
