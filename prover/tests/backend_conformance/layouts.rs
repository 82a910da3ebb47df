//! The suite on the GPU once more in each layout that is not the adapter's own choice.

use std::sync::Mutex;

use libtest_mimic::Trial;
use zkroll_prover::AnyBackend;
use zkroll_prover::backend::BackendName;
use zkroll_prover::backend::gpu::{Device, Gpu, GpuError, GpuOptions};
use zkroll_shaders::Layout;

use super::{LARGE, SMALL, run};

/// The device of the layout that is tested now: one for all its tests, so that its shaders are compiled
/// once.
static OPEN: Mutex<Option<(Layout, Gpu)>> = Mutex::new(None);

pub fn trials() -> Vec<Trial> {
    // What a name opens differs from layout to layout in nothing but the layout.
    let tests = SMALL[..SMALL.len() - 1].iter().chain(&LARGE);
    let tests: Vec<_> = tests.copied().collect();
    let of_layout = |layout: Layout| {
        let trial = move |(name, test)| {
            Trial::ignorable_test(format!("gpu-{layout}::{name}"), move || {
                run(BackendName::Gpu, open(layout), test)
            })
        };
        tests.clone().into_iter().map(trial)
    };
    Layout::ALL.into_iter().flat_map(of_layout).collect()
}

fn open(layout: Layout) -> Result<AnyBackend, GpuError> {
    let mut open = OPEN.lock().expect("no test panics with the lock");
    if let Some((of, gpu)) = &*open
        && *of == layout
    {
        return Ok(AnyBackend::Gpu(gpu.clone()));
    }
    let options = GpuOptions {
        layout: Some(layout),
        ..GpuOptions::from_environment()?
    };
    let gpu = Gpu::new(Device::open(&options)?);
    *open = Some((layout, gpu.clone()));
    Ok(AnyBackend::Gpu(gpu))
}
