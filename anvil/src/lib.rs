//! Starts anvil, a node of Ethereum for development, for tests of what runs on one.
//!
//! anvil is a program from npm in this folder's `node_modules`, in the version of its `package-lock.json`. Where it
//! is not installed, a [`trial`] is reported as ignored, with the reason; with `anvil` in `ZKROLL_REQUIRE` it fails.
//!
//! ```no_run
//! let node = zkroll_anvil::Node::start(1_800_000_000)?;
//! println!("{} listens", node.url());
//! # Ok::<(), zkroll_anvil::NodeError>(())
//! ```
//!
//! A [`Node`] has a port and a chain of its own, which end with it. The crate knows nothing of what runs there:
//! tests/ does, and brings a client of its own.

#![forbid(unsafe_code)]

mod node;

use libtest_mimic::{Completion, Failed, Trial};

pub use node::{CHAIN_ID, HARDFORK, Node, NodeError};

/// What is missing before a node can be started, if anything is.
#[must_use]
pub fn missing() -> Option<String> {
    match node::program() {
        None => Some(format!(
            "there is no anvil for {} on {}",
            std::env::consts::OS,
            std::env::consts::ARCH
        )),
        Some(program) if program.exists() => None,
        Some(_) => Some("npm ci has not been run in anvil".to_owned()),
    }
}

/// Whether the environment demands a node.
#[must_use]
pub fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|name| name.trim() == "anvil"))
}

/// A test that is ignored, or fails if a node is [`required`], where something is [`missing`].
pub fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        None => test().map(|()| Completion::Completed),
        Some(reason) if required() => Err(format!("anvil is required, but {reason}").into()),
        Some(reason) => Ok(Completion::ignored_with(format!("because {reason}"))),
    })
}
