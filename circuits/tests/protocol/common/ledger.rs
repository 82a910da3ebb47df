//! A small ledger and how to act on it.

use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    ledger::{BatchTrace, Ledger, LedgerError},
    public_data::{BatchShape, DataForm, FeeSlot},
    uint::U40,
};

use super::{domain, key, signed, transfer};

pub const DEPTH: usize = 2;
pub const TIMESTAMP: u64 = 1_900_000_000;
pub const SHAPE: BatchShape = BatchShape {
    form: DataForm::Calldata,
    transfers: 4,
    l1_slots: 5,
    fee_slots: 2,
    withdrawals: 2,
    creations: 2,
    depth: 2,
};

pub fn index(index: u64) -> AccountIndex {
    AccountIndex::try_from(index).unwrap()
}

/// A ledger with these accounts at indices 0, 1, ….
pub fn genesis(depth: usize, accounts: Vec<Account>) -> Result<Ledger, LedgerError> {
    let accounts = accounts.into_iter().zip(0..);
    Ledger::from_genesis(
        depth,
        domain(),
        accounts.map(|(account, at)| (index(at), account)),
    )
}

pub fn u40(value: u64) -> U40 {
    U40::try_from(value).unwrap()
}

pub fn account(owner: u8, token: u32, balance: u128) -> Account {
    Account::new(key(owner).public_key(), token, balance).unwrap()
}

/// Accounts 0, 1, 2 of token 7 (owners 1, 2, 3), 3 of token 8, 4 of token 7 and nearly full, 5 with
/// the last nonce.
pub fn ledger() -> Ledger {
    let mut last_nonce = account(6, 7, 1000);
    last_nonce.nonce = U40::MAX;
    let accounts = vec![
        account(1, 7, 1000),
        account(2, 7, 500),
        account(3, 7, 0),
        account(4, 8, 1000),
        account(5, 7, u128::MAX - 50),
        last_nonce,
    ];
    genesis(DEPTH, accounts).unwrap()
}

pub fn slot(token: u32, account: u64) -> FeeSlot {
    FeeSlot {
        token,
        account: index(account),
    }
}

pub fn balance(ledger: &Ledger, account: u64) -> u128 {
    ledger.account(index(account)).unwrap().balance
}

/// A batch of two transfers with fees, and its trace.
pub fn applied() -> (Ledger, Ledger, BatchTrace) {
    let before = ledger();
    let mut after = before.clone();
    let batch = [
        signed(1, transfer(0, 1, 100, 2)),
        signed(2, transfer(1, 4, 20, 3)),
    ];
    let trace = after
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[slot(7, 2)], &batch)
        .unwrap();
    (before, after, trace)
}
