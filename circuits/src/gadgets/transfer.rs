//! A transfer's signed message and its place in the public data.

use super::{account::power_of_two, amount::FloatVar, poseidon::hash};
use crate::{
    protocol::{public_data, transfer},
    template::{Builder, Num, Result},
};
use ark_bn254::Fr;

/// The fields of a transfer, all of them in range: indices 33 bits, amount 40, fee 16, token 32,
/// nonce 40. `valid_until` is below 2^41 and stands on top of its word, so that the word's
/// decomposition is still unique; the wallet signs 40 bits.
#[derive(Clone, Debug)]
pub struct TransferVar {
    /// 1, 2 or 3: the operation.
    pub operation: Num,
    /// Sender's index.
    pub from: Num,
    /// Receiver's index, or the new account's; 0 in a withdrawal.
    pub to: Num,
    /// The index that was signed: 0 for a new account, whose index the operator chooses.
    pub signed_to: Num,
    /// 0 or the receiver's Ax, the new owner's Ax, or the address on L1.
    pub recipient: Num,
    /// Amount.
    pub amount: FloatVar,
    /// Fee.
    pub fee: FloatVar,
    /// The sender's token.
    pub token: Num,
    /// The sender's nonce before.
    pub nonce: Num,
    /// Last time at which the transfer may be applied.
    pub valid_until: Num,
}

impl TransferVar {
    /// M, under the batch's first header word (version, chain id, contract): the domain is the
    /// header's and no witness, so a signature for another chain or contract is for another M.
    pub fn message(&self, builder: &mut Builder, domain_word: &Num) -> Result<Num> {
        let m0 = message_word(&self.operation, domain_word);
        let m1 = pack(&[
            (&self.from, 33),
            (&self.signed_to, 33),
            (&self.amount.encoding, 40),
            (&self.fee.encoding, 16),
            (&self.token, 32),
            (&self.nonce, 40),
            (&self.valid_until, 40),
        ]);
        hash(builder, &[m0, m1, self.recipient.clone()])
    }

    /// The 124 bits of public data of a transfer that takes place.
    pub fn public(&self) -> Num {
        pack(&[
            (&self.fee.encoding, 16),
            (&self.amount.encoding, 40),
            (&self.to, 33),
            (&self.from, 33),
            (&self.operation, 2),
        ])
    }
}

/// m0: d₀ is version 8 | chain id 64 | contract 160, m0 is tag 16 | operation 8 | the same.
pub fn message_word(operation: &Num, domain_word: &Num) -> Num {
    let tag = Fr::from(transfer::MESSAGE_TAG) * power_of_two(8);
    let above = operation + &Num::constant(tag - Fr::from(public_data::VERSION));
    domain_word + &(&above * power_of_two(64 + 160))
}

/// `Σ fieldᵢ·2^(widths below)`, the lowest field first.
pub fn pack(fields: &[(&Num, usize)]) -> Num {
    let mut word = Num::zero();
    let mut shift = 0;
    for (field, width) in fields {
        word.add_scaled(field, power_of_two(shift));
        shift += width;
    }
    word
}
