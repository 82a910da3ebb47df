//! The ledger: what a batch does, each way in which it is refused, and that a refusal changes
//! nothing.

mod protocol_common;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use proptest::{collection::vec, prelude::*};
use protocol_common::{domain, key, signed, transfer};
use zkroll_circuits::protocol::{
    account::{Account, AccountError, AccountIndex},
    amount::{Amount, AmountTooLarge, Fee},
    eddsa::{KeyError, SignatureError},
    ledger::{BatchError, BatchTrace, Ledger, LedgerError, ReplayError, TransferError},
    public_data::{BatchShape, FeeSlot, Header, PublicData},
    transfer::{Address, Domain, SignedTransfer, Transfer},
    tree::TreeError,
    uint::U40,
};

const DEPTH: usize = 2;
const TIMESTAMP: u64 = 1_900_000_000;
const SHAPE: BatchShape = BatchShape { transfers: 4, fee_slots: 2, depth: 2 };

fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

fn u40(value: u64) -> U40 {
    U40::try_from(value).unwrap()
}

fn account(owner: u8, token: u32, balance: u128) -> Account {
    Account::new(key(owner).public_key(), token, balance).unwrap()
}

/// Accounts 0, 1, 2 of token 7 (owners 1, 2, 3), 3 of token 8, 4 of token 7 and nearly full, 5 with
/// the last nonce.
fn ledger() -> Ledger {
    let mut last_nonce = account(6, 7, 1000);
    last_nonce.nonce = U40::MAX;
    let accounts = vec![
        account(1, 7, 1000),
        account(2, 7, 500),
        account(3, 7, 0),
        account(4, 8, 1000),
        account(5, 7, u128::MAX - 50),
        last_nonce,
    ];
    Ledger::from_genesis(DEPTH, domain(), accounts).unwrap()
}

fn slot(token: u32, account: u64) -> FeeSlot {
    FeeSlot { token, account: index(account) }
}

fn balance(ledger: &Ledger, account: u64) -> u128 {
    ledger.account(index(account)).unwrap().balance
}

/// Checks every link of a trace: leaves, paths, roots and their order.
fn check_trace(before: &Ledger, trace: &BatchTrace) {
    let mut root = before.root();
    assert_eq!(trace.header.pre_root, root);
    for step in &trace.transfers {
        let transfer = &step.transfer.transfer;
        assert_eq!(step.root_before, root);
        let (from, to) = (transfer.from.get(), transfer.to.get());
        assert!(step.sender_path.verify(from, step.sender.leaf(), root));
        let middle = step.receiver_path.root();
        assert!(step.receiver_path.verify(to, step.receiver.leaf(), middle));
        let amount = transfer.amount.value().unwrap();
        let mut sender = step.sender.clone();
        sender.nonce = sender.nonce.checked_add_one().unwrap();
        sender.balance -= amount + transfer.fee.value();
        assert_eq!(replaced(&step.sender_path, from, sender.leaf()), middle);
        let mut receiver = step.receiver.clone();
        receiver.balance += amount;
        root = replaced(&step.receiver_path, to, receiver.leaf());
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
fn replaced(path: &zkroll_circuits::protocol::tree::Path, index: u64, leaf: Fr) -> Fr {
    path.levels.iter().enumerate().fold(leaf, |node, (height, children)| {
        let mut children = *children;
        children[(index >> (3 * height)) as usize % 8] = node;
        zkroll_circuits::protocol::poseidon::hash(&children)
    })
}

#[test]
fn a_batch_moves_amounts_and_collects_fees() {
    let genesis = ledger();
    let mut ledger = genesis.clone();
    let mut second = transfer(0, 2, 50, 3);
    second.nonce = u40(1);
    second.recipient = key(3).public_key().x;
    let batch = [
        signed(1, transfer(0, 1, 100, 2)),
        signed(1, second),
        signed(3, transfer(2, 0, 50, 0)),
    ];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[slot(7, 1)], &batch)
        .unwrap();
    assert_eq!(balance(&ledger, 0), 1000 - 102 - 53 + 50);
    assert_eq!(balance(&ledger, 1), 500 + 100 + 5);
    assert_eq!(balance(&ledger, 2), 0);
    assert_eq!(ledger.account(index(0)).unwrap().nonce, u40(2));
    assert_eq!(ledger.account(index(1)).unwrap().nonce, u40(0));

    check_trace(&genesis, &trace);
    assert_eq!(trace.header.post_root, ledger.root());
    assert_eq!(trace.header.batch_number, 1);
    assert_eq!(trace.header.timestamp, u40(TIMESTAMP));
    assert_eq!(trace.fees.len(), 2);
    assert_eq!(trace.fees[0].as_ref().unwrap().fees, 5);
    assert_eq!(trace.fees[1], None);
    assert_eq!((ledger.batch_number(), ledger.timestamp()), (1, u40(TIMESTAMP)));

    let empty = ledger.apply_batch(&SHAPE, TIMESTAMP, &[], &[]).unwrap();
    assert_eq!(empty.header.batch_number, 2);
    assert_eq!(empty.header.pre_root, empty.header.post_root);
    check_trace(&ledger, &empty);
}

#[test]
fn fee_slots_of_several_tokens_are_applied_in_order() {
    let genesis = ledger();
    let mut ledger = genesis.clone();
    let mut token8 = transfer(3, 3, 1, 9);
    token8.token = 8;
    let batch = [signed(4, token8), signed(1, transfer(0, 1, 100, 2))];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[slot(8, 3), slot(7, 0)], &batch)
        .unwrap();
    check_trace(&genesis, &trace);
    assert_eq!(balance(&ledger, 3), 1000);
    assert_eq!(balance(&ledger, 0), 1000 - 102 + 2);
    let fees: Vec<u128> = trace.fees.iter().flatten().map(|fee| fee.fees).collect();
    assert_eq!(fees, [9, 2]);
}

