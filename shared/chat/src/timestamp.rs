//! Times as JSON has them: in UTC, with six digits of a second whatever they are, so that times which
//! are sorted as text are in order. A time with fewer digits, which older releases wrote, is read too.
//!
//! For `#[serde(with = "chat::timestamp")]`; [`optional`] is for a time that may be missing.

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::{Deserialize, Deserializer, Serializer, de::Error};

/// The current time, in the microseconds that PostgreSQL keeps, so that a time is the same in an
/// answer, in an event and in a row.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// The time as JSON has it, such as `2026-01-01T00:00:00.250000Z`.
pub fn to_text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Writes a time.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(time: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&to_text(time))
}

/// Reads a time that an event may have: of an era that every calendar here knows, in microseconds.
///
/// # Errors
/// When it is no time, or one of another era.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    let time = DateTime::<Utc>::deserialize(from)?;
    if (1970..10_000).contains(&time.year()) {
        Ok(time.trunc_subsecs(6))
    } else {
        Err(D::Error::custom("the time is not one of 1970 to 9999"))
    }
}

/// The same for a time that may be missing.
pub mod optional {
    use super::{DateTime, Deserialize, Deserializer, Serializer, Utc};

    /// Writes the time, or null.
    ///
    /// # Errors
    /// When the serializer fails.
    pub fn serialize<S: Serializer>(
        time: &Option<DateTime<Utc>>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::serialize(time, to),
            None => to.serialize_none(),
        }
    }

    /// Reads the time, or null.
    ///
    /// # Errors
    /// When it is neither a time of the years 1970 to 9999 nor null.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<DateTime<Utc>>, D::Error> {
        #[derive(Deserialize)]
        struct Time(#[serde(with = "super")] DateTime<Utc>);

        let time = Option::<Time>::deserialize(from)?;
        Ok(time.map(|time| time.0))
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times {
        #[serde(with = "super")]
        always: DateTime<Utc>,
        #[serde(with = "super::optional", default)]
        sometimes: Option<DateTime<Utc>>,
    }

    #[test]
    fn a_time_always_has_six_digits() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (250_000, "1970-01-01T00:00:00.250000Z"),
            (1_700_000_000_000_001, "2023-11-14T22:13:20.000001Z"),
        ] {
            let time = DateTime::from_timestamp_micros(micros).unwrap();
            let times = Times { always: time, sometimes: Some(time) };
            let json = serde_json::to_value(&times).unwrap();
            assert_eq!(json, json!({ "always": text, "sometimes": text }));
            assert_eq!(serde_json::from_value::<Times>(json).unwrap(), times);
        }
        let times = Times { always: DateTime::UNIX_EPOCH, sometimes: None };
        assert_eq!(serde_json::to_value(&times).unwrap()["sometimes"], json!(null));
    }

    #[test]
    fn a_time_with_other_digits_is_read_in_microseconds() {
        for (text, micros) in [
            ("1970-01-01T00:00:01Z", 1_000_000),
            ("1970-01-01T00:00:00.25Z", 250_000),
            ("1970-01-01T00:00:00.250Z", 250_000),
            ("1970-01-01T00:00:00.123456789Z", 123_456),
            ("1970-01-01T01:00:00+01:00", 0),
        ] {
            let times: Times =
                serde_json::from_value(json!({ "always": text, "sometimes": text })).unwrap();
            assert_eq!(times.always.timestamp_micros(), micros, "{text}");
            assert_eq!(times.sometimes, Some(times.always), "{text}");
        }
    }

    #[test]
    fn a_time_of_another_era_is_refused() {
        for text in ["1969-12-31T23:59:59Z", "+10000-01-01T00:00:00Z", "yesterday"] {
            for other in [
                json!({ "always": text }),
                json!({ "always": "1970-01-01T00:00:00Z", "sometimes": text }),
            ] {
                assert!(serde_json::from_value::<Times>(other).is_err(), "{text}");
            }
        }
    }
}
