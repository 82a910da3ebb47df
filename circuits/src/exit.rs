//! The exit circuit: who leaves a frozen contract, or queues an exit by key, proves what is theirs.
//!
//! *Statement.* Under the root there is the account with this token and balance, and either its `l1_owner` is the
//! address, or its key signed that the address is paid ([`protocol::exit`]). One template, once; five public
//! inputs, which the contract makes canonical. Where the `l1_owner` decides, the signature is one by a key that
//! everybody knows, so that the same constraints hold.
//!
//! [`protocol::exit`]: crate::protocol::exit

use std::sync::Arc;

use crate::{
    batch::ShapeError,
    gadgets::{
        account::{AccountVar, BALANCE_BITS},
        babyjubjub::PointVar,
        bits::{booleans, compose, is_zero},
        eddsa,
        poseidon::hash,
        transfer::{message_word, pack},
        tree,
    },
    protocol::{
        account::{Account, AccountIndex},
        eddsa::{PrivateKey, Signature},
        exit::{ExitStatement, sign},
        queue::ACCOUNT_BITS,
        transfer::{Address, Domain, OPERATION_EXIT},
        tree::{MAX_DEPTH, Path, Tree},
    },
    template::{Builder, Circuit, Num, Program, Result, Source, Template, Wire},
};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;
use thiserror::Error;

/// Ports, in the order of the public inputs.
const INPUTS: [&str; 5] = ["root", "domain", "account", "address", "authority"];

/// The circuit for trees of one depth.
#[derive(Debug)]
pub struct ExitCircuit {
    depth: u32,
    template: Arc<Template>,
    program: Program,
}

/// What proves an [`ExitStatement`].
#[derive(Clone, Debug)]
pub struct ExitWitness {
    /// The statement.
    pub statement: ExitStatement,
    /// The account.
    pub account: Account,
    /// Its path under the statement's root.
    pub path: Path,
    /// The owner's signature, if the key decides.
    pub signature: Option<Signature>,
}

/// Why a witness is none for a circuit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ExitError {
    /// A path of another length than the tree's depth.
    #[error("expected a path of {expected} levels, got {got}")]
    PathLength {
        /// The depth.
        expected: u32,
        /// The path's levels.
        got: usize,
    },
    /// The key decides, and there is no signature.
    #[error("expected the owner's signature, because the key decides")]
    NoSignature,
    /// The constraint system refused a value.
    #[error("synthesis failed: {0}")]
    Synthesis(#[from] SynthesisError),
}

impl ExitCircuit {
    /// Synthesises the circuit for trees of this depth.
    ///
    /// # Errors
    /// If there is no such tree.
    pub fn new(depth: u32) -> core::result::Result<Self, ShapeError> {
        if !(1..=MAX_DEPTH as u32).contains(&depth) {
            return Err(ShapeError::Depth { got: depth });
        }
        // Any satisfying values will do to synthesise with.
        let any = example(depth);
        let template = Arc::new(Template::new("exit", &any.circuit(&any_signature(&any)))?);
        let mut program = Program::new(1 + INPUTS.len());
        let wires = (1..=INPUTS.len()).map(|input| Wire::Shared(Source::Instance(input)));
        program.push(template.clone(), 1, wires.collect());
        program.check();
        Ok(Self {
            depth,
            template,
            program,
        })
    }

    /// D, the depth of the state tree.
    pub fn depth(&self) -> u32 {
        self.depth
    }

    /// The constraints.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// What tells this circuit from any other: a key belongs to one digest.
    pub fn digest(&self) -> [u8; 32] {
        self.program.digest()
    }