#[test]
fn a_transfer_to_oneself_pays_the_fee_and_uses_the_nonce() {
    let genesis = ledger();
    let mut ledger = genesis.clone();
    // The amount returns, so that an account may move almost all of a balance near 2^128.
    let mut full = transfer(4, 4, 0, 7);
    full.amount = Amount::from_value(340 * 10u128.pow(36)).unwrap();
    let batch = [signed(1, transfer(0, 0, 998, 2)), signed(5, full)];
    let trace = ledger
        .apply_batch(&SHAPE, TIMESTAMP, &[slot(7, 1)], &batch)
        .unwrap();
    check_trace(&genesis, &trace);
    assert_eq!(balance(&ledger, 0), 998);
    assert_eq!(ledger.account(index(0)).unwrap().nonce, u40(1));
    assert_eq!(balance(&ledger, 4), u128::MAX - 57);
    assert_eq!(trace.transfers[0].receiver.balance, 0);
    assert_eq!(trace.transfers[0].receiver.nonce, u40(1));
}

#[test]
fn one_transfer_can_be_checked_and_applied_alone() {
    let mut ledger = ledger();
    let before = ledger.clone();
    let signed = signed(1, transfer(0, 1, 100, 2));
    assert_eq!(ledger.check_transfer(&signed, u40(TIMESTAMP), &[slot(7, 1)]), Ok(()));
    assert_eq!(ledger, before);
    let trace = ledger
        .apply_transfer(&signed, u40(TIMESTAMP), &[slot(7, 1)])
        .unwrap();
    assert_eq!(trace.root_before, before.root());
    assert_eq!(trace.root_after, ledger.root());
    assert_eq!((balance(&ledger, 0), balance(&ledger, 1)), (898, 600));
}

/// Applies a transfer alone and as the second of a batch: both refuse it alike and change nothing.
fn refusal(owner: u8, transfer: Transfer) -> TransferError {
    refusal_of(signed(owner, transfer))
}

fn refusal_of(bad: SignedTransfer) -> TransferError {
    let mut ledger = ledger();
    let before = (ledger.clone(), serde_json::to_string(&ledger).unwrap());
    let slots = [slot(7, 1)];
    let error = ledger.apply_transfer(&bad, u40(TIMESTAMP), &slots).unwrap_err();
    assert_eq!(ledger.check_transfer(&bad, u40(TIMESTAMP), &slots), Err(error.clone()));
    let good = signed(2, transfer(1, 2, 10, 1));
    assert_eq!(
        ledger.apply_batch(&SHAPE, TIMESTAMP, &slots, &[good, bad]),
        Err(BatchError::Transfer { index: 1, source: error.clone() })
    );
    assert_eq!(ledger, before.0);
    assert_eq!(serde_json::to_string(&ledger).unwrap(), before.1);
    error
}

