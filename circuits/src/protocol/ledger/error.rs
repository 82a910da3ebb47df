//! Why a ledger, a transfer, a batch or published data are refused.

use ark_bn254::Fr;
use thiserror::Error;

use crate::protocol::{
    account::{AccountError, AccountIndex},
    amount::AmountTooLarge,
    eddsa::SignatureError,
    public_data::BatchShape,
    queue::{EntryError, Outcome},
    transfer::Domain,
    tree::TreeError,
    uint::{OutOfRange, U40},
};

/// Why accounts do not make a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    /// The depth is none of a tree, or an account lies outside the tree.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// An account cannot exist.
    #[error("account {index}: {source}")]
    Account {
        /// The account.
        index: u64,
        /// Why.
        source: AccountError,
    },
    /// An account is given twice.
    #[error("expected each account once, got account {index} twice")]
    DuplicateAccount {
        /// The account.
        index: AccountIndex,
    },
    /// The accounts do not hash to the root beside them.
    #[error("expected accounts with state root {expected}, got {got}")]
    RootMismatch {
        /// The root beside the accounts.
        expected: Fr,
        /// The root of the accounts.
        got: Fr,
    },
}

/// Why a transfer is not applied.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TransferError {
    /// An account lies outside the tree.
    #[error("expected an account index below {capacity}, got {index}")]
    IndexOutOfRange {
        /// The account.
        index: AccountIndex,
        /// 8^D.
        capacity: u64,
    },
    /// There is no such account.
    #[error("expected an existing account, got index {index}")]
    UnknownAccount {
        /// The account.
        index: AccountIndex,
    },
    /// The transfer's token is not that of one of its accounts.
    #[error("account {index}: expected its token {expected}, got a transfer of token {got}")]
    TokenMismatch {
        /// The sender's or the receiver's account.
        index: AccountIndex,
        /// The account's token.
        expected: u32,
        /// The transfer's token.
        got: u32,
    },
    /// The nonce is not the sender's.
    #[error("expected nonce {expected}, got {got}")]
    NonceMismatch {
        /// The sender's.
        expected: U40,
        /// The transfer's.
        got: U40,
    },
    /// The sender has no nonce left.
    #[error("account {index}: expected a nonce below 2^40 - 1, got the last one")]
    NonceExhausted {
        /// The sender's account.
        index: AccountIndex,
    },
    /// The batch is too late for the transfer.
    #[error("expected a batch timestamp of at most {valid_until}, got {timestamp}")]
    Expired {
        /// The transfer's limit.
        valid_until: U40,
        /// The batch's timestamp.
        timestamp: U40,
    },
    /// The amount's encoding stands for too much.
    #[error(transparent)]
    AmountTooLarge(#[from] AmountTooLarge),
    /// The sender does not have amount and fee.
    #[error("expected a balance of at least {amount} + {fee}, got {balance}")]
    InsufficientBalance {
        /// The sender's balance.
        balance: u128,
        /// The amount.
        amount: u128,
        /// The fee.
        fee: u128,
    },
    /// The receiver's balance would not fit.
    #[error(
        "expected a receiver's balance below 2^128 after adding {amount}, got {balance} before"
    )]
    ReceiverOverflow {
        /// The receiver's balance.
        balance: u128,
        /// The amount.
        amount: u128,
    },
    /// The receiving account has another owner than the sender asked for.
    #[error("expected a receiver with Ax {expected}, got {got}")]
    RecipientMismatch {
        /// The transfer's recipient.
        expected: Fr,
        /// Ax of account `to`.
        got: Fr,
    },
    /// The transfer pays a fee that no slot takes.
    #[error("expected a fee of 0, because no fee slot takes token {token}, got {fee}")]
    NoFeeSlot {
        /// The token.
        token: u32,
        /// The fee.
        fee: u128,
    },
    /// A withdrawal names no address.
    #[error("expected another address than 0 for a withdrawal")]
    RecipientZero,
    /// The new account cannot exist.
    #[error("new account: {0}")]
    NewAccount(#[from] AccountError),
    /// A published transfer creates an account without a creation slot.
    #[error("expected a creation slot for the new account, got none")]
    NoRecipientKey,
    /// A published transfer creates an account where there is one.
    #[error("expected a free index for a new account, got {index}")]
    IndexNotFree {
        /// The index.
        index: AccountIndex,
    },
    /// There is no free index.
    #[error("expected a free index for a new account, but the tree is full")]
    TreeFull,
    /// The signature is refused.
    #[error("signature: {0}")]
    SignatureInvalid(#[from] SignatureError),
}

/// Why an entry of the L1 queue cannot be consumed. An entry that just does not apply is consumed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConsumeError {
    /// The contract queues no such entry.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The account lies outside the tree, which the contract does not let pass.
    #[error("expected an account index below {capacity}, got {index}")]
    IndexOutOfRange {
        /// The account.
        index: AccountIndex,
        /// 8^D.
        capacity: u64,
    },
    /// An account is to be created where there is one.
    #[error("expected a free index for a new account, got {index}")]
    IndexNotFree {
        /// The index.
        index: AccountIndex,
    },
    /// There is no free index.
    #[error("expected a free index for a new account, but the tree is full")]
    TreeFull,
    /// A batch published another outcome than the entry has.
    #[error("expected the outcome {expected:?}, got {got:?}")]
    OutcomeMismatch {
        /// The entry's.
        expected: Outcome,
        /// The batch's.
        got: Outcome,
    },
}

