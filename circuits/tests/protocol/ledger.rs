//! The ledger: what a batch does to accounts and roots, its trace, its public data, serde.

use crate::common::{
    key,
    ledger::{DEPTH, SHAPE, TIMESTAMP, account, applied, balance, index, ledger, slot, u40},
    signed, transfer,
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use proptest::{collection::vec, prelude::*};
use zkroll_circuits::protocol::{
    account::Account,
    amount::Amount,
    eddsa::PublicKey,
    field,
    ledger::{BatchTrace, Before, Checkpoint, Ledger, LedgerError, ReceiverTrace},
    poseidon,
    public_data::PublicData,
    queue::{Entry, EntryType, Outcome},
    transfer::{Address, Recipient, SignedTransfer},
    tree::Path,
};

/// Checks every link of a trace: leaves, paths, roots and their order.
fn check_trace(before: &Ledger, trace: &BatchTrace) {
    let mut root = before.root();
    assert_eq!(trace.header.pre_root, root);
    for step in &trace.transfers {
        let transfer = &step.transfer.transfer;
        assert_eq!(step.root_before, root);
        let from = transfer.from.get();
        assert!(step.sender_path.verify(from, step.sender.leaf(), root));
        let amount = transfer.amount.value().unwrap();
        let mut sender = step.sender.clone();
        sender.nonce = sender.nonce.checked_add_one().unwrap();
        sender.balance -= amount + transfer.fee.value();
        let middle = replaced(&step.sender_path, from, sender.leaf());
        let to = step.public().to.get();
        root = match (&step.receiver, transfer.recipient) {
            (ReceiverTrace::Account { account, path }, _) => {
                assert!(path.verify(to, account.leaf(), middle));
                let mut account = account.clone();
                account.balance += amount;
                replaced(path, to, account.leaf())
            }
            (ReceiverTrace::NewAccount { path, .. }, Recipient::NewAccount(key)) => {
                assert!(path.verify(to, Fr::ZERO, middle));
                let account = Account::new(key, transfer.token, amount).unwrap();
                replaced(path, to, account.leaf())
            }
            (ReceiverTrace::L1, Recipient::L1(_)) => middle,
            (receiver, recipient) => panic!("{receiver:?} for {recipient:?}"),
        };
        assert_eq!(step.root_after, root);
    }
    for step in trace.fees.iter().flatten() {
        let at = step.slot.account.get();
        assert_eq!(step.root_before, root);
        assert!(step.path.verify(at, step.account.leaf(), root));
        let mut credited = step.account.clone();
        credited.balance += step.fees;
        root = replaced(&step.path, at, credited.leaf());
        assert_eq!(step.root_after, root);
    }
    assert_eq!(trace.header.post_root, root);
}

/// The root with another leaf at the end of a path.
fn replaced(path: &Path, index: u64, leaf: Fr) -> Fr {
    path.levels
        .iter()
        .enumerate()
        .fold(leaf, |node, (height, children)| {
            let mut children = *children;
            children[(index >> (3 * height)) as usize % 8] = node;
            poseidon::hash(&children)
        })
}

#[test]
fn a_batch_moves_amounts_and_collects_fees() {
    let before = ledger();
    let mut ledger = before.clone();
    let mut second = transfer(0, 2, 50, 3);
    second.nonce = u40(1);
    second.recipient = Recipient::Account {
        index: index(2),
        owner: key(3).public_key().x,
    };
    let batch = [
        signed(1, transfer(0, 1, 100, 2)),
        signed(1, second),
        signed(3, transfer(2, 0, 50, 0)),
    ];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[slot(7, 1)], &batch)
        .unwrap();
    assert_eq!(balance(&ledger, 0), 1000 - 102 - 53 + 50);
    assert_eq!(balance(&ledger, 1), 500 + 100 + 5);
    assert_eq!(balance(&ledger, 2), 0);
    assert_eq!(ledger.account(index(0)).unwrap().nonce, u40(2));
    assert_eq!(ledger.account(index(1)).unwrap().nonce, u40(0));

    check_trace(&before, &trace);
    assert_eq!(trace.header.post_root, ledger.root());
    assert_eq!(trace.header.batch_number, 1);
    assert_eq!(trace.header.timestamp, u40(TIMESTAMP));
    assert_eq!(trace.fees.len(), 2);
    assert_eq!(trace.fees[0].as_ref().unwrap().fees, 5);
    assert_eq!(trace.fees[1], None);
    assert_eq!(
        (ledger.batch_number(), ledger.timestamp()),
        (1, u40(TIMESTAMP))
    );

    let empty = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[], &[])
        .unwrap();
    assert_eq!(empty.header.batch_number, 2);
    assert_eq!(empty.header.pre_root, empty.header.post_root);
    check_trace(&ledger, &empty);
}

