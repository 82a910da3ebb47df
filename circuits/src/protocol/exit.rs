//! Leaving without the operator: what an owner signs and what an exit proof says.
//!
//! ```text
//! M  = Poseidon₃(m0, account, address)       m0 with operation 4
//! x₁ = a state root
//! x₂ = version 8 | chain id 64 | contract 160
//! x₃ = token 32 | account 40 | balance 128
//! x₄ = address 160
//! x₅ = 0, or Ax
//! ```
//!
//! Source: `docs/protocol.md` §9. The proof says that under the root the account has this token and balance, and
//! that its `l1_owner` is the address (x₅ = 0) or its key signed M (x₅ is its Ax). A signature is for one account
//! and one address for ever: it pays nobody else, and what is paid leaves the account.

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use serde::{Deserialize, Serialize};

use super::{
    account::AccountIndex,
    eddsa::{PrivateKey, Signature},
    field, poseidon,
    public_data::domain_word,
    queue::ACCOUNT_BITS,
    transfer::{Address, Domain, OPERATION_EXIT, m0},
};

/// M, for an account that pays an address.
pub fn message(domain: &Domain, account: AccountIndex, address: &Address) -> Fr {
    let account = Fr::from(account.get());
    poseidon::hash(&[m0(OPERATION_EXIT, domain), account, address.word()])
}

/// The owner's signature of [`message`].
pub fn sign(
    key: &PrivateKey,
    domain: &Domain,
    account: AccountIndex,
    address: &Address,
) -> Signature {
    key.sign(message(domain, account, address))
}

/// What an exit proof says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExitStatement {
    /// Chain and contract.
    pub domain: Domain,
    /// The state root.
    #[serde(with = "field::element")]
    pub root: Fr,
    /// The account.
    pub account: AccountIndex,
    /// Its token.
    pub token: u32,
    /// Its balance.
    #[serde(with = "field::decimal")]
    pub balance: u128,
    /// Who is paid; the contract refuses 0.
    pub address: Address,
    /// Who says so: the account's Ax, or 0 for its `l1_owner`.
    #[serde(with = "field::element")]
    pub authority: Fr,
}

impl ExitStatement {
    /// Whether the key decides, and not the `l1_owner`.
    pub fn is_by_key(&self) -> bool {
        self.authority != Fr::ZERO
    }

    /// x₁, …, x₅.
    pub fn public_inputs(&self) -> [Fr; 5] {
        [
            self.root,
            domain_word(&self.domain),
            field::pack(&[
                (self.token.into(), 32),
                (self.account.get().into(), ACCOUNT_BITS),
                (self.balance, 128),
            ]),
            self.address.word(),
            self.authority,
        ]
    }
}
