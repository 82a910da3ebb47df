//! `cargo +nightly fuzz run key_file`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| zkroll_fuzz::parsers::check_key_file(bytes));
