//! One suite that every backend must pass. A backend is enrolled by having a name in
//! `BackendName::ALL`; where it cannot run, each of its tests reports "ignored, because …", or fails if
//! `ZKROLL_REQUIRE` contains its name.
//!
//! The expected values of the small sizes come from arkworks' operators on single points and from
//! evaluating the polynomial point by point, so the reference backend is under test as well; those of
//! the large sizes from arkworks' own algorithms.

#[path = "../common/mod.rs"]
mod common;
mod inputs;
#[cfg(feature = "gpu")]
mod layouts;
mod msm;
mod proof_sums;
mod scale;
mod transforms;

use std::process::ExitCode;

use ark_ec::AffineRepr;
use ark_ff::Field;
use libtest_mimic::{Arguments, Completion, Failed, Trial};
use zkroll_prover::backend::BackendName;
use zkroll_prover::{AnyBackend, Backend, BackendError, Fr, G1Affine, G2Affine};

type Test = (&'static str, fn(&AnyBackend));

const SMALL: [Test; 14] = [
    ("msm_sizes_and_scalars", msm::sizes_and_scalars),
    ("msm_points", msm::points),
    ("msm_lengths", msm::lengths),
    ("msm_is_linear", msm::is_linear),
    ("multiples", scale::multiples),
    ("multiples_lengths", scale::multiples_lengths),
    ("membership", scale::membership),
    ("transforms", transforms::all_four),
    ("transform_lengths", transforms::lengths),
    (
        "ntt_inverts_and_is_linear",
        transforms::ntt_inverts_and_is_linear,
    ),
    ("quotient", transforms::quotient),
    ("proof_sums", proof_sums::both_bases),
    ("proof_sums_lengths", proof_sums::lengths),
    ("name_is_the_one_it_is_known_by", |backend| {
        let name: BackendName = backend.name().parse().unwrap();
        assert_eq!(name.open().unwrap().name(), backend.name());
    }),
];

/// Not for the reference, which takes n² steps.
const LARGE: [Test; 4] = [
    ("msm_large", msm::large),
    ("transforms_large", transforms::large),
    ("quotient_large", transforms::large_quotient),
    ("proof_sums_large", proof_sums::large),
];

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("bases_of_another_backend_are_refused", || {
        bases_of_another_backend_are_refused();
        Ok(())
    })];
    for name in BackendName::ALL {
        trials.extend(SMALL.map(|test| trial(name, test)));
        if name != BackendName::Naive {
            trials.extend(LARGE.map(|test| trial(name, test)));
        }
    }
    #[cfg(feature = "gpu")]
    trials.extend(layouts::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: BackendName, (test_name, test): Test) -> Trial {
    let named = format!("{name}::{test_name}");
    Trial::ignorable_test(named, move || run(name, name.open(), test))
}

/// Runs a test on a backend, or says why it is not there.
fn run<E: std::error::Error>(
    name: BackendName,
    opened: Result<AnyBackend, E>,
    test: fn(&AnyBackend),
) -> Result<Completion, Failed> {
    match opened {
        Ok(backend) => {
            test(&backend);
            Ok(Completion::Completed)
        }
        Err(error) if required(name) => Err(error.to_string().into()),
        Err(error) => Ok(Completion::ignored_with(format!("because {error}"))),
    }
}

fn required(name: BackendName) -> bool {
    std::env::var("ZKROLL_REQUIRE").is_ok_and(|list| {
        list.split(',')
            .any(|required| required.trim() == name.as_str())
    })
}

fn bases_of_another_backend_are_refused() {
    let open = |name: BackendName| name.open().unwrap();
    let (naive, ark) = (open(BackendName::Naive), open(BackendName::Ark));
    let (g1, g2) = ([G1Affine::generator()], [G2Affine::generator()]);
    let (g1, g2) = (naive.load_g1(&g1).unwrap(), naive.load_g2(&g2).unwrap());
    let expected = BackendError::ForeignBases { expected: "ark" };
    assert_eq!(ark.msm_g1(&g1, &[Fr::ONE]).unwrap_err(), expected);
    assert_eq!(ark.msm_g2(&g2, &[Fr::ONE]).unwrap_err(), expected);
}
