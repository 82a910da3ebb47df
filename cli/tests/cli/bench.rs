//! `zkroll bench`, at sizes that take no time.

use std::fs;

use crate::common::{
    NO_GPU, arg, assert_refused, folder, json, json_with, refusal, refusal_with, zkroll,
    zkroll_with,
};
use serde_json::Value;

/// `zkroll bench` with these arguments, in one string.
fn bench(args: &str) -> Vec<&str> {
    let args = args.split(' ').filter(|arg| !arg.is_empty());
    std::iter::once("bench").chain(args).collect()
}

/// What tells a row from the others.
fn variants(report: &Value) -> Vec<String> {
    let rows = report["rows"].as_array().unwrap();
    let variant = |row: &Value| {
        let text = |key: &str| row[key].as_str().unwrap().to_owned();
        let number = |key: &str| row[key].as_u64().unwrap();
        format!(
            "{} {} {} {} {}",
            text("op"),
            text("input"),
            number("n"),
            text("backend"),
            number("threads")
        )
    };
    rows.iter().map(variant).collect()
}

#[test]
fn every_variant_has_a_row() {
    let report = json(&bench(
        "--ops msm-g1,msm-g2,ntt --log-n 0,4 --backends ark,naive --threads 1,2 --runs 3",
    ));
    for row in report["rows"].as_array().unwrap() {
        let [min, median] = ["min_ms", "median_ms"].map(|key| row[key].as_f64().unwrap());
        assert!(0.0 < min && min <= median, "{row}");
        assert_eq!(row["runs"], 3);
        assert_eq!(row["n"], 1 << row["log_n"].as_u64().unwrap());
    }
    let mut expected = Vec::new();
    for op in ["msm-g1", "msm-g2", "ntt"] {
        for n in [1, 16] {
            for backend in ["ark", "naive"] {
                for threads in [1, 2] {
                    expected.push(format!("{op} random {n} {backend} {threads}"));
                }
            }
        }
    }
    assert_eq!(variants(&report), expected);
}

#[test]
fn multiplications_take_other_inputs_and_any_number_of_points() {
    let report = json(&bench(
        "--ops msm-g1 --inputs equal-points,equal-scalars,zeros,zeros-ones,opposite-points,infinity,half-bucket --n 1,3,100 \
         --backends ark,naive --threads 1 --runs 1",
    ));
    let mut expected = Vec::new();
    for input in [
        "equal-points",
        "equal-scalars",
        "zeros",
        "zeros-ones",
        "opposite-points",
        "infinity",
        "half-bucket",
    ] {
        for n in [1, 3, 100] {
            for backend in ["ark", "naive"] {
                expected.push(format!("msm-g1 {input} {n} {backend} 1"));
            }
        }
    }
    assert_eq!(variants(&report), expected);
    assert!(report["rows"][0]["log_n"].is_null());
}

#[test]
fn a_witness_has_a_scalar_for_each_column() {
    let report = json(&bench(
        "--ops msm-g1,ntt --inputs witness --log-n 13 --depth 1 --fee-slots 0 --runs 1 --threads 1",
    ));
    let [multiplication, transform] = [&report["rows"][0], &report["rows"][1]];
    assert_eq!(multiplication["input"], "witness");
    assert_eq!(multiplication["log_n"], 13);
    let columns = multiplication["n"].as_u64().unwrap();
    assert!((1 << 12..1 << 13).contains(&columns), "{columns}");
    assert_eq!(transform["input"], "random");
}

/// Demands equality but for what is lost in decimals.
#[track_caller]
fn assert_close(a: f64, b: f64) {
    assert!((a / b - 1.0).abs() < 1e-12, "{a} is not {b}");
}

