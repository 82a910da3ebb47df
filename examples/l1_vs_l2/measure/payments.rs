//! The payments that every way settles: who pays whom, how much, and the signed transfers of layer 2.

use zkroll::{
    circuits::protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::PrivateKey,
        ledger::Ledger,
        public_data::FeeSlot,
        transfer::{Domain, Recipient, SignedTransfer, Transfer},
        uint::U40,
    },
    verifier_sol::abi::{Address, keccak256},
};

use crate::common::{Result, chain::rollup_address};

/// People who pay each other.
const PEOPLE: u64 = 256;

/// Levels of the state tree: 2³³ accounts.
pub const DEPTH: u32 = 11;

/// What everybody has at first, in wei or units of the token.
pub const WEALTH: u128 = 10u128.pow(26);

/// The chain's time of the batch.
pub const TIME: u64 = 1_795_000_000;

/// One payment.
#[derive(Clone, Copy, Debug)]
pub struct Payment {
    /// Number of the payer.
    pub from: u64,
    /// Number of the receiver.
    pub to: u64,
    /// How much.
    pub amount: Amount,
    /// What layer 2 takes for it.
    pub fee: Fee,
}

/// Pseudo-random bits that are the same in every run.
fn draw(what: &str, i: u64) -> u64 {
    let hash = keccak256(&[what.as_bytes(), &i.to_be_bytes()].concat());
    u64::from_be_bytes(hash[..8].try_into().expect("eight bytes"))
}

/// `count` payments. Amounts have 34 significant bits, so that no way has zero bytes that others lack.
///
/// # Errors
/// Never: the amounts are representable.
pub fn payments(count: u32) -> Result<Vec<Payment>> {
    (0..u64::from(count))
        .map(|i| {
            let from = draw("from", i) % PEOPLE;
            let to = (from + 1 + draw("to", i) % (PEOPLE - 1)) % PEOPLE;
            let mantissa = 1 << 33 | draw("amount", i) >> 31;
            Ok(Payment {
                from,
                to,
                amount: Amount::from_value(u128::from(mantissa) * 10u128.pow(9))?,
                fee: Fee::from_value(u128::from(1024 + draw("fee", i) % 1024) * 10u128.pow(9))?,
            })
        })
        .collect()
}

/// The address on L1 of person i; that of a stranger who holds nothing from [`PEOPLE`] on.
pub fn address(i: u64) -> Address {
    let hash = keccak256(&[b"l1", &i.to_be_bytes()[..]].concat());
    hash[12..].try_into().expect("twenty bytes")
}

/// Everybody's address.
pub fn people() -> impl Iterator<Item = Address> {
    (0..PEOPLE).map(address)
}

/// Somebody who holds nothing, a new one for each i.
pub fn stranger(i: u64) -> Address {
    address(PEOPLE + i)
}

/// The state of layer 2 before the payments, and the payments signed.
pub struct Layer2 {
    /// The state.
    pub genesis: Ledger,
    /// Who gets the fees.
    pub fee_slots: Vec<FeeSlot>,
    /// The payments, in order.
    pub transfers: Vec<SignedTransfer>,
}

/// Signs the payments. Accounts are spread over the tree: the indices of a rollup with few of them would have zero
/// bytes, which cost less.
///
/// # Errors
/// Never: the state is well-formed.
pub fn sign(payments: &[Payment]) -> Result<Layer2> {
    let domain = Domain {
        chain_id: 31337,
        contract: rollup_address(),
    };
    let keys: Vec<_> = (0..PEOPLE)
        .map(|i| PrivateKey::from(keccak256(&[b"l2", &i.to_be_bytes()[..]].concat())))
        .collect();
    let stride = 8u64.pow(DEPTH) / PEOPLE;
    let place = |i: u64| AccountIndex::try_from(i * stride + draw("index", i) % stride);
    let mut accounts = Vec::new();
    for (i, key) in (0..).zip(&keys) {
        accounts.push((place(i)?, Account::new(key.public_key(), 0, WEALTH)?));
    }
    let genesis = Ledger::from_genesis(DEPTH as usize, domain, accounts)?;
    let mut nonces = vec![0; keys.len()];
    let mut transfers = Vec::with_capacity(payments.len());
    for payment in payments {
        let from = payment.from as usize;
        let transfer = Transfer {
            from: place(payment.from)?,
            recipient: Recipient::account(place(payment.to)?),
            amount: payment.amount,
            fee: payment.fee,
            token: 0,
            nonce: U40::try_from(nonces[from])?,
            valid_until: U40::MAX,
        };
        nonces[from] += 1;
        transfers.push(transfer.sign(&keys[from], &domain));
    }
    let fee_slots = vec![FeeSlot {
        token: 0,
        account: place(0)?,
    }];
    Ok(Layer2 {
        genesis,
        fee_slots,
        transfers,
    })
}
