//! Transforms on the wgpu device, in every layout that it supports: each shader writes what its twin
//! writes, and transforms and quotient agree with arkworks. Where no adapter serves, each test reports
//! "ignored, because …", or fails if `ZKROLL_REQUIRE` contains `gpu`.

mod shaders;
mod whole;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Trial};
use zkroll_prover::backend::gpu::{Device, GpuError, GpuOptions};
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
        match open(layout) {
            Ok(device) => {
                test(&device);
                Ok(Completion::Completed)
            }
            Err(error) if required() => Err(error.into()),
            Err(error) => Ok(Completion::ignored_with(format!("because {error}"))),
        }
    })
}

fn open(layout: Layout) -> Result<Device, GpuError> {
    let options = GpuOptions::from_environment()?;
    Device::open(&GpuOptions {
        layout: Some(layout),
        ..options
    })
}

fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|required| required.trim() == "gpu"))
}
