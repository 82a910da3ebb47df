//! Attacks on the circuit: for every label of the slots, a cheating witness that nothing else catches.
//!
//! Each test names the group of constraints that must break, and that no other does. If one of these
//! constraints were left out, the attack beside it would go through.

mod forger;
mod l1;
mod one_path;
mod slice;
mod slots;

use super::{BatchCircuit, tests::shape};
use crate::{
    gadgets::account::power_of_two,
    protocol::{
        account::AccountIndex,
        amount::Amount,
        babyjubjub::{Point, Scalar, mul_base8},
        transfer::{Address, Recipient},
        uint::U40,
    },
};
use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use std::collections::BTreeSet;

use forger::{Forger, Keep, NONCE_SECRET, challenge, reduce};

const NONE: [&str; 0] = [];

#[test]
fn an_honest_slot_breaks_nothing() {
    assert_eq!(Forger::honest().caught_by(), NONE);
    let off = Forger {
        on: false,
        fee_slot: None,
        ..Forger::honest()
    };
    assert_eq!(off.caught_by(), NONE);
}

#[test]
fn a_slot_is_on_or_off() {
    // On twice: the state moves by twice the difference.
    let forger = Forger::honest().replace("on", 0, |_| Fr::from(2u64));
    assert_eq!(forger.caught_by(), ["on"]);
}

#[test]
fn indices_are_made_of_bits() {
    // 3 − 2 = 1: the sum is the sender's index, the path is a mixture of lanes.
    for label in ["from", "to"] {
        let forger = Forger::honest();
        let index = if label == "from" { 1i64 } else { 2 };
        let digits = [index + 2, -1, 0];
        let forger = forger.cheating(move |at, i, value, _| match at == label {
            true if digits[i] < 0 => -Fr::ONE,
            true => Fr::from(digits[i] as u64),
            false => value,
        });
        assert_eq!(forger.caught_by(), [label]);
    }
}

#[test]
fn amounts_are_what_was_signed() {
    // A digit 2 in the place of a bit, and a wrong product.
    let digits = Forger {
        transfer: with_amount(4),
        ..Forger::honest()
    };
    let digits = digits
        .replace("amount", 1, |_| Fr::from(2u64))
        .replace("amount", 2, |_| Fr::ZERO);
    assert_eq!(digits.caught_by(), ["amount"]);
    let inflated = Forger::honest().replace("amount", 44, |value| value + Fr::ONE);
    assert_eq!(inflated.caught_by(), ["amount"]);
    let cheap = Forger::honest().replace("fee_amount", 20, |_| Fr::ZERO);
    assert_eq!(cheap.caught_by(), ["fee_amount"]);
}

fn with_amount(value: u128) -> crate::protocol::transfer::Transfer {
    let mut transfer = Forger::honest().transfer;
    transfer.amount = Amount::from_value(value).unwrap();
    transfer
}

/// Columns of an account: a sender has its token before them.
const NONCE: usize = 2;
const BALANCE: usize = 3;

#[test]
fn a_nonce_is_not_borrowed_by_the_balance() {
    // The leaf of (nonce, balance) is also that of (nonce − 1, balance + 2^128): the transfer before
    // could be replayed, and paid from money that is not there.
    let forger = Forger {
        transfer: with_amount(600),
        ..Forger::honest()
    };
    let forger = forger
        .replace("sender", NONCE + 1, |nonce| nonce - Fr::ONE)
        .replace("sender", BALANCE + 1, |balance| balance + power_of_two(128));
    assert_eq!(forger.caught_by(), ["sender/balance_before"]);
}

#[test]
fn nobody_spends_more_than_the_balance() {
    let forger = Forger {
        transfer: with_amount(498),
        ..Forger::honest()
    };
    assert_eq!(forger.caught_by(), ["sender/balance_after"]);
    // An amount above 2^128 is refused there too.
    let mut huge = with_amount(0);
    huge.amount = Amount::try_from(31 << 35 | 1 << 34).unwrap();
    let forger = Forger {
        transfer: huge,
        ..Forger::honest()
    };
    let caught = forger.caught_by();
    assert!(
        caught.contains(&"sender/balance_after".to_owned()),
        "{caught:?}"
    );
}

