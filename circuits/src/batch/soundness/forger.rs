//! A prover that cheats in one place and makes everything else fit.
//!
//! A [`Forger`] fills a transfer slot of a tree of depth 1. It owns both accounts' keys, chooses the
//! pre-state, the siblings and the signature, and replaces witness values at will ([`Forger::cheat`]).
//! What is computed from a replaced value is computed from the replacement; whatever else the cheat
//! upsets is repaired in a few passes, each of which reads from the constraints of the pass before
//! what the lanes, the roots and the signature ought to have been. The labels that are still broken
//! then are those that catch the cheat.

use crate::{
    batch::{
        padding::header_of,
        tests::shape,
        transfer_slot::{Receiver, TransferSlot},
    },
    protocol::{
        account::{Account, AccountIndex},
        amount::{Amount, Fee},
        babyjubjub::{Scalar, mul_base8},
        eddsa::{PublicKey, Signature},
        ledger::{ReceiverTrace, TransferTrace},
        poseidon::parameters,
        transfer::{Recipient, SignedTransfer, Transfer},
        tree::Path,
        uint::U40,
    },
    template::{Circuit, testing},
};
use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// What a forger may leave as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// The pre-state root.
    Root,
    /// The sender's lane in the tree.
    SenderLane,
    /// The receiver's lane in the tree.
    ReceiverLane,
    /// The receiver's path, which is then the one before the sender's update.
    ReceiverPath,
    /// The signature.
    Signature,
}

/// Witness values by label, in order.
pub(super) type Columns = HashMap<String, Vec<Fr>>;
/// (label, number of the column under it, value, columns of the pass before) → value.
pub(super) type Cheat = Rc<dyn Fn(&str, usize, Fr, &Columns) -> Fr>;

#[derive(Clone)]
pub(super) struct Forger {
    pub transfer: Transfer,
    pub sender: Account,
    pub receiver: Account,
    /// Whose leaf is replaced after the sender's.
    pub to: AccountIndex,
    /// The running hashes before.
    pub records: [Fr; 2],
    pub on: bool,
    pub domain: Fr,
    pub timestamp: Fr,
    pub fee_tokens: Vec<Fr>,
    pub fee_slot: Option<usize>,
    /// The sender signs with it: A = secret·B8.
    pub secret: Scalar,
    pub signature: Signature,
    pub keep: Vec<Keep>,
    pub cheat: Cheat,
    pub(super) root: Fr,
    /// The tree's lanes before.
    pub(super) lanes: [Fr; 8],
    pub(super) columns: Rc<RefCell<Columns>>,
}

/// The key with this secret.
pub(super) fn public_key(secret: Scalar) -> PublicKey {
    mul_base8(&secret).into_affine().into()
}

pub(super) const NONCE_SECRET: u64 = 424_242;

impl Forger {
    /// An honest transfer of 100 + 3 from account 1 to account 2, tokens and nonces not zero.
    pub fn honest() -> Self {
        let secret = Scalar::from(1111u64);
        let account = |secret, balance, nonce| Account {
            nonce: U40::try_from(nonce).unwrap(),
            ..Account::new(public_key(secret), 5, balance).unwrap()
        };
        let header = header_of(&shape(1, 2));
        let index = |i| AccountIndex::try_from(i).unwrap();
        Self {
            transfer: Transfer {
                from: index(1),
                recipient: Recipient::account(index(2)),
                amount: Amount::from_value(100).unwrap(),
                fee: Fee::from_value(3).unwrap(),
                token: 5,
                nonce: U40::try_from(7).unwrap(),
                valid_until: U40::try_from(1000).unwrap(),
            },
            sender: account(secret, 500, 7),
            receiver: account(Scalar::from(2222u64), 20, 3),
            to: index(2),
            records: [Fr::from(11u64), Fr::from(12u64)],
            on: true,
            domain: header.words()[0],
            timestamp: Fr::from(1000u64),
            fee_tokens: vec![Fr::from(5u64), Fr::from(6u64)],
            fee_slot: Some(0),
            secret,
            signature: Signature {
                r8: {
                    let r8 = mul_base8(&Scalar::from(NONCE_SECRET)).into_affine();
                    (r8.x, r8.y)
                },
                s: 0u64.into(),
            },
            keep: Vec::new(),
            cheat: Rc::new(|_, _, value, _| value),
            root: Fr::ZERO,
            lanes: std::array::from_fn(|i| Fr::from(1000 + i as u64).square()),
            columns: Rc::default(),
        }
    }

    /// Replaces column `number` under `label`.
    pub fn replace(
        self,
        label: &'static str,
        number: usize,
        with: impl Fn(Fr) -> Fr + 'static,
    ) -> Self {
        self.cheating(move |at, i, value, _| {
            if at == label && i == number {
                with(value)
            } else {
                value
            }
        })
    }

    /// Adds a cheat to those there are.
    pub fn cheating(mut self, cheat: impl Fn(&str, usize, Fr, &Columns) -> Fr + 'static) -> Self {
        let before = self.cheat.clone();
        self.cheat = Rc::new(move |at, i, value, columns| {
            cheat(at, i, before(at, i, value, columns), columns)
        });
        self
    }

    pub fn keeping(mut self, keep: Keep) -> Self {
        self.keep.push(keep);
        self
    }

    /// The labels that are broken when everything repairable is repaired.
    pub fn caught_by(mut self) -> Vec<String> {
        for _ in 0..5 {
            let circuit = self.pass();
            if circuit.broken().is_empty() {
                return Vec::new();
            }
            self.repair(&circuit);
        }
        self.pass().broken()
    }

