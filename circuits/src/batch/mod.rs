//! The batch circuit: a [`Program`] of L1 slots, transfer slots, fee slots, record slots and data blocks.
//!
//! ```text
//! header ─▶ l1[0] ─▶ … ─root─▶ transfer[0] ─▶ … ─▶ transfer[N−1] ─root, fees─▶ fee[0] ─▶ … ─root─▶ closing
//!    │        │ 4 words             │ operation         └─ running hashes ─▶ closing ◀─ record[…]    ▲
//!    ▼        ▼                     ▼                                                   │ 2 words    │
//! block[0] ─state─▶ block[1] ─▶ …        (evaluation runs backwards)     ◀──────────────┘   y, C ────┘
//! ```
//!
//! *Statement.* There are words d with commitment C and evaluation y at ρ, such that from the header's
//! pre-state root the entries of the L1 queue, the transfers and the fees of d lead to its post-state root;
//! every entry is applied if it applies; every transfer is signed for the header's chain and contract and not
//! expired at its time; the withdrawal and creation slots of d are those of the transfers. Public inputs: C, ρ,
//! y.
//!
//! If the operations are in a blob ([`DataForm::Blob`]), the words have its commitment, point and value in their
//! place, and the segments of [`blob`] lie between the creations and the data blocks.
//!
//! The templates depend on the tree's depth and on the number of fee slots; the other numbers of slots only set
//! the copies (and the size of a blob's groups), so the stored matrices do not grow with the batch.

pub mod blob;
mod closing;
mod data_block;
mod fee_slot;
mod header;
mod l1_slot;
mod padding;
mod record_slot;
mod switch;
mod transfer_slot;
mod witness;

#[cfg(test)]
mod histories;
#[cfg(test)]
mod soundness;
#[cfg(test)]
mod tests;

pub use witness::{BatchAssignment, WitnessError};