    /// The values of all columns: the constant one, the public inputs, the witness. A witness that proves
    /// another statement gives an assignment that does not satisfy the constraints; the prover says so.
    ///
    /// # Errors
    /// If the path has not the tree's depth, or a signature is missing.
    pub fn assign(&self, witness: &ExitWitness) -> core::result::Result<Vec<Fr>, ExitError> {
        let got = witness.path.levels.len();
        if got != self.depth as usize {
            return Err(ExitError::PathLength {
                expected: self.depth,
                got,
            });
        }
        let signature = match (witness.signature, witness.statement.is_by_key()) {
            (Some(signature), true) => signature,
            (None, true) => return Err(ExitError::NoSignature),
            (_, false) => any_signature(witness),
        };
        let mut instance = vec![Fr::ONE];
        instance.extend(witness.statement.public_inputs());
        let circuit = witness.circuit(&signature);
        let columns = self
            .program
            .assign(&instance, |_, _| self.template.witness(&circuit))?;
        Ok(columns)
    }
}

impl ExitWitness {
    fn circuit<'a>(&'a self, signature: &'a Signature) -> ExitTemplate<'a> {
        ExitTemplate {
            inputs: self.statement.public_inputs(),
            witness: self,
            signature,
        }
    }
}

/// The key that signs where no key decides. It is no secret.
fn anybody() -> PrivateKey {
    PrivateKey::from(*b"the key of an exit by l1 address")
}

/// Its signature of the statement.
fn any_signature(witness: &ExitWitness) -> Signature {
    let ExitStatement {
        domain,
        account,
        address,
        ..
    } = &witness.statement;
    sign(&anybody(), domain, *account, address)
}

/// An exit by an `l1_owner`.
fn example(depth: u32) -> ExitWitness {
    let address = Address([1; 20]);
    let account = Account {
        l1_owner: address,
        ..Account::new(anybody().public_key(), 0, 1).expect("the key is on the curve")
    };
    let tree =
        Tree::from_leaves(depth as usize, [(0, account.leaf())]).expect("the depth is checked");
    ExitWitness {
        statement: ExitStatement {
            domain: Domain {
                chain_id: 1,
                contract: Address([2; 20]),
            },
            root: tree.root(),
            account: AccountIndex::default(),
            token: account.token,
            balance: account.balance,
            address,
            authority: Fr::ZERO,
        },
        account,
        path: tree.path(0).expect("index 0 is in every tree"),
        signature: None,
    }
}

struct ExitTemplate<'a> {
    inputs: [Fr; 5],
    witness: &'a ExitWitness,
    signature: &'a Signature,
}

