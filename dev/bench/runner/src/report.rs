//! The results, as docs/performance.json and docs/performance.md.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::{
    figures::Figures,
    picture::Curve,
    row::{Claim, Row},
};

/// All rows, and the environment of the measurement.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Report {
    /// The machine and the versions of the programs.
    pub setting: Environment,
    /// The rows, by number.
    pub rows: BTreeMap<u8, Row>,
    /// The curves of the picture.
    pub curves: Vec<Curve>,
}

/// The machine and the versions of the programs, by name.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Environment(pub Vec<(String, String)>);

impl Report {
    /// Reads `file`; an empty report when it is missing.
    ///
    /// # Errors
    /// When the file is not a report.
    pub fn read(file: &Path) -> anyhow::Result<Self> {
        match fs::read(file) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| file.display().to_string()),
            Err(_) => Ok(Self::default()),
        }
    }

    /// The report as Markdown, with the notes of each row from files such as `3.md` in `notes`.
    ///
    /// # Errors
    /// When a note cannot be read.
    pub fn page(&self, notes: &Path, picture: &str) -> anyhow::Result<String> {
        let mut page = String::from(HEAD);
        writeln!(page, "| # | what | measured | target | |\n| --- | --- | --- | --- | --- |")?;
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
        writeln!(page, "\n## Environment\n\n| | |\n| --- | --- |")?;
        for (name, value) in &self.setting.0 {
            writeln!(page, "| {name} | {value} |")?;
        }
        Ok(page)
    }
}

const HEAD: &str = "\
# Performance

`make bench` compares the system with [reference programs](../dev/bench/README.md) on one machine in one run, in turns.
Load, services, RabbitMQ and PostgreSQL share that machine, so that the ratios describe the system and the absolute numbers
the machine. A ratio is computed within each round; the table shows the median of the rounds. Latency counts from the time
at which a send was due.

";

/// The lines of a row in the table.
pub fn lines(row: &Row) -> impl Iterator<Item = String> {
    row.claims.iter().map(|claim| line(row, claim))
}

fn line(row: &Row, claim: &Claim) -> String {
    let Row { number, what, .. } = row;
    let (measured, needed) = (shown(claim.measured.median()), shown(claim.needed));
    let Claim { what: claimed, unit, .. } = claim;
    let bound = if claim.at_most { "at most" } else { "at least" };
    let verdict = if claim.is_met() { "met" } else { "**missed**" };
    format!(
        "| {number} | {what}: {claimed} | {measured} {unit} | {bound} {needed} {unit} | {verdict} |"
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

/// With two or three significant digits below 100, and commas between thousands.
fn shown(number: f64) -> String {
    if number.abs() < 100.0 {
        let digits = if number.abs() < 10.0 { 2 } else { 1 };
        return format!("{number:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
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
    fn numbers_are_rounded_and_grouped() {
        let numbers = [0.0, 0.5, 2.345, 23.45, 999.6, 1_234.5, 1_234_567.0];
        let shown = numbers.map(shown);
        assert_eq!(shown, ["0", "0.5", "2.35", "23.4", "1,000", "1,234", "1,234,567"]);
    }

    #[test]
    fn a_missed_target_is_bold() {
        let mut row = Row::new(1, "sends");
        row.at_least("over the echo's", Figures::from(0.3), 0.4, "×");
        row.at_most("p99", Figures::from(3.0), 50.0, "ms");
        let report = Report { rows: [(1, row)].into(), ..Report::default() };
        let page = report.page(Path::new("nowhere"), "picture.svg").unwrap();
        assert!(
            page.contains("| 1 | sends: over the echo's | 0.3 × | at least 0.4 × | **missed** |")
        );
        assert!(page.contains("| 1 | sends: p99 | 3 ms | at most 50 ms | met |"));
        assert!(!page.contains("picture.svg"), "a picture without curves");
    }
}
