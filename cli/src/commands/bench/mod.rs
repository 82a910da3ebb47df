//! `zkroll bench`: operations on several backends and thread counts, side by side.
//!
//! All variants of an operation get the same input. Before anything is timed each runs once, and the
//! results must be equal. Then they take turns, one run each a round, so that a change of the
//! machine's clock or load meets all of them alike. A thread count has a thread pool of its own.
//!
//! | operation | timed | not timed |
//! |---|---|---|
//! | `msm-g1`, `msm-g2` | one multiplication over 2^L points | loading the bases |
//! | `ntt` | one forward transform of 2^L values, in place | copying the values |
//! | `prove` | one proof of as many transfers as fill 2^L rows | witness, key, loading the key, the check that the assignment satisfies the constraints |
//!
//! `ark` is arkworks' own code and the yardstick of the ratios.

mod inputs;
mod measure;
mod operations;
mod table;

use std::fmt;
use std::num::NonZero;
use std::thread::available_parallelism;

use clap::{Args, ValueEnum};
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};
use serde::Serialize;
use thiserror::Error;
use zkroll::prover::AnyBackend;
use zkroll::prover::backend::BackendName;

use crate::args::{DEFAULT_DEPTH, DEFAULT_FEE_SLOTS};
use crate::error::CliError;
use measure::{Lane, Limit};

/// Beyond this the reference takes minutes a run.
const NAIVE_MAX_LOG_N: u32 = 12;

/// Runs of each variant if neither `--runs` nor `--seconds` is given.
const DEFAULT_RUNS: u32 = 5;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Multi-scalar multiplication in G1.
    MsmG1,
    /// Multi-scalar multiplication in G2.
    MsmG2,
    /// Number-theoretic transform over the scalar field.
    Ntt,
    /// A whole proof of the batch circuit.
    Prove,
}

impl Op {
    const fn as_str(self) -> &'static str {
        match self {
            Self::MsmG1 => "msm-g1",
            Self::MsmG2 => "msm-g2",
            Self::Ntt => "ntt",
            Self::Prove => "prove",
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

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
        required = true,
        value_parser = clap::value_parser!(u32).range(0..=28)
    )]
    log_n: Vec<u32>,
    /// Backends: naive, ark, cpu, ifma, gpu; one that is not available is an error.
    #[arg(long, value_name = "B", value_delimiter = ',', default_value = "ark")]
    backends: Vec<BackendName>,
    /// Thread counts; all processors if absent.
    #[arg(long, value_name = "T", value_delimiter = ',')]
    threads: Vec<NonZero<usize>>,
    /// Runs of each variant; 5 if --seconds is absent too.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..))]
    runs: Option<u32>,
    /// No new round of an operation after this many seconds; one round takes place in any case.
    #[arg(long, value_name = "S")]
    seconds: Option<u64>,
    /// Levels of the account tree, for prove.
    #[arg(long, value_name = "D", default_value_t = DEFAULT_DEPTH)]
    depth: u32,
    /// Fee slots, for prove.
    #[arg(long, value_name = "F", default_value_t = DEFAULT_FEE_SLOTS)]
    fee_slots: u32,
}

/// Why nothing is measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The reference is too slow.
    #[error(
        "expected a log-n of at most {NAIVE_MAX_LOG_N} for backend naive, got {got}: it follows the \
         definitions, 380 group operations a point and n^2 multiplications a transform"
    )]
    NaiveTooSlow {
        /// log₂ n.
        got: u32,
    },
    /// Two variants disagree, so their times mean nothing.
    #[error(
        "{op} 2^{log_n}: backend {backend} on {threads} threads gives another result than {reference}"
    )]
    Disagreement {
        /// The operation.
        op: Op,
        /// log₂ n.
        log_n: u32,
        /// The variant's backend.
        backend: &'static str,
        /// The variant's threads.
        threads: usize,
        /// The first variant's backend.
        reference: &'static str,
    },
    /// Not one transfer fits.
    #[error(
        "expected a log-n of {least} to {most} for a proof at depth {depth} with {fee_slots} fee \
         slots, got {got}"
    )]
    NoSuchBatch {
        /// log₂ of the domain of one transfer.
        least: u32,
        /// log₂ of the domain of the largest batch.
        most: u32,
        /// Levels of the tree.
        depth: u32,
        /// Fee slots.
        fee_slots: u32,
        /// The log-n asked for.
        got: u32,
    },
    /// The operating system gives no threads.
    #[error("no pool of {threads} threads: {source}")]
    Threads {
        /// Their number.
        threads: usize,
        /// The reason.
        source: ThreadPoolBuildError,
    },
}

/// The measurements.
#[derive(Debug, Serialize)]
pub struct BenchReport {
    /// Processors that this process may use.
    processors: usize,
    rows: Vec<Row>,
}

/// One variant of one operation.
#[derive(Debug, Serialize)]
pub struct Row {
    op: Op,
    log_n: u32,
    backend: &'static str,
    threads: usize,
    runs: usize,
    /// For `prove` without the check that the constraints are satisfied.
    min_ms: f64,
    median_ms: f64,
    #[serde(flatten)]
    proof: Option<ProofRow>,
}

/// What a proof has beside its time.
#[derive(Debug, Serialize)]
struct ProofRow {
    transfers: u32,
    constraints: usize,
    /// Median of the check that the constraints are satisfied, the same on every backend.
    satisfaction_ms: f64,
    /// The other stages in order.
    stages: Vec<StageRow>,
}

#[derive(Debug, Serialize)]
struct StageRow {
    stage: &'static str,
    min_ms: f64,
    median_ms: f64,
}

/// Measures every operation at every size.
///
/// # Errors
/// If a backend is not available, refuses, or disagrees with another.
pub fn run(args: &BenchArgs) -> Result<BenchReport, CliError> {
    if args.backends.contains(&BackendName::Naive)
        && let Some(&got) = args.log_n.iter().find(|log_n| **log_n > NAIVE_MAX_LOG_N)
    {
        return Err(BenchError::NaiveTooSlow { got }.into());
    }
    let backends: Vec<AnyBackend> = args
        .backends
        .iter()
        .map(|name| name.open())
        .collect::<Result<_, _>>()?;
    let processors = available_parallelism().map_or(1, NonZero::get);
    let threads = match args.threads.as_slice() {
        [] => vec![processors],
        threads => threads.iter().map(|threads| threads.get()).collect(),
    };
    let mut lanes = Vec::new();
    for (index, backend) in backends.iter().enumerate() {
        for &threads in &threads {
            let pool = ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .map_err(|source| BenchError::Threads { threads, source })?;
            lanes.push(Lane {
                index,
                backend,
                threads,
                pool,
            });
        }
    }
    let limit = Limit {
        runs: args
            .runs
            .or_else(|| args.seconds.is_none().then_some(DEFAULT_RUNS)),
        seconds: args.seconds,
    };

    let mut rows = Vec::new();
    for &op in &args.ops {
        for &log_n in &args.log_n {
            let bench = operations::Bench {
                backends: &backends,
                lanes: &lanes,
                limit,
                log_n,
            };
            rows.extend(match op {
                Op::MsmG1 => bench.msm_g1()?,
                Op::MsmG2 => bench.msm_g2()?,
                Op::Ntt => bench.ntt()?,
                Op::Prove => bench.prove(args.depth, args.fee_slots)?,
            });
        }
    }
    Ok(BenchReport { processors, rows })
}
