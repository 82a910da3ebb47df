//! The L1 template: one entry of the contract's queue, applied or proven not to apply; used or not.
//!
//! The words of an entry are the contract's and canonical, but they reach the circuit as field elements:
//! every field that is cut out of one is range-checked, or a prover could cut them elsewhere.
//!
//! What decides whether an entry applies is computed, never chosen: the account's leaf under the root (a leaf,
//! or 0 for no account), equalities with it, and whether a sum overflows. So a prover can neither skip an entry
//! that applies nor apply one that does not.

use super::switch::{enforce_root, export_root};
use crate::{
    gadgets::{
        account::{AccountVar, BALANCE_BITS},
        bits::{booleans, compose, enforce_range, is_zero},
        transfer::pack,
        tree,
    },
    protocol::{
        account::{Account, AccountIndex},
        queue::{ACCOUNT_BITS, EntryType, L1Slot, RESULT_BITS},
        tree::Path,
    },
    template::{Builder, Circuit, Num, Result},
};
use ark_bn254::Fr;

/// Bits of a token and of an address.
const TOKEN_BITS: usize = 32;
const ADDRESS_BITS: usize = 160;

/// Exports of the four words.
pub(super) const WORD_EXPORTS: [&str; 4] = ["entry", "amount", "key_x", "key_y"];

/// One slot and the values of its ports.
pub(super) struct L1SlotCircuit<'a> {
    /// `false` cuts the slot off, as in [`super::transfer_slot`].
    pub on: bool,
    pub slot: &'a L1Slot,
    pub index: AccountIndex,
    /// The account before; `None` if there was none.
    pub account: Option<&'a Account>,
    pub path: &'a Path,
    /// State root before the slot.
    pub root: Fr,
}

/// One of the four is 1, or none in an unused slot.
struct Kinds {
    create: Num,
    top_up: Num,
    exit: Num,
    exit_by_key: Num,
}

/// The fields of an entry, in range, and the amount: what came in, or what is paid.
struct EntryVar {
    kinds: Kinds,
    token: Num,
    address: Num,
    amount: Num,
    key_x: Num,
    key_y: Num,
}

impl Circuit for L1SlotCircuit<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let root_before = builder.port("root", self.root)?;
        let on = builder.scope("on", |builder| builder.boolean(self.on))?;
        let index_bits = builder.scope("index", |builder| {
            let bits = tree::LEVEL_BITS * self.path.levels.len();
            booleans(builder, Fr::from(self.index.get()), bits)
        })?;
        let index = compose(&index_bits);
        let entry = self.entry(builder, &on)?;
        let kinds = &entry.kinds;

        // A created account is nothing before: it stands here as it will be, with balance and nonce 0.
        let created = self.created();
        let account = builder.scope("account", |builder| {
            AccountVar::witness(builder, self.account.unwrap_or(&created))
        })?;
        let exists = builder.scope("exists", |builder| {
            let exists = builder.boolean(self.account.is_some())?;
            builder.enforce(&kinds.create, &exists, &Num::zero())?;
            Ok(exists)
        })?;
        builder.scope("created", |builder| {
            for (field, expected) in [
                (&account.key.x, &entry.key_x),
                (&account.key.y, &entry.key_y),
                (&account.token, &entry.token),
                (&account.owner, &entry.address),
                (&account.nonce, &Num::zero()),
                (&account.balance, &Num::zero()),
            ] {
                builder.enforce(&kinds.create, &(field - expected), &Num::zero())?;
            }
            Ok(())
        })?;

        let (topped_up, paid_out) = self.applied(builder, &entry, &account, &exists)?;
        builder.scope("paid", |builder| {
            let paid = builder.mul(&paid_out, &account.balance)?;
            let exits = &kinds.exit + &kinds.exit_by_key;
            builder.enforce(&exits, &entry.amount, &paid)
        })?;
        let balance = builder.scope("balance", |builder| {
            let comes_in = &kinds.create + &topped_up;
            let gain = builder.mul(&comes_in, &entry.amount)?;
            let loss = builder.mul(&paid_out, &account.balance)?;
            Ok(&(&account.balance + &gain) - &loss)
        })?;

        let leaves = account.with_balance(builder, &balance)?;
        let roots = builder.scope("path", |builder| {
            let (old, new) = builder.scope("leaves", |builder| {
                let exists_after = &exists + &kinds.create;
                let old = builder.mul(&exists, &leaves.old)?;
                Ok((old, builder.mul(&exists_after, &leaves.new)?))
            })?;
            tree::update(builder, &index_bits, &old, &new, &self.path.levels)
        })?;
        enforce_root(builder, &on, &root_before, &roots.old)?;
        export_root(builder, &on, &root_before, &roots.new)?;
        builder.scope("public_data", |builder| {
            self.words(builder, &on, &entry, &index, &topped_up)
        })
    }
}

