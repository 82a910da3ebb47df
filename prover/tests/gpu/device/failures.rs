//! What recordings do when something goes wrong.

use std::time::{Duration, Instant};

use zkroll_prover::backend::gpu::{
    Data, Device, Executor, Fault, GpuError, GpuOptions, Recording, View,
};
use zkroll_prover::{Cancellation, Cancelled};
use zkroll_shaders::Kernel;
use zkroll_shaders::params::{ProbeParams, ScanAddParams, ScanBlocksParams};

use super::options;
use super::recordings::{noise, record_scan, run, scan_blocks_is_its_twin};

/// Longer than any of this may take on the slowest device.
const SOON: Duration = Duration::from_secs(30);

fn open(fault: Fault) -> Result<Device, GpuError> {
    Device::open(&GpuOptions {
        fault: Some(fault),
        ..options()
    })
}

pub fn no_adapter() {
    let expected = GpuError::NoAdapter {
        reason: "no Vulkan, Metal or DX12 adapter".to_owned(),
    };
    assert_eq!(open(Fault::NoAdapter).unwrap_err(), expected);

    let refusal = |options: GpuOptions| match Device::open(&options).unwrap_err() {
        GpuError::NoAdapter { reason } => reason,
        error => panic!("{error}"),
    };
    let reason = refusal(GpuOptions {
        adapter: Some("no such adapter".to_owned()),
        ..options()
    });
    assert!(
        reason.contains("its name does not contain \"no such adapter\""),
        "{reason}"
    );
    let reason = refusal(GpuOptions {
        max_binding_bytes: Some(8 << 20),
        ..options()
    });
    assert!(
        reason.contains("its storage bindings hold 8 MiB, 16 are needed"),
        "{reason}"
    );
}

pub fn cancellation(device: &Device) {
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let mut recording = Recording::default();
    record_scan(&mut recording, 1000, device.limits().offset_alignment);
    let error = device.run(recording, &cancellation).unwrap_err();
    assert_eq!(error, GpuError::Cancelled(Cancelled));

    // While it is under way.
    let cancellation = Cancellation::new();
    let start = Instant::now();
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            cancellation.cancel();
        });
        let mut recording = Recording::default();
        record_long(&mut recording, device, 10_000);
        device.run(recording, &cancellation)
    });
    assert_eq!(result.unwrap_err(), GpuError::Cancelled(Cancelled));
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());

    scan_blocks_is_its_twin(device);
}

/// Dispatches, each a submission of its own that takes a while.
fn record_long<B: Clone>(
    recording: &mut Recording<'_, B>,
    device: &impl Executor,
    dispatches: u32,
) {
    let count = 1 << 12;
    let work = device.limits().dispatch_work;
    let rounds = (work / u64::from(count) / 4) as u32;
    let values = recording.temporary("values", 8 * u64::from(count));
    recording.clear(&values);
    for _ in 0..dispatches {
        let params = ProbeParams { count, rounds };
        let views = vec![values.clone()];
        recording.dispatch(Kernel::Probe, params.words(), views, count, work);
    }
    recording.read(&values);
}

/// What wgpu's validation refuses is an error, and the device lives on.
pub fn refused_recordings(device: &Device) {
    let refused = |recording| match run(device, recording).unwrap_err() {
        GpuError::Refused { message } => message,
        error => panic!("{error}"),
    };

    // One buffer is read and written by one dispatch.
    let mut recording = Recording::default();
    let view = recording.temporary("both", 1024);
    let params = ScanAddParams { count: 1 };
    let views = vec![view.clone(), view.clone()];
    recording.dispatch(Kernel::ScanAdd, params.words(), views, 1, 1);
    recording.read(&view);
    let message = refused(recording);
    assert!(message.contains("usage"), "{message}");

    // More workgroups than there may be.
    let mut recording = Recording::default();
    let workgroups = u64::from(device.limits().workgroups) + 1;
    let values = recording.temporary("values", 8);
    let invocations = workgroups * u64::from(Kernel::Probe.workgroup_size());
    let params = ProbeParams {
        count: 1,
        rounds: 1,
    };
    let views = vec![values.clone()];
    let invocations = u32::try_from(invocations).unwrap();
    recording.dispatch(Kernel::Probe, params.words(), views, invocations, 1);
    recording.read(&values);
    let message = refused(recording);
    assert!(message.contains("dispatch group size"), "{message}");

    // A view beyond its buffer.
    let mut recording = Recording::default();
    let buffer = device.resident("short", 4).unwrap();
    recording.read(&View::resident(buffer, 5));
    refused(recording);

    // Parameters that are too short for the shader.
    let mut recording = Recording::default();
    let [counts, offsets, totals] = ["counts", "offsets", "totals"].map(|label| {
        let view = recording.temporary(label, 1024);
        recording.clear(&view);
        view
    });
    let mut params = ScanBlocksParams { count: 1 }.words();
    params.clear();
    let views = vec![counts, offsets, totals];
    recording.dispatch(Kernel::ScanBlocks, params, views, 1, 1);
    refused(recording);

    scan_blocks_is_its_twin(device);
}

