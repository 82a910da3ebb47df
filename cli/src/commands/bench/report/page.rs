//! The page's frame, its tables and its words.

use super::markup::{Element, element};
use crate::commands::bench::case::{Case, Input, Op};
use crate::commands::bench::machine::Machine;
use crate::commands::bench::results::{BenchReport, Ratio, Row, readable_time};

const STYLE: &str = include_str!("style.css");

/// Heads the column of names.
const STAGE: &str = "stage";

/// A longer table is folded at first.
const MAX_OPEN_LINES: usize = 12;

/// The document around the sections.
pub fn document(bench: &BenchReport, sections: impl IntoIterator<Item = Element>) -> String {
    let meta = |name, content| element("meta").with("name", name).with("content", content);
    let head = element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(meta("viewport", "width=device-width, initial-scale=1"))
        .child(meta("color-scheme", "light dark"))
        .child(element("title").text("zkroll bench"))
        .child(element("style").text(STYLE));
    let lead = "Groth16 over BN254: times on this machine, taken in turns in one process. Before \
                anything was timed, all backends gave equal results. Ratios are times of arkworks \
                over times of the backend; where nothing else is said, by the least of the runs.";
    let body = element("body")
        .child(element("h1").text("zkroll bench"))
        .child(element("p").class("muted").text(lead))
        .child(tiles(bench))
        .children(sections)
        .child(machine(bench));
    let html = element("html").with("lang", "en").child(head).child(body);
    format!("<!DOCTYPE html>\n{html}\n")
}

/// Of each case's largest size, what is fastest against the yardstick.
fn tiles(bench: &BenchReport) -> Element {
    let mut best: Vec<(&Row, f64)> = Vec::new();
    for row in bench.rows.iter().filter(|row| !row.is_yardstick()) {
        let Some(ratio) = row.ratio_to_ark else {
            continue;
        };
        let group = |row: &Row| (row.case.op, row.case.input, row.threads);
        match best
            .iter_mut()
            .find(|(other, _)| group(other) == group(row))
        {
            None => best.push((row, ratio.min)),
            Some(known) => {
                if (row.case.n, ratio.min) > (known.0.case.n, known.1) {
                    *known = (row, ratio.min);
                }
            }
        }
    }
    let tile = |(row, ratio): (&Row, f64)| {
        let case = &row.case;
        let size = element("span").text(format!("{}, ", subject(case)));
        element("li")
            .class("tile")
            .child(element("strong").text(format!("{ratio:.2}× ark")))
            .child(sized(size, case))
            .child(element("span").text(format!("{}, {}", row.variant, threads(row.threads))))
    };
    element("ul")
        .class("tiles")
        .children(best.into_iter().map(tile))
}

/// What measured, and how to measure again.
fn machine(bench: &BenchReport) -> Element {
    let Machine {
        processors,
        processor,
        target,
        cpu_features,
        available_backends,
        gpu,
    } = &bench.machine;
    let unknown = || "not told by the operating system".to_owned();
    let backends = available_backends.iter().map(|backend| {
        let state = backend.reason.as_deref().unwrap_or("available");
        (format!("backend {}", backend.name), state.to_owned())
    });
    let features = match cpu_features.as_slice() {
        [] => "none that a backend uses".to_owned(),
        features => features.join(" "),
    };
    let mut facts = vec![
        ("processor", processor.clone().unwrap_or_else(unknown)),
        ("processors", processors.to_string()),
        ("architecture, system", target.clone()),
        ("processor features", features),
    ];
    facts.extend(gpu.as_ref().map(|gpu| ("GPU", gpu.to_string())));
    let row = |name: &str, value: Element| {
        let name = element("th").class("left").with("scope", "row").text(name);
        element("tr").child(name).child(value)
    };
    let cell = || element("td").class("wide");
    let facts = facts
        .into_iter()
        .map(|(name, value)| row(name, cell().text(value)));
    let backends = backends.map(|(name, value)| row(&name, cell().text(value)));
    let command = cell().child(element("code").text(&bench.command));
    let body = element("tbody")
        .children(facts)
        .children(backends)
        .child(row("command", command))
        .child(row(
            "version",
            cell().text(format!("zkroll {}", bench.version)),
        ));
    element("section")
        .child(element("h2").text("Machine"))
        .child(
            element("div")
                .class("scroll")
                .child(element("table").class("machine").child(body)),
        )
}

/// Times and ratios, a line for each row.
pub fn times_table(rows: &[&Row]) -> Element {
    let mut headers = vec!["size", "n", "backend", "runs", "minimum", "median"];
    headers.extend(["× ark, minimum", "× ark, median"]);
    let several_threads = rows.iter().any(|row| row.threads > 1);
    if several_threads {
        headers.extend(["× 1 thread, minimum", "× 1 thread, median"]);
    }
    let line = |row: &&Row| {
        let cell = |text: String| element("td").text(text);
        let backend = format!("backend-{}", row.variant.backend);
        let mut line = element("tr")
            .child(sized(element("th").with("scope", "row"), &row.case))
            .child(cell(row.case.n.to_string()))
            .child(cell(row.variant.to_string()).class(backend))
            .child(cell(row.runs.to_string()))
            .child(cell(readable_time(row.min_ms)))
            .child(cell(readable_time(row.median_ms)))
            .children(ratio_cells(row.ratio_to_ark));
        if several_threads {
            line = line.children(ratio_cells(row.speedup_over_one_thread));
        }
        line
    };
    table("times", "All figures", &headers, rows.iter().map(line))
}

