use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{PlayerId, SenderId, ValidationError};

/// How the name of a member of the staff begins, as a reader.
const STAFF: &str = "staff:";

/// A reader of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Reader {
    /// The player whose conversation it is.
    Player,
    /// A member of the staff, by the portal's id.
    Staff(SenderId),
}

impl Reader {
    /// Whether the reader is staff.
    pub fn is_staff(&self) -> bool {
        matches!(self, Self::Staff(_))
    }
}

/// `player` or `staff:{id}`, as in JSON and in the database.
impl fmt::Display for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Player => formatter.write_str("player"),
            Self::Staff(id) => write!(formatter, "{STAFF}{}", id.as_str()),
        }
    }
}

impl From<Reader> for String {
    fn from(reader: Reader) -> Self {
        reader.to_string()
    }
}

impl TryFrom<String> for Reader {
    type Error = ValidationError;

    fn try_from(name: String) -> Result<Self, ValidationError> {
        match name.strip_prefix(STAFF) {
            Some(id) => Ok(Self::Staff(id.to_owned().try_into()?)),
            None if name == "player" => Ok(Self::Player),
            None => Err(ValidationError("a reader is \"player\" or \"staff:\" and an id")),
        }
    }
}

/// A request to mark messages as read or as unread, which the gateway accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadMark {
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// Whose mark it is.
    pub reader: Reader,
    /// What becomes of the messages.
    pub mark: Mark,
    /// The messages that the requests name, one at least. Those that are not stored, or of another
    /// conversation, have no effect.
    pub message_ids: Vec<Uuid>,
    /// When the gateway accepted the last of the requests, in whole microseconds. Of a mark as
    /// unread and a mark as read the later one has an effect.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// Whether players must not learn of the mark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub staff_only: bool,
}

/// What becomes of the messages that a [`ReadMark`] names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Everything up to and with the last of them is read.
    Read,
    /// Everything from the first of them on is unread.
    Unread,
}

/// How far a reader has read, as committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadState {
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// Who read.
    pub reader: Reader,
    /// The `seq` of the last message that is read.
    pub seq: i64,
    /// The id of that message.
    pub message_id: Uuid,
    /// When the gateway accepted the mark.
    #[serde(with = "super::timestamp")]
    pub read_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_survive_the_queue() {
        let ada = Reader::Staff("ada@example.com".to_owned().try_into().unwrap());
        for (reader, json) in [(Reader::Player, r#""player""#), (ada, r#""staff:ada@example.com""#)]
        {
            assert_eq!(serde_json::to_string(&reader).unwrap(), json);
            assert_eq!(serde_json::from_str::<Reader>(json).unwrap(), reader);
        }
    }

    #[test]
    fn other_names_are_no_reader() {
        for json in [r#""staff""#, r#""staff:""#, r#""Player""#, r#""""#] {
            assert!(serde_json::from_str::<Reader>(json).is_err(), "{json}");
        }
    }
}
