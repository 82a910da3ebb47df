//! Each way in which a ledger refuses accounts, a transfer, a batch or public data, and that a
//! refusal changes nothing.

use crate::common::{
    domain, key,
    ledger::{SHAPE, TIMESTAMP, account, applied, genesis, index, ledger, slot, u40},
    signed, transfer,
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use zkroll_circuits::protocol::{
    account::{Account, AccountError},
    amount::{Amount, AmountTooLarge, Fee},
    babyjubjub::torsion8,
    eddsa::{KeyError, PublicKey, SignatureError},
    ledger::{BatchError, ConsumeError, Ledger, LedgerError, ReplayError, TransferError},
    public_data::{BatchShape, FeeSlot, Header, PublicData, PublicTransfer, Slots},
    queue::{Entry, EntryError, EntryType, L1Slot, Outcome},
    transfer::{Address, Domain, Operation, Recipient, SignedTransfer, Transfer},
    tree::TreeError,
    uint::U40,
};

/// Applies a transfer alone and as the second of a batch: both refuse it alike and change nothing.
fn refusal(owner: u8, transfer: Transfer) -> TransferError {
    refusal_of(signed(owner, transfer))
}

fn refusal_of(bad: SignedTransfer) -> TransferError {
    let mut ledger = ledger();
    let before = (ledger.clone(), serde_json::to_string(&ledger).unwrap());
    let slots = [slot(7, 1)];
    let error = ledger
        .apply_transfer(&bad, u40(TIMESTAMP), &slots)
        .unwrap_err();
    assert_eq!(
        ledger.check_transfer(&bad, u40(TIMESTAMP), &slots),
        Err(error.clone())
    );
    let good = signed(2, transfer(1, 2, 10, 1));
    assert_eq!(
        ledger.apply_batch(&SHAPE, TIMESTAMP, &[], &slots, &[good, bad]),
        Err(BatchError::Transfer {
            index: 1,
            source: error.clone()
        })
    );
    assert_eq!(ledger, before.0);
    assert_eq!(serde_json::to_string(&ledger).unwrap(), before.1);
    error
}

#[test]
fn refused_index_out_of_range() {
    let error = |at| TransferError::IndexOutOfRange {
        index: index(at),
        capacity: 64,
    };
    assert_eq!(refusal(1, transfer(64, 0, 1, 0)), error(64));
    assert_eq!(refusal(1, transfer(0, 1 << 32, 1, 0)), error(1 << 32));
}

#[test]
fn refused_unknown_account() {
    let error = |at| TransferError::UnknownAccount { index: index(at) };
    assert_eq!(refusal(1, transfer(6, 0, 1, 0)), error(6));
    assert_eq!(refusal(1, transfer(0, 63, 1, 0)), error(63));
}

#[test]
fn refused_token_mismatch() {
    let error = |at, expected, got| TransferError::TokenMismatch {
        index: index(at),
        expected,
        got,
    };
    assert_eq!(refusal(4, transfer(3, 0, 1, 0)), error(3, 8, 7));
    assert_eq!(refusal(1, transfer(0, 3, 1, 0)), error(3, 8, 7));
    let mut other = transfer(0, 1, 1, 0);
    other.token = 8;
    assert_eq!(refusal(1, other), error(0, 7, 8));
}

#[test]
fn refused_nonce_mismatch() {
    let mut early = transfer(0, 1, 1, 0);
    early.nonce = u40(1);
    let (expected, got) = (u40(0), u40(1));
    assert_eq!(
        refusal(1, early),
        TransferError::NonceMismatch { expected, got }
    );
    // A transfer that was applied cannot be applied again.
    let mut ledger = ledger();
    let once = signed(1, transfer(0, 1, 1, 0));
    ledger.apply_transfer(&once, u40(TIMESTAMP), &[]).unwrap();
    assert_eq!(
        ledger.apply_transfer(&once, u40(TIMESTAMP), &[]),
        Err(TransferError::NonceMismatch {
            expected: u40(1),
            got: u40(0)
        })
    );
}

#[test]
fn refused_nonce_exhausted() {
    let mut last = transfer(5, 1, 1, 0);
    last.nonce = U40::MAX;
    assert_eq!(
        refusal(6, last),
        TransferError::NonceExhausted { index: index(5) }
    );
}

#[test]
fn refused_expired() {
    let mut late = transfer(0, 1, 1, 0);
    late.valid_until = u40(TIMESTAMP - 1);
    assert_eq!(
        refusal(1, late),
        TransferError::Expired {
            valid_until: u40(TIMESTAMP - 1),
            timestamp: u40(TIMESTAMP)
        }
    );
    late.valid_until = u40(TIMESTAMP);
    let in_time = signed(1, late);
    assert_eq!(
        ledger().check_transfer(&in_time, u40(TIMESTAMP), &[]),
        Ok(())
    );
}

#[test]
fn refused_amount_too_large() {
    let mut huge = transfer(0, 1, 0, 0);
    huge.amount = Amount::MAX;
    let (mantissa, exponent) = ((1 << 35) - 1, 31);
    assert_eq!(
        refusal(1, huge),
        TransferError::AmountTooLarge(AmountTooLarge { mantissa, exponent })
    );
}

#[test]
fn refused_insufficient_balance() {
    let error = |amount, fee| TransferError::InsufficientBalance {
        balance: 1000,
        amount,
        fee,
    };
    assert_eq!(refusal(1, transfer(0, 1, 999, 2)), error(999, 2));
    assert_eq!(refusal(1, transfer(0, 0, 1001, 0)), error(1001, 0));
    let mut overflowing = transfer(0, 1, 0, 0);
    overflowing.amount = Amount::from_value(34_028_236 * 10u128.pow(31)).unwrap();
    overflowing.fee = Fee::MAX;
    assert_eq!(
        refusal(1, overflowing),
        error(34_028_236 * 10u128.pow(31), 2047 * 10u128.pow(31))
    );
    let exact = signed(1, transfer(0, 1, 998, 2));
    assert_eq!(
        ledger().check_transfer(&exact, u40(TIMESTAMP), &[slot(7, 1)]),
        Ok(())
    );
}

#[test]
fn refused_receiver_overflow() {
    let balance = u128::MAX - 50;
    assert_eq!(
        refusal(1, transfer(0, 4, 51, 0)),
        TransferError::ReceiverOverflow {
            balance,
            amount: 51
        }
    );
    let exact = signed(1, transfer(0, 4, 50, 0));
    assert_eq!(ledger().check_transfer(&exact, u40(TIMESTAMP), &[]), Ok(()));
}

#[test]
fn refused_recipient_mismatch() {
    let mut other = transfer(0, 1, 1, 0);
    let (expected, got) = (key(3).public_key().x, key(2).public_key().x);
    other.recipient = Recipient::Account {
        index: index(1),
        owner: expected,
    };
    assert_eq!(
        refusal(1, other),
        TransferError::RecipientMismatch { expected, got }
    );
}

#[test]
fn refused_recipients() {
    let to = |recipient| {
        let mut transfer = transfer(0, 0, 1, 0);
        transfer.recipient = recipient;
        refusal(1, transfer)
    };
    assert_eq!(
        to(Recipient::L1(Address::default())),
        TransferError::RecipientZero
    );
    let off = PublicKey {
        x: Fr::ONE,
        y: Fr::ONE,
    };
    for key in [off, torsion8().into()] {
        assert!(matches!(
            to(Recipient::NewAccount(key)),
            TransferError::NewAccount(AccountError::Key(_))
        ));
    }
    assert_eq!(
        to(Recipient::NewAccount(PublicKey::NONE)),
        TransferError::NewAccount(AccountError::NoOwner)
    );
}

fn entry() -> Entry {
    Entry {
        kind: EntryType::Create,
        token: 7,
        account: index(0),
        address: Address([1; 20]),
        amount: 5,
        key: key(9).public_key(),
        timestamp: u40(1),
    }
}

#[test]
fn refused_entries() {
    let refused = |mut ledger: Ledger, entry: Entry| {
        let before = ledger.clone();
        let error = ledger
            .apply_batch(
                &BatchShape {
                    depth: ledger.depth() as u32,
                    ..SHAPE
                },
                TIMESTAMP,
                &[entry],
                &[],
                &[],
            )
            .unwrap_err();
        assert_eq!(ledger, before);
        match error {
            BatchError::Entry { index: 0, source } => source,
            error => panic!("{error}"),
        }
    };
    let nobody = Entry {
        address: Address::default(),
        ..entry()
    };
    assert!(matches!(
        refused(ledger(), nobody),
        ConsumeError::Entry(EntryError::Missing { .. })
    ));
    let outside = Entry {
        kind: EntryType::Exit,
        account: index(64),
        amount: 0,
        key: PublicKey::NONE,
        ..entry()
    };
    assert_eq!(
        refused(ledger(), outside),
        ConsumeError::IndexOutOfRange {
            index: index(64),
            capacity: 64
        }
    );
    let full = genesis(1, vec![account(1, 7, 1000); 8]).unwrap();
    assert_eq!(refused(full.clone(), entry()), ConsumeError::TreeFull);
    let mut creation = transfer(0, 0, 1, 0);
    creation.recipient = Recipient::NewAccount(key(9).public_key());
    let mut tried = full;
    let shape = BatchShape { depth: 1, ..SHAPE };
    assert_eq!(
        tried.apply_batch(&shape, TIMESTAMP, &[], &[], &[signed(1, creation)]),
        Err(BatchError::Transfer {
            index: 0,
            source: TransferError::TreeFull
        })
    );
}

/// Outcomes and indices that no proof can have shown.
#[test]
fn published_outcomes_are_checked() {
    let before = ledger();
    let mut after = before.clone();
    let mut creation = transfer(0, 0, 1, 0);
    creation.recipient = Recipient::NewAccount(key(8).public_key());
    let trace = after
        .apply_batch(&SHAPE, TIMESTAMP, &[entry()], &[], &[signed(1, creation)])
        .unwrap();
    let refused = |change: &dyn Fn(&mut Slots)| {
        let mut slots = trace.public_data().unwrap().slots().clone();
        change(&mut slots);
        let mut ledger = before.clone();
        let error = ledger
            .apply_public_data(&PublicData::new(slots).unwrap())
            .unwrap_err();
        assert_eq!(ledger, before);
        match error {
            ReplayError::Batch(error) => error,
            error => panic!("{error}"),
        }
    };
    assert_eq!(
        refused(&|slots| slots.l1[0].outcome = Outcome::Created(index(5))),
        BatchError::Entry {
            index: 0,
            source: ConsumeError::IndexNotFree { index: index(5) }
        }
    );
    assert_eq!(
        refused(&|slots| slots.transfers[0].as_mut().unwrap().to = index(1)),
        BatchError::Transfer {
            index: 0,
            source: TransferError::IndexNotFree { index: index(1) }
        }
    );
    let top_up = Entry {
        kind: EntryType::TopUp,
        account: index(1),
        key: PublicKey {
            x: Fr::ONE,
            y: Fr::ZERO,
        },
        ..entry()
    };
    let (expected, got) = (Outcome::ToppedUp(false), Outcome::ToppedUp(true));
    assert_eq!(
        refused(&|slots| {
            slots.l1[0] = L1Slot {
                entry: top_up,
                outcome: got,
            }
        }),
        BatchError::Entry {
            index: 0,
            source: ConsumeError::OutcomeMismatch { expected, got }
        }
    );
}

#[test]
fn refused_no_fee_slot() {
    let mut token8 = transfer(3, 3, 1, 4);
    token8.token = 8;
    assert_eq!(
        refusal(4, token8),
        TransferError::NoFeeSlot { token: 8, fee: 4 }
    );
}

#[test]
fn refused_signature() {
    assert_eq!(
        refusal(2, transfer(0, 1, 1, 0)),
        TransferError::SignatureInvalid(SignatureError::EquationFails)
    );
    let elsewhere = Domain {
        chain_id: 1,
        ..domain()
    };
    assert_eq!(
        refusal_of(transfer(0, 1, 1, 0).sign(&key(1), &elsewhere)),
        TransferError::SignatureInvalid(SignatureError::EquationFails)
    );
}

/// Applies a batch that is refused and changes nothing.
fn batch_refusal(
    shape: &BatchShape,
    timestamp: u64,
    slots: &[FeeSlot],
    batch: &[SignedTransfer],
) -> BatchError {
    let mut ledger = ledger();
    ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[], &[])
        .unwrap();
    let before = ledger.clone();
    let error = ledger
        .apply_batch(shape, timestamp, &[], slots, batch)
        .unwrap_err();
    assert_eq!(ledger, before);
    error
}

