//! Maps errors of serde to problems that name the field and what the client must change.

use serde_path_to_error::Error;

use crate::problem::Problem;

/// The most characters of a client's own field name that a problem repeats.
const MAX_NAME_CHARACTERS: usize = 64;

/// The problem of a JSON body. It names the invalid field, if it is about one.
pub(super) fn json(error: Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let error = error.into_inner();
    let reason = error.to_string();
    if error.is_eof() {
        return Problem::InvalidBody(format!("is cut off: {reason}"));
    }
    match (named_in_text(without_position(&reason)), path.as_str()) {
        (Some(problem), _) => problem,
        (None, "." | "?") => Problem::InvalidBody(format!("is not valid JSON: {reason}")),
        (None, field) => field_problem(field, in_json(without_position(&reason))),
    }
}

/// The problem of a query or a form, which `whole` names.
pub(super) fn parameters(whole: &str, error: Error<serde_urlencoded::de::Error>) -> Problem {
    let path = error.path().to_string();
    let reason = error.into_inner().to_string();
    match (named_in_text(&reason), path.as_str()) {
        (Some(problem), _) => problem,
        (None, "." | "?") => field_problem(whole, &reason),
        (None, field) => field_problem(field, in_parameters(&reason)),
    }
}

/// The problem of an error in which serde, or a conversion after it, names the field in its text
/// alone.
fn named_in_text(reason: &str) -> Option<Problem> {
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
    if let Some((field, reason)) = named("field `", "` ") {
        return Some(field_problem(field, reason));
    }
    let (field, expected) = named("unknown field `", "`, expected ")?;
    let known = expected.trim_start_matches("one of ").replace('`', "");
    Some(field_problem(field, &format!("is unknown; known are: {known}")))
}

fn field_problem(field: &str, reason: &str) -> Problem {
    let mut name: String = field.chars().take(MAX_NAME_CHARACTERS).collect();
    if name.len() < field.len() {
        name.push('…');
    }
    Problem::invalid_field(&name, reason)
}

/// Replaces texts of serde_json that are about its parser.
fn in_json(reason: &str) -> &str {
    match reason {
        "unexpected end of hex escape" | "lone leading surrogate in hex escape" => {
            "has half of a surrogate pair: a character beyond U+FFFF is written as two \\u escapes"
        }
        "invalid unicode code point" => "must be in UTF-8",
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "has an unescaped control character: JSON needs an escape, such as \\n for a line feed"
        }
        other => other,
    }
}

/// Replaces texts of the standard library about numbers.
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

/// Removes the position in the text, which a client that knows the field does not need.
fn without_position(reason: &str) -> &str {
    let position = reason.rfind(" at line ");
    position.and_then(|position| reason.get(..position)).unwrap_or(reason)
}