#[test]
fn a_nonce_does_not_overflow() {
    let mut forger = Forger::honest();
    forger.sender.nonce = U40::MAX;
    forger.transfer.nonce = U40::MAX;
    assert_eq!(forger.caught_by(), ["sender/nonce"]);
}

#[test]
fn a_receivers_balance_does_not_overflow_into_the_nonce() {
    let mut full = Forger::honest();
    full.receiver.balance = u128::MAX;
    assert_eq!(full.clone().caught_by(), ["receiver/balance_after"]);
    // Read as (nonce + 1, balance − 2^128), the sum is in range again.
    let wrapped = full
        .replace("receiver", NONCE, |nonce| nonce + Fr::ONE)
        .replace("receiver", BALANCE, |balance| balance - power_of_two(128));
    assert_eq!(wrapped.caught_by(), ["receiver/balance_before"]);
}

#[test]
fn a_token_does_not_become_another() {
    // A receiver of token 6 read as one of token 5 with a nonce of 2^40 more.
    let mut forger = Forger::honest();
    forger.receiver.token = 6;
    let forger = forger.replace("receiver", NONCE, |nonce| nonce + power_of_two(40));
    assert_eq!(forger.caught_by(), ["receiver/nonce"]);
}

#[test]
fn leaves_are_the_accounts_hashes() {
    for (label, party) in [("sender/leaf", "sender"), ("receiver/leaf", "receiver")] {
        // The last S-box of the old leaf, which comes before the new one's.
        for column in [8, 14, 298, 14 + 284 + 285] {
            let forger = Forger::honest().replace(label, column, |value| value + Fr::ONE);
            assert_eq!(forger.caught_by(), [label], "{party} column {column}");
        }
    }
}

#[test]
fn a_path_selects_the_lane_of_the_index() {
    for label in ["sender/path/selected", "receiver/path/selected"] {
        for column in 0..10 {
            let forger = Forger::honest().replace(label, column, |value| value + Fr::ONE);
            assert_eq!(forger.caught_by(), [label], "column {column}");
        }
    }
}

#[test]
fn an_account_that_is_not_in_the_tree_is_refused() {
    // The lane keeps another value than the account's.
    for (keep, label) in [
        (Keep::SenderLane, "sender/path/membership"),
        (Keep::ReceiverLane, "receiver/path/membership"),
    ] {
        assert_eq!(Forger::honest().keeping(keep).caught_by(), [label]);
    }
    for label in ["sender/path/membership", "receiver/path/membership"] {
        let forger = Forger::honest().replace(label, 2, |value| value + Fr::ONE);
        assert_eq!(forger.caught_by(), [label]);
    }
}

#[test]
fn only_the_lane_of_the_index_changes() {
    // Another account of the same node is changed along.
    for label in ["sender/path/replacement", "receiver/path/replacement"] {
        for column in [3, 4, 6] {
            let forger = Forger::honest().replace(label, column, |value| value + Fr::ONE);
            assert_eq!(forger.caught_by(), [label], "column {column}");
        }
    }
}

#[test]
fn nodes_are_the_lanes_hashes() {
    // In the sender's path the old root (378 columns, then the new root's): the new one must be met
    // by the receiver's path. In the receiver's the new root.
    for (label, columns) in [
        ("sender/path/node", [0, 200, 377]),
        ("receiver/path/node", [378, 600, 755]),
    ] {
        for column in columns {
            let forger = Forger::honest().replace(label, column, |value| value + Fr::ONE);
            assert_eq!(forger.caught_by(), [label], "column {column}");
        }
    }
}

#[test]
fn the_sender_is_in_the_current_state() {
    assert_eq!(
        Forger::honest().keeping(Keep::Root).caught_by(),
        ["sender/root"]
    );
}

#[test]
fn the_receivers_path_is_the_one_after_the_debit() {
    // With the path from before, the debit would be undone by the credit.
    let forger = Forger::honest().keeping(Keep::ReceiverPath);
    assert_eq!(forger.caught_by(), ["receiver/root"]);
}