#[test]
fn fee_slots_of_several_tokens_are_applied_in_order() {
    let before = ledger();
    let mut ledger = before.clone();
    let mut token8 = transfer(3, 3, 1, 9);
    token8.token = 8;
    let batch = [signed(4, token8), signed(1, transfer(0, 1, 100, 2))];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[slot(8, 3), slot(7, 0)], &batch)
        .unwrap();
    check_trace(&before, &trace);
    assert_eq!(balance(&ledger, 3), 1000);
    assert_eq!(balance(&ledger, 0), 1000 - 102 + 2);
    let fees: Vec<u128> = trace.fees.iter().flatten().map(|fee| fee.fees).collect();
    assert_eq!(fees, [9, 2]);
}

#[test]
fn a_transfer_to_oneself_pays_the_fee_and_uses_the_nonce() {
    let before = ledger();
    let mut ledger = before.clone();
    // The amount returns, so that an account may move almost all of a balance near 2^128.
    let mut full = transfer(4, 4, 0, 7);
    full.amount = Amount::from_value(340 * 10u128.pow(36)).unwrap();
    let batch = [signed(1, transfer(0, 0, 998, 2)), signed(5, full)];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[slot(7, 1)], &batch)
        .unwrap();
    check_trace(&before, &trace);
    assert_eq!(balance(&ledger, 0), 998);
    assert_eq!(ledger.account(index(0)).unwrap().nonce, u40(1));
    assert_eq!(balance(&ledger, 4), u128::MAX - 57);
    let ReceiverTrace::Account { account, .. } = &trace.transfers[0].receiver else {
        panic!("a transfer to an account");
    };
    assert_eq!((account.balance, account.nonce), (0, u40(1)));
}

const SOMEBODY: Address = Address([0x77; 20]);

fn deposit(kind: EntryType, account: u64, amount: u128, key: PublicKey) -> Entry {
    Entry {
        kind,
        token: 7,
        account: index(account),
        address: SOMEBODY,
        amount,
        key,
        timestamp: u40(1),
    }
}

/// A deposit makes an account, which sends to L1 and to another new account; the rest leaves.
#[test]
fn money_comes_in_moves_and_leaves() {
    let before = ledger();
    let mut ledger = before.clone();
    let created = deposit(EntryType::Create, 0, 5000, key(9).public_key());
    let send = |recipient, nonce| {
        let mut transfer = transfer(6, 0, 1000, 3);
        transfer.recipient = recipient;
        transfer.nonce = u40(nonce);
        signed(9, transfer)
    };
    let batch = [
        send(Recipient::L1(SOMEBODY), 0),
        send(Recipient::NewAccount(key(8).public_key()), 1),
    ];
    let slots = [slot(7, 2)];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[created], &slots, &batch)
        .unwrap();
    assert_eq!(trace.l1[0].slot.outcome, Outcome::Created(index(6)));
    assert_eq!(balance(&ledger, 6), 5000 - 2 * 1003);
    assert_eq!(balance(&ledger, 7), 1000);
    assert_eq!(balance(&ledger, 2), 6);
    assert_eq!(ledger.consumed(), 1);
    let data = trace.public_data().unwrap();
    assert_eq!(data.withdrawals()[0].address, SOMEBODY);
    assert_eq!(data.creations(), [key(8).public_key()]);
    let mut rebuilt = before.clone();
    rebuilt.apply_public_data(&data).unwrap();
    assert_eq!(rebuilt, ledger);

    let exit = deposit(EntryType::Exit, 6, 0, PublicKey::NONE);
    let by_key = Entry {
        kind: EntryType::ExitByKey,
        key: PublicKey {
            y: Fr::ZERO,
            ..key(8).public_key()
        },
        account: index(7),
        ..exit
    };
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[exit, by_key, exit], &[], &[])
        .unwrap();
    let paid: Vec<_> = trace.l1.iter().map(|entry| entry.slot.outcome).collect();
    assert_eq!(paid, [2994, 1000, 0].map(Outcome::Paid));
    assert_eq!((balance(&ledger, 6), balance(&ledger, 7)), (0, 0));
    assert_eq!(ledger.account(index(6)).unwrap().nonce, u40(2));
    assert_eq!(ledger.consumed(), 4);
    rebuilt
        .apply_public_data(&trace.public_data().unwrap())
        .unwrap();
    assert_eq!(rebuilt, ledger);
}

