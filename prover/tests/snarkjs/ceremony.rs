//! Ceremonies and keys shared with snarkjs: each checks and continues what the other began, and proves
//! with the other's keys.

use std::fs;
use std::path::{Path, PathBuf};

use crate::files::{exchange_points, folder, sections};
use libtest_mimic::{Failed, Trial};
use rand::rngs::OsRng;
use zkroll_interop::circom::{Chain, Compiled};
use zkroll_interop::snarkjs::{self, Verdict};
use zkroll_interop::trial;
use zkroll_prover::formats::json::{
    proof_from_json, proof_to_json, public_inputs_from_json, public_inputs_to_json,
    verifying_key_from_json,
};
use zkroll_prover::formats::ptau::Ptau;
use zkroll_prover::formats::zkey::{Zkey, ZkeyFile};
use zkroll_prover::formats::{r1cs, wtns};
use zkroll_prover::setup::phase2::{self, Beacon, Limits, Secret};
use zkroll_prover::setup::powers_of_tau;
use zkroll_prover::{AnyBackend, PreparedKey, ZkeyProver, backend, verify};

pub fn trials() -> Vec<Trial> {
    vec![
        trial("the_initial_key_is_snarkjs_key", || {
            the_initial_key_is_snarkjs_key(&[(4, 4), (4, 6)])
        }),
        trial("heavy_the_initial_key_is_snarkjs_key", || {
            the_initial_key_is_snarkjs_key(&[(15, 16)])
        })
        .with_ignored_flag(true),
        trial(
            "imported_powers_are_accepted_by_snarkjs",
            imported_powers_are_accepted_by_snarkjs,
        ),
        trial("one_ceremony_by_both", one_ceremony_by_both),
        trial(
            "altered_keys_are_refused_by_both",
            altered_keys_are_refused_by_both,
        ),
        trial("proofs_with_each_others_keys", || {
            proofs_with_each_others_keys(&[4, 10])
        }),
        trial("heavy_proofs_with_each_others_keys", || {
            proofs_with_each_others_keys(&[12, 14, 16, 18])
        })
        .with_ignored_flag(true),
    ]
}

fn secret() -> Secret {
    Secret::draw("test".to_owned()).unwrap()
}

/// A circuit that fills a domain, and prepared powers of τ for it.
struct Scene {
    folder: PathBuf,
    circuit: Compiled,
    ptau: PathBuf,
    backend: AnyBackend,
}

