//! What a batch writes. Each statement takes its rows as arrays, so that it is the same statement
//! for one row and for five hundred.

use std::collections::HashSet;

use database::schema::chat_status_changes;
use diesel::{
    ExpressionMethods, sql_query,
    sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use shared::chat::{Name, SenderId, SessionState, StatusChange};
use uuid::Uuid;

use super::{StoreError, plan::NewMessage, read::Conversation};
use crate::timeline::Move;

/// Makes the conversations that are not there yet, in the order of their ids.
pub(super) async fn ensure_conversations(
    connection: &mut AsyncPgConnection,
    players: &[&str],
) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO chat_conversations (player_id)
         SELECT player_id FROM unnest($1) AS new (player_id) ORDER BY player_id COLLATE \"C\"
         ON CONFLICT DO NOTHING",
    )
    .bind::<Array<Text>, _>(players)
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
    ordered.sort_by_key(|it| it.change_id);
    let rows: Vec<_> = ordered
        .into_iter()
        .map(|it| {
            (
                chat_status_changes::id.eq(it.change_id),
                chat_status_changes::player_id.eq(it.player_id.as_str()),
                chat_status_changes::status.eq(it.status.as_str()),
                chat_status_changes::accepted_at.eq(it.accepted_at),
            )
        })
        .collect();
    let written: Vec<Uuid> = diesel::insert_into(chat_status_changes::table)
        .values(rows)
        .on_conflict_do_nothing()
        .returning(chat_status_changes::id)
        .get_results(connection)
        .await?;
    Ok(written.into_iter().collect())
}

/// Writes the sessions as they are now.
pub(super) async fn upsert_sessions(
    connection: &mut AsyncPgConnection,
    sessions: &[SessionState],
) -> Result<(), StoreError> {
    if sessions.is_empty() {
        return Ok(());
    }
    sql_query(
        "INSERT INTO chat_sessions AS s
             (id, player_id, player_name, status, opened_at, last_message_at, resolved_at, version)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (id) DO UPDATE SET
             player_name = excluded.player_name,
             status = excluded.status,
             opened_at = excluded.opened_at,
             last_message_at = excluded.last_message_at,
             resolved_at = excluded.resolved_at,
             version = excluded.version",
    )
    .bind::<Array<SqlUuid>, _>(column(sessions, |it| it.id))
    .bind::<Array<Text>, _>(column(sessions, |it| it.player_id.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(sessions, |it| {
        it.player_name.as_ref().map(Name::as_str)
    }))
    .bind::<Array<Text>, _>(column(sessions, |it| it.status.as_str()))
    .bind::<Array<Timestamptz>, _>(column(sessions, |it| it.opened_at))
    .bind::<Array<Timestamptz>, _>(column(sessions, |it| it.last_message_at))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(sessions, |it| it.resolved_at))
    .bind::<Array<BigInt>, _>(column(sessions, |it| it.version))
    .execute(connection)
    .await?;
    Ok(())
}

/// Moves stored messages to the sessions that they belong to now.
pub(super) async fn move_messages(
    connection: &mut AsyncPgConnection,
    moves: &[Move],
) -> Result<(), StoreError> {
    if moves.is_empty() {
        return Ok(());
    }
    sql_query(
        "UPDATE chat_messages AS m SET session_id = moved.session_id
         FROM unnest($1, $2) AS moved (id, session_id) WHERE m.id = moved.id",
    )
    .bind::<Array<SqlUuid>, _>(column(moves, |it| it.message_id))
    .bind::<Array<SqlUuid>, _>(column(moves, |it| it.session_id))
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes new messages, in the order in which they are given.
pub(super) async fn insert_messages(
    connection: &mut AsyncPgConnection,
    messages: &[NewMessage<'_>],
) -> Result<(), StoreError> {
    if messages.is_empty() {
        return Ok(());
    }
    let inserted = sql_query(
        "INSERT INTO chat_messages
             (id, session_id, player_id, seq, sender_type, sender_id, sender_name, content,
              accepted_at)
         SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (id) DO NOTHING",
    )
    .bind::<Array<SqlUuid>, _>(column(messages, |it| it.message.message_id))
    .bind::<Array<SqlUuid>, _>(column(messages, |it| it.session_id))
    .bind::<Array<Text>, _>(column(messages, |it| it.message.player_id.as_str()))
    .bind::<Array<BigInt>, _>(column(messages, |it| it.seq))
    .bind::<Array<Text>, _>(column(messages, |it| it.message.sender_type.as_str()))
    .bind::<Array<Nullable<Text>>, _>(column(messages, |it| {
        it.message.sender_id.as_ref().map(SenderId::as_str)
    }))
    .bind::<Array<Nullable<Text>>, _>(column(messages, NewMessage::sender_name))
    .bind::<Array<Text>, _>(column(messages, NewMessage::content))
    .bind::<Array<Timestamptz>, _>(column(messages, |it| it.message.accepted_at))
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
    sql_query(
        "UPDATE chat_conversations AS c SET
             last_seq = new.last_seq,
             session_id = new.session_id,
             status = new.status,
             last_message_id = new.last_message_id,
             last_message_at = new.last_message_at
         FROM unnest($1, $2, $3, $4, $5, $6)
             AS new (player_id, last_seq, session_id, status, last_message_id, last_message_at)
         WHERE c.player_id = new.player_id",
    )
    .bind::<Array<Text>, _>(column(conversations, |it| it.player_id.as_str()))
    .bind::<Array<BigInt>, _>(column(conversations, |it| it.last_seq))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(conversations, |it| it.session_id))
    .bind::<Array<Nullable<Text>>, _>(column(conversations, |it| it.status.as_deref()))
    .bind::<Array<Nullable<SqlUuid>>, _>(column(conversations, |it| it.last_message_id))
    .bind::<Array<Nullable<Timestamptz>>, _>(column(conversations, |it| it.last_message_at))
    .execute(connection)
    .await?;
    Ok(())
}

fn column<'a, Row, Value>(rows: &'a [Row], value: impl Fn(&'a Row) -> Value) -> Vec<Value> {
    rows.iter().map(value).collect()
}
