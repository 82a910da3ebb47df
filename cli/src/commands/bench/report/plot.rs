//! Lines over a logarithmic axis of sizes, one for each backend and place of its data.

use super::markup::{Element, element, tenths};
use super::scale::{Scale, extent, linear_ticks, logarithmic_ticks, powers_of_two};
use super::{Caption, image};
use crate::commands::bench::case::Variant;
use crate::commands::bench::results::{YARDSTICK, readable_time};

const HEIGHT: f64 = 340.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 496.0;
/// Room for the names at the ends of the lines, at least.
const MARGIN: f64 = 64.0;
/// A letter of a name at most, on average.
const LETTER: f64 = 7.4;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 290.0;
/// Between the baselines of two names.
const LINE_HEIGHT: f64 = 15.0;
/// Ratios that span a greater factor stand on a logarithmic axis.
const MOST_LINEAR: f64 = 25.0;

/// A backend's values.
pub struct Line {
    /// Its name, and where its data lie.
    pub variant: Variant,
    /// By size.
    pub points: Vec<Point>,
}

/// A value at a size, by minimum and by median.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    pub n: f64,
    pub min: f64,
    pub median: f64,
}

/// What the upright axis shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Milliseconds, on a logarithmic axis.
    Time,
    /// Times as fast as the yardstick, from 0 or, where that would flatten most of it, on a
    /// logarithmic axis.
    Ratio,
}

impl Measure {
    fn label(self, value: f64) -> String {
        match self {
            Self::Time => short_time(value),
            Self::Ratio => format!("{}×", without_zeros(&format!("{value:.2}"))),
        }
    }

    fn exact(self, value: f64) -> String {
        match self {
            Self::Time => readable_time(value),
            Self::Ratio => format!("{value:.2}×"),
        }
    }

    /// The axis and its ticks.
    fn axis(self, (low, high): (f64, f64)) -> (Scale, Vec<f64>) {
        let scale = |values, logarithmic| Scale {
            values,
            at: (BOTTOM, TOP),
            logarithmic,
        };
        match self {
            Self::Time => {
                let values = (low * 0.7, high * 1.4);
                (scale(values, true), logarithmic_ticks(values))
            }
            Self::Ratio if high > MOST_LINEAR * low.min(1.0) => {
                let values = (low.min(1.0) * 0.8, high.max(1.0) * 1.25);
                (scale(values, true), logarithmic_ticks(values))
            }
            Self::Ratio => {
                let ticks = linear_ticks(high.max(1.0) * 1.05);
                let top = ticks.last().copied().unwrap_or(1.0);
                (scale((0.0, top), false), ticks)
            }
        }
    }
}

/// A round time without needless digits.
pub fn short_time(ms: f64) -> String {
    let text = readable_time(ms);
    match text.split_once(' ') {
        Some((number, unit)) => format!("{} {unit}", without_zeros(number)),
        None => text,
    }
}

/// A number without the zeros that end its fraction.
fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}

/// Draws the lines; sizes must differ.
pub fn plot(caption: &Caption, measure: Measure, lines: &[Line]) -> Element {
    let points = || lines.iter().flat_map(|line| &line.points);
    let sizes = extent(points().map(|point| point.n)).unwrap_or((1.0, 2.0));
    let values = extent(points().flat_map(|point| [point.min, point.median]));
    let (y, y_ticks) = measure.axis(values.unwrap_or((1.0, 1.0)));
    let x = Scale {
        values: sizes,
        at: (LEFT + 12.0, RIGHT - 12.0),
        logarithmic: true,
    };

    let end = |line: &Line| Some((line.points.last()?.min, line.variant));
    let mut ends: Vec<_> = lines.iter().filter_map(end).collect();
    if measure == Measure::Ratio {
        ends.push((1.0, YARDSTICK));
    }
    let letters = ends.iter().map(|(_, variant)| variant.to_string().len());
    let margin = MARGIN.max(6.0 + LETTER * letters.max().unwrap_or_default() as f64);

    let mut drawing = image(caption, (RIGHT + margin, HEIGHT));
    drawing = drawing.children(y_ticks.iter().flat_map(|tick| {
        let at = y.place(*tick);
        let line = element("line").class("grid");
        let label = element("text").class("tick end").text(measure.label(*tick));
        [
            line.at([("x1", LEFT), ("x2", RIGHT), ("y1", at), ("y2", at)]),
            label.at([("x", LEFT - 8.0), ("y", at + 4.0)]),
        ]
    }));
    if measure == Measure::Ratio {
        let line = element("line").class("yardstick");
        let at = y.place(1.0);
        drawing = drawing.child(line.at([("x1", LEFT), ("x2", RIGHT), ("y1", at), ("y2", at)]));
    }
    drawing = drawing.children(powers_of_two(sizes).into_iter().flat_map(|exponent| {
        let at = x.place(2f64.powi(exponent));
        let line = element("line").class("grid");
        [
            line.at([("x1", at), ("x2", at), ("y1", TOP), ("y2", BOTTOM)]),
            power_label(exponent).at([("x", at), ("y", BOTTOM + 20.0)]),
        ]
    }));
    let middle = f64::midpoint(LEFT, RIGHT);
    let axis = element("text").class("axis middle").text(caption.sizes);
    drawing = drawing.child(axis.at([("x", middle), ("y", BOTTOM + 42.0)]));
    drawing = drawing.children(lines.iter().map(|line| draw(line, measure, x, y)));
    drawing.children(names(&ends, y))
}

