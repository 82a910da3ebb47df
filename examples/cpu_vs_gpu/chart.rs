//! The times as a drawing: a bar for each backend, divided by stage. The file needs nothing from outside.

use std::fmt::Write;

use crate::report::{Measured, Report};

const WIDTH: f64 = 960.0;
const LEFT: f64 = 20.0;
/// Leaves room for a time and a ratio behind the longest bar.
const RIGHT: f64 = 715.0;
const TOP: f64 = 96.0;
const BAR: f64 = 26.0;
/// A line of text, a bar and the space to the next.
const PITCH: f64 = 62.0;
/// Between two entries of the legend.
const LEGEND: f64 = 118.0;
/// Entries in a line of the legend.
const LEGEND_COLUMNS: usize = 8;

/// One for each stage, in order; the last for what is left.
const COLOURS: [&str; 10] = [
    "#a16207", "#64748b", "#0f766e", "#1e3a8a", "#1d4ed8", "#60a5fa", "#7c3aed", "#be185d",
    "#475569", "#cbd5e1",
];

/// The time outside of the stages.
const REST: &str = "rest";

/// The drawing as SVG.
pub fn draw(report: &Report) -> String {
    let stages = report.stages();
    let entries = stages.len() + 1;
    let bottom = TOP + PITCH * report.backends.len() as f64;
    let height = bottom + 14.0 + 22.0 * entries.div_ceil(LEGEND_COLUMNS) as f64;
    let longest = report.backends.iter().map(|backend| backend.prove_ms);
    let scale = (RIGHT - LEFT) / longest.fold(f64::MIN_POSITIVE, f64::max);

    let title = format!(
        "One proof on each backend: {} constraints, domain 2^{}",
        report.constraints, report.domain_log2
    );
    let remark = format!(
        "Transfers: {}; depth: {}. Fastest of {}. The proofs are the same, bit for bit.",
        report.transfers, report.depth, report.runs
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" \
         font-size=\"13\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(
        &mut svg,
        (LEFT, 34.0),
        "font-size=\"19\" font-weight=\"600\"",
        &title,
    );
    text(&mut svg, (LEFT, 58.0), "fill=\"#58606a\"", &remark);
    for (place, backend) in report.backends.iter().enumerate() {
        bar(
            &mut svg,
            backend,
            &stages,
            TOP + PITCH * place as f64,
            scale,
        );
    }
    for (place, stage) in stages.iter().chain([&REST]).enumerate() {
        let (column, line) = (place % LEGEND_COLUMNS, place / LEGEND_COLUMNS);
        let (x, y) = (LEFT + LEGEND * column as f64, bottom + 22.0 * line as f64);
        rectangle(
            &mut svg,
            (x, y),
            (12.0, 12.0),
            colour(&stages, stage),
            stage,
        );
        text(&mut svg, (x + 18.0, y + 11.0), "", stage);
    }
    svg + "</svg>\n"
}

/// Name and device, and under them the bar with its time and ratio.
fn bar(svg: &mut String, backend: &Measured, stages: &[&str], top: f64, scale: f64) {
    let name = format!("{}: {}", backend.backend, backend.device);
    text(svg, (LEFT, top), "font-weight=\"600\"", &name);
    let told: f64 = backend.stages.iter().map(|stage| stage.ms).sum();
    let told_stages = backend.stages.iter().map(|stage| (stage.stage, stage.ms));
    let rest = (REST, (backend.prove_ms - told).max(0.0));
    let mut x = LEFT;
    for (stage, ms) in told_stages.chain([rest]) {
        let title = format!("{stage}: {ms:.1} ms");
        let size = (ms * scale, BAR);
        rectangle(svg, (x, top + 8.0), size, colour(stages, stage), &title);
        x += ms * scale;
    }
    let end = format!(
        "{:.1} ms, {} as fast as ark",
        backend.prove_ms,
        backend.ratio()
    );
    text(svg, (x + 8.0, top + 26.0), "", &end);
}

fn colour(stages: &[&str], stage: &str) -> &'static str {
    let place = stages.iter().position(|known| *known == stage);
    place.map_or(COLOURS[COLOURS.len() - 1], |place| {
        COLOURS[place % (COLOURS.len() - 1)]
    })
}

fn rectangle(
    svg: &mut String,
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    fill: &str,
    title: &str,
) {
    let title = escaped(title);
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" fill=\"{fill}\">\
         <title>{title}</title></rect>"
    );
}

fn text(svg: &mut String, (x, y): (f64, f64), style: &str, content: &str) {
    let content = escaped(content);
    let _ = writeln!(
        svg,
        "<text x=\"{x:.2}\" y=\"{y:.2}\" {style}>{content}</text>"
    );
}

/// Text that means nothing but itself: a driver may call its adapter anything.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c if c.is_control() => "\u{fffd}".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
