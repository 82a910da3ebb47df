//! Why nothing is measured.

use rayon::ThreadPoolBuildError;
use thiserror::Error;

use super::NAIVE_MAX_N;
use super::case::{Case, Variant};

/// Why nothing is measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// The reference is too slow.
    #[error(
        "expected a size of at most {NAIVE_MAX_N} for backend naive, got {got}: it follows the \
         definitions, 380 group operations a point and n^2 multiplications a transform"
    )]
    NaiveTooSlow {
        /// The size.
        got: usize,
    },
    /// A number of points is asked for, but not of points only.
    #[error(
        "expected --log-n for {what}, got --n: {why}",
        why = "a number of points is for msm-g1 and msm-g2 with scalars other than a witness"
    )]
    LogSizeNeeded {
        /// The operation or the input.
        what: &'static str,
    },
    /// Two variants disagree, so their times mean nothing.
    #[error("{case}: backend {variant} on {threads} threads gives another result than {reference}")]
    Disagreement {
        /// What was computed.
        case: Case,
        /// Who differs.
        variant: Variant,
        /// On how many threads.
        threads: usize,
        /// The first that ran.
        reference: Variant,
    },
    /// Not one transfer fits.
    #[error(
        "expected a log-n of {least} to {most} for a proof or a witness at depth {depth} with \
         {fee_slots} fee slots, got {got}"
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
    /// arkworks' prover refuses.
    #[error("ark-groth16 makes no proof: {0}")]
    ArkGroth16(String),
    /// The operating system gives no threads.
    #[error("no pool of {threads} threads: {source}")]
    Threads {
        /// Their number.
        threads: usize,
        /// The reason.
        source: ThreadPoolBuildError,
    },
}
