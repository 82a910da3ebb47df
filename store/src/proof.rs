//! An account under a state root.

use ark_bn254::Fr;
use serde::{Deserialize, Serialize};
use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    field,
    tree::Path,
};

/// What an account was after a batch, and its path to the state root: with it an owner escapes from a frozen
/// contract, or shows a balance to whoever knows the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountProof {
    /// The batch.
    #[serde(with = "field::decimal")]
    pub batch_number: u64,
    /// The state root after it.
    #[serde(with = "field::element")]
    pub root: Fr,
    /// The account's index.
    pub index: AccountIndex,
    /// The account; none if there was none.
    pub account: Option<Account>,
    /// The path from its leaf to the root.
    pub path: Path,
}

impl AccountProof {
    /// The account's leaf; 0 if there is no account.
    #[must_use]
    pub fn leaf(&self) -> Fr {
        self.account
            .as_ref()
            .map_or_else(Fr::default, Account::leaf)
    }

    /// Whether the path leads from the account's leaf to the root.
    #[must_use]
    pub fn verify(&self) -> bool {
        self.path.verify(self.index.get(), self.leaf(), self.root)
    }
}