#[test]
fn refused_batches() {
    let good = signed(1, transfer(0, 1, 1, 2));
    let too_many = |what, slots, got| BatchError::TooMany { what, slots, got };
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[], &[good; 5]),
        too_many("transfers", 4, 5)
    );
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1); 3], &[]),
        too_many("fee slots", 2, 3)
    );
    let to = |recipient| {
        let mut transfer = transfer(0, 0, 1, 0);
        transfer.recipient = recipient;
        signed(1, transfer)
    };
    let withdrawal = to(Recipient::L1(Address([1; 20])));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[], &[withdrawal; 3]),
        too_many("withdrawals", 2, 3)
    );
    let creation = to(Recipient::NewAccount(key(9).public_key()));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[], &[creation; 3]),
        too_many("new accounts", 2, 3)
    );
    let deeper = BatchShape { depth: 3, ..SHAPE };
    assert_eq!(
        batch_refusal(&deeper, TIMESTAMP, &[], &[]),
        BatchError::DepthMismatch {
            expected: 2,
            got: 3
        }
    );
    assert!(matches!(
        batch_refusal(&SHAPE, 1 << 40, &[], &[]),
        BatchError::Timestamp(range) if range.got == 1 << 40
    ));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP - 1, &[], &[]),
        BatchError::TimestampBackwards {
            last: u40(TIMESTAMP),
            got: u40(TIMESTAMP - 1)
        }
    );
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1), slot(7, 2)], &[good]),
        BatchError::DuplicateFeeToken { slot: 1, token: 7 }
    );
    for at in [6, 64] {
        assert_eq!(
            batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1), slot(8, at)], &[good]),
            BatchError::UnknownFeeAccount {
                slot: 1,
                index: index(at)
            }
        );
    }
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 3)], &[good]),
        BatchError::FeeTokenMismatch {
            slot: 0,
            expected: 7,
            got: 8
        }
    );
    let fill = signed(2, transfer(1, 4, 50, 0));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 4)], &[good, fill]),
        BatchError::FeeOverflow {
            slot: 0,
            balance: u128::MAX,
            fees: 2
        }
    );
}

