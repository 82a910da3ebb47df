//! The page of made-up measurements, read back.

use roxmltree::{Document, Node, ParsingOptions};

use super::*;
use crate::commands::bench::case::{Case, Data, Variant};
use crate::commands::bench::machine::{Adapter, BackendState, Machine};
use crate::commands::bench::results::{StageRow, readable_time};

const HOSTILE: &str = "</style><script src='https://evil.example/x.js'>&\"";

fn parse(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).expect("a well-formed page")
}

fn machine() -> Machine {
    Machine {
        processors: 2,
        processor: Some(HOSTILE.to_owned()),
        target: "x86_64 linux".to_owned(),
        cpu_features: vec!["avx512ifma"],
        available_backends: vec![BackendState {
            name: "gpu",
            available: false,
            reason: Some(HOSTILE.to_owned()),
        }],
        gpu: Some(Adapter {
            adapter: HOSTILE.to_owned(),
            driver: "driver 1.0".to_owned(),
            interface: "vulkan",
            layout: "9x29".to_owned(),
            software: true,
        }),
    }
}

fn row(op: Op, log_n: u32, backend: &'static str, ms: f64) -> Row {
    Row {
        case: Case {
            op,
            input: Input::Random,
            log_n: Some(log_n),
            n: 1 << log_n,
        },
        variant: Variant {
            backend,
            data: None,
        },
        threads: 1,
        runs: 3,
        min_ms: ms,
        median_ms: ms * 1.1,
        ratio_to_ark: None,
        speedup_over_one_thread: None,
        proof: None,
    }
}

fn proof(backend: &'static str, ms: f64, stages: &[&'static str]) -> Row {
    let stage_ms = ms / (stages.len() + 1) as f64;
    let stage = |stage: &&'static str| StageRow {
        stage,
        min_ms: stage_ms,
        median_ms: stage_ms,
        fastest_run_ms: stage_ms,
    };
    Row {
        proof: Some(ProofRow {
            transfers: 7,
            constraints: 8_000,
            satisfaction_ms: None,
            stages: stages.iter().map(stage).collect(),
        }),
        ..row(Op::Prove, 13, backend, ms)
    }
}

fn bench(rows: Vec<Row>) -> BenchReport {
    BenchReport::new(HOSTILE.to_owned(), machine(), rows)
}

/// Times at several sizes, at one size, and proofs.
fn everything() -> BenchReport {
    bench(vec![
        row(Op::MsmG1, 0, "ark", 0.001_7),
        row(Op::MsmG1, 0, "ifma", 0.001_3),
        row(Op::MsmG1, 16, "ark", 611.0),
        row(Op::MsmG1, 16, "ifma", 87.0),
        row(Op::Ntt, 10, "ark", 0.317),
        proof("ark", 911.0, &[]),
        proof("ifma", 143.0, &["quotient", "msm_h"]),
    ])
}

/// Times of a device, whose data lie in two places.
fn on_a_device() -> BenchReport {
    let places = [Data::Resident, Data::AllFromHost];
    let rows = places.into_iter().flat_map(|data| {
        [10, 12].map(|log_n| Row {
            variant: Variant {
                backend: "gpu",
                data: Some(data),
            },
            ..row(Op::MsmG1, log_n, "gpu", f64::from(log_n))
        })
    });
    let ark = [10, 12].map(|log_n| row(Op::MsmG1, log_n, "ark", 100.0));
    bench(ark.into_iter().chain(rows).collect())
}

fn of_class<'a>(page: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    let is = |node: &Node<'_, '_>| {
        let classes = node.attribute("class").unwrap_or_default();
        classes.split(' ').any(|found| found == class)
    };
    page.descendants().filter(is).collect()
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter_map(|node| node.text().filter(|_| node.is_text()))
        .collect()
}

#[test]
fn every_row_has_a_line_in_a_table() {
    let bench = everything();
    let page = page(&bench);
    let page = parse(&page);
    let lines = of_class(&page, "times").into_iter().flat_map(|table| {
        let lines = table.descendants().filter(|node| node.has_tag_name("tr"));
        lines.skip(1).map(|line| {
            let cells = line.children().map(text);
            cells.collect::<Vec<_>>()
        })
    });
    let lines: Vec<_> = lines.collect();
    assert_eq!(lines.len(), bench.rows.len());
    for (line, row) in lines.iter().zip(&bench.rows) {
        assert_eq!(line[1], row.case.n.to_string());
        assert_eq!(line[2], row.variant.to_string());
        assert_eq!(line[4], readable_time(row.min_ms));
        assert_eq!(line[5], readable_time(row.median_ms));
    }
    // 611 / 87.
    assert_eq!(lines[3][6], "7.02");
    assert_eq!(lines[4][6], "1.00");
}

