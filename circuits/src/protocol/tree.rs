//! The state tree: a sparse 8-ary Merkle tree of fixed depth.
//!
//! ```text
//! node = Poseidon₈(child₀, …, child₇)
//! ```
//!
//! Source: `docs/protocol.md` §3. Leaf i stands below child (i >> 3k) & 7 at height k+1. The root
//! of an empty subtree of height 0 is 0 and of height k+1 is Poseidon₈ of eight of height k.
//!
//! Representation: for each height k+1, the nodes that are not the root of an empty subtree, each
//! as its eight children. Two trees with the same leaves are therefore equal as values.
//!
//! Cost: setting a leaf is D hashes, building a tree one hash per node that is not empty (over rayon's
//! threads with the feature `parallel`), reading a path none.
//!
//! Not here: what a leaf means.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{field, poseidon};
use crate::parallel;

/// Children of a node.
pub const ARITY: usize = 8;

/// log₂ [`ARITY`]: bits of an index that one level consumes.
pub const LOG_ARITY: u32 = 3;

/// The largest depth: 8¹¹ = 2³³ leaves.
pub const MAX_DEPTH: usize = 11;

/// Why a tree or a leaf cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TreeError {
    /// Not a depth of a tree.
    #[error("expected a tree depth in 1..={MAX_DEPTH}, got {got}")]
    Depth {
        /// The depth.
        got: usize,
    },
    /// Not a leaf of the tree.
    #[error("expected a leaf index below {capacity}, got {index}")]
    IndexOutOfRange {
        /// The index.
        index: u64,
        /// 8^D.
        capacity: u64,
    },
}

/// The roots of empty subtrees of height 0, …, [`MAX_DEPTH`].
pub fn empty_roots() -> &'static [Fr; MAX_DEPTH + 1] {
    static ROOTS: std::sync::OnceLock<[Fr; MAX_DEPTH + 1]> = std::sync::OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = [Fr::ZERO; MAX_DEPTH + 1];
        for height in 0..MAX_DEPTH {
            roots[height + 1] = poseidon::hash(&[roots[height]; ARITY]);
        }
        roots
    })
}

/// All eight children of each node between a leaf and the root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Path {
    /// From the leaf upwards: `levels[k]` are the children of the node of height k+1.
    #[serde(with = "field::octets")]
    pub levels: Vec<[Fr; ARITY]>,
}

impl Path {
    /// The root that the topmost level hashes to; 0 if there is no level.
    pub fn root(&self) -> Fr {
        self.levels
            .last()
            .map_or(Fr::ZERO, |children| poseidon::hash(children))
    }

    /// Whether this is a path from `leaf` at `index` to `root`, in a tree of as many levels.
    pub fn verify(&self, index: u64, leaf: Fr, root: Fr) -> bool {
        let mut node = leaf;
        let mut rest = index;
        for children in &self.levels {
            if children[(rest % ARITY as u64) as usize] != node {
                return false;
            }
            node = poseidon::hash(children);
            rest /= ARITY as u64;
        }
        rest == 0 && node == root
    }
}

/// A sparse tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    /// `levels[k]` maps the position of a node of height k+1 to its children.
    levels: Vec<HashMap<u64, [Fr; ARITY]>>,
    root: Fr,
}

impl Tree {
    /// An empty tree.
    ///
    /// # Errors
    /// [`TreeError::Depth`].
    pub fn new(depth: usize) -> Result<Self, TreeError> {
        Self::from_leaves(depth, [])
    }

    /// The tree with these leaves, and zeros elsewhere. Of several leaves with one index the last
    /// one counts.
    ///
    /// # Errors
    /// If the depth is not in 1..=11 or an index not below 8^`depth`.
    pub fn from_leaves(
        depth: usize,
        leaves: impl IntoIterator<Item = (u64, Fr)>,
    ) -> Result<Self, TreeError> {
        if !(1..=MAX_DEPTH).contains(&depth) {
            return Err(TreeError::Depth { got: depth });
        }
        let mut tree = Self {
            levels: vec![HashMap::new(); depth],
            root: empty_roots()[depth],
        };
        let mut nodes = BTreeMap::new();
        for (index, leaf) in leaves {
            tree.check(index)?;
            nodes.insert(index, leaf);
        }
        nodes.retain(|_, leaf| *leaf != Fr::ZERO);
        for (level, empty) in tree.levels.iter_mut().zip(empty_roots()) {
            for (position, node) in nodes {
                let (parent, child) = split(position);
                level.entry(parent).or_insert([*empty; ARITY])[child] = node;
            }
            let nodes_above = parallel::map(level.iter().collect(), |(position, children)| {
                (*position, poseidon::hash(children as &[Fr; ARITY]))
            });
            nodes = nodes_above.into_iter().collect();
        }
        if let Some(root) = nodes.get(&0) {
            tree.root = *root;
        }
        Ok(tree)
    }

    /// D.
    pub fn depth(&self) -> usize {
        self.levels.len()
    }

    /// 8^D, the number of leaves.
    pub fn capacity(&self) -> u64 {
        1 << (LOG_ARITY * self.levels.len() as u32)
    }

    /// The root.
    pub fn root(&self) -> Fr {
        self.root
    }

    /// The leaf at `index`; 0 if it was never set.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`].
    pub fn get(&self, index: u64) -> Result<Fr, TreeError> {
        self.check(index)?;
        let (parent, child) = split(index);
        Ok(self.levels[0]
            .get(&parent)
            .map_or(Fr::ZERO, |children| children[child]))
    }

    /// Replaces the leaf at `index` and returns the new root.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`].
    pub fn set(&mut self, index: u64, leaf: Fr) -> Result<Fr, TreeError> {
        self.check(index)?;
        let mut position = index;
        let mut node = leaf;
        for (level, empty) in self.levels.iter_mut().zip(empty_roots()) {
            let (parent, child) = split(position);
            let empty = [*empty; ARITY];
            let mut entry = match level.entry(parent) {
                Entry::Occupied(entry) => entry,
                Entry::Vacant(entry) => entry.insert_entry(empty),
            };
            entry.get_mut()[child] = node;
            node = poseidon::hash(entry.get());
            if *entry.get() == empty {
                entry.remove();
            }
            position = parent;
        }
        self.root = node;
        Ok(node)
    }

    /// The path from the leaf at `index` to the root.
    ///
    /// # Errors
    /// [`TreeError::IndexOutOfRange`].
    pub fn path(&self, index: u64) -> Result<Path, TreeError> {
        self.check(index)?;
        let mut position = index;
        let levels = self.levels.iter().zip(empty_roots());
        let levels = levels.map(|(level, empty)| {
            position = split(position).0;
            level.get(&position).copied().unwrap_or([*empty; ARITY])
        });
        Ok(Path {
            levels: levels.collect(),
        })
    }

    fn check(&self, index: u64) -> Result<(), TreeError> {
        let capacity = self.capacity();
        if index < capacity {
            Ok(())
        } else {
            Err(TreeError::IndexOutOfRange { index, capacity })
        }
    }
}

/// The position of a node's parent, and which child of it the node is.
fn split(position: u64) -> (u64, usize) {
    (position >> LOG_ARITY, position as usize % ARITY)
}
