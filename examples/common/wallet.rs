//! The wallet of `examples/wallet/`: its file of signed transfers, and its private keys.
//!
//! `transfers.json` was signed by circomlibjs (`sign.mjs`); nothing here signs again what it holds.
//! The keys, which are written down in `sign.mjs`, sign further transfers when a batch has more slots
//! than the file has transfers.

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use zkroll::{
    circuits::protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        eddsa::{PrivateKey, PublicKey},
        field,
        ledger::Ledger,
        public_data::FeeSlot,
        transfer::{Address, Domain, Recipient, SignedTransfer, Transfer},
        uint::U40,
    },
    prover::Fr,
};

use super::Result;

/// Private keys that the wallet has: operator, alice, bob, carol, dave.
pub const OWNERS: u8 = 5;

/// `SHA-256("zkroll wallet example" ‖ i)`. Such keys guard nothing.
pub fn private_key(i: u8) -> PrivateKey {
    let digest = Sha256::new()
        .chain_update("zkroll wallet example")
        .chain_update([i])
        .finalize();
    PrivateKey::from(<[u8; 32]>::from(digest))
}

/// A file of signed transfers with the state that they apply to; `examples/wallet/README.md`
/// describes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WalletFile {
    /// The chain that the transfers are signed for.
    pub chain_id: u64,
    /// The contract that the transfers are signed for.
    pub contract: Address,
    /// The batch's Unix time in seconds.
    pub timestamp: u64,
    /// Of the state tree.
    pub depth: usize,
    /// The accounts before the batch.
    pub genesis: Vec<GenesisAccount>,
    /// Who gets the fees.
    pub fee_slots: Vec<FeeSlot>,
    /// The transfers, in order.
    pub transfers: Vec<SignedTransfer>,
}

/// An account in the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GenesisAccount {
    index: AccountIndex,
    #[serde(with = "field::pair")]
    public_key: (Fr, Fr),
    token: u32,
    nonce: U40,
    #[serde(with = "field::decimal")]
    balance: u128,
    l1_owner: Address,
    flags: u8,
}

impl GenesisAccount {
    fn account(&self) -> Account {
        let (x, y) = self.public_key;
        Account {
            public_key: PublicKey { x, y },
            token: self.token,
            nonce: self.nonce,
            balance: self.balance,
            l1_owner: self.l1_owner,
            flags: self.flags,
        }
    }
}

/// Genesis, fee slots and transfers of one batch.
#[derive(Clone, Debug)]
pub struct WalletBatch {
    /// The batch's Unix time in seconds.
    pub timestamp: u64,
    /// The state before the batch.
    pub genesis: Ledger,
    /// Who gets the fees.
    pub fee_slots: Vec<FeeSlot>,
    /// The transfers, in order.
    pub transfers: Vec<SignedTransfer>,
    /// Whether the file's indices did not fit the tree: the accounts then stand elsewhere, and the
    /// file's transfers are signed again.
    pub reindexed: bool,
    /// How many of the transfers the file did not hold as they are.
    pub signed_here: usize,
}

impl WalletFile {
    /// Reads a file's text.
    ///
    /// # Errors
    /// If it is not such a file.
    pub fn parse(json: &str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }

    /// The deployment that the transfers are signed for.
    pub fn domain(&self) -> Domain {
        Domain {
            chain_id: self.chain_id,
            contract: self.contract,
        }
    }

    /// A batch of `count` transfers in a tree of `depth`: the file's first ones, then further ones
    /// signed here. In a tree that has no room for the file's indices, the accounts are laid out
    /// anew and the same transfers signed again.
    ///
    /// # Errors
    /// If the tree has no room for the accounts, the wallet lacks a key that it needs, or the file
    /// contradicts itself.
    pub fn batch(&self, depth: usize, count: usize) -> Result<WalletBatch> {
        let layout = Layout::new(self, depth)?;
        let accounts = self.genesis.iter();
        let genesis = Ledger::from_genesis(
            depth,
            self.domain(),
            accounts.map(|account| (layout.place(account.index), account.account())),
        )?;
        let fee_slots: Vec<_> = self
            .fee_slots
            .iter()
            .map(|slot| layout.slot(slot))
            .collect();
        let timestamp = U40::try_from(self.timestamp)?;

        let mut signer = Signer::new(genesis.clone(), timestamp, &fee_slots);
        let mut transfers = Vec::with_capacity(count);
        let mut signed_here = 0;
        for (position, listed) in self.transfers.iter().take(count).enumerate() {
            let mut transfer = *listed;
            if layout.reindexed {
                transfer.transfer.from = layout.place(listed.transfer.from);
                if let Recipient::Account { index, .. } = &mut transfer.transfer.recipient {
                    *index = layout.place(*index);
                }
                transfer = signer.sign(transfer.transfer)?;
                signed_here += 1;
            }
            signer
                .apply(&transfer)
                .map_err(|error| format!("transfer {position} of the file: {error}"))?;
            transfers.push(transfer);
        }
        while transfers.len() < count {
            transfers.push(signer.next_transfer()?);
            signed_here += 1;
        }
        Ok(WalletBatch {
            timestamp: self.timestamp,
            genesis,
            fee_slots,
            transfers,
            reindexed: layout.reindexed,
            signed_here,
        })
    }
}

