//! How far a setup is.

use std::fmt;

use crate::observer::Cancellation;

/// A step of a setup that takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SetupStep {
    /// Checking powers of τ, in points.
    PowersOfTau,
    /// Hashing powers of τ, in points.
    HashPowersOfTau,
    /// Computing powers of τ, in points.
    MakePowersOfTau,
    /// Lagrange polynomials out of powers of τ, in points.
    Lagrange,
    /// The points of a key before any contribution, in terms of the circuit's columns.
    InitialKey,
    /// Hashing `h_query`, in points.
    HashH,
    /// Hashes of a beacon.
    Beacon,
    /// Multiplying the lists with a contributor's secret, in points.
    Contribute,
    /// Checking that lists differ by one factor, in points.
    Compare,
    /// Checking that points are in their groups, in points.
    Membership,
    /// Copying points into another file.
    Copy,
}

impl SetupStep {
    /// The step's name in logs and reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PowersOfTau => "checking the powers of tau",
            Self::HashPowersOfTau => "hashing the powers of tau",
            Self::MakePowersOfTau => "computing powers of tau",
            Self::Lagrange => "preparing the powers of tau",
            Self::InitialKey => "computing the initial key",
            Self::HashH => "hashing h_query",
            Self::Beacon => "stretching the beacon",
            Self::Contribute => "contributing",
            Self::Compare => "comparing lists",
            Self::Membership => "checking points",
            Self::Copy => "copying points",
        }
    }
}

impl fmt::Display for SetupStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Hears how far a setup is, and may stop it. `()` hears nothing and stops nothing.
pub trait SetupObserver: Send {
    /// `done` of `total` units of a step are done.
    fn progress(&mut self, step: SetupStep, done: u64, total: u64) {
        let _ = (step, done, total);
    }

    /// The flag that stops the setup; it is looked at between pieces of work.
    fn cancellation(&self) -> Cancellation {
        Cancellation::new()
    }
}

impl SetupObserver for () {}
