//! The contracts' custom errors.
//!
//! A revert carries `selector ‖ words`, one word for each argument (all arguments here are static). The
//! mirror of [`KNOWN`] is `contracts/src/interfaces/`; a test compares the table with the compiler's
//! interface descriptions in `contracts/bin/`.

use crate::abi::{Word, selector};
use std::fmt;

/// Signatures of all errors that the contracts of this crate raise.
pub const KNOWN: &[&str] = &[
    // Groth16 verifiers, fixed and readable.
    "SelectorInvalid()",
    "CalldataLengthInvalid()",
    "ProofCountInvalid()",
    "CoordinateNotInField()",
    "InputNotInField()",
    "PointInvalid()",
    "ProofInvalid()",
    // Verifiers and Rollup.sol.
    "CalldataNotCanonical()",
    // Rollup.sol.
    "VerifierWithoutCode(address)",
    "DepthInvalid(uint32)",
    "NoL1Slots()",
    "ChainIdTooLarge(uint256)",
    "StateRootNotInField(uint256)",
    "CommitmentNotInField(uint256)",
    "TimestampBeforePrevious(uint40,uint40)",
    "TimestampInFuture(uint40,uint256)",
    "TimestampTooOld(uint40,uint256)",
    "DataLengthInvalid(uint256,uint256)",
    "CalldataLengthInvalid(uint256,uint256)",
    "TooManySlots(uint256,uint256)",
    "QueueTooShort(uint256,uint256)",
    "QueueMismatch(bytes32,bytes32)",
    "ResultInvalid(uint256,uint256)",
    "FeeSlotInvalid(uint256,uint256)",
    "VerifierRejected()",
    "NoBatches()",
    "NoBlobCircuit()",
    "SliceCountInvalid(uint256,uint256)",
    "BlobTooSmall(uint256)",
    "BlobMissing()",
    "BlobExtra()",
    "BlobCommitmentNotInField(uint256)",
    "BlobValueNotInField(uint256)",
    "BlobInvalid(bytes32)",
    "KeyInvalid(uint256,uint256)",
    "AccountInvalid(uint40)",
    "AmountInvalid(uint256)",
    "AddressZero()",
    "TokenUnknown(uint32)",
    "TokenWithoutCode(address)",
    "TokenRegisteredBefore(address,uint32)",
    "TokenCallFailed(address)",
    "EtherRefused(address)",
    "Reentered()",
    "NothingOwed(uint32,address)",
    "IsFrozen()",
    "NotFrozen()",
    "FreezeTooEarly(uint40,uint256)",
    "NotInQueue(uint64,uint64,uint64)",
    "EntryInvalid(uint64)",
    "NotADeposit(uint64)",
    "EscapedBefore(uint40)",
    "ReclaimedBefore(uint64)",
    // Token.sol.
    "BalanceTooSmall(uint256,uint256)",
    // PaymentChannel.sol.
    "DepositInvalid(uint256)",
    "PartnerInvalid(address)",
    "ChannelUnknown(uint256)",
    "NotAParty(address)",
    "NonceTooLow(uint64,uint64)",
    "ShareTooLarge(uint96,uint96)",
    "SignatureInvalid(address)",
    "ClosingBefore(uint40)",
    "NotClosing(uint256)",
    "WindowOpen(uint40,uint256)",
    "WindowOver(uint40,uint256)",
    "NothingOwed(address)",
];

/// A custom error that a contract of this crate raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractError {
    /// The signature, an element of [`KNOWN`].
    pub signature: &'static str,
    /// The arguments, one word each.
    pub args: Vec<Word>,
}

impl ContractError {
    /// The signature up to the parenthesis.
    pub fn name(&self) -> &'static str {
        self.signature.split('(').next().unwrap_or(self.signature)
    }
}

impl fmt::Display for ContractError {
    /// `Name(0x1, 0x2)`, arguments in hexadecimal without leading zeros.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name())?;
        for (i, word) in self.args.iter().enumerate() {
            let digits = hex::encode(word);
            let digits = digits.trim_start_matches('0');
            let comma = if i > 0 { ", " } else { "" };
            write!(
                f,
                "{comma}0x{}",
                if digits.is_empty() { "0" } else { digits }
            )?;
        }
        f.write_str(")")
    }
}

/// The custom error in revert data, or `None` if it is not one of [`KNOWN`] in its exact length.
pub fn decode(data: &[u8]) -> Option<ContractError> {
    let (head, arguments) = data.split_at_checked(4)?;
    let signature = *KNOWN.iter().find(|signature| selector(signature) == head)?;
    let (args, rest) = arguments.as_chunks::<32>();
    (rest.is_empty() && args.len() == argument_count(signature)).then(|| ContractError {
        signature,
        args: args.to_vec(),
    })
}

fn argument_count(signature: &str) -> usize {
    if signature.ends_with("()") {
        0
    } else {
        1 + signature.matches(',').count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::abi::{encode_call, word_from_u128};

    #[test]
    fn errors_are_decoded_with_their_arguments() {
        let data = encode_call(
            "TimestampTooOld(uint40,uint256)",
            &[word_from_u128(16), word_from_u128(0)],
        );
        let error = decode(&data).unwrap();
        assert_eq!(error.name(), "TimestampTooOld");
        assert_eq!(error.to_string(), "TimestampTooOld(0x10, 0x0)");
    }

    #[test]
    fn other_revert_data_is_not_an_error_of_ours() {
        let mut data = encode_call("ProofInvalid()", &[]);
        assert!(decode(&data).is_some());
        data.push(0);
        assert_eq!(decode(&data), None);
        assert_eq!(decode(&[]), None);
        assert_eq!(decode(&[1, 2, 3]), None);
        assert_eq!(decode(&encode_call("Error(string)", &[])), None);
    }

    #[test]
    fn the_table_is_that_of_the_compiled_contracts() {
        let mut compiled: Vec<String> = [
            include_str!("../contracts/bin/IGroth16Verifier.abi.json"),
            include_str!("../contracts/bin/Rollup.abi.json"),
            include_str!("../contracts/bin/Token.abi.json"),
            include_str!("../contracts/bin/PaymentChannel.abi.json"),
            include_str!("../contracts/bin/DataInbox.abi.json"),
        ]
        .iter()
        .flat_map(|json| serde_json::from_str::<Vec<serde_json::Value>>(json).unwrap())
        .filter(|item| item["type"] == "error")
        .map(|item| {
            let types: Vec<&str> = item["inputs"]
                .as_array()
                .unwrap()
                .iter()
                .map(|input| input["type"].as_str().unwrap())
                .collect();
            format!("{}({})", item["name"].as_str().unwrap(), types.join(","))
        })
        .collect();
        let mut known: Vec<String> = KNOWN.iter().map(|s| s.to_string()).collect();
        compiled.sort();
        compiled.dedup();
        known.sort();
        assert_eq!(known, compiled);
    }
}
