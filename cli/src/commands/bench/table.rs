//! The measurements as text.

use std::fmt;

use super::results::{BenchReport, Ratio, Row, readable_time};

/// Of the column that says where the data lie.
const DATA_WIDTH: usize = 14;

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without a device there is nothing to say of where the data lie.
        let has_data = self.rows.iter().any(|row| row.variant.data.is_some());
        let width = if has_data { DATA_WIDTH } else { 0 };
        writeln!(
            f,
            "{:<8} {:<13} {:>8} {:<7} {:<width$}{:>7} {:>5} {:>10} {:>10} {:>12} {:>12}",
            "op",
            "input",
            "n",
            "backend",
            if has_data { "data" } else { "" },
            "threads",
            "runs",
            "min",
            "median",
            "× 1 thread",
            "× ark"
        )?;
        for row in &self.rows {
            write_row(f, row, width)?;
        }
        writeln!(f, "ratios by minimum/by median")?;
        writeln!(f, "{} processors", self.machine.processors)?;
        match &self.machine.gpu {
            Some(gpu) if has_data => writeln!(f, "gpu: {gpu}"),
            _ => Ok(()),
        }
    }
}

fn write_row(f: &mut fmt::Formatter<'_>, row: &Row, data_width: usize) -> fmt::Result {
    writeln!(
        f,
        "{:<8} {:<13} {:>8} {:<7} {:<data_width$}{:>7} {:>5} {:>10} {:>10} {:>12} {:>12}",
        row.case.op,
        row.case.input,
        row.case.size(),
        row.variant.backend,
        row.variant.data(),
        row.threads,
        row.runs,
        readable_time(row.min_ms),
        readable_time(row.median_ms),
        pair(row.speedup_over_one_thread),
        pair(row.ratio_to_ark),
    )?;
    let Some(proof) = &row.proof else {
        return Ok(());
    };
    write!(
        f,
        "    {} transfers, {} constraints",
        proof.transfers, proof.constraints
    )?;
    match proof.satisfaction_ms {
        Some(ms) => writeln!(f, "; checked in {}, not counted", readable_time(ms))?,
        None => writeln!(f)?,
    }
    for stage in &proof.stages {
        let (min, median) = (readable_time(stage.min_ms), readable_time(stage.median_ms));
        writeln!(f, "    {:<49} {min:>10} {median:>10}", stage.stage)?;
    }
    Ok(())
}

/// Both ratios, or a dash.
fn pair(ratio: Option<Ratio>) -> String {
    ratio.map_or("–".into(), |ratio| {
        format!("{:.2}/{:.2}", ratio.min, ratio.median)
    })
}
