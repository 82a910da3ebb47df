//! Turns, times and their statistics.
//!
//! A round runs every backend once on every thread count, one with a memory of its own once for each
//! place of its data. The backends of a thread count share its pool and are entered together, so that a
//! run of nanoseconds is not drowned by the handing over between threads. From round to round their
//! order is rotated: each comes at every place equally often, and what its predecessor left in the caches
//! favours none.

use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use zkroll::prover::backend::{BackendName, Gpu, Selection};
use zkroll::prover::{AnyBackend, Stage};

use super::case::{Case, Data, Variant};
use super::error::BenchError;
use crate::error::CliError;
use crate::progress::Progress;

/// A backend that takes part.
pub struct Entrant {
    /// Its place among those that take part.
    pub index: usize,
    /// What was asked for.
    pub selection: Selection,
    /// The backend.
    pub backend: AnyBackend,
}

impl Entrant {
    /// Opens a backend.
    ///
    /// # Errors
    /// If it is not available.
    pub fn open(index: usize, selection: Selection) -> Result<Self, CliError> {
        Ok(Self {
            index,
            selection,
            backend: selection.open()?,
        })
    }

    /// The name by which it was asked for.
    pub const fn name(&self) -> &'static str {
        match self.selection {
            Selection::Auto => "auto",
            Selection::Named(name) => name.as_str(),
        }
    }

    /// Whether this is the yardstick: asked for by name.
    pub fn is_ark(&self) -> bool {
        self.selection == Selection::Named(BackendName::Ark)
    }

    /// The device, if this is one: asked for by name.
    pub fn gpu(&self) -> Option<&Gpu> {
        match &self.backend {
            AnyBackend::Gpu(gpu) if self.selection != Selection::Auto => Some(gpu),
            _ => None,
        }
    }
}

/// A backend that takes part, with its data in one place: what has a row.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// Its place among the entries of an operation.
    pub index: usize,
    /// The backend.
    pub entrant: &'a Entrant,
    /// Where its data lie; `None` if it has no memory of its own.
    pub data: Option<Data>,
}

impl Entry<'_> {
    /// How its row is called.
    pub const fn variant(&self) -> Variant {
        Variant {
            backend: self.entrant.name(),
            data: self.data,
        }
    }
}

/// The threads that all backends run on in turn.
pub struct Team {
    /// Their number.
    pub threads: usize,
    pool: ThreadPool,
}

impl Team {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the operating system gives none.
    pub fn start(threads: usize) -> Result<Self, BenchError> {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|source| BenchError::Threads { threads, source })?;
        Ok(Self { threads, pool })
    }
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

/// The samples of one entry on one number of threads.
pub struct Series<'a> {
    /// The backend and the place of its data.
    pub entry: Entry<'a>,
    /// Its threads.
    pub threads: usize,
    /// Its runs, at least one.
    pub samples: Vec<Sample>,
}

/// Who takes part, where, and for how long.
pub struct Contest<'a> {
    /// The backends.
    pub entrants: &'a [Entrant],
    /// The thread counts.
    pub teams: &'a [Team],
    /// The end.
    pub limit: Limit,
    /// Memory for window tables: of each list of points, or of a whole key.
    pub table_bytes: usize,
}

