//! Whole transforms and quotients against arkworks.

use ark_ff::{Field, UniformRand};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::backend::Ark;
use zkroll_prover::backend::gpu::{Data, Device, Executor, Recording, TransformPlan, Transforms};
use zkroll_prover::{Backend, Cancellation, Fr};
use zkroll_shaders::twins::field;

/// The plan in use, at sizes with one, two and three passes and with one and two levels of roots; and one
/// with many small passes.
const PLANS: [(TransformPlan, &[u32]); 3] = [
    (
        TransformPlan {
            log_tile: 9,
            log_high: 16,
        },
        &[0, 1, 2, 3, 6, 8, 9, 10, 11, 12, 13, 16, 17, 19],
    ),
    (
        TransformPlan {
            log_tile: 9,
            log_high: 10,
        },
        &[10, 14, 15, 16],
    ),
    (
        TransformPlan {
            log_tile: 3,
            log_high: 5,
        },
        &[7, 13],
    ),
];

fn random(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    (0..n).map(|_| Fr::rand(rng)).collect()
}

pub fn transforms(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(1);
    for (plan, sizes) in PLANS {
        let transforms = Transforms::new(plan);
        for &log_n in sizes {
            let input = random(1 << log_n, rng);
            let shift = Fr::rand(rng);
            let domain = Radix2EvaluationDomain::<Fr>::new(input.len()).unwrap();
            let coset = domain.get_coset(shift).unwrap();
            let what = format!("{plan:?}, 2^{log_n}");

            let mut values = input.clone();
            transforms.ntt(device, &mut values).unwrap();
            assert!(values == domain.fft(&input), "ntt, {what}");
            transforms.intt(device, &mut values).unwrap();
            assert!(values == input, "intt, {what}");
            transforms.coset_ntt(device, &mut values, shift).unwrap();
            assert!(values == coset.fft(&input), "coset_ntt, {what}");
            transforms.coset_intt(device, &mut values, shift).unwrap();
            assert!(values == input, "coset_intt, {what}");

            if log_n > 0 {
                let values = resident(device, &transforms, &input);
                assert!(
                    values == domain.fft(&domain.fft(&input)),
                    "resident, {what}"
                );
            }
        }
    }
}

/// Two transforms in a row on a device's own buffers.
fn resident(device: &Device, transforms: &Transforms<Device>, values: &[Fr]) -> Vec<Fr> {
    let mut recording = Recording::default();
    let data = Data::Scalars(values);
    let (a, b) = (
        recording.temporary("values", data.words()),
        recording.temporary("spare", data.words()),
    );
    recording.write(&a, data);
    let mut pair = [&a, &b];
    for _ in 0..2 {
        let result = transforms
            .record_ntt(device, &mut recording, pair[0], pair[1])
            .unwrap();
        if result == *pair[1] {
            pair.reverse();
        }
    }
    recording.read(pair[0]);
    let words = device.run(recording, &Cancellation::new()).unwrap();
    let mont = field::power_of_two::<Fr>(256).inverse().unwrap();
    words[0]
        .chunks(8)
        .map(|words| field::integer::<Fr>(words) * mont)
        .collect()
}

pub fn quotient(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(2);
    for (plan, sizes) in PLANS {
        let transforms = Transforms::new(plan);
        for &log_n in sizes {
            let (a, b) = (random(1 << log_n, rng), random(1 << log_n, rng));
            let got = transforms.quotient(device, &a, &b).unwrap();
            let expected = Ark.quotient(a, b).unwrap();
            assert!(got == expected, "{plan:?}, 2^{log_n}");
        }
    }
}
