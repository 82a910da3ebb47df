//! Backend `gpu`: Vulkan, Metal and DX12 devices through wgpu.
//!
//! What is to be done is written down as a [`Recording`], a plain list of commands; a [`Device`] carries
//! it out, or the shaders' CPU twins do.

mod adapter;
mod backend;
mod calibrate;
mod connection;
mod device;
mod error;
mod execute;
mod msm;
mod pipelines;
mod pool;
mod recording;
mod resident;
mod shared;
mod timestamps;
mod transforms;
mod twins;
mod words;

#[doc(hidden)]
pub use adapter::Fault;
pub use adapter::{AdapterInfo, GpuOptions};
pub use backend::{GpuBackend, GpuBases};
pub use device::{Device, DeviceBuffer};
pub use error::GpuError;
pub use recording::{Buffer, Command, Data, Executor, Limits, Recording, Temporary, View};
pub use resident::{GpuFactors, GpuScalars};
pub use shared::Gpu;
pub use transforms::{TransformPlan, Transforms};
#[doc(hidden)]
pub use twins::{TwinBuffer, TwinExecutor};