impl<'a> Contest<'a> {
    /// The entries of an operation in which a device may find its data at these places.
    pub fn entries(&self, places: &[Data]) -> Vec<Entry<'a>> {
        let of_entrant = |entrant: &'a Entrant| -> Vec<(&'a Entrant, Option<Data>)> {
            match entrant.gpu() {
                None => vec![(entrant, None)],
                Some(_) => places.iter().map(|data| (entrant, Some(*data))).collect(),
            }
        };
        let entries = self.entrants.iter().flat_map(of_entrant).enumerate();
        let entry = |(index, (entrant, data))| Entry {
            index,
            entrant,
            data,
        };
        entries.map(entry).collect()
    }

    /// Runs every entry on every number of threads once and compares the results, which warms it up too,
    /// then measures in turns. `run` times itself. The series come entry by entry.
    ///
    /// # Errors
    /// If a run fails or the results differ.
    pub fn hold<T: PartialEq + Send>(
        &self,
        case: Case,
        entries: &[Entry<'a>],
        run: impl Fn(&Entry<'a>) -> Result<(T, Sample), CliError> + Sync,
    ) -> Result<Vec<Series<'a>>, CliError> {
        let progress = Progress::start(format!("{case}: comparing results"));
        self.compare(case, entries, &run)?;

        let mut samples = vec![vec![Vec::new(); self.teams.len()]; entries.len()];
        let start = Instant::now();
        for round in 1.. {
            progress.say(format!("{case}: round {round}"));
            for (team_index, team) in self.teams.iter().enumerate() {
                let taken = team.pool.install(|| {
                    let order = rotation(entries.len(), round as usize);
                    let take = |index: usize| Ok((index, run(&entries[index])?.1));
                    order.map(take).collect::<Result<Vec<_>, CliError>>()
                })?;
                for (index, sample) in taken {
                    samples[index][team_index].push(sample);
                }
            }
            if self.limit.reached(round, start.elapsed()) {
                break;
            }
        }
        let of_entry = |(entry, samples): (&Entry<'a>, Vec<Vec<Sample>>)| {
            let entry = *entry;
            let teams = self.teams.iter().zip(samples);
            teams.map(move |(team, samples)| Series {
                entry,
                threads: team.threads,
                samples,
            })
        };
        let series = entries.iter().zip(samples).flat_map(of_entry);
        Ok(series.collect())
    }

    fn compare<T: PartialEq + Send>(
        &self,
        case: Case,
        entries: &[Entry<'a>],
        run: &(impl Fn(&Entry<'a>) -> Result<(T, Sample), CliError> + Sync),
    ) -> Result<(), CliError> {
        let mut reference: Option<(T, Variant)> = None;
        for entry in entries {
            for team in self.teams {
                let (value, _) = team.pool.install(|| run(entry))?;
                match &reference {
                    None => reference = Some((value, entry.variant())),
                    Some((expected, _)) if *expected == value => {}
                    Some((_, reference)) => {
                        return Err(CliError::Bench(BenchError::Disagreement {
                            case,
                            variant: entry.variant(),
                            threads: team.threads,
                            reference: *reference,
                        }));
                    }
                }
            }
        }
        Ok(())
    }
}

/// 0 to n − 1, rotated.
fn rotation(n: usize, by: usize) -> impl Iterator<Item = usize> {
    (0..n).map(move |place| (place + by) % n)
}

/// Milliseconds, exact to the nanosecond.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// Least and median of some times in milliseconds; of an even number the lower middle one. `None` if
/// there are none.
pub fn min_and_median(times: impl Iterator<Item = Duration>) -> Option<(f64, f64)> {
    let mut times: Vec<Duration> = times.collect();
    times.sort_unstable();
    let (min, median) = (times.first()?, times[(times.len() - 1) / 2]);
    Some((milliseconds(*min), milliseconds(median)))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::Mutex;

    use super::super::case::{Input, Op};
    use super::*;

    const CASE: Case = Case {
        op: Op::MsmG1,
        input: Input::Zeros,
        log_n: Some(3),
        n: 8,
    };

    const NAMES: [BackendName; 2] = [BackendName::Naive, BackendName::Ark];

    fn contest<T>(threads: &[usize], runs: u32, then: impl FnOnce(Contest<'_>) -> T) -> T {
        let open = |(index, name)| Entrant::open(index, Selection::Named(name)).unwrap();
        let entrants: Vec<_> = NAMES.into_iter().enumerate().map(open).collect();
        let teams: Vec<_> = threads.iter().map(|t| Team::start(*t).unwrap()).collect();
        let limit = Limit {
            runs: Some(runs),
            seconds: None,
        };
        then(Contest {
            entrants: &entrants,
            teams: &teams,
            limit,
            table_bytes: 0,
        })
    }

    #[test]
    fn statistics_of_few_times() {
        let of = |times: &[u64]| min_and_median(times.iter().map(|ms| Duration::from_millis(*ms)));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some((7.0, 7.0)));
        assert_eq!(of(&[9, 1, 5]), Some((1.0, 5.0)));
        assert_eq!(of(&[9, 1, 5, 7]), Some((1.0, 5.0)));
        assert_eq!(milliseconds(Duration::from_nanos(1)), 1e-6);
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

    #[test]
    fn every_variant_is_warmed_up_once_and_then_measured() {
        contest(&[1, 2], 3, |contest| {
            let calls = Mutex::new(Vec::new());
            let entries = contest.entries(&Data::ALL);
            let series = contest.hold(CASE, &entries, |entry| {
                calls.lock().unwrap().push(entry.index);
                Ok(((), Duration::from_millis(1).into()))
            });
            let variants: Vec<_> = series
                .unwrap()
                .iter()
                .map(|series| (series.entry.variant(), series.threads, series.samples.len()))
                .collect();
            let variant = |backend| Variant {
                backend,
                data: None,
            };
            let expected = [
                (variant("naive"), 1, 3),
                (variant("naive"), 2, 3),
                (variant("ark"), 1, 3),
                (variant("ark"), 2, 3),
            ];
            assert_eq!(variants, expected);
            assert_eq!(calls.lock().unwrap().len(), 4 + 3 * 4);
        });
    }

    #[test]
    fn every_backend_comes_at_every_place() {
        let places = RefCell::new([[0; 3]; 3]);
        for round in 1..=6 {
            for (place, index) in rotation(3, round).enumerate() {
                places.borrow_mut()[index][place] += 1;
            }
        }
        assert_eq!(places.into_inner(), [[2; 3]; 3]);
    }

    #[test]
    fn a_disagreement_is_told_before_anything_is_timed() {
        contest(&[2], 1_000_000, |contest| {
            let entries = contest.entries(&Data::ALL);
            let error = contest.hold(CASE, &entries, |entry| {
                Ok((entry.index, Duration::ZERO.into()))
            });
            assert_eq!(
                error.err().unwrap().to_string(),
                "msm-g1 zeros 2^3: backend ark on 2 threads gives another result than naive"
            );
        });
    }
}
