//! The contracts on a node, called by a client that other programs use too: deployment, deposits, batches with real
//! proofs in calldata and in a blob, withdrawals, exits, and the way out of a frozen contract.
//!
//! Every transaction is sent with exactly the gas that `eth_estimateGas` says. The first of each kind is sent
//! with less before that, one unit less than the least that does among others, and must leave nothing behind. What the embedded EVM cannot
//! say is here: what a node estimates, signs for, carries beside a transaction and answers afterwards.
//!
//! The operator's ledger is compared with one that is rebuilt from the node's logs, transactions and blobs.

mod client;
mod flows;
mod gas;
mod world;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use zkroll_anvil::trial;

fn main() -> ExitCode {
    let trials = vec![
        trial("deposits_move_and_leave", flows::deposits_move_and_leave),
        trial(
            "a_batch_settles_from_a_blob",
            flows::a_batch_settles_from_a_blob,
        ),
        trial("from_a_frozen_contract_everybody_escapes", flows::escapes),
        trial("refusals_carry_our_errors", flows::refusals),
        trial("too_little_gas_settles_nothing", gas::sweep),
        trial("a_node_ends_with_its_owner", flows::ends),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
