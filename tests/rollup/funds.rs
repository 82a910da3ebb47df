//! Money on its way in, through batches and out again, with real proofs against the contract in the embedded
//! EVM: deposits, transfers to L1 and to new accounts, exits, the frozen contract and the escape from it.

use std::sync::OnceLock;

use crate::common::{
    self, SHAPE, TIME, domain,
    examples::chain::{Chain, OPERATOR, exit_key},
    fee_slots, index, pay, prepared, prove, u40,
};
use rand::rngs::OsRng;
use tempfile::TempDir;
use zkroll::{
    BatchProver, ProgramRelation, ProvenBatch, Replica, ReplicaError,
    circuits::{
        exit::{ExitCircuit, ExitWitness},
        protocol::{
            account::Account,
            eddsa::{PrivateKey, PublicKey},
            exit::{self, ExitStatement},
            ledger::Ledger,
            queue::{Entry, Outcome},
            transfer::{Address, Recipient, SignedTransfer},
        },
    },
    prover::{Fr, backend::Ark, prove as prove_any},
    store::Store,
    verifier_sol::{
        abi::word_from_u128,
        evm::Receipt,
        rollup::{BatchSettled, Call, EXIT_DEADLINE, Event, ExitProof, call},
    },
};

const ALICE: [u8; 20] = [0xa1; 20];
const BOB: [u8; 20] = [0xb0; 20];
const ETH: u32 = 0;

fn prover() -> &'static BatchProver {
    static PROVER: OnceLock<BatchProver> = OnceLock::new();
    PROVER.get_or_init(|| common::prover(SHAPE))
}

fn alices_key() -> PrivateKey {
    PrivateKey::from([0xa1; 32])
}

/// The contract, the operator's ledger, a replica that sees what the contract emits, the store from which it would
/// resume, and the queue's entries.
struct World {
    chain: Chain,
    ledger: Ledger,
    replica: Replica,
    folder: TempDir,
    store: Option<Store>,
    queue: Vec<Entry>,
    now: u64,
}

impl World {
    /// Account 0 takes fees; nobody holds anything.
    fn new() -> Self {
        let fees = Account::new(PrivateKey::from([1; 32]).public_key(), ETH, 0).unwrap();
        let ledger = Ledger::from_genesis(1, domain(), [(index(0), fees)]).unwrap();
        let mut chain = Chain::deploy(&prover().key().vk, &ledger, &SHAPE, TIME).unwrap();
        for somebody in [ALICE, BOB] {
            chain.evm.fund(somebody, 1 << 80);
        }
        let folder = tempfile::tempdir().unwrap();
        Self {
            chain,
            replica: Replica::new(ledger.clone(), SHAPE),
            store: Some(Store::create(folder.path().join("store"), ledger.clone()).unwrap()),
            folder,
            ledger,
            queue: Vec::new(),
            now: TIME,
        }
    }

    fn transact(&mut self, from: [u8; 20], call: &Call, value: u128) -> Receipt {
        let rollup = self.chain.rollup;
        let receipt = self
            .chain
            .evm
            .transact(from, rollup, call.calldata(), value);
        receipt.unwrap()
    }

    /// A call that queues an entry, which the ledger's side reads as the contract wrote it.
    fn queue(&mut self, from: [u8; 20], call: &Call, value: u128) -> Entry {
        let receipt = self.transact(from, call, value);
        assert!(receipt.success, "{call:?}: {}", receipt.failure());
        let entries = receipt.logs.iter().filter_map(Event::decode);
        let queued = entries.filter_map(|event| match event {
            Event::EntryQueued { index, entry } => {
                let queued = self.replica.queue(index, &entry).unwrap();
                let store = self.store.as_mut().unwrap();
                store.queue(index, &[queued]).unwrap();
                Some(entry.encode())
            }
            _ => None,
        });
        let bytes: Vec<_> = queued.collect();
        let [bytes] = &bytes[..] else {
            panic!("expected one entry, got {}", bytes.len());
        };
        let entry = Entry::decode(bytes).unwrap();
        assert_eq!(entry.encode(), *bytes);
        self.queue.push(entry);
        let hash = self
            .queue
            .iter()
            .fold([0; 32], |hash, entry| entry.next_hash(&hash));
        let stored = call::queue_hash_call(self.queue.len() as u64);
        assert_eq!(self.view(stored), hash);
        entry
    }

