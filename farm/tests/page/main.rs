//! The status page, the metrics and the probes, about farms that do not exist.
//!
//! `routes` asks for them as a program would, `browser` opens the page as a person would.

#[path = "../common/chromium.rs"]
mod chromium;

mod browser;
mod farms;
mod routes;
mod server;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

type Scenario = fn() -> Result<(), Failed>;

fn main() -> ExitCode {
    let routes: [(&str, Scenario); 8] = [
        ("the_page_is_served_with_a_strict_policy", routes::page),
        ("the_page_has_nothing_inline", routes::nothing_inline),
        ("status_is_the_snapshot_and_the_lease", routes::status),
        ("a_database_that_refuses_is_a_503", routes::refusing),
        ("a_database_that_is_silent_is_a_503", routes::silent),
        ("metrics_are_open_metrics", routes::metrics),
        ("probes_follow_the_worker", routes::probes),
        ("a_shutdown_does_not_wait_for_ever", routes::shutdown),
    ];
    let browser: [(&str, Scenario); 6] = [
        (
            "browser::shows_queues_workers_jobs_and_throughput",
            browser::shows,
        ),
        ("browser::shows_an_empty_farm", browser::empty),
        ("browser::filters_jobs_by_the_hash", browser::filters),
        (
            "browser::buttons_filter_and_what_is_open_stays_open",
            browser::buttons,
        ),
        (
            "browser::says_that_the_farm_cannot_be_reached",
            browser::unreachable,
        ),
        (
            "browser::says_that_the_farm_is_gone_and_back",
            browser::gone_and_back,
        ),
    ];
    let routes = routes.map(|(name, scenario)| Trial::test(name, scenario));
    let browser = browser.map(|(name, scenario)| chromium::trial(name, scenario));
    let trials = routes.into_iter().chain(browser).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
