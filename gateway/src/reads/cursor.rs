use std::fmt;

use chat::{PlayerId, Priority, ValidationError};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

/// A position in a conversation: just before one message. Opaque to clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MessageCursor {
    /// When the message was accepted.
    pub accepted_at: DateTime<Utc>,
    /// Its id.
    pub message_id: Uuid,
}

/// A position in the inbox: just after one conversation. Opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum InboxCursor {
    /// In the order of latest messages.
    Latest(LatestCursor),
    /// In the order of waiting.
    Waiting(WaitingCursor),
    /// In the order of urgency.
    Urgency(UrgencyCursor),
}

/// A position in the inbox with the latest message first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestCursor {
    /// When the conversation's last message was accepted.
    pub last_message_at: DateTime<Utc>,
    /// The player whose conversation it is.
    pub player_id: PlayerId,
}

/// A position in the inbox with the longest waiting first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCursor {
    /// Since when the player waits. Conversations in which the player does not wait come last.
    pub waiting_since: Option<DateTime<Utc>>,
    /// The player whose conversation it is.
    pub player_id: PlayerId,
}

/// A position in the inbox with the most urgent session first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrgencyCursor {
    /// How urgent the session is.
    pub urgency: Urgency,
    /// The position among equally urgent ones.
    pub waiting: WaitingCursor,
}

/// How urgent a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It is resolved, and comes after all open ones.
    Resolved,
    /// It is open and has this priority.
    Open(Priority),
}

impl Urgency {
    /// Every urgency, the lowest first. Its index stands for it in a cursor.
    const ALL: [Self; 5] = [
        Self::Resolved,
        Self::Open(Priority::Low),
        Self::Open(Priority::Normal),
        Self::Open(Priority::High),
        Self::Open(Priority::Urgent),
    ];

    fn digit(self) -> usize {
        Self::ALL.iter().position(|urgency| *urgency == self).unwrap_or_default()
    }

    fn from_digit(digit: &str) -> Option<Self> {
        digit.parse::<usize>().ok().and_then(|digit| Self::ALL.get(digit).copied())
    }
}

/// The prefix of a cursor in the order of urgency, before the digit of the urgency.
const URGENCY: char = 'u';

/// The prefix of a cursor in the order of waiting.
const WAITING: char = 'w';

/// The time in such a cursor when the player does not wait.
const NOT_WAITING: &str = "-";

const UNKNOWN_CURSOR: ValidationError = ValidationError("must be a cursor of an earlier page");

impl fmt::Display for MessageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_cursor(f, self.accepted_at, &self.message_id)
    }
}

impl fmt::Display for InboxCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest(cursor) => write_cursor(f, cursor.last_message_at, &cursor.player_id),
            Self::Waiting(cursor) => cursor.fmt(f),
            Self::Urgency(UrgencyCursor { urgency, waiting }) => {
                write!(f, "{URGENCY}{}{waiting}", urgency.digit())
            }
        }
    }
}

impl fmt::Display for WaitingCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WAITING}")?;
        match self.waiting_since {
            Some(since) => write_cursor(f, since, &self.player_id),
            None => write!(f, "{NOT_WAITING}:{}", self.player_id),
        }
    }
}

impl TryFrom<String> for MessageCursor {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        let (accepted_at, id) = read_cursor(&text)?;
        Ok(Self { accepted_at, message_id: Uuid::try_parse(&id).map_err(|_| UNKNOWN_CURSOR)? })
    }
}

impl TryFrom<String> for InboxCursor {
    type Error = ValidationError;

    fn try_from(text: String) -> Result<Self, ValidationError> {
        if let Some(waiting) = text.strip_prefix(WAITING) {
            return read_waiting(waiting).map(Self::Waiting);
        }
        if let Some(urgency) = text.strip_prefix(URGENCY) {
            let (digit, waiting) = urgency.split_once(WAITING).ok_or(UNKNOWN_CURSOR)?;
            let urgency = Urgency::from_digit(digit).ok_or(UNKNOWN_CURSOR)?;
            return Ok(Self::Urgency(UrgencyCursor { urgency, waiting: read_waiting(waiting)? }));
        }
        let (last_message_at, id) = read_cursor(&text)?;
        Ok(Self::Latest(LatestCursor { last_message_at, player_id: read_player(id)? }))
    }
}

/// Reads a cursor in the order of waiting without its prefix.
fn read_waiting(text: &str) -> Result<WaitingCursor, ValidationError> {
    let (waiting_since, id) = match text.split_once(':') {
        Some((NOT_WAITING, id)) => (None, id.to_owned()),
        _ => {
            let (since, id) = read_cursor(text)?;
            (Some(since), id)
        }
    };
    Ok(WaitingCursor { waiting_since, player_id: read_player(id)? })
}

fn read_player(id: String) -> Result<PlayerId, ValidationError> {
    PlayerId::try_from(id).map_err(|_| UNKNOWN_CURSOR)
}

fn write_cursor(
    f: &mut fmt::Formatter<'_>,
    time: DateTime<Utc>,
    id: &dyn fmt::Display,
) -> fmt::Result {
    write!(f, "{}:{id}", time.timestamp_micros())
}

fn read_cursor(text: &str) -> Result<(DateTime<Utc>, String), ValidationError> {
    let (micros, id) = text.split_once(':').ok_or(UNKNOWN_CURSOR)?;
    let micros = micros.parse().map_err(|_| UNKNOWN_CURSOR)?;
    // PostgreSQL's calendar ends long before chrono's.
    let in_range = DateTime::from_timestamp_micros(micros).filter(|time| {
        let year = chrono::Datelike::year(time);
        (1970..10_000).contains(&year)
    });
    Ok((in_range.ok_or(UNKNOWN_CURSOR)?, id.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chat;

    #[test]
    fn cursors_survive_a_round_trip_as_text() {
        let cursor = MessageCursor { accepted_at: chat::now(), message_id: Uuid::now_v7() };
        assert_eq!(MessageCursor::try_from(cursor.to_string()), Ok(cursor));
        let player = || PlayerId::try_from("a-b=@,.;_1".to_owned()).unwrap();
        let (last_message_at, waiting_since) = (chat::now(), Some(chat::now()));
        for cursor in [
            InboxCursor::Latest(LatestCursor { last_message_at, player_id: player() }),
            InboxCursor::Waiting(WaitingCursor { waiting_since, player_id: player() }),
            InboxCursor::Waiting(WaitingCursor { waiting_since: None, player_id: player() }),
        ]
        .into_iter()
        .chain(Urgency::ALL.map(|urgency| {
            let waiting = WaitingCursor { waiting_since, player_id: player() };
            InboxCursor::Urgency(UrgencyCursor { urgency, waiting })
        })) {
            assert_eq!(InboxCursor::try_from(cursor.to_string()), Ok(cursor));
        }
    }

    #[test]
    fn invalid_cursors_are_rejected() {
        let far = format!("{}:{}", i64::MAX, Uuid::now_v7());
        for text in ["", "x", "x:1", ":", "-", &far] {
            assert!(MessageCursor::try_from(text.to_owned()).is_err(), "{text:?}");
            for inbox in [format!("w{text}"), format!("u2w{text}"), format!("u2{text}")] {
                assert!(InboxCursor::try_from(inbox).is_err(), "{text:?}");
            }
        }
        for text in ["u5w-:p1", "uw-:p1", "u-1w-:p1", "u2:p1"] {
            assert!(InboxCursor::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
