//! Random histories: deposits, exits, transfers, withdrawals, new accounts, good and bad, batch after batch. The
//! circuit accepts what the ledger applied, the public data rebuild it, and no unit of a token comes or goes.

use super::{
    BatchCircuit,
    tests::{TIME, assert_satisfies, domain, in_a_blob, index, key, public_data, published},
};
use crate::protocol::{
    account::{Account, AccountIndex},
    amount::{Amount, Fee},
    eddsa::PublicKey,
    ledger::{BatchTrace, Ledger},
    public_data::{BatchShape, DataForm, FeeSlot},
    queue::{Entry, EntryType, Outcome},
    transfer::{Address, Recipient, SignedTransfer, Transfer},
    uint::U40,
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;

const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 5,
    l1_slots: 3,
    fee_slots: 2,
    withdrawals: 1,
    creations: 1,
    depth: 3,
};
const TOKENS: [u32; 2] = [0, 5];
const OWNERS: u8 = 4;
const BATCHES: usize = 60;

/// What the contract would hold and owe of each token.
#[derive(Default)]
struct Till {
    held: BTreeMap<u32, u128>,
    owed: BTreeMap<u32, u128>,
}

impl Till {
    fn settle(&mut self, trace: &BatchTrace) {
        for entry in &trace.l1 {
            let Entry { token, amount, .. } = entry.slot.entry;
            *self.held.entry(token).or_default() += amount;
            *self.owed.entry(token).or_default() += match entry.slot.outcome {
                Outcome::ToppedUp(false) => amount,
                Outcome::Paid(balance) => balance,
                Outcome::Created(_) | Outcome::ToppedUp(true) => 0,
            };
        }
        for withdrawal in public_data(trace).withdrawals() {
            *self.owed.entry(withdrawal.token).or_default() += withdrawal.amount.value().unwrap();
        }
    }

    fn assert_conserved(&self, ledger: &Ledger) {
        for token in TOKENS {
            let balances = ledger
                .accounts()
                .filter(|(_, account)| account.token == token);
            let balances: u128 = balances.map(|(_, account)| account.balance).sum();
            let of = |sums: &BTreeMap<u32, u128>| sums.get(&token).copied().unwrap_or_default();
            assert_eq!(of(&self.held), balances + of(&self.owed), "token {token}");
        }
    }
}

struct History {
    rng: StdRng,
    ledger: Ledger,
}

impl History {
    fn owner(&mut self) -> u8 {
        self.rng.gen_range(1..=OWNERS)
    }

    fn address(&mut self) -> Address {
        Address([self.owner(); 20])
    }

    fn token(&mut self) -> u32 {
        TOKENS[self.rng.gen_range(0..TOKENS.len())]
    }

    /// An account that may be there, and its token or another one.
    fn account(&mut self) -> (AccountIndex, u32) {
        let count = self.ledger.accounts().len() as u64;
        let index = index(self.rng.gen_range(0..count + 2));
        let token = match self.ledger.account(index) {
            Some(account) if self.rng.gen_bool(0.9) => account.token,
            _ => self.token(),
        };
        (index, token)
    }

