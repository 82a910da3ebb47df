//! Random histories of a whole rollup, hundreds of batches and thousands of operations: what users do on L1 and L2,
//! good and bad, and an operator who tries to cheat. After every step the ledger, the contract and a replica that
//! sees only what the contract emitted are at the same root, and no unit of a token has come or gone.
//!
//! The verifiers accept everything, so that the contract's own checks are what refuses; what a proof would be for is
//! compared: ρ and y of the contract are those of the ledger's public data. That the circuit accepts what the ledger
//! applies, `circuits/src/batch/histories.rs` shows with histories of the same kind.

use std::collections::BTreeMap;

use crate::common::{TIME, fee_slots, index, u40};
use rand::{Rng, SeedableRng, rngs::StdRng};
use zkroll::circuits::protocol::blob::scalar_to_word;
use zkroll::{
    BlobSlice, ProvenBatch, Replica, SharedBlob, batches_call,
    circuits::protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::PrivateKey,
        ledger::{BatchTrace, Ledger},
        public_data::{BatchShape, DataForm, FeeSlot, PublicData},
        queue::{Entry, EntryType},
        transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    },
    prover::{Fr, ProofFile},
    verifier_sol::{
        abi::{contract_address, encode_call, fr_from_word, word_from_address, word_from_u128},
        evm::{Config, Evm, Receipt},
        rollup::{
            BatchSettled, BlobSlice as ClaimedSlice, Call, Circuit, Event, ExitProof, RollupConfig,
            SettleCall, call::owed_call, challenge_blob_call, challenge_call,
        },
    },
};

const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 5,
    l1_slots: 3,
    fee_slots: 2,
    withdrawals: 2,
    creations: 1,
    depth: 4,
};
const BLOB_SHAPE: BatchShape = BatchShape {
    form: DataForm::Blob,
    transfers: 6,
    ..SHAPE
};
const STEPS: usize = 150;
const OWNERS: u8 = 4;
const TOKENS: [u32; 2] = [0, 1];
const OPERATOR: [u8; 20] = [0x0e; 20];

fn key(owner: u8) -> PrivateKey {
    PrivateKey::from([owner; 32])
}

fn address(owner: u8) -> [u8; 20] {
    [owner; 20]
}

struct World {
    rng: StdRng,
    evm: Evm,
    rollup: [u8; 20],
    erc20: [u8; 20],
    ledger: Ledger,
    replica: Replica,
    waiting: Vec<Entry>,
    now: u64,
    seen: BTreeMap<String, usize>,
}

impl World {
    fn new(seed: u64) -> Self {
        let code = |hexadecimal: &str| hex_bytes(hexadecimal);
        let mut evm = Evm::new(Config {
            block_time: TIME,
            ..Config::default()
        });
        let accept_all = code(include_str!(
            "../../verifier-sol/contracts/bin/AcceptAll.hex"
        ));
        let verifier = evm.deploy(OPERATOR, accept_all).unwrap().address;
        let rollup = contract_address(&OPERATOR, evm.nonce(&OPERATOR));
        let domain = Domain {
            chain_id: evm.config().chain_id,
            contract: Address(rollup),
        };
        // Who takes the fees of the two tokens; nobody holds anything that was not deposited.
        let fee_account = |token| Account::new(key(1).public_key(), token, 0).unwrap();
        let genesis = [(index(0), fee_account(0)), (index(1), fee_account(1))];
        let ledger = Ledger::from_genesis(SHAPE.depth as usize, domain, genesis).unwrap();
        let config = RollupConfig {
            verifier,
            exit_verifier: verifier,
            genesis_root: ledger.root(),
            depth: SHAPE.depth,
            l1_slots: SHAPE.l1_slots,
            fee_slots: SHAPE.fee_slots,
            withdrawal_slots: SHAPE.withdrawals,
            creation_slots: SHAPE.creations,
            operation_slots: SHAPE.transfers,
            blob: Some(Circuit {
                verifier,
                l1_slots: BLOB_SHAPE.l1_slots,
                fee_slots: BLOB_SHAPE.fee_slots,
                withdrawal_slots: BLOB_SHAPE.withdrawals,
                creation_slots: BLOB_SHAPE.creations,
                operation_slots: BLOB_SHAPE.transfers,
            }),
        };
        let deployed = evm.deploy(OPERATOR, config.creation_code()).unwrap();
        assert_eq!(deployed.address, rollup);

        let mut token = code(include_str!("../../verifier-sol/contracts/bin/Erc20.hex"));
        token.extend(word_from_u128(1 << 100));
        let erc20 = evm.deploy(OPERATOR, token).unwrap().address;
        let mut world = Self {
            rng: StdRng::seed_from_u64(seed),
            evm,
            rollup,
            erc20,
            replica: Replica::new(ledger.clone(), SHAPE).with_blobs(BLOB_SHAPE),
            ledger,
            waiting: Vec::new(),
            now: TIME,
            seen: BTreeMap::new(),
        };
        let register = Call::RegisterToken { token: erc20 };
        assert!(world.call(OPERATOR, &register, 0).success);
        for owner in 1..=OWNERS {
            world.evm.fund(address(owner), 1 << 90);
            let to = word_from_address(&address(owner));
            let transfer = encode_call("transfer(address,uint256)", &[to, word_from_u128(1 << 90)]);
            assert!(world.send(OPERATOR, erc20, transfer, 0).success);
            // The mock moves its tokens without allowances.
        }
        world
    }

