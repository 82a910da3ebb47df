//! Transforms on the wgpu device, in every layout that it supports: each shader writes what its twin
//! writes, and transforms and quotient agree with arkworks.

mod shaders;
mod whole;

use libtest_mimic::Trial;
use zkroll_prover::backend::gpu::Device;
use zkroll_shaders::Layout;

use crate::support;

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

pub fn trials() -> Vec<Trial> {
    Layout::ALL
        .into_iter()
        .flat_map(|layout| TESTS.map(|test| trial(layout, test)))
        .collect()
}

fn trial(layout: Layout, (name, test): Test) -> Trial {
    Trial::ignorable_test(format!("gpu::{layout}::{name}"), move || {
        let opened = support::options(layout).and_then(|options| Device::open(&options));
        support::with(opened, |device| test(&device))
    })
}
