//! Transfers and what their sender signs.
//!
//! ```text
//! M  = Poseidon₃(m0, m1, m2)
//! m0 = tag 16 | operation 8 | chain id 64 | contract 160
//! m1 = valid_until 40 | nonce 40 | token 32 | fee 16 | amount 40 | to 33 | from 33
//! m2 = recipient
//! ```
//!
//! Source: `docs/protocol.md` §5. m0 ties the signature to one contract on one chain, m1 to one
//! position in the sender's history, m2 to the receiver's key if the sender wishes so.
//!
//! Not here: whether a transfer applies, which depends on the state and is
//! [`Ledger`](super::ledger::Ledger)'s.

use std::{fmt, str::FromStr};

use ark_bn254::Fr;
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

/// The operation code of a transfer.
pub const OPERATION_TRANSFER: u8 = 1;

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

/// A transfer between two accounts of one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// The sender's account.
    pub from: AccountIndex,
    /// The receiver's account.
    pub to: AccountIndex,
    /// What the receiver gets.
    #[serde(with = "amount::text")]
    pub amount: Amount,
    /// What the batch's fee slot of the token gets.
    #[serde(with = "amount::text")]
    pub fee: Fee,
    /// The token of both accounts.
    pub token: u32,
    /// The sender's nonce.
    pub nonce: U40,
    /// The last batch timestamp for which the transfer is good.
    pub valid_until: U40,
    /// The receiver's Ax, or 0 for whoever owns account `to`.
    #[serde(with = "field::element")]
    pub recipient: Fr,
}

/// A transfer with its sender's signature. Its JSON form is that of `docs/protocol.md` §8: the fields of
/// the transfer and the signature side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "WrittenTransfer", into = "WrittenTransfer")]
pub struct SignedTransfer {
    /// What is signed.
    pub transfer: Transfer,
    /// The signature of [`Transfer::message`].
    pub signature: Signature,
}

/// A signed transfer as it is written.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenTransfer {
    from: AccountIndex,
    to: AccountIndex,
    #[serde(with = "field::element")]
    recipient: Fr,
    #[serde(with = "amount::text")]
    amount: Amount,
    #[serde(with = "amount::text")]
    fee: Fee,
    token: u32,
    nonce: U40,
    valid_until: U40,
    signature: Signature,
}

impl From<SignedTransfer> for WrittenTransfer {
    fn from(
        SignedTransfer {
            transfer,
            signature,
        }: SignedTransfer,
    ) -> Self {
        let Transfer {
            from,
            to,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            recipient,
        } = transfer;
        Self {
            from,
            to,
            recipient,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            signature,
        }
    }
}

impl From<WrittenTransfer> for SignedTransfer {
    fn from(written: WrittenTransfer) -> Self {
        let WrittenTransfer {
            from,
            to,
            recipient,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            signature,
        } = written;
        let transfer = Transfer {
            from,
            to,
            amount,
            fee,
            token,
            nonce,
            valid_until,
            recipient,
        };
        Self {
            transfer,
            signature,
        }
    }
}

/// m0 = tag 16 | operation 8 | chain id 64 | contract 160, for a transfer.
pub fn m0(domain: &Domain) -> Fr {
    let [high, low] = domain.contract.fields();
    field::pack(&[
        (MESSAGE_TAG.into(), 16),
        (OPERATION_TRANSFER.into(), 8),
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
        (transfer.to.get().into(), 33),
        (transfer.from.get().into(), 33),
    ])
}

/// m2 = the recipient.
pub fn m2(transfer: &Transfer) -> Fr {
    transfer.recipient
}

impl Transfer {
    /// M = Poseidon₃(m0, m1, m2).
    pub fn message(&self, domain: &Domain) -> Fr {
        poseidon::hash(&[m0(domain), m1(self), m2(self)])
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
