//! What a batch reads before it is written, except sessions.

use std::collections::{HashMap, HashSet};

use chat::{Message, Name, PlayerId, RequestedStatus, SenderId, SenderType, StatusChange};
use chrono::{DateTime, Utc};
use database::schema::{chat_messages, chat_status_changes};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, Queryable,
    QueryableByName, Selectable, SelectableHelper,
    sql_types::{Text, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join_all;
use uuid::Uuid;

use super::{
    attempt::Attempt,
    error::StoreError,
    rows::{Key, StoredMessage, StoredPlayer, StoredStatusChange},
    statement::Statement,
};
use crate::timeline::{Need, PlacedMessage};

/// A stored session whose messages are needed.
pub(super) struct NeededMessages {
    pub player_id: PlayerId,
    pub session_id: Uuid,
    /// When the first message that is needed was accepted.
    pub since: DateTime<Utc>,
    pub need: Need,
}

/// What the author of a new change had seen of a session. The change has no effect if the player
/// had written more by then.
pub(super) struct LastSeen<'a> {
    pub player_id: &'a PlayerId,
    pub session_id: Uuid,
    pub change_id: Uuid,
    pub last_seq: i64,
    pub accepted_at: DateTime<Utc>,
}

#[derive(Queryable, QueryableByName, Selectable)]
#[diesel(table_name = chat_status_changes)]
struct StatusChangeRow {
    id: Uuid,
    #[diesel(deserialize_as = StoredPlayer)]
    player_id: PlayerId,
    status: String,
    accepted_at: DateTime<Utc>,
    session_id: Option<Uuid>,
    last_seq: Option<i64>,
    actor_id: Option<String>,
    actor_name: Option<String>,
    effective: bool,
}

impl TryFrom<StatusChangeRow> for StoredStatusChange {
    type Error = StoreError;

    fn try_from(row: StatusChangeRow) -> Result<Self, StoreError> {
        let statuses = [RequestedStatus::Active, RequestedStatus::Resolved];
        let status = statuses.into_iter().find(|status| status.as_str() == row.status);
        let unknown =
            || StoreError::Unavailable(format!("change {} has an unknown status", row.id));
        let change = StatusChange {
            change_id: row.id,
            player_id: row.player_id,
            status: status.ok_or_else(unknown)?,
            accepted_at: row.accepted_at,
            session_id: row.session_id,
            last_seq: row.last_seq,
            actor_id: row.actor_id.and_then(|id| SenderId::try_from(id).ok()),
            actor_name: row.actor_name.and_then(|name| Name::try_from(name).ok()),
            traceparent: None,
        };
        Ok(Self { change, effective: row.effective })
    }
}

/// The stored and archived messages that have the key of one of `messages`, by key.
pub(super) async fn messages_by_key(
    connection: &mut AsyncPgConnection,
    messages: &[&Message],
) -> Result<HashMap<Key, StoredMessage>, StoreError> {
    if messages.is_empty() {
        return Ok(HashMap::new());
    }
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text, deserialize_as = StoredPlayer)]
        player_id: PlayerId,
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
        #[diesel(embed)]
        message: StoredMessage,
    }
    let keys = |before, after| {
        Statement::new(before, after)
            .column::<Text, _, _>(messages, |message| message.player_id.as_str())
            .column::<SqlUuid, _, _>(messages, |message| message.message_id)
    };
    let stored = keys(
        "SELECT m.player_id, m.id, m.session_id, m.sender_type, nullif(m.content, '') AS content,
             CASE WHEN m.content <> '' THEN ARRAY(
                 SELECT (file->>'attachmentId')::uuid FROM jsonb_array_elements(m.attachments) AS file
             ) END AS attachment_ids
         FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_messages m ON m.player_id = key.player_id AND m.id = key.id",
    );
    let archived = keys(
        "SELECT m.player_id, m.id, NULL::uuid AS session_id, NULL AS sender_type, NULL AS content,
             NULL::uuid[] AS attachment_ids
         FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_archived_messages m ON m.player_id = key.player_id AND m.id = key.id",
    );
    // Both queries are sent at once.
    let connection: &AsyncPgConnection = connection;
    let (mut first, mut second) = (connection, connection);
    let (archived, stored) = (archived.load::<Row>(&mut first), stored.load::<Row>(&mut second));
    let (archived, stored) = tokio::try_join!(biased; archived, stored)?;
    // A message that was restored from an archive is found by both.
    let rows = archived.into_iter().chain(stored);
    Ok(rows.map(|row| ((row.player_id, row.id), row.message)).collect())
}

/// The effective status changes of the conversations that were accepted at `earliest` or later.
pub(super) async fn changes_since(
    connection: &mut AsyncPgConnection,
    players: &[&PlayerId],
    earliest: DateTime<Utc>,
) -> Result<Vec<StatusChange>, StoreError> {
    let rows: Vec<StatusChangeRow> = chat_status_changes::table
        .filter(chat_status_changes::player_id.eq_any(ids(players)))
        .filter(chat_status_changes::accepted_at.ge(earliest))
        .filter(chat_status_changes::effective)
        .select(StatusChangeRow::as_select())
        .load(connection)
        .await?;
    rows.into_iter().map(|row| Ok(StoredStatusChange::try_from(row)?.change)).collect()
}

