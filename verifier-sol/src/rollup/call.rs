//! The contract's functions besides `submitBatch`: deposits, exits, withdrawals, and the way out of a frozen
//! contract.
//!
//! A [`Call`] is a function with its arguments; [`Call::calldata`] and [`Call::decode`] are inverse to each
//! other. Arguments are words, but for an entry's bytes, which are `bytes` behind the others. Whether the
//! contract takes the arguments it says itself.

use super::queue::ENTRY_BYTES;
use super::{address, append_bytes, integer, small};
use crate::abi::{
    Address, Word, encode_call, fr_from_word, selector, word_from_address, word_from_field,
    word_from_u128,
};
use crate::calldata::{CalldataError, PROOF_WORDS, decode_proof, proof_words};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;

const DEPOSIT_ETH: &str = "depositETH(uint256,uint256,address)";
const DEPOSIT_ERC20: &str = "depositERC20(uint32,uint256,uint256,uint256,address)";
const TOP_UP_ETH: &str = "topUpETH(uint40,uint256)";
const TOP_UP_ERC20: &str = "topUpERC20(uint32,uint256,uint40,uint256)";
const REQUEST_EXIT: &str = "requestExit(uint40,uint32)";
const REQUEST_EXIT_BY_KEY: &str =
    "requestExitByKey(uint256,uint32,uint40,uint128,address,uint256,uint256[8])";
const WITHDRAW: &str = "withdraw(uint32,address)";
const REGISTER_TOKEN: &str = "registerToken(address)";
const FREEZE: &str = "freeze(bytes)";
const ESCAPE: &str = "escape(uint32,uint40,uint128,address,uint256,uint256[8])";
const RECLAIM: &str = "reclaim(uint64,bytes)";

/// What an exit proof proves besides the root (docs/protocol.md, section 9), and the proof.
#[derive(Clone, Debug, PartialEq)]
pub struct ExitProof {
    /// The account's token.
    pub token: u32,
    /// The account, below 2^40.
    pub account: u64,
    /// Its balance under the root.
    pub balance: u128,
    /// Who is paid.
    pub recipient: Address,
    /// 0 for a proof by `l1_owner`, or the abscissa of the key that signed.
    pub ax: Fr,
    /// The proof for x₁ … x₅.
    pub proof: Proof<Bn254>,
}

/// A call of the contract that changes something, `submitBatch` excepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    /// Deposits the transaction's value into a new account.
    DepositEth {
        /// Abscissa of the key; 0 with `ay` = 0 for none.
        ax: Fr,
        /// Ordinate of the key.
        ay: Fr,
        /// Who may take the account out.
        l1_owner: Address,
    },
    /// Deposits an ERC-20 into a new account.
    DepositErc20 {
        /// The token's id.
        token: u32,
        /// How much to take from the caller.
        amount: u128,
        /// Abscissa of the key; 0 with `ay` = 0 for none.
        ax: Fr,
        /// Ordinate of the key.
        ay: Fr,
        /// Who may take the account out.
        l1_owner: Address,
    },
    /// Deposits the transaction's value to an account.
    TopUpEth {
        /// The account, below 2^40.
        account: u64,
        /// Abscissa of its key.
        ax: Fr,
    },
    /// Deposits an ERC-20 to an account.
    TopUpErc20 {
        /// The token's id.
        token: u32,
        /// How much to take from the caller.
        amount: u128,
        /// The account, below 2^40.
        account: u64,
        /// Abscissa of its key.
        ax: Fr,
    },
    /// Queues an exit by the caller.
    RequestExit {
        /// The account, below 2^40.
        account: u64,
        /// Its token.
        token: u32,
    },
    /// Queues an exit by key.
    RequestExitByKey {
        /// The root of the proof, any one.
        root: Fr,
        /// The rest of it.
        exit: ExitProof,
    },
    /// Pays what is owed.
    Withdraw {
        /// The token's id.
        token: u32,
        /// Who is paid.
        owner: Address,
    },
    /// Gives an ERC-20 an id.
    RegisterToken {
        /// The token's contract.
        token: Address,
    },
    /// Freezes the contract.
    Freeze {
        /// The oldest entry of the queue.
        entry: [u8; ENTRY_BYTES],
    },
    /// Pays an account of the last state of a frozen contract.
    Escape(ExitProof),
    /// Gives a deposit back that a frozen contract did not consume.
    Reclaim {
        /// The entry's place in the queue.
        index: u64,
        /// The entry.
        entry: [u8; ENTRY_BYTES],
    },
}

