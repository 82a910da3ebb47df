//! The batch circuit against the ledger.

use super::{BatchCircuit, MAX_FEE_SLOTS, ShapeError, WitnessError};
use crate::{
    protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::PrivateKey,
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, FeeSlot},
        transfer::{Address, Domain, SignedTransfer, Transfer},
        uint::U40,
    },
    template::Matrix,
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const TIME: u64 = 1_800_000_000;

pub(super) fn domain() -> Domain {
    Domain {
        chain_id: 31337,
        contract: Address([0xab; 20]),
    }
}

pub(super) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from([seed; 32])
}

pub(super) fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

fn account(seed: u8, token: u32, balance: u128) -> Account {
    Account::new(key(seed).public_key(), token, balance).unwrap()
}

/// Accounts 1, 2 and 3 of token 0, 9 and 10 of token 5, and one fee account for each.
pub(super) fn ledger() -> Ledger {
    let accounts = [
        (1, account(1, 0, 1_000_000)),
        (2, account(2, 0, 500)),
        (3, account(3, 0, 0)),
        (9, account(1, 5, u128::from(u64::MAX))),
        (10, account(2, 5, 7)),
        (20, account(4, 0, 0)),
        (63, account(4, 5, 10)),
    ];
    Ledger::from_genesis(
        2,
        domain(),
        accounts.map(|(i, account)| (index(i), account)),
    )
    .unwrap()
}

pub(super) fn transfer(
    from: u64,
    to: u64,
    amount: u128,
    fee: u128,
    token: u32,
    nonce: u64,
) -> Transfer {
    Transfer {
        from: index(from),
        to: index(to),
        amount: Amount::from_value(amount).unwrap(),
        fee: Fee::from_value(fee).unwrap(),
        token,
        nonce: U40::try_from(nonce).unwrap(),
        valid_until: U40::try_from(TIME).unwrap(),
        recipient: Fr::ZERO,
    }
}

pub(super) fn transfers() -> Vec<SignedTransfer> {
    let mut to_key = transfer(1, 3, 12_300, 7, 0, 1);
    to_key.recipient = key(3).public_key().x;
    [
        (1, transfer(1, 2, 1_000, 10, 0, 0)),
        (1, to_key),
        (1, transfer(9, 10, 3 << 33, 3, 5, 0)),
        (2, transfer(2, 2, 100, 1, 0, 0)),
        (3, transfer(3, 1, 0, 0, 0, 0)),
    ]
    .map(|(signer, transfer)| transfer.sign(&key(signer), &domain()))
    .to_vec()
}

pub(super) fn fee_slots() -> Vec<FeeSlot> {
    vec![
        FeeSlot {
            token: 0,
            account: index(20),
        },
        FeeSlot {
            token: 5,
            account: index(63),
        },
    ]
}

pub(super) const fn shape(transfers: u32, fee_slots: u32) -> BatchShape {
    BatchShape {
        transfers,
        fee_slots,
        depth: 2,
    }
}

pub(super) fn trace(shape: BatchShape, transfers: &[SignedTransfer]) -> BatchTrace {
    let slots = &fee_slots()[..(shape.fee_slots as usize).min(2)];
    ledger()
        .apply_batch(&shape, TIME, slots, transfers)
        .unwrap()
}

#[test]
fn a_batch_of_the_ledger_satisfies_the_circuit() {
    for shape in [shape(5, 2), shape(6, 2), shape(8, 3), shape(40, 2)] {
        let circuit = BatchCircuit::new(shape).unwrap();
        let trace = trace(shape, &transfers());
        let assignment = circuit.assign(&trace).unwrap();
        let broken = circuit.program().first_unsatisfied(&assignment.columns);
        assert_eq!(
            broken.map(|row| circuit.program().label(row)),
            None,
            "{shape:?}"
        );
        let data = trace.public_data().unwrap();
        assert_eq!(assignment.words, data.words());
        assert_eq!(assignment.public_inputs(), data.public_inputs());
    }
}

#[test]
fn an_empty_batch_satisfies_the_circuit_and_moves_no_root() {
    let circuit = BatchCircuit::new(shape(3, 1)).unwrap();
    let trace = trace(shape(3, 1), &[]);
    assert_eq!(trace.header.pre_root, trace.header.post_root);
    let assignment = circuit.assign(&trace).unwrap();
    assert_eq!(
        circuit.program().first_unsatisfied(&assignment.columns),
        None
    );
}

#[test]
fn without_fee_slots_transfers_are_free() {
    let free: Vec<_> = [transfer(1, 2, 5, 0, 0, 0)]
        .map(|transfer| transfer.sign(&key(1), &domain()))
        .to_vec();
    let circuit = BatchCircuit::new(shape(2, 0)).unwrap();
    let assignment = circuit.assign(&trace(shape(2, 0), &free)).unwrap();
    assert_eq!(
        circuit.program().first_unsatisfied(&assignment.columns),
        None
    );
}

#[test]
fn stored_matrices_do_not_grow_with_the_transfers() {
    let bytes = |n| {
        BatchCircuit::new(shape(n, 2))
            .unwrap()
            .cost()
            .template_bytes
    };
    assert_eq!(bytes(1), bytes(256));
}

#[test]
fn the_cost_model_is_exact() {
    // 30 more transfers are 15 more words: one data block.
    let cost = |n| BatchCircuit::new(shape(n, 2)).unwrap().cost();
    let (few, many) = (cost(8), cost(38));
    let marginal = (many.constraints - few.constraints) as f64 / 30.0;
    assert!((marginal - few.constraints_per_transfer).abs() < 1e-9);
}

