//! Where jobs go, and what happens when the device fails. The device is the shaders' twins.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ark_ff::{Field, UniformRand};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_shaders::Layout;

use super::super::gpu::{Limits, Recording, TwinBuffer, TwinExecutor};
use super::super::{Ark, Naive};
use super::*;

const LIMITS: Limits = Limits {
    binding_words: 4 << 20,
    offset_alignment: 64,
    workgroups: 65_535,
    dispatch_work: 1 << 40,
};

/// A device that fails once the flag is raised.
#[derive(Debug)]
struct Failing {
    twins: TwinExecutor,
    error: GpuError,
    failing: Arc<AtomicBool>,
}

impl Executor for Failing {
    type Buffer = TwinBuffer;

    fn layout(&self) -> Layout {
        self.twins.layout()
    }

    fn limits(&self) -> &Limits {
        self.twins.limits()
    }

    fn resident(&self, label: &'static str, words: u64) -> Result<TwinBuffer, GpuError> {
        self.twins.resident(label, words)
    }

    fn run(
        &self,
        recording: Recording<'_, TwinBuffer>,
        cancellation: &Cancellation,
    ) -> Result<Vec<Vec<u32>>, GpuError> {
        if self.failing.load(Ordering::Relaxed) {
            return Err(self.error.clone());
        }
        self.twins.run(recording, cancellation)
    }
}

/// Both, with the GPU known to be faster at everything, and the flag that makes it fail.
fn both(error: GpuError) -> (SideBySide<Ark, Failing>, Arc<AtomicBool>) {
    let failing = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&failing);
    let both = SideBySide::new(Ark, move || {
        Ok(GpuBackend::new(Failing {
            twins: TwinExecutor::new(Layout::Limbs8x32, LIMITS),
            error: error.clone(),
            failing: Arc::clone(&flag),
        }))
    });
    (both.with_gpu_preferred(), failing)
}

fn lost() -> GpuError {
    GpuError::DeviceLost {
        reason: "test".to_owned(),
    }
}

fn scalars(n: usize) -> Vec<Fr> {
    let rng = &mut StdRng::seed_from_u64(9);
    (0..n).map(|_| Fr::rand(rng)).collect()
}

#[test]
fn a_lost_device_leaves_the_work_to_the_cpu_for_good() {
    let (both, failing) = both(lost());
    let values = scalars(MIN_GPU_SIZE);
    let mut expected = values.clone();
    Ark.ntt(&mut expected).unwrap();
    for fails in [false, true, false] {
        failing.store(fails, Ordering::Relaxed);
        let mut got = values.clone();
        both.ntt(&mut got).unwrap();
        assert!(got == expected, "failing: {fails}");
    }
    assert!(both.shared.retired.load(Ordering::Relaxed));
    assert!(both.gpu(MIN_GPU_SIZE).is_none());
}

#[test]
fn a_device_without_room_is_asked_again() {
    let full = GpuError::OutOfMemory {
        label: "test",
        bytes: 1,
    };
    let (both, failing) = both(full);
    failing.store(true, Ordering::Relaxed);
    let values = scalars(MIN_GPU_SIZE);
    let mut expected = values.clone();
    Ark.ntt(&mut expected).unwrap();
    let mut got = values;
    both.ntt(&mut got).unwrap();
    assert!(got == expected);
    assert!(both.gpu(MIN_GPU_SIZE).is_some());
}

#[test]
fn without_a_device_the_cpu_does_all() {
    let both: SideBySide<Ark, TwinExecutor> = SideBySide::new(Ark, || {
        Err(GpuError::NoAdapter {
            reason: "test".to_owned(),
        })
    });
    let points = multiples::<G1Projective>(MIN_GPU_SIZE);
    let values = scalars(MIN_GPU_SIZE);
    let bases = both.load_g1(&points).unwrap();
    assert!(bases.gpu.is_none());
    let expected = Ark.msm_g1(&Ark.load_g1(&points).unwrap(), &values).unwrap();
    assert_eq!(both.msm_g1(&bases, &values).unwrap(), expected);
}

#[test]
fn small_jobs_do_not_open_the_device() {
    let both: SideBySide<Naive, TwinExecutor> =
        SideBySide::new(Naive, || panic!("expected no device to be opened"));
    let points = multiples::<G1Projective>(3);
    let bases = both.load_g1(&points).unwrap();
    let sum = both.msm_g1(&bases, &[Fr::ONE; 3]).unwrap();
    assert_eq!(sum, G1Affine::generator() * Fr::from(6u64));
    both.ntt(&mut [Fr::ONE; 4]).unwrap();
}