/// A ratio by minimum and by median, or dashes.
fn ratio_cells(ratio: Option<Ratio>) -> [Element; 2] {
    let texts = match ratio {
        Some(ratio) => [ratio.min, ratio.median].map(|ratio| format!("{ratio:.2}")),
        None => [(); 2].map(|()| "–".to_owned()),
    };
    texts.map(|text| element("td").text(text))
}

/// Stages of proofs, a line for each stage and a column for each row.
pub fn stages_table(rows: &[&Row], stages: &[&'static str]) -> Element {
    let divided: Vec<_> = rows
        .iter()
        .filter_map(|row| Some((row, row.proof.as_ref()?)))
        .filter(|(_, proof)| !proof.stages.is_empty())
        .collect();
    let mut headers = vec![STAGE.to_owned()];
    for (row, _) in &divided {
        let variant = format!("{}, {}", row.variant, threads(row.threads));
        headers.extend(["fastest run", "median"].map(|which| format!("{variant}, {which}")));
    }
    let lines = stages.iter().map(|stage| {
        let name = element("th").class("left").with("scope", "row").text(stage);
        let cells = divided.iter().flat_map(|(_, proof)| {
            let found = proof.stages.iter().find(|found| found.stage == *stage);
            let text = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), readable_time);
            [
                text(found.map(|found| found.fastest_run_ms)),
                text(found.map(|found| found.median_ms)),
            ]
        });
        element("tr")
            .child(name)
            .children(cells.map(|cell| element("td").text(cell)))
    });
    let check = divided.iter().flat_map(|(_, proof)| {
        let text = proof
            .satisfaction_ms
            .map_or_else(|| "–".to_owned(), readable_time);
        ["–".to_owned(), text]
    });
    let name = element("th")
        .class("left")
        .with("scope", "row")
        .text("check, not counted");
    let check = element("tr")
        .child(name)
        .children(check.map(|cell| element("td").text(cell)));
    let headers: Vec<_> = headers.iter().map(String::as_str).collect();
    table(
        "stages",
        "Stages of a proof",
        &headers,
        lines.chain([check]),
    )
}

/// A table that can be folded, and is if it is long.
fn table(
    class: &str,
    name: &str,
    headers: &[&str],
    lines: impl Iterator<Item = Element>,
) -> Element {
    let header = |text: &&str| {
        let header = element("th").with("scope", "col").text(text);
        match *text {
            STAGE => header.class("left"),
            _ => header,
        }
    };
    let head = element("tr").children(headers.iter().map(header));
    let lines: Vec<_> = lines.collect();
    let folded = lines.len() > MAX_OPEN_LINES;
    let table = element("table")
        .class(class)
        .with("aria-label", name)
        .child(element("thead").child(head))
        .child(element("tbody").children(lines));
    let details = match folded {
        true => element("details"),
        false => element("details").with("open", "open"),
    };
    details
        .child(element("summary").text(name))
        .child(element("div").class("scroll").child(table))
}

/// With the size of a case at the end, its exponent raised.
pub fn sized(parent: Element, case: &Case) -> Element {
    match case.log_n {
        Some(log_n) => parent.text("2").child(element("sup").text(log_n)),
        None => parent.text(case.n),
    }
}

/// An operation and its input in words.
pub fn subject(case: &Case) -> String {
    let operation = match case.op {
        Op::MsmG1 => "MSM in G1",
        Op::MsmG2 => "MSM in G2",
        Op::Ntt => return "NTT".to_owned(),
        Op::Prove => return "Whole proof".to_owned(),
    };
    let input = match case.input {
        Input::Random => "random scalars",
        Input::Witness => "scalars of a batch's witness",
        Input::EqualPoints => "equal points",
        Input::EqualScalars => "equal scalars",
        Input::Zeros => "nine of ten scalars zero",
        Input::ZerosOnes => "nine of ten scalars zero or one",
        Input::OppositePoints => "one point and its opposite in turns, scalars equal",
        Input::Infinity => "all points at infinity",
        Input::HalfBucket => "half of the scalars equal",
    };
    format!("{operation}, {input}")
}

/// A number of threads in words.
pub fn threads(threads: usize) -> String {
    match threads {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_needs_no_escape_and_loads_nothing() {
        for forbidden in ["<", "&", ">", "url(", "@import", "://"] {
            assert!(!STYLE.contains(forbidden), "{forbidden}");
        }
    }
}