#[test]
fn the_last_batch_number_has_no_successor() {
    let mut json = serde_json::to_value(ledger()).unwrap();
    json["batchNumber"] = u64::MAX.to_string().into();
    let mut ledger: Ledger = serde_json::from_value(json).unwrap();
    assert_eq!(
        ledger.apply_batch(&SHAPE, TIMESTAMP, &[], &[], &[]),
        Err(BatchError::BatchNumberExhausted)
    );
}

#[test]
fn fees_that_no_balance_holds_are_refused() {
    let fee = Fee::MAX;
    let accounts = vec![
        account(1, 7, u128::MAX),
        account(2, 7, u128::MAX),
        account(3, 7, 0),
    ];
    let mut ledger = genesis(1, accounts).unwrap();
    let before = ledger.clone();
    // The first account spends on fees what it can; the second one's fee makes the sum too large.
    let amount = Amount::default();
    let pays = |at| PublicTransfer {
        operation: Operation::Transfer,
        from: index(at),
        to: index(at),
        amount,
        fee,
    };
    let mut transfers = vec![Some(pays(0)); (u128::MAX / fee.value()) as usize];
    transfers.push(Some(pays(1)));
    let header = Header {
        domain: domain(),
        timestamp: u40(TIMESTAMP),
        batch_number: 1,
        shape: BatchShape::transfers_only(1, transfers.len() as u32, 1),
        pre_root: ledger.root(),
        post_root: ledger.root(),
        consumed_before: 0,
        consumed_after: 0,
    };
    let data = PublicData::new(Slots {
        header,
        l1: vec![],
        fee_slots: vec![Some(slot(7, 2))],
        withdrawals: vec![],
        creations: vec![],
        transfers,
        blob_point: None,
    })
    .unwrap();
    assert_eq!(
        ledger.apply_public_data(&data),
        Err(ReplayError::Batch(BatchError::FeesTooLarge {
            slot: 0,
            token: 7
        }))
    );
    assert_eq!(ledger, before);
}

