//! `--report`: the measurements as one page.
//!
//! The page holds everything it shows: it opens offline, runs no script and follows the reader's
//! choice of light or dark. For each operation, input and number of threads it plots time against
//! size and the ratio to `ark`, for each proof its stages; the exact figures stand in tables below.
//!
//! [`markup`] builds elements and escapes, [`scale`] is axes, [`plot`] and [`bars`] draw, [`page`]
//! has the frame and the tables; here is what comes on the page.

mod bars;
mod markup;
mod page;
mod plot;
mod scale;

use bars::{Bar, Length, Segment, bars};
use markup::{Element, element};
use page::{document, sized, stages_table, subject, threads, times_table};
use plot::{Line, Measure, Point, plot};

use super::case::{Input, Op};
use super::results::{BenchReport, ProofRow, Row};

/// The time of a proof outside of its stages: blinding, and lists on their way; of `all-from-host` the whole
/// key's.
const REST: &str = "rest";

/// What a drawing shows, for eyes and for screen readers.
pub struct Caption<'a> {
    /// Unique on the page.
    id: String,
    title: String,
    description: String,
    /// Name of the axis of sizes.
    sizes: &'a str,
}

/// An empty drawing that scales with the page.
fn image(caption: &Caption<'_>, (width, height): (f64, f64)) -> Element {
    let (title, description) = (
        format!("{}-title", caption.id),
        format!("{}-desc", caption.id),
    );
    element("svg")
        .with("viewBox", format!("0 0 {width} {height}"))
        .with("role", "img")
        .with("aria-labelledby", format!("{title} {description}"))
        .child(element("title").with("id", &title).text(&caption.title))
        .child(
            element("desc")
                .with("id", &description)
                .text(&caption.description),
        )
}

/// The page.
pub fn page(bench: &BenchReport) -> String {
    let mut sections: Vec<Element> = Vec::new();
    for group in groups(&bench.rows, |row| {
        (row.case.op, row.case.input, row.threads)
    }) {
        sections.push(times_section(&group));
    }
    let proofs: Vec<_> = bench
        .rows
        .iter()
        .filter(|row| row.proof.is_some())
        .collect();
    for mut group in groups(proofs, |row| row.case.n) {
        group.sort_by_key(|row| row.threads);
        sections.extend(stages_section(&group));
    }
    document(bench, sections)
}

