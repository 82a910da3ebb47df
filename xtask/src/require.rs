//! `ZKROLL_REQUIRE`: what must be there, so that a test that would be ignored fails instead.

use std::collections::BTreeSet;

/// Something that a test may need and a machine may lack. Tests read the same variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Requirement {
    /// The package of `anvil`: a node.
    Anvil,
    /// A browser, for the farm's status page.
    Chromium,
    /// A graphics adapter.
    Gpu,
    /// A CPU with AVX-512 IFMA.
    Ifma,
    /// Node.js and the packages of `examples/wallet`.
    Node,
    /// The programs of a PostgreSQL server, for the farm's queue.
    Postgres,
    /// Python 3.
    Python,
    /// The packages of `interop`: circom and snarkjs.
    Snarkjs,
    /// The Solidity compiler from npm.
    Solc,
}

impl Requirement {
    const NAMES: [(&str, Self); 9] = [
        ("anvil", Self::Anvil),
        ("chromium", Self::Chromium),
        ("gpu", Self::Gpu),
        ("ifma", Self::Ifma),
        ("node", Self::Node),
        ("postgres", Self::Postgres),
        ("python", Self::Python),
        ("snarkjs", Self::Snarkjs),
        ("solc", Self::Solc),
    ];

    /// The set that the environment asks for; empty without the variable.
    pub fn from_environment() -> Result<BTreeSet<Self>, String> {
        match std::env::var("ZKROLL_REQUIRE") {
            Ok(list) => Self::parse(&list),
            Err(std::env::VarError::NotPresent) => Ok(BTreeSet::new()),
            Err(error) => Err(format!("ZKROLL_REQUIRE: {error}")),
        }
    }

    fn parse(list: &str) -> Result<BTreeSet<Self>, String> {
        list.split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                let known = Self::NAMES.iter().find(|(known, _)| *known == name);
                known.map(|(_, requirement)| *requirement).ok_or_else(|| {
                    let names = Self::NAMES.map(|(name, _)| name).join(", ");
                    format!("ZKROLL_REQUIRE: expected some of {names}, got `{name}`")
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_parsed() {
        assert_eq!(Requirement::parse(""), Ok(BTreeSet::new()));
        let expected = BTreeSet::from([Requirement::Solc, Requirement::Node]);
        assert_eq!(Requirement::parse("solc, node,"), Ok(expected));
        assert!(
            Requirement::parse("solc,nodejs")
                .unwrap_err()
                .contains("got `nodejs`")
        );
    }
}
