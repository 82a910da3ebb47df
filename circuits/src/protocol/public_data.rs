//! The public data of a batch: words, their commitment and evaluation, and the call's bytes.
//!
//! ```text
//! C:  s₀ = "zkroll/data"·2³² + m,   sₖ₊₁ = Poseidon₁₆(sₖ, d₁₅ₖ, …, d₁₅ₖ₊₁₄),   C the last state
//! ρ = keccak256(T ‖ C ‖ K ‖ the words shown) mod r,   T = keccak256("zkroll/rho/v2")
//! y = Σ dᵢ·ρⁱ
//! ```
//!
//! Source: `docs/protocol.md` §7 and §8. The circuit computes C and y from its words, the contract
//! ρ and y from its own; C fixes the circuit's words before ρ exists. Of slots that are not shown, whose
//! numbers are in K, the words are zero.
//!
//! Representation: [`PublicData`] holds the header, the L1, withdrawal and creation slots that are used,
//! exactly F fee slots and exactly N operations, `None` for an unused one. Everything in it fits its bits by
//! type, so words and bytes exist for every value, and [`PublicData::decode`] accepts exactly the bytes that
//! some value has.
//!
//! Cost: one Poseidon₁₆ for each 15 words.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, PrimeField};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use thiserror::Error;

use super::{
    account::AccountIndex,
    amount::{Amount, Fee},
    blob::{BlobScalar, CLAIM_WORDS, Claim, Word, optional_point},
    eddsa::PublicKey,
    field, poseidon,
    queue::{L1Slot, SLOT_BYTES, SLOT_WORDS, SlotError, integer},
    transfer::{Address, Domain, Operation, Recipient, Transfer},
    uint::U40,
};

/// The format's version, in d₀.
pub const VERSION: u8 = 2;

/// Words of the header.
pub const HEADER_WORDS: usize = 8;

/// Words that one step of the commitment takes.
pub const COMMITMENT_RATE: usize = 15;

/// "zkroll/data", the commitment's domain.
const COMMITMENT_DOMAIN: &[u8; 11] = b"zkroll/data";

/// The challenge's domain, hashed.
const CHALLENGE_DOMAIN: &[u8] = b"zkroll/rho/v2";

/// Bits of an operation in a word.
pub const TRANSFER_BITS: u32 = 124;

/// Bytes of a word of two operations in the call.
const TRANSFER_WORD_BYTES: usize = 31;

/// Bytes of a fee slot in the call.
const FEE_SLOT_BYTES: usize = 10;

/// Bits of a fee slot's account: more than an index has.
pub const FEE_ACCOUNT_BITS: u32 = 40;

/// Words of a withdrawal slot, and of a creation slot.
pub const RECORD_WORDS: usize = 2;

/// Bytes of a withdrawal slot in the call.
const WITHDRAWAL_BYTES: usize = 29;

/// Bytes of a creation slot in the call.
const CREATION_BYTES: usize = 64;

/// Bytes of the four numbers of slots shown.
const COUNTS_BYTES: usize = 8;

/// The most slots of a kind in a shape that comes from outside. Circuits end far below: the field
/// has roots of unity for 2²⁸ constraints, and a transfer takes more than 2¹⁴.
pub const MAX_SLOTS: u32 = (1 << 16) - 1;

/// Where a batch publishes its operations. All other words are in calldata.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DataForm {
    /// In calldata, and among the words.
    #[default]
    Calldata,
    /// In a blob; the words have what the blob's polynomial is worth at a point.
    Blob,
}

/// What a batch circuit has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedShape")]
pub struct BatchShape {
    /// Where the operations are; calldata if JSON says nothing.
    pub form: DataForm,
    /// N.
    pub transfers: u32,
    /// L.
    pub l1_slots: u32,
    /// F.
    pub fee_slots: u32,
    /// W.
    pub withdrawals: u32,
    /// E.
    pub creations: u32,
    /// D, the depth of the state tree.
    pub depth: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedShape {
    #[serde(default)]
    form: DataForm,
    transfers: u32,
    l1_slots: u32,
    fee_slots: u32,
    withdrawals: u32,
    creations: u32,
    depth: u32,
}

/// A shape has more than [`MAX_SLOTS`] slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected at most {MAX_SLOTS} slots of a kind, got {got}")]
pub struct TooManySlots {
    /// Slots of the larger kind.
    pub got: u32,
}

impl TryFrom<UncheckedShape> for BatchShape {
    type Error = TooManySlots;

