//! The key at the end of a ceremony.

use super::verify::VerifiedContributions;
use super::{ContributionKind, Phase2Error};
use crate::formats::zkey::ZkeyFile;
use crate::key::ProvingKey;
use crate::provenance::{Ceremony, CeremonyContribution, Provenance};
use crate::validate::validate_proving_key;

/// The key of a ceremony that [`verify`](super::verify()) has passed, every point checked, with its
/// contributions as provenance. `circuit_digest` identifies the circuit; it is stored in the key and not
/// interpreted.
///
/// With `powers_of_tau_unsafe` the first phase's trapdoor is known
/// ([`Ptau::is_unsafe`](crate::formats::ptau::Ptau::is_unsafe)): the key is then a development key,
/// whoever contributed.
///
/// # Errors
/// If no person contributed, the contributions are another key's, or a point is not in its group.
#[tracing::instrument(skip_all)]
pub fn export(
    key: &ZkeyFile,
    contributions: &VerifiedContributions,
    powers_of_tau_unsafe: bool,
    circuit_digest: [u8; 32],
) -> Result<ProvingKey, Phase2Error> {
    contributions.require_person()?;
    if key.constants().delta_g1 != contributions.delta_g1() {
        return Err(Phase2Error::Delta {
            element: "delta_g1",
        });
    }
    let provenance = if powers_of_tau_unsafe {
        Provenance::Development
    } else {
        let record = contributions.contributions().iter().map(|contribution| {
            let name = contribution.kind.name().map(str::to_owned);
            let beacon = match &contribution.kind {
                ContributionKind::Beacon { beacon, .. } => {
                    Some((beacon.value().to_vec(), beacon.iterations_exp()))
                }
                ContributionKind::Person { .. } => None,
            };
            CeremonyContribution {
                hash: contribution.hash,
                name,
                beacon,
            }
        });
        let ceremony = Ceremony::new(*contributions.circuit_hash(), record.collect())?;
        Provenance::Ceremony(ceremony.into())
    };
    let key = key.read(circuit_digest, provenance)?;
    validate_proving_key(&key)?;
    Ok(key)
}
