//! What a batch must know before it is written, but for sessions.

use std::collections::{HashMap, HashSet};

use database::schema::{
    chat_archived_messages, chat_conversations, chat_messages, chat_sessions, chat_status_changes,
};
use diesel::{
    ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
    dsl::sql,
    sql_query,
    sql_types::{Array, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared::chat::{Message, RequestedStatus, SenderType, StatusChange};
use uuid::Uuid;

use super::{Locks, StoreError};
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

/// Conversations that are locked until the transaction ends.
#[derive(Debug, Default)]
pub(super) struct LockedConversations {
    pub rows: Vec<Conversation>,
    /// The database's clock right after the last of them was locked.
    pub clock: Option<Time>,
}

/// Locks the conversations, in the order of their ids, until the transaction ends. With
/// [`Locks::Skip`] those that another transaction holds are left out.
pub(super) async fn lock_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&str],
    locks: Locks,
) -> Result<LockedConversations, StoreError> {
    let select = chat_conversations::table
        .filter(chat_conversations::player_id.eq_any(players))
        .order(chat_conversations::player_id)
        .select((Conversation::as_select(), sql::<Timestamptz>("clock_timestamp()")))
        .for_no_key_update();
    let rows: Vec<(Conversation, Time)> = match locks {
        Locks::Wait => select.load(connection).await?,
        Locks::Skip => select.skip_locked().load(connection).await?,
    };
    let clock = rows.iter().map(|(_, clock)| *clock).max();
    let rows = rows.into_iter().map(|(conversation, _)| conversation).collect();
    Ok(LockedConversations { rows, clock })
}

/// The players among those of `conversations` whose latest session another transaction has locked.
/// The others' sessions are locked until the transaction ends.
pub(super) async fn with_locked_sessions(
    connection: &mut AsyncPgConnection,
    conversations: &[Conversation],
) -> Result<HashSet<String>, StoreError> {
    let latest: Vec<_> =
        conversations.iter().filter_map(|conversation| conversation.session_id).collect();
    let free: HashSet<Uuid> = chat_sessions::table
        .filter(chat_sessions::id.eq_any(latest))
        .order(chat_sessions::id)
        .select(chat_sessions::id)
        .for_no_key_update()
        .skip_locked()
        .load(connection)
        .await?
        .into_iter()
        .collect();
    let is_locked = |conversation: &&Conversation| {
        conversation.session_id.is_some_and(|session| !free.contains(&session))
    };
    let locked = conversations.iter().filter(is_locked);
    Ok(locked.map(|conversation| conversation.player_id.clone()).collect())
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

/// A stretch of a stored session between two resolutions, both ends included.
#[derive(Debug)]
pub(super) struct Stretch {
    pub player_id: String,
    pub session_id: Uuid,
    pub from: Time,
    /// Open at its end without one.
    pub through: Option<Time>,
}

/// Of each stretch the messages that decide how its session is cut, by session: the first and the last,
/// the player's first with its neighbour before, and staff's first with the one after the player's.
/// However long a session is, these are enough; see [`crate::timeline::Timeline::add_cut`].
pub(super) async fn deciding_messages(
    connection: &mut AsyncPgConnection,
    stretches: &[Stretch],
) -> Result<HashMap<Uuid, Vec<StoredMessage>>, StoreError> {
    let mut by_session: HashMap<Uuid, Vec<StoredMessage>> = HashMap::new();
    if stretches.is_empty() {
        return Ok(by_session);
    }
    let rows: Vec<DecidingMessage> = sql_query(DECIDING_MESSAGES)
        .bind::<Array<Text>, _>(column(stretches, |stretch| stretch.player_id.as_str()))
        .bind::<Array<SqlUuid>, _>(column(stretches, |stretch| stretch.session_id))
        .bind::<Array<Timestamptz>, _>(column(stretches, |stretch| stretch.from))
        .bind::<Array<Nullable<Timestamptz>>, _>(column(stretches, |stretch| stretch.through))
        .load(connection)
        .await?;
    for row in rows {
        let staff = row.sender_type == SenderType::Staff.as_str();
        let sender_type = if staff { SenderType::Staff } else { SenderType::Player };
        let message = StoredMessage { id: row.id, accepted_at: row.accepted_at, sender_type };
        by_session.entry(row.session_id).or_default().push(message);
    }
    Ok(by_session)
}

#[derive(QueryableByName)]
struct DecidingMessage {
    #[diesel(sql_type = SqlUuid)]
    session_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: Time,
    #[diesel(sql_type = Text)]
    sender_type: String,
}

/// Each part reads the index on (`player_id`, `accepted_at`, `id`) from one end until the first hit.
const DECIDING_MESSAGES: &str = "
    SELECT stretch.session_id, m.id, m.accepted_at, m.sender_type
    FROM unnest($1, $2, $3, $4) AS stretch (player_id, session_id, since, through)
    LEFT JOIN LATERAL (
        SELECT p.id, p.accepted_at FROM chat_messages p
        WHERE p.player_id = stretch.player_id AND p.session_id = stretch.session_id
            AND p.accepted_at >= stretch.since
            AND p.accepted_at <= coalesce(stretch.through, 'infinity')
            AND p.sender_type = 'player'
        ORDER BY p.accepted_at, p.id LIMIT 1
    ) AS asked ON true
    CROSS JOIN LATERAL (
        (SELECT p.id, p.accepted_at, p.sender_type FROM chat_messages p
         WHERE p.player_id = stretch.player_id AND p.session_id = stretch.session_id
            AND p.accepted_at >= stretch.since
            AND p.accepted_at <= coalesce(stretch.through, 'infinity')
         ORDER BY p.accepted_at, p.id LIMIT 1)
        UNION
        (SELECT p.id, p.accepted_at, p.sender_type FROM chat_messages p
         WHERE p.player_id = stretch.player_id AND p.session_id = stretch.session_id
            AND p.accepted_at >= stretch.since
            AND p.accepted_at <= coalesce(stretch.through, 'infinity')
         ORDER BY p.accepted_at DESC, p.id DESC LIMIT 1)
        UNION
        SELECT asked.id, asked.accepted_at, 'player' WHERE asked.id IS NOT NULL
        UNION
        (SELECT p.id, p.accepted_at, p.sender_type FROM chat_messages p
         WHERE p.player_id = stretch.player_id AND p.session_id = stretch.session_id
            AND p.accepted_at >= stretch.since
            AND (p.accepted_at, p.id) < (asked.accepted_at, asked.id)
         ORDER BY p.accepted_at DESC, p.id DESC LIMIT 1)
        UNION
        (SELECT p.id, p.accepted_at, p.sender_type FROM chat_messages p
         WHERE p.player_id = stretch.player_id AND p.session_id = stretch.session_id
            AND p.accepted_at <= coalesce(stretch.through, 'infinity')
            AND (p.accepted_at, p.id) > (asked.accepted_at, asked.id)
            AND p.sender_type = 'staff'
         ORDER BY p.accepted_at, p.id LIMIT 1)
    ) AS m";

/// One column of `rows`, as a statement takes it.
pub(super) fn column<'a, Row, Value>(
    rows: &'a [Row],
    value: impl Fn(&'a Row) -> Value,
) -> Vec<Value> {
    rows.iter().map(value).collect()
}