/// Where the file's accounts stand in the tree.
struct Layout {
    places: BTreeMap<AccountIndex, AccountIndex>,
    reindexed: bool,
}

impl Layout {
    fn new(file: &WalletFile, depth: usize) -> Result<Self> {
        let capacity = u32::try_from(depth)
            .ok()
            .and_then(|depth| 8u64.checked_pow(depth))
            .unwrap_or(u64::MAX);
        let count = file.genesis.len() as u64;
        if count > capacity {
            return Err(format!(
                "expected a depth that has room for {count} accounts, got {depth}: {capacity} accounts"
            )
            .into());
        }
        let indices = file.genesis.iter().map(|account| account.index);
        let reindexed = indices.clone().any(|index| index.get() >= capacity);
        let places = (0..)
            .zip(indices)
            .map(|(i, index)| {
                // Spread over the tree, so that paths meet high up.
                let place = if reindexed {
                    i * (capacity / count)
                } else {
                    index.get()
                };
                Ok((index, AccountIndex::try_from(place)?))
            })
            .collect::<Result<_>>()?;
        Ok(Self { places, reindexed })
    }

    /// An index without an account stays, for the ledger to refuse.
    fn place(&self, index: AccountIndex) -> AccountIndex {
        self.places.get(&index).copied().unwrap_or(index)
    }

    fn slot(&self, slot: &FeeSlot) -> FeeSlot {
        FeeSlot {
            token: slot.token,
            account: self.place(slot.account),
        }
    }
}

/// Signs transfers that apply, one after the other.
pub struct Signer<'a> {
    state: Ledger,
    timestamp: U40,
    fee_slots: &'a [FeeSlot],
    keys: Vec<(PublicKey, PrivateKey)>,
    turn: usize,
}

impl<'a> Signer<'a> {
    /// A signer with the wallet's keys, who sees the state as it is before the batch.
    pub fn new(state: Ledger, timestamp: U40, fee_slots: &'a [FeeSlot]) -> Self {
        let keys = (0..OWNERS).map(private_key);
        Self {
            state,
            timestamp,
            fee_slots,
            keys: keys.map(|key| (key.public_key(), key)).collect(),
            turn: 0,
        }
    }

    /// Takes note of a transfer that comes next in the batch.
    fn apply(&mut self, transfer: &SignedTransfer) -> Result<()> {
        self.state
            .apply_transfer(transfer, self.timestamp, self.fee_slots)?;
        Ok(())
    }

    fn key_of(&self, account: &Account) -> Option<&PrivateKey> {
        let mut keys = self.keys.iter();
        keys.find(|(public_key, _)| *public_key == account.public_key)
            .map(|(_, key)| key)
    }

    /// Signs with the key of the account `from`.
    fn sign(&self, transfer: Transfer) -> Result<SignedTransfer> {
        let key = self
            .state
            .account(transfer.from)
            .and_then(|account| self.key_of(account))
            .ok_or_else(|| {
                format!(
                    "expected a key of the wallet for account {}, got none",
                    transfer.from
                )
            })?;
        Ok(transfer.sign(key, self.state.domain()))
    }

    /// The next transfer: accounts take turns, each sends a thousandth of what it holds to the next
    /// account of its token.
    pub fn next_transfer(&mut self) -> Result<SignedTransfer> {
        let accounts: Vec<_> = self.state.accounts().collect();
        let senders = (0..accounts.len()).map(|i| (self.turn + i) % accounts.len());
        let able = |position: &usize| {
            let (_, account) = accounts[*position];
            account.balance >= 1_000_000 && self.key_of(account).is_some()
        };
        let position = senders
            .clone()
            .find(able)
            .ok_or("expected an account of the wallet that has something to send, got none")?;
        let (from, sender) = accounts[position];
        let (to, receiver) = (1..=accounts.len())
            .map(|i| accounts[(position + i) % accounts.len()])
            .find(|(_, receiver)| receiver.token == sender.token)
            .unwrap_or((from, sender));
        let takes_fees = self.fee_slots.iter().any(|slot| slot.token == sender.token);
        let fee = if takes_fees {
            sender.balance / 1_000_000
        } else {
            0
        };
        let transfer = Transfer {
            from,
            recipient: Recipient::Account {
                index: to,
                owner: receiver.public_key.x,
            },
            amount: Amount::from_value(sender.balance / 1_000)
                .or_else(|error| Amount::from_value(error.nearest_below))?,
            fee: Fee::from_value(fee).or_else(|error| Fee::from_value(error.nearest_below))?,
            token: sender.token,
            nonce: sender.nonce,
            valid_until: U40::try_from(self.timestamp.get() + 3600)?,
        };
        self.turn = (position + 1) % accounts.len();
        let signed = self.sign(transfer)?;
        self.apply(&signed)?;
        Ok(signed)
    }
}
