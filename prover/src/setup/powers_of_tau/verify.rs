//! Who made the powers of τ, as far as a file tells.
//!
//! A ceremony starts from τ = α = β = 1. Contributor i gets a challenge c_(i−1), multiplies τ, α and β by
//! factors of their own and shows for each factor x that they know it: with a random point s and
//!
//! ```text
//! r_i = hash_to_g2(H(k ‖ c_(i−1) ‖ s ‖ x·s))        k = 0, 1, 2 for τ, α, β; H is BLAKE2b-512
//! ```
//!
//! they publish s, x·s and x·r. Their response is c_(i−1), the new lists in compressed form and this
//! public key; the next challenge is `c_i = H(H(response) ‖ the lists, uncompressed)`. The first challenge
//! is that of the hash of nothing and lists of generators.
//!
//! Checked of each contribution, in this order: its points are in their groups and not infinity; s ↦ x·s
//! and r ↦ x·r have the same factor, which is not ±1, for τ, α and β; `[τ]₁, [τ]₂, [α]₁, [β]₁, [β]₂` are
//! those before it times these factors; a beacon's factors and random points are those of its value; the
//! state of the response's hash is one after as many bytes as a response has. Then, of the last one, that
//! its points are those of the file's lists, and of a file that was not cut down, that the lists hash to
//! its response and to its next challenge. One contribution at least is by a person.
//!
//! So exchanged, repeated, removed and altered contributions fail: a changed challenge changes every r
//! after it, and contributions that miss at the end do not lead to the lists.
//!
//! What this does not show:
//!
//! * that the lists are powers of the τ that the contributions lead to: that is [`check`](super::check());
//! * that a challenge before the last is the hash of the lists of its time, and that a response hash
//!   before the last is that of the response of its time: those lists are gone, and of a response the
//!   state of its hash is left, in which whatever stands is hashed. Of a *cut-down* file, whose ceremony
//!   had more powers, the same holds for the last contribution. None of this touches τ, α and β: every
//!   factor is shown against the challenge in the file. Whoever took part compares the response hash with
//!   the one that they wrote down;
//! * who contributed. Names, and whether a contribution calls itself a person's or a beacon's, are in no
//!   hash.
//!
//! Source: Bowe, Gabizon, Miers, *Scalable Multi-party Computation for zk-SNARK Parameters in the Random
//! Beacon Model* (ePrint 2017/1050); bytes, hashes and draws are those of snarkjs 0.7.
//!
//! Cost: sixteen pairings a contribution, some ten milliseconds; for a beacon its hashes; for a file of
//! power p that was not cut down, 576·2^p bytes of BLAKE2b.

use ark_bn254::{G2Affine, g1, g2};
use ark_ec::short_weierstrass::Affine;
use ark_ec::{AffineRepr, CurveGroup};
use blake2::{Blake2b512, Digest};

use super::super::observer::{SetupObserver, SetupStep};
use super::super::phase2::{
    Beacon, BeaconError, BeaconProgress, ContributionKind, Limits, Secret, g1_to_be_bytes,
    g2_to_be_bytes, hash_to_g2, same_factor,
};
use super::contributions::{Constants, Contribution, ContributionError, Contributions, FactorKey};
use super::first_challenge::first_challenge;
use super::{PowersOfTauError, check::element};
use crate::formats::FormatError;
use crate::formats::ptau::Ptau;
use crate::key_file::{RawPoint, StreamedPoints};
use crate::validate::equal_up_to_sign;

/// Points hashed at once.
const PIECE: usize = 1 << 16;

/// A verified contribution to the first phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionSummary {
    /// Who it is by, by its own account.
    pub kind: ContributionKind,
    /// The hash that its contributor wrote down.
    pub response_hash: [u8; 64],
    /// What the next contributor was given.
    pub next_challenge: [u8; 64],
}

/// Verifies the contributions that a file records and returns them, first one first.
///
/// That the lists are powers of what the contributions lead to is left to [`check`](super::check()).
///
/// # Errors
/// The first thing that is wrong, [`PowersOfTauError::NoPerson`] among others.
#[tracing::instrument(skip_all, fields(power = ptau.power()))]
pub fn verify_contributions(
    ptau: &Ptau,
    limits: &Limits,
    observer: &mut dyn SetupObserver,
) -> Result<Vec<ContributionSummary>, PowersOfTauError> {
    let chain = Chain::verify(ptau, limits, observer)?;
    chain.check_hashes(ptau, observer)?;
    Ok(chain.summaries)
}

/// Contributions of which each follows from the one before it.
pub(super) struct Chain {
    pub summaries: Vec<ContributionSummary>,
    last: Contribution,
    /// What the last contributor was given.
    last_challenge: [u8; 64],
}