/// The constraints of a transfer, part by part, the columns of A and B, and the digests of all. A
/// change here is a change of the circuit: every key made before is void. Where it is meant, the
/// failure prints the file's new text.
#[test]
fn constraint_counts_are_pinned() {
    let shape = BatchShape {
        transfers: 1,
        fee_slots: 2,
        depth: 11,
    };
    let circuit = BatchCircuit::new(shape).unwrap();
    let mut parts = BTreeMap::new();
    let transfer = &circuit.templates.transfer;
    for row in 0..transfer.num_constraints() {
        let label = transfer.label(row);
        let part = label.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        *parts.entry(part).or_insert(0) += 1;
    }
    let expected = include_str!("constraints.txt");
    let mut found = String::new();
    for (part, count) in &parts {
        found += &format!("{count:>6} {part}\n");
    }
    for (template, name) in [
        (transfer, "transfer"),
        (&circuit.templates.fee, "fee slot"),
        (&circuit.templates.block, "data block"),
        (&circuit.templates.header, "header"),
        (&circuit.templates.closing, "closing"),
    ] {
        let digest = hex::encode(&template.digest()[..8]);
        found += &format!("{:>6} = {name} {digest}\n", template.num_constraints());
        let [a, b] = [Matrix::A, Matrix::B].map(|matrix| template.count_columns_in(matrix));
        let columns = template.num_ports() + template.num_locals();
        let least = template.least_columns_in_b();
        found += &format!("       {columns} columns, {a} in A, {b} in B (at least {least})\n");
    }
    found += &format!("program {}\n", hex::encode(circuit.digest()));
    assert!(found == expected, "constraints.txt has to read\n{found}");
}

/// The whole batch: columns of ports count where they live, once.
#[test]
fn the_columns_of_a_and_b_are_those_of_the_expansion() {
    let circuit = BatchCircuit::new(shape(3, 2)).unwrap();
    let program = circuit.program();
    let cost = circuit.cost();
    for (matrix, expected) in [
        (Matrix::A, cost.columns_in_a),
        (Matrix::B, cost.columns_in_b),
    ] {
        let mut found = BTreeSet::new();
        for row in 0..program.num_constraints() {
            program.visit_row(matrix, row, &mut |column, _| {
                found.insert(column);
            });
        }
        assert_eq!(found.len(), expected, "{matrix:?}");
    }
}

#[test]
fn shapes_out_of_bounds_are_refused() {
    let refused = |shape| BatchCircuit::new(shape).unwrap_err();
    assert_eq!(refused(shape(0, 1)), ShapeError::Transfers { got: 0 });
    assert_eq!(
        refused(shape(1 << 15, 1)),
        ShapeError::Transfers { got: 1 << 15 }
    );
    let got = MAX_FEE_SLOTS + 1;
    assert_eq!(refused(shape(1, got)), ShapeError::FeeSlots { got });
    for got in [0, 12] {
        assert_eq!(
            refused(BatchShape {
                depth: got,
                ..shape(1, 1)
            }),
            ShapeError::Depth { got }
        );
    }
}

#[test]
fn traces_of_another_shape_are_refused() {
    let circuit = BatchCircuit::new(shape(5, 2)).unwrap();
    let other = trace(shape(6, 2), &transfers());
    let error = circuit.assign(&other).unwrap_err();
    assert_eq!(
        error,
        WitnessError::Shape {
            expected: shape(5, 2),
            got: shape(6, 2)
        }
    );

    let mut many = trace(shape(5, 2), &transfers());
    many.transfers.push(many.transfers[0].clone());
    let error = circuit.assign(&many).unwrap_err();
    assert_eq!(
        error,
        WitnessError::TooMany {
            what: "transfers",
            slots: 5,
            got: 6
        }
    );

    let mut short = trace(shape(5, 2), &transfers());
    short.transfers[1].receiver_path.levels.pop();
    let error = circuit.assign(&short).unwrap_err();
    let expected = WitnessError::PathLength {
        what: "transfer",
        index: 1,
        expected: 2,
        got: 1,
    };
    assert_eq!(error, expected);
}

#[test]
fn the_digest_names_the_shape() {
    let digest = |shape| BatchCircuit::new(shape).unwrap().digest();
    let all = [
        shape(1, 1),
        shape(2, 1),
        shape(1, 2),
        BatchShape {
            depth: 3,
            ..shape(1, 1)
        },
    ];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            assert_eq!(digest(*a) == digest(*b), i == j);
        }
    }
}

/// `A·z ∘ B·z = C·z` row by row on the expanded matrices, independently of the templates' product.
#[test]
fn the_expansion_is_satisfied_row_by_row() {
    let shape = shape(5, 2);
    let circuit = BatchCircuit::new(shape).unwrap();
    let z = circuit.assign(&trace(shape, &transfers())).unwrap().columns;
    let program = circuit.program();
    let dot = |matrix, row| {
        let mut sum = Fr::ZERO;
        program.visit_row(matrix, row, &mut |column, c| sum += z[column] * c);
        sum
    };
    for row in 0..program.num_constraints() {
        let [a, b, c] = [Matrix::A, Matrix::B, Matrix::C].map(|matrix| dot(matrix, row));
        assert_eq!(a * b, c, "{}", program.label(row));
    }
    assert_eq!(z[0], Fr::ONE);
}
