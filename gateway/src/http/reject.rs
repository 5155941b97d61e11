//! What serde complains about, as problems that say what the client must change.

use serde_path_to_error::Error;

use crate::problem::Problem;

/// The most characters of a client's own name for a field that a problem repeats.
const LONGEST_NAME: usize = 64;

/// The problem of a JSON body, which names the field that is at fault, if one is.
pub(super) fn json(error: Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let error = error.into_inner();
    let reason = error.to_string();
    if error.is_eof() {
        return Problem::InvalidBody(format!("is cut off: {reason}"));
    }
    match (known(without_position(&reason)), path.as_str()) {
        (Some(problem), _) => problem,
        (None, "." | "?") => Problem::InvalidBody(format!("is not valid JSON: {reason}")),
        (None, field) => field_problem(field, in_json(without_position(&reason))),
    }
}

/// The problem of a query or a form, of which `whole` names all.
pub(super) fn parameters(whole: &str, error: Error<serde_urlencoded::de::Error>) -> Problem {
    let path = error.path().to_string();
    let reason = error.into_inner().to_string();
    match (known(&reason), path.as_str()) {
        (Some(problem), _) => problem,
        (None, "." | "?") => field_problem(whole, &reason),
        (None, field) => field_problem(field, in_parameters(&reason)),
    }
}

/// The problem of a field that serde names in its words, which it does in no other way.
fn known(reason: &str) -> Option<Problem> {
    let named = |before: &str, after: &str| {
        let rest = reason.strip_prefix(before)?;
        let end = rest.rfind(after)?;
        Some((rest.get(..end)?, rest.get(end + after.len()..)?))
    };
    if let Some((field, _)) = named("missing field `", "`") {
        return Some(field_problem(field, "is missing"));
    }
    if let Some((field, _)) = named("duplicate field `", "`") {
        return Some(field_problem(field, "must be given once"));
    }
    let (field, expected) = named("unknown field `", "`, expected ")?;
    let known = expected.trim_start_matches("one of ").replace('`', "");
    Some(field_problem(field, &format!("is not known here; known are: {known}")))
}

fn field_problem(field: &str, reason: &str) -> Problem {
    let mut shown: String = field.chars().take(LONGEST_NAME).collect();
    if shown.len() < field.len() {
        shown.push('…');
    }
    Problem::invalid_field(&shown, reason)
}

/// serde_json's words for a value, in other words where these are about a parser's work.
fn in_json(reason: &str) -> &str {
    match reason {
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "has half of a surrogate pair: a character beyond U+FFFF is written as two \\u escapes"
        }
        "invalid unicode code point" => "must be in UTF-8",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "has a control character as it is: JSON has it escaped, as \\n for a line feed"
        }
        other => other,
    }
}

/// The standard library's words for a number, in words that say what it must be.
fn in_parameters(reason: &str) -> &str {
    match reason {
        "invalid digit found in string" | "cannot parse integer from empty string" => {
            "must be a whole number"
        }
        "number too large to fit in target type" => "is too large",
        "number too small to fit in target type" => "is too small",
        other => other,
    }
}

/// serde_json's words without the place in the text, which no client needs that knows the field.
fn without_position(reason: &str) -> &str {
    let position = reason.rfind(" at line ");
    position.and_then(|position| reason.get(..position)).unwrap_or(reason)
}
