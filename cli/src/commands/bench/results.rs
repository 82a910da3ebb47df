//! The measurements.

use std::time::Duration;

use serde::Serialize;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::Stage;

use super::case::{Case, Variant};
use super::machine::Machine;
use super::measure::{Series, milliseconds, min_and_median};

/// What the others are compared with.
pub const YARDSTICK: Variant = Variant {
    backend: "ark",
    data: None,
};

/// All measurements of a run.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    /// The command line.
    pub command: String,
    /// Version of this program.
    pub version: &'static str,
    #[serde(flatten)]
    pub machine: Machine,
    pub rows: Vec<Row>,
}

impl BenchReport {
    /// Compares the rows with each other.
    pub fn new(command: String, machine: Machine, mut rows: Vec<Row>) -> Self {
        let compared: Vec<_> = rows.iter().map(|row| row.comparisons(&rows)).collect();
        for (row, (ratio_to_ark, speedup)) in rows.iter_mut().zip(compared) {
            row.ratio_to_ark = ratio_to_ark;
            row.speedup_over_one_thread = speedup;
        }
        Self {
            command,
            version: env!("CARGO_PKG_VERSION"),
            machine,
            rows,
        }
    }
}

/// One variant of one case.
#[derive(Debug, Serialize)]
pub struct Row {
    #[serde(flatten)]
    pub case: Case,
    #[serde(flatten)]
    pub variant: Variant,
    pub threads: usize,
    pub runs: usize,
    /// For `prove` without the check that the constraints are satisfied.
    pub min_ms: f64,
    pub median_ms: f64,
    /// Time of `ark` on as many threads over this time; `None` if that was not measured.
    pub ratio_to_ark: Option<Ratio>,
    /// Time on one thread over this time; `None` if that was not measured.
    pub speedup_over_one_thread: Option<Ratio>,
    #[serde(flatten)]
    pub proof: Option<ProofRow>,
}

/// How many times faster.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratio {
    /// By the least of the runs.
    pub min: f64,
    /// By their medians.
    pub median: f64,
}

impl Row {
    /// The statistics of a series, not yet compared with others.
    pub fn new(case: Case, series: &Series<'_>) -> Self {
        // A coarse clock may show nothing at all, of which there is no ratio.
        let least = Duration::from_nanos(1);
        let times = series
            .samples
            .iter()
            .map(|sample| sample.elapsed.max(least));
        let (min_ms, median_ms) = min_and_median(times).expect("a series has a run");
        Self {
            case,
            variant: series.entry.variant(),
            threads: series.threads,
            runs: series.samples.len(),
            min_ms,
            median_ms,
            ratio_to_ark: None,
            speedup_over_one_thread: None,
            proof: None,
        }
    }

    /// Whether the others are compared with this.
    pub fn is_yardstick(&self) -> bool {
        self.variant == YARDSTICK
    }

    /// How many times faster than `ark`, and than itself with its data at the same place on one thread.
    fn comparisons(&self, rows: &[Self]) -> (Option<Ratio>, Option<Ratio>) {
        let over = |variant: Variant, threads: usize| {
            let other = rows.iter().find(|row| {
                row.case == self.case && row.variant == variant && row.threads == threads
            })?;
            Some(Ratio {
                min: other.min_ms / self.min_ms,
                median: other.median_ms / self.median_ms,
            })
        };
        (over(YARDSTICK, self.threads), over(self.variant, 1))
    }
}

/// What a proof has beside its time.
#[derive(Debug, Serialize)]
pub struct ProofRow {
    pub transfers: u32,
    pub constraints: usize,
    /// Median of the check that the constraints are satisfied; `None` for `ark`, which makes none, and
    /// where the data are resident, which were checked before.
    pub satisfaction_ms: Option<f64>,
    /// The other stages in order; none for `ark`, whose prover does not tell, and where the data are
    /// resident, which is one stage.
    pub stages: Vec<StageRow>,
}

/// One stage of a proof.
#[derive(Debug, Serialize)]
pub struct StageRow {
    pub stage: &'static str,
    pub min_ms: f64,
    pub median_ms: f64,
    /// In the run that was the fastest as a whole: these add up.
    pub fastest_run_ms: f64,
}

impl ProofRow {
    /// The stages of a series of proofs.
    pub fn new(circuit: &BatchCircuit, series: &Series<'_>) -> Self {
        let all = |wanted: Stage| {
            let stages = series.samples.iter().flat_map(|sample| &sample.stages);
            let times = stages.filter(move |(stage, _)| *stage == wanted);
            min_and_median(times.map(|(_, elapsed)| *elapsed))
        };
        let fastest = series.samples.iter().min_by_key(|sample| sample.elapsed);
        let stages = fastest.map_or(&[][..], |sample| &sample.stages);
        let counted = stages
            .iter()
            .filter(|(stage, _)| *stage != Stage::Satisfaction);
        Self {
            transfers: circuit.shape().transfers,
            constraints: circuit.cost().constraints,
            satisfaction_ms: all(Stage::Satisfaction).map(|(_, median)| median),
            stages: counted
                .filter_map(|(stage, elapsed)| {
                    let (min_ms, median_ms) = all(*stage)?;
                    Some(StageRow {
                        stage: stage.as_str(),
                        min_ms,
                        median_ms,
                        fastest_run_ms: milliseconds(*elapsed),
                    })
                })
                .collect(),
        }
    }
}

/// A time in the unit that suits it, with three digits.
pub fn readable_time(ms: f64) -> String {
    let (value, unit) = match ms {
        ms if ms < 1e-3 => (ms * 1e6, "ns"),
        ms if ms < 1.0 => (ms * 1e3, "µs"),
        ms if ms < 1e3 => (ms, "ms"),
        ms => (ms / 1e3, "s"),
    };
    let digits = match value {
        value if value < 9.995 => 2,
        value if value < 99.95 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_well() {
        for (ms, text) in [
            (0.000_041, "41.0 ns"),
            (0.012_34, "12.3 µs"),
            (1.0, "1.00 ms"),
            (99.96, "100 ms"),
            (12_345.0, "12.3 s"),
            (123_456.0, "123 s"),
        ] {
            assert_eq!(readable_time(ms), text);
        }
    }
}