#[test]
fn genesis_is_validated() {
    assert!(matches!(
        genesis(12, vec![]),
        Err(LedgerError::Tree(TreeError::Depth { got: 12 }))
    ));
    assert!(matches!(
        genesis(1, vec![account(1, 0, 0); 9]),
        Err(LedgerError::Tree(TreeError::IndexOutOfRange {
            index: 8,
            capacity: 8
        }))
    ));
    let mut flagged = account(1, 0, 0);
    flagged.flags = 1;
    assert_eq!(
        genesis(1, vec![account(2, 0, 0), flagged]),
        Err(LedgerError::Account {
            index: 1,
            source: AccountError::Flags { got: 1 }
        })
    );
    let twice = [(index(3), account(1, 0, 0)), (index(3), account(2, 0, 0))];
    assert_eq!(
        Ledger::from_genesis(1, domain(), twice),
        Err(LedgerError::DuplicateAccount { index: index(3) })
    );
    let mut off = key(1).public_key();
    off.y += Fr::ONE;
    assert!(matches!(
        Account::new(off, 0, 0),
        Err(AccountError::Key(KeyError::Point(_)))
    ));
    let low = torsion8().into();
    assert!(matches!(
        Account::new(low, 0, 0),
        Err(AccountError::Key(KeyError::LowOrder { .. }))
    ));
}