use crate::{
    protocol::{
        blob::MAX_WORDS,
        public_data::{BatchShape, DataForm, HEADER_WORDS, RECORD_WORDS, commitment_start},
        queue::SLOT_WORDS,
        tree::MAX_DEPTH,
    },
    template::{Matrix, Program, Source, Template, Wire},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;
use blob::{BlobError, SliceSegments, SliceTemplates};
use closing::Closing;
use data_block::{BLOCK_WORDS, DataBlock};
use header::{HeaderCircuit, WORD_NAMES};
use padding::{Padding, header_of};
use record_slot::RecordSlot;
use std::sync::Arc;
use thiserror::Error;
use transfer_slot::{CREATIONS_EXPORT, WITHDRAWALS_EXPORT, fee_export};

/// Fee slots that a batch may have: each costs every transfer six constraints.
pub const MAX_FEE_SLOTS: u32 = 16;
/// L1, withdrawal or creation slots that a batch may have.
pub const MAX_OTHER_SLOTS: u32 = 1 << 12;
/// Transfer slots that a batch may have: the fees of one token stay below 2^128.
pub const MAX_TRANSFERS: u32 = 1 << 14;
/// Transfer slots that a batch may have whose operations are in a blob: two to a word.
pub const MAX_BLOB_TRANSFERS: u32 = 2 * MAX_WORDS as u32;

/// The constant one, C, ρ and y.
const NUM_INSTANCE: usize = 4;

const COMMITMENT: Source = Source::Instance(1);
const RHO: Source = Source::Instance(2);
const EVALUATION: Source = Source::Instance(3);

/// What the running hashes over withdrawals and over creations start from, which keeps them apart.
const RECORDS_START: [(Source, Fr); 2] = [(Source::Zero, Fr::ZERO), (Source::Instance(0), Fr::ONE)];

/// The segments, in order; those after the transfers depend on the shape.
const HEADER: usize = 0;
const L1: usize = 1;
const TRANSFERS: usize = 2;
const FIRST_FEE: usize = 3;

/// Where the segments are that come after those of fixed place.
#[derive(Clone, Copy, Debug)]
struct Layout {
    withdrawals: usize,
    creations: usize,
    /// The segments of the blob.
    slice: Option<SliceSegments>,
    /// The first data block. Each of the blocks with words before those of operations is a segment, and
    /// all others together are one.
    data: usize,
    /// Number of the former.
    single_blocks: usize,
    /// Number of the latter.
    operation_blocks: usize,
}

impl Layout {
    fn new(shape: &BatchShape) -> Self {
        let withdrawals = FIRST_FEE + shape.fee_slots as usize;
        let blocks = shape.words().div_ceil(BLOCK_WORDS);
        let after_creations = withdrawals + 2;
        let (slice, data, single_blocks) = match shape.form {
            DataForm::Calldata => {
                let single_blocks = shape.words_before_transfers().div_ceil(BLOCK_WORDS);
                (None, after_creations, single_blocks)
            }
            DataForm::Blob => {
                let slice = SliceSegments::starting_at(after_creations);
                (Some(slice), after_creations + SliceSegments::COUNT, blocks)
            }
        };
        Self {
            withdrawals,
            creations: withdrawals + 1,
            slice,
            data,
            single_blocks,
            operation_blocks: blocks - single_blocks,
        }
    }

    /// The segment of operation blocks, which may have no copy.
    const fn operation_blocks_segment(&self) -> usize {
        self.data + self.single_blocks
    }

    const fn closing(&self) -> usize {
        self.operation_blocks_segment() + 1
    }

    const fn blocks(&self) -> usize {
        self.single_blocks + self.operation_blocks
    }

    /// Segment and copy of a data block.
    fn block(&self, block: usize) -> (usize, usize) {
        match block.checked_sub(self.single_blocks) {
            None => (self.data + block, 0),
            Some(copy) => (self.operation_blocks_segment(), copy),
        }
    }
}

/// Why a batch shape has no circuit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ShapeError {
    /// Too many transfers, or none.
    #[error("expected 1 to {MAX_TRANSFERS} transfer slots, got {got}")]
    Transfers {
        /// The number asked for.
        got: u32,
    },
    /// Too many fee slots.
    #[error("expected at most {MAX_FEE_SLOTS} fee slots, got {got}")]
    FeeSlots {
        /// The number asked for.
        got: u32,
    },
    /// Too many L1, withdrawal or creation slots.
    #[error("expected at most {MAX_OTHER_SLOTS} {what}, got {got}")]
    OtherSlots {
        /// L1, withdrawal or creation slots.
        what: &'static str,
        /// The number asked for.
        got: u32,
    },
    /// Too many transfers for a blob.
    #[error("expected at most {MAX_BLOB_TRANSFERS} transfer slots in a blob, got {got}")]
    BlobTransfers {
        /// The number asked for.
        got: u32,
    },
    /// A tree without levels, or too deep for 33-bit indices.
    #[error("expected a depth of 1 to {MAX_DEPTH}, got {got}")]
    Depth {
        /// The depth asked for.
        got: u32,
    },
    /// The constraint system refused a template.
    #[error("synthesis failed: {0}")]
    Synthesis(#[from] SynthesisError),
}

impl From<BlobError> for ShapeError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Synthesis(error) => Self::Synthesis(error),
            BlobError::Words { .. } | BlobError::GroupWords { .. } => {
                unreachable!("1 to {MAX_BLOB_TRANSFERS} transfers are 1 to {MAX_WORDS} words")
            }
        }
    }
}

/// The circuit of batches of one shape.
#[derive(Debug)]
pub struct BatchCircuit {
    shape: BatchShape,
    templates: Templates,
    program: Program,
}

#[derive(Debug)]
struct Templates {
    header: Arc<Template>,
    l1: Arc<Template>,
    transfer: Arc<Template>,
    fee: Arc<Template>,
    record: Arc<Template>,
    block: Arc<Template>,
    closing: Arc<Template>,
    slice: Option<SliceTemplates>,
}

/// The numbers behind [`BatchCircuit`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchCost {
    /// Constraints of the whole batch.
    pub constraints: usize,
    /// Constraints that one more transfer brings, its share of a data block, or of a blob's block and group,
    /// included.
    pub constraints_per_transfer: f64,
    /// Of these, for public data: the operation's column and the share.
    pub public_data_constraints_per_transfer: f64,
    /// Constraints for the commitment to a blob's words and their value, 0 for batches in calldata.
    pub blob_constraints: usize,
    /// Constraints that one more L1 slot brings, its four words included.
    pub constraints_per_l1_slot: f64,
    /// Constraints that one more withdrawal or creation slot brings, its two words included.
    pub constraints_per_record_slot: f64,
    /// Columns that stand in matrix A: the points of a proving key's A query that are not infinite.
    pub columns_in_a: usize,
    /// Columns that stand in matrix B: the same of its two B queries.
    pub columns_in_b: usize,
    /// log₂ of the smallest domain that holds the constraints and the instance.
    pub domain_log2: u32,
    /// Bytes of the stored matrices.
    pub template_bytes: usize,
}

