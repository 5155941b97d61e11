use chat::{Attachment, Priority, SenderType, SessionStatus, StaffNames};
use chrono::{DateTime, Utc};
use database::{
    LastMessageAt, last_message_at,
    schema::{chat_messages, chat_sessions},
};
use diesel::{ExpressionMethods, Queryable, Selectable};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::StoredAttachments;

/// A message as the history returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = chat_messages)]
#[serde(rename_all = "camelCase")]
pub struct HistoryMessage {
    /// The message's id.
    #[diesel(column_name = id)]
    pub message_id: Uuid,
    /// The player whose conversation it is.
    pub player_id: String,
    /// Its session.
    pub session_id: Uuid,
    /// Its number in the conversation, in the order in which messages were persisted. Gapless from
    /// the first message that is not archived.
    pub seq: i64,
    /// The kind of sender.
    #[schema(value_type = SenderType)]
    pub sender_type: String,
    /// The portal's id for the sender. Null in a player's view of a message of staff.
    #[schema(required = true)]
    pub sender_id: Option<String>,
    /// The sender's display name.
    #[schema(required = true)]
    pub sender_name: Option<String>,
    /// The text; empty if and only if the message is erased.
    #[schema(max_length = 4000)]
    pub content: String,
    /// When it was accepted. Messages sort by it, then by `messageId`.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub accepted_at: DateTime<Utc>,
    /// `true` when the text and the sender's name were erased; otherwise absent.
    #[diesel(
        select_expression = chat_messages::content.eq(""),
        select_expression_type = diesel::dsl::Eq<chat_messages::content, &'static str>
    )]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// Its files, 1 to 5; absent without one, and when the message is erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Vec<Attachment>>, min_items = 1, max_items = 5)]
    pub attachments: Option<StoredAttachments>,
}

impl HistoryMessage {
    /// An upper bound of its size as JSON, in bytes; it exceeds the size by less than 200.
    pub(crate) fn json_bytes(&self) -> usize {
        /// Field names, ids, numbers and timestamps.
        const OTHERS: usize = 400;
        let texts = [Some(&self.player_id), self.sender_id.as_ref(), self.sender_name.as_ref()];
        let texts = texts.into_iter().flatten().chain([&self.content]);
        let files = self.attachments.as_ref().map_or(0, StoredAttachments::json_bytes);
        OTHERS + files + texts.map(|text| json_bytes(text)).sum::<usize>()
    }
}

/// The size of `text` in JSON, in bytes.
pub(super) fn json_bytes(text: &str) -> usize {
    let of_byte = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    text.bytes().map(of_byte).sum()
}

/// A session as the history returns it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable, ToSchema)]
#[diesel(table_name = chat_sessions)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// The session's id.
    pub id: Uuid,
    /// The player's display name.
    #[schema(required = true)]
    pub player_name: Option<String>,
    /// Its status.
    #[schema(value_type = SessionStatus)]
    pub status: String,
    /// When its first message was accepted.
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub opened_at: DateTime<Utc>,
    /// When its last message was accepted.
    #[diesel(
        select_expression = last_message_at(),
        select_expression_type = LastMessageAt
    )]
    #[serde(serialize_with = "chat::timestamp::serialize")]
    pub last_message_at: DateTime<Utc>,
    /// When staff resolved it; null unless it is resolved.
    #[schema(required = true)]
    #[serde(serialize_with = "chat::timestamp::optional::serialize")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// Increases with each change of the session; the higher of two is the newer. A message alone
    /// may leave it unchanged.
    pub version: i64,
    /// The portal's id for the member of the staff who last changed the session; only in the view
    /// of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_id: Option<String>,
    /// The display name of that member; only in the view of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    /// The portal's id for the member of the staff who has the session; only in the view of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee_id: Option<String>,
    /// The display name of that member; in the view of players only with `STAFF_NAMES=shown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assignee_name: Option<String>,
    /// Since when that member has it; only in the view of staff.
    #[serde(
        serialize_with = "chat::timestamp::optional::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(nullable = false)]
    pub assigned_at: Option<DateTime<Utc>>,
    /// The team that the session belongs to; only in the view of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub team: Option<String>,
    /// The session's tags, at most 20; absent without one, and in the view of players.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<String>)]
    pub tags: Vec<Option<String>>,
    /// How urgent the session is; absent when normal, and in the view of players.
    #[serde(serialize_with = "serialize_priority", skip_serializing_if = "is_normal")]
    #[schema(required = false, value_type = Priority)]
    pub priority: i16,
    /// The player's language, such as `de`; only in the view of staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub language: Option<String>,
}

impl Session {
    /// The session without what staff keep about it on a team's desk.
    pub fn without_desk(self) -> Self {
        Self {
            assignee_id: None,
            assignee_name: None,
            assigned_at: None,
            team: None,
            tags: Vec::new(),
            priority: Priority::Normal.number(),
            language: None,
            ..self
        }
    }

    /// The session as the player sees it: without what staff keep about it, and without who of them
    /// changed it. The assignee's name is kept if `staff_names` are shown.
    pub fn for_player(self, staff_names: StaffNames) -> Self {
        let assignee_name = match staff_names {
            StaffNames::Shown => self.assignee_name.clone(),
            StaffNames::Hidden => None,
        };
        Self { actor_id: None, actor_name: None, assignee_name, ..self.without_desk() }
    }
}

fn is_normal(priority: &i16) -> bool {
    *priority == Priority::Normal.number()
}

fn serialize_priority<S: Serializer>(priority: &i16, to: S) -> Result<S::Ok, S::Error> {
    Priority::from_number(*priority).unwrap_or_default().serialize(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_bytes_is_an_upper_bound_of_the_size_of_a_message() {
        for content in ["hello", "\u{1}\n\"\\", "\u{e9}\u{1f600}", ""] {
            let message = HistoryMessage {
                message_id: Uuid::max(),
                player_id: "p".repeat(128),
                session_id: Uuid::max(),
                seq: i64::MIN,
                sender_type: "player".to_owned(),
                sender_id: Some("\"".repeat(128)),
                sender_name: Some("\u{1f600}".repeat(128)),
                content: content.repeat(100),
                accepted_at: DateTime::from_timestamp_nanos(1_700_000_000_123_456_000),
                erased: true,
                attachments: None,
            };
            let (estimate, actual) =
                (message.json_bytes(), serde_json::to_vec(&message).unwrap().len());
            assert!((actual..actual + 200).contains(&estimate), "{estimate} {actual}");
        }
    }
}
