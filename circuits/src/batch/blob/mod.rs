//! The part of a batch's program that proves what its blob is worth at a point.
//!
//! ```text
//! z ─▶ point ─z─▶ power[0] ─z²─▶ … ─▶ power[B − 2]
//!        │ z          │ z²                │ z^B            y ──────────┐
//!        ▼            ▼                   ▼                            ▼
//!      group[G − 1] ─acc─▶ … ─▶ group[1] ─acc─▶ group[0] ─acc─▶ value
//!            ▲ words B·(G − 1)…     ▲                ▲ words 0…B − 1
//! ```
//!
//! *Statement.* For public words z and y, each the low 128 bits and the rest, and n words that another
//! part of the program exports as halves of 124 bits: z, y < q and y = Σ wᵢ·zⁱ mod q.
//!
//! *Relies on* the halves' ranges, which are the exporting template's, and on the words, z and y being
//! those that the batch commits to, which is the rest of the program's.
//!
//! *Cost* for n words in groups of B, G = ⌈n/B⌉: 662 + 637·(B − 1) + G·(930 + 6·(B − 1)), a little less for
//! small B. With the B that [`group_words`] chooses:
//!
//! | n | B | constraints | a word |
//! |---|---|---|---|
//! | 1 | 1 | 1325 | 1325.0 |
//! | 64 | 8 | 12801 | 200.0 |
//! | 256 | 20 | 26259 | 102.6 |
//! | 1024 | 38 | 55254 | 54.0 |
//! | 4096 | 76 | 122957 | 30.0 |
//!
//! Six a word are products; the rest is fixed by n. A word's share of the commitment is the same as in
//! calldata, and its evaluation at ρ falls away.
//!
//! [`BlobTemplates::push`] lays the segments out, [`BlobTemplates::witness`] fills them. A batch adds the
//! commitment to the words and the columns of z and y: `slice.rs`.

mod block;
mod claim;
mod group;
mod point;
mod power;
mod slice;
mod value;

pub(super) use slice::{SliceSegments, SliceTemplates, SliceWitness};

#[cfg(test)]
mod tests;

use crate::{
    gadgets::{
        blob::{MAX_GROUP_WORDS, group_words},
        nonnative::{LIMBS, limb_name},
    },
    protocol::blob::{BlobScalar, Evaluation, MAX_WORDS, Word, split},
    template::{Program, Source, Template, Wire},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use ark_relations::gr1cs::SynthesisError;
use group::Group;
use point::Point;
use power::Power;
use std::sync::Arc;
use thiserror::Error;
use value::Value;

/// Why there are no templates for a number of words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BlobError {
    /// More than a blob holds, or none.
    #[error("expected 1 to {MAX_WORDS} blob words, got {got}")]
    Words {
        /// The number asked for.
        got: usize,
    },
    /// Groups that no reduction can take, or empty ones.
    #[error("expected groups of 1 to {MAX_GROUP_WORDS} words, got {got}")]
    GroupWords {
        /// The number asked for.
        got: usize,
    },
    /// The constraint system refused a template.
    #[error("synthesis failed: {0}")]
    Synthesis(#[from] SynthesisError),
}

/// The templates for a number of words.
#[derive(Debug)]
pub struct BlobTemplates {
    words: usize,
    group_words: usize,
    point: Arc<Template>,
    power: Arc<Template>,
    group: Arc<Template>,
    value: Arc<Template>,
}

/// Where a program has the segments: their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobSegments {
    /// One copy.
    pub point: usize,
    /// B − 1 copies.
    pub power: usize,
    /// ⌈n/B⌉ copies.
    pub group: usize,
    /// One copy.
    pub value: usize,
}

impl BlobSegments {
    /// Segments that there are.
    pub const COUNT: usize = 4;

    /// The segments, one after the other.
    pub const fn starting_at(first: usize) -> Self {
        Self {
            point: first,
            power: first + 1,
            group: first + 2,
            value: first + 3,
        }
    }
}

/// What a witness of the segments is made from.
#[derive(Clone, Debug)]
pub struct BlobWitness {
    words: Vec<Word>,
    z: BlobScalar,
    evaluation: Evaluation,
}

impl BlobWitness {
    /// p(z).
    pub fn value(&self) -> BlobScalar {
        self.evaluation.value()
    }
}

impl BlobTemplates {
    /// Templates for `words` words, in the groups that cost least.
    ///
    /// # Errors
    /// [`BlobError::Words`].
    pub fn new(words: usize) -> Result<Self, BlobError> {
        Self::with_group_words(words, group_words(words))
    }

