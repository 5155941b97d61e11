//! Panels of lines, in three columns.

use plotters::{coord::Shift, prelude::*};

/// A panel with its data.
pub struct PanelData {
    pub title: String,
    /// The unit, by Grafana's name; `s` for seconds.
    pub unit: String,
    /// The name of each line, and its points: seconds since the beginning, and the value.
    pub lines: Vec<(String, Vec<(f64, f64)>)>,
}

const COLUMNS: usize = 3;
const PANEL: (u32, u32) = (420, 240);
const COLOURS: [RGBColor; 4] =
    [RGBColor(20, 110, 180), RGBColor(200, 80, 40), RGBColor(60, 140, 70), RGBColor(130, 90, 160)];
/// The height of a panel relative to its highest value, with room for the legend.
const HEADROOM: f64 = 1.5;
const FONT: (&str, i32) = ("sans-serif", 12);

/// Draws `panels` as an SVG; each shows `seconds` seconds.
///
/// # Errors
/// When a panel cannot be drawn.
pub fn draw(panels: &[PanelData], seconds: f64) -> anyhow::Result<String> {
    let rows = panels.len().div_ceil(COLUMNS);
    let size = (PANEL.0 * COLUMNS as u32, PANEL.1 * rows as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE)?;
        for (panel, area) in panels.iter().zip(area.split_evenly((rows, COLUMNS))) {
            panel.draw(&area, seconds)?;
        }
        area.present()?;
    }
    Ok(svg)
}

impl PanelData {
    fn draw(&self, area: &DrawingArea<SVGBackend<'_>, Shift>, seconds: f64) -> anyhow::Result<()> {
        let numbers = self.lines.iter().flat_map(|(_, points)| points).map(|(_, number)| *number);
        // A line of zeros lies on the axis.
        let highest = numbers.fold(0.0, f64::max);
        let high = if highest > 0.0 { highest * HEADROOM } else { 1.0 };
        let mut chart = ChartBuilder::on(area)
            .margin(10)
            .caption(&self.title, ("sans-serif", 15))
            .x_label_area_size(22)
            .y_label_area_size(54)
            .build_cartesian_2d(0.0..seconds, 0.0..high)?;
        let label = |number: &f64| self.label(*number);
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .label_style(FONT)
            .x_labels(5)
            .y_labels(5)
            .x_label_formatter(&|second| format!("{second:.0} s"))
            .y_label_formatter(&label)
            .draw()?;
        for ((name, points), colour) in self.lines.iter().zip(COLOURS.iter().cycle()) {
            let style = colour.stroke_width(2);
            chart
                .draw_series(LineSeries::new(points.iter().copied(), style))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 14, y)], style));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .label_font(FONT)
            .draw()?;
        Ok(())
    }

    fn label(&self, number: f64) -> String {
        match &*self.unit {
            "s" if number < 1.0 => format!("{:.0} ms", number * 1_000.0),
            "s" => format!("{number:.0} s"),
            "cps" => format!("{number:.0}/s"),
            _ => format!("{}", (number * 10.0).round() / 10.0),
        }
    }
}
