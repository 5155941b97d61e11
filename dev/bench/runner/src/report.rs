//! What was found out, as it is kept and as it is read.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    figures::Figures,
    picture::Curve,
    row::{Claim, Row},
};

/// All rows, and where they were measured.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Report {
    /// The machine and the programs.
    pub setting: Setting,
    /// What was found out, by number.
    pub rows: BTreeMap<u8, Row>,
    /// What is drawn.
    pub curves: Vec<Curve>,
}

/// The machine and the programs.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Setting(pub Vec<(String, String)>);

impl Report {
    /// The one that is kept in `file`, or an empty one.
    ///
    /// # Errors
    /// When the file is none of ours.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| file.display().to_string()),
            Err(_) => Ok(Self::default()),
        }
    }

    /// As a page, with what is said of each row in `notes`, which is a directory of files such as
    /// `3.md`.
    ///
    /// # Errors
    /// When a note cannot be read.
    pub fn page(&self, notes: &Path, picture: &str) -> anyhow::Result<String> {
        let mut page = String::from(HEAD);
        writeln!(page, "| # | what | measured | asked | |\n| --- | --- | --- | --- | --- |")?;
        for line in self.rows.values().flat_map(lines) {
            writeln!(page, "{line}")?;
        }
        if !self.curves.is_empty() {
            writeln!(page, "\n![Throughput and latency against offered load]({picture})")?;
        }
        for row in self.rows.values() {
            writeln!(page, "\n## {}. {}\n", row.number, sentence(&row.what))?;
            let note = notes.join(format!("{}.md", row.number));
            if note.exists() {
                writeln!(page, "{}\n", fs::read_to_string(note)?.trim())?;
            }
            writeln!(
                page,
                "| | median | lowest | highest | |\n| --- | ---: | ---: | ---: | --- |"
            )?;
            for claim in &row.claims {
                writeln!(page, "{}", numbers(&claim.what, &claim.measured, &claim.unit))?;
            }
            for raw in &row.raw {
                writeln!(page, "{}", numbers(&raw.what, &raw.figures, &raw.unit))?;
            }
        }
        writeln!(page, "\n## Where\n\n| | |\n| --- | --- |")?;
        for (name, value) in &self.setting.0 {
            writeln!(page, "| {name} | {value} |")?;
        }
        Ok(page)
    }
}

const HEAD: &str = "\
# Performance

What the system does beside what it is held against, [all of it](../dev/bench/README.md) measured by `make bench` on one
machine in one run, in turns. Load, servers, broker and database share that machine, so the ratios say something about the
system, and the numbers below them about the machine. A ratio is taken within each round, and is the middle of the rounds;
latency is counted from when a send was due.

";

/// A row's lines of the table.
pub fn lines(row: &Row) -> impl Iterator<Item = String> {
    row.claims.iter().map(|claim| line(row, claim))
}

fn line(row: &Row, claim: &Claim) -> String {
    let Row { number, what, .. } = row;
    let (measured, needed) = (shown(claim.measured.median()), shown(claim.needed));
    let Claim { what: claimed, unit, .. } = claim;
    let asked = if claim.at_most { "at most" } else { "at least" };
    let kept = if claim.is_kept() { "kept" } else { "**short**" };
    format!(
        "| {number} | {what}: {claimed} | {measured} {unit} | {asked} {needed} {unit} | {kept} |"
    )
}

fn numbers(what: &str, figures: &Figures, unit: &str) -> String {
    let ((low, high), median) = (figures.spread(), figures.median());
    format!("| {what} | {} | {} | {} | {unit} |", shown(median), shown(low), shown(high))
}

fn sentence(what: &str) -> String {
    let mut letters = what.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}

/// With as many digits as mean something, and commas between thousands.
fn shown(number: f64) -> String {
    if number.abs() < 100.0 {
        let digits = if number.abs() < 10.0 { 2 } else { 1 };
        return format!("{number:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_digits_that_mean_something() {
        let numbers = [0.0, 0.5, 2.345, 23.45, 999.6, 1_234.5, 1_234_567.0];
        let shown = numbers.map(shown);
        assert_eq!(shown, ["0", "0.5", "2.35", "23.4", "1,000", "1,234", "1,234,567"]);
    }

    #[test]
    fn what_falls_short_is_said_loudly() {
        let mut row = Row::new(1, "sends");
        row.at_least("over the echo's", Figures::from(0.3), 0.4, "×");
        row.at_most("p99", Figures::from(3.0), 50.0, "ms");
        let report = Report { rows: [(1, row)].into(), ..Report::default() };
        let page = report.page(Path::new("nowhere"), "picture.svg").unwrap();
        assert!(
            page.contains("| 1 | sends: over the echo's | 0.3 × | at least 0.4 × | **short** |")
        );
        assert!(page.contains("| 1 | sends: p99 | 3 ms | at most 50 ms | kept |"));
        assert!(!page.contains("picture.svg"), "nothing was drawn");
    }
}
