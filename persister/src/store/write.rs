//! What a batch writes.

use std::collections::{HashMap, HashSet};

use diesel::{
    QueryableByName, sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared::chat::{Name, SenderId, SessionState, StatusChange};
use uuid::Uuid;

use super::{
    Attempt, StoreError,
    plan::{Move, NewMessage},
    read::{Conversation, column},
    statement::Statement,
};
use crate::timeline::Time;

/// Makes the conversations that are not there yet, in the order of their ids.
pub(super) async fn ensure_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&str],
) -> Result<(), StoreError> {
    Statement::new(
        "INSERT INTO chat_conversations (player_id) SELECT player_id FROM unnest(",
        ") AS new (player_id) ORDER BY player_id COLLATE \"C\" ON CONFLICT DO NOTHING",
    )
    .column::<Text, _, _>(players, |it| *it)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the status changes that are not there yet, in the order of their ids, and says which
/// these are. Of several with one id the first is written.
pub(super) async fn insert_changes(
    connection: &mut AsyncPgConnection,
    changes: &[&StatusChange],
) -> Result<HashSet<Uuid>, StoreError> {
    if changes.is_empty() {
        return Ok(HashSet::new());
    }
    let mut ordered = changes.to_vec();
    ordered.sort_by_key(|change| change.change_id);
    let written: Vec<Written> = Statement::new(
        "INSERT INTO chat_status_changes (id, player_id, status, accepted_at)
         SELECT * FROM unnest(",
        ") ON CONFLICT DO NOTHING RETURNING id",
    )
    .column::<SqlUuid, _, _>(&ordered, |change| change.change_id)
    .column::<Text, _, _>(&ordered, |change| change.player_id.as_str())
    .column::<Text, _, _>(&ordered, |change| change.status.as_str())
    .column::<Timestamptz, _, _>(&ordered, |change| change.accepted_at)
    .load(connection)
    .await?;
    Ok(written.into_iter().map(|change| change.id).collect())
}

#[derive(QueryableByName)]
struct Written {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
}

/// Writes the sessions as they are now.
pub(super) async fn upsert_sessions(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionState],
) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    Statement::new(
        "INSERT INTO chat_sessions AS s
             (id, player_id, player_name, status, opened_at, last_message_at, resolved_at, version)
         SELECT * FROM unnest(",
        ")
         ON CONFLICT (id) DO UPDATE SET
             player_name = excluded.player_name,
             status = excluded.status,
             opened_at = excluded.opened_at,
             last_message_at = excluded.last_message_at,
             resolved_at = excluded.resolved_at,
             version = excluded.version",
    )
    .column::<SqlUuid, _, _>(sessions, |it| it.id)
    .column::<Text, _, _>(sessions, |it| it.player_id.as_str())
    .column::<Nullable<Text>, _, _>(sessions, |it| it.player_name.as_ref().map(Name::as_str))
    .column::<Text, _, _>(sessions, |it| it.status.as_str())
    .column::<Timestamptz, _, _>(sessions, |it| it.opened_at)
    .column::<Timestamptz, _, _>(sessions, |it| it.last_message_at)
    .column::<Nullable<Timestamptz>, _, _>(sessions, |it| it.resolved_at)
    .column::<BigInt, _, _>(sessions, |it| it.version)
    .execute(connection)
    .await?;
    Ok(())
}

/// The most messages that one statement moves, so that none takes as long as a statement may.
const MOVED_TOGETHER: usize = 5_000;

/// Moves stored messages to the sessions that they belong to now, in steps, each of which counts as
/// progress of the `attempt`.
pub(super) async fn move_messages(
    connection: &mut AsyncPgConnection,
    mut moves: Vec<Move>,
    attempt: &Attempt,
) -> Result<(), StoreError> {
    while !moves.is_empty() {
        let limit = (MOVED_TOGETHER / moves.len()).max(1);
        let moved: Vec<Moved> = sql_query(MOVE)
            .bind::<Array<Text>, _>(column(&moves, |range| range.player_id.as_str()))
            .bind::<Array<SqlUuid>, _>(column(&moves, |range| range.from_session))
            .bind::<Array<SqlUuid>, _>(column(&moves, |range| range.to_session))
            .bind::<Array<Timestamptz>, _>(column(&moves, |range| range.first.0))
            .bind::<Array<SqlUuid>, _>(column(&moves, |range| range.first.1))
            .bind::<Array<Timestamptz>, _>(column(&moves, |range| range.last.0))
            .bind::<Array<SqlUuid>, _>(column(&moves, |range| range.last.1))
            .bind::<BigInt, _>(i64::try_from(limit).unwrap_or(i64::MAX))
            .load(connection)
            .await?;
        attempt.advance();
        let full = |moved: &Moved| usize::try_from(moved.messages) == Ok(limit);
        let moved: HashMap<_, _> = moved
            .into_iter()
            .filter(full)
            .map(|moved| (moved.session_id, (moved.accepted_at, moved.id)))
            .collect();
        // The last one that was moved is in its new session, and is not found again.
        moves.retain_mut(|range| match moved.get(&range.to_session) {
            Some(last) if *last < range.last => {
                range.first = *last;
                true
            }
            _ => false,
        });
    }
    Ok(())
}

/// The last message of a range that a step moved, and how many it moved.
#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = SqlUuid)]
    session_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Timestamptz)]
    accepted_at: Time,
    #[diesel(sql_type = BigInt)]
    messages: i64,
}

