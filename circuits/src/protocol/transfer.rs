//! Transfers, to an account, to a new one or to L1, and what their sender signs.
//!
//! ```text
//! M  = Poseidon₃(m0, m1, m2)
//! m0 = tag 16 | operation 8 | chain id 64 | contract 160
//! m1 = valid_until 40 | nonce 40 | token 32 | fee 16 | amount 40 | to 33 | from 33
//! m2 = recipient
//! ```
//!
//! Source: `docs/protocol.md` §5. m0 ties the signature to one contract on one chain, m1 to one
//! position in the sender's history, m2 to the receiver: its key if the sender wishes so, the new
//! account's key, or the address on L1.
//!
//! Not here: whether a transfer applies, which depends on the state and is
//! [`Ledger`](super::ledger::Ledger)'s.

use std::{fmt, str::FromStr};

use ark_bn254::Fr;
use ark_ff::AdditiveGroup;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::{
    account::AccountIndex,
    amount::{self, Amount, Fee},
    eddsa::{PrivateKey, PublicKey, Signature, SignatureError, verify},
    field, poseidon,
    uint::U40,
};

/// The protocol's tag, "zk", in every signed message.
pub const MESSAGE_TAG: u16 = 0x7a6b;

/// Operation codes, in signed messages and in the public data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[repr(u8)]
pub enum Operation {
    /// To an account.
    Transfer = 1,
    /// To an address on L1.
    Withdrawal = 2,
    /// To an account that the transfer creates.
    NewAccount = 3,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 3] = [Self::Transfer, Self::Withdrawal, Self::NewAccount];
}

/// The operation code of an exit, in signed messages alone.
pub const OPERATION_EXIT: u8 = 4;

/// An Ethereum address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

/// A text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected an address of the form 0x and 40 hexadecimal digits, got {got:?}")]
pub struct ParseAddressError {
    /// The text.
    pub got: String,
}

impl Address {
    /// The address as an element of the field.
    pub fn word(&self) -> Fr {
        field::pack(&self.fields())
    }

    /// The high 32 bits and the low 128, each with its width.
    pub(super) fn fields(&self) -> [(u128, u32); 2] {
        let fold = |bytes: &[u8]| {
            bytes
                .iter()
                .fold(0u128, |value, byte| value << 8 | u128::from(*byte))
        };
        let (high, low) = self.0.split_at(4);
        [(fold(high), 32), (fold(low), 128)]
    }
}

impl fmt::Display for Address {
    /// Lower case, without EIP-55's checksum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl FromStr for Address {
    type Err = ParseAddressError;

    /// Either case of hexadecimal digits; EIP-55's checksum is not checked.
    fn from_str(text: &str) -> Result<Self, ParseAddressError> {
        let mut bytes = [0; 20];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .map(|()| Self(bytes))
            .ok_or_else(|| ParseAddressError { got: text.into() })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            <[u8; 20]>::deserialize(deserializer).map(Self)
        }
    }
}

/// The contract that signatures are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domain {
    /// EIP-155 chain id.
    #[serde(with = "field::decimal")]
    pub chain_id: u64,
    /// The rollup's contract.
    pub contract: Address,
}

/// Who gets the amount of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Recipient {
    /// An account.
    Account {
        /// The account.
        index: AccountIndex,
        /// Its Ax, or 0 for whoever owns it.
        owner: Fr,
    },
    /// An account that the transfer creates, for this key.
    NewAccount(PublicKey),
    /// An address on L1: a withdrawal.
    L1(Address),
}

impl Recipient {
    /// Whoever owns the account at `index`.
    pub const fn account(index: AccountIndex) -> Self {
        let owner = Fr::ZERO;
        Self::Account { index, owner }
    }

    /// The operation.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Account { .. } => Operation::Transfer,
            Self::NewAccount(_) => Operation::NewAccount,
            Self::L1(_) => Operation::Withdrawal,
        }
    }

    /// The account that m1 names: 0 for an operation that names none.
    pub fn index(&self) -> AccountIndex {
        match self {
            Self::Account { index, .. } => *index,
            Self::NewAccount(_) | Self::L1(_) => AccountIndex::default(),
        }
    }
}

/// A transfer out of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// The sender's account.
    pub from: AccountIndex,
    /// Who gets the amount.
    pub recipient: Recipient,
    /// What the recipient gets.
    pub amount: Amount,
    /// What the batch's fee slot of the token gets.
    pub fee: Fee,
    /// The sender's token.
    pub token: u32,
    /// The sender's nonce.
    pub nonce: U40,
    /// The last batch timestamp for which the transfer is good.
    pub valid_until: U40,
}