impl Scene {
    fn new(name: &str, log_n: u32, power: u32) -> Result<Self, Failed> {
        let folder = folder(name);
        let circuit = Chain::filling_domain(log_n).compile(&folder)?;
        let ptau = folder.join("powers.ptau");
        powers_of_tau::development(&ptau, power, &[7; 32], &mut ())?;
        Ok(Self {
            folder,
            circuit,
            ptau,
            backend: backend::detect()?,
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn initialize(&self, name: &str) -> Result<PathBuf, Failed> {
        let out = self.path(name);
        let matrices = r1cs::read(&self.circuit.r1cs)?;
        let ptau = Ptau::open(&self.ptau)?;
        phase2::initialize(&matrices, &ptau, &out, &self.backend, &mut ())?;
        Ok(out)
    }

    fn contribute(&self, key: &Path, name: &str) -> Result<PathBuf, Failed> {
        let out = self.path(name);
        let by = Some("zkroll");
        let (secret, backend) = (secret(), &self.backend);
        phase2::contribute(key, &out, &secret, by, &mut OsRng, backend, &mut ())?;
        Ok(out)
    }

    fn beacon(&self, key: &Path, name: &str) -> Result<PathBuf, Failed> {
        let out = self.path(name);
        let beacon = Beacon::new(*b"tomorrow's newspaper", 10)?;
        phase2::contribute_beacon(key, &out, &beacon, Some("news"), &self.backend, &mut ())?;
        Ok(out)
    }

    fn verify(&self, key: &Path) -> Result<phase2::VerifiedContributions, phase2::Phase2Error> {
        let matrices = r1cs::read(&self.circuit.r1cs)?;
        let ptau = Ptau::open(&self.ptau)?;
        let key = ZkeyFile::open(key)?;
        let limits = Limits::default();
        let mut rng = OsRng;
        phase2::verify(
            &key,
            &matrices,
            &ptau,
            &limits,
            &mut rng,
            &self.backend,
            &mut (),
        )
    }

    fn snarkjs_verifies(&self, key: &Path) -> Result<Verdict, Failed> {
        Ok(snarkjs::verify_key(&self.circuit.r1cs, &self.ptau, key)?)
    }
}

/// Every section equal, in domains below and from 2^15 on, where snarkjs' circuit hash has its
/// peculiarity, and with a first phase of just as many powers, where that is possible, and of more.
fn the_initial_key_is_snarkjs_key(domains_and_powers: &[(u32, u32)]) -> Result<(), Failed> {
    for &(log_n, power) in domains_and_powers {
        let scene = Scene::new(&format!("initial_{log_n}_{power}"), log_n, power)?;
        let ours = scene.initialize("ours.zkey")?;
        let theirs = scene.path("theirs.zkey");
        snarkjs::setup(&scene.circuit.r1cs, &scene.ptau, &theirs)?;
        let (ours, theirs) = (sections(&ours), sections(&theirs));
        for id in 1..=10 {
            assert_eq!(
                ours[&id], theirs[&id],
                "2^{log_n} of 2^{power}, section {id}"
            );
        }
        fs::remove_dir_all(&scene.folder)?;
    }
    Ok(())
}

/// What an import writes is a first phase to snarkjs too: the lists, the contributions and what was
/// prepared from them.
fn imported_powers_are_accepted_by_snarkjs() -> Result<(), Failed> {
    let folder = folder("imported");
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/snarkjs/ptau");
    let powers = Ptau::open(&vectors.join("contributed.ptau"))?;
    assert!(powers.lagrange(0).is_none());
    let (out, backend) = (folder.join("imported.ptau"), backend::detect()?);
    let power = powers.power();
    powers_of_tau::import(&powers, power, &out, &mut OsRng, &backend, &mut ())?;
    assert_eq!(snarkjs::verify_powers_of_tau(&out)?, Verdict::Accepted);
    Ok(())
}

fn one_ceremony_by_both() -> Result<(), Failed> {
    let scene = Scene::new("both", 6, 7)?;
    let initial = scene.initialize("0.zkey")?;
    let first = scene.contribute(&initial, "1.zkey")?;
    let second = scene.path("2.zkey");
    snarkjs::contribute(&first, &second)?;
    let third = scene.contribute(&second, "3.zkey")?;
    let beacon = scene.beacon(&third, "4.zkey")?;
    let theirs = scene.path("5.zkey");
    let hex = "0102030405060708090a0b0c0d0e0f10";
    snarkjs::run(
        "zkey beacon -n=final",
        &[&third, &theirs, hex.as_ref(), "10".as_ref()],
    )?;
    for (key, contributions) in [
        (&first, 1),
        (&second, 2),
        (&third, 3),
        (&beacon, 4),
        (&theirs, 4),
    ] {
        let verified = scene.verify(key)?;
        assert_eq!(verified.contributions().len(), contributions);
        assert!(verified.has_person());
        assert_eq!(
            scene.snarkjs_verifies(key)?,
            Verdict::Accepted,
            "{}",
            key.display()
        );
    }
    let verified = scene.verify(&theirs)?;
    let names: Vec<_> = verified
        .contributions()
        .iter()
        .map(|c| c.kind.name())
        .collect();
    assert_eq!(
        names,
        [Some("zkroll"), Some("test"), Some("zkroll"), Some("final")]
    );
    // snarkjs shows our name.
    let shown = snarkjs::run("zkey verify", &[&scene.circuit.r1cs, &scene.ptau, &third])?;
    assert!(shown.contains("zkroll"), "{shown}");
    Ok(())
}

fn altered_keys_are_refused_by_both() -> Result<(), Failed> {
    let scene = Scene::new("altered", 5, 5)?;
    let initial = scene.initialize("0.zkey")?;
    let key = scene.contribute(&scene.contribute(&initial, "1.zkey")?, "2.zkey")?;
    let altered = scene.path("altered.zkey");
    // Two points exchanged in each list.
    for (id, bytes) in [(3, 64), (5, 64), (6, 64), (7, 128), (8, 64), (9, 64)] {
        exchange_points(&key, &altered, id, bytes);
        assert!(scene.verify(&altered).is_err(), "section {id}");
        let verdict = scene.snarkjs_verifies(&altered)?;
        assert!(matches!(verdict, Verdict::Refused(_)), "section {id}");
    }
    Ok(())
}

/// Domains of 2^`log_n`.
fn proofs_with_each_others_keys(log_ns: &[u32]) -> Result<(), Failed> {
    for &log_n in log_ns {
        let scene = Scene::new(&format!("proofs_{log_n}"), log_n, log_n + 1)?;
        let initial = scene.initialize("0.zkey")?;
        let key_path = scene.path("1.zkey");
        snarkjs::contribute(&initial, &key_path)?;
        let input = scene.path("input.json");
        fs::write(&input, Chain::filling_domain(log_n).input(3, 5, 7))?;
        let witness_path = scene.path("witness.wtns");
        snarkjs::calculate_witness(&scene.circuit.wasm, &input, &witness_path)?;

        let zkey = Zkey::open(&key_path)?;
        let witness = wtns::read(&witness_path)?;
        let prover = ZkeyProver::new(&zkey, &scene.backend)?;
        let proof = prover.prove(&witness, &mut OsRng, &mut ())?;
        let inputs = &witness[1..=zkey.num_public_inputs()];
        let [vk, ours, our_inputs, theirs, their_inputs] =
            ["vk", "ours", "our_inputs", "theirs", "their_inputs"].map(|name| scene.path(name));
        fs::write(&ours, proof_to_json(&proof))?;
        fs::write(&our_inputs, public_inputs_to_json(inputs))?;
        snarkjs::export_verifying_key(&key_path, &vk)?;
        assert_eq!(snarkjs::verify(&vk, &our_inputs, &ours)?, Verdict::Accepted);

        snarkjs::prove(&key_path, &witness_path, &theirs, &their_inputs)?;
        let vk = verifying_key_from_json(&fs::read(&vk)?)?;
        assert_eq!(&vk, zkey.verifying_key());
        let inputs = public_inputs_from_json(&fs::read(&their_inputs)?)?;
        let proof = proof_from_json(&fs::read(&theirs)?)?;
        verify(&PreparedKey::new(&vk)?, &inputs, &proof)?;
        fs::remove_dir_all(&scene.folder)?;
    }
    Ok(())
}