    /// Settles the next batch, with the next entry if there is one and it is wanted.
    fn settle(&mut self, consume: bool, transfers: &[SignedTransfer]) -> Vec<Outcome> {
        self.now += 10;
        self.chain.evm.set_block_time(self.now);
        let next = self.ledger.consumed() as usize;
        let entries = match consume {
            true => &self.queue[next..=next],
            false => &[],
        };
        let trace = self
            .ledger
            .apply_batch(&SHAPE, self.now, entries, &fee_slots(), transfers)
            .unwrap();
        let batch = prove(prover(), &trace);
        batch.verify(&prepared(prover())).unwrap();
        let receipt = self.chain.settle(&batch).unwrap();
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(self.chain.state_root().unwrap(), self.ledger.root());
        let event = BatchSettled::decode(&receipt.logs[0]).unwrap();
        let calldata = batch.call().unwrap().calldata();
        let data = self.replica.settle(&event, &calldata).unwrap();
        assert_eq!(*self.replica.ledger(), self.ledger);
        let waiting = &self.queue[self.ledger.consumed() as usize..];
        assert!(self.replica.waiting().eq(waiting));
        self.store
            .as_mut()
            .unwrap()
            .apply_public_data(&data)
            .unwrap();
        self.restart();
        trace.l1.iter().map(|entry| entry.slot.outcome).collect()
    }

    /// The replica comes back from its store as it was.
    fn restart(&mut self) {
        self.store = None;
        let store = Store::open(self.folder.path().join("store"), &domain(), 1).unwrap();
        let (ledger, waiting) = (store.ledger().clone(), store.waiting().unwrap());
        let replica = Replica::resume(ledger, SHAPE, waiting);
        assert_eq!(replica, self.replica);
        self.replica = replica;
        self.store = Some(store);
    }

    fn view(&mut self, calldata: Vec<u8>) -> Vec<u8> {
        self.chain.evm.view(self.chain.rollup, calldata).unwrap()
    }

    fn owed(&mut self, owner: [u8; 20]) -> Vec<u8> {
        self.view(call::owed_call(ETH, &owner))
    }

    fn balance(&self, account: u64) -> u128 {
        self.ledger.account(index(account)).unwrap().balance
    }

    /// What the contract holds is what the accounts have, what it owes, and what waits in the queue.
    fn assert_conserved(&mut self, owed: u128) {
        let accounts: u128 = self
            .ledger
            .accounts()
            .map(|(_, account)| account.balance)
            .sum();
        let waiting = &self.queue[self.ledger.consumed() as usize..];
        let waiting: u128 = waiting.iter().map(|entry| entry.amount).sum();
        let held = self.chain.evm.balance(&self.chain.rollup);
        assert_eq!(held, accounts + owed + waiting);
    }

    fn withdraw(&mut self, owner: [u8; 20], expected: u128) {
        assert_eq!(self.owed(owner), word_from_u128(expected));
        let before = self.chain.evm.balance(&owner);
        let call = Call::Withdraw { token: ETH, owner };
        let receipt = self.transact(OPERATOR, &call, 0);
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(self.chain.evm.balance(&owner), before + expected);
        assert_eq!(error(&self.transact(OPERATOR, &call, 0)), "NothingOwed");
    }

    /// A proof that an account is its owner's, under the ledger's root.
    fn exit_proof(&self, account: u64, recipient: [u8; 20], key: Option<&PrivateKey>) -> ExitProof {
        let owned = self.ledger.account(index(account)).unwrap().clone();
        let address = Address(recipient);
        let statement = ExitStatement {
            domain: *self.ledger.domain(),
            root: self.ledger.root(),
            account: index(account),
            token: owned.token,
            balance: owned.balance,
            address,
            authority: key.map_or(Fr::from(0u64), |_| owned.public_key.x),
        };
        let circuit = ExitCircuit::new(SHAPE.depth).unwrap();
        let columns = circuit
            .assign(&ExitWitness {
                statement,
                path: self.ledger.path(index(account)).unwrap(),
                account: owned,
                signature: key.map(|key| exit::sign(key, &domain(), index(account), &address)),
            })
            .unwrap();
        let proving_key = exit_key(SHAPE.depth).unwrap();
        let relation = ProgramRelation(circuit.program());
        let proof = prove_any(&proving_key, &relation, &columns, &Ark, &mut OsRng).unwrap();
        ExitProof {
            token: statement.token,
            account,
            balance: statement.balance,
            recipient,
            ax: statement.authority,
            proof,
        }
    }
}

