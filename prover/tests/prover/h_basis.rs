//! A key in either basis of `h_query` makes the same proof, on every backend, in memory and from a file.

use crate::common::{Instance, random_instance};
use ark_bn254::Bn254;
use ark_ff::Field;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::{Ark, BackendName};
use zkroll_prover::domain::{DomainTooLarge, MAX_LOG_SIZE};
use zkroll_prover::key_file::{StreamedKey, file_size, write};
use zkroll_prover::{
    Backend, Fr, HBasis, Matrix, NotMonomial, Proof, ProveError, Prover, ProvingKey, R1cs,
    SetupError, prove_with_blinding, setup, validate_proving_key,
};

const BLINDING: [u64; 2] = [11, 13];

/// Public inputs and constraints: domains of 1, 4 and 64 elements.
const SMALL: [(usize, usize); 3] = [(0, 0), (1, 1), (3, 40)];
/// And of 512, not for the reference, which takes n² steps, and the twins.
const LARGE: [(usize, usize); 1] = [(2, 300)];

/// A circuit, its key in the two bases, and its proof.
struct Case {
    instance: Instance,
    monomial: ProvingKey,
    odd: ProvingKey,
    expected: Proof<Bn254>,
}

fn cases(shapes: &[(usize, usize)]) -> impl Iterator<Item = Case> {
    let mut rng = StdRng::seed_from_u64(14);
    shapes.iter().map(move |&(public, constraints)| {
        let instance = random_instance(&mut rng, public, constraints);
        let [monomial, odd] = [HBasis::Monomial, HBasis::OddCoset].map(|h| instance.key_in(h));
        let expected = prove(&Prover::new(&monomial, &Ark).unwrap(), &instance);
        Case {
            instance,
            monomial,
            odd,
            expected,
        }
    })
}

fn prove<B: Backend>(prover: &Prover<'_, B>, instance: &Instance) -> Proof<Bn254> {
    let [r, s] = BLINDING.map(Fr::from);
    prover
        .prove_with_blinding(&instance.r1cs, &instance.assignment, r, s, &mut ())
        .unwrap()
}

impl Case {
    /// In memory, with tables, and from the file.
    fn check<B: Backend>(&self, backend: &B) {
        for key in [&self.monomial, &self.odd] {
            let what = format!("{key}, {}", backend.name());
            let prover = Prover::new(key, backend).unwrap();
            assert_eq!(prove(&prover, &self.instance), self.expected, "{what}");
            let prover = Prover::with_tables(key, backend, 1 << 20).unwrap();
            assert_eq!(
                prove(&prover, &self.instance),
                self.expected,
                "{what}, tables"
            );

            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("circuit.key");
            write(&path, key).unwrap();
            let stored = StreamedKey::open(&path, None).unwrap();
            let prover = Prover::streaming(&stored, backend).unwrap();
            assert_eq!(
                prove(&prover, &self.instance),
                self.expected,
                "{what}, streamed"
            );
        }
    }
}

#[test]
fn every_backend_makes_the_same_proof_with_either_key() {
    for name in BackendName::ALL {
        let Ok(backend) = name.open() else { continue };
        cases(&SMALL).for_each(|case| case.check(&backend));
        if name != BackendName::Naive {
            cases(&LARGE).for_each(|case| case.check(&backend));
        }
    }
}

/// The GPU's recordings, carried out by the shaders' twins, in every layout.
#[cfg(feature = "gpu")]
#[test]
fn the_twins_make_the_same_proof_with_either_key() {
    use zkroll_prover::backend::gpu::{GpuBackend, Limits, TwinExecutor};
    use zkroll_shaders::Layout;

    let limits = Limits {
        binding_words: 4 << 20,
        offset_alignment: 64,
        workgroups: 65_535,
        dispatch_work: 1 << 40,
    };
    for case in cases(&SMALL) {
        for layout in Layout::ALL {
            let backend = GpuBackend::new(TwinExecutor::new(layout, limits));
            case.check(&backend);
            for key in [&case.monomial, &case.odd] {
                let prover = Prover::new(key, &backend).unwrap();
                let Instance {
                    r1cs, assignment, ..
                } = &case.instance;
                let resident = prover.load_assignment(r1cs, assignment).unwrap();
                let [r, s] = BLINDING.map(Fr::from);
                // Twice: what is on the device stays as it is.
                for _ in 0..2 {
                    let proof = prover.prove_resident(&resident, r, s).unwrap();
                    assert_eq!(proof, case.expected, "{layout}, {key}");
                }
            }
        }
    }
}

#[test]
fn the_keys_differ_in_h_query_alone() {
    for case in cases(&SMALL) {
        assert_eq!(case.monomial.h_basis, HBasis::Monomial);
        assert_eq!(case.odd.h_query.len(), case.monomial.h_query.len() + 1);
        validate_proving_key(&case.odd).unwrap();
        let ark = ark_groth16::ProvingKey::try_from(case.odd.clone());
        let got = HBasis::OddCoset;
        assert_eq!(ark.unwrap_err(), NotMonomial { got });
        let rest = ProvingKey {
            h_basis: HBasis::Monomial,
            h_query: case.monomial.h_query.clone(),
            ..case.odd
        };
        assert_eq!(rest, case.monomial);
    }
}

#[test]
fn a_key_says_its_basis() {
    let instance = crate::common::square_instance(7);
    let says = |h_basis| instance.key_in(h_basis).to_string();
    assert!(says(HBasis::Monomial).contains("domain 4, basis of h_query monomial,"));
    assert!(says(HBasis::OddCoset).contains("domain 4, basis of h_query odd coset,"));
}

#[test]
fn a_key_of_another_domain_is_refused() {
    let rng = &mut StdRng::seed_from_u64(15);
    let (small, large) = (random_instance(rng, 1, 5), random_instance(rng, 1, 6));
    let mut key = small.key_in(HBasis::OddCoset);
    // The circuit's domain has 8 elements; so many points more are those of a domain of 16.
    key.h_query
        .extend(large.key().h_query.iter().chain(&large.key().h_query[..1]));
    let [r, s] = BLINDING.map(Fr::from);
    let refused = prove_with_blinding(&key, &small.r1cs, &small.assignment, &Ark, r, s);
    assert_eq!(
        refused.unwrap_err(),
        ProveError::KeyShape {
            list: "h_query",
            expected: 8,
            got: 16
        }
    );
}

/// A circuit that is never written out and fills the largest domain.
struct Largest;

impl R1cs for Largest {
    fn num_instance(&self) -> usize {
        1
    }
    fn num_witness(&self) -> usize {
        1
    }
    fn num_constraints(&self) -> usize {
        (1 << MAX_LOG_SIZE) - 1
    }
    fn visit_row(&self, _: Matrix, _: usize, visit: &mut dyn FnMut(usize, &Fr)) {
        visit(1, &Fr::ONE);
    }
    fn label(&self, row: usize) -> String {
        format!("square[{row}]")
    }
}

#[test]
fn the_largest_domain_has_keys_in_the_monomial_basis_only() {
    let too_large = DomainTooLarge {
        got: 1 << (MAX_LOG_SIZE + 1),
    };
    assert!(file_size(&Largest, HBasis::Monomial).unwrap() > 64 << MAX_LOG_SIZE);
    let size = file_size(&Largest, HBasis::OddCoset);
    assert_eq!(size, Err(too_large.clone()));
    let key = setup::development_in(&Largest, [0; 32], &[0; 32], HBasis::OddCoset);
    assert_eq!(key.unwrap_err(), SetupError::DomainTooLarge(too_large));
}
