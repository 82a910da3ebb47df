//! Ceremonies by zkroll alone: from powers of τ to a key that proves, and what is refused on the way.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{Instance, random_instance};
use crate::files::{exchange_points, folder, section_ranges};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::UniformRand;
use rand::SeedableRng;
use rand::rngs::{OsRng, StdRng};
use zkroll_prover::backend::BackendName;
use zkroll_prover::formats::FormatError;
use zkroll_prover::formats::json::{JsonError, verifying_key_to_json};
use zkroll_prover::formats::ptau::Ptau;
use zkroll_prover::formats::zkey::{Zkey, ZkeyFile};
use zkroll_prover::formats::{DevelopmentKeys, r1cs};
use zkroll_prover::key_file;
use zkroll_prover::setup::phase2::{
    self, Beacon, ContributionError, Limits, Phase2Error, Secret, VerifiedContributions,
};
use zkroll_prover::setup::powers_of_tau;
use zkroll_prover::{
    AnyBackend, Bn254, Fr, KeyError, Matrices, PreparedKey, Proof, ProveError, Provenance, Prover,
    ZkeyProver, prove_with_blinding, verify,
};

/// A circuit and powers of τ for it.
struct Scene {
    folder: PathBuf,
    instance: Instance,
    matrices: Matrices,
    ptau: Ptau,
    backend: AnyBackend,
}