#[test]
fn a_recipient_is_the_receiver_or_nobody() {
    let mut forger = Forger::honest();
    let named = |owner| Recipient::Account {
        index: Forger::honest().to,
        owner,
    };
    forger.transfer.recipient = named(forger.receiver.public_key.x);
    assert_eq!(forger.clone().caught_by(), NONE);
    forger.transfer.recipient = named(forger.sender.public_key.x);
    assert_eq!(forger.caught_by(), ["recipient"]);
}

/// A withdrawal of 100 to an address; who is credited instead is made up, at index 0.
fn withdrawal() -> Forger {
    let mut forger = Forger::honest();
    forger.transfer.recipient = Recipient::L1(Address([9; 20]));
    forger.to = AccountIndex::default();
    forger.receiver.balance = 0;
    forger.receiver.nonce = U40::default();
    forger
}

/// A transfer of 100 to a new account at index 2.
fn new_account() -> Forger {
    let mut forger = Forger::honest();
    forger.receiver.balance = 0;
    forger.receiver.nonce = U40::default();
    forger.transfer.recipient = Recipient::NewAccount(forger.receiver.public_key);
    forger
}

/// Columns under `operation`.
const WITHDRAWAL: usize = 0;
const NEW_ACCOUNT: usize = 1;

#[test]
fn honest_withdrawals_and_new_accounts_break_nothing() {
    assert_eq!(withdrawal().caught_by(), NONE);
    assert_eq!(new_account().caught_by(), NONE);
}

#[test]
fn an_operation_is_one_of_three_and_of_a_used_slot() {
    let mut twice = new_account();
    twice.receiver.public_key = twice.sender.public_key;
    twice.transfer.recipient = Recipient::NewAccount(twice.sender.public_key);
    let twice = twice.replace("operation", NEW_ACCOUNT, |_| Fr::from(2u64));
    assert_eq!(twice.caught_by(), ["operation"]);
    let mut both = new_account();
    both.to = AccountIndex::default();
    let both = both.replace("operation", WITHDRAWAL, |_| Fr::ONE);
    assert_eq!(both.caught_by(), ["operation/one"]);
    // A slot that is off would emit a withdrawal that nobody paid for.
    for forger in [withdrawal(), new_account()] {
        let off = Forger {
            on: false,
            fee_slot: None,
            ..forger
        };
        assert_eq!(off.caught_by(), ["operation/only_if_on"]);
    }
}

#[test]
fn an_operation_is_signed_for() {
    // A transfer's signature does not withdraw, nor create an account.
    for operation in [WITHDRAWAL, NEW_ACCOUNT] {
        let mut forger = match operation {
            WITHDRAWAL => withdrawal(),
            _ => new_account(),
        };
        forger.take_signature_of(|there| {
            there.cheat = std::rc::Rc::new(move |at, i, value, _| match (at, i) {
                ("operation", i) if i == operation => Fr::ZERO,
                _ => value,
            });
        });
        assert_eq!(forger.caught_by(), ["signature/equation"]);
    }
}

#[test]
fn a_new_account_starts_with_nothing() {
    for (column, name) in [
        (NONCE, "nonce"),
        (BALANCE, "balance"),
        (BALANCE + 1, "owner"),
    ] {
        let forger = new_account().replace("receiver", column, |value| value + Fr::ONE);
        assert_eq!(forger.caught_by(), ["receiver/new_account"], "{name}");
    }
    // In the place of an account that is there, whose lane is kept.
    let mut over = new_account();
    let sum = Forger::honest().receiver;
    over.receiver = sum;
    assert!(
        over.caught_by()
            .contains(&"receiver/new_account".to_owned())
    );
    let forger = new_account().replace("receiver/new_account", 0, |_| Fr::ONE);
    assert_eq!(forger.caught_by(), ["receiver/new_account"]);
}

#[test]
fn a_withdrawal_changes_no_receiver() {
    let forger = withdrawal().replace("receiver/root_of_withdrawal", 0, |value| value + Fr::ONE);
    assert_eq!(forger.caught_by(), ["receiver/root_of_withdrawal"]);
}

