//! Whole proofs on the device, and what a failing one leaves behind.

use ark_ff::UniformRand;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::gpu::{Fault, GpuError, GpuOptions};
use zkroll_prover::backend::{Cpu, ProductFactors, Queries, QuerySums, SideBySide};
use zkroll_prover::{
    Backend, BackendError, Bn254, Cancellation, Fr, HBasis, Observer, Proof, ProveError, Prover,
    ProvingKey,
};

use super::open;
use crate::common;

const BASES: [HBasis; 2] = [HBasis::Monomial, HBasis::OddCoset];

fn cpu() -> Cpu {
    match zkroll_prover::backend::BackendName::Cpu.open() {
        Ok(zkroll_prover::AnyBackend::Cpu(cpu)) => cpu,
        other => panic!("{other:?}"),
    }
}

fn prove<B: Backend>(
    key: &ProvingKey,
    instance: &common::Instance,
    backend: &B,
    observer: &mut dyn Observer,
) -> Result<Proof<Bn254>, ProveError> {
    let [r, s] = [3u64, 5].map(Fr::from);
    Prover::new(key, backend)?.prove_with_blinding(
        &instance.r1cs,
        &instance.assignment,
        r,
        s,
        observer,
    )
}

pub fn same_proof(options: &GpuOptions) {
    let rng = &mut StdRng::seed_from_u64(6);
    let gpu = open(options).unwrap();
    for (public, constraints) in [(1, 3), (3, 1000)] {
        let instance = common::random_instance(rng, public, constraints);
        let expected = prove(&instance.key(), &instance, &cpu(), &mut ()).unwrap();
        for h_basis in BASES {
            let key = instance.key_in(h_basis);
            let proof = prove(&key, &instance, &gpu, &mut ()).unwrap();
            assert_eq!(proof, expected, "{h_basis}");
        }
    }
}

/// Counts the submissions that a proof takes by losing the device after fewer of them: every one is a typed
/// error, and so is whatever comes after.
pub fn device_lost(options: &GpuOptions) {
    let rng = &mut StdRng::seed_from_u64(7);
    let instance = common::random_instance(rng, 2, 200);
    let key = instance.key();
    let mut losses = 0;
    for submissions in 0.. {
        let options = GpuOptions {
            fault: Some(Fault::LoseDeviceAfter(submissions)),
            ..options.clone()
        };
        let gpu = open(&options).unwrap();
        match prove(&key, &instance, &gpu, &mut ()) {
            Err(ProveError::Backend(BackendError::Gpu(GpuError::DeviceLost { .. }))) => {
                losses += 1;
                let again = prove(&key, &instance, &gpu, &mut ());
                assert!(
                    matches!(
                        again,
                        Err(ProveError::Backend(BackendError::Gpu(
                            GpuError::DeviceLost { .. }
                        )))
                    ),
                    "{again:?}"
                );
            }
            Ok(_) => break,
            other => panic!("after {submissions} submissions: {other:?}"),
        }
    }
    assert!(losses > 2, "expected a proof of several submissions");
}

/// Remembers whether the CPU took over.
#[derive(Default)]
struct Fallbacks(Vec<BackendError>);

impl Observer for Fallbacks {
    fn fell_back(&mut self, error: &BackendError) {
        self.0.push(error.clone());
    }
}

/// The device refuses a large buffer: a typed error for `gpu`; side by side with the CPU, a proof.
pub fn allocation_refused(options: &GpuOptions) {
    let rng = &mut StdRng::seed_from_u64(8);
    let instance = common::random_instance(rng, 2, 5000);
    let key = instance.key();
    // The lists of the key still fit, a multiplication's buckets do not.
    let options = GpuOptions {
        fault: Some(Fault::RefuseAllocationsFrom { bytes: 2 << 20 }),
        ..options.clone()
    };
    let refused = prove(&key, &instance, &open(&options).unwrap(), &mut ());
    assert!(
        matches!(
            refused,
            Err(ProveError::Backend(BackendError::Gpu(
                GpuError::OutOfMemory { .. }
            )))
        ),
        "{refused:?}"
    );

    let expected = prove(&key, &instance, &cpu(), &mut ()).unwrap();
    let both = SideBySide::new(cpu(), move || open(&options)).with_gpu_preferred();
    let mut fallbacks = Fallbacks::default();
    let proof = prove(&key, &instance, &both, &mut fallbacks).unwrap();
    assert_eq!(proof, expected);
    assert!(
        matches!(
            fallbacks.0[..],
            [BackendError::Gpu(GpuError::OutOfMemory { .. })]
        ),
        "{:?}",
        fallbacks.0
    );
}

