use chat::ValidationError;
use chrono::TimeDelta;

/// Parses an id of a player or of a member of the staff.
pub(super) fn id<Id: TryFrom<String, Error = ValidationError>>(
    text: &str,
) -> Result<Id, ValidationError> {
    Id::try_from(text.to_owned())
}

/// Parses a number of days, such as `365d`.
pub(super) fn days(text: &str) -> Result<TimeDelta, String> {
    let number = text.strip_suffix('d').and_then(|number| number.parse::<u16>().ok());
    match number {
        Some(number) if number > 0 => Ok(TimeDelta::days(number.into())),
        _ => Err("must be a positive number of days followed by d, such as 365d".to_owned()),
    }
}