    fn send(&mut self, from: [u8; 20], to: [u8; 20], calldata: Vec<u8>, value: u128) -> Receipt {
        self.evm.transact(from, to, calldata, value).unwrap()
    }

    /// A call of the rollup; what it queues goes to the ledger's side as the contract wrote it.
    fn call(&mut self, from: [u8; 20], call: &Call, value: u128) -> Receipt {
        let receipt = self.send(from, self.rollup, call.calldata(), value);
        for log in receipt.logs.iter().filter(|log| log.address == self.rollup) {
            if let Some(Event::EntryQueued { index, entry }) = Event::decode(log) {
                let entry = self.replica.queue(index, &entry).unwrap();
                self.waiting.push(entry);
            }
        }
        receipt
    }

    fn saw(&mut self, what: impl Into<String>) {
        *self.seen.entry(what.into()).or_default() += 1;
    }

    fn owner(&mut self) -> u8 {
        self.rng.gen_range(1..=OWNERS)
    }

    /// An account that may be there.
    fn account(&mut self) -> AccountIndex {
        let count = self.ledger.accounts().len() as u64;
        index(self.rng.gen_range(0..count + 2))
    }

    /// The abscissa of an account's key, mostly.
    fn ax(&mut self, account: AccountIndex) -> Fr {
        let owner = self.owner();
        match self.ledger.account(account) {
            Some(account) if self.rng.gen_bool(0.7) => account.public_key.x,
            _ => key(owner).public_key().x,
        }
    }

    /// Something that somebody does on L1.
    fn act_on_l1(&mut self) {
        let from = self.owner();
        let amount = self.rng.gen_range(1..1_000_000u128);
        let account = self.account();
        let token = TOKENS[self.rng.gen_range(0..2)];
        let (ax, ay) = match self.rng.gen_bool(0.8) {
            true => {
                let public_key = key(from).public_key();
                (public_key.x, public_key.y)
            }
            false => (Fr::from(0u64), Fr::from(0u64)),
        };
        let l1_owner = address(self.owner());
        let (call, value) = match self.rng.gen_range(0..9) {
            0 | 1 => (Call::DepositEth { ax, ay, l1_owner }, amount),
            2 => {
                let token = 1;
                let deposit = Call::DepositErc20 {
                    token,
                    amount,
                    ax,
                    ay,
                    l1_owner,
                };
                (deposit, 0)
            }
            3 => {
                let ax = self.ax(account);
                let account = account.get();
                (Call::TopUpEth { account, ax }, amount)
            }
            4 => {
                let top_up = Call::TopUpErc20 {
                    token: 1,
                    amount,
                    account: account.get(),
                    ax: self.ax(account),
                };
                (top_up, 0)
            }
            5 => {
                let account = account.get();
                (Call::RequestExit { account, token }, 0)
            }
            6 => {
                let exit = ExitProof {
                    token,
                    account: account.get(),
                    balance: amount,
                    recipient: address(from),
                    ax: self.ax(account),
                    proof: Default::default(),
                };
                let root = Fr::from(7u64);
                (Call::RequestExitByKey { root, exit }, 0)
            }
            7 => {
                let owner = l1_owner;
                (Call::Withdraw { token, owner }, 0)
            }
            // What the contract must refuse: value and amount 0, a key of low order, no such account.
            _ => match self.rng.gen_range(0..3) {
                0 => (Call::DepositEth { ax, ay, l1_owner }, 0),
                1 => {
                    let (ax, ay) = (Fr::from(0u64), Fr::from(1u64));
                    (Call::DepositEth { ax, ay, l1_owner }, amount)
                }
                _ => {
                    let account = 1 << (3 * SHAPE.depth);
                    (Call::RequestExit { account, token }, 0)
                }
            },
        };
        let receipt = self.call(address(from), &call, value);
        let name = format!("{call:?}");
        let name = name.split([' ', '{', '(']).next().unwrap_or_default();
        let outcome = receipt.error.as_ref().map_or("ok", |error| error.name());
        self.saw(format!("{name} {outcome}"));
    }

