//! Each shader against its twin, on random values and on those at the edges.

use ark_bn254::{Fq, Fq2};
use ark_ec::CurveGroup;
use ark_ff::{Field, PrimeField, UniformRand, Zero};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use zkroll_prover::backend::gpu::{Device, Executor, GpuOptions};
use zkroll_prover::{Fr, G1Projective, G2Projective};
use zkroll_shaders::params::{
    AccumulateParams, CombineParams, ConvertPointsParams, DigitsParams, ReduceParams,
    ScanAddParams, ScanBlocksParams, ScatterParams,
};
use zkroll_shaders::twins::curve::{Coordinate, Xyzz};
use zkroll_shaders::twins::field;
use zkroll_shaders::{Curve, Kernel, Layout, twins};

use crate::support::{compare, dispatch};

fn device(options: &GpuOptions) -> Device {
    Device::open(options).unwrap()
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(0x6d73_6d67)
}

/// A coordinate field of which tests draw elements and points.
trait TestField: Coordinate + UniformRand {
    const CURVE: Curve;
    type Group: CurveGroup<BaseField = Self>;
}

impl TestField for Fq {
    const CURVE: Curve = Curve::G1;
    type Group = G1Projective;
}

impl TestField for Fq2 {
    const CURVE: Curve = Curve::G2;
    type Group = G2Projective;
}

/// Affine points in words: random ones, the first repeated and negated, and infinity.
fn affine_points<F: TestField>(layout: Layout, n: usize, rng: &mut StdRng) -> Vec<u32> {
    use ark_ec::AffineRepr;
    let first = F::Group::rand(rng).into_affine();
    let mut words = Vec::new();
    for i in 0..n {
        let point = match i % 6 {
            1 | 2 => first,
            3 => (-first.into_group()).into_affine(),
            4 => <F::Group as CurveGroup>::Affine::zero(),
            _ => F::Group::rand(rng).into_affine(),
        };
        match point.xy() {
            Some((x, y)) => {
                words.extend(x.store(layout));
                words.extend(y.store(layout));
            }
            None => words.extend(vec![0; 2 * F::WORDS]),
        }
    }
    words
}

/// Points with four coordinates, ZZ³ = ZZZ²: random ones, equal, opposite and infinite ones, and ones.
fn xyzz_points<F: TestField>(layout: Layout, n: usize, rng: &mut StdRng) -> Vec<u32> {
    use ark_ec::AffineRepr;
    let first = F::Group::rand(rng).into_affine();
    let mut words = vec![0; 4 * F::WORDS * n];
    for i in 0..n {
        let point = match i % 5 {
            1 | 2 => first,
            3 => (-first.into_group()).into_affine(),
            _ => F::Group::rand(rng).into_affine(),
        };
        if i % 7 == 6 {
            Xyzz::<F>::INFINITY.store(layout, &mut words, i);
            continue;
        }
        let (x, y) = point.xy().unwrap();
        let z = if i % 3 == 0 { F::ONE } else { F::rand(rng) };
        let (zz, zzz) = (z.square(), z.square() * z);
        let point = Xyzz {
            x: x * zz,
            y: y * zzz,
            zz,
            zzz,
        };
        point.store(layout, &mut words, i);
    }
    words
}

pub fn convert_points(options: &GpuOptions) {
    let device = device(options);
    for curve in Curve::ALL {
        // Integers at the edges of the field: 0, 1, p − 1 and random ones.
        let count = 150;
        let rng = &mut rng();
        let values = (0..count * curve.affine_words() / 8).map(|i| match i % 5 {
            0 => Fq::zero(),
            1 => Fq::ONE,
            2 => -Fq::ONE,
            _ => Fq::rand(rng),
        });
        let words: Vec<u32> = values.flat_map(field::words).collect();
        let (base, count) = (0, count as u32);
        let params = ConvertPointsParams { base, count };
        let kernel = Kernel::ConvertPoints(curve);
        compare(&device, kernel, &params.words(), count, &[words], "edges");
    }
}

