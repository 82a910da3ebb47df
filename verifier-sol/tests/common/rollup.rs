//! A chain with a rollup on it, its verifiers, tokens and users.

use super::chain::{SENDER, evm};
use super::mirror::{Batch, Data, exit_inputs};
use super::{prove, rng};
use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::{Proof, ProvingKey};
use ark_std::rand::Rng;
use zkroll_verifier_sol::abi::{
    Address, Word, contract_address, encode_call, fr_from_word, word_from_address, word_from_u128,
};
use zkroll_verifier_sol::evm::{Evm, Receipt};
use zkroll_verifier_sol::rollup::call::{owed_call, queue_hash_call};
use zkroll_verifier_sol::rollup::{
    BatchCall, BatchHead, Call, Circuit, Entry, Event, ExitProof, RollupConfig, challenge_call,
};

const ACCEPT_ALL: &str = include_str!("../../contracts/bin/AcceptAll.hex");

pub const ALICE: Address = [0xa1; 20];
pub const BOB: Address = [0xb0; 20];

/// Slots of a batch: L, F, W, E, N.
pub type Slots = [u32; 5];

pub const SLOTS: Slots = [4, 2, 3, 2, 8];

pub fn accept_all() -> Vec<u8> {
    code(ACCEPT_ALL)
}

pub fn code(hexadecimal: &str) -> Vec<u8> {
    hex::decode(hexadecimal.trim_end()).unwrap()
}

pub struct Chain {
    pub evm: Evm,
    pub config: RollupConfig,
    pub rollup: Address,
    /// All entries of the queue.
    pub queue: Vec<Entry>,
}

impl Chain {
    pub fn new(verifier: Vec<u8>, exit_verifier: Vec<u8>, slots: Slots) -> Self {
        Self::with_blobs(verifier, exit_verifier, slots, None)
    }

    /// A rollup that takes blobs too, for batches of `blob_slots` under a verifier.
    pub fn with_blobs(
        verifier: Vec<u8>,
        exit_verifier: Vec<u8>,
        slots: Slots,
        blobs: Option<(Vec<u8>, Slots)>,
    ) -> Self {
        let mut evm = evm();
        for user in [ALICE, BOB] {
            evm.fund(user, 10u128.pow(24));
        }
        let [verifier, exit_verifier] =
            [verifier, exit_verifier].map(|code| evm.deploy(SENDER, code).unwrap().address);
        let [
            l1_slots,
            fee_slots,
            withdrawal_slots,
            creation_slots,
            operation_slots,
        ] = slots;
        let config = RollupConfig {
            verifier,
            exit_verifier,
            genesis_root: Fr::from(0x1234u64),
            depth: 11,
            l1_slots,
            fee_slots,
            withdrawal_slots,
            creation_slots,
            operation_slots,
            blob: blobs.map(|(verifier, slots)| {
                let [
                    l1_slots,
                    fee_slots,
                    withdrawal_slots,
                    creation_slots,
                    operation_slots,
                ] = slots;
                Circuit {
                    verifier: evm.deploy(SENDER, verifier).unwrap().address,
                    l1_slots,
                    fee_slots,
                    withdrawal_slots,
                    creation_slots,
                    operation_slots,
                }
            }),
        };
        let expected = contract_address(&SENDER, evm.nonce(&SENDER));
        let rollup = evm.deploy(SENDER, config.creation_code()).unwrap().address;
        assert_eq!(rollup, expected);
        Self {
            evm,
            config,
            rollup,
            queue: Vec::new(),
        }
    }

    /// Both verifiers accept everything.
    pub fn accepting(slots: Slots) -> Self {
        Self::new(accept_all(), accept_all(), slots)
    }

    pub fn now(&self) -> u64 {
        self.evm.config().block_time
    }

    pub fn advance(&mut self, seconds: u64) {
        self.evm.set_block_time(self.now() + seconds);
    }

    pub fn deploy(&mut self, hexadecimal: &str, supply: u128) -> Address {
        let mut creation = code(hexadecimal);
        creation.extend(word_from_u128(supply));
        self.evm.deploy(ALICE, creation).unwrap().address
    }

    /// A token of the given code with a supply of 10^30 for Alice, and its id.
    pub fn token(&mut self, hexadecimal: &str) -> (Address, u32) {
        let token = self.deploy(hexadecimal, 10u128.pow(30));
        let receipt = self.call(BOB, &Call::RegisterToken { token }, 0);
        assert!(receipt.success, "{}", receipt.failure());
        let id = receipt.output[31].into();
        assert_eq!(
            self.events(&receipt),
            [Event::TokenRegistered { id, token }]
        );
        (token, id)
    }