impl Call {
    /// The call as calldata.
    pub fn calldata(&self) -> Vec<u8> {
        let number = |value: u128| word_from_u128(value);
        let field = word_from_field::<Fr>;
        match self {
            Self::DepositEth { ax, ay, l1_owner } => encode_call(
                DEPOSIT_ETH,
                &[field(ax), field(ay), word_from_address(l1_owner)],
            ),
            Self::DepositErc20 {
                token,
                amount,
                ax,
                ay,
                l1_owner,
            } => encode_call(
                DEPOSIT_ERC20,
                &[
                    number((*token).into()),
                    number(*amount),
                    field(ax),
                    field(ay),
                    word_from_address(l1_owner),
                ],
            ),
            Self::TopUpEth { account, ax } => {
                encode_call(TOP_UP_ETH, &[number((*account).into()), field(ax)])
            }
            Self::TopUpErc20 {
                token,
                amount,
                account,
                ax,
            } => encode_call(
                TOP_UP_ERC20,
                &[
                    number((*token).into()),
                    number(*amount),
                    number((*account).into()),
                    field(ax),
                ],
            ),
            Self::RequestExit { account, token } => encode_call(
                REQUEST_EXIT,
                &[number((*account).into()), number((*token).into())],
            ),
            Self::RequestExitByKey { root, exit } => {
                let words = [vec![field(root)], exit.words()].concat();
                encode_call(REQUEST_EXIT_BY_KEY, &words)
            }
            Self::Withdraw { token, owner } => encode_call(
                WITHDRAW,
                &[number((*token).into()), word_from_address(owner)],
            ),
            Self::RegisterToken { token } => {
                encode_call(REGISTER_TOKEN, &[word_from_address(token)])
            }
            Self::Freeze { entry } => {
                let mut call = encode_call(FREEZE, &[number(32)]);
                append_bytes(&mut call, entry);
                call
            }
            Self::Escape(exit) => encode_call(ESCAPE, &exit.words()),
            Self::Reclaim { index, entry } => {
                let mut call = encode_call(RECLAIM, &[number((*index).into()), number(64)]);
                append_bytes(&mut call, entry);
                call
            }
        }
    }

    /// Reads a call back.
    ///
    /// # Errors
    ///
    /// [`CalldataError`] for anything but what [`Call::calldata`] writes; its `Selector` names one of the
    /// functions, if the selector is none of theirs.
    pub fn decode(calldata: &[u8]) -> Result<Self, CalldataError> {
        let got = &calldata[..calldata.len().min(4)];
        let is = |signature| got == selector(signature);
        let mut reader = Reader::new(calldata);
        let call = if is(DEPOSIT_ETH) {
            Self::DepositEth {
                ax: reader.field("ax")?,
                ay: reader.field("ay")?,
                l1_owner: reader.address("l1Owner")?,
            }
        } else if is(DEPOSIT_ERC20) {
            Self::DepositErc20 {
                token: reader.token()?,
                amount: reader.u128("amount")?,
                ax: reader.field("ax")?,
                ay: reader.field("ay")?,
                l1_owner: reader.address("l1Owner")?,
            }
        } else if is(TOP_UP_ETH) {
            Self::TopUpEth {
                account: reader.account()?,
                ax: reader.field("ax")?,
            }
        } else if is(TOP_UP_ERC20) {
            Self::TopUpErc20 {
                token: reader.token()?,
                amount: reader.u128("amount")?,
                account: reader.account()?,
                ax: reader.field("ax")?,
            }
        } else if is(REQUEST_EXIT) {
            Self::RequestExit {
                account: reader.account()?,
                token: reader.token()?,
            }
        } else if is(REQUEST_EXIT_BY_KEY) {
            Self::RequestExitByKey {
                root: reader.field("root")?,
                exit: reader.exit()?,
            }
        } else if is(WITHDRAW) {
            Self::Withdraw {
                token: reader.token()?,
                owner: reader.address("owner")?,
            }
        } else if is(REGISTER_TOKEN) {
            Self::RegisterToken {
                token: reader.address("token")?,
            }
        } else if is(FREEZE) {
            Self::Freeze {
                entry: reader.entry(32)?,
            }
        } else if is(ESCAPE) {
            Self::Escape(reader.exit()?)
        } else if is(RECLAIM) {
            Self::Reclaim {
                index: reader.integer("index", u64::MAX.into())? as u64,
                entry: reader.entry(64)?,
            }
        } else {
            return Err(CalldataError::Selector {
                expected: selector(DEPOSIT_ETH),
                got: got.to_vec(),
            });
        };
        reader.end()?;
        Ok(call)
    }
}

