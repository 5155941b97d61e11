//! What a batch must know before it is written, but for sessions.

use std::collections::HashMap;

use database::schema::{
    chat_archived_messages, chat_conversations, chat_messages, chat_status_changes,
};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared::chat::{Message, RequestedStatus, SenderType, SessionState, StatusChange};
use uuid::Uuid;

use super::StoreError;
use crate::timeline::{StoredMessage, Time};

/// A conversation as it is stored.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = chat_conversations)]
pub(super) struct Conversation {
    pub player_id: String,
    pub last_seq: i64,
    pub session_id: Option<Uuid>,
    pub status: Option<String>,
    pub last_message_id: Option<Uuid>,
    pub last_message_at: Option<Time>,
    pub erased_through: Option<Time>,
    pub unanswered: i16,
    pub waiting_since: Option<Time>,
    pub answered_at: Option<Time>,
    pub counted_seq: Option<i64>,
}

/// A message of the batch that is stored already.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = chat_messages)]
pub(super) struct Kept {
    id: Uuid,
    player_id: String,
    session_id: Uuid,
    sender_type: String,
    content: String,
}

/// What has the id of a message of the batch already.
#[derive(Debug)]
pub(super) enum Existing {
    Kept(Kept),
    /// A message of this player's conversation that was archived.
    Archived(String),
}

impl Existing {
    /// Whether `message` is this message sent again. What one said that was erased or archived, nobody
    /// here knows any more.
    pub fn is(&self, message: &Message) -> bool {
        match self {
            Self::Kept(kept) => {
                kept.player_id == message.player_id.as_str()
                    && kept.sender_type == message.sender_type.as_str()
                    && (kept.content.is_empty() || kept.content == message.content.as_str())
            }
            Self::Archived(player_id) => player_id == message.player_id.as_str(),
        }
    }

    /// The session that it belongs to, while it is kept.
    pub fn session_id(&self) -> Option<Uuid> {
        match self {
            Self::Kept(kept) => Some(kept.session_id),
            Self::Archived(_) => None,
        }
    }
}

/// A status change as it is stored.
#[derive(Debug)]
pub(super) struct Change {
    pub player_id: String,
    pub status: RequestedStatus,
    pub accepted_at: Time,
}

impl Change {
    /// Whether `change` is this change asked for again.
    pub fn is(&self, change: &StatusChange) -> bool {
        self.player_id == change.player_id.as_str() && self.status == change.status
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = chat_status_changes)]
struct ChangeRow {
    player_id: String,
    status: String,
    accepted_at: Time,
}

impl ChangeRow {
    fn known(self) -> Option<Change> {
        let statuses = [RequestedStatus::Active, RequestedStatus::Resolved];
        let status = statuses.into_iter().find(|it| it.as_str() == self.status)?;
        Some(Change { player_id: self.player_id, status, accepted_at: self.accepted_at })
    }
}

/// Whether there are rows of all the conversations, none of which ever goes again.
pub(super) async fn are_all_there(
    connection: &mut AsyncPgConnection,
    players: &[&str],
) -> Result<bool, StoreError> {
    let there: i64 = chat_conversations::table
        .filter(chat_conversations::player_id.eq_any(players))
        .count()
        .get_result(connection)
        .await?;
    Ok(usize::try_from(there) == Ok(players.len()))
}

/// Locks the conversations, in the order of their ids, until the transaction ends.
pub(super) async fn lock_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&str],
) -> Result<Vec<Conversation>, StoreError> {
    Ok(chat_conversations::table
        .filter(chat_conversations::player_id.eq_any(players))
        .order(chat_conversations::player_id)
        .for_no_key_update()
        .select(Conversation::as_select())
        .load(connection)
        .await?)
}

/// What is stored or archived under the ids of the messages.
pub(super) async fn messages_by_id(
    connection: &mut AsyncPgConnection,
    messages: &[&Message],
) -> Result<HashMap<Uuid, Existing>, StoreError> {
    let ids: Vec<_> = messages.iter().map(|it| it.message_id).collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    // Both are asked at once, and PostgreSQL answers one connection in turn: one that is archived in
    // between, out of a conversation that nobody holds here, is found by both rather than by neither.
    let mut connection: &AsyncPgConnection = connection;
    let mut again = connection;
    let kept = chat_messages::table
        .filter(chat_messages::id.eq_any(&ids))
        .select(Kept::as_select())
        .load(&mut connection);
    let archived = chat_archived_messages::table
        .filter(chat_archived_messages::id.eq_any(&ids))
        .select((chat_archived_messages::id, chat_archived_messages::player_id))
        .load::<(Uuid, String)>(&mut again);
    let (kept, archived) = tokio::try_join!(biased; kept, archived)?;
    let archived = archived.into_iter().map(|(id, player)| (id, Existing::Archived(player)));
    let mut existing: HashMap<_, _> = archived.collect();
    existing.extend(kept.into_iter().map(|it| (it.id, Existing::Kept(it))));
    Ok(existing)
}

/// The status changes of the conversations that were accepted at `earliest` or later.
pub(super) async fn changes_since(
    connection: &mut AsyncPgConnection,
    players: &[&str],
    earliest: Time,
) -> Result<Vec<Change>, StoreError> {
    let rows: Vec<ChangeRow> = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq_any(players))
        .filter(chat_status_changes::accepted_at.ge(earliest))
        .select(ChangeRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(ChangeRow::known).collect())
}

/// The status changes with these ids, by id.
pub(super) async fn changes_by_id(
    connection: &mut AsyncPgConnection,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Change>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Uuid, ChangeRow)> = chat_status_changes::table
        .filter(chat_status_changes::id.eq_any(ids))
        .select((chat_status_changes::id, ChangeRow::as_select()))
        .load(connection)
        .await?;
    Ok(rows.into_iter().filter_map(|(id, row)| Some((id, row.known()?))).collect())
}

/// All messages of the sessions, by session.
pub(super) async fn messages_of(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionState],
) -> Result<HashMap<Uuid, Vec<StoredMessage>>, StoreError> {
    let mut by_session: HashMap<Uuid, Vec<StoredMessage>> = HashMap::new();
    if sessions.is_empty() {
        return Ok(by_session);
    }
    // The index is by player, which makes this the players' messages of those sessions' times.
    let players: Vec<_> = sessions.iter().map(|it| it.player_id.as_str()).collect();
    let ids: Vec<_> = sessions.iter().map(|it| it.id).collect();
    let opened_at = sessions.iter().map(|it| it.opened_at).min();
    let rows: Vec<(Uuid, Uuid, Time, String)> = chat_messages::table
        .filter(chat_messages::player_id.eq_any(players))
        .filter(chat_messages::accepted_at.ge(opened_at.unwrap_or_default()))
        .filter(chat_messages::session_id.eq_any(ids))
        .select((
            chat_messages::session_id,
            chat_messages::id,
            chat_messages::accepted_at,
            chat_messages::sender_type,
        ))
        .load(connection)
        .await?;
    for (session_id, id, accepted_at, sender_type) in rows {
        let staff = sender_type == SenderType::Staff.as_str();
        let sender_type = if staff { SenderType::Staff } else { SenderType::Player };
        let message = StoredMessage { id, accepted_at, sender_type };
        by_session.entry(session_id).or_default().push(message);
    }
    Ok(by_session)
}