impl Circuit for ExitTemplate<'_> {
    fn synthesize(&self, builder: &mut Builder) -> Result<()> {
        let mut ports = Vec::with_capacity(INPUTS.len());
        for (name, value) in INPUTS.into_iter().zip(self.inputs) {
            ports.push(builder.port(name, value)?);
        }
        let [root, domain, stated, address, authority] = &ports[..] else {
            unreachable!("five ports");
        };
        let ExitWitness {
            statement,
            account,
            path,
            ..
        } = self.witness;
        let levels = &path.levels;
        let index_bits = builder.scope("index", |builder| {
            let bits = tree::LEVEL_BITS * levels.len();
            booleans(builder, Fr::from(statement.account.get()), bits)
        })?;
        let index = compose(&index_bits);
        let account = builder.scope("account", |builder| AccountVar::witness(builder, account))?;
        let leaves = account.with_balance(builder, &account.balance)?;
        let roots = builder.scope("path", |builder| {
            tree::update(builder, &index_bits, &leaves.old, &leaves.old, levels)
        })?;
        builder.scope("root", |builder| builder.enforce_equal(&roots.old, root))?;
        builder.scope("stated", |builder| {
            let found = pack(&[
                (&account.balance, BALANCE_BITS),
                (&index, ACCOUNT_BITS as usize),
                (&account.token, 32),
            ]);
            builder.enforce_equal(&found, stated)
        })?;

        let by_owner = builder.scope("by_owner", |builder| is_zero(builder, authority))?;
        let by_key = &Num::one() - &by_owner;
        builder.scope("owner", |builder| {
            builder.enforce(&by_owner, &(&account.owner - address), &Num::zero())
        })?;
        builder.scope("key_of_account", |builder| {
            builder.enforce(&by_key, &(&account.key.x - authority), &Num::zero())
        })?;
        let key = builder.scope("key_that_signs", |builder| {
            let anybody = anybody().public_key();
            let mut choose = |own: &Num, other: Fr| {
                let other = Num::constant(other);
                let change = builder.mul(&by_key, &(own - &other))?;
                Ok(&other + &change)
            };
            Ok(PointVar {
                x: choose(&account.key.x, anybody.x)?,
                y: choose(&account.key.y, anybody.y)?,
            })
        })?;
        builder.scope("signature", |builder| {
            let message = builder.scope("message", |builder| {
                let operation = Num::constant(Fr::from(OPERATION_EXIT));
                let m0 = message_word(&operation, domain);
                hash(builder, &[m0, index.clone(), address.clone()])
            })?;
            eddsa::verify(builder, &key, &message, self.signature)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{eddsa::PublicKey, uint::U40};
    use crate::template::testing;

    const OWNER: Address = Address([5; 20]);
    const DEPTH: u32 = 2;

    fn key() -> PrivateKey {
        PrivateKey::from([3; 32])
    }

    fn domain() -> Domain {
        Domain {
            chain_id: 31337,
            contract: Address([0xab; 20]),
        }
    }

    /// Account 9 of token 7, with a balance of 1000 and both kinds of owner.
    fn witness(by_key: bool) -> ExitWitness {
        let account = Account {
            l1_owner: OWNER,
            nonce: U40::try_from(4).unwrap(),
            ..Account::new(key().public_key(), 7, 1000).unwrap()
        };
        let tree = Tree::from_leaves(DEPTH as usize, [(9, account.leaf()), (10, Fr::ONE)]).unwrap();
        let index = AccountIndex::try_from(9).unwrap();
        let address = if by_key { Address([6; 20]) } else { OWNER };
        ExitWitness {
            statement: ExitStatement {
                domain: domain(),
                root: tree.root(),
                account: index,
                token: 7,
                balance: 1000,
                address,
                authority: if by_key {
                    account.public_key.x
                } else {
                    Fr::ZERO
                },
            },
            path: tree.path(9).unwrap(),
            signature: by_key.then(|| sign(&key(), &domain(), index, &address)),
            account,
        }
    }

    fn broken(witness: &ExitWitness) -> Option<String> {
        let circuit = ExitCircuit::new(DEPTH).unwrap();
        let columns = circuit.assign(witness).unwrap();
        assert_eq!(columns[1..6], witness.statement.public_inputs());
        let row = circuit.program().first_unsatisfied(&columns);
        row.map(|row| circuit.program().label(row))
    }

    fn assert_broken(witness: &ExitWitness, label: &str) {
        assert_eq!(broken(witness), Some(format!("exit[0]: {label}")));
    }

    #[test]
    fn owners_of_both_kinds_leave() {
        for by_key in [false, true] {
            assert_eq!(broken(&witness(by_key)), None);
        }
        let mut without_key = witness(false);
        without_key.account.public_key = PublicKey::NONE;
        let tree = Tree::from_leaves(DEPTH as usize, [(9, without_key.account.leaf())]).unwrap();
        without_key.path = tree.path(9).unwrap();
        without_key.statement.root = tree.root();
        assert_eq!(broken(&without_key), None);
    }

    #[test]
    fn nobody_else_leaves_and_with_no_more() {
        let change = |by_key, change: fn(&mut ExitWitness)| {
            let mut changed = witness(by_key);
            change(&mut changed);
            changed
        };
        // To another address than the owner's.
        assert_broken(
            &change(false, |w| w.statement.address = Address([8; 20])),
            "owner",
        );
        // With a key that is another account's.
        let other = PrivateKey::from([4; 32]);
        let mut theirs = witness(true);
        theirs.statement.authority = other.public_key().x;
        let index = theirs.statement.account;
        theirs.signature = Some(sign(&other, &domain(), index, &theirs.statement.address));
        assert_broken(&theirs, "key_of_account");
        // With a signature by another key, for another address, chain, contract or account.
        let mut forged = witness(true);
        forged.signature = theirs.signature;
        assert_broken(&forged, "signature/equation");
        for change in [
            (|w: &mut ExitWitness| w.statement.address = Address([8; 20])) as fn(&mut ExitWitness),
            |w| w.statement.domain.chain_id += 1,
            |w| w.statement.domain.contract = Address([9; 20]),
        ] {
            let mut replayed = witness(true);
            change(&mut replayed);
            assert_broken(&replayed, "signature/equation");
        }
        // More, or of another token, or under another root.
        assert_broken(&change(false, |w| w.statement.balance += 1), "stated");
        assert_broken(&change(false, |w| w.statement.token += 1), "stated");
        assert_broken(&change(false, |w| w.statement.root += Fr::ONE), "root");
        // Of an account that is not in the tree.
        assert_broken(
            &change(false, |w| {
                w.account.balance += 1;
                w.statement.balance += 1;
            }),
            "path/membership",
        );
    }

    #[test]
    fn the_parts_that_decide_cannot_be_replaced() {
        let caught = |by_key, label: &'static str, column: usize, value: Fr| {
            let witness = witness(by_key);
            let signature = witness.signature.unwrap_or_else(|| any_signature(&witness));
            let mut seen = 0;
            let cheat = move |at: &str, _: usize, honest: Fr| {
                if at != label {
                    return honest;
                }
                seen += 1;
                if seen == column + 1 { value } else { honest }
            };
            testing::cheat(cheat, |builder| {
                witness.circuit(&signature).synthesize(builder)
            })
            .broken()
        };
        // Neither the owner nor the key decides.
        assert!(caught(false, "by_owner", 1, Fr::ZERO).contains(&"by_owner".to_owned()));
        assert!(caught(true, "by_owner", 1, Fr::ONE).contains(&"by_owner".to_owned()));
        let anybody = caught(true, "key_that_signs", 0, Fr::ZERO);
        assert!(anybody.contains(&"key_that_signs".to_owned()));
        // A balance of 2^128 more, with the nonce before, has the same leaf.
        let rich = caught(
            false,
            "account",
            4,
            Fr::from(2u64).pow([128]) + Fr::from(1000u64),
        );
        assert!(rich.contains(&"account/balance_before".to_owned()));
        let nonce = caught(false, "account", 3, Fr::from(2u64).pow([40]));
        assert!(nonce.contains(&"nonce".to_owned()));
        assert!(caught(false, "index", 0, Fr::from(2u64)).contains(&"index".to_owned()));
    }

    #[test]
    fn what_cannot_be_assigned_is_refused() {
        let circuit = ExitCircuit::new(DEPTH).unwrap();
        let mut short = witness(false);
        short.path.levels.pop();
        let error = ExitError::PathLength {
            expected: 2,
            got: 1,
        };
        assert_eq!(circuit.assign(&short), Err(error));
        let mut unsigned = witness(true);
        unsigned.signature = None;
        assert_eq!(circuit.assign(&unsigned), Err(ExitError::NoSignature));
        assert_eq!(
            ExitCircuit::new(12).unwrap_err(),
            ShapeError::Depth { got: 12 }
        );
    }

    /// 2^14 rows at depth 11, the input-consistency rows included. A change here voids every key.
    #[test]
    fn the_size_is_pinned() {
        let circuit = ExitCircuit::new(11).unwrap();
        assert_eq!(circuit.program().num_constraints(), 12_689);
        assert_eq!(hex::encode(&circuit.digest()[..8]), "31d6678b37012650");
    }
}