#[test]
fn one_transfer_can_be_checked_and_applied_alone() {
    let mut ledger = ledger();
    let before = ledger.clone();
    let signed = signed(1, transfer(0, 1, 100, 2));
    assert_eq!(
        ledger.check_transfer(&signed, u40(TIMESTAMP), &[slot(7, 1)]),
        Ok(())
    );
    assert_eq!(ledger, before);
    let trace = ledger
        .apply_transfer(&signed, u40(TIMESTAMP), &[slot(7, 1)])
        .unwrap();
    assert_eq!(trace.root_before, before.root());
    assert_eq!(trace.root_after, ledger.root());
    assert_eq!((balance(&ledger, 0), balance(&ledger, 1)), (898, 600));
}

#[test]
fn leaves_pack_every_field() {
    let mut account = account(1, 0x8000_0001, u128::MAX);
    account.nonce = u40(0x80_0000_0002);
    account.l1_owner = Address([0xcd; 20]);
    let word = |text: &str| field::parse(text).unwrap();
    let state = word(&format!("0x800000018000000002{}", "f".repeat(32)));
    assert_eq!(account.state_word(), state);
    let owner = word(&format!("0x{}", "cd".repeat(20)));
    assert_eq!(account.owner_word(), owner);
    let key = account.public_key;
    let leaf = poseidon::hash(&[key.x, key.y, state, owner]);
    assert_eq!(account.leaf(), leaf);
}

#[test]
fn public_data_rebuild_the_state() {
    let (before, after, trace) = applied();
    let data = trace.public_data().unwrap();
    let bytes = data.encode();
    let mut rebuilt = before.clone();
    let decoded = PublicData::decode(trace.header, &bytes).unwrap();
    rebuilt.apply_public_data(&decoded).unwrap();
    assert_eq!(rebuilt, after);
}

#[test]
fn a_ledger_resumes_and_is_restored() {
    let (before, after, trace) = applied();
    let accounts = |ledger: &Ledger| -> Vec<_> {
        let accounts = ledger.accounts();
        accounts
            .map(|(index, account)| (index, account.clone()))
            .collect()
    };
    let resume = |checkpoint: &Checkpoint| {
        Ledger::resume(DEPTH, *after.domain(), checkpoint, accounts(&after))
    };
    assert_eq!(resume(&after.checkpoint()), Ok(after.clone()));
    let (expected, got) = (before.root(), after.root());
    let mismatch = Err(LedgerError::RootMismatch { expected, got });
    assert_eq!(resume(&before.checkpoint()), mismatch);

    let all = trace.before();
    let mut first: Vec<Before> = Vec::new();
    for step in &all {
        if first.iter().all(|other| other.index != step.index) {
            first.push(step.clone());
        }
    }
    assert!(first.len() < all.len(), "an account is touched twice");
    let touched = first
        .into_iter()
        .map(|before| (before.index, before.account));
    let touched: Vec<_> = touched.collect();
    let mut ledger = after.clone();
    ledger
        .restore(&before.checkpoint(), touched.clone())
        .unwrap();
    assert_eq!(ledger, before);
    let returned = ledger
        .apply_public_data(&trace.public_data().unwrap())
        .unwrap();
    for step in &returned {
        let (index, account) = (step.index, step.account.clone());
        assert!(touched.contains(&(index, account)));
        assert_eq!(before.path(index), Ok(step.path.clone()));
    }
    let forwards = returned.iter().map(|step| {
        let account = after.account(step.index).cloned();
        (step.index, account)
    });
    let forwards: Vec<_> = forwards.collect();
    ledger = before.clone();
    ledger
        .restore(&after.checkpoint(), forwards.clone())
        .unwrap();
    assert_eq!(ledger, after);

    // Refused: the ledger stays.
    let mut invalid = account(1, 7, 5);
    invalid.flags = 1;
    let checkpoint = before.checkpoint();
    for changes in [
        touched[1..].to_vec(),
        [&touched[..], &touched[..1]].concat(),
        vec![(index(64), None)],
        vec![(index(0), Some(invalid))],
    ] {
        ledger.restore(&checkpoint, changes).unwrap_err();
        assert_eq!(ledger, after);
    }
}

