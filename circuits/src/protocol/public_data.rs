//! The public data of a batch: words, their commitment and evaluation, and the call's bytes.
//!
//! ```text
//! C:  s₀ = "zkroll/data"·2³² + m,   sₖ₊₁ = Poseidon₁₆(sₖ, d₁₅ₖ, …, d₁₅ₖ₊₁₄),   C the last state
//! ρ = keccak256(T ‖ C ‖ d₀ ‖ … ‖ d₍m₋₁₎) mod r,   T = keccak256("zkroll/rho/v1")
//! y = Σ dᵢ·ρⁱ
//! ```
//!
//! Source: `docs/protocol.md` §6 and §7. The circuit computes C and y from its words, the contract
//! ρ and y from its own; C fixes the circuit's words before ρ exists.
//!
//! Representation: [`PublicData`] holds the header, exactly F fee slots and exactly N transfers,
//! `None` for an unused one. Everything in it fits its bits by type, so words and bytes exist for
//! every value, and [`PublicData::decode`] accepts exactly the bytes that some value has.
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
    field, poseidon,
    transfer::{Domain, Transfer},
    uint::U40,
};

/// The format's version, in d₀.
pub const VERSION: u8 = 1;

/// Words of the header.
pub const HEADER_WORDS: usize = 9;

/// Words that one step of the commitment takes.
pub const COMMITMENT_RATE: usize = 15;

/// "zkroll/data", the commitment's domain.
const COMMITMENT_DOMAIN: &[u8; 11] = b"zkroll/data";

/// The challenge's domain, hashed.
const CHALLENGE_DOMAIN: &[u8] = b"zkroll/rho/v1";

/// Bits of a transfer in a word.
pub const TRANSFER_BITS: u32 = 124;

/// Bytes of a word of two transfers in the call.
const TRANSFER_WORD_BYTES: usize = 31;

/// Bytes of a fee slot in the call.
const FEE_SLOT_BYTES: usize = 10;

/// Bits of a fee slot's account: more than an index has.
pub const FEE_ACCOUNT_BITS: u32 = 40;

/// The kind of a transfer.
pub const KIND_TRANSFER: u128 = 1;

/// The most slots of a kind in a shape that comes from outside. Circuits end far below: the field
/// has roots of unity for 2²⁸ constraints, and a transfer takes more than 2¹⁴.
pub const MAX_SLOTS: u32 = 1 << 16;

/// What a batch circuit has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedShape")]
pub struct BatchShape {
    /// N.
    pub transfers: u32,
    /// F.
    pub fee_slots: u32,
    /// D, the depth of the state tree.
    pub depth: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedShape {
    transfers: u32,
    fee_slots: u32,
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
        let got = unchecked.transfers.max(unchecked.fee_slots);
        if got > MAX_SLOTS {
            return Err(TooManySlots { got });
        }
        Ok(Self {
            transfers: unchecked.transfers,
            fee_slots: unchecked.fee_slots,
            depth: unchecked.depth,
        })
    }
}

impl BatchShape {
    /// Words of transfers, two to a word.
    pub fn transfer_words(&self) -> usize {
        (self.transfers as usize).div_ceil(2)
    }

    /// m, the number of words.
    pub fn words(&self) -> usize {
        HEADER_WORDS + self.fee_slots as usize + self.transfer_words()
    }

    /// Bytes of the call's data.
    pub fn data_len(&self) -> usize {
        self.fee_slots as usize * FEE_SLOT_BYTES + self.transfer_words() * TRANSFER_WORD_BYTES
    }
}

/// What the words d₀, …, d₈ say.
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
}

impl Header {
    /// d₀, …, d₈. Those of the L1 queue and of withdrawals are zero in version 1.
    pub fn words(&self) -> [Fr; HEADER_WORDS] {
        let [high, low] = self.domain.contract.fields();
        let chain_id = (self.domain.chain_id.into(), 64);
        let l1_slots = (0, 32);
        [
            field::pack(&[(VERSION.into(), 8), chain_id, high, low]),
            Fr::from(self.timestamp.get()),
            Fr::from(self.batch_number),
            field::pack(&[
                (self.shape.depth.into(), 32),
                (self.shape.fee_slots.into(), 32),
                l1_slots,
                (self.shape.transfers.into(), 32),
            ]),
            self.pre_root,
            self.post_root,
            Fr::ZERO,
            Fr::ZERO,
            Fr::ZERO,
        ]
    }
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
    /// The sender's account.
    pub from: AccountIndex,
    /// The receiver's account.
    pub to: AccountIndex,
    /// What the receiver gets.
    pub amount: Amount,
    /// What the fee slot gets.
    pub fee: Fee,
}

