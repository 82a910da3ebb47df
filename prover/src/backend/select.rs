//! The one place that chooses a backend.
//!
//! A [`Selection`] is what a user writes: a name, or `auto`. `auto` obeys the environment variable
//! [`ENV_VAR`] and otherwise takes the fastest CPU engine, with the GPU beside it where there is a hardware
//! one ([`SideBySide`](super::SideBySide)). A backend that was named, on the command line or in the
//! environment, and is not available is an error: nothing falls back silently to a slower one.

use std::fmt;
use std::str::FromStr;

use zkroll_engine::portable::Arithmetic;

#[cfg(target_arch = "x86_64")]
use super::Ifma;
#[cfg(feature = "gpu")]
use super::gpu::{Gpu, GpuError};
#[cfg(feature = "gpu")]
use super::side_by_side::SideBySide;
use super::{AnyBackend, Ark, BackendError, Cpu, Naive};

/// Environment variable that decides what `auto` means.
pub const ENV_VAR: &str = "ZKROLL_BACKEND";

/// The CPU engines, fastest first. The yardstick and the reference are never chosen by themselves.
const CPU_ENGINES: [BackendName; 2] = [BackendName::Ifma, BackendName::Cpu];

/// Every backend that has a name, present in this build or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BackendName {
    /// The reference.
    Naive,
    /// arkworks.
    Ark,
    /// Portable CPU code.
    Cpu,
    /// AVX-512 IFMA.
    Ifma,
    /// GPU through wgpu.
    Gpu,
}

impl BackendName {
    /// All names.
    pub const ALL: [Self; 5] = [Self::Naive, Self::Ark, Self::Cpu, Self::Ifma, Self::Gpu];

    /// The name as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Ark => "ark",
            Self::Cpu => "cpu",
            Self::Ifma => "ifma",
            Self::Gpu => "gpu",
        }
    }

    /// Opens this backend and no other.
    ///
    /// # Errors
    /// [`BackendError::Unavailable`] with the reason.
    pub fn open(self) -> Result<AnyBackend, BackendError> {
        match self {
            Self::Naive => Ok(AnyBackend::Naive(Naive)),
            Self::Ark => Ok(AnyBackend::Ark(Ark)),
            Self::Cpu => Ok(AnyBackend::Cpu(Cpu::new(Arithmetic::detect()))),
            Self::Ifma => open_ifma(),
            Self::Gpu => open_gpu(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn open_ifma() -> Result<AnyBackend, BackendError> {
    match zkroll_engine::ifma::Ifma::detect() {
        Ok(ifma) => Ok(AnyBackend::Ifma(Ifma::new(ifma))),
        Err(missing) => Err(BackendError::Unavailable {
            name: BackendName::Ifma,
            reason: missing.to_string(),
        }),
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn open_ifma() -> Result<AnyBackend, BackendError> {
    Err(BackendError::Unavailable {
        name: BackendName::Ifma,
        reason: "the processor is not an x86-64 one".to_owned(),
    })
}

#[cfg(feature = "gpu")]
fn open_gpu() -> Result<AnyBackend, BackendError> {
    Gpu::shared()
        .map(AnyBackend::Gpu)
        .map_err(|error| gpu_unavailable(&error))
}

#[cfg(feature = "gpu")]
fn gpu_unavailable(error: &GpuError) -> BackendError {
    BackendError::Unavailable {
        name: BackendName::Gpu,
        reason: error.to_string(),
    }
}

#[cfg(not(feature = "gpu"))]
fn open_gpu() -> Result<AnyBackend, BackendError> {
    Err(BackendError::Unavailable {
        name: BackendName::Gpu,
        reason: "not built in: expected feature gpu".to_owned(),
    })
}

/// A CPU engine, with a GPU beside it where there is a hardware one. The device is opened when the first
/// large job comes.
///
/// # Errors
/// If the environment asks for a GPU as there can be none.
#[cfg(feature = "gpu")]
fn with_gpu(cpu: AnyBackend) -> Result<AnyBackend, BackendError> {
    if !Gpu::has_hardware().map_err(|error| gpu_unavailable(&error))? {
        return Ok(cpu);
    }
    Ok(match cpu {
        AnyBackend::Cpu(cpu) => AnyBackend::GpuAndCpu(SideBySide::new(cpu, Gpu::shared)),
        #[cfg(target_arch = "x86_64")]
        AnyBackend::Ifma(ifma) => AnyBackend::GpuAndIfma(SideBySide::new(ifma, Gpu::shared)),
        other => other,
    })
}

#[cfg(not(feature = "gpu"))]
fn with_gpu(cpu: AnyBackend) -> Result<AnyBackend, BackendError> {
    Ok(cpu)
}

impl fmt::Display for BackendName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BackendName {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        Self::ALL
            .into_iter()
            .find(|candidate| candidate.as_str() == name)
            .ok_or_else(|| BackendError::UnknownName {
                got: name.to_owned(),
            })
    }
}

/// What a user asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Whatever [`ENV_VAR`] says, else the fastest available.
    #[default]
    Auto,
    /// This one or an error.
    Named(BackendName),
}

impl Selection {
    /// Opens the selected backend.
    ///
    /// # Errors
    /// If a named backend is not available, or [`ENV_VAR`] holds no name.
    pub fn open(self) -> Result<AnyBackend, BackendError> {
        match self {
            Self::Named(name) => name.open(),
            Self::Auto => {
                let forced = std::env::var_os(ENV_VAR);
                open_auto(
                    forced
                        .as_ref()
                        .map(|value| value.to_string_lossy())
                        .as_deref(),
                )
            }
        }
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Named(name) => name.fmt(f),
        }
    }
}

impl FromStr for Selection {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        if name == "auto" {
            Ok(Self::Auto)
        } else {
            name.parse().map(Self::Named)
        }
    }
}

/// `auto` under a given value of [`ENV_VAR`]; unset, empty and `auto` leave the choice open.
fn open_auto(forced: Option<&str>) -> Result<AnyBackend, BackendError> {
    match forced.unwrap_or_default() {
        "" | "auto" => with_gpu(fastest_cpu()),
        name => name.parse::<BackendName>()?.open(),
    }
}

/// The fastest CPU engine of this machine, whatever [`ENV_VAR`] says: for work that no GPU does and nobody
/// asks to see on another backend.
pub(crate) fn fastest_cpu() -> AnyBackend {
    CPU_ENGINES
        .into_iter()
        .find_map(|name| name.open().ok())
        .unwrap_or_else(|| AnyBackend::Cpu(Cpu::new(Arithmetic::detect())))
}

/// The backend that `auto` stands for on this machine.
///
/// # Errors
/// If [`ENV_VAR`] names a backend that is unknown or not available.
pub fn detect() -> Result<AnyBackend, BackendError> {
    Selection::Auto.open()
}

/// Whether a backend can be used here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Availability {
    /// The backend.
    pub name: BackendName,
    /// Why it cannot be used; `None` if it can.
    pub unavailable: Option<String>,
    /// What it runs on, where that is not the processor: the GPU's adapter.
    pub detail: Option<String>,
}