impl Chain {
    /// All but the hashes of the lists.
    pub(super) fn verify(
        ptau: &Ptau,
        limits: &Limits,
        observer: &mut dyn SetupObserver,
    ) -> Result<Self, PowersOfTauError> {
        let mut contributions = Contributions::open(ptau)?;
        let got = contributions.count();
        let ceremony_power = ptau.ceremony_power();
        let mut challenge = first_challenge(ceremony_power);
        let mut before = Constants::generators();
        let mut iterations_left = limits.beacon_iterations;
        let mut summaries = Vec::new();
        let mut last = None;
        for index in 0..got {
            if observer.cancellation().is_cancelled() {
                return Err(PowersOfTauError::Cancelled);
            }
            let contribution = contributions.read(index)?;
            let refuse = |source| match source {
                ContributionError::Beacon(BeaconError::Cancelled) => PowersOfTauError::Cancelled,
                source => PowersOfTauError::Contribution { index, source },
            };
            follows(&contribution, &before, &challenge).map_err(refuse)?;
            if let ContributionKind::Beacon { beacon, .. } = &contribution.kind {
                let of_beacon = |source: BeaconError| refuse(source.into());
                beacon.check_limit(iterations_left).map_err(of_beacon)?;
                iterations_left -= beacon.iterations();
                is_of_beacon(&contribution, beacon, observer).map_err(refuse)?;
            }
            let next_challenge = contribution.next_challenge;
            summaries.push(ContributionSummary {
                kind: contribution.kind.clone(),
                response_hash: contribution.response_hash(ceremony_power).map_err(refuse)?,
                next_challenge,
            });
            before = contribution.after.clone();
            last = Some((contribution, challenge));
            challenge = next_challenge;
        }
        contributions.end()?;
        let has_person = summaries
            .iter()
            .any(|summary| matches!(summary.kind, ContributionKind::Person { .. }));
        let (last, last_challenge) = last
            .filter(|_| has_person)
            .ok_or(PowersOfTauError::NoPerson { got })?;
        leads_to(ptau, &last.after, got - 1)?;
        Ok(Self {
            summaries,
            last,
            last_challenge,
        })
    }

    /// The last contribution's response and next challenge are those of the file's lists. Of a file that
    /// was cut down nothing is checked, since both are hashes of more points than it has.
    pub(super) fn check_hashes(
        &self,
        ptau: &Ptau,
        observer: &mut dyn SetupObserver,
    ) -> Result<(), PowersOfTauError> {
        let Some(last) = self
            .summaries
            .last()
            .filter(|_| ptau.power() == ptau.ceremony_power())
        else {
            return Ok(());
        };
        let n = 1u64 << ptau.power();
        let mut hashes = Hashes {
            response: Blake2b512::new_with_prefix(self.last_challenge),
            next_challenge: Blake2b512::new_with_prefix(last.response_hash),
            observer,
            done: 0,
            total: 5 * n,
        };
        hashes.list(&ptau.tau_g1())?;
        hashes.list(&ptau.tau_g2())?;
        hashes.list(&ptau.alpha_tau_g1())?;
        hashes.list(&ptau.beta_tau_g1())?;
        hashes.list(&ptau.beta_g2())?;
        hashes.response.update(self.last.key_bytes());
        let index = self.summaries.len() - 1;
        let refuse = |source| Err(PowersOfTauError::Contribution { index, source });
        if hashes.response.finalize()[..] != last.response_hash {
            return refuse(ContributionError::Response);
        }
        if hashes.next_challenge.finalize()[..] != last.next_challenge {
            return refuse(ContributionError::NextChallenge);
        }
        Ok(())
    }
}

/// r for a factor's key, where `domain` is 0, 1, 2 for τ, α, β.
fn sp(domain: u8, challenge: &[u8; 64], key: &FactorKey) -> G2Affine {
    let hasher = Blake2b512::new()
        .chain_update([domain])
        .chain_update(challenge)
        .chain_update(g1_to_be_bytes(&key.s))
        .chain_update(g1_to_be_bytes(&key.sx));
    hash_to_g2(&hasher.finalize().into())
}

