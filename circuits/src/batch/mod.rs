//! The batch circuit: a [`Program`] of transfer slots, fee slots and data blocks.
//!
//! ```text
//! header ──d₀,d₁─▶ transfer[0] ─▶ … ─▶ transfer[N−1] ─root, fees─▶ fee[0] ─▶ … ─▶ fee[F−1]
//!    │                 │ operation            │                      │ word           │ root
//!    └─d₀…d₈─▶ block[0] ─state─▶ block[1] ─▶ …        (evaluation runs backwards)      ▼
//!                  └─ e = y ───────────── state = C ──────────────────────────────▶ closing
//! ```
//!
//! *Statement.* There are words d with commitment C and evaluation y at ρ, such that from the header's
//! pre-state root the transfers and fees of d lead to its post-state root, every transfer being signed
//! for the header's chain and contract and not expired at its time. Public inputs: C, ρ, y.
//!
//! The templates depend on the tree's depth and on the number of fee slots; the number of transfers
//! only sets the copies, so the stored matrices do not grow with the batch.

pub mod blob;
mod closing;
mod data_block;
mod fee_slot;
mod header;
mod padding;
mod switch;
mod transfer_slot;
mod witness;

#[cfg(test)]
mod soundness;
#[cfg(test)]
mod tests;

pub use witness::{BatchAssignment, WitnessError};

use crate::{
    protocol::public_data::{BatchShape, HEADER_WORDS, commitment_start},
    protocol::tree::MAX_DEPTH,
    template::{Matrix, Program, Source, Template, Wire},
};
use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use ark_relations::gr1cs::SynthesisError;
use closing::Closing;
use data_block::{BLOCK_WORDS, DataBlock};
use header::{HeaderCircuit, WORD_NAMES};
use padding::{Padding, header_of};
use std::sync::Arc;
use thiserror::Error;
use transfer_slot::fee_export;

/// Fee slots that a batch may have: header and fee words share the first data block.
pub const MAX_FEE_SLOTS: u32 = (BLOCK_WORDS - HEADER_WORDS) as u32;
/// Transfer slots that a batch may have: the fees of one token stay below 2^128.
pub const MAX_TRANSFERS: u32 = 1 << 14;

/// The constant one, C, ρ and y.
const NUM_INSTANCE: usize = 4;

const COMMITMENT: Source = Source::Instance(1);
const RHO: Source = Source::Instance(2);
const EVALUATION: Source = Source::Instance(3);

/// Segments, in order.
const HEADER: usize = 0;
const TRANSFERS: usize = 1;
const FIRST_FEE: usize = 2;

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
    transfer: Arc<Template>,
    fee: Arc<Template>,
    block: Arc<Template>,
    closing: Arc<Template>,
}

/// The numbers behind [`BatchCircuit`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchCost {
    /// Constraints of the whole batch.
    pub constraints: usize,
    /// Constraints that one more transfer brings, its share of a data block included.
    pub constraints_per_transfer: f64,
    /// Of these, for public data: the operation's column and the share of a data block.
    pub public_data_constraints_per_transfer: f64,
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
        if shape.fee_slots > MAX_FEE_SLOTS {
            return Err(ShapeError::FeeSlots {
                got: shape.fee_slots,
            });
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
        // Two operations to a word.
        let share = self.templates.block.num_constraints() as f64 / (2 * BLOCK_WORDS) as f64;
        let transfer = &self.templates.transfer;
        let operation = transfer.count_constraints(|label| label == "public_data");
        BatchCost {
            constraints,
            constraints_per_transfer: transfer.num_constraints() as f64 + share,
            public_data_constraints_per_transfer: operation as f64 + share,
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
                &padding.transfer_slot(&zeros, &zeros, Fr::ZERO),
            )?),
            fee: Arc::new(Template::new("fee", &padding.fee_slot(Fr::ZERO))?),
            block: Arc::new(Template::new("data", &DataBlock::zero())?),
            closing: Arc::new(Template::new("closing", &Closing::zero())?),
        })
    }
}

/// Lays out the segments: header, transfers, one segment for each fee slot, data, closing.
fn program(shape: &BatchShape, templates: &Templates) -> Program {
    let (transfers, fee_slots) = (shape.transfers as usize, shape.fee_slots as usize);
    let data = FIRST_FEE + fee_slots;
    let blocks = shape.words().div_ceil(BLOCK_WORDS);
    let header = |name: &str| Source::Export {
        segment: HEADER,
        copy: 0,
        export: templates.header.export(name),
    };
    let last_transfer = |name: &str| Source::Export {
        segment: TRANSFERS,
        copy: transfers - 1,
        export: templates.transfer.export(name),
    };
    let fee = |slot: usize, name: &str| Source::Export {
        segment: FIRST_FEE + slot,
        copy: 0,
        export: templates.fee.export(name),
    };
    let block = |copy: usize, name: &str| Source::Export {
        segment: data,
        copy,
        export: templates.block.export(name),
    };
    let mut program = Program::new(NUM_INSTANCE);

    program.push(templates.header.clone(), 1, Vec::new());

    let mut wires = vec![
        Wire::Shared(header("domain")),
        Wire::Shared(header("timestamp")),
    ];
    wires.extend((0..fee_slots).map(|slot| Wire::Shared(fee(slot, "token"))));
    let transfer_export = |name: &str| templates.transfer.export(name);
    wires.push(Wire::previous(
        TRANSFERS,
        transfer_export("root"),
        header("pre_root"),
    ));
    wires.extend(
        (0..fee_slots).map(|slot| {
            Wire::previous(TRANSFERS, transfer_export(&fee_export(slot)), Source::Zero)
        }),
    );
    program.push(templates.transfer.clone(), transfers, wires);

    let mut root = last_transfer("root");
    for slot in 0..fee_slots {
        let total = last_transfer(&fee_export(slot));
        program.push(
            templates.fee.clone(),
            1,
            vec![Wire::Shared(root), Wire::Shared(total)],
        );
        root = fee(slot, "root");
    }

    let mut wires = vec![
        Wire::previous(
            data,
            templates.block.export("state"),
            header("initial_state"),
        ),
        Wire::next(data, templates.block.export("evaluation"), Source::Zero),
        Wire::Shared(RHO),
    ];
    // Words before the operations stand whole in the first block.
    let header_words = WORD_NAMES.iter().map(|name| header(name));
    let singles = header_words.chain((0..fee_slots).map(|slot| fee(slot, "word")));
    let singles = singles.chain(std::iter::repeat(Source::Zero));
    for (word, single) in singles.take(BLOCK_WORDS).enumerate() {
        let first = 2 * (word as isize - (HEADER_WORDS + fee_slots) as isize);
        for (offset, below) in [(first, Source::Zero), (first + 1, single)] {
            wires.push(Wire::Affine {
                segment: TRANSFERS,
                export: transfer_export("operation"),
                stride: 2 * BLOCK_WORDS as isize,
                offset,
                below,
                above: Source::Zero,
            });
        }
    }
    program.push(templates.block.clone(), blocks, wires);

    let pairs = [
        (COMMITMENT, block(blocks - 1, "state")),
        (EVALUATION, block(0, "evaluation")),
        (header("post_root"), root),
    ];
    let wires = pairs
        .into_iter()
        .flat_map(|(a, b)| [Wire::Shared(a), Wire::Shared(b)]);
    program.push(templates.closing.clone(), 1, wires.collect());
    program
}
