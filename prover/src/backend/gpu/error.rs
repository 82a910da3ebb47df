//! Why the GPU did not do it.

use super::super::BackendError;
use crate::observer::Cancelled;

/// A failure of the device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// An environment variable has a value that it cannot have.
    #[error("{variable}: {message}")]
    Environment {
        /// The variable.
        variable: &'static str,
        /// What was expected.
        message: String,
    },
    /// There is no adapter that can be used.
    #[error("{reason}")]
    NoAdapter {
        /// Why.
        reason: String,
    },
    /// The device is gone: removed, reset, or its driver crashed. Nothing more can be done with it.
    #[error("the GPU was lost: {reason}")]
    DeviceLost {
        /// What the driver says.
        reason: String,
    },
    /// The device has no room.
    #[error("the GPU has no memory for {bytes} bytes of {label}")]
    OutOfMemory {
        /// The buffer.
        label: &'static str,
        /// Its size.
        bytes: u64,
    },
    /// The adapter's largest binding is too small for a job of this size.
    #[error(
        "expected {what} to fit into {limit} bytes, the adapter's largest binding, got {bytes}"
    )]
    TooLarge {
        /// What does not fit.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The driver refused what it was given, a fault of the driver or of this crate.
    #[error("the GPU's driver refused: {message}")]
    Refused {
        /// What it says.
        message: String,
    },
    /// The device returned what is no field element: it computed wrongly.
    #[error("expected coordinates below the modulus from the GPU, got others in window {window}")]
    Unreduced {
        /// The window of the multiplication.
        window: u32,
    },
    /// The device returned what is no field element: it computed wrongly.
    #[error("expected values below the modulus from the GPU, got another at index {index}")]
    UnreducedValue {
        /// The value's index.
        index: usize,
    },
    /// The device did not finish in time.
    #[error("expected the GPU to finish within {seconds} s, it did not")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The caller raised the flag.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl From<GpuError> for BackendError {
    fn from(error: GpuError) -> Self {
        match error {
            GpuError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            error => Self::Gpu(error),
        }
    }
}
