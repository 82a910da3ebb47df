//! The fuzz target's check on random bytes, so that the suite runs what a fuzzer would.

#[path = "../../../fuzz/src/msm.rs"]
mod msm;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn backends_agree_on_arbitrary_inputs(bytes in proptest::collection::vec(any::<u8>(), 0..6000)) {
        msm::check(&bytes);
    }
}