#[test]
fn refused_index_out_of_range() {
    let error = |at| TransferError::IndexOutOfRange { index: index(at), capacity: 64 };
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
    let error = |at, expected, got| TransferError::TokenMismatch { index: index(at), expected, got };
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
    assert_eq!(refusal(1, early), TransferError::NonceMismatch { expected, got });
    // A transfer that was applied cannot be applied again.
    let mut ledger = ledger();
    let once = signed(1, transfer(0, 1, 1, 0));
    ledger.apply_transfer(&once, u40(TIMESTAMP), &[]).unwrap();
    assert_eq!(
        ledger.apply_transfer(&once, u40(TIMESTAMP), &[]),
        Err(TransferError::NonceMismatch { expected: u40(1), got: u40(0) })
    );
}

#[test]
fn refused_nonce_exhausted() {
    let mut last = transfer(5, 1, 1, 0);
    last.nonce = U40::MAX;
    assert_eq!(refusal(6, last), TransferError::NonceExhausted { index: index(5) });
}

#[test]
fn refused_expired() {
    let mut late = transfer(0, 1, 1, 0);
    late.valid_until = u40(TIMESTAMP - 1);
    assert_eq!(
        refusal(1, late),
        TransferError::Expired { valid_until: u40(TIMESTAMP - 1), timestamp: u40(TIMESTAMP) }
    );
    late.valid_until = u40(TIMESTAMP);
    let in_time = signed(1, late);
    assert_eq!(ledger().check_transfer(&in_time, u40(TIMESTAMP), &[]), Ok(()));
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
    let error = |amount, fee| TransferError::InsufficientBalance { balance: 1000, amount, fee };
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
    assert_eq!(ledger().check_transfer(&exact, u40(TIMESTAMP), &[slot(7, 1)]), Ok(()));
}

#[test]
fn refused_receiver_overflow() {
    let balance = u128::MAX - 50;
    assert_eq!(
        refusal(1, transfer(0, 4, 51, 0)),
        TransferError::ReceiverOverflow { balance, amount: 51 }
    );
    let exact = signed(1, transfer(0, 4, 50, 0));
    assert_eq!(ledger().check_transfer(&exact, u40(TIMESTAMP), &[]), Ok(()));
}

#[test]
fn refused_recipient_mismatch() {
    let mut other = transfer(0, 1, 1, 0);
    other.recipient = key(3).public_key().x;
    let (expected, got) = (other.recipient, key(2).public_key().x);
    assert_eq!(refusal(1, other), TransferError::RecipientMismatch { expected, got });
}

#[test]
fn refused_no_fee_slot() {
    let mut token8 = transfer(3, 3, 1, 4);
    token8.token = 8;
    assert_eq!(refusal(4, token8), TransferError::NoFeeSlot { token: 8, fee: 4 });
}

#[test]
fn refused_signature() {
    assert_eq!(
        refusal(2, transfer(0, 1, 1, 0)),
        TransferError::SignatureInvalid(SignatureError::EquationFails)
    );
    let elsewhere = Domain { chain_id: 1, ..domain() };
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
    ledger.apply_batch(&SHAPE, TIMESTAMP, &[], &[]).unwrap();
    let before = ledger.clone();
    let error = ledger.apply_batch(shape, timestamp, slots, batch).unwrap_err();
    assert_eq!(ledger, before);
    error
}

