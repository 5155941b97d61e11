//! A copy of the alerting rules whose alerts fire and end within seconds.

use std::fs;

use tempfile::TempDir;

const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/prometheus/rules");

/// The time over which rates are computed: several scrapes, and one poll of the queues.
const RANGE: &str = "10s";

/// Thresholds that a small system reaches within seconds, and that a busy machine alone does not reach, in
/// place of those of the rules.
const THRESHOLDS: [(&str, &str); 8] = [
    ("broadcaster_oldest_held_seconds) > 60", "broadcaster_oldest_held_seconds) > 3"),
    (".dead\"}) > 1000\n", ".dead\"}) > 5\n"),
    (".dead\"}) > 50000\n", ".dead\"}) > 5\n"),
    (".dead\"}) > 5000\n", ".dead\"}) > 0\n"),
    ("_limit_bytes < 2e9", "_limit_bytes < 1e8"),
    // On a busy machine an accepted send takes longer than the objective.
    (r#"le="0.05""#, r#"le="2.5""#),
    ("confirm_seconds_bucket[10s]))) > 0.05", "confirm_seconds_bucket[10s]))) > 0.5"),
    // A trend over some seconds says nothing about hours.
    ("4 * 3600", "1"),
];

/// Writes the rules with short times and low thresholds into a directory of their own.
pub fn hastened() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut replaced = [false; THRESHOLDS.len()];
    for entry in fs::read_dir(RULES).unwrap() {
        let path = entry.unwrap().path();
        let mut text = hasten(&fs::read_to_string(&path).unwrap());
        for ((usual, low), replaced) in THRESHOLDS.iter().zip(&mut replaced) {
            *replaced |= text.contains(usual);
            text = text.replace(usual, low);
        }
        fs::write(directory.path().join(path.file_name().unwrap()), text).unwrap();
    }
    assert_eq!(replaced, [true; THRESHOLDS.len()], "{THRESHOLDS:?}");
    directory
}

fn hasten(rules: &str) -> String {
    let mut hastened = String::new();
    for line in rules.lines() {
        let mut parts = line.split('[');
        let mut line = parts.next().unwrap().to_owned();
        for part in parts {
            line.push('[');
            match part.split_once(']') {
                Some((range, rest)) if is_duration(range) => line.extend([RANGE, "]", rest]),
                _ => line.push_str(part),
            }
        }
        if let Some((before, _)) = line.split_once("for: ")
            && before.trim().is_empty()
        {
            line = format!("{before}for: 1s");
        }
        hastened.extend([&line, "\n"]);
    }
    hastened
}

fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    number.len() + 1 == text.len() && number.parse::<u32>().is_ok()
}

#[test]
fn hastened_rules_have_short_times_and_the_same_conditions() {
    let rules = "  expr: rate(a[5m]) > 0 and b[x]\n  for: 10m\n  summary: waits for: 5m\n";
    let expected = "  expr: rate(a[10s]) > 0 and b[x]\n  for: 1s\n  summary: waits for: 5m\n";
    assert_eq!(hasten(rules), expected);
}
