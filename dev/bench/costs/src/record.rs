use std::{collections::BTreeMap, fmt, fs};

use anyhow::Context;

/// Tolerated difference to the recorded count, in percent.
const TOLERANCE: f64 = 5.0;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions.json");

/// The instructions of one call of each item, by name.
#[derive(Debug, Default)]
pub struct Record(pub BTreeMap<String, u64>);

/// The recorded and the current count of each item, by name.
#[derive(Debug)]
pub struct Comparison(BTreeMap<String, (Option<u64>, Option<u64>)>);

impl Record {
    /// Reads the recorded counts.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read() -> anyhow::Result<Self> {
        let text = fs::read(FILE).with_context(|| format!("{FILE} cannot be read"))?;
        Ok(Self(serde_json::from_slice(&text).with_context(|| format!("{FILE} is not a record"))?))
    }

    /// Records the counts.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.0)?;
        fs::write(FILE, text + "\n").with_context(|| format!("{FILE} cannot be written"))
    }

    /// Compares the recorded counts with those of `now`.
    pub fn compare(&self, now: &Self) -> Comparison {
        let names = self.0.keys().chain(now.0.keys());
        let both = |name: &String| (self.0.get(name).copied(), now.0.get(name).copied());
        Comparison(names.map(|name| (name.clone(), both(name))).collect())
    }
}

impl Comparison {
    /// Whether all counts are within the tolerance.
    pub fn is_same(&self) -> bool {
        self.0.values().all(|counts| verdict(*counts).is_empty())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:20}{:>12}{:>12}{:>8}", "instructions", "committed", "now", "ratio")?;
        let shown = |count: Option<u64>| count.map_or("-".to_owned(), |count| count.to_string());
        for (name, counts @ (committed, now)) in &self.0 {
            let ratio = ratio(*counts).map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
            let (committed, now, verdict) = (shown(*committed), shown(*now), verdict(*counts));
            let line = format!("{name:20}{committed:>12}{now:>12}{ratio:>8}  {verdict}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn ratio((committed, now): (Option<u64>, Option<u64>)) -> Option<f64> {
    Some(now? as f64 / committed? as f64)
}

/// The verdict; empty within the tolerance.
fn verdict(counts: (Option<u64>, Option<u64>)) -> &'static str {
    match (counts, ratio(counts).map(|ratio| (ratio - 1.0) * 100.0)) {
        (_, Some(change)) if change > TOLERANCE => "costs more",
        (_, Some(change)) if change < -TOLERANCE => "costs less",
        (_, Some(_)) => "",
        ((None, _), None) => "is new",
        ((Some(_), _), None) => "is gone",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<const N: usize>(counts: [(&str, u64); N]) -> Record {
        Record(counts.map(|(name, count)| (name.to_owned(), count)).into())
    }

    #[test]
    fn counts_within_the_tolerance_are_the_same() {
        let now = record([("send", 1_049), ("token", 951)]);
        assert!(record([("send", 1_000), ("token", 1_000)]).compare(&now).is_same());
    }

    #[test]
    fn a_comparison_lists_items_that_changed_are_new_or_gone() {
        let committed = record([("send", 1_000), ("token", 1_000), ("gone", 1)]);
        let comparison = committed.compare(&record([("send", 1_051), ("token", 949), ("new", 1)]));
        assert!(!comparison.is_same());
        let text = comparison.to_string();
        for line in ["send 1000 1051 1.051 costs more", "token 1000 949 0.949 costs less"] {
            let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.lines().any(|printed| words(printed) == line), "{text}");
        }
        assert!(text.contains("is new") && text.contains("is gone"), "{text}");
    }
}