/// A transfer with its sender's signature. Its JSON form is that of `docs/protocol.md` §10: the fields of
/// the transfer and the signature side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "WrittenTransfer", into = "WrittenTransfer")]
pub struct SignedTransfer {
    /// What is signed.
    pub transfer: Transfer,
    /// The signature of [`Transfer::message`].
    pub signature: Signature,
}

/// A signed transfer as it is written: the recipient is `to` with `recipient`, `newAccount` or
/// `l1Recipient`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenTransfer {
    from: AccountIndex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<AccountIndex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recipient: Option<field::Element>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    new_account: Option<PublicKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l1_recipient: Option<Address>,
    #[serde(with = "amount::text")]
    amount: Amount,
    #[serde(with = "amount::text")]
    fee: Fee,
    token: u32,
    nonce: U40,
    valid_until: U40,
    signature: Signature,
}

/// The fields of a written transfer name no recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "expected `to` and `recipient`, or `newAccount`, or `l1Recipient`, and not more than one of them"
)]
pub struct RecipientError;

impl From<SignedTransfer> for WrittenTransfer {
    fn from(
        SignedTransfer {
            transfer,
            signature,
        }: SignedTransfer,
    ) -> Self {
        let Transfer {
            from,
            recipient,
            amount,
            fee,
            token,
            nonce,
            valid_until,
        } = transfer;
        let mut written = Self {
            from,
            to: None,
            recipient: None,
            new_account: None,
            l1_recipient: None,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            signature,
        };
        match recipient {
            Recipient::Account { index, owner } => {
                written.to = Some(index);
                written.recipient = Some(field::Element(owner));
            }
            Recipient::NewAccount(key) => written.new_account = Some(key),
            Recipient::L1(address) => written.l1_recipient = Some(address),
        }
        written
    }
}

impl TryFrom<WrittenTransfer> for SignedTransfer {
    type Error = RecipientError;

    fn try_from(written: WrittenTransfer) -> Result<Self, RecipientError> {
        let WrittenTransfer {
            from,
            to,
            recipient,
            new_account,
            l1_recipient,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            signature,
        } = written;
        let recipient = match (to, recipient, new_account, l1_recipient) {
            (Some(index), Some(field::Element(owner)), None, None) => {
                Recipient::Account { index, owner }
            }
            (None, None, Some(key), None) => Recipient::NewAccount(key),
            (None, None, None, Some(address)) => Recipient::L1(address),
            _ => return Err(RecipientError),
        };
        let transfer = Transfer {
            from,
            recipient,
            amount,
            fee,
            token,
            nonce,
            valid_until,
        };
        Ok(Self {
            transfer,
            signature,
        })
    }
}

/// m0 = tag 16 | operation 8 | chain id 64 | contract 160.
pub fn m0(operation: u8, domain: &Domain) -> Fr {
    let [high, low] = domain.contract.fields();
    field::pack(&[
        (MESSAGE_TAG.into(), 16),
        (operation.into(), 8),
        (domain.chain_id.into(), 64),
        high,
        low,
    ])
}

/// m1 = valid_until 40 | nonce 40 | token 32 | fee 16 | amount 40 | to 33 | from 33.
pub fn m1(transfer: &Transfer) -> Fr {
    field::pack(&[
        (transfer.valid_until.get().into(), 40),
        (transfer.nonce.get().into(), 40),
        (transfer.token.into(), 32),
        (transfer.fee.encoding().into(), 16),
        (transfer.amount.encoding().into(), 40),
        (transfer.recipient.index().get().into(), 33),
        (transfer.from.get().into(), 33),
    ])
}

/// m2 = the recipient: 0 or the receiver's Ax, the new owner's Ax, or the address.
pub fn m2(transfer: &Transfer) -> Fr {
    match &transfer.recipient {
        Recipient::Account { owner, .. } => *owner,
        Recipient::NewAccount(key) => key.x,
        Recipient::L1(address) => address.word(),
    }
}

impl Transfer {
    /// M = Poseidon₃(m0, m1, m2).
    pub fn message(&self, domain: &Domain) -> Fr {
        let operation = self.recipient.operation() as u8;
        poseidon::hash(&[m0(operation, domain), m1(self), m2(self)])
    }

    /// The transfer with its signature by `key`.
    pub fn sign(self, key: &PrivateKey, domain: &Domain) -> SignedTransfer {
        SignedTransfer {
            transfer: self,
            signature: key.sign(self.message(domain)),
        }
    }
}

impl SignedTransfer {
    /// Checks the signature.
    ///
    /// # Errors
    /// If it is none of this transfer under `key` for `domain`.
    pub fn verify(&self, key: &PublicKey, domain: &Domain) -> Result<(), SignatureError> {
        verify(key, self.transfer.message(domain), &self.signature)
    }
}