impl BatchCircuit {
    /// Synthesises the templates of a shape.
    ///
    /// # Errors
    /// If the shape is out of bounds.
    pub fn new(shape: BatchShape) -> Result<Self, ShapeError> {
        if !(1..=MAX_TRANSFERS).contains(&shape.transfers) {
            return Err(ShapeError::Transfers {
                got: shape.transfers,
            });
        }
        if shape.form == DataForm::Blob && shape.transfers > MAX_BLOB_TRANSFERS {
            return Err(ShapeError::BlobTransfers {
                got: shape.transfers,
            });
        }
        if shape.fee_slots > MAX_FEE_SLOTS {
            return Err(ShapeError::FeeSlots {
                got: shape.fee_slots,
            });
        }
        for (what, got) in [
            ("L1 slots", shape.l1_slots),
            ("withdrawal slots", shape.withdrawals),
            ("creation slots", shape.creations),
        ] {
            if got > MAX_OTHER_SLOTS {
                return Err(ShapeError::OtherSlots { what, got });
            }
        }
        if !(1..=MAX_DEPTH as u32).contains(&shape.depth) {
            return Err(ShapeError::Depth { got: shape.depth });
        }
        let templates = Templates::new(&shape)?;
        let program = program(&shape, &templates);
        program.check();
        Ok(Self {
            shape,
            templates,
            program,
        })
    }

    /// The shape.
    pub fn shape(&self) -> &BatchShape {
        &self.shape
    }

    /// The constraints.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What tells this circuit from any other: a key belongs to one digest.
    pub fn digest(&self) -> [u8; 32] {
        self.program.digest()
    }

    /// The circuit's size.
    pub fn cost(&self) -> BatchCost {
        let constraints = self.program.num_constraints();
        let word = self.templates.block.num_constraints() as f64 / BLOCK_WORDS as f64;
        let slice = self.templates.slice.as_ref();
        // Two operations to a word.
        let share = slice.map_or(word, SliceTemplates::constraints_per_word) / 2.0;
        let with_words = |template: &Template, words: usize| {
            template.num_constraints() as f64 + word * words as f64
        };
        let transfer = &self.templates.transfer;
        let operation = transfer.count_constraints(|label| label == "public_data");
        BatchCost {
            constraints,
            constraints_per_transfer: transfer.num_constraints() as f64 + share,
            public_data_constraints_per_transfer: operation as f64 + share,
            blob_constraints: slice.map_or(0, SliceTemplates::num_constraints),
            constraints_per_l1_slot: with_words(&self.templates.l1, SLOT_WORDS),
            constraints_per_record_slot: with_words(&self.templates.record, RECORD_WORDS),
            columns_in_a: self.program.count_columns_in(Matrix::A),
            columns_in_b: self.program.count_columns_in(Matrix::B),
            domain_log2: (constraints + NUM_INSTANCE).next_power_of_two().ilog2(),
            template_bytes: self.program.template_bytes(),
        }
    }
}

impl Templates {
    /// Any satisfying values will do to synthesise with: the padding's.
    fn new(shape: &BatchShape) -> Result<Self, ShapeError> {
        let padding = Padding::of_shape(shape);
        let zeros = vec![Fr::ZERO; shape.fee_slots as usize];
        Ok(Self {
            header: Arc::new(Template::new(
                "header",
                &HeaderCircuit {
                    words: [Fr::ZERO; HEADER_WORDS],
                    slots: header_of(shape).words()[3],
                    initial_state: commitment_start(shape.words() as u32),
                },
            )?),
            transfer: Arc::new(Template::new(
                "transfer",
                &padding.transfer_slot(&zeros, &zeros, Fr::ZERO, [Fr::ZERO; 2]),
            )?),
            l1: Arc::new(Template::new("l1", &padding.l1_slot(Fr::ZERO))?),
            record: Arc::new(Template::new(
                "record",
                &RecordSlot {
                    acc: Fr::ZERO,
                    words: None,
                },
            )?),
            fee: Arc::new(Template::new("fee", &padding.fee_slot(Fr::ZERO))?),
            block: Arc::new(Template::new("data", &DataBlock::zero())?),
            closing: Arc::new(Template::new("closing", &Closing::zero())?),
            slice: match shape.form {
                DataForm::Calldata => None,
                DataForm::Blob => Some(SliceTemplates::new(shape.transfer_words())?),
            },
        })
    }
}

