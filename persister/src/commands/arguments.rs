use chat::ValidationError;
use chrono::TimeDelta;

/// Reads an id, such as that of a player.
pub(super) fn id<Id: TryFrom<String, Error = ValidationError>>(
    text: &str,
) -> Result<Id, ValidationError> {
    Id::try_from(text.to_owned())
}

/// Reads a number of days, such as `365d`.
pub(super) fn days(text: &str) -> Result<TimeDelta, String> {
    let number = text.strip_suffix('d').and_then(|it| it.parse::<u16>().ok());
    match number {
        Some(number) if number > 0 => Ok(TimeDelta::days(number.into())),
        _ => Err("a whole number of days with d behind it is needed, such as 365d".to_owned()),
    }
}