    fn try_from(unchecked: UncheckedShape) -> Result<Self, TooManySlots> {
        let UncheckedShape {
            form,
            transfers,
            l1_slots,
            fee_slots,
            withdrawals,
            creations,
            depth,
        } = unchecked;
        let slots = [transfers, l1_slots, fee_slots, withdrawals, creations];
        match slots.into_iter().max().unwrap_or_default() {
            got if got > MAX_SLOTS => Err(TooManySlots { got }),
            _ => Ok(Self {
                form,
                transfers,
                l1_slots,
                fee_slots,
                withdrawals,
                creations,
                depth,
            }),
        }
    }
}

impl BatchShape {
    /// Room for transfers between accounts alone: no L1, withdrawal or creation slots.
    pub const fn transfers_only(depth: u32, transfers: u32, fee_slots: u32) -> Self {
        Self {
            form: DataForm::Calldata,
            transfers,
            l1_slots: 0,
            fee_slots,
            withdrawals: 0,
            creations: 0,
            depth,
        }
    }

    /// Words of operations, two to a word, in calldata or in a blob.
    pub fn transfer_words(&self) -> usize {
        (self.transfers as usize).div_ceil(2)
    }

    /// Words before those of operations, or of the blob.
    pub fn words_before_transfers(&self) -> usize {
        HEADER_WORDS
            + SLOT_WORDS * self.l1_slots as usize
            + self.fee_slots as usize
            + RECORD_WORDS * (self.withdrawals as usize + self.creations as usize)
    }

    /// m, the number of words.
    pub fn words(&self) -> usize {
        let last = match self.form {
            DataForm::Calldata => self.transfer_words(),
            DataForm::Blob => CLAIM_WORDS,
        };
        self.words_before_transfers() + last
    }
}

/// What the words d₀, …, d₇ say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    /// Chain and contract.
    pub domain: Domain,
    /// Unix time in seconds.
    pub timestamp: U40,
    /// 1 for the first batch.
    #[serde(with = "field::decimal")]
    pub batch_number: u64,
    /// Slot counts and depth.
    pub shape: BatchShape,
    /// The state root before.
    #[serde(with = "field::element")]
    pub pre_root: Fr,
    /// The state root after.
    #[serde(with = "field::element")]
    pub post_root: Fr,
    /// Entries of the L1 queue consumed before.
    #[serde(with = "field::decimal")]
    pub consumed_before: u64,
    /// The same after.
    #[serde(with = "field::decimal")]
    pub consumed_after: u64,
}

impl Header {
    /// d₀, …, d₇.
    pub fn words(&self) -> [Fr; HEADER_WORDS] {
        let shape = &self.shape;
        [
            domain_word(&self.domain),
            Fr::from(self.timestamp.get()),
            Fr::from(self.batch_number),
            field::pack(&[
                (shape.form as u128, 8),
                (shape.depth.into(), 32),
                (shape.creations.into(), 32),
                (shape.withdrawals.into(), 32),
                (shape.fee_slots.into(), 32),
                (shape.l1_slots.into(), 32),
                (shape.transfers.into(), 32),
            ]),
            self.pre_root,
            self.post_root,
            Fr::from(self.consumed_before),
            Fr::from(self.consumed_after),
        ]
    }
}

/// version 8 | chain id 64 | contract 160.
pub fn domain_word(domain: &Domain) -> Fr {
    let [high, low] = domain.contract.fields();
    let chain_id = (domain.chain_id.into(), 64);
    field::pack(&[(VERSION.into(), 8), chain_id, high, low])
}

/// A used fee slot: the fees of `token` go to `account`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FeeSlot {
    /// The token.
    pub token: u32,
    /// An account of the token.
    pub account: AccountIndex,
}

impl FeeSlot {
    /// used 8 | token 32 | account 40.
    pub fn encode(&self) -> u128 {
        (1 << 32 | u128::from(self.token)) << FEE_ACCOUNT_BITS | u128::from(self.account.get())
    }

