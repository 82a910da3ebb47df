//! `cargo +nightly fuzz run verifying_key_json`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| zkroll_fuzz::parsers::check_verifying_key_json(bytes));
