//! The table of results.

use crate::{audit::Findings, row::Row};

/// The columns. docs/faults.md explains them.
const COLUMNS: [&str; 15] = [
    "fault",
    "sent",
    "accepted",
    "refused",
    "late",
    "persisted",
    "lost",
    "duplicated",
    "seq gaps",
    "misplaced",
    "missing",
    "repeated",
    "dead",
    "caught up",
    "",
];

/// The head of the table, in Markdown.
pub fn head() -> String {
    let dashes = COLUMNS.map(|_| "---").join(" | ");
    format!("| {} |\n| {dashes} |", COLUMNS.join(" | "))
}

/// A row of the table, in Markdown.
pub fn line(row: &Row) -> String {
    let Findings { persisted, lost, duplicated, gaps, misplaced, missing, repeated, .. } =
        row.findings;
    let Row { faults, sent, accepted, refused, late, dead, .. } = row;
    let caught_up = row
        .caught_up
        .map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
    let mut remarks =
        row.problems.iter().map(|problem| format!("**{problem}**")).collect::<Vec<_>>();
    remarks.extend(row.notes.iter().cloned());
    let remarks = remarks.join("; ").replace(['|', '\n'], " ");
    format!(
        "| {faults} | {sent} | {accepted} | {refused} | {late} | {persisted} | {lost} | {duplicated} \
         | {gaps} | {misplaced} | {missing} | {repeated} | {dead} | {caught_up} | {remarks} |"
    )
}

/// `page` with `row` in the table below the heading `title`. It replaces an older row of the same
/// fault; the rows stay in the order of `faults`.
pub fn with_row(page: &str, title: &str, row: &Row, faults: &[&str]) -> String {
    let mut parts = page.split("\n## ");
    let mut made = parts.next().unwrap_or_default().trim_end().to_owned();
    let (mut older, mut others) = ("", Vec::new());
    for part in parts {
        match part.strip_prefix(title).and_then(|rest| rest.strip_prefix('\n')) {
            Some(table) => older = table,
            None => others.push(part),
        }
    }
    let newer = line(row);
    let of = |fault: &str| {
        let beginning = format!("| {fault} |");
        [newer.as_str()].into_iter().chain(older.lines()).find(|line| line.starts_with(&beginning))
    };
    let lines: Vec<_> = faults.iter().filter_map(|fault| of(fault)).collect();
    let own = format!("{title}\n\n{}\n{}", head(), lines.join("\n"));
    others.push(&own);
    others.sort_unstable();
    for part in others {
        made.push_str("\n\n## ");
        made.push_str(part.trim_end());
    }
    made.push('\n');
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(fault: &str, sent: u64) -> Row {
        Row { sent, ..Row::new(fault.to_owned()) }
    }

    #[test]
    fn a_row_replaces_an_older_one_of_its_fault() {
        let faults = ["one", "two"];
        let page = "# Faults\n\nText.\n";
        let page = with_row(page, "Seed 1", &row("two", 1), &faults);
        let page = with_row(&page, "Seed 2", &row("two", 2), &faults);
        let page = with_row(&page, "Seed 1", &row("one", 3), &faults);
        let page = with_row(&page, "Seed 1", &row("two", 4), &faults);
        let begun: Vec<_> = page.lines().map(|line| line.split(" | ").take(2)).collect();
        let begun: Vec<_> =
            begun.into_iter().map(|words| words.collect::<Vec<_>>().join(" ")).collect();
        let table = ["| fault sent", "| --- ---"];
        assert_eq!(
            begun,
            [
                &["# Faults", "", "Text.", "", "## Seed 1", ""][..],
                &table,
                &["| one 3", "| two 4", "", "## Seed 2", ""],
                &table,
                &["| two 2"],
            ]
            .concat()
        );
    }
}