/// All that does not depend on the kind of a contribution.
fn follows(
    contribution: &Contribution,
    before: &Constants,
    challenge: &[u8; 64],
) -> Result<(), ContributionError> {
    contribution.check_points()?;
    let Contribution { after, keys, .. } = contribution;
    let mut in_g2 = [(G2Affine::zero(), G2Affine::zero()); 3];
    for ((domain, key), in_g2) in (0..).zip(keys).zip(&mut in_g2) {
        let element = key.element;
        *in_g2 = (sp(domain, challenge, key), key.spx);
        if !same_factor((key.s, key.sx), *in_g2) {
            return Err(ContributionError::Knowledge { element });
        }
        if equal_up_to_sign(key.s, key.sx) {
            return Err(ContributionError::Unchanged { element });
        }
    }
    let [tau_in_g2, alpha_in_g2, beta_in_g2] = in_g2;
    let [tau_in_g1, _, beta_in_g1] = keys.each_ref().map(|key| (key.s, key.sx));
    let points = [
        ("tau_g1", (before.tau_g1, after.tau_g1), tau_in_g2),
        ("tau_g2", tau_in_g1, (before.tau_g2, after.tau_g2)),
        ("alpha_g1", (before.alpha_g1, after.alpha_g1), alpha_in_g2),
        ("beta_g1", (before.beta_g1, after.beta_g1), beta_in_g2),
        ("beta_g2", beta_in_g1, (before.beta_g2, after.beta_g2)),
    ];
    for (element, in_g1, in_g2) in points {
        if !same_factor(in_g1, in_g2) {
            return Err(ContributionError::NotNext { element });
        }
    }
    Ok(())
}

/// The factors and random points of a beacon: three scalars are drawn, then three points. That x·r is
/// right follows from the factor of s.
fn is_of_beacon(
    contribution: &Contribution,
    beacon: &Beacon,
    observer: &mut dyn SetupObserver,
) -> Result<(), ContributionError> {
    let mut stream = beacon.stream(&mut BeaconProgress(observer))?;
    let factors = [(); 3].map(|()| stream.fr());
    for (key, factor) in contribution.keys.iter().zip(factors) {
        let secret = Secret::new(factor).ok_or(BeaconError::Degenerate)?;
        let s = stream.g1();
        let sx = (s * secret.scalar()).into_affine();
        let [s_name, sx_name, _] = key.names;
        for (element, expected, got) in [(s_name, s, key.s), (sx_name, sx, key.sx)] {
            if expected != got {
                return Err(ContributionError::NotOfBeacon { element });
            }
        }
    }
    Ok(())
}

/// The contributions lead to the file's lists.
fn leads_to(ptau: &Ptau, after: &Constants, index: usize) -> Result<(), PowersOfTauError> {
    let lists = Constants {
        tau_g1: element(&ptau.tau_g1(), 1)?,
        tau_g2: element(&ptau.tau_g2(), 1)?,
        alpha_g1: element(&ptau.alpha_tau_g1(), 0)?,
        beta_g1: element(&ptau.beta_tau_g1(), 0)?,
        beta_g2: element(&ptau.beta_g2(), 0)?,
    };
    for (element, equal) in [
        ("tau_g1", lists.tau_g1 == after.tau_g1),
        ("tau_g2", lists.tau_g2 == after.tau_g2),
        ("alpha_g1", lists.alpha_g1 == after.alpha_g1),
        ("beta_g1", lists.beta_g1 == after.beta_g1),
        ("beta_g2", lists.beta_g2 == after.beta_g2),
    ] {
        if !equal {
            let source = ContributionError::NotOfLists { element };
            return Err(PowersOfTauError::Contribution { index, source });
        }
    }
    Ok(())
}

/// The hashes of all lists, as far as they are read.
struct Hashes<'o> {
    response: Blake2b512,
    next_challenge: Blake2b512,
    observer: &'o mut dyn SetupObserver,
    done: u64,
    total: u64,
}

impl Hashes<'_> {
    fn list<P: HashedPoint>(
        &mut self,
        points: &StreamedPoints<'_, P>,
    ) -> Result<(), PowersOfTauError> {
        for start in (0..points.len()).step_by(PIECE) {
            if self.observer.cancellation().is_cancelled() {
                return Err(PowersOfTauError::Cancelled);
            }
            let mut piece = vec![P::INFINITY; PIECE.min(points.len() - start)];
            points.read(start, &mut piece).map_err(FormatError::from)?;
            for point in &piece {
                let uncompressed = point.uncompressed();
                let uncompressed = uncompressed.as_ref();
                self.next_challenge.update(uncompressed);
                // x, whose two top bits are free.
                let (x, _) = uncompressed.split_at(P::BYTES / 2);
                self.response.update([x[0] | point.flags()]);
                self.response.update(&x[1..]);
            }
            self.done = self.total.min(self.done + piece.len() as u64);
            self.observer
                .progress(SetupStep::HashPowersOfTau, self.done, self.total);
        }
        Ok(())
    }
}

/// A point as challenges and responses hold it.
trait HashedPoint: RawPoint {
    /// x ‖ y, canonical and big-endian, the higher coefficient first.
    fn uncompressed(&self) -> impl AsRef<[u8]>;

    /// What the first byte of the compressed form has besides x: 0x80 for the greater of the two y, 0x40
    /// for infinity.
    fn flags(&self) -> u8;
}