impl From<&Transfer> for PublicTransfer {
    fn from(transfer: &Transfer) -> Self {
        Self {
            from: transfer.from,
            to: transfer.to,
            amount: transfer.amount,
            fee: transfer.fee,
        }
    }
}

impl PublicTransfer {
    /// kind 2 | from 33 | to 33 | amount 40 | fee 16: 124 bits.
    pub fn encode(&self) -> u128 {
        [
            (self.from.get(), AccountIndex::BITS),
            (self.to.get(), AccountIndex::BITS),
            (self.amount.encoding(), Amount::BITS),
            (self.fee.encoding(), Fee::BITS),
        ]
        .iter()
        .fold(KIND_TRANSFER, |op, (value, bits)| {
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
        match (rest, from, to, amount, fee) {
            (0, ..) if encoding == 0 => Ok(None),
            (0, ..) => Err(DataError::UnusedTransfer { slot }),
            (KIND_TRANSFER, Ok(from), Ok(to), Ok(amount), Ok(fee)) => Ok(Some(Self {
                from,
                to,
                amount,
                fee,
            })),
            (kind, ..) => Err(DataError::Kind {
                slot,
                kind: kind as u8,
            }),
        }
    }
}

/// Why slots or bytes are not the public data of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
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
    /// The bytes' length is not the shape's.
    #[error("expected {expected} bytes of data, got {got}")]
    Length {
        /// Of the shape.
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
    /// A reserved operation.
    #[error("transfer slot {slot}: expected kind 0 or 1, got {kind}")]
    Kind {
        /// The slot.
        slot: usize,
        /// Two bits.
        kind: u8,
    },
    /// A transfer slot with kind 0 is not all zero.
    #[error("transfer slot {slot}: expected zeros after kind 0")]
    UnusedTransfer {
        /// The slot.
        slot: usize,
    },
    /// The half of the last word that an odd number of slots leaves over is not zero.
    #[error("expected zeros after the last of {transfers} transfer slots")]
    SpareHalf {
        /// N.
        transfers: u32,
    },
}

/// The public data of one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "UncheckedPublicData")]
pub struct PublicData {
    header: Header,
    fee_slots: Vec<Option<FeeSlot>>,
    transfers: Vec<Option<PublicTransfer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UncheckedPublicData {
    header: Header,
    fee_slots: Vec<Option<FeeSlot>>,
    transfers: Vec<Option<PublicTransfer>>,
}

impl TryFrom<UncheckedPublicData> for PublicData {
    type Error = DataError;

    fn try_from(unchecked: UncheckedPublicData) -> Result<Self, DataError> {
        Self::new(unchecked.header, unchecked.fee_slots, unchecked.transfers)
    }
}

impl PublicData {
    /// The data with these slots.
    ///
    /// # Errors
    /// If the numbers of slots are not those of the header's shape.
    pub fn new(
        header: Header,
        fee_slots: Vec<Option<FeeSlot>>,
        transfers: Vec<Option<PublicTransfer>>,
    ) -> Result<Self, DataError> {
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
        Ok(Self {
            header,
            fee_slots,
            transfers,
        })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The F fee slots.
    pub fn fee_slots(&self) -> &[Option<FeeSlot>] {
        &self.fee_slots
    }

    /// The N transfer slots.
    pub fn transfers(&self) -> &[Option<PublicTransfer>] {
        &self.transfers
    }

    /// d₀, …, d₍m₋₁₎.
    pub fn words(&self) -> Vec<Fr> {
        let mut words = self.header.words().to_vec();
        words.extend(self.fee_encodings().map(Fr::from));
        words.extend(self.transfer_pairs().map(|[first, second]| {
            field::pack(&[(first, TRANSFER_BITS), (second, TRANSFER_BITS)])
        }));
        words
    }

    /// The `data` of the call: the fee slots in 10 bytes each, then the words of two transfers in
    /// 31 bytes each, big endian.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.header.shape.data_len());
        for slot in self.fee_encodings() {
            bytes.extend_from_slice(&slot.to_be_bytes()[16 - FEE_SLOT_BYTES..]);
        }
        for [first, second] in self.transfer_pairs() {
            // 248 bits: the first operation, its last four bits beside the second's first four.
            let high = first >> 4;
            let low = (first & 0xf) << TRANSFER_BITS | second;
            bytes.extend_from_slice(&high.to_be_bytes()[1..]);
            bytes.extend_from_slice(&low.to_be_bytes());
        }
        bytes
    }

    /// The inverse of [`encode`](Self::encode): the public data with this header whose call data
    /// are `bytes`.
    ///
    /// # Errors
    /// If the length is not the shape's, or a slot is none that [`encode`](Self::encode) writes.
    pub fn decode(header: Header, bytes: &[u8]) -> Result<Self, DataError> {
        let shape = header.shape;
        if bytes.len() != shape.data_len() {
            return Err(DataError::Length {
                expected: shape.data_len(),
                got: bytes.len(),
            });
        }
        let integer = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0u128, |value, byte| value << 8 | u128::from(*byte))
        };
        let (fee_bytes, transfer_bytes) = bytes.split_at(shape.fee_slots as usize * FEE_SLOT_BYTES);
        let fee_slots = fee_bytes
            .chunks_exact(FEE_SLOT_BYTES)
            .enumerate()
            .map(|(slot, bytes)| FeeSlot::decode(slot, integer(bytes)))
            .collect::<Result<_, _>>()?;
        let mut transfers = transfer_bytes
            .chunks_exact(TRANSFER_WORD_BYTES)
            .flat_map(|word| {
                let (high, low) = word.split_at(TRANSFER_WORD_BYTES - 16);
                let low = integer(low);
                let first = integer(high) << 4 | low >> TRANSFER_BITS;
                [first, low & ((1 << TRANSFER_BITS) - 1)]
            })
            .enumerate()
            .map(|(slot, encoding)| PublicTransfer::decode(slot, encoding))
            .collect::<Result<Vec<_>, _>>()?;
        if transfers.len() > shape.transfers as usize && transfers.pop() != Some(None) {
            return Err(DataError::SpareHalf {
                transfers: shape.transfers,
            });
        }
        Self::new(header, fee_slots, transfers)
    }

    /// The proof's public inputs (C, ρ, y).
    pub fn public_inputs(&self) -> [Fr; 3] {
        let words = self.words();
        let c = commitment(&words);
        let rho = challenge(c, &words);
        [c, rho, evaluate(&words, rho)]
    }

    fn fee_encodings(&self) -> impl Iterator<Item = u128> {
        self.fee_slots
            .iter()
            .map(|slot| slot.map_or(0, |slot| slot.encode()))
    }

    fn transfer_pairs(&self) -> impl Iterator<Item = [u128; 2]> {
        let encode = |op: &Option<PublicTransfer>| op.map_or(0, |op| op.encode());
        self.transfers
            .chunks(2)
            .map(move |pair| [encode(&pair[0]), pair.get(1).map_or(0, encode)])
    }
}

/// s₀ = "zkroll/data"·2³² + m: the state that the commitment to m words starts from.
pub fn commitment_start(m: u32) -> Fr {
    let domain = COMMITMENT_DOMAIN
        .iter()
        .fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    Fr::from(domain << 32 | u128::from(m))
}

/// s₀, s₁, …: the commitment's states, of which C is the last.
///
/// # Panics
/// If there are 2³² words or more.
pub fn commitment_states(words: &[Fr]) -> Vec<Fr> {
    let m = u32::try_from(words.len()).expect("fewer than 2^32 words");
    let mut states = vec![commitment_start(m)];
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

/// ρ, the point at which the words are compared.
pub fn challenge(commitment: Fr, words: &[Fr]) -> Fr {
    let mut hasher = Keccak256::new();
    hasher.update(Keccak256::digest(CHALLENGE_DOMAIN));
    hasher.update(field::to_be_bytes(&commitment));
    for word in words {
        hasher.update(field::to_be_bytes(word));
    }
    Fr::from_be_bytes_mod_order(&hasher.finalize())
}

/// y = Σ dᵢ·ρⁱ.
pub fn evaluate(words: &[Fr], rho: Fr) -> Fr {
    words
        .iter()
        .rev()
        .fold(Fr::ZERO, |sum, word| sum * rho + word)
}
