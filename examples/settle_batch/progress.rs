//! Steps on stderr: a spinner while one runs, where stderr is a terminal, and a line when it is done.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use zkroll::prover::{BackendError, Observer, Stage, StageTimes};

use crate::common::Result;

/// Runs `step` under a name; returns its value and time.
///
/// # Errors
/// Those of the step.
pub fn step<T>(name: &str, step: impl FnOnce(&ProgressBar) -> Result<T>) -> Result<(T, Duration)> {
    // Hidden by itself where stderr is no terminal.
    let bar = ProgressBar::new_spinner().with_message(name.to_owned());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let start = Instant::now();
    let value = step(&bar);
    let elapsed = start.elapsed();
    bar.finish_and_clear();
    let value = value.map_err(|error| format!("{name}: {error}"))?;
    eprintln!("{:>10} ms  {name}", format!("{:.1}", milliseconds(elapsed)));
    Ok((value, elapsed))
}

/// A duration as reports have it: to a microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

/// Shows the stage of a proof and keeps the stages' times.
pub struct ProofStages<'a> {
    bar: &'a ProgressBar,
    times: StageTimes,
}

impl<'a> ProofStages<'a> {
    /// Shows the stages on `bar`.
    pub fn new(bar: &'a ProgressBar) -> Self {
        Self {
            bar,
            times: StageTimes::default(),
        }
    }

    /// The times so far.
    pub fn into_times(self) -> StageTimes {
        self.times
    }
}

impl Observer for ProofStages<'_> {
    fn started(&mut self, stage: Stage) {
        self.bar.set_message(format!("prove: {stage}"));
    }

    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        self.times.finished(stage, elapsed);
    }

    fn fell_back(&mut self, error: &BackendError) {
        self.bar
            .suspend(|| eprintln!("warning: {error}; the CPU took over"));
    }
}
