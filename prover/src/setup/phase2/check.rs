//! Verification of a key: it is the initial key of its circuit and first phase, with its contributions
//! and nothing else.
//!
//! The initial key is made again, piece by piece, and compared as it comes. Lists without δ must be
//! equal. Those that were divided by δ are compared by a random combination,
//!
//! ```text
//! e(Σ ρ_i·P_i, [δ]₂) = e(Σ ρ_i·P_i of the initial key, [1]₂),    ρ_i of 128 bits,
//! ```
//!
//! which holds for points in the group that are not all right with probability 2⁻¹²⁸; that they are in
//! it is checked point by point.
//!
//! Cost: that of the initial key, and two multiplications of 128 bits for each point of two lists.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::CurveGroup;
use ark_ec::pairing::Pairing;
use ark_ff::Zero;
use rand::{CryptoRng, Rng, RngCore};

use super::super::observer::SetupObserver;
use super::initial::{InitialKey, InitialKeySink, List};
use super::transcript::ContributionList;
use super::verify::VerifiedContributions;
use super::{BeaconProgress, Limits, Phase2Error};
use crate::backend::Backend;
use crate::formats::FormatError;
use crate::formats::ptau::Ptau;
use crate::formats::zkey::ZkeyFile;
use crate::key_file::StreamedPoints;
use crate::matrices::Matrices;
use crate::validate::{KeyError, check_element, check_piece};

/// Points of a list that are combined at once.
const PIECE: usize = 1 << 16;

/// Checks a key against its circuit, the first phase and its contributions.
///
/// A key without contributions and one of beacons alone pass: they are states of a ceremony. What is
/// fit for production, [`VerifiedContributions::require_person`] says. The powers of τ are taken to be
/// checked ([`powers_of_tau`](super::super::powers_of_tau)).
///
/// # Errors
/// The first thing that is wrong.
#[tracing::instrument(skip_all)]
pub fn verify<B: Backend, G: RngCore + CryptoRng>(
    key: &ZkeyFile,
    r1cs: &Matrices,
    ptau: &Ptau,
    limits: &Limits,
    rng: &mut G,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<VerifiedContributions, Phase2Error> {
    let contributions = ContributionList::of_zkey(key)?;
    let verified = contributions.verify(limits, &mut BeaconProgress(observer))?;
    check_delta(key, verified.delta_g1())?;

    let initial = InitialKey::new(r1cs, ptau)?;
    let (expected, got) = (initial.constants()?, key.constants());
    let lengths = expected
        .shape
        .lengths()
        .into_iter()
        .zip(got.shape.lengths());
    for ((list, expected), (_, got)) in lengths {
        if expected != got {
            return Err(Phase2Error::Shape {
                list,
                expected,
                got,
            });
        }
    }
    for (element, equal) in [
        ("alpha_g1", expected.vk.alpha_g1 == got.vk.alpha_g1),
        ("beta_g1", expected.beta_g1 == got.beta_g1),
        ("beta_g2", expected.vk.beta_g2 == got.vk.beta_g2),
        ("gamma_g2", expected.vk.gamma_g2 == got.vk.gamma_g2),
    ] {
        if !equal {
            return Err(Phase2Error::Constant { element });
        }
    }
    if let Some(index) = key.first_other_coefficient(r1cs)? {
        return Err(Phase2Error::Coefficient { index });
    }
    let mut sink = Comparison {
        key,
        backend,
        rng,
        l: Combination::new(key.l_query()),
        h: Combination::new(key.h_query()),
    };
    let circuit_hash = initial.make(backend, &mut sink, observer)?;
    if circuit_hash != contributions.circuit_hash {
        return Err(Phase2Error::CircuitHash);
    }
    let delta_g2 = got.vk.delta_g2;
    let Comparison { l, h, rng, .. } = sink;
    l.finish("l_query", delta_g2, backend, rng)?;
    h.finish("h_query", delta_g2, backend, rng)?;
    Ok(verified)
}

/// The key's δ is the one of its contributions, in both groups.
pub(super) fn check_delta(key: &ZkeyFile, expected: G1Affine) -> Result<(), Phase2Error> {
    let constants = key.constants();
    let (delta_g1, delta_g2) = (constants.delta_g1, constants.vk.delta_g2);
    check_element("delta_g1", &delta_g1).map_err(FormatError::from)?;
    check_element("delta_g2", &delta_g2).map_err(FormatError::from)?;
    if delta_g1 != expected {
        return Err(Phase2Error::Delta {
            element: "delta_g1",
        });
    }
    let factors = Bn254::multi_pairing(
        [delta_g1, -G1Affine::generator()],
        [G2Affine::generator(), delta_g2],
    );
    if factors.is_zero() {
        Ok(())
    } else {
        Err(Phase2Error::Delta {
            element: "delta_g2",
        })
    }
}

/// Compares the lists of the initial key with a key's.
struct Comparison<'k, B, G> {
    key: &'k ZkeyFile,
    backend: &'k B,
    rng: &'k mut G,
    l: Combination<'k>,
    h: Combination<'k>,
}

