//! A farm on SQLite and on PostgreSQL: every scenario on both.
//!
//! `queue` has a prover that does what the scenario wants, in this process; `processes` has the program with real
//! keys and proofs, killed, frozen and cut off from its database in the middle of a proof.

#[path = "../../../examples/common/mod.rs"]
mod common;
#[path = "../common/postgres.rs"]
mod postgres;

mod batches;
mod place;
mod processes;
mod program;
mod queue;
mod settle;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use place::{Kind, Place};

/// A scenario, on one database.
type Scenario = fn(&Place) -> Result<(), Failed>;

/// A scenario for each database.
fn both(name: &str, scenario: Scenario) -> Vec<Trial> {
    let sqlite = Trial::test(format!("sqlite::{name}"), move || {
        scenario(&Place::new(Kind::Sqlite)?)
    });
    let postgres = postgres::trial(&format!("postgres::{name}"), move || {
        scenario(&Place::new(Kind::Postgres)?)
    });
    vec![sqlite, postgres]
}

fn main() -> ExitCode {
    let scenarios: &[(&str, Scenario)] = &[
        ("a_batch_is_proved", queue::a_batch_is_proved),
        (
            "the_same_batch_is_queued_once",
            queue::the_same_batch_is_queued_once,
        ),
        ("a_full_queue_refuses", queue::a_full_queue_refuses),
        (
            "batches_are_taken_by_number_one_at_a_time",
            queue::by_number_one_at_a_time,
        ),
        (
            "a_failed_start_is_repeated",
            queue::a_failed_start_is_repeated,
        ),
        (
            "a_refused_batch_is_given_up_at_once",
            queue::a_refused_batch_is_given_up,
        ),
        (
            "a_broken_machine_uses_up_no_attempts",
            queue::a_broken_machine,
        ),
        (
            "what_ran_out_of_memory_goes_to_bigger_machines",
            queue::out_of_memory,
        ),
        ("a_cancelled_job_stays_cancelled", queue::cancelled),
        ("a_job_is_done_anew_on_demand", queue::retried),
        ("a_draining_worker_keeps_its_lease", queue::draining),
        (
            "blocking_the_prover_does_not_stop_the_heart",
            queue::blocking,
        ),
        ("what_ended_long_ago_is_removed", queue::pruned),
        ("a_changed_batch_is_not_proved", queue::changed_batch),
        (
            "a_proof_that_is_none_is_not_handed_out",
            queue::forged_result,
        ),
        ("two_workers_of_a_name_are_refused", queue::two_of_a_name),
        (
            "the_killed_workers_batches_are_proved_and_all_settle",
            processes::killed_while_proving,
        ),
        (
            "a_stored_proof_is_acknowledged_by_another",
            processes::killed_before_acknowledging,
        ),
        (
            "a_database_that_is_away_for_a_while_loses_nothing",
            processes::database_away,
        ),
        (
            "a_frozen_worker_that_wakes_changes_nothing",
            processes::frozen,
        ),
        (
            "a_batch_that_kills_its_workers_is_started_twice",
            processes::poison,
        ),
        (
            "a_prover_without_memory_hands_its_batch_on",
            processes::memory_limit,
        ),
        ("commands_report_and_fail_as_they_should", program::commands),
        ("a_worker_told_to_stop_ends_its_batch", program::stops),
    ];
    let mut trials: Vec<Trial> = scenarios
        .iter()
        .flat_map(|(name, scenario)| both(name, *scenario))
        .collect();
    trials.push(Trial::test(
        "without_configuration_it_is_a_file_and_a_folder",
        program::without_configuration,
    ));
    trials.push(Trial::ignorable_test(
        "the_example_settles_its_batches",
        || match program::example() {
            Some(example) => program::example_settles(&example).map(|()| Completion::Completed),
            None => Ok(Completion::ignored_with(
                "because it was not built: `--test farm` alone does not",
            )),
        },
    ));
    // No server that knows S3 comes with the machine: who has one names a bucket, as docs/farm.md says.
    trials.push(Trial::ignorable_test(
        "s3::a_batch_is_proved",
        || match std::env::var("ZKROLL_TEST_S3") {
            Ok(bucket) => queue::in_a_bucket(&Place::new(Kind::Sqlite)?, &bucket)
                .map(|()| Completion::Completed),
            Err(_) => Ok(Completion::ignored_with(
                "because ZKROLL_TEST_S3 names no bucket",
            )),
        },
    ));
    let outcome = libtest_mimic::run(&Arguments::from_args(), trials).exit_code();
    place::stop_postgres();
    outcome
}