fn flags<P: AffineRepr<BaseField: Ord>>(point: &P) -> u8 {
    match point.xy() {
        None => 0x40,
        Some((_, y)) if y > -y => 0x80,
        Some(_) => 0,
    }
}

impl HashedPoint for Affine<g1::Config> {
    fn uncompressed(&self) -> impl AsRef<[u8]> {
        g1_to_be_bytes(self)
    }

    fn flags(&self) -> u8 {
        flags(self)
    }
}

impl HashedPoint for Affine<g2::Config> {
    fn uncompressed(&self) -> impl AsRef<[u8]> {
        g2_to_be_bytes(self)
    }

    fn flags(&self) -> u8 {
        flags(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fr, G1Affine};
    use ark_ff::{One, UniformRand};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    const CHALLENGE: [u8; 64] = [7; 64];

    fn times<P: AffineRepr<ScalarField = Fr>>(point: P, factor: Fr) -> P {
        (point * factor).into_affine()
    }

    /// What follows `before` with these factors of τ, α, β.
    fn contribution(before: &Constants, factors: [Fr; 3], rng: &mut StdRng) -> Contribution {
        let [tau, alpha, beta] = factors;
        let mut contribution = Contribution::unsigned(Constants {
            tau_g1: times(before.tau_g1, tau),
            tau_g2: times(before.tau_g2, tau),
            alpha_g1: times(before.alpha_g1, alpha),
            beta_g1: times(before.beta_g1, beta),
            beta_g2: times(before.beta_g2, beta),
        });
        for (domain, (key, factor)) in (0..).zip(contribution.keys.iter_mut().zip(factors)) {
            key.s = times(G1Affine::generator(), Fr::rand(rng));
            key.sx = times(key.s, factor);
            key.spx = times(sp(domain, &CHALLENGE, key), factor);
        }
        contribution
    }

    #[test]
    fn every_point_must_advance_by_its_factor() {
        let rng = &mut StdRng::seed_from_u64(0x91);
        let first = contribution(
            &Constants::generators(),
            [(); 3].map(|()| Fr::rand(rng)),
            rng,
        );
        let before = &first.after;
        assert_eq!(
            follows(&first, &Constants::generators(), &CHALLENGE),
            Ok(())
        );
        let second = contribution(before, [(); 3].map(|()| Fr::rand(rng)), rng);
        assert_eq!(follows(&second, before, &CHALLENGE), Ok(()));
        let change: [(_, fn(&mut Constants)); 5] = [
            ("tau_g1", |after| {
                after.tau_g1 = times(after.tau_g1, 2.into())
            }),
            ("tau_g2", |after| {
                after.tau_g2 = times(after.tau_g2, 2.into())
            }),
            ("alpha_g1", |after| {
                after.alpha_g1 = times(after.alpha_g1, 2.into())
            }),
            ("beta_g1", |after| {
                after.beta_g1 = times(after.beta_g1, 2.into())
            }),
            ("beta_g2", |after| {
                after.beta_g2 = times(after.beta_g2, 2.into())
            }),
        ];
        for (element, change) in change {
            let mut other = second.clone();
            change(&mut other.after);
            let expected = Err(ContributionError::NotNext { element });
            assert_eq!(follows(&other, before, &CHALLENGE), expected);
        }
    }

    #[test]
    fn factors_are_shown_for_one_challenge_and_one_element() {
        let rng = &mut StdRng::seed_from_u64(0x92);
        let before = Constants::generators();
        let factor = Fr::rand(rng);
        let right = contribution(&before, [factor; 3], rng);
        let knowledge = |element| Err(ContributionError::Knowledge { element });
        assert_eq!(follows(&right, &before, &[8; 64]), knowledge("tau"));
        for (i, j) in [(0, 1), (1, 2), (2, 0)] {
            let mut other = right.clone();
            (other.keys[i].s, other.keys[i].sx) = (right.keys[j].s, right.keys[j].sx);
            other.keys[i].spx = right.keys[j].spx;
            let element = right.keys[i].element;
            assert_eq!(follows(&other, &before, &CHALLENGE), knowledge(element));
        }
    }

    #[test]
    fn factors_of_plus_minus_one_are_refused() {
        let rng = &mut StdRng::seed_from_u64(0x93);
        let before = Constants::generators();
        for (i, element) in ["tau", "alpha", "beta"].into_iter().enumerate() {
            for factor in [Fr::one(), -Fr::one()] {
                let mut factors = [(); 3].map(|()| Fr::rand(rng));
                factors[i] = factor;
                let unchanged = contribution(&before, factors, rng);
                let expected = Err(ContributionError::Unchanged { element });
                assert_eq!(follows(&unchanged, &before, &CHALLENGE), expected);
            }
        }
    }
}
