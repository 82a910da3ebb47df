//! Accounts and their leaves.
//!
//! ```text
//! leaf = Poseidon₄(Ax, Ay, token 32 | nonce 40 | balance 128, flags 8 | l1_owner 160)
//! ```
//!
//! Source: `docs/protocol.md` §3. An account holds one token for one owner. The leaf of an absent
//! account is 0, which no known input hashes to.
//!
//! Invariant of every account in a ledger: its key is on the curve and 8·A ≠ O, or it is (0, 0) and there is
//! an `l1_owner`; its flags are 0.
//! [`Account::validate`] checks it, at genesis and whenever an account is deserialised.

use ark_bn254::Fr;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    eddsa::{KeyError, PublicKey},
    field, poseidon,
    transfer::Address,
    uint::{U40, bounded_integer},
};

bounded_integer! {
    /// The position of an account in the state tree.
    AccountIndex, 33, get, "an account index"
}

/// Why an account cannot exist.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountError {
    /// Its key cannot own an account.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Nobody could move what it holds.
    #[error("expected a public key or an l1Owner, got neither")]
    NoOwner,
    /// Flags are reserved.
    #[error("expected flags 0 in version 2, got {got}")]
    Flags {
        /// The flags.
        got: u8,
    },
}

/// One token of one owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedAccount")]
pub struct Account {
    /// The owner's key A, or [`PublicKey::NONE`].
    pub public_key: PublicKey,
    /// What the account holds; 0 is ETH.
    pub token: u32,
    /// Operations sent.
    pub nonce: U40,
    /// In the smallest unit of the token.
    #[serde(with = "field::decimal")]
    pub balance: u128,
    /// Who may leave without a Baby Jubjub key; zero if none.
    pub l1_owner: Address,
    /// Zero in version 2.
    pub flags: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedAccount {
    public_key: PublicKey,
    token: u32,
    nonce: U40,
    #[serde(with = "field::decimal")]
    balance: u128,
    l1_owner: Address,
    flags: u8,
}

impl TryFrom<UncheckedAccount> for Account {
    type Error = AccountError;

    fn try_from(unchecked: UncheckedAccount) -> Result<Self, AccountError> {
        let account = Self {
            public_key: unchecked.public_key,
            token: unchecked.token,
            nonce: unchecked.nonce,
            balance: unchecked.balance,
            l1_owner: unchecked.l1_owner,
            flags: unchecked.flags,
        };
        account.validate()?;
        Ok(account)
    }
}

impl Account {
    /// An account that has sent nothing and has no L1 owner.
    ///
    /// # Errors
    /// If the key is not on the curve, or 8·A is the identity.
    pub fn new(public_key: PublicKey, token: u32, balance: u128) -> Result<Self, AccountError> {
        let account = Self {
            balance,
            ..Self::opened(public_key, token, Address::default())
        };
        account.validate()?;
        Ok(account)
    }

    /// An account that has sent nothing and holds nothing, its owners unchecked.
    pub(crate) fn opened(public_key: PublicKey, token: u32, l1_owner: Address) -> Self {
        Self {
            public_key,
            token,
            nonce: U40::default(),
            balance: 0,
            l1_owner,
            flags: 0,
        }
    }

    /// Checks the module's invariant.
    ///
    /// # Errors
    /// If the key is not on the curve, 8·A is the identity, there is no owner at all, or a flag is set.
    pub fn validate(&self) -> Result<(), AccountError> {
        match self.flags {
            0 if self.public_key.is_none() => match self.l1_owner == Address::default() {
                true => Err(AccountError::NoOwner),
                false => Ok(()),
            },
            0 => self.public_key.point().map(drop).map_err(AccountError::Key),
            got => Err(AccountError::Flags { got }),
        }
    }

    /// The leaf in the state tree.
    pub fn leaf(&self) -> Fr {
        poseidon::hash(&[
            self.public_key.x,
            self.public_key.y,
            self.state_word(),
            self.owner_word(),
        ])
    }

    /// token 32 | nonce 40 | balance 128.
    pub fn state_word(&self) -> Fr {
        field::pack(&[
            (self.token.into(), 32),
            (self.nonce.get().into(), 40),
            (self.balance, 128),
        ])
    }

    /// flags 8 | l1_owner 160.
    pub fn owner_word(&self) -> Fr {
        let [high, low] = self.l1_owner.fields();
        field::pack(&[(self.flags.into(), 8), high, low])
    }
}