/// Every known backend with the reason why it is not available, if it is not. A GPU is opened for it.
#[must_use]
pub fn list() -> Vec<Availability> {
    let availability = |name: BackendName| {
        let (unavailable, detail) = match name.open() {
            #[cfg(feature = "gpu")]
            Ok(AnyBackend::Gpu(gpu)) => (None, Some(gpu.executor().info().to_string())),
            Ok(_) => (None, None),
            Err(BackendError::Unavailable { reason, .. }) => (Some(reason), None),
            Err(error) => (Some(error.to_string()), None),
        };
        Availability {
            name,
            unavailable,
            detail,
        }
    };
    BackendName::ALL.into_iter().map(availability).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Backend;

    #[test]
    fn names_and_selections_round_trip() {
        for name in BackendName::ALL {
            assert_eq!(name.to_string().parse(), Ok(name));
            assert_eq!(name.to_string().parse(), Ok(Selection::Named(name)));
        }
        assert_eq!("auto".parse(), Ok(Selection::Auto));
        assert_eq!(Selection::Auto.to_string(), "auto");
        for bad in ["", "ARK", " ark", "cuda"] {
            let expected = BackendError::UnknownName {
                got: bad.to_owned(),
            };
            assert_eq!(bad.parse::<Selection>(), Err(expected));
        }
    }

    #[test]
    fn unknown_name_lists_all_known_ones() {
        let message = "cuda".parse::<Selection>().unwrap_err().to_string();
        for name in BackendName::ALL {
            assert!(message.contains(name.as_str()), "{message}");
        }
    }

    #[test]
    fn a_named_backend_is_that_backend_or_an_error() {
        for name in BackendName::ALL {
            match Selection::Named(name).open() {
                Ok(backend) => assert_eq!(backend.name(), name.as_str()),
                Err(error) => {
                    let BackendError::Unavailable {
                        name: refused,
                        reason,
                    } = error
                    else {
                        panic!("{error}");
                    };
                    assert_eq!(refused, name);
                    assert!(!reason.is_empty());
                }
            }
        }
    }

    #[test]
    fn auto_is_the_fastest_there_is() {
        let fastest = CPU_ENGINES.into_iter().find(|name| name.open().is_ok());
        let auto = open_auto(None).unwrap().name();
        #[cfg(feature = "gpu")]
        if Gpu::has_hardware().unwrap() {
            assert_eq!(auto, "auto");
            return;
        }
        assert_eq!(Some(auto), fastest.map(BackendName::as_str));
    }

    #[test]
    fn the_environment_forces_auto_without_fallback() {
        assert_eq!(open_auto(Some("naive")).unwrap().name(), "naive");
        assert_eq!(open_auto(Some("ark")).unwrap().name(), "ark");
        assert_eq!(
            open_auto(Some("auto")).unwrap().name(),
            open_auto(None).unwrap().name()
        );
        assert_eq!(
            open_auto(Some("")).unwrap().name(),
            open_auto(None).unwrap().name()
        );
        match open_auto(Some("gpu")) {
            Ok(backend) => assert_eq!(backend.name(), "gpu"),
            Err(error) => assert!(matches!(error, BackendError::Unavailable { .. })),
        }
        assert!(matches!(
            open_auto(Some("cuda")),
            Err(BackendError::UnknownName { .. })
        ));
    }

    #[test]
    fn the_list_agrees_with_opening() {
        let list = list();
        assert_eq!(list.len(), BackendName::ALL.len());
        for Availability {
            name,
            unavailable,
            detail,
        } in list
        {
            let available = name.open().is_ok();
            assert_eq!(available, unavailable.is_none(), "{name}");
            let is_device = available && name == BackendName::Gpu;
            assert_eq!(detail.is_some(), is_device, "{name}: {detail:?}");
        }
    }
}
