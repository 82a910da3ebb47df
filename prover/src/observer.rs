//! What a proof spends its time on.

use std::fmt;
use std::time::{Duration, Instant};

/// One step of proving, in the order in which the steps run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// A·z, B·z, C·z and the comparison.
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
    pub const ALL: [Self; 8] = [
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

/// Runs one stage under a tracing span and reports it.
pub(crate) fn observe<T, E>(
    observer: &mut dyn Observer,
    stage: Stage,
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let _span = tracing::info_span!("stage", name = stage.as_str()).entered();
    observer.started(stage);
    let start = Instant::now();
    let value = body()?;
    observer.finished(stage, start.elapsed());
    Ok(value)
}
