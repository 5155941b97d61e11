use chrono::{DateTime, Datelike, SubsecRound, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// The current time, in the microseconds that PostgreSQL keeps, so that a time is the same in an
/// answer, in an event and in a row.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// Reads a time that an event may have: of an era that every calendar here knows, in microseconds.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(deserializer)?;
    if (1970..10_000).contains(&time.year()) {
        Ok(time.trunc_subsecs(6))
    } else {
        Err(D::Error::custom("the time is not one of 1970 to 9999"))
    }
}
