//! Lying bars, each divided into segments.

use super::markup::{Element, element};
use super::plot::short_time;
use super::scale::{Scale, linear_ticks};
use super::{Caption, image};
use crate::commands::bench::results::readable_time;

const WIDTH: f64 = 1140.0;
/// Room for the names, at least.
const LEFT: f64 = 150.0;
/// A letter of a name at most, on average.
const LETTER: f64 = 7.4;
const RIGHT: f64 = 1050.0;
const TOP: f64 = 8.0;
const BAR: f64 = 26.0;
const PITCH: f64 = 38.0;
/// A percentage needs about as much.
const LABEL_WIDTH: f64 = 34.0;

/// One bar.
pub struct Bar {
    /// To its left.
    pub name: String,
    /// From left to right.
    pub segments: Vec<Segment>,
}

/// A part of a bar.
pub struct Segment {
    /// Its name and, with a prefix, the class that colours it.
    pub name: &'static str,
    /// That prefix.
    pub kind: &'static str,
    /// Milliseconds.
    pub ms: f64,
}

impl Bar {
    fn total(&self) -> f64 {
        self.segments.iter().map(|segment| segment.ms).sum()
    }
}

/// What the length of a bar means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Its time.
    Time,
    /// Always the whole.
    Share,
}

/// Draws the bars from the top down.
pub fn bars(caption: &Caption, length: Length, bars: &[Bar]) -> Element {
    let longest = bars.iter().map(Bar::total).fold(0.0, f64::max);
    let (ticks, end) = match length {
        Length::Time => {
            let mut ticks = linear_ticks(longest);
            // The bar's own end, not the next tick, ends the axis.
            ticks.retain(|tick| *tick <= longest);
            (ticks, longest)
        }
        Length::Share => (vec![0.0, 25.0, 50.0, 75.0, 100.0], 100.0),
    };
    let letters = bars.iter().map(|bar| bar.name.len()).max();
    let left = LEFT.max(12.0 + LETTER * letters.unwrap_or_default() as f64);
    let scale = Scale {
        values: (0.0, end),
        at: (left, RIGHT),
        logarithmic: false,
    };
    let bottom = TOP + PITCH * bars.len() as f64;
    let drawing = image(caption, (WIDTH, bottom + 30.0)).class("wide");
    let grid = ticks.into_iter().flat_map(|tick| {
        let at = scale.place(tick);
        let label = match length {
            Length::Time => short_time(tick),
            Length::Share => format!("{tick} %"),
        };
        let label = if tick == 0.0 { "0".to_owned() } else { label };
        let line = element("line").class("grid");
        let text = element("text").class("tick middle").text(label);
        [
            line.at([("x1", at), ("x2", at), ("y1", TOP), ("y2", bottom)]),
            text.at([("x", at), ("y", bottom + 20.0)]),
        ]
    });
    let rows = bars.iter().enumerate().map(|(place, bar)| {
        let top = TOP + PITCH * place as f64 + (PITCH - BAR) / 2.0;
        draw(bar, length, scale, top)
    });
    drawing.children(grid).children(rows)
}

fn draw(bar: &Bar, length: Length, scale: Scale, top: f64) -> Element {
    let total = bar.total();
    let middle = top + BAR / 2.0 + 4.0;
    let name = element("text").class("name end").text(&bar.name);
    let mut row = element("g").child(name.at([("x", scale.at.0 - 10.0), ("y", middle)]));
    let mut sum = 0.0;
    for segment in &bar.segments {
        let value = |ms: f64| match length {
            Length::Time => ms,
            Length::Share => 100.0 * ms / total,
        };
        let (left, right) = (
            scale.place(value(sum)),
            scale.place(value(sum + segment.ms)),
        );
        sum += segment.ms;
        let percent = 100.0 * segment.ms / total;
        let title = format!(
            "{}: {}, {percent:.1} %",
            segment.name,
            readable_time(segment.ms)
        );
        let rectangle = element("rect")
            .class(format!("segment {}-{}", segment.kind, segment.name))
            .at([
                ("x", left),
                ("y", top),
                ("width", right - left),
                ("height", BAR),
            ])
            .child(element("title").text(title));
        row = row.child(rectangle);
        if bar.segments.len() > 1 && right - left >= LABEL_WIDTH {
            let label = element("text")
                .class("inside middle")
                .text(format!("{percent:.0} %"));
            row = row.child(label.at([("x", f64::midpoint(left, right)), ("y", middle)]));
        }
    }
    let end = element("text").class("tick").text(readable_time(total));
    let at = match length {
        Length::Time => scale.place(sum),
        Length::Share => RIGHT,
    };
    row.child(end.at([("x", at + 8.0), ("y", middle)]))
}
