//! A cheating prover of a slot that changes one leaf: everything that the cheat upsets is made to fit.

use crate::{
    protocol::tree::Path,
    template::{
        Builder, Result,
        testing::{self, Synthesised},
    },
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use std::{collections::HashMap, rc::Rc};

/// (label, number of the column under it, value) → value.
pub(super) type Cheat = Rc<dyn Fn(&str, usize, Fr) -> Fr>;

/// The index whose leaf changes, in a tree of depth 1.
pub(super) const INDEX: usize = 3;

/// What the prover does.
#[derive(Clone)]
pub(super) struct OnePath {
    /// Replaces values.
    pub cheat: Cheat,
    /// Whether the lane of the leaf stays as it is, instead of fitting the leaf.
    pub keep_lane: bool,
    /// Whether the pre-state root stays as it is, instead of fitting the path.
    pub keep_root: bool,
}

impl OnePath {
    pub(super) fn honest() -> Self {
        Self::cheating(|_, _, value| value)
    }

    pub(super) fn cheating(cheat: impl Fn(&str, usize, Fr) -> Fr + 'static) -> Self {
        Self {
            cheat: Rc::new(cheat),
            keep_lane: false,
            keep_root: false,
        }
    }

    /// The labels that are broken when everything repairable is repaired. `slot` synthesises the slot with this
    /// path and this pre-state root.
    pub(super) fn caught_by(
        &self,
        slot: impl Fn(&Path, Fr, &mut Builder) -> Result<()>,
    ) -> Vec<String> {
        let (mut lane, mut root) = (Fr::ZERO, Fr::ZERO);
        for _ in 0..3 {
            let circuit = self.pass(lane, root, &slot);
            let [a, b, c] = *circuit.rows("path/membership").last().unwrap();
            if !self.keep_lane {
                lane += (c - a * b) * self.weight().inverse().unwrap();
            }
            if !self.keep_root {
                root += circuit.rows("root")[0][1];
            }
        }
        self.pass(lane, root, &slot).broken()
    }

    /// The multiplexer's weight of the lane for the bits that the cheat makes of the index.
    fn weight(&self) -> Fr {
        let bit = |i: usize, honest| (self.cheat)("index", i, honest);
        bit(0, Fr::ONE) * bit(1, Fr::ONE) * (Fr::ONE - bit(2, Fr::ZERO))
    }

    fn pass(
        &self,
        lane: Fr,
        root: Fr,
        slot: impl Fn(&Path, Fr, &mut Builder) -> Result<()>,
    ) -> Synthesised {
        let cheat = self.cheat.clone();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let path = Path {
            levels: vec![[Fr::from(8u64); 8]],
        };
        testing::cheat(
            move |label, _, value| {
                let count = seen.entry(label.to_owned()).or_default();
                *count += 1;
                let value = if label == "path" && *count == INDEX + 1 {
                    lane
                } else {
                    value
                };
                cheat(label, *count - 1, value)
            },
            |builder| slot(&path, root, builder),
        )
    }
}
