//! `examples/wallet/transfers.json`, signed by circomlibjs, against the ledger.

use std::collections::BTreeMap;

use crate::common::examples::{
    chain::rollup_address,
    wallet::{OWNERS, WalletFile, private_key},
};
use crate::common::u40;
use zkroll::{
    circuits::protocol::{
        account::AccountIndex,
        amount::{Amount, Fee},
        babyjubjub::Scalar,
        eddsa::SignatureError,
        ledger::{Ledger, TransferError},
        public_data::{BatchShape, FeeSlot},
        transfer::{Domain, Recipient, SignedTransfer},
        uint::U40,
    },
    prover::Fr,
};

use ark_ff::{AdditiveGroup, BigInteger, PrimeField};

fn file() -> WalletFile {
    WalletFile::parse(include_str!("../../examples/wallet/transfers.json")).unwrap()
}

/// The ledger before each transfer of the file, with the transfer.
fn steps() -> (Vec<FeeSlot>, U40, Vec<(Ledger, SignedTransfer)>) {
    let file = file();
    let batch = file.batch(file.depth, file.transfers.len()).unwrap();
    let timestamp = u40(batch.timestamp);
    let mut ledger = batch.genesis;
    let steps = batch
        .transfers
        .iter()
        .map(|transfer| {
            let before = ledger.clone();
            ledger
                .apply_transfer(transfer, timestamp, &batch.fee_slots)
                .unwrap();
            (before, *transfer)
        })
        .collect();
    (batch.fee_slots, timestamp, steps)
}

#[test]
fn every_signature_is_accepted_and_every_transfer_moves_the_root() {
    let file = file();
    assert_eq!(
        (file.depth, file.genesis.len(), file.transfers.len()),
        (11, 10, 10)
    );
    let batch = file.batch(11, 10).unwrap();
    assert_eq!((batch.signed_here, batch.reindexed), (0, false));

    let shape = BatchShape::transfers_only(11, 10, 2);
    let mut ledger = batch.genesis.clone();
    let trace = ledger
        .apply_batch(
            &shape,
            batch.timestamp,
            &[],
            &batch.fee_slots,
            &batch.transfers,
        )
        .unwrap();
    for (i, transfer) in trace.transfers.iter().enumerate() {
        assert_ne!(transfer.root_before, transfer.root_after, "transfer {i}");
    }
    assert_eq!(trace.header.pre_root, batch.genesis.root());
    assert_eq!(trace.header.post_root, ledger.root());
    assert_ne!(ledger.root(), batch.genesis.root());

    // Nothing comes from nowhere and nothing is lost: fees included, each token keeps its sum.
    let sums = |ledger: &Ledger| {
        let mut sums = BTreeMap::new();
        for (_, account) in ledger.accounts() {
            *sums.entry(account.token).or_insert(0) += account.balance;
        }
        sums
    };
    assert_eq!(sums(&ledger), sums(&batch.genesis));
    let fees = ledger.account(batch.fee_slots[0].account).unwrap().balance;
    assert_eq!(fees, (4 * 21_000 + 30_000 + 2_047) * 1_000_000_000);
}

#[test]
fn the_contract_is_the_deployers_second_and_the_keys_are_the_documented_ones() {
    let file = file();
    assert_eq!(file.contract, rollup_address());
    assert_eq!(file.chain_id, 31337);
    let keys: Vec<_> = (0..OWNERS).map(|i| private_key(i).public_key()).collect();
    let batch = file.batch(11, 0).unwrap();
    for (index, account) in batch.genesis.accounts() {
        assert!(keys.contains(&account.public_key), "account {index}");
    }
}

/// What the ledger says to a transfer that was changed after signing.
#[derive(Debug)]
enum Expected {
    Equation,
    ScalarTooLarge,
    Error(TransferError),
}

