//! Transforms on the wgpu device, in every layout that it supports: each shader writes what its twin
//! writes, and transforms and quotient agree with arkworks. Where no adapter serves, each test reports
//! "ignored, because …", or fails if `ZKROLL_REQUIRE` contains `gpu`.

#[path = "../gpu_common/mod.rs"]
mod gpu_common;
mod shaders;
mod whole;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use zkroll_prover::backend::gpu::Device;
use zkroll_shaders::Layout;

type Test = (&'static str, fn(&Device));

const TESTS: [Test; 7] = [
    ("ntt_is_its_twin", shaders::ntt_is_its_twin),
    (
        "ntt_of_the_largest_values",
        shaders::ntt_of_the_largest_values,
    ),
    (
        "scale_powers_is_its_twin",
        shaders::scale_powers_is_its_twin,
    ),
    ("multiply_is_its_twin", shaders::multiply_is_its_twin),
    ("subtract_is_its_twin", shaders::subtract_is_its_twin),
    ("transforms", whole::transforms),
    ("quotient", whole::quotient),
];

fn main() -> ExitCode {
    let trials = Layout::ALL
        .into_iter()
        .flat_map(|layout| TESTS.map(|test| trial(layout, test)))
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(layout: Layout, (name, test): Test) -> Trial {
    Trial::ignorable_test(format!("gpu::{layout}::{name}"), move || {
        let opened = gpu_common::options(layout).and_then(|options| Device::open(&options));
        gpu_common::with(opened, |device| test(&device))
    })
}