impl L1SlotCircuit<'_> {
    /// The account of an entry that creates one, before the amount comes in.
    fn created(&self) -> Account {
        let entry = &self.slot.entry;
        Account::opened(entry.key, entry.token, entry.address)
    }

    fn entry(&self, builder: &mut Builder, on: &Num) -> Result<EntryVar> {
        let entry = &self.slot.entry;
        let kinds = builder.scope("kind", |builder| {
            let mut kind = |kind| builder.boolean(self.on && entry.kind == kind);
            let kinds = Kinds {
                create: kind(EntryType::Create)?,
                top_up: kind(EntryType::TopUp)?,
                exit: kind(EntryType::Exit)?,
                exit_by_key: kind(EntryType::ExitByKey)?,
            };
            let deposits = &kinds.create + &kinds.top_up;
            let exits = &kinds.exit + &kinds.exit_by_key;
            // The sum is on, a bit: one of them, or none.
            builder.enforce_equal(&(&deposits + &exits), on)?;
            Ok(kinds)
        })?;
        let mut ranged = |name, value: Fr, bits| {
            builder.scope(name, |builder| {
                let field = builder.witness(value)?;
                enforce_range(builder, &field, bits)?;
                Ok(field)
            })
        };
        let token = ranged("token", Fr::from(entry.token), TOKEN_BITS)?;
        let address = ranged("address", entry.address.word(), ADDRESS_BITS)?;
        let amount = ranged("amount", Fr::from(self.slot.amount()), BALANCE_BITS)?;
        Ok(EntryVar {
            kinds,
            token,
            address,
            amount,
            key_x: builder.witness(entry.key.x)?,
            key_y: builder.witness(entry.key.y)?,
        })
    }

    /// Whether the amount is added to the account, and whether its balance is paid out.
    fn applied(
        &self,
        builder: &mut Builder,
        entry: &EntryVar,
        account: &AccountVar,
        exists: &Num,
    ) -> Result<(Num, Num)> {
        let kinds = &entry.kinds;
        let mut equal = |name, a: &Num, b: &Num| {
            let difference = a - b;
            builder.scope(name, |builder| is_zero(builder, &difference))
        };
        let same_token = equal("same_token", &account.token, &entry.token)?;
        let same_key = equal("same_key", &account.key.x, &entry.key_x)?;
        let same_owner = equal("same_owner", &account.owner, &entry.address)?;
        let fits = builder.scope("overflow", |builder| {
            let sum = &account.balance + &entry.amount;
            let native = self.account.map_or(0, |account| account.balance);
            let overflows = native.checked_add(self.slot.amount()).is_none();
            let overflow = builder.boolean(overflows)?;
            let low = pack(&[(&Num::zero(), BALANCE_BITS), (&overflow, 1)]);
            enforce_range(builder, &(&sum - &low), BALANCE_BITS)?;
            Ok(&Num::one() - &overflow)
        })?;
        builder.scope("applies", |builder| {
            let theirs = builder.mul(exists, &same_token)?;
            let of_key = builder.mul(&theirs, &same_key)?;
            let fits = builder.mul(&of_key, &fits)?;
            let topped_up = builder.mul(&kinds.top_up, &fits)?;
            let of_owner = builder.mul(&theirs, &same_owner)?;
            let by_owner = builder.mul(&kinds.exit, &of_owner)?;
            let by_key = builder.mul(&kinds.exit_by_key, &of_key)?;
            Ok((topped_up, &by_owner + &by_key))
        })
    }

    /// `type 8 | token 32 | account 40 | address 160`, `amount 128 | result 40`, Ax, Ay; zeros if the slot is
    /// off.
    fn words(
        &self,
        builder: &mut Builder,
        on: &Num,
        entry: &EntryVar,
        index: &Num,
        topped_up: &Num,
    ) -> Result<()> {
        let kinds = &entry.kinds;
        let created = builder.mul(&kinds.create, index)?;
        let named = index - &created;
        let kind = [
            (&kinds.create, EntryType::Create),
            (&kinds.top_up, EntryType::TopUp),
            (&kinds.exit, EntryType::Exit),
            (&kinds.exit_by_key, EntryType::ExitByKey),
        ]
        .into_iter()
        .fold(Num::zero(), |sum, (flag, kind)| {
            &sum + &(flag * Fr::from(kind as u8))
        });
        let result = &created + topped_up;
        let words = [
            pack(&[
                (&entry.address, ADDRESS_BITS),
                (&named, ACCOUNT_BITS as usize),
                (&entry.token, TOKEN_BITS),
                (&kind, 8),
            ]),
            pack(&[
                (&result, RESULT_BITS as usize),
                (&entry.amount, BALANCE_BITS),
            ]),
            entry.key_x.clone(),
            entry.key_y.clone(),
        ];
        for (name, word) in WORD_EXPORTS.into_iter().zip(&words) {
            let word = builder.mul(on, word)?;
            builder.export_column(name, &word);
        }
        Ok(())
    }
}