fn error(receipt: &Receipt) -> &str {
    assert!(!receipt.success, "expected a refusal, got success");
    receipt
        .error
        .as_ref()
        .map_or("no error of ours", |error| error.name())
}

fn deposit(key: PublicKey, l1_owner: [u8; 20]) -> Call {
    Call::DepositEth {
        ax: key.x,
        ay: key.y,
        l1_owner,
    }
}

#[test]
fn deposits_move_and_leave() {
    let mut world = World::new();
    let alice = alices_key();
    world.queue(ALICE, &deposit(alice.public_key(), ALICE), 1_000_000);
    // A batch without the entry, then one with it.
    assert!(world.settle(false, &[]).is_empty());
    assert_eq!(world.settle(true, &[]), [Outcome::Created(index(1))]);
    world.assert_conserved(0);

    // To L1 and to a new account in one batch; a fee each.
    let send = |world: &World, recipient, before| {
        let mut transfer = pay(&world.ledger, 1, 0, 1000, before).transfer;
        transfer.recipient = recipient;
        transfer.sign(&alice, &domain())
    };
    let bobs_key = PrivateKey::from([0xb0; 32]);
    let transfers = [
        send(&world, Recipient::L1(Address(BOB)), 0),
        send(&world, Recipient::NewAccount(bobs_key.public_key()), 1),
    ];
    world.settle(false, &transfers);
    assert_eq!(
        (world.balance(1), world.balance(2)),
        (1_000_000 - 2014, 1000)
    );
    assert_eq!(world.balance(0), 14);
    world.assert_conserved(1000);
    world.withdraw(BOB, 1000);
    world.assert_conserved(0);

    // More for Alice; then for an account of another key, which comes back.
    let top_up = |ax| Call::TopUpEth { account: 1, ax };
    world.queue(BOB, &top_up(alice.public_key().x), 500);
    world.queue(BOB, &top_up(bobs_key.public_key().x), 77);
    assert_eq!(world.settle(true, &[]), [Outcome::ToppedUp(true)]);
    assert_eq!(world.settle(true, &[]), [Outcome::ToppedUp(false)]);
    assert_eq!(world.balance(1), 1_000_000 - 2014 + 500);
    world.assert_conserved(77);
    world.withdraw(BOB, 77);

    // Alice leaves by her address, Bob, whose account has none, by his key; each once.
    let exit = Call::RequestExit {
        account: 1,
        token: ETH,
    };
    world.queue(ALICE, &exit, 0);
    world.queue(BOB, &exit, 0);
    let by_key = Call::RequestExitByKey {
        root: world.ledger.root(),
        exit: world.exit_proof(2, BOB, Some(&bobs_key)),
    };
    world.queue(OPERATOR, &by_key, 0);
    world.queue(ALICE, &exit, 0);
    assert_eq!(world.settle(true, &[]), [Outcome::Paid(998_486)]);
    for expected in [0, 1000, 0] {
        assert_eq!(world.settle(true, &[]), [Outcome::Paid(expected)]);
    }
    world.withdraw(ALICE, 998_486);
    world.withdraw(BOB, 1000);
    world.assert_conserved(0);
    assert_eq!(world.balance(0), 14);
}

/// A batch whose entries are not those that the contract queued cannot have been settled: whoever shows one to a
/// replica lies.
#[test]
fn a_replica_knows_the_queue() {
    let mut world = World::new();
    let entry = world.queue(ALICE, &deposit(alices_key().public_key(), ALICE), 1000);
    let queued = zkroll::verifier_sol::rollup::Entry::decode(&entry.encode()).unwrap();
    let error = world.replica.queue(0, &queued).unwrap_err();
    let (expected, got) = (1, 0);
    assert_eq!(error, ReplicaError::EntryOrder { expected, got });

    let forged = Entry {
        amount: 1_000_000,
        ..entry
    };
    let mut ledger = world.ledger.clone();
    let trace = ledger
        .apply_batch(&SHAPE, TIME, &[forged], &fee_slots(), &[])
        .unwrap();
    let batch = prove(prover(), &trace);
    assert_eq!(error_of(&mut world, &batch), "QueueMismatch");
    let call = batch.call().unwrap();
    let event = BatchSettled {
        batch_number: 1,
        pre_state_root: trace.header.pre_root,
        post_state_root: trace.header.post_root,
        timestamp: TIME,
        commitment: call.commitment,
        consumed: 1,
    };
    let error = world.replica.settle(&event, &call.calldata()).unwrap_err();
    assert_eq!(error, ReplicaError::EntryMismatch { index: 0 });
}