/// Lays out the segments: header, L1 slots, transfers, one segment for each fee slot, withdrawals, creations,
/// the blob's, data, closing.
fn program(shape: &BatchShape, templates: &Templates) -> Program {
    let layout = Layout::new(shape);
    let wiring = Wiring {
        shape,
        templates,
        layout,
    };
    let mut program = Program::new(NUM_INSTANCE);
    program.push(templates.header.clone(), 1, Vec::new());
    let pre_root = wiring.header("pre_root");
    let root = Wire::previous(L1, templates.l1.export("root"), pre_root);
    program.push(templates.l1.clone(), shape.l1_slots as usize, vec![root]);
    program.push(
        templates.transfer.clone(),
        shape.transfers as usize,
        wiring.transfers(),
    );
    let mut root = wiring.last_transfer("root");
    for slot in 0..shape.fee_slots as usize {
        let total = wiring.last_transfer(&fee_export(slot));
        let wires = vec![Wire::Shared(root), Wire::Shared(total)];
        program.push(templates.fee.clone(), 1, wires);
        root = wiring.fee(slot, "root");
    }
    let records = [
        (layout.withdrawals, shape.withdrawals),
        (layout.creations, shape.creations),
    ];
    for ((segment, copies), (start, _)) in records.into_iter().zip(RECORDS_START) {
        let acc = Wire::previous(
            segment,
            templates.record.export(record_slot::ACC_EXPORT),
            start,
        );
        let pushed = program.push(templates.record.clone(), copies as usize, vec![acc]);
        debug_assert_eq!(pushed, segment);
    }
    if let Some(slice) = &templates.slice {
        let pushed = slice.push(
            &mut program,
            TRANSFERS,
            templates.transfer.export("operation"),
        );
        debug_assert_eq!(Some(pushed), layout.slice);
    }
    for block in 0..layout.single_blocks {
        program.push(templates.block.clone(), 1, wiring.single_block(block));
    }
    program.push(
        templates.block.clone(),
        layout.operation_blocks,
        wiring.operation_blocks(),
    );

    let last_record = |segment, slots: u32, start| match slots.checked_sub(1) {
        None => start,
        Some(last) => wiring.record(segment, last as usize, record_slot::ACC_EXPORT),
    };
    let [(withdrawals, w), (creations, e)] = records;
    let [(no_withdrawals, _), (no_creations, _)] = RECORDS_START;
    let pairs = [
        (COMMITMENT, wiring.block(layout.blocks() - 1, "state")),
        (EVALUATION, wiring.block(0, "evaluation")),
        (wiring.header("post_root"), root),
        (
            last_record(withdrawals, w, no_withdrawals),
            wiring.last_transfer(WITHDRAWALS_EXPORT),
        ),
        (
            last_record(creations, e, no_creations),
            wiring.last_transfer(CREATIONS_EXPORT),
        ),
    ];
    let wires = pairs
        .into_iter()
        .flat_map(|(a, b)| [Wire::Shared(a), Wire::Shared(b)]);
    let closing = program.push(templates.closing.clone(), 1, wires.collect());
    debug_assert_eq!(closing, layout.closing());
    program
}

/// Where the ports of each segment lead.
struct Wiring<'a> {
    shape: &'a BatchShape,
    templates: &'a Templates,
    layout: Layout,
}

