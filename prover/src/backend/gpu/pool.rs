//! Buffers that are used again.
//!
//! A new buffer costs an allocation in the driver and, on first use, zeros over all of it; a proof needs
//! the same temporary buffers as the one before. So they come in size classes, four to a power of two
//! (at most a quarter is unused), and go back when a recording is done. Work on a queue is carried out in
//! order, so a buffer may go back before the device has finished with it. Idle buffers have a bound; when
//! the device has no room, all of them are dropped before a recording fails.

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::BufferUsages;

use super::connection::Connection;
use super::error::GpuError;

/// The smallest size class in bytes.
const MIN_CLASS: u64 = 1024;

/// What a buffer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A temporary buffer of a recording.
    Temporary,
    /// Parameter blocks.
    Parameters,
    /// Host to device; it is mapped when it is taken.
    Upload,
    /// Device to host.
    Download,
}

impl Purpose {
    const fn usage(self) -> BufferUsages {
        match self {
            Self::Temporary => storage_usage(),
            Self::Parameters => BufferUsages::UNIFORM.union(BufferUsages::COPY_DST),
            Self::Upload => BufferUsages::MAP_WRITE.union(BufferUsages::COPY_SRC),
            Self::Download => BufferUsages::MAP_READ.union(BufferUsages::COPY_DST),
        }
    }
}

/// How buffers are used that dispatches bind.
pub(super) const fn storage_usage() -> BufferUsages {
    BufferUsages::STORAGE
        .union(BufferUsages::COPY_SRC)
        .union(BufferUsages::COPY_DST)
}

/// Idle buffers.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
    max_idle_bytes: u64,
    max_buffer_bytes: u64,
}

#[derive(Debug, Default)]
struct Idle {
    /// The one that came back last is the last.
    buffers: VecDeque<(Purpose, wgpu::Buffer)>,
    bytes: u64,
}

impl Pool {
    /// A pool that keeps up to so many idle bytes, of buffers that have up to so many.
    pub fn new(max_idle_bytes: u64, max_buffer_bytes: u64) -> Self {
        Self {
            idle: Mutex::default(),
            max_idle_bytes,
            max_buffer_bytes,
        }
    }

    /// A buffer of at least `bytes` bytes.
    pub fn take(
        self: &Arc<Self>,
        connection: &Connection,
        purpose: Purpose,
        label: &'static str,
        bytes: u64,
    ) -> Result<Lease, GpuError> {
        let class = size_class(bytes).min(self.max_buffer_bytes.max(bytes));
        let buffer = self.find(purpose, class).map_or_else(
            || self.allocate(connection, label, class, purpose.usage()),
            Ok,
        )?;
        Ok(Lease {
            buffer,
            purpose,
            used: false,
            pool: Arc::clone(self),
        })
    }

    /// A new buffer for good; idle ones make room for it if they must.
    pub fn allocate(
        &self,
        connection: &Connection,
        label: &'static str,
        bytes: u64,
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        match connection.allocate(label, bytes, usage) {
            Err(GpuError::OutOfMemory { .. }) if self.clear() => {
                let _ = connection.turn();
                connection.allocate(label, bytes, usage)
            }
            result => result,
        }
    }

    /// Bytes of all idle buffers.
    pub fn idle_bytes(&self) -> u64 {
        self.lock().bytes
    }

    /// Drops the idle buffers, if there are any.
    fn clear(&self) -> bool {
        let idle = std::mem::take(&mut *self.lock());
        !idle.buffers.is_empty()
    }

    fn find(&self, purpose: Purpose, bytes: u64) -> Option<wgpu::Buffer> {
        let mut idle = self.lock();
        let at = idle
            .buffers
            .iter()
            .rposition(|(of, buffer)| *of == purpose && buffer.size() == bytes)?;
        idle.bytes -= bytes;
        idle.buffers.remove(at).map(|(_, buffer)| buffer)
    }

    fn put(&self, purpose: Purpose, buffer: wgpu::Buffer) {
        let mut dropped = Vec::new();
        let mut idle = self.lock();
        idle.bytes += buffer.size();
        idle.buffers.push_back((purpose, buffer));
        while idle.bytes > self.max_idle_bytes
            && let Some((_, oldest)) = idle.buffers.pop_front()
        {
            idle.bytes -= oldest.size();
            dropped.push(oldest);
        }
        // The driver is not called under the lock.
        drop(idle);
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The size in which a buffer of `bytes` bytes is made: 4, 5, 6 or 7 times a power of two.
fn size_class(bytes: u64) -> u64 {
    let bytes = bytes.max(MIN_CLASS);
    bytes.next_multiple_of(1 << (bytes.ilog2() - 2))
}

/// A buffer that goes back to its pool.
#[derive(Debug)]
pub(super) struct Lease {
    buffer: wgpu::Buffer,
    purpose: Purpose,
    used: bool,
    pool: Arc<Pool>,
}

impl Lease {
    /// Says whether the buffer is in another state than the pool gives it in: unmapped for
    /// [`Purpose::Upload`], mapped for [`Purpose::Download`].
    pub fn set_used(&mut self, used: bool) {
        self.used = used;
    }
}

impl Deref for Lease {
    type Target = wgpu::Buffer;

    fn deref(&self) -> &wgpu::Buffer {
        &self.buffer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        match self.purpose {
            // Mapped again when the device has read it.
            Purpose::Upload if self.used => {
                let (pool, buffer) = (Arc::downgrade(&self.pool), self.buffer.clone());
                self.buffer
                    .map_async(wgpu::MapMode::Write, .., move |mapped| {
                        if let (Ok(()), Some(pool)) = (mapped, pool.upgrade()) {
                            pool.put(Purpose::Upload, buffer);
                        }
                    });
            }
            // Mapped, or about to be: not worth the trouble.
            Purpose::Download if self.used => {}
            purpose => self.pool.put(purpose, self.buffer.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_classes_waste_at_most_a_quarter() {
        for bytes in (1..5000).chain([1 << 20, (1 << 20) + 1, (7 << 28) + 1]) {
            let class = size_class(bytes);
            assert!(class >= bytes && class >= MIN_CLASS);
            assert_eq!(size_class(class), class, "{bytes}");
            assert!(class <= MIN_CLASS.max(bytes + bytes / 4), "{bytes}");
            assert_eq!(class % 4, 0);
        }
    }
}
