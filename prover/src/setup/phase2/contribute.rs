//! A contribution to a key: δ times the secret, the lists with δ in the denominator divided by it.

use std::path::Path;

use ark_bn254::{Fr, G1Affine};
use ark_ec::CurveGroup;
use ark_ff::Field;
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::super::observer::{SetupObserver, SetupStep};
use super::beacon::Beacon;
use super::check::check_delta;
use super::entropy::Secret;
use super::transcript::ContributionList;
use super::{BeaconProgress, Limits, Phase2Error};
use crate::backend::Backend;
use crate::formats::FormatError;
use crate::formats::zkey::{self, ZkeyFile, section};
use crate::key_file::StreamedPoints;
use crate::validate::check_piece;

/// Points multiplied at once.
const PIECE: usize = 1 << 16;

/// Writes the key with a person's contribution and returns the contribution's hash, which the person
/// writes down.
///
/// The list of earlier contributions is verified first. Every point is checked before it meets the
/// secret: multiples of a point outside the group would tell parts of it.
///
/// # Errors
/// If the key is malformed or does not belong to its contributions, a file cannot be read or written,
/// or the observer cancels. Nothing is written then.
#[tracing::instrument(skip_all, fields(key = %key.display(), out = %out.display()))]
pub fn contribute<B: Backend, G: RngCore + CryptoRng>(
    key: &Path,
    out: &Path,
    secret: &Secret,
    name: Option<&str>,
    rng: &mut G,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<[u8; 64], Phase2Error> {
    let state = State::open(key, observer)?;
    let mut contributions = state.contributions.clone();
    let hash = contributions.contribute(secret, name, rng)?.hash();
    state.write(out, &contributions, secret, backend, observer)?;
    Ok(hash)
}

/// Writes the key with the contribution of a beacon and returns its hash. A beacon's secret is public: a
/// key needs the contribution of a person beside it.
///
/// # Errors
/// As [`contribute`].
#[tracing::instrument(skip_all, fields(key = %key.display(), out = %out.display()))]
pub fn contribute_beacon<B: Backend>(
    key: &Path,
    out: &Path,
    beacon: &Beacon,
    name: Option<&str>,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<[u8; 64], Phase2Error> {
    let state = State::open(key, observer)?;
    let mut contributions = state.contributions.clone();
    let secret = contributions.contribute_beacon(beacon, name, &mut BeaconProgress(observer))?;
    state.write(out, &contributions, &secret, backend, observer)?;
    let last = contributions.contributions.last();
    Ok(last.expect("the beacon contributed").hash())
}

/// A key whose contributions are verified.
struct State {
    file: ZkeyFile,
    contributions: ContributionList,
}

impl State {
    fn open(path: &Path, observer: &mut dyn SetupObserver) -> Result<Self, Phase2Error> {
        let file = ZkeyFile::open(path)?;
        let contributions = ContributionList::of_zkey(&file)?;
        let verified = contributions.verify(&Limits::default(), &mut BeaconProgress(observer))?;
        check_delta(&file, verified.delta_g1())?;
        Ok(Self {
            file,
            contributions,
        })
    }

    fn write<B: Backend>(
        &self,
        out: &Path,
        contributions: &ContributionList,
        secret: &Secret,
        backend: &B,
        observer: &mut dyn SetupObserver,
    ) -> Result<(), Phase2Error> {
        let file = &self.file;
        let mut constants = file.constants().clone();
        let x: &Fr = secret.scalar();
        constants.delta_g1 = contributions.delta_g1();
        constants.vk.delta_g2 = (constants.vk.delta_g2 * x).into_affine();
        let inverse = Zeroizing::new(x.inverse().expect("a secret is not zero"));

        let mut writer = zkey::create(out, &constants, file.domain())?;
        for (id, name) in [
            section::GAMMA_ABC_G1,
            section::COEFFICIENTS,
            section::A_QUERY,
            section::B_G1_QUERY,
            section::B_G2_QUERY,
        ] {
            let sections = file.sections();
            writer.copy(sections, &sections.section(id, name)?)?;
        }
        let lists = [
            (section::L_QUERY, file.l_query()),
            (section::H_QUERY, file.h_query()),
        ];
        let total = lists.iter().map(|(_, points)| points.len() as u64).sum();
        let mut done = 0;
        for (section, points) in lists {
            writer.section(section)?;
            for start in (0..points.len()).step_by(PIECE) {
                if observer.cancellation().is_cancelled() {
                    return Err(Phase2Error::Cancelled);
                }
                let mut piece = read_checked(backend, section.1, &points, start)?;
                backend.multiply_all_g1(&mut piece, *inverse);
                writer.points(&piece)?;
                done += piece.len() as u64;
                observer.progress(SetupStep::Contribute, done, total);
            }
        }
        writer.section(section::CONTRIBUTIONS)?;
        writer.write(&contributions.to_bytes()?)?;
        Ok(writer.finish()?)
    }
}

/// A piece of a list, on the curve.
fn read_checked<B: Backend>(
    backend: &B,
    list: &'static str,
    points: &StreamedPoints<'_, G1Affine>,
    start: usize,
) -> Result<Vec<G1Affine>, Phase2Error> {
    let mut piece = vec![G1Affine::identity(); PIECE.min(points.len() - start)];
    points.read(start, &mut piece).map_err(FormatError::from)?;
    check_piece(list, start, backend.first_outside_g1(&piece))?;
    Ok(piece)
}
