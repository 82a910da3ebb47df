//! Turns, times and their statistics.

use std::time::{Duration, Instant};

use rayon::ThreadPool;
use zkroll::prover::{AnyBackend, Backend, Stage};

use super::{BenchError, Op};
use crate::error::CliError;
use crate::progress::Progress;
use crate::report::milliseconds;

/// A backend on a number of threads.
pub struct Lane<'b> {
    /// The backend's place in the list.
    pub index: usize,
    /// The backend.
    pub backend: &'b AnyBackend,
    /// Threads of the pool.
    pub threads: usize,
    /// Where the operation runs.
    pub pool: ThreadPool,
}

/// When enough was measured: after so many rounds, or when the time is up.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Rounds.
    pub runs: Option<u32>,
    /// Seconds.
    pub seconds: Option<u64>,
}

impl Limit {
    fn reached(&self, rounds: u32, elapsed: Duration) -> bool {
        self.runs.is_some_and(|runs| rounds >= runs)
            || self
                .seconds
                .is_some_and(|seconds| elapsed >= Duration::from_secs(seconds))
    }
}

/// One timed run.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What counts.
    pub elapsed: Duration,
    /// Stages of a proof.
    pub stages: Vec<(Stage, Duration)>,
}

impl From<Duration> for Sample {
    fn from(elapsed: Duration) -> Self {
        Self {
            elapsed,
            stages: Vec::new(),
        }
    }
}

/// Runs every lane once and compares the results, then measures in turns. `run` times itself.
///
/// # Errors
/// If a run fails or the results differ.
pub fn round_robin<T: PartialEq + Send>(
    (op, log_n): (Op, u32),
    lanes: &[Lane<'_>],
    limit: Limit,
    run: impl Fn(&Lane<'_>) -> Result<(T, Sample), CliError> + Sync,
) -> Result<Vec<Vec<Sample>>, CliError> {
    let progress = Progress::start(format!("{op} 2^{log_n}: comparing results"));
    let mut reference: Option<(T, &'static str)> = None;
    for lane in lanes {
        let (value, _) = lane.pool.install(|| run(lane))?;
        match &reference {
            None => reference = Some((value, lane.backend.name())),
            Some((expected, _)) if *expected == value => {}
            Some((_, reference)) => {
                return Err(CliError::Bench(BenchError::Disagreement {
                    op,
                    log_n,
                    backend: lane.backend.name(),
                    threads: lane.threads,
                    reference,
                }));
            }
        }
    }

    let mut samples = vec![Vec::new(); lanes.len()];
    let start = Instant::now();
    for round in 1.. {
        progress.say(format!("{op} 2^{log_n}: round {round}"));
        for (lane, samples) in lanes.iter().zip(&mut samples) {
            samples.push(lane.pool.install(|| run(lane))?.1);
        }
        if limit.reached(round, start.elapsed()) {
            break;
        }
    }
    Ok(samples)
}

/// Least and median of some times in milliseconds; of an even number the lower middle one.
///
/// # Panics
/// If there are none.
pub fn min_and_median(times: impl Iterator<Item = Duration>) -> (f64, f64) {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let median = times[(times.len() - 1) / 2];
    (milliseconds(times[0]), milliseconds(median))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_few_times() {
        let of = |times: &[u64]| min_and_median(times.iter().map(|ms| Duration::from_millis(*ms)));
        assert_eq!(of(&[7]), (7.0, 7.0));
        assert_eq!(of(&[9, 1, 5]), (1.0, 5.0));
        assert_eq!(of(&[9, 1, 5, 7]), (1.0, 5.0));
    }

    #[test]
    fn either_limit_ends_the_rounds() {
        let limit = |runs, seconds| Limit { runs, seconds };
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(9));
        assert!(limit(Some(2), None).reached(2, short));
        assert!(!limit(Some(2), None).reached(1, long));
        assert!(limit(None, Some(9)).reached(1, long));
        assert!(!limit(None, Some(9)).reached(100, short));
        assert!(limit(Some(5), Some(9)).reached(1, long));
    }
}
