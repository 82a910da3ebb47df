//! The readable verifier: Solidity source with the key as constants, for auditors and block explorers.
//!
//! Same interface, same errors and same equation as the fixed runtime ([`crate::fixed`]); the template
//! is `contracts/templates/Groth16Verifier.sol`. With n inputs it costs about
//! 1,140 + 15·n gas more than the fixed runtime, with solc's optimizer and `viaIR`; a batch of m ≥ 2 proofs about
//! 1,800 + 1,580·m more, and one of a single proof 9,000 less, because it leaves out multiplications by 1.
//!
//! Does not compile: that takes solc 0.8.24 or later with EVM version Cancun or later.

use crate::calldata::{PROOF_WORDS, g1_words, g2_words};
use crate::fixed::key_hash;
use crate::key::KeyError;
use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;
use std::fmt::Write;

const TEMPLATE: &str = include_str!("../contracts/templates/Groth16Verifier.sol");
const ACCUMULATE: &str = include_str!("../contracts/templates/accumulate.sol");

/// Longest contract name.
pub const MAX_NAME_LENGTH: usize = 64;

/// How to write the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Name of the contract, an identifier of Solidity.
    pub contract_name: String,
    /// The key's trapdoor is known to somebody: the source says so where nobody can miss it, and the
    /// contract itself through a public constant.
    pub unsafe_development: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            contract_name: "Groth16Verifier".into(),
            unsafe_development: false,
        }
    }
}

/// Why there is no source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SolidityError {
    /// The key must not be deployed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The contract's name is not an identifier, or is a word of the language.
    #[error(
        "expected a contract name of 1 to 64 ASCII letters, digits, `_` or `$` that does not start with \
         a digit and is no word of Solidity, got {name:?}"
    )]
    ContractName {
        /// The name.
        name: String,
    },
}

/// Solidity source of the verifier of `vk`, one self-contained file.
///
/// # Errors
///
/// [`SolidityError`] for a key that must not be deployed or a name that does not compile.
pub fn solidity_source(
    vk: &VerifyingKey<Bn254>,
    options: &Options,
) -> Result<String, SolidityError> {
    let name = &options.contract_name;
    if !is_contract_name(name) {
        return Err(SolidityError::ContractName { name: name.clone() });
    }
    let key_hash = format!("0x{}", hex::encode(key_hash(vk)?));
    let inputs = vk.gamma_abc_g1.len() - 1;

    let mut key_constants = String::new();
    g1_constants(&mut key_constants, "ALPHA", &vk.alpha_g1);
    g2_constants(&mut key_constants, "NEG_BETA", &-vk.beta_g2);
    g2_constants(&mut key_constants, "NEG_GAMMA", &-vk.gamma_g2);
    g2_constants(&mut key_constants, "NEG_DELTA", &-vk.delta_g2);
    for (i, point) in vk.gamma_abc_g1.iter().enumerate() {
        g1_constants(&mut key_constants, &format!("IC{i}"), point);
    }
    let accumulation: String = (1..=inputs)
        .map(|i| {
            format!(
                "        _addMultiple(sum, IC{i}_X, IC{i}_Y, input[{}]);\n",
                i - 1
            )
        })
        .collect();

    // One line for each input, with its number and its word among those of a proof in a batch.
    let lines = |line: &dyn Fn(usize, usize) -> String| -> String {
        (0..inputs)
            .map(|i| line(i, PROOF_WORDS + i) + "\n")
            .collect()
    };
    let batch_input_checks =
        lines(&|_, word| format!("            if (proof[{word}] >= R) revert InputNotInField();"));
    let batch_input_sums = lines(&|i, word| {
        format!(
            "            inputs[{i}] = addmod(inputs[{i}], mulmod(coefficient, proof[{word}], R), R);"
        )
    });
    let batch_accumulation = lines(&|i, _| {
        let point = i + 1;
        format!("        (x, y) = _plusMultiple(x, y, IC{point}_X, IC{point}_Y, inputs[{i}]);")
    });

    let some = |text: String| if inputs > 0 { text } else { String::new() };
    let unsafe_only = |text: &str| {
        if options.unsafe_development {
            text.to_string()
        } else {
            String::new()
        }
    };
    let fields = [
        ("warning", unsafe_only(WARNING)),
        ("development_constant", unsafe_only(DEVELOPMENT_CONSTANT)),
        ("name", name.clone()),
        ("key_constants", key_constants),
        (
            "input_doc",
            some("    /// @param input the public inputs, without the leading 1\n".into()),
        ),
        (
            "input_parameter",
            some(format!(",\n        uint256[{inputs}] calldata input")),
        ),
        ("accumulation", accumulation),
        ("accumulation_function", some(ACCUMULATE.into())),
        (
            "batch_inputs",
            some("        uint256[{{input_count}}] memory inputs;\n".into()),
        ),
        ("batch_input_checks", batch_input_checks),
        ("batch_input_sums", batch_input_sums),
        ("batch_accumulation", batch_accumulation),
        ("key_hash", key_hash),
        ("input_count", inputs.to_string()),
        ("batch_words", (PROOF_WORDS + inputs).to_string()),
    ];
    let mut source = TEMPLATE.to_string();
    for (field, value) in fields {
        source = source.replace(&format!("{{{{{field}}}}}"), &value);
    }
    Ok(source)
}

