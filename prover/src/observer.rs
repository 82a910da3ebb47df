//! What a proof spends its time on.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::backend::BackendError;

/// One step of proving.
///
/// The five multi-scalar multiplications, and on a device the quotient with them, may run side by side;
/// they are then reported together, each with its share of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// A·z and B·z.
    Products,
    /// C·z and its comparison with A·z ∘ B·z.
    Satisfaction,
    /// The six transforms.
    Quotient,
    /// `Σ hᵢ·h_query[i]`.
    MsmH,
    /// `Σ zᵢ·l_query[i]` over the witness.
    MsmL,
    /// `Σ zᵢ·a_query[i]`.
    MsmA,
    /// `Σ zᵢ·b_g1_query[i]`.
    MsmBG1,
    /// `Σ zᵢ·b_g2_query[i]`.
    MsmBG2,
    /// The finished proof checked with its own key.
    Verification,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 9] = [
        Self::Products,
        Self::Satisfaction,
        Self::Quotient,
        Self::MsmH,
        Self::MsmL,
        Self::MsmA,
        Self::MsmBG1,
        Self::MsmBG2,
        Self::Verification,
    ];

    /// The stage's name in logs and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::Satisfaction => "satisfaction",
            Self::Quotient => "quotient",
            Self::MsmH => "msm_h",
            Self::MsmL => "msm_l",
            Self::MsmA => "msm_a",
            Self::MsmBG1 => "msm_b_g1",
            Self::MsmBG2 => "msm_b_g2",
            Self::Verification => "verification",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A flag by which anyone stops a proof that is under way; clones share it.
///
/// ```
/// use std::time::Duration;
/// use zkroll_prover::{Cancellation, Observer, Stage};
///
/// /// Gives up once the multiplications begin.
/// struct Impatient(Cancellation);
///
/// impl Observer for Impatient {
///     fn started(&mut self, stage: Stage) {
///         if stage == Stage::MsmH {
///             self.0.cancel();
///         }
///     }
///
///     fn cancellation(&self) -> Cancellation {
///         self.0.clone()
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// A flag that is not raised.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag: proofs that watch it end with an error within milliseconds. It stays raised.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the flag is raised.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// # Errors
    /// If the flag is raised.
    pub(crate) fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }

    /// The flag itself, for loops that look at it often.
    pub(crate) fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

/// Somebody raised the [`Cancellation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof was cancelled")]
pub struct Cancelled;

/// Hears when the stages of a proof begin and end, for progress bars and measurements.
///
/// `()` ignores everything; [`StageTimes`] keeps the durations.
pub trait Observer {
    /// A stage begins.
    fn started(&mut self, stage: Stage) {
        let _ = stage;
    }

    /// A stage ended well.
    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        let _ = (stage, elapsed);
    }

    /// A device failed and the CPU does the work again, from the stage after the products on.
    fn fell_back(&mut self, error: &BackendError) {
        let _ = error;
    }

    /// The flag that stops this proof. It is asked for once, when the proof begins.
    fn cancellation(&self) -> Cancellation {
        Cancellation::new()
    }
}

impl Observer for () {}

/// The wall-clock time of each stage of one proof.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StageTimes {
    times: Vec<(Stage, Duration)>,
}

impl StageTimes {
    /// The stages that ended, in order, with their times.
    #[must_use]
    pub fn as_slice(&self) -> &[(Stage, Duration)] {
        &self.times
    }

    /// Sum over the stages.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.times.iter().map(|(_, elapsed)| *elapsed).sum()
    }
}

impl Observer for StageTimes {
    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        self.times.push((stage, elapsed));
    }
}

/// Runs one stage under a tracing span and reports it, unless the proof is cancelled.
pub(crate) fn observe<T, E: From<Cancelled>>(
    observer: &mut dyn Observer,
    cancellation: &Cancellation,
    stage: Stage,
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    cancellation.check()?;
    let _span = tracing::info_span!("stage", name = stage.as_str()).entered();
    observer.started(stage);
    let start = Instant::now();
    let value = body()?;
    observer.finished(stage, start.elapsed());
    Ok(value)
}
