//! Backend gpu from the command line. Where no adapter serves, each test reports "ignored, because …", or
//! fails if `ZKROLL_REQUIRE` contains `gpu`.

mod common;

use std::fs;
use std::process::ExitCode;
use std::sync::OnceLock;

use common::{arg, folder, json, json_with, scene, zkroll, zkroll_with};
use libtest_mimic::{Arguments, Completion, Trial};
use serde_json::Value;

const TESTS: [(&str, fn()); 6] = [
    ("gpu_info_names_the_adapter", info_names_the_adapter),
    (
        "gpu_rows_tell_where_the_data_lie",
        rows_tell_where_the_data_lie,
    ),
    (
        "gpu_proofs_equal_those_of_ark_groth16",
        proofs_equal_those_of_ark_groth16,
    ),
    ("gpu_auto_has_one_row", auto_has_one_row),
    (
        "gpu_table_and_page_name_the_adapter",
        table_and_page_name_the_adapter,
    ),
    ("gpu_proves_a_batch", proves_a_batch),
];

fn main() -> ExitCode {
    let trials = TESTS.map(|(name, test)| {
        Trial::ignorable_test(name, move || match unavailable() {
            None => {
                test();
                Ok(Completion::Completed)
            }
            Some(reason) if required() => Err(reason.into()),
            Some(reason) => Ok(Completion::ignored_with(format!("because {reason}"))),
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.into()).exit_code()
}

/// What the program itself says of the backend.
fn backend() -> &'static Value {
    static BACKEND: OnceLock<Value> = OnceLock::new();
    BACKEND.get_or_init(|| {
        let info = json(&["info", "--depth", "1"]);
        let backends = info["backends"].as_array().unwrap();
        let gpu = backends.iter().find(|backend| backend["name"] == "gpu");
        gpu.unwrap().clone()
    })
}

fn unavailable() -> Option<String> {
    backend()["reason"].as_str().map(str::to_owned)
}

fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|required| required.trim() == "gpu"))
}

fn bench(args: &str) -> Vec<&str> {
    std::iter::once("bench").chain(args.split(' ')).collect()
}

fn info_names_the_adapter() {
    // Which layout is the fastest may differ from run to run; every adapter has this one.
    let layout = [("ZKROLL_GPU_LAYOUT", "20x13")];
    let args = ["info", "--depth", "1"];
    let info = json_with(&layout, &args);
    let detail = info["backends"][4]["detail"].as_str().unwrap();
    assert!(detail.contains(", 20x13"), "{detail}");
    let text = String::from_utf8(zkroll_with(&layout, &args).stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("backend gpu "));
    assert!(
        line.unwrap().ends_with(&format!(" available: {detail}")),
        "{text}"
    );
}

/// A row's backend, place of its data and threads.
type RowName<'a> = (&'a str, Option<&'a str>, u64);

fn names(rows: &[Value]) -> Vec<RowName<'_>> {
    fn name(row: &Value) -> RowName<'_> {
        let (backend, data) = (row["backend"].as_str(), row["data"].as_str());
        (backend.unwrap(), data, row["threads"].as_u64().unwrap())
    }
    rows.iter().map(name).collect()
}