impl<B: Backend, G: RngCore + CryptoRng> InitialKeySink for Comparison<'_, B, G> {
    fn g1(&mut self, list: List, start: usize, points: &[G1Affine]) -> Result<(), Phase2Error> {
        let key = self.key;
        match list {
            List::GammaAbcG1 => {
                let got = &key.verifying_key().gamma_abc_g1[start..start + points.len()];
                equal("gamma_abc_g1", start, points, got)
            }
            List::A => same_points("a_query", &key.a_query(), start, points),
            List::BG1 => same_points("b_g1_query", &key.b_g1_query(), start, points),
            List::L => self.l.add(points, self.backend, self.rng),
            List::H => self.h.add(points, self.backend, self.rng),
            List::BG2 => unreachable!("b_g2_query is in G2"),
        }
    }

    fn g2(&mut self, _: List, start: usize, points: &[G2Affine]) -> Result<(), Phase2Error> {
        same_points("b_g2_query", &self.key.b_g2_query(), start, points)
    }
}

fn equal<P: PartialEq>(
    list: &'static str,
    start: usize,
    expected: &[P],
    got: &[P],
) -> Result<(), Phase2Error> {
    match expected
        .iter()
        .zip(got)
        .position(|(expected, got)| expected != got)
    {
        None => Ok(()),
        Some(i) => Err(Phase2Error::Point {
            list,
            index: start + i,
        }),
    }
}

fn same_points<P: crate::key_file::RawPoint + PartialEq>(
    list: &'static str,
    points: &StreamedPoints<'_, P>,
    start: usize,
    expected: &[P],
) -> Result<(), Phase2Error> {
    let mut got = vec![P::INFINITY; expected.len()];
    points.read(start, &mut got).map_err(FormatError::from)?;
    equal(list, start, expected, &got)
}

/// `Σ ρ_i·P_i` over a list of the initial key and over the key's.
struct Combination<'k> {
    points: StreamedPoints<'k, G1Affine>,
    /// Points of the initial key that are not yet in the sums.
    pending: Vec<G1Affine>,
    /// Points that are.
    done: usize,
    initial: G1Projective,
    own: G1Projective,
}

impl<'k> Combination<'k> {
    fn new(points: StreamedPoints<'k, G1Affine>) -> Self {
        Self {
            points,
            pending: Vec::new(),
            done: 0,
            initial: G1Projective::zero(),
            own: G1Projective::zero(),
        }
    }

    fn add<B: Backend, G: RngCore>(
        &mut self,
        points: &[G1Affine],
        backend: &B,
        rng: &mut G,
    ) -> Result<(), Phase2Error> {
        self.pending.extend_from_slice(points);
        if self.pending.len() >= PIECE {
            self.flush(backend, rng)?;
        }
        Ok(())
    }

    fn flush<B: Backend, G: RngCore>(
        &mut self,
        backend: &B,
        rng: &mut G,
    ) -> Result<(), Phase2Error> {
        let mut own = vec![G1Affine::identity(); self.pending.len()];
        self.points
            .read(self.done, &mut own)
            .map_err(FormatError::from)?;
        check_piece(
            self.points.name(),
            self.done,
            backend.first_outside_g1(&own),
        )?;
        let scalars: Vec<_> = own.iter().map(|_| Fr::from(rng.r#gen::<u128>())).collect();
        let sum = |points| backend.msm_g1(&backend.load_g1(points)?, &scalars);
        self.initial += sum(&self.pending)?;
        self.own += sum(&own)?;
        self.done += own.len();
        self.pending.clear();
        Ok(())
    }

    fn finish<B: Backend, G: RngCore>(
        mut self,
        list: &'static str,
        delta_g2: G2Affine,
        backend: &B,
        rng: &mut G,
    ) -> Result<(), Phase2Error> {
        self.flush(backend, rng)?;
        debug_assert_eq!(self.done, self.points.len());
        let factors = Bn254::multi_pairing(
            [self.own.into_affine(), -self.initial.into_affine()],
            [delta_g2, G2Affine::generator()],
        );
        if factors.is_zero() {
            Ok(())
        } else {
            Err(Phase2Error::Ratio { list })
        }
    }
}

/// Errors of the refusal rules are those of the format.
impl From<KeyError> for Phase2Error {
    fn from(error: KeyError) -> Self {
        Self::Format(FormatError::Key(error))
    }
}