fn error_of(world: &mut World, batch: &ProvenBatch) -> String {
    error(&world.chain.settle(batch).unwrap()).to_owned()
}

#[test]
fn exits_by_key_are_proven() {
    let mut world = World::new();
    let alice = alices_key();
    world.queue(ALICE, &deposit(alice.public_key(), ALICE), 1000);
    world.settle(true, &[]);
    let proof = world.exit_proof(1, BOB, Some(&alice));
    let refused = |world: &mut World, change: fn(&mut ExitProof)| {
        let mut exit = proof.clone();
        change(&mut exit);
        let root = world.ledger.root();
        let receipt = world.transact(BOB, &Call::RequestExitByKey { root, exit }, 0);
        error(&receipt).to_owned()
    };
    // To somebody else, from another account, by another key or by none.
    for change in [
        (|exit| exit.recipient = OPERATOR) as fn(&mut ExitProof),
        |exit| exit.account = 0,
        |exit| exit.ax += Fr::from(1u64),
        |exit| exit.balance += 1,
        |exit| exit.token = 1,
    ] {
        assert_eq!(refused(&mut world, change), "ProofInvalid");
    }
    assert_eq!(
        refused(&mut world, |exit| exit.ax = Fr::from(0u64)),
        "KeyInvalid"
    );
}

#[test]
fn from_a_frozen_contract_everybody_escapes() {
    let mut world = World::new();
    let alice = alices_key();
    // Alice with key and address; Bob with an address alone.
    world.queue(ALICE, &deposit(alice.public_key(), ALICE), 1000);
    world.settle(true, &[]);
    world.queue(BOB, &deposit(PublicKey::NONE, BOB), 300);
    world.settle(true, &[]);
    // The operator is gone: an exit and a deposit wait.
    let exit = Call::RequestExit {
        account: 2,
        token: ETH,
    };
    let head = world.queue(BOB, &exit, 0);
    let waiting = world.queue(ALICE, &deposit(alice.public_key(), ALICE), 55);
    let freeze = Call::Freeze {
        entry: head.encode(),
    };
    assert_eq!(error(&world.transact(BOB, &freeze, 0)), "FreezeTooEarly");
    let escape = world.exit_proof(1, ALICE, None);
    let call = Call::Escape(escape.clone());
    assert_eq!(error(&world.transact(ALICE, &call, 0)), "NotFrozen");
    world
        .chain
        .evm
        .set_block_time(world.now + EXIT_DEADLINE + 1);
    let receipt = world.transact(OPERATOR, &freeze, 0);
    assert!(receipt.success, "{}", receipt.failure());

    // By address, by key, once each, with no more than there is.
    let mut more = escape;
    more.balance += 1;
    let receipt = world.transact(ALICE, &Call::Escape(more), 0);
    assert_eq!(error(&receipt), "ProofInvalid");
    assert!(world.transact(BOB, &call, 0).success);
    let by_key = Call::Escape(world.exit_proof(1, BOB, Some(&alice)));
    assert_eq!(error(&world.transact(ALICE, &call, 0)), "EscapedBefore");
    assert_eq!(error(&world.transact(ALICE, &by_key, 0)), "EscapedBefore");
    let bobs = Call::Escape(world.exit_proof(2, BOB, None));
    assert!(world.transact(OPERATOR, &bobs, 0).success);
    let reclaim = Call::Reclaim {
        index: world.queue.len() as u64 - 1,
        entry: waiting.encode(),
    };
    assert!(world.transact(OPERATOR, &reclaim, 0).success);
    world.withdraw(ALICE, 1055);
    world.withdraw(BOB, 300);
    assert_eq!(world.chain.evm.balance(&world.chain.rollup), 0);
    assert_eq!(u40(world.now).get(), world.now);
}
