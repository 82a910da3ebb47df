//! Each shader against its twin.
//!
//! The twins stand for the definition (their own tests). The tile's roots are roots, as the shader leaves
//! out multiplications by one; the other tables hold whatever drives values to their bounds.

use ark_ff::UniformRand;
use rand::SeedableRng;
use rand::rngs::StdRng;
use zkroll_prover::Fr;
use zkroll_prover::backend::gpu::{Device, Executor};
use zkroll_prover::domain::Domain;
use zkroll_shaders::params::{NttFactors, NttParams, PointwiseParams, ScalePowersParams};
use zkroll_shaders::twins::field;
use zkroll_shaders::{Kernel, Layout, NTT_TILE_LOG};

use crate::support::compare;

fn words(values: impl IntoIterator<Item = Fr>) -> Vec<u32> {
    values.into_iter().flat_map(field::words).collect()
}

/// Random values with 0, 1 and r − 1 among them.
fn values(count: usize, rng: &mut StdRng) -> Vec<u32> {
    words((0..count).map(|i| match i % 7 {
        1 => Fr::from(0),
        3 => Fr::from(1),
        5 => -Fr::from(1),
        _ => Fr::rand(rng),
    }))
}

/// Passes: log n, bits of the passes before, bits of this one. Every number of bits, alone, before and
/// after others, and with fewer values than a tile has.
const PASSES: [(u32, &[u32], u32); 22] = [
    (1, &[], 1),
    (2, &[], 2),
    (3, &[], 3),
    (4, &[], 4),
    (5, &[], 5),
    (6, &[], 6),
    (7, &[], 7),
    (8, &[], 8),
    (9, &[], 9),
    (4, &[], 2),
    (4, &[2], 2),
    (10, &[], 1),
    (10, &[1], 9),
    (10, &[9], 1),
    (11, &[3], 4),
    (11, &[3, 4], 4),
    (12, &[], 7),
    (12, &[7], 5),
    (12, &[2, 3, 1], 6),
    (13, &[], 8),
    (13, &[8], 5),
    (13, &[3, 2], 6),
];

/// The parameters of a pass that takes tables of roots of order 2^14 with 2^3 low ones.
fn params((log_n, before, log_radix): (u32, &[u32], u32)) -> NttParams {
    let log_blocks = before.iter().sum();
    let digits = before
        .iter()
        .rev()
        .fold(0, |digits, bits| digits << 4 | bits);
    NttParams {
        base: 0,
        log_n,
        log_radix,
        log_blocks,
        digits: if log_blocks + log_radix == log_n {
            digits
        } else {
            0
        },
        inverse: 0,
        factors: NttFactors::None as u32,
        log_low: 3,
        log_order: 14,
    }
}

/// The powers of the root of order 2^[`NTT_TILE_LOG`], times R: the shader relies on their being such.
fn tile_roots(layout: Layout) -> Vec<u32> {
    let root = Domain::new(1 << NTT_TILE_LOG).unwrap().root();
    let radix = field::radix::<Fr>(layout);
    let powers = std::iter::successors(Some(radix), |power| Some(*power * root));
    words(powers.take(1 << NTT_TILE_LOG))
}

fn tiles(log_n: u32) -> u32 {
    1 << log_n.saturating_sub(NTT_TILE_LOG)
}

