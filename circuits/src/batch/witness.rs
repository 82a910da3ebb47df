//! From a [`BatchTrace`] to the values of all columns.

use super::{
    BatchCircuit, FIRST_FEE, HEADER, TRANSFERS,
    closing::Closing,
    data_block::{BLOCK_WORDS, DataBlock},
    fee_slot::FeeSlotCircuit,
    header::HeaderCircuit,
    padding::Padding,
    transfer_slot::TransferSlot,
};
use crate::gadgets::account::power_of_two;
use crate::protocol::{
    ledger::{BatchTrace, FeeTrace, TransferTrace},
    public_data::{
        BatchShape, DataError, HEADER_WORDS, TRANSFER_BITS, challenge, commitment_start,
        commitment_states, evaluate,
    },
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field, PrimeField};
use ark_relations::gr1cs::SynthesisError;
use thiserror::Error;

/// The values of all columns of a batch.
#[derive(Clone, Debug)]
pub struct BatchAssignment {
    /// The constant one, C, ρ, y, then the witness.
    pub columns: Vec<Fr>,
    /// d₀ … d₍m₋₁₎.
    pub words: Vec<Fr>,
}

impl BatchAssignment {
    /// C, ρ and y.
    pub fn public_inputs(&self) -> [Fr; 3] {
        [self.columns[1], self.columns[2], self.columns[3]]
    }
}

/// Why a trace has no witness for a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WitnessError {
    /// The trace is of another shape.
    #[error("expected a batch of shape {expected:?}, got {got:?}")]
    Shape {
        /// The circuit's shape.
        expected: BatchShape,
        /// The trace's.
        got: BatchShape,
    },
    /// More transfers or fee slots than the shape has room for.
    #[error("expected at most {slots} {what}, got {got}")]
    TooMany {
        /// Transfers or fee slots.
        what: &'static str,
        /// Slots there are.
        slots: u32,
        /// Slots needed.
        got: usize,
    },
    /// The trace's header, fee slots and transfers make no public data.
    #[error("the trace makes no public data: {0}")]
    PublicData(#[from] DataError),
    /// A path of another length than the tree's depth.
    #[error("expected a path of {expected} levels in {what} {index}, got {got}")]
    PathLength {
        /// Transfer or fee slot.
        what: &'static str,
        /// Its number.
        index: usize,
        /// The depth.
        expected: u32,
        /// The path's levels.
        got: usize,
    },
    /// The constraint system refused a value.
    #[error("synthesis failed: {0}")]
    Synthesis(#[from] SynthesisError),
}

/// Everything that flows from one slot to another, computed beforehand, so that the slots can be
/// filled in parallel.
struct Flow<'a> {
    trace: &'a BatchTrace,
    padding: Padding,
    words: Vec<Fr>,
    /// Token that each fee slot shows.
    fee_tokens: Vec<Fr>,
    /// For each transfer slot, the fee slot that takes its fee.
    fee_slots: Vec<Option<usize>>,
    /// `roots[k]`: the state root before transfer slot k; then before each fee slot; then the last.
    roots: Vec<Fr>,
    /// `fees[k][f]`: what fee slot f has collected before transfer slot k, then in the end.
    fees: Vec<Vec<Fr>>,
    /// sₖ, and the last.
    states: Vec<Fr>,
    /// `evaluations[k]`: block k's and all later blocks' words evaluated at ρ.
    evaluations: Vec<Fr>,
    rho: Fr,
}

impl BatchCircuit {
    /// The assignment of a batch, slots in parallel with the feature `parallel`.
    ///
    /// A trace that does not come from a [`Ledger`](crate::protocol::ledger::Ledger) may give an
    /// assignment that does not satisfy the constraints; the prover says so.
    ///
    /// # Errors
    /// If the trace has not the circuit's shape.
    pub fn assign(&self, trace: &BatchTrace) -> Result<BatchAssignment, WitnessError> {
        self.check_shape(trace)?;
        let public_data = trace.public_data()?;
        let flow = Flow::new(&self.shape, trace, public_data.words());
        let instance = [
            Fr::ONE,
            *flow.states.last().expect("there is a first state"),
            flow.rho,
            flow.evaluations[0],
        ];
        let columns = self.program.assign(&instance, |segment, copy| {
            self.witness(&flow, &instance, segment, copy)
        })?;
        Ok(BatchAssignment {
            columns,
            words: flow.words,
        })
    }

    fn check_shape(&self, trace: &BatchTrace) -> Result<(), WitnessError> {
        let (expected, got) = (self.shape, trace.header.shape);
        if expected != got {
            return Err(WitnessError::Shape { expected, got });
        }
        let room = |what, slots: u32, got: usize| match got <= slots as usize {
            true => Ok(()),
            false => Err(WitnessError::TooMany { what, slots, got }),
        };
        room("transfers", expected.transfers, trace.transfers.len())?;
        room("fee slots", expected.fee_slots, trace.fees.len())?;
        let length = |what, index, got: usize| match got == expected.depth as usize {
            true => Ok(()),
            false => Err(WitnessError::PathLength {
                what,
                index,
                expected: expected.depth,
                got,
            }),
        };
        for (index, transfer) in trace.transfers.iter().enumerate() {
            length("transfer", index, transfer.sender_path.levels.len())?;
            length("transfer", index, transfer.receiver_path.levels.len())?;
        }
        for (index, fee) in trace.fees.iter().enumerate() {
            if let Some(fee) = fee {
                length("fee slot", index, fee.path.levels.len())?;
            }
        }
        Ok(())
    }

