//! The device of the process.
//!
//! To open a device compiles shaders and to use it fills tables, so the backend that is opened by name is
//! one for all who ask, until it is lost or the environment asks for another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::adapter::{GpuOptions, has_hardware};
use super::backend::GpuBackend;
use super::device::Device;
use super::error::GpuError;

/// The backend `gpu`.
pub type Gpu = GpuBackend<Device>;

/// What is open, and how it was asked for.
static SHARED: Mutex<Option<(GpuOptions, Gpu)>> = Mutex::new(None);

impl Gpu {
    /// The process's device as the environment asks for it, see [`GpuOptions::from_environment`]; opened
    /// now if it is not open, or was lost.
    ///
    /// # Errors
    /// As [`Device::open`].
    pub fn shared() -> Result<Self, GpuError> {
        let options = GpuOptions::from_environment()?;
        if let Some(gpu) = known(&options) {
            return Ok(gpu);
        }
        // To open a device takes threads of a pool, which may take up work that asks for the device too: no
        // lock is held meanwhile. Whoever comes second throws his away.
        let opened = Self::new(Device::open(&options)?);
        if let Some(gpu) = known(&options) {
            return Ok(gpu);
        }
        *lock() = Some((options, opened.clone()));
        Ok(opened)
    }

    /// Whether there is an adapter that is worth a try beside the CPU: one that does not itself compute on
    /// the CPU. Opens nothing.
    ///
    /// # Errors
    /// [`GpuError::Environment`] if a variable has a value that it cannot have.
    pub fn has_hardware() -> Result<bool, GpuError> {
        Ok(has_hardware(&GpuOptions::from_environment()?))
    }
}

/// Nothing is left half done by a thread that panicked: the place is written last.
fn lock() -> MutexGuard<'static, Option<(GpuOptions, Gpu)>> {
    SHARED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is open and works, if it was asked for so.
fn known(options: &GpuOptions) -> Option<Gpu> {
    let shared = lock();
    let (known, gpu) = shared.as_ref()?;
    (known == options && gpu.executor().lost().is_none()).then(|| gpu.clone())
}
