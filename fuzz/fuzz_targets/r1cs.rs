//! `cargo +nightly fuzz run r1cs`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| zkroll_fuzz::parsers::check_r1cs(bytes));
