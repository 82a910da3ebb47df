//! Which adapter is used, and with what options.
//!
//! Only real backends count: Vulkan, Metal, DX12. Adapters are tried in the order discrete, integrated,
//! other, software; the reason why one was passed over is kept, so that "no GPU" is never all that a
//! user hears. What the environment demands and cannot be had is an error: nothing falls back silently.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use zkroll_shaders::{Kernel, Layout};

use super::error::GpuError;

/// Environment variable that forces a [`Layout`].
const ENV_LAYOUT: &str = "ZKROLL_GPU_LAYOUT";
/// Environment variable that names an adapter.
const ENV_ADAPTER: &str = "ZKROLL_GPU_ADAPTER";
/// Environment variable that forces the limit of storage bindings down, in bytes.
const ENV_MAX_BINDING: &str = "ZKROLL_GPU_MAX_BINDING";
/// Environment variable that turns timestamps on.
const ENV_TIMESTAMPS: &str = "ZKROLL_GPU_TIMESTAMPS";
/// Environment variable that names the folder of the pipeline cache.
const ENV_CACHE: &str = "ZKROLL_GPU_CACHE";

/// The backends that are used.
const BACKENDS: wgpu::Backends = wgpu::Backends::VULKAN
    .union(wgpu::Backends::METAL)
    .union(wgpu::Backends::DX12);

/// Bytes that a storage binding must be able to hold: a transform of 2^19 values is one binding.
const MIN_BINDING_BYTES: u64 = 16 << 20;

/// Bytes of workgroup memory: a tile of a transform, see [`zkroll_shaders::NTT_TILE_LOG`].
const WORKGROUP_BYTES: u32 = 32 << zkroll_shaders::NTT_TILE_LOG;

/// Share of the memory that the driver grants beyond which a new buffer is refused, in percent. Without
/// it a device that shares the computer's memory would let it swap before it refuses. Mesa's llvmpipe
/// grants nothing and refuses nothing.
const MEMORY_PERCENT: u8 = 95;

/// How a device is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuOptions {
    /// The layout of field elements; by default the fastest of those that the adapter supports.
    pub layout: Option<Layout>,
    /// Part of the name of the adapter to use, in upper or lower case.
    pub adapter: Option<String>,
    /// Bytes that a storage binding may have at most, where the adapter would allow more.
    pub max_binding_bytes: Option<u64>,
    /// Whether each dispatch is timed, see [`Device::take_timings`](super::Device::take_timings).
    pub timestamps: bool,
    /// Folder of the pipeline cache; by default the user's cache folder, and none if this is empty.
    pub cache_dir: Option<PathBuf>,
    /// A failure to simulate.
    #[doc(hidden)]
    pub fault: Option<Fault>,
}

/// A failure that tests simulate.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no adapter.
    NoAdapter,
    /// After so many submissions the device is destroyed.
    LoseDeviceAfter(u32),
    /// A buffer of at least so many bytes is refused.
    RefuseAllocationsFrom {
        /// The size.
        bytes: u64,
    },
    /// A submission has only so long.
    TimeLimit(Duration),
}

