//! L1 slots and record slots.

use crate::{
    batch::{l1_slot::L1SlotCircuit, record_slot::RecordSlot},
    gadgets::account::power_of_two,
    protocol::{
        account::{Account, AccountIndex},
        babyjubjub::Scalar,
        eddsa::PublicKey,
        queue::{Entry, EntryType, L1Slot, Outcome},
        transfer::Address,
        uint::U40,
    },
    template::Circuit,
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::{collections::HashMap, rc::Rc};

use super::forger::public_key;
use super::one_path::{INDEX, OnePath};
use super::slots::caught;

const OWNER: Address = Address([7; 20]);

/// An L1 slot whose prover may cheat.
#[derive(Clone)]
struct L1Forger {
    entry: Entry,
    outcome: Outcome,
    account: Option<Account>,
    on: bool,
    prover: OnePath,
}

impl L1Forger {
    /// Account 3 of token 9 with a balance of 1000, an entry about it.
    fn of(kind: EntryType, outcome: Outcome) -> Self {
        let key = public_key(Scalar::from(5u64));
        let account = Account {
            nonce: U40::try_from(4).unwrap(),
            l1_owner: OWNER,
            ..Account::new(key, 9, 1000).unwrap()
        };
        let named = PublicKey { y: Fr::ZERO, ..key };
        let (number, key, account) = match kind {
            EntryType::Create => (0, key, None),
            EntryType::TopUp | EntryType::ExitByKey => (INDEX as u64, named, Some(account)),
            EntryType::Exit => (INDEX as u64, PublicKey::NONE, Some(account)),
        };
        let entry = Entry {
            kind,
            token: 9,
            account: AccountIndex::try_from(number).unwrap(),
            address: OWNER,
            amount: if kind.is_deposit() { 77 } else { 0 },
            key,
            timestamp: U40::default(),
        };
        entry.validate().unwrap();
        Self {
            entry,
            outcome,
            account,
            on: true,
            prover: OnePath::honest(),
        }
    }

    fn create() -> Self {
        let index = AccountIndex::try_from(INDEX as u64).unwrap();
        Self::of(EntryType::Create, Outcome::Created(index))
    }

    fn top_up() -> Self {
        Self::of(EntryType::TopUp, Outcome::ToppedUp(true))
    }

    fn exit() -> Self {
        Self::of(EntryType::Exit, Outcome::Paid(1000))
    }

    fn exit_by_key() -> Self {
        Self::of(EntryType::ExitByKey, Outcome::Paid(1000))
    }

    fn replace(
        mut self,
        label: &'static str,
        number: usize,
        with: impl Fn(Fr) -> Fr + 'static,
    ) -> Self {
        let before = self.prover.cheat.clone();
        self.prover.cheat = Rc::new(move |at, i, value| {
            let value = before(at, i, value);
            if at == label && i == number {
                with(value)
            } else {
                value
            }
        });
        self
    }

    fn set(self, label: &'static str, number: usize, value: u64) -> Self {
        self.replace(label, number, move |_| Fr::from(value))
    }

    fn account(mut self, change: impl FnOnce(&mut Account)) -> Self {
        change(self.account.as_mut().unwrap());
        self
    }

    fn caught_by(self) -> Vec<String> {
        let slot = L1Slot {
            entry: self.entry,
            outcome: self.outcome,
        };
        self.prover.caught_by(|path, root, builder| {
            let circuit = L1SlotCircuit {
                on: self.on,
                slot: &slot,
                index: AccountIndex::try_from(INDEX as u64).unwrap(),
                account: self.account.as_ref(),
                path,
                root,
            };
            circuit.synthesize(builder)
        })
    }
}

const NONE: [&str; 0] = [];

/// Columns under `kind`, under `account` and under `applies`.
const CREATE: usize = 0;
const TOP_UP: usize = 1;
const EXIT: usize = 2;
const TOKEN: usize = 0;
const NONCE: usize = 3;
const BALANCE: usize = 4;
const TOPPED_UP: usize = 3;

#[test]
fn honest_slots_break_nothing() {
    for honest in [
        L1Forger::create(),
        L1Forger::top_up(),
        L1Forger::exit(),
        L1Forger::exit_by_key(),
    ] {
        let kind = honest.entry.kind;
        assert_eq!(honest.clone().caught_by(), NONE, "{kind:?}");
        let off = L1Forger {
            on: false,
            ..honest
        };
        // A slot that is off has an account or none; a new one is in neither.
        if kind != EntryType::Create {
            assert_eq!(off.caught_by(), NONE, "{kind:?} off");
        }
    }
}

#[test]
fn entries_that_do_not_apply_are_proven_no_ops() {
    let missed = |forger: L1Forger| L1Forger {
        outcome: match forger.outcome {
            Outcome::Paid(_) => Outcome::Paid(0),
            _ => Outcome::ToppedUp(false),
        },
        ..forger
    };
    let absent = |forger: L1Forger| L1Forger {
        account: None,
        ..forger
    };
    for forger in [
        L1Forger::top_up(),
        L1Forger::exit(),
        L1Forger::exit_by_key(),
    ] {
        let kind = forger.entry.kind;
        let other_token = missed(forger.clone().account(|account| account.token = 8));
        assert_eq!(other_token.caught_by(), NONE, "{kind:?}");
        assert_eq!(missed(absent(forger.clone())).caught_by(), NONE, "{kind:?}");
        let other_owner = missed(forger.clone().account(|account| {
            account.l1_owner = Address([8; 20]);
            account.public_key = public_key(Scalar::from(6u64));
        }));
        assert_eq!(other_owner.caught_by(), NONE, "{kind:?}");
        // The prover cannot leave one out that applies: what is paid is not 0 then.
        if !kind.is_deposit() {
            assert_eq!(missed(forger).caught_by(), ["paid"], "{kind:?}");
        }
    }
    let full = L1Forger::top_up().account(|account| account.balance = u128::MAX - 76);
    assert_eq!(missed(full).caught_by(), NONE);
}

#[test]
fn a_slot_is_on_or_off_and_of_one_kind() {
    // Twice on, as a deposit and an exit at once.
    let mut both = L1Forger::exit().set("kind", TOP_UP, 1).set("on", 0, 2);
    both.entry.key = L1Forger::top_up().entry.key;
    assert_eq!(both.caught_by(), ["on"]);
    // The entry is consumed and nothing is done.
    let ignored = L1Forger::top_up().set("kind", TOP_UP, 0);
    assert_eq!(ignored.caught_by(), ["kind"]);
    let fractions = L1Forger::top_up()
        .set("kind", TOP_UP, 2)
        .replace("kind", EXIT, |_| -Fr::ONE)
        .set("amount", 0, 0);
    assert!(fractions.caught_by().contains(&"kind".to_owned()));
    let digits = L1Forger::top_up()
        .set("index", 0, 5)
        .replace("index", 1, |_| -Fr::ONE);
    assert_eq!(digits.caught_by(), ["index"]);
}

#[test]
fn an_entrys_fields_are_cut_where_the_contract_cut_them() {
    // Each out of its range; with its neighbour changed, the word would be the same.
    let token = L1Forger::top_up().replace("token", 0, |token| token + power_of_two(32));
    assert_eq!(token.caught_by(), ["token"]);
    let address = L1Forger::top_up().replace("address", 0, |address| address - power_of_two(160));
    assert_eq!(address.caught_by(), ["address"]);
    // A deposit that takes money.
    let amount = L1Forger::top_up().replace("amount", 0, |_| -Fr::ONE);
    assert_eq!(amount.caught_by(), ["amount"]);
}

#[test]
fn an_accounts_fields_are_in_range() {
    // The same leaf, read as a balance of 2^128 more and the nonce before.
    let rich = L1Forger::top_up()
        .replace("account", BALANCE, |balance| balance + power_of_two(128))
        .replace("account", NONCE, |nonce| nonce - Fr::ONE)
        .set("overflow", 0, 1);
    assert_eq!(rich.caught_by(), ["account/balance_before"]);
    // Another token, with a nonce of 2^40 more.
    let other = L1Forger::top_up()
        .replace("account", TOKEN, |token| token - Fr::ONE)
        .replace("account", NONCE, |nonce| nonce + power_of_two(40));
    assert_eq!(other.caught_by(), ["nonce"]);
}

#[test]
fn a_created_account_was_nothing_and_is_what_was_asked_for() {
    // Over an account that is there.
    let mut over = L1Forger::create();
    over.account = Some(Account {
        nonce: U40::default(),
        balance: 0,
        ..L1Forger::top_up().account.unwrap()
    });
    assert_eq!(over.caught_by(), ["exists"]);
    for column in 0..6 {
        // Another token, key, nonce, balance or owner.
        let other = L1Forger::create().replace("account", column, |value| value + Fr::ONE);
        assert_eq!(other.caught_by(), ["created"], "column {column}");
    }
    let fraction = L1Forger::top_up().set("exists", 0, 2);
    assert_eq!(fraction.caught_by(), ["exists"]);
}

#[test]
fn accounts_are_not_denied() {
    // An account that is there is said not to be, so that its deposit or exit is a no-op.
    let mut denied = L1Forger::top_up().set("exists", 0, 0);
    assert_eq!(denied.clone().caught_by(), NONE, "in a tree without it");
    denied.prover.keep_lane = true;
    assert_eq!(denied.caught_by(), ["path/membership"]);
}

#[test]
fn whether_an_entry_applies_is_computed() {
    let other = |forger: L1Forger| {
        forger.account(|account| {
            account.l1_owner = Address([8; 20]);
            account.public_key = public_key(Scalar::from(6u64));
        })
    };
    // Exits of what is another's, and a deposit to them; each said to be one's own.
    let stolen = other(L1Forger::exit()).set("same_owner", 1, 1);
    assert_eq!(stolen.caught_by(), ["same_owner"]);
    let stolen = other(L1Forger::exit_by_key()).set("same_key", 1, 1);
    assert_eq!(stolen.caught_by(), ["same_key"]);
    let worthless = L1Forger::exit()
        .account(|account| account.token = 8)
        .set("same_token", 1, 1);
    assert_eq!(worthless.caught_by(), ["same_token"]);
    // An exit that applies, said not to.
    for label in ["same_owner", "same_token"] {
        let mut denied = L1Forger::exit().set(label, 1, 0);
        denied.outcome = Outcome::Paid(0);
        assert_eq!(denied.caught_by(), [label]);
    }
    let denied = L1Forger::top_up().set("overflow", 0, 1);
    assert_eq!(denied.caught_by(), ["overflow"]);
    let denied = L1Forger::top_up().set("applies", TOPPED_UP, 0);
    assert_eq!(denied.caught_by(), ["applies"]);
}

#[test]
fn what_is_paid_is_the_balance() {
    let mut more = L1Forger::exit();
    more.outcome = Outcome::Paid(1001);
    assert_eq!(more.caught_by(), ["paid"]);
    // The balance is paid and stays.
    let stays = L1Forger::exit().set("balance", 1, 0);
    assert_eq!(stays.caught_by(), ["balance"]);
    let gains = L1Forger::top_up().replace("balance", 0, |gain| gain + Fr::ONE);
    assert_eq!(gains.caught_by(), ["balance"]);
}

#[test]
fn the_state_moves_as_the_entry_says() {
    for (label, column) in [
        ("leaf", 298),
        ("path/leaves", 1),
        ("path/selected", 6),
        ("path/membership", 2),
        ("path/replacement", 4),
        ("path/node", 700),
        ("root_after", 0),
        ("public_data", 0),
        ("public_data", 1),
        ("public_data", 4),
    ] {
        let forger = L1Forger::top_up().replace(label, column, |value| value + Fr::ONE);
        assert_eq!(forger.caught_by(), [label], "column {column}");
    }
    let mut elsewhere = L1Forger::top_up();
    elsewhere.prover.keep_root = true;
    assert_eq!(elsewhere.caught_by(), ["root"]);
    let off = L1Forger {
        on: false,
        ..L1Forger::top_up()
    };
    assert_eq!(
        off.clone().set("public_data", 1, 1).caught_by(),
        ["public_data"]
    );
    assert_eq!(
        off.set("kind", CREATE, 1).caught_by(),
        ["kind", "exists", "created"]
    );
}

#[test]
fn record_slots_show_what_they_absorb() {
    let words = [Fr::from(3u64), Fr::from(4u64)];
    let used = || RecordSlot {
        acc: Fr::from(5u64),
        words: Some(words),
    };
    let unused = || RecordSlot {
        acc: Fr::from(5u64),
        words: None,
    };
    let replace = |label: &'static str, number: usize, with: Fr| {
        let mut seen = HashMap::<String, usize>::new();
        move |at: &str, _: usize, value: Fr| {
            let count = seen.entry(at.to_owned()).or_default();
            *count += 1;
            if at == label && *count == number + 1 {
                with
            } else {
                value
            }
        }
    };
    assert_eq!(caught(&used(), |_, _, value| value), NONE);
    assert_eq!(caught(&unused(), |_, _, value| value), NONE);
    let two = Fr::from(2u64);
    assert_eq!(caught(&unused(), replace("used", 0, two)), ["used"]);
    // The contract would owe what no transfer paid.
    for word in 0..2 {
        let shown = caught(&unused(), replace("", word, Fr::ONE));
        assert_eq!(shown, ["zero_if_unused"]);
    }
    assert_eq!(caught(&used(), replace("hash", 30, two)), ["hash"]);
    assert_eq!(caught(&used(), replace("absorbed", 0, two)), ["absorbed"]);
}