    /// The inverse of [`encode`](Self::encode), of 80 bits; `None` for an unused slot, which is 0.
    fn decode(slot: usize, encoding: u128) -> Result<Option<Self>, DataError> {
        let account = (encoding & ((1 << FEE_ACCOUNT_BITS) - 1)) as u64;
        let token = (encoding >> FEE_ACCOUNT_BITS) as u32;
        match encoding >> (FEE_ACCOUNT_BITS + 32) {
            0 if encoding == 0 => Ok(None),
            0 => Err(DataError::UnusedFeeSlot { slot }),
            1 => AccountIndex::try_from(account)
                .map(|account| Some(Self { token, account }))
                .map_err(|_| DataError::FeeAccount { slot, account }),
            flag => Err(DataError::FeeSlotFlag {
                slot,
                flag: flag as u8,
            }),
        }
    }
}

/// What a batch publishes of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicTransfer {
    /// Where it goes.
    pub operation: Operation,
    /// The sender's account.
    pub from: AccountIndex,
    /// The receiver's account, or the new one; 0 in a withdrawal.
    pub to: AccountIndex,
    /// What the recipient gets.
    pub amount: Amount,
    /// What the fee slot gets.
    pub fee: Fee,
}

impl PublicTransfer {
    /// operation 2 | from 33 | to 33 | amount 40 | fee 16: 124 bits.
    pub fn encode(&self) -> u128 {
        [
            (self.from.get(), AccountIndex::BITS),
            (self.to.get(), AccountIndex::BITS),
            (self.amount.encoding(), Amount::BITS),
            (self.fee.encoding(), Fee::BITS),
        ]
        .iter()
        .fold(self.operation as u128, |op, (value, bits)| {
            op << bits | u128::from(*value)
        })
    }

    /// The inverse of [`encode`](Self::encode), of 124 bits; `None` for an unused slot, which is 0.
    fn decode(slot: usize, encoding: u128) -> Result<Option<Self>, DataError> {
        let mut rest = encoding;
        let mut take = |bits: u32| {
            let field = rest & ((1 << bits) - 1);
            rest >>= bits;
            field as u64
        };
        let fee = Fee::try_from(take(Fee::BITS));
        let amount = Amount::try_from(take(Amount::BITS));
        let to = AccountIndex::try_from(take(AccountIndex::BITS));
        let from = AccountIndex::try_from(take(AccountIndex::BITS));
        let operation = Operation::ALL.into_iter().find(|op| *op as u128 == rest);
        match (operation, from, to, amount, fee) {
            (None, ..) if encoding == 0 => Ok(None),
            (Some(Operation::Withdrawal), _, Ok(to), ..) if to != AccountIndex::default() => {
                Err(DataError::WithdrawalTo { slot })
            }
            (Some(operation), Ok(from), Ok(to), Ok(amount), Ok(fee)) => Ok(Some(Self {
                operation,
                from,
                to,
                amount,
                fee,
            })),
            _ => Err(DataError::UnusedTransfer { slot }),
        }
    }
}

/// A used withdrawal slot: what the contract owes an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Withdrawal {
    /// The address.
    pub address: Address,
    /// The token.
    pub token: u32,
    /// How much of it.
    pub amount: Amount,
}

impl Withdrawal {
    /// What a transfer asks for, if it goes to L1.
    pub fn of(transfer: &Transfer) -> Option<Self> {
        match transfer.recipient {
            Recipient::L1(address) => Some(Self {
                address,
                token: transfer.token,
                amount: transfer.amount,
            }),
            Recipient::Account { .. } | Recipient::NewAccount(_) => None,
        }
    }

    /// `address 160`, `used 8 | token 32 | amount 40`.
    pub fn words(&self) -> [Fr; RECORD_WORDS] {
        let used = 1u128;
        let amount = u128::from(self.amount.encoding());
        let second = (used << 32 | u128::from(self.token)) << Amount::BITS | amount;
        [self.address.word(), Fr::from(second)]
    }

    /// address 20 | token 4 | amount 5.
    fn encode(&self) -> [u8; WITHDRAWAL_BYTES] {
        let mut bytes = [0; WITHDRAWAL_BYTES];
        bytes[..20].copy_from_slice(&self.address.0);
        bytes[20..24].copy_from_slice(&self.token.to_be_bytes());
        bytes[24..].copy_from_slice(&self.amount.encoding().to_be_bytes()[3..]);
        bytes
    }