impl ExitProof {
    fn words(&self) -> Vec<Word> {
        let mut words = vec![
            word_from_u128(self.token.into()),
            word_from_u128(self.account.into()),
            word_from_u128(self.balance),
            word_from_address(&self.recipient),
            word_from_field(&self.ax),
        ];
        words.extend(proof_words(&self.proof));
        words
    }
}

/// Takes arguments from the front of a call.
struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl<'a> Reader<'a> {
    fn new(calldata: &'a [u8]) -> Self {
        Self {
            rest: calldata.get(4..).unwrap_or_default(),
            length: calldata.len(),
        }
    }

    fn word(&mut self) -> Result<&'a Word, CalldataError> {
        let (word, rest) = self.rest.split_first_chunk().ok_or(CalldataError::Length {
            expected: self.length - self.rest.len() + 32,
            got: self.length,
        })?;
        self.rest = rest;
        Ok(word)
    }

    /// An integer that is at most `largest`.
    fn integer(&mut self, argument: &'static str, largest: u128) -> Result<u128, CalldataError> {
        integer(self.word()?)
            .filter(|value| *value <= largest)
            .ok_or(CalldataError::Argument {
                argument,
                expected: "in the range of its type",
            })
    }

    fn u128(&mut self, argument: &'static str) -> Result<u128, CalldataError> {
        self.integer(argument, u128::MAX)
    }

    fn token(&mut self) -> Result<u32, CalldataError> {
        Ok(self.integer("token", u32::MAX.into())? as u32)
    }

    fn account(&mut self) -> Result<u64, CalldataError> {
        small(self.word()?, 1 << 40).ok_or(CalldataError::Argument {
            argument: "account",
            expected: "below 2^40",
        })
    }

    fn address(&mut self, argument: &'static str) -> Result<Address, CalldataError> {
        address(self.word()?).ok_or(CalldataError::Argument {
            argument,
            expected: "an address",
        })
    }

    fn field(&mut self, argument: &'static str) -> Result<Fr, CalldataError> {
        fr_from_word(self.word()?).ok_or(CalldataError::Argument {
            argument,
            expected: "below r",
        })
    }

    fn exit(&mut self) -> Result<ExitProof, CalldataError> {
        Ok(ExitProof {
            token: self.token()?,
            account: self.account()?,
            balance: self.u128("balance")?,
            recipient: self.address("recipient")?,
            ax: self.field("ax")?,
            proof: {
                let mut words = [[0; 32]; PROOF_WORDS];
                for word in &mut words {
                    *word = *self.word()?;
                }
                decode_proof(&words)?
            },
        })
    }

    /// The offset, the length, and the bytes with their padding.
    fn entry(&mut self, offset: u128) -> Result<[u8; ENTRY_BYTES], CalldataError> {
        let argument = |expected| CalldataError::Argument {
            argument: "entry",
            expected,
        };
        if integer(self.word()?) != Some(offset) {
            return Err(argument("at the canonical offset"));
        }
        if integer(self.word()?) != Some(ENTRY_BYTES as u128) {
            return Err(argument("of 115 bytes"));
        }
        let mut words = [[0; 32]; ENTRY_BYTES.div_ceil(32)];
        for word in &mut words {
            *word = *self.word()?;
        }
        let (entry, padding) = words.as_flattened().split_at(ENTRY_BYTES);
        if padding.iter().any(|byte| *byte != 0) {
            return Err(argument("padded with zeros"));
        }
        entry.try_into().map_err(|_| argument("of 115 bytes"))
    }

    fn end(self) -> Result<(), CalldataError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(CalldataError::Length {
                expected: self.length - self.rest.len(),
                got: self.length,
            })
        }
    }
}

/// Calldata of the view `owed`: what `owner` can withdraw, one word.
pub fn owed_call(token: u32, owner: &Address) -> Vec<u8> {
    encode_call(
        "owed(uint32,address)",
        &[word_from_u128(token.into()), word_from_address(owner)],
    )
}

/// Calldata of the view `queueHash`: h of the first `index` entries, one word.
pub fn queue_hash_call(index: u64) -> Vec<u8> {
    encode_call("queueHash(uint64)", &[word_from_u128(index.into())])
}

/// Calldata of the view `tokenAddress`: the contract of a token, one word.
pub fn token_address_call(token: u32) -> Vec<u8> {
    encode_call("tokenAddress(uint32)", &[word_from_u128(token.into())])
}

/// Calldata of the view `tokenId`: the id of a contract, one word.
pub fn token_id_call(token: &Address) -> Vec<u8> {
    encode_call("tokenId(address)", &[word_from_address(token)])
}