    /// Signed by the owner of the account, mostly.
    fn transfer(&mut self, nonces: &BTreeMap<AccountIndex, u64>) -> Option<SignedTransfer> {
        let (from, to) = (self.account(), self.account());
        let sender = self.ledger.account(from)?.clone();
        let owner = self.owner();
        let recipient = match self.rng.gen_range(0..4) {
            0 => Recipient::L1(Address(address(owner))),
            1 => Recipient::NewAccount(key(owner).public_key()),
            2 => Recipient::account(to),
            _ => Recipient::Account {
                index: to,
                owner: self.ax(to),
            },
        };
        let nonce = nonces.get(&from).copied().unwrap_or(sender.nonce.get());
        let token = match self.rng.gen_bool(0.95) {
            true => sender.token,
            false => 1 - sender.token,
        };
        let transfer = Transfer {
            from,
            recipient,
            amount: Amount::from_value(self.rng.gen_range(0..300_000)).unwrap(),
            fee: Fee::from_value(self.rng.gen_range(0..20)).unwrap(),
            token,
            nonce: u40(nonce),
            valid_until: u40(self.now + self.rng.gen_range(0..2) * 1_000_000),
        };
        let signer = match self.rng.gen_bool(0.95) {
            true => (1..=OWNERS).find(|owner| key(*owner).public_key() == sender.public_key)?,
            false => owner,
        };
        Some(transfer.sign(&key(signer), self.ledger.domain()))
    }

    /// The next batch: entries in order, and the transfers that a node takes in one by one. Those that the ledger
    /// refuses change nothing.
    fn batch(&mut self, shape: &BatchShape) -> BatchTrace {
        let most = self.waiting.len().min(shape.l1_slots as usize);
        let entries: Vec<_> = {
            let count = self.rng.gen_range(0..=most);
            self.waiting.drain(..count).collect()
        };
        let fee_slots = [
            fee_slots()[0],
            FeeSlot {
                token: 1,
                account: index(1),
            },
        ];
        let mut transfers: Vec<SignedTransfer> = Vec::new();
        let mut nonces = BTreeMap::new();
        for _ in 0..10 {
            let Some(transfer) = self.transfer(&nonces) else {
                continue;
            };
            let tried = [&transfers[..], &[transfer]].concat();
            let mut ledger = self.ledger.clone();
            match ledger.apply_batch(shape, self.now, &entries, &fee_slots, &tried) {
                Ok(_) => {
                    let nonce = transfer.transfer.nonce.get();
                    *nonces.entry(transfer.transfer.from).or_insert(nonce) += 1;
                    transfers = tried;
                }
                Err(error) => {
                    assert_eq!(ledger, self.ledger, "{error}");
                    self.saw("refused transfer");
                }
            }
        }
        let trace = self
            .ledger
            .apply_batch(shape, self.now, &entries, &fee_slots, &transfers)
            .unwrap();
        for entry in &trace.l1 {
            let outcome = format!("{:?}", entry.slot.outcome);
            let applied = !matches!(outcome.as_str(), "ToppedUp(false)" | "Paid(0)");
            self.saw(format!("{:?} {applied}", entry.slot.entry.kind));
        }
        for transfer in &transfers {
            self.saw(format!("{:?}", transfer.transfer.recipient.operation()));
        }
        trace
    }