#[test]
fn ledgers_and_traces_survive_serde() {
    let (_, after, trace) = applied();
    let text = serde_json::to_string(&trace).unwrap();
    assert_eq!(serde_json::from_str::<BatchTrace>(&text).unwrap(), trace);

    let json = serde_json::to_value(&after).unwrap();
    assert_eq!(json["batchNumber"], "1");
    assert_eq!(json["accounts"][0]["account"]["balance"], "898");
    assert_eq!(
        json["accounts"][0]["account"]["l1Owner"],
        format!("0x{}", "00".repeat(20))
    );
    assert_eq!(
        serde_json::from_value::<Ledger>(json.clone()).unwrap(),
        after
    );
    for (pointer, value, expected) in [
        (
            "/root",
            "1".into(),
            "expected accounts with state root 1, got",
        ),
        (
            "/accounts/0/account/balance",
            "899".into(),
            "expected accounts with state root",
        ),
        ("/accounts/0/index", 1.into(), "got account 1 twice"),
        (
            "/accounts/0/index",
            64.into(),
            "expected a leaf index below 64",
        ),
        ("/accounts/0/account/flags", 1.into(), "expected flags 0"),
        (
            "/accounts/0/account/publicKey/x",
            "1".into(),
            "expected a point of Baby Jubjub",
        ),
        (
            "/accounts/0/account/balance",
            format!("0x1{}", "0".repeat(32)).into(),
            "below 2^128",
        ),
        ("/depth", 12.into(), "expected a tree depth"),
        ("/depth", 3.into(), "expected accounts with state root"),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<Ledger>(json)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{pointer}: {error}");
    }
}

#[test]
fn a_trace_with_too_many_slots_has_no_public_data() {
    let (_, _, mut trace) = applied();
    trace.header.shape.transfers = 1;
    assert!(trace.public_data().is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Random batches, some transfers bad: either all of it applies, conserves every token and can
    /// be rebuilt from its data, or nothing changes.
    #[test]
    fn batches_are_atomic_and_conserve_tokens(
        moves in vec((0u64..5, 0u64..5, 0u128..400, 0u128..5, 0u8..12), 0..=4),
        slots in 0usize..3,
    ) {
        let before = ledger();
        let mut nonces = [0u64; 5];
        let batch: Vec<SignedTransfer> = moves
            .iter()
            .map(|(from, to, amount, fee, fault)| {
                let mut transfer = transfer(*from, *to, *amount, *fee);
                transfer.token = before.account(transfer.from).unwrap().token;
                let nonce = &mut nonces[*from as usize];
                transfer.nonce = u40(*nonce + u64::from(*fault == 0));
                *nonce += 1;
                let owner = *from as u8 + 1 + u8::from(*fault == 1);
                signed(owner, transfer)
            })
            .collect();
        let slots = &[slot(7, 2), slot(8, 3)][..slots];
        let mut after = before.clone();
        match after.apply_batch(&SHAPE, TIMESTAMP, &[], slots, &batch) {
            Err(_) => prop_assert_eq!(after, before),
            Ok(trace) => {
                check_trace(&before, &trace);
                let total = |ledger: &Ledger, token| {
                    ledger
                        .accounts()
                        .filter(|(_, account)| account.token == token)
                        .fold(0u128, |sum, (_, account)| sum.wrapping_add(account.balance))
                };
                prop_assert_eq!(total(&after, 7), total(&before, 7));
                prop_assert_eq!(total(&after, 8), total(&before, 8));
                let mut rebuilt = before.clone();
                rebuilt.apply_public_data(&trace.public_data().unwrap()).unwrap();
                for (index, account) in after.accounts() {
                    prop_assert_eq!(rebuilt.account(index), Some(account));
                    let leaf = account.leaf();
                    prop_assert!(after.path(index).unwrap().verify(index.get(), leaf, after.root()));
                }
                prop_assert_eq!(&rebuilt, &after);
                let text = serde_json::to_string(&after).unwrap();
                prop_assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), after);
            }
        }
    }
}
