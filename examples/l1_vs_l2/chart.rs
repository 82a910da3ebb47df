//! The figures as a drawing: a bar for each way on a logarithmic scale, and how a batch's cost is shared. The file
//! needs nothing from outside.

use std::fmt::Write;

use crate::report::{Report, Row, gas, grouped};

const WIDTH: f64 = 1040.0;
const LEFT: f64 = 24.0;
/// Between the ways' names and the figures behind the bars.
const BARS: (f64, f64) = (270.0, 800.0);
/// The time to finality.
const FINAL: f64 = 905.0;
const TOP: f64 = 116.0;
const BAR: f64 = 15.0;
const BLOB_BAR: f64 = 5.0;
const PITCH: f64 = 36.0;
/// The lower drawing.
const LINES: (f64, f64) = (90.0, 760.0);
const LINES_HEIGHT: f64 = 230.0;

const GREY: &str = "#58606a";
const RULE: &str = "#e2e8f0";
const CALLDATA: &str = "#1d4ed8";
const IN_BLOB: &str = "#0284c7";
const BLOB_GAS: &str = "#0f766e";

/// What the bars do not say.
const NOTES: [&str; 3] = [
    "Channel: one, between two people, whatever they pay each other; many people need many channels.",
    "Optimistic: the posting alone, of 15.5 bytes a payment with a signature of 64 bytes each, or one of 96 for all \
     (assumed). Seven days of challenges.",
    "zkroll: real public data in the real contract; the proof is of a stand-in circuit, whose verification takes the \
     same gas.",
];

fn colour(key: &str) -> &'static str {
    match key.split('_').next() {
        Some("l1") => "#64748b",
        Some("channel") => "#b45309",
        Some("optimistic") => "#7c3aed",
        _ => CALLDATA,
    }
}

/// Positions of values on an axis from one power of ten to another.
#[derive(Clone, Copy)]
struct Logarithmic {
    decades: (i32, i32),
    at: (f64, f64),
}

impl Logarithmic {
    fn new(values: impl Iterator<Item = f64>, at: (f64, f64)) -> Self {
        let (mut least, mut most) = (f64::MAX, f64::MIN_POSITIVE);
        for value in values.filter(|value| *value > 0.0) {
            (least, most) = (least.min(value), most.max(value));
        }
        let low = least.log10().floor() as i32;
        let high = (most.log10().ceil() as i32).max(low + 1);
        Self {
            decades: (low, high),
            at,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let (low, high) = self.decades;
        let share = (value.log10() - f64::from(low)) / f64::from(high - low);
        self.at.0 + share * (self.at.1 - self.at.0)
    }

    /// The powers of ten.
    fn ticks(self) -> impl Iterator<Item = f64> {
        (self.decades.0..=self.decades.1).map(|decade| 10f64.powi(decade))
    }
}

/// The drawing as SVG.
pub fn draw(report: &Report) -> String {
    let bottom = TOP + PITCH * report.rows.len() as f64;
    let lines = bottom + 84.0;
    let notes = lines + LINES_HEIGHT + 60.0;
    let height = notes + 18.0 * NOTES.len() as f64;
    let title = format!(
        "{} payments on Ethereum: gas per payment",
        grouped(report.payments.into())
    );
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" font-family=\"system-ui, 'DejaVu Sans', sans-serif\" \
         font-size=\"13\">\n<title>{title}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    text(
        &mut svg,
        (LEFT, 36.0),
        "font-size=\"20\" font-weight=\"600\"",
        &title,
    );
    let remark = format!(
        "Logarithmic scale, {} rules, measured in one EVM. Thin green bars: blob gas per payment, the blob paid whole; \
         it has a market of its own.",
        report.evm_fork
    );
    text(&mut svg, (LEFT, 60.0), &format!("fill=\"{GREY}\""), &remark);
    bars(&mut svg, report, bottom);
    amortisation(&mut svg, report, lines);
    for (place, note) in (0..).zip(NOTES) {
        let style = format!("fill=\"{GREY}\" font-size=\"12\"");
        let y = notes + 18.0 * f64::from(place);
        text(&mut svg, (LEFT, y), &style, note);
    }
    svg + "</svg>\n"
}

fn bars(svg: &mut String, report: &Report, bottom: f64) {
    let values = report
        .rows
        .iter()
        .flat_map(|row| [row.gas_per_payment, row.blob_gas_per_payment]);
    let axis = Logarithmic::new(values, BARS);
    for tick in axis.ticks() {
        let x = axis.place(tick);
        line(svg, (x, TOP - 14.0), (x, bottom - 4.0), RULE, 1.0);
        let style = format!("text-anchor=\"middle\" fill=\"{GREY}\" font-size=\"12\"");
        text(svg, (x, TOP - 20.0), &style, &gas(tick).replace(".0", ""));
    }
    let style = format!("fill=\"{GREY}\" font-size=\"12\"");
    text(svg, (FINAL, TOP - 20.0), &style, "final after");
    for (place, row) in report.rows.iter().enumerate() {
        bar(svg, row, &axis, TOP + PITCH * place as f64);
    }
}

