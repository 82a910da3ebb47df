//! Stores against the plain reference, killed, and refused.

#[path = "../common/mod.rs"]
mod common;
#[cfg(unix)]
mod crash;
mod histories;
mod refusals;
