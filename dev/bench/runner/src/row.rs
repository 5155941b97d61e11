use serde::{Deserialize, Serialize};

use crate::figures::Figures;

/// What one row of the table found out.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Row {
    /// Its number in the table.
    pub number: u8,
    /// What is measured.
    pub what: String,
    /// What is held against what, and what must come of it.
    pub claims: Vec<Claim>,
    /// What the claims were worked out of.
    pub raw: Vec<Raw>,
}

/// One thing that is asked of the system.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Claim {
    /// What is asked.
    pub what: String,
    /// What came of it, in `unit`.
    pub measured: Figures,
    /// The worst that is good enough.
    pub needed: f64,
    /// Whether less is better.
    pub at_most: bool,
    /// `×` for a ratio.
    pub unit: String,
}

/// A number that is no ratio.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Raw {
    /// Of what.
    pub what: String,
    /// In which unit.
    pub unit: String,
    /// What the rounds gave.
    pub figures: Figures,
}

impl Row {
    /// A row that has found out nothing yet.
    pub fn new(number: u8, what: &str) -> Self {
        Self { number, what: what.to_owned(), claims: Vec::new(), raw: Vec::new() }
    }

    /// That `measured` is at least `needed`.
    pub fn at_least(&mut self, what: &str, measured: Figures, needed: f64, unit: &str) {
        self.claim(what, measured, needed, false, unit);
    }

    /// That `measured` is at most `needed`.
    pub fn at_most(&mut self, what: &str, measured: Figures, needed: f64, unit: &str) {
        self.claim(what, measured, needed, true, unit);
    }

    /// A number that stands by itself.
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
    /// Whether it is kept, in the middle of the rounds.
    pub fn is_kept(&self) -> bool {
        let median = self.measured.median();
        if self.at_most { median <= self.needed } else { median >= self.needed }
    }
}
