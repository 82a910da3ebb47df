//! `cargo +nightly fuzz run msm`

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| zkroll_fuzz::msm::check(bytes));
