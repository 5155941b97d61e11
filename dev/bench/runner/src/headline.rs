//! What README says of the measurements, so that nobody copies numbers by hand.

use anyhow::Context;

use crate::report::{Report, shown};

const BEGINNING: &str = "<!-- from docs/performance.json, by `make bench` -->\n";
const END: &str = "<!-- as far as here -->\n";

/// `readme` with what `report` found out in the place that is kept for it.
///
/// # Errors
/// When there is no such place, or a row is missing that it is made of.
pub fn put_into(readme: &str, report: &Report) -> anyhow::Result<String> {
    let (before, rest) = readme.split_once(BEGINNING).context("no place for the numbers")?;
    let (_, after) = rest.split_once(END).context("no end of the place for the numbers")?;
    Ok(format!("{before}{BEGINNING}{}{END}{after}", text(report)?))
}

fn text(report: &Report) -> anyhow::Result<String> {
    let of = |row, what| median(report, row, what);
    Ok(format!(
        "On {cores} cores that it shares with load, broker and database, a gateway has {accepted} sends a second on disk in \
         both\nqueues, {confirming} times as many as one that confirms each by itself; the whole system sustains \
         {sustained} messages a second\nwith no backlog growing, {saved} times what V1.2 saves; and when everything is \
         killed at full load, {lost} of {under_way} accepted\nmessages are lost, where V1.2 loses {lost_before} of \
         {under_way_before}.\n",
        cores = report.setting.get("cores").context("no cores")?,
        accepted = of(1, "256 connections: gateway")?,
        confirming = of(1, "256 connections: rate, over the plainest confirming gateway's")?,
        sustained = of(4, "sustained: accepted, persisted and broadcast")?,
        saved = of(4, "sustained, over what V1.2 saves")?,
        lost = of(12, "lost")?,
        under_way = of(12, "accepted")?,
        lost_before = of(12, "V1.2: lost")?,
        under_way_before = of(12, "V1.2: accepted")?,
    ))
}

fn median(report: &Report, number: u8, what: &str) -> anyhow::Result<String> {
    let row = report.rows.get(&number).with_context(|| format!("no row {number}"))?;
    let claims = row.claims.iter().map(|it| (&it.what, &it.measured));
    let mut all = claims.chain(row.raw.iter().map(|it| (&it.what, &it.figures)));
    let (_, figures) = all
        .find(|(name, _)| *name == what)
        .with_context(|| format!("row {number} has no figure of: {what}"))?;
    Ok(shown(figures.median()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn readme_says_what_was_measured() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
        let report = Report::read(&top.join("docs/performance.json")).unwrap();
        let readme = std::fs::read_to_string(top.join("README.md")).unwrap();
        assert!(readme == put_into(&readme, &report).unwrap(), "{}", text(&report).unwrap());
    }
}
