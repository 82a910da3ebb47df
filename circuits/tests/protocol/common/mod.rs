//! What the protocol's tests share.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod ledger;

use std::str::FromStr;

use ark_bn254::Fr;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::Value;
use zkroll_circuits::protocol::{
    account::AccountIndex,
    amount::{Amount, Fee},
    babyjubjub::{self, Point},
    eddsa::PrivateKey,
    transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
    uint::U40,
};

/// The vectors made with circomlibjs 0.1.7.
pub fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/circomlibjs.json")).unwrap()
}

/// A field element from a decimal string.
pub fn word(value: &Value) -> Fr {
    Fr::from_str(value.as_str().unwrap()).unwrap()
}

/// A generator that yields the same values in every run.
pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// A point from an array of two decimal strings.
pub fn point(value: &Value) -> Point {
    babyjubjub::point(word(&value[0]), word(&value[1])).unwrap()
}

/// The contract and chain of the tests.
pub fn domain() -> Domain {
    Domain {
        chain_id: 0xfedc_ba98_7654_3210,
        contract: Address([0xab; 20]),
    }
}

/// The private key of owner `owner`.
pub fn key(owner: u8) -> PrivateKey {
    PrivateKey::from([owner; 32])
}

/// A transfer of token 7 with nonce 0, good until 2 000 000 000.
pub fn transfer(from: u64, to: u64, amount: u128, fee: u128) -> Transfer {
    Transfer {
        from: AccountIndex::try_from(from).unwrap(),
        recipient: Recipient::account(AccountIndex::try_from(to).unwrap()),
        amount: Amount::from_value(amount).unwrap(),
        fee: Fee::from_value(fee).unwrap(),
        token: 7,
        nonce: U40::default(),
        valid_until: U40::try_from(2_000_000_000).unwrap(),
    }
}

/// The transfer with the signature of owner `owner`.
pub fn signed(owner: u8, transfer: Transfer) -> SignedTransfer {
    transfer.sign(&key(owner), &domain())
}
