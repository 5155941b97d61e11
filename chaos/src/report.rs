//! The table.

use std::fmt::Write as _;

use crate::{audit::Findings, row::Row};

/// The columns, with what each means.
const COLUMNS: [&str; 15] = [
    "fault",
    "sent",
    "accepted",
    "refused",
    "late",
    "persisted",
    "lost",
    "twice",
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
    let Findings { persisted, lost, twice, gaps, misplaced, missing, repeated, .. } = row.findings;
    let Row { faults, sent, accepted, refused, late, dead, .. } = row;
    let caught_up = row
        .caught_up
        .map_or_else(|| "never".to_owned(), |time| format!("{:.1} s", time.as_secs_f64()));
    let mut remarks = row.problems.iter().map(|it| format!("**{it}**")).collect::<Vec<_>>();
    remarks.extend(row.notes.iter().cloned());
    let remarks = remarks.join("; ").replace(['|', '\n'], " ");
    format!(
        "| {faults} | {sent} | {accepted} | {refused} | {late} | {persisted} | {lost} | {twice} \
         | {gaps} | {misplaced} | {missing} | {repeated} | {dead} | {caught_up} | {remarks} |"
    )
}

/// `page` with `section` in it, in the place of one of the same title, or at its end.
pub fn with_section(page: &str, title: &str, section: &str) -> String {
    let heading = format!("## {title}\n");
    let mut parts = page.split("\n## ").map(ToOwned::to_owned);
    let mut made = parts.next().unwrap_or_default().trim_end().to_owned();
    let mut placed = false;
    for part in parts {
        let part = format!("## {part}");
        let part = if part.starts_with(&heading) {
            placed = true;
            format!("{heading}\n{section}")
        } else {
            part
        };
        // Writing to a string cannot fail.
        write!(made, "\n\n{}", part.trim_end()).ok();
    }
    if !placed {
        write!(made, "\n\n{heading}\n{}", section.trim_end()).ok();
    }
    made.push('\n');
    made
}

#[cfg(test)]
mod tests {
    use super::with_section;

    #[test]
    fn a_section_takes_the_place_of_its_predecessor() {
        let page = with_section("# Faults\n\nWhat it is.\n", "One", "1\n");
        let page = with_section(&page, "Two", "2\n");
        assert_eq!(page, "# Faults\n\nWhat it is.\n\n## One\n\n1\n\n## Two\n\n2\n");
        let page = with_section(&page, "One", "3\n");
        assert_eq!(page, "# Faults\n\nWhat it is.\n\n## One\n\n3\n\n## Two\n\n2\n");
    }
}
