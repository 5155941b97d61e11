//! The picture of throughput and latency against offered load.

use std::ops::Range;

use plotters::{
    coord::{Shift, combinators::IntoLogRange},
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::figures::Figures;

/// The results of a system at rising loads.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Curve {
    name: String,
    /// The points of each round.
    rounds: Vec<Vec<Point>>,
}

/// The result of an offered load.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Point {
    /// Offered sends a second.
    pub offered: f64,
    /// Completed messages a second, until the last was completed.
    pub done: f64,
    /// Median latency of a send, in milliseconds.
    pub p50: f64,
    /// 99th percentile of the latency, in milliseconds.
    pub p99: f64,
}

const SIZE: (u32, u32) = (1_100, 460);
const COLOURS: [RGBColor; 2] = [RGBColor(20, 110, 180), RGBColor(200, 80, 40)];
const FONT: (&str, i32) = ("sans-serif", 15);

impl Curve {
    /// A curve without points.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), rounds: Vec::new() }
    }

    /// Adds the points of one round.
    pub fn add_round(&mut self, points: Vec<Point>) {
        self.rounds.push(points);
    }

    /// The median at each offered load that more than half of the rounds reached.
    fn line(&self, of: fn(&Point) -> f64) -> Vec<(f64, f64)> {
        let mut lengths: Vec<_> = self.rounds.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        let most = lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or_default();
        let point = |index: usize| {
            let points = self.rounds.iter().filter_map(|points| points.get(index));
            let offered = points.clone().map(|point| point.offered).next()?;
            Some((offered, points.map(of).collect::<Figures>().median()))
        };
        (0..most).filter_map(point).collect()
    }
}

/// Draws the curves as an SVG.
///
/// # Errors
/// When there are no points.
pub fn draw(curves: &[Curve]) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (left, right) = area.split_horizontally(SIZE.0 / 2);
        let offered = range(curves, |point| point.offered);
        let done = Panel {
            title: "messages accepted, persisted and broadcast a second",
            offered: offered.clone(),
            high: range(curves, |point| point.done),
            lines: &[("", |point| point.done)],
        };
        done.draw(&left, curves)?;
        let answered = Panel {
            title: "milliseconds until a send was answered",
            offered,
            high: range(curves, |point| point.p50).start..range(curves, |point| point.p99).end,
            lines: &[(", p50", |point| point.p50), (", p99", |point| point.p99)],
        };
        answered.draw(&right, curves)?;
        area.present()?;
    }
    Ok(svg)
}

/// The suffix of a line's name, and its value at a point.
type Line<'a> = (&'a str, fn(&Point) -> f64);

struct Panel<'a> {
    title: &'a str,
    offered: Range<f64>,
    high: Range<f64>,
    lines: &'a [Line<'a>],
}

impl Panel<'_> {
    fn draw(
        &self,
        area: &DrawingArea<SVGBackend<'_>, Shift>,
        curves: &[Curve],
    ) -> anyhow::Result<()> {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .caption(self.title, ("sans-serif", 17))
            .x_label_area_size(44)
            .y_label_area_size(62)
            .build_cartesian_2d(self.offered.clone().log_scale(), self.high.clone().log_scale())?;
        chart
            .configure_mesh()
            .x_desc("sends offered a second")
            .label_style(FONT)
            .x_label_formatter(&shown)
            .y_label_formatter(&shown)
            .draw()?;
        for (curve, colour) in curves.iter().zip(COLOURS) {
            for (index, (suffix, of)) in self.lines.iter().enumerate() {
                let style = colour.mix(if index + 1 == self.lines.len() { 1.0 } else { 0.45 });
                let style = style.stroke_width(2);
                let points = curve.line(*of);
                let dots = points.iter().map(|point| Circle::new(*point, 3, style.filled()));
                chart.draw_series(dots)?;
                chart
                    .draw_series(LineSeries::new(points, style))?
                    .label(format!("{}{suffix}", curve.name))
                    .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
            }
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.85))
            .label_font(FONT)
            .draw()?;
        Ok(())
    }
}

fn range(curves: &[Curve], of: fn(&Point) -> f64) -> Range<f64> {
    let values = curves.iter().flat_map(|curve| &curve.rounds).flatten().map(of);
    let (low, high) = values.collect::<Figures>().spread();
    low * 0.8..high * 1.25
}

fn shown(number: &f64) -> String {
    if *number >= 1.0 { format!("{number:.0}") } else { format!("{number}") }
}
