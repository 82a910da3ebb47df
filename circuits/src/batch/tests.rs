//! The batch circuit against the ledger.

use super::{
    BatchAssignment, BatchCircuit, MAX_BLOB_TRANSFERS, MAX_FEE_SLOTS, ShapeError, WitnessError,
};
use crate::{
    protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        blob::{self, BlobScalar},
        eddsa::{PrivateKey, PublicKey},
        ledger::{BatchTrace, Ledger, ReceiverTrace},
        public_data::{BatchShape, DataError, DataForm, FeeSlot, PublicData, Slots},
        queue::{Entry, EntryType, Outcome},
        transfer::{Address, Domain, Operation, Recipient, SignedTransfer, Transfer},
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
        recipient: Recipient::account(index(to)),
        amount: Amount::from_value(amount).unwrap(),
        fee: Fee::from_value(fee).unwrap(),
        token,
        nonce: U40::try_from(nonce).unwrap(),
        valid_until: U40::try_from(TIME).unwrap(),
    }
}

pub(super) fn transfers() -> Vec<SignedTransfer> {
    let mut to_key = transfer(1, 3, 12_300, 7, 0, 1);
    to_key.recipient = Recipient::Account {
        index: index(3),
        owner: key(3).public_key().x,
    };
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
    BatchShape::transfers_only(2, transfers, fee_slots)
}

pub(super) fn trace(shape: BatchShape, transfers: &[SignedTransfer]) -> BatchTrace {
    let slots = &fee_slots()[..(shape.fee_slots as usize).min(2)];
    ledger()
        .apply_batch(&shape, TIME, &[], slots, transfers)
        .unwrap()
}

/// The same shape with operations in a blob.
pub(super) const fn in_a_blob(shape: BatchShape) -> BatchShape {
    BatchShape {
        form: DataForm::Blob,
        ..shape
    }
}

/// z of a blob that has this batch alone.
pub(super) fn point(trace: &BatchTrace) -> BlobScalar {
    let commitment = blob::commitment(&trace.blob_words().unwrap());
    blob::challenge(&[1; 32], &trace.header.domain, &[commitment])
}

pub(super) fn assign(circuit: &BatchCircuit, trace: &BatchTrace) -> BatchAssignment {
    match circuit.shape().form {
        DataForm::Calldata => circuit.assign(trace).unwrap(),
        DataForm::Blob => circuit.assign_with_blob(trace, point(trace)).unwrap(),
    }
}

pub(super) fn public_data(trace: &BatchTrace) -> PublicData {
    match trace.header.shape.form {
        DataForm::Calldata => trace.public_data().unwrap(),
        DataForm::Blob => trace.public_data_with_blob(point(trace)).unwrap(),
    }
}

/// What a node reads from the call, and from the blob if there is one.
pub(super) fn published(data: &PublicData) -> PublicData {
    let (header, bytes) = (*data.header(), data.encode());
    match data.slots().blob_point {
        None => PublicData::decode(header, &bytes).unwrap(),
        Some(z) => {
            let words = blob::from_file(&blob::to_file(&data.blob_words())).unwrap();
            let words = &words[..header.shape.transfer_words()];
            PublicData::decode_with_blob(header, &bytes, words, z).unwrap()
        }
    }
}

/// The circuit accepts the batch, with the words and public inputs of its public data.
pub(super) fn assert_satisfies(circuit: &BatchCircuit, trace: &BatchTrace) -> PublicData {
    let assignment = assign(circuit, trace);
    let broken = circuit.program().first_unsatisfied(&assignment.columns);
    assert_eq!(
        broken.map(|row| circuit.program().label(row)),
        None,
        "batch {}: {:?}",
        trace.header.batch_number,
        circuit.shape()
    );
    let data = public_data(trace);
    assert_eq!(assignment.words, data.words());
    assert_eq!(assignment.public_inputs(), data.public_inputs());
    data
}

#[test]
fn a_batch_of_the_ledger_satisfies_the_circuit() {
    for shape in [shape(5, 2), shape(6, 2), shape(8, 3), shape(40, 2)] {
        for shape in [shape, in_a_blob(shape)] {
            let circuit = BatchCircuit::new(shape).unwrap();
            let trace = trace(shape, &transfers());
            assert_satisfies(&circuit, &trace);
        }
    }
}

