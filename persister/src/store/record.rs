//! A message as it leaves the database, for good or in a copy.

use chrono::{DateTime, Utc};
use database::schema::chat_messages;
use diesel::{Queryable, QueryableByName, Selectable};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A message with all that is stored of it, as an export and an archive have it in JSON. Whose
/// conversation it belongs to stands beside it.
#[derive(Debug, Queryable, QueryableByName, Selectable, Serialize, Deserialize)]
#[diesel(table_name = chat_messages)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord {
    /// Its id.
    #[diesel(column_name = id)]
    pub message_id: Uuid,
    /// The session that it belongs to.
    pub session_id: Uuid,
    /// Its number in the conversation.
    pub seq: i64,
    /// `player` or `staff`.
    pub sender_type: String,
    /// Who sent it, as the portal knows them.
    pub sender_id: Option<String>,
    /// What the sender is called.
    pub sender_name: Option<String>,
    /// What it says. Empty when it was erased.
    pub content: String,
    /// When it was accepted.
    #[serde(with = "chat::timestamp")]
    pub accepted_at: DateTime<Utc>,
    /// When it was persisted.
    #[serde(with = "chat::timestamp")]
    pub persisted_at: DateTime<Utc>,
}