impl GpuOptions {
    /// What the environment says: `ZKROLL_GPU_LAYOUT` (`8x32`, `9x29` or `20x13`), `ZKROLL_GPU_ADAPTER`
    /// (part of a name), `ZKROLL_GPU_MAX_BINDING` (bytes), `ZKROLL_GPU_TIMESTAMPS` (`1`) and
    /// `ZKROLL_GPU_CACHE` (a folder; empty for none).
    ///
    /// # Errors
    /// [`GpuError::Environment`] if a variable has a value that it cannot have.
    pub fn from_environment() -> Result<Self, GpuError> {
        Self::from_variables(|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, GpuError> {
        let given = |name| variable(name).filter(|value| !value.is_empty());
        let environment = |variable, message: String| GpuError::Environment { variable, message };
        Ok(Self {
            layout: given(ENV_LAYOUT)
                .map(|name| name.parse())
                .transpose()
                .map_err(|unknown: zkroll_shaders::UnknownLayout| {
                    environment(ENV_LAYOUT, unknown.to_string())
                })?,
            adapter: given(ENV_ADAPTER),
            max_binding_bytes: given(ENV_MAX_BINDING)
                .map(|bytes| {
                    let message = || format!("expected a number of bytes, got {bytes:?}");
                    bytes
                        .parse()
                        .map_err(|_| environment(ENV_MAX_BINDING, message()))
                })
                .transpose()?,
            timestamps: match given(ENV_TIMESTAMPS).as_deref() {
                None | Some("0") => false,
                Some("1") => true,
                Some(other) => {
                    let message = format!("expected 0 or 1, got {other:?}");
                    return Err(environment(ENV_TIMESTAMPS, message));
                }
            },
            cache_dir: variable(ENV_CACHE).map(PathBuf::from),
            fault: None,
        })
    }

    /// Where the pipeline cache lies, if anywhere.
    pub(super) fn cache_folder(&self) -> Option<PathBuf> {
        let folder = |name| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        match &self.cache_dir {
            Some(path) => Some(path.clone()).filter(|path| !path.as_os_str().is_empty()),
            None if cfg!(windows) => folder("LOCALAPPDATA").map(|path| path.join("zkroll")),
            None => folder("XDG_CACHE_HOME")
                .or_else(|| folder("HOME").map(|home| home.join(".cache")))
                .map(|path| path.join("zkroll")),
        }
    }
}

/// The adapter in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterInfo {
    /// Its name.
    pub name: String,
    /// Its driver and the driver's version.
    pub driver: String,
    /// The interface through which it is reached: `vulkan`, `metal` or `dx12`.
    pub backend: &'static str,
    /// Whether it computes on the CPU.
    pub is_software: bool,
    /// The layout of field elements in use.
    pub layout: Layout,
    /// Whether its shaders have 64-bit integers.
    pub int64: bool,
    /// Bytes that a storage binding may have.
    pub max_binding_bytes: u64,
}

/// On one line: name, interface, layout, and `software` if it is that.
impl fmt::Display for AdapterInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            backend,
            layout,
            ..
        } = self;
        write!(f, "{name}, {backend}, {layout}")?;
        if self.is_software {
            f.write_str(", software")?;
        }
        Ok(())
    }
}

/// An adapter that can be used.
pub(super) struct Candidate {
    pub adapter: wgpu::Adapter,
    pub info: wgpu::AdapterInfo,
    /// The features that are wanted and that it has.
    pub features: wgpu::Features,
    /// Its limits, cut to the options.
    pub limits: wgpu::Limits,
}

impl Candidate {
    /// The layouts that it supports, the presumably fastest first.
    pub fn layouts(&self) -> impl Iterator<Item = Layout> {
        let int64 = self.features.contains(wgpu::Features::SHADER_INT64);
        // 9x29 has the fewest instructions wherever products of 32 bits are native.
        [Layout::Limbs9x29, Layout::Limbs8x32, Layout::Limbs20x13]
            .into_iter()
            .filter(move |layout| int64 || !layout.needs_int64())
    }

    /// What users see.
    pub fn describe(&self, layout: Layout) -> AdapterInfo {
        AdapterInfo {
            name: self.info.name.clone(),
            driver: format!("{} {}", self.info.driver, self.info.driver_info)
                .trim()
                .to_owned(),
            backend: self.info.backend.to_str(),
            is_software: self.info.device_type == wgpu::DeviceType::Cpu,
            layout,
            int64: self.features.contains(wgpu::Features::SHADER_INT64),
            max_binding_bytes: self.limits.max_storage_buffer_binding_size,
        }
    }
}

/// The adapters that can be used, best first, and why the others cannot.
pub(super) fn candidates(options: &GpuOptions) -> (Vec<Candidate>, Vec<String>) {
    let mut adapters = if options.fault == Some(Fault::NoAdapter) {
        Vec::new()
    } else {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: BACKENDS,
            // That validation binds every buffer whole, which NVIDIA refuses beyond 4 GiB.
            flags: wgpu::InstanceFlags::from_build_config()
                - wgpu::InstanceFlags::VALIDATION_INDIRECT_CALL,
            memory_budget_thresholds: wgpu::MemoryBudgetThresholds {
                for_resource_creation: Some(MEMORY_PERCENT),
                for_device_loss: None,
            },
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        super::connection::now(instance.enumerate_adapters(BACKENDS))
    };
    adapters.sort_by_key(|adapter| rank(adapter.get_info().device_type));

    let mut rejected = Vec::new();
    if adapters.is_empty() {
        rejected.push("no Vulkan, Metal or DX12 adapter".to_owned());
    }
    let mut accepted = Vec::new();
    for adapter in adapters {
        let info = adapter.get_info();
        let features = adapter.features()
            & (wgpu::Features::SHADER_INT64
                | wgpu::Features::TIMESTAMP_QUERY
                | wgpu::Features::PIPELINE_CACHE);
        let limits = restrict(adapter.limits(), options.max_binding_bytes);
        match check(&info.name, features, &limits, options) {
            Ok(()) => accepted.push(Candidate {
                adapter,
                info,
                features,
                limits,
            }),
            Err(reason) => rejected.push(format!("{}: {reason}", info.name)),
        }
    }
    (accepted, rejected)
}

