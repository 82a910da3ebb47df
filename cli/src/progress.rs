//! What a long step is doing, on standard error while that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use zkroll::prover::setup::{SetupObserver, SetupStep};
use zkroll::prover::{BackendError, Observer, Stage};

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

    /// Writes a line that stays.
    fn print(&self, line: &str) {
        self.0.suspend(|| eprintln!("{line}"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar with the time that is left, for the steps of a setup; it vanishes when dropped and never shows on
/// anything but a terminal.
pub struct Bar {
    bar: ProgressBar,
    step: Option<SetupStep>,
}

impl Bar {
    /// Shows nothing yet.
    pub fn new() -> Self {
        let style = ProgressStyle::with_template("{msg:28} {bar:32} {percent:>3}%, {eta} left");
        let bar =
            ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { bar, step: None }
    }
}

impl SetupObserver for Bar {
    fn progress(&mut self, step: SetupStep, done: u64, total: u64) {
        if self.step != Some(step) {
            self.step = Some(step);
            self.bar.reset();
            self.bar.set_message(step.as_str());
        }
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows the stages of a proof and passes them on. That a device failed is said on standard error, terminal
/// or not.
pub struct Watched<'a, O> {
    /// Where to show them.
    pub progress: &'a Progress,
    /// Why the CPU did the work again, if it did.
    pub fell_back: Option<String>,
    /// Who else hears of them.
    pub inner: O,
}

impl<'a, O> Watched<'a, O> {
    /// Nothing happened yet.
    pub const fn new(progress: &'a Progress, inner: O) -> Self {
        Self {
            progress,
            fell_back: None,
            inner,
        }
    }
}

impl<O: Observer> Observer for Watched<'_, O> {
    fn started(&mut self, stage: Stage) {
        self.progress.say(format!("proving: {stage}"));
        self.inner.started(stage);
    }

    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        self.inner.finished(stage, elapsed);
    }

    fn fell_back(&mut self, error: &BackendError) {
        self.progress
            .print(&format!("warning: {error}; the CPU took over"));
        self.fell_back = Some(error.to_string());
        self.inner.fell_back(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Observer for Heard {
        fn fell_back(&mut self, error: &BackendError) {
            self.0.push(error.to_string());
        }
    }

    #[test]
    fn a_failed_device_is_remembered_and_passed_on() {
        let progress = Progress::start("proving");
        let mut watched = Watched::new(&progress, Heard::default());
        assert_eq!(watched.fell_back, None);
        let error = BackendError::TransformSize { got: 3 };
        watched.fell_back(&error);
        assert_eq!(watched.fell_back, Some(error.to_string()));
        assert_eq!(watched.inner.0, [error.to_string()]);
    }
}
