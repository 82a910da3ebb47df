//! The machine that measures.

use std::fmt;
use std::fs;
use std::num::NonZero;
use std::thread::available_parallelism;

use serde::Serialize;
use zkroll::prover::backend::{self, Gpu};

/// Processor, its features, the backends that can run here, and the GPU.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub processors: usize,
    /// The processor's name for itself, where the operating system tells it.
    pub processor: Option<String>,
    /// Architecture and operating system.
    pub target: String,
    /// Features of the processor that a backend may use.
    pub cpu_features: Vec<&'static str>,
    /// Every known backend.
    pub available_backends: Vec<BackendState>,
    /// What backend `gpu` runs on, if it can.
    pub gpu: Option<Adapter>,
}

/// A GPU, or a driver that computes on the CPU.
#[derive(Clone, Debug, Serialize)]
pub struct Adapter {
    /// Its name for itself.
    pub adapter: String,
    /// Its driver and the driver's version.
    pub driver: String,
    /// `vulkan`, `metal` or `dx12`.
    pub interface: &'static str,
    /// The layout of field elements: limbs by bits.
    pub layout: String,
    /// Whether it computes on the CPU.
    pub software: bool,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            adapter,
            driver,
            interface,
            layout,
            software,
        } = self;
        write!(f, "{adapter}, {interface}, {layout}, driver {driver}")?;
        if *software {
            f.write_str(", software")?;
        }
        Ok(())
    }
}

/// Whether a backend can be used.
#[derive(Clone, Debug, Serialize)]
pub struct BackendState {
    /// Its name.
    pub name: &'static str,
    /// Whether it can.
    pub available: bool,
    /// Why not.
    pub reason: Option<String>,
}

impl Machine {
    /// Looks at this machine.
    pub fn detect() -> Self {
        let backends = backend::list().into_iter().map(|backend| BackendState {
            name: backend.name.as_str(),
            available: backend.unavailable.is_none(),
            reason: backend.unavailable,
        });
        Self {
            processors: processors(),
            processor: processor(),
            target: format!("{} {}", std::env::consts::ARCH, std::env::consts::OS),
            cpu_features: cpu_features(),
            available_backends: backends.collect(),
            gpu: gpu(),
        }
    }
}

/// The device that this process has opened or can open.
fn gpu() -> Option<Adapter> {
    let gpu = Gpu::shared().ok()?;
    let info = gpu.executor().info();
    Some(Adapter {
        adapter: info.name.clone(),
        driver: info.driver.clone(),
        interface: info.backend,
        layout: info.layout.to_string(),
        software: info.is_software,
    })
}

/// Processors that this process may use.
pub fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// The first processor's name in Linux's list.
fn processor() -> Option<String> {
    let list = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = list.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

#[cfg(target_arch = "x86_64")]
fn cpu_features() -> Vec<&'static str> {
    macro_rules! found {
        ($($name:tt),*) => {
            [$(($name, std::arch::is_x86_feature_detected!($name))),*]
        };
    }
    let features = found!(
        "bmi2",
        "adx",
        "avx2",
        "avx512f",
        "avx512dq",
        "avx512bw",
        "avx512vl",
        "avx512ifma",
        "avx512vbmi",
        "avx512vbmi2"
    );
    let present = features.into_iter().filter(|(_, present)| *present);
    present.map(|(name, _)| name).collect()
}

/// No backend asks for a feature of another architecture.
#[cfg(not(target_arch = "x86_64"))]
fn cpu_features() -> Vec<&'static str> {
    Vec::new()
}