impl Scene {
    fn new(name: &str) -> Self {
        let folder = folder(name);
        let instance = random_instance(&mut StdRng::seed_from_u64(0xce), 2, 20);
        let path = folder.join("dev.ptau");
        powers_of_tau::development(&path, 5, &[9; 32], &mut ()).unwrap();
        let constraints = folder.join("circuit.r1cs");
        r1cs::write(&constraints, &instance.r1cs).unwrap();
        Self {
            matrices: r1cs::read(&constraints).unwrap(),
            instance,
            ptau: Ptau::open(&path).unwrap(),
            backend: BackendName::Cpu.open().unwrap(),
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn initialize(&self) -> PathBuf {
        let out = self.path("0.zkey");
        phase2::initialize(&self.matrices, &self.ptau, &out, &self.backend, &mut ()).unwrap();
        out
    }

    fn try_contribute(&self, from: &Path, name: &str) -> Result<PathBuf, Phase2Error> {
        let out = self.path(name);
        let secret = Secret::draw("test".to_owned()).unwrap();
        let (rng, backend) = (&mut OsRng, &self.backend);
        phase2::contribute(from, &out, &secret, Some("Ada"), rng, backend, &mut ())?;
        Ok(out)
    }

    fn contribute(&self, from: &Path, name: &str) -> PathBuf {
        self.try_contribute(from, name).unwrap()
    }

    fn beacon(&self, from: &Path, name: &str) -> PathBuf {
        let out = self.path(name);
        let beacon = Beacon::new(*b"a lottery's result", 10).unwrap();
        phase2::contribute_beacon(from, &out, &beacon, None, &self.backend, &mut ()).unwrap();
        out
    }

    fn verify(&self, key: &Path) -> Result<VerifiedContributions, Phase2Error> {
        let key = ZkeyFile::open(key)?;
        let (matrices, ptau, limits) = (&self.matrices, &self.ptau, Limits::default());
        phase2::verify(
            &key,
            matrices,
            ptau,
            &limits,
            &mut OsRng,
            &self.backend,
            &mut (),
        )
    }
}

#[test]
fn a_ceremony_makes_a_key_that_proves() {
    let scene = Scene::new("whole");
    let first = scene.contribute(&scene.initialize(), "1.zkey");
    let last = scene.beacon(&scene.contribute(&first, "2.zkey"), "3.zkey");
    let verified = scene.verify(&last).unwrap();
    assert_eq!(verified.contributions().len(), 3);

    let file = ZkeyFile::open(&last).unwrap();
    let key = phase2::export(&file, &verified, false, [5; 32]).unwrap();
    let Provenance::Ceremony(ceremony) = &key.provenance else {
        panic!("{:?}", key.provenance);
    };
    assert_eq!(ceremony.contributions().len(), 3);
    assert_eq!(ceremony.contributions()[0].name.as_deref(), Some("Ada"));
    // The record survives the key file, and every byte of it is hashed.
    let path = scene.path("rollup.key");
    key_file::write(&path, &key).unwrap();
    assert_eq!(
        key_file::read_validated(&path, Some(&[5; 32])).unwrap(),
        key
    );
    let bytes = fs::read(&path).unwrap();
    for at in 0..300 {
        let mut bytes = bytes.clone();
        let at = bytes.len() - 1 - at;
        bytes[at] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(key_file::read_header(&path).is_err() || key_file::read(&path, None).is_err());
    }

    // The .zkey, the key that came of it, and every backend give one proof.
    let zkey = Zkey::open(&last).unwrap();
    let (assignment, inputs) = (&scene.instance.assignment, scene.instance.public_inputs());
    let rng = &mut StdRng::seed_from_u64(1);
    let (r, s) = (Fr::rand(rng), Fr::rand(rng));
    let expected =
        prove_with_blinding(&key, &scene.instance.r1cs, assignment, &scene.backend, r, s).unwrap();
    verify(&PreparedKey::new(&key.vk).unwrap(), inputs, &expected).unwrap();
    for name in [
        BackendName::Naive,
        BackendName::Ark,
        BackendName::Cpu,
        BackendName::Ifma,
    ] {
        let Ok(backend) = name.open() else { continue };
        let prover = ZkeyProver::new(&zkey, &backend).unwrap();
        let proof = prover
            .prove_with_blinding(assignment, r, s, &mut ())
            .unwrap();
        assert_eq!(proof, expected, "{name}");
        let prover = Prover::new(&key, &backend).unwrap();
        let proof = prover
            .prove_with_blinding(&scene.instance.r1cs, assignment, r, s, &mut ())
            .unwrap();
        assert_eq!(proof, expected, "{name}");
    }

    // A witness that breaks a constraint is noticed at the end, one of another length at once.
    let prover = ZkeyProver::new(&zkey, &scene.backend).unwrap();
    let mut wrong = assignment.clone();
    *wrong.last_mut().unwrap() += Fr::from(1u64);
    let refused = prover.prove(&wrong, &mut OsRng, &mut ()).unwrap_err();
    assert!(matches!(refused, ProveError::SelfCheck(_)), "{refused}");
    wrong.pop();
    let refused = prover.prove(&wrong, &mut OsRng, &mut ()).unwrap_err();
    assert!(
        matches!(refused, ProveError::AssignmentLength { .. }),
        "{refused}"
    );
}

#[test]
fn what_is_altered_is_refused() {
    let scene = Scene::new("altered");
    let key = scene.contribute(&scene.contribute(&scene.initialize(), "1.zkey"), "2.zkey");
    scene.verify(&key).unwrap();
    let altered = scene.path("altered.zkey");
    for (section, bytes) in [(3, 64), (5, 64), (6, 64), (7, 128), (8, 64), (9, 64)] {
        exchange_points(&key, &altered, section, bytes);
        let error = scene.verify(&altered).unwrap_err();
        let expected = match section {
            8 | 9 => matches!(error, Phase2Error::Ratio { .. }),
            _ => matches!(error, Phase2Error::Point { .. }),
        };
        assert!(expected, "section {section}: {error}");
    }
    // Every word of the constants, the matrices and the contributions.
    let file = fs::read(&key).unwrap();
    let ranges = section_ranges(&file);
    for section in [2, 4, 10] {
        for at in ranges[&section].clone().step_by(12) {
            let mut file = file.clone();
            file[at] ^= 1;
            fs::write(&altered, &file).unwrap();
            let name = 4 + 64 + ranges[&10].start..;
            let is_name = section == 10 && name.contains(&at) && scene.verify(&altered).is_ok();
            // A name is in no hash.
            if is_name {
                let list = phase2::ContributionList::of_zkey(&ZkeyFile::open(&altered).unwrap());
                let names: Vec<_> = list
                    .unwrap()
                    .contributions
                    .iter()
                    .map(|c| c.kind.clone())
                    .collect();
                assert!(
                    names.iter().any(|kind| kind.name() != Some("Ada")),
                    "byte {at}"
                );
            } else {
                assert!(
                    scene.verify(&altered).is_err(),
                    "section {section}, byte {at}"
                );
            }
        }
    }
    // Another circuit.
    let other = random_instance(&mut StdRng::seed_from_u64(0xcf), 2, 20);
    let limits = Limits::default();
    let file = ZkeyFile::open(&key).unwrap();
    let other = Matrices::from_r1cs(&other.r1cs).unwrap();
    let refused = phase2::verify(
        &file,
        &other,
        &scene.ptau,
        &limits,
        &mut OsRng,
        &scene.backend,
        &mut (),
    );
    assert!(matches!(refused, Err(Phase2Error::Coefficient { .. })));
}

/// Multiples of a point off the curve would tell a contributor's secret modulo small numbers.
#[test]
fn a_secret_meets_no_point_off_the_curve() {
    let scene = Scene::new("off_curve");
    let initial = scene.initialize();
    let altered = scene.path("altered.zkey");
    for section in [8, 9] {
        let mut file = fs::read(&initial).unwrap();
        let at = section_ranges(&file)[&section].start;
        // y ← x.
        file.copy_within(at..at + 32, at + 32);
        fs::write(&altered, &file).unwrap();
        let error = scene.try_contribute(&altered, "1.zkey").unwrap_err();
        let off_curve = matches!(
            error,
            Phase2Error::Format(FormatError::Key(KeyError::PointOffCurve { index: 0, .. }))
        );
        assert!(off_curve, "{error}");
        assert!(!scene.path("1.zkey").exists());
    }
}

/// With δ = γ anybody proves anything: A = α, B = β, C = −Σ inputs·gamma_abc.
#[test]
fn the_known_forgery_finds_no_key() {
    let scene = Scene::new("forgery");
    let initial = scene.initialize();
    let file = ZkeyFile::open(&initial).unwrap();
    let vk = file.verifying_key();
    let inputs = [Fr::from(12_345u64), Fr::from(67_890u64)];
    let sum = vk.gamma_abc_g1[0].into_group()
        + vk.gamma_abc_g1[1] * inputs[0]
        + vk.gamma_abc_g1[2] * inputs[1];
    let forged = Proof::<Bn254> {
        a: vk.alpha_g1,
        b: vk.beta_g2,
        c: (-sum).into_affine(),
    };
    // Groth16's equation holds.
    let prepared = ark_groth16::prepare_verifying_key(vk);
    let accepted = ark_groth16::Groth16::<Bn254>::verify_proof(&prepared, &forged, &inputs);
    assert!(accepted.unwrap());

    let uncontributed = |error: &KeyError| matches!(error, KeyError::DeltaEqualsGamma);
    assert!(uncontributed(&PreparedKey::new(vk).unwrap_err()));
    let FormatError::Key(error) = Zkey::open(&initial).unwrap_err() else {
        panic!("another error");
    };
    assert!(uncontributed(&error));
    let verified = scene.verify(&initial).unwrap();
    let refused = phase2::export(&file, &verified, false, [0; 32]).unwrap_err();
    assert!(matches!(
        refused,
        Phase2Error::Contribution(ContributionError::NoPerson { beacons: 0 })
    ));
}

#[test]
fn beacons_alone_make_no_key() {
    let scene = Scene::new("beacons");
    let key = scene.beacon(&scene.initialize(), "1.zkey");
    let verified = scene.verify(&key).unwrap();
    assert!(!verified.has_person());
    let refused = Zkey::open(&key).unwrap_err();
    assert!(
        matches!(refused, FormatError::NoPerson { beacons: 1 }),
        "{refused}"
    );
    let file = ZkeyFile::open(&key).unwrap();
    assert!(phase2::export(&file, &verified, false, [0; 32]).is_err());
    // A person's contribution afterwards makes it one.
    Zkey::open(&scene.contribute(&key, "2.zkey")).unwrap();
}

#[test]
fn a_key_from_unsafe_powers_is_a_development_key() {
    let scene = Scene::new("unsafe");
    assert!(scene.ptau.is_unsafe());
    let key = scene.contribute(&scene.initialize(), "1.zkey");
    let verified = scene.verify(&key).unwrap();
    let file = ZkeyFile::open(&key).unwrap();
    let key = phase2::export(&file, &verified, true, [0; 32]).unwrap();
    assert_eq!(key.provenance, Provenance::Development);
    let write = |allowed| verifying_key_to_json(&key.vk, &key.provenance, allowed);
    assert_eq!(
        write(DevelopmentKeys::Refuse),
        Err(JsonError::DevelopmentKey)
    );
    write(DevelopmentKeys::AllowUnsafe).unwrap();
}

#[test]
fn powers_that_are_too_few_start_nothing() {
    let scene = Scene::new("few");
    let path = scene.path("few.ptau");
    powers_of_tau::development(&path, 4, &[9; 32], &mut ()).unwrap();
    let few = Ptau::open(&path).unwrap();
    let out = scene.path("out.zkey");
    let refused = phase2::initialize(&scene.matrices, &few, &out, &scene.backend, &mut ());
    assert!(matches!(
        refused,
        Err(Phase2Error::PowersOfTauTooFew {
            expected: 5,
            got: 4
        })
    ));
    assert!(!out.exists());
}

#[test]
fn contributions_do_not_depend_on_the_backend() {
    let scene = Scene::new("backends");
    let initial = scene.initialize();
    let beacon = Beacon::new(*b"the same", 10).unwrap();
    let mut files = Vec::new();
    for name in [
        BackendName::Naive,
        BackendName::Ark,
        BackendName::Cpu,
        BackendName::Ifma,
    ] {
        let Ok(backend) = name.open() else { continue };
        let out = scene.path(name.as_str());
        phase2::contribute_beacon(&initial, &out, &beacon, None, &backend, &mut ()).unwrap();
        files.push(fs::read(out).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}