#[test]
fn every_point_is_marked_and_every_stage_has_a_segment() {
    let page = page(&everything());
    let page = parse(&page);
    let title = |node: &Node<'_, '_>| {
        node.children()
            .find(|child| child.has_tag_name("title"))
            .map(text)
    };
    let marked: Vec<_> = of_class(&page, "marker").iter().filter_map(title).collect();
    // Four times and two ratios; a single size is a bar.
    assert_eq!(marked.len(), 6, "{marked:?}");
    assert!(
        marked
            .iter()
            .any(|text| text == "ifma, n = 65536: 7.02× by minimum, 7.02× by median")
    );
    let segments: Vec<_> = of_class(&page, "segment")
        .iter()
        .filter_map(title)
        .collect();
    // The transform, two proofs by time; ark undivided; two stages and the rest, twice.
    assert_eq!(segments.len(), 1 + 2 + 1 + 3 + 3, "{segments:?}");
    assert!(
        segments
            .iter()
            .any(|text| text == "quotient: 47.7 ms, 33.3 %"),
        "{segments:?}"
    );
}

#[test]
fn each_place_of_the_data_has_a_line() {
    let page = page(&on_a_device());
    let page = parse(&page);
    for (class, name) in [
        ("data-resident", "gpu resident"),
        ("data-all-from-host", "gpu all-from-host"),
    ] {
        // Time and ratio.
        let drawn = of_class(&page, class);
        assert_eq!(drawn.len(), 2, "{class}");
        assert!(
            drawn
                .iter()
                .all(|line| line.attribute("class").unwrap().contains("backend-gpu"))
        );
        let names = of_class(&page, "name");
        let found = names.iter().filter(|node| text(**node) == name);
        assert_eq!(found.count(), 2, "{name}");
    }
    assert!(of_class(&page, "data-from-host").is_empty());
    let cells = of_class(&page, "backend-gpu");
    let cells = cells.iter().filter(|node| node.has_tag_name("td"));
    let cells: Vec<_> = cells.map(|cell| text(*cell)).collect();
    let (near, far) = ("gpu resident", "gpu all-from-host");
    assert_eq!(cells, [near, near, far, far]);
}

#[test]
fn drawings_have_names_and_fit_their_frames() {
    let page = page(&everything());
    let page = parse(&page);
    let drawings: Vec<_> = page
        .descendants()
        .filter(|node| node.has_tag_name("svg"))
        .collect();
    assert_eq!(drawings.len(), 6);
    let mut names = Vec::new();
    for drawing in drawings {
        for id in drawing.attribute("aria-labelledby").unwrap().split(' ') {
            let named: Vec<_> = page
                .descendants()
                .filter(|node| node.attribute("id") == Some(id))
                .collect();
            assert_eq!(named.len(), 1, "{id}");
            assert!(!text(named[0]).is_empty());
            names.push(id);
        }
        let frame = drawing.attribute("viewBox").unwrap().split(' ');
        let frame: Vec<f64> = frame.map(|number| number.parse().unwrap()).collect();
        for node in drawing.descendants() {
            for (name, limit) in [
                ("x", frame[2]),
                ("x2", frame[2]),
                ("y", frame[3]),
                ("y2", frame[3]),
            ] {
                if let Some(number) = node.attribute(name) {
                    let number: f64 = number.parse().unwrap();
                    assert!(
                        (0.0..=limit).contains(&number),
                        "{name} = {number} of {limit}"
                    );
                }
            }
        }
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 12);
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let page = page(&everything());
    let page = parse(&page);
    for node in page.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let active = [
            "script", "link", "img", "iframe", "object", "use", "image", "a",
        ];
        assert!(!active.contains(&name), "{name}");
        for attribute in node.attributes() {
            let name = attribute.name();
            assert!(!["src", "href", "xmlns", "style"].contains(&name), "{name}");
            assert!(!name.starts_with("on"), "{name}");
            assert!(!attribute.value().contains("http"), "{name}");
        }
    }
}

#[test]
fn hostile_names_are_text() {
    let page = page(&everything());
    assert!(!page.contains("<script"));
    assert_eq!(page.matches("</style>").count(), 1);
    let parsed = parse(&page);
    let shown = parsed
        .descendants()
        .filter(|node| node.text() == Some(HOSTILE) && node.is_element());
    // Processor, reason of a backend, command line.
    assert_eq!(shown.count(), 3);
}

#[test]
fn without_the_yardstick_there_are_times_only() {
    let rows = [0, 4].map(|log_n| row(Op::Ntt, log_n, "cpu", 1.0 + f64::from(log_n)));
    let page = page(&bench(rows.into()));
    let page = parse(&page);
    assert!(of_class(&page, "tile").is_empty());
    let figures = page
        .descendants()
        .filter(|node| node.has_tag_name("figure"));
    assert_eq!(figures.count(), 1);
}