#[test]
fn the_index_that_is_signed_is_the_receivers_or_none() {
    let mut named = withdrawal();
    named.to = AccountIndex::try_from(2).unwrap();
    assert_eq!(named.caught_by(), ["signed_to"]);
    let chosen = new_account().replace("signed_to", 0, |_| Fr::ZERO);
    assert_eq!(chosen.caught_by(), ["signed_to"]);
}

#[test]
fn a_new_accounts_key_is_the_one_that_was_signed() {
    // 0 would be anybody's.
    let anybody = new_account().replace("recipient", 0, |_| Fr::ZERO);
    assert_eq!(anybody.caught_by(), ["recipient"]);
}

#[test]
fn a_new_accounts_key_can_sign() {
    let mut off_curve = new_account();
    off_curve.receiver.public_key.y += Fr::ONE;
    let caught = off_curve.clone().caught_by();
    assert!(
        caught.contains(&"new_key/on_curve".to_owned()),
        "{caught:?}"
    );
    // The sender's key in its place.
    let hidden = off_curve
        .replace("new_key", 0, |_| Fr::ZERO)
        .replace("new_key", 1, |_| Fr::ZERO);
    assert_eq!(hidden.caught_by(), ["new_key"]);
    let mut low_order = new_account();
    low_order.receiver.public_key = crate::protocol::babyjubjub::torsion8().into();
    low_order.transfer.recipient = Recipient::NewAccount(low_order.receiver.public_key);
    assert_eq!(low_order.caught_by(), ["new_key"]);
    let cofactor = new_account().replace("new_key/cofactor", 11, |value| value + Fr::ONE);
    assert_eq!(cofactor.caught_by(), ["new_key/cofactor"]);
}

#[test]
fn records_are_those_of_the_operations() {
    for (label, column) in [
        ("records/record", 0),
        ("records/kind", 0),
        ("records/hash", 40),
        ("records/withdrawals", 0),
        ("records/creations", 0),
    ] {
        // A transfer that emits one, and a withdrawal or a creation that emits another or none.
        for forger in [Forger::honest(), withdrawal(), new_account()] {
            let forger = forger.replace(label, column, |value| value + Fr::ONE);
            assert_eq!(forger.caught_by(), [label]);
        }
    }
}

#[test]
fn an_expired_transfer_is_refused() {
    let mut forger = Forger::honest();
    forger.timestamp = Fr::from(1001u64);
    assert_eq!(forger.clone().caught_by(), ["valid_until"]);
    // So is one that says it is valid for ever: the field's −1.
    let forever = forger.replace("valid_until", 0, |_| -Fr::ONE);
    assert_eq!(forever.caught_by(), ["valid_until"]);
}

#[test]
fn a_signature_for_another_chain_contract_or_time_is_for_another_message() {
    let signed = Forger::honest();
    let [one, two_to_160] = [Fr::ONE, power_of_two(160)];
    for change in [one, two_to_160, -two_to_160] {
        let mut forger = signed.clone();
        forger.take_signature_of(|there| there.domain += change);
        assert_eq!(forger.caught_by(), ["signature/equation"]);
    }
    let mut later = signed.clone();
    later.take_signature_of(|there| there.transfer.valid_until = U40::try_from(1500).unwrap());
    assert_eq!(later.caught_by(), ["signature/equation"]);
    // And where the prover changes the message's hash instead, that catches it.
    for column in [5, 200, 260] {
        let forger = signed
            .clone()
            .replace("signature/message", column, |value| value + Fr::ONE);
        assert_eq!(forger.caught_by(), ["signature/message"], "column {column}");
    }
}

#[test]
fn s_plus_l_is_refused() {
    // Not every signature has a twin of 251 bits.
    let forger = (1000..1064).find_map(|time| {
        let mut forger = Forger::honest();
        forger.transfer.valid_until = U40::try_from(time).unwrap();
        forger.settle_signature();
        let overflow = forger.signature.s.add_with_carry(&Scalar::MODULUS);
        (!overflow && forger.signature.s.num_bits() <= Scalar::MODULUS_BIT_SIZE).then_some(forger)
    });
    let forger = forger.expect("one in three or so");
    assert_eq!(forger.caught_by(), ["signature/scalar_below_l"]);
}

