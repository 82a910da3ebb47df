//! The few pieces of the Ethereum ABI that these contracts need.
//!
//! A static argument is one 32-byte big-endian word; a call is `selector ‖ words`, the selector the
//! first four bytes of Keccak-256 of the signature. Dynamic `bytes` come last in the few
//! calls that have them; [`crate::rollup`] encodes them. Source: Contract ABI Specification, sections "Function Selector" and
//! "Formal Specification of the Encoding"; Ethereum Yellow Paper, section 7 (contract addresses).
//!
//! Does not parse signatures: the caller's words must match them.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use sha3::{Digest, Keccak256};

/// An Ethereum address.
pub type Address = [u8; 20];

/// A 256-bit big-endian word.
pub type Word = [u8; 32];

/// A log entry of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Signature hash and indexed arguments.
    pub topics: Vec<Word>,
    /// The other arguments, ABI-encoded.
    pub data: Vec<u8>,
}

/// Keccak-256 of `data` (the original padding, not SHA-3's).
pub fn keccak256(data: &[u8]) -> Word {
    Keccak256::digest(data).into()
}

/// First four bytes of the hash of a signature such as `transfer(address,uint256)`.
pub fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature.as_bytes());
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Calldata of a call all of whose arguments are static words.
pub fn encode_call(signature: &str, words: &[Word]) -> Vec<u8> {
    let mut call = selector(signature).to_vec();
    call.extend(words.iter().flatten());
    call
}

/// A word with the value `value`.
pub fn word_from_u128(value: u128) -> Word {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

/// A word with an address in its low 160 bits.
pub fn word_from_address(address: &Address) -> Word {
    let mut word = [0; 32];
    word[12..].copy_from_slice(address);
    word
}

/// The canonical representative of a prime field element of at most 256 bits, big-endian.
pub fn word_from_field<F: PrimeField>(value: &F) -> Word {
    let bytes = value.into_bigint().to_bytes_be();
    let mut word = [0; 32];
    word[32 - bytes.len()..].copy_from_slice(&bytes);
    word
}

/// The field element that a word represents, or `None` if it is not below the field's modulus.
pub fn field_from_word<F: PrimeField>(word: &Word) -> Option<F> {
    let value = F::from_be_bytes_mod_order(word);
    (word_from_field(&value) == *word).then_some(value)
}

/// [`field_from_word`] for the scalar field, for call results such as `stateRoot()`.
pub fn fr_from_word(word: &Word) -> Option<Fr> {
    field_from_word(word)
}

/// Address of the contract that `deployer` creates with its `nonce`: the low 160 bits of
/// `keccak256(rlp([deployer, nonce]))`.
///
/// A wallet signs for the rollup contract's address, so it must be known before the contract is there.
pub fn contract_address(deployer: &Address, nonce: u64) -> Address {
    // RLP of an integer: its bytes without leading zeros; one byte below 0x80 stands for itself.
    let digits = nonce.to_be_bytes();
    let digits = &digits[digits.iter().take_while(|b| **b == 0).count()..];
    let mut payload = vec![0x80 + 20];
    payload.extend(deployer);
    match digits {
        [byte] if *byte < 0x80 => payload.push(*byte),
        _ => {
            payload.push(0x80 + digits.len() as u8);
            payload.extend(digits);
        }
    }
    let mut list = vec![0xc0 + payload.len() as u8];
    list.extend(payload);
    let hash = keccak256(&list);
    let mut address = [0; 20];
    address.copy_from_slice(&hash[12..]);
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(hexadecimal: &str) -> Address {
        hex::decode(hexadecimal).unwrap().try_into().unwrap()
    }

    /// The pair that Ethereum's documentation and go-ethereum's tests use.
    #[test]
    fn contract_addresses_are_those_of_the_yellow_paper() {
        let deployer = address("970e8128ab834e8eac17ab8e3812f010678cf791");
        assert_eq!(
            contract_address(&deployer, 0),
            address("333c3310824b7c685133f2bedb2ca4b8b4df633d")
        );
        assert_eq!(
            contract_address(&deployer, 1),
            address("8bda78331c916a08481428e4b07c96d3e916d165")
        );
        assert_eq!(
            contract_address(&deployer, 2),
            address("c9ddedf451bc62ce88bf9292afb13df35b670699")
        );
    }

    #[test]
    fn selectors_are_the_known_ones() {
        assert_eq!(
            selector("transfer(address,uint256)"),
            [0xa9, 0x05, 0x9c, 0xbb]
        );
        assert_eq!(selector("Error(string)"), [0x08, 0xc3, 0x79, 0xa0]);
    }

    #[test]
    fn a_word_is_a_field_element_iff_it_is_below_the_modulus() {
        let below = word_from_field(&(-Fr::from(1u64)));
        assert_eq!(fr_from_word(&below), Some(-Fr::from(1u64)));
        let mut modulus = below;
        modulus[31] += 1;
        assert_eq!(fr_from_word(&modulus), None);
        assert_eq!(fr_from_word(&[0xff; 32]), None);
        assert_eq!(fr_from_word(&[0; 32]), Some(Fr::from(0u64)));
    }
}
