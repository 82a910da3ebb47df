//! How contributions are shown.

use std::fmt;

use serde::Serialize;
use zkroll::prover::CeremonyContribution;
use zkroll::prover::setup::phase2::{ContributionKind, format_hash};

use crate::report::line;

/// One contribution.
#[derive(Debug, Serialize)]
pub struct ContributionReport {
    /// `person` or `beacon`, by its own account.
    kind: &'static str,
    name: Option<String>,
    hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    beacon: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations_exp: Option<u8>,
    #[serde(skip)]
    hash_bytes: Box<[u8; 64]>,
}

impl ContributionReport {
    /// What is shown of a contribution.
    pub fn new(hash: [u8; 64], kind: &ContributionKind) -> Self {
        let beacon = match kind {
            ContributionKind::Beacon { beacon, .. } => {
                Some((beacon.value(), beacon.iterations_exp()))
            }
            _ => None,
        };
        Self::of_parts(hash, kind.name(), beacon)
    }

    /// What a key file has of a contribution.
    pub fn recorded(contribution: &CeremonyContribution) -> Self {
        let CeremonyContribution { hash, name, beacon } = contribution;
        let beacon = beacon
            .as_ref()
            .map(|(value, iterations_exp)| (&value[..], *iterations_exp));
        Self::of_parts(*hash, name.as_deref(), beacon)
    }

    fn of_parts(hash: [u8; 64], name: Option<&str>, beacon: Option<(&[u8], u8)>) -> Self {
        Self {
            kind: if beacon.is_some() { "beacon" } else { "person" },
            name: name.map(str::to_owned),
            hash: hex::encode(hash),
            beacon: beacon.map(|(value, _)| hex::encode(value)),
            iterations_exp: beacon.map(|(_, iterations_exp)| iterations_exp),
            hash_bytes: Box::new(hash),
        }
    }

    /// Contributions in lines, hashes as snarkjs shows them.
    ///
    /// # Errors
    /// Those of the formatter.
    pub fn lines(contributions: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, contribution) in contributions.iter().enumerate() {
            // A name is whatever its author wrote.
            let name = contribution.name.as_deref().unwrap_or_default();
            line(
                f,
                &format!("contribution {}", i + 1),
                format_args!("{} {}", contribution.kind, name.escape_debug()),
            )?;
            writeln!(f, "{}", format_hash(&contribution.hash_bytes))?;
            if let (Some(beacon), Some(exp)) = (&contribution.beacon, contribution.iterations_exp) {
                line(f, "  beacon", format_args!("{beacon}, 2^{exp} hashes"))?;
            }
        }
        Ok(())
    }
}
