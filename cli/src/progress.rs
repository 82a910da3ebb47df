//! What a long step is doing, on standard error while that is a terminal.

use std::time::Duration;

use indicatif::ProgressBar;
use zkroll::prover::{Observer, Stage};

/// A spinner with a sentence; it vanishes when dropped and never shows on anything but a terminal.
pub struct Progress(ProgressBar);

impl Progress {
    /// Shows what begins.
    pub fn start(doing: impl Into<String>) -> Self {
        let bar = ProgressBar::new_spinner().with_message(doing.into());
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    /// Shows what comes next.
    pub fn say(&self, doing: impl Into<String>) {
        self.0.set_message(doing.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Shows the stages of a proof and passes them on.
pub struct Watched<'a, O> {
    /// Where to show them.
    pub progress: &'a Progress,
    /// Who else hears of them.
    pub inner: O,
}

impl<O: Observer> Observer for Watched<'_, O> {
    fn started(&mut self, stage: Stage) {
        self.progress.say(format!("proving: {stage}"));
        self.inner.started(stage);
    }

    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        self.inner.finished(stage, elapsed);
    }
}
