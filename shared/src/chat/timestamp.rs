use chrono::{DateTime, SubsecRound, Utc};

/// The current time, in the microseconds that PostgreSQL keeps, so that a time is the same in an
/// answer, in an event and in a row.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