#[test]
fn refused_batches() {
    let good = signed(1, transfer(0, 1, 1, 2));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[], &[good; 5]),
        BatchError::TooManyTransfers { slots: 4, got: 5 }
    );
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1); 3], &[]),
        BatchError::TooManyFeeSlots { slots: 2, got: 3 }
    );
    let deeper = BatchShape { depth: 3, ..SHAPE };
    assert_eq!(
        batch_refusal(&deeper, TIMESTAMP, &[], &[]),
        BatchError::DepthMismatch { expected: 2, got: 3 }
    );
    assert!(matches!(
        batch_refusal(&SHAPE, 1 << 40, &[], &[]),
        BatchError::Timestamp(range) if range.got == 1 << 40
    ));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP - 1, &[], &[]),
        BatchError::TimestampBackwards { last: u40(TIMESTAMP), got: u40(TIMESTAMP - 1) }
    );
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1), slot(7, 2)], &[good]),
        BatchError::DuplicateFeeToken { slot: 1, token: 7 }
    );
    for at in [6, 64] {
        assert_eq!(
            batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 1), slot(8, at)], &[good]),
            BatchError::UnknownFeeAccount { slot: 1, index: index(at) }
        );
    }
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 3)], &[good]),
        BatchError::FeeTokenMismatch { slot: 0, expected: 7, got: 8 }
    );
    let fill = signed(2, transfer(1, 4, 50, 0));
    assert_eq!(
        batch_refusal(&SHAPE, TIMESTAMP, &[slot(7, 4)], &[good, fill]),
        BatchError::FeeOverflow { slot: 0, balance: u128::MAX, fees: 2 }
    );
}

#[test]
fn the_last_batch_number_has_no_successor() {
    let mut json = serde_json::to_value(ledger()).unwrap();
    json["batchNumber"] = u64::MAX.to_string().into();
    let mut ledger: Ledger = serde_json::from_value(json).unwrap();
    assert_eq!(
        ledger.apply_batch(&SHAPE, TIMESTAMP, &[], &[]),
        Err(BatchError::BatchNumberExhausted)
    );
}

#[test]
fn fees_that_no_balance_holds_are_refused() {
    let fee = Fee::MAX.value();
    let sends = u128::MAX / fee;
    let accounts = vec![account(1, 7, u128::MAX), account(2, 7, u128::MAX), account(3, 7, 0)];
    let mut ledger = Ledger::from_genesis(1, domain(), accounts).unwrap();
    let before = ledger.clone();
    let shape = BatchShape { transfers: u32::MAX, fee_slots: 1, depth: 1 };
    // The first account spends all it can on fees, the second one exceeds 128 bits.
    let mut batch: Vec<SignedTransfer> = (0..sends as u64)
        .map(|nonce| {
            let mut paid = transfer(0, 0, 0, fee);
            paid.nonce = u40(nonce);
            signed(1, paid)
        })
        .collect();
    batch.push(signed(2, transfer(1, 1, 0, fee)));
    assert_eq!(
        ledger.apply_batch(&shape, TIMESTAMP, &[slot(7, 2)], &batch),
        Err(BatchError::FeesTooLarge { slot: 0, token: 7 })
    );
    assert_eq!(ledger, before);
}

#[test]
fn genesis_is_validated() {
    assert!(matches!(
        Ledger::from_genesis(12, domain(), vec![]),
        Err(LedgerError::Tree(TreeError::Depth { got: 12 }))
    ));
    assert!(matches!(
        Ledger::from_genesis(1, domain(), vec![account(1, 0, 0); 9]),
        Err(LedgerError::Tree(TreeError::IndexOutOfRange { index: 8, capacity: 8 }))
    ));
    let mut flagged = account(1, 0, 0);
    flagged.flags = 1;
    assert_eq!(
        Ledger::from_genesis(1, domain(), vec![account(2, 0, 0), flagged]),
        Err(LedgerError::Account { index: 1, source: AccountError::Flags { got: 1 } })
    );
    let mut off = key(1).public_key();
    off.y += Fr::ONE;
    assert!(matches!(Account::new(off, 0, 0), Err(AccountError::Key(KeyError::Point(_)))));
    let low = zkroll_circuits::protocol::babyjubjub::torsion8().into();
    assert!(matches!(
        Account::new(low, 0, 0),
        Err(AccountError::Key(KeyError::LowOrder { .. }))
    ));
}

#[test]
fn leaves_pack_every_field() {
    let mut account = account(1, 0x8000_0001, u128::MAX);
    account.nonce = u40(0x80_0000_0002);
    account.l1_owner = Address([0xcd; 20]);
    let word = |text: &str| zkroll_circuits::protocol::field::parse(text).unwrap();
    let state = word(&format!("0x800000018000000002{}", "f".repeat(32)));
    assert_eq!(account.state_word(), state);
    let owner = word(&format!("0x{}", "cd".repeat(20)));
    assert_eq!(account.owner_word(), owner);
    let key = account.public_key;
    let leaf = zkroll_circuits::protocol::poseidon::hash(&[key.x, key.y, state, owner]);
    assert_eq!(account.leaf(), leaf);
}