/// What stays on the device gives the same sums, time after time: the copies of A and B are used up, they are
/// not.
pub fn resident_sums(options: &GpuOptions) {
    let rng = &mut StdRng::seed_from_u64(9);
    let instance = common::random_instance(rng, 2, 200);
    let n = instance.key().h_query.len() + 1;
    let mut random = |n| (0..n).map(|_| Fr::rand(rng)).collect::<Vec<_>>();
    let assignment = random(instance.assignment.len());
    let factors = ProductFactors {
        assignment: &assignment,
        num_instance: instance.num_instance,
        a: random(n),
        b: random(n),
    };
    let (cpu, gpu) = (cpu(), open(options).unwrap());
    let loaded = gpu.load_factors(&factors).unwrap();
    for h_basis in BASES {
        let key = instance.key_in(h_basis);
        let expected = with_queries(&cpu, &key, |queries| sums(&cpu, queries, &factors));
        with_queries(&gpu, &key, |queries| {
            assert_eq!(sums(&gpu, queries, &factors), expected, "{h_basis}");
            for _ in 0..2 {
                let resident = gpu.proof_sums_resident(queries, &loaded).unwrap();
                assert_eq!(resident, expected, "{h_basis}");
            }
        });
    }
}

/// The lists of a key in a backend.
fn with_queries<'k, B: Backend, T>(
    backend: &'k B,
    key: &'k ProvingKey,
    body: impl FnOnce(&Queries<'_, B::G1Bases<'k>, B::G2Bases<'k>>) -> T,
) -> T {
    let g1 = [&key.a_query, &key.b_g1_query, &key.h_query, &key.l_query];
    let [a, b_g1, h, l] = g1.map(|points| backend.load_g1(points).unwrap());
    let b_g2 = backend.load_g2(&key.b_g2_query).unwrap();
    body(&Queries {
        a: &a,
        b_g1: &b_g1,
        b_g2: &b_g2,
        h: &h,
        h_basis: key.h_basis,
        l: &l,
    })
}

fn sums<'k, B: Backend + 'k>(
    backend: &B,
    queries: &Queries<'_, B::G1Bases<'k>, B::G2Bases<'k>>,
    factors: &ProductFactors<'_>,
) -> QuerySums {
    backend
        .proof_sums(queries, factors.clone(), &Cancellation::new(), &mut ())
        .unwrap()
}

/// Whenever the device is lost, while the key is loaded or while the proof is made, the CPU makes the proof,
/// and the observer hears of a loss in the proof.
pub fn device_lost_beside_the_cpu(options: &GpuOptions) {
    let rng = &mut StdRng::seed_from_u64(10);
    let instance = common::random_instance(rng, 2, 4500);
    let key = instance.key();
    let expected = prove(&key, &instance, &cpu(), &mut ()).unwrap();
    let mut losses = 0;
    for submissions in (0..).step_by(5) {
        let options = GpuOptions {
            fault: Some(Fault::LoseDeviceAfter(submissions)),
            ..options.clone()
        };
        let gpu = open(&options).unwrap();
        let device = gpu.clone();
        let both = SideBySide::new(cpu(), move || Ok(gpu.clone())).with_gpu_preferred();
        let mut fallbacks = Fallbacks::default();
        let proof = prove(&key, &instance, &both, &mut fallbacks).unwrap();
        assert_eq!(proof, expected, "lost after {submissions} submissions");
        if device.executor().lost().is_none() {
            break;
        }
        losses += fallbacks.0.len();
    }
    assert!(losses > 0, "expected the device to be lost in a proof");
}