fn bar(svg: &mut String, row: &Row, axis: &Logarithmic, top: f64) {
    let ours = row.key.starts_with("zkroll");
    let weight = if ours { "600" } else { "400" };
    let style = format!("text-anchor=\"end\" font-weight=\"{weight}\"");
    text(svg, (BARS.0 - 12.0, top + 12.0), &style, row.name);
    let end = axis.place(row.gas_per_payment);
    rectangle(svg, (BARS.0, top), (end - BARS.0, BAR), colour(row.key));
    let style = format!("font-weight=\"{weight}\"");
    text(
        svg,
        (end + 8.0, top + 12.0),
        &style,
        &gas(row.gas_per_payment),
    );
    if row.blob_gas_per_payment > 0.0 {
        let blob_end = axis.place(row.blob_gas_per_payment);
        let size = (blob_end - BARS.0, BLOB_BAR);
        rectangle(svg, (BARS.0, top + BAR + 2.0), size, BLOB_GAS);
        let label = format!("{} blob gas", gas(row.blob_gas_per_payment));
        let style = format!("fill=\"{BLOB_GAS}\" font-size=\"11\"");
        let at = (end.max(blob_end) + 8.0, top + BAR + 11.0);
        text(svg, at, &style, &label);
    }
    text(
        svg,
        (FINAL, top + 12.0),
        &format!("fill=\"{GREY}\""),
        &row.final_after,
    );
}

/// Gas per payment by the size of the batch, with what a payment on L1 takes.
fn amortisation(svg: &mut String, report: &Report, top: f64) {
    let heading = "font-size=\"16\" font-weight=\"600\"";
    text(
        svg,
        (LEFT, top - 36.0),
        heading,
        "zkroll: gas per payment by the payments in a batch",
    );
    let points = &report.amortisation;
    let l1: Vec<&Row> = ["l1_eth", "l1_erc20_holders"]
        .iter()
        .filter_map(|key| report.row(key))
        .collect();
    type Series = (&'static str, &'static str, fn(&crate::report::Point) -> f64);
    let series: [Series; 3] = [
        ("in calldata", CALLDATA, |point| point.calldata_gas),
        ("in a blob", IN_BLOB, |point| point.blob_form_gas),
        ("and blob gas", BLOB_GAS, |point| point.blob_gas),
    ];
    let values = points
        .iter()
        .flat_map(|point| series.map(|(_, _, of)| of(point)))
        .chain(l1.iter().map(|row| row.gas_per_payment));
    let y_axis = Logarithmic::new(values, (top + LINES_HEIGHT, top));
    let x_axis = Logarithmic::new(points.iter().map(|point| f64::from(point.payments)), LINES);
    let small = format!("fill=\"{GREY}\" font-size=\"12\"");
    for tick in y_axis.ticks() {
        let y = y_axis.place(tick);
        line(svg, (LINES.0, y), (LINES.1, y), RULE, 1.0);
        let style = format!("text-anchor=\"end\" {small}");
        text(
            svg,
            (LINES.0 - 10.0, y + 4.0),
            &style,
            &gas(tick).replace(".0", ""),
        );
    }
    for tick in x_axis.ticks() {
        let x = x_axis.place(tick);
        line(svg, (x, top), (x, top + LINES_HEIGHT), RULE, 1.0);
        let style = format!("text-anchor=\"middle\" {small}");
        let label = format!("{} payments", gas(tick).replace(".0", ""));
        text(svg, (x, top + LINES_HEIGHT + 20.0), &style, &label);
    }
    for (row, shift) in l1.iter().zip([14.0, -6.0]) {
        let y = y_axis.place(row.gas_per_payment);
        // Writing to a string does not fail.
        let _ = writeln!(
            svg,
            "<line x1=\"{:.2}\" y1=\"{y:.2}\" x2=\"{:.2}\" y2=\"{y:.2}\" stroke=\"{}\" stroke-width=\"1.5\" \
             stroke-dasharray=\"5 4\"/>",
            LINES.0,
            LINES.1,
            colour(row.key)
        );
        let label = format!("{}: {}", row.name, gas(row.gas_per_payment));
        text(svg, (LINES.1 + 12.0, y + shift), &small, &label);
    }
    for (name, colour, of) in series {
        let place = |point: &crate::report::Point| {
            let x = x_axis.place(f64::from(point.payments));
            (x, y_axis.place(of(point)))
        };
        let path: Vec<String> = points
            .iter()
            .map(place)
            .map(|(x, y)| format!("{x:.2},{y:.2}"))
            .collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2.5\"/>",
            path.join(" ")
        );
        for point in points {
            let (x, y) = place(point);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"4\" fill=\"{colour}\"/>"
            );
        }
        if let Some(point) = points.last() {
            let (_, y) = place(point);
            let label = format!(
                "{name}: {} at {}",
                gas(of(point)),
                grouped(point.payments.into())
            );
            let style = format!("fill=\"{colour}\" font-weight=\"600\"");
            text(svg, (LINES.1 + 12.0, y + 4.0), &style, &label);
        }
    }
}

fn rectangle(svg: &mut String, (x, y): (f64, f64), (width, height): (f64, f64), fill: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.2}\" y=\"{y:.2}\" width=\"{width:.2}\" height=\"{height:.2}\" rx=\"2\" fill=\"{fill}\"/>"
    );
}

fn line(svg: &mut String, from: (f64, f64), to: (f64, f64), stroke: &str, width: f64) {
    let _ = writeln!(
        svg,
        "<line x1=\"{:.2}\" y1=\"{:.2}\" x2=\"{:.2}\" y2=\"{:.2}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>",
        from.0, from.1, to.0, to.1
    );
}

/// All texts are this program's own and have no markup in them.
fn text(svg: &mut String, (x, y): (f64, f64), style: &str, content: &str) {
    let _ = writeln!(
        svg,
        "<text x=\"{x:.2}\" y=\"{y:.2}\" {style}>{content}</text>"
    );
}