/// Why a batch is not applied. The ledger is then as before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BatchError {
    /// A transfer is refused.
    #[error("transfer {index}: {source}")]
    Transfer {
        /// Its position in the batch.
        index: usize,
        /// Why.
        source: TransferError,
    },
    /// An entry of the L1 queue cannot be consumed.
    #[error("L1 entry {index}: {source}")]
    Entry {
        /// Its position in the batch.
        index: usize,
        /// Why.
        source: ConsumeError,
    },
    /// More of a kind than slots.
    #[error("expected at most {slots} {what}, got {got}")]
    TooMany {
        /// Transfers, L1 entries, fee slots, withdrawals or new accounts.
        what: &'static str,
        /// Slots of the shape.
        slots: u32,
        /// What came.
        got: usize,
    },
    /// The queue's entries have no successor.
    #[error("expected fewer than 2^64 entries of the L1 queue")]
    QueueExhausted,
    /// The circuit is for trees of another depth.
    #[error("expected a batch for depth {expected}, got depth {got}")]
    DepthMismatch {
        /// The ledger's.
        expected: usize,
        /// The shape's.
        got: u32,
    },
    /// The timestamp has more than 40 bits.
    #[error("batch timestamp: {0}")]
    Timestamp(#[from] OutOfRange),
    /// The timestamp is before the previous batch's.
    #[error("expected a batch timestamp of at least {last}, got {got}")]
    TimestampBackwards {
        /// The previous batch's.
        last: U40,
        /// This batch's.
        got: U40,
    },
    /// The batch number has no successor.
    #[error("expected a batch number below 2^64")]
    BatchNumberExhausted,
    /// Two slots for one token would each collect its fees.
    #[error("fee slot {slot}: expected each token once, got token {token} again")]
    DuplicateFeeToken {
        /// The later slot.
        slot: usize,
        /// The token.
        token: u32,
    },
    /// A fee slot's account does not exist.
    #[error("fee slot {slot}: expected an existing account, got index {index}")]
    UnknownFeeAccount {
        /// The slot.
        slot: usize,
        /// Its account.
        index: AccountIndex,
    },
    /// A fee slot's account holds another token.
    #[error("fee slot {slot}: expected an account of token {expected}, got token {got}")]
    FeeTokenMismatch {
        /// The slot.
        slot: usize,
        /// The slot's token.
        expected: u32,
        /// The account's token.
        got: u32,
    },
    /// The fees of a token in one batch have no 128-bit sum.
    #[error("fee slot {slot}: expected fees below 2^128 of token {token}")]
    FeesTooLarge {
        /// The slot.
        slot: usize,
        /// Its token.
        token: u32,
    },
    /// A fee slot's account cannot hold the fees.
    #[error(
        "fee slot {slot}: expected a balance below 2^128 after adding {fees}, got {balance} before"
    )]
    FeeOverflow {
        /// The slot.
        slot: usize,
        /// The account's balance.
        balance: u128,
        /// The fees of the batch.
        fees: u128,
    },
}

/// Why published data do not continue a ledger. The ledger is then as before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReplayError {
    /// The data are for another contract or chain.
    #[error("expected data for {expected:?}, got {got:?}")]
    DomainMismatch {
        /// The ledger's.
        expected: Domain,
        /// The header's.
        got: Domain,
    },
    /// The data are not those of the next batch.
    #[error("expected batch {expected}, got batch {got}")]
    BatchNumberMismatch {
        /// One more than the ledger's last.
        expected: u64,
        /// The header's.
        got: u64,
    },
    /// The data start from another state.
    #[error("expected state root {expected} before the batch, got {got}")]
    PreRootMismatch {
        /// The ledger's.
        expected: Fr,
        /// The header's.
        got: Fr,
    },
    /// The data lead to another state.
    #[error("expected state root {expected} after the batch, got {got}")]
    PostRootMismatch {
        /// The header's.
        expected: Fr,
        /// Of the accounts with the batch applied.
        got: Fr,
    },
    /// The batch consumed other entries of the L1 queue than the next ones.
    #[error("expected entries of the L1 queue from {expected} on, got {got}")]
    ConsumedMismatch {
        /// Entries that the ledger has consumed.
        expected: u64,
        /// The header's.
        got: u64,
    },
    /// An entry, a transfer or a fee slot cannot have been proven.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

/// What a batch needs slots for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needed {
    pub l1: usize,
    pub fee_slots: usize,
    pub withdrawals: usize,
    pub creations: usize,
    pub transfers: usize,
}

impl BatchError {
    /// Checks that the shape is the ledger's and has the slots.
    pub(super) fn check_shape(
        shape: &BatchShape,
        depth: usize,
        needed: &Needed,
    ) -> Result<(), Self> {
        if shape.depth as usize != depth {
            return Err(Self::DepthMismatch {
                expected: depth,
                got: shape.depth,
            });
        }
        for (what, slots, got) in [
            ("transfers", shape.transfers, needed.transfers),
            ("L1 entries", shape.l1_slots, needed.l1),
            ("fee slots", shape.fee_slots, needed.fee_slots),
            ("withdrawals", shape.withdrawals, needed.withdrawals),
            ("new accounts", shape.creations, needed.creations),
        ] {
            if got > slots as usize {
                return Err(Self::TooMany { what, slots, got });
            }
        }
        Ok(())
    }
}
