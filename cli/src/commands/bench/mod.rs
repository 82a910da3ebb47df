//! `zkroll bench`: operations on several backends and thread counts, side by side.
//!
//! All variants of an operation get the same input. Before anything is timed each runs once, and the
//! results must be equal. Then they take turns, one run each a round, so that a change of the
//! machine's clock or load meets all of them alike. A thread count has a thread pool of its own.
//!
//! | operation | timed | not timed |
//! |---|---|---|
//! | `msm-g1`, `msm-g2` | one multiplication over the points | loading the bases |
//! | `ntt` | one forward transform of 2^L values, in place | copying the values |
//! | `prove` | one proof of as many transfers as fill 2^L rows | witness, key, loading the key, the check that the assignment satisfies the constraints |
//!
//! A device has a memory of its own, so backend `gpu` has a row for each place of its data, [`case::Data`]:
//!
//! | operation | `resident` | `from-host` | `all-from-host` |
//! |---|---|---|---|
//! | `msm-g1`, `msm-g2` | points and scalars on the device | the scalars' way there counts | the points' and the scalars' |
//! | `ntt` | values and results on the device | the values' way there counts | and the results' way back |
//! | `prove` | key, columns, A·z and B·z on the device | the key is on the device | the key's way there counts |
//!
//! `ark` is arkworks' own code and the yardstick of the ratios. Its proof is the whole of
//! `ark-groth16`'s prover over expanded matrices, with the same key, columns, r and s: it computes
//! A·z and B·z as ours does, and neither checks the constraints nor verifies the finished proof.
//! Ours does both; the check is reported apart and the verification counts.

mod ark_groth16;
mod batch;
mod case;
mod error;
mod inputs;
mod machine;
mod measure;
mod operations;
mod report;
mod results;
mod table;

use std::ffi::OsString;
use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use zkroll::prover::backend::{BackendName, Selection};

use crate::args::{DEFAULT_DEPTH, DEFAULT_FEE_SLOTS};
use crate::error::CliError;
use crate::files::Staged;
use case::{Input, Op};
pub use error::BenchError;
use machine::Machine;
use measure::{Contest, Entrant, Limit, Team};
use operations::{Batches, Size};
use results::{BenchReport, Row};

/// Beyond this the reference takes minutes a run.
const NAIVE_MAX_N: usize = 1 << 12;

/// Runs of each variant if neither `--runs` nor `--seconds` is given.
const DEFAULT_RUNS: u32 = 5;

/// Arguments of `zkroll bench`.
#[derive(Args, Debug)]
pub struct BenchArgs {
    /// Operations: msm-g1, msm-g2, ntt, prove.
    #[arg(long, value_name = "OPS", value_delimiter = ',', required = true)]
    ops: Vec<Op>,
    /// log₂ of the number of points, values or rows.
    #[arg(
        long,
        value_name = "L",
        value_delimiter = ',',
        required_unless_present = "n",
        value_parser = clap::value_parser!(u32).range(0..=28)
    )]
    log_n: Vec<u32>,
    /// Numbers of points, instead of their logarithms; for msm-g1 and msm-g2 only.
    #[arg(
        long,
        value_name = "N",
        value_delimiter = ',',
        conflicts_with = "log_n",
        value_parser = clap::value_parser!(u32).range(1..=1 << 28)
    )]
    n: Vec<u32>,
    /// Inputs of msm-g1 and msm-g2: random, witness (the columns of the batch that fills 2^L rows),
    /// equal-points, equal-scalars, zeros (nine of ten scalars), zeros-ones (nine of ten
    /// scalars are zero or one), opposite-points (a point and its opposite in turns, scalars equal),
    /// infinity (all points), half-bucket (half of the scalars are equal).
    #[arg(
        long,
        value_name = "I",
        value_delimiter = ',',
        default_value = "random"
    )]
    inputs: Vec<Input>,
    /// Backends: auto, naive, ark, cpu, ifma, gpu; one that is not available is an error. gpu has a row
    /// for each place of its data: resident on the device, scalars from-host, all-from-host.
    #[arg(long, value_name = "B", value_delimiter = ',', default_value = "ark")]
    backends: Vec<Selection>,
    /// Thread counts; all processors if absent.
    #[arg(long, value_name = "T", value_delimiter = ',')]
    threads: Vec<NonZero<usize>>,
    /// Runs of each variant; 5 if --seconds is absent too.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// No new round of an operation after this many seconds; one round takes place in any case.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Levels of the account tree, for prove and input witness.
    #[arg(long, value_name = "D", default_value_t = DEFAULT_DEPTH)]
    depth: u32,
    /// Fee slots, for prove and input witness.
    #[arg(long, value_name = "F", default_value_t = DEFAULT_FEE_SLOTS)]
    fee_slots: u32,
    /// Memory for window tables in MiB, of the points of an msm or of the key of a proof; building
    /// them is not timed. Only cpu and ifma have tables.
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    table_mib: usize,
    /// Writes a page with plots too; it needs nothing from outside.
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
}