#[test]
fn the_challenge_is_the_hash_and_its_bits_are_canonical() {
    for column in [12, 150, 320] {
        let forger =
            Forger::honest().replace("signature/challenge", column, |value| value + Fr::ONE);
        assert_eq!(
            forger.caught_by(),
            ["signature/challenge"],
            "column {column}"
        );
    }
    // The bits of h + r: another multiple of 8·A, with a signature made for it.
    let mut forger = Forger::honest();
    for nonce in 0..64 {
        forger.transfer.valid_until = U40::try_from(1000 + nonce).unwrap();
        forger.settle_signature();
        let mut alias = forger.challenge().into_bigint();
        alias.add_with_carry(&Fr::MODULUS);
        if alias.num_bits() <= 254 {
            break;
        }
    }
    let mut alias = forger.challenge().into_bigint();
    alias.add_with_carry(&Fr::MODULUS);
    assert!(alias.num_bits() <= 254);
    let h = Scalar::from_le_bytes_mod_order(&alias.to_bytes_le());
    forger.signature.s = forger.s_for(h).into_bigint();
    let positions = bit_columns();
    let forger = forger
        .keeping(Keep::Signature)
        .cheating(move |at, i, value, _| {
            match (at, positions.iter().position(|column| *column == i)) {
                ("signature/challenge_bits", Some(bit)) => Fr::from(alias.get_bit(bit)),
                _ => value,
            }
        });
    assert_eq!(forger.caught_by(), ["signature/challenge_bits"]);
}

/// For each bit of a canonical decomposition, its column: found by what changes with the value.
fn bit_columns() -> Vec<usize> {
    use crate::{gadgets::bits::decompose_canonical, template::testing};
    use std::{cell::RefCell, rc::Rc};
    let columns_of = |value: Fr| {
        let found = Rc::new(RefCell::new(Vec::new()));
        let record = found.clone();
        testing::cheat(
            move |label, _, value| {
                if label == "bits" {
                    record.borrow_mut().push(value);
                }
                value
            },
            |builder| {
                let num = builder.witness(value)?;
                builder
                    .scope("bits", |builder| decompose_canonical(builder, &num))
                    .map(|_| ())
            },
        );
        found.take()
    };
    // 2^k has one bit, and the helper columns are those of zero but where the run is concerned,
    // which for numbers below 2^253 ends at the top bit.
    let zero = columns_of(Fr::ZERO);
    let single = |k: usize| {
        let columns = columns_of(power_of_two(k));
        (0..zero.len())
            .filter(|i| zero[*i] == Fr::ZERO && columns[*i] == Fr::ONE)
            .collect::<Vec<_>>()
    };
    (0..254)
        .map(|k| {
            let candidates = single(k);
            // A bit comes before whatever is computed from it.
            candidates[0]
        })
        .collect()
}

#[test]
fn the_key_that_signs_is_the_senders() {
    // 8·A replaced by the forger's own point.
    let own = Scalar::from(9999u64);
    let point = mul_base8(&own).into_affine();
    let mut forger = Forger::honest();
    forger.secret = own * Scalar::from(8u64).inverse().unwrap();
    let forger = forger
        .replace("signature/key/cofactor", 11, move |_| point.x)
        .replace("signature/key/cofactor", 12, move |_| point.y);
    assert_eq!(forger.caught_by(), ["signature/key/cofactor"]);
}

#[test]
fn multiples_of_points_are_computed() {
    // Any signature at all, the missing difference put in where a ladder ends.
    let r8 = mul_base8(&Scalar::from(NONCE_SECRET)).into_affine();
    let s = Scalar::from(31_337u64);
    let eight_a = Forger::honest().secret * Scalar::from(8u64);
    type Wanted = Box<dyn Fn(Scalar) -> Point>;
    let base_part: Wanted = Box::new(move |h| (mul_base8(&(h * eight_a)) + r8).into_affine());
    let hash_part: Wanted = Box::new(move |_| (mul_base8(&s) - r8).into_affine());
    for (label, wanted, columns) in [
        ("signature/fixed_base", base_part, 505),
        ("signature/variable_base/parity", hash_part, 8),
    ] {
        let mut forger = Forger::honest().keeping(Keep::Signature);
        forger.signature.s = s.into_bigint();
        let forger = forger.cheating(move |at, i, value, before| {
            if at != label || i + 2 < columns || !before.contains_key(label) {
                return value;
            }
            let point = wanted(reduce(challenge(before)));
            if i + 2 == columns { point.x } else { point.y }
        });
        assert_eq!(forger.caught_by(), [label]);
    }
}

