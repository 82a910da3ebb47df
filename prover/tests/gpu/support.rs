//! What the tests of the GPU share: trials that report themselves where there is no adapter, and dispatches
//! compared with their twins.

#![allow(
    dead_code,
    reason = "every test binary uses its own part of this module"
)]

use libtest_mimic::{Completion, Failed};
use zkroll_prover::Cancellation;
use zkroll_prover::backend::gpu::{
    Data, Device, Executor, GpuError, GpuOptions, Recording, TwinExecutor,
};
use zkroll_shaders::{Access, Kernel, Layout};

/// Runs a test if the device was opened, and says else why it was not: ignored, or failed where
/// `ZKROLL_REQUIRE` has `gpu`.
pub fn with<D>(opened: Result<D, GpuError>, test: impl FnOnce(D)) -> Result<Completion, Failed> {
    let required = || {
        std::env::var("ZKROLL_REQUIRE")
            .is_ok_and(|list| list.split(',').any(|required| required.trim() == "gpu"))
    };
    match opened {
        Ok(device) => {
            test(device);
            Ok(Completion::Completed)
        }
        Err(error) if required() => Err(error.into()),
        Err(error) => Ok(Completion::ignored_with(format!("because {error}"))),
    }
}

/// Options as in the environment, with a layout.
pub fn options(layout: Layout) -> Result<GpuOptions, GpuError> {
    Ok(GpuOptions {
        layout: Some(layout),
        ..GpuOptions::from_environment()?
    })
}

/// Runs one dispatch on buffers that hold these words, and reads those that are written, in the order of the
/// bindings.
pub fn dispatch<E: Executor>(
    executor: &E,
    kernel: Kernel,
    params: &[u32],
    invocations: u32,
    buffers: &[Vec<u32>],
) -> Vec<Vec<u32>> {
    let mut recording = Recording::default();
    let views: Vec<_> = buffers
        .iter()
        .map(|words| recording.upload("a buffer", Data::Words(words.clone())))
        .collect();
    recording.dispatch(kernel, params.to_vec(), views.clone(), invocations, 1);
    for (view, binding) in views.iter().zip(kernel.bindings()) {
        if binding.access == Access::ReadWrite {
            recording.read(view);
        }
    }
    executor.run(recording, &Cancellation::new()).unwrap()
}

/// Demands that a dispatch on the device writes what its twin writes.
pub fn compare(
    device: &Device,
    kernel: Kernel,
    params: &[u32],
    invocations: u32,
    buffers: &[Vec<u32>],
    what: &str,
) {
    let twin = TwinExecutor::new(device.layout(), *device.limits());
    let expected = dispatch(&twin, kernel, params, invocations, buffers);
    let got = dispatch(device, kernel, params, invocations, buffers);
    for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let differs = got.iter().zip(expected).position(|(x, y)| x != y);
        let name = kernel.name();
        assert_eq!(
            differs, None,
            "{name}, {what}: first wrong word of written buffer {i}"
        );
    }
}
