//! How fast the device multiplies, and in which layout.
//!
//! [`Kernel::Probe`] multiplies in chains. Its rounds grow until a dispatch takes a few milliseconds;
//! the fastest layout is used, and its speed says how much work a dispatch may have.
//!
//! Cost on Mesa's llvmpipe, two cores, nothing cached: 0.1 s for `8x32` and `9x29` each, 0.2 s for
//! `20x13`, almost all of it for compiling. So software adapters are timed like others.

use std::time::{Duration, Instant};

use zkroll_shaders::params::ProbeParams;
use zkroll_shaders::{Kernel, Layout};

use super::device::{Device, DeviceBuffer};
use super::error::GpuError;
use super::recording::{Data, Executor, Recording, View};
use crate::observer::Cancellation;

/// Field multiplications that a dispatch may make on the slowest device.
pub(super) const MIN_DISPATCH_WORK: u64 = 1 << 22;

/// How long a dispatch may take, an eighth of the watchdog of graphics drivers: the work of a dispatch is
/// counted in multiplications, and some kernels wait for memory as long as they multiply.
const DISPATCH_TIME: Duration = Duration::from_millis(250);

/// How long a dispatch takes that says how fast the device is.
const PROBE_TIME: Duration = Duration::from_millis(2);

/// Invocations of a probe: enough to fill the largest GPU.
const INVOCATIONS: u32 = 1 << 17;

/// Multiplications of an invocation at most.
const MAX_ROUNDS: u32 = 1 << 14;

/// Chooses one of the layouts and the work of a dispatch.
pub(super) fn calibrate(device: &mut Device, layouts: &[Layout]) -> Result<(), GpuError> {
    let values = View::resident(
        device.resident("probe values", 8 * u64::from(INVOCATIONS))?,
        8 * u64::from(INVOCATIONS),
    );
    let mut best = (0.0, device.info.layout);
    for &layout in layouts {
        device.info.layout = layout;
        let speed = speed(device, &values)?;
        tracing::debug!(%layout, speed, "multiplications per second");
        if speed > best.0 {
            best = (speed, layout);
        }
    }
    let (speed, layout) = best;
    device.info.layout = layout;
    let work = (speed * DISPATCH_TIME.as_secs_f64()) as u64;
    device.limits.dispatch_work = work.max(MIN_DISPATCH_WORK);
    Ok(())
}

/// Multiplications per second in the device's layout.
fn speed(device: &Device, values: &View<DeviceBuffer>) -> Result<f64, GpuError> {
    let run = |invocations, rounds| {
        let mut recording = Recording::default();
        let params = ProbeParams {
            count: invocations,
            rounds,
        };
        let work = u64::from(invocations) * u64::from(rounds);
        recording.dispatch(
            Kernel::Probe,
            params.words(),
            vec![values.clone()],
            invocations,
            work,
        );
        let start = Instant::now();
        device.run(recording, &Cancellation::new())?;
        let elapsed = start.elapsed();
        Ok::<_, GpuError>((elapsed, work as f64 / elapsed.as_secs_f64()))
    };
    // Values below both moduli, and everything that happens once.
    let mut recording = Recording::default();
    let words = (0..8 * INVOCATIONS).map(|i| i.wrapping_mul(0x9e37_79b9) >> 3);
    recording.write(values, Data::Words(words.collect()));
    device.run(recording, &Cancellation::new())?;
    run(Kernel::Probe.workgroup_size(), 1)?;

    let mut rounds = 1;
    loop {
        let (elapsed, speed) = run(INVOCATIONS, rounds)?;
        if elapsed >= PROBE_TIME || rounds >= MAX_ROUNDS {
            return Ok(speed);
        }
        rounds *= 8;
    }
}