    fn entry(&mut self) -> Entry {
        let kind = EntryType::ALL[self.rng.gen_range(0..4)];
        let (account, token) = self.account();
        // Half of the entries about an account are its owner's.
        let theirs = self.ledger.account(account).cloned();
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

    /// Signed by the owner of `from`, mostly.
    fn transfer(&mut self, nonces: &BTreeMap<AccountIndex, u64>) -> Option<SignedTransfer> {
        let (from, token) = self.account();
        let (to, _) = self.account();
        let sender = self.ledger.account(from)?.clone();
        let owner = self.owner();
        let recipient = match self.rng.gen_range(0..4) {
            0 => Recipient::L1(self.address()),
            1 => Recipient::NewAccount(key(owner).public_key()),
            2 => Recipient::account(to),
            _ => Recipient::Account {
                index: to,
                owner: key(owner).public_key().x,
            },
        };
        let nonce = nonces.get(&from).copied().unwrap_or(sender.nonce.get());
        let transfer = Transfer {
            from,
            recipient,
            amount: Amount::from_value(self.rng.gen_range(0..50_000)).unwrap(),
            fee: Fee::from_value(self.rng.gen_range(0..20)).unwrap(),
            token,
            nonce: U40::try_from(nonce).unwrap(),
            valid_until: U40::try_from(TIME).unwrap(),
        };
        let signers = (1..=OWNERS).map(key);
        let signer = signers
            .into_iter()
            .find(|key| key.public_key() == sender.public_key)?;
        Some(transfer.sign(&signer, &domain()))
    }
}

#[test]
fn random_histories_agree_and_conserve() {
    run(SHAPE, 0x6715);
}

#[test]
fn so_do_those_of_batches_in_blobs() {
    run(in_a_blob(SHAPE), 0x4844);
}

fn run(shape: BatchShape, seed: u64) {
    let account = |seed, token| Account::new(key(seed).public_key(), token, 0).unwrap();
    let genesis = [(index(0), account(1, 0)), (index(1), account(2, 5))];
    let ledger = Ledger::from_genesis(3, domain(), genesis).unwrap();
    let mut replica = ledger.clone();
    let mut history = History {
        rng: StdRng::seed_from_u64(seed),
        ledger,
    };
    let circuit = BatchCircuit::new(shape).unwrap();
    let fee_slots = [(0, 0), (5, 1)].map(|(token, account)| FeeSlot {
        token,
        account: index(account),
    });
    let mut till = Till::default();
    let mut seen = BTreeMap::<String, usize>::new();
    for _ in 0..BATCHES {
        let entries: Vec<_> = (0..history.rng.gen_range(0..=shape.l1_slots))
            .map(|_| history.entry())
            .collect();
        // Transfers that a node takes in one by one; those that it refuses change nothing.
        let mut transfers: Vec<SignedTransfer> = Vec::new();
        let mut nonces = BTreeMap::new();
        for _ in 0..12 {
            let Some(transfer) = history.transfer(&nonces) else {
                continue;
            };
            let tried = [&transfers[..], &[transfer]].concat();
            let mut ledger = history.ledger.clone();
            match ledger.apply_batch(&shape, TIME, &entries, &fee_slots, &tried) {
                Ok(_) => {
                    *nonces
                        .entry(transfer.transfer.from)
                        .or_insert(transfer.transfer.nonce.get()) += 1;
                    transfers = tried;
                }
                Err(error) => {
                    *seen.entry("refused".to_owned()).or_default() += 1;
                    assert_eq!(ledger, history.ledger, "{error}");
                }
            }
        }
        let trace = history
            .ledger
            .apply_batch(&shape, TIME, &entries, &fee_slots, &transfers)
            .unwrap();
        for entry in &trace.l1 {
            let outcome = format!("{:?}", entry.slot.outcome);
            let applied = !matches!(outcome.as_str(), "ToppedUp(false)" | "Paid(0)");
            let name = format!("{:?} {applied}", entry.slot.entry.kind);
            *seen.entry(name).or_default() += 1;
        }
        for transfer in &transfers {
            let name = format!("{:?}", transfer.transfer.recipient.operation());
            *seen.entry(name).or_default() += 1;
        }
        let data = assert_satisfies(&circuit, &trace);
        replica.apply_public_data(&published(&data)).unwrap();
        assert_eq!(replica, history.ledger);
        till.settle(&trace);
        till.assert_conserved(&history.ledger);
    }
    // The history has something of everything.
    for name in [
        "Create true",
        "TopUp true",
        "TopUp false",
        "Exit true",
        "Exit false",
        "ExitByKey true",
        "ExitByKey false",
        "Transfer",
        "Withdrawal",
        "NewAccount",
        "refused",
    ] {
        assert!(
            seen.get(name).copied().unwrap_or_default() > 0,
            "{name}: {seen:?}"
        );
    }
}
