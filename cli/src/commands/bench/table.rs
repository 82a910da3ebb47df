//! The measurements as text.

use std::fmt;

use super::{BenchReport, Row};

/// The yardstick.
const YARDSTICK: &str = "ark";

impl BenchReport {
    /// How many times faster than the yardstick on as many threads; `None` if that was not measured.
    fn ratio(&self, row: &Row) -> Option<f64> {
        let key = |row: &Row| (row.op as u8, row.log_n, row.threads);
        self.rows
            .iter()
            .find(|other| other.backend == YARDSTICK && key(other) == key(row))
            .map(|yardstick| yardstick.median_ms / row.median_ms)
    }
}

impl fmt::Display for BenchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<8} {:>5} {:<8} {:>7} {:>5} {:>12} {:>12} {:>7}",
            "op", "log n", "backend", "threads", "runs", "min ms", "median ms", "× ark"
        )?;
        for row in &self.rows {
            let ratio = self
                .ratio(row)
                .map_or("–".into(), |ratio| format!("{ratio:.2}"));
            writeln!(
                f,
                "{:<8} {:>5} {:<8} {:>7} {:>5} {:>12.3} {:>12.3} {ratio:>7}",
                row.op, row.log_n, row.backend, row.threads, row.runs, row.min_ms, row.median_ms
            )?;
            if let Some(proof) = &row.proof {
                writeln!(
                    f,
                    "    {} transfers, {} constraints; checked in {:.3} ms, not counted",
                    proof.transfers, proof.constraints, proof.satisfaction_ms
                )?;
                for stage in &proof.stages {
                    writeln!(
                        f,
                        "    {:<32} {:>12.3} {:>12.3}",
                        stage.stage, stage.min_ms, stage.median_ms
                    )?;
                }
            }
        }
        writeln!(f, "{} processors", self.processors)
    }
}