impl Wiring<'_> {
    fn header(&self, name: &str) -> Source {
        Source::Export {
            segment: HEADER,
            copy: 0,
            export: self.templates.header.export(name),
        }
    }

    fn last_transfer(&self, name: &str) -> Source {
        Source::Export {
            segment: TRANSFERS,
            copy: self.shape.transfers as usize - 1,
            export: self.templates.transfer.export(name),
        }
    }

    fn fee(&self, slot: usize, name: &str) -> Source {
        Source::Export {
            segment: FIRST_FEE + slot,
            copy: 0,
            export: self.templates.fee.export(name),
        }
    }

    fn record(&self, segment: usize, copy: usize, name: &str) -> Source {
        Source::Export {
            segment,
            copy,
            export: self.templates.record.export(name),
        }
    }

    fn block(&self, block: usize, name: &str) -> Source {
        let (segment, copy) = self.layout.block(block);
        Source::Export {
            segment,
            copy,
            export: self.templates.block.export(name),
        }
    }

    fn transfers(&self) -> Vec<Wire> {
        let fee_slots = 0..self.shape.fee_slots as usize;
        let mut wires = vec![
            Wire::Shared(self.header("domain")),
            Wire::Shared(self.header("timestamp")),
        ];
        wires.extend(
            fee_slots
                .clone()
                .map(|slot| Wire::Shared(self.fee(slot, "token"))),
        );
        let previous = |name: &str, first| {
            Wire::previous(TRANSFERS, self.templates.transfer.export(name), first)
        };
        let first_root = match self.shape.l1_slots.checked_sub(1) {
            None => self.header("pre_root"),
            Some(last) => Source::Export {
                segment: L1,
                copy: last as usize,
                export: self.templates.l1.export("root"),
            },
        };
        wires.push(previous("root", first_root));
        wires.extend(fee_slots.map(|slot| previous(&fee_export(slot), Source::Zero)));
        for (name, (start, _)) in [WITHDRAWALS_EXPORT, CREATIONS_EXPORT]
            .into_iter()
            .zip(RECORDS_START)
        {
            wires.push(previous(name, start));
        }
        wires
    }

    /// The columns of all words before those of operations, the blob's included, in the order of
    /// `docs/protocol.md` §7.
    fn single_words(&self) -> Vec<Source> {
        let (shape, layout) = (self.shape, &self.layout);
        let mut words: Vec<Source> = WORD_NAMES.iter().map(|name| self.header(name)).collect();
        for copy in 0..shape.l1_slots as usize {
            words.extend(l1_slot::WORD_EXPORTS.map(|name| Source::Export {
                segment: L1,
                copy,
                export: self.templates.l1.export(name),
            }));
        }
        words.extend((0..shape.fee_slots as usize).map(|slot| self.fee(slot, "word")));
        for (segment, copies) in [
            (layout.withdrawals, shape.withdrawals),
            (layout.creations, shape.creations),
        ] {
            for copy in 0..copies as usize {
                let exports = record_slot::WORD_EXPORTS;
                words.extend(exports.map(|name| self.record(segment, copy, name)));
            }
        }
        debug_assert_eq!(words.len(), shape.words_before_transfers());
        if let (Some(slice), Some(segments)) = (&self.templates.slice, &layout.slice) {
            words.extend(slice.words(segments));
        }
        words
    }

    /// State, evaluation and ρ of a block that is a segment of its own.
    fn single_block(&self, block: usize) -> Vec<Wire> {
        let state = match block.checked_sub(1) {
            None => self.header("initial_state"),
            Some(before) => self.block(before, "state"),
        };
        let evaluation = match block + 1 < self.layout.blocks() {
            true => self.block(block + 1, "evaluation"),
            false => Source::Zero,
        };
        let mut wires = [state, evaluation, RHO].map(Wire::Shared).to_vec();
        let singles = self.single_words();
        for word in block * BLOCK_WORDS..(block + 1) * BLOCK_WORDS {
            let pair = match singles.get(word) {
                Some(single) => [Source::Zero, *single],
                None if self.layout.slice.is_some() => [Source::Zero; 2],
                None => {
                    let first = 2 * (word - singles.len());
                    [self.operation(first), self.operation(first + 1)]
                }
            };
            wires.extend(pair.map(Wire::Shared));
        }
        wires
    }

    /// The public data of a transfer slot; nothing after the last.
    fn operation(&self, slot: usize) -> Source {
        match slot < self.shape.transfers as usize {
            true => Source::Export {
                segment: TRANSFERS,
                copy: slot,
                export: self.templates.transfer.export("operation"),
            },
            false => Source::Zero,
        }
    }

    fn operation_blocks(&self) -> Vec<Wire> {
        let layout = &self.layout;
        let (segment, block) = (layout.operation_blocks_segment(), &self.templates.block);
        let state = self.block(layout.single_blocks - 1, "state");
        let mut wires = vec![
            Wire::previous(segment, block.export("state"), state),
            Wire::next(segment, block.export("evaluation"), Source::Zero),
            Wire::Shared(RHO),
        ];
        let first = layout.single_blocks * BLOCK_WORDS - self.shape.words_before_transfers();
        for word in first..first + BLOCK_WORDS {
            for slot in [2 * word, 2 * word + 1] {
                wires.push(Wire::Affine {
                    segment: TRANSFERS,
                    export: self.templates.transfer.export("operation"),
                    stride: 2 * BLOCK_WORDS as isize,
                    offset: slot as isize,
                    below: Source::Zero,
                    above: Source::Zero,
                });
            }
        }
        wires
    }
}
