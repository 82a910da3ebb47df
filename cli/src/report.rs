//! What a command prints: its report as text or as JSON.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use zkroll::prover::StageTimes;

use crate::error::CliError;

/// Prints a report on standard output: one JSON document, or its text.
///
/// # Errors
/// If standard output is closed.
pub fn print<R: Serialize + Display>(report: &R, json: bool) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    let written = if json {
        serde_json::to_writer_pretty(&mut out, report)
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        writeln!(out, "{}", report.to_string().trim_end())
    };
    written.and_then(|()| out.flush()).map_err(CliError::Stdout)
}

/// Writes a line of a text report: a name, spaces, a value.
///
/// # Errors
/// Those of the formatter.
pub fn line(f: &mut fmt::Formatter<'_>, name: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "{name:<37} {value}")
}

/// Milliseconds, exact to the microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// How long a stage of a proof took.
#[derive(Debug, Serialize)]
pub struct StageTime {
    stage: &'static str,
    ms: f64,
}

impl StageTime {
    /// The stages of a proof, in order.
    pub fn list(times: &StageTimes) -> Vec<Self> {
        let stages = times.as_slice().iter();
        stages
            .map(|(stage, elapsed)| Self {
                stage: stage.as_str(),
                ms: milliseconds(*elapsed),
            })
            .collect()
    }

    /// A line for each.
    ///
    /// # Errors
    /// Those of the formatter.
    pub fn lines(stages: &[Self], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Self { stage, ms } in stages {
            line(f, &format!("  {stage}"), format_args!("{ms:.1} ms"))?;
        }
        Ok(())
    }
}

/// The high-water mark of resident memory, from the kernel.
pub fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
