//! Why a ledger, a transfer, a batch or published data are refused.

use ark_bn254::Fr;
use thiserror::Error;

use crate::protocol::{
    account::{AccountError, AccountIndex},
    amount::AmountTooLarge,
    eddsa::SignatureError,
    public_data::BatchShape,
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
    /// The signature is refused.
    #[error("signature: {0}")]
    SignatureInvalid(#[from] SignatureError),
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
    /// More transfers than slots.
    #[error("expected at most {slots} transfers, got {got}")]
    TooManyTransfers {
        /// N.
        slots: u32,
        /// What came.
        got: usize,
    },
    /// More used fee slots than slots.
    #[error("expected at most {slots} fee slots, got {got}")]
    TooManyFeeSlots {
        /// F.
        slots: u32,
        /// What came.
        got: usize,
    },
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
    /// A transfer or a fee slot cannot have been proven.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl BatchError {
    /// Checks that the used slots fit the shape and the shape the ledger.
    pub(super) fn check_shape(
        shape: &BatchShape,
        depth: usize,
        transfers: usize,
        fee_slots: usize,
    ) -> Result<(), Self> {
        let BatchShape {
            transfers: n,
            fee_slots: f,
            depth: got,
        } = *shape;
        if got as usize != depth {
            let expected = depth;
            Err(Self::DepthMismatch { expected, got })
        } else if transfers > n as usize {
            let (slots, got) = (n, transfers);
            Err(Self::TooManyTransfers { slots, got })
        } else if fee_slots > f as usize {
            let (slots, got) = (f, fee_slots);
            Err(Self::TooManyFeeSlots { slots, got })
        } else {
            Ok(())
        }
    }
}