    /// The locals of one copy.
    fn witness(
        &self,
        flow: &Flow<'_>,
        instance: &[Fr; 4],
        segment: usize,
        copy: usize,
    ) -> Result<Vec<Fr>, SynthesisError> {
        let fee_slots = self.shape.fee_slots as usize;
        let data = FIRST_FEE + fee_slots;
        match segment {
            HEADER => self.templates.header.witness(&HeaderCircuit {
                words: flow.words[..HEADER_WORDS].try_into().expect("nine words"),
                slots: flow.words[3],
                initial_state: commitment_start(self.shape.words() as u32),
            }),
            TRANSFERS => self.templates.transfer.witness(&flow.transfer_slot(copy)),
            _ if segment < data => self
                .templates
                .fee
                .witness(&flow.fee_slot(&self.shape, segment - FIRST_FEE)),
            _ if segment == data => self.templates.block.witness(&flow.block(&self.shape, copy)),
            _ => self.templates.closing.witness(&Closing {
                commitment: [instance[1]; 2],
                evaluation: [instance[3]; 2],
                post_root: [
                    flow.trace.header.post_root,
                    *flow.roots.last().expect("a root"),
                ],
            }),
        }
    }
}

impl<'a> Flow<'a> {
    fn new(shape: &BatchShape, trace: &'a BatchTrace, words: Vec<Fr>) -> Self {
        let padding = Padding::new(&trace.header);
        let slots = shape.fee_slots as usize;
        let fee = |slot: usize| trace.fees.get(slot).and_then(Option::as_ref);
        let fee_tokens: Vec<Fr> = (0..slots)
            .map(|slot| fee(slot).map_or(padding.fee_token(), |fee| Fr::from(fee.slot.token)))
            .collect();

        let mut roots = vec![trace.header.pre_root];
        let mut fees = vec![vec![Fr::ZERO; slots]];
        let mut fee_slots = Vec::new();
        for index in 0..shape.transfers as usize {
            let (mut root, mut sums) = (roots[index], fees[index].clone());
            let mut taken_by = None;
            if let Some(transfer) = trace.transfers.get(index) {
                root = transfer.root_after;
                taken_by = fee_slot_of(trace, transfer);
                if let Some(slot) = taken_by {
                    sums[slot] += Fr::from(transfer.transfer.transfer.fee.value());
                }
            }
            roots.push(root);
            fees.push(sums);
            fee_slots.push(taken_by);
        }
        for slot in 0..slots {
            let before = *roots.last().expect("there is a first root");
            roots.push(fee(slot).map_or(before, |fee| fee.root_after));
        }

        let states = commitment_states(&words);
        let rho = challenge(*states.last().expect("there is a first state"), &words);
        // From the last block to the first, as the circuit does it.
        let next_block = rho.pow([BLOCK_WORDS as u64]);
        let mut evaluations = vec![Fr::ZERO];
        for block in words.chunks(BLOCK_WORDS).rev() {
            let after = evaluations[evaluations.len() - 1];
            evaluations.push(evaluate(block, rho) + next_block * after);
        }
        evaluations.reverse();
        Self {
            trace,
            padding,
            words,
            fee_tokens,
            fee_slots,
            roots,
            fees,
            states,
            evaluations,
            rho,
        }
    }

    fn transfer_slot(&self, index: usize) -> TransferSlot<'_> {
        let (root, fees) = (self.roots[index], &self.fees[index]);
        let unused = self.padding.transfer_slot(&self.fee_tokens, fees, root);
        match self.trace.transfers.get(index) {
            None => unused,
            Some(trace) => TransferSlot {
                on: true,
                trace,
                fee_slot: self.fee_slots[index],
                ..unused
            },
        }
    }

    fn fee_slot(&self, shape: &BatchShape, slot: usize) -> FeeSlotCircuit<'_> {
        let transfers = shape.transfers as usize;
        let root = self.roots[transfers + slot];
        let total = self.fees[transfers][slot];
        match self.trace.fees.get(slot).and_then(Option::as_ref) {
            None => self.padding.fee_slot(root),
            Some(fee) => FeeSlotCircuit {
                on: true,
                index: fee.slot.account.get(),
                account: &fee.account,
                path: &fee.path,
                root,
                total,
            },
        }
    }

    fn block(&self, shape: &BatchShape, block: usize) -> DataBlock {
        let singles = HEADER_WORDS + shape.fee_slots as usize;
        let words = std::array::from_fn(|i| {
            let index = block * BLOCK_WORDS + i;
            match self.words.get(index) {
                None => (Fr::ZERO, Fr::ZERO),
                Some(word) if index < singles => (Fr::ZERO, *word),
                Some(word) => split(word),
            }
        });
        DataBlock {
            state: self.states[block],
            evaluation: self.evaluations[block + 1],
            rho: self.rho,
            words,
        }
    }
}

/// The fee slot that takes a transfer's fee: the first of its token, if there is a fee.
fn fee_slot_of(trace: &BatchTrace, transfer: &TransferTrace) -> Option<usize> {
    let transfer = &transfer.transfer.transfer;
    let takes = |fee: &Option<FeeTrace>| {
        fee.as_ref()
            .is_some_and(|fee| fee.slot.token == transfer.token)
    };
    trace
        .fees
        .iter()
        .position(takes)
        .filter(|_| transfer.fee.value() > 0)
}

/// `high·2^124 + low`.
fn split(word: &Fr) -> (Fr, Fr) {
    let mut high = word.into_bigint();
    high >>= TRANSFER_BITS;
    let high = Fr::from_bigint(high).expect("smaller than the word");
    (high, *word - high * power_of_two(TRANSFER_BITS as usize))
}
