//! The rows of the table, each in a file of its own.

mod broadcast;
mod drain;
mod growth;
mod history;
mod idle;
mod isolation;
mod latency;
mod losses;
mod memory;
mod sends;
mod way;
mod whole;

use crate::{lab::Place, picture::Curve, row::Row};

/// What a row found out, and what there is to be drawn of it.
pub struct Found {
    /// The row.
    pub row: Row,
    /// Curves for the picture.
    pub curves: Vec<Curve>,
}

impl From<Row> for Found {
    fn from(row: Row) -> Self {
        Self { row, curves: Vec::new() }
    }
}

/// The numbers of all rows.
pub const ALL: std::ops::RangeInclusive<u8> = 1..=12;

/// Measures one row. Row 5 loads with half of what row 4 found to be `sustained`, in messages a
/// second.
///
/// # Errors
/// When something does not start, or fails under load.
pub async fn measure(number: u8, place: &Place, sustained: Option<f64>) -> anyhow::Result<Found> {
    match number {
        1 => sends::measure(place).await.map(Found::from),
        2 => latency::measure(place).await.map(Found::from),
        3 => drain::measure(place).await.map(Found::from),
        4 => whole::measure(place).await,
        5 => way::measure(place, sustained).await.map(Found::from),
        6 => history::measure(place).await.map(Found::from),
        7 => broadcast::measure(place).await.map(Found::from),
        8 => memory::measure(place).await.map(Found::from),
        9 => growth::measure(place).await.map(Found::from),
        10 => idle::measure(place).await.map(Found::from),
        11 => isolation::measure(place).await.map(Found::from),
        12 => losses::measure(place).await.map(Found::from),
        _ => anyhow::bail!("there is no row {number}; there are 1 to 12"),
    }
}
