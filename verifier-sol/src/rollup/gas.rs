//! What a settlement takes at most, before it is sent: no transaction may ask for more than 2^24 gas (EIP-7825), and
//! one that was proven and cannot be sent is work thrown away.
//!
//! The bound is for Osaka and assumes the worst: every byte of calldata is not zero, every payment goes to an owner
//! whom the contract owed nothing. tests/contracts/gas.rs compares it with the embedded EVM.

/// The most gas that one transaction may ask for (EIP-7825).
pub const TRANSACTION_GAS_CAP: u64 = 1 << 24;

/// A transaction and its calldata.
const TRANSACTION: u64 = 21_000;
const BYTE: u64 = 16;
/// The floor of EIP-7623, which holds where it is more.
const FLOOR_BYTE: u64 = 40;

/// A call that settles one batch that shows nothing; of several, the call and each batch.
const SINGLE: u64 = 231_000;
const CALL: u64 = 182_000;
const BATCH: u64 = 72_000;
/// The precompile of EIP-4844 and what goes with it.
const POINT_EVALUATION: u64 = 60_000;
const SLICE: u64 = 1_500;

/// Each of what a batch shows.
const FEE_SLOT: u64 = 250;
const CREATION: u64 = 260;
const WITHDRAWAL: u64 = 23_000;
const L1_SLOT: u64 = 900;
const FIRST_L1_SLOT: u64 = 5_000;
/// Words of operations, by their bytes.
const DATA_BYTE: u64 = 3;

/// Memory of so many words takes words²/512 besides; a word of the batch is one of the call.
const MEMORY_DIVISOR: u64 = 512;

/// What a call settles, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settlement {
    /// Batches.
    pub batches: usize,
    /// Whether their operations are in a blob.
    pub blob: bool,
    /// Entries of the queue that they consume.
    pub l1_slots: usize,
    /// Fee slots of all batches, used or not.
    pub fee_slots: usize,
    /// Withdrawals.
    pub withdrawals: usize,
    /// Creations.
    pub creations: usize,
    /// Bytes of `data`.
    pub data_bytes: usize,
}

/// A call may take more gas than a transaction can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected a settlement of at most {TRANSACTION_GAS_CAP} gas (EIP-7825), got one of up to {got}: settle fewer \
     batches at once, or make the circuit's batches smaller"
)]
pub struct GasCapError {
    /// The bound.
    pub got: u64,
}

impl Settlement {
    /// Gas that the transaction takes at most.
    pub fn gas_bound(&self) -> u64 {
        let n = |count: usize| count as u64;
        let mut execution = match (self.batches, self.blob) {
            (1, false) => SINGLE,
            (batches, _) => CALL + n(batches) * BATCH,
        };
        if self.blob {
            execution += POINT_EVALUATION + n(self.batches) * SLICE;
        }
        if self.l1_slots > 0 {
            execution += n(self.batches) * FIRST_L1_SLOT;
        }
        // An entry may be paid out as a withdrawal is.
        execution += n(self.l1_slots) * (L1_SLOT + WITHDRAWAL)
            + n(self.fee_slots) * FEE_SLOT
            + n(self.withdrawals) * WITHDRAWAL
            + n(self.creations) * CREATION
            + n(self.data_bytes) * DATA_BYTE;
        let words = n(self.data_bytes) / 31 + 64 * n(self.batches);
        execution += words * words / MEMORY_DIVISOR;

        // Heads, slices and lengths: at most 16 words a batch and 16 a call.
        let bytes = n(self.data_bytes) + 32 * 16 * (n(self.batches) + 1);
        TRANSACTION + (execution + BYTE * bytes).max(FLOOR_BYTE * bytes)
    }

    /// Checks that a transaction can ask for that much.
    ///
    /// # Errors
    ///
    /// [`GasCapError`].
    pub fn check(&self) -> Result<(), GasCapError> {
        match self.gas_bound() {
            got if got > TRANSACTION_GAS_CAP => Err(GasCapError { got }),
            _ => Ok(()),
        }
    }
}
