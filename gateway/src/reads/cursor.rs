use std::fmt;

use chat::{PlayerId, ValidationError};
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
            Self::Waiting(WaitingCursor { waiting_since: Some(since), player_id }) => {
                write!(f, "{WAITING}")?;
                write_cursor(f, *since, player_id)
            }
            Self::Waiting(WaitingCursor { waiting_since: None, player_id }) => {
                write!(f, "{WAITING}{NOT_WAITING}:{player_id}")
            }
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
        let player = |id: String| PlayerId::try_from(id).map_err(|_| UNKNOWN_CURSOR);
        let Some(waiting) = text.strip_prefix(WAITING) else {
            let (last_message_at, id) = read_cursor(&text)?;
            return Ok(Self::Latest(LatestCursor { last_message_at, player_id: player(id)? }));
        };
        let (waiting_since, id) = match waiting.split_once(':') {
            Some((NOT_WAITING, id)) => (None, id.to_owned()),
            _ => {
                let (since, id) = read_cursor(waiting)?;
                (Some(since), id)
            }
        };
        Ok(Self::Waiting(WaitingCursor { waiting_since, player_id: player(id)? }))
    }
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
        ] {
            assert_eq!(InboxCursor::try_from(cursor.to_string()), Ok(cursor));
        }
    }

    #[test]
    fn invalid_cursors_are_rejected() {
        let far = format!("{}:{}", i64::MAX, Uuid::now_v7());
        for text in ["", "x", "x:1", ":", "-", &far] {
            assert!(MessageCursor::try_from(text.to_owned()).is_err(), "{text:?}");
            let waiting = format!("w{text}");
            assert!(InboxCursor::try_from(waiting).is_err(), "{text:?}");
        }
    }
}
