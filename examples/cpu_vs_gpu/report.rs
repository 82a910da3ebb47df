//! The figures, as JSON or as a table.

use std::{fmt, time::Duration};

use serde::Serialize;

/// What one run measured. Times in milliseconds of wall clock.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Transfers in the batch, which has as many slots.
    pub transfers: u32,
    /// Of the state tree.
    pub depth: u32,
    /// Of the batch.
    pub constraints: usize,
    /// log₂ of the domain.
    pub domain_log2: u32,
    /// Timed proofs of each backend.
    pub runs: u32,
    /// Whether all backends made the same proof; there is no report if not.
    pub identical: bool,
    /// Those that took part, in the order of their names' list.
    pub backends: Vec<Measured>,
    /// Those that this machine does not have.
    pub missing: Vec<Missing>,
}

/// The fastest proof of one backend.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Its name.
    pub backend: &'static str,
    /// What it ran on.
    pub device: String,
    /// Bringing the key there, once for all proofs.
    pub key_ms: f64,
    /// The proof.
    pub prove_ms: f64,
    /// Time of `ark` over this time.
    pub ratio_to_ark: Option<f64>,
    /// The parts of the proof, in order.
    pub stages: Vec<StageTime>,
}

/// One part of a proof.
#[derive(Clone, Debug, Serialize)]
pub struct StageTime {
    /// Its name.
    pub stage: &'static str,
    /// Its time.
    pub ms: f64,
}

/// A backend that is not available.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// Its name.
    pub backend: &'static str,
    /// Why.
    pub reason: String,
}

/// A duration as reports have it: to a microsecond.
pub fn milliseconds(duration: Duration) -> f64 {
    duration.as_micros() as f64 / 1000.0
}

impl Report {
    /// Compares with `ark`, which is available everywhere.
    pub fn compared(mut backends: Vec<Measured>) -> Vec<Measured> {
        let ark = backends.iter().find(|measured| measured.backend == "ark");
        let ark = ark.map(|measured| measured.prove_ms);
        for measured in &mut backends {
            measured.ratio_to_ark = ark.map(|ark| ark / measured.prove_ms);
        }
        backends
    }

    /// The stages that any backend told, in order.
    pub fn stages(&self) -> Vec<&'static str> {
        let mut stages = Vec::new();
        for StageTime { stage, .. } in self.backends.iter().flat_map(|backend| &backend.stages) {
            if !stages.contains(stage) {
                stages.push(*stage);
            }
        }
        stages
    }
}

impl Measured {
    /// `12.3×` as fast as `ark`.
    pub fn ratio(&self) -> String {
        self.ratio_to_ark
            .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}×"))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            transfers,
            depth,
            constraints,
            domain_log2,
            runs,
            ..
        } = self;
        writeln!(
            f,
            "a proof of {transfers} transfers in a tree of depth {depth}: {constraints} constraints, \
             domain 2^{domain_log2}; fastest of {runs}; the same proof on every backend, bit for bit\n"
        )?;
        writeln!(
            f,
            "{:<8}{:>12}{:>10}{:>14}  device",
            "backend", "proof, ms", "× ark", "key, ms"
        )?;
        for measured in &self.backends {
            let Measured {
                backend,
                device,
                key_ms,
                prove_ms,
                ..
            } = measured;
            let ratio = measured.ratio();
            writeln!(
                f,
                "{backend:<8}{prove_ms:>12.1}{ratio:>10}{key_ms:>14.1}  {device}"
            )?;
        }
        for Missing { backend, reason } in &self.missing {
            writeln!(f, "{backend}: not available, because {reason}")?;
        }
        write!(f, "\n{:<16}", "stage, ms")?;
        for measured in &self.backends {
            write!(f, "{:>12}", measured.backend)?;
        }
        for stage in self.stages() {
            write!(f, "\n{stage:<16}")?;
            for measured in &self.backends {
                let found = measured.stages.iter().find(|found| found.stage == stage);
                match found {
                    Some(found) => write!(f, "{:>12.1}", found.ms)?,
                    None => write!(f, "{:>12}", "–")?,
                }
            }
        }
        Ok(())
    }
}