    fn decode(bytes: &[u8; WITHDRAWAL_BYTES]) -> Self {
        let (address, rest) = bytes.split_first_chunk().expect("29 bytes");
        let (token, amount) = rest.split_first_chunk().expect("9 bytes");
        let amount = integer(amount) as u64;
        Self {
            address: Address(*address),
            token: u32::from_be_bytes(*token),
            amount: Amount::try_from(amount).expect("five bytes"),
        }
    }
}

/// Why slots or bytes are not the public data of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DataError {
    /// Another number of fee slots than the shape has.
    #[error("expected {expected} fee slots, got {got}")]
    FeeSlots {
        /// F.
        expected: u32,
        /// What came.
        got: usize,
    },
    /// Another number of transfer slots than the shape has.
    #[error("expected {expected} transfer slots, got {got}")]
    Transfers {
        /// N.
        expected: u32,
        /// What came.
        got: usize,
    },
    /// The bytes' length is not that of what they show.
    #[error("expected {expected} bytes of data, got {got}")]
    Length {
        /// Of what they show.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The first byte of a fee slot is neither 0 nor 1.
    #[error("fee slot {slot}: expected flag 0 or 1, got {flag}")]
    FeeSlotFlag {
        /// The slot.
        slot: usize,
        /// The byte.
        flag: u8,
    },
    /// A fee slot with flag 0 is not all zero.
    #[error("fee slot {slot}: expected zeros after flag 0")]
    UnusedFeeSlot {
        /// The slot.
        slot: usize,
    },
    /// A fee slot's account cannot be in any tree.
    #[error("fee slot {slot}: expected an account index below 2^33, got {account}")]
    FeeAccount {
        /// The slot.
        slot: usize,
        /// The 40-bit integer.
        account: u64,
    },
    /// A withdrawal names an account that gets it.
    #[error("transfer slot {slot}: expected zeros for the receiver of a withdrawal")]
    WithdrawalTo {
        /// The slot.
        slot: usize,
    },
    /// More slots are shown than the shape has.
    #[error("expected at most {expected} {what}, got {got}")]
    TooManySlots {
        /// L1, withdrawal or creation slots, or operation words.
        what: &'static str,
        /// Of the shape.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The operations and the slots that go with them differ in number.
    #[error("expected {expected} {what} for as many operations, got {got}")]
    SlotsWithoutOperations {
        /// Withdrawal or creation slots.
        what: &'static str,
        /// Operations.
        expected: usize,
        /// Slots.
        got: usize,
    },
    /// The L1 slots are not those that the header says were consumed.
    #[error("expected L1 slots for entries {before} to {after}, got {got} slots")]
    Consumed {
        /// Entries consumed before.
        before: u64,
        /// Entries consumed after.
        after: u64,
        /// L1 slots.
        got: usize,
    },
    /// An outcome is none of its entry's type.
    #[error("L1 slot {slot}: expected an outcome of the entry's type, got another")]
    Outcome {
        /// The slot.
        slot: usize,
    },
    /// Bytes of an L1 slot.
    #[error("L1 slot {slot}: {source}")]
    L1Slot {
        /// The slot.
        slot: usize,
        /// Why.
        source: SlotError,
    },
    /// A coordinate of a new key is not below r.
    #[error("creation slot {slot}: expected coordinates below r")]
    CreationKey {
        /// The slot.
        slot: usize,
    },
    /// The last operation word that is shown is zero, so that it need not be.
    #[error("expected another last operation word than 0")]
    LastWordZero,
    /// A transfer slot without operation is not all zero.
    #[error("transfer slot {slot}: expected zeros after operation 0")]
    UnusedTransfer {
        /// The slot.
        slot: usize,
    },
    /// Operations in a blob go with the point at which it is evaluated, and those in calldata with none.
    #[error("expected {} for operations in {form:?}, got {}", point(*.form == DataForm::Blob), point(*.form != DataForm::Blob))]
    BlobPoint {
        /// Of the shape.
        form: DataForm,
    },
    /// Another number of blob words than the shape has.
    #[error("expected {expected} blob words, got {got}")]
    BlobWords {
        /// ⌈N/2⌉.
        expected: usize,
        /// What came.
        got: usize,
    },
    /// The half of the last word that an odd number of slots leaves over is not zero.
    #[error("expected zeros after the last of {transfers} transfer slots")]
    SpareHalf {
        /// N.
        transfers: u32,
    },
}

fn point(there: bool) -> &'static str {
    match there {
        true => "a blob's point",
        false => "no blob's point",
    }
}