/// Whether one of the adapters that can be used does not compute on the CPU.
pub(super) fn has_hardware(options: &GpuOptions) -> bool {
    let (candidates, _) = candidates(options);
    let is_hardware = |candidate: &Candidate| candidate.info.device_type != wgpu::DeviceType::Cpu;
    candidates.iter().any(is_hardware)
}

/// The place of a kind of adapter in the order of preference.
const fn rank(kind: wgpu::DeviceType) -> u8 {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu | wgpu::DeviceType::Other => 2,
        wgpu::DeviceType::Cpu => 3,
    }
}

/// Limits with storage bindings of at most `max_binding_bytes`, and of no more than a buffer.
fn restrict(mut limits: wgpu::Limits, max_binding_bytes: Option<u64>) -> wgpu::Limits {
    let bytes = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size)
        .min(max_binding_bytes.unwrap_or(u64::MAX));
    // A binding has whole words.
    limits.max_storage_buffer_binding_size = bytes & !3;
    limits
}

/// Says why an adapter cannot be used.
fn check(
    name: &str,
    features: wgpu::Features,
    limits: &wgpu::Limits,
    options: &GpuOptions,
) -> Result<(), String> {
    if let Some(wanted) = &options.adapter
        && !name.to_lowercase().contains(&wanted.to_lowercase())
    {
        return Err(format!("its name does not contain {wanted:?}"));
    }
    if let Some(layout) = options.layout
        && layout.needs_int64()
        && !features.contains(wgpu::Features::SHADER_INT64)
    {
        return Err(format!(
            "its shaders have no 64-bit integers, which layout {layout} needs"
        ));
    }
    if options.timestamps && !features.contains(wgpu::Features::TIMESTAMP_QUERY) {
        return Err("it has no timestamps, which were asked for".to_owned());
    }
    let bytes = limits.max_storage_buffer_binding_size;
    if bytes < MIN_BINDING_BYTES {
        return Err(format!(
            "its storage bindings hold {} MiB, {} are needed",
            bytes >> 20,
            MIN_BINDING_BYTES >> 20
        ));
    }
    let kernels = Kernel::ALL.iter();
    let buffers = kernels.clone().map(|kernel| kernel.bindings().len() as u32);
    let invocations = kernels.map(|kernel| kernel.workgroup_size());
    for (what, has, needed) in [
        (
            "storage buffers of a shader",
            limits.max_storage_buffers_per_shader_stage,
            buffers.max().unwrap_or(0),
        ),
        (
            "invocations of a workgroup",
            limits
                .max_compute_invocations_per_workgroup
                .min(limits.max_compute_workgroup_size_x),
            invocations.max().unwrap_or(0),
        ),
        (
            "bytes of workgroup memory",
            limits.max_compute_workgroup_storage_size,
            WORKGROUP_BYTES,
        ),
    ] {
        if has < needed {
            return Err(format!("it has {has} {what}, {needed} are needed"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(given: &[(&str, &str)]) -> Result<GpuOptions, GpuError> {
        GpuOptions::from_variables(|name| {
            given
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_is_the_default() {
        assert_eq!(variables(&[]).unwrap(), GpuOptions::default());
        assert_eq!(
            variables(&[(ENV_LAYOUT, ""), (ENV_TIMESTAMPS, "0"), (ENV_ADAPTER, "")]).unwrap(),
            GpuOptions::default()
        );
    }

    #[test]
    fn the_environment_sets_every_option() {
        let options = variables(&[
            (ENV_LAYOUT, "20x13"),
            (ENV_ADAPTER, "LLVM"),
            (ENV_MAX_BINDING, "16777216"),
            (ENV_TIMESTAMPS, "1"),
            (ENV_CACHE, "/somewhere"),
        ]);
        let expected = GpuOptions {
            layout: Some(Layout::Limbs20x13),
            adapter: Some("LLVM".to_owned()),
            max_binding_bytes: Some(16 << 20),
            timestamps: true,
            cache_dir: Some(PathBuf::from("/somewhere")),
            fault: None,
        };
        assert_eq!(options.unwrap(), expected);
        assert_eq!(expected.cache_folder(), Some(PathBuf::from("/somewhere")));
    }

    #[test]
    fn an_empty_cache_folder_is_none() {
        assert_eq!(variables(&[(ENV_CACHE, "")]).unwrap().cache_folder(), None);
    }

    #[test]
    fn bad_values_name_the_variable() {
        for (variable, value, message) in [
            (
                ENV_LAYOUT,
                "8×32",
                "ZKROLL_GPU_LAYOUT: expected a limb layout of 8x32, 9x29, 20x13, got \"8×32\"",
            ),
            (
                ENV_MAX_BINDING,
                "16 MiB",
                "ZKROLL_GPU_MAX_BINDING: expected a number of bytes, got \"16 MiB\"",
            ),
            (
                ENV_TIMESTAMPS,
                "yes",
                "ZKROLL_GPU_TIMESTAMPS: expected 0 or 1, got \"yes\"",
            ),
        ] {
            let error = variables(&[(variable, value)]).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn an_adapter_is_described_on_one_line() {
        let mut info = AdapterInfo {
            name: "Adapter 1".to_owned(),
            driver: "driver 2.0".to_owned(),
            backend: "vulkan",
            is_software: false,
            layout: Layout::Limbs9x29,
            int64: true,
            max_binding_bytes: 1 << 30,
        };
        assert_eq!(info.to_string(), "Adapter 1, vulkan, 9x29");
        info.is_software = true;
        assert_eq!(info.to_string(), "Adapter 1, vulkan, 9x29, software");
    }

    #[test]
    fn an_adapter_is_refused_with_the_reason() {
        let int64 = wgpu::Features::SHADER_INT64;
        let none = wgpu::Features::empty();
        let whole = wgpu::Limits::default();
        let default = GpuOptions::default();
        assert_eq!(check("a", none, &whole, &default), Ok(()));

        let refusal = |features, limits: &wgpu::Limits, options: &GpuOptions| {
            check("Adapter 1", features, limits, options).unwrap_err()
        };
        let named = |name: &str| GpuOptions {
            adapter: Some(name.to_owned()),
            ..GpuOptions::default()
        };
        assert_eq!(check("Adapter 1", none, &whole, &named("aDAPTER")), Ok(()));
        assert_eq!(
            refusal(none, &whole, &named("other")),
            "its name does not contain \"other\""
        );
        let forced = GpuOptions {
            layout: Some(Layout::Limbs9x29),
            ..GpuOptions::default()
        };
        assert_eq!(check("a", int64, &whole, &forced), Ok(()));
        assert_eq!(
            refusal(none, &whole, &forced),
            "its shaders have no 64-bit integers, which layout 9x29 needs"
        );
        let timed = GpuOptions {
            timestamps: true,
            ..GpuOptions::default()
        };
        assert_eq!(
            refusal(none, &whole, &timed),
            "it has no timestamps, which were asked for"
        );
        assert_eq!(
            refusal(none, &restrict(whole.clone(), Some(8 << 20)), &default),
            "its storage bindings hold 8 MiB, 16 are needed"
        );
        let limits = wgpu::Limits {
            max_storage_buffers_per_shader_stage: 4,
            ..whole.clone()
        };
        assert_eq!(
            refusal(none, &limits, &default),
            "it has 4 storage buffers of a shader, 6 are needed"
        );
        let limits = wgpu::Limits {
            max_compute_workgroup_storage_size: 8192,
            ..whole
        };
        assert_eq!(
            refusal(none, &limits, &default),
            "it has 8192 bytes of workgroup memory, 16384 are needed"
        );
    }
}
