use serde::{Deserialize, Serialize};

use crate::figures::Figures;

/// The results of one row of the table.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    /// The number in the table.
    pub number: u8,
    /// The measured quantity.
    pub what: String,
    /// The results that have a target.
    pub claims: Vec<Claim>,
    /// The numbers from which the claims follow.
    pub raw: Vec<Raw>,
}

/// A result with a target.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claim {
    /// The measured quantity.
    pub what: String,
    /// The results, in `unit`.
    pub measured: Figures,
    /// The target, in `unit`.
    pub needed: f64,
    /// Whether the target is an upper bound.
    pub at_most: bool,
    /// `×` for a ratio.
    pub unit: String,
}

/// A result without a target.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Raw {
    /// The measured quantity.
    pub what: String,
    /// The unit.
    pub unit: String,
    /// The results.
    pub figures: Figures,
}

impl Row {
    /// A row without results.
    pub fn new(number: u8, what: &str) -> Self {
        Self { number, what: what.to_owned(), claims: Vec::new(), raw: Vec::new() }
    }

    /// Adds a result that must be at least `needed`.
    pub fn at_least(&mut self, what: &str, measured: Figures, needed: f64, unit: &str) {
        self.claim(what, measured, needed, false, unit);
    }

    /// Adds a result that must be at most `needed`.
    pub fn at_most(&mut self, what: &str, measured: Figures, needed: f64, unit: &str) {
        self.claim(what, measured, needed, true, unit);
    }

    /// Adds a result without a target.
    pub fn raw(&mut self, what: &str, unit: &str, figures: &Figures) {
        let (what, unit) = (what.to_owned(), unit.to_owned());
        self.raw.push(Raw { what, unit, figures: figures.clone() });
    }

    fn claim(&mut self, what: &str, measured: Figures, needed: f64, at_most: bool, unit: &str) {
        let (what, unit) = (what.to_owned(), unit.to_owned());
        self.claims.push(Claim { what, measured, needed, at_most, unit });
    }
}

impl Claim {
    /// Whether the median meets the target.
    pub fn is_met(&self) -> bool {
        let median = self.measured.median();
        if self.at_most { median <= self.needed } else { median >= self.needed }
    }
}