    /// Templates for `words` words in groups of `group_words`.
    ///
    /// # Errors
    /// If either is out of bounds.
    pub fn with_group_words(words: usize, group_words: usize) -> Result<Self, BlobError> {
        if !(1..=MAX_WORDS).contains(&words) {
            return Err(BlobError::Words { got: words });
        }
        if !(1..=MAX_GROUP_WORDS).contains(&group_words) {
            return Err(BlobError::GroupWords { got: group_words });
        }
        let zero = BlobScalar::ZERO;
        let zeros = [Fr::ZERO; 2];
        let group = Group {
            accumulator: zero,
            powers: &vec![zero; group_words],
            words: &[],
        };
        let power = Power {
            z: zero,
            previous: zero,
        };
        let value = Value {
            y: zeros,
            accumulator: zero,
        };
        Ok(Self {
            words,
            group_words,
            point: Arc::new(Template::new("blob point", &Point { z: zeros })?),
            power: Arc::new(Template::new("blob power", &power)?),
            group: Arc::new(Template::new("blob group", &group)?),
            value: Arc::new(Template::new("blob value", &value)?),
        })
    }

    /// B.
    pub fn group_words(&self) -> usize {
        self.group_words
    }

    /// Constraints of all copies.
    pub fn num_constraints(&self) -> usize {
        let once = self.point.num_constraints() + self.value.num_constraints();
        let powers = (self.group_words - 1) * self.power.num_constraints();
        once + powers + self.groups() * self.group.num_constraints()
    }

    fn groups(&self) -> usize {
        self.words.div_ceil(self.group_words)
    }

    /// Adds the segments to a program. `z` and `y` are the sources of the two words of each, the low
    /// one first. `word(i)` wires the high and the low half of word i of every group: copy k of the
    /// group template takes word k·B + i ([`halves`]).
    pub fn push(
        &self,
        program: &mut Program,
        z: [Source; 2],
        y: [Source; 2],
        word: impl Fn(usize) -> [Wire; 2],
    ) -> BlobSegments {
        let segments = BlobSegments::starting_at(program.segments().len());
        let limbs_of = |template: &Template, segment, copy| -> [Source; LIMBS] {
            std::array::from_fn(|i| Source::Export {
                segment,
                copy,
                export: template.export(&limb_name(i)),
            })
        };
        let z_limbs = limbs_of(&self.point, segments.point, 0);

        program.push(self.point.clone(), 1, z.map(Wire::Shared).to_vec());

        let mut wires = z_limbs.map(Wire::Shared).to_vec();
        wires.extend((0..LIMBS).map(|i| {
            let export = self.power.export(&limb_name(i));
            Wire::previous(segments.power, export, z_limbs[i])
        }));
        program.push(self.power.clone(), self.group_words - 1, wires);

        let group_export = |i| self.group.export(&limb_name(i));
        let after = |i| Wire::next(segments.group, group_export(i), Source::Zero);
        let mut wires: Vec<_> = (0..LIMBS).map(after).collect();
        wires.extend(z_limbs.map(Wire::Shared));
        for copy in 0..self.group_words - 1 {
            wires.extend(limbs_of(&self.power, segments.power, copy).map(Wire::Shared));
        }
        wires.extend((0..self.group_words).flat_map(word));
        program.push(self.group.clone(), self.groups(), wires);

        let mut wires = y.map(Wire::Shared).to_vec();
        wires.extend(limbs_of(&self.group, segments.group, 0).map(Wire::Shared));
        program.push(self.value.clone(), 1, wires);
        segments
    }

    /// Evaluates the polynomial in the templates' groups.
    ///
    /// # Panics
    /// If there are not as many words as the templates are for.
    pub fn evaluate(&self, words: Vec<Word>, z: BlobScalar) -> BlobWitness {
        assert_eq!(
            words.len(),
            self.words,
            "as many words as templates are for"
        );
        BlobWitness {
            evaluation: Evaluation::new(&words, z, self.group_words),
            words,
            z,
        }
    }

    /// The locals of one copy of a segment, or `None` if it is not one of `segments`.
    pub fn witness(
        &self,
        witness: &BlobWitness,
        segments: &BlobSegments,
        segment: usize,
        copy: usize,
    ) -> Option<Result<Vec<Fr>, SynthesisError>> {
        let Evaluation {
            powers,
            accumulators,
        } = &witness.evaluation;
        let locals = if segment == segments.point {
            let z = split(witness.z);
            self.point.witness(&Point { z })
        } else if segment == segments.power {
            self.power.witness(&Power {
                z: witness.z,
                previous: powers[copy + 1],
            })
        } else if segment == segments.group {
            let first = copy * self.group_words;
            let end = self.words.min(first + self.group_words);
            self.group.witness(&Group {
                accumulator: accumulators[copy + 1],
                powers: &powers[1..],
                words: &witness.words[first..end],
            })
        } else if segment == segments.value {
            self.value.witness(&Value {
                y: split(witness.value()),
                accumulator: witness.value(),
            })
        } else {
            return None;
        };
        Some(locals)
    }
}

/// Wires of word `i` of every group of `group_words`, where a segment's copies export one half each,
/// the high one of word 0 first. Halves after the last copy are zero.
pub fn halves(segment: usize, export: usize, group_words: usize, i: usize) -> [Wire; 2] {
    [0, 1].map(|half| Wire::Affine {
        segment,
        export,
        stride: 2 * group_words as isize,
        offset: (2 * i + half) as isize,
        below: Source::Zero,
        above: Source::Zero,
    })
}
