use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Content, Name, PlayerId, SenderId, TraceParent};

/// An internal note of staff about a conversation, which the gateway accepted. It is no message, has
/// no `seq`, and no player ever receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// Id of the note; a note about the same player with the same id is a repeat.
    pub note_id: Uuid,
    /// The player of the conversation.
    pub player_id: PlayerId,
    /// The session that its author saw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    /// The author's id at the portal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_id: Option<SenderId>,
    /// The author's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_name: Option<Name>,
    /// The text.
    pub content: Content,
    /// The members of the staff whom the text mentions with `@` and their id: at most 10.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<SenderId>,
    /// When the gateway accepted it, in whole microseconds.
    #[serde(with = "super::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// The trace that it belongs to.
    #[serde(
        default,
        deserialize_with = "TraceParent::read",
        skip_serializing_if = "Option::is_none"
    )]
    pub traceparent: Option<TraceParent>,
}
