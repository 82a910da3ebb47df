//! What recordings do when all is well.

use std::time::Duration;

use ark_ff::UniformRand;
use zkroll_prover::Cancellation;
use zkroll_prover::backend::gpu::{
    Data, Device, Executor, GpuOptions, Recording, TwinExecutor, View,
};
use zkroll_prover::{Fr, backend::gpu::GpuError};
use zkroll_shaders::params::{ProbeParams, ScanBlocksParams};
use zkroll_shaders::{Kernel, Layout, SCAN_BLOCK};

use super::options;

/// Words that differ from each other.
pub fn noise(len: u32) -> Vec<u32> {
    (1..=len).map(|i| i.wrapping_mul(0x9e37_79b9)).collect()
}

/// Carries out a recording that nobody cancels.
pub fn run<E: Executor>(
    executor: &E,
    recording: Recording<'_, E::Buffer>,
) -> Result<Vec<Vec<u32>>, GpuError> {
    executor.run(recording, &Cancellation::new())
}

/// Runs the same recording on the device and on the twins.
fn compare(
    device: &Device,
    record_device: impl FnOnce(&mut Recording<'_, <Device as Executor>::Buffer>),
    record_twin: impl FnOnce(&mut Recording<'_, <TwinExecutor as Executor>::Buffer>),
) {
    let twin = TwinExecutor::new(device.layout(), *device.limits());
    let (mut on_device, mut on_twin) = (Recording::default(), Recording::default());
    record_device(&mut on_device);
    record_twin(&mut on_twin);
    assert_eq!(
        run(device, on_device).unwrap(),
        run(&twin, on_twin).unwrap()
    );
}

pub fn write_clear_read(device: &Device) {
    // Offsets of writes need no alignment but that of words.
    let words = noise(1000);
    let resident = device.resident("resident", 1500).unwrap();
    let resident = View::resident(resident, 1500);
    let mut recording = Recording::default();
    let temporary = recording.temporary("temporary", 1001);
    for view in [&resident, &temporary] {
        recording.clear(view);
        recording.write(&view.part(1, 1000), Data::Words(words.clone()));
        recording.clear(&view.part(11, 20));
        recording.read(&view.part(0, 1001));
        recording.read(&view.part(500, 3));
    }
    let read = run(device, recording).unwrap();

    let mut expected = vec![0];
    expected.extend(&words);
    expected[11..31].fill(0);
    let part = expected[500..503].to_vec();
    assert_eq!(read, [&*expected, &*part, &*expected, &*part]);

    // A resident buffer keeps what was written.
    let mut recording = Recording::default();
    recording.read(&resident.part(0, 1001));
    assert_eq!(run(device, recording).unwrap(), [expected]);
}

pub fn commands_are_in_order(device: &Device) {
    let mut recording = Recording::default();
    let view = recording.temporary("overwritten", 64);
    let values: Vec<Vec<u32>> = (0..10).map(|i| vec![i; 64]).collect();
    for value in &values {
        recording.write(&view, Data::Words(value.clone()));
        recording.read(&view);
    }
    assert_eq!(run(device, recording).unwrap(), values);
}

/// More than one batch takes from the host.
pub fn scalars_in_pieces(device: &Device) {
    let mut rng = ark_std::test_rng();
    let mut scalars: Vec<Fr> = (0..1 << 10).map(|_| Fr::rand(&mut rng)).collect();
    while scalars.len() < 900_000 {
        let scalar = scalars[scalars.len() - 1] + scalars[scalars.len() - 1000];
        scalars.push(scalar);
    }
    let mut recording = Recording::default();
    let words = 8 * scalars.len() as u64;
    let view = recording.temporary("scalars", words + 8);
    recording.clear(&view);
    recording.write(&view.part(8, words), Data::Scalars(&scalars));
    recording.read(&view);
    let read = run(device, recording).unwrap();

    let limbs = scalars.iter().flat_map(|scalar| scalar.0.0);
    let mut expected = vec![0; 8];
    expected.extend(limbs.flat_map(|limb| [limb as u32, (limb >> 32) as u32]));
    assert!(read == [expected]);
}

pub fn empty_recording(device: &Device) {
    assert!(run(device, Recording::default()).unwrap().is_empty());
    let mut recording = Recording::default();
    let view = recording.temporary("unused", 16);
    recording.write(&view, Data::Words(Vec::new()));
    assert!(run(device, recording).unwrap().is_empty());
}

/// Prefix sums of counts that stand at an offset of their buffer.
pub fn record_scan<B: Clone>(recording: &mut Recording<'_, B>, count: u32, alignment: u64) {
    let blocks = u64::from(count.div_ceil(SCAN_BLOCK));
    let count_words = u64::from(count);
    let counts = recording.temporary("counts", alignment + count_words);
    let counts = counts.part(alignment, count_words);
    let offsets = recording.temporary("offsets", count_words);
    let totals = recording.temporary("totals", blocks);
    recording.write(&counts, Data::Words(noise(count)));
    let params = ScanBlocksParams { count };
    let invocations = blocks as u32 * Kernel::ScanBlocks.workgroup_size();
    let views = vec![counts, offsets.clone(), totals.clone()];
    recording.dispatch(Kernel::ScanBlocks, params.words(), views, invocations, 1);
    recording.read(&offsets);
    recording.read(&totals);
}

pub fn scan_blocks_is_its_twin(device: &Device) {
    let alignment = device.limits().offset_alignment;
    for count in [1, 2, SCAN_BLOCK - 1, SCAN_BLOCK, SCAN_BLOCK + 1, 100_000] {
        compare(
            device,
            |recording| record_scan(recording, count, alignment),
            |recording| record_scan(recording, count, alignment),
        );
    }
}

/// Squares of values, over and over, in so many dispatches.
fn record_probe<B: Clone>(recording: &mut Recording<'_, B>, dispatches: u32, work: u64) {
    let count = 100;
    let values = recording.temporary("values", 8 * u64::from(count));
    let words = noise(8 * count).into_iter().map(|word| word >> 3).collect();
    recording.write(&values, Data::Words(words));
    for i in 0..dispatches {
        // Each dispatch has parameters of its own.
        let params = ProbeParams {
            count: count - i % 7,
            rounds: 1 + i % 3,
        };
        let views = vec![values.clone()];
        recording.dispatch(Kernel::Probe, params.words(), views, count, work);
    }
    recording.read(&values);
}

pub fn probe_is_its_twin() {
    let mut layouts = 0;
    for layout in Layout::ALL {
        let forced = GpuOptions {
            layout: Some(layout),
            ..options()
        };
        match Device::open(&forced) {
            Ok(device) => {
                assert_eq!(device.info().layout, layout);
                layouts += 1;
                compare(
                    &device,
                    |recording| record_probe(recording, 3, 1),
                    |recording| record_probe(recording, 3, 1),
                );
            }
            Err(GpuError::NoAdapter { reason }) => {
                assert!(
                    layout.needs_int64() && reason.contains("64-bit"),
                    "{reason}"
                );
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(layouts > 0, "20x13 is for every adapter");
}

/// Every dispatch is a submission of its own, and there are more than may be in flight; then all are in
/// one, and there are more than a submission may have.
pub fn many_submissions(device: &Device) {
    let most = device.limits().dispatch_work;
    for (dispatches, work) in [(20, most), (1100, 1)] {
        compare(
            device,
            |recording| record_probe(recording, dispatches, work),
            |recording| record_probe(recording, dispatches, work),
        );
    }
}

pub fn many_threads(device: &Device) {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..50 {
                    let mut recording = Recording::default();
                    let values = noise(5000 + 100 * thread + round);
                    let view = recording.upload("values", Data::Words(values.clone()));
                    recording.read(&view);
                    assert_eq!(run(device, recording).unwrap(), [values]);
                }
            });
        }
    });
}