#[test]
fn a_proof_goes_where_it_ends_sooner() {
    let line = |each| Line { fixed: 0.0, each };
    let speed = |g1, g2, ntt| Speed {
        msm_g1: line(g1),
        msm_g2: line(g2),
        ntt: line(ntt),
    };
    let sizes = ProofSizes {
        a: 1000,
        b_g1: 1000,
        b_g2: 1000,
        h: 1023,
        l: 1000,
        h_basis: HBasis::Monomial,
    };
    let divide = |cpu, gpu| Rates { cpu, gpu }.divide(sizes);
    // Much faster: all of it. Much slower: nothing.
    assert_eq!(
        divide(speed(1.0, 3.0, 0.1), speed(0.01, 0.03, 0.001)),
        Some(Share::ALL)
    );
    assert_eq!(divide(speed(0.01, 0.03, 0.001), speed(1.0, 3.0, 0.1)), None);
    // Equal: about half, with the sum over h where the quotient is.
    let share = divide(speed(1.0, 3.0, 0.1), speed(1.0, 3.0, 0.1)).unwrap();
    assert!(share.h && share != Share::ALL, "{share:?}");
}

/// The sums of a proof over few columns, `h` being the list that is long.
fn proof_sums<B: Backend>(
    backend: &B,
    h: &[G1Affine],
    h_basis: HBasis,
    factors: &ProductFactors<'_>,
) -> QuerySums {
    let g1 = multiples::<G1Projective>(factors.assignment.len());
    let g2 = multiples::<G2Projective>(factors.assignment.len());
    let (witness, h) = (
        backend.load_g1(&g1[1..]).unwrap(),
        backend.load_g1(h).unwrap(),
    );
    let all = backend.load_g1(&g1).unwrap();
    let queries = Queries {
        a: &all,
        b_g1: &all,
        b_g2: &backend.load_g2(&g2).unwrap(),
        h: &h,
        h_basis,
        l: &witness,
    };
    let mut observer = NoFallback;
    backend
        .proof_sums(
            &queries,
            factors.clone(),
            &Cancellation::new(),
            &mut observer,
        )
        .unwrap()
}

struct NoFallback;

impl Observer for NoFallback {
    fn fell_back(&mut self, error: &BackendError) {
        panic!("expected the device to serve, got {error}");
    }
}

#[test]
fn a_proof_is_the_same_in_either_basis_whole_and_split() {
    let line = |each| Line { fixed: 0.0, each };
    let speed = |each| Speed {
        msm_g1: line(each),
        msm_g2: line(each),
        ntt: line(each / 10.0),
    };
    let n = MIN_GPU_SIZE;
    let (assignment, a) = (scalars(3), scalars(n));
    let factors = ProductFactors {
        assignment: &assignment,
        num_instance: 1,
        b: a.iter().rev().copied().collect(),
        a,
    };
    let points = multiples::<G1Projective>(n);
    for (h_basis, num_h) in [(HBasis::Monomial, n - 1), (HBasis::OddCoset, n)] {
        let h = &points[..num_h];
        let expected = proof_sums(&Ark, h, h_basis, &factors);
        let sizes = ProofSizes {
            a: 3,
            b_g1: 3,
            b_g2: 3,
            h: num_h,
            l: 2,
            h_basis,
        };
        for (gpu, whole) in [(speed(0.0), true), (speed(1.0), false)] {
            let cpu = speed(1.0);
            let rates = Rates { cpu, gpu };
            let share = rates.divide(sizes).unwrap();
            assert_eq!(share == Share::ALL, whole, "{share:?}");
            let both = SideBySide::new(Ark, || {
                Ok(GpuBackend::new(TwinExecutor::new(
                    Layout::Limbs8x32,
                    LIMITS,
                )))
            });
            both.shared.rates.set(Some(rates)).unwrap();
            // Opened, it takes the short lists too.
            assert!(both.gpu(n).is_some());
            assert_eq!(
                proof_sums(&both, h, h_basis, &factors),
                expected,
                "{h_basis}, {whole}"
            );
        }
    }
}

/// The quotient has one transform more for a key in the basis of the odd coset.
#[test]
fn the_seventh_transform_counts() {
    let line = |each| Line { fixed: 0.0, each };
    let speed = |msm, ntt| Speed {
        msm_g1: line(msm),
        msm_g2: line(msm),
        ntt: line(ntt),
    };
    // The GPU saves 6.5 transforms in the multiplication.
    let rates = Rates {
        cpu: speed(7.5, 0.0),
        gpu: speed(1.0, 1.0),
    };
    let divide = |h_basis, h| {
        rates.divide(ProofSizes {
            a: 0,
            b_g1: 0,
            b_g2: 0,
            h,
            l: 0,
            h_basis,
        })
    };
    assert!(divide(HBasis::Monomial, 1023).is_some());
    assert!(divide(HBasis::OddCoset, 1024).is_none());
}

#[test]
fn lines_go_through_what_was_measured() {
    let ms = Duration::from_millis;
    let line = Line::through([(10, ms(30)), (20, ms(50))]);
    assert!((line.at(30) - 0.070).abs() < 1e-9, "{line:?}");
    // Noise makes no negative times.
    let line = Line::through([(10, ms(30)), (20, ms(20))]);
    assert!((line.at(1000) - 0.020).abs() < 1e-9, "{line:?}");
}
