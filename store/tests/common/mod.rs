//! A small rollup and random histories of it: entries of every type, transfers, withdrawals, new accounts.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use rand::{Rng, SeedableRng, rngs::StdRng};
use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::{PrivateKey, PublicKey},
    ledger::{BatchError, BatchTrace, Ledger},
    public_data::{BatchShape, DataForm, FeeSlot, PublicData},
    queue::{Entry, EntryType},
    transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    uint::U40,
};

pub const DEPTH: usize = 3;
pub const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 4,
    l1_slots: 3,
    fee_slots: 2,
    withdrawals: 1,
    creations: 1,
    depth: DEPTH as u32,
};
pub const TIME: u64 = 1_800_000_000;
const TOKENS: [u32; 2] = [0, 5];
const OWNERS: u8 = 4;

pub fn domain() -> Domain {
    Domain {
        chain_id: 0xfedc_ba98_7654_3210,
        contract: Address([0xab; 20]),
    }
}

pub fn key(owner: u8) -> PrivateKey {
    PrivateKey::from([owner; 32])
}

pub fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

/// Accounts 0 and 1 take the fees of the two tokens.
pub fn genesis() -> Ledger {
    let account = |seed, token| Account::new(key(seed).public_key(), token, 0).unwrap();
    let accounts = [(index(0), account(1, 0)), (index(1), account(2, 5))];
    Ledger::from_genesis(DEPTH, domain(), accounts).unwrap()
}

pub fn fee_slots() -> [FeeSlot; 2] {
    [(0, 0), (5, 1)].map(|(token, account)| FeeSlot {
        token,
        account: index(account),
    })
}

/// What a batch is made of.
#[derive(Clone, Debug)]
pub struct Batch {
    /// [`SHAPE`], with the operations in calldata or in a blob.
    pub shape: BatchShape,
    pub timestamp: u64,
    pub entries: Vec<Entry>,
    pub transfers: Vec<SignedTransfer>,
}

impl Batch {
    pub fn apply(&self, ledger: &mut Ledger) -> Result<BatchTrace, BatchError> {
        let Self {
            shape,
            timestamp,
            entries,
            transfers,
        } = self;
        ledger.apply_batch(shape, *timestamp, entries, &fee_slots(), transfers)
    }
}

/// What the batch publishes; a blob is evaluated at `point`.
pub fn published(trace: &BatchTrace, point: u64) -> PublicData {
    match trace.header.shape.form {
        DataForm::Calldata => trace.public_data(),
        DataForm::Blob => trace.public_data_with_blob(point.into()),
    }
    .unwrap()
}

/// Draws batches and entries.
pub struct History {
    pub rng: StdRng,
}

impl History {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
        }
    }

    fn owner(&mut self) -> u8 {
        self.rng.gen_range(1..=OWNERS)
    }

    fn address(&mut self) -> Address {
        Address([self.owner(); 20])
    }

    /// An account that may be there, and its token or another one.
    fn account(&mut self, ledger: &Ledger) -> (AccountIndex, u32) {
        let count = ledger.accounts().len() as u64;
        let index = index(self.rng.gen_range(0..count + 2));
        let token = match ledger.account(index) {
            Some(account) if self.rng.gen_bool(0.9) => account.token,
            _ => TOKENS[self.rng.gen_range(0..TOKENS.len())],
        };
        (index, token)
    }

    /// An entry that a contract may queue; half of those about an account are its owner's.
    pub fn entry(&mut self, ledger: &Ledger) -> Entry {
        let kind = EntryType::ALL[self.rng.gen_range(0..4)];
        let (account, token) = self.account(ledger);
        let theirs = ledger.account(account).cloned();
        let theirs = theirs.filter(|_| self.rng.gen_bool(0.5));
        let owner = self.owner();
        let key = match kind {
            EntryType::Create if self.rng.gen_bool(0.3) => PublicKey::NONE,
            EntryType::Create => key(owner).public_key(),
            EntryType::Exit => PublicKey::NONE,
            EntryType::TopUp | EntryType::ExitByKey => PublicKey {
                x: match &theirs {
                    Some(account) if !account.public_key.is_none() => account.public_key.x,
                    _ => key(owner).public_key().x,
                },
                y: Fr::ZERO,
            },
        };
        let address = match &theirs {
            Some(account) if account.l1_owner != Address::default() => account.l1_owner,
            _ => self.address(),
        };
        let deposit = self.rng.gen_range(1..1_000_000);
        Entry {
            kind,
            token,
            account: match kind {
                EntryType::Create => index(0),
                _ => account,
            },
            address,
            amount: if kind.is_deposit() { deposit } else { 0 },
            key,
            timestamp: U40::default(),
        }
    }

    /// Signed by the owner of `from`, mostly good.
    fn transfer(
        &mut self,
        ledger: &Ledger,
        nonces: &BTreeMap<AccountIndex, u64>,
    ) -> Option<SignedTransfer> {
        let (from, token) = self.account(ledger);
        let (to, _) = self.account(ledger);
        let sender = ledger.account(from)?;
        let owner = self.owner();
        let recipient = match self.rng.gen_range(0..4) {
            0 => Recipient::L1(self.address()),
            1 => Recipient::NewAccount(key(owner).public_key()),
            _ => Recipient::account(to),
        };
        let nonce = nonces.get(&from).copied().unwrap_or(sender.nonce.get());
        let transfer = Transfer {
            from,
            recipient,
            amount: Amount::from_value(self.rng.gen_range(0..50_000)).unwrap(),
            fee: Fee::from_value(self.rng.gen_range(0..20)).unwrap(),
            token,
            nonce: U40::try_from(nonce).unwrap(),
            valid_until: U40::MAX,
        };
        let mut signers = (1..=OWNERS).map(key);
        let signer = signers.find(|key| key.public_key() == sender.public_key)?;
        Some(transfer.sign(&signer, ledger.domain()))
    }

    /// A batch that the ledger applies. Its entries are `waiting`, or some of them, or drawn if there are none.
    pub fn batch(&mut self, ledger: &Ledger, waiting: &[Entry]) -> Batch {
        let count = self.rng.gen_range(0..=SHAPE.l1_slots as usize);
        let entries = match waiting {
            [] => (0..count).map(|_| self.entry(ledger)).collect(),
            _ => waiting[..count.min(waiting.len())].to_vec(),
        };
        let form = match self.rng.gen_bool(0.3) {
            true => DataForm::Blob,
            false => DataForm::Calldata,
        };
        let mut batch = Batch {
            shape: BatchShape { form, ..SHAPE },
            timestamp: ledger.timestamp().get().max(TIME) + self.rng.gen_range(0..30),
            entries,
            transfers: Vec::new(),
        };
        let mut nonces = BTreeMap::new();
        for _ in 0..6 {
            let Some(transfer) = self.transfer(ledger, &nonces) else {
                continue;
            };
            batch.transfers.push(transfer);
            if batch.apply(&mut ledger.clone()).is_ok() {
                let nonce = transfer.transfer.nonce.get();
                *nonces.entry(transfer.transfer.from).or_insert(nonce) += 1;
            } else {
                batch.transfers.pop();
            }
        }
        batch
    }
}