fn scalars(n: usize, rng: &mut StdRng) -> Vec<Fr> {
    let half = Fr::from(2u64).inverse().unwrap();
    (0..n)
        .map(|i| match i % 10 {
            0 => Fr::zero(),
            1 => Fr::ONE,
            2 => -Fr::ONE,
            3 => half,  // (r + 1)/2, the first that is turned round
            4 => -half, // (r − 1)/2, the last that is not
            5 => Fr::from(2u64).pow([(i % 254) as u64]),
            6 => -Fr::from(rng.r#gen::<u32>()),
            _ => Fr::rand(rng),
        })
        .collect()
}

fn ark_words(scalars: &[Fr]) -> Vec<u32> {
    let mont = field::power_of_two::<Fr>(256);
    scalars
        .iter()
        .flat_map(|scalar| field::words(*scalar * mont))
        .collect()
}

fn digits_params(count: u32, window_bits: u32) -> DigitsParams {
    let windows = 254u32.div_ceil(window_bits);
    let mut offset = [0u32; 8];
    for w in 0..windows - 1 {
        let bit = window_bits * w + window_bits - 1;
        offset[bit as usize / 32] |= 1 << (bit % 32);
    }
    DigitsParams {
        offset_low: [offset[0], offset[1], offset[2], offset[3]],
        offset_high: [offset[4], offset[5], offset[6], offset[7]],
        count,
        window_bits,
        windows,
        stride: count,
    }
}

/// Counts and digits are the twin's; ranks are a permutation of the twin's in every bucket. The twin's
/// digits add up to the scalar.
pub fn digits(options: &GpuOptions) {
    let device = device(options);
    let scalars = scalars(700, &mut rng());
    for window_bits in [4, 5, 7, 8, 11, 13, 16, 17] {
        let params = digits_params(scalars.len() as u32, window_bits);
        let buckets = params.windows << (window_bits - 1);
        let entries = 2 * (params.windows * params.count) as usize;
        let buffers = [
            ark_words(&scalars),
            vec![0; buckets as usize],
            vec![0; entries],
        ];
        let got = dispatch(
            &device,
            Kernel::Digits,
            &params.words(),
            params.count,
            &buffers,
        );
        let [_, mut counts, mut list] = buffers;
        twins::digits::digits(&params, &ark_words(&scalars), &mut counts, &mut list);
        assert_eq!(got[0], counts, "counts, windows of {window_bits} bits");

        let mut ranks = vec![Vec::new(); buckets as usize];
        for (got, expected) in got[1].chunks(2).zip(list.chunks(2)) {
            assert_eq!(got[0], expected[0], "digit, windows of {window_bits} bits");
            let bucket = got[0] & twins::digits::NONE;
            if bucket != twins::digits::NONE {
                ranks[bucket as usize].push(got[1]);
            }
        }
        for (mut ranks, count) in ranks.into_iter().zip(counts) {
            ranks.sort_unstable();
            assert!(ranks.into_iter().eq(0..count));
        }

        let base = Fr::from(1u64 << window_bits);
        for (i, scalar) in scalars.iter().enumerate() {
            let digit = |w: u32| {
                let entry = list[2 * (w * params.stride) as usize + 2 * i];
                let bucket = entry & twins::digits::NONE;
                if bucket == twins::digits::NONE {
                    return Fr::zero();
                }
                let size = Fr::from(bucket - (w << (window_bits - 1)) + 1);
                if entry >> 31 == 1 { -size } else { size }
            };
            let sum = (0..params.windows)
                .rev()
                .fold(Fr::zero(), |sum, w| sum * base + digit(w));
            assert_eq!(sum, *scalar, "windows of {window_bits} bits");
        }
    }
}

pub fn scans(options: &GpuOptions) {
    let device = device(options);
    let rng = &mut rng();
    // Around a block and an invocation's four.
    for count in [1u32, 3, 4, 5, 1023, 1024, 1025, 5000] {
        let what = format!("{count} counts");
        let counts: Vec<u32> = (0..count).map(|_| rng.gen_range(0..1000)).collect();
        let blocks = count.div_ceil(zkroll_shaders::SCAN_BLOCK) as usize;
        let offsets = vec![7; counts.len()];
        let params = ScanBlocksParams { count };
        let buffers = [counts.clone(), offsets, vec![7; blocks]];
        let invocations = count.div_ceil(4);
        compare(
            &device,
            Kernel::ScanBlocks,
            &params.words(),
            invocations,
            &buffers,
            &what,
        );
        let params = ScanAddParams { count };
        let buffers = [counts, (0..blocks as u32).collect()];
        compare(
            &device,
            Kernel::ScanAdd,
            &params.words(),
            count,
            &buffers,
            &what,
        );
    }
}

/// A digit list with the offsets of its buckets.
fn sorted_input(scalars: &[Fr], window_bits: u32) -> (DigitsParams, Vec<u32>, Vec<u32>) {
    let params = digits_params(scalars.len() as u32, window_bits);
    let buckets = (params.windows << (window_bits - 1)) as usize;
    let mut counts = vec![0; buckets + 1];
    let mut list = vec![0; 2 * params.windows as usize * scalars.len()];
    twins::digits::digits(&params, &ark_words(scalars), &mut counts, &mut list);
    let offsets = counts.iter().scan(0, |sum, count| {
        let before = *sum;
        *sum += count;
        Some(before)
    });
    (params, offsets.collect(), list)
}

pub fn scatter(options: &GpuOptions) {
    let device = device(options);
    let scalars = scalars(700, &mut rng());
    let (digits, offsets, list) = sorted_input(&scalars, 9);
    let params = ScatterParams {
        count: digits.count,
        windows: digits.windows,
        stride: digits.stride,
    };
    let sorted = vec![0; list.len()];
    compare(
        &device,
        Kernel::Scatter,
        &params.words(),
        digits.count,
        &[list, offsets, sorted],
        "700 scalars",
    );
}

pub fn accumulate(options: &GpuOptions) {
    fn check<F: TestField>(device: &Device) {
        let (layout, rng) = (device.layout(), &mut rng());
        // Half of the scalars are one, so that runs cross slices.
        let mut scalars = scalars(100, rng);
        let same = Fr::rand(rng);
        scalars
            .iter_mut()
            .step_by(2)
            .for_each(|scalar| *scalar = same);
        let (digits, offsets, list) = sorted_input(&scalars, 6);
        let mut sorted = vec![0; list.len()];
        let scatter = ScatterParams {
            count: digits.count,
            windows: digits.windows,
            stride: digits.stride,
        };
        twins::scatter::scatter(&scatter, &list, &offsets, &mut sorted);
        let total = offsets.len() as u32 - 1;
        let buckets = xyzz_points::<F>(layout, total as usize, rng);
        // Points of scalars 7 to 92 only; more slices than entries.
        let points = affine_points::<F>(layout, 90, rng);
        let slices = offsets[total as usize].div_ceil(16) + 3;
        let params = AccumulateParams {
            base: 0,
            slices,
            slice_len: 16,
            total,
            first: 7,
            end: 93,
            shift: 7u32.wrapping_neg(),
        };
        let partials = vec![0; 2 * slices as usize * F::CURVE.xyzz_words()];
        let buffers = [
            sorted,
            offsets,
            points,
            buckets,
            vec![0; 2 * slices as usize],
            partials,
        ];
        let kernel = Kernel::Accumulate(F::CURVE);
        compare(
            device,
            kernel,
            &params.words(),
            slices,
            &buffers,
            "slices of 16",
        );
    }
    let device = device(options);
    check::<Fq>(&device);
    check::<Fq2>(&device);
}

pub fn combine(options: &GpuOptions) {
    fn check<F: TestField>(device: &Device) {
        let (layout, rng) = (device.layout(), &mut rng());
        // Runs of every length, some across invocations, and nothing at the end.
        let mut ids: Vec<u32> = (0..200u32).map(|i| (i * i / 160).min(180)).collect();
        ids.extend([u32::MAX; 11]);
        let count = ids.len() as u32;
        let partials = xyzz_points::<F>(layout, ids.len(), rng);
        let buckets = xyzz_points::<F>(layout, 256, rng);
        for (slice_len, last) in [(8, 0), (5, 0), (count, 1)] {
            let invocations = count.div_ceil(slice_len);
            let what = format!("slices of {slice_len}");
            let params = CombineParams {
                base: 0,
                count,
                slice_len,
                last,
            };
            let out = 2 * invocations as usize;
            let buffers = [
                ids.clone(),
                partials.clone(),
                buckets.clone(),
                vec![0; out],
                vec![0; out * F::CURVE.xyzz_words()],
            ];
            let kernel = Kernel::Combine(F::CURVE);
            compare(
                device,
                kernel,
                &params.words(),
                invocations,
                &buffers,
                &what,
            );
        }
    }
    let device = device(options);
    check::<Fq>(&device);
    check::<Fq2>(&device);
}

pub fn reduce(options: &GpuOptions) {
    fn check<F: TestField>(device: &Device) {
        let (layout, rng) = (device.layout(), &mut rng());
        for (arrays, log_width, log_fold) in [(1, 4, 3), (2, 2, 2), (3, 1, 1)] {
            let windows = 3;
            let what = format!("{arrays} arrays of 2^{log_width}, folds of 2^{log_fold}");
            let inputs = (arrays * windows) << log_width;
            let groups = windows << (log_width - log_fold);
            let points = xyzz_points::<F>(layout, inputs as usize, rng);
            let out = vec![0; ((arrays + 1) * groups) as usize * F::CURVE.xyzz_words()];
            let params = ReduceParams {
                base: 0,
                arrays,
                windows,
                log_width,
                log_fold,
            };
            let kernel = Kernel::Reduce(F::CURVE);
            let invocations = arrays * groups;
            compare(
                device,
                kernel,
                &params.words(),
                invocations,
                &[points, out],
                &what,
            );
        }
    }
    let device = device(options);
    check::<Fq>(&device);
    check::<Fq2>(&device);
    // The largest coordinates that there are, on no curve, through every formula's bounds.
    let layout = device.layout();
    let largest = field::words(-Fq::ONE).repeat(4 * 8);
    assert!(Fq::load(layout, &largest[..8]) != Fq::zero() && Fq::MODULUS_BIT_SIZE == 254);
    let params = ReduceParams {
        base: 0,
        arrays: 1,
        windows: 1,
        log_width: 3,
        log_fold: 3,
    };
    let out = vec![0; 2 * Curve::G1.xyzz_words()];
    let kernel = Kernel::Reduce(Curve::G1);
    compare(
        &device,
        kernel,
        &params.words(),
        1,
        &[largest, out],
        "largest",
    );
}
