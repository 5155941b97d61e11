//! The database's clock is the reference for the clocks of gateways and persisters.

use std::collections::HashSet;

use chat::event::Event;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How far an event's time may be ahead of the database's clock. Clocks that NTP synchronises
/// differ by far less.
pub(super) const TOLERANCE: TimeDelta = TimeDelta::seconds(10);

/// Events of which some were ahead of the database's clock.
#[derive(Default)]
pub(super) struct Redated {
    /// All events; those that were ahead have a time of the database's clock.
    pub events: Vec<Event>,
    /// The ids of those that were ahead.
    pub ids: HashSet<Uuid>,
}

/// `time`, or `clock` if `time` is further ahead of it than [`TOLERANCE`].
pub(super) fn bounded(time: DateTime<Utc>, clock: DateTime<Utc>) -> DateTime<Utc> {
    if time > clock + TOLERANCE { clock } else { time }
}

/// Gives each event that is further ahead of `clock` than [`TOLERANCE`] a time of that clock, a
/// microsecond apart, in the order of their own times. `None` if no event is.
pub(super) fn redate(events: &[Event], clock: DateTime<Utc>) -> Option<Redated> {
    let latest = clock + TOLERANCE;
    let ahead = |event: &Event| Some(event.accepted_at()?).filter(|time| *time > latest);
    let mut places: Vec<_> = events
        .iter()
        .enumerate()
        .filter_map(|(place, event)| Some((ahead(event)?, id(event)?, place)))
        .collect();
    if places.is_empty() {
        return None;
    }
    places.sort_unstable();
    let (mut events, mut ids) = (events.to_vec(), HashSet::new());
    let mut time = clock;
    for (_, id, place) in places {
        match events.get_mut(place) {
            Some(Event::Message(message)) => message.accepted_at = time,
            Some(Event::StatusChange(change)) => change.accepted_at = time,
            Some(Event::SessionChange(change)) => change.accepted_at = time,
            Some(Event::Note(note)) => note.accepted_at = time,
            _ => continue,
        }
        ids.insert(id);
        time += TimeDelta::microseconds(1);
    }
    Some(Redated { events, ids })
}

fn id(event: &Event) -> Option<Uuid> {
    let subject = event.subject();
    subject.message_id.or(subject.change_id)
}

/// The offset between the database's clock, which was read at `database`, and the local clock,
/// which showed `before` and `after` around it: positive if the local clock is ahead, zero if they
/// may agree.
pub(super) fn offset(
    before: DateTime<Utc>,
    database: DateTime<Utc>,
    after: DateTime<Utc>,
) -> TimeDelta {
    if database < before {
        before - database
    } else if database > after {
        after - database
    } else {
        TimeDelta::zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn an_offset_within_the_round_trip_is_zero() {
        assert_eq!(offset(at(10), at(11), at(12)), TimeDelta::zero());
        assert_eq!(offset(at(10), at(7), at(12)), TimeDelta::seconds(3));
        assert_eq!(offset(at(10), at(17), at(12)), TimeDelta::seconds(-5));
    }
}