    fn keeps(&self, keep: Keep) -> bool {
        self.keep.contains(&keep)
    }

    /// One synthesis, which records all columns.
    fn pass(&mut self) -> testing::Synthesised {
        let trace = TransferTrace {
            transfer: SignedTransfer {
                transfer: self.transfer,
                signature: self.signature,
            },
            sender: self.sender.clone(),
            sender_path: Path {
                levels: vec![[Fr::ZERO; 8]],
            },
            receiver: ReceiverTrace::L1,
            root_before: self.root,
            root_after: self.root,
        };
        let slot = TransferSlot {
            on: self.on,
            trace: &trace,
            receiver: Receiver {
                index: self.to,
                account: &self.receiver,
                path: &Path {
                    levels: vec![[Fr::ZERO; 8]],
                },
            },
            records: self.records,
            domain: self.domain,
            timestamp: self.timestamp,
            fee_tokens: &self.fee_tokens,
            root: self.root,
            fees: &vec![Fr::from(10u64); self.fee_tokens.len()],
            fee_slot: self.fee_slot,
        };
        let before = self.columns.take();
        let new_lanes = match self.keeps(Keep::ReceiverPath) {
            true => self.lanes,
            false => self.lanes_after_sender(&before),
        };
        let (lanes, columns, cheat) = (self.lanes, self.columns.clone(), self.cheat.clone());
        testing::cheat(
            move |label, _, value| {
                let mut columns = columns.borrow_mut();
                let found = columns.entry(label.to_owned()).or_default();
                let value = match label {
                    "sender/path" => lanes[found.len()],
                    "receiver/path" => new_lanes[found.len()],
                    _ => value,
                };
                let value = cheat(label, found.len(), value, &before);
                found.push(value);
                value
            },
            |builder| slot.synthesize(builder),
        )
    }

    /// The lanes that the sender's update leaves, from the demultiplexer's columns.
    fn lanes_after_sender(&self, columns: &Columns) -> [Fr; 8] {
        let Some(selected) = columns.get("sender/path/selected") else {
            return self.lanes;
        };
        let mut uppers = columns["sender/path/replacement"].iter();
        let mut row = vec![selected[9] - selected[6]];
        for _ in 0..3 {
            row = row
                .iter()
                .flat_map(|value| {
                    let upper = uppers.next().unwrap();
                    [*value - upper, *upper]
                })
                .collect();
        }
        std::array::from_fn(|i| self.lanes[i] + row[i])
    }

    fn repair(&mut self, circuit: &testing::Synthesised) {
        let columns = self.columns.borrow().clone();
        for (party, index, keep) in [
            ("sender", self.transfer.from, Keep::SenderLane),
            ("receiver", self.to, Keep::ReceiverLane),
        ] {
            if !self.keeps(keep) {
                let rows = circuit.rows(&format!("{party}/path/membership"));
                let [a, b, c] = rows.last().unwrap();
                let bits = &columns[if party == "sender" { "from" } else { "to" }];
                let lane = index.get() as usize;
                let weight: Fr = (0..3)
                    .map(|k| {
                        if lane >> k & 1 == 1 {
                            bits[k]
                        } else {
                            Fr::ONE - bits[k]
                        }
                    })
                    .product();
                self.lanes[lane] += (*c - *a * b) * weight.inverse().unwrap();
            }
        }
        if !self.keeps(Keep::Root) {
            let [_, difference, _] = circuit.rows("sender/root")[0];
            self.root += difference;
        }
        if !self.keeps(Keep::Signature) {
            self.signature.s = self.s_for(reduce(challenge(&columns))).into_bigint();
        }
    }

    /// The S that goes with R8 and this h.
    pub fn s_for(&self, h: Scalar) -> Scalar {
        Scalar::from(NONCE_SECRET) + h * self.secret * Scalar::from(8u64)
    }

    /// Signs what the slot says now, and lets the signature be from then on.
    pub fn settle_signature(&mut self) {
        self.keep.retain(|keep| *keep != Keep::Signature);
        for _ in 0..3 {
            let circuit = self.pass();
            self.repair(&circuit);
        }
        self.keep.push(Keep::Signature);
    }

    /// Takes over the signature that a changed slot would have.
    pub fn take_signature_of(&mut self, change: impl FnOnce(&mut Self)) {
        let mut there = Self {
            columns: Rc::default(),
            ..self.clone()
        };
        change(&mut there);
        there.settle_signature();
        self.signature = there.signature;
        self.keep.push(Keep::Signature);
    }

    /// h of the last pass.
    pub fn challenge(&self) -> Fr {
        challenge(&self.columns.borrow())
    }
}

/// The hash of width t whose columns these are, from its last S-boxes.
pub(super) fn hash_of(columns: &[Fr], t: usize) -> Fr {
    let last_round = &columns[columns.len() - 4 * t..];
    // x, x², x³ and x⁵.
    let boxes = last_round.chunks_exact(4).map(|columns| columns[3]);
    boxes
        .zip(&parameters(t).mds[0])
        .map(|(x5, coefficient)| x5 * coefficient)
        .sum()
}

/// The circuit's h.
pub(super) fn challenge(columns: &Columns) -> Fr {
    hash_of(&columns["signature/challenge"], 6)
}

/// h as a scalar.
pub(super) fn reduce(h: Fr) -> Scalar {
    Scalar::from_le_bytes_mod_order(&h.into_bigint().to_bytes_le())
}