/// 2 to some power, as an axis has it.
fn power_label(exponent: i32) -> Element {
    let raised = element("tspan")
        .with("dy", -5)
        .with("font-size", 10)
        .text(exponent);
    element("text").class("tick middle").text("2").child(raised)
}

/// Line, strokes to the medians and markers that say their values.
fn draw(line: &Line, measure: Measure, x: Scale, y: Scale) -> Element {
    let at = |point: &Point| (x.place(point.n), y.place(point.min));
    let corners = line.points.iter().map(|point| {
        let (x, y) = at(point);
        format!("{},{}", tenths(x), tenths(y))
    });
    let corners: Vec<_> = corners.collect();
    let path = element("polyline")
        .class("line")
        .with("points", corners.join(" "));
    let points = line.points.iter().map(|point| {
        let (x, low) = at(point);
        let stroke = element("line").class("spread").at([
            ("x1", x),
            ("x2", x),
            ("y1", low),
            ("y2", y.place(point.median)),
        ]);
        let value = format!(
            "{}, n = {}: {} by minimum, {} by median",
            line.variant,
            point.n,
            measure.exact(point.min),
            measure.exact(point.median)
        );
        let title = element("title").text(value);
        let marker = marker(line.variant.backend, (x, low)).child(title);
        element("g").child(stroke).child(marker)
    });
    let Variant { backend, data } = line.variant;
    let class = match data {
        None => format!("backend-{backend}"),
        Some(data) => format!("backend-{backend} data-{}", data.as_str()),
    };
    element("g").class(class).child(path).children(points)
}

/// A shape of its own for each backend, for eyes that do not tell the colours apart.
fn marker(backend: &str, (x, y): (f64, f64)) -> Element {
    let corners: &[(f64, f64)] = match backend {
        "ark" => &[(-3.8, -3.8), (3.8, -3.8), (3.8, 3.8), (-3.8, 3.8)],
        "ifma" => &[(0.0, -5.4), (5.0, 3.6), (-5.0, 3.6)],
        "cpu" => &[(0.0, -5.4), (5.4, 0.0), (0.0, 5.4), (-5.4, 0.0)],
        "gpu" => &[(0.0, 5.4), (5.0, -3.6), (-5.0, -3.6)],
        "naive" => &[(-4.5, -1.6), (4.5, -1.6), (4.5, 1.6), (-4.5, 1.6)],
        _ => {
            let circle = element("circle").class("marker");
            return circle.at([("cx", x), ("cy", y), ("r", 4.2)]);
        }
    };
    let corners = corners
        .iter()
        .map(|(dx, dy)| format!("{},{}", tenths(x + dx), tenths(y + dy)));
    let corners: Vec<_> = corners.collect();
    element("polygon")
        .class("marker")
        .with("points", corners.join(" "))
}

/// The backends' names at the last values of their lines, moved apart.
fn names(ends: &[(f64, Variant)], y: Scale) -> Vec<Element> {
    let ends = ends.iter();
    let mut names: Vec<_> = ends
        .map(|(value, variant)| (y.place(*value) + 4.0, variant))
        .collect();
    names.sort_by(|a, b| a.0.total_cmp(&b.0));
    for index in 1..names.len() {
        names[index].0 = names[index].0.max(names[index - 1].0 + LINE_HEIGHT);
    }
    // What was pushed over the lower end pushes back.
    let mut lowest = BOTTOM + 4.0;
    for (at, _) in names.iter_mut().rev() {
        *at = at.min(lowest);
        lowest = *at - LINE_HEIGHT;
    }
    let name = |(at, variant): (f64, &Variant)| {
        let name = element("text").class(format!("name backend-{}", variant.backend));
        name.at([("x", RIGHT + 6.0), ("y", at)]).text(variant)
    };
    names.into_iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_at_one_height_are_moved_apart() {
        let (scale, _) = Measure::Ratio.axis((0.5, 1.0));
        let variant = |backend| Variant {
            backend,
            data: None,
        };
        let ends = ["a", "b", "c"].map(|backend| (0.0, variant(backend)));
        let texts = names(&ends, scale);
        let heights = texts.iter().map(|text| {
            let text = text.to_string();
            let parsed = roxmltree::Document::parse(&text).unwrap();
            let y = parsed.root_element().attribute("y").unwrap();
            y.parse::<f64>().unwrap()
        });
        let heights: Vec<_> = heights.collect();
        assert!(
            heights
                .windows(2)
                .all(|pair| pair[1] - pair[0] >= LINE_HEIGHT - 0.1)
        );
        assert!(heights.iter().all(|height| *height <= BOTTOM + 4.1));
    }

    #[test]
    fn one_great_ratio_does_not_flatten_the_others() {
        let (scale, ticks) = Measure::Ratio.axis((0.9, 100.0));
        assert!(scale.logarithmic);
        assert!(scale.values.0 < 0.9 && scale.values.1 > 100.0);
        assert!(ticks.contains(&1.0) && ticks.contains(&100.0));
        let (scale, ticks) = Measure::Ratio.axis((0.9, 8.0));
        assert!(!scale.logarithmic);
        assert_eq!(ticks.first(), Some(&0.0));
    }

    #[test]
    fn ticks_have_no_needless_digits() {
        assert_eq!(short_time(0.001), "1 µs");
        assert_eq!(short_time(0.02), "20 µs");
        assert_eq!(short_time(500.0), "500 ms");
        assert_eq!(short_time(2500.0), "2.5 s");
        assert_eq!(Measure::Ratio.label(0.1 + 0.2), "0.3×");
        assert_eq!(Measure::Ratio.label(10.0), "10×");
    }
}
