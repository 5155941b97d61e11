//! Which conversations wait for staff, and since when. The inbox shows it; it is updated under the
//! conversation's lock.
//!
//! A player waits while the open session has messages of theirs that were accepted after staff's
//! last. So the count follows from the messages and not from the order in which they arrive. Most
//! batches add to the stored count; where that is not enough, [`recount`] reads the messages.

use chat::{Message, PlayerId, SenderType, SessionState, SessionStatus};
use chrono::{DateTime, Utc};
use diesel::{
    sql_query,
    sql_types::{Array, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{error::StoreError, rows::ConversationRow};

/// Upper bound of the count of unanswered messages. A client shows it as "99+".
const MAX_UNANSWERED: i16 = 100;

/// The unanswered messages that a batch adds to one conversation. It receives the batch's messages
/// in the order of their times.
#[derive(Debug)]
pub(super) struct Waiting {
    stored: Stored,
    answered_at: Option<DateTime<Utc>>,
    /// The session of the last message that was added.
    session_id: Option<Uuid>,
    /// The batch's unanswered messages of that session.
    unanswered: i16,
    since: Option<DateTime<Utc>>,
}

/// The conversation before the batch.
#[derive(Debug)]
struct Stored {
    /// The open session.
    session_id: Option<Uuid>,
    answered_at: Option<DateTime<Utc>>,
    last_message_at: Option<DateTime<Utc>>,
}

impl Waiting {
    pub fn new(row: &ConversationRow) -> Self {
        let resolved = Some(SessionStatus::Resolved.as_str());
        let is_open = row.status.is_some() && row.status.as_deref() != resolved;
        let stored = Stored {
            session_id: row.session_id.filter(|_| is_open),
            answered_at: row.answered_at,
            last_message_at: row.last_message_at,
        };
        let answered_at = stored.answered_at;
        Self { stored, answered_at, session_id: None, unanswered: 0, since: None }
    }

    /// When staff's last message was accepted.
    pub fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.answered_at
    }

    pub fn add(&mut self, message: &Message, session_id: Uuid, erased: bool) {
        let at = message.accepted_at;
        if self.session_id != Some(session_id) {
            (self.session_id, self.unanswered, self.since) = (Some(session_id), 0, None);
        }
        match message.sender_type {
            SenderType::Staff if self.answered_at < Some(at) => {
                (self.answered_at, self.unanswered, self.since) = (Some(at), 0, None);
            }
            SenderType::Player if self.answered_at < Some(at) && !erased => {
                self.unanswered = (self.unanswered + 1).min(MAX_UNANSWERED);
                self.since = self.since.or(Some(at));
            }
            SenderType::Staff | SenderType::Player => {}
        }
    }

    /// Updates `row`, whose latest session is `latest`. `is_new` says whether the batch opened that
    /// session, and `moved` whether messages moved between sessions. Returns whether the
    /// conversation must be counted anew.
    pub fn finish(
        self,
        row: &mut ConversationRow,
        latest: &SessionState,
        is_new: bool,
        moved: bool,
    ) -> bool {
        let stored = self.stored;
        row.answered_at = self.answered_at;
        let (added, added_since) = match self.session_id {
            Some(session_id) if session_id == latest.id => (self.unanswered, self.since),
            _ => (0, None),
        };
        if latest.resolved_at.is_some() {
            (row.unanswered, row.waiting_since) = (0, None);
            return false;
        }
        if is_new && !moved {
            (row.unanswered, row.waiting_since) = (added, added_since);
            return false;
        }
        if stored.session_id != Some(latest.id) || moved {
            return true;
        }
        if stored.answered_at < self.answered_at {
            // The batch has an answer. Stored messages may be later than the answer.
            (row.unanswered, row.waiting_since) = (added, added_since);
            return self.answered_at < stored.last_message_at;
        }
        row.unanswered = (row.unanswered + added).min(MAX_UNANSWERED);
        row.waiting_since = row.waiting_since.into_iter().chain(added_since).min();
        false
    }
}

/// Counts the unanswered messages of the conversations anew, by the index of their order, up to 100
/// of each. The caller holds the conversations' locks.
pub(super) async fn recount(
    connection: &mut AsyncPgConnection,
    players: &[PlayerId],
) -> Result<(), StoreError> {
    if players.is_empty() {
        return Ok(());
    }
    sql_query(
        "UPDATE chat_conversations AS c SET
             unanswered = new.unanswered,
             waiting_since = new.waiting_since
         FROM (
             SELECT stored.player_id, waiting.*
             FROM chat_conversations stored
             LEFT JOIN chat_sessions s ON s.player_id = stored.player_id
                 AND s.id = stored.session_id AND s.resolved_at IS NULL
             CROSS JOIN LATERAL (
                 SELECT count(*) AS unanswered, min(accepted_at) AS waiting_since FROM (
                     SELECT m.accepted_at FROM chat_messages m
                     WHERE m.player_id = stored.player_id AND m.accepted_at >= s.opened_at
                         AND m.accepted_at > greatest(
                             stored.answered_at, stored.erased_through, '-infinity')
                         AND m.sender_type = 'player'
                     ORDER BY m.accepted_at, m.id LIMIT 100
                 ) AS first
             ) AS waiting
             WHERE stored.player_id = ANY ($1)
         ) AS new
         WHERE c.player_id = new.player_id",
    )
    .bind::<Array<Text>, _>(players.iter().map(PlayerId::as_str).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}
