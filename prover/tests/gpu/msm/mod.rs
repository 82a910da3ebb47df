//! Multi-scalar multiplication on the GPU: each shader against its twin, every distribution of scalars and
//! points that skews the buckets, small binding limits, whole proofs, and what a failing device leaves
//! behind. Each test runs in every layout that the adapter has.

mod proofs;
mod shaders;
mod skew;

use libtest_mimic::Trial;
use zkroll_prover::backend::gpu::{Device, GpuBackend, GpuError, GpuOptions};
use zkroll_shaders::Layout;

use crate::support;

type Gpu = GpuBackend<Device>;
type Test = (&'static str, fn(&GpuOptions));

const TESTS: [Test; 14] = [
    ("convert_points_is_its_twin", shaders::convert_points),
    ("digits_are_those_of_the_twin", shaders::digits),
    ("scans_are_their_twins", shaders::scans),
    ("scatter_is_its_twin", shaders::scatter),
    ("accumulate_is_its_twin", shaders::accumulate),
    ("combine_is_its_twin", shaders::combine),
    ("reduce_is_its_twin", shaders::reduce),
    ("skewed_inputs", skew::skewed_inputs),
    ("small_bindings", skew::small_bindings),
    ("proof_is_that_of_the_cpu", proofs::same_proof),
    ("resident_sums", proofs::resident_sums),
    ("device_lost_in_a_proof", proofs::device_lost),
    (
        "device_lost_beside_the_cpu",
        proofs::device_lost_beside_the_cpu,
    ),
    ("allocation_refused", proofs::allocation_refused),
];

pub fn trials() -> Vec<Trial> {
    let trials = Layout::ALL.into_iter().flat_map(|layout| {
        TESTS.map(|(name, test)| {
            Trial::ignorable_test(format!("gpu::{layout}::{name}"), move || {
                let options = support::options(layout)?;
                support::with(Device::open(&options), |_| test(&options))
            })
        })
    });
    trials.collect()
}

/// The backend on a device of its own.
fn open(options: &GpuOptions) -> Result<Gpu, GpuError> {
    Device::open(options).map(GpuBackend::new)
}