/// The stored status changes that have the key of one of `changes`, by key.
pub(super) async fn changes_by_key(
    connection: &mut AsyncPgConnection,
    changes: &[&StatusChange],
) -> Result<HashMap<Key, StoredStatusChange>, StoreError> {
    if changes.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<StatusChangeRow> = Statement::new(
        "SELECT chat_status_changes.* FROM unnest(",
        ") AS key (player_id, id)
         JOIN chat_status_changes ON chat_status_changes.player_id = key.player_id
             AND chat_status_changes.id = key.id",
    )
    .column::<Text, _, _>(changes, |change| change.player_id.as_str())
    .column::<SqlUuid, _, _>(changes, |change| change.change_id)
    .load(connection)
    .await?;
    let key = |row: &StatusChangeRow| (row.player_id.clone(), row.id);
    rows.into_iter().map(|row| Ok((key(&row), row.try_into()?))).collect()
}

/// The keys of the changes whose authors had not seen all that the player had written to the session
/// by the time of the change.
pub(super) async fn outdated(
    connection: &mut AsyncPgConnection,
    seen: &[LastSeen<'_>],
) -> Result<HashSet<Key>, StoreError> {
    let connection: &AsyncPgConnection = connection;
    let outdated = try_join_all(seen.iter().map(|change| is_outdated(connection, change))).await?;
    let changes = seen.iter().zip(outdated).filter(|(_, is_outdated)| *is_outdated);
    Ok(changes.map(|(change, _)| (change.player_id.clone(), change.change_id)).collect())
}

/// Reads the newest messages first: these belong to the open session, and few of them are unseen.
async fn is_outdated(
    mut connection: &AsyncPgConnection,
    seen: &LastSeen<'_>,
) -> Result<bool, StoreError> {
    let unseen: Option<i64> = chat_messages::table
        .filter(chat_messages::player_id.eq(seen.player_id.as_str()))
        .filter(chat_messages::seq.gt(seen.last_seq))
        .filter(chat_messages::session_id.eq(seen.session_id))
        .filter(chat_messages::sender_type.eq(SenderType::Player.as_str()))
        .filter(chat_messages::accepted_at.le(seen.accepted_at))
        .order(chat_messages::seq.desc())
        .select(chat_messages::seq)
        .first(&mut connection)
        .await
        .optional()?;
    Ok(unseen.is_some())
}

/// Messages that one statement reads, so that it stays within the statement timeout.
const READ_TOGETHER: i64 = 5_000;

/// The needed messages, by session, read in steps, each of which counts as progress of the
/// `attempt`.
pub(super) async fn needed_messages(
    connection: &mut AsyncPgConnection,
    needs: &[NeededMessages],
    attempt: &Attempt,
) -> Result<HashMap<Uuid, Vec<PlacedMessage>>, StoreError> {
    let mut by_session: HashMap<Uuid, Vec<PlacedMessage>> = HashMap::new();
    let Some(since) = needs.iter().map(|need| need.since).min() else {
        return Ok(by_session);
    };
    let needed: HashMap<Uuid, &NeededMessages> =
        needs.iter().map(|need| (need.session_id, need)).collect();
    let mut players: Vec<_> = needs.iter().map(|need| &need.player_id).collect();
    players.sort_unstable();
    players.dedup();
    let ids: Vec<_> = needed.keys().collect();
    for player in players {
        let mut after = (since, Uuid::nil());
        loop {
            // The index is by player, time and id: this is a range of it.
            let rows: Vec<(Uuid, Uuid, DateTime<Utc>, String, i64)> = chat_messages::table
                .filter(chat_messages::player_id.eq(player.as_str()))
                .filter(chat_messages::accepted_at.ge(after.0))
                .filter(chat_messages::accepted_at.gt(after.0).or(chat_messages::id.gt(after.1)))
                .filter(chat_messages::session_id.eq_any(&ids))
                .order((chat_messages::accepted_at, chat_messages::id))
                .limit(READ_TOGETHER)
                .select((
                    chat_messages::session_id,
                    chat_messages::id,
                    chat_messages::accepted_at,
                    chat_messages::sender_type,
                    chat_messages::seq,
                ))
                .load(connection)
                .await?;
            attempt.advance();
            let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
            for (session_id, id, accepted_at, sender_type, seq) in rows {
                after = (accepted_at, id);
                let is_needed = needed.get(&session_id).is_some_and(|needed| match needed.need {
                    Need::All => true,
                    Need::AfterResolution => accepted_at > needed.since,
                });
                let staff = sender_type == SenderType::Staff.as_str();
                let sender_type = if staff { SenderType::Staff } else { SenderType::Player };
                if is_needed {
                    let message = PlacedMessage { id, accepted_at, sender_type, seq };
                    by_session.entry(session_id).or_default().push(message);
                }
            }
            if count < READ_TOGETHER {
                break;
            }
        }
    }
    Ok(by_session)
}

fn ids<'a>(players: &[&'a PlayerId]) -> Vec<&'a str> {
    players.iter().map(|player| player.as_str()).collect()
}
