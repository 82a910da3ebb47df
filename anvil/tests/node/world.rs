//! A rollup on a node, its operator with the keys, and a reader who sees the chain alone.

use std::collections::VecDeque;
use std::sync::OnceLock;

use rand::rngs::OsRng;
use zkroll::{
    BatchProver, ProgramRelation, ProvenBatch, Replica, SharedBlob,
    circuits::{
        batch::BatchCircuit,
        exit::{ExitCircuit, ExitWitness},
        protocol::{
            account::{Account, AccountIndex},
            amount::{Amount, Fee},
            eddsa::PrivateKey,
            exit::{self, ExitStatement},
            ledger::{BatchTrace, Ledger},
            public_data::{BatchShape, DataForm, FeeSlot},
            queue::{Entry, Outcome},
            transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
            uint::U40,
        },
    },
    prover::{Fr, ProvingKey, backend, prove, setup},
    verifier_sol::{
        abi::{self, contract_address, encode_call, word_from_u128},
        fixed,
        rollup::{BatchSettled, Call, Circuit, ETH, Event, ExitProof, RollupConfig, call},
    },
};
use zkroll_anvil::CHAIN_ID;

use crate::client::{Client, Sender, Transaction, sidecar};

/// A Unix time.
pub const TIME: u64 = 1_800_000_000;

/// Two transfers, one fee slot, one slot of each other kind, eight accounts.
const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 2,
    l1_slots: 1,
    fee_slots: 1,
    withdrawals: 1,
    creations: 1,
    depth: 1,
};

/// The same in blobs.
const BLOB_SHAPE: BatchShape = BatchShape {
    form: DataForm::Blob,
    ..SHAPE
};

/// The mock's whole supply.
const SUPPLY: u128 = 1 << 64;

const ERC20: &str = include_str!("../../../verifier-sol/contracts/bin/Erc20.hex");

/// **UNSAFE** development keys, made once for all tests.
fn prover(form: DataForm) -> &'static BatchProver {
    static PROVERS: [OnceLock<BatchProver>; 2] = [OnceLock::new(), OnceLock::new()];
    let (prover, shape) = match form {
        DataForm::Calldata => (&PROVERS[0], SHAPE),
        DataForm::Blob => (&PROVERS[1], BLOB_SHAPE),
    };
    prover.get_or_init(|| {
        let circuit = BatchCircuit::new(shape).unwrap();
        BatchProver::development(circuit, &[7; 32]).unwrap()
    })
}

fn exit_prover() -> &'static (ExitCircuit, ProvingKey) {
    static PROVER: OnceLock<(ExitCircuit, ProvingKey)> = OnceLock::new();
    PROVER.get_or_init(|| {
        let circuit = ExitCircuit::new(SHAPE.depth).unwrap();
        let relation = ProgramRelation(circuit.program());
        let key = setup::development(&relation, circuit.digest(), &[7; 32]).unwrap();
        (circuit, key)
    })
}

pub fn index(index: u64) -> AccountIndex {
    index.try_into().unwrap()
}

/// The key of an account's owner.
pub fn key(owner: u8) -> PrivateKey {
    PrivateKey::from([owner; 32])
}

/// A rollup, and the ledger of its operator.
pub struct World {
    pub client: Client,
    pub rollup: abi::Address,
    pub erc20: abi::Address,
    pub ledger: Ledger,
    genesis: Ledger,
    /// Entries that no batch has consumed yet, as the contract emitted them.
    waiting: VecDeque<Entry>,
}