    /// One call that settles one or more batches, of which the last state is the ledger's.
    fn settle(&mut self) {
        let form = self.rng.gen_bool(0.4);
        let shape = if form { BLOB_SHAPE } else { SHAPE };
        let before = self.ledger.clone();
        let count = self.rng.gen_range(1..=3);
        let traces: Vec<_> = (0..count).map(|_| self.batch(&shape)).collect();
        let blob = form.then(|| SharedBlob::new(&traces.iter().collect::<Vec<_>>()).unwrap());
        let batches: Vec<_> = traces
            .iter()
            .map(|trace| {
                let data = match &blob {
                    None => trace.public_data().unwrap(),
                    Some(blob) => trace.public_data_with_blob(blob.point()).unwrap(),
                };
                without_proof(&data)
            })
            .collect();
        self.compare_challenge(&batches[0]);
        let call = match &blob {
            Some(blob) => SettleCall::Blob(blob.call(&batches).unwrap()),
            None if count == 1 => SettleCall::One(batches[0].call().unwrap()),
            None => SettleCall::Several(batches_call(&batches).unwrap()),
        };
        self.cheat(&call, &before);
        let receipt = self.submit(&call);
        assert!(receipt.success, "{}", receipt.failure());
        let events: Vec<_> = receipt
            .logs
            .iter()
            .filter_map(BatchSettled::decode)
            .collect();
        let bytes = blob.as_ref().map(|blob| blob.blob().bytes());
        self.replica
            .settle_all(&events, &call.calldata(), bytes)
            .unwrap();
        assert_eq!(*self.replica.ledger(), self.ledger);
        assert!(self.replica.waiting().eq(&self.waiting));
        assert_eq!(self.root(), self.ledger.root());
        self.saw(format!("{:?} of {count}", shape.form));
    }

    fn submit(&mut self, call: &SettleCall) -> Receipt {
        let calldata = call.calldata();
        match call {
            SettleCall::Blob(call) => {
                let hashes = [call.versioned_hash()];
                let to = self.rollup;
                self.evm
                    .transact_with_blobs(OPERATOR, to, calldata, &hashes)
                    .unwrap()
            }
            _ => self.send(OPERATOR, self.rollup, calldata, 0),
        }
    }

    /// The contract would hand the verifier what the batch's proof is for.
    fn compare_challenge(&mut self, batch: &ProvenBatch) {
        let data = batch.public_data().unwrap();
        let [commitment, rho, y] = data.public_inputs();
        let (timestamp, root) = (batch.header.timestamp.get(), batch.header.post_root);
        let calldata = match data.claim() {
            None => challenge_call(timestamp, &root, &commitment, &batch.data),
            Some(claim) => {
                let slice = ClaimedSlice {
                    commitment: claim.commitment,
                    value: scalar_to_word(&claim.value),
                };
                let z = scalar_to_word(&claim.point);
                challenge_blob_call(timestamp, &root, &commitment, &z, &slice, &batch.data)
            }
        };
        let output = self.evm.view(self.rollup, calldata).unwrap();
        let words = output.as_chunks::<32>().0;
        let got = [0, 1].map(|i| fr_from_word(&words[i]).unwrap());
        assert_eq!(got, [rho, y]);
    }

    /// What the contract refuses whatever the proof: an entry left out, changed or doubled, and a blob of others.
    fn cheat(&mut self, call: &SettleCall, before: &Ledger) {
        let mut forged = call.clone();
        let data = match &mut forged {
            SettleCall::One(call) => &mut call.data,
            SettleCall::Several(call) => &mut call.data,
            SettleCall::Blob(call) => &mut call.data,
        };
        let entries = u16::from_be_bytes([data[0], data[1]]);
        let expected = match self.rng.gen_range(0..3) {
            0 if entries > 0 => {
                // One byte of the first entry.
                data[8 + self.rng.gen_range(0..115)] ^= 1;
                "QueueMismatch"
            }
            1 => {
                data.push(0);
                "DataLengthInvalid"
            }
            _ => match &mut forged {
                SettleCall::Blob(call) => {
                    call.slices[0].value[31] ^= 1;
                    "BlobInvalid"
                }
                _ => return,
            },
        };
        let receipt = self.submit(&forged);
        let error = receipt.error.as_ref().map(|error| error.name());
        // A type that is none, or a result that the type cannot have, is found before the hash is compared.
        let also = ["ResultInvalid", "AmountInvalid"];
        assert!(
            error.is_some_and(|error| error == expected || also.contains(&error)),
            "expected {expected}, got {}",
            receipt.failure()
        );
        assert_eq!(self.root(), before.root());
        self.saw(expected);
    }

