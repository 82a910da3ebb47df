//! How the process is, for orchestrators.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a process is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// A worker that loads its key.
    Starting,
    /// A worker that takes jobs.
    Ready,
    /// A worker that ends the job it has and takes no more.
    Draining,
    /// A worker whose prover will prove nothing more; why.
    Failed(String),
    /// A server without a worker.
    Standalone,
}

/// The process's [`Phase`]: a worker sets it, the server reads it.
#[derive(Debug)]
pub struct Health(Mutex<Phase>);

impl Default for Health {
    /// That of a worker that starts.
    fn default() -> Self {
        Self(Mutex::new(Phase::Starting))
    }
}

impl Health {
    /// That of a server without a worker.
    #[must_use]
    pub fn standalone() -> Self {
        Self(Mutex::new(Phase::Standalone))
    }

    /// The worker takes jobs.
    pub fn set_ready(&self) {
        self.set(Phase::Ready);
    }

    /// The worker takes no more jobs.
    pub fn set_draining(&self) {
        self.set(Phase::Draining);
    }

    /// The worker's prover will prove nothing more. It stays so: a restart alone helps.
    pub fn set_failed(&self, reason: impl Into<String>) {
        self.set(Phase::Failed(reason.into()));
    }

    /// What the process is about now.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.lock().clone()
    }

    /// Whether the process works; if not, a restart would help.
    ///
    /// # Errors
    /// Why not.
    pub fn alive(&self) -> Result<(), String> {
        match self.phase() {
            Phase::Failed(reason) => Err(reason),
            _ => Ok(()),
        }
    }

    /// Whether the process does what it is there for.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), String> {
        match self.phase() {
            Phase::Ready | Phase::Standalone => Ok(()),
            Phase::Starting => Err("the worker is starting".to_owned()),
            Phase::Draining => Err("the worker is draining".to_owned()),
            Phase::Failed(reason) => Err(reason),
        }
    }

    fn set(&self, phase: Phase) {
        let mut current = self.lock();
        if !matches!(*current, Phase::Failed(_)) {
            *current = phase;
        }
    }

    /// A phase is set in one step, so one that a panic left behind is whole.
    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_ready_between_its_key_and_its_end() {
        let health = Health::default();
        assert_eq!(health.ready(), Err("the worker is starting".to_owned()));
        health.set_ready();
        assert_eq!(health.ready(), Ok(()));
        health.set_draining();
        assert_eq!(health.ready(), Err("the worker is draining".to_owned()));
        assert_eq!(health.alive(), Ok(()));
    }

    #[test]
    fn a_failed_worker_stays_failed() {
        let health = Health::default();
        health.set_failed("the prover ended");
        health.set_ready();
        assert_eq!(health.alive(), Err("the prover ended".to_owned()));
        assert_eq!(health.ready(), health.alive());
    }

    #[test]
    fn a_server_without_a_worker_is_ready() {
        let health = Health::standalone();
        assert_eq!((health.alive(), health.ready()), (Ok(()), Ok(())));
    }
}
