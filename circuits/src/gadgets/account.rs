//! Accounts and their leaves, `Poseidon₄(Ax, Ay, token | nonce 40 | balance 128, flags | l1_owner)`.
//!
//! *Invariant.* Every leaf in the tree was written with its fields in range: at genesis by
//! [`protocol::account`](crate::protocol::account), afterwards by the constraints here. So a leaf's
//! packed word is an integer below 2^200 with one decomposition, and of an account that is proven to
//! be in the tree only the *lower* fields need ranges: with balance < 2^128 and nonce < 2^40 the
//! token is what the true token is. Without the balance's range a prover could read a balance of
//! B + 2^128 and the nonce before, which replays the transfer before; without the nonce's, any
//! balance at all.

use super::{
    babyjubjub::PointVar,
    bits::enforce_range,
    poseidon::{first_sbox, hash_after_first_sboxes},
};
use crate::{
    protocol::{account::Account, uint::U40},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;
use ark_ff::Field;

/// Bits of a balance.
pub const BALANCE_BITS: usize = 128;
/// Bits of a nonce.
pub const NONCE_BITS: usize = U40::BITS as usize;
/// Inputs of a leaf's hash.
const LEAF_INPUTS: usize = 4;

/// An account whose leaf is proven to be in the tree, or to come into it.
#[derive(Clone, Debug)]
pub struct AccountVar {
    /// The owner's key. Nothing here says that it is on the curve.
    pub key: PointVar,
    /// The token; in range by the invariant once the other fields are.
    pub token: Num,
    /// The nonce; its range is the caller's.
    pub nonce: Num,
    /// The balance, below 2^128.
    pub balance: Num,
    /// `flags | l1_owner`, carried along.
    pub owner: Num,
}

/// What an account's leaf was and is.
#[derive(Clone, Debug)]
pub struct Leaves {
    /// Before.
    pub old: Num,
    /// After.
    pub new: Num,
}

impl AccountVar {
    /// The witness of an account, its balance in range.
    pub fn witness(builder: &mut Builder, account: &Account) -> Result<Self> {
        let token = builder.witness(Fr::from(account.token))?;
        Self::witness_of_token(builder, account, &token)
    }

    /// The same for an account whose token must be `token`.
    pub fn witness_of_token(builder: &mut Builder, account: &Account, token: &Num) -> Result<Self> {
        let key = PointVar {
            x: builder.witness(account.public_key.x)?,
            y: builder.witness(account.public_key.y)?,
        };
        let nonce = builder.witness(Fr::from(account.nonce.get()))?;
        let balance = builder.witness(Fr::from(account.balance))?;
        let owner = builder.witness(account.owner_word())?;
        builder.scope("balance_before", |builder| {
            enforce_range(builder, &balance, BALANCE_BITS)
        })?;
        Ok(Self {
            key,
            token: token.clone(),
            nonce,
            balance,
            owner,
        })
    }

    /// Takes `amount` and uses up one nonce. Enforces that balance and nonce allow it: 0 ≤ balance −
    /// amount, 0 ≤ nonce, nonce + 1 < 2^40.
    pub fn debit(&self, builder: &mut Builder, amount: &Num) -> Result<Leaves> {
        let balance = &self.balance - amount;
        builder.scope("balance_after", |builder| {
            enforce_range(builder, &balance, BALANCE_BITS)
        })?;
        let nonce = &self.nonce + &Num::one();
        builder.scope("nonce", |builder| {
            // nonce + 1 in 1…2^40 − 1: the range of the old and of the new nonce at once.
            builder.enforce_nonzero(&nonce)?;
            enforce_range(builder, &nonce, NONCE_BITS)
        })?;
        self.leaves(builder, &nonce, &balance)
    }

    /// Adds `amount`. Enforces balance + amount < 2^128 and the nonce's range.
    pub fn credit(&self, builder: &mut Builder, amount: &Num) -> Result<Leaves> {
        let balance = &self.balance + amount;
        builder.scope("balance_after", |builder| {
            enforce_range(builder, &balance, BALANCE_BITS)
        })?;
        builder.scope("nonce", |builder| {
            enforce_range(builder, &self.nonce, NONCE_BITS)
        })?;
        self.leaves(builder, &self.nonce, &balance)
    }

    /// Replaces the balance, which the caller shows to be below 2^128, and keeps the nonce. Enforces the
    /// nonce's range.
    pub fn with_balance(&self, builder: &mut Builder, balance: &Num) -> Result<Leaves> {
        builder.scope("nonce", |builder| {
            enforce_range(builder, &self.nonce, NONCE_BITS)
        })?;
        self.leaves(builder, &self.nonce, balance)
    }

    /// The two leaves: 12 + 2·285 constraints, three of four lanes being common to both.
    fn leaves(&self, builder: &mut Builder, nonce: &Num, balance: &Num) -> Result<Leaves> {
        builder.scope("leaf", |builder| {
            let mut lane = |i, input: &Num| first_sbox(builder, LEAF_INPUTS, i, input);
            let [x, y] = [lane(0, &self.key.x)?, lane(1, &self.key.y)?];
            let old = lane(2, &self.packed(&self.nonce, &self.balance))?;
            let new = lane(2, &self.packed(nonce, balance))?;
            let owner = lane(3, &self.owner)?;
            let mut leaf = |packed: Num| {
                let lanes = [x.clone(), y.clone(), packed, owner.clone()];
                hash_after_first_sboxes(builder, &lanes)
            };
            Ok(Leaves {
                old: leaf(old)?,
                new: leaf(new)?,
            })
        })
    }

    /// `token | nonce 40 | balance 128`.
    fn packed(&self, nonce: &Num, balance: &Num) -> Num {
        let mut packed = balance.clone();
        packed.add_scaled(nonce, power_of_two(BALANCE_BITS));
        packed.add_scaled(&self.token, power_of_two(BALANCE_BITS + NONCE_BITS));
        packed
    }
}

/// 2^n.
pub fn power_of_two(n: usize) -> Fr {
    Fr::from(2u64).pow([n as u64])
}