#[test]
fn the_ladder_ends_where_it_must() {
    let r8 = mul_base8(&Scalar::from(NONCE_SECRET)).into_affine();
    let s = Scalar::from(31_337u64);
    let eight_a = Forger::honest().secret * Scalar::from(8u64);
    let label = "signature/variable_base/ladder";
    let mut forger = Forger::honest().keeping(Keep::Signature);
    forger.signature.s = s.into_bigint();
    let columns = 253 * 6 + 2;
    let forger = forger.cheating(move |at, i, value, before| {
        if at != label || i + 2 < columns || !before.contains_key(label) {
            return value;
        }
        let wanted = mul_base8(&s) - r8;
        // The parity step takes one multiple off again if h is even.
        let even = challenge(before).into_bigint().is_even();
        let odd = if even {
            wanted + mul_base8(&eight_a)
        } else {
            wanted
        }
        .into_affine();
        if i + 2 == columns { odd.x } else { odd.y }
    });
    assert_eq!(forger.caught_by(), [label]);
}

#[test]
fn a_signature_by_anybody_else_is_refused() {
    let mut forger = Forger::honest();
    forger.secret = Scalar::from(3u64);
    assert_eq!(forger.caught_by(), ["signature/equation"]);
}

#[test]
fn keys_off_the_curve_and_of_low_order_are_refused() {
    let mut off_curve = Forger::honest();
    off_curve.sender.public_key.x += Fr::ONE;
    assert!(
        off_curve
            .caught_by()
            .contains(&"signature/key/on_curve".to_owned())
    );
    // h·(8·A) is the identity for any h: R8 = S·B8 would do, but 8·A has no Montgomery form.
    let torsion: Point = crate::protocol::babyjubjub::torsion8();
    let mut low_order = Forger::honest();
    low_order.sender.public_key = torsion.into();
    low_order.secret = Scalar::ZERO;
    let caught = low_order.caught_by();
    assert!(
        caught.contains(&"signature/variable_base/not_identity".to_owned()),
        "{caught:?}"
    );
}

#[test]
fn fees_are_credited_once_to_the_right_token() {
    let two_slots = || {
        let mut forger = Forger::honest();
        forger.fee_tokens = vec![Fr::from(5u64); 2];
        forger
    };
    assert_eq!(two_slots().caught_by(), NONE);
    // Twice into one slot, taken out of the other.
    let shifted = two_slots()
        .replace("fee/selector", 0, |_| Fr::from(2u64))
        .replace("fee/selector", 1, |_| -Fr::ONE);
    assert_eq!(shifted.caught_by(), ["fee/selector"]);
    // Into a slot of another token.
    let mut other_token = Forger::honest();
    other_token.fee_slot = Some(1);
    assert_eq!(other_token.caught_by(), ["fee/token"]);
    // Into no slot.
    let mut lost = Forger::honest();
    lost.fee_slot = None;
    assert_eq!(lost.caught_by(), ["fee/conserved"]);
    // Sums that gain and lose what they should not.
    let moved = Forger::honest()
        .replace("fee/sum", 0, |value| value + Fr::ONE)
        .replace("fee/sum", 1, |value| value - Fr::ONE);
    assert_eq!(moved.caught_by(), ["fee/sum"]);
    // A fee that is taken from the sender and not collected.
    let skimmed = Forger::honest().replace("fee/on", 0, |_| Fr::ZERO);
    assert_eq!(skimmed.caught_by(), ["fee/on"]);
}

