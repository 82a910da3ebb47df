//! From a [`BatchTrace`] to the values of all columns.

use super::{
    BatchCircuit, FIRST_FEE, HEADER, L1, Layout, RECORDS_START, TRANSFERS,
    blob::SliceWitness,
    closing::Closing,
    data_block::{BLOCK_WORDS, DataBlock},
    fee_slot::FeeSlotCircuit,
    header::HeaderCircuit,
    l1_slot::L1SlotCircuit,
    padding::Padding,
    record_slot::RecordSlot,
    transfer_slot::{Receiver, TransferSlot},
};
use crate::gadgets::account::power_of_two;
use crate::protocol::{
    account::{Account, AccountIndex},
    blob::BlobScalar,
    ledger::{BatchTrace, FeeTrace, ReceiverTrace, TransferTrace},
    poseidon,
    public_data::{
        BatchShape, DataError, HEADER_WORDS, PublicData, TRANSFER_BITS, Withdrawal,
        commitment_start, commitment_states, evaluate,
    },
    transfer::{Address, Recipient},
    tree::Path,
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
    /// z, if the operations are in a blob.
    pub blob_point: Option<BlobScalar>,
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
    /// More of a kind than the shape has room for.
    #[error("expected at most {slots} {what}, got {got}")]
    TooMany {
        /// L1 entries, transfers or fee slots.
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
        /// L1 entry, transfer or fee slot.
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

/// The running hash before a withdrawal or creation slot, and the slot's words if it is used.
type SlotRecord = (Fr, Option<[Fr; 2]>);

/// Everything that flows from one slot to another, computed beforehand, so that the slots can be
/// filled in parallel.
struct Flow<'a> {
    trace: &'a BatchTrace,
    padding: Padding,
    words: Vec<Fr>,
    /// For each withdrawal or creation slot, the running hash before and the words.
    records: [Vec<SlotRecord>; 2],
    /// The running hashes after the last slots, and after the last transfer.
    records_end: [[Fr; 2]; 2],
    /// For each transfer slot, the running hashes before.
    transfer_records: Vec<[Fr; 2]>,
    /// For each transfer to no account that was there, who is credited.
    made_up: Vec<Option<(AccountIndex, Account, Path)>>,
    /// Token that each fee slot shows.
    fee_tokens: Vec<Fr>,
    /// For each transfer slot, the fee slot that takes its fee.
    fee_slots: Vec<Option<usize>>,
    /// The state root before each L1 slot, each transfer slot, each fee slot; then the last.
    roots: Vec<Fr>,
    /// `fees[k][f]`: what fee slot f has collected before transfer slot k, then in the end.
    fees: Vec<Vec<Fr>>,
    /// sₖ, and the last.
    states: Vec<Fr>,
    /// `evaluations[k]`: block k's and all later blocks' words evaluated at ρ.
    evaluations: Vec<Fr>,
    rho: Fr,
    slice: Option<SliceWitness>,
}

impl BatchCircuit {
    /// The assignment of a batch, slots in parallel with the feature `parallel`.
    ///
    /// A trace that does not come from a [`Ledger`](crate::protocol::ledger::Ledger) may give an
    /// assignment that does not satisfy the constraints; the prover says so.
    ///
    /// # Errors
    /// If the trace has not the circuit's shape, or its operations are in a blob.
    pub fn assign(&self, trace: &BatchTrace) -> Result<BatchAssignment, WitnessError> {
        self.check_shape(trace)?;
        self.assign_as(trace, &trace.public_data()?)
    }

    /// The assignment of a batch whose operations are in a blob that is evaluated at `z`
    /// ([`challenge`](crate::protocol::blob::challenge)).
    ///
    /// # Errors
    /// If the trace has not the circuit's shape, or its operations are not in a blob.
    pub fn assign_with_blob(
        &self,
        trace: &BatchTrace,
        z: BlobScalar,
    ) -> Result<BatchAssignment, WitnessError> {
        self.check_shape(trace)?;
        self.assign_as(trace, &trace.public_data_with_blob(z)?)
    }

    /// The assignment of a batch that publishes these data.
    pub(super) fn assign_as(
        &self,
        trace: &BatchTrace,
        public_data: &PublicData,
    ) -> Result<BatchAssignment, WitnessError> {
        let point = public_data.slots().blob_point;
        let slice = self.templates.slice.as_ref().zip(point);
        let slice = slice.map(|(templates, z)| templates.evaluate(public_data.blob_words(), z));
        let flow = Flow::new(&self.shape, trace, public_data, slice);
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
            blob_point: point,
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
        room("L1 entries", expected.l1_slots, trace.l1.len())?;
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
        for (index, entry) in trace.l1.iter().enumerate() {
            length("L1 entry", index, entry.path.levels.len())?;
        }
        for (index, transfer) in trace.transfers.iter().enumerate() {
            length("transfer", index, transfer.sender_path.levels.len())?;
            match &transfer.receiver {
                ReceiverTrace::Account { path, .. } | ReceiverTrace::NewAccount { path, .. } => {
                    length("transfer", index, path.levels.len())?;
                }
                ReceiverTrace::L1 => {}
            }
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
        let layout = Layout::new(&self.shape);
        let templates = &self.templates;
        if segment == layout.closing() {
            let [withdrawals, creations] = flow.records_end;
            return templates.closing.witness(&Closing {
                commitment: [instance[1]; 2],
                evaluation: [instance[3]; 2],
                post_root: [
                    flow.trace.header.post_root,
                    *flow.roots.last().expect("a root"),
                ],
                withdrawals,
                creations,
            });
        }
        if let (Some(slice), Some(segments), Some(witness)) =
            (&templates.slice, &layout.slice, &flow.slice)
            && let Some(locals) = slice.witness(witness, segments, segment, copy)
        {
            return locals;
        }
        if segment >= layout.data {
            let block = segment - layout.data + copy;
            return templates.block.witness(&flow.block(&self.shape, block));
        }
        match segment {
            HEADER => templates.header.witness(&HeaderCircuit {
                words: flow.words[..HEADER_WORDS].try_into().expect("eight words"),
                slots: flow.words[3],
                initial_state: commitment_start(self.shape.words() as u32),
            }),
            L1 => templates.l1.witness(&flow.l1_slot(copy)),
            TRANSFERS => {
                let slot = flow.transfer_slot(&self.shape, copy);
                templates.transfer.witness(&slot)
            }
            _ if segment == layout.withdrawals => templates.record.witness(&flow.record(0, copy)),
            _ if segment == layout.creations => templates.record.witness(&flow.record(1, copy)),
            _ => templates
                .fee
                .witness(&flow.fee_slot(&self.shape, segment - FIRST_FEE)),
        }
    }
}

impl<'a> Flow<'a> {
    fn new(
        shape: &BatchShape,
        trace: &'a BatchTrace,
        public_data: &PublicData,
        slice: Option<SliceWitness>,
    ) -> Self {
        let padding = Padding::new(&trace.header);
        let words = public_data.words();
        let slots = shape.fee_slots as usize;
        let fee = |slot: usize| trace.fees.get(slot).and_then(Option::as_ref);
        let fee_tokens: Vec<Fr> = (0..slots)
            .map(|slot| fee(slot).map_or(padding.fee_token(), |fee| Fr::from(fee.slot.token)))
            .collect();

        let mut roots = vec![trace.header.pre_root];
        for index in 0..shape.l1_slots as usize {
            let before = roots[index];
            roots.push(trace.l1.get(index).map_or(before, |entry| entry.root_after));
        }
        let mut fees = vec![vec![Fr::ZERO; slots]];
        let mut fee_slots = Vec::new();
        for index in 0..shape.transfers as usize {
            let mut root = *roots.last().expect("there is a first root");
            let mut sums = fees[index].clone();
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
        let rho = public_data.challenge(*states.last().expect("there is a first state"));
        // From the last block to the first, as the circuit does it.
        let next_block = rho.pow([BLOCK_WORDS as u64]);
        let mut evaluations = vec![Fr::ZERO];
        for block in words.chunks(BLOCK_WORDS).rev() {
            let after = evaluations[evaluations.len() - 1];
            evaluations.push(evaluate(block, rho) + next_block * after);
        }
        evaluations.reverse();
        let withdrawals = public_data.withdrawals().iter().map(Withdrawal::words);
        let creations = public_data.creations().iter().map(|key| [key.x, key.y]);
        let [no_withdrawals, no_creations] = RECORDS_START.map(|(_, start)| start);
        let (withdrawals, withdrawals_end) =
            running(withdrawals, shape.withdrawals as usize, no_withdrawals);
        let (creations, creations_end) = running(creations, shape.creations as usize, no_creations);
        let mut acc = RECORDS_START.map(|(_, start)| start);
        let mut transfer_records = Vec::with_capacity(shape.transfers as usize);
        for index in 0..shape.transfers as usize {
            transfer_records.push(acc);
            let Some(trace) = trace.transfers.get(index) else {
                continue;
            };
            let transfer = &trace.transfer.transfer;
            if let Some(withdrawal) = Withdrawal::of(transfer) {
                let [first, second] = withdrawal.words();
                acc[0] = poseidon::hash(&[acc[0], first, second]);
            }
            if let Recipient::NewAccount(key) = transfer.recipient {
                acc[1] = poseidon::hash(&[acc[1], key.x, key.y]);
            }
        }
        let made_up = trace
            .transfers
            .iter()
            .map(|transfer| made_up(&padding, transfer))
            .collect();
        Self {
            records: [withdrawals, creations],
            records_end: [[withdrawals_end, acc[0]], [creations_end, acc[1]]],
            transfer_records,
            made_up,
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
            slice,
        }
    }

    fn l1_slot(&self, index: usize) -> L1SlotCircuit<'_> {
        let root = self.roots[index];
        match self.trace.l1.get(index) {
            None => self.padding.l1_slot(root),
            Some(trace) => L1SlotCircuit {
                on: true,
                slot: &trace.slot,
                index: trace.index,
                account: trace.account.as_ref(),
                path: &trace.path,
                root,
            },
        }
    }

    fn transfer_slot(&self, shape: &BatchShape, index: usize) -> TransferSlot<'_> {
        let root = self.roots[shape.l1_slots as usize + index];
        let (fees, records) = (&self.fees[index], self.transfer_records[index]);
        let unused = self
            .padding
            .transfer_slot(&self.fee_tokens, fees, root, records);
        let Some(trace) = self.trace.transfers.get(index) else {
            return unused;
        };
        let receiver = match (&trace.receiver, &self.made_up[index]) {
            (ReceiverTrace::Account { account, path }, _) => Receiver {
                index: trace.transfer.transfer.recipient.index(),
                account,
                path,
            },
            (_, Some((index, account, path))) => Receiver {
                index: *index,
                account,
                path,
            },
            (_, None) => unused.receiver,
        };
        TransferSlot {
            on: true,
            trace,
            receiver,
            fee_slot: self.fee_slots[index],
            ..unused
        }
    }

    fn record(&self, kind: usize, slot: usize) -> RecordSlot {
        let (acc, words) = self.records[kind][slot];
        RecordSlot { acc, words }
    }

    fn fee_slot(&self, shape: &BatchShape, slot: usize) -> FeeSlotCircuit<'_> {
        let transfers = shape.transfers as usize;
        let root = self.roots[shape.l1_slots as usize + transfers + slot];
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
        let singles = shape.words_before_transfers();
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

/// For each slot the running hash before and the words of its record, if it has one; and the last hash.
fn running(
    records: impl Iterator<Item = [Fr; 2]>,
    slots: usize,
    start: Fr,
) -> (Vec<SlotRecord>, Fr) {
    let mut acc = start;
    let records = records.map(Some).chain(std::iter::repeat(None));
    let slots = records
        .take(slots)
        .map(|words| {
            let before = acc;
            if let Some([a, b]) = words {
                acc = poseidon::hash(&[acc, a, b]);
            }
            (before, words)
        })
        .collect();
    (slots, acc)
}

/// Who is credited by a transfer to no account that was there.
fn made_up(padding: &Padding, trace: &TransferTrace) -> Option<(AccountIndex, Account, Path)> {
    let transfer = &trace.transfer.transfer;
    match (&trace.receiver, transfer.recipient) {
        (ReceiverTrace::Account { .. }, _) => None,
        (ReceiverTrace::NewAccount { index, path }, Recipient::NewAccount(public_key)) => {
            let account = Account::opened(public_key, transfer.token, Address::default());
            Some((*index, account, path.clone()))
        }
        _ => {
            let (account, path) = padding.receiver_of_token(transfer.token);
            Some((AccountIndex::default(), account, path))
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