const WARNING: &str = "
// ============================================================================================
//  UNSAFE: DEVELOPMENT KEY. Its trapdoor is known to whoever made it, and whoever knows it can
//  prove anything. Do not put anything of value behind this contract.
// ============================================================================================

/// @custom:unsafe development key: false statements can be proven";

const DEVELOPMENT_CONSTANT: &str = "
    /// @notice UNSAFE: this verifier's trapdoor is known; false statements can be proven.
    bool public constant UNSAFE_DEVELOPMENT_KEY = true;
";

fn g1_constants(source: &mut String, name: &str, point: &G1Affine) {
    constants(source, name, ["X", "Y"], g1_words(point));
}

fn g2_constants(source: &mut String, name: &str, point: &G2Affine) {
    constants(source, name, ["X1", "X0", "Y1", "Y0"], g2_words(point));
}

fn constants<const N: usize>(
    source: &mut String,
    name: &str,
    suffixes: [&str; N],
    words: [[u8; 32]; N],
) {
    for (suffix, word) in suffixes.iter().zip(words) {
        let value = hex::encode(word);
        writeln!(
            source,
            "    uint256 private constant {name}_{suffix} = 0x{value};"
        )
        .expect("a String takes all that is written");
    }
}

/// Whether `name` can name a contract: an identifier that is not a word of the language.
fn is_contract_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    name.len() <= MAX_NAME_LENGTH
        && name.starts_with(letter)
        && name.chars().all(|c| letter(c) || c.is_ascii_digit())
        && !is_elementary_type(name)
        && !WORDS.contains(&name)
}

/// `uint`, `uint256`, `bytes32`, `fixed128x18` and the like.
fn is_elementary_type(name: &str) -> bool {
    ["uint", "int", "bytes", "ufixed", "fixed"]
        .iter()
        .any(|stem| {
            name.strip_prefix(stem)
                .is_some_and(|size| size.chars().all(|c| c.is_ascii_digit() || c == 'x'))
        })
}

/// Keywords, reserved words and literals of Solidity 0.8, and the names that the template uses itself.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "abstract", "address", "after", "alias", "anonymous", "apply", "as", "assembly", "auto", "bool",
    "break", "byte", "calldata", "case", "catch", "constant", "constructor", "continue", "contract",
    "copyof", "days", "default", "define", "delete", "do", "else", "emit", "enum", "ether", "event",
    "external", "fallback", "false", "final", "finney", "for", "from", "function", "gwei", "hex", "hours", "if",
    "immutable", "implements", "import", "in", "indexed", "inline", "interface", "internal", "is",
    "let", "library", "macro", "mapping", "match", "memory", "minutes", "modifier", "mutable", "new",
    "null", "of", "override", "partial", "payable", "pragma", "private", "promise", "public", "pure",
    "receive", "reference", "relocatable", "return", "returns", "sealed", "seconds", "sizeof", "static", "storage",
    "string", "struct", "super", "supports", "switch", "szabo", "this", "throw", "true", "try", "type", "typedef",
    "typeof", "unchecked", "unicode", "using", "var", "view", "virtual", "weeks", "wei", "while",
    "years",
    "msg", "gas", "require", "keccak256", "verifyProof", "verifyBatch", "R", "Q", "_addMultiple", "_coefficient",
    "_setPair", "_multiple", "_plusMultiple", "_", "CALLDATA_LENGTH", "BATCH_TAG", "KEY_HASH",
    "MAX_PROOFS", "PAIRING_GAS", "PAIRINGS_GAS", "PAIR_GAS", "MULTIPLICATION_GAS", "ADDITION_GAS",
    "SelectorInvalid", "CalldataLengthInvalid", "CalldataNotCanonical", "ProofCountInvalid",
    "CoordinateNotInField", "InputNotInField", "PointInvalid", "ProofInvalid",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_names_are_identifiers() {
        for name in ["Groth16Verifier", "_v", "$", "A1", "uintX", &"N".repeat(64)] {
            assert!(is_contract_name(name), "{name}");
        }
        let refused = [
            "",
            "1A",
            "a b",
            "A;",
            "A{}",
            "contract",
            "uint256",
            "bytes",
            "fixed128x18",
            "Ä",
            "A\n",
            "verifyProof",
            &"N".repeat(65),
        ];
        for name in refused {
            assert!(!is_contract_name(name), "{name}");
        }
    }
}
