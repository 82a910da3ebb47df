//! How long dispatches took, by the device's own clock.
//!
//! Only passes can be timed everywhere, so each dispatch becomes a pass of its own; that makes a proof
//! slower, and is done only where it is asked for.

use std::time::Duration;

use zkroll_shaders::Kernel;

use super::connection::Connection;
use super::error::GpuError;

/// Bytes of one time.
const TIME_BYTES: u64 = wgpu::QUERY_SIZE as u64;

/// The times at which dispatches of one submission began and ended.
pub(super) struct Timestamps {
    queries: wgpu::QuerySet,
    /// What is timed, in order.
    kernels: Vec<Kernel>,
    resolved: wgpu::Buffer,
    read: wgpu::Buffer,
}

impl Timestamps {
    /// Room for so many dispatches. The caller has scopes open.
    pub fn new(device: &wgpu::Device, dispatches: u32) -> Self {
        let buffer = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("timestamps"),
                size: TIME_BYTES * u64::from(2 * dispatches),
                usage,
                mapped_at_creation: false,
            })
        };
        Self {
            queries: device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("timestamps"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * dispatches,
            }),
            kernels: Vec::new(),
            resolved: buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC),
            read: buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST),
        }
    }

    /// What a pass writes that holds one dispatch of `kernel`.
    pub fn next(&mut self, kernel: Kernel) -> wgpu::ComputePassTimestampWrites<'_> {
        let index = 2 * self.kernels.len() as u32;
        self.kernels.push(kernel);
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(index),
            end_of_pass_write_index: Some(index + 1),
        }
    }

    /// Copies the times to where the host can read them.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        let count = 2 * self.kernels.len() as u32;
        encoder.resolve_query_set(&self.queries, 0..count, &self.resolved, 0);
        let bytes = TIME_BYTES * u64::from(count);
        encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.read, 0, bytes);
    }

    /// How long each dispatch took. The device has finished with them.
    pub fn collect(self, connection: &Connection) -> Result<Vec<(Kernel, Duration)>, GpuError> {
        let nanoseconds = f64::from(connection.queue.get_timestamp_period());
        let bytes = TIME_BYTES * 2 * self.kernels.len() as u64;
        let mapped = connection.map(&self.read, bytes)?;
        let (times, _) = mapped.as_chunks::<{ TIME_BYTES as usize }>();
        let times = times.as_chunks::<2>().0.iter().map(|[begin, end]| {
            // Clocks of some devices step back between passes.
            let ticks = u64::from_le_bytes(*end).saturating_sub(u64::from_le_bytes(*begin));
            Duration::from_nanos((ticks as f64 * nanoseconds) as u64)
        });
        Ok(self.kernels.iter().copied().zip(times).collect())
    }
}
