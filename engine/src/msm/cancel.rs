//! Stopping a multiplication from outside.

use std::sync::atomic::{AtomicBool, Ordering};

/// The multiplication was stopped before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A flag that another thread may raise; it is looked at before every batch of additions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cancel<'a>(Option<&'a AtomicBool>);

impl<'a> Cancel<'a> {
    /// Stops when the flag becomes true.
    #[must_use]
    pub const fn when(flag: &'a AtomicBool) -> Self {
        Self(Some(flag))
    }

    /// Never stops.
    #[must_use]
    pub const fn never() -> Self {
        Self(None)
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`Cancelled`] if the flag is up.
    pub fn check(self) -> Result<(), Cancelled> {
        match self.0 {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(Cancelled),
            _ => Ok(()),
        }
    }
}