/// Rows of one kind each, in the order in which the kinds first come.
fn groups<'a, K: PartialEq>(
    rows: impl IntoIterator<Item = &'a Row>,
    key: impl Fn(&Row) -> K,
) -> Vec<Vec<&'a Row>> {
    let mut groups: Vec<Vec<&Row>> = Vec::new();
    for row in rows {
        match groups.iter_mut().find(|group| key(group[0]) == key(row)) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Time and ratio over the sizes, of one operation on one input and number of threads.
fn times_section(rows: &[&Row]) -> Element {
    let case = &rows[0].case;
    let heading = format!("{}, {}", subject(case), threads(rows[0].threads));
    let id = format!("{}-{}-{}", case.op, case.input, rows[0].threads);
    let several = rows.iter().any(|row| row.case.n != case.n);
    let sizes = match (case.op, case.input) {
        (Op::Prove, _) => "rows of the domain",
        (Op::Ntt, _) => "values",
        (_, Input::Witness) => "points, one for each column",
        _ => "points",
    };
    let caption = |kind: &str, description: &str| Caption {
        id: format!("{id}-{kind}"),
        title: format!("{heading}: {kind}"),
        description: format!("{description} The figures stand in the table below."),
        sizes,
    };
    let mut figures = element("div").class("figures");
    if several {
        let described = "Time against size, both axes logarithmic, one line for each backend, and for each \
                         place of a device's data.";
        let drawing = plot(
            &caption("time", described),
            Measure::Time,
            &time_lines(rows),
        );
        figures = figures.child(figure(
            "Time.",
            "Marks: the least of the runs; shades reach to the median.",
            drawing,
        ));
        let ratios = ratio_lines(rows);
        if !ratios.is_empty() {
            let described = "Time of ark over the time of each other backend, against size.";
            let drawing = plot(&caption("ratio", described), Measure::Ratio, &ratios);
            figures = figures.child(figure(
                "Times as fast as ark.",
                "Marks: by minimum; shades reach to the median.",
                drawing,
            ));
        }
    } else {
        let described = "A bar for each backend, as long as the least time of its runs.";
        let drawing = bars(&caption("time", described), Length::Time, &time_bars(rows));
        figures = figures.child(figure("Time.", "The least of the runs.", drawing));
    }
    element("section")
        .child(element("h2").text(heading))
        .child(figures)
        .child(times_table(rows))
}

fn figure(title: &str, remark: &str, drawing: Element) -> Element {
    let title = element("strong").text(title);
    let caption = element("figcaption")
        .child(title)
        .text(format!(" {remark}"));
    element("figure").child(caption).child(drawing)
}

fn lines(rows: &[&Row], point: impl Fn(&Row) -> Option<Point>) -> Vec<Line> {
    let by_variant = groups(rows.iter().copied(), |row| row.variant);
    let line = |rows: &Vec<&Row>| {
        let mut points: Vec<_> = rows.iter().filter_map(|row| point(row)).collect();
        points.sort_by(|a, b| a.n.total_cmp(&b.n));
        Line {
            variant: rows[0].variant,
            points,
        }
    };
    let lines = by_variant.iter().map(line);
    lines.filter(|line| !line.points.is_empty()).collect()
}

fn time_lines(rows: &[&Row]) -> Vec<Line> {
    lines(rows, |row| {
        Some(Point {
            n: row.case.n as f64,
            min: row.min_ms,
            median: row.median_ms,
        })
    })
}

fn ratio_lines(rows: &[&Row]) -> Vec<Line> {
    let compared: Vec<_> = rows
        .iter()
        .copied()
        .filter(|row| !row.is_yardstick())
        .collect();
    lines(&compared, |row| {
        let ratio = row.ratio_to_ark?;
        Some(Point {
            n: row.case.n as f64,
            min: ratio.min,
            median: ratio.median,
        })
    })
}

fn time_bars(rows: &[&Row]) -> Vec<Bar> {
    let bar = |row: &&Row| Bar {
        name: row.variant.to_string(),
        segments: vec![Segment {
            name: row.variant.backend,
            kind: "backend",
            ms: row.min_ms,
        }],
    };
    rows.iter().map(bar).collect()
}

/// The stages of the proofs of one size; `None` if no backend tells them.
fn stages_section(rows: &[&Row]) -> Option<Element> {
    let (case, proof) = (&rows[0].case, rows[0].proof.as_ref()?);
    let is_divided = |row: &&&Row| {
        let proof = row.proof.as_ref();
        proof.is_some_and(|proof| !proof.stages.is_empty())
    };
    let divided: Vec<&Row> = rows.iter().filter(is_divided).copied().collect();
    let stages: Vec<&'static str> = {
        let proof = divided.first()?.proof.as_ref()?;
        proof.stages.iter().map(|stage| stage.stage).collect()
    };
    let heading = element("h2").text("Where the time of a proof goes, ");
    let ProofRow {
        transfers,
        constraints,
        ..
    } = proof;
    let remark = format!(
        "Transfers: {transfers}; constraints: {constraints}. Of each backend the fastest run. ark \
         stands for ark-groth16's own prover, which does not tell its stages. Our check that the \
         constraints are satisfied is not counted; our verification of the finished proof, which \
         ark-groth16 does not make, is."
    );
    let caption = |kind: &str, description: &str| Caption {
        id: format!("stages-{}-{kind}", case.n),
        title: format!("Stages of a proof, n = {}: {kind}", case.n),
        description: format!("{description} The figures stand in the table below."),
        sizes: "",
    };
    let described = "A bar for each backend and number of threads, divided by stage.";
    let time = bars(&caption("time", described), Length::Time, &stage_bars(rows));
    let described = "The same bars, each as long as the whole.";
    let share = bars(
        &caption("share", described),
        Length::Share,
        &stage_bars(&divided),
    );
    let mut all = stages.clone();
    all.push(REST);
    let legend = all.iter().map(|stage| {
        let swatch = element("i").class(format!("stage-{stage}"));
        element("li").child(swatch).text(stage)
    });
    Some(
        element("section")
            .child(sized(heading, case))
            .child(element("p").class("muted").text(remark))
            .child(element("ul").class("legend").children(legend))
            .child(figure("Time by stage.", "", time))
            .child(figure("Share by stage.", "", share))
            .child(stages_table(rows, &stages)),
    )
}

fn stage_bars(rows: &[&Row]) -> Vec<Bar> {
    let bar = |row: &&Row| {
        let name = format!("{}, {}", row.variant, threads(row.threads));
        let stages = row.proof.as_ref().map_or(&[][..], |proof| &proof.stages);
        let mut segments: Vec<_> = stages
            .iter()
            .map(|stage| Segment {
                name: stage.stage,
                kind: "stage",
                ms: stage.fastest_run_ms,
            })
            .collect();
        let counted: f64 = segments.iter().map(|segment| segment.ms).sum();
        segments.push(if segments.is_empty() {
            Segment {
                name: row.variant.backend,
                kind: "backend",
                ms: row.min_ms,
            }
        } else {
            Segment {
                name: REST,
                kind: "stage",
                ms: (row.min_ms - counted).max(0.0),
            }
        });
        Bar { name, segments }
    };
    rows.iter().map(bar).collect()
}

#[cfg(test)]
mod tests;
