//! Rows of the database, as a batch reads them.

use chat::{PlayerId, SessionStatus, StatusChange};
use chrono::{DateTime, Utc};
use database::schema::chat_conversations;
use diesel::{
    Queryable, QueryableByName, Selectable,
    deserialize::{self, FromSql, FromSqlRow},
    pg::{Pg, PgValue},
    sql_types::{Array, Nullable, Text, Uuid as SqlUuid},
};
use uuid::Uuid;

use super::identity::Identity;

/// The key of a message or of a status change: its player and its id.
pub(super) type Key = (PlayerId, Uuid);

/// The key of a status change.
pub(super) fn key_of(change: &StatusChange) -> Key {
    (change.player_id.clone(), change.change_id)
}

/// A player's id, as a row has it.
#[derive(Debug, FromSqlRow)]
pub(super) struct StoredPlayer(PlayerId);

impl FromSql<Text, Pg> for StoredPlayer {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(<String as FromSql<Text, Pg>>::from_sql(bytes)?.try_into()?))
    }
}

impl From<StoredPlayer> for PlayerId {
    fn from(stored: StoredPlayer) -> Self {
        stored.0
    }
}

/// A conversation.
#[derive(Debug, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chat_conversations)]
pub(super) struct ConversationRow {
    #[diesel(deserialize_as = StoredPlayer)]
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
    /// When the latest stored change of what staff keeps about a session was accepted.
    pub desk_changed_at: Option<DateTime<Utc>>,
}

impl ConversationRow {
    /// The status that the inbox shows, where the latest session has `status`. A conversation whose
    /// messages are all archived or erased is in no inbox.
    pub fn inbox_status(&self, status: SessionStatus) -> Option<&'static str> {
        let is_erased = self.erased_through >= self.last_message_at;
        (self.last_message_id.is_some() && !is_erased).then(|| status.as_str())
    }
}

/// A stored or archived message that has the key of a message of the batch.
#[derive(Debug, QueryableByName)]
pub(super) struct StoredMessage {
    /// Unknown once the message is archived.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub session_id: Option<Uuid>,
    /// Unknown once the message is archived.
    #[diesel(sql_type = Nullable<Text>)]
    pub sender_type: Option<String>,
    /// Unknown once the message is erased or archived.
    #[diesel(sql_type = Nullable<Text>)]
    pub content: Option<String>,
    /// The ids of its files. Unknown once the message is erased or archived.
    #[diesel(sql_type = Nullable<Array<SqlUuid>>)]
    pub attachment_ids: Option<Vec<Uuid>>,
}

impl StoredMessage {
    pub fn identity(&self) -> Identity<'_> {
        Identity {
            sender_type: self.sender_type.as_deref(),
            content: self.content.as_deref(),
            attachment_ids: self.attachment_ids.clone(),
        }
    }
}

/// A stored status change.
#[derive(Debug)]
pub(super) struct StoredStatusChange {
    pub change: StatusChange,
    pub effective: bool,
}
