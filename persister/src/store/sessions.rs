//! Sessions, as a batch reads them.

use chat::{
    Language, Name, PlayerId, Priority, SenderId, SessionState, SessionStatus, StaffFacts, Tag,
    Team,
};
use chrono::{DateTime, Utc};
use database::{
    LastMessageAt, last_message_at,
    schema::{chat_conversations, chat_sessions},
};
use diesel::{
    ExpressionMethods, QueryDsl, Queryable, QueryableByName, Selectable, SelectableHelper,
    sql_types::{Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use super::{
    error::StoreError,
    rows::{ConversationRow, Key, StoredPlayer},
    statement::Statement,
};

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chat_sessions)]
struct SessionRow {
    id: Uuid,
    #[diesel(deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    player_name: Option<String>,
    status: String,
    opened_at: DateTime<Utc>,
    #[diesel(
        select_expression = last_message_at(),
        select_expression_type = LastMessageAt
    )]
    last_message_at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    version: i64,
    actor_id: Option<String>,
    actor_name: Option<String>,
    assignee_id: Option<String>,
    assignee_name: Option<String>,
    assigned_at: Option<DateTime<Utc>>,
    team: Option<String>,
    tags: Vec<Option<String>>,
    priority: i16,
    language: Option<String>,
}

/// The sessions of the conversations that a batch can change whose first event was accepted at
/// `earliest`: each conversation's latest, the others that were resolved at `earliest` or later,
/// and the last one resolved before, to which staff's messages after it belong.
pub(super) async fn since(
    connection: &mut AsyncPgConnection,
    conversations: &[ConversationRow],
    earliest: DateTime<Utc>,
) -> Result<Vec<SessionState>, StoreError> {
    let key = |row: &ConversationRow| Some((row.player_id.clone(), row.session_id?));
    let latest: Vec<_> = conversations.iter().filter_map(key).collect();
    let mut sessions = by_key(connection, &latest).await?;
    // Every session was resolved before the next was opened. Where the latest was open at
    // `earliest`, the batch can change no other.
    let opened_since: Vec<_> =
        sessions.iter().filter(|session| session.opened_at > earliest).collect();
    if opened_since.is_empty() {
        return Ok(sessions);
    }
    let latest: Vec<_> = opened_since.iter().map(|session| session.id).collect();
    let players: Vec<_> = opened_since.iter().map(|session| session.player_id.as_str()).collect();
    let over = chat_sessions::table
        .inner_join(chat_conversations::table)
        .filter(chat_sessions::player_id.eq_any(players.clone()))
        .filter(chat_sessions::resolved_at.lt(earliest))
        .distinct_on(chat_sessions::player_id)
        .order((chat_sessions::player_id, chat_sessions::resolved_at.desc()))
        .select(SessionRow::as_select())
        .load(connection)
        .await?;
    let rows = chat_sessions::table
        .inner_join(chat_conversations::table)
        .filter(chat_sessions::player_id.eq_any(players))
        .filter(chat_sessions::resolved_at.ge(earliest))
        .filter(chat_sessions::id.ne_all(&latest))
        .select(SessionRow::as_select())
        .load(connection)
        .await?;
    sessions.extend(to_states(rows)?);
    sessions.extend(to_states(over)?);
    Ok(sessions)
}

/// The sessions with these keys.
///
/// # Errors
/// See [`StoreError`].
pub async fn by_key(
    connection: &mut AsyncPgConnection,
    keys: &[Key],
) -> Result<Vec<SessionState>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows = Statement::new(
        "SELECT s.id, s.player_id, s.player_name, s.status, s.opened_at, s.resolved_at, s.version,
             s.actor_id, s.actor_name, s.assignee_id, s.assignee_name, s.assigned_at, s.team, s.tags,
             s.priority, s.language,
             CASE WHEN s.resolved_at IS NULL THEN c.last_message_at ELSE s.last_message_at END
                 AS last_message_at
         FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_sessions s ON s.player_id = key.player_id AND s.id = key.id
         JOIN chat_conversations c ON c.player_id = key.player_id",
    )
    .column::<Text, _, _>(keys, |(player_id, _)| player_id.as_str())
    .column::<SqlUuid, _, _>(keys, |(_, id)| *id)
    .load(connection)
    .await?;
    to_states(rows)
}

fn to_states(rows: Vec<SessionRow>) -> Result<Vec<SessionState>, StoreError> {
    rows.into_iter().map(SessionState::try_from).collect()
}

impl TryFrom<SessionRow> for SessionState {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let unknown =
            || StoreError::Unavailable(format!("session {} has an unknown status", row.id));
        Ok(Self {
            id: row.id,
            player_id: row.player_id,
            player_name: row.player_name.and_then(|name| Name::try_from(name).ok()),
            status: SessionStatus::from_name(&row.status).ok_or_else(unknown)?,
            opened_at: row.opened_at,
            last_message_at: row.last_message_at,
            resolved_at: row.resolved_at,
            version: row.version,
            staff: StaffFacts {
                actor_id: row.actor_id.and_then(|id| SenderId::try_from(id).ok()),
                actor_name: row.actor_name.and_then(|name| Name::try_from(name).ok()),
                stale_change_ids: Vec::new(),
                assignee_id: row.assignee_id.and_then(|id| SenderId::try_from(id).ok()),
                assignee_name: row.assignee_name.and_then(|name| Name::try_from(name).ok()),
                assigned_at: row.assigned_at,
                team: row.team.and_then(|team| Team::try_from(team).ok()),
                tags: row.tags.into_iter().flatten().flat_map(Tag::try_from).collect(),
                priority: Priority::from_number(row.priority).unwrap_or_default(),
                language: row.language.and_then(|language| Language::try_from(language).ok()),
            },
        })
    }
}
