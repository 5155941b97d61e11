use chrono::{DateTime, Utc};
use database::schema::chat_messages;
use diesel::{Queryable, QueryableByName, Selectable};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::attachments::StoredAttachments;

/// A message with all its stored fields except the player, as JSON of an export or an archive.
#[derive(Debug, Queryable, QueryableByName, Selectable, Serialize, Deserialize)]
#[diesel(table_name = chat_messages)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord {
    /// The message's id.
    #[diesel(column_name = id)]
    pub message_id: Uuid,
    /// The session to which it belongs.
    pub session_id: Uuid,
    /// Its `seq` in the conversation.
    pub seq: i64,
    /// `player` or `staff`.
    pub sender_type: String,
    /// The portal's id of the sender.
    pub sender_id: Option<String>,
    /// The sender's name.
    pub sender_name: Option<String>,
    /// The text. Empty once the message is erased.
    pub content: String,
    /// When it was accepted.
    #[serde(with = "chat::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// When it was persisted.
    #[serde(with = "chat::timestamp")]
    pub persisted_at: DateTime<Utc>,
    /// Its files; `None` for a message without files and once the message is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachments: Option<StoredAttachments>,
}
