//! The rows of the table, a file for each.

mod broadcast;
mod cpu;
mod delivery;
mod desk;
mod drain;
mod growth;
mod history;
mod idle;
mod isolation;
mod latency;
mod losses;
mod memory;
mod message_cost;
mod sends;
mod throughput;
mod uploads;

use crate::{picture::Curve, row::Row, testbed::Run};

/// A row, and the curves of the picture.
pub struct Measurement {
    /// The row.
    pub row: Row,
    /// The curves.
    pub curves: Vec<Curve>,
}

impl From<Row> for Measurement {
    fn from(row: Row) -> Self {
        Self { row, curves: Vec::new() }
    }
}

/// The numbers of all rows.
pub const ALL: std::ops::RangeInclusive<u8> = 1..=15;

/// Measures a row. The load of row 5 is half of `sustained`, the rate of row 4 in messages a
/// second.
///
/// # Errors
/// When a program does not start, or fails under load.
pub async fn measure(number: u8, run: &Run, sustained: Option<f64>) -> anyhow::Result<Measurement> {
    match number {
        1 => sends::measure(run).await.map(Measurement::from),
        2 => latency::measure(run).await.map(Measurement::from),
        3 => drain::measure(run).await.map(Measurement::from),
        4 => throughput::measure(run).await,
        5 => delivery::measure(run, sustained).await.map(Measurement::from),
        6 => history::measure(run).await.map(Measurement::from),
        7 => broadcast::measure(run).await.map(Measurement::from),
        8 => memory::measure(run).await.map(Measurement::from),
        9 => growth::measure(run).await.map(Measurement::from),
        10 => idle::measure(run).await.map(Measurement::from),
        11 => isolation::measure(run).await.map(Measurement::from),
        12 => losses::measure(run).await.map(Measurement::from),
        13 => message_cost::measure(run).await.map(Measurement::from),
        14 => desk::measure(run).await.map(Measurement::from),
        15 => uploads::measure(run).await.map(Measurement::from),
        _ => anyhow::bail!("there is no row {number}; there are 1 to 15"),
    }
}