/// The device is destroyed before the k-th submission of a recording of four.
pub fn lost_device() {
    for submissions in 0..5 {
        let device = open(Fault::LoseDeviceAfter(submissions)).unwrap();
        let resident = device.resident("resident", 64).unwrap();
        assert_eq!(device.lost(), None);
        let record = || {
            let mut recording = Recording::default();
            record_long(&mut recording, &device, 4);
            let view = View::resident(resident.clone(), 64);
            recording.write(&view, Data::Words(noise(64)));
            recording.read(&view);
            recording
        };
        let start = Instant::now();
        let lost = |error: GpuError| {
            assert!(matches!(error, GpuError::DeviceLost { .. }), "{error:?}");
        };
        let result = run(&device, record());
        if submissions < 4 {
            lost(result.unwrap_err());
        } else {
            assert_eq!(result.unwrap()[1], noise(64));
            lost(run(&device, record()).unwrap_err());
        }

        // Nothing can be done any more, and everything says so.
        assert!(device.lost().is_some());
        lost(run(&device, record()).unwrap_err());
        lost(run(&device, Recording::default()).unwrap_err());
        lost(device.resident("resident", 64).unwrap_err());
        lost(device.compile(&[Kernel::ScanAdd]).unwrap_err());
        drop((resident, device));
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    }
}

/// A recording on one thread loses the device under those of others.
pub fn destroyed_while_busy() {
    let device = open(Fault::LoseDeviceAfter(30)).unwrap();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let mut recording = Recording::default();
                    record_scan(&mut recording, 5000, device.limits().offset_alignment);
                    match run(&device, recording) {
                        Ok(_) => {}
                        Err(GpuError::DeviceLost { .. }) => break,
                        Err(error) => panic!("{error:?}"),
                    }
                }
            });
        }
    });
    assert!(device.lost().is_some());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}

pub fn no_memory() {
    let bytes = 1 << 20;
    let device = open(Fault::RefuseAllocationsFrom { bytes }).unwrap();
    scan_blocks_is_its_twin(&device);
    assert!(device.idle_bytes() > 0);
    let refused = |label| GpuError::OutOfMemory { label, bytes };

    let error = device.resident("large", bytes / 4).unwrap_err();
    assert_eq!(error, refused("large"));
    assert_eq!(device.idle_bytes(), 0, "idle buffers made room");
    device.resident("small", bytes / 4 - 1).unwrap();

    let mut recording = Recording::default();
    let view = recording.temporary("large", bytes / 4);
    recording.read(&view);
    assert_eq!(run(&device, recording).unwrap_err(), refused("large"));
    scan_blocks_is_its_twin(&device);
}

/// A submission that takes too long is an error, after which nothing waits for it.
pub fn time_limit() {
    let device = open(Fault::TimeLimit(Duration::from_millis(1))).unwrap();
    let start = Instant::now();
    let mut recording = Recording::default();
    record_long(&mut recording, &device, 4);
    let error = run(&device, recording).unwrap_err();
    assert_eq!(error, GpuError::TimedOut { seconds: 0 });
    let error = run(&device, Recording::default()).unwrap_err();
    assert!(matches!(error, GpuError::DeviceLost { .. }), "{error:?}");
    drop(device);
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
}