/// A thread of a pool that waits for the conversion of its own data takes up other jobs of the pool meanwhile:
/// the device must not hold a lock that those need too.
pub fn thread_pool(device: &Device) {
    use rayon::prelude::*;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build();
    pool.unwrap().install(|| {
        (0..200).into_par_iter().for_each(|job| {
            let mut recording = Recording::default();
            let values = noise(400_000 + job);
            let view = recording.upload("values", Data::Words(values.clone()));
            recording.read(&view);
            assert!(run(device, recording).unwrap() == [values]);
        });
    });
}

pub fn buffers_are_used_again() {
    let device = Device::open(&options()).unwrap();
    let idle: Vec<u64> = (0..3)
        .map(|_| {
            let mut recording = Recording::default();
            record_scan(&mut recording, 100_000, device.limits().offset_alignment);
            run(&device, recording).unwrap();
            device.idle_bytes()
        })
        .collect();
    assert!(idle[0] >= 4 * 200_000, "{idle:?}");
    assert_eq!(idle, [idle[0]; 3]);
}

pub fn timestamps() {
    let timed = GpuOptions {
        timestamps: true,
        ..options()
    };
    let device = match Device::open(&timed) {
        Ok(device) => device,
        Err(GpuError::NoAdapter { reason }) => {
            assert!(reason.contains("timestamps"), "{reason}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    for dispatches in [3, 600] {
        let mut recording = Recording::default();
        record_scan(&mut recording, 1000, device.limits().offset_alignment);
        record_probe(&mut recording, dispatches, 1);
        run(&device, recording).unwrap();
        let timings = device.take_timings();
        let of = |wanted| timings.iter().filter(move |(kernel, _)| *kernel == wanted);
        assert_eq!(of(Kernel::ScanBlocks).count(), 1);
        assert_eq!(of(Kernel::Probe).count(), dispatches as usize);
        assert!(timings.iter().map(|(_, time)| *time).sum::<Duration>() > Duration::ZERO);
        assert!(device.take_timings().is_empty());
    }
}

pub fn pipeline_cache() {
    let folder = tempfile::tempdir().unwrap();
    let cached = GpuOptions {
        cache_dir: Some(folder.path().join("new")),
        ..options()
    };
    let files = || {
        std::fs::read_dir(folder.path().join("new"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect::<Vec<_>>()
    };
    let scan = || {
        let device = Device::open(&cached).unwrap();
        scan_blocks_is_its_twin(&device);
        device.info().backend
    };
    if scan() != "vulkan" {
        assert!(files().is_empty(), "only Vulkan has a cache");
        return;
    }
    let [file] = &*files() else {
        panic!("expected one file, got {:?}", files())
    };
    let written = std::fs::read(file).unwrap();
    assert!(written.len() > 32);
    scan();
    for damaged in [&[][..], &written[..40], &[0xff; 200]] {
        std::fs::write(file, damaged).unwrap();
        scan();
        assert!(
            std::fs::read(file).unwrap().len() > 40,
            "it is written anew"
        );
    }

    // A folder that cannot be made is no failure.
    let blocked = GpuOptions {
        cache_dir: Some(file.join("below a file")),
        ..options()
    };
    scan_blocks_is_its_twin(&Device::open(&blocked).unwrap());
}

pub fn binding_limit() {
    let limited = GpuOptions {
        max_binding_bytes: Some(16 << 20),
        ..options()
    };
    let device = Device::open(&limited).unwrap();
    let limit = 16 << 20;
    assert_eq!(device.info().max_binding_bytes, limit);
    assert_eq!(device.limits().binding_words, limit / 4);
    device.resident("largest", limit / 4).unwrap();
    let expected = GpuError::TooLarge {
        what: "too large",
        bytes: limit + 4,
        limit,
    };
    let error = device.resident("too large", limit / 4 + 1).unwrap_err();
    assert_eq!(error, expected);
    let mut recording = Recording::default();
    recording.temporary("too large", limit / 4 + 1);
    assert_eq!(run(&device, recording).unwrap_err(), expected);
}

pub fn compile_all() {
    let device = Device::open(&options()).unwrap();
    let first = device.compile(&Kernel::ALL).unwrap();
    let again = device.compile(&Kernel::ALL).unwrap();
    assert!(again < first);
}
