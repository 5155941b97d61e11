use super::Problem;

/// The problem that `error` is, naming the field where it happened, if it is about one.
pub(super) fn problem<E: std::fmt::Display>(error: serde_path_to_error::Error<E>) -> Problem {
    let path = error.path().to_string();
    let reason = without_position(&error.into_inner().to_string());
    if let Some((field, _)) =
        reason.strip_prefix("missing field `").and_then(|it| it.split_once('`'))
    {
        return Problem::invalid_field(field, "is missing");
    }
    match path.as_str() {
        "." | "?" => Problem::InvalidBody(reason),
        field => Problem::invalid_field(field, reason),
    }
}

/// serde_json's words without the place in the text, which no client needs.
fn without_position(reason: &str) -> String {
    let position = reason.rfind(" at line ");
    position.and_then(|position| reason.get(..position)).unwrap_or(reason).to_owned()
}