    pub fn raw(&mut self, from: Address, to: Address, calldata: Vec<u8>, value: u128) -> Receipt {
        let receipt = self.evm.transact(from, to, calldata, value).unwrap();
        let queued = self.events(&receipt).into_iter();
        for event in queued {
            if let Event::EntryQueued { index, entry } = event {
                assert_eq!(index, self.queue.len() as u64);
                self.queue.push(entry);
            }
        }
        receipt
    }

    pub fn call(&mut self, from: Address, call: &Call, value: u128) -> Receipt {
        let calldata = call.calldata();
        assert_eq!(Call::decode(&calldata).as_ref(), Ok(call));
        self.raw(from, self.rollup, calldata, value)
    }

    /// A call that must succeed.
    #[track_caller]
    pub fn ok(&mut self, from: Address, call: &Call, value: u128) -> Receipt {
        let receipt = self.call(from, call, value);
        assert!(receipt.success, "{}", receipt.failure());
        receipt
    }

    pub fn events(&self, receipt: &Receipt) -> Vec<Event> {
        receipt
            .logs
            .iter()
            .filter(|log| log.address == self.rollup)
            .map(|log| Event::decode(log).expect("the rollup's events are all known"))
            .collect()
    }

    pub fn view_of(&mut self, contract: Address, calldata: Vec<u8>) -> Word {
        let output = self.evm.view(contract, calldata).unwrap();
        output.try_into().unwrap()
    }

    pub fn view(&mut self, signature: &str) -> Word {
        self.view_of(self.rollup, encode_call(signature, &[]))
    }

    pub fn number(&mut self, signature: &str) -> u64 {
        let word = self.view(signature);
        u64::from_be_bytes(word[24..].try_into().unwrap())
    }

    pub fn owed(&mut self, token: u32, owner: Address) -> u128 {
        let word = self.view_of(self.rollup, owed_call(token, &owner));
        assert_eq!(word[..16], [0; 16]);
        u128::from_be_bytes(word[16..].try_into().unwrap())
    }

    /// What `owner` holds of an ERC-20.
    pub fn balance(&mut self, token: Address, owner: Address) -> u128 {
        let call = encode_call("balanceOf(address)", &[word_from_address(&owner)]);
        let word = self.view_of(token, call);
        u128::from_be_bytes(word[16..].try_into().unwrap())
    }

    pub fn queue_hash(&mut self, index: u64) -> Word {
        self.view_of(self.rollup, queue_hash_call(index))
    }

    /// Queues a deposit of one ether into a new account of `owner`.
    pub fn deposit(&mut self, owner: Address, wei: u128) -> Entry {
        let call = Call::DepositEth {
            ax: Fr::from(0u64),
            ay: Fr::from(0u64),
            l1_owner: owner,
        };
        self.ok(ALICE, &call, wei);
        *self.queue.last().unwrap()
    }

    pub fn submit(&mut self, calldata: Vec<u8>) -> Receipt {
        self.raw(SENDER, self.rollup, calldata, 0)
    }

    /// A batch with this data at the block's time. Its proof satisfies nobody but the accepting verifier.
    pub fn batch(&self, data: &Data, seed: u64) -> BatchCall {
        let mut data = data.clone();
        data.fees
            .resize(self.config.fee_slots as usize, Default::default());
        let mut rng = rng(seed);
        BatchCall {
            timestamp: self.now(),
            post_state_root: Fr::rand(&mut rng),
            commitment: Fr::rand(&mut rng),
            proof: Proof::<Bn254>::default(),
            data: data.encode(),
        }
    }