/// The public data of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "Slots")]
pub struct PublicData(Slots);

/// The slots of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Slots {
    /// What d₀ to d₇ say.
    pub header: Header,
    /// The L1 slots that are used.
    pub l1: Vec<L1Slot>,
    /// F fee slots.
    pub fee_slots: Vec<Option<FeeSlot>>,
    /// The withdrawal slots that are used: one for each withdrawal among the transfers, in order.
    pub withdrawals: Vec<Withdrawal>,
    /// The creation slots that are used: the key of each account that a transfer created, in order.
    pub creations: Vec<PublicKey>,
    /// N transfer slots.
    pub transfers: Vec<Option<PublicTransfer>>,
    /// z, if the operations are in a blob.
    #[serde(default, with = "optional_point")]
    pub blob_point: Option<BlobScalar>,
}

impl TryFrom<Slots> for PublicData {
    type Error = DataError;

    fn try_from(slots: Slots) -> Result<Self, DataError> {
        Self::new(slots)
    }
}

/// How many slots of each kind are shown, in the order of K.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shown {
    l1: usize,
    withdrawals: usize,
    creations: usize,
    transfer_words: usize,
}

impl Shown {
    /// The counts that call data begin with.
    fn read(shape: &BatchShape, bytes: &[u8]) -> Result<Self, DataError> {
        let (counts, _) = bytes
            .split_first_chunk::<COUNTS_BYTES>()
            .ok_or(DataError::Length {
                expected: COUNTS_BYTES,
                got: bytes.len(),
            })?;
        let count = |i: usize| usize::from(u16::from_be_bytes([counts[2 * i], counts[2 * i + 1]]));
        let shown = Self {
            l1: count(0),
            withdrawals: count(1),
            creations: count(2),
            transfer_words: count(3),
        };
        shown.check(shape)?;
        Ok(shown)
    }

    fn counts(&self) -> [usize; 4] {
        [
            self.l1,
            self.withdrawals,
            self.creations,
            self.transfer_words,
        ]
    }

    /// Checks that the shape has as many.
    fn check(&self, shape: &BatchShape) -> Result<(), DataError> {
        let most = [
            ("L1 slots", shape.l1_slots as usize),
            ("withdrawal slots", shape.withdrawals as usize),
            ("creation slots", shape.creations as usize),
            match shape.form {
                DataForm::Calldata => ("operation words", shape.transfer_words()),
                DataForm::Blob => ("operation words in calldata", 0),
            },
        ];
        for ((what, expected), got) in most.into_iter().zip(self.counts()) {
            if got > expected {
                return Err(DataError::TooManySlots {
                    what,
                    expected,
                    got,
                });
            }
        }
        Ok(())
    }

    /// Bytes of the call's data.
    fn data_len(&self, fee_slots: usize) -> usize {
        COUNTS_BYTES
            + self.l1 * SLOT_BYTES
            + fee_slots * FEE_SLOT_BYTES
            + self.withdrawals * WITHDRAWAL_BYTES
            + self.creations * CREATION_BYTES
            + self.transfer_words * TRANSFER_WORD_BYTES
    }

    /// K = l 32 | w 32 | e 32 | t 32.
    fn word(&self) -> Fr {
        field::pack(&self.counts().map(|count| (count as u128, 32)))
    }
}

impl PublicData {
    /// The data with these slots.
    ///
    /// # Errors
    /// If the numbers of slots are not those of the header's shape, of the entries consumed and of the
    /// operations, or an outcome is not of its entry's type.
    pub fn new(slots: Slots) -> Result<Self, DataError> {
        let Slots {
            header,
            l1,
            fee_slots,
            withdrawals,
            creations,
            transfers,
            blob_point,
        } = &slots;
        let form = header.shape.form;
        if blob_point.is_some() != (form == DataForm::Blob) {
            return Err(DataError::BlobPoint { form });
        }
        let (f, n) = (header.shape.fee_slots, header.shape.transfers);
        if fee_slots.len() != f as usize {
            return Err(DataError::FeeSlots {
                expected: f,
                got: fee_slots.len(),
            });
        }
        if transfers.len() != n as usize {
            return Err(DataError::Transfers {
                expected: n,
                got: transfers.len(),
            });
        }
        let (before, after) = (header.consumed_before, header.consumed_after);
        if before.checked_add(l1.len() as u64) != Some(after) {
            let got = l1.len();
            return Err(DataError::Consumed { before, after, got });
        }
        if let Some(slot) = l1.iter().position(|slot| !slot.is_consistent()) {
            return Err(DataError::Outcome { slot });
        }
        for (what, operation, got) in [
            ("withdrawal slots", Operation::Withdrawal, withdrawals.len()),
            ("creation slots", Operation::NewAccount, creations.len()),
        ] {
            let used = transfers.iter().flatten();
            let expected = used.filter(|op| op.operation == operation).count();
            if expected != got {
                return Err(DataError::SlotsWithoutOperations {
                    what,
                    expected,
                    got,
                });
            }
        }
        let this = Self(slots);
        this.shown().check(&this.header().shape)?;
        Ok(this)
    }

