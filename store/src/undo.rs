//! What a batch changed, as it was before.

use std::collections::BTreeMap;

use ark_bn254::Fr;
use zkroll_circuits::protocol::{
    account::{Account, AccountIndex},
    ledger::Before,
    tree::{ARITY, LOG_ARITY},
};

/// A node below the root: its height and its position among those of that height.
pub(crate) type Node = (u8, u64);

/// Accounts and nodes of the tree before a batch.
pub(crate) struct Undo {
    pub(crate) accounts: BTreeMap<AccountIndex, Option<Account>>,
    pub(crate) nodes: BTreeMap<Node, Fr>,
}

impl Undo {
    /// Of several accounts or nodes that are the same one, the first is as it was before the batch.
    pub(crate) fn new(before: Vec<Before>) -> Self {
        let (mut accounts, mut nodes) = (BTreeMap::new(), BTreeMap::new());
        for Before {
            index,
            account,
            path,
        } in before
        {
            for ((height, position), children) in nodes_above(index, path.levels.len())
                .into_iter()
                .zip(&path.levels)
            {
                let child = children[(position % ARITY as u64) as usize];
                nodes.entry((height, position)).or_insert(child);
            }
            accounts.entry(index).or_insert(account);
        }
        Self { accounts, nodes }
    }
}

/// The leaf of an account and the nodes above it, without the root.
pub(crate) fn nodes_above(index: AccountIndex, depth: usize) -> Vec<Node> {
    (0..depth as u8)
        .map(|height| (height, index.get() >> (LOG_ARITY * u32::from(height))))
        .collect()
}
