//! Tests that need a program which a machine may lack.

use libtest_mimic::{Completion, Failed, Trial};

/// A test that is ignored where something is `missing`, or fails if the environment demands `program`.
pub fn trial(
    program: &'static str,
    missing: fn() -> Option<String>,
    name: &str,
    test: impl FnOnce() -> Result<(), Failed> + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        None => test().map(|()| Completion::Completed),
        Some(reason) if required(program) => {
            Err(format!("{program} is required, but {reason}").into())
        }
        Some(reason) => Ok(Completion::ignored_with(format!("because {reason}"))),
    })
}

/// Whether the environment demands a program.
fn required(program: &str) -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|name| name.trim() == program))
}
