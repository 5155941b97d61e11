//! Rows of the database, as a batch reads them.

use chat::{PlayerId, SessionStatus, StatusChange};
use chrono::{DateTime, Utc};
use database::schema::chat_conversations;
use diesel::{Queryable, Selectable};
use uuid::Uuid;

use super::identity::Identity;

/// A conversation.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = chat_conversations)]
pub(super) struct ConversationRow {
    #[diesel(deserialize_as = String)]
    pub player_id: PlayerId,
    pub last_seq: i64,
    pub session_id: Option<Uuid>,
    pub status: Option<String>,
    pub last_message_id: Option<Uuid>,
    pub last_message_at: Option<DateTime<Utc>>,
    pub erased_through: Option<DateTime<Utc>>,
    pub unanswered: i16,
    pub waiting_since: Option<DateTime<Utc>>,
    pub answered_at: Option<DateTime<Utc>>,
    pub counted_seq: Option<i64>,
}

impl ConversationRow {
    /// The status that the inbox shows, where the latest session has `status`. A conversation whose
    /// messages are all archived or erased is in no inbox.
    pub fn inbox_status(&self, status: SessionStatus) -> Option<&'static str> {
        let is_erased = self.erased_through >= self.last_message_at;
        (self.last_message_id.is_some() && !is_erased).then(|| status.as_str())
    }
}

/// A stored or archived message that has the id of a message of the batch.
#[derive(Debug)]
pub(super) struct StoredMessage {
    pub player_id: String,
    /// Unknown once the message is archived.
    pub sender_type: Option<String>,
    /// Unknown once the message is erased or archived.
    pub content: Option<String>,
    /// Unknown once the message is archived.
    pub session_id: Option<Uuid>,
}

impl StoredMessage {
    pub fn identity(&self) -> Identity<'_> {
        Identity {
            player_id: &self.player_id,
            sender_type: self.sender_type.as_deref(),
            content: self.content.as_deref(),
        }
    }
}

/// A stored status change.
#[derive(Debug)]
pub(super) struct StoredChange {
    pub change: StatusChange,
    pub effective: bool,
}
