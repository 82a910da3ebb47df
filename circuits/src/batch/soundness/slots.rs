//! Fee slots, header, data blocks and the joints between the templates. L1 slots and record slots are in
//! [`super::l1`].

use crate::{
    batch::{
        BLOCK_WORDS, BatchCircuit,
        closing::Closing,
        data_block::DataBlock,
        fee_slot::FeeSlotCircuit,
        header::HeaderCircuit,
        tests::{shape, trace, transfers},
    },
    gadgets::account::power_of_two,
    protocol::{account::Account, babyjubjub::Scalar, public_data::HEADER_WORDS, uint::U40},
    template::{Builder, Circuit, Matrix, Result, testing},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};

use super::forger::public_key;
use super::one_path::{INDEX, OnePath};

type Cheat = fn(&str, usize, Fr) -> Fr;

/// A fee slot whose prover may cheat.
struct FeeForger {
    account: Account,
    on: bool,
    total: Fr,
    prover: OnePath,
}

impl FeeForger {
    fn honest() -> Self {
        let account = Account {
            nonce: U40::try_from(4).unwrap(),
            ..Account::new(public_key(Scalar::from(5u64)), 9, 1000).unwrap()
        };
        let total = Fr::from(77u64);
        Self {
            account,
            on: true,
            total,
            prover: OnePath::honest(),
        }
    }

    fn cheating(cheat: Cheat) -> Self {
        Self {
            prover: OnePath::cheating(cheat),
            ..Self::honest()
        }
    }

    fn caught_by(self) -> Vec<String> {
        self.prover.caught_by(|path, root, builder| {
            let slot = FeeSlotCircuit {
                on: self.on,
                index: INDEX as u64,
                account: &self.account,
                path,
                root,
                total: self.total,
            };
            slot.synthesize(builder)
        })
    }
}

const NONE: [&str; 0] = [];

#[test]
fn an_honest_fee_slot_breaks_nothing() {
    assert_eq!(FeeForger::honest().caught_by(), NONE);
    let off = FeeForger {
        on: false,
        total: Fr::ZERO,
        ..FeeForger::honest()
    };
    assert_eq!(off.caught_by(), NONE);
}

#[test]
fn a_fee_slot_that_is_off_takes_no_fees() {
    let off = FeeForger {
        on: false,
        ..FeeForger::honest()
    };
    assert_eq!(off.caught_by(), ["nothing_lost"]);
}