    /// Random contents that consume `l` entries and show w withdrawals, e creations and t pairs of operations.
    pub fn random_data(&mut self, [l, w, e, t]: [usize; 4], seed: u64) -> Data {
        let mut rng = rng(seed);
        let mut data = Data::default();
        let consumed = self.number("consumed()") as usize;
        for entry in &self.queue[consumed..consumed + l] {
            let result = match entry.kind as u8 {
                1 => rng.gen_range(0..1u128 << 33),
                2 => rng.gen_range(0..2),
                _ => rng.r#gen(),
            };
            data.entry(entry, result);
        }
        for i in 0..self.config.fee_slots {
            let mut slot = [0; 10];
            if i % 3 != 2 {
                rng.fill(&mut slot[1..]);
                slot[0] = 1;
            }
            data.fees.push(slot);
        }
        for _ in 0..w {
            // Exponents up to 15: any mantissa then gives less than 2^128.
            let amount = rng.gen_range(0..16u64) << 35 | rng.gen_range(0..1u64 << 35);
            data.withdrawals.push((rng.r#gen(), rng.r#gen(), amount));
        }
        for _ in 0..e {
            let words = [Fr::rand(&mut rng), Fr::rand(&mut rng)];
            data.creations.push(
                words
                    .each_ref()
                    .map(zkroll_verifier_sol::abi::word_from_field),
            );
        }
        for _ in 0..t {
            let mut pair = [0; 31];
            rng.fill(&mut pair);
            data.operations.push(pair);
        }
        data
    }

    /// ρ and y that the contract must compute for the next batch.
    pub fn mirror(&mut self, call: &BatchCall) -> (Fr, Fr) {
        let pre_state_root = fr_from_word(&self.view("stateRoot()")).unwrap();
        let number = self.number("batchNumber()") + 1;
        let consumed = self.number("consumed()");
        let batch = Batch {
            config: &self.config,
            chain_id: self.evm.config().chain_id,
            contract: self.rollup,
            timestamp: call.timestamp,
            number,
            pre_state_root,
            post_state_root: call.post_state_root,
            consumed,
            data: &call.data,
            claim: None,
        };
        batch.challenge(&call.commitment)
    }

    /// Batches on top of each other, each with the C₁, z and value of its slice if it is in a blob, and with a
    /// proof for what the mirror computes if there is a key. The data of all, one after the other.
    pub fn heads(
        &mut self,
        batches: &[(Data, Option<[Fr; 5]>)],
        pk: Option<&ProvingKey<Bn254>>,
        seed: u64,
    ) -> (Vec<BatchHead>, Vec<u8>) {
        let mut rng = rng(seed);
        let mut pre_state_root = fr_from_word(&self.view("stateRoot()")).unwrap();
        let first = self.number("batchNumber()") + 1;
        let mut consumed = self.number("consumed()");
        let (mut heads, mut all) = (Vec::new(), Vec::new());
        for (number, (data, claim)) in (first..).zip(batches) {
            let bytes = data.encode();
            let batch = Batch {
                config: &self.config,
                chain_id: self.evm.config().chain_id,
                contract: self.rollup,
                timestamp: self.now(),
                number,
                pre_state_root,
                post_state_root: Fr::rand(&mut rng),
                consumed,
                data: &bytes,
                claim: *claim,
            };
            let commitment = Fr::rand(&mut rng);
            let (rho, y) = batch.challenge(&commitment);
            let proof = pk.map_or_else(Proof::default, |pk| {
                prove(pk, &[commitment, rho, y], seed + number)
            });
            heads.push(BatchHead {
                timestamp: batch.timestamp,
                post_state_root: batch.post_state_root,
                commitment,
                proof,
            });
            pre_state_root = batch.post_state_root;
            consumed += data.l1.len() as u64;
            all.extend(bytes);
        }
        (heads, all)
    }

    /// ρ and y that it computes.
    pub fn challenge(&mut self, call: &BatchCall) -> (Fr, Fr) {
        let calldata = challenge_call(
            call.timestamp,
            &call.post_state_root,
            &call.commitment,
            &call.data,
        );
        let output = self.evm.view(self.rollup, calldata).unwrap();
        let (words, rest) = output.as_chunks::<32>();
        assert!(words.len() == 2 && rest.is_empty());
        (
            fr_from_word(&words[0]).unwrap(),
            fr_from_word(&words[1]).unwrap(),
        )
    }

    /// Gives a batch a proof for what the mirror computes.
    pub fn proven(&mut self, mut call: BatchCall, pk: &ProvingKey<Bn254>, seed: u64) -> BatchCall {
        let (rho, y) = self.mirror(&call);
        call.proof = prove(pk, &[call.commitment, rho, y], seed);
        call
    }

    /// Gives an exit a proof under a key for five inputs.
    pub fn prove_exit(&mut self, exit: &mut ExitProof, root: Fr, pk: &ProvingKey<Bn254>) {
        let chain_id = self.evm.config().chain_id;
        exit.proof = prove(pk, &exit_inputs(root, chain_id, &self.rollup, exit), 5);
    }
}

#[track_caller]
pub fn assert_error(receipt: &Receipt, expected: &str) {
    assert!(!receipt.success);
    assert_eq!(receipt.failure(), format!("revert {expected}"));
}

/// An address or a word as errors print them.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits = hex::encode(bytes);
    let digits = digits.trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}
