//! Times in JSON: in UTC, always with six fractional digits, so that their order as text is their order in
//! time. Times with fewer digits, which older releases wrote, are read too.
//!
//! For `#[serde(with = "chat::timestamp")]`; [`optional`] is for a time that may be null.

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, SubsecRound, Utc};
use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};

/// The current time in microseconds, which PostgreSQL stores, so that a time is the same in a response, an
/// event and a row.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}

/// The time in JSON, such as `2026-01-01T00:00:00.250000Z`.
pub fn to_text(time: &DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// Serializes a time.
///
/// # Errors
/// When the serializer fails.
pub fn serialize<S: Serializer>(time: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&to_text(time))
}

/// Deserializes a time of the years 1970 to 9999, in microseconds.
///
/// # Errors
/// When it is not a time of these years.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<DateTime<Utc>, D::Error> {
    from.deserialize_str(Time)
}

struct Time;

impl Visitor<'_> for Time {
    type Value = DateTime<Utc>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time of RFC 3339")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<DateTime<Utc>, E> {
        let time = DateTime::parse_from_rfc3339(text).ok().map(|time| time.to_utc());
        let time = time.filter(|time| (1970..10_000).contains(&time.year()));
        let expected = || E::custom("a time must be one of RFC 3339, in the years 1970 to 9999");
        Ok(time.ok_or_else(expected)?.trunc_subsecs(6))
    }
}

/// The same for a time that may be null.
pub mod optional {
    use serde::Deserialize;

    use super::{DateTime, Deserializer, Serializer, Utc};

    /// Serializes the time, or null.
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

    /// Deserializes the time, or null.
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
    use serde::{Deserialize, Serialize};
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
    fn a_time_with_another_number_of_digits_is_read_in_microseconds() {
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
    fn a_time_outside_1970_to_9999_is_rejected() {
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