/// Entries of every type, of which some apply, and transfers of every operation; the batch's own new accounts
/// are 64 and on in a deeper tree, else the first gaps.
fn everything(shape: BatchShape) -> (Ledger, Ledger, BatchTrace) {
    let owner = Address([7; 20]);
    let without_key = Account {
        public_key: PublicKey::NONE,
        l1_owner: owner,
        ..account(1, 5, 600)
    };
    let before = ledger();
    let accounts = before
        .accounts()
        .map(|(index, account)| (index, account.clone()));
    let accounts = accounts.chain([(index(30), without_key)]);
    let before = Ledger::from_genesis(2, domain(), accounts).unwrap();

    let entry = |kind, at, token, amount, key| Entry {
        kind,
        token,
        account: index(at),
        address: owner,
        amount,
        key,
        timestamp: U40::default(),
    };
    let x_of = |seed| PublicKey {
        y: Fr::ZERO,
        ..key(seed).public_key()
    };
    let (create, top_up) = (EntryType::Create, EntryType::TopUp);
    let (exit, by_key) = (EntryType::Exit, EntryType::ExitByKey);
    let all = [
        entry(create, 0, 5, 1 << 100, key(8).public_key()),
        entry(create, 0, 0, 1, PublicKey::NONE),
        entry(top_up, 2, 0, 50, x_of(2)),
        entry(exit, 30, 5, 0, PublicKey::NONE),
        entry(by_key, 3, 0, 0, x_of(3)),
        // Another owner's key, another token, no account, somebody else's, again.
        entry(top_up, 2, 0, 50, x_of(3)),
        entry(top_up, 2, 5, 50, x_of(2)),
        entry(top_up, 40, 0, 50, x_of(2)),
        entry(exit, 2, 0, 0, PublicKey::NONE),
        entry(by_key, 2, 0, 0, x_of(3)),
        entry(exit, 30, 5, 0, PublicKey::NONE),
    ];
    let entries = &all[..all.len().min(shape.l1_slots as usize)];

    let to = |recipient, amount, fee, nonce| Transfer {
        recipient,
        ..transfer(1, 0, amount, fee, 0, nonce)
    };
    let l1 = |byte| Recipient::L1(Address([byte; 20]));
    let new = |seed| Recipient::NewAccount(key(seed).public_key());
    let mut transfers: Vec<SignedTransfer> = transfers()[..2].to_vec();
    let (mut withdrawals, mut creations) = (0, 0);
    for recipient in [l1(0xff), new(9), l1(1), new(9)] {
        let room = match recipient.operation() {
            Operation::Withdrawal => {
                withdrawals += 1;
                withdrawals <= shape.withdrawals
            }
            _ => {
                creations += 1;
                creations <= shape.creations
            }
        };
        if room {
            let nonce = transfers.len() as u64;
            transfers
                .push(to(recipient, 1000 + u128::from(nonce), 1, nonce).sign(&key(1), &domain()));
        }
    }
    let mut after = before.clone();
    let trace = after
        .apply_batch(&shape, TIME, entries, &fee_slots(), &transfers)
        .unwrap();
    (before, after, trace)
}

#[test]
fn batches_of_everything_satisfy_the_circuit() {
    // Header, L1, fee and record words end in and at the border of every block.
    for (l1_slots, withdrawals, creations, transfers) in [
        (0, 0, 0, 2),
        (0, 1, 0, 3),
        (1, 0, 1, 4),
        (2, 1, 1, 7),
        (11, 2, 2, 6),
        (12, 3, 3, 39),
        (1, 1, 0, 36),
    ] {
        let shape = BatchShape {
            l1_slots,
            withdrawals,
            creations,
            ..shape(transfers, 2)
        };
        for shape in [shape, in_a_blob(shape)] {
            let (before, after, trace) = everything(shape);
            let circuit = BatchCircuit::new(shape).unwrap();
            let data = assert_satisfies(&circuit, &trace);
            let mut rebuilt = before;
            rebuilt.apply_public_data(&published(&data)).unwrap();
            assert_eq!(rebuilt, after);
        }
    }
}

#[test]
fn entries_apply_or_are_no_ops() {
    let shape = BatchShape {
        l1_slots: 11,
        withdrawals: 2,
        creations: 2,
        ..shape(6, 2)
    };
    let (_, after, trace) = everything(shape);
    let outcomes: Vec<_> = trace.l1.iter().map(|entry| entry.slot.outcome).collect();
    let (applied, missed) = (Outcome::ToppedUp(true), Outcome::ToppedUp(false));
    let (first, second) = (index(0), index(4));
    let expected = [
        Outcome::Created(first),
        Outcome::Created(second),
        applied,
        Outcome::Paid(600),
        Outcome::Paid(0),
        missed,
        missed,
        missed,
        Outcome::Paid(0),
        Outcome::Paid(0),
        Outcome::Paid(0),
    ];
    assert_eq!(outcomes, expected);
    assert_eq!(after.consumed(), 11);
    assert_eq!(after.account(first).unwrap().balance, 1 << 100);
    assert!(after.account(second).unwrap().public_key.is_none());
    assert_eq!(after.account(index(30)).unwrap().balance, 0);
    let created = after.account(index(5)).unwrap();
    assert_eq!(created.public_key, key(9).public_key());
    assert_eq!(created.balance, 1003);
}