#[test]
fn ratios_compare_what_can_be_compared() {
    let report = json(&bench(
        "--ops ntt --log-n 4 --backends naive,ark --threads 1,2 --runs 3",
    ));
    let rows = report["rows"].as_array().unwrap();
    let row = |backend: &str, threads: u64| {
        let is = |row: &&Value| row["backend"] == backend && row["threads"] == threads;
        rows.iter().find(is).unwrap()
    };
    for statistic in ["min", "median"] {
        let time = |row: &Value| row[format!("{statistic}_ms")].as_f64().unwrap();
        for backend in ["naive", "ark"] {
            for threads in [1, 2] {
                let this = row(backend, threads);
                let to_ark = this["ratio_to_ark"][statistic].as_f64().unwrap();
                let speedup = this["speedup_over_one_thread"][statistic].as_f64().unwrap();
                assert_close(to_ark, time(row("ark", threads)) / time(this));
                assert_close(speedup, time(row(backend, 1)) / time(this));
            }
        }
    }
    let alone = json(&bench(
        "--ops ntt --log-n 4 --backends naive --threads 2 --runs 1",
    ));
    let row = &alone["rows"][0];
    assert!(row["ratio_to_ark"].is_null() && row["speedup_over_one_thread"].is_null());
}

#[test]
fn the_machine_is_described() {
    let report = json_with(&[NO_GPU], &bench("--ops ntt --log-n 0 --runs 1"));
    assert!(report["gpu"].is_null());
    assert!(report["rows"][0]["data"].is_null());
    assert!(report["processors"].as_u64().unwrap() >= 1);
    assert!(report["cpu_features"].is_array());
    assert_eq!(
        report["command"],
        "zkroll bench --ops ntt --log-n 0 --runs 1 --json"
    );
    let backends = report["available_backends"].as_array().unwrap();
    let ark = backends
        .iter()
        .find(|backend| backend["name"] == "ark")
        .unwrap();
    assert_eq!(ark["available"], true);
    assert!(ark["reason"].is_null());
    for backend in backends {
        assert_ne!(
            backend["available"].as_bool().unwrap(),
            backend["reason"].is_string()
        );
    }
}

