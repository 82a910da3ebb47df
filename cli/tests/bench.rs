//! `zkroll bench`, at sizes that take no time.

mod common;

use common::{assert_refused, json, zkroll};

#[test]
fn every_variant_has_a_row() {
    let report = json(&[
        "bench",
        "--ops",
        "msm-g1,msm-g2,ntt",
        "--log-n",
        "0,4",
        "--backends",
        "ark,naive",
        "--threads",
        "1,2",
        "--runs",
        "3",
    ]);
    let rows = report["rows"].as_array().unwrap();
    let mut found = Vec::new();
    for row in rows {
        let (min, median) = (
            row["min_ms"].as_f64().unwrap(),
            row["median_ms"].as_f64().unwrap(),
        );
        assert!(0.0 <= min && min <= median, "{row}");
        assert_eq!(row["runs"], 3);
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let number = |key: &str| row[key].as_u64().unwrap();
        found.push((
            text("op"),
            number("log_n"),
            text("backend"),
            number("threads"),
        ));
    }
    let mut expected = Vec::new();
    for op in ["msm-g1", "msm-g2", "ntt"] {
        for log_n in [0, 4] {
            for backend in ["ark", "naive"] {
                for threads in [1, 2] {
                    expected.push((op.to_owned(), log_n, backend.to_owned(), threads));
                }
            }
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn a_proof_is_measured_stage_by_stage() {
    let args = [
        "bench",
        "--ops",
        "prove",
        "--log-n",
        "13",
        "--depth",
        "1",
        "--fee-slots",
        "0",
    ];
    let report = json(&[&args[..], &["--runs", "1"]].concat());
    let row = &report["rows"][0];
    assert_eq!(row["transfers"], 1);
    assert!((1 << 12..1 << 13).contains(&row["constraints"].as_u64().unwrap()));
    assert!(row["satisfaction_ms"].as_f64().unwrap() > 0.0);
    let stages = row["stages"].as_array().unwrap();
    assert_eq!(stages.len(), 7);
    assert!(stages.iter().all(|stage| stage["stage"] != "satisfaction"));
    let sum: f64 = stages
        .iter()
        .map(|stage| stage["median_ms"].as_f64().unwrap())
        .sum();
    let total = row["median_ms"].as_f64().unwrap();
    assert!(sum <= total, "stages of {sum} ms in {total} ms");
}

#[test]
fn seconds_bound_the_rounds() {
    let args = ["bench", "--ops", "ntt", "--log-n", "4"];
    let report = json(&[&args[..], &["--seconds", "0"]].concat());
    assert_eq!(report["rows"][0]["runs"], 1);
    let report = json(&args);
    assert_eq!(report["rows"][0]["runs"], 5);
}

#[test]
fn the_table_shows_the_ratio_to_arkworks() {
    let args = [
        "bench",
        "--ops",
        "ntt",
        "--log-n",
        "4",
        "--runs",
        "1",
        "--threads",
        "1",
    ];
    let table = |backends| {
        let output = zkroll(&[&args[..], &["--backends", backends]].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let both = table("ark,naive");
    let ark = both
        .lines()
        .find(|line| line.contains(" ark ") && line.contains("ntt"))
        .unwrap();
    assert!(ark.ends_with("1.00"), "{both}");
    let alone = table("naive");
    let naive = alone.lines().find(|line| line.contains("naive")).unwrap();
    assert!(naive.ends_with('–'), "{alone}");
}

#[test]
fn measurements_that_make_no_sense_are_refused() {
    let bench = |ops, log_n, backends| {
        [
            "bench",
            "--ops",
            ops,
            "--log-n",
            log_n,
            "--backends",
            backends,
        ]
    };
    assert_refused(
        &bench("ntt", "4,13", "ark,naive"),
        &["at most 12", "naive", "got 13"],
    );
    assert_refused(
        &bench("ntt", "4", "ark,gpu"),
        &["backend gpu is not available"],
    );
    assert_refused(
        &bench("prove", "15", "ark"),
        &["expected a log-n of 16 to", "got 15"],
    );
    for wrong in [
        bench("ntt", "29", "ark"),
        bench("fft", "4", "ark"),
        bench("ntt", "4", "cuda"),
    ] {
        assert_eq!(zkroll(&wrong).status.code(), Some(2), "{wrong:?}");
    }
}
