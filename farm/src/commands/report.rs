//! What a command prints.

use std::fmt::Display;
use std::io::Write;

use serde::Serialize;
use zkroll_farm::FarmError;

/// Prints a report: one JSON document, or its text.
pub fn print<R: Serialize + Display>(report: &R, json: bool) -> Result<(), FarmError> {
    let mut out = std::io::stdout().lock();
    let written = if json {
        serde_json::to_writer_pretty(&mut out, report)
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        writeln!(out, "{}", report.to_string().trim_end())
    };
    written
        .and_then(|()| out.flush())
        .map_err(|source| FarmError::Io {
            path: "standard output".into(),
            source,
        })
}
