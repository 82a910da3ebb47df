//! The sparse tree against a full one.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use proptest::{collection::vec, prelude::*};
use zkroll_circuits::protocol::{
    poseidon,
    tree::{ARITY, MAX_DEPTH, Path, Tree, TreeError, empty_roots},
};

const DEPTH: usize = 2;
const LEAVES: usize = 64;

/// Every level of the full tree, leaves first.
fn full_tree(leaves: &[Fr]) -> Vec<Vec<Fr>> {
    let mut levels = vec![leaves.to_vec()];
    while levels[levels.len() - 1].len() > 1 {
        let below = &levels[levels.len() - 1];
        levels.push(below.chunks(ARITY).map(poseidon::hash).collect());
    }
    levels
}

#[test]
fn empty_roots_are_those_of_empty_trees() {
    assert_eq!(empty_roots()[0], Fr::ZERO);
    assert_eq!(empty_roots()[1], poseidon::hash(&[Fr::ZERO; 8]));
    for depth in 1..=MAX_DEPTH {
        let tree = Tree::new(depth).unwrap();
        assert_eq!(tree.root(), empty_roots()[depth]);
        assert_eq!(tree.depth(), depth);
        assert_eq!(tree.capacity(), 8u64.pow(depth as u32));
        let last = tree.capacity() - 1;
        assert!(tree.path(last).unwrap().verify(last, Fr::ZERO, tree.root()));
    }
    assert_eq!(
        full_tree(&[Fr::ZERO; LEAVES])[DEPTH][0],
        empty_roots()[DEPTH]
    );
}

#[test]
fn depths_and_indices_outside_are_refused() {
    for got in [0, MAX_DEPTH + 1, usize::MAX] {
        assert_eq!(Tree::new(got), Err(TreeError::Depth { got }));
    }
    let mut tree = Tree::new(DEPTH).unwrap();
    for index in [64, 65, u64::MAX] {
        let error = TreeError::IndexOutOfRange {
            index,
            capacity: 64,
        };
        assert_eq!(tree.get(index), Err(error));
        assert_eq!(tree.set(index, Fr::ONE), Err(error));
        assert_eq!(tree.path(index), Err(error));
        assert_eq!(Tree::from_leaves(DEPTH, [(index, Fr::ONE)]), Err(error));
    }
    assert_eq!(tree, Tree::new(DEPTH).unwrap());
}

#[test]
fn the_deepest_tree_reaches_its_last_leaf() {
    let mut tree = Tree::new(MAX_DEPTH).unwrap();
    let last = (1u64 << 33) - 1;
    let root = tree.set(last, Fr::ONE).unwrap();
    let mut node = Fr::ONE;
    for empty in &empty_roots()[..MAX_DEPTH] {
        let mut children = [*empty; ARITY];
        children[ARITY - 1] = node;
        node = poseidon::hash(&children);
    }
    assert_eq!(root, node);
    assert_eq!(tree.get(last), Ok(Fr::ONE));
    assert_eq!(Tree::from_leaves(MAX_DEPTH, [(last, Fr::ONE)]), Ok(tree));
}

#[test]
fn paths_prove_one_leaf_at_one_index_of_one_root() {
    let leaves = (0..LEAVES as u64).map(|index| (index, Fr::from(index + 1)));
    let tree = Tree::from_leaves(DEPTH, leaves).unwrap();
    let path = tree.path(20).unwrap();
    let (leaf, root) = (Fr::from(21u64), tree.root());
    assert_eq!(path.root(), root);
    assert!(path.verify(20, leaf, root));
    assert!(!path.verify(21, leaf, root));
    assert!(
        !path.verify(20 + 8, leaf, root),
        "wrong place in the upper level"
    );
    assert!(!path.verify(20 + 64, leaf, root), "beyond the tree");
    assert!(!path.verify(20, leaf + Fr::ONE, root));
    assert!(!path.verify(20, leaf, root + Fr::ONE));
    let mut sibling = path.clone();
    sibling.levels[0][0] += Fr::ONE;
    assert!(!sibling.verify(20, leaf, root));
    let mut shorter = path.clone();
    shorter.levels.pop();
    assert!(!shorter.verify(20, leaf, root));
    assert_eq!(Path { levels: vec![] }.root(), Fr::ZERO);

    let text = serde_json::to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<Path>(&text).unwrap(), path);
    let seven = text.replacen("\"17\",", "", 1);
    assert_ne!(seven, text);
    assert!(serde_json::from_str::<Path>(&seven).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equals_the_full_tree(
        writes in vec((0..LEAVES, 0u64..4), 0..40),
        probe in 0..LEAVES,
    ) {
        let mut tree = Tree::new(DEPTH).unwrap();
        let mut leaves = [Fr::ZERO; LEAVES];
        for (index, leaf) in writes {
            leaves[index] = Fr::from(leaf);
            let root = tree.set(index as u64, leaves[index]).unwrap();
            prop_assert_eq!(root, tree.root());
        }
        let full = full_tree(&leaves);
        prop_assert_eq!(tree.root(), full[DEPTH][0]);
        let path = tree.path(probe as u64).unwrap();
        for (level, children) in path.levels.iter().enumerate() {
            let first = (probe >> (3 * (level + 1))) * ARITY;
            prop_assert_eq!(&children[..], &full[level][first..first + ARITY]);
        }
        prop_assert!(path.verify(probe as u64, leaves[probe], tree.root()));
        prop_assert_eq!(tree.get(probe as u64), Ok(leaves[probe]));

        let indexed = leaves.iter().enumerate().map(|(index, leaf)| (index as u64, *leaf));
        prop_assert_eq!(&Tree::from_leaves(DEPTH, indexed).unwrap(), &tree);
        for index in 0..LEAVES as u64 {
            tree.set(index, Fr::ZERO).unwrap();
        }
        prop_assert_eq!(tree, Tree::new(DEPTH).unwrap());
    }
}
