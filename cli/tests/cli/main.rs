//! The built binary, command by command.

mod bench;
mod ceremony;
#[path = "../common/mod.rs"]
mod common;
mod farm;
mod info;
mod memory;
mod refusals;
mod round_trip;