impl World {
    /// Deploys verifiers, rollup and token, and registers the token as number 1. Account 0 takes fees.
    pub fn new() -> Self {
        let mut client = Client::start(TIME);
        let deployer = Sender::Deployer.address();
        // The token, three verifiers, the rollup.
        let rollup = contract_address(&deployer, 4);
        let domain = Domain {
            chain_id: CHAIN_ID,
            contract: Address(rollup),
        };
        let fees = Account::new(key(1).public_key(), ETH, 0).unwrap();
        let genesis =
            Ledger::from_genesis(SHAPE.depth as usize, domain, [(index(0), fees)]).unwrap();

        let mut deploy = |name, input: Vec<u8>| -> abi::Address {
            let receipt = client.send(&Transaction {
                name,
                from: Sender::Deployer,
                to: None,
                input,
                value: 0,
                blob: None,
            });
            let created = receipt.contract_address.expect("a creation creates").into();
            client.watched.push(created);
            created
        };
        let mut token = bytes(ERC20);
        token.extend(word_from_u128(SUPPLY));
        let erc20 = deploy("deploy the token", token);
        let mut verifier = |vk| deploy("deploy a verifier", fixed::creation_code(vk).unwrap());
        let batch_verifier = verifier(&prover(DataForm::Calldata).key().vk);
        let blob_verifier = verifier(&prover(DataForm::Blob).key().vk);
        let exit_verifier = verifier(&exit_prover().1.vk);
        let config = RollupConfig {
            verifier: batch_verifier,
            exit_verifier,
            genesis_root: genesis.root(),
            depth: SHAPE.depth,
            l1_slots: SHAPE.l1_slots,
            fee_slots: SHAPE.fee_slots,
            withdrawal_slots: SHAPE.withdrawals,
            creation_slots: SHAPE.creations,
            operation_slots: SHAPE.transfers,
            blob: Some(Circuit {
                verifier: blob_verifier,
                l1_slots: BLOB_SHAPE.l1_slots,
                fee_slots: BLOB_SHAPE.fee_slots,
                withdrawal_slots: BLOB_SHAPE.withdrawals,
                creation_slots: BLOB_SHAPE.creations,
                operation_slots: BLOB_SHAPE.transfers,
            }),
        };
        assert_eq!(deploy("deploy the rollup", config.creation_code()), rollup);
        let mut world = Self {
            client,
            rollup,
            erc20,
            ledger: genesis.clone(),
            genesis,
            waiting: VecDeque::new(),
        };
        world.send(
            "registerToken",
            Sender::Deployer,
            &Call::RegisterToken { token: erc20 },
            0,
        );
        // The mock lets everybody take from everybody: Alice needs only to have some.
        let to_alice = [
            abi::word_from_address(&Sender::Alice.address()),
            word_from_u128(1_000_000),
        ];
        let transfer = Transaction {
            name: "transfer of the token",
            from: Sender::Deployer,
            to: Some(erc20),
            input: encode_call("transfer(address,uint256)", &to_alice),
            value: 0,
            blob: None,
        };
        world.client.send(&transfer);
        world
    }

    /// A transaction to the rollup.
    pub fn transaction(
        &self,
        name: &'static str,
        from: Sender,
        input: Vec<u8>,
        value: u128,
    ) -> Transaction {
        Transaction {
            name,
            from,
            to: Some(self.rollup),
            input,
            value,
            blob: None,
        }
    }

    pub fn send(&mut self, name: &'static str, from: Sender, call: &Call, value: u128) {
        let transaction = self.transaction(name, from, call.calldata(), value);
        self.client.send(&transaction);
    }

    /// Sends a call that queues an entry, and takes the entry from the chain.
    pub fn queue(&mut self, name: &'static str, from: Sender, call: &Call, value: u128) -> Entry {
        self.send(name, from, call, value);
        let (_, log) = self.client.logs(self.rollup).pop().expect("an event");
        let Some(Event::EntryQueued { entry, .. }) = Event::decode(&log) else {
            panic!("expected an entry of the queue, got {log:?}");
        };
        let entry = Entry::decode(&entry.encode()).unwrap();
        self.waiting.push_back(entry);
        entry
    }

    /// Applies the next batch to the operator's ledger, with the queue's next entry if there is one.
    pub fn apply(&mut self, form: DataForm, transfers: &[SignedTransfer]) -> BatchTrace {
        let shape = match form {
            DataForm::Calldata => SHAPE,
            DataForm::Blob => BLOB_SHAPE,
        };
        let entries: Vec<_> = self.waiting.pop_front().into_iter().collect();
        let fee_slots = [FeeSlot {
            token: ETH,
            account: index(0),
        }];
        let now = self.client.now();
        self.ledger
            .apply_batch(&shape, now, &entries, &fee_slots, transfers)
            .unwrap()
    }

    /// Proves a batch in calldata.
    pub fn prove(&self, trace: &BatchTrace) -> ProvenBatch {
        let backend = backend::detect().unwrap();
        prover(DataForm::Calldata)
            .prove(trace, &backend, &mut OsRng)
            .unwrap()
    }

    /// Settles the next batch in calldata.
    pub fn settle(&mut self, transfers: &[SignedTransfer]) -> Vec<Outcome> {
        let trace = self.apply(DataForm::Calldata, transfers);
        let call = self.prove(&trace).call().unwrap();
        let transaction = self.transaction("submitBatch", Sender::Operator, call.calldata(), 0);
        self.client.send(&transaction);
        self.assert_rebuilt();
        trace.l1.iter().map(|entry| entry.slot.outcome).collect()
    }

    /// The transaction that settles the next batch from a blob.
    pub fn blob_transaction(&mut self, transfers: &[SignedTransfer]) -> Transaction {
        let trace = self.apply(DataForm::Blob, transfers);
        let shared = SharedBlob::new(&[&trace]).unwrap();
        let backend = backend::detect().unwrap();
        let loaded = prover(DataForm::Blob).load(&backend).unwrap();
        let batch = loaded
            .prove_with_blob(&trace, shared.point(), &mut OsRng, &mut ())
            .unwrap();
        let call = shared.call(&[batch]).unwrap();
        let mut transaction =
            self.transaction("submitBatchBlob", Sender::Operator, call.calldata(), 0);
        transaction.blob = Some(sidecar(shared.blob().bytes()));
        transaction
    }

