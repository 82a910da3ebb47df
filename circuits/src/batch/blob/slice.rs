//! A batch's slice of a blob: C₁, z and p(z) for the operations that the transfer slots export.
//!
//! ```text
//! claim ─start─▶ block[0] ─▶ … ─▶ block[⌈n/15⌉ − 1] ─C₁─▶ words
//!   │ z, y         ▲ operations                             ▲
//!   ├──────────────┼────────────────────────────────────────┘
//!   ▼              ▼
//! point, power, group, value (see the parent module)
//! ```
//!
//! *Statement.* The three are those of [`Claim`](crate::protocol::blob::Claim) for n = ⌈N/2⌉ words made of the N operations.
//!
//! *Order.* C₁ fixes the words; z, which the contract draws from C₁, is a word of the batch beside it, and so is
//! p(z), which the contract takes from the operator and adds up: all of them are in C before ρ exists.
//!
//! *Cost.* 610·⌈n/15⌉ + 1 constraints and what the evaluation takes.

use super::{
    BlobError, BlobSegments, BlobTemplates, BlobWitness,
    block::Block,
    claim::{ClaimCircuit, WORD_NAMES},
    halves,
};
use crate::{
    protocol::{
        blob::{BlobScalar, CLAIM_WORDS, Word, commitment_start, commitment_states, split},
        public_data::COMMITMENT_RATE,
    },
    template::{Program, Source, Template, Wire},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use ark_relations::gr1cs::SynthesisError;
use std::sync::Arc;

/// The templates for a number of words.
#[derive(Debug)]
pub(in crate::batch) struct SliceTemplates {
    words: usize,
    claim: Arc<Template>,
    block: Arc<Template>,
    evaluation: BlobTemplates,
}

/// Where a program has the segments: their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::batch) struct SliceSegments {
    claim: usize,
    block: usize,
    evaluation: BlobSegments,
}

/// What a witness of the segments is made from.
#[derive(Clone, Debug)]
pub(in crate::batch) struct SliceWitness {
    words: Vec<Word>,
    states: Vec<Fr>,
    evaluation: BlobWitness,
    z: BlobScalar,
}

impl SliceSegments {
    /// Segments that there are.
    pub const COUNT: usize = 2 + BlobSegments::COUNT;

    /// The segments, one after the other.
    pub const fn starting_at(first: usize) -> Self {
        Self {
            claim: first,
            block: first + 1,
            evaluation: BlobSegments::starting_at(first + 2),
        }
    }
}

impl SliceTemplates {
    /// Templates for `words` words.
    ///
    /// # Errors
    /// If a blob has not so many, or there are none.
    pub fn new(words: usize) -> Result<Self, BlobError> {
        let evaluation = BlobTemplates::new(words)?;
        let claim = ClaimCircuit {
            words: [Fr::ZERO; 4],
            initial_state: commitment_start(words as u32),
        };
        let block = Block {
            state: Fr::ZERO,
            words: &[],
        };
        Ok(Self {
            words,
            claim: Arc::new(Template::new("blob claim", &claim)?),
            block: Arc::new(Template::new("blob block", &block)?),
            evaluation,
        })
    }

    fn blocks(&self) -> usize {
        self.words.div_ceil(COMMITMENT_RATE)
    }

    /// Constraints of all copies.
    pub fn num_constraints(&self) -> usize {
        let blocks = self.blocks() * self.block.num_constraints();
        self.claim.num_constraints() + blocks + self.evaluation.num_constraints()
    }

    /// Constraints that one more word brings where the number of groups stays.
    pub fn constraints_per_word(&self) -> f64 {
        let commitment = self.block.num_constraints() as f64 / COMMITMENT_RATE as f64;
        commitment + crate::gadgets::blob::PRODUCT_CONSTRAINTS as f64
    }

    /// Adds the segments to a program in which `segment` has the transfer slots, with their public data as
    /// `export`.
    pub fn push(&self, program: &mut Program, segment: usize, export: usize) -> SliceSegments {
        let segments = SliceSegments::starting_at(program.segments().len());
        program.push(self.claim.clone(), 1, Vec::new());

        let start = self.claim_export(&segments, "initial_state");
        let state = self.block.export("state");
        let mut wires = vec![Wire::previous(segments.block, state, start)];
        wires
            .extend((0..COMMITMENT_RATE).flat_map(|i| halves(segment, export, COMMITMENT_RATE, i)));
        program.push(self.block.clone(), self.blocks(), wires);

        let [z0, z1, y0, y1] = WORD_NAMES.map(|name| self.claim_export(&segments, name));
        let group_words = self.evaluation.group_words();
        let evaluation = self.evaluation.push(program, [z0, z1], [y0, y1], |i| {
            halves(segment, export, group_words, i)
        });
        debug_assert_eq!(evaluation, segments.evaluation);
        segments
    }

    fn claim_export(&self, segments: &SliceSegments, name: &str) -> Source {
        Source::Export {
            segment: segments.claim,
            copy: 0,
            export: self.claim.export(name),
        }
    }

    /// The columns of [`Claim::words`](crate::protocol::blob::Claim::words).
    pub fn words(&self, segments: &SliceSegments) -> [Source; CLAIM_WORDS] {
        let commitment = Source::Export {
            segment: segments.block,
            copy: self.blocks() - 1,
            export: self.block.export("state"),
        };
        let [z0, z1, y0, y1] = WORD_NAMES.map(|name| self.claim_export(segments, name));
        [commitment, z0, z1, y0, y1]
    }

    /// Commits to the words and evaluates them.
    ///
    /// # Panics
    /// If there are not as many words as the templates are for.
    pub fn evaluate(&self, words: Vec<Word>, z: BlobScalar) -> SliceWitness {
        SliceWitness {
            states: commitment_states(&words),
            evaluation: self.evaluation.evaluate(words.clone(), z),
            words,
            z,
        }
    }

    /// The locals of one copy of a segment, or `None` if it is not one of `segments`.
    pub fn witness(
        &self,
        witness: &SliceWitness,
        segments: &SliceSegments,
        segment: usize,
        copy: usize,
    ) -> Option<Result<Vec<Fr>, SynthesisError>> {
        if segment == segments.claim {
            let ([z0, z1], [y0, y1]) = (split(witness.z), split(witness.evaluation.value()));
            return Some(self.claim.witness(&ClaimCircuit {
                words: [z0, z1, y0, y1],
                initial_state: commitment_start(self.words as u32),
            }));
        }
        if segment == segments.block {
            let first = copy * COMMITMENT_RATE;
            let end = self.words.min(first + COMMITMENT_RATE);
            return Some(self.block.witness(&Block {
                state: witness.states[copy],
                words: &witness.words[first..end],
            }));
        }
        self.evaluation
            .witness(&witness.evaluation, &segments.evaluation, segment, copy)
    }
}