const MOVE: &str = "
    WITH chosen AS (
        SELECT range.to_session, m.id, m.accepted_at
        FROM unnest($1, $2, $3, $4, $5, $6, $7) AS range
            (player_id, from_session, to_session, first_at, first_id, last_at, last_id)
        CROSS JOIN LATERAL (
            SELECT p.id, p.accepted_at FROM chat_messages p
            WHERE p.player_id = range.player_id AND p.session_id = range.from_session
                AND (p.accepted_at, p.id) >= (range.first_at, range.first_id)
                AND (p.accepted_at, p.id) <= (range.last_at, range.last_id)
            ORDER BY p.accepted_at, p.id LIMIT $8
        ) AS m
    ), moved AS (
        UPDATE chat_messages m SET session_id = chosen.to_session
        FROM chosen WHERE m.id = chosen.id
    )
    SELECT DISTINCT ON (to_session) to_session AS session_id, id, accepted_at,
        count(*) OVER (PARTITION BY to_session) AS messages
    FROM chosen ORDER BY to_session, accepted_at DESC, id DESC";

/// Writes new messages, in the order in which they are given.
pub(super) async fn insert_messages(
    connection: &mut AsyncPgConnection,
    messages: &[NewMessage<'_>],
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let inserted = Statement::new(
        "INSERT INTO chat_messages
             (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
              accepted_at)
         SELECT * FROM unnest(",
        ") ON CONFLICT (id) DO NOTHING",
    )
    .column::<SqlUuid, _, _>(messages, |it| it.message.message_id)
    .column::<SqlUuid, _, _>(messages, |it| it.session_id)
    .column::<Text, _, _>(messages, |it| it.message.player_id.as_str())
    .column::<BigInt, _, _>(messages, |it| it.seq)
    .column::<Text, _, _>(messages, |it| it.message.sender_type.as_str())
    .column::<Nullable<Text>, _, _>(messages, |it| {
        it.message.sender_id.as_ref().map(SenderId::as_str)
    })
    .column::<Nullable<Text>, _, _>(messages, NewMessage::sender_name)
    .column::<Text, _, _>(messages, NewMessage::content)
    .column::<Timestamptz, _, _>(messages, |it| it.message.accepted_at)
    .execute(connection)
    .await?;
    // The same id in another conversation, which another persister held at the same moment.
    if inserted == messages.len() { Ok(()) } else { Err(StoreError::Raced) }
}

/// Writes the conversations as they are now.
pub(super) async fn update_conversations(
    connection: &mut AsyncPgConnection,
    conversations: &[Conversation],
) -> Result<(), StoreError> {
    Statement::new(
        "UPDATE chat_conversations AS c SET
             last_seq = new.last_seq,
             session_id = new.session_id,
             status = new.status,
             last_message_id = new.last_message_id,
             last_message_at = new.last_message_at
         FROM unnest(",
        ")
             AS new (player_id, last_seq, session_id, status, last_message_id, last_message_at)
         WHERE c.player_id = new.player_id",
    )
    .column::<Text, _, _>(conversations, |it| it.player_id.as_str())
    .column::<BigInt, _, _>(conversations, |it| it.last_seq)
    .column::<Nullable<SqlUuid>, _, _>(conversations, |it| it.session_id)
    .column::<Nullable<Text>, _, _>(conversations, |it| it.status.as_deref())
    .column::<Nullable<SqlUuid>, _, _>(conversations, |it| it.last_message_id)
    .column::<Nullable<Timestamptz>, _, _>(conversations, |it| it.last_message_at)
    .execute(connection)
    .await?;
    Ok(())
}
