//! serde of a ledger: its accounts, and the root that they must have.

use std::collections::BTreeMap;

use ark_bn254::Fr;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Checkpoint, Ledger, LedgerError};
use crate::protocol::{
    account::Account, account::AccountIndex, field, transfer::Domain, uint::U40,
};

/// The written form; `A` is `Account` or a reference to one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written<A> {
    domain: Domain,
    depth: usize,
    #[serde(with = "field::decimal")]
    batch_number: u64,
    timestamp: U40,
    #[serde(with = "field::decimal")]
    consumed: u64,
    #[serde(with = "field::element")]
    root: Fr,
    accounts: Vec<Entry<A>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry<A> {
    index: AccountIndex,
    account: A,
}

impl Serialize for Ledger {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let accounts = self.accounts();
        Written {
            domain: self.domain,
            depth: self.depth(),
            batch_number: self.batch_number,
            timestamp: self.timestamp,
            consumed: self.consumed,
            root: self.root(),
            accounts: accounts
                .map(|(index, account)| Entry { index, account })
                .collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Ledger {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::<Account>::deserialize(deserializer)?;
        Self::try_from(written).map_err(de::Error::custom)
    }
}

impl TryFrom<Written<Account>> for Ledger {
    type Error = LedgerError;

    fn try_from(written: Written<Account>) -> Result<Self, LedgerError> {
        let mut accounts = BTreeMap::new();
        for Entry { index, account } in written.accounts {
            if accounts.insert(index, account).is_some() {
                return Err(LedgerError::DuplicateAccount { index });
            }
        }
        Self::from_accounts(written.depth, written.domain, accounts)?.at(&Checkpoint {
            batch_number: written.batch_number,
            timestamp: written.timestamp,
            consumed: written.consumed,
            root: written.root,
        })
    }
}
