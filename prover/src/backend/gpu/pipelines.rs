//! Compiled shaders.
//!
//! Pipelines are made, in parallel, when a recording first needs them, and kept. The bind group layout of
//! one is [`Kernel::bindings`] with the parameter block after the last, so that a shader that differs is
//! refused here and not at a dispatch. On Vulkan the driver's code goes to a file, from which the next
//! process starts; the file begins with a digest of the rest, and one that does not match is not used.
//!
//! In builds without debug assertions shaders run without wgpu's bounds checks, loop bounds and zeros in
//! workgroup memory. This is the crate's only module with unsafe code.

#![allow(unsafe_code)]

use std::collections::HashMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wgpu::{BindingType, BufferBindingType, ShaderStages};
use zkroll_shaders::{Access, Kernel, Layout};

use super::connection::Connection;
use super::error::GpuError;
use crate::parallel;

/// A compiled shader.
#[derive(Clone, Debug)]
pub(super) struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub bindings: wgpu::BindGroupLayout,
}

/// A place for a pipeline, locked while it is made.
type Slot = Arc<Mutex<Option<Pipeline>>>;

/// The pipelines of a device.
#[derive(Debug)]
pub(super) struct Pipelines {
    slots: Mutex<HashMap<(Kernel, Layout), Slot>>,
    cache: Option<Cache>,
}

/// The driver's code and its file.
#[derive(Debug)]
struct Cache {
    cache: wgpu::PipelineCache,
    path: PathBuf,
    /// Whether pipelines were made since it was written.
    is_dirty: AtomicBool,
}

impl Pipelines {
    /// No pipelines yet; with a cache in this folder where the device supports one.
    pub fn new(connection: &Connection, info: &wgpu::AdapterInfo, folder: Option<PathBuf>) -> Self {
        let has_cache = connection
            .device
            .features()
            .contains(wgpu::Features::PIPELINE_CACHE);
        let path = folder
            .filter(|_| has_cache)
            .and_then(|folder| Some(folder.join(file_name(info)?)));
        Self {
            slots: Mutex::default(),
            cache: path.and_then(|path| open_cache(connection, path)),
        }
    }

    /// The pipelines of kernels; those that are missing are made, in parallel.
    pub fn get(
        &self,
        connection: &Connection,
        layout: Layout,
        kernels: impl IntoIterator<Item = Kernel>,
    ) -> Result<HashMap<Kernel, Pipeline>, GpuError> {
        let slots: HashMap<Kernel, Slot> = {
            let mut slots = lock(&self.slots);
            let mut slot = |kernel| Arc::clone(slots.entry((kernel, layout)).or_default());
            kernels
                .into_iter()
                .map(|kernel| (kernel, slot(kernel)))
                .collect()
        };
        let missing: Vec<(Kernel, &Slot)> = slots
            .iter()
            .filter(|(_, slot)| lock(slot).is_none())
            .map(|(kernel, slot)| (*kernel, slot))
            .collect();
        if !missing.is_empty() {
            let made = parallel::map(missing.len(), |i| {
                let (kernel, slot) = missing[i];
                self.make(connection, kernel, layout, slot)
            });
            made.into_iter().collect::<Result<(), _>>()?;
        }
        let pipelines = slots
            .into_iter()
            .filter_map(|(kernel, slot)| Some((kernel, lock(&slot).clone()?)));
        Ok(pipelines.collect())
    }