#[test]
fn a_proof_is_measured_stage_by_stage_and_equals_that_of_ark_groth16() {
    let args = bench("--ops prove --log-n 13 --depth 1 --fee-slots 0 --backends ark,auto --runs 2");
    // Our prover with arkworks' arithmetic: a name stands for arkworks' own prover.
    let output = zkroll_with(
        &[("ZKROLL_BACKEND", "ark")],
        &[&args[..], &["--json"]].concat(),
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();

    let [ark, ours] = [&report["rows"][0], &report["rows"][1]];
    for row in [ark, ours] {
        assert_eq!(row["transfers"], 1);
        assert_eq!(row["input"], "witness");
        assert!((1 << 12..1 << 13).contains(&row["constraints"].as_u64().unwrap()));
    }
    assert_eq!(ark["backend"], "ark");
    assert!(ark["satisfaction_ms"].is_null());
    assert!(ark["stages"].as_array().unwrap().is_empty());

    assert_eq!(ours["backend"], "auto");
    assert!(ours["satisfaction_ms"].as_f64().unwrap() > 0.0);
    let stages = ours["stages"].as_array().unwrap();
    let names: Vec<_> = stages
        .iter()
        .map(|stage| stage["stage"].as_str().unwrap())
        .collect();
    for counted in [
        "quotient",
        "msm_h",
        "msm_l",
        "msm_a",
        "msm_b_g1",
        "msm_b_g2",
        "verification",
    ] {
        assert!(names.contains(&counted), "{names:?}");
    }
    assert!(!names.contains(&"satisfaction"), "{names:?}");
    let of_fastest = stages
        .iter()
        .map(|stage| stage["fastest_run_ms"].as_f64().unwrap());
    let (sum, total) = (of_fastest.sum::<f64>(), ours["min_ms"].as_f64().unwrap());
    assert!(
        0.5 * total < sum && sum <= total,
        "stages of {sum} ms in {total} ms"
    );
}

#[test]
fn seconds_bound_the_rounds() {
    let report = json(&bench("--ops ntt --log-n 4 --seconds 0"));
    assert_eq!(report["rows"][0]["runs"], 1);
    let report = json(&bench("--ops ntt --log-n 4"));
    assert_eq!(report["rows"][0]["runs"], 5);
}

#[test]
fn the_table_shows_the_ratio_to_arkworks() {
    let table = |backends| {
        let args = bench("--ops ntt --log-n 4 --runs 1 --threads 1 --backends");
        let output = zkroll(&[&args[..], &[backends]].concat());
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let both = table("ark,naive");
    let ark = both
        .lines()
        .find(|line| line.contains(" ark ") && line.contains("ntt"))
        .unwrap();
    assert!(ark.ends_with("1.00/1.00"), "{both}");
    assert!(both.contains("ratios by minimum/by median"), "{both}");
    let alone = table("naive");
    let naive = alone.lines().find(|line| line.contains("naive")).unwrap();
    assert!(naive.ends_with('–'), "{alone}");
}

#[test]
fn the_report_holds_the_rows_that_are_printed() {
    let folder = folder("report");
    let file = folder.join("<bench> & 'more'.html");
    let args =
        bench("--ops msm-g1,ntt --log-n 0,3 --backends ark,naive --threads 1 --runs 1 --report");
    let report = json(&[&args[..], &[arg(&file)]].concat());
    let page = fs::read_to_string(&file).unwrap();

    let options = roxmltree::ParsingOptions {
        allow_dtd: true,
        ..roxmltree::ParsingOptions::default()
    };
    let page = roxmltree::Document::parse_with_options(&page, options).unwrap();
    let figures = |node: &roxmltree::Node<'_, '_>| node.attribute("class") == Some("times");
    let lines = page
        .descendants()
        .filter(figures)
        .flat_map(|table| table.descendants())
        .filter(|node| node.has_tag_name("tr"));
    // Each of the two tables has a head.
    assert_eq!(lines.count(), report["rows"].as_array().unwrap().len() + 2);
    let command = report["command"].as_str().unwrap();
    assert!(command.contains(r"more'\''.html"), "{command}");
    assert!(page.descendants().any(|node| node.text() == Some(command)));
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let file = folder("no_report").join("missing").join("bench.html");
    let args = bench("--ops ntt --log-n 0 --runs 1 --report");
    let error = refusal(&[&args[..], &[arg(&file)]].concat());
    assert!(
        error.starts_with("write ") && error.contains("bench.html"),
        "{error}"
    );
}

#[test]
fn measurements_that_make_no_sense_are_refused() {
    assert_refused(
        &bench("--ops ntt --log-n 4,13 --backends ark,naive"),
        &["at most 4096", "naive", "got 8192"],
    );
    assert_refused(
        &bench("--ops msm-g1 --n 4097 --backends naive"),
        &["at most 4096", "naive", "got 4097"],
    );
    let error = refusal_with(&[NO_GPU], &bench("--ops ntt --log-n 4 --backends ark,gpu"));
    assert!(error.contains("backend gpu is not available"), "{error}");
    for needing in ["--ops prove", "--ops msm-g1 --inputs witness"] {
        assert_refused(
            &bench(&format!("{needing} --log-n 15 --backends ark")),
            &["expected a log-n of 16 to", "got 15"],
        );
    }
    for (needing, what) in [
        ("--ops msm-g1,ntt", "--log-n for ntt"),
        ("--ops prove", "--log-n for prove"),
        (
            "--ops msm-g1 --inputs random,witness",
            "--log-n for witness",
        ),
    ] {
        assert_refused(&bench(&format!("{needing} --n 3")), &[what, "got --n"]);
    }
    for wrong in [
        "--ops ntt --log-n 29",
        "--ops fft --log-n 4",
        "--ops ntt --log-n 4 --backends cuda",
        "--ops msm-g1 --log-n 4 --inputs ones",
        "--ops msm-g1 --log-n 4 --n 16",
        "--ops msm-g1 --n 0",
        "--ops msm-g1",
    ] {
        assert_eq!(zkroll(&bench(wrong)).status.code(), Some(2), "{wrong}");
    }
}