fn rows_tell_where_the_data_lie() {
    let report = json(&bench(
        "--ops msm-g1,msm-g2,ntt --log-n 0,5 --backends gpu,ark --threads 1,2 --runs 2",
    ));
    let rows = report["rows"].as_array().unwrap();
    let cases: Vec<_> = rows
        .chunk_by(|a, b| (&a["op"], &a["n"]) == (&b["op"], &b["n"]))
        .collect();
    assert_eq!(cases.len(), 6);
    for case in cases {
        // A transform of one value is made nowhere.
        let places = match (case[0]["op"].as_str(), case[0]["n"].as_u64()) {
            (Some("ntt"), Some(1)) => &["all-from-host"][..],
            _ => &["resident", "from-host", "all-from-host"],
        };
        let gpu = places.iter().map(|place| ("gpu", Some(*place)));
        let expected: Vec<_> = gpu
            .chain([("ark", None)])
            .flat_map(|(backend, data)| [1, 2].map(|threads| (backend, data, threads)))
            .collect();
        assert_eq!(names(case), expected);

        let find = |of: &Value, backend: &Value, data: &Value, threads: u64| {
            let is = |row: &&Value| {
                row["backend"] == *backend && row["data"] == *data && row["threads"] == threads
            };
            let time = case.iter().find(is).unwrap()["min_ms"].as_f64().unwrap();
            time / of["min_ms"].as_f64().unwrap()
        };
        for row in case {
            let threads = row["threads"].as_u64().unwrap();
            for (ratio, expected) in [
                (
                    "ratio_to_ark",
                    find(row, &"ark".into(), &Value::Null, threads),
                ),
                (
                    "speedup_over_one_thread",
                    find(row, &row["backend"], &row["data"], 1),
                ),
            ] {
                let got = row[ratio]["min"].as_f64().unwrap();
                assert!((got / expected - 1.0).abs() < 1e-12, "{ratio} of {row}");
            }
        }
    }
    let gpu = &report["gpu"];
    for key in ["adapter", "driver", "interface", "layout"] {
        assert!(!gpu[key].as_str().unwrap().is_empty(), "{gpu}");
    }
    assert!(gpu["software"].is_boolean(), "{gpu}");
}

fn proofs_equal_those_of_ark_groth16() {
    let report = json(&bench(
        "--ops prove --log-n 13 --depth 1 --fee-slots 0 --backends ark,gpu --threads 2 --runs 1",
    ));
    let rows = report["rows"].as_array().unwrap();
    let expected = [
        ("ark", None, 2),
        ("gpu", Some("resident"), 2),
        ("gpu", Some("from-host"), 2),
        ("gpu", Some("all-from-host"), 2),
    ];
    assert_eq!(names(rows), expected);
    // What runs on the device alone is one stage.
    for row in &rows[2..] {
        let stages = row["stages"].as_array().unwrap();
        assert!(
            stages.iter().any(|stage| stage["stage"] == "msm_h"),
            "{row}"
        );
    }
}

fn auto_has_one_row() {
    let args = bench("--ops ntt --log-n 4 --backends auto --threads 1 --runs 1");
    let report = json_with(&[("ZKROLL_BACKEND", "gpu")], &args);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(names(rows), [("auto", None, 1)]);
}

fn table_and_page_name_the_adapter() {
    let file = folder("page").join("gpu.html");
    let args = bench("--ops ntt --log-n 4,5 --backends ark,gpu --threads 1 --runs 1 --report");
    let output = zkroll(&[&args[..], &[arg(&file)]].concat());
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    let page = fs::read_to_string(&file).unwrap();
    let adapter = backend()["detail"]
        .as_str()
        .unwrap()
        .split(',')
        .next()
        .unwrap();
    let footer = table.lines().last().unwrap();
    assert!(
        footer.starts_with("gpu: ") && footer.contains(adapter),
        "{table}"
    );
    for place in ["resident", "from-host", "all-from-host"] {
        let rows = table
            .lines()
            .filter(|line| line.contains(&format!(" {place} ")));
        assert_eq!(rows.count(), 2, "{table}");
        assert!(page.contains(&format!("gpu {place}")), "{place}");
    }
    assert!(page.contains(adapter));
}

fn proves_a_batch() {
    let scene = scene();
    for (name, stream) in [("in_memory", None), ("streamed", Some("--stream"))] {
        let out = folder(name).join("proven.json");
        let mut args = scene.prove(&scene.batch, &out);
        args.extend(["--backend", "gpu"]);
        args.extend(stream);
        let report = json(&args);
        assert_eq!(report["backend"], "gpu");
        assert!(report["fell_back"].is_null(), "{report}");
        assert_eq!(json(&scene.verify(&out))["valid"], true);
    }
}