    /// The slots.
    pub fn slots(&self) -> &Slots {
        &self.0
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.0.header
    }

    /// The L1 slots that are used.
    pub fn l1(&self) -> &[L1Slot] {
        &self.0.l1
    }

    /// The F fee slots.
    pub fn fee_slots(&self) -> &[Option<FeeSlot>] {
        &self.0.fee_slots
    }

    /// The withdrawal slots that are used.
    pub fn withdrawals(&self) -> &[Withdrawal] {
        &self.0.withdrawals
    }

    /// The creation slots that are used.
    pub fn creations(&self) -> &[PublicKey] {
        &self.0.creations
    }

    /// The N transfer slots.
    pub fn transfers(&self) -> &[Option<PublicTransfer>] {
        &self.0.transfers
    }

    /// C₁, z and p(z), if the operations are in a blob.
    pub fn claim(&self) -> Option<Claim> {
        let z = self.0.blob_point?;
        Some(Claim::new(&self.blob_words(), z))
    }

    /// The operations as words of a blob, unused ones included.
    pub fn blob_words(&self) -> Vec<Word> {
        let word =
            |[first, second]: [u128; 2]| Word::new(first, second).expect("operations of 124 bits");
        self.transfer_pairs().map(word).collect()
    }

    fn shown(&self) -> Shown {
        let used = match self.header().shape.form {
            DataForm::Calldata => self.transfers().iter().rposition(Option::is_some),
            DataForm::Blob => None,
        };
        Shown {
            l1: self.l1().len(),
            withdrawals: self.withdrawals().len(),
            creations: self.creations().len(),
            transfer_words: used.map_or(0, |last| last / 2 + 1),
        }
    }

    /// The words of each kind, shown ones alone, with the number of slots' words that there are.
    fn sections(&self) -> [(Vec<Fr>, usize); 6] {
        let shape = &self.header().shape;
        let shown = self.shown();
        let words = |slots: u32, words: usize| slots as usize * words;
        let keys = self.creations().iter();
        let last = match self.claim() {
            Some(claim) => (claim.words().to_vec(), CLAIM_WORDS),
            None => {
                let pairs = self.transfer_pairs().take(shown.transfer_words);
                let words = pairs.map(|[first, second]| {
                    field::pack(&[(first, TRANSFER_BITS), (second, TRANSFER_BITS)])
                });
                (words.collect(), shape.transfer_words())
            }
        };
        [
            (self.header().words().to_vec(), HEADER_WORDS),
            (
                self.l1().iter().flat_map(L1Slot::words).collect(),
                words(shape.l1_slots, SLOT_WORDS),
            ),
            (
                self.fee_encodings().map(Fr::from).collect(),
                shape.fee_slots as usize,
            ),
            (
                self.withdrawals()
                    .iter()
                    .flat_map(Withdrawal::words)
                    .collect(),
                words(shape.withdrawals, RECORD_WORDS),
            ),
            (
                keys.flat_map(|key| [key.x, key.y]).collect(),
                words(shape.creations, RECORD_WORDS),
            ),
            last,
        ]
    }

    /// d₀, …, d₍m₋₁₎.
    pub fn words(&self) -> Vec<Fr> {
        let mut words = Vec::with_capacity(self.header().shape.words());
        for (shown, len) in self.sections() {
            let end = words.len() + len;
            words.extend(shown);
            words.resize(end, Fr::ZERO);
        }
        words
    }