    fn root(&mut self) -> Fr {
        let root = self.evm.view(self.rollup, encode_call("stateRoot()", &[]));
        fr_from_word(&root.unwrap().try_into().unwrap()).unwrap()
    }

    /// What the contract holds is what the accounts have, what it owes, and what waits in the queue.
    fn assert_conserved(&mut self) {
        for token in TOKENS {
            let accounts = self.ledger.accounts();
            let accounts = accounts.filter(|(_, account)| account.token == token);
            let mut sum: u128 = accounts.map(|(_, account)| account.balance).sum();
            let waiting = self.waiting.iter().filter(|entry| entry.token == token);
            sum += waiting.map(|entry| entry.amount).sum::<u128>();
            for owner in 1..=OWNERS {
                let call = owed_call(token, &address(owner));
                sum += last_half(&self.evm.view(self.rollup, call).unwrap());
            }
            let held = match token {
                0 => self.evm.balance(&self.rollup),
                _ => {
                    let whose = [word_from_address(&self.rollup)];
                    let call = encode_call("balanceOf(address)", &whose);
                    last_half(&self.evm.view(self.erc20, call).unwrap())
                }
            };
            assert_eq!(held, sum, "token {token}");
        }
    }
}

fn hex_bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.trim_end().as_bytes();
    let digit = |digit: &u8| (*digit as char).to_digit(16).unwrap() as u8;
    digits
        .chunks(2)
        .map(|pair| digit(&pair[0]) << 4 | digit(&pair[1]))
        .collect()
}

fn last_half(word: &[u8]) -> u128 {
    assert_eq!(word[..16], [0; 16]);
    u128::from_be_bytes(word[16..].try_into().unwrap())
}

/// A batch with its public inputs and a proof of nothing.
fn without_proof(data: &PublicData) -> ProvenBatch {
    ProvenBatch {
        header: *data.header(),
        data: data.encode(),
        blob: BlobSlice::of(data),
        proof: ProofFile {
            proof: Default::default(),
            public_inputs: data.public_inputs().to_vec(),
        },
    }
}

#[test]
fn ledger_contract_and_replica_agree_and_conserve() {
    let mut world = World::new(0x2026);
    for _ in 0..STEPS {
        world.now += world.rng.gen_range(0..60);
        world.evm.set_block_time(world.now);
        for _ in 0..world.rng.gen_range(0..7) {
            world.act_on_l1();
            world.assert_conserved();
        }
        world.settle();
        world.assert_conserved();
    }
    println!("{:#?}", world.seen);
    // The history has something of everything, and much of it.
    for kind in EntryType::ALL {
        assert!(
            world.seen.contains_key(&format!("{kind:?} true")),
            "{kind:?}"
        );
    }
    for name in [
        "TopUp false",
        "Exit false",
        "ExitByKey false",
        "Transfer",
        "Withdrawal",
        "NewAccount",
        "refused transfer",
        "QueueMismatch",
        "DataLengthInvalid",
        "BlobInvalid",
        "Withdraw ok",
        "Withdraw NothingOwed",
        "DepositEth AmountInvalid",
        "DepositEth KeyInvalid",
        "RequestExit AccountInvalid",
        "Calldata of 1",
        "Calldata of 3",
        "Blob of 1",
        "Blob of 3",
    ] {
        assert!(world.seen.contains_key(name), "{name}: {:#?}", world.seen);
    }
    let operations = ["Transfer", "Withdrawal", "NewAccount"];
    let operations: usize = operations.iter().map(|name| world.seen[*name]).sum();
    assert!(operations > 500, "{operations}");
}
