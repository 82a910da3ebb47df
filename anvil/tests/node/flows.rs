//! Money on its way in, through batches and out again.

use std::net::TcpStream;

use libtest_mimic::Failed;
use zkroll::{
    batches_call,
    circuits::protocol::{
        eddsa::PublicKey,
        public_data::DataForm,
        queue::Outcome,
        transfer::{Address, Recipient},
    },
    prover::Fr,
    verifier_sol::{
        abi,
        rollup::{Call, ETH, EXIT_DEADLINE},
    },
};
use zkroll_anvil::Node;

use crate::client::Sender::{Alice, Bob, Operator};
use crate::world::{TIME, World, index, key};

const TOKEN: u32 = 1;

pub fn deposit(key: PublicKey, l1_owner: abi::Address) -> Call {
    Call::DepositEth {
        ax: key.x,
        ay: key.y,
        l1_owner,
    }
}

pub fn deposits_move_and_leave() -> Result<(), Failed> {
    let mut world = World::new();
    let (alice, bob) = (key(0xa1), key(0xb0));
    // ETH, and a token for another account of the same key. Two batches in one call take them.
    world.queue(
        "depositETH",
        Alice,
        &deposit(alice.public_key(), Alice.address()),
        1_000_000,
    );
    let deposit_token = Call::DepositErc20 {
        token: TOKEN,
        amount: 5_000,
        ax: alice.public_key().x,
        ay: alice.public_key().y,
        l1_owner: Alice.address(),
    };
    world.queue("depositERC20", Alice, &deposit_token, 0);
    let batches = [(); 2].map(|()| {
        let trace = world.apply(DataForm::Calldata, &[]);
        world.prove(&trace)
    });
    let call = batches_call(&batches)?.calldata();
    let transaction = world.transaction("submitBatches", Operator, call, 0);
    world.client.send(&transaction);
    world.assert_rebuilt();
    assert_eq!(world.ledger.account(index(2)).unwrap().token, TOKEN);
    assert_eq!(world.tokens(world.rollup), 5_000);

    // To L1 and to a new account in one batch, a fee each.
    let to_bob = world.transfer(0xa1, 1, Recipient::L1(Address(Bob.address())), 1000, 7, 0);
    let to_new = world.transfer(0xa1, 1, Recipient::NewAccount(bob.public_key()), 2000, 7, 1);
    assert!(world.settle(&[to_bob, to_new]).is_empty());
    world.withdraw(ETH, Bob, 1000);
    let token = world.transfer(
        0xa1,
        2,
        Recipient::L1(Address(Alice.address())),
        4_000,
        0,
        0,
    );
    world.settle(&[token]);
    world.withdraw(TOKEN, Alice, 4_000);

    // More for Alice, of both; and for an account of another key, which comes back.
    let ax = alice.public_key().x;
    let top_up = |ax| Call::TopUpEth { account: 1, ax };
    world.queue("topUpETH", Bob, &top_up(ax), 500);
    assert_eq!(world.settle(&[]), [Outcome::ToppedUp(true)]);
    world.queue("topUpETH", Bob, &top_up(bob.public_key().x), 77);
    assert_eq!(world.settle(&[]), [Outcome::ToppedUp(false)]);
    world.withdraw(ETH, Bob, 77);
    let top_up = Call::TopUpErc20 {
        token: TOKEN,
        amount: 10,
        account: 2,
        ax,
    };
    world.queue("topUpERC20", Alice, &top_up, 0);
    assert_eq!(world.settle(&[]), [Outcome::ToppedUp(true)]);

    // Alice leaves by her address, Bob, whose account has none, by his key.
    let exit = Call::RequestExit {
        account: 1,
        token: ETH,
    };
    world.queue("requestExit", Alice, &exit, 0);
    let left = 1_000_000 - 3_000 - 14 + 500;
    assert_eq!(world.settle(&[]), [Outcome::Paid(left)]);
    world.withdraw(ETH, Alice, left);
    let by_key = Call::RequestExitByKey {
        root: world.ledger.root(),
        exit: world.exit_proof(3, Bob.address(), Some(&bob)),
    };
    world.queue("requestExitByKey", Operator, &by_key, 0);
    assert_eq!(world.settle(&[]), [Outcome::Paid(2_000)]);
    world.withdraw(ETH, Bob, 2_000);

    // What is left are the fees.
    assert_eq!(world.client.balance(world.rollup), 14);
    assert_eq!(world.tokens(world.rollup), 1_010);
    Ok(())
}

pub fn a_batch_settles_from_a_blob() -> Result<(), Failed> {
    let mut world = World::new();
    let alice = key(0xa1);
    world.queue(
        "depositETH",
        Alice,
        &deposit(alice.public_key(), Alice.address()),
        1_000_000,
    );
    let blob = world.blob_transaction(&[]);
    world.client.send(&blob);
    world.assert_rebuilt();

    // With operations, of which the calldata tell nothing.
    let to_bob = world.transfer(0xa1, 1, Recipient::L1(Address(Bob.address())), 1000, 7, 0);
    let to_new = world.transfer(
        0xa1,
        1,
        Recipient::NewAccount(key(0xb0).public_key()),
        2000,
        7,
        1,
    );
    let blob = world.blob_transaction(&[to_bob, to_new]);
    // The same call beside no blob, and beside another one.
    let mut without = blob.clone();
    without.blob = None;
    assert_eq!(world.client.refusal(&without), "BlobMissing");
    let mut other = blob.clone();
    other.blob = Some(crate::client::sidecar(&[0; 131_072]));
    assert_eq!(world.client.refusal(&other), "BlobInvalid");
    let receipt = world.client.send(&blob);
    assert_eq!(receipt.blob_gas_used, Some(1 << 17));
    world.assert_rebuilt();
    world.withdraw(ETH, Bob, 1000);
    // Batches of both forms follow each other.
    world.settle(&[]);
    Ok(())
}