#[test]
fn every_group_of_a_fee_slot_catches_its_cheat() {
    // Columns of the account: token, x, y, nonce, balance, owner; they have no label of their own.
    let plus = |label: &'static str| -> Vec<String> { vec![label.to_owned()] };
    let cheats: [(&'static str, Cheat); 9] = [
        ("index", |at, i, value| match (at, i) {
            ("index", 0) => Fr::from(5u64),
            ("index", 1) => -Fr::ONE,
            _ => value,
        }),
        ("leaf", |at, i, value| {
            if at == "leaf" && i == 298 {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("path/selected", |at, i, value| {
            if at == "path/selected" && i == 6 {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("path/membership", |at, i, value| {
            if at == "path/membership" && i == 2 {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("path/replacement", |at, i, value| {
            if at == "path/replacement" && i == 4 {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("path/node", |at, i, value| {
            if at == "path/node" && i == 700 {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("root_after", |at, _, value| {
            if at == "root_after" {
                value + Fr::ONE
            } else {
                value
            }
        }),
        ("public_data", |at, _, value| {
            if at == "public_data" {
                value + Fr::ONE
            } else {
                value
            }
        }),
        // Another token: nonce and balance would have to be out of range.
        ("nonce", |at, i, value| match (at, i) {
            ("", 0) => value - Fr::ONE,
            ("", 3) => value + power_of_two(40),
            _ => value,
        }),
    ];
    for (label, cheat) in cheats {
        assert_eq!(FeeForger::cheating(cheat).caught_by(), plus(label));
    }
    let mut full = FeeForger::honest();
    full.account.balance = u128::MAX;
    assert_eq!(full.caught_by(), ["balance_after"]);
    let mut wrapped = FeeForger::cheating(|at, i, value| match (at, i) {
        ("", 3) => value + Fr::ONE,
        ("", 4) => value - power_of_two(128),
        _ => value,
    });
    wrapped.account.balance = u128::MAX;
    assert_eq!(wrapped.caught_by(), ["balance_before"]);
    let mut other_lane = FeeForger::honest();
    other_lane.prover.keep_lane = true;
    assert_eq!(other_lane.caught_by(), ["path/membership"]);
    let mut other_root = FeeForger::honest();
    other_root.prover.keep_root = true;
    assert_eq!(other_root.caught_by(), ["root"]);
}

#[test]
fn a_fee_slot_is_on_or_off() {
    let twice = FeeForger::cheating(|at, _, value| if at == "on" { value.double() } else { value });
    let without_fees = FeeForger {
        total: Fr::ZERO,
        ..twice
    };
    assert_eq!(without_fees.caught_by(), ["on"]);
}

pub(super) fn caught(
    circuit: &impl Circuit,
    cheat: impl FnMut(&str, usize, Fr) -> Fr + 'static,
) -> Vec<String> {
    testing::cheat(cheat, |builder: &mut Builder| -> Result<()> {
        circuit.synthesize(builder)
    })
    .broken()
}

#[test]
fn header_words_that_the_shape_fixes_are_fixed() {
    let words: [Fr; HEADER_WORDS] = std::array::from_fn(|i| Fr::from(i as u64 + 50));
    let header = || HeaderCircuit {
        words,
        slots: words[3],
        initial_state: Fr::from(123_456u64),
    };
    assert_eq!(caught(&header(), |_, _, value| value), NONE);
    let more_slots = HeaderCircuit {
        slots: words[3] + Fr::ONE,
        ..header()
    };
    assert_eq!(caught(&more_slots, |_, _, value| value), ["slots"]);
    let other_count = |at: &str, _, value| {
        if at == "initial_state" {
            value + Fr::ONE
        } else {
            value
        }
    };
    assert_eq!(caught(&header(), other_count), ["initial_state"]);
}

#[test]
fn a_data_block_is_hashed_and_evaluated() {
    let block = DataBlock {
        state: Fr::from(3u64),
        evaluation: Fr::from(4u64),
        rho: Fr::from(5u64),
        words: std::array::from_fn(|i| (Fr::from(i as u64), Fr::from(100 + i as u64))),
    };
    assert_eq!(caught(&block, |_, _, value| value), NONE);
    for (label, columns) in [("commitment", 610), ("evaluation", 16)] {
        for column in [0, columns / 2, columns - 1] {
            let mut seen = 0;
            let cheat = move |at: &str, _, value: Fr| {
                if at != label {
                    return value;
                }
                seen += 1;
                if seen - 1 == column {
                    value + Fr::ONE
                } else {
                    value
                }
            };
            assert_eq!(caught(&block, cheat), [label], "column {column}");
        }
    }
}

#[test]
fn the_closing_compares_all_five() {
    for wrong in 0..5 {
        let pair = |i| [Fr::ONE, if i == wrong { Fr::ZERO } else { Fr::ONE }];
        let closing = Closing {
            commitment: pair(0),
            evaluation: pair(1),
            post_root: pair(2),
            withdrawals: pair(3),
            creations: pair(4),
        };
        let labels = [
            "commitment",
            "evaluation",
            "post_root",
            "withdrawals",
            "creations",
        ];
        let label = labels[wrong];
        assert_eq!(caught(&closing, |_, _, value| value), [label]);
    }
}

/// Whoever changes a public input or a word alone breaks the batch.
#[test]
fn public_inputs_and_words_are_bound() {
    let shape = shape(6, 2);
    let circuit = BatchCircuit::new(shape).unwrap();
    let assignment = circuit.assign(&trace(shape, &transfers())).unwrap();
    let first_word = circuit.program().num_instance();
    for column in (1..first_word).chain(first_word..first_word + HEADER_WORDS) {
        let mut columns = assignment.columns.clone();
        columns[column] += Fr::ONE;
        assert!(
            circuit.program().first_unsatisfied(&columns).is_some(),
            "column {column}"
        );
    }
}

/// Every column but the constant one stands in some constraint: none is free.
#[test]
fn no_column_is_unconstrained() {
    let circuit = BatchCircuit::new(shape(BLOCK_WORDS as u32, 2)).unwrap();
    let program = circuit.program();
    let mut seen = vec![false; program.num_instance() + program.num_witness()];
    for row in 0..program.num_constraints() {
        for matrix in [Matrix::A, Matrix::B, Matrix::C] {
            program.visit_row(matrix, row, &mut |column, _| seen[column] = true);
        }
    }
    assert_eq!(seen.iter().position(|seen| !seen), None);
}
