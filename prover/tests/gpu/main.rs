//! Backend gpu on an adapter: the device, the transforms, the multi-scalar multiplications. Where no adapter
//! serves, each test reports "ignored, because …", or fails if `ZKROLL_REQUIRE` contains `gpu`.

#[path = "../common/mod.rs"]
mod common;
mod device;
mod msm;
mod support;
mod transforms;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = [device::trials, transforms::trials, msm::trials];
    let trials = trials.into_iter().flat_map(|trials| trials());
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