pub fn escapes() -> Result<(), Failed> {
    let mut world = World::new();
    let alice = key(0xa1);
    // Alice with key and address; Bob with an address alone.
    world.queue(
        "depositETH",
        Alice,
        &deposit(alice.public_key(), Alice.address()),
        1000,
    );
    world.settle(&[]);
    world.queue(
        "depositETH",
        Bob,
        &deposit(PublicKey::NONE, Bob.address()),
        300,
    );
    world.settle(&[]);
    // The operator is gone: an exit and a deposit wait.
    let exit = Call::RequestExit {
        account: 2,
        token: ETH,
    };
    let head = world.queue("requestExit", Bob, &exit, 0);
    let again = deposit(alice.public_key(), Alice.address());
    let waiting = world.queue("depositETH", Alice, &again, 55);

    let freeze = Call::Freeze {
        entry: head.encode(),
    };
    let refusal = |world: &World, call: &Call| {
        let transaction = world.transaction("refused", Operator, call.calldata(), 0);
        world.client.refusal(&transaction)
    };
    let escape = Call::Escape(world.exit_proof(1, Alice.address(), None));
    let reclaim = Call::Reclaim {
        index: 3,
        entry: waiting.encode(),
    };
    assert_eq!(refusal(&world, &freeze), "FreezeTooEarly");
    assert_eq!(refusal(&world, &escape), "NotFrozen");
    assert_eq!(refusal(&world, &reclaim), "NotFrozen");
    world.client.advance(EXIT_DEADLINE + 1);
    world.send("freeze", Operator, &freeze, 0);
    assert_eq!(refusal(&world, &freeze), "IsFrozen");

    // By address and by key, once each.
    world.send("escape", Operator, &escape, 0);
    assert_eq!(refusal(&world, &escape), "EscapedBefore");
    let by_key = Call::Escape(world.exit_proof(1, Bob.address(), Some(&alice)));
    assert_eq!(refusal(&world, &by_key), "EscapedBefore");
    let bobs = Call::Escape(world.exit_proof(2, Bob.address(), None));
    world.send("escape", Operator, &bobs, 0);
    world.send("reclaim", Operator, &reclaim, 0);
    assert_eq!(refusal(&world, &reclaim), "ReclaimedBefore");
    world.withdraw(ETH, Alice, 1055);
    world.withdraw(ETH, Bob, 300);
    assert_eq!(world.client.balance(world.rollup), 0);

    // No batch any more.
    let trace = world.apply(DataForm::Calldata, &[]);
    let call = world.prove(&trace).call()?.calldata();
    let batch = world.transaction("submitBatch", Operator, call, 0);
    assert_eq!(world.client.refusal(&batch), "IsFrozen");
    Ok(())
}

/// A node hands a revert's data on, from a call and from an estimate, and they are errors that this project knows.
pub fn refusals() -> Result<(), Failed> {
    let mut world = World::new();
    let trace = world.apply(DataForm::Calldata, &[]);
    let honest = world.prove(&trace).call()?;
    let refused = |world: &World, change: &dyn Fn(&mut zkroll::verifier_sol::rollup::BatchCall)| {
        let mut call = honest.clone();
        change(&mut call);
        let batch = world.transaction("submitBatch", Operator, call.calldata(), 0);
        assert!(world.client.estimate(&batch).is_err());
        world.client.refusal(&batch)
    };
    let proof = |call: &mut zkroll::verifier_sol::rollup::BatchCall| {
        std::mem::swap(&mut call.proof.a, &mut call.proof.c)
    };
    assert_eq!(refused(&world, &proof), "ProofInvalid");
    assert_eq!(
        refused(&world, &|call| call.commitment += Fr::from(1u64)),
        "ProofInvalid"
    );
    assert_eq!(
        refused(&world, &|call| call.post_state_root += Fr::from(1u64)),
        "ProofInvalid"
    );
    assert_eq!(
        refused(&world, &|call| call.timestamp += 1_000),
        "TimestampInFuture"
    );
    assert_eq!(
        refused(&world, &|call| call.data.push(0)),
        "DataLengthInvalid"
    );
    let zero = deposit(PublicKey::NONE, [0; 20]);
    let zero = world.transaction("depositETH", Alice, zero.calldata(), 1);
    assert_eq!(world.client.refusal(&zero), "AddressZero");

    // Sent nevertheless, they change nothing.
    let mut call = honest.clone();
    call.commitment += Fr::from(1u64);
    let batch = world.transaction("submitBatch", Operator, call.calldata(), 0);
    world.client.assert_harmless(&batch, 10_000_000);
    let batch = world.transaction("submitBatch", Operator, honest.calldata(), 0);
    world.client.send(&batch);
    world.assert_rebuilt();
    Ok(())
}

/// By a panic too.
pub fn ends() -> Result<(), Failed> {
    let node = Node::start(TIME)?;
    let address = node.url().strip_prefix("http://").unwrap().to_owned();
    assert!(TcpStream::connect(&address).is_ok());
    let owner = std::thread::spawn(move || {
        let _node = node;
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(owner.join().is_err());
    assert!(TcpStream::connect(&address).is_err());
    Ok(())
}
