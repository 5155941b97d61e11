use std::collections::HashMap;

use chrono::{DateTime, Utc};
use tokio_postgres::Client;
use uuid::Uuid;

/// The content of the database.
#[derive(Clone, Debug, Default)]
pub struct Stored {
    /// The messages, by player.
    pub messages: HashMap<String, Vec<StoredMessage>>,
    /// The status changes, by player.
    pub changes: HashMap<String, Vec<StoredChange>>,
    /// The assignments, by player, in the order in which they were accepted.
    pub assignments: HashMap<String, Vec<StoredAssignment>>,
    /// The sessions, by id.
    pub sessions: HashMap<Uuid, StoredSession>,
    /// The last assigned `seq`, by player.
    pub last_seq: HashMap<String, i64>,
}

/// A row of `chat_messages`.
#[derive(Clone, Debug)]
pub struct StoredMessage {
    /// The message id.
    pub id: Uuid,
    /// The session id.
    pub session: Uuid,
    /// The number in the conversation.
    pub seq: i64,
    /// Whether staff sent it.
    pub by_staff: bool,
    /// The content.
    pub content: String,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// When it was persisted.
    pub persisted_at: DateTime<Utc>,
}

/// A row of `chat_status_changes`.
#[derive(Clone, Debug)]
pub struct StoredChange {
    /// The change's id.
    pub id: Uuid,
    /// Whether it resolves the session; otherwise it assigns it.
    pub resolves: bool,
    /// Whether it took effect.
    pub effective: bool,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
}

/// A row of `chat_assignments`.
#[derive(Clone, Debug)]
pub struct StoredAssignment {
    /// The change's id.
    pub id: Uuid,
    /// The member of the staff who claims the session; `None` for a release.
    pub claimant: Option<String>,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
}

/// A row of `chat_sessions`.
#[derive(Clone, Debug)]
pub struct StoredSession {
    /// The player.
    pub player: String,
    /// `pending`, `active` or `resolved`.
    pub status: String,
    /// When its first message was accepted.
    pub opened_at: DateTime<Utc>,
    /// When its last message was accepted.
    pub last_message_at: DateTime<Utc>,
    /// When it was resolved.
    pub resolved_at: Option<DateTime<Utc>>,
    /// The member of the staff who has it.
    pub assignee: Option<String>,
}

impl Stored {
    /// Reads all rows.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn read(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let mut stored = Self::default();
        let messages = "SELECT player_id, id, session_id, seq, sender_type = 'staff', content, \
                        accepted_at, persisted_at FROM chat_messages";
        for row in client.query(messages, &[]).await? {
            stored.messages.entry(row.try_get(0)?).or_default().push(StoredMessage {
                id: row.try_get(1)?,
                session: row.try_get(2)?,
                seq: row.try_get(3)?,
                by_staff: row.try_get(4)?,
                content: row.try_get(5)?,
                accepted_at: row.try_get(6)?,
                persisted_at: row.try_get(7)?,
            });
        }
        let changes = "SELECT player_id, id, status = 'resolved', effective, accepted_at \
                       FROM chat_status_changes";
        for row in client.query(changes, &[]).await? {
            stored.changes.entry(row.try_get(0)?).or_default().push(StoredChange {
                id: row.try_get(1)?,
                resolves: row.try_get(2)?,
                effective: row.try_get(3)?,
                accepted_at: row.try_get(4)?,
            });
        }
        let assignments = "SELECT player_id, id, CASE action WHEN 'claim' THEN assignee_id END, \
                           accepted_at FROM chat_assignments ORDER BY accepted_at, id";
        for row in client.query(assignments, &[]).await? {
            stored.assignments.entry(row.try_get(0)?).or_default().push(StoredAssignment {
                id: row.try_get(1)?,
                claimant: row.try_get(2)?,
                accepted_at: row.try_get(3)?,
            });
        }
        // The conversation's row holds the time of an open session's last message.
        let sessions = "SELECT s.id, s.player_id, s.status, s.opened_at, CASE WHEN s.resolved_at IS \
                            NULL THEN c.last_message_at ELSE s.last_message_at END, s.resolved_at, \
                            s.assignee_id \
                        FROM chat_sessions s JOIN chat_conversations c USING (player_id)";
        for row in client.query(sessions, &[]).await? {
            let session = StoredSession {
                player: row.try_get(1)?,
                status: row.try_get(2)?,
                opened_at: row.try_get(3)?,
                last_message_at: row.try_get(4)?,
                resolved_at: row.try_get(5)?,
                assignee: row.try_get(6)?,
            };
            stored.sessions.insert(row.try_get(0)?, session);
        }
        for row in client.query("SELECT player_id, last_seq FROM chat_conversations", &[]).await? {
            stored.last_seq.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(stored)
    }
}
