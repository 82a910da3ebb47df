//! A GPU that carries out recordings.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use zkroll_shaders::{Kernel, Layout};

use super::adapter::{AdapterInfo, Candidate, GpuOptions, candidates};
use super::calibrate;
use super::connection::Connection;
use super::error::GpuError;
use super::execute;
use super::pipelines::Pipelines;
use super::pool::{Pool, storage_usage};
use super::recording::{Executor, Limits, Recording};
use crate::observer::Cancellation;

/// Idle temporary buffers that are kept, in multiples of the largest: a transform and a multiplication
/// of that size use about as much.
const IDLE_BUFFERS: u64 = 4;

/// A GPU, opened by [`Device::open`]. Several threads may use it at once; its queue carries out their
/// recordings batch by batch.
pub struct Device {
    pub(super) connection: Connection,
    pub(super) info: AdapterInfo,
    pub(super) limits: Limits,
    /// Bytes of which the offset of a parameter block is a multiple.
    pub(super) uniform_alignment: u64,
    pub(super) pool: Arc<Pool>,
    pub(super) pipelines: Pipelines,
    /// Times of dispatches, where they are asked for.
    pub(super) timings: Option<Mutex<Vec<(Kernel, Duration)>>>,
}

/// A buffer of a [`Device`]; clones share it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceBuffer {
    pub(super) buffer: wgpu::Buffer,
    label: &'static str,
}

impl fmt::Debug for DeviceBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.label, self.buffer.size())
    }
}

impl Device {
    /// Opens the best adapter that serves.
    ///
    /// # Errors
    /// [`GpuError::NoAdapter`], with a reason for each adapter that there is; or the device's failure.
    pub fn open(options: &GpuOptions) -> Result<Self, GpuError> {
        let (candidates, mut reasons) = candidates(options);
        for candidate in candidates {
            match Connection::open(&candidate) {
                Ok(connection) => return Self::new(connection, &candidate, options),
                Err(error) => reasons.push(format!("{}: {error}", candidate.info.name)),
            }
        }
        Err(GpuError::NoAdapter {
            reason: reasons.join("; "),
        })
    }

    fn new(
        connection: Connection,
        candidate: &Candidate,
        options: &GpuOptions,
    ) -> Result<Self, GpuError> {
        let layouts: Vec<Layout> = match options.layout {
            Some(layout) => vec![layout],
            None => candidate.layouts().collect(),
        };
        let limits = &candidate.limits;
        let bytes = limits.max_storage_buffer_binding_size;
        let mut device = Self {
            info: candidate.describe(layouts[0]),
            limits: Limits {
                binding_words: bytes / 4,
                offset_alignment: u64::from(limits.min_storage_buffer_offset_alignment)
                    .div_ceil(4)
                    .max(1),
                workgroups: limits.max_compute_workgroups_per_dimension,
                dispatch_work: calibrate::MIN_DISPATCH_WORK,
            },
            uniform_alignment: u64::from(limits.min_uniform_buffer_offset_alignment).max(16),
            pool: Arc::new(Pool::new(IDLE_BUFFERS * bytes, limits.max_buffer_size)),
            pipelines: Pipelines::new(&connection, &candidate.info, options.cache_folder()),
            timings: None,
            connection,
        };
        calibrate::calibrate(&mut device, &layouts)?;
        device.timings = options.timestamps.then(Mutex::default);
        if let Some(fault) = options.fault {
            device.connection.arm(fault);
        }
        Ok(device)
    }

    /// What it is.
    #[must_use]
    pub const fn info(&self) -> &AdapterInfo {
        &self.info
    }

    /// Why the device was lost, if it was. Then nothing more can be done with it.
    #[must_use]
    pub fn lost(&self) -> Option<String> {
        self.connection.lost().map(str::to_owned)
    }

    /// Compiles shaders ahead, in parallel, and says how long it took. Drivers that compile when a shader
    /// runs first, as Mesa's llvmpipe does, do their part of it then.
    ///
    /// # Errors
    /// If the driver refuses one, or is lost.
    pub fn compile(&self, kernels: &[Kernel]) -> Result<Duration, GpuError> {
        self.connection.check()?;
        let start = Instant::now();
        let made = self
            .pipelines
            .get(&self.connection, self.info.layout, kernels.iter().copied());
        self.pipelines.save();
        made?;
        Ok(start.elapsed())
    }

    /// The dispatches since the last call and what each took on the device; none unless
    /// [`GpuOptions::timestamps`] is set.
    #[must_use]
    pub fn take_timings(&self) -> Vec<(Kernel, Duration)> {
        let timings = self.timings.as_ref().map(|timings| {
            std::mem::take(&mut *timings.lock().unwrap_or_else(PoisonError::into_inner))
        });
        timings.unwrap_or_default()
    }

    /// Bytes of the buffers that wait for the next recording.
    #[doc(hidden)]
    #[must_use]
    pub fn idle_bytes(&self) -> u64 {
        self.pool.idle_bytes()
    }

    /// Demands a size that one view can have.
    pub(super) fn check_size(&self, label: &'static str, words: u64) -> Result<(), GpuError> {
        if words > self.limits.binding_words {
            return Err(GpuError::TooLarge {
                what: label,
                bytes: words.saturating_mul(4),
                limit: 4 * self.limits.binding_words,
            });
        }
        Ok(())
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device")
            .field("info", &self.info)
            .field("limits", &self.limits)
            .field("lost", &self.connection.lost())
            .finish_non_exhaustive()
    }
}

impl Executor for Device {
    type Buffer = DeviceBuffer;

    fn layout(&self) -> Layout {
        self.info.layout
    }

    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn resident(&self, label: &'static str, words: u64) -> Result<DeviceBuffer, GpuError> {
        self.connection.check()?;
        self.check_size(label, words)?;
        let buffer = self
            .pool
            .allocate(&self.connection, label, 4 * words, storage_usage())?;
        Ok(DeviceBuffer { buffer, label })
    }

    fn run(
        &self,
        recording: Recording<'_, DeviceBuffer>,
        cancellation: &Cancellation,
    ) -> Result<Vec<Vec<u32>>, GpuError> {
        execute::run(self, recording, cancellation)
    }
}