    /// Fills a slot, unless another thread has.
    fn make(
        &self,
        connection: &Connection,
        kernel: Kernel,
        layout: Layout,
        slot: &Slot,
    ) -> Result<(), GpuError> {
        let mut slot = lock(slot);
        if slot.is_none() {
            let cache = self.cache.as_ref().map(|cache| &cache.cache);
            let pipeline = connection.scoped(("a shader", 0), || {
                create(&connection.device, kernel, layout, cache)
            })?;
            *slot = Some(pipeline);
            if let Some(cache) = &self.cache {
                cache.is_dirty.store(true, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Writes the cache if there is something new in it. That it cannot be written is no failure.
    pub fn save(&self) {
        if let Some(cache) = &self.cache
            && cache.is_dirty.swap(false, Ordering::Relaxed)
            && let Some(data) = cache.cache.get_data()
            && let Err(error) = write(&cache.path, &data)
        {
            tracing::debug!(%error, path = %cache.path.display(), "the pipeline cache was not written");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compiles a shader.
fn create(
    device: &wgpu::Device,
    kernel: Kernel,
    layout: Layout,
    cache: Option<&wgpu::PipelineCache>,
) -> Pipeline {
    let name = kernel.name();
    let storage = kernel
        .bindings()
        .iter()
        .map(|binding| BufferBindingType::Storage {
            read_only: binding.access == Access::Read,
        });
    let entries: Vec<wgpu::BindGroupLayoutEntry> = storage
        .chain([BufferBindingType::Uniform])
        .zip(0..)
        .map(|(ty, binding)| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: ShaderStages::COMPUTE,
            ty: BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        })
        .collect();
    let bindings = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(&name),
        entries: &entries,
    });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some(&name),
        bind_group_layouts: &[Some(&bindings)],
        immediate_size: 0,
    });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(&name),
        layout: Some(&pipeline_layout),
        module: &module(device, &name, zkroll_shaders::source(kernel, layout)),
        entry_point: Some(kernel.entry_point()),
        compilation_options: wgpu::PipelineCompilationOptions {
            zero_initialize_workgroup_memory: cfg!(debug_assertions),
            ..wgpu::PipelineCompilationOptions::default()
        },
        cache,
    });
    Pipeline { pipeline, bindings }
}

/// A shader of `zkroll-shaders`.
fn module(device: &wgpu::Device, name: &str, source: &str) -> wgpu::ShaderModule {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    };
    if cfg!(debug_assertions) {
        device.create_shader_module(descriptor)
    } else {
        // SAFETY: the text is one of the shaders that the build script of `zkroll-shaders` composed and
        // validated, never a user's. Their loops have bounds that do not depend on what buffers hold,
        // and they do not divide by what might be zero. They index buffers by numbers that are bounded
        // by the parameter block and by the digits, offsets and bucket numbers that shaders before them
        // wrote; the recordings bind views that are as long as the parameter blocks say. The twins index
        // slices of the same lengths, with checks, for the same recordings.
        unsafe {
            device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        }
    }
}

/// The name of the cache's file: another for another adapter, driver or version of the shaders.
fn file_name(info: &wgpu::AdapterInfo) -> Option<String> {
    let key = wgpu::util::pipeline_cache_key(info)?;
    let mut hasher = blake3::Hasher::new();
    for part in [
        &info.name,
        &info.driver,
        &info.driver_info,
        env!("CARGO_PKG_VERSION"),
    ] {
        hasher.update(part.as_bytes()).update(&[0]);
    }
    let digest = hasher.finalize().to_hex();
    Some(format!("{key}_{}", &digest[..16]))
}

/// The cache with what its file holds, if the file is whole.
fn open_cache(connection: &Connection, path: PathBuf) -> Option<Cache> {
    let file = std::fs::read(&path).unwrap_or_default();
    let data = unwrap(&file);
    let opened = connection.scoped(("the pipeline cache", 0), || {
        // SAFETY: the digest says that the data is what `get_data` once returned; wgpu itself compares
        // adapter and driver, and begins with an empty cache if they are others. The folder is the
        // user's own: whoever can write there can replace the program too.
        unsafe {
            connection
                .device
                .create_pipeline_cache(&wgpu::PipelineCacheDescriptor {
                    label: None,
                    data,
                    fallback: true,
                })
        }
    });
    let cache = opened.ok()?;
    Some(Cache {
        cache,
        path,
        is_dirty: AtomicBool::new(false),
    })
}

/// The data of a file whose digest is right.
fn unwrap(file: &[u8]) -> Option<&[u8]> {
    let (digest, data) = file.split_first_chunk::<{ blake3::OUT_LEN }>()?;
    (blake3::hash(data) == *digest).then_some(data)
}

/// Replaces a file, whole or not at all, with data and its digest.
fn write(path: &std::path::Path, data: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| std::path::Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(blake3::hash(data).as_bytes())?;
    file.write_all(data)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_cache_file_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("cache");
        write(&path, b"code").unwrap();
        let file = std::fs::read(&path).unwrap();
        assert_eq!(unwrap(&file), Some(&b"code"[..]));
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert_eq!(unwrap(&damaged), None, "{at}");
        }
        for len in [0, 31, 32, file.len() - 1] {
            assert_eq!(unwrap(&file[..len]), None, "{len}");
        }
        write(&path, b"other").unwrap();
        assert_eq!(unwrap(&std::fs::read(&path).unwrap()), Some(&b"other"[..]));
    }
}