    /// The `data` of the call (`docs/protocol.md` §8).
    pub fn encode(&self) -> Vec<u8> {
        let shown = self.shown();
        let mut bytes = Vec::with_capacity(shown.data_len(self.fee_slots().len()));
        for count in shown.counts() {
            let count = u16::try_from(count).expect("at most 2^16 - 1 slots of a kind");
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        for slot in self.l1() {
            bytes.extend_from_slice(&slot.encode());
        }
        for slot in self.fee_encodings() {
            bytes.extend_from_slice(&slot.to_be_bytes()[16 - FEE_SLOT_BYTES..]);
        }
        for withdrawal in self.withdrawals() {
            bytes.extend_from_slice(&withdrawal.encode());
        }
        for key in self.creations() {
            bytes.extend_from_slice(&field::to_be_bytes(&key.x));
            bytes.extend_from_slice(&field::to_be_bytes(&key.y));
        }
        for word in self.blob_words().iter().take(shown.transfer_words) {
            bytes.extend_from_slice(&word.to_be_bytes());
        }
        bytes
    }

    /// The inverse of [`encode`](Self::encode): the public data with this header whose call data
    /// are `bytes`.
    ///
    /// # Errors
    /// If the length is not that of the slots shown, a slot is none that [`encode`](Self::encode)
    /// writes, or the operations are in a blob.
    pub fn decode(header: Header, bytes: &[u8]) -> Result<Self, DataError> {
        Self::decode_all(header, bytes, None)
    }

    /// Cuts the call data of a batch of `shape` off those of several, one after the other.
    ///
    /// # Errors
    /// If the bytes end before the batch's do.
    pub fn split_first<'a>(
        shape: &BatchShape,
        bytes: &'a [u8],
    ) -> Result<(&'a [u8], &'a [u8]), DataError> {
        let expected = Shown::read(shape, bytes)?.data_len(shape.fee_slots as usize);
        let got = bytes.len();
        bytes
            .split_at_checked(expected)
            .ok_or(DataError::Length { expected, got })
    }

    /// The same of operations in a blob: `words` are the batch's slice of the blob, evaluated at `z`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), of operations in calldata, and if there are not ⌈N/2⌉ words.
    pub fn decode_with_blob(
        header: Header,
        bytes: &[u8],
        words: &[Word],
        z: BlobScalar,
    ) -> Result<Self, DataError> {
        Self::decode_all(header, bytes, Some((words, z)))
    }

    fn decode_all(
        header: Header,
        bytes: &[u8],
        blob: Option<(&[Word], BlobScalar)>,
    ) -> Result<Self, DataError> {
        let shape = header.shape;
        if blob.is_some() != (shape.form == DataForm::Blob) {
            return Err(DataError::BlobPoint { form: shape.form });
        }
        let shown = Shown::read(&shape, bytes)?;
        let (expected, got) = (shown.data_len(shape.fee_slots as usize), bytes.len());
        if got != expected {
            return Err(DataError::Length { expected, got });
        }
        let mut rest = &bytes[COUNTS_BYTES..];
        let mut section = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        let l1 = section(shown.l1 * SLOT_BYTES)
            .as_chunks()
            .0
            .iter()
            .enumerate();
        let l1 = l1
            .map(|(slot, bytes)| {
                L1Slot::decode(bytes).map_err(|source| DataError::L1Slot { slot, source })
            })
            .collect::<Result<_, _>>()?;
        let fee_slots = section(shape.fee_slots as usize * FEE_SLOT_BYTES)
            .chunks_exact(FEE_SLOT_BYTES)
            .enumerate()
            .map(|(slot, bytes)| FeeSlot::decode(slot, integer(bytes)))
            .collect::<Result<_, _>>()?;
        let withdrawals = section(shown.withdrawals * WITHDRAWAL_BYTES);
        let withdrawals = withdrawals.as_chunks().0.iter();
        let withdrawals = withdrawals.map(Withdrawal::decode).collect();
        let creations = section(shown.creations * CREATION_BYTES)
            .chunks_exact(CREATION_BYTES)
            .enumerate()
            .map(|(slot, bytes)| {
                let (x, y) = bytes.as_chunks().0.split_at(1);
                let [x, y] = [x[0], y[0]].map(|bytes| field::from_be_bytes(&bytes));
                match (x, y) {
                    (Ok(x), Ok(y)) => Ok(PublicKey { x, y }),
                    _ => Err(DataError::CreationKey { slot }),
                }
            })
            .collect::<Result<_, _>>()?;
        let words = section(shown.transfer_words * TRANSFER_WORD_BYTES);
        let shown_words: Vec<Word>;
        let words = match blob {
            Some((words, _)) => {
                let (expected, got) = (shape.transfer_words(), words.len());
                if expected != got {
                    return Err(DataError::BlobWords { expected, got });
                }
                words
            }
            None => {
                let words = words.as_chunks().0.iter();
                shown_words = words.map(Word::from_be_bytes).collect();
                &shown_words
            }
        };
        let mut transfers = words
            .iter()
            .flat_map(|word| [word.high(), word.low()])
            .enumerate()
            .map(|(slot, encoding)| PublicTransfer::decode(slot, encoding))
            .collect::<Result<Vec<_>, _>>()?;
        if let ([.., None, None], None) = (&transfers[..], blob) {
            return Err(DataError::LastWordZero);
        }
        if transfers.len() > shape.transfers as usize && transfers.pop() != Some(None) {
            return Err(DataError::SpareHalf {
                transfers: shape.transfers,
            });
        }
        transfers.resize(shape.transfers as usize, None);
        Self::new(Slots {
            header,
            l1,
            fee_slots,
            withdrawals,
            creations,
            transfers,
            blob_point: blob.map(|(_, z)| z),
        })
    }

