//! The device of the process.
//!
//! To open a device compiles shaders and to use it fills tables, so the backend that is opened by name is
//! one for all who ask, until it is lost or the environment asks for another.

use std::sync::{Mutex, PoisonError};

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
        // Nothing is left half done by a thread that panicked: the place is written last.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, gpu)) = &*shared
            && *known == options
            && gpu.executor().lost().is_none()
        {
            return Ok(gpu.clone());
        }
        let gpu = Self::new(Device::open(&options)?);
        *shared = Some((options, gpu.clone()));
        Ok(gpu)
    }

    /// Whether there is an adapter that is worth a try beside the CPU: one that does not itself compute on
    /// the CPU. Opens nothing.
    #[must_use]
    pub fn has_hardware() -> bool {
        GpuOptions::from_environment().is_ok_and(|options| has_hardware(&options))
    }
}