/// One changed field, and the error that it must end in.
fn tampered(
    ledger: &Ledger,
    signed: &SignedTransfer,
    timestamp: U40,
) -> Vec<(&'static str, SignedTransfer, Expected)> {
    let transfer = &signed.transfer;
    let sender = ledger.account(transfer.from).unwrap();
    let Recipient::Account { index: to, owner } = transfer.recipient else {
        panic!("the file has transfers to accounts alone");
    };
    let receiver = ledger.account(to).unwrap();
    let another = |token: u32, not: [AccountIndex; 2]| {
        let mut accounts = ledger.accounts();
        let found =
            accounts.find(|(index, account)| account.token == token && !not.contains(index));
        found.map(|(index, _)| index).unwrap()
    };
    let mut list = Vec::new();
    let mut change = |name, expected, change: &dyn Fn(&mut SignedTransfer)| {
        let mut changed = *signed;
        change(&mut changed);
        assert_ne!(changed, *signed, "{name}");
        list.push((name, changed, expected));
    };

    // Zero becomes an amount that nobody has; another amount becomes less.
    let value = transfer.amount.value().unwrap();
    let encoding = transfer.amount.encoding();
    let amount = |encoding: u64| Amount::try_from(encoding).unwrap();
    if value == 0 {
        // 0·10¹: another encoding of the same value.
        change("amount", Expected::Equation, &|t| {
            t.transfer.amount = amount(1 << 35)
        });
    } else {
        change("amount", Expected::Equation, &|t| {
            t.transfer.amount = amount(encoding - 1)
        });
    }
    let fee = transfer.fee.encoding();
    if fee > 0 {
        change("fee", Expected::Equation, &|t| {
            t.transfer.fee = Fee::try_from(fee - 1).unwrap()
        });
    } else {
        // The largest exponent with mantissa 0: a fee of 0 all the same.
        change("fee", Expected::Equation, &|t| {
            t.transfer.fee = Fee::try_from(31 << 11).unwrap()
        });
    }

    let from = another(sender.token, [transfer.from, to]);
    let impersonated = ledger.account(from).unwrap();
    let expected = if impersonated.nonce != transfer.nonce {
        Expected::Error(TransferError::NonceMismatch {
            expected: impersonated.nonce,
            got: transfer.nonce,
        })
    } else if impersonated.balance < value + transfer.fee.value() {
        Expected::Error(TransferError::InsufficientBalance {
            balance: impersonated.balance,
            amount: value,
            fee: transfer.fee.value(),
        })
    } else {
        Expected::Equation
    };
    change("from", expected, &|t| t.transfer.from = from);

    let others = another(sender.token, [transfer.from, to]);
    let new_receiver = ledger.account(others).unwrap();
    let expected = if owner == Fr::ZERO {
        Expected::Equation
    } else {
        Expected::Error(TransferError::RecipientMismatch {
            expected: owner,
            got: new_receiver.public_key.x,
        })
    };
    change("to", expected, &|t| {
        t.transfer.recipient = Recipient::Account {
            index: others,
            owner,
        }
    });
    let foreign = another(1 - sender.token, [transfer.from, to]);
    let mismatch = TransferError::TokenMismatch {
        index: foreign,
        expected: 1 - sender.token,
        got: sender.token,
    };
    change("to, of another token", Expected::Error(mismatch), &|t| {
        t.transfer.recipient = Recipient::Account {
            index: foreign,
            owner,
        }
    });

    let owned_by = |owner| Recipient::Account { index: to, owner };
    let named = match owner == Fr::ZERO {
        true => receiver.public_key.x,
        false => Fr::ZERO,
    };
    change("recipient", Expected::Equation, &|t| {
        t.transfer.recipient = owned_by(named)
    });
    let stranger = private_key(200).public_key().x;
    let mismatch = TransferError::RecipientMismatch {
        expected: stranger,
        got: receiver.public_key.x,
    };
    change("recipient, a stranger", Expected::Error(mismatch), &|t| {
        t.transfer.recipient = owned_by(stranger)
    });

    let mismatch = TransferError::TokenMismatch {
        index: transfer.from,
        expected: sender.token,
        got: 2,
    };
    change("token", Expected::Error(mismatch), &|t| {
        t.transfer.token = 2
    });
    let nonce = u40(transfer.nonce.get() + 1);
    let mismatch = TransferError::NonceMismatch {
        expected: sender.nonce,
        got: nonce,
    };
    change("nonce", Expected::Error(mismatch), &|t| {
        t.transfer.nonce = nonce
    });

    // As long as it has not expired, any limit but the signed one is refused by the signature.
    let later = match transfer.valid_until {
        U40::MAX => u40(U40::MAX.get() - 1),
        limit => u40(limit.get() + 1),
    };
    change("valid_until", Expected::Equation, &|t| {
        t.transfer.valid_until = later
    });
    let earlier = u40(timestamp.get() - 1);
    let expired = TransferError::Expired {
        valid_until: earlier,
        timestamp,
    };
    change("valid_until, over", Expected::Error(expired), &|t| {
        t.transfer.valid_until = earlier
    });

    change("R8x", Expected::Equation, &|t| {
        t.signature.r8.0 += Fr::from(1u64)
    });
    change("R8y", Expected::Equation, &|t| {
        t.signature.r8.1 = -t.signature.r8.1
    });
    change("S", Expected::Equation, &|t| t.signature.s.0[0] ^= 1);
    change("S + l", Expected::ScalarTooLarge, &|t| {
        t.signature.s.add_with_carry(&Scalar::MODULUS);
    });
    list
}