    /// ρ, the point at which the words are compared.
    pub fn challenge(&self, commitment: Fr) -> Fr {
        let mut hasher = Keccak256::new();
        hasher.update(Keccak256::digest(CHALLENGE_DOMAIN));
        let mut word = |word: &Fr| hasher.update(field::to_be_bytes(word));
        word(&commitment);
        word(&self.shown().word());
        for (shown, _) in self.sections() {
            shown.iter().for_each(&mut word);
        }
        Fr::from_be_bytes_mod_order(&hasher.finalize())
    }

    /// The proof's public inputs (C, ρ, y).
    pub fn public_inputs(&self) -> [Fr; 3] {
        let words = self.words();
        let c = commitment(&words);
        let rho = self.challenge(c);
        [c, rho, evaluate(&words, rho)]
    }

    fn fee_encodings(&self) -> impl Iterator<Item = u128> {
        self.fee_slots()
            .iter()
            .map(|slot| slot.map_or(0, |slot| slot.encode()))
    }

    fn transfer_pairs(&self) -> impl Iterator<Item = [u128; 2]> {
        let encode = |op: &Option<PublicTransfer>| op.map_or(0, |op| op.encode());
        self.transfers()
            .chunks(2)
            .map(move |pair| [encode(&pair[0]), pair.get(1).map_or(0, encode)])
    }
}

/// s₀ = "zkroll/data"·2³² + m: the state that the commitment to m words starts from.
pub fn commitment_start(m: u32) -> Fr {
    start_of(COMMITMENT_DOMAIN, m)
}

/// Where a commitment to m words of a domain starts.
pub(super) fn start_of(domain: &[u8; 11], m: u32) -> Fr {
    Fr::from(integer(domain) << 32 | u128::from(m))
}

/// s₀, s₁, …: the commitment's states, of which C is the last.
///
/// # Panics
/// If there are 2³² words or more.
pub fn commitment_states(words: &[Fr]) -> Vec<Fr> {
    let m = u32::try_from(words.len()).expect("fewer than 2^32 words");
    states_from(commitment_start(m), words)
}

/// The states of a commitment that starts from `start`.
pub(super) fn states_from(start: Fr, words: &[Fr]) -> Vec<Fr> {
    let mut states = vec![start];
    for chunk in words.chunks(COMMITMENT_RATE) {
        let mut inputs = [Fr::ZERO; COMMITMENT_RATE + 1];
        inputs[0] = states[states.len() - 1];
        inputs[1..=chunk.len()].copy_from_slice(chunk);
        states.push(poseidon::hash(&inputs));
    }
    states
}

/// C, the commitment to the words.
///
/// # Panics
/// If there are 2³² words or more.
pub fn commitment(words: &[Fr]) -> Fr {
    let states = commitment_states(words);
    states[states.len() - 1]
}

/// y = Σ dᵢ·ρⁱ.
pub fn evaluate(words: &[Fr], rho: Fr) -> Fr {
    words
        .iter()
        .rev()
        .fold(Fr::ZERO, |sum, word| sum * rho + word)
}