impl BenchArgs {
    /// The sizes, from whichever argument gives them.
    ///
    /// # Errors
    /// If one is too large for the reference, or points are counted where there are none to count.
    fn sizes(&self) -> Result<Vec<Size>, BenchError> {
        if !self.n.is_empty() {
            if let Some(op) = self.ops.iter().find(|op| !op.is_msm()) {
                return Err(BenchError::LogSizeNeeded { what: op.as_str() });
            }
            if self.inputs.contains(&Input::Witness) {
                let what = Input::Witness.as_str();
                return Err(BenchError::LogSizeNeeded { what });
            }
        }
        let logs = self.log_n.iter().map(|log_n| Size::Log(*log_n));
        let sizes: Vec<_> = logs
            .chain(self.n.iter().map(|n| Size::Points(*n as usize)))
            .collect();
        let largest = sizes.iter().map(|size| size.n()).max().unwrap_or_default();
        let naive = Selection::Named(BackendName::Naive);
        if self.backends.contains(&naive) && largest > NAIVE_MAX_N {
            return Err(BenchError::NaiveTooSlow { got: largest });
        }
        Ok(sizes)
    }
}

/// Measures every operation at every size.
///
/// # Errors
/// If a backend is not available, refuses, or disagrees with another.
pub fn run(args: &BenchArgs) -> Result<BenchReport, CliError> {
    let sizes = args.sizes()?;
    let entrants = args.backends.iter().enumerate();
    let entrants = entrants
        .map(|(index, selection)| Entrant::open(index, *selection))
        .collect::<Result<Vec<_>, _>>()?;
    let threads = match args.threads.as_slice() {
        [] => vec![machine::processors()],
        threads => threads.iter().map(|threads| threads.get()).collect(),
    };
    let teams = threads.into_iter().map(Team::start);
    let contest = Contest {
        entrants: &entrants,
        teams: &teams.collect::<Result<Vec<_>, _>>()?,
        limit: Limit {
            runs: args
                .runs
                .or_else(|| args.seconds.is_none().then_some(DEFAULT_RUNS)),
            seconds: args.seconds,
        },
        table_bytes: args.table_mib.saturating_mul(1 << 20),
    };

    let rows = measure(args, &sizes, &contest)?;
    let command = command_line(std::env::args_os());
    let bench = BenchReport::new(command, Machine::detect(), rows);
    if let Some(path) = &args.report {
        Staged::bytes(path, report::page(&bench).as_bytes())?.commit()?;
    }
    Ok(bench)
}

fn measure(args: &BenchArgs, sizes: &[Size], contest: &Contest<'_>) -> Result<Vec<Row>, CliError> {
    let batches = Batches {
        depth: args.depth,
        fee_slots: args.fee_slots,
    };
    let mut rows = Vec::new();
    for &op in &args.ops {
        let inputs = if op.is_msm() {
            &args.inputs[..]
        } else {
            &[Input::Random]
        };
        for &input in inputs {
            for &size in sizes {
                rows.extend(match (op, size) {
                    (Op::MsmG1, size) => contest.msm_g1(input, size, batches)?,
                    (Op::MsmG2, size) => contest.msm_g2(input, size, batches)?,
                    (Op::Ntt, Size::Log(log_n)) => contest.ntt(log_n)?,
                    (Op::Prove, Size::Log(log_n)) => contest.prove(log_n, batches)?,
                    (op, Size::Points(_)) => {
                        return Err(BenchError::LogSizeNeeded { what: op.as_str() }.into());
                    }
                });
            }
        }
    }
    Ok(rows)
}

/// The arguments as a shell takes them, the program by its name alone.
fn command_line(args: impl Iterator<Item = OsString>) -> String {
    let quoted = |arg: OsString| {
        let arg = arg.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=,./:+".contains(c);
        if !arg.is_empty() && arg.chars().all(plain) {
            arg.into_owned()
        } else {
            format!("'{}'", arg.replace('\'', r"'\''"))
        }
    };
    let words = std::iter::once("zkroll".to_owned()).chain(args.skip(1).map(quoted));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_can_be_pasted() {
        let of = |args: &[&str]| command_line(args.iter().map(OsString::from));
        assert_eq!(
            of(&["/a b/zkroll", "bench", "--n=1,2"]),
            "zkroll bench --n=1,2"
        );
        assert_eq!(of(&["x", "a b", "", "it's"]), r"zkroll 'a b' '' 'it'\''s'");
    }
}