pub fn ntt_is_its_twin(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(1);
    let tables = [
        tile_roots(device.layout()),
        values(1 << 3, rng),
        values(1 << 11, rng),
    ];
    for pass in PASSES {
        let input = values(1 << pass.0, rng);
        let output = vec![u32::MAX; input.len()];
        let mut buffers = vec![input, output];
        buffers.extend(tables.clone());
        for (inverse, factors) in [
            (0, NttFactors::None),
            (1, NttFactors::Root),
            (0, NttFactors::RootProduct),
            (1, NttFactors::Power),
        ] {
            let params = NttParams {
                inverse,
                factors: factors as u32,
                ..params(pass)
            };
            let what = format!("{pass:?}, {inverse}, {factors:?}");
            let size = Kernel::Ntt.workgroup_size();
            let all = tiles(params.log_n);
            // All tiles, and the second half of them.
            for first in [0, all / 2] {
                let params = NttParams {
                    base: first * size,
                    ..params
                };
                let invocations = (all - first) * size;
                compare(
                    device,
                    Kernel::Ntt,
                    &params.words(),
                    invocations,
                    &buffers,
                    &what,
                );
            }
        }
    }
}

/// Values and factors of r − 1 come closest to the bounds of sums in the shader; so do pairs whose
/// difference is −(r − 1).
pub fn ntt_of_the_largest_values(device: &Device) {
    let largest = || words([-Fr::from(1)]);
    for pass in PASSES {
        let n = 1usize << pass.0;
        let step = |period: usize| {
            let zero = vec![0; 8];
            (0..n)
                .flat_map(|i| {
                    if i & period == 0 {
                        zero.clone()
                    } else {
                        largest()
                    }
                })
                .collect::<Vec<u32>>()
        };
        let inputs = [largest().repeat(n), step(n / 2), step(n / 4), step(1)];
        for input in inputs {
            let mut buffers = vec![input, vec![u32::MAX; 8 * n]];
            buffers.push(tile_roots(device.layout()));
            buffers.extend([3, 11].map(|log| largest().repeat(1 << log)));
            for factors in [NttFactors::None, NttFactors::RootProduct] {
                let params = NttParams {
                    factors: factors as u32,
                    ..params(pass)
                };
                let invocations = tiles(params.log_n) * Kernel::Ntt.workgroup_size();
                let what = format!("{pass:?}, {factors:?}");
                compare(
                    device,
                    Kernel::Ntt,
                    &params.words(),
                    invocations,
                    &buffers,
                    &what,
                );
            }
        }
    }
}

/// Values, and the first and the number of those that are written: a whole buffer, a part that ends inside
/// a workgroup, one value.
const PARTS: [(u32, u32, u32); 4] = [(1, 0, 1), (64, 0, 64), (300, 0, 300), (300, 64, 250)];

pub fn scale_powers_is_its_twin(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(2);
    for (len, base, count) in PARTS {
        let log_low = 4;
        let params = ScalePowersParams {
            base,
            count,
            log_low,
        };
        let buffers = [len, 16, len.div_ceil(16)].map(|len| values(len as usize, rng));
        let what = format!("{len}, {base}, {count}");
        compare(
            device,
            Kernel::ScalePowers,
            &params.words(),
            len,
            &buffers,
            &what,
        );
    }
}

pub fn multiply_is_its_twin(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(3);
    for (len, base, count) in PARTS {
        let params = PointwiseParams { base, count };
        let buffers = [len; 3].map(|len| values(len as usize, rng));
        let what = format!("{len}, {base}, {count}");
        compare(
            device,
            Kernel::Multiply,
            &params.words(),
            len,
            &buffers,
            &what,
        );
    }
}

pub fn subtract_is_its_twin(device: &Device) {
    let rng = &mut StdRng::seed_from_u64(4);
    for (len, base, count) in PARTS {
        let params = PointwiseParams { base, count };
        let mut buffers = [len; 2].map(|len| values(len as usize, rng));
        // 0 − (r − 1), and equal values.
        if len > 8 {
            buffers[0][8..16].fill(0);
            buffers[1][8..16].copy_from_slice(&field::words(-Fr::from(1)));
            let equal = buffers[1][16..24].to_vec();
            buffers[0][16..24].copy_from_slice(&equal);
        }
        let what = format!("{len}, {base}, {count}");
        compare(
            device,
            Kernel::Subtract,
            &params.words(),
            len,
            &buffers,
            &what,
        );
    }
}