    /// A transfer, `before` transfers after the sender's state in the ledger.
    pub fn transfer(
        &self,
        owner: u8,
        from: u64,
        recipient: Recipient,
        amount: u128,
        fee: u128,
        before: u64,
    ) -> SignedTransfer {
        let account = self.ledger.account(index(from)).unwrap();
        let transfer = Transfer {
            from: index(from),
            recipient,
            token: account.token,
            amount: Amount::from_value(amount).unwrap(),
            fee: Fee::from_value(fee).unwrap(),
            nonce: U40::try_from(account.nonce.get() + before).unwrap(),
            valid_until: U40::MAX,
        };
        transfer.sign(&key(owner), self.ledger.domain())
    }

    /// A proof that an account is its owner's, under the ledger's root.
    pub fn exit_proof(
        &self,
        account: u64,
        recipient: abi::Address,
        key: Option<&PrivateKey>,
    ) -> ExitProof {
        let owned = self.ledger.account(index(account)).unwrap().clone();
        let address = Address(recipient);
        let domain = *self.ledger.domain();
        let statement = ExitStatement {
            domain,
            root: self.ledger.root(),
            account: index(account),
            token: owned.token,
            balance: owned.balance,
            address,
            authority: key.map_or(Fr::from(0u64), |_| owned.public_key.x),
        };
        let (circuit, proving_key) = exit_prover();
        let witness = ExitWitness {
            statement,
            path: self.ledger.path(index(account)).unwrap(),
            account: owned,
            signature: key.map(|key| exit::sign(key, &domain, index(account), &address)),
        };
        let columns = circuit.assign(&witness).unwrap();
        let relation = ProgramRelation(circuit.program());
        let backend = backend::detect().unwrap();
        ExitProof {
            token: statement.token,
            account,
            balance: statement.balance,
            recipient,
            ax: statement.authority,
            proof: prove(proving_key, &relation, &columns, &backend, &mut OsRng).unwrap(),
        }
    }

    /// What the rollup owes.
    pub fn owed(&self, token: u32, owner: abi::Address) -> u128 {
        integer(
            &self
                .client
                .view(self.rollup, call::owed_call(token, &owner)),
        )
    }

    /// What an address holds of the token.
    pub fn tokens(&self, owner: abi::Address) -> u128 {
        let call = encode_call("balanceOf(address)", &[abi::word_from_address(&owner)]);
        integer(&self.client.view(self.erc20, call))
    }

    /// Pays what is owed, once.
    pub fn withdraw(&mut self, token: u32, owner: Sender, expected: u128) {
        let owner = owner.address();
        let held = |world: &Self| match token {
            ETH => world.client.balance(owner),
            _ => world.tokens(owner),
        };
        assert_eq!(self.owed(token, owner), expected);
        let before = held(self);
        let name = if token == ETH {
            "withdraw ETH"
        } else {
            "withdraw the token"
        };
        let call = Call::Withdraw { token, owner };
        self.send(name, Sender::Operator, &call, 0);
        assert_eq!(held(self), before + expected);
        assert_eq!(self.owed(token, owner), 0);
        let again = self.transaction(name, Sender::Operator, call.calldata(), 0);
        assert_eq!(self.client.refusal(&again), "NothingOwed");
    }

    /// The contract has the operator's root, and whoever knows the genesis finds the operator's ledger on the chain.
    pub fn assert_rebuilt(&self) {
        let root = self
            .client
            .view(self.rollup, encode_call("stateRoot()", &[]));
        assert_eq!(root, abi::word_from_field(&self.ledger.root()));
        let replica = self.rebuild();
        assert_eq!(*replica.ledger(), self.ledger);
        assert!(replica.waiting().eq(&self.waiting));
    }

    /// The ledger and the queue from what the node has: logs, transactions and blobs.
    fn rebuild(&self) -> Replica {
        let mut replica = Replica::new(self.genesis.clone(), SHAPE).with_blobs(BLOB_SHAPE);
        let mut logs = self.client.logs(self.rollup).into_iter().peekable();
        while let Some((hash, log)) = logs.next() {
            match Event::decode(&log).expect("the contract emits its events") {
                Event::EntryQueued { index, entry } => {
                    replica.queue(index, &entry).unwrap();
                }
                Event::BatchSettled(first) => {
                    let mut events = vec![first];
                    while let Some((_, log)) = logs.next_if(|(other, _)| *other == hash) {
                        events.extend(BatchSettled::decode(&log));
                    }
                    let (calldata, blob_hashes) = self.client.transaction(hash);
                    let blobs = self.client.blobs(hash);
                    assert_eq!(blobs.len(), blob_hashes.len());
                    let blob = blobs.first().map(|blob| blob.as_slice());
                    replica.settle_all(&events, &calldata, blob).unwrap();
                }
                _ => {}
            }
        }
        replica
    }
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    alloy_primitives::hex::decode(hexadecimal.trim_end()).unwrap()
}

fn integer(word: &[u8]) -> u128 {
    let (high, low) = word.split_at(16);
    assert_eq!(high, [0; 16]);
    u128::from_be_bytes(low.try_into().unwrap())
}