/// A batch of two transfers with fees, and its trace.
fn applied() -> (Ledger, Ledger, BatchTrace) {
    let before = ledger();
    let mut after = before.clone();
    let batch = [signed(1, transfer(0, 1, 100, 2)), signed(2, transfer(1, 4, 20, 3))];
    let trace = after
        .apply_batch(&SHAPE, TIMESTAMP, &[slot(7, 2)], &batch)
        .unwrap();
    (before, after, trace)
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
fn public_data_of_another_batch_are_refused() {
    let (before, after, trace) = applied();
    let data = trace.public_data().unwrap();
    let refusal = |ledger: &Ledger, change: &dyn Fn(&mut Header)| {
        let mut header = trace.header;
        change(&mut header);
        let data = PublicData::new(
            header,
            data.fee_slots().to_vec(),
            data.transfers().to_vec(),
        );
        let mut changed = ledger.clone();
        let error = changed.apply_public_data(&data.unwrap()).unwrap_err();
        assert_eq!(&changed, ledger);
        error
    };
    let root = before.root();
    let post_root = trace.header.post_root;
    let got = Domain { chain_id: 1, ..domain() };
    assert_eq!(
        refusal(&before, &|header| header.domain = got),
        ReplayError::DomainMismatch { expected: domain(), got }
    );
    assert_eq!(
        refusal(&after, &|_| ()),
        ReplayError::BatchNumberMismatch { expected: 2, got: 1 }
    );
    assert_eq!(
        refusal(&before, &|header| header.pre_root += Fr::ONE),
        ReplayError::PreRootMismatch { expected: root, got: root + Fr::ONE }
    );
    assert_eq!(
        refusal(&before, &|header| header.post_root += Fr::ONE),
        ReplayError::PostRootMismatch { expected: post_root + Fr::ONE, got: post_root }
    );
    assert_eq!(
        refusal(&before, &|header| header.shape.depth = 3),
        ReplayError::Batch(BatchError::DepthMismatch { expected: 2, got: 3 })
    );
    let mut transfers = data.transfers().to_vec();
    transfers[1].as_mut().unwrap().to = index(3);
    let wrong = PublicData::new(trace.header, data.fee_slots().to_vec(), transfers).unwrap();
    let mut ledger = before.clone();
    let source = TransferError::TokenMismatch { index: index(3), expected: 8, got: 7 };
    assert_eq!(
        ledger.apply_public_data(&wrong),
        Err(ReplayError::Batch(BatchError::Transfer { index: 1, source }))
    );
    assert_eq!(ledger, before);
}

#[test]
fn ledgers_and_traces_survive_serde() {
    let (_, after, trace) = applied();
    let text = serde_json::to_string(&trace).unwrap();
    assert_eq!(serde_json::from_str::<BatchTrace>(&text).unwrap(), trace);

    let json = serde_json::to_value(&after).unwrap();
    assert_eq!(json["batchNumber"], "1");
    assert_eq!(json["accounts"][0]["account"]["balance"], "898");
    assert_eq!(json["accounts"][0]["account"]["l1Owner"], format!("0x{}", "00".repeat(20)));
    assert_eq!(serde_json::from_value::<Ledger>(json.clone()).unwrap(), after);
    for (pointer, value, expected) in [
        ("/root", "1".into(), "expected accounts with state root 1, got"),
        ("/accounts/0/account/balance", "899".into(), "expected accounts with state root"),
        ("/accounts/0/index", 1.into(), "got account 1 twice"),
        ("/accounts/0/index", 64.into(), "expected a leaf index below 64"),
        ("/accounts/0/account/flags", 1.into(), "expected flags 0"),
        ("/accounts/0/account/publicKey/x", "1".into(), "expected a point of Baby Jubjub"),
        ("/accounts/0/account/balance", format!("0x1{}", "0".repeat(32)).into(), "below 2^128"),
        ("/depth", 12.into(), "expected a tree depth"),
        ("/depth", 3.into(), "expected accounts with state root"),
    ] {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        let error = serde_json::from_value::<Ledger>(json).unwrap_err().to_string();
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
        match after.apply_batch(&SHAPE, TIMESTAMP, slots, &batch) {
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
