//! `cargo +nightly fuzz run contributions`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| zkroll_fuzz::parsers::check_contributions(bytes));