/// A public withdrawal slot that no transfer stands behind, or another than the transfer's.
#[test]
fn records_are_bound_to_the_transfers() {
    let shape = BatchShape {
        withdrawals: 2,
        creations: 1,
        ..shape(5, 2)
    };
    let (_, _, trace) = everything(shape);
    let circuit = BatchCircuit::new(shape).unwrap();
    for change in [
        (|slots: &mut Slots| slots.withdrawals[0].address = Address([9; 20])) as fn(&mut Slots),
        |slots| slots.withdrawals[0].token += 1,
        |slots| slots.withdrawals[0].amount = Amount::from_value(5000).unwrap(),
        |slots| slots.creations[0] = key(7).public_key(),
    ] {
        let mut slots = trace.public_data().unwrap().slots().clone();
        change(&mut slots);
        let data = PublicData::new(slots).unwrap();
        let columns = circuit.assign_as(&trace, &data).unwrap().columns;
        let row = circuit.program().first_unsatisfied(&columns).unwrap();
        let label = circuit.program().label(row);
        assert!(label.starts_with("closing"), "{label}");
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

/// The bars: 25 constraints a word beyond the calldata form, and 250,000 for all words together.
#[test]
fn a_blob_costs_little_more_than_calldata() {
    let cost = |shape| BatchCircuit::new(shape).unwrap().cost();
    let words = MAX_BLOB_TRANSFERS / 2;
    let shape = shape(MAX_BLOB_TRANSFERS, 2);
    let (calldata, blob) = (cost(shape), cost(in_a_blob(shape)));
    let more = blob.constraints - calldata.constraints;
    assert_eq!((words, more), (4096, 119_200));
    let per_word = 2.0 * (blob.constraints_per_transfer - calldata.constraints_per_transfer);
    assert!(per_word <= 5.0, "{per_word}");
    let fixed = more as f64 - f64::from(words) * per_word;
    assert!(fixed < 100_000.0, "{fixed}");
}

/// The constraints of a transfer, part by part, the columns of A and B, and the digests of all. A
/// change here is a change of the circuit: every key made before is void. Where it is meant, the
/// failure prints the file's new text.
#[test]
fn constraint_counts_are_pinned() {
    let shape = BatchShape::transfers_only(11, 1, 2);
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
        (&circuit.templates.l1, "L1 slot"),
        (&circuit.templates.record, "record slot"),
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
    let got = MAX_BLOB_TRANSFERS + 1;
    assert_eq!(
        refused(in_a_blob(shape(got, 1))),
        ShapeError::BlobTransfers { got }
    );
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
    match &mut short.transfers[1].receiver {
        ReceiverTrace::Account { path, .. } => path.levels.pop(),
        _ => unreachable!("the second transfer goes to an account"),
    };
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
fn a_trace_is_assigned_in_its_own_form() {
    for (shape, other) in [
        (shape(5, 2), in_a_blob(shape(5, 2))),
        (in_a_blob(shape(5, 2)), shape(5, 2)),
    ] {
        let circuit = BatchCircuit::new(shape).unwrap();
        let trace = trace(shape, &transfers());
        let error = match shape.form {
            DataForm::Calldata => circuit.assign_with_blob(&trace, BlobScalar::ONE),
            DataForm::Blob => circuit.assign(&trace),
        };
        let form = shape.form;
        let expected = WitnessError::PublicData(DataError::BlobPoint { form });
        assert_eq!(error.unwrap_err(), expected);
        let error = BatchCircuit::new(other)
            .unwrap()
            .assign(&trace)
            .unwrap_err();
        let (expected, got) = (other, shape);
        assert_eq!(error, WitnessError::Shape { expected, got });
    }
}

#[test]
fn the_digest_names_the_shape() {
    let digest = |shape| BatchCircuit::new(shape).unwrap().digest();
    let all = [
        shape(1, 1),
        shape(2, 1),
        shape(1, 2),
        in_a_blob(shape(1, 1)),
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