#[test]
fn an_unused_slot_writes_nothing() {
    let off = || Forger {
        on: false,
        fee_slot: None,
        ..Forger::honest()
    };
    // A slot that is off has no public data, no fee and the root of before.
    let data = off().replace("public_data", 0, |_| Fr::ONE);
    assert_eq!(data.caught_by(), ["public_data"]);
    let root = off().replace("root_after", 0, |value| value + Fr::ONE);
    assert_eq!(root.caught_by(), ["root_after"]);
    let fee = off().replace("fee/sum", 0, |value| value + Fr::ONE);
    assert!(fee.caught_by().contains(&"fee/sum".to_owned()));
}

#[test]
fn outputs_are_what_the_slot_computed() {
    for label in ["public_data", "root_after"] {
        let forger = Forger::honest().replace(label, 0, |value| value + Fr::ONE);
        assert_eq!(forger.caught_by(), [label]);
    }
}

/// The labels that the tests here, in [`slots`], in [`l1`] and in `gadgets::tests` (for the three marked) break
/// alone. A new label stands in the list once it has its attack.
const ATTACKED: [(&str, &[&str]); 7] = [
    ("header", &["initial_state", "slots"]),
    (
        "l1",
        &[
            "account/balance_before",
            "address",
            "amount",
            "applies",
            "balance",
            "created",
            "exists",
            "index",
            "kind",
            "leaf",
            "nonce",
            "on",
            "overflow",
            "paid",
            "path/leaves",
            "path/membership",
            "path/node",
            "path/replacement",
            "path/selected",
            "public_data",
            "root",
            "root_after",
            "same_key",
            "same_owner",
            "same_token",
            "token",
        ],
    ),
    (
        "transfer",
        &[
            "amount",
            "fee/conserved",
            "fee/on",
            "fee/selector",
            "fee/sum",
            "fee/token",
            "fee_amount",
            "from",
            "new_key",
            "new_key/cofactor",
            "new_key/on_curve",
            "on",
            "operation",
            "operation/one",
            "operation/only_if_on",
            "public_data",
            "receiver/balance_after",
            "receiver/balance_before",
            "receiver/leaf",
            "receiver/new_account",
            "receiver/nonce",
            "receiver/path/membership",
            "receiver/path/node",
            "receiver/path/replacement",
            "receiver/path/selected",
            "receiver/root",
            "receiver/root_of_withdrawal",
            "recipient",
            "records/creations",
            "records/hash",
            "records/kind",
            "records/record",
            "records/withdrawals",
            "root_after",
            "sender/balance_after",
            "sender/balance_before",
            "sender/leaf",
            "sender/nonce",
            "sender/path/membership",
            "sender/path/node",
            "sender/path/replacement",
            "sender/path/selected",
            "sender/root",
            "signature/challenge",
            "signature/challenge_bits",
            "signature/equation",
            "signature/fixed_base",
            "signature/key/cofactor",
            "signature/key/on_curve", // gadgets::tests
            "signature/message",
            "signature/scalar_below_l",
            "signature/variable_base/ladder",
            "signature/variable_base/not_identity", // gadgets::tests
            "signature/variable_base/parity",
            "signature/variable_base/shifted", // gadgets::tests
            "signed_to",
            "to",
            "valid_until",
        ],
    ),
    (
        "fee",
        &[
            "balance_after",
            "balance_before",
            "index",
            "leaf",
            "nonce",
            "nothing_lost",
            "on",
            "path/membership",
            "path/node",
            "path/replacement",
            "path/selected",
            "public_data",
            "root",
            "root_after",
        ],
    ),
    ("record", &["absorbed", "hash", "used", "zero_if_unused"]),
    ("data", &["commitment", "evaluation"]),
    (
        "closing",
        &[
            "commitment",
            "creations",
            "evaluation",
            "post_root",
            "withdrawals",
        ],
    ),
];

#[test]
fn every_label_is_attacked() {
    let circuit = BatchCircuit::new(shape(1, 2)).unwrap();
    let found: Vec<_> = circuit
        .program()
        .templates()
        .map(|template| {
            let rows = 0..template.num_constraints();
            let labels: BTreeSet<_> = rows.map(|row| template.label(row)).collect();
            (template.name(), labels.into_iter().collect::<Vec<_>>())
        })
        .collect();
    let attacked = ATTACKED.map(|(template, labels)| (template, labels.to_vec()));
    assert_eq!(found, attacked);
}