#[test]
fn public_data_of_another_batch_are_refused() {
    let (before, after, trace) = applied();
    let data = trace.public_data().unwrap();
    let refusal = |ledger: &Ledger, change: &dyn Fn(&mut Header)| {
        let mut slots = data.slots().clone();
        change(&mut slots.header);
        let data = PublicData::new(slots).unwrap();
        let mut changed = ledger.clone();
        let error = changed.apply_public_data(&data).unwrap_err();
        assert_eq!(&changed, ledger);
        error
    };
    let root = before.root();
    let post_root = trace.header.post_root;
    let got = Domain {
        chain_id: 1,
        ..domain()
    };
    assert_eq!(
        refusal(&before, &|header| header.domain = got),
        ReplayError::DomainMismatch {
            expected: domain(),
            got
        }
    );
    assert_eq!(
        refusal(&after, &|_| ()),
        ReplayError::BatchNumberMismatch {
            expected: 2,
            got: 1
        }
    );
    assert_eq!(
        refusal(&before, &|header| header.pre_root += Fr::ONE),
        ReplayError::PreRootMismatch {
            expected: root,
            got: root + Fr::ONE
        }
    );
    assert_eq!(
        refusal(&before, &|header| header.post_root += Fr::ONE),
        ReplayError::PostRootMismatch {
            expected: post_root + Fr::ONE,
            got: post_root
        }
    );
    assert_eq!(
        refusal(&before, &|header| header.shape.depth = 3),
        ReplayError::Batch(BatchError::DepthMismatch {
            expected: 2,
            got: 3
        })
    );
    let later = |header: &mut Header| {
        header.consumed_before = 1;
        header.consumed_after = 1;
    };
    assert_eq!(
        refusal(&before, &later),
        ReplayError::ConsumedMismatch {
            expected: 0,
            got: 1
        }
    );
    let mut slots = data.slots().clone();
    slots.transfers[1].as_mut().unwrap().to = index(3);
    let wrong = PublicData::new(slots).unwrap();
    let mut ledger = before.clone();
    let source = TransferError::TokenMismatch {
        index: index(3),
        expected: 8,
        got: 7,
    };
    assert_eq!(
        ledger.apply_public_data(&wrong),
        Err(ReplayError::Batch(BatchError::Transfer {
            index: 1,
            source
        }))
    );
    assert_eq!(ledger, before);
}
