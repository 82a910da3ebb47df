//! Too little gas, at many limits.
//!
//! A call passes at most 63/64 of what is left on (EIP-150), so with little gas the contract goes on after the
//! verifier, or the verifier after the pairing, has failed for want of gas. Whoever sends the transaction chooses
//! where that is: nowhere may it look like success, and nothing may be settled.

use libtest_mimic::Failed;

use crate::client::Sender::{Alice, Operator};
use crate::client::Transaction;
use crate::flows::deposit;
use crate::world::{World, key};
use zkroll::{
    circuits::protocol::{
        public_data::DataForm,
        transfer::{Address, Recipient},
    },
    verifier_sol::rollup::ETH,
};

/// Limits that are tried in each call.
const LIMITS: u64 = 24;

pub fn sweep() -> Result<(), Failed> {
    let mut world = World::new();
    let alice = key(0xa1).public_key();
    world.queue(
        "depositETH",
        Alice,
        &deposit(alice, Alice.address()),
        1_000_000,
    );
    world.settle(&[]);

    // Batches that would pay.
    let to = Recipient::L1(Address(Alice.address()));
    let transfer = world.transfer(0xa1, 1, to, 1000, 7, 0);
    let trace = world.apply(DataForm::Calldata, &[transfer]);
    let call = world.prove(&trace).call()?.calldata();
    let batch = world.transaction("submitBatch", Operator, call, 0);
    settles_with_enough_gas_alone(&mut world, &batch);
    assert_eq!(world.owed(ETH, Alice.address()), 1000);

    let transfer = world.transfer(0xa1, 1, to, 1000, 7, 0);
    let batch = world.blob_transaction(&[transfer]);
    settles_with_enough_gas_alone(&mut world, &batch);
    assert_eq!(world.owed(ETH, Alice.address()), 2000);
    world.withdraw(ETH, Alice, 2000);
    Ok(())
}

/// Tries limits from a transaction's price to the least that does: evenly spread, and closer and closer to it.
fn settles_with_enough_gas_alone(world: &mut World, batch: &Transaction) {
    let estimate = world.client.estimate(batch).unwrap();
    let least = world.client.least_gas(batch, estimate);
    let lowest = batch.price();
    let even = (0..LIMITS).map(|i| lowest + (least - lowest) * i / LIMITS);
    let close = (0..20)
        .filter_map(|i| least.checked_sub(1 << i))
        .filter(|limit| *limit > lowest);
    for limit in even.chain(close) {
        assert!(
            world.client.call(batch, limit).is_err(),
            "{} with {limit} gas",
            batch.name
        );
        world.client.assert_harmless(batch, limit);
    }
    // Every limit from there on will do.
    for limit in [least, estimate, estimate + 50_000, 2 * estimate, 1 << 24] {
        assert!(
            world.client.call(batch, limit).is_ok(),
            "{} with {limit} gas",
            batch.name
        );
    }
    world.client.send(batch);
    world.assert_rebuilt();
}
