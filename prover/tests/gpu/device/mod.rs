//! The wgpu device: recordings carried out as the shaders' twins do, and every failure as a typed error
//! after which nothing hangs.

mod failures;
mod recordings;

use std::sync::OnceLock;

use libtest_mimic::Trial;
use zkroll_prover::backend::gpu::{Device, GpuError, GpuOptions};

use crate::support;

type Test = (&'static str, fn(&Device));

/// On one device that all share.
const SHARED: [Test; 10] = [
    ("write_clear_read", recordings::write_clear_read),
    ("commands_are_in_order", recordings::commands_are_in_order),
    ("scalars_in_pieces", recordings::scalars_in_pieces),
    ("empty_recording", recordings::empty_recording),
    (
        "scan_blocks_is_its_twin",
        recordings::scan_blocks_is_its_twin,
    ),
    ("many_submissions", recordings::many_submissions),
    ("many_threads", recordings::many_threads),
    ("thread_pool", recordings::thread_pool),
    ("cancellation", failures::cancellation),
    ("refused_recordings", failures::refused_recordings),
];

/// On devices of their own.
const OWN: [(&str, fn()); 11] = [
    ("probe_is_its_twin", recordings::probe_is_its_twin),
    ("buffers_are_used_again", recordings::buffers_are_used_again),
    ("timestamps", recordings::timestamps),
    ("pipeline_cache", recordings::pipeline_cache),
    ("binding_limit", recordings::binding_limit),
    ("compile_all", recordings::compile_all),
    ("no_adapter", failures::no_adapter),
    ("lost_device", failures::lost_device),
    ("destroyed_while_busy", failures::destroyed_while_busy),
    ("no_memory", failures::no_memory),
    ("time_limit", failures::time_limit),
];

pub fn trials() -> Vec<Trial> {
    let shared = SHARED.map(|(name, test)| trial(name, move || test(shared_device())));
    let own = OWN.map(|(name, test)| trial(name, test));
    shared.into_iter().chain(own).collect()
}

fn trial(name: &'static str, test: impl FnOnce() + Send + 'static) -> Trial {
    Trial::ignorable_test(format!("gpu::{name}"), move || {
        let opened = shared_result().as_ref().map_err(Clone::clone);
        support::with(opened, |_| test())
    })
}

fn shared_result() -> &'static Result<Device, GpuError> {
    static DEVICE: OnceLock<Result<Device, GpuError>> = OnceLock::new();
    DEVICE.get_or_init(|| GpuOptions::from_environment().and_then(|options| Device::open(&options)))
}

fn shared_device() -> &'static Device {
    shared_result()
        .as_ref()
        .expect("tests run where there is a device")
}

/// Options as in the environment.
fn options() -> GpuOptions {
    GpuOptions::from_environment().unwrap()
}
