//! What a command prints: its report as text or as JSON.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

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