#[test]
fn a_transfer_changed_in_one_field_is_refused_with_its_error() {
    let (fee_slots, timestamp, steps) = steps();
    for (position, (ledger, signed)) in steps.iter().enumerate() {
        for (field, changed, expected) in tampered(ledger, signed, timestamp) {
            let mut after = ledger.clone();
            let error = after
                .apply_transfer(&changed, timestamp, &fee_slots)
                .unwrap_err();
            let as_expected = match (&expected, &error) {
                (
                    Expected::Equation,
                    TransferError::SignatureInvalid(SignatureError::EquationFails),
                )
                | (
                    Expected::ScalarTooLarge,
                    TransferError::SignatureInvalid(SignatureError::ScalarTooLarge { .. }),
                ) => true,
                (Expected::Error(expected), error) => expected == error,
                _ => false,
            };
            assert!(
                as_expected,
                "transfer {position}, {field}: {expected:?}, got {error:?}"
            );
            assert_eq!(after, *ledger, "transfer {position}, {field}");
        }
    }
}

#[test]
fn signatures_hold_for_one_chain_and_one_contract() {
    let (fee_slots, timestamp, steps) = steps();
    let (ledger, signed) = &steps[0];
    let right = *ledger.domain();
    let mut contract = right.contract;
    contract.0[19] ^= 1;
    let others = [
        Domain {
            chain_id: 1,
            ..right
        },
        Domain { contract, ..right },
    ];
    for domain in others {
        let accounts = ledger
            .accounts()
            .map(|(index, account)| (index, account.clone()));
        let elsewhere = Ledger::from_genesis(11, domain, accounts).unwrap();
        let error = elsewhere
            .check_transfer(signed, timestamp, &fee_slots)
            .unwrap_err();
        let expected = TransferError::SignatureInvalid(SignatureError::EquationFails);
        assert_eq!(error, expected, "{domain:?}");
    }
}

#[test]
fn what_the_file_lacks_is_signed_here_and_applies() {
    let file = file();
    // (depth, transfers, signed here, laid out anew): fewer than the file's, more, and a tree that
    // has no room for its indices.
    let cases = [(11, 3, 0, false), (11, 14, 4, false), (2, 12, 12, true)];
    for (depth, count, signed_here, reindexed) in cases {
        let batch = file.batch(depth, count).unwrap();
        assert_eq!(batch.transfers.len(), count);
        assert_eq!(
            (batch.signed_here, batch.reindexed),
            (signed_here, reindexed)
        );
        let shape = BatchShape::transfers_only(depth as u32, count as u32, 2);
        let mut ledger = batch.genesis;
        ledger
            .apply_batch(
                &shape,
                batch.timestamp,
                &[],
                &batch.fee_slots,
                &batch.transfers,
            )
            .unwrap();
    }
    let error = file.batch(1, 10).unwrap_err().to_string();
    assert!(
        error.contains("room for 10 accounts, got 1: 8 accounts"),
        "{error}"
    );
}
